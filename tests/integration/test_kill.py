# SPDX-License-Identifier: Apache-2.0
"""Workers that die: only what they were doing is lost, and they are
replaced."""
import os
import random
import signal
import threading
import time

import pytest

import kit
import server
from kit import PATIENCE, SANITIZED

pytestmark = pytest.mark.jailed

SLOW = "/slow.png?width=1990&format=avif&effort=3"
ENDLESS = "/slow.png?width=1500&format=avif&effort=6"
# A sanitizer would catch SIGSEGV and print its report.
CRASH = signal.SIGABRT if SANITIZED else signal.SIGSEGV
LONG = {"http": {"deadline": "200s"}, "render": {"workers": 1,
    "timeout": "100s"}}


def all_there(it, workers):
    """So many, and one to spare."""
    server.until(lambda: len(it.workers()) == workers + 1
        and it.metric("pictor_workers") == workers + 1, "all are there",
        60 * PATIENCE)


class Load(threading.Thread):
    """Asks for one new picture after the other."""

    def __init__(self, it, number, stop):
        super().__init__()
        self.it, self.number, self.stop = it, number, stop
        self.answers = []
        self.start()

    def run(self):
        connection = self.it.connection()
        width = 0
        while not self.stop.is_set():
            width += 1
            path = f"/photo.jpg?width={width}&quality={50 + self.number}"
            self.answers.append(kit.ask(connection, path))
        connection.close()


def test_killed_under_load(serve):
    it = serve({"render": {"workers": 2}})
    all_there(it, 2)
    descriptors = it.descriptors()
    stop = threading.Event()
    load = [Load(it, n, stop) for n in range(6)]
    chance = random.Random(1)
    kills = 3 if SANITIZED else 10
    try:
        for _ in range(kills):
            os.kill(chance.choice(it.workers()), signal.SIGKILL)
            assert it.admin("/readyz").status == 200
            time.sleep(0.2)
            assert it.admin("/readyz").status == 200
            all_there(it, 2)
    finally:
        stop.set()
        for thread in load:
            thread.join()
    answers = [a for thread in load for a in thread.answers]
    lost = [a for a in answers if a.status != 200]
    assert len(answers) > 50
    assert all(kit.is_image(a) for a in answers if a.status == 200)
    assert len(lost) <= kills
    assert {kit.problem(a)["code"] for a in lost} <= {"worker-died"}
    assert it.metric("pictor_errors_total", error="worker-died") == len(lost)
    # Sanitizers make workers fat: some are replaced for that.
    assert it.metric("pictor_worker_exits_total") \
        - it.metric("pictor_worker_exits_total", exit="memory") == kills
    assert kit.is_image(it.get("/photo.jpg?width=999"))
    server.until(lambda: it.descriptors() <= descriptors, "all are closed")


def test_one_crash_is_no_poison(serve):
    """The original alone is well: others may have it still."""
    it = serve(LONG)
    answer = kit.kill_at_work(it, CRASH, SLOW)
    assert kit.problem(answer)["code"] == "worker-died"
    assert answer.status == 502
    server.until(lambda: it.metric("pictor_worker_exits_total") == 1,
        "it is buried")
    assert it.get("/slow.png?width=10").status == 200


def test_kill_is_no_crash(serve):
    """SIGKILL may be the kernel's, when memory runs out: not the original's
    fault."""
    it = serve(LONG)
    for _ in range(2):
        answer = kit.kill_at_work(it, signal.SIGKILL, ENDLESS)
        assert kit.problem(answer)["code"] == "worker-died"
    assert it.get("/slow.png?width=10").status == 200


def test_poison_expires(serve):
    it = serve({"http": LONG["http"],
        "render": LONG["render"] | {"poison_time": "6s"}})
    # The time runs from here at the earliest.
    answer = kit.kill_at_work(it, CRASH, ENDLESS, True)
    assert kit.problem(answer)["code"] == "poison"
    assert answer.status == 422
    server.until(lambda: it.metric("pictor_worker_exits_total") == 2,
        "both are buried")
    assert kit.problem(it.get("/slow.png?width=10"))["code"] == "poison"
    # Nothing was started for that; others are not touched.
    assert it.metric("pictor_worker_exits_total") == 2
    assert it.get("/photo.jpg?width=10").status == 200
    server.until(lambda: it.get("/slow.png?width=10").status == 200,
        "forgotten", 20 * PATIENCE)


def test_no_poison_list(serve):
    it = serve({"http": LONG["http"],
        "render": LONG["render"] | {"poison_entries": 0}})
    answer = kit.kill_at_work(it, CRASH, ENDLESS, True)
    assert answer.status in (422, 502)
    assert it.get("/slow.png?width=10").status == 200


def test_all_at_once(serve):
    """What waits is done by the new ones."""
    it = serve({"render": {"workers": 2}, "http": LONG["http"]})
    all_there(it, 2)
    for pid in it.workers():
        os.kill(pid, signal.SIGKILL)
    answer = server.until(lambda: (a := it.admin("/readyz")).status == 503
        and a, "all are buried")
    assert answer.body == b"no worker is ready\n"
    assert kit.is_image(it.get("/photo.jpg?width=20"))
    all_there(it, 2)
    assert it.admin("/readyz").status == 200


def test_stopped(serve):
    """One that does not move any more is not waited for."""
    it = serve({"render": {"workers": 1, "timeout": "2s"}})
    all_there(it, 1)
    for pid in it.workers():
        os.kill(pid, signal.SIGSTOP)
    answer = it.get("/photo.jpg?width=30")
    assert kit.problem(answer)["code"] == "render-timeout"
    # The spare one, stopped as well, is found out in the same way.
    server.until(lambda: it.get("/photo.jpg?width=31").status == 200,
        "a new one", 60 * PATIENCE)
    all_there(it, 1)


def test_daemon_killed(serve):
    """No worker outlives it."""
    it = serve()
    workers = it.workers()
    assert workers
    process, it.process = it.process, None
    process.kill()
    process.wait()
    server.until(lambda: not [w for w in workers
        if os.path.exists(f"/proc/{w}")], "they are gone")
