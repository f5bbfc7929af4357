# SPDX-License-Identifier: Apache-2.0
"""MinIO is what other tests take it for."""
import json

import pytest

import s3
import stores


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
        minio.client_of(minio.user, "wrong-secret").get, bucket, key)


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
    words = stores.customer(b"c" * 32)
    hidden = minio_tls.bucket()
    minio_tls.client.put(hidden, "c", b"c", **words)
    assert minio_tls.client.get(hidden, "c", **words).body == b"c"
    refused_by(400, "InvalidRequest", minio_tls.client.get, hidden, "c")
