# SPDX-License-Identifier: Apache-2.0
"""Servers that are measured: how one is started, asked and stopped, and what
its whole tree of processes has cost."""
import http.client
import os
import signal
import socket
import subprocess
import tempfile
import time

TICK = os.sysconf('SC_CLK_TCK')


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def tree(pid):
    """pid and all that it started, now."""
    found, todo = [], [pid]
    while todo:
        p = todo.pop()
        found.append(p)
        try:
            for task in os.listdir(f'/proc/{p}/task'):
                with open(f'/proc/{p}/task/{task}/children') as f:
                    todo += [int(c) for c in f.read().split()]
        except OSError:
            pass
    return found


def cpu_seconds(pid):
    total = 0
    for p in tree(pid):
        try:
            with open(f'/proc/{p}/stat') as f:
                fields = f.read().rsplit(')', 1)[1].split()
            total += sum(int(x) for x in fields[11:15])
        except OSError:
            pass
    return total / TICK


def memory_mib(pid):
    """Proportional set size of the tree: shared pages count once."""
    total = 0
    for p in tree(pid):
        try:
            with open(f'/proc/{p}/smaps_rollup') as f:
                for line in f:
                    if line.startswith('Pss:'):
                        total += int(line.split()[1])
        except OSError:
            pass
    return total / 1024


class Server:
    def __init__(self, name, command, port=None, env=None, cwd=None):
        self.name = name
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE if port is None else self.log,
                                        stderr=self.log, env=env, cwd=cwd)
        self.port = port if port is not None else int(self.process.stdout.readline())
        self.pid = self.process.pid
        for _ in range(400):
            try:
                socket.create_connection(('127.0.0.1', self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(.05)
        self.log.seek(0)
        raise SystemExit(f'{name} did not start:\n{self.log.read().decode()}')

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def ask(connection, path):
    began = time.perf_counter()
    connection.request('GET', path)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise SystemExit(f'{path}: {answer.status} {body[:300]!r}')
    return (time.perf_counter() - began) * 1000, body


def measure(server, path, n):
    connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=120)
    for _ in range(3):
        _, body = ask(connection, path)
    cpu = cpu_seconds(server.pid)
    times = [ask(connection, path)[0] for _ in range(n)]
    cpu = (cpu_seconds(server.pid) - cpu) * 1000 / n
    connection.close()
    return cpu, times, body


def percentile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * q))]
