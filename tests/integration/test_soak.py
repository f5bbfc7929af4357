# SPDX-License-Identifier: Apache-2.0
"""Many requests of all sorts, good and bad, leave nothing behind: no memory, no
descriptor, no process, no connection, and each is accounted for."""
import contextlib
import http.client
import os
import random
import re
import shutil
import socket
import threading

import pytest

import kit
import server
from kit import SANITIZED

REQUESTS = 3000 if SANITIZED else 10000
WARM_UP = REQUESTS * 2 // 5
CLIENTS = 6
MIB = 1 << 20
# What malloc's arenas may still find to grow by: less than one kilobyte lost by
# each request would be. Sanitizers keep what was freed.
SLACK = None if SANITIZED else 4 * MIB
WORKER_SLACK = 16 * MIB


class Client:
    """One viewer: a kept connection, and others when there is need."""

    def __init__(self, it, seed, names):
        self.it, self.names = it, names
        self.chance = random.Random(seed)
        self.connection = it.connection()
        self.sent = 0
        self.known = {}
        self.wrong = []

    # -- ways to ask --

    def ask(self, path, *right, method="GET", **headers):
        self.sent += 1
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        answer = kit.ask(self.connection, path, method, headers)
        if answer.status not in right:
            self.wrong.append((method, path, headers, answer))
        return answer

    def raw(self, data, *, wait):
        with socket.create_connection(("127.0.0.1", self.it.port), 60) as s:
            s.sendall(data)
            with contextlib.suppress(ConnectionResetError):
                while wait and s.recv(65536):
                    pass

    # -- what is asked --

    def hit(self):
        path = f"/photo.jpg?width={self.chance.randrange(10, 30)}"
        answer = self.ask(path, 200)
        self.known[path] = answer.headers["ETag"], len(answer.body)

    def miss(self):
        name = self.chance.choice(self.names)
        kind = self.chance.choice(("jpeg", "png", "webp", "auto"))
        width = self.chance.randrange(1, 120)
        height = self.chance.randrange(1, 120)
        self.ask(f"/{name}?width={width}&height={height}&format={kind}", 200,
            Accept="image/webp")

    def head(self):
        assert self.ask("/photo.jpg?width=10", 200, method="HEAD").body == b""

    def conditional(self):
        if self.known:
            path, (etag, _) = self.chance.choice(list(self.known.items()))
            self.ask(path, 304, If_None_Match=etag)

    def part(self):
        if self.known:
            path, (_, size) = self.chance.choice(list(self.known.items()))
            self.ask(path, 206, Range=f"bytes=0-{size // 2}")
            self.ask(path, 416, Range=f"bytes={size}-")

    def new_connection(self):
        self.connection.close()
        self.ask("/photo.jpg?width=10", 200)

    def own(self):
        self.ask("/favicon.ico", 204)
        self.ask("/-/errors", 200)
        self.ask("/photo.jpg", 204, method="OPTIONS")

    def broken_url(self):
        path = self.chance.choice(("/photo.jpg?width=-1", "/photo.jpg?a=b",
            "/photo.jpg%00", "/photo.jpg?w=1&w=2", "/photo.jpg?blur=nan",
            "/../etc/passwd", "/photo.jpg?%zz"))
        self.ask(path, 400)

    def bad_original(self):
        path, status = self.chance.choice((("/missing.jpg", 404),
            ("/folder", 404), ("/empty.jpg", 422), ("/text.jpg", 415),
            ("/cut.jpg", 422), ("/damaged.png", 422), ("/out.jpg", 403),
            ("/fifo.jpg", 403)))
        self.ask(f"{path}?width={self.chance.randrange(1, 50)}", status)

    def method(self):
        self.ask("/photo.jpg", 405, method="DELETE")
        self.connection.close()

    def dit(self):
        self.ask("/dit/eyJrZXkiOiJwaG90by5qcGciLCJlZGl0cyI6eyJyZXNpemUiOnsid2"
            "lkdGgiOjMwMH19fQ==", 200)
        self.ask("/dit/eyJrZXkiOiJtaXNzaW5nLmpwZyJ9", 404)

    def malformed(self):
        self.sent += 1
        self.raw(b"GET /photo.jpg HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            wait=True)

    def half(self):
        """No request: nothing is counted."""
        self.raw(b"GET /photo.jpg?width=10 HTTP/1.1\r\nHos", wait=False)

    def leave(self):
        """Before the answer."""
        self.sent += 1
        width = self.chance.randrange(200, 900)
        self.raw(f"GET /photo.jpg?width={width}&blur=5 HTTP/1.1\r\n"
            "Host: a\r\n\r\n".encode(), wait=False)

    WORDS = (hit,) * 30 + (miss,) * 14 + (head,) * 4 + (conditional,) * 12 \
        + (part,) * 5 + (new_connection,) * 3 + (own,) * 2 \
        + (broken_url,) * 12 + (bad_original,) * 8 + (method,) + (dit,) * 2 \
        + (malformed,) * 2 + (half,) * 2 + (leave,) * 3

    def run(self, count):
        until = self.sent + count
        try:
            while self.sent < until:
                self.chance.choice(self.WORDS)(self)
        except (OSError, http.client.HTTPException, AssertionError) as problem:
            self.wrong.append(problem)


def settle(it):
    """Nothing is in progress, nobody is connected."""
    for what in ("connections", "requests_in_progress", "flights",
            "workers_busy", "render_queue_jobs"):
        server.until(lambda: it.metric(f"pictor_{what}") == 0, f"no {what}")


def exits(it):
    """For what reasons workers ended."""
    rows = {m.group(1): n for name, n in it.metrics().items()
        if (m := re.match(r'pictor_worker_exits_total{exit="(.*)"}', name))}
    return {reason for reason, n in rows.items() if n > 0}


def memory_of(pids):
    return sum(kit.memory_of(pid) for pid in pids)


def run_all(clients, count):
    threads = [threading.Thread(target=c.run, args=(count // len(clients),))
        for c in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.connection.close()
        assert not client.wrong


@pytest.fixture(scope="module")
def folder(originals, tmp_path_factory):
    """The originals and, where there are some, real photographs."""
    folder = tmp_path_factory.mktemp("soak") / "files"
    shutil.copytree(originals, folder, symlinks=True,
        ignore=shutil.ignore_patterns("slow.png", "fifo.jpg"))
    os.mkfifo(folder / "fifo.jpg")
    for photo in kit.photographs():
        if photo.stat().st_size < 300000:
            shutil.copy(photo, folder)
    return folder


def test_nothing_is_left(serve, folder):
    names = ["small.png", "alpha.png", "photo.webp", "photo.gif", "photo.jpg",
        *(p.name for p in kit.photographs() if (folder / p.name).exists())]
    # Small enough to be full after the warm-up.
    it = serve({"cache": {"memory": "512k", "records": 500},
        "http": {"idle_time": "600s"}}, files=folder)
    workers, descriptors = len(it.workers()), it.descriptors()
    clients = [Client(it, n, names) for n in range(CLIENTS)]
    run_all(clients, WARM_UP)
    settle(it)
    before, theirs = it.memory(), memory_of(it.workers())
    run_all(clients, REQUESTS - WARM_UP)
    settle(it)
    grown = it.memory() - before
    theirs = memory_of(it.workers()) - theirs

    sent = sum(c.sent for c in clients)
    assert sent >= REQUESTS * 0.99
    server.until(lambda: it.metric("pictor_requests_total") == sent,
        "each is counted once")
    server.until(lambda: it.metric("pictor_events_total") == sent,
        "each has its event")
    assert len(it.events(0)) == it.metric("pictor_events_total", sink="stored")
    assert it.metric("pictor_cache_bytes") <= MIB // 2
    assert it.metric("pictor_cache_evictions_total") > 0
    # Sanitizers keep freed memory back, so a worker may wear out.
    usual = {"cancelled", "memory"} if SANITIZED else {"cancelled"}
    assert exits(it) <= usual
    server.until(lambda: len(it.workers()) == workers, "as many workers")
    server.until(lambda: it.descriptors() <= descriptors, "all are closed")
    assert it.admin("/readyz").status == 200
    print(f"{sent} requests, {grown / MIB:.2f} MiB more in the daemon, "
        f"{theirs / MIB:.2f} in its workers")
    assert SANITIZED or grown < SLACK
    assert SANITIZED or theirs < WORKER_SLACK * workers
