# SPDX-License-Identifier: Apache-2.0
"""What every lint needs: where the tree is and which files are ours."""
import os
import re
import subprocess

SRC = os.environ.get("PICTOR_SRC") or os.path.abspath(
    os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("PICTOR_BUILD") or SRC
SKIP = {".git", "autom4te.cache", "build-aux", "__pycache__", ".deps",
    "node_modules", "samples", "run", ".pytest_cache"}
# What autoreconf, configure and make make, in a tarball.
MADE = {"aclocal.m4", "configure", "Makefile", "Makefile.in", "config.status",
    "config.log", "src/http/page/text.h", "src/loader/text.h"}


def in_git():
    """The files that git knows, or None in a tarball."""
    try:
        out = subprocess.run(["git", "-C", SRC, "ls-files", "-z", "--cached",
            "--others", "--exclude-standard"], check=True,
            capture_output=True).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        return None
    return [f for f in out.split("\0") if f]


def walk():
    for folder, folders, names in os.walk(SRC):
        folders[:] = sorted(f for f in folders if f not in SKIP
            and not f.startswith(("build", "_build", "_inst", "pictor-")))
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), SRC)
            if path not in MADE:
                yield path


def files(*endings, under=("",)):
    """Paths relative to SRC; what is being written right now may be gone."""
    known = in_git() if os.path.exists(os.path.join(SRC, ".git")) else None
    for path in sorted(set(known if known is not None else walk())):
        if endings and not path.endswith(endings):
            continue
        if not any(path.startswith(u) for u in under):
            continue
        if os.path.isfile(os.path.join(SRC, path)):
            yield path


def read(path):
    with open(os.path.join(SRC, path), encoding="utf-8", errors="replace") as f:
        return f.read()


INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^">]+)[">]', re.M)


def includes(path):
    """(line number, "<" or '"', name) of each #include."""
    text = read(path)
    for m in INCLUDE.finditer(text):
        yield text.count("\n", 0, m.start()) + 1, m.group(1), m.group(2)
