#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Arrows only point down: #include lines against ARCHITECTURE.md's tables."""
import re

from tap import Report
from tree import files, includes, read


def block(name):
    """The lines of the fenced block ```NAME of ARCHITECTURE.md."""
    m = re.search(rf"^```{name}\n(.*?)^```", read("ARCHITECTURE.md"),
        re.M | re.S)
    if not m:
        raise SystemExit(f"Bail out! ARCHITECTURE.md has no block {name}")
    return [line for line in m.group(1).splitlines() if line.strip()]


def layer_table():
    """Module name -> (layer, group); modules of one group see each other."""
    table = {}
    for line in block("layers"):
        number, modules = line.split(None, 1)
        for group in re.findall(r"\w+\([^)]*\)|\w+", modules):
            names = re.findall(r"\w+", group)
            for name in names:
                table[name] = (int(number), names[0])
    return table


def place_table(name):
    """Header prefix -> list of the files or folders that may include it."""
    table = {}
    for line in block(name):
        header, places = line.split(None, 1)
        table[header] = places.split()
    return table


def module_of(path, table):
    """src/base/err.c -> base; src/pipeline.c -> pipeline."""
    name = path.removeprefix("src/").split("/")[0]
    name = re.sub(r"\.(c|h|def)$", "", name)
    return name if name in table else None


def edge_problem(path, line, name, table):
    here, there = module_of(path, table), module_of("src/" + name, table)
    if "/" not in name and there is None:
        return f'{path}:{line}: "{name}" is not named by its path from src/'
    if there is None:
        return f'{path}:{line}: "{name}" is in no layer of ARCHITECTURE.md'
    if here == there:
        return None
    (mine, my_group), (its, its_group) = table[here], table[there]
    if mine > its or my_group == its_group:
        return None
    way = "up" if mine < its else "sideways"
    return (f'{path}:{line}: {here} (layer {mine}) includes "{name}" of '
        f"{there} (layer {its}): {way}")


def own_problems(table):
    for path in files(".c", ".h", ".def", under=("src/",)):
        if module_of(path, table) is None:
            yield f"{path}: its module is in no layer of ARCHITECTURE.md"
            continue
        for line, mark, name in includes(path):
            if mark == '"':
                problem = edge_problem(path, line, name, table)
                if problem:
                    yield problem


def system(name):
    """Of the C library or the kernel, as far as the name tells."""
    folder = name.split("/")[0] if "/" in name else None
    return folder in (None, "sys", "linux", "netinet", "arpa", "net", "asm")


def foreign_problems(table):
    for path in files(".c", ".h", ".def", under=("src/",)):
        for line, mark, name in includes(path):
            places = [v for k, v in table.items() if name.startswith(k)]
            if mark != "<" or (not places and system(name)):
                continue
            if not places:
                yield f"{path}:{line}: <{name}> is in no row of the table"
                continue
            if not any(path.startswith("src/" + p) for p in places[0]):
                yield (f"{path}:{line}: <{name}> belongs to "
                    + ", ".join(places[0]))


def restricted_problems(table):
    for path in files(".c", ".h", ".def", under=("src/",)):
        for line, mark, name in includes(path):
            for header, places in table.items():
                if mark == '"' and name.startswith(header) and not any(
                        path.startswith("src/" + p) for p in places + [header]):
                    yield (f'{path}:{line}: "{name}" is for '
                        + ", ".join(places))


def interface_problems(table):
    """A module is included by the header that names it, and by few others."""
    for path in files(".c", under=("src/",)):
        own = path.removeprefix("src/").removesuffix(".c") + ".h"
        first = next(((l, n) for l, m, n in includes(path) if m == '"'), None)
        if own in headers() and (first is None or first[1] != own):
            yield f'{path}: its first include is not "{own}"'


def headers(cache=[]):
    if not cache:
        cache.extend(p.removeprefix("src/") for p in files(".h", under=("src/",)))
    return cache


def main():
    r = Report()
    table = layer_table()
    r.case("layers: arrows point down", own_problems(table))
    r.case("layers: third-party headers",
        foreign_problems(place_table("headers")))
    r.case("layers: headers for some",
        restricted_problems(place_table("restricted")))
    r.case("layers: a file's own header comes first",
        interface_problems(table))
    r.end()


if __name__ == "__main__":
    main()
