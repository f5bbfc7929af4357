#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks pictord the JSON requests recorded from the handler whose language the
dialect `dit` speaks, and says how many answers agree.

    dit.py PICTORD SHARED NODE [DEVIATIONS]

SHARED has cases/, images/ and tools/compare.mjs; NODE is a folder with the npm
package sharp. Not a test of make check: the recordings are not in the tree.
What differs is printed and counted, only a server that does not start or dies
is a failure."""
import os
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


def compare(port, shared, node, deviations):
    command = ["node", os.path.join(shared, "tools", "compare.mjs"),
        f"http://127.0.0.1:{port}",
        os.path.join(shared, "cases", "dit-v7.jsonl"), "--group=^json"]
    if deviations:
        command.append(f"--deviations={deviations}")
    return subprocess.run(command, cwd=node, timeout=900).returncode


def main():
    pictord, shared, node = (os.path.abspath(a) for a in sys.argv[1:4])
    deviations = os.path.abspath(sys.argv[4]) if len(sys.argv) > 4 else None
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
            status = compare(port, shared, node, deviations)
            if server.poll() is not None:
                print(f"FAIL: pictord died ({server.returncode})")
                return 1
            return status
        finally:
            if server.poll() is None:
                server.terminate()
                server.wait(30)


if __name__ == "__main__":
    sys.exit(main())
