# SPDX-License-Identifier: Apache-2.0
"""Malformed and hostile HTTP, byte by byte: each is refused with its status
and the end of the connection, and the next viewer is served."""
import json
import time

import pytest

import images
from server import Server
from wire import Wire

GOOD = "GET /small.png?width=8 HTTP/1.1\r\nHost: a.example\r\n"
SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n"

# name: (bytes, status, parameter that the problem names, or None)
REFUSED = {
    "both lengths": ("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 400,
        "Transfer-Encoding"),
    "both lengths, other order": ("POST /x HTTP/1.1\r\nHost: a\r\n"
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"
        + SMUGGLED, 400, "Transfer-Encoding"),
    "two lengths": ("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n"
        "Content-Length: 44\r\n\r\n" + SMUGGLED, 400, "Content-Length"),
    "two codings": ("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
        "identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
        "Transfer-Encoding"),
    "unknown coding": ("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
        "xchunked\r\n\r\n", 400, "Transfer-Encoding"),
    "coding in HTTP/1.0": ("POST /x HTTP/1.0\r\nTransfer-Encoding: chunked"
        "\r\n\r\n0\r\n\r\n", 400, "Transfer-Encoding"),
    "chunked GET": (GOOD + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        + SMUGGLED, 400, "body"),
    "GET with a body": (GOOD + "Content-Length: 5\r\n\r\nabcde" + SMUGGLED,
        400, "body"),
    "HEAD with a body": ("HEAD /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5"
        "\r\n\r\nabcde", 400, None),
    "OPTIONS with a body": ("OPTIONS /x HTTP/1.1\r\nHost: a\r\n"
        "Content-Length: 5\r\n\r\nabcde", 400, "body"),
    "two hosts": (GOOD + "Host: b.example\r\n\r\n", 400, "Host"),
    "two equal hosts": (GOOD + "Host: a.example\r\n\r\n", 400, "Host"),
    "no host": ("GET /x HTTP/1.1\r\n\r\n", 400, "Host"),
    "host with a space": ("GET /x HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "Host"),
    "host with a path": ("GET /x HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "Host"),
    "space before the colon": (GOOD + "X-A : b\r\n\r\n", 400, "header"),
    "Transfer-Encoding with a space": ("POST /x HTTP/1.1\r\nHost: a\r\n"
        "Content-Length: 5\r\nTransfer-Encoding : chunked\r\n\r\nabcde", 400,
        "header"),
    "name with a quote": (GOOD + 'X"A: b\r\n\r\n', 400, "header"),
    "empty name": (GOOD + ": b\r\n\r\n", 400, "header"),
    "folded line": (GOOD + "X-A: b\r\n c: d\r\n\r\n", 400, None),
    "folded with a tab": (GOOD + "X-A: b\r\n\tmore\r\n\r\n", 400, "header"),
    "folded first line": ("GET /x HTTP/1.1\r\n Host: a\r\nHost: b\r\n\r\n",
        400, None),
    "zero byte in a value": (GOOD + "X-A: b\0c\r\n\r\n", 400, "header"),
    "zero byte hides a length": ("POST /x HTTP/1.1\r\nHost: a\r\n"
        "X-A: b\0\r\nContent-Length: 5\r\n\r\nabcde", 400, "header"),
    "zero byte in the last value": (GOOD + "X-A: b\0\r\n\r\n", 400, "header"),
    "zero byte in a name": (GOOD + "X\0A: b\r\n\r\n", 400, None),
    "zero byte in the target": ("GET /small.png\0.jpg HTTP/1.1\r\n"
        "Host: a\r\n\r\n", 400, "request line"),
    "bare return in a value": (GOOD + "X-A: b\rX-B: c\r\n\r\n", 400, "header"),
    "control byte in a value": (GOOD + "X-A: b\x07\r\n\r\n", 400, "header"),
    "space in the target": ("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400,
        "target"),
    "tab in the target": ("GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", 400,
        "target"),
    "control byte in the target": ("GET /a\x01b HTTP/1.1\r\nHost: a\r\n\r\n",
        400, "target"),
    "two spaces before the target": ("GET  /a HTTP/1.1\r\nHost: a\r\n\r\n",
        400, "request line"),
    "two spaces behind the target": ("GET /a  HTTP/1.1\r\nHost: a\r\n\r\n",
        400, "target"),
    "tab before the target": ("GET\t/a HTTP/1.1\r\nHost: a\r\n\r\n", 400,
        None),
    "target without a slash": ("GET small.png HTTP/1.1\r\nHost: a\r\n\r\n", 400,
        "target"),
    "star with GET": ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target"),
    "authority form": ("CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\n\r\n",
        400, "target"),
    "other scheme": ("GET ftp://a/x HTTP/1.1\r\nHost: a\r\n\r\n", 400,
        "target"),
    "user in the target": ("GET http://u@a/x HTTP/1.1\r\nHost: a\r\n\r\n",
        400, "target"),
    "method with a slash": ("G/T /x HTTP/1.1\r\nHost: a\r\n\r\n", 400,
        "method"),
    "length with a sign": ("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: "
        "+5\r\n\r\nabcde", 400, None),
    "length in hex": ("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5"
        "\r\n\r\nabcde", 400, None),
    "length twice in one line": ("POST /x HTTP/1.1\r\nHost: a\r\n"
        "Content-Length: 5, 5\r\n\r\nabcde", 400, None),
    "length of 20 digits": ("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: "
        "99999999999999999999\r\n\r\n", 413, None),
    "line without a colon": (GOOD + "nonsense\r\n\r\n", 400, None),
    "no version": ("GET /x\r\nHost: a\r\n\r\n", 400, None),
    "version 2": ("GET /x HTTP/2.0\r\nHost: a\r\n\r\n", 505, None),
    "version 0.9": ("GET /x HTTP/0.9\r\nHost: a\r\n\r\n", 505, None),
    "long version": ("GET /x HTTP/1.10\r\nHost: a\r\n\r\n", 400, None),
    "TLS": ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", None,
        None),
    "one word": ("hello\r\n\r\n", None, None),
}


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    files = tmp_path_factory.mktemp("files")
    (files / "small.png").write_bytes(images.png(64, 48))
    (files / "Grüße (1+1).png").write_bytes(images.png(64, 48))
    (files / "empty.jpg").write_bytes(b"")
    (files / "text.jpg").write_bytes(b"no image\n" * 99)
    server = Server(tmp_path_factory.mktemp("place"), files,
        {"http": {"idle_time": "2s"}})
    server.start()
    yield server.port
    server.stop()


def is_alive(port):
    with Wire(port) as wire:
        return wire.ask("/small.png?width=8").status == 200


@pytest.mark.parametrize("name", REFUSED)
def test_refused(port, name):
    data, status, parameter = REFUSED[name]
    with Wire(port) as wire:
        wire.send(data)
        answer = wire.answer("HEAD" if data.startswith("HEAD") else "GET")
        if status is None:
            assert answer is None or answer.status >= 400
        else:
            assert answer is not None and answer.status == status, answer
            assert answer.headers["Connection"] == "close"
        if parameter:
            problem = json.loads(answer.body)
            assert problem["code"] == "bad-request"
            assert problem["parameter"] == parameter
            assert answer.headers["X-Request-Id"] == problem["request_id"]
        # What was smuggled is not a second request.
        assert wire.is_closed()
    assert is_alive(port)


@pytest.mark.parametrize("size", range(1, 120, 7))
def test_head_in_pieces(port, size):
    """Where a head is cut into packets means nothing."""
    head = b"GET /small.png?width=8 HTTP/1.1\r\nHost: a\r\nX-A: b\r\n\r\n"
    with Wire(port) as wire:
        wire.send(head[:size])
        time.sleep(0.01)
        if size < len(head):
            wire.send(head[size:])
        assert wire.answer().status == 200


def test_pipelined(port):
    """Requests sent at once are answered one by one, in order."""
    head = "GET /small.png?width={} HTTP/1.1\r\nHost: a\r\n\r\n"
    with Wire(port) as wire:
        wire.send("".join(head.format(w) for w in (8, 9, 8, 10)))
        answers = [wire.answer() for _ in range(4)]
    assert [a.status for a in answers] == [200] * 4
    assert answers[0].body == answers[2].body != answers[1].body
    assert len({a.headers["X-Request-Id"] for a in answers}) == 4


def test_bare_newlines(port):
    """Allowed (RFC 9112 section 2.2): people type requests."""
    with Wire(port) as wire:
        wire.send("\nGET /small.png?width=8 HTTP/1.1\nHost: a\n\n")
        assert wire.answer().status == 200


def test_absolute_target(port):
    with Wire(port) as wire:
        assert wire.ask("http://b.example:80/small.png?width=8").status == 200
        assert wire.ask("HTTP://b.example").status in (400, 404)


def test_raw_utf8(port):
    """Browsers may send it."""
    with Wire(port) as wire:
        wire.send("GET /Grüße%20(1+1).png?width=8 HTTP/1.1\r\nHost: a\r\n\r\n"
            .encode())
        assert wire.answer().status == 200


def test_old_http(port):
    with Wire(port) as wire:
        wire.send("GET /small.png?width=8 HTTP/1.0\r\n\r\n")
        answer = wire.answer()
        assert answer.status == 200
        assert wire.is_closed()
    with Wire(port) as wire:
        for _ in range(2):
            wire.send("GET /small.png?width=8 HTTP/1.0\r\n"
                "Connection: keep-alive\r\n\r\n")
            answer = wire.answer()
            assert answer.status == 200
            assert answer.headers["Connection"].lower() == "keep-alive"


def test_head_sizes(port):
    """16k by default: up to it all is well, beyond it 431, or 414 when it is
    the URL; however large it is, the server reads no more than it wants."""
    with Wire(port) as wire:
        assert wire.ask("/small.png?width=8", "X-A: " + "a" * 15000).status \
            == 200
        answer = wire.ask("/small.png?width=8", "X-A: " + "a" * 17000)
        assert answer.status == 431
        assert json.loads(answer.body)["code"] == "head-too-large"
        assert wire.is_closed()
    with Wire(port) as wire:
        answer = wire.ask("/" + "a" * 8100)
        assert answer.status == 414
        assert json.loads(answer.body)["code"] == "url-too-long"
        # Its head was good: the connection can be kept.
        assert wire.ask("/small.png?width=8").status == 200
    with Wire(port) as wire:
        assert wire.ask("/" + "a" * 17000).status == 414
    for target, line in (("/" + "a" * 60000, "X-A: b"),
            ("/", "X-A: " + "a" * 60000)):
        with Wire(port) as wire:
            try:
                answer = wire.ask(target, line)
            except BrokenPipeError:
                continue
            assert answer is None or answer.status in (414, 431)
            assert wire.is_closed()
    assert is_alive(port)


def test_many_header_lines(port):
    with Wire(port) as wire:
        lines = [f"X-{i}: {i}" for i in range(60)]
        assert wire.ask("/small.png?width=8", *lines).status == 200
    with Wire(port) as wire:
        lines = [f"X-{i}: {i}" for i in range(3000)]
        answer = wire.ask("/small.png?width=8", *lines)
        assert answer is None or answer.status == 431
    assert is_alive(port)


def test_kept_after_errors(port):
    """One connection, many ends of requests."""
    with Wire(port) as wire:
        assert wire.ask("/none.png").status == 404
        assert wire.ask("/small.png?widht=8").status == 400
        assert wire.ask("/text.jpg?width=8").status == 415
        assert wire.ask("/empty.jpg").status == 422
        assert wire.ask("/%zz").status == 400
        assert wire.ask("/-/none").status == 404
        assert wire.ask("/small.png", method="DELETE").status == 405
        assert wire.ask("/small.png?width=8", method="HEAD").status == 200
        answer = wire.ask("/small.png?width=8")
        assert answer.status == 200
        tag = answer.headers["ETag"]
        assert wire.ask("/small.png?width=8",
            f"If-None-Match: {tag}").status == 304
        assert wire.ask("/small.png?width=8", "Range: bytes=0-3").body \
            == answer.body[:4]
        assert wire.ask("/small.png?width=8",
            "Range: bytes=99999-").status == 416
        assert wire.ask("/x", method="OPTIONS").status == 204
        wire.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
            "\r\nabcde")
        assert wire.answer().status == 405
        assert wire.ask("/small.png?width=8").status == 200
        assert wire.ask("/small.png?width=8", "Connection: close").headers[
            "Connection"] == "close"
        assert wire.is_closed()


def test_expectation(port):
    """100 Continue comes before a small body is read; a large one, or one of
    unknown length, is refused instead."""
    with Wire(port) as wire:
        wire.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
            "Expect: 100-continue\r\n\r\n")
        assert wire.answer().status == 100
        wire.send("abcde")
        assert wire.answer().status == 405
    for line in ("Content-Length: 1000000000", "Transfer-Encoding: chunked"):
        with Wire(port) as wire:
            answer = wire.ask("/x", line, "Expect: 100-continue",
                method="PUT")
            assert answer.status == 405
            assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
            assert wire.is_closed()


def test_silence(port):
    """A connection that says nothing is closed after idle_time; so is one
    that dribbles a head, whatever comes."""
    with Wire(port) as silent, Wire(port) as dribbling:
        dribbling.send("GET /small.png HTTP/1.1\r\nHost: a\r\n")
        for _ in range(40):
            try:
                dribbling.send("X-A: b\r\n")
            except OSError:
                break
            if dribbling.is_closed(0.2):
                break
        else:
            pytest.fail("a head may take for ever")
        assert silent.is_closed(5)
    assert is_alive(port)


def test_dribbled_body(port):
    """Nor may a body that is thrown away take for ever."""
    with Wire(port) as dribbling:
        dribbling.send("POST /x HTTP/1.1\r\nHost: a\r\n"
            "Content-Length: 60000\r\n\r\n")
        for _ in range(40):
            try:
                dribbling.send("b")
            except OSError:
                break
            if dribbling.is_closed(0.2):
                break
        else:
            pytest.fail("a body may take for ever")
    assert is_alive(port)
