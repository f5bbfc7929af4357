# SPDX-License-Identifier: Apache-2.0
"""The Power BI project against a real database, loaded by the real loader. What
only Power BI Desktop can say, deploy/powerbi/README.md says."""
import importlib.util
import json
import re
import subprocess
import sys

import pytest

import kit
import loader
import made_events
from made_events import DAY, Maker, lines

PLACE = kit.SRC / "deploy" / "powerbi"
MODEL = PLACE / "Pictor.SemanticModel" / "definition"
REPORT = PLACE / "Pictor.Report" / "definition"


def imported(name):
    spec = importlib.util.spec_from_file_location(name, PLACE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    spec.loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


model = imported("model")
generate = imported("generate")


# ---- The model as the files say it, not as model.py does ----

def unquoted(name):
    return name[1:-1].replace("''", "'") if name.startswith("'") else name


class Table:
    def __init__(self, text):
        self.name = unquoted(re.search(r"^table (.+)$", text, re.M).group(1))
        self.text = text
        self.columns, self.measures, self.hierarchies = {}, {}, {}
        for block in re.split(r"\n(?=\t(?! |\t|/))", text)[1:]:
            head, *rest = block.strip("\n").split("\n")
            words = dict(line.strip().split(": ", 1) for line in rest
                if ": " in line and not line.startswith("\t\t\t"))
            kind, _, what = head.strip().partition(" ")
            if kind == "column":
                self.columns[unquoted(what)] = words
            elif kind == "measure":
                name, dax = re.fullmatch(r"('[^']+'|\w+) = (.*)", what).groups()
                self.measures[unquoted(name)] = dax
            elif kind == "hierarchy":
                self.hierarchies[unquoted(what)] = [unquoted(c) for c in
                    re.findall(r"^\t\t\tcolumn: (.+)$", block, re.M)]
        self.source = re.search(r'Schema="bi",Item="(\w+)"', text).group(1)


def tables():
    found = [Table(p.read_text(encoding="utf-8"))
        for p in sorted((MODEL / "tables").glob("*.tmdl"))]
    return {t.name: t for t in found}


TABLES = tables()


def relationships():
    text = (MODEL / "relationships.tmdl").read_text(encoding="utf-8")
    name = r"('[^']+'|\w+)\.('[^']+'|\w+)"
    return [tuple(unquoted(w) for w in m) for m in re.findall(
        rf"fromColumn: {name}\n\ttoColumn: {name}", text)]


# ---- Files ----

def test_files_are_those_that_the_model_makes():
    made = dict(generate.files())
    there = {str(p.relative_to(PLACE)) for p in PLACE.rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
        and not p.name.endswith((".py", ".md"))}
    assert there == set(made)
    for path, text in made.items():
        assert (PLACE / path).read_text(encoding="utf-8") == text, \
            f"{path}: deploy/powerbi/generate.py"


SCHEMA = re.compile(r"https://developer\.microsoft\.com/json-schemas/fabric/"
    r"[\w/]+/\d+\.\d+\.\d+/schema\.json")


def test_json_is_whole():
    paths = [p for p in PLACE.rglob("*") if p.suffix in (".json", ".pbip",
        ".pbir", ".pbism") or p.name == ".platform"]
    assert len(paths) > 30
    for path in paths:
        raw = path.read_bytes()
        assert not raw.startswith(b"\xef\xbb\xbf")
        assert SCHEMA.fullmatch(json.loads(raw)["$schema"]), path
    bids = json.loads((PLACE / "pictor.pbids").read_text(encoding="utf-8"))
    assert bids["connections"][0]["details"]["protocol"] == "postgresql"
    pbip = json.loads((PLACE / "Pictor.pbip").read_text(encoding="utf-8"))
    report = PLACE / pbip["artifacts"][0]["report"]["path"]
    pbir = json.loads((report / "definition.pbir").read_text(encoding="utf-8"))
    assert (report / pbir["datasetReference"]["byPath"]["path"]
        / "definition.pbism").exists()


def test_tmdl_is_well_formed():
    """Tabs alone indent, a level deeper at most one more; no trailing blanks;
    every table and role is named in the model, quotes are paired."""
    for path in MODEL.rglob("*.tmdl"):
        text = path.read_text(encoding="utf-8")
        depth = 0
        for number, line in enumerate(text.splitlines(), 1):
            at = f"{path.name}:{number}"
            assert line == line.rstrip() and not line.startswith(" "), at
            if not line:
                continue
            tabs = len(line) - len(line.lstrip("\t"))
            # What is behind "source =" may be indented by two.
            assert tabs <= depth + 2 and line[tabs] != " ", at
            assert line.count('"') % 2 == 0, at
            depth = tabs
    head = (MODEL / "model.tmdl").read_text(encoding="utf-8")
    assert {unquoted(n) for n in re.findall(r"^ref table (.+)$", head, re.M)} \
        == set(TABLES)
    roles = {p.stem for p in (MODEL / "roles").glob("*.tmdl")}
    assert {unquoted(n) for n in re.findall(r"^ref role (.+)$", head, re.M)} \
        == roles == {"BI team", "Leadership"}


def dax():
    """(where, expression) of all measures and roles."""
    for t in TABLES.values():
        for name, text in t.measures.items():
            yield f"[{name}]", t.name, text
    for path in (MODEL / "roles").glob("*.tmdl"):
        for table, text in re.findall(r"tablePermission ('[^']+'|\w+) = (.*)",
                path.read_text(encoding="utf-8")):
            yield path.stem, unquoted(table), text


def test_dax_names_what_there_is():
    measures = [m for t in TABLES.values() for m in t.measures]
    assert len(measures) == len({m.lower() for m in measures}) >= 25
    for where, table, text in dax():
        # Table names that are functions, too, have to be quoted.
        assert not re.search(r"\b(Date|Time|Format|Error|Status|Image|Tenant|"
            r"Variant|Cache)\[", re.sub(r"'[^']*'\[", "", text)) \
            or table in text, where
        for name, column in re.findall(
                r"(?:'([^']+)'|\b[A-Z]\w+)\[([^\]]+)\]", text):
            name = name or re.search(r"(\w+)\[" + re.escape(column),
                text).group(1)
            assert column in TABLES[name].columns, (where, name, column)
        for measure in re.findall(r"(?<![\w'])\[([^\]]+)\]", text):
            assert measure in measures, (where, measure)
        assert text.count("(") == text.count(")")
    for t in TABLES.values():
        # Desktop allows no measure to be called as a column of its table.
        assert not {m.lower() for m in t.measures} \
            & {c.lower() for c in t.columns}, t.name
        for levels in t.hierarchies.values():
            assert set(levels) <= set(t.columns)
        for words in t.columns.values():
            if "sortByColumn" in words:
                assert unquoted(words["sortByColumn"]) in t.columns
    assert "dataCategory: Time" in TABLES["Date"].text
    assert "\t\tisKey\n" in TABLES["Date"].text


# ---- The report's fields ----

ROLES = {"cardVisual": {"Data"}, "slicer": {"Values"}, "tableEx": {"Values"},
    "lineChart": {"Category", "Y", "Series"},
    "columnChart": {"Category", "Y", "Series"},
    "clusteredColumnChart": {"Category", "Y", "Series"},
    "clusteredBarChart": {"Category", "Y", "Series"},
    "donutChart": {"Category", "Y"},
    "pivotTable": {"Rows", "Columns", "Values"}}
ONLY_MEASURES = {"Y", "Data"}
PAGES = sorted((REPORT / "pages").glob("*/page.json"))


def visuals(page):
    return [(p, json.loads(p.read_text(encoding="utf-8")))
        for p in sorted((page.parent / "visuals").glob("*/visual.json"))]


def overlap(a, b):
    return (a["x"] < b["x"] + b["width"] and b["x"] < a["x"] + a["width"]
        and a["y"] < b["y"] + b["height"] and b["y"] < a["y"] + a["height"])


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.parent.name)
def test_visuals_show_what_the_model_has(path):
    page = json.loads(path.read_text(encoding="utf-8"))
    assert page["name"] == path.parent.name
    found = visuals(path)
    assert len(found) == 10
    for where, visual in found:
        assert re.fullmatch(r"\w{1,50}", visual["name"])
        assert visual["name"] == where.parent.name
        at = visual["position"]
        assert at["x"] >= 0 and at["x"] + at["width"] <= page["width"]
        assert at["y"] >= 0 and at["y"] + at["height"] <= page["height"]
        for _, other in found:
            assert other is visual or not overlap(at, other["position"])
        state = visual["visual"]["query"]["queryState"]
        assert set(state) <= ROLES[visual["visual"]["visualType"]], where
        for role, fields in state.items():
            for field in fields["projections"]:
                (kind, what), = field["field"].items()
                table = TABLES[what["Expression"]["SourceRef"]["Entity"]]
                names = {"Measure": table.measures,
                    "Column": table.columns}[kind]
                assert what["Property"] in names, (where, what)
                assert field["queryRef"] == f"{table.name}.{what['Property']}"
                if role in ONLY_MEASURES:
                    assert kind == "Measure", where


def test_pages_are_the_four():
    pages = json.loads((REPORT / "pages" / "pages.json").read_text(
        encoding="utf-8"))
    assert pages["pageOrder"] == ["traffic", "performance", "formats",
        "errors"]
    assert set(pages["pageOrder"]) == {p.parent.name for p in PAGES}
    assert pages["activePageName"] == "traffic"


# ---- Against the database ----

KINDS = {"int64": {"integer", "bigint", "smallint"}, "string": {"text"},
    "double": {"double precision"}, "boolean": {"boolean"},
    "dateTime": {"timestamp without time zone", "date"}}


def seeded(when):
    """Ten events of which every figure below can be counted by hand."""
    make = Maker(when=when)

    def rendered(number, **more):
        return make.event(**{"source_key": f"{number}.jpg", "bytes_in": 1000,
            "bytes_result": 100, "bytes_out": 100, "ms_total": 10 * number,
            "ms_fetch": 2, "ms_queue": 1, "ms_work": 5, "format_out": "webp",
            **more})
    return [
        rendered(1), rendered(2, ms_work=15), rendered(3, format_out="jpeg",
            bytes_result=600, bytes_out=600),
        rendered(4, sample_rate=0.5),
        make.hit(source_key="1.jpg", bytes_out=100, ms_total=1),
        make.hit(source_key="1.jpg", bytes_out=0, status=304, ms_total=1,
            cache_state="revalidated"),
        make.failed(source_key="5.jpg", bytes_out=50, ms_total=3),
        make.failed(source_key=None, status=503, error_code="busy",
            bytes_out=50, ms_total=5),
        make.happened("image.uploaded"),
        make.happened("image.archived", object_bytes=1000),
        make.happened("image.archived", object_bytes=500),
        make.happened("image.expired"),
        make.happened("image.failed", channel="http", error_code="bad-image")]


EXPECTED = {
    "Request count": 9, "Requests a day": 9, "Images requested": 4,
    # 100 + 100 + 600 + 2 * 100 + 100 + 0 + 50 + 50
    "Bytes sent": 1200, "Hits": 2, "Cache hit %": 2 / 9, "Rendered": 5,
    # of 1 1 3 5 10 20 30 40
    "p50 ms": 7.5, "p95 ms": 36.5, "p99 ms": 39.3,
    # of 10 20 30 40
    "Rendered p95 ms": 38.5, "Fetch ms": 2, "Queue ms": 1, "Work ms": 7.5,
    "Original bytes": 5000, "Result bytes": 1000, "Bytes saved": 4000,
    "Bytes saved %": 0.8, "Modern format %": 0.8, "Errors": 2,
    "Error %": 2 / 9, "Server errors": 1, "Image events": 5, "Uploaded": 1,
    "Archived": 2, "Expired": 1, "Uploads refused": 1, "Copies held": 1,
    "Archived bytes": 1500}


@pytest.fixture
def filled(place, postgres, database):
    when = made_events.today() - DAY
    loader.Loader(place / "loader", postgres, database).load(
        lines(seeded(when)))
    return database


def test_every_column_is_in_the_database(filled, postgres):
    there = {(t, c): kind for t, c, kind in postgres.sql(
        "SELECT table_name, column_name, data_type FROM "
        "information_schema.columns WHERE table_schema = 'bi'", filled)}
    for table in TABLES.values():
        assert table.columns, table.name
        for name, words in table.columns.items():
            kind = there.get((table.source, words["sourceColumn"]))
            assert kind in KINDS[words["dataType"]], (table.name, name, kind)
    # And none of the facts' is forgotten, but the id of each.
    for name in ("Requests", "Image events"):
        missing = {c for t, c in there if t == TABLES[name].source} \
            - {w["sourceColumn"] for w in TABLES[name].columns.values()}
        assert missing <= {"event_id", "content_hash", "orientation"}, missing


def test_every_relationship_has_its_other_end(filled, postgres):
    found = relationships()
    assert len(found) >= 20
    for fact, column, dimension, to in found:
        one, other = TABLES[fact], TABLES[dimension]
        source = one.columns[column]["sourceColumn"]
        target = other.columns[to]["sourceColumn"]
        assert postgres.one(f"SELECT count(*) FROM bi.{one.source} AS f LEFT "
            f"JOIN bi.{other.source} AS d ON d.{target} = f.{source} WHERE "
            f"d.{target} IS NULL AND f.{source} IS NOT NULL", filled) == "0"
        # One side of it has each key once.
        assert postgres.one(f"SELECT count(*) - count(DISTINCT {target}) "
            f"FROM bi.{other.source}", filled) == "0"
    for name in ("Requests", "Image events"):
        keys = {c for c in TABLES[name].columns if c.endswith(" key")}
        assert keys == {c for f, c, _, _ in found if f == name
            and c.endswith(" key")}


def test_every_measures_twin_says_what_is_expected(filled, postgres):
    twins = {m[1]: m[3] for m in model.MEASURES}
    named = [m for t in TABLES.values() for m in t.measures]
    assert set(named) == set(twins) == set(EXPECTED)
    for name, sql in twins.items():
        value = float(postgres.one(sql, filled))
        assert value == pytest.approx(EXPECTED[name]), name


def test_the_refresh_reads_only_its_days(filled, postgres):
    text = TABLES["Requests"].text
    assert "[at] >= RangeStart and [at] < RangeEnd" in text
    assert "\trefreshPolicy\n" in text
    head = (MODEL / "expressions.tmdl").read_text(encoding="utf-8")
    for name in ("RangeStart", "RangeEnd"):
        assert re.search(rf"expression {name} = #datetime\(.*Type=\"DateTime\"",
            head)
    day = (made_events.today() - DAY).strftime("%Y-%m-%d")
    plan = postgres.sql("EXPLAIN SELECT * FROM bi.fact_request WHERE at >= "
        f"timestamp '{day}' AND at < timestamp '{day}' + interval '1 day'",
        filled)
    parts = set(re.findall(r"fact_request_(\d{8})", str(plan)))
    assert parts == {day.replace("-", "")}


def test_generate_lists_without_writing(tmp_path):
    done = subprocess.run([sys.executable, PLACE / "generate.py", "--print"],
        capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "Pictor.pbip" in done.stdout.splitlines()


def test_kafkas_files_are_whole():
    place = kit.SRC / "deploy" / "kafka"
    topic = json.loads((place / "topic.json").read_text(encoding="utf-8"))
    settings = {c["name"]: c["value"] for c in topic["configs"]}
    assert topic["topic_name"] == "image.events.v1"
    assert settings["min.insync.replicas"] == "2"
    acls = json.loads((place / "acls.json").read_text(encoding="utf-8"))
    assert {(a["operation"], a["resource_type"]) for a in acls} == {
        ("WRITE", "TOPIC"), ("DESCRIBE", "TOPIC"), ("READ", "TOPIC"),
        ("READ", "GROUP")}
    sink = json.loads((place / "postgres-sink.json").read_text(
        encoding="utf-8"))["config"]
    assert sink["connector.class"] == "PostgresSink"
    assert sink["pk.fields"] == "id" and sink["insert.mode"] == "UPSERT"


def test_the_flat_view_fits_the_events(filled, postgres):
    """A table as the managed connector makes it, of the schema's members."""
    schema = json.loads((kit.SRC / "src/event/event.schema.json").read_text(
        encoding="utf-8"))["properties"]
    kinds = {"integer": "bigint", "number": "double precision",
        "boolean": "boolean"}

    def column(name, rules):
        kind = rules.get("type", "string")
        kind = kind if isinstance(kind, str) else kind[0]
        return f'"{name}" {kinds.get(kind, "text")}'
    postgres.sql("CREATE TABLE public.image_events ("
        + ", ".join(column(*p) for p in schema.items()) + ");"
        + (kit.SRC / "deploy/kafka/flat-view.sql").read_text(encoding="utf-8"),
        filled)
    event = Maker().event()
    names = ", ".join(f'"{n}"' for n in event)
    postgres.sql(f"INSERT INTO public.image_events ({names}) SELECT {names} "
        "FROM json_populate_record(NULL::public.image_events, '"
        + json.dumps(event).replace("'", "''") + "')", filled)
    assert postgres.sql("SELECT tenant, image, is_hit, weight, "
        "(SELECT count(*) FROM flat.image) FROM flat.request", filled) == [
        ["shop", event["source_key"], "f", "1", "0"]]
