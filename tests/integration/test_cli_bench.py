# SPDX-License-Identifier: Apache-2.0
"""pictor bench, against pictord and against servers that behave badly."""
import contextlib
import json
import re
import socket
import ssl
import threading
import time

import pytest

import certs
import kit
from cli import bad, good, in_terminal, run
from server import free_port

FIELDS = {"seconds", "requests", "answers", "rate", "connects", "bytes",
    "body_bytes", "statuses", "refused", "broken", "timed_out", "min_ms",
    "mean_ms", "p50_ms", "p75_ms", "p90_ms", "p99_ms", "p99_9_ms", "max_ms"}


@pytest.fixture
def play():
    """play(script) -> the URL of a server; script(connection, number) is
    called for each connection, in a thread. context: it speaks TLS."""
    stops = contextlib.ExitStack()

    def run_server(script, context=None):
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
            with contextlib.suppress(OSError):
                if context is not None:
                    connection = context.wrap_socket(connection,
                        server_side=True)
                with connection:
                    script(connection, number)

        threading.Thread(target=serve, daemon=True).start()
        return (f"http{'s' if context else ''}://127.0.0.1:"
            f"{listener.getsockname()[1]}/")

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
    assert server.get("/cat.png").status == 200
    row, _ = measure(f"http://127.0.0.1:{server.port}/cat.png", "-D", "500ms")
    # Not the ten seconds that it would take by itself.
    assert 0.4 < row["seconds"] < 9
    assert row["answers"] > 0


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
    row, status = measure(play(lambda c, n: time.sleep(60)), "-N", "2",
        "--timeout", "1")
    assert (row["timed_out"], row["answers"], status) == (2, 0, 1)
    assert row["seconds"] < 40


def test_no_server():
    port = free_port()
    row, status = measure(f"http://127.0.0.1:{port}/", "-N", "5")
    assert (row["refused"], row["answers"], status) == (5, 0, 1)
    # It does not go on for as long as it may.
    began = time.monotonic()
    text = run("bench", "-D", "100s", f"http://127.0.0.1:{port}/").stdout
    assert "the first of them: connecting: Connection refused" in text
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("words, line", [
    (["ftp://a/"], "ftp://a/: not a URL that begins with http:// or https://"),
    (["https://127.0.0.1/", "--cacert", "/nowhere"],
        "/nowhere: no certificates: No such file or directory"),
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


# ---- https ----

@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return certs.Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def speak(authority):
    """speak(**issue) -> a server's side of TLS, with a new certificate."""
    def context(**more):
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(*authority.issue("server", **more))
        made.set_alpn_protocols(["h2", "http/1.1"])
        return made
    return context


HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def test_https(play, speak, authority):
    url = play(forever(HELLO), speak())
    row, status = measure(url, "-N", "100", "-C", "4", "--cacert",
        authority.ca)
    assert (row["answers"], row["connects"], status) == (100, 4, 0)
    assert row["body_bytes"] == 500
    assert row["bytes"] == 100 * len(HELLO)
    row, status = measure(url, "-N", "10", "-C", "2", "--close", "--cacert",
        authority.ca)
    assert (row["answers"], row["connects"], status) == (10, 10, 0)


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2,
    ssl.TLSVersion.TLSv1_3])
def test_https_large_answers(play, speak, authority, newest):
    """More than a socket's buffer, in records of every size."""
    size = 3_000_000
    context = speak()
    context.maximum_version = newest
    pieces = [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size]
    pieces += [bytes(n) for n in (1, 16383, 16385, 99_999)]
    pieces.append(bytes(size - sum(map(len, pieces[1:]))))
    row, status = measure(play(forever(*pieces), context), "-N", "20", "-C",
        "4", "--cacert", authority.ca)
    assert (row["answers"], row["connects"], status) == (20, 4, 0)
    assert row["body_bytes"] == 20 * size


def test_https_idle_connection_that_is_closed(play, speak, authority):
    def script(connection, _):
        for _ in range(2):
            read_head(connection)
            connection.sendall(HELLO)

    row, status = measure(play(script, speak()), "-N", "10", "-C", "1",
        "--cacert", authority.ca)
    assert (row["answers"], row["connects"], status) == (10, 5, 0)


def test_https_and_http_in_turn(play, speak, authority):
    done = run("bench", "--json", "-N", "8", "-C", "2", "--cacert",
        authority.ca, play(forever(HELLO), speak()), play(forever(HELLO)))
    assert done.returncode == 0
    assert json.loads(done.stdout)["answers"] == 8


@pytest.mark.parametrize("issue, why", [
    ({"hosts": ("localhost",)}, "certificate: IP address mismatch"),
    ({"days": -1}, "certificate: certificate has expired"),
])
def test_https_certificates(play, speak, authority, issue, why):
    url = play(forever(HELLO), speak(**issue))
    done = run("bench", "-N", "3", "--cacert", authority.ca, url)
    assert done.returncode == 1
    assert f"the first of them: connecting: {why}" in done.stdout
    assert measure(url, "-N", "3", "--insecure")[1] == 0
    # The system's authorities do not know ours.
    row, status = measure(url, "-N", "3")
    assert (row["refused"], row["answers"], status) == (3, 0, 1)


def test_https_of_a_name(play, speak, authority):
    url = play(forever(HELLO), speak(hosts=("localhost",)))
    row, status = measure(url.replace("127.0.0.1", "localhost"), "-N", "3",
        "--cacert", authority.ca)
    assert (row["answers"], status) == (3, 0)


def test_https_to_who_does_not_speak_it(play):
    def script(connection, _):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        # To close on what was not read would reset it.
        while connection.recv(65536):
            pass

    url = play(script).replace("http:", "https:")
    done = run("bench", "-N", "3", "--timeout", "1", url)
    assert done.returncode == 1
    assert "the first of them: connecting: wrong version number" in done.stdout
