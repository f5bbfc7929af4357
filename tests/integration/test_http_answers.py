# SPDX-License-Identifier: Apache-2.0
"""What answers carry: validators, conditions, ranges, caching, CORS, timing,
identity, and the daemon's own pages."""
import email.utils
import json
import os
import re
import time

import pytest

import images
from server import Server, until
from wire import Wire

URL = "/cat.png?width=32"
AVIF = "image/avif,image/webp,*/*;q=0.8"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    files = tmp_path_factory.mktemp("files")
    (files / "cat.png").write_bytes(images.png(64, 48))
    os.utime(files / "cat.png", (784111777, 784111777))
    server = Server(tmp_path_factory.mktemp("place"), files, {"http": {
        "server_timing": "on", "page": "off"}})
    server.start()
    yield server
    server.stop()


@pytest.fixture
def ask(served):
    with Wire(served.port) as wire:
        yield wire.ask


@pytest.fixture
def whole(ask):
    """The whole image, from the cache."""
    ask(URL)
    return ask(URL)


def test_image(ask, whole):
    assert whole.status == 200
    h = whole.headers
    assert h["Content-Type"] == "image/png"
    assert int(h["Content-Length"]) == len(whole.body)
    assert re.fullmatch(r'"[\w-]{20,38}"', h["ETag"])
    assert h["Last-Modified"] == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert h["Cache-Control"] == "public, max-age=31536000"
    assert h["Accept-Ranges"] == "bytes"
    assert h["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in h["Content-Security-Policy"]
    assert h["Access-Control-Allow-Origin"] == "*"
    assert h["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert 0 <= int(h["Age"]) < 60
    assert abs(time.time() - email.utils.parsedate_to_datetime(
        h["Date"]).timestamp()) < 30
    assert h.get("Vary") is None and h.get("Set-Cookie") is None
    assert h.get("Server") == "Pictor"


@pytest.mark.parametrize("query, shape", [
    ("width=20", (20, 15, 3)),
    ("width=20&grayscale=true", (20, 15, 1)),
    ("width=20&depth=16", (20, 15, 6)),
    ("width=20&grayscale=true&depth=16", (20, 15, 2)),
    ("width=20&ensure_alpha=0.5", (20, 15, 4)),
    ("width=20&colourspace=b-w&ensure_alpha=0.5&rotate=90", (20, 27, 2)),
])
def test_bare_pixels_say_their_shape(ask, query, shape):
    for again in (False, True):
        got = ask(f"/cat.png?{query}&format=raw")
        assert got.status == 200, (again, got.body)
        assert got.headers["Content-Type"] == "application/octet-stream"
        assert got.headers["X-Image-Size"] == "x".join(map(str, shape))
        assert len(got.body) == shape[0] * shape[1] * shape[2]
    assert "X-Image-Size" not in ask(URL).headers


def test_first_and_second(ask):
    first = ask("/cat.png?width=31")
    second = ask("/cat.png?width=31")
    assert first.headers["X-Cache"] == "miss"
    assert first.headers.get("Age") is None
    assert second.headers["X-Cache"] == "hit"
    assert first.headers["ETag"] == second.headers["ETag"]
    assert "render;dur=" in first.headers["Server-Timing"]
    assert "render" not in second.headers["Server-Timing"]
    for part in second.headers["Server-Timing"].split(", "):
        assert re.fullmatch(r"[a-z]+;dur=\d+\.\d{3}", part)


def test_head(ask, whole):
    answer = ask(URL, method="HEAD")
    assert answer.status == 200
    varying = {"x-request-id", "date", "age", "server-timing"}
    assert {k: v for k, v in answer.headers.items() if k not in varying} \
        == {k: v for k, v in whole.headers.items() if k not in varying}
    assert ask("/none.png", method="HEAD").status == 404


@pytest.mark.parametrize("tags", ["{0}", "W/{0}", '"x", {0}', "*",
    '"a,b",W/"c" , {0}'])
def test_not_modified(ask, whole, tags):
    tag = whole.headers["ETag"]
    answer = ask(URL, "If-None-Match: " + tags.format(tag))
    assert (answer.status, answer.body) == (304, b"")
    for name in ("ETag", "Cache-Control", "Access-Control-Allow-Origin"):
        assert answer.headers[name] == whole.headers[name]
    for name in ("Last-Modified", "Content-Type"):
        assert answer.headers.get(name) is None


@pytest.mark.parametrize("lines", [
    ['If-None-Match: "x"'],
    ["If-None-Match: x"],
    ['If-None-Match: "x"', "If-Modified-Since: Mon, 01 Jan 2035 00:00:00 GMT"],
    ["If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT"],
    ["If-Modified-Since: tomorrow"],
])
def test_modified(ask, whole, lines):
    answer = ask(URL, *lines)
    assert answer.status == 200
    assert answer.body == whole.body


@pytest.mark.parametrize("date", ["Sun, 06 Nov 1994 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    "Mon, 01 Jan 2035 00:00:00 GMT"])
def test_not_modified_since(ask, whole, date):
    assert ask(URL, f"If-Modified-Since: {date}").status == 304


def test_two_lines_are_a_list(ask, whole):
    tag = whole.headers["ETag"]
    assert ask(URL, 'If-None-Match: "x"', f"If-None-Match: {tag}").status \
        == 304


@pytest.mark.parametrize("field, first, last", [
    ("bytes=0-0", 0, 0), ("bytes=3-9", 3, 9), ("bytes=-4", -4, -1),
    ("bytes=5-", 5, -1), ("bytes=0-999999", 0, -1)])
def test_range(ask, whole, field, first, last):
    size = len(whole.body)
    answer = ask(URL, f"Range: {field}")
    first, last = first % size, last % size
    assert answer.status == 206
    assert answer.body == whole.body[first:last + 1]
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
    assert answer.headers["ETag"] == whole.headers["ETag"]
    assert answer.headers["Content-Type"] == "image/png"


@pytest.mark.parametrize("field", ["bytes=0-1,3-4", "bytes=4-2", "lines=1-2",
    "bytes=x-", "bytes="])
def test_range_ignored(ask, whole, field):
    assert ask(URL, f"Range: {field}").body == whole.body


def test_range_outside(ask, whole):
    answer = ask(URL, "Range: bytes=99999-")
    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(whole.body)}"
    problem = json.loads(answer.body)
    assert problem["code"] == "bad-range"
    assert problem["parameter"] == "Range"


def test_if_range(ask, whole):
    tag, date = whole.headers["ETag"], whole.headers["Last-Modified"]
    for good in (tag, date):
        assert ask(URL, "Range: bytes=0-3", f"If-Range: {good}").status == 206
    for bad in ('"x"', f"W/{tag}", "Sun, 06 Nov 1994 08:49:38 GMT", "x"):
        assert ask(URL, "Range: bytes=0-3", f"If-Range: {bad}").body \
            == whole.body


def test_pieces_make_the_whole(ask, whole):
    """As a download that goes on where it broke off."""
    pieces, at = b"", 0
    while at < len(whole.body):
        answer = ask(URL, f"Range: bytes={at}-{at + 49}",
            f"If-Range: {whole.headers['ETag']}")
        assert answer.status == 206
        pieces += answer.body
        at += len(answer.body)
    assert pieces == whole.body


def test_not_modified_beats_range(ask, whole):
    answer = ask(URL, "Range: bytes=0-3",
        f"If-None-Match: {whole.headers['ETag']}")
    assert answer.status == 304


def test_record_without_bytes(start, files):
    """The bytes are gone from the cache, the ETag is not: 304 without work."""
    server = start({"cache": {"memory": "20k"}})
    for i in range(12):
        (files / f"{i}.png").write_bytes(images.png(200, 150, seed=i))
    with Wire(server.port) as wire:
        tags = [wire.ask(f"/{i}.png?width=190").headers["ETag"]
            for i in range(12)]
        before = server.metric("pictor_renders_total")
        held = [wire.ask(f"/{i}.png?width=190", f"If-None-Match: {tag}")
            for i, tag in enumerate(tags)]
        assert [a.status for a in held] == [304] * 12
        assert server.metric("pictor_renders_total") == before


def test_vary(ask):
    for accept, kind in ((AVIF, "image/avif"), ("image/webp", "image/webp"),
            ("*/*", "image/")):
        answer = ask("/cat.png?width=30&format=auto", f"Accept: {accept}")
        assert answer.headers["Vary"] == "Accept"
        assert answer.headers["Content-Type"].startswith(kind)


def test_preflight(ask):
    answer = ask(URL, "Origin: https://a.example",
        "Access-Control-Request-Method: GET", method="OPTIONS")
    assert answer.status == 204
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "GET" in answer.headers["Access-Control-Allow-Methods"]
    assert ask("*", method="OPTIONS").status == 204


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "get", "TRACE",
    "BREW"])
def test_other_methods(ask, method):
    for path in (URL, "/robots.txt", "/favicon.ico", "/-/errors"):
        answer = ask(path, method=method)
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
        assert json.loads(answer.body)["code"] == "not-allowed"


def test_problem(ask):
    answer = ask("/cat.png?width=abc%3Cb%3E")
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers.get("ETag") is None
    problem = json.loads(answer.body)
    assert problem["status"] == 400
    assert problem["code"] == "bad-value"
    assert problem["parameter"] == "width"
    assert problem["value"] == "abc<b>"
    assert "accepted" in problem
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    assert problem["type"].endswith("#bad-value")
    page = ask(problem["type"].split("#")[0])
    assert page.status == 200
    assert b'id="bad-value"' in page.body


def test_request_id(ask, served):
    own = ask(URL).headers["X-Request-Id"]
    assert re.fullmatch("[0-9a-f]{32}", own)
    assert ask(URL).headers["X-Request-Id"] != own
    amazon = "4Oq1GNmVVaPdIUTkvdzaHnwD8ehqYGnM-Xx_5YAdUANkC1kLs2-ZBw=="
    answer = ask(URL, f"X-Amz-Cf-Id: {amazon}", "X-Request-Id: other")
    assert answer.headers["X-Request-Id"] == amazon
    assert ask(URL, "X-Request-Id: abc-1").headers["X-Request-Id"] == "abc-1"
    for bad in ("a b", "a" * 80, 'a"b', "a<b", "\xe9"):
        answer = ask(URL, f"X-Amz-Cf-Id: {bad}")
        assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-Id"])
    until(lambda: f"id={amazon} " in served.access_path.read_text(),
        "the id is in the log")


def test_small_pages(ask):
    icon = ask("/favicon.ico")
    assert icon.status == 204
    robots = ask("/robots.txt")
    assert robots.headers["Content-Type"].startswith("text/plain")
    assert robots.body.startswith(b"User-agent: *\n")
    assert ask("/-/").status == 404
    assert ask("/-/errors?x").status == 200
    assert "default-src 'none'" in ask("/-/errors").headers[
        "Content-Security-Policy"]


def test_own_pages_are_recorded(start):
    server = start()
    with Wire(server.port) as wire:
        wire.ask("/robots.txt")
        wire.ask("/none.png")
        wire.send("GET /x HTTP/1.1\r\n\r\n")
        wire.answer()
    assert [(a["uri"], a["status"]) for a in server.accesses(3)] == [
        ("/robots.txt", "200"), ("/none.png", "404"), ("/x", "400")]


def test_page_is_off(ask):
    assert ask("/").status in (400, 404)


def test_without_extras(start):
    server = start({"http": {"cors_origin": "", "x_cache": "off"}})
    with Wire(server.port) as wire:
        h = wire.ask(URL).headers
    for name in ("Access-Control-Allow-Origin", "X-Cache", "Server-Timing",
            "Timing-Allow-Origin"):
        assert h.get(name) is None
    other = start({"http": {"cors_origin": "https://a.example"}})
    with Wire(other.port) as wire:
        assert wire.ask(URL).headers["Access-Control-Allow-Origin"] \
            == "https://a.example"


def test_host_with_port(start):
    """A mount's hosts are names; the request's port does not matter."""
    server = start({"mount.query": {"path": "/",
        "hosts": "a.example *.b.example"}})
    with Wire(server.port) as wire:
        for host, status in (("a.example", 200), ("A.EXAMPLE:8080", 200),
                ("x.b.example:80", 200), ("c.example", 403),
                ("[::1]:80", 403)):
            wire.send(f"GET {URL} HTTP/1.1\r\nHost: {host}\r\n\r\n")
            assert wire.answer().status == status, host
