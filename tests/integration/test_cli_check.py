# SPDX-License-Identifier: Apache-2.0
"""pictor check tries each store, and says in words what is wrong."""
import json
import pathlib

import pytest

import images
import kit
from cli import LOCAL, run


@pytest.fixture
def check(tmp_path):
    """check(store={...}, ...) -> what it printed, its complaint, its status;
    formats are kept to one."""
    def go(*words, env=None, **stores):
        path = tmp_path / "conf"
        path.write_text("".join(f"[store.{name}]\n" + "".join(
            f"{k} = {v}\n" for k, v in rows.items())
            for name, rows in stores.items())
            + "[mount.main]\npath = /\nformats = png\nstores = "
            + " ".join(stores) + "\n")
        clean = {"AWS_CONFIG_FILE": "/nonexistent",
            "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
            "AWS_EC2_METADATA_DISABLED": "true"}
        done = run("check", *LOCAL, "--config", path, *words,
            env={**clean, **(env or {})})
        return done.stdout, done.stderr, done.returncode
    return go


@pytest.fixture
def filled(minio, bucket):
    minio.client.put(bucket, "in/cat.png", images.png(64, 48),
        content_type="image/png")
    return bucket


def test_good_stores(check, minio, filled, files):
    out, err, status = check(
        photos=minio.store(filled, prefix="in/"), files={"root": files})
    assert (err, status) == ("", 0)
    for words in ("store photos (s3)",
            "credentials: configuration, without an end", "list: works",
            "head: ", "read: works", "store files (file)"):
        assert words in out, words


@pytest.mark.parametrize("rows, words", [
    ({"secret_key": "wrong"},
        ["list", "secret_key does not belong to access_key"]),
    ({"access_key": "nobody"}, ["the store does not know this access_key"]),
    ({"bucket": "no-such-bucket"}, ["there is no such bucket"]),
    ({"endpoint": "http://127.0.0.1:1"}, ["127.0.0.1"]),
    ({"endpoint": "http://store.invalid"}, ["store.invalid"]),
])
def test_what_is_wrong(check, minio, filled, rows, words):
    """The next store is tried, and the formats; the status is 1."""
    out, err, status = check(
        photos={**minio.store(filled), "retries": "0", **rows},
        more=minio.store(filled))
    assert status == 1
    assert err.startswith("pictor: store photos: ")
    assert err.count("\n") == 1
    for word in words:
        assert word in err
    assert "store more (s3)" in out and "png can be written" in out
    assert minio.password not in out + err


def test_credentials_that_are_nowhere(check, minio, filled):
    rows = minio.store(filled)
    del rows["access_key"], rows["secret_key"]
    out, err, status = check(photos=rows)
    assert status == 1
    assert "credentials: there are no credentials" in err
    out, err, status = check(photos=rows, env={
        "AWS_ACCESS_KEY_ID": minio.user,
        "AWS_SECRET_ACCESS_KEY": minio.password})
    assert (err, status) == ("", 0)
    assert "credentials: environment" in out


def test_permissions(check, minio, filled):
    """Who may read and not list shows it with an original."""
    reader = minio.client.restricted(json.dumps({"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{filled}/in/*"]}]}))
    rows = {**minio.store(filled, prefix="in/"), "access_key": reader.user,
        "secret_key": reader.password, "session_token": reader.token}
    out, err, status = check("photos/cat.png", photos=rows)
    assert (err, status) == ("", 0)
    assert "list: denied (s3:ListBucket)" in out
    assert "read: cat.png" in out
    out, err, status = check("photos/cat.png",
        photos={**rows, "prefix": "other/"})
    assert status == 1


def test_wrong_words(check, files):
    out, err, status = check("nothing/x", files={"root": files})
    assert status == 1 and "is not STORE/KEY" in err


def test_certificate(check, minio_tls):
    bucket = minio_tls.bucket()
    rows = {**minio_tls.store(bucket), "retries": "0"}
    out, err, status = check(photos={**rows, "ca_file": minio_tls.ca})
    assert (err, status) == ("", 0)
    out, err, status = check(photos=rows)
    assert status == 1
    assert "certificate" in err


def test_http(check, origin):
    """404 is the answer of a server that works; a private address is none."""
    rows = {"type": "http", "endpoint": f"{origin.url}/",
        "networks": "127.0.0.0/8"}
    out, err, status = check(web=rows)
    assert (err, status) == ("", 0), err
    assert "read: works" in out
    del rows["networks"]
    out, err, status = check(web=rows)
    assert status == 1
    assert "127.0.0.1" in err


def test_http_of_a_private_address(check, origin):
    """It is said which key would permit it, and of whom."""
    for host in ("127.0.0.1", "localhost"):
        out, err, status = check(
            web={"type": "http", "endpoint": f"http://{host}:{origin.port}/"})
        assert status == 1
        assert "; the store's networks would have to name it" in err
        assert not origin.visits


def test_http_places(check, origin):
    rows = {"type": "http", "networks": "127.0.0.0/8",
        "allow": f"{origin.url}/a/ https://*.example.org/"}
    out, err, status = check(web=rows)
    assert (err, status) == ("", 0), err
    assert "not tried: https://*.example.org/" in out


def test_version_2_needs_its_library(check):
    """Whoever builds without libs3 is told what to do."""
    make = pathlib.Path(kit.BUILD, "Makefile").read_text()
    out, err, status = check(old={"type": "s3", "signature": "v2",
        "bucket": "b", "endpoint": "http://127.0.0.1:1",
        "access_key": "a", "secret_key": "s", "retries": "0"})
    assert status == 1
    if "HAVE_LIBS3=1" in make:
        assert "libs3" in err
    else:
        assert "./configure --with-libs3" in err
