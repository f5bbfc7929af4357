# SPDX-License-Identifier: Apache-2.0
"""Every call of the S3 client, on a real store."""
import base64
import contextlib
import hashlib
import json
import os
import random
import subprocess
import types
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree

import pytest

import bad_origin
import kit
import stores
from bad_origin import origin # a fixture

DRIVER = kit.BUILD / "tests" / "integration" / "s3_driver"
MIB = 1 << 20
AWKWARD = ["a b+c.txt", "ü/(1)%20&=?#.txt", "...x", ".y/.z", "'\"*!~$@:;,",
    "文🎈", "\u00a0\u0301", "a/b/c/d"]


class Driver:
    """The client, in a process of its own; see s3_driver.c."""

    def __init__(self, place, settings):
        self.place = place
        self.log = open(place / "driver.log", "ab")
        self.process = subprocess.Popen([DRIVER, json.dumps(settings)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
            text=True, encoding="utf-8")

    def __call__(self, verb, key=None, data=None, **more):
        """The answer as a dict; with the body, if there was one, as `data`."""
        words = {"verb": verb, **more}
        into = self.place / "into"
        into.unlink(missing_ok=True)
        if key is not None:
            words["key"] = key
        if data is not None:
            (self.place / "file").write_bytes(data)
            words["file"] = str(self.place / "file")
        if verb == "get":
            words["into"] = str(into)
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, (self.place / "driver.log").read_text()
        answer = json.loads(line)
        if into.exists():
            answer["data"] = into.read_bytes()
        return answer

    def close(self):
        self.process.stdin.close()
        try:
            assert self.process.wait(60) == 0, \
                (self.place / "driver.log").read_text()
        finally:
            self.process.kill()
            self.process.wait()
            self.log.close()


@pytest.fixture
def drive(minio, place):
    """drive(bucket, ...) -> a Driver on that bucket."""
    with contextlib.ExitStack() as stops:
        def run(bucket, of=minio, **more):
            settings = {"endpoint": of.url, "bucket": bucket,
                "access": of.user, "secret": of.password, **more}
            if of.ca:
                settings["ca"] = str(of.ca)
            it = Driver(place, settings)
            stops.callback(it.close)
            return it

        yield run


@pytest.fixture
def s3(drive, bucket):
    return drive(bucket)


def good(answer, status=200):
    assert answer["ok"] and answer["status"] == status, answer
    return answer


def bad(answer, error, code, status):
    assert not answer["ok"], answer
    assert (answer["error"], answer["code"], answer["status"]) == (error,
        code, status), answer


def test_objects(s3, minio, bucket):
    for n, key in enumerate(AWKWARD):
        data = random.Random(n).randbytes(1000 + n)
        etag = good(s3("put", key, data, media_type="image/png"))["etag"]
        assert etag == f'"{hashlib.md5(data).hexdigest()}"'
        assert minio.client.get(bucket, key).body == data
        got = good(s3("get", key))
        assert (got["data"], got["etag"], got["size"], got["media_type"]) \
            == (data, etag, len(data), "image/png")
        assert got["request_id"] and got["modified"] > 0
        head = good(s3("head", key))
        assert (head["size"], head["etag"]) == (len(data), etag)
    assert sorted(minio.client.keys(bucket)) == sorted(AWKWARD)
    for key in AWKWARD:
        good(s3("delete", key), 204)
    assert minio.client.keys(bucket) == []
    bad(s3("get", AWKWARD[0]), "no-source", "NoSuchKey", 404)
    # A HEAD has no body that could say it.
    bad(s3("head", AWKWARD[0]), "no-source", "", 404)


def test_keys_that_minio_refuses(drive, origin):
    """A store of objects knows no folders: they are sent as they are."""
    s3 = drive("b", of=types.SimpleNamespace(url=origin.url, user="AKIDTEST",
        password="very-secret", ca=None))
    for key in ("a//b", "/a", "//", "a/", "a\\b", "..", "a/../b", "a/./b"):
        path = f"/b/{urllib.parse.quote(key)}"
        origin.at[path] = bad_origin.whole(key.encode())
        assert good(s3("get", key))["data"] == key.encode()
        assert origin.asked[path] == 1


def test_conditions_and_ranges(s3):
    etag = good(s3("put", "k", b"0123456789"))["etag"]
    assert good(s3("get", "k", first=3, last=5), 206)["data"] == b"345"
    assert good(s3("get", "k", first=7), 206)["data"] == b"789"
    assert s3("get", "k", first=10)["status"] == 416
    assert good(s3("get", "k", if_none_match=etag), 304)["not_modified"]
    assert good(s3("get", "k", if_match=etag))["data"] == b"0123456789"
    bad(s3("get", "k", if_match='"other"'), "origin-changed",
        "PreconditionFailed", 412)
    assert s3("put", "k", b"x", if_none_match="*")["status"] == 412
    assert s3("put", "k", b"x", if_match='"other"')["status"] == 412
    good(s3("put", "k", b"y", if_match=etag))
    assert good(s3("get", "k"))["data"] == b"y"


def test_empty_and_larger(s3):
    for size in (0, 1, 5 * MIB + 1):
        data = random.Random(size).randbytes(size)
        good(s3("put", "k", data))
        got = good(s3("get", "k"))
        assert got["data"] == data
        assert got["tries"] == 1


def test_copy(s3, minio, bucket):
    good(s3("put", "a b+ü", b"data"))
    good(s3("copy", "c", **{"from": "a b+ü"}))
    assert minio.client.get(bucket, "c").body == b"data"
    other = minio.bucket()
    minio.client.put(other, "o", b"other")
    good(s3("copy", "d", **{"from": "o", "from_bucket": other}))
    assert good(s3("get", "d"))["data"] == b"other"
    bad(s3("copy", "d", **{"from": "none"}), "no-source", "NoSuchKey", 404)


def test_list(s3, minio, bucket):
    keys = sorted(AWKWARD + [f"n/{n:03}" for n in range(25)])
    for key in keys:
        minio.client.put(bucket, key, b"x" * 3)
    found, after, pages = [], None, 0
    while True:
        more = {"after": after} if after else {}
        listed = good(s3("list", most=10, **more))["list"]
        found += listed["entries"]
        after, pages = listed["after"], pages + 1
        if not after:
            break
    assert [e["key"] for e in found] == sorted(keys,
        key=lambda k: k.encode())
    assert {e["size"] for e in found} == {3}
    assert pages == -(-len(keys) // 10)
    listed = good(s3("list", prefix="n/01"))["list"]["entries"]
    assert [e["key"] for e in listed] == [f"n/{n:03}" for n in range(10, 20)]
    folders = good(s3("list", delimiter="/"))["list"]["entries"]
    assert {e["key"] for e in folders if e["prefix"]} == {
        k.split("/")[0] + "/" for k in keys if "/" in k}


def test_versions(drive, minio):
    bucket = minio.bucket()
    s3 = drive(bucket)
    good(s3("put_versioning", text="<VersioningConfiguration><Status>Enabled"
        "</Status></VersioningConfiguration>"))
    assert "Enabled" in good(s3("get_versioning"))["xml"]
    first = good(s3("put", "k", b"1"))["version"]
    second = good(s3("put", "k", b"2"))["version"]
    assert first and second and first != second
    assert good(s3("get", "k"))["data"] == b"2"
    got = good(s3("get", "k", version=first))
    assert (got["data"], got["version"]) == (b"1", first)
    good(s3("delete", "k"), 204)
    assert s3("get", "k")["error"] == "no-source"
    entries = good(s3("list_versions"))["list"]["entries"]
    assert [(e["marker"], e["latest"]) for e in entries] == [(True, True),
        (False, False), (False, False)]
    page = good(s3("list_versions", most=2))["list"]
    rest = good(s3("list_versions", after=page["after"],
        after_version=page["after_version"]))["list"]
    assert page["entries"] + rest["entries"] == entries
    good(s3("copy", "copied", version=first, **{"from": "k"}))
    assert good(s3("get", "copied"))["data"] == b"1"
    # A marker of a deletion is no object.
    bad(s3("get", "k", version=entries[0]["version"]), "no-source",
        "MethodNotAllowed", 405)
    good(s3("delete", "k", version=first), 204)
    assert s3("get", "k", version=first)["error"] == "no-source"
    assert good(s3("get", "k", version=second))["data"] == b"2"


def test_delete_many(s3, minio, bucket):
    for key in AWKWARD:
        minio.client.put(bucket, key, b"x")
    minio.client.put(bucket, "stays", b"x")
    answer = good(s3("delete_many", names=[{"key": k} for k in AWKWARD]))
    assert answer["all_deleted"]
    assert minio.client.keys(bucket) == ["stays"]


def test_in_parts(s3, minio, bucket):
    parts = [random.Random(n).randbytes(5 * MIB) for n in range(2)] + [b"end"]
    upload = good(s3("upload", "large", media_type="image/tiff"))["upload"]
    etags = [good(s3("upload_part", "large", data, upload=upload, part=n))
        ["etag"] for n, data in enumerate(parts, 1)]
    etag = good(s3("upload_done", "large", upload=upload, parts=etags))
    got = good(s3("get", "large"))
    assert got["data"] == b"".join(parts)
    assert got["media_type"] == "image/tiff" and got["etag"].endswith('-3"')
    assert etag["ok"]
    # Parts of less than 5 MiB are refused, whatever the status says.
    upload = good(s3("upload", "small"))["upload"]
    etags = [good(s3("upload_part", "small", b"x", upload=upload, part=n))
        ["etag"] for n in (1, 2)]
    answer = s3("upload_done", "small", upload=upload, parts=etags)
    assert not answer["ok"] and answer["code"] == "EntityTooSmall", answer
    good(s3("upload_abort", "small", upload=upload), 204)
    assert s3("upload_part", "small", b"x", upload=upload, part=1)["code"] \
        == "NoSuchUpload"
    assert minio.client.keys(bucket) == ["large"]


def test_lifecycle(s3):
    """Rules are replaced by id, the others stay."""
    bad(s3("get_lifecycle"), "no-source", "NoSuchLifecycleConfiguration", 404)
    xml = ""
    for rule, prefix, days in (("week", "archive/", 7), ("day", "tmp/", 1),
            ("week", "archive/", 8)):
        xml = s3("lifecycle", id=rule, prefix=prefix, days=days,
            xml=xml)["xml"]
        good(s3("put_lifecycle", text=xml))
        xml = good(s3("get_lifecycle"))["xml"]
    rules = {r.findtext("{*}ID"): r.findtext("{*}Expiration/{*}Days")
        for r in xml_of(xml).iterfind("{*}Rule")}
    assert rules == {"week": "8", "day": "1"}
    answer = good(s3("put", "archive/a", b"x"))
    assert 'rule-id="week"' in answer["expiration"]


def xml_of(text):
    return xml.etree.ElementTree.fromstring(text)


def test_encryption(s3, drive, minio, minio_tls):
    for kind, said, key in (("s3", "AES256", None),
            ("kms", "aws:kms", minio.kms_key)):
        more = {"kms_key": key} if key else {}
        assert good(s3("put", kind, b"d", encryption=kind, **more))[
            "encryption"] == said
        assert good(s3("get", kind))["data"] == b"d"
    assert not s3("put", "k", b"d", encryption="kms", kms_key="no")["ok"]
    bucket = minio_tls.bucket()
    ours = [drive(bucket, of=minio_tls, customer_key=key) for key in (
        base64.b64encode(bytes(range(32))).decode(),
        base64.b64encode(bytes(32)).decode())]
    minio_tls.client.put(bucket, "c", b"hidden", **stores.customer(
        bytes(range(32))))
    assert good(ours[0]("get", "c"))["data"] == b"hidden"
    assert good(ours[0]("get", "c", first=2, last=3), 206)["data"] == b"dd"
    assert not ours[1]("get", "c")["ok"]
    assert not drive(bucket, of=minio_tls)("get", "c")["ok"]


@pytest.mark.parametrize("name", ["crc32", "crc32c", "crc64nvme", "sha1",
    "sha256"])
def test_checksums(s3, minio, bucket, name):
    """MinIO refuses a wrong value and sends the right one with each answer,
    where the client compares it with its own."""
    value = {"crc32": "y/Q5Jg==", "crc32c": "4waSgw==",
        "crc64nvme": "rosUhgp5mIg=", "sha1": "98O8HYCOBHMq32eZZczDTKeuNEE=",
        "sha256": "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="}[name]
    header = f"x-amz-checksum-{name}"
    minio.client.put(bucket, "k", b"123456789", **{header: value})
    answer = minio.client.get(bucket, "k", x_amz_checksum_mode="ENABLED")
    assert answer.headers[header] == value
    assert good(s3("get", "k"))["data"] == b"123456789"
    assert good(s3("get", "k", first=3), 206)["data"] == b"456789"


def test_said_of_the_bucket(drive, minio, bucket):
    """MinIO knows neither, but both are signed."""
    minio.client.put(bucket, "k", b"x")
    s3 = drive(bucket, owner="123456789012", payer=True)
    assert good(s3("get", "k"))["data"] == b"x"


def test_nothing_is_signed(drive, minio, bucket):
    minio.client.put(bucket, "k", b"x")
    s3 = drive(bucket, unsigned=True)
    bad(s3("get", "k"), "origin-denied", "AccessDenied", 403)
    minio.client.call("PUT", bucket, query={"policy": ""}, body=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"AWS": ["*"]}, "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{bucket}/*"]}]}).encode())
    assert good(s3("get", "k"))["data"] == b"x"
    bad(s3("put", "k", b"y"), "origin-denied", "AccessDenied", 403)


def test_buckets(drive, minio):
    name = f"made-{os.getpid()}"
    s3 = drive(name)
    bad(s3("put", "k", b"x"), "origin-failed", "NoSuchBucket", 404)
    bad(s3("head"), "origin-failed", "", 404)
    good(s3("make_bucket"))
    good(s3("head"))
    good(s3("put", "k", b"x"))


def test_refused(drive, minio, bucket):
    minio.client.put(bucket, "k", b"x")
    bad(drive(bucket, secret="wrong")("get", "k"), "origin-denied",
        "SignatureDoesNotMatch", 403)
    bad(drive(bucket, access="nobody")("get", "k"), "origin-denied",
        "InvalidAccessKeyId", 403)
    may = minio.client.restricted(json.dumps({"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{bucket}/k"]}]}))
    s3 = drive(bucket, access=may.user, secret=may.password, token=may.token)
    assert good(s3("get", "k"))["data"] == b"x"
    bad(s3("put", "k", b"y"), "origin-denied", "AccessDenied", 403)
    bad(s3("list"), "origin-denied", "AccessDenied", 403)
    bad(s3("delete", "k"), "origin-denied", "AccessDenied", 403)


def fetch(url, data=None, **headers):
    request = urllib.request.Request(url, data,
        method="GET" if data is None else "PUT",
        headers={k.replace("_", "-"): v for k, v in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_presigned(s3, minio, bucket):
    for key in AWKWARD:
        minio.client.put(bucket, key, key.encode())
        url = s3("presign", key, expires=60)["url"]
        assert fetch(url) == (200, key.encode())
        assert fetch(url.replace("X-Amz-Expires=60", "X-Amz-Expires=61"))[0] \
            == 403
        assert fetch(url, b"x")[0] == 403
    url = s3("presign", "up", expires=60, put="yes",
        media_type="image/png")["url"]
    assert fetch(url, b"data", Content_Type="text/html")[0] == 403
    assert fetch(url, b"data", Content_Type="image/png")[0] == 200
    assert minio.client.get(bucket, "up").body == b"data"
    assert fetch(s3("presign", "up", expires=1)["url"])[0] == 200


def test_store_comes_back(s3, minio):
    """What fails for a while is tried again, inside the deadline."""
    good(s3("put", "k", b"x"))
    minio.kill()
    answer = s3("get", "k")
    assert not answer["ok"] and answer["error"] == "origin-failed"
    assert (answer["tries"], answer["status"]) == (3, 0)
    minio.start()
    assert good(s3("get", "k"))["data"] == b"x"
