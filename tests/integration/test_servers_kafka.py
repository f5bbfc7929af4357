# SPDX-License-Identifier: Apache-2.0
"""Kafka and PostgreSQL are what other tests take them for."""
import pytest

import kafka as the_kafka


def secured(it, listener, **more):
    return {"bootstrap.servers": getattr(it, listener),
        "ssl.ca.location": it.ca, "security.protocol": "ssl",
        "message.timeout.ms": 1500, **more}


def with_password(it, mechanism, password=the_kafka.PASSWORD):
    return secured(it, "sasl", **{"security.protocol": "sasl_ssl",
        "sasl.mechanisms": mechanism, "sasl.username": it.user,
        "sasl.password": password})


def with_certificate(it, certificate, key):
    return secured(it, "mtls", **{"ssl.certificate.location": certificate,
        "ssl.key.location": key})


def refused(it, settings):
    topic = it.topic()
    with pytest.raises(AssertionError, match="not delivered"):
        it.produce(topic, [b"x"], **settings)
    assert it.consume(topic) == []


def test_kafka_keeps_what_it_took(kafka):
    topic = kafka.topic(3)
    sent = [(str(n).encode(), b"value %d" % n, [("n", b"%d" % n)])
        for n in range(300)]
    kafka.produce(topic, sent, **{"compression.type": "zstd"})
    kafka.kill()
    kafka.start()
    got = kafka.consume(topic)
    assert sorted((m.key, m.value, m.headers) for m in got) == sorted(sent)
    assert {m.partition for m in got} == {0, 1, 2}
    kafka.delete(topic)
    assert topic not in kafka.topics()


def test_kafka_limits_of_a_topic(kafka):
    topic = kafka.topic(max_message_bytes=1000)
    with pytest.raises(AssertionError, match="error 36"):
        kafka.topic(name=topic)
    kafka.produce(topic, [b"x" * 10])
    with pytest.raises(AssertionError, match="Message size too large"):
        kafka.produce(topic, [b"x" * 5000])
    assert [len(m.value) for m in kafka.consume(topic)] == [10]


def test_kafka_password(kafka):
    topic = kafka.topic()
    settings = with_password(kafka, "PLAIN")
    kafka.produce(topic, [b"secret"], **settings)
    assert [m.value for m in kafka.consume(topic, **settings)] == [b"secret"]
    refused(kafka, with_password(kafka, "PLAIN", "wrong"))


def test_kafka_certificates(kafka):
    topic = kafka.topic()
    kafka.produce(topic, [b"mutual"], **with_certificate(kafka, *kafka.client))
    assert [m.value for m in kafka.consume(topic)] == [b"mutual"]
    refused(kafka, with_certificate(kafka, *kafka.stranger))
    refused(kafka, secured(kafka, "expired"))


def test_kafka_scram(kafka_scram):
    for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"):
        topic = kafka_scram.topic()
        kafka_scram.produce(topic, [b"salted"],
            **with_password(kafka_scram, mechanism))
        assert [m.value for m in kafka_scram.consume(topic)] == [b"salted"]
    refused(kafka_scram, with_password(kafka_scram, "SCRAM-SHA-256", "wrong"))


def test_postgres_keeps_what_was_committed(postgres, database):
    postgres.sql("CREATE TABLE t (a int, b text); INSERT INTO t VALUES "
        "(1, 'one'), (2, NULL)", database)
    postgres.kill()
    postgres.start()
    assert postgres.sql("SELECT * FROM t ORDER BY a", database) == [
        ["1", "one"], ["2", ""]]
    assert postgres.one("SELECT count(*) FROM t", database) == "2"
    assert postgres.one("SELECT count(*) FROM pg_tables WHERE tablename = 't'",
        "postgres") == "0"


def test_postgres_password_and_tls(postgres, database):
    postgres.role_with_password("reader", "sesame")
    for password, status in (("sesame", 0), ("wrong", 2)):
        assert postgres.psql("SELECT 1", postgres.dsn(database, "reader",
            password=password, sslmode="verify-ca",
            sslrootcert=postgres.ca))[0] == status
