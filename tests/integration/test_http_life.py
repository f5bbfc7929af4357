# SPDX-License-Identifier: Apache-2.0
"""The life of connections: deadlines, viewers who leave, limits, viewers behind
proxies."""
import json
import socket
import time

import pytest

import images
from server import until
from wire import Wire, elapsed

# Some seconds of one worker's work.
SLOW = "/slow.png?width=2000&format=avif&effort=6&quality={}"
SLOW_CONF = {"mount.query": {"path": "/", "max_cost": "1000000"},
    "render": {"timeout": "60s"}}


@pytest.fixture
def slow(files):
    (files / "slow.png").write_bytes(images.png(2400, 1800))


def conf(**http):
    return {**SLOW_CONF, "http": {k: str(v) for k, v in http.items()}}


def in_progress(server):
    return server.metric("pictor_requests_in_progress")


def begin(server, quality=80, lines=()):
    """A connection on which a slow request runs."""
    before = in_progress(server)
    wire = Wire(server.port)
    wire.send(f"GET {SLOW.format(quality)} HTTP/1.1\r\nHost: a\r\n"
        + "".join(line + "\r\n" for line in lines) + "\r\n")
    until(lambda: in_progress(server) > before, "the request runs")
    return wire


# --- deadlines and leaving ---

def test_deadline(start, slow):
    """504 when the time is over; the connection is kept."""
    server = start(conf(deadline="1s"))
    with Wire(server.port) as wire:
        until(lambda: wire.ask("/cat.png?width=8").status == 200, "cached")
        answer, seconds = elapsed(lambda: wire.ask(SLOW.format(50)))
        assert answer.status == 504
        assert json.loads(answer.body)["code"] == "deadline"
        assert seconds > 0.9
        assert wire.ask("/cat.png?width=8").status == 200


@pytest.mark.parametrize("how", ["close", "half", "reset"])
def test_viewer_leaves(start, slow, how):
    """Seen at once, though the request runs on; and the work stops."""
    server = start(conf())
    with begin(server) as wire:
        if how == "half":
            wire.socket.shutdown(socket.SHUT_WR)
        elif how == "reset":
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                b"\1\0\0\0\0\0\0\0")
        if how != "half":
            wire.socket.close()
        event = server.events(1)[0]
        assert event["error_code"] == "client-gone"
    until(lambda: in_progress(server) == 0, "the request has ended")
    until(lambda: server.metric("pictor_flights") == 0, "its work has ended")
    assert server.metric("pictor_renders_total") == 0


def test_many_leave_while_answered(start, files):
    """Viewers leave just when their answers come: nothing is lost."""
    (files / "mid.png").write_bytes(images.png(900, 700))
    server = start()
    count = 60
    for i in range(count):
        wire = Wire(server.port)
        wire.send(f"GET /mid.png?width={300 + i} HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.001 * (i % 30))
        wire.socket.close()
    until(lambda: in_progress(server) == 0, "all have ended")
    server.events(1)
    until(lambda: server.metric("pictor_requests_total") == count,
        "all are counted")
    assert server.get("/cat.png?width=8").status == 200


# --- limits ---

def test_connections(start):
    """More than that wait until one has gone."""
    server = start(conf(connections=3, threads=1))
    wires = [Wire(server.port) for _ in range(3)]
    for wire in wires:
        assert wire.ask("/cat.png?width=8").status == 200
    with Wire(server.port) as late:
        late.send("GET /cat.png?width=8 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert not late.is_closed(0.5)
        assert late.left == b""
        wires[0].socket.close()
        assert late.answer().status == 200
    for wire in wires:
        wire.socket.close()


def test_connections_of_all_listeners(start, place):
    """The limit is one for all: beyond it, who comes is sent away."""
    path = str(place / "http.sock")
    server = start(conf(connections=2))
    server.stop()
    server.set({"http": {"listen": f"127.0.0.1:{server.port} unix:{path}"}})
    server.start()
    with Wire(server.port) as one, Wire(server.port) as other:
        assert one.ask("/cat.png?width=8").status == 200
        assert other.ask("/cat.png?width=8").status == 200
        with Wire(0, socket.AF_UNIX, path) as third:
            assert third.is_closed()
    until(lambda: server.metric("pictor_connections") == 0, "both are gone")
    with Wire(0, socket.AF_UNIX, path) as third:
        assert third.ask("/cat.png?width=8").status == 200


def test_descriptors(start):
    """The usual limit of 1024 is raised to what the connections need."""
    server = start(conf(connections=3000), wrapper=["/bin/sh", "-c",
        'ulimit -S -n 256; exec "$@"', "sh"])
    wires = [Wire(server.port) for _ in range(600)]
    assert {w.ask("/cat.png?width=8").status for w in wires} == {200}
    assert server.metric("pictor_connections") == 600
    for wire in wires:
        wire.socket.close()


def test_connections_of_one_viewer(start, slow):
    server = start(conf(connections_per_viewer=2))
    with begin(server, 50), begin(server, 51), Wire(server.port) as third:
        answer = third.ask("/cat.png?width=8")
        assert answer.status == 429
        assert json.loads(answer.body)["code"] == "too-many-requests"
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["Cache-Control"] == "no-store"
    until(lambda: in_progress(server) == 0, "both have left")
    # As long as their work is not ended, a queue may be too long to wait in.
    until(lambda: server.metric("pictor_workers_busy") == 0, "it is ended")
    with Wire(server.port) as again:
        assert again.ask("/cat.png?width=8").status == 200


def test_requests_of_one_viewer(start):
    server = start(conf(requests_per_viewer=1))
    with Wire(server.port) as wire:
        seen = [wire.ask("/cat.png?width=8").status for _ in range(20)]
    assert seen[:10] == [200] * 10
    assert set(seen[10:]) <= {200, 429} and seen.count(429) >= 8


def test_viewers_behind_proxies(start):
    """Each has limits of its own, and is named in the log."""
    server = start(conf(requests_per_viewer=1,
        trusted_proxies="127.0.0.0/8 10.0.0.0/8"))
    with Wire(server.port) as wire:
        for i in range(30):
            answer = wire.ask("/cat.png?width=8",
                f"X-Forwarded-For: 203.0.113.5, 198.51.100.{i}, 10.1.2.3")
            assert answer.status == 200
    assert {a["viewer"] for a in server.accesses(30)} \
        == {f"198.51.100.{i}" for i in range(30)}


def test_proxies_are_trusted_by_name(start):
    """Who is not behind a trusted one cannot choose an address."""
    server = start(conf())
    line = "X-Forwarded-For: 198.51.100.1"
    with Wire(server.port) as wire:
        wire.ask("/cat.png?width=8", line)
        server.set({"http": {"trusted_proxies": "127.0.0.1"}})
        server.reload()
        wire.ask("/cat.png?width=8", line)
    assert [a["viewer"] for a in server.accesses(2)] \
        == ["127.0.0.1", "198.51.100.1"]


def test_viewer_on_unix_socket_leaves(start, slow, place):
    path = str(place / "http.sock")
    server = start(conf(listen=f"unix:{path}"))
    with Wire(0, socket.AF_UNIX, path) as wire:
        wire.send(f"GET {SLOW.format(80)} HTTP/1.1\r\nHost: a\r\n\r\n")
        until(lambda: in_progress(server) == 1, "the request runs")
    until(lambda: in_progress(server) == 0, "it has been given up")
    until(lambda: server.metric("pictor_flights") == 0, "its work has ended")
    assert server.metric("pictor_renders_total") == 0
