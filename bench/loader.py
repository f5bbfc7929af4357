#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How many events pictor-loader loads in a second: from a file into a
PostgreSQL of its own, new rows and known ones, in batches of several sizes.

    make bench-loader           or  bench/loader.py [EVENTS]

The database runs without fsync, as in tests: what is measured is the loader and
the statements, not the disk."""
import pathlib
import re
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE.parent / "tests" / "integration"),
    str(HERE.parent / "tests")]

import loader          # noqa: E402
import made_events     # noqa: E402
import postgres        # noqa: E402
import program         # noqa: E402


def make_file(path, count):
    """A third rendered, a third from the cache, a third errors."""
    make = made_events.Maker()
    kinds = (make.event, make.hit, make.failed)
    with open(path, "w", encoding="utf-8") as out:
        for at in range(0, count, 1000):
            out.write(made_events.lines(kinds[n % 3]()
                for n in range(at, min(at + 1000, count))))


def run(server, place, events, rows):
    database = server.create()
    one = loader.Loader(place / f"rows{rows}", server, database,
        {"loader": {"batch_rows": rows}})
    one.run("--migrate")
    figures = []
    for _ in range(2):
        began = time.monotonic()
        said = one.run("--from-file", str(events))
        figures.append(int(re.search(r"(\d+) events:", said).group(1))
            / (time.monotonic() - began))
    server.drop(database)
    return figures


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with program.folder("bench") as place, \
            tempfile.TemporaryDirectory() as folder:
        events = pathlib.Path(folder) / "events.jsonl"
        make_file(events, count)
        server = postgres.Postgres(place).start()
        try:
            print(f"{count} events, {events.stat().st_size // count} bytes "
                "each; events a second")
            print(f"{'rows a batch':>12} {'new':>8} {'known':>8}")
            for rows in (500, 5000, 20000):
                new, known = run(server, pathlib.Path(folder), events, rows)
                print(f"{rows:12} {new:8.0f} {known:8.0f}", flush=True)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
