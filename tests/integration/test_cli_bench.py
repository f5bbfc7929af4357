# SPDX-License-Identifier: Apache-2.0
"""pictor bench, against pictord and against servers that behave badly."""
import contextlib
import json
import re
import socket
import threading
import time

import pytest

import kit
from cli import bad, good, in_terminal, run
from server import free_port

FIELDS = {"seconds", "requests", "answers", "rate", "connects", "bytes",
    "body_bytes", "statuses", "refused", "broken", "timed_out", "min_ms",
    "mean_ms", "p50_ms", "p75_ms", "p90_ms", "p99_ms", "p99_9_ms", "max_ms"}


@pytest.fixture
def play():
    """play(script) -> the URL of a server; script(connection, number) is
    called for each connection, in a thread."""
    stops = contextlib.ExitStack()

    def run_server(script):
        listener = socket.create_server(("127.0.0.1", 0))
        stops.callback(listener.close)
        count = iter(range(10 ** 9))

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=one, daemon=True,
                    args=(connection, next(count))).start()

        def one(connection, number):
            with connection, contextlib.suppress(OSError):
                script(connection, number)

        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    yield run_server
    stops.close()


def read_head(connection):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = connection.recv(1)
        if not piece:
            raise OSError("closed")
        head += piece
    return head.decode()


def forever(*pieces):
    """Answers each request with these bytes, sent piece by piece."""
    def script(connection, _):
        while True:
            read_head(connection)
            for piece in pieces:
                connection.sendall(piece)
    return script


def measure(url, *words):
    done = run("bench", "--json", *words, url)
    assert done.returncode in (0, 1), done.stderr
    row = json.loads(done.stdout)
    assert set(row) == FIELDS
    assert row["answers"] == sum(row["statuses"].values())
    return row, done.returncode


def test_figures(server):
    url = f"http://127.0.0.1:{server.port}/cat.png?width=20"
    row, status = measure(url, "-N", "200", "-C", "8")
    assert status == 0
    assert row["requests"] == row["answers"] == 200
    assert row["statuses"] == {"200": 200} and row["connects"] == 8
    body = server.get("/cat.png?width=20").body
    assert row["body_bytes"] == 200 * len(body) < row["bytes"]
    times = [row[k] for k in ("min_ms", "p50_ms", "p75_ms", "p90_ms",
        "p99_ms", "p99_9_ms", "max_ms")]
    assert times == sorted(times) and row["min_ms"] > 0
    assert row["rate"] == pytest.approx(200 / row["seconds"])


def test_words(server):
    url = f"http://127.0.0.1:{server.port}/cat.png?width=20"
    text = good("bench", "-N", "300", url)
    assert re.match(r"300 answers in [\d.]+ s: \d+ a second, .*, 16 "
        r"connections\n  status 200 +300\n", text)
    assert re.search(r"\n  50 % +\d", text) and "\n  99.9 % " in text
    bars = re.findall(r"^ *[\d.]+ \w?s - [\d.]+ \w?s +(\d+)(?:  #+)?$", text,
        re.M)
    assert sum(map(int, bars)) == 300 and len(bars) <= 16
    assert max(map(len, text.splitlines())) < 80
    assert good("bench", "-q", "-N", "3", url) == ""


def test_duration(server):
    began = time.monotonic()
    row, _ = measure(f"http://127.0.0.1:{server.port}/cat.png", "-D", "500ms")
    assert 0.4 < row["seconds"] < 2 * kit.PATIENCE
    assert time.monotonic() - began < 5 * kit.PATIENCE
    assert row["answers"] > 10


def test_urls_in_turn_and_statuses(server):
    base = f"http://127.0.0.1:{server.port}"
    done = run("bench", "--json", "-N", "20", "-C", "2", f"{base}/cat.png",
        f"{base}/none.png")
    assert done.returncode == 1
    assert json.loads(done.stdout)["statuses"] == {"200": 10, "404": 10}


def test_a_connection_for_each(server):
    row, _ = measure(f"http://127.0.0.1:{server.port}/cat.png", "-N", "20",
        "--close")
    assert row["connects"] == 20 and row["answers"] == 20


def test_headers_are_sent(play):
    heads = []

    def script(connection, _):
        heads.append(read_head(connection))
        connection.sendall(b"HTTP/1.1 204 \r\n\r\n")
        time.sleep(0.2)

    row, _ = measure(play(script) + "a?b#c", "-N", "1", "-H", "X-One: 1",
        "-H", "X-Two:2")
    assert row["statuses"] == {"204": 1}
    head, = heads
    assert head.startswith("GET /a?b HTTP/1.1\r\nHost: 127.0.0.1:")
    assert "\r\nX-One: 1\r\n" in head and "\r\nX-Two:2\r\n" in head


@pytest.mark.parametrize("pieces, body", [
    ([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"], 5),
    ([b"HTTP/1.1 200 OK\nContent-Length: 0\n\n"], 0),
    ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"5;x=1\r\nhel", b"lo\r\n1", b"0\r\n0123456789abcdef\r\n0\r\nA: b\r\n",
        b"\r\n"], 21),
    ([b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304 Not", b" Modified\r\n",
        b"Content-Length: 99\r\n\r\n"], 0),
])
def test_answers_of_all_kinds(play, pieces, body):
    row, status = measure(play(forever(*pieces)), "-N", "10", "-C", "1")
    assert (row["answers"], row["connects"], status) == (10, 1, 0)
    assert row["body_bytes"] == 10 * body


def test_body_to_the_end_of_the_connection(play):
    def script(connection, _):
        read_head(connection)
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello")

    row, status = measure(play(script), "-N", "10", "-C", "2")
    assert (row["answers"], row["connects"], status) == (10, 10, 0)
    assert row["body_bytes"] == 50


def test_idle_connection_that_is_closed(play):
    """Each is closed without a word after two answers: asked once more."""
    def script(connection, _):
        for _ in range(2):
            read_head(connection)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    row, status = measure(play(script), "-N", "10", "-C", "1")
    assert (row["answers"], row["connects"], status) == (10, 5, 0)


@pytest.mark.parametrize("bytes_", [
    b"hello", b"HTTP/1.1 2x0 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nno\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"ffffffffffffffff\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more",
    b"HTTP/1.1 200 OK\r\n" + 40 * (b"X: " + 1000 * b"y" + b"\r\n"), b""])
def test_broken_answers(play, bytes_):
    def script(connection, _):
        read_head(connection)
        connection.sendall(bytes_)

    row, status = measure(play(script), "-N", "4", "-C", "2")
    assert (row["broken"], row["answers"], status) == (4, 0, 1)


def test_no_answer_in_time(play):
    row, status = measure(play(lambda c, n: time.sleep(5)), "-N", "2",
        "--timeout", "1")
    assert (row["timed_out"], row["answers"], status) == (2, 0, 1)
    assert row["seconds"] < 4 * kit.PATIENCE


def test_no_server():
    port = free_port()
    row, status = measure(f"http://127.0.0.1:{port}/", "-N", "5")
    assert (row["refused"], row["answers"], status) == (5, 0, 1)
    # It does not go on for ten seconds.
    began = time.monotonic()
    text = run("bench", f"http://127.0.0.1:{port}/").stdout
    assert "the first of them: connecting: Connection refused" in text
    assert time.monotonic() - began < 5 * kit.PATIENCE


@pytest.mark.parametrize("words, line", [
    (["https://a/"], "https://a/: only URLs that begin with http:// are "
        "spoken"),
    (["http:///x"], "http:///x: not http://host:port/path"),
    (["http://a:0/"], "http://a:0/: not http://host:port/path"),
    (["http://a/b c"], "http://a/b c: a URL has no blanks; %20 is one"),
    (["http://127.0.0.1/", "-H", "X: a\r\nY: b"],
        "--header X: a\r\nY: b is not NAME:VALUE"),
    (["http://127.0.0.1/", "-H", "nothing"],
        "--header nothing is not NAME:VALUE"),
])
def test_wrong_usage(words, line):
    # Text has one kind of line end.
    assert bad(2, "bench", *words) == line.replace("\r\n", "\n")


def test_live(server):
    text, status = in_terminal("bench", "-D", "1",
        f"http://localhost:{server.port}/cat.png")
    assert status == 0
    assert re.search(r"\r[\d.]+ s  \d+ answers, \d+ a second, half within "
        r"[\d.]+ [mu]?s", text)
    assert "status 200" in text
