#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No object of ours exports a writable variable (nm on what was built), and
the programs are hardened as configure meant them."""
import os
import re
import subprocess

from tap import Report
from tree import BUILD

LIBRARIES = ("libpictor.a", "libimage.a", "libhttp.a", "libsql.a",
    "libloader.a")
PROGRAMS = ("pictord", "pictor", "pictor-loader")


def output(*command):
    return subprocess.run(command, check=True, capture_output=True,
        text=True).stdout


def writable(library):
    """Constants with addresses in them (.data.rel.ro) are written once, by the
    dynamic linker, and locked before main(): they are not variables."""
    member = "?"
    for line in output(os.environ.get("NM") or "nm", "--format=sysv",
            "--extern-only", "--defined-only",
            os.path.join(BUILD, library)).splitlines():
        if line.startswith(("Symbols from", "Undefined")):
            member = line.rsplit("[", 1)[-1].rstrip("]:")
        columns = [c.strip() for c in line.split("|")]
        if len(columns) != 7 or columns[3] not in ("OBJECT", "TLS"):
            continue
        name, section = columns[0], columns[6]
        # The sanitizers' own tables, one in each object.
        if name.startswith(("__asan", "__odr_asan", "__sancov", "__ubsan")):
            continue
        if re.match(r"\.(data(?!\.rel\.ro)|bss|tdata|tbss)|\*COM\*", section):
            yield f"{library}({member}): {name} is exported and writable"


def soft(program):
    path = os.path.join(BUILD, program)
    text = output("readelf", "-W", "-h", "-l", "-d", path)
    if not re.search(r"Type:\s+DYN", text):
        yield f"{program} is not position independent"
    if "GNU_RELRO" not in text or "BIND_NOW" not in text:
        yield f"{program} has a writable table of functions"
    stack = re.search(r"GNU_STACK.*?\s([RWE ]{3})\s", text)
    if stack and "E" in stack.group(1):
        yield f"{program} has an executable stack"


def main():
    r = Report()
    for library in LIBRARIES:
        r.case(f"globals: {library}", writable(library))
    for program in PROGRAMS:
        r.case(f"globals: {program} is hardened", soft(program))
    r.end()


if __name__ == "__main__":
    main()
