# SPDX-License-Identifier: Apache-2.0
"""pictor-loader on a real PostgreSQL, without Kafka: what is loaded and what is
not, the database's schema, who may do what, and pictor report."""
import datetime
import json
import re
import shutil
import subprocess

import pytest

import kit
import loader
import made_events
import server
from made_events import DAY, Maker, iso, lines


@pytest.fixture
def it(place, postgres, database):
    return loader.Loader(place / "loader", postgres, database)


def ids(events):
    return sorted(e["id"] for e in events)


def test_events_are_rows_each_once(it, postgres, database):
    make = Maker()
    events = [make.event() for _ in range(300)] \
        + [make.hit() for _ in range(200)] + [make.failed() for _ in range(50)]
    said = it.load(lines(events))
    assert "550 events: 550 loaded, 0 were there" in said
    said = it.load(lines(events + [make.event()]))
    assert "551 events: 1 loaded, 550 were there" in said
    assert loader.count(postgres, database) == 551
    found = [r[0] for r in postgres.sql(
        "SELECT event_id FROM bi.fact_request ORDER BY 1", database)]
    assert set(ids(events)) < set(found)


def test_a_row_says_what_the_event_said(it, postgres, database):
    when = made_events.today() - DAY + datetime.timedelta(hours=13, minutes=52,
        seconds=7, milliseconds=5)
    event = Maker(when=when).event(tenant="a\tb\\c", source_key="ü\n\"x\"",
        error_param=None, sample_rate=0.25, ms_work=12.125, bytes_in=2**40)
    it.load(lines([event]))
    row, = postgres.sql("""
        SELECT f.at, d.date, t.label, te.tenant, n.node, i.image, v.variant,
            v.plan, c.cache_state, o.format, m.format, f.weight, f.status,
            f.ms_work, f.bytes_in, f.has_alpha, f.worker_is_left_out
        FROM (SELECT *, 'yes' AS worker_is_left_out FROM bi.fact_request) AS f
        JOIN bi.dim_date AS d USING (date_key)
        JOIN bi.dim_time AS t USING (time_key)
        JOIN bi.dim_tenant AS te USING (tenant_key)
        JOIN bi.dim_node AS n USING (node_key)
        JOIN bi.dim_image AS i USING (image_key)
        JOIN bi.dim_variant AS v USING (variant_key)
        JOIN bi.dim_cache AS c USING (cache_key)
        JOIN bi.dim_format AS o ON o.format_key = f.original_format_key
        JOIN bi.dim_format AS m ON m.format_key = f.format_key
        """.replace("i.image", "replace(i.image, chr(10), '|')")
        .replace("te.tenant,", "replace(te.tenant, chr(9), '|'),"), database)
    assert row == [when.strftime("%Y-%m-%d 13:52:07.005"),
        when.strftime("%Y-%m-%d"), "13:52", "a|b\\c", "node-1", 'ü|"x"',
        event["plan_hash"], event["plan"], "miss", "jpeg", "webp", "4", "200",
        "12.125", str(2**40), "f", "yes"]


def test_what_happens_to_images_is_another_fact(it, postgres, database):
    make = Maker()
    it.load(lines([make.happened("image.uploaded"),
        make.happened("image.archived"), make.happened("image.expired"),
        make.happened("image.failed", channel="http", error_code="bad-image",
            reason="it does not decode"), make.event()]))
    assert postgres.sql("""SELECT e.event_type, f.channel, f.object_bytes,
        x.error_code, f.reason FROM bi.fact_image AS f
        JOIN bi.dim_event AS e USING (event_type_key)
        JOIN bi.dim_error AS x USING (error_key) ORDER BY 1""", database) == [
        ["image.archived", "", "400000", "(none)", ""],
        ["image.expired", "", "400000", "(none)", ""],
        ["image.failed", "http", "400000", "bad-image", "it does not decode"],
        ["image.uploaded", "http", "400000", "(none)", ""]]
    assert loader.count(postgres, database) == 1


WRONG = {
    "not json": "JSON is malformed",
    '{"a": 1, "a": 2}': "has a key twice",
    "[]": "is no JSON object",
    "": "ends too early",
    '{"a": "\\ud800"}': "JSON",
}
WRONG_MEMBERS = {
    "status is of another type": {"status": "200"},
    "status is more than 599": {"status": 600},
    "bytes_out is less than 0": {"bytes_out": -1},
    "schema_version is none of the words it may be": {"schema_version": 2},
    "type is none of the words it may be": {"type": "image.eaten"},
    "id does not have its form": {"id": "x"},
    "source_key is longer than 255 characters": {"source_key": "ü" * 256},
    "has a member that is not known: gps\\x20position": {"gps position": "1,2"},
    "width_in does not fit its column": {"width_in": 2**31},
    "ms_total does not fit its column": {"ms_total": 1e300},
    "time is no moment of the calendar since 1970":
        {"time": "2026-02-29T00:00:00.000Z"},
    "time lies in the future": {"time": iso(made_events.today() + 3 * DAY)},
}


def test_what_is_no_event_is_a_dead_letter_with_its_reason(it, postgres,
        database):
    # In one batch, however slow the machine is.
    it.set({"loader": {"batch_time": "600s"}})
    make = Maker()
    bad = list(WRONG) + [json.dumps(make.event(**m))
        for m in WRONG_MEMBERS.values()]
    less = make.event()
    del less["ms_total"]
    bad.append(json.dumps(less))
    reasons = list(WRONG.values()) + list(WRONG_MEMBERS) \
        + ["ms_total is missing"]
    text = "".join(line + "\n" + lines([make.event()]) for line in bad)
    said = it.load(text)
    assert f"{len(bad)} loaded, 0 were there, {len(bad)} dead letters" in said
    assert f"{len(bad)} dead letters; the first: file - 0:1" in said
    found = loader.letters(postgres, database)
    assert list(found) == [f"file - 0:{2 * i + 1}" for i in range(len(bad))]
    for reason, wanted in zip(found.values(), reasons):
        assert wanted in reason
    payloads = postgres.sql("SELECT convert_from(payload, 'UTF8'), "
        "payload_size FROM pictor.dead_letter ORDER BY letter_key", database)
    assert payloads[0] == ["not json", "8"]
    # The same file again: the same letters, not others.
    it.load(text)
    assert len(loader.letters(postgres, database)) == len(bad)


def test_who_asks_for_nonsense_fills_no_dimension(it, postgres, database):
    make = Maker()
    it.load(lines([make.event(source_key="there.jpg")] + [make.failed(
        source_key=f"{n}.jpg", plan_hash=f"{n:016x}") for n in range(50)]
        + [make.failed(source_key="there.jpg", status=422)]))
    assert loader.count(postgres, database) == 52
    assert postgres.sql("SELECT image, count(f.*) FROM bi.dim_image LEFT JOIN "
        "bi.fact_request AS f USING (image_key) GROUP BY 1 ORDER BY 1",
        database) == [["(none)", "50"], ["there.jpg", "2"]]
    assert loader.count(postgres, database, "bi.dim_variant") == 2


def test_a_huge_line_is_cut_and_refused(it, postgres, database):
    it.load('{"x": "' + "y" * 3_000_000 + '"}\n' + lines([Maker().event()]))
    assert loader.count(postgres, database) == 1
    sizes = postgres.sql("SELECT length(payload), payload_size > 65536 "
        "FROM pictor.dead_letter", database)
    assert len(sizes) == 3 and all(int(s[0]) <= 65536 for s in sizes)


def test_what_the_database_refuses_goes_alone(it, postgres, database):
    """One of a hundred is against a rule that only the database has."""
    it.run("--migrate")
    postgres.sql("ALTER TABLE bi.fact_request ADD CHECK (shrink <> 7)",
        database)
    make = Maker()
    events = [make.event(shrink=7 if i == 63 else 2) for i in range(100)]
    assert "99 loaded, 0 were there, 1 dead letters" in it.load(lines(events))
    assert loader.letters(postgres, database) == {
        "file - 0:64": "the database refused it: 23514"}


def test_too_old_is_counted_and_dropped(it, postgres, database):
    it.set({"loader": {"keep": "30d"}})
    old = Maker(when=made_events.today() - 31 * DAY)
    edge = Maker(when=made_events.today() - 30 * DAY)
    said = it.load(lines([old.event(), edge.event(), Maker().event()]))
    assert "2 loaded, 0 were there, 0 dead letters, 1 too old" in said


def test_partitions_are_made_ahead_and_dropped(it, postgres, database):
    it.load(lines([Maker(when=made_events.today() - 40 * DAY).event(),
        Maker().event()]))
    days = ("SELECT right(c.relname, 8) FROM pg_inherits JOIN pg_class AS c "
        "ON c.oid = inhrelid WHERE inhparent = 'bi.fact_request'::regclass "
        "ORDER BY 1")
    found = [r[0] for r in postgres.sql(days, database)]
    wanted = [(made_events.today() + n * DAY).strftime("%Y%m%d")
        for n in range(8)]
    assert found == [(made_events.today() - 40 * DAY).strftime("%Y%m%d"),
        *wanted]
    it.set({"loader": {"keep": "20d", "ahead": "9d"}})
    assert "2 partitions of days older" in it.load(lines([Maker(2).event()]))
    found = [r[0] for r in postgres.sql(days, database)]
    assert found == wanted + [(made_events.today() + n * DAY)
        .strftime("%Y%m%d") for n in (8, 9)]
    assert loader.count(postgres, database) == 2
    dates = postgres.sql("SELECT date_key FROM bi.dim_date", database)
    assert {r[0] for r in dates} >= set(found)


# ---- The schema ----

def columns_def():
    text = (kit.SRC / "src/loader/column.def").read_text(encoding="utf-8")
    return re.findall(r"^COLUMN\((\w+), (\w+), (\w+)\)", text, re.M), \
        re.findall(r"^LEFT_OUT\((\w+), \"", text, re.M)


TYPES = {"UUID": "uuid", "MOMENT": "timestamp without time zone",
    "TEXT": "text", "WHOLE": "integer", "BIG": "bigint",
    "NUM": "double precision", "BOOL": "boolean"}


def test_columns_are_the_schemas_members_and_the_databases(it, postgres,
        database):
    columns, left_out = columns_def()
    schema = json.loads((kit.SRC / "src/event/event.schema.json")
        .read_text(encoding="utf-8"))
    assert sorted([c[0] for c in columns] + left_out) \
        == sorted(schema["properties"])
    it.run("--migrate")
    there = {(t, c): kind for t, c, kind in postgres.sql(
        "SELECT table_name, column_name, data_type FROM "
        "information_schema.columns WHERE table_schema = 'bi'", database)}
    for name, kind, use in columns:
        for fact in {"REQUEST": ["fact_request"], "IMAGE": ["fact_image"],
                "BOTH": ["fact_request", "fact_image"], "KEY": []}[use]:
            assert there[fact, name] == TYPES[kind], (fact, name)
    # And nothing of a person is a column.
    assert not {c for _, c in there} & {"viewer_network", "viewer_hash", "uri",
        "user_agent", "referer", "request_id"}


def test_migrations_wait_for_each_other(place, postgres, database):
    several = [loader.Loader(place / f"l{n}", postgres, database)
        for n in range(3)]
    running = [subprocess.Popen([loader.BINARY, "--config", one.conf_path,
        "--migrate"], env=kit.environment(), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True) for one in several]
    said = [p.communicate(timeout=60)[0] for p in running]
    assert [p.returncode for p in running] == [0, 0, 0], said
    assert sum(text.count("0001-star.sql applied") for text in said) == 1
    assert "0 applied now" in several[0].run("--migrate")
    assert "0 applied now" in several[0].run("--check")


def test_a_database_that_is_newer_or_other_is_refused(it, postgres, database):
    it.run("--migrate")
    postgres.sql("INSERT INTO pictor.migration VALUES (9999, 'x', 'x')",
        database)
    said = it.load(lines([Maker().event()]), status=1)
    assert "a newer pictor-loader is needed" in said
    postgres.sql("DELETE FROM pictor.migration WHERE number = 9999; UPDATE "
        "pictor.migration SET digest = 'x'", database)
    assert "is not the one that was applied" in it.run("--check", status=1)


def test_without_migrations_it_says_what_to_run(it, postgres, database):
    it.set({"loader": {"migrate": "off"}})
    said = it.load(lines([Maker().event()]), status=1)
    assert "is at migration 0 of" in said and "--migrate as its owner" in said


# ---- Who may do what ----

@pytest.fixture
def logins(postgres, database, it):
    """Two logins of this test: of the loader, of an analyst."""
    it.run("--migrate")
    names = f"{database}_loader", f"{database}_analyst"
    postgres.sql(f"CREATE ROLE {names[0]} LOGIN IN ROLE pictor_loader;"
        f"CREATE ROLE {names[1]} LOGIN IN ROLE pictor_bi", database)
    yield names
    postgres.sql(f"DROP ROLE {names[0]}; DROP ROLE {names[1]}", "postgres")


def test_the_loaders_role_suffices_to_load(place, postgres, database, logins):
    one = loader.Loader(place / "least", postgres, database, user=logins[0])
    one.set({"loader": {"keep": "30d"}})
    make = Maker(when=made_events.today() - 3 * DAY)
    said = one.load(lines([make.event(tenant="new"), make.event(),
        make.happened("image.archived")]) + "broken\n")
    assert "3 loaded, 0 were there, 1 dead letters" in said
    for forbidden in ("DELETE FROM bi.fact_request", "DROP TABLE bi.dim_date",
            "CREATE TABLE bi.mine ()", "SELECT FROM pictor.access",
            "INSERT INTO pictor.access VALUES ('x', '*')",
            "UPDATE bi.fact_request SET weight = 0",
            "DELETE FROM pictor.dead_letter"):
        status, _, said = postgres.psql(forbidden,
            postgres.dsn(database, logins[0]))
        assert status != 0 and ("permission denied" in said
            or "must be owner" in said), forbidden


def test_what_others_define_is_not_run(it, postgres, database):
    """Who may create in public does not get the loader's rights by an operator
    that fits its statements better than the system's."""
    postgres.sql("""
        CREATE FUNCTION public.mine(integer, text) RETURNS text
        LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''taken over''; END';
        CREATE OPERATOR public.|| (FUNCTION = public.mine,
            LEFTARG = integer, RIGHTARG = text)""", database)
    said = it.load(lines([Maker().event(status=418)]))
    assert "1 loaded, 0 were there, 0 dead letters" in said


def test_the_readers_role_reads_bi_alone(postgres, database, logins, it):
    it.load(lines([Maker().event()]))
    postgres.sql(f"INSERT INTO pictor.access VALUES ('{logins[1]}', '*')",
        database)
    dsn = postgres.dsn(database, logins[1])
    for allowed in ("bi.fact_request", "bi.fact_image", "bi.dim_image",
            "bi.dim_date", "bi.dim_original_format", "bi.tenant_viewer"):
        assert postgres.psql(f"SELECT count(*) FROM {allowed}", dsn)[0] == 0
    part = postgres.one("SELECT c.relname FROM pg_inherits JOIN pg_class AS c "
        "ON c.oid = inhrelid LIMIT 1", database)
    for forbidden in ("SELECT FROM pictor.dead_letter",
            "SELECT FROM pictor.kafka_offset", "SELECT FROM pictor.access",
            f"SELECT FROM bi_part.{part}", "DELETE FROM bi.fact_request",
            "INSERT INTO bi.dim_tenant (tenant) VALUES ('x')",
            "UPDATE bi.dim_image SET image = 'x'", "TRUNCATE bi.dim_date",
            "SELECT pictor.partitions_drop('2100-01-01')",
            "CREATE TABLE bi.mine ()"):
        status, _, said = postgres.psql(forbidden, dsn)
        assert status != 0 and "permission denied" in said, (forbidden, said)


def test_rows_of_other_tenants_are_not_seen(postgres, database, logins, it):
    make = Maker()
    it.load(lines([make.event(tenant=t, source_key=f"{t}.jpg")
        for t in ("shop", "shop", "news", "blog")]
        + [make.happened("image.archived", tenant="news"),
            make.failed(tenant=None, mount=None, source_key=None,
                plan_hash=None, plan=None)]))
    reader = logins[1]

    def seen():
        return [postgres.one("SELECT coalesce(string_agg(x, ' ' ORDER BY x), "
            f"'') FROM (SELECT DISTINCT {what}) AS s (x)", database, reader)
            for what in ("tenant FROM bi.dim_tenant",
                "image FROM bi.dim_image",
                "tenant FROM bi.fact_request JOIN bi.dim_tenant "
                "USING (tenant_key)", "count(*)::text FROM bi.fact_request",
                "count(*)::text FROM bi.fact_image")]

    # Nobody said anything: nothing.
    assert seen() == ["", "(none)", "", "0", "0"]
    postgres.sql(f"INSERT INTO pictor.access VALUES ('{reader}', 'shop')",
        database)
    assert seen() == ["shop", "(none) shop.jpg", "shop", "2", "0"]
    # By a role that it is a member of, besides.
    postgres.sql("INSERT INTO pictor.access VALUES ('pictor_bi', 'news')",
        database)
    assert seen() == ["news shop", "(none) news.jpg photo-%s.jpg shop.jpg"
        % postgres.one("SELECT substring(image from '[0-9]+') FROM "
            "bi.dim_image WHERE image ~ 'photo'", database),
        "news shop", "3", "1"]
    postgres.sql(f"INSERT INTO pictor.access VALUES ('{reader}', '*')",
        database)
    assert seen()[3:] == ["5", "1"]
    # It cannot take another's eyes.
    status, out, _ = postgres.psql(f"SET ROLE pictor_bi; SELECT count(*) "
        "FROM bi.fact_request", postgres.dsn(database, reader))
    assert (status, out.strip()) == (0, "5")


def test_a_wrong_password_is_said_and_kept_secret(place, postgres, database):
    postgres.role_with_password("locked", "right-password")
    one = loader.Loader(place / "wrong", postgres, database, user="locked")
    one.set({"postgres": {"password": "wrong-password"}})
    said = one.load(lines([Maker().event()]), status=1)
    assert 'password authentication failed for user "locked"' in said
    assert "wrong-password" not in said
    # One that goes on says so once, is not ready, and counts.
    one.start("--from-spool", str(place))
    one.said("password authentication failed")
    status, why = one.ask("/readyz")
    assert status == 503 and "PostgreSQL" in why
    server.until(lambda: one.metric("denied_total") >= 2, "a second try")
    assert one.log().count("password authentication failed") == 1
    assert one.ask("/healthz")[0] == 200 and one.ask("/other")[0] == 404
    one.stop()


def test_tls_is_verified(place, postgres, database):
    one = loader.Loader(place / "tls", postgres, database)
    one.set({"postgres": {"tls": "verify-full", "ca": postgres.ca}})
    assert "applied now" in one.run("--migrate")
    one.set({"postgres": {"ca": "/etc/ssl/certs/ca-certificates.crt"}})
    assert "certificate verify failed" in one.run("--check", status=1)


# ---- The program ----

def test_words_that_are_wrong_are_told(it):
    for words, wanted in (
            (["--from-fil", "x"], "did you mean --from-file?"),
            (["--once=1"], "--once takes no value"),
            (["--from-file"], "--from-file needs a value"),
            (["x"], "arguments are not taken"),
            (["--migrate", "--check"], "one alone may be given")):
        assert wanted in it.run(*words, status=2)
    assert "/none/x: No such file" in it.run("-f", "/none/x", status=1)
    assert "[kafka] brokers is empty" in it.run("--once", status=1)
    assert "usage: pictor-loader" in it.run("--help")
    assert it.run("--version").startswith("pictor-loader ")


def test_what_cannot_be_read_is_no_success(it, place):
    """A folder opens, and fails when it is read: that is not its end."""
    assert "Is a directory" in it.run("--from-file", place, status=1)


def test_names_need_not_be_utf_8(it, place, postgres, database):
    path = place / b"\xff\xc3.jsonl".decode(errors="surrogateescape")
    path.write_text("broken\n" + lines([Maker().event()]), encoding="ascii")
    assert "1 loaded, 0 were there, 1 dead letters" in it.run("-f", path)
    origin, = loader.letters(postgres, database)
    assert origin.endswith("/\ufffd\ufffd.jsonl 0:1")


def test_a_spool_made_anew_is_read_from_its_beginning(it, place, postgres,
        database, start):
    """Its segments are counted from one again, so the place that was kept of
    the one before lies behind them all."""
    spool = place / "spool"

    def fill(n):
        daemon = start({"spool": {"path": spool, "memory": place}})
        for i in range(n):
            daemon.get(f"/cat.png?width={i + 1}")
        daemon.stop()

    fill(3)
    fill(3)
    assert "6 loaded" in it.run("--from-spool", spool, "--once")
    shutil.rmtree(spool)
    fill(3)
    assert "3 events: 3 loaded" in it.run("--from-spool", spool, "--once")
    assert "0 events" in it.run("--from-spool", spool, "--once")
    # The same beside one that goes on.
    it.start("--from-spool", spool)
    it.said("loading from")
    server.until(lambda: it.ask("/readyz")[0] == 200, "ready")
    shutil.rmtree(spool)
    fill(4)
    server.until(lambda: loader.count(postgres, database) == 13, "all 13")
    it.stop()


def test_a_migration_that_takes_long_is_waited_for(it, place, postgres,
        database):
    """Its lock is held for longer than a statement may take; which must still
    be enough for the migration itself."""
    it.set({"postgres": {"statement_time": "3s"}})
    with subprocess.Popen([postgres.programs / "psql", "-X", "-q", "-d",
            postgres.dsn(database)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True) as other:
        other.stdin.write("SELECT pg_advisory_lock(7305808869231650914);\n")
        other.stdin.flush()
        other.stdout.readline()
        it.start("--from-spool", place)
        it.said("statement timeout")
        other.stdin.close()
        other.wait()
    it.said("0001-star.sql applied")
    assert "does not exist" not in it.log()
    it.stop()


def test_a_database_that_is_away_ends_a_single_run(it, postgres, database):
    it.set({"postgres": {"port": server.free_port()}})
    assert "Connection refused" in it.load(lines([Maker().event()]), status=1)


# ---- pictor report ----

def test_report_of_a_day(it, postgres, database):
    make = Maker(when=made_events.today() - DAY)
    it.load(lines([make.event(bytes_in=1000, bytes_result=250, bytes_out=250),
        make.hit(bytes_out=250, sample_rate=0.5), make.failed(bytes_out=0),
        make.happened("image.archived", object_bytes=77)]
        + [Maker(5).event()]))
    day = (made_events.today() - DAY).strftime("%Y-%m-%d")
    told = json.loads(loader.report(postgres, database, "--json", day))
    assert told["day"] == day
    assert told["total"] == [{"requests": 4, "hits": 2, "hit_percent": 50,
        "error_percent": 25, "bytes_sent": 750,
        "images": told["total"][0]["images"]}]
    assert told["tenants"] == [{"tenant": "shop", "requests": 4,
        "error_percent": 25, "bytes_sent": 750}]
    assert told["formats"][0]["saved_percent"] == 75
    assert told["errors"] == [{"status": 404, "error": "no-source",
        "requests": 1, "example_parameter": None}]
    assert told["happened"] == [{"event": "image.archived", "images": 1,
        "bytes_stored": 77}]
    text = loader.report(postgres, database, day)
    assert "75.0 %" in text and "no-source" in text
    today = json.loads(loader.report(postgres, database, "--json"))
    assert today["total"][0]["requests"] == 1
    assert "is no day" in loader.report(postgres, database, "2026-13-01",
        status=1)


def test_report_of_what_is_beyond_measure(it, postgres, database):
    """As far as the schema goes, sums can still be told, and what viewers wrote
    is no order to a terminal."""
    make = Maker()
    most = {"bytes_out": 2**63 - 1, "bytes_in": 2**63 - 1,
        "bytes_result": 2**63 - 1, "sample_rate": 1e-300, "ms_total": 1e12,
        "source_key": "\x1b[31m\u009b32mü.jpg"}
    said = it.load(lines([make.event(**most) for _ in range(3)]))
    assert "3 loaded" in said
    told = json.loads(loader.report(postgres, database, "--json"))
    assert told["total"][0]["requests"] == 3 * 2**32
    text = loader.report(postgres, database)
    assert ".[31m..32mü.jpg" in text
    assert "\x1b" not in text and "\u009b" not in text


def test_report_for_a_reader_is_of_its_tenants(it, postgres, database, logins):
    make = Maker()
    it.load(lines([make.event(tenant="shop"), make.event(tenant="news")]))
    postgres.sql(f"INSERT INTO pictor.access VALUES ('{logins[1]}', 'news')",
        database)
    told = json.loads(loader.report(postgres, database, "--json",
        user=logins[1]))
    assert [t["tenant"] for t in told["tenants"]] == ["news"]
