#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Pages that come from the tables are what the tables say today, and the
lists of the build name every file."""
import os
import re
import shutil
import subprocess

from tap import Report
from tree import BUILD, SRC, files, read

# file=program:what it generates, as Makefile.am lists them.
PAIRS = re.search(r"^GENERATED =((?:.*\\\n)*.*)$", read("Makefile.am"),
    re.M).group(1).replace("\\", " ").split()


def stale(path, what):
    program, what = what.split(":")
    made = subprocess.run([os.path.join(BUILD, program),
        f"--generate={what}"], capture_output=True, text=True)
    if made.returncode:
        yield f"{program} --generate={what}: {made.stderr.strip()}"
    elif not os.path.exists(os.path.join(SRC, path)):
        yield f"{path} is missing: make generated"
    elif made.stdout != read(path):
        yield f"{path} is not what the tables say: make generated"


def complaints(path):
    """What the reader of manual pages finds strange."""
    run = subprocess.run(["man", "--warnings", "-l", "-Tutf8", "-Z",
        os.path.join(SRC, path)], stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True,
        env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"})
    for line in run.stderr.splitlines():
        yield f"{path}: {line}"


def unnamed():
    """Files that would not be in the tarball, or not be built."""
    lists = "\n".join(read(p) for p in files("Makefile.am", "Makefile.inc"))
    for path in files(".c", ".h", ".def", under=("src/", "tests/")):
        if not re.search(rf"(?<![\w/]){re.escape(path)}\b", lists):
            yield f"{path} is in no list of a Makefile.inc"


def main():
    r = Report()
    r.case("generated: the build's lists name every file", unnamed())
    for pair in PAIRS:
        path, what = pair.split("=", 1)
        r.case(f"generated: {path}", stale(path, what))
        if not path.startswith("man/"):
            continue
        if shutil.which("man"):
            r.case(f"generated: {path} reads well", complaints(path))
        else:
            r.skip(f"generated: {path} reads well",
                "man is missing: apt-get install man-db")
    r.end()


if __name__ == "__main__":
    main()
