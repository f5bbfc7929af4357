# SPDX-License-Identifier: Apache-2.0
"""Checks a value against a JSON Schema, as far as event.schema.json goes: a
keyword that is unknown here is an error, never passed over."""
import json
import os
import pathlib
import re

TYPES = {
    "null": lambda v: v is None,
    "boolean": lambda v: isinstance(v, bool),
    "string": lambda v: isinstance(v, str),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float))
        and not isinstance(v, bool),
    "object": lambda v: isinstance(v, dict),
}
NOTES = {"$schema", "title", "description"}


def _listed(value):
    return value if isinstance(value, list) else [value]


def _is_text(value):
    return isinstance(value, str)


def _is_number(value):
    return TYPES["number"](value)


def _same(a, b):
    return type(a) is type(b) and a == b


RULES = {
    "type": lambda v, r, s: any(TYPES[t](v) for t in _listed(r)),
    "const": lambda v, r, s: _same(v, r),
    "enum": lambda v, r, s: any(_same(v, x) for x in r),
    "pattern": lambda v, r, s: not _is_text(v) or re.search(r, v),
    "maxLength": lambda v, r, s: not _is_text(v) or len(v) <= r,
    "minimum": lambda v, r, s: not _is_number(v) or v >= r,
    "maximum": lambda v, r, s: not _is_number(v) or v <= r,
    "required": lambda v, r, s: set(r) <= set(v),
    "additionalProperties": lambda v, r, s: r or set(v) <= set(s["properties"]),
    "properties": lambda v, r, s: True,
}


def check(value, schema, where="event"):
    for word, rule in schema.items():
        if word in NOTES:
            continue
        assert word in RULES, f"{where}: {word} is not known to schema.py"
        assert RULES[word](value, rule, schema), \
            f"{where} = {value!r} breaks {word}: {rule!r}"
    for name, rule in schema.get("properties", {}).items():
        if name in value:
            check(value[name], rule, f"{where}.{name}")


def _refuse_twice(pairs):
    names = [name for name, _ in pairs]
    assert len(set(names)) == len(names), f"a member stands twice: {names}"
    return dict(pairs)


def load_event_schema():
    src = os.environ.get("PICTOR_SRC")
    root = pathlib.Path(src) if src \
        else pathlib.Path(__file__).resolve().parents[2]
    with open(root / "src/event/event.schema.json", encoding="utf-8") as f:
        return json.load(f)


def read_events(path):
    """Every line of the file, each checked."""
    schema = load_event_schema()
    events = []
    data = path.read_bytes()
    assert data == b"" or data.endswith(b"\n")
    for line in data.splitlines():
        event = json.loads(line.decode("utf-8"),
            object_pairs_hook=_refuse_twice)
        check(event, schema)
        events.append(event)
    ids = [event["id"] for event in events]
    assert len(set(ids)) == len(ids), "two events have one id"
    return events
