#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs tests, counts their cases and prints the sum as its last line.

    run.py [--jobs=N] [--first="TEST..."] [--together="TEST..."]... TEST...

Those of the tests that a --together names run in one process, so that a
server which takes long to start is started once for all of them; they begin at
once, beside the others: mostly they wait. Of the others those of --first begin
first, so that no long one is left over in the end; since they wait, too, half
as many more than N run at once.

A test is a program of the build folder (where this runs) or a Python script
of the source folder. It prints TAP, or nothing: then its exit status is its
one case (0 passed, 77 skipped). A test that dies, hangs, or prints another
number of cases than it planned has failed, whatever it printed before. What
it started and left behind is ended with it. All it says is in NAME.log.

Fails if a case failed and, with PICTOR_CI=1, if one was skipped: what CI
skips it does not prove."""
import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

LINE = re.compile(r"^(not )?ok\b\s*(\d+)?\s*(?:-\s*)?(.*?)"
    r"(?:\s*#\s*(SKIP)\b:?\s*(.*))?$", re.I)
PLAN = re.compile(r"^1\.\.(\d+)(?:\s*#\s*skip\S*\s*(.*))?", re.I)
REASON_LINES = 10
SECONDS = int(os.environ.get("PICTOR_TEST_SECONDS", "900"))
COLOURS = {"PASS": "\33[32m", "FAIL": "\33[31m", "SKIP": "\33[34m"}
SRC = os.environ.get("PICTOR_SRC", ".")


class Cases:
    """The cases of one test as they come: (result, name, reason)."""

    def __init__(self):
        self.rows = []
        self.planned = None
        self.bailed = None
        self.cpu = 0 # seconds that it and its children computed

    def read(self, line):
        plan = PLAN.match(line)
        case = LINE.match(line)
        if plan:
            # cmocka prints one plan for each group of tests.
            self.planned = (self.planned or 0) + int(plan.group(1))
            if plan.group(1) == "0":
                self.rows.append(("SKIP", "all", plan.group(2) or "no case"))
                self.planned += 1
        elif line.startswith("Bail out!"):
            self.bailed = line[9:].strip() or "bailed out"
        elif case:
            bad, _, name, skipped, reason = case.groups()
            # cmocka says "not ok # SKIP" of what skip() leaves out.
            result = "SKIP" if skipped else "FAIL" if bad else "PASS"
            self.rows.append((result, name or "case", reason or ""))
        elif line.startswith("# "):
            self.explain(line[2:])

    def explain(self, line):
        """Comments behind a failed case say why."""
        if not self.rows:
            return
        result, name, reason = self.rows[-1]
        if result == "FAIL" and reason.count("\n") < REASON_LINES:
            reason = f"{reason}\n    {line}" if reason else line
            self.rows[-1] = (result, name, reason)

    def finish(self, status, expired):
        """Adds what the TAP lines do not say. expired: after so many
        seconds, or None."""
        if expired:
            self.rows.append(("FAIL", "time", f"not done in {expired} s"))
        elif self.bailed:
            self.rows.append(("FAIL", "whole", self.bailed))
        elif self.planned is None and not self.rows:
            result = {0: "PASS", 77: "SKIP"}.get(status, "FAIL")
            self.rows.append((result, "whole", f"exit status {status}"))
        elif status < 0:
            self.rows.append(("FAIL", "exit", f"died by signal {-status}"))
        elif self.planned is not None and self.planned != len(self.rows):
            self.rows.append(("FAIL", "plan",
                f"{self.planned} planned, {len(self.rows)} run"))
        elif status not in (0, 77) and self.count("FAIL") == 0:
            self.rows.append(("FAIL", "exit", f"exit status {status}"))

    def count(self, result):
        return sum(r[0] == result for r in self.rows)


def end_group(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def run_group(command, seconds, log, cases):
    """One process group, its output into the log, its TAP into cases."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log,
        stdin=subprocess.DEVNULL, start_new_session=True)
    expired = threading.Event()

    def expire():
        expired.set()
        end_group(child.pid)

    def reap():
        # With what it waited for itself. Whoever it left behind must not keep
        # the pipe open.
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        cases.cpu = used.ru_utime + used.ru_stime
        end_group(child.pid)

    timer = threading.Timer(seconds, expire)
    timer.start()
    reaper = threading.Thread(target=reap)
    reaper.start()
    for raw in child.stdout:
        log.write(raw)
        cases.read(raw.decode("utf-8", "replace").rstrip())
    reaper.join()
    timer.cancel()
    cases.finish(child.returncode, seconds if expired.is_set() else None)


def command_of(tests):
    """Programs are built here, scripts lie beside their sources."""
    if tests[0].endswith(".py"):
        return [sys.executable, os.path.join(SRC, "tests", "tap.py"),
            *(os.path.join(SRC, test) for test in tests)]
    return [os.path.join(".", tests[0])]


def run_tests(tests):
    """One, or several in one process; the first gives the log its name."""
    name = tests[0].removesuffix(".py")
    cases = Cases()
    began = time.monotonic()
    if os.path.dirname(name):
        os.makedirs(os.path.dirname(name), exist_ok=True)
    # Unbuffered: the test's stderr goes straight into the same file.
    with open(name + ".log", "wb", buffering=0) as log:
        try:
            run_group(command_of(tests), SECONDS * len(tests), log, cases)
        except OSError as e:
            cases.rows.append(("FAIL", "start", str(e)))
    report(" ".join(tests), cases, time.monotonic() - began)
    return cases


PRINTING = threading.Lock()


def report(test, cases, took):
    def show(result, text):
        on, off = (COLOURS[result], "\33[m") if sys.stdout.isatty() else ("", "")
        print(f"{on}{result}{off}: {text}", flush=True)

    with PRINTING:
        for result, name, reason in cases.rows:
            if result != "PASS":
                show(result, f"{test}: {name}" + (f" ({reason})" if reason else ""))
        if cases.count("FAIL") == 0 and cases.count("PASS") > 0:
            show("PASS", f"{test}: {cases.count('PASS')} of {len(cases.rows)}, "
                f"{took:.1f} s, {cases.cpu:.1f} s of CPU")


def jobs_of(arguments):
    """--jobs=N, else what make was called with, else one."""
    for a in arguments:
        if a.startswith("--jobs="):
            return int(a[7:])
    said = re.search(r"(?:^|\s)-j\s*(\d+)", os.environ.get("MAKEFLAGS", ""))
    return int(said.group(1)) if said else 1


def words_of(arguments, name):
    """What stands behind each --name=, as lists of words."""
    return [a.partition("=")[2].split() for a in arguments
        if a.startswith(f"--{name}=")]


def groups_of(arguments):
    """Lists of tests that run in one process: those that belong together, and
    the others, each alone."""
    tests = list(dict.fromkeys(a for a in arguments if not a.startswith("--")))
    groups = [[t for t in tests if t in names]
        for names in words_of(arguments, "together")]
    first = [t for names in words_of(arguments, "first") for t in names]
    alone = [t for t in tests if not any(t in g for g in groups)]
    alone.sort(key=lambda t: first.index(t) if t in first else len(first))
    return [g for g in groups if g], [[t] for t in alone]


def main():
    together, alone = groups_of(sys.argv[1:])
    jobs = jobs_of(sys.argv[1:])
    with ThreadPoolExecutor(len(together) or 1) as beside, \
            ThreadPoolExecutor(jobs + jobs // 2) as pool:
        running = beside.map(run_tests, together)
        done = [*pool.map(run_tests, alone), *running]
    passed, failed, skipped = (sum(c.count(r) for c in done)
        for r in ("PASS", "FAIL", "SKIP"))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    strict = os.environ.get("PICTOR_CI") == "1"
    return 1 if failed or (strict and skipped) or not done else 0


if __name__ == "__main__":
    sys.exit(main())
