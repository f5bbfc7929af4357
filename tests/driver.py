#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one test for automake and counts its cases.

The test prints TAP, or nothing: then its exit status is its one case (0
passed, 77 skipped). A test that dies, hangs, or prints another number of
cases than it planned has failed, whatever it printed before. What it started
and left behind is ended with it.
"""
import argparse
import os
import re
import signal
import subprocess
import sys
import threading
import time

LINE = re.compile(r"^(not )?ok\b\s*(\d+)?\s*(?:-\s*)?(.*?)(?:\s*#\s*(SKIP)\b:?\s*(.*))?$", re.I)
PLAN = re.compile(r"^1\.\.(\d+)(?:\s*#\s*skip\S*\s*(.*))?", re.I)
REASON_LINES = 10
SECONDS = int(os.environ.get("PICTOR_TEST_SECONDS", "600"))
COLOURS = {"PASS": "\33[32m", "FAIL": "\33[31m", "SKIP": "\33[34m"}


class Cases:
    """The cases of one test as they come: (result, name, reason)."""

    def __init__(self):
        self.rows = []
        self.planned = None
        self.bailed = None

    def read(self, line):
        plan = PLAN.match(line)
        if plan:
            # cmocka prints one plan for each group of tests.
            self.planned = (self.planned or 0) + int(plan.group(1))
            if plan.group(1) == "0":
                self.rows.append(("SKIP", "all", plan.group(2) or "no case"))
                self.planned += 1
            return
        if line.startswith("Bail out!"):
            self.bailed = line[9:].strip() or "bailed out"
            return
        case = LINE.match(line)
        if not case:
            self.explain(line)
            return
        bad, _, name, directive, reason = case.groups()
        directive = (directive or "").upper()
        result = "FAIL" if bad else "PASS"
        if directive == "SKIP":
            result = "SKIP"
        self.rows.append((result, name or "case", reason or ""))

    def explain(self, line):
        """Comments behind a failed case say why."""
        if not line.startswith("# ") or not self.rows:
            return
        result, name, reason = self.rows[-1]
        if result == "FAIL" and reason.count("\n") < REASON_LINES:
            reason = f"{reason}\n    {line[2:]}" if reason else line[2:]
            self.rows[-1] = (result, name, reason)

    def finish(self, status, timed_out):
        """Adds what the TAP lines do not say."""
        if timed_out:
            self.rows.append(("FAIL", "time", f"not done in {SECONDS} s"))
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
        elif status not in (0, 77) and not self.failed():
            self.rows.append(("FAIL", "exit", f"exit status {status}"))

    def failed(self):
        return [r for r in self.rows if r[0] == "FAIL"]


def end_group(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def run(command, log, cases):
    """One process group, its output into the log, its TAP into cases."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log,
        stdin=subprocess.DEVNULL, start_new_session=True)
    expired = threading.Event()

    def expire():
        expired.set()
        end_group(child.pid)

    def reap():
        # Whoever it left behind must not keep the pipe open.
        child.wait()
        end_group(child.pid)

    timer = threading.Timer(SECONDS, expire)
    timer.start()
    reaper = threading.Thread(target=reap)
    reaper.start()
    for raw in child.stdout:
        log.write(raw)
        cases.read(raw.decode("utf-8", "replace").rstrip())
    reaper.join()
    timer.cancel()
    cases.finish(child.returncode, expired.is_set())


def worst(rows):
    for result in ("FAIL", "PASS"):
        if any(r[0] == result for r in rows):
            return result
    return "SKIP"


def report(test, cases, trs, colours):
    """The .trs file for automake, the console for people."""
    def show(result, text):
        on, off = (COLOURS[result], "\33[m") if colours else ("", "")
        print(f"{on}{result}{off}: {text}", flush=True)

    for result, name, reason in cases.rows:
        trs.write(f":test-result: {result} {name}\n")
        if result != "PASS":
            show(result, f"{test}: {name}" + (f" ({reason})" if reason else ""))
    total = worst(cases.rows)
    trs.write(f":test-global-result: {total}\n")
    trs.write(":recheck: " + ("yes" if total == "FAIL" else "no") + "\n")
    trs.write(":copy-in-global-log: " + ("yes" if total == "FAIL" else "no") + "\n")
    return total, show


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--test-name", required=True)
    p.add_argument("--log-file", required=True)
    p.add_argument("--trs-file", required=True)
    p.add_argument("--color-tests", default="no")
    p.add_argument("--expect-failure")
    p.add_argument("--enable-hard-errors")
    p.add_argument("--collect-skipped-logs")
    p.add_argument("command", nargs=argparse.REMAINDER)
    a = p.parse_args()
    command = a.command[1:] if a.command[:1] == ["--"] else a.command
    cases = Cases()
    began = time.monotonic()
    # Unbuffered: the test's stderr goes straight into the same file.
    with open(a.log_file, "wb", buffering=0) as log:
        run(command, log, cases)
        for result, name, reason in cases.rows:
            if result == "FAIL":
                log.write(f"# FAIL {name}: {reason}\n".encode())
    took = time.monotonic() - began
    with open(a.trs_file, "w", encoding="utf-8") as trs:
        total, show = report(a.test_name, cases, trs, a.color_tests == "yes")
    good = sum(r[0] == "PASS" for r in cases.rows)
    if total == "PASS":
        show("PASS", f"{a.test_name}: {good} of {len(cases.rows)}, {took:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
