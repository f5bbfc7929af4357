# SPDX-License-Identifier: Apache-2.0
"""Stores with signature = v2, in a build that has libs3."""
import os
import time
import urllib.parse

import pytest

import cli
import images
from server import until

KEY = "a/+&=%25;(1)'~!*,$@:[]\u00fc\u20ac.png"


def store(minio, bucket, **more):
    return {"store.old": {**minio.store(bucket), "signature": "v2",
        "addressing": "path", "prefix": "in/", "fresh": "1ms",
        "retries": "1", **more},
        "mount.main": {"path": "/", "stores": "old"}}


def url(key, query="width=8"):
    return f"/{urllib.parse.quote(key)}?{query}"


@pytest.fixture
def filled(minio, bucket):
    for key in (KEY, "plain.png", "with blank.png"):
        minio.client.put(bucket, "in/" + key, images.png(64, 48))
    minio.client.put(bucket, "plain.png", b"outside of the prefix")
    return bucket


def test_awkward_key(start, minio, filled):
    server = start(store(minio, filled))
    answer = server.get(url(KEY))
    assert answer.status == 200, answer
    # What it has is asked for again, and still holds.
    time.sleep(0.05) # store.fresh and more
    again = server.get(url(KEY))
    assert (again.status, again.body) == (200, answer.body)
    assert again.headers["ETag"] == answer.headers["ETag"]
    events = server.events(2)
    assert [e["cache_state"] for e in events] == ["miss", "revalidated"]
    assert server.get(url("plain.png")).status == 200


def test_changed_original(start, minio, filled):
    server = start(store(minio, filled))
    first = server.get(url("plain.png"))
    minio.client.put(filled, "in/plain.png", images.png(32, 48))
    again = server.get(url("plain.png"))
    assert (first.status, again.status) == (200, 200)
    assert first.body != again.body


def test_large_original(start, minio, filled):
    """More than one piece, and it streams."""
    minio.client.put(filled, "in/large.png", images.png(2000, 1500))
    server = start(store(minio, filled))
    assert server.get(url("large.png")).status == 200


def test_too_large_original(start, minio, filled):
    minio.client.put(filled, "in/large", os.urandom(300000))
    server = start(store(minio, filled, bytes="100k"))
    assert server.get(url("large")).status == 413


def test_what_is_not_there(start, minio, filled):
    server = start(store(minio, filled))
    assert server.get(url("nothing.png")).status == 404
    # Another object would be asked for, or one outside of the bucket.
    for key in ("with blank.png", "a/../plain.png", "../plain.png"):
        assert server.get(url(key)).status in (400, 403, 501), key


def test_wrong_secret(start, minio, filled):
    server = start(store(minio, filled, secret_key="another"))
    answer = server.get(url("plain.png"))
    assert answer.status == 502
    assert b"origin-denied" in answer.body
    until(lambda: "SignatureDoesNotMatch" in server.access_path.read_text(),
        "the log says why")


def test_wrong_bucket(start, minio):
    server = start(store(minio, "no-such-bucket"))
    assert server.get(url("plain.png")).status == 502


def test_store_is_away(start, minio, filled):
    """502, and it comes back by itself."""
    server = start(store(minio, filled, failures="0"))
    assert server.get(url("plain.png")).status == 200
    minio.kill()
    assert server.get(url("plain.png", "width=9")).status == 502
    minio.start()
    assert server.get(url("plain.png", "width=9")).status == 200


@pytest.mark.parametrize("key, value, words", [
    ("endpoint", "https://store.example", "no certificate is verified"),
    ("endpoint", "http://store.example/path/", "without a path"),
    ("endpoint", "", "needs one"),
    ("session_token", "x", "session_token"),
    ("ca_file", "/etc/passwd", "ca_file"),
    ("requester_pays", "on", "requester_pays"),
])
def test_configuration(tmp_path, key, value, words):
    rows = {"type": "s3", "signature": "v2", "bucket": "b",
        "endpoint": "http://127.0.0.1:1", "access_key": "a",
        "secret_key": "s", key: value}
    conf = tmp_path / "conf"
    conf.write_text("[store.old]\n" + "".join(f"{k} = {v}\n"
        for k, v in rows.items()) + "[mount.main]\nstores = old\n")
    complaint = cli.bad(1, "check", "--config", conf)
    assert words in complaint


def test_no_proxy(tmp_path):
    conf = tmp_path / "conf"
    conf.write_text("[store.old]\ntype = s3\nsignature = v2\nbucket = b\n"
        "endpoint = http://127.0.0.1:1\naccess_key = a\nsecret_key = s\n"
        "[mount.main]\nstores = old\n")
    assert "proxy" in cli.bad(1, "check", "--config", conf,
        env={"http_proxy": "http://127.0.0.1:2"})
