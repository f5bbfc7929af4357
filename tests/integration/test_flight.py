# SPDX-License-Identifier: Apache-2.0
"""Many who ask for the same at the same time: one rendering; whoever leaves
leaves alone; when all have left the work stops."""
import threading
import time

import pytest

import images
from server import until

SLOW = "/slow.png?width=700&blur=9"


@pytest.fixture
def slow(files):
    """An original that takes some tenths of a second."""
    (files / "slow.png").write_bytes(images.png(4000, 3000))


def request(path):
    return (f"GET {path} HTTP/1.1\r\nHost: x\r\n"
        "Connection: close\r\n\r\n").encode()


def ask_all(server, path, count):
    """Asks count times at once; all answers."""
    answers = [None] * count
    gate = threading.Barrier(count)

    def ask(i):
        gate.wait()
        answers[i] = server.get(path)

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def renders(server):
    return server.metric("pictor_renders_total")


def test_one_rendering(start, slow):
    server = start()
    answers = ask_all(server, SLOW, 32)
    assert [a.status for a in answers] == [200] * 32
    assert len({a.body for a in answers}) == 1
    assert len({a.headers["ETag"] for a in answers}) == 1
    assert renders(server) == 1
    how = [a.headers["X-Cache"] for a in answers]
    assert how.count("miss") == 1
    assert how.count("joined") + how.count("hit") == 31
    assert how.count("joined") > 0
    assert server.metric("pictor_requests_total", cache="miss") == 1
    events = server.events(32)
    assert [e["type"] for e in events].count("image.rendered") == 1
    until(lambda: server.metric("pictor_flights") == 0, "it has ended")


def test_different_renderings(start, slow):
    """Another width is another piece of work."""
    server = start()
    for i, width in enumerate((301, 302, 303)):
        assert server.get(f"/slow.png?width={width}").status == 200
        assert renders(server) == i + 1


def test_one_error(server):
    """An error is shared as a result is; it is not kept."""
    answers = ask_all(server, "/none.png?width=16", 16)
    assert [a.status for a in answers] == [404] * 16
    assert len({a.headers["X-Request-Id"] for a in answers}) == 16
    assert server.get("/none.png?width=16").status == 404
    assert renders(server) == 0


def test_some_leave(start, slow):
    """The one who asked first leaves, and others: who stays is answered."""
    server = start()
    leavers = [server.connect() for _ in range(5)]
    for s in leavers:
        s.sendall(request(SLOW))
        time.sleep(0.01)
    stayer = server.connect()
    stayer.sendall(request(SLOW))
    time.sleep(0.05)
    for s in leavers:
        s.close()
    answer = b""
    while part := stayer.recv(65536):
        answer += part
    stayer.close()
    assert answer.startswith(b"HTTP/1.1 200 "), answer[:200]
    assert renders(server) == 1
    events = server.events(6)
    codes = [e["error_code"] for e in events]
    assert codes.count("client-gone") == 5
    assert codes.count(None) == 1
    assert [e["status"] for e in events].count(499) == 5


def test_all_leave(start, files):
    """Nobody waits any more: the work ends long before it would be done."""
    (files / "slow.png").write_bytes(images.png(8000, 6000))
    path = "/slow.png?width=2000&blur=50&sharpen=5"
    server = start()
    leavers = [server.connect() for _ in range(3)]
    for s in leavers:
        s.sendall(request(path))
    until(lambda: server.metric("pictor_flights") == 1, "in flight")
    for s in leavers:
        s.close()
    until(lambda: server.metric("pictor_flights") == 0, "work has ended")
    assert renders(server) == 0
    events = server.events(3)
    assert [e["error_code"] for e in events] == ["client-gone"] * 3
    # The workers are there for the next one.
    assert server.get("/cat.png?width=16").status == 200


def test_own_deadline(start, files):
    """A request's deadline is its own: 504, and no error of the work's."""
    (files / "slow.png").write_bytes(images.png(8000, 6000))
    server = start({"http": {"deadline": "200ms"}})
    answer = server.get("/slow.png?width=2000&blur=50&sharpen=5")
    assert answer.status == 504, answer
    assert b'"code":"deadline"' in answer.body
    until(lambda: server.metric("pictor_flights") == 0, "work has ended")
    # It has a deadline, too, on a machine that may be busy.
    until(lambda: server.get("/cat.png?width=16").status == 200, "it works")
