# SPDX-License-Identifier: Apache-2.0
"""A real Kafka broker, one node, on free ports of the loopback.

Its listeners: plain, where everything is allowed; sasl, with TLS and a
password, as Confluent Cloud has it; mtls, with certificates of both sides; and
expired, whose certificate has. sasl takes unsigned tokens, too (OAUTHBEARER). The broker of kafka_scram is of the version
that Debian's librdkafka can do SCRAM with; its sasl takes that, too."""
import base64
import itertools
import os
import subprocess

import pytest

import certs
import program
import rdkafka
import server

USER, PASSWORD = "pictor", "pictor's secret"
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
OAUTH = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule"
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"

PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{plain},SASL_SSL://127.0.0.1:{sasl},\
SSL://127.0.0.1:{mtls},EXPIRED://127.0.0.1:{expired},\
CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{plain},\
SASL_SSL://localhost:{sasl},SSL://localhost:{mtls},EXPIRED://localhost:{expired}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,\
SSL:SSL,EXPIRED:SSL,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=3
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=3
group.min.session.timeout.ms=3000
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=2
log.cleaner.dedupe.buffer.size=4194304
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
controlled.shutdown.enable=false
sasl.enabled.mechanisms={mechanisms}
listener.name.sasl_ssl.plain.sasl.jaas.config={PLAIN} required \
user_{USER}="{PASSWORD}";
listener.name.sasl_ssl.oauthbearer.sasl.jaas.config={OAUTH} required \
unsecuredLoginStringClaim_sub="broker";
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={ca}
listener.name.ssl.ssl.client.auth=required
listener.name.expired.ssl.keystore.type=PEM
listener.name.expired.ssl.keystore.location={expired_keystore}
"""
SHARE = """share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
"""
LOG4J2 = """rootLogger.level=warn
rootLogger.appenderRef.out.ref=out
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %m (%c)%n
"""
RELOAD4J = """log4j.rootLogger=WARN, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %p %m (%c)%n
"""


class Kafka(program.Program):
    """plain, sasl, mtls, expired: "host:port", as bootstrap.servers.
    ca: the file with who signed all; client: (certificate, key) for mtls."""

    def __init__(self, place, jars, scram=False):
        super().__init__(place)
        self.java = program.tool("java", "the Kafka broker")
        self.jars, self.scram = jars, scram
        self.names = itertools.count()
        ports = {name: server.free_port() for name in ("plain", "sasl",
            "mtls", "expired", "controller")}
        self.address = ("127.0.0.1", ports["plain"])
        self.plain = f"127.0.0.1:{ports['plain']}"
        self.sasl, self.mtls, self.expired = (f"localhost:{ports[name]}"
            for name in ("sasl", "mtls", "expired"))
        self.user, self.password = USER, PASSWORD
        authority = certs.Authority(self.place / "tls")
        self.ca = authority.ca
        self.client = authority.issue("pictor-client", hosts=())
        self.stranger = certs.Authority(self.place / "other", "Another").issue(
            "pictor-client", hosts=())
        self.properties = self.place / "server.properties"
        self.properties.write_text(PROPERTIES.format(**ports, PLAIN=PLAIN, OAUTH=OAUTH,
            USER=USER, PASSWORD=PASSWORD, data=self.place / "data",
            mechanisms="PLAIN,SCRAM-SHA-256,SCRAM-SHA-512" if scram
                else "PLAIN,OAUTHBEARER",
            ca=self.ca, keystore=authority.bundle("broker"),
            expired_keystore=authority.bundle("old-broker", days=-1))
            + (self._scram() if scram else SHARE), encoding="ascii")
        self.logging = self.place / "log4j.properties"
        self.logging.write_text(RELOAD4J if scram else LOG4J2,
            encoding="ascii")
        self._format()

    @staticmethod
    def _scram():
        return "".join(f"listener.name.sasl_ssl.scram-sha-{n}"
            f".sasl.jaas.config={SCRAM} required;\n" for n in (256, 512))

    def _format(self):
        """Gives its folder the id of a cluster, and the users of SCRAM."""
        cluster = base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")
        users = [f"--add-scram=SCRAM-SHA-{n}=[name={USER},"
            f'password="{PASSWORD}"]' for n in (256, 512)]
        self._tool("kafka.tools.StorageTool", "format",
            f"--cluster-id={cluster}", "-c", self.properties,
            *(users if self.scram else ()))

    def _java(self, *options):
        which = "log4j.configuration=file:" if self.scram \
            else "log4j2.configurationFile="
        return [self.java, *options, "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData",
            f"-D{which}{self.logging}", "-cp", f"{self.jars}/*"]

    def _tool(self, name, *words):
        done = subprocess.run([*self._java("-Xmx96m"), name, *words],
            check=False, capture_output=True, text=True, cwd=self.place)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def command(self):
        return [*self._java("-Xms64m", "-Xmx256m"), "kafka.Kafka",
            str(self.properties)]

    def ready(self):
        try:
            return rdkafka.brokers(self.address)[0] == 1
        except (OSError, AssertionError, rdkafka.struct.error):
            return False

    # --- using it ---

    def topic(self, partitions=1, name=None, **config):
        """A new one; its name. Settings have _ for a dot:
        topic(max_message_bytes=1000)."""
        name = name or f"t{os.getpid()}.{next(self.names)}"
        rdkafka.create_topic(self.address, name, partitions,
            {k.replace("_", "."): v for k, v in config.items()})
        return name

    def delete(self, name):
        rdkafka.delete_topic(self.address, name)

    def forget(self, name, before, partition=0):
        """Its retention has removed what was before that message."""
        assert rdkafka.delete_records(self.address, name, partition,
            before) == before

    def topics(self):
        """{name: number of partitions}"""
        return rdkafka.brokers(self.address)[1]

    def produce(self, topic, messages, **settings):
        """See rdkafka.produce()."""
        rdkafka.produce({"bootstrap.servers": self.plain, **settings}, topic,
            messages)

    def consume(self, topic, count=None, seconds=60, **settings):
        """All there is, or the first so many; see rdkafka.consume()."""
        # The broker tells of a new topic a moment after it has made it.
        partitions = server.until(lambda: self.topics().get(topic),
            f"{topic} is there", seconds)
        return rdkafka.consume({"bootstrap.servers": self.plain, **settings},
            topic, partitions, count, seconds)


def _running(name, option, scram):
    jars = program.installed(option)
    with program.folder(name) as place:
        it = Kafka(place, jars, scram)
        try:
            yield it.start()
        finally:
            it.kill()


@pytest.fixture(scope="session")
def kafka_server():
    yield from _running("kafka", "--kafka", False)


@pytest.fixture(scope="session")
def kafka_scram():
    """A Kafka of version 3.9.1, which takes SCRAM-SHA-256 and -512, too."""
    yield from _running("kafka-scram", "--kafka-scram", True)


@pytest.fixture
def kafka(kafka_server):
    """The Kafka, running, whatever the test before did to it."""
    if kafka_server.process is None:
        kafka_server.start()
    return kafka_server
