#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What STYLE asks of every file and a compiler does not check."""
import os
import re
import subprocess

from tap import Report
from tree import SRC, files, read

FILE_LINES = 800
FUNCTION_LINES = 70

# Assembled, so that this file does not find itself.
MACHINE = re.compile(r"(?<![\w.])/(?:" + "|".join(["wo" + "rk", "fa" + "rm"])
    + r")/|/tmp/pic" + "tor/")
HOSTS = re.compile("|".join(["registry" + r"\.npmjs", "pypi" + r"\.org",
    "files" + r"\.pythonhosted", "proxy" + r"\.golang", r"repo1?\.ma" + "ven",
    r"(?:static|index)\.cra" + r"tes\.io", "deb" + r"\.debian\.org"]))
UNDONE = re.compile(r"\b(?:TO" + "DO|FIX" + "ME|XX" + "X|HA" + r"CK)\b")
SPDX = "SPDX-License-Identifier: Apache-2.0"
TEXT = (".c", ".h", ".def", ".py", ".sh", ".ac", ".am", ".m4", ".inc", ".md",
    ".html", ".css", ".js", ".mjs", ".json", ".in", ".conf", ".service",
    ".yml", "GNUmakefile", "install-dependencies", "/run")
LICENSED = (".c", ".h", ".def", ".py", ".sh", ".ac", ".am", ".m4", ".inc",
    ".mjs", ".js", "GNUmakefile", "install-dependencies", "/run")


def matches(pattern, *endings):
    for path in files(*endings):
        for number, line in enumerate(read(path).splitlines(), 1):
            if pattern.search(line):
                yield f"{path}:{number}: {line.strip()[:100]}"


def unlicensed():
    for path in files(*LICENSED):
        if SPDX not in "\n".join(read(path).splitlines()[:3]):
            yield f"{path}: no SPDX line among its first three"


def long_files():
    for path in files(".c", ".h", ".py"):
        n = len(read(path).splitlines())
        if n > FILE_LINES:
            yield f"{path}: {n} lines, at most {FILE_LINES}"


def long_functions():
    for path in files(".c", ".h"):
        name, start = None, 0
        for number, line in enumerate(read(path).splitlines(), 1):
            begin = re.match(r"([A-Za-z_]\w*)\(", line)
            if begin:
                name, start = begin.group(1), number
            elif line.startswith("}") and name:
                if number - start + 1 > FUNCTION_LINES:
                    yield (f"{path}:{start}: {name} has {number - start + 1} "
                        f"lines, at most {FUNCTION_LINES}")
                name = None


def whitespace():
    for path in files(*TEXT):
        text = read(path)
        if text and not text.endswith("\n"):
            yield f"{path}: the last line has no end"
        for number, line in enumerate(text.splitlines(), 1):
            if line != line.rstrip():
                yield f"{path}:{number}: white space at the end"


def exported_variables_in_headers():
    pattern = re.compile(r"^extern\s+(?!const\b)[^()]*;")
    for path in files(".h", under=("src/",)):
        for number, line in enumerate(read(path).splitlines(), 1):
            if pattern.match(line) and " const " not in line:
                yield f"{path}:{number}: {line.strip()}"


def forbidden_calls():
    unsafe = (r"alloca|strcpy|strcat|sprintf|vsprintf|gets|strtok|system|popen|"
        r"tmpnam|mktemp|rand")
    numbers = r"|ato(?:i|l|ll|f)|strto(?:l|ll|ul|ull|d|f|imax|umax)|s?scanf"
    for path in files(".c", ".h", under=("src/",)):
        # Numbers are read by num.c alone: whole string, range, no locale.
        pattern = re.compile(rf"\b(?:{unsafe}"
            + ("" if path == "src/base/num.c" else numbers) + r")\s*\(")
        text = re.sub(r"/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"",
            lambda m: "\n" * m.group().count("\n"), read(path), flags=re.S)
        for number, line in enumerate(text.splitlines(), 1):
            m = pattern.search(line)
            if m:
                yield f"{path}:{number}: {m.group().rstrip('(')} is not used here"


def unformatted(tool):
    """The first line of each file that clang-format would change."""
    sources = list(files(".c", ".h"))
    run = subprocess.run([tool, "--dry-run", "-Werror", "--style=file"]
        + sources, cwd=SRC, capture_output=True, text=True)
    found = dict.fromkeys(re.findall(r"^(\S+?\.[ch]):\d+:", run.stderr, re.M))
    for path in found:
        line = re.search(rf"^{re.escape(path)}:(\d+):", run.stderr, re.M)
        yield f"{path}:{line.group(1)}: clang-format differs"
    if run.returncode and not found:
        yield run.stderr.strip().splitlines()[0]


def main():
    r = Report()
    r.case("style: SPDX lines", unlicensed())
    r.case("style: file lengths", long_files())
    r.case("style: function lengths", long_functions())
    r.case("style: white space", whitespace())
    r.case("style: no writable variable in a header",
        exported_variables_in_headers())
    r.case("style: unsafe C functions", forbidden_calls())
    r.case("style: nothing left to do", matches(UNDONE, *TEXT))
    r.case("style: no path of one machine", matches(MACHINE, *TEXT))
    r.case("style: no host of a package registry", matches(HOSTS, *TEXT))
    tool = os.environ.get("CLANG_FORMAT", "clang-format")
    try:
        subprocess.run([tool, "--version"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        r.skip("style: clang-format",
            "clang-format is missing: apt-get install clang-format")
    else:
        r.case("style: clang-format", unformatted(tool))
    r.end()


if __name__ == "__main__":
    main()
