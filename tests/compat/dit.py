#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks pictord the requests recorded from the handler whose language the
dialect `dit` speaks, and says how many answers agree.

    dit.py PICTORD SHARED NODE [DEVIATIONS [LEAST]]

SHARED has cases/, images/ and tools/compare.mjs; NODE is a folder with the npm
package sharp. Not a test of make check: the recordings are not in the tree.
Asked is what was recorded without any configuration, in all groups. A failure
is a server that does not start or dies, and fewer than LEAST (90) percent that
are the same or differ by design, which is what DEVIATIONS lists with its
reasons."""
import os
import re
import socket
import subprocess
import sys
import tempfile
import time

CONF = """\
[http]
listen = 127.0.0.1:{port}
admin =
[mount.dit]
path = /
dialect = dit
stores = sample-bucket second-bucket
cache_control = max-age=31536000,public
originals = all
[store.sample-bucket]
root = {images}/sample-bucket
[store.second-bucket]
root = {images}/second-bucket
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until_ready(server, port):
    for _ in range(600):
        if server.poll() is not None:
            return False
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            time.sleep(0.1)
    return False


COUNTS = re.compile(r"^(?:(\S+): )?(\d+) same, (\d+) by design, (\d+) differ")


def compare(port, shared, node, deviations):
    """Rows (group or None for the sum, same, by design, differ)."""
    command = ["node", os.path.join(shared, "tools", "compare.mjs"),
        f"http://127.0.0.1:{port}",
        os.path.join(shared, "cases", "dit-v7.jsonl")]
    if deviations:
        command.append(f"--deviations={deviations}")
    with subprocess.Popen(command, cwd=node, stdout=subprocess.PIPE,
            text=True) as tool:
        rows = []
        for line in tool.stdout:
            found = COUNTS.match(line)
            if found:
                rows.append((found[1], *map(int, found.groups()[1:])))
            else:
                print(line, end="")
    return rows if tool.returncode == 0 else []


def share(same, design, differ):
    return 100 * (same + design) / max(1, same + design + differ)


def judge(rows, least):
    print(f"{'group':16}{'cases':>6}{'same':>6}{'by design':>11}"
        f"{'differ':>8}{'agree':>9}")
    for name, *n in rows:
        print(f"{name or 'all':16}{sum(n):6}{n[0]:6}{n[1]:11}{n[2]:8}"
            f"{share(*n):7.1f} %")
    sums = [row[1:] for row in rows if row[0] is None]
    if len(sums) != 1 or sum(sums[0]) == 0:
        print("FAIL: nothing was compared")
        return 1
    if share(*sums[0]) < least:
        print(f"FAIL: fewer than {least:g} % agree")
        return 1
    return 0


def main():
    pictord, shared, node = (os.path.abspath(a) for a in sys.argv[1:4])
    deviations = os.path.abspath(sys.argv[4]) if len(sys.argv) > 4 else None
    least = float(sys.argv[5]) if len(sys.argv) > 5 else 90
    port = free_port()
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf:
        conf.write(CONF.format(port=port,
            images=os.path.join(shared, "images", "dit")))
        conf.flush()
        server = subprocess.Popen([pictord, "--config", conf.name],
            stdout=subprocess.DEVNULL)
        try:
            if not wait_until_ready(server, port):
                print("FAIL: pictord did not start")
                return 1
            rows = compare(port, shared, node, deviations)
            if server.poll() is not None:
                print(f"FAIL: pictord died ({server.returncode})")
                return 1
            return judge(rows, least)
        finally:
            if server.poll() is None:
                server.terminate()
                server.wait(30)


if __name__ == "__main__":
    sys.exit(main())
