# SPDX-License-Identifier: Apache-2.0
"""What a store of S3 does when something is wrong with it, which a real one
cannot be made to do; and TLS of stores of type http."""
import base64
import datetime
import ssl
import zlib

import pytest

import bad_origin as bad
import certs
import images
import kit
from server import until

PNG = kit.noise(200, 150)
LARGE = kit.noise(700, 500)
ETAG = {"ETag": '"one"'}


def sections(origin, name, path, **more):
    """A mount there, of a bucket `b` of the origin."""
    return {f"store.{name}": {"type": "s3", "endpoint": origin.url,
        "bucket": "b", "region": "us-east-1", "access_key": "AKIDTEST",
        "secret_key": "very-secret", "silent_time": "1s", "failures": 0,
        "negative": "0s", **more},
        f"mount.{name}": {"path": path, "stores": name}}


@pytest.fixture
def reads(start, origin):
    """reads(...) -> a Server whose store is that bucket."""
    def run(conf=None, **more):
        return start({**sections(origin, "s3", "/", **more), **(conf or {})})

    return run


@pytest.fixture(scope="module")
def shared(serve_all, tmp_path_factory):
    """(a Server, its Origin), for tests with names of their own: below / it
    tries three times, below /once/ once."""
    origin = bad.Origin()
    yield serve_all({**sections(origin, "s3", "/", retries=2),
        **sections(origin, "once", "/once/", retries=0)},
        files=tmp_path_factory.mktemp("none")), origin
    origin.stop()


def problem(answer, status, code):
    said = kit.problem(answer)
    assert (answer.status, said["code"]) == (status, code), answer


def is_png_of(answer, width):
    assert answer.status == 200, answer
    assert images.size_of_png(answer.body)[0] == width


def crc32(data):
    return {"x-amz-checksum-crc32":
        base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode(),
        "x-amz-checksum-type": "FULL_OBJECT"}


PASSING = {"SlowDown": 503, "InternalError": 500, "ServiceUnavailable": 503,
    "RequestTimeout": 400, "Throttling": 429}


@pytest.mark.parametrize("code", PASSING)
def test_what_passes_is_tried_again(shared, code):
    server, origin = shared
    wrong = bad.s3_error(PASSING[code], code)
    origin.at[f"/b/x{code}.png"] = bad.in_turn(wrong, wrong, bad.whole(PNG))
    origin.at[f"/b/y{code}.png"] = wrong
    is_png_of(server.get(f"/x{code}.png?width=50"), 50)
    answer = server.get(f"/y{code}.png?width=50")
    assert answer.status in (502, 503), answer
    assert [origin.asked[f"/b/{n}{code}.png"] for n in "xy"] == [3, 3]


FINAL = {"NoSuchKey": (404, 404, "no-source"),
    "NoSuchBucket": (404, 502, "origin-failed"),
    "AccessDenied": (403, 502, "origin-denied"),
    "InvalidAccessKeyId": (403, 502, "origin-denied"),
    "SignatureDoesNotMatch": (403, 502, "origin-denied")}


@pytest.mark.parametrize("code", FINAL)
def test_what_stays_is_asked_once(shared, code):
    server, origin = shared
    theirs, ours, error = FINAL[code]
    origin.at[f"/b/{code}.png"] = bad.s3_error(theirs, code)
    problem(server.get(f"/{code}.png"), ours, error)
    assert origin.asked[f"/b/{code}.png"] == 1


def test_body_is_gone_on_with(reads, origin):
    origin.at["/b/x.png"] = bad.in_turn(bad.reset(LARGE, 300000, ETAG),
        bad.s3_error(503, "SlowDown"), bad.whole(LARGE, head=ETAG))
    is_png_of(reads(retries=2).get("/x.png?width=50"), 50)
    for visit in origin.visits[1:]:
        assert visit.headers["if-match"] == '"one"'
        low = int(visit.headers["range"].removeprefix("bytes=").strip("-"))
        assert 0 < low <= 300000
        # It is signed, too: nobody may change it on the way.
        assert "range" in visit.headers["authorization"]
    assert len(origin.visits) == 3


def test_less_than_the_rest(reads, origin):
    """A body is whole only if it is all that there is, whatever its own
    answer's length says."""
    server = reads(retries=1)
    for name, one in bad.liars(LARGE, ETAG).items():
        origin.at[f"/b/{name}.png"] = one
        problem(server.get(f"/{name}.png?width=50"), 502, "origin-failed")
        assert origin.asked[f"/b/{name}.png"] == 2


def test_whole_where_a_part_was_asked_for(reads, origin):
    origin.at["/b/x.png"] = bad.in_turn(bad.reset(LARGE, 300000, ETAG),
        bad.chunked(LARGE, head=ETAG))
    problem(reads(retries=2).get("/x.png?width=50"), 502, "origin-failed")


def test_changed_while_it_was_read(reads, origin):
    origin.at["/b/x.png"] = bad.in_turn(bad.reset(LARGE, 300000, ETAG),
        bad.whole(LARGE[::-1], head={"ETag": '"two"'}))
    answer = reads(retries=2).get("/x.png?width=50")
    assert answer.status == 502, answer


def test_checksum(reads, origin):
    """Bytes that are not those that were stored are never an image."""
    other = kit.noise(200, 150, seed=9)
    origin.at["/b/good.png"] = bad.whole(PNG, head=crc32(PNG))
    origin.at["/b/bad.png"] = bad.whole(PNG, head=crc32(other))
    server = reads(retries=1)
    is_png_of(server.get("/good.png?width=50"), 50)
    problem(server.get("/bad.png?width=50"), 502, "origin-failed")


def test_clock(reads, origin):
    """A store whose clock is another one is signed for by its clock."""
    ahead = datetime.datetime.now(datetime.timezone.utc) \
        + datetime.timedelta(hours=5)
    origin.at["/b/x.png"] = bad.in_turn(bad.s3_error(403,
        "RequestTimeTooSkewed",
        Date=ahead.strftime("%a, %d %b %Y %H:%M:%S GMT")), bad.whole(PNG))
    is_png_of(reads(retries=2).get("/x.png?width=50"), 50)
    stamps = [datetime.datetime.strptime(v.headers["x-amz-date"],
        "%Y%m%dT%H%M%SZ") for v in origin.visits]
    assert 4.9 < (stamps[1] - stamps[0]).total_seconds() / 3600 < 5.1


def test_region_never_becomes_a_host(reads, origin):
    """What an answer says of a region leads nowhere else."""
    other = bad.Origin()
    try:
        evil = f"127.0.0.1:{other.port}"
        for n, text in enumerate((f"<Region>{evil}/</Region>",
                f"<Region>eu-west-1</Region><Endpoint>{evil}</Endpoint>")):
            origin.at[f"/b/{n}.png"] = bad.in_turn(bad.status(301,
                {"Location": f"http://{evil}/x.png",
                    "x-amz-bucket-region": "eu-west-1"},
                f"<Error><Code>PermanentRedirect</Code>{text}</Error>"
                .encode()), bad.whole(PNG))
        server = reads(retries=2)
        for n in range(2):
            server.get(f"/{n}.png?width=50")
        assert other.connections == 0
    finally:
        other.stop()


XML = {
    "long": b"<Error><Code>" + b"x" * (100 << 20),
    "deep": b"<a>" * 1000000,
    "entities": b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
        b'<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]><Error><Code>&b;</Code></Error>',
    "outside": b'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
        b"<Error><Code>&a;</Code></Error>",
    "not XML": b"\0\xff<<<>>>&&&", "nothing": b"",
}


@pytest.mark.parametrize("name", XML)
def test_errors_that_are_none(shared, name):
    server, origin = shared
    path = f"/{name.replace(' ', '')}.xml"
    origin.at[f"/b{path}"] = bad.status(403,
        {"Content-Type": "application/xml"}, XML[name])
    answer = server.get(f"/once{path}")
    assert answer.status == 502, answer
    assert kit.problem(answer)["code"] in ("origin-denied", "origin-failed")
    assert b"root:" not in answer.body
    assert origin.sent[f"/b{path}"] < 16 << 20


def test_secrets_stay_here(reads, origin):
    """Neither the store nor a log ever sees the secret."""
    origin.at["/b/x.png"] = bad.s3_error(403, "SignatureDoesNotMatch")
    server = reads()
    server.get("/x.png")
    seen = str([v.headers for v in origin.visits]) + server.log() \
        + server.access_path.read_text()
    assert "very-secret" not in seen
    assert "AKIDTEST" in str(origin.visits[0].headers)


KEYS = {"a//b.png": "/a//b.png", "/a.png": "//a.png", "c/": "/c/",
    "//": "/%2F%2F", "d///e//f.png": "/d/%2F/e//f.png"}


def test_keys_with_empty_segments(start, place, origin):
    """A bucket knows no folders: each is sent as it is, in every language,
    and is another image than the one without; a folder knows none."""
    folder = place / "folder"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "b.png").write_bytes(PNG)
    server = start({**sections(origin, "s3", "/", negative="1m"),
        "store.web": {"type": "http", "endpoint": origin.url + "/b",
            "networks": "127.0.0.0/8"},
        "mount.web": {"path": "/web/", "stores": "web"},
        "mount.dit": {"path": "/dit/", "stores": "s3", "dialect": "dit"},
        "store.files": {"root": folder},
        "mount.files": {"path": "/files/", "stores": "files s3"}})
    for width, (key, path) in enumerate(KEYS.items(), 21):
        origin.at[f"/b/{key}"] = bad.whole(PNG)
        is_png_of(server.get(f"{path}?width={width}"), width)
        assert origin.asked[f"/b/{key}"] == 1
    is_png_of(server.get("/web//a.png?width=30"), 30)
    json = b'{"key":"/a.png","edits":{"resize":{"width":30}}}'
    is_png_of(server.get("/dit/" + base64.b64encode(json).decode()), 30)
    is_png_of(server.get("/dit/30x0/a//b.png"), 30)
    assert origin.asked["/b//a.png"] == 3
    origin.other = bad.s3_error(404, "NoSuchKey")
    problem(server.get("/a/b.png"), 404, "no-source")
    is_png_of(server.get("/files/a/b.png?width=9"), 9)
    is_png_of(server.get("/files/a/b.png?overlay=//s3/a//b.png"), 200)
    for path in ("/files/a//b.png", "/files//a/b.png", "/files/a/b.png/",
            "/files/a/b.png?overlay=/a/b.png", "/a//../b.png", "//../b.png",
            "/web//%2e%2e/b.png"):
        problem(server.get(path), 400,
            "bad-value" if "overlay" in path else "bad-url")


# ---- TLS of stores of type http ----

def test_https(start, place):
    authority = certs.Authority(place / "tls")
    certificate, key = authority.issue("origin")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    mutual = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    mutual.load_cert_chain(certificate, key)
    mutual.load_verify_locations(authority.ca)
    mutual.verify_mode = ssl.CERT_REQUIRED
    ours, our_key = authority.issue("pictor", hosts=())
    other, other_key = certs.Authority(place / "else", "Other").issue("other",
        hosts=())
    for path in (our_key, other_key):
        path.chmod(0o600)
    plain, strict = bad.Origin(context=context), bad.Origin(context=mutual)
    try:
        plain.other = strict.other = bad.whole(PNG)
        known = {"ca_file": authority.ca}
        cases = {"good": (plain, known, 200), "nobody": (plain, {}, 502),
            "name": (plain, {**known, "endpoint":
                f"https://127.0.0.2:{plain.port}/"}, 502),
            "mutual": (strict, {**known, "client_cert": ours,
                "client_key": our_key}, 200),
            "missing": (strict, known, 502),
            "other": (strict, {**known, "client_cert": other,
                "client_key": other_key}, 502)}
        conf = {}
        for name, (origin, more, _) in cases.items():
            conf[f"store.{name}"] = {"type": "http", "retries": 0,
                "endpoint": origin.url + "/", "networks": "127.0.0.0/8",
                "failures": 0, **more}
            conf[f"mount.{name}"] = {"path": f"/{name}/", "stores": name}
        server = start(conf)
        for name, (_, _, status) in cases.items():
            answer = server.get(f"/{name}/x.png?width=50")
            assert answer.status == status, (name, answer)
    finally:
        plain.stop()
        strict.stop()


def test_trickle_costs_a_bucket_nothing(reads, origin):
    """As in test_http_origin.py, of a bucket: one worker, eight slow ones."""
    for n in range(8):
        origin.at[f"/b/slow{n}.png"] = bad.trickle(LARGE, 1000, ETAG, 3000)
    origin.other = bad.whole(PNG)
    server = reads(conf={"http": {"deadline": "120s"}}, timeout="120s",
        silent_time="30s")
    sockets = []
    for n in range(8):
        s = server.connect()
        s.sendall(b"GET /slow%d.png?width=50 HTTP/1.1\r\nHost: h\r\n\r\n" % n)
        sockets.append(s)
    until(lambda: sum(origin.now[f"/b/slow{n}.png"] for n in range(8)) == 8,
        "all are under way")
    for n in range(40):
        is_png_of(server.get(f"/{n}.png?width=50"), 50)
    assert sum(origin.now[f"/b/slow{n}.png"] for n in range(8)) == 8
    for s in sockets:
        s.close()
    until(lambda: sum(origin.left[f"/b/slow{n}.png"] for n in range(8)) == 8,
        "all are left")
