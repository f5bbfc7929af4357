#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs Python tests so that they print TAP: test_*.py, one or several, under
pytest, any other script as it is (a lint prints TAP by itself, with the helper below)."""
import os
import runpy
import sys


class Report:
    """What a lint or another script found, as TAP."""

    def __init__(self):
        self.count = 0
        self.bad = 0

    def case(self, name, problems=()):
        """One case; each problem is a line that says what and where."""
        self.count += 1
        problems = list(problems)
        print(f"{'not ok' if problems else 'ok'} {self.count} - {name}")
        for problem in problems:
            print(f"# {problem}")
            print(f"{name}: {problem}", file=sys.stderr)
        self.bad += bool(problems)

    def skip(self, name, reason):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {reason}")

    def end(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.bad else 0)


class PytestPlugin:
    """Turns pytest's reports into TAP lines; the rest of its output goes to
    standard error and so into the log."""

    def __init__(self, out, several):
        self.out = out
        self.several = several # files: a case says of which it is
        self.count = 0

    def line(self, good, name, directive="", why=""):
        self.count += 1
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}{directive}",
            file=self.out)
        for line in str(why).splitlines():
            if line.startswith("E  "):
                print(f"# {line[1:].strip()}", file=self.out)
        self.out.flush()

    def pytest_runtest_logreport(self, report):
        name = report.nodeid if self.several else report.nodeid.split("::", 1)[-1]
        name = name.replace("#", "%23")
        if report.skipped:
            why = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
            why = getattr(report, "wasxfail", why)
            self.line(True, name, " # SKIP " + why.removeprefix("Skipped: "))
        elif report.failed:
            self.line(False, name if report.when == "call"
                else f"{name} ({report.when})", why=report.longrepr)
        elif report.when == "call":
            self.line(True, name)

    def pytest_collectreport(self, report):
        if report.failed:
            self.line(False, f"collect {report.nodeid}", why=report.longrepr)
        elif report.skipped:
            self.line(True, f"collect {report.nodeid}",
                " # SKIP " + str(report.longrepr[2]))


def run_pytest(paths):
    try:
        import pytest
    except ImportError:
        print("1..0 # SKIP pytest is missing: apt-get install python3-pytest")
        return 0
    # The TAP keeps standard output, pytest gets standard error.
    tap = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    plugin = PytestPlugin(tap, len(paths) > 1)
    status = pytest.main(["-p", "no:cacheprovider", "-q", "--tb=short",
        "--rootdir", os.path.dirname(paths[0]), *paths], plugins=[plugin])
    print(f"1..{plugin.count}", file=tap, flush=True)
    if plugin.count == 0:
        print("Bail out! no test was found", file=tap, flush=True)
    return int(status)


def main():
    path = os.path.abspath(sys.argv[1])
    if os.path.basename(path).startswith("test_"):
        return run_pytest([path, *map(os.path.abspath, sys.argv[2:])])
    sys.argv = sys.argv[1:]
    sys.path[:1] = [os.path.dirname(path), os.path.dirname(__file__)]
    runpy.run_path(path, run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main())
