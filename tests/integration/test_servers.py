# SPDX-License-Identifier: Apache-2.0
"""The servers that other tests use are what those take them for."""
import base64
import hashlib
import json

import pytest

import kafka as the_kafka
import s3


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
    refused(kafka, secured(kafka, "mtls"))
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


def refused_by(status, code, action, *words, **more):
    with pytest.raises(s3.Refused) as why:
        action(*words, **more)
    assert (why.value.status, why.value.code) == (status, code)


def test_minio_keeps_what_it_took(minio, bucket):
    key = "a/\u00fc (1) + %20 'x'.png"
    minio.client.put(bucket, key, b"one", x_amz_meta_name="v")
    minio.kill()
    minio.start()
    answer = minio.client.get(bucket, key)
    assert (answer.body, answer.headers["x-amz-meta-name"]) == (b"one", "v")
    assert minio.client.keys(bucket) == [key]
    assert minio.client.get(bucket, key, Range="bytes=1-").body == b"ne"
    minio.client.delete(bucket, key)
    refused_by(404, "NoSuchKey", minio.client.get, bucket, key)
    refused_by(404, "NoSuchBucket", minio.client.get, "no-bucket", key)
    refused_by(403, "SignatureDoesNotMatch",
        minio.client_of(minio.user, "wrong secret").get, bucket, key)


def test_minio_versions(minio):
    bucket = minio.bucket(versions=True)
    first = minio.client.put(bucket, "k", b"1")
    assert first != minio.client.put(bucket, "k", b"2")
    assert minio.client.get(bucket, "k").body == b"2"
    assert minio.client.get(bucket, "k", first).body == b"1"


def test_minio_policy(minio, bucket):
    minio.client.put(bucket, "mine/k", b"m")
    minio.client.put(bucket, "k", b"o")
    reader = minio.client.restricted(json.dumps({"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{bucket}/mine/*"]}]}))
    assert reader.get(bucket, "mine/k").body == b"m"
    refused_by(403, "AccessDenied", reader.get, bucket, "k")
    refused_by(403, "AccessDenied", reader.put, bucket, "mine/k", b"x")


def test_minio_encrypts(minio, minio_tls, bucket):
    answer = minio.client.call("PUT", bucket, "kms", body=b"k", headers={
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": minio.kms_key})
    assert answer.headers["x-amz-server-side-encryption"] == "aws:kms"
    assert minio.client.get(bucket, "kms").body == b"k"
    secret = b"c" * 32
    words = {"x-amz-server-side-encryption-customer-" + name: value
        for name, value in (("algorithm", "AES256"),
            ("key", base64.b64encode(secret).decode()),
            ("key-MD5", base64.b64encode(hashlib.md5(secret).digest())
                .decode()))}
    hidden = minio_tls.bucket()
    minio_tls.client.put(hidden, "c", b"c", **words)
    assert minio_tls.client.get(hidden, "c", **words).body == b"c"
    refused_by(400, "InvalidRequest", minio_tls.client.get, hidden, "c")
