#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the Power BI project (PBIP) from model.py: the semantic model as TMDL,
the report as PBIR, and a .pbids.

    generate.py            writes into the folder in which it lies
    generate.py --print    only lists what it would write
"""
import json
import pathlib
import sys
import uuid

sys.dont_write_bytecode = True # only the project is written here

import model  # noqa: E402

NAME = "Pictor"
SCHEMAS = "https://developer.microsoft.com/json-schemas/fabric"
MODEL, REPORT = f"{NAME}.SemanticModel", f"{NAME}.Report"
# For the same names the same ids, so that writing again changes nothing.
SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "pictor:powerbi")


# ---- TMDL ----

def quoted(name):
    return name if name.isalnum() else "'" + name.replace("'", "''") + "'"


def m_source(table, tabs):
    indent = "\t" * tabs
    lines = ["let", "\tSource = PostgreSQL.Database(PgServer, PgDatabase),",
        f'\tRows = Source{{[Schema="bi",Item="{table["source"]}"]}}[Data]']
    last = "Rows"
    if table.get("incremental"):
        lines[-1] += ","
        lines.append("\tOfDays = Table.SelectRows(Rows, each "
            "[at] >= RangeStart and [at] < RangeEnd)")
        last = "OfDays"
    return "\n".join(indent + line for line in [*lines, "in", f"\t{last}"])


def column_tmdl(column):
    name, kind, source, more = column
    return "\n".join([f"\tcolumn {quoted(name)}", f"\t\tdataType: {kind}",
        *(f"\t\t{word}" for word in more), f"\t\tsourceColumn: {source}", ""])


def measure_tmdl(measure):
    _, name, dax, _, form, sentence = measure
    return "\n".join([f"\t/// {sentence}",
        f"\tmeasure {quoted(name)} = {dax}", f"\t\tformatString: {form}", ""])


def hierarchy_tmdl(name, levels):
    lines = [f"\thierarchy {quoted(name)}"]
    for level in levels:
        lines += [f"\t\tlevel {quoted(level)}",
            f"\t\t\tcolumn: {quoted(level)}"]
    return "\n".join([*lines, ""])


def policy_tmdl(table):
    """Three days anew: an event may be loaded late."""
    return "\n".join(["\trefreshPolicy", "\t\tpolicyType: basic",
        "\t\trollingWindowGranularity: month", "\t\trollingWindowPeriods: 13",
        "\t\tincrementalGranularity: day", "\t\tincrementalPeriods: 3",
        "\t\tsourceExpression =", m_source(table, 4), ""])


def table_tmdl(name, table):
    parts = [f"/// {table['text']}\ntable {quoted(name)}"]
    if table.get("date"):
        parts[0] += "\n\tdataCategory: Time"
    if table.get("hidden"):
        parts[0] += "\n\tisHidden"
    parts[0] += "\n"
    parts += [measure_tmdl(m) for m in model.MEASURES if m[0] == name]
    parts += [column_tmdl(c) for c in table["columns"]]
    parts += [hierarchy_tmdl(*h) for h in table.get("hierarchies", {}).items()]
    parts.append(f"\tpartition {table['source']} = m\n\t\tmode: import\n"
        f"\t\tsource =\n{m_source(table, 4)}\n")
    if table.get("incremental"):
        parts.append(policy_tmdl(table))
    return "\n".join(parts)


def model_tmdl():
    lines = ["model Model", "\tculture: en-US",
        "\tdefaultPowerBIDataSourceVersion: powerBI_V3",
        "\tdataAccessOptions", "\t\tlegacyRedirects",
        "\t\treturnErrorValuesAsNull", "",
        "annotation __PBI_TimeIntelligenceEnabled = 0", ""]
    lines += [f"ref table {quoted(name)}" for name in model.TABLES]
    lines += ["", *(f"ref role {quoted(name)}" for name in model.ROLES), ""]
    return "\n".join(lines)


def parameter(name, value, kind):
    return (f"expression {name} = {value} meta [IsParameterQuery=true, "
        f'Type="{kind}", IsParameterQueryRequired=true]\n')


def expressions_tmdl():
    return "\n".join([
        "/// host:port of PostgreSQL, as the gateway or this machine sees it.\n"
        + parameter("PgServer", '"localhost:5432"', "Text"),
        parameter("PgDatabase", '"pictor"', "Text"),
        "/// Set by the service when it refreshes; here only what Desktop "
        "loads.\n" + parameter("RangeStart",
            "#datetime(2026, 1, 1, 0, 0, 0)", "DateTime"),
        parameter("RangeEnd", "#datetime(2030, 1, 1, 0, 0, 0)", "DateTime")])


def relationships_tmdl():
    parts = []
    for fact, column, dimension, to in model.RELATIONSHIPS:
        name = uuid.uuid5(SPACE, f"{fact}.{column}>{dimension}.{to}")
        parts.append(f"relationship {name}\n"
            f"\tfromColumn: {quoted(fact)}.{quoted(column)}\n"
            f"\ttoColumn: {quoted(dimension)}.{quoted(to)}\n")
    return "\n".join(parts)


def role_tmdl(name, filters):
    lines = [f"role {quoted(name)}", "\tmodelPermission: read", ""]
    for table, dax in filters.items():
        lines += [f"\ttablePermission {quoted(table)} = {dax}", ""]
    return "\n".join(lines)


# ---- PBIR ----

def field(name):
    """What a visual says of "Table.Name"."""
    table, what = name.split(".")
    is_measure = any(m[0] == table and m[1] == what for m in model.MEASURES)
    return {"field": {"Measure" if is_measure else "Column": {
            "Expression": {"SourceRef": {"Entity": table}},
            "Property": what}},
        "queryRef": name, "nativeQueryRef": what}


def visual(name, number, kind, title, roles, x, y, width, height):
    literal = "'" + title.replace("'", "''") + "'"
    return {"$schema":
            f"{SCHEMAS}/item/report/definition/visualContainer/2.4.0/schema.json",
        "name": name,
        "position": {"x": x, "y": y, "z": number, "height": height,
            "width": width, "tabOrder": number},
        "visual": {"visualType": kind,
            "query": {"queryState": {role: {"projections": [field(f)
                for f in fields]} for role, fields in roles.items()}},
            "visualContainerObjects": {"title": [{"properties": {"text": {
                "expr": {"Literal": {"Value": literal}}}}}]},
            "drillFilterOtherVisuals": True}}


def report_files():
    top = f"{REPORT}/definition"
    at = f"{SCHEMAS}/item/report"
    yield f"{REPORT}/definition.pbir", {
        "$schema": f"{at}/definitionProperties/2.0.0/schema.json",
        "version": "4.0",
        "datasetReference": {"byPath": {"path": f"../{MODEL}"}}}
    yield f"{top}/version.json", {"$schema":
        f"{at}/definition/versionMetadata/1.0.0/schema.json",
        "version": "2.0.0"}
    yield f"{top}/report.json", {"$schema":
            f"{at}/definition/report/3.0.0/schema.json",
        "themeCollection": {"baseTheme": {"name": "CY24SU10",
            "reportVersionAtImport": {"visual": "1.8.2", "report": "2.0.2",
                "page": "1.3.2"}, "type": "SharedResources"}}}
    yield f"{top}/pages/pages.json", {"$schema":
            f"{at}/definition/pagesMetadata/1.0.0/schema.json",
        "pageOrder": list(model.PAGES), "activePageName":
            next(iter(model.PAGES))}
    for page, (title, visuals) in model.PAGES.items():
        yield f"{top}/pages/{page}/page.json", {"$schema":
                f"{at}/definition/page/2.0.0/schema.json",
            "name": page, "displayName": title, "displayOption": "FitToPage",
            "height": 720, "width": 1280}
        for number, (name, *rest) in enumerate(visuals):
            yield (f"{top}/pages/{page}/visuals/{name}/visual.json",
                visual(name, number, *rest))


def platform(kind):
    return {"$schema": f"{SCHEMAS}/gitIntegration/platformProperties/2.0.0/"
            "schema.json",
        "metadata": {"type": kind, "displayName": NAME},
        "config": {"version": "2.0", "logicalId": str(uuid.uuid5(SPACE, kind))}}


def json_files():
    yield f"{NAME}.pbip", {"$schema":
            f"{SCHEMAS}/pbip/pbipProperties/1.0.0/schema.json",
        "version": "1.0", "artifacts": [{"report": {"path": REPORT}}],
        "settings": {"enableAutoRecovery": True}}
    yield "pictor.pbids", {"version": "0.1", "connections": [{"details": {
            "protocol": "postgresql", "address": {
                "server": "localhost:5432", "database": "pictor"}},
        "mode": "Import"}]}
    yield f"{MODEL}/definition.pbism", {"$schema":
            f"{SCHEMAS}/item/semanticModel/definitionProperties/1.0.0/"
            "schema.json", "version": "4.2", "settings": {}}
    yield f"{MODEL}/.platform", platform("SemanticModel")
    yield f"{REPORT}/.platform", platform("Report")
    yield from report_files()


def tmdl_files():
    top = f"{MODEL}/definition"
    yield f"{top}/database.tmdl", "database\n\tcompatibilityLevel: 1567\n"
    yield f"{top}/model.tmdl", model_tmdl()
    yield f"{top}/expressions.tmdl", expressions_tmdl()
    yield f"{top}/relationships.tmdl", relationships_tmdl()
    for name, table in model.TABLES.items():
        yield f"{top}/tables/{name}.tmdl", table_tmdl(name, table)
    for name, filters in model.ROLES.items():
        yield f"{top}/roles/{name}.tmdl", role_tmdl(name, filters)


def files():
    """(path, text) of all of them."""
    for path, value in json_files():
        yield path, json.dumps(value, indent=2) + "\n"
    for path, text in tmdl_files():
        yield path, text.rstrip("\n") + "\n"


def main():
    top = pathlib.Path(__file__).resolve().parent
    for path, text in files():
        print(path)
        if sys.argv[1:] == ["--print"]:
            continue
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
