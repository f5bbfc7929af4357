# SPDX-License-Identifier: Apache-2.0
"""The whole way of an event, with everything on it going down: requests, the
daemon's spool, a real Kafka, the loader, a real PostgreSQL. Counted, not
sampled: stored + lost = answered, and each that was stored is a row, once."""
import concurrent.futures
import json
import os
import resource
import threading

import cli
import loader
from asking import Asked, kill
from server import until

# How many are asked. With PICTOR_TEST_EVENTS=100000 the broker is away for at
# least 30 s, and all of it takes some minutes.
EVENTS = int(os.environ.get("PICTOR_TEST_EVENTS", "2000"))
AWAY_S = 30 if EVENTS >= 100000 else 0
LONG_S = 120 + EVENTS // 100
# More than the daemon's buffer takes while its disk is full.
BUFFER, FULL = "256k", 1000


def sums(folder):
    return json.loads(cli.good("spool", "list", "--json", folder)
        .splitlines()[-1])


def ask_and_kill(daemon, asked, n):
    """kill -9 in the middle of n requests."""
    before = len(asked.answered)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        work = pool.submit(asked.ask, daemon, n)
        until(lambda: len(asked.answered) >= before + n // 3, "answers", LONG_S)
        kill(daemon)
        daemon.start()
        work.result(LONG_S)


def ask_with_a_full_disk(daemon, asked):
    """No file of the daemon's may grow: a write says EFBIG in place of ENOSPC,
    which is one way for the spool."""
    limits = resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)
    before = daemon.metric("pictor_spool_events_total", spool="lost")
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (1, limits[1]))
    asked.ask(daemon, FULL)
    lost = daemon.metric("pictor_spool_events_total", spool="lost") - before
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, limits)
    assert 0 < lost <= FULL


def disturb(one, postgres, rows, first, last):
    """The loader is killed twice, and PostgreSQL crashes and is restarted, as
    more and more rows are there."""
    def wait(part):
        until(lambda: rows() >= first + (last - first) * part // 6, "rows",
            LONG_S)

    for part in (1, 2):
        wait(part)
        one.kill()
        one.start()
    wait(3)
    postgres.kill()
    postgres.start()
    wait(4)
    postgres.restart()


def all_of_topic(kafka, topic):
    """({id of an event}, {name of a request}); one event for each request."""
    ids, names = {}, {}
    for message in kafka.consume(topic, seconds=LONG_S):
        event = json.loads(message.value)
        ids.setdefault(event["id"], set()).add(event["request_id"])
        names.setdefault(event["request_id"], set()).add(event["id"])
    assert all(len(of) == 1 for of in (*ids.values(), *names.values()))
    return set(ids), set(names)


def test_each_event_once_whatever_goes_down(kafka, postgres, database, start,
        place):
    topic, folder = kafka.topic(3), place / "spool"
    one = loader.Loader(place / "loader", postgres, database)
    one.set({"loader": {"batch_rows": max(100, EVENTS // 50)},
        "kafka": {"brokers": kafka.plain, "topic": topic,
            # Who is gone is soon found to be.
            "prop.session.timeout.ms": 3000,
            "prop.heartbeat.interval.ms": 500}})
    # Its buffer is where it is by default: in memory that is no disk.
    daemon = start({"spool": {"path": folder, "buffer": BUFFER},
        "kafka": {"brokers": kafka.plain, "topic": topic,
            "drain_time": "0s", "retry_time": "100ms",
            "prop.reconnect.backoff.max.ms": 500},
        "event": {"file": ""}, "log": {"access": ""}})
    asked, part = Asked(), (EVENTS - FULL) // 4

    def rows():
        try:
            return loader.count(postgres, database)
        except AssertionError:
            return 0 # starting again

    try:
        one.run("--migrate")
        one.start()
        asked.ask(daemon, part)
        kafka.kill()
        ask_and_kill(daemon, asked, part)
        ask_and_kill(daemon, asked, part)
        ask_with_a_full_disk(daemon, asked)
        threading.Event().wait(AWAY_S)
        kafka.start()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            work = pool.submit(asked.ask, daemon, EVENTS - 3 * part - FULL)
            disturb(one, postgres, rows, 0, EVENTS - FULL)
            work.result(LONG_S)
        until(lambda: (s := sums(folder))["acknowledged"] == s["stored"]
            and s["stored"] + s["lost"] >= EVENTS, "acknowledged", LONG_S)
        spooled = sums(folder)
        until(lambda: rows() >= spooled["stored"], "all loaded", LONG_S)
        one.stop()
    finally:
        one.kill()
    ids, names = all_of_topic(kafka, topic)
    found = [r[0] for r in postgres.sql("SELECT event_id FROM bi.fact_request",
        database)]
    assert len(found) == len(set(found)) == spooled["stored"]
    assert set(found) == ids
    assert not loader.letters(postgres, database)
    assert len(asked.answered) == EVENTS
    assert names <= asked.answered | asked.vain
    assert len(asked.answered - names) <= spooled["lost"]
    # Of those asked in vain nobody knows whether they count as lost.
    beyond = spooled["stored"] + spooled["lost"] - len(asked.answered | names)
    assert 0 <= beyond <= len(asked.vain - names)
    print(f"{EVENTS} answered, {len(asked.vain)} in vain, "
        f"{spooled['stored']} stored, {spooled['lost']} lost, "
        f"{len(found)} rows")
