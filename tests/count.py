#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Adds up the cases of all tests: count.py FILE.trs...

Fails if a test did not run or a case failed and, with PICTOR_CI=1, if one was
skipped: what CI skips it does not prove."""
import os
import sys


def main():
    total = {"PASS": 0, "FAIL": 0, "SKIP": 0}
    for path in sys.argv[1:]:
        try:
            with open(path, encoding="utf-8") as f:
                for line in f:
                    if line.startswith(":test-result:"):
                        total[line.split()[1]] += 1
        except FileNotFoundError:
            print(f"FAIL: {path.removesuffix('.trs')} did not run")
            total["FAIL"] += 1
    print(f"{total['PASS']} passed, {total['FAIL']} failed, "
        f"{total['SKIP']} skipped")
    strict = os.environ.get("PICTOR_CI") == "1"
    return 1 if total["FAIL"] or (strict and total["SKIP"]) else 0


if __name__ == "__main__":
    sys.exit(main())
