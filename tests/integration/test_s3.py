# SPDX-License-Identifier: Apache-2.0
"""Originals from a real S3 store."""
import base64
import json
import random
import struct
import threading
import time
import urllib.parse

import pytest

import images
import kit
import stores
from server import until

PNG = kit.noise(200, 150)


@pytest.fixture
def reads(start, minio):
    """reads(bucket, ...) -> a Server whose only store is that bucket; more:
    keys of the store; conf: of other sections."""
    def run(bucket, conf=None, of=minio, **more):
        return start({"store.s3": of.store(bucket, **more),
            "mount.s3": {"path": "/", "stores": "s3"}, **(conf or {})})

    return run


def problem(answer, status, code):
    said = kit.problem(answer)
    assert (answer.status, said["code"]) == (status, code), answer
    return said


def is_png_of(answer, width):
    assert answer.status == 200, answer
    assert images.size_of_png(answer.body)[0] == width


# ---- Keys ----

def awkward_keys(count):
    """All that is hard to sign or to encode, each a key of its own."""
    chance = random.Random(7)
    letters = " +()%!'*@:$,;&=~-_.#?[]^`{|}<>\"\\äß文🎈aZ0"
    keys = ["plain.png", "a/b/c.png", ".hidden", ".hidden/.more", "...three",
        "a b.png", "a+b.png", "a%20b.png", "a%2Fb.png", "%", "100%.png",
        "%41", "(1).png", "a&b=c", "ü/ö.png", "u\u0308.png", "?x=1", "#1",
        "a/b ", " a", "a=b;c", "~user", "$HOME", "*", "'q'", '"q"',
        "x" * 250, "/".join(["deep"] * 60), "文" * 80]
    while len(keys) < count:
        key = "".join(chance.choice(letters)
            for _ in range(chance.randrange(1, 30))) + str(len(keys))
        # MinIO takes no empty and no dot segments, and no backslash.
        if "\\" not in key:
            keys.append(key)
    return keys


def test_a_thousand_keys(reads, minio, bucket):
    keys = awkward_keys(1000)
    for n, key in enumerate(keys, 1):
        minio.client.put(bucket, key, images.png(n, 1))
    server = reads(bucket)
    for n, key in enumerate(keys, 1):
        path = "/" + urllib.parse.quote(key, safe="/")
        answer = server.get(path + "?format=info")
        assert answer.status == 200, (key, answer)
        assert json.loads(answer.body)["width"] == n, key


# ---- What an answer says ----

def test_a_good_one(reads, minio, bucket):
    minio.client.put(bucket, "cats/a.png", PNG, content_type="image/png")
    server = reads(bucket, prefix="cats/")
    is_png_of(server.get("/a.png?width=50"), 50)
    problem(server.get("/cats/a.png?width=50"), 404, "no-source")
    problem(server.get("/../a.png"), 400, "bad-url")


def test_only_what_changed_is_sent_again(reads, minio, bucket):
    minio.client.put(bucket, "a.png", PNG)
    server = reads(bucket, fresh="1ms")
    first = server.get("/a.png?width=50")
    received = server.metric("pictor_fetch_bytes_total")
    assert received == len(PNG)
    second = server.get("/a.png?width=50")
    assert second.headers["ETag"] == first.headers["ETag"]
    assert server.metric("pictor_fetch_bytes_total") == received
    minio.client.put(bucket, "a.png", kit.noise(210, 150, seed=3))
    third = server.get("/a.png?width=50")
    assert third.headers["ETag"] != first.headers["ETag"]
    minio.client.delete(bucket, "a.png")
    problem(server.get("/a.png?width=50"), 404, "no-source")


def test_versions(reads, minio):
    """The present one is read; one that was deleted is not there."""
    bucket = minio.bucket(versions=True)
    minio.client.put(bucket, "a.png", images.png(30, 30))
    minio.client.put(bucket, "a.png", images.png(40, 40))
    server = reads(bucket, fresh="1ms", negative="0s")
    is_png_of(server.get("/a.png"), 40)
    minio.client.delete(bucket, "a.png")
    problem(server.get("/a.png"), 404, "no-source")
    minio.client.put(bucket, "a.png", images.png(50, 50))
    is_png_of(server.get("/a.png"), 50)


def test_missing_is_remembered(reads, minio, bucket):
    server = reads(bucket, negative="1s")
    for _ in range(3):
        problem(server.get("/a.png"), 404, "no-source")
    minio.client.put(bucket, "a.png", PNG)
    until(lambda: server.get("/a.png").status == 200, "it is seen")


# ---- Encryption ----

def test_encrypted_by_the_store(reads, minio, bucket):
    minio.client.put(bucket, "a.png", PNG,
        x_amz_server_side_encryption="AES256")
    minio.client.put(bucket, "k.png", PNG,
        x_amz_server_side_encryption="aws:kms",
        x_amz_server_side_encryption_aws_kms_key_id=minio.kms_key)
    server = reads(bucket)
    is_png_of(server.get("/a.png?width=50"), 50)
    is_png_of(server.get("/k.png?width=50"), 50)


def test_encrypted_by_a_key_of_ours(reads, minio_tls):
    bucket = minio_tls.bucket()
    secret = bytes(range(32))
    minio_tls.client.put(bucket, "a.png", PNG, **stores.customer(secret))
    right = base64.b64encode(secret).decode()
    wrong = base64.b64encode(secret[::-1]).decode()
    server = reads(bucket, of=minio_tls, ca_file=minio_tls.ca,
        customer_key=right)
    is_png_of(server.get("/a.png?width=50"), 50)
    for key in (wrong, None):
        more = {"customer_key": key} if key else {}
        other = reads(bucket, of=minio_tls, ca_file=minio_tls.ca, **more)
        assert other.get("/a.png?width=50").status == 502
        assert right not in other.log() and wrong not in other.log()


def test_tls_is_verified(reads, minio_tls, minio):
    bucket = minio_tls.bucket()
    minio_tls.client.put(bucket, "a.png", PNG)
    is_png_of(reads(bucket, of=minio_tls, ca_file=minio_tls.ca)
        .get("/a.png?width=50"), 50)
    problem(reads(bucket, of=minio_tls).get("/a.png?width=50"), 502,
        "origin-failed")
    # The certificate is of localhost and 127.0.0.1, not of this name.
    problem(reads(bucket, of=minio_tls, ca_file=minio_tls.ca,
        endpoint=f"https://127.0.0.2:{minio_tls.port}")
        .get("/a.png?width=50"), 502, "origin-failed")


# ---- Refused ----

def test_wrong_credentials(reads, minio, bucket):
    minio.client.put(bucket, "a.png", PNG)
    for more in ({"secret_key": "wrong-secret"},
            {"access_key": "nobody"}, {"session_token": "nonsense"}):
        server = reads(bucket, **more)
        answer = server.get("/a.png")
        problem(answer, 502, "origin-denied")
        seen = answer.body.decode() + str(answer.headers)
        assert minio.user not in seen and bucket not in seen
        assert minio.password not in server.log()
        assert "wrong-secret" not in server.log()


def test_wrong_bucket(reads, minio):
    """A mistake of the operator is not an image that is not there."""
    server = reads("no-such-bucket")
    problem(server.get("/a.png"), 502, "origin-failed")


def test_policy_of_the_user(reads, minio, bucket):
    """Temporary credentials that may read one prefix, and not list: then the
    store does not say whether the others exist."""
    minio.client.put(bucket, "mine/a.png", PNG)
    minio.client.put(bucket, "a.png", PNG)
    may = minio.client.restricted(json.dumps({"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{bucket}/mine/*"]}]}))
    server = reads(bucket, access_key=may.user, secret_key=may.password,
        session_token=may.token)
    is_png_of(server.get("/mine/a.png?width=50"), 50)
    problem(server.get("/a.png"), 502, "origin-denied")


def test_region_is_learned(reads, minio, start):
    """Signed for another region than the store's, once."""
    for far in stores.running(MINIO_REGION="eu-west-1"):
        far.client.region = "eu-west-1"
        bucket = far.bucket()
        far.client.put(bucket, "a.png", PNG)
        server = reads(bucket, of=far)
        is_png_of(server.get("/a.png?width=50"), 50)
        is_png_of(server.get("/a.png?width=60"), 60)


# ---- Large ----

def tiff(width, height):
    """A plain one, with a gradient, in strips of one row."""
    row = bytes((x * 255 // width) for x in range(width) for _ in range(3))
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, None),
        (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, height, None),
        (277, 3, 1, 3), (278, 4, 1, 1), (279, 4, height, None)]
    at = 8 + 2 + 12 * len(entries) + 4
    bits, offsets = at, at + 6
    counts = offsets + 4 * height
    pixels = counts + 4 * height
    places = {258: bits, 273: offsets, 279: counts}
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries))
    for tag, kind, n, value in entries:
        value = places.get(tag, value)
        head += struct.pack("<HHI", tag, kind, n) + (struct.pack("<HH", value,
            0) if kind == 3 and n == 1 else struct.pack("<I", value))
    head += struct.pack("<IHHH", 0, 8, 8, 8)
    head += b"".join(struct.pack("<I", pixels + y * len(row))
        for y in range(height))
    head += struct.pack("<I", len(row)) * height
    return head + row * height


def test_200_megabytes(reads, minio, bucket):
    """The daemon holds one original once, whatever it does with it."""
    data = tiff(8300, 8100)
    assert len(data) > 200e6
    minio.client.put(bucket, "a.tiff", data)
    size = len(data)
    del data
    server = reads(bucket, conf={"limit": {"original_bytes": "256M"},
        "origin": {"timeout": "60s"}, "render": {"workers": 1,
            "timeout": "60s"}, "http": {"deadline": "90s"}})
    most, done = [0], threading.Event()

    def watch():
        while not done.is_set():
            most[0] = max(most[0], kit.memory_of(server.process.pid))
            time.sleep(0.02)

    before = kit.memory_of(server.process.pid)
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        is_png_of(server.get("/a.tiff?width=100&format=png"), 100)
    finally:
        done.set()
        watcher.join()
    assert most[0] - before < 1.5 * size + (64 << 20) * kit.PATIENCE
    until(lambda: kit.memory_of(server.process.pid) - before < 64 << 20,
        "it is given back")


# ---- Down, and back ----

def test_killed_and_started_under_load(reads, minio, bucket):
    """While it is away every answer is an error that says so and may be kept
    for seconds, or what is in the cache; then all is well by itself."""
    for n in range(40):
        minio.client.put(bucket, f"{n}.png", PNG)
    server = reads(bucket, failures=5, pause="500ms", retries=1,
        connect_time="500ms", silent_time="2s", fresh="1ms")
    is_png_of(server.get("/0.png?width=50"), 50)
    answers, ending, lock = [], threading.Event(), threading.Lock()

    def load(seed):
        chance = random.Random(seed)
        while not ending.is_set():
            answer = server.get(f"/{chance.randrange(1, 40)}.png?width="
                f"{chance.randrange(20, 2000)}")
            with lock:
                answers.append(answer)

    threads = [threading.Thread(target=load, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()

    def seen(good, more):
        with lock:
            before = len(answers)
        until(lambda: sum((a.status == 200) == good
            for a in answers[before:]) >= more, "answers", 60)

    try:
        seen(True, 10)
        minio.kill()
        seen(False, 20)
        # What is in the cache is better than nothing.
        answer = server.get("/0.png?width=50")
        assert (answer.status, answer.headers["X-Cache"]) == (200, "stale")
        minio.start()
        seen(True, 20)
    finally:
        ending.set()
        for thread in threads:
            thread.join()
    bad = [a for a in answers if a.status != 200]
    assert {a.status for a in bad} <= {502, 503, 504}, bad
    for a in bad:
        control = a.headers["Cache-Control"]
        assert control == "no-store" or int(control.split("=")[-1]) <= 10, a
    # Nothing is left that would make it fail now.
    for n in range(40):
        is_png_of(server.get(f"/{n}.png?width=50"), 50)
