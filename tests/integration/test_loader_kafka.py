# SPDX-License-Identifier: Apache-2.0
"""pictor-loader on a real Kafka and a real PostgreSQL: every event is a row
once, whatever ends or starts again meanwhile; counted, not sampled."""
import json
import signal

import pytest

import loader
import made_events
import server
from made_events import DAY, Maker

PARTITIONS = 6


@pytest.fixture
def topic(kafka):
    return kafka.topic(PARTITIONS)


def values(events):
    return [json.dumps(e).encode() for e in events]


def keyed(events):
    """(key, value): spread over the partitions."""
    return [(e["id"].encode(), json.dumps(e).encode()) for e in events]


@pytest.fixture
def make_loader(place, postgres, database, kafka, topic):
    made = []

    def make(**more):
        one = loader.Loader(place / f"loader{len(made)}", postgres, database)
        one.set({"kafka": {"brokers": kafka.plain, "topic": topic,
            # Who is gone is soon found to be.
            "prop.session.timeout.ms": 3000,
            "prop.heartbeat.interval.ms": 500, **more}})
        made.append(one)
        return one

    yield make
    for one in made:
        one.kill()


def wait_rows(postgres, database, n, seconds=120):
    def there():
        try:
            return loader.count(postgres, database) >= n
        except AssertionError:
            return False # starting again, or not migrated yet
    server.until(there, f"{n} rows", seconds)


def assert_each_once(postgres, database, events):
    found = [r[0] for r in postgres.sql("SELECT event_id FROM bi.fact_request",
        database)]
    assert len(found) == len(set(found)) == len(events)
    assert set(found) == {e["id"] for e in events}


def test_once_loads_what_is_there(make_loader, kafka, topic, postgres,
        database):
    make = Maker()
    events = [make.event() for _ in range(1000)]
    kafka.produce(topic, keyed(events))
    one = make_loader()
    assert "1000 loaded, 0 were there" in one.run("--once")
    assert_each_once(postgres, database, events)
    offsets = postgres.one("SELECT sum(next_offset) FROM pictor.kafka_offset "
        "WHERE next_offset > 0", database)
    assert offsets == "1000"
    assert "0 events: 0 loaded" in one.run("--once")
    kafka.produce(topic, keyed([make.event()]))
    assert "1 events: 1 loaded" in one.run("--once")
    # Another group's name is another reader: all of it again, and all known.
    one.set({"loader": {"group": "another"}})
    assert "1001 events: 0 loaded, 1001 were there" in one.run("--once")


def test_it_goes_on_and_says_how_it_is(make_loader, kafka, topic, postgres,
        database):
    make = Maker()
    one = make_loader().start()
    one.said("6 partitions given")
    server.until(lambda: one.ask("/readyz")[0] == 200, "ready")
    kafka.produce(topic, keyed([make.event() for _ in range(20)]))
    wait_rows(postgres, database, 20)
    server.until(lambda: one.metric("events_loaded_total") == 20, "counted")
    assert one.metric("partitions") == 6 and one.metric("database_up") == 1
    # A day's partition that another one drops meanwhile is made again.
    old = Maker(when=made_events.today() - 10 * DAY)
    kafka.produce(topic, keyed([old.event()]))
    wait_rows(postgres, database, 21)
    assert postgres.one("SELECT pictor.partitions_drop(current_date - 3)",
        database) == "2"
    kafka.produce(topic, keyed([old.event()]))
    wait_rows(postgres, database, 21)
    assert not loader.letters(postgres, database)
    one.stop()


def test_the_configuration_is_read_anew(make_loader, kafka, topic, postgres,
        database):
    make = Maker()
    one = make_loader().start()

    def hup(section, key, value, wanted):
        length = len(one.log())
        one.set({section: {key: value}})
        one.process.send_signal(signal.SIGHUP)
        server.until(lambda: wanted in one.log()[length:], one.log)

    kafka.produce(topic, keyed([make.event() for _ in range(5)]))
    wait_rows(postgres, database, 5)
    hup("loader", "batch_rows", "many", "error configuration not changed: ")
    other = kafka.topic()
    one.set({"loader": {"batch_rows": 7}})
    hup("kafka", "topic", other, "notice configuration is read anew")
    kafka.produce(other, keyed([make.event() for _ in range(5)]))
    wait_rows(postgres, database, 10)
    # What only the start finds out: the one before still works.
    hup("kafka", "prop.no.such", "1", "going on with the configuration before")
    kafka.produce(other, keyed([make.event() for _ in range(5)]))
    wait_rows(postgres, database, 15)
    server.until(lambda: one.metric("events_loaded_total") == 15, "counted")
    one.stop()


def test_a_bad_message_is_a_dead_letter(make_loader, kafka, topic, postgres,
        database):
    make = Maker()
    good = make.event()
    kafka.produce(topic, [(b"k", json.dumps(good).encode()),
        (b"k", b"\xff garbage"), (b"k", json.dumps(
            make.event(status=42)).encode()), (b"k", b""),
        (b"k", json.dumps(make.event()).encode())])
    one = make_loader()
    said = one.run("--once")
    assert "5 events: 2 loaded, 0 were there, 3 dead letters" in said
    found = loader.letters(postgres, database)
    part = next(iter(found)).split()[2].split(":")[0]
    assert found == {
        f"topic {topic} {part}:1": "JSON is not UTF-8 at byte 0",
        f"topic {topic} {part}:2": "status is less than 100",
        f"topic {topic} {part}:3": "JSON ends too early at byte 0"}
    assert "0 events" in one.run("--once")


# ---- What Kafka has not any more ----

def offset(postgres, database):
    return int(postgres.one("SELECT next_offset FROM pictor.kafka_offset",
        database))


def test_what_was_removed_before_it_was_loaded_is_told(make_loader, kafka,
        postgres, database):
    make = Maker()
    topic = kafka.topic()
    one = make_loader(topic=topic)
    kafka.produce(topic, keyed([make.event() for _ in range(50)]))
    assert "50 loaded" in one.run("--once")
    kafka.produce(topic, keyed([make.event() for _ in range(50)]))
    kafka.forget(topic, 80)
    said = one.run("--once")
    assert (f"error topic {topic}, partition 0: messages 50 to 79 are gone "
        "and were not loaded: 30;") in said
    assert "20 events: 20 loaded" in said
    # Told once, and all of it at once where nothing is left.
    assert "gone" not in one.run("--once")
    kafka.produce(topic, keyed([make.event() for _ in range(5)]))
    kafka.forget(topic, 105)
    assert "messages 100 to 104 are gone" in one.run("--once")
    assert "gone" not in one.run("--once")
    assert offset(postgres, database) == 105
    # A group that begins has lost nothing.
    one.set({"loader": {"group": "another"}})
    assert "gone" not in one.run("--once")


def test_what_is_removed_while_it_loads_is_counted(make_loader, kafka,
        postgres, database):
    """It sleeps meanwhile; how much it had by then is its own affair."""
    make = Maker()
    topic = kafka.topic()
    one = make_loader(topic=topic).start()
    kafka.produce(topic, keyed([make.event() for _ in range(10)]))
    wait_rows(postgres, database, 10)
    one.process.send_signal(signal.SIGSTOP)
    try:
        for _ in range(5):
            kafka.produce(topic, keyed([make.event() for _ in range(200)]))
        kafka.forget(topic, 1000)
    finally:
        one.process.send_signal(signal.SIGCONT)
    server.until(lambda: one.metric("messages_gone_total") > 0
        and one.metric("messages_gone_total")
        + loader.count(postgres, database) == 1010, "all accounted for", 120)
    assert offset(postgres, database) == 1010
    kafka.produce(topic, keyed([make.event()]))
    server.until(lambda: offset(postgres, database) == 1011, "it goes on", 60)
    one.stop()


def test_a_topic_made_anew_is_loaded_from_its_beginning(make_loader, kafka,
        postgres, database):
    make = Maker()
    topic = kafka.topic()
    one = make_loader(topic=topic)
    kafka.produce(topic, keyed([make.event() for _ in range(20)]))
    assert "20 loaded" in one.run("--once")
    kafka.delete(topic)
    server.until(lambda: topic not in kafka.topics(), "deleted")
    kafka.topic(name=topic)
    kafka.produce(topic, keyed([make.event() for _ in range(7)]))
    one.start()
    one.said(f"error topic {topic}, partition 0: the next to load was message "
        "20, and it ends before 7: the topic was made anew")
    wait_rows(postgres, database, 27)
    server.until(lambda: one.metric("events_loaded_total") == 7, "counted")
    assert one.metric("partitions_anew_total") == 1
    assert one.metric("messages_gone_total") == 0
    assert offset(postgres, database) == 7
    one.stop()


# ---- Who shares them ----

def test_two_share_the_partitions_and_take_over(make_loader, kafka, topic,
        postgres, database):
    make = Maker()
    first, second = make_loader(), make_loader()
    first.start()
    first.said("6 partitions given")
    events = [make.event() for _ in range(6000)]
    kafka.produce(topic, keyed(events[:2000]))
    second.start()
    server.until(lambda: second.log().count("partitions given") > 0
        and second.metric("partitions") == 3
        and first.metric("partitions") == 3, "three each", 90)
    kafka.produce(topic, keyed(events[2000:4000]))
    wait_rows(postgres, database, 4000)
    server.until(lambda: second.metric("events_loaded_total") > 0, "its share")
    # One goes in peace, the other has all; then another comes, and the first
    # is killed.
    second.stop()
    server.until(lambda: first.metric("partitions") == 6, "all six", 90)
    second.start()
    server.until(lambda: second.metric("partitions") == 3, "three", 90)
    kafka.produce(topic, keyed(events[4000:5000]))
    first.kill()
    kafka.produce(topic, keyed(events[5000:]))
    wait_rows(postgres, database, len(events))
    assert_each_once(postgres, database, events)
    second.stop()


def test_who_was_overtaken_writes_nothing(make_loader, kafka, topic, postgres,
        database):
    """It sleeps (the machine was frozen), another one loads its partitions: it
    finds the place moved, gives its batch up and goes on where that is."""
    make = Maker()
    one = make_loader()
    one.set({"loader": {"batch_time": "2s"}})
    one.start()
    one.said("6 partitions given")
    events = [make.event() for _ in range(300)]
    kafka.produce(topic, keyed(events[:200]))
    server.until(lambda: one.metric("events_read_total") == 200, "read")
    # The same partitions, loaded by somebody else meanwhile.
    postgres.sql("UPDATE pictor.kafka_offset SET next_offset = 0 "
        "WHERE next_offset = -1", database)
    one.said("events are given up")
    kafka.produce(topic, keyed(events[200:]))
    wait_rows(postgres, database, 300)
    assert_each_once(postgres, database, events)
    assert one.metric("batches_abandoned_total") == 1
    one.stop()


def test_brokers_that_refuse_are_told_apart(make_loader, kafka, postgres,
        database):
    for settings, wanted in (
            ({"brokers": kafka.sasl, "security": "sasl_tls",
                "username": kafka.user, "password": "wrong",
                "ca_file": kafka.ca}, "_AUTHENTICATION"),
            ({"brokers": kafka.sasl, "security": "sasl_tls",
                "username": kafka.user, "password": kafka.password,
                "ca_file": "/etc/ssl/certs/ca-certificates.crt"}, "_SSL"),
            ({"brokers": kafka.expired, "security": "tls",
                "ca_file": kafka.ca}, "_SSL"),
            ({"brokers": f"127.0.0.1:{server.free_port()}"}, "_TRANSPORT"),
            ({"topic": "there.is.none"}, "nknown topic")):
        one = make_loader(**settings)
        one.start()
        one.said(wanted)
        assert one.ask("/readyz")[0] == 503
        assert one.metric("kafka_errors_total") >= 1
        assert "wrong" not in one.log().replace("wrong version", "")
        one.stop()


def test_once_fails_where_there_is_no_topic(make_loader):
    one = make_loader(topic="there.is.none")
    assert "topic there.is.none: Subscribed topic not available" in one.run(
        "--once", status=1)


def test_over_tls_with_a_password(make_loader, kafka, topic, postgres,
        database):
    make = Maker()
    events = [make.event() for _ in range(50)]
    kafka.produce(topic, keyed(events))
    one = make_loader(brokers=kafka.sasl, security="sasl_tls",
        username=kafka.user, password=kafka.password, ca_file=kafka.ca)
    assert "50 loaded" in one.run("--once")


def test_from_a_request_to_the_report(make_loader, kafka, topic, postgres,
        database, start, place):
    """curl an image -> spool -> Kafka -> PostgreSQL -> pictor report."""
    one = make_loader().start()
    daemon = start({"kafka": {"brokers": kafka.plain, "topic": topic},
        "spool": {"path": str(place / "spool")}, "event": {"file": None}})
    for path in ("/cat.png?width=20", "/cat.png?width=20", "/none.png"):
        daemon.get(path)
    wait_rows(postgres, database, 3, 60)
    told = json.loads(loader.report(postgres, database, "--json"))
    assert told["total"][0]["requests"] == 3
    assert told["total"][0]["hits"] == 1
    assert told["errors"][0]["error"] == "no-source"
    assert not loader.letters(postgres, database)
    daemon.stop()
    # The spool alone says the same, and all of it is known.
    said = one.run("--from-spool", str(place / "spool"), "--once")
    assert "0 loaded, 3 were there" in said
    assert "0 events" in one.run("--from-spool", str(place / "spool"),
        "--once")
    one.stop()
