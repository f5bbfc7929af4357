# SPDX-License-Identifier: Apache-2.0
"""Events on their way to a real Kafka: every one arrives, whatever is stopped
or killed, and what goes wrong is said and counted by its kind."""
import base64
import json
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

import cli
import schema
from asking import Asked
from server import until

SCHEMA = schema.load_event_schema()
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def conf_of(place, brokers, topic, **more):
    return {
        "spool": {"path": place / "spool", "memory": place},
        "kafka": {"brokers": brokers, "topic": topic, "drain_time": "20s",
            "retry_time": "100ms", "prop.reconnect.backoff.max.ms": 500,
            **more},
        "event": {"file": ""}, "log": {"access": ""},
    }


def secure(kafka, mechanism="plain", **more):
    return {"security": "sasl_tls", "mechanism": mechanism,
        "username": kafka.user, "password": kafka.password,
        "ca_file": kafka.ca, **more}


def spool(server, action, *words):
    done = cli.run("spool", action, "--json", "--config", server.conf_path,
        *words)
    return done.returncode, [json.loads(line)
        for line in done.stdout.splitlines()]


def sums(server):
    return spool(server, "list")[1][-1]


def delivered(server, n):
    """Waits until Kafka has so many."""
    until(lambda: server.metric("pictor_kafka_events_total",
        fate="delivered") >= n, f"{n} delivered", 60)


def headers_of(message):
    return {k: v.decode() if isinstance(v, bytes) else v
        for k, v in dict(message.headers).items()}


def test_delivered(kafka, start, place):
    topic = kafka.topic(3)
    server = start(conf_of(place, kafka.plain, topic))
    server.get("/cat.png?width=32", {"traceparent": TRACE,
        "X-Amz-Cf-Id": "cf-1"})
    server.get("/cat.png?width=32")
    server.get("/none.png?width=32")
    delivered(server, 3)
    server.said(f"kafka: connected, topic {topic} has 3 partitions")
    messages = kafka.consume(topic, 3)
    events = {}
    for message in messages:
        event = json.loads(message.value)
        schema.check(event, SCHEMA)
        head = headers_of(message)
        assert head["ce_specversion"] == "1.0"
        assert head["ce_id"] == event["id"]
        assert head["ce_source"] == event["source"]
        assert head["ce_type"] == event["type"]
        assert head["ce_time"] == event["time"]
        assert head["content-type"] == "application/json"
        assert head["schema_version"] == "1"
        assert head.get("traceparent") == event["traceparent"]
        assert message.key.decode().startswith(f"files/{event['source_key']}#")
        events[event["type"]] = event
    assert set(events) == {"image.rendered", "image.served", "image.failed"}
    first = events["image.rendered"]
    assert first["traceparent"] == TRACE
    assert first["cloudfront_id"] == "cf-1"
    assert first["plan"].startswith("autoorient")
    assert first["plan_hash"] == events["image.served"]["plan_hash"]
    assert first["tenant"] == "query"
    # Both in the same partition: in their order.
    assert [m.key for m in messages].count(messages[0].key) in (1, 2)
    # It leaves the spool, and what is kept of it can be sent again.
    until(lambda: sums(server)["acknowledged"] == 3, "acknowledged")
    assert sums(server)["stored"] == 3
    status, out = spool(server, "resend")
    assert (status, out[-1]) == (0, {"delivered": 3, "failed": 0})
    again = kafka.consume(topic, 6)
    assert {json.loads(m.value)["id"] for m in again} \
        == {e["id"] for e in events.values()}
    assert len(cli.good("spool", "print", "--config",
        server.conf_path).splitlines()) == 3
    assert spool(server, "verify")[0] == 0


def test_sasl(kafka, start, place):
    """As Confluent Cloud has it; the secret is in a file."""
    topic = kafka.topic()
    secret = place / "password"
    secret.write_text(kafka.password + "\n", encoding="ascii")
    server = start(conf_of(place, kafka.sasl, topic, **secure(kafka,
        password=None, password_file=secret)))
    server.get("/cat.png?width=32")
    assert len(kafka.consume(topic, 1)) == 1
    assert kafka.password not in server.log()


def test_mtls(kafka, start, place):
    topic = kafka.topic()
    certificate, key = kafka.client
    server = start(conf_of(place, kafka.mtls, topic, security="tls",
        ca_file=kafka.ca, client_cert=certificate, client_key=key))
    server.get("/cat.png?width=32")
    assert len(kafka.consume(topic, 1)) == 1


def test_scram(kafka_scram, start, place):
    for mechanism in ("scram-sha-256", "scram-sha-512"):
        topic = kafka_scram.topic()
        server = start(conf_of(place, kafka_scram.sasl, topic,
            **secure(kafka_scram, mechanism)))
        server.get("/cat.png?width=32")
        assert len(kafka_scram.consume(topic, 1)) == 1
        server.stop()


def token(seconds=3600, **claims):
    """An unsigned one, as brokers take it that are not told who signs."""
    now = time.time()
    parts = {"alg": "none"}, {"sub": "pictor", "iat": now,
        "exp": now + seconds, **claims}
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode())
        .decode().rstrip("=") for part in parts) + "."


def test_token(kafka, start, place):
    """OAUTHBEARER: a file, which somebody else writes anew in time."""
    topic = kafka.topic()
    path = place / "token"
    path.write_text(token(-1000) + "\n", encoding="ascii")
    server = start(conf_of(place, kafka.sasl, topic, **{"drain_time": "0s"},
        **secure(kafka, "oauthbearer", username=None, password=None,
            token_file=path)))
    server.get("/cat.png?width=32")
    server.said("error kafka: authentication: ")
    assert path.read_text(encoding="ascii").strip() not in server.log()
    server.stop()
    path.write_text(token() + "\n", encoding="ascii")
    server.start()
    assert len(kafka.consume(topic, 1)) == 1
    server.stop()
    path.unlink()
    with pytest.raises(AssertionError, match="kafka.token_file = .*: No such"):
        server.start()
    server.process = None


# ---- What goes wrong ----

def failing(start, place, kind, brokers, topic, **more):
    """A daemon whose events wait; what it said, and it serves all the same."""
    server = start(conf_of(place, brokers, topic, **{"drain_time": "0s",
        **more}))
    assert server.get("/cat.png?width=32").status == 200
    until(lambda: server.metric("pictor_kafka_failures_total", kind=kind) > 0,
        f"{kind} is counted", 60)
    return server


def waits(server, n=1):
    until(lambda: sums(server)["stored"] == n, "stored")
    assert sums(server)["acknowledged"] == 0
    assert server.get("/cat.png?width=32").status == 200


def test_wrong_password(kafka, start, place):
    topic = kafka.topic()
    server = failing(start, place, "authentication", kafka.sasl, topic,
        **secure(kafka, password="not it"))
    server.said("error kafka: authentication: ")
    assert "not it" not in server.log()
    waits(server)
    # It is set right: what waited arrives.
    server.stop()
    server.set({"kafka": {"password": kafka.password, "drain_time": "20s"}})
    server.start()
    assert len(kafka.consume(topic, 2)) == 2
    server.said("kafka: connected, topic")


def test_expired_certificate(kafka, start, place):
    server = failing(start, place, "tls", kafka.expired, kafka.topic(),
        security="tls", ca_file=kafka.ca)
    server.said("error kafka: tls: ")
    assert "certificate has expired" in server.log(), server.log()
    waits(server)


def test_stranger(kafka, start, place):
    """A certificate that the broker does not know."""
    certificate, key = kafka.stranger
    server = start(conf_of(place, kafka.mtls, kafka.topic(), security="tls",
        ca_file=kafka.ca, client_cert=certificate, client_key=key,
        drain_time="0s"))
    server.get("/cat.png?width=32")
    until(lambda: sum(server.metric("pictor_kafka_failures_total", kind=kind)
        for kind in ("tls", "connection")) > 0, "counted")
    waits(server)


def test_missing_topic(kafka, start, place):
    server = failing(start, place, "topic", kafka.plain, "no.such.topic",
        **{"prop.topic.metadata.propagation.max.ms": 500})
    server.said("warning kafka.topic = no.such.topic: ")
    waits(server)
    # It is made: what waited arrives.
    kafka.topic(name="no.such.topic")
    try:
        assert len(kafka.consume("no.such.topic", 2)) == 2
        server.said("notice kafka: events are delivered")
    finally:
        kafka.delete("no.such.topic")


def test_too_large(kafka, start, place):
    """Never taken: it is put aside, the others go on."""
    topic = kafka.topic(max_message_bytes=1500)
    server = start(conf_of(place, kafka.plain, topic,
        **{"prop.compression.type": "none"}))
    server.get("/cat.png?width=32&" + "&".join(
        f"a{i}=" + os.urandom(8).hex() for i in range(60)))
    until(lambda: server.metric("pictor_kafka_events_total", fate="rejected")
        == 1, "rejected", 60)
    server.said("error kafka: too-large: ")
    server.said("is rejected; it is kept in rejected.seg")
    until(lambda: sums(server)["rejected"] == 1, "counted in the spool")
    rejected = place / "spool" / "rejected.seg"
    (event,) = map(json.loads, cli.good("spool", "print", rejected)
        .splitlines())
    assert event["error_code"] == "unknown-parameter"
    assert spool(server, "resend", rejected)[0] == 1
    kafka.delete(topic)


def test_bad_property(start, place):
    server = start({"event": {"file": ""}})
    server.stop()
    for name, value in (("no.such", "1"), ("linger.ms", "soon"),
            ("acks", "1")):
        server.set({"kafka": {"brokers": "127.0.0.1:1",
            f"prop.{name}": value}, "spool": {"path": place / "spool"}})
        done = subprocess.run([*server.wrapper, os.environ.get("PICTOR")
            or os.path.join(os.environ.get("PICTOR_BUILD", "."), "pictord"),
            "--config", server.conf_path], capture_output=True, text=True,
            timeout=60, check=False)
        assert done.returncode != 0
        assert "kafka" in done.stderr, done.stderr
        server.set({"kafka": {f"prop.{name}": None}})


def rests(server, name):
    """That thread sleeps again and again, and does next to nothing between."""
    task, = (t for t in pathlib.Path(f"/proc/{server.process.pid}/task")
        .iterdir() if (t / "comm").read_text().strip() == name)

    def spent():
        fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def slept():
        return int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)",
            (task / "status").read_text(), re.M).group(1))

    before, sleeps = spent(), slept()
    until(lambda: slept() >= sleeps + 10, f"{name} sleeps", 60)
    return spent() - before < os.sysconf("SC_CLK_TCK") // 2


def resend_to_nobody(server):
    """It says at once what is wrong; Ctrl-C ends it with what was sent."""
    said = server.place / "resend"
    with open(said, "wb") as log, subprocess.Popen([cli.PICTOR, "spool",
            "resend", "--json", "--config", server.conf_path],
            stdout=subprocess.PIPE, stderr=log) as process:
        until(lambda: b"Connection refused" in said.read_bytes(), "said", 60)
        process.send_signal(signal.SIGINT)
        out = json.loads(process.communicate(timeout=60)[0])
    text = said.read_text(encoding="utf-8")
    assert process.returncode == 130, text
    assert out["delivered"] == 0 and out["failed"] > 0
    assert text.startswith("sending to topic t at 127.0.0.1:1\n")
    assert text.count("Connection refused") == 1
    assert "interrupted: what is behind them was not sent" in text


def test_never_there(start, place):
    """No broker at all: answers are not held up, nobody runs in circles, and
    the spool is bounded."""
    server = start(conf_of(place, "127.0.0.1:1", "t", drain_time="0s",
        queue=100))
    server.stop()
    server.set({"spool": {"size": "1M", "buffer": "64k"}})
    server.start()
    asked = Asked()

    def ask():
        asked.ask(server, 500)
        return True

    # How many it takes depends on how fast the disk is.
    until(lambda: ask() and "full (spool.size)" in server.log(), "full", 300)
    # More than the buffer holds.
    ask()
    assert not asked.vain
    until(lambda: sums(server)["stored"] + sums(server)["lost"]
        == len(asked.answered),
        "all counted")
    all_of = sums(server)
    assert all_of["lost"] > 0
    size = sum(f.stat().st_size for f in (place / "spool").glob("*.seg"))
    assert size <= 1024 * 1024
    server.said("full (spool.size): events wait in memory")
    assert server.metric("pictor_spool_events_total", spool="lost") \
        == all_of["lost"]
    assert server.metric("pictor_spool_failures_total") >= 1
    assert rests(server, "pictor-kafka")
    resend_to_nobody(server)
