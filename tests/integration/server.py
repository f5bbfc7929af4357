# SPDX-License-Identifier: Apache-2.0
"""The real pictord, and how to talk with it."""
import contextlib
import http.client
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import time

from schema import read_events

SANITIZER = re.compile(r"==\d+==ERROR|runtime error:|WARNING: ThreadSanitizer"
    r"|SUMMARY: \w+Sanitizer")
START_S = 90 # a sanitizer's build on a busy machine
END_S = 60


def binary():
    """$PICTOR, else pictord of the build folder."""
    if "PICTOR" in os.environ:
        return os.environ["PICTOR"]
    build = os.environ.get("PICTOR_BUILD", os.getcwd())
    return os.path.join(build, "pictord")


class Ports:
    """Ports that the kernel gives to nobody by itself (its own begin at 32768)
    and that no other process of tests has: each takes blocks of them, held by
    a name that ends with it. So nobody can take one between free_port() and
    the server that listens there, nor while that server is away."""

    FIRST, BLOCK, BLOCKS = 20000, 50, 240

    def __init__(self):
        self.held = []
        self.mine = iter(())

    def take(self):
        for block in random.sample(range(self.BLOCKS), self.BLOCKS):
            holder = socket.socket(socket.AF_UNIX)
            try:
                holder.bind(f"\0pictor-tests-ports-{block}")
            except OSError:
                holder.close()
                continue
            self.held.append(holder)
            first = self.FIRST + block * self.BLOCK
            self.mine = iter(range(first, first + self.BLOCK))
            return
        raise AssertionError("other tests have all the ports")

    def next(self):
        for port in self.mine:
            with socket.socket() as s, contextlib.suppress(OSError):
                s.bind(("127.0.0.1", port))
                return port
        self.take()
        return self.next()


ports = Ports()


def free_port():
    """One of the loopback that nobody listens on, never the same twice."""
    return ports.next()


def until(done, what, seconds=60):
    """Waits until done() is true, and returns it."""
    end = time.monotonic() + seconds
    while True:
        value = done()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.01)


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class Server:
    """One pictord on free ports of the loopback.

    place:   folder for its configuration, events and logs
    files:   root of its store `files`
    conf:    {"section": {"key": value}}, over the defaults below
    env:     more environment
    wrapper: a command that executes pictord as its last words
    """

    def __init__(self, place, files, conf, env=None, wrapper=()):
        self.place = pathlib.Path(place)
        self.port, self.admin_port = free_port(), free_port()
        self.conf_path = self.place / "pictor.conf"
        self.event_path = self.place / "events.jsonl"
        self.access_path = self.place / "access.log"
        self.error_path = self.place / "stderr"
        self.env = dict(os.environ, **(env or {}))
        self.wrapper = list(wrapper)
        self.process = None
        self.conf = {
            "http": {
                "listen": f"127.0.0.1:{self.port}",
                "admin": f"127.0.0.1:{self.admin_port}",
                "x_cache": "on",
                "drain_time": "5s",
            },
            "event": {"file": self.event_path},
            "log": {"access": self.access_path},
            "store.files": {"root": files},
        }
        if "thread" in os.environ.get("PICTOR_SANITIZERS", ""):
            # The sandbox has no room for ThreadSanitizer's shadow.
            self.conf["render"] = {"mode": "local"}
        self.set(conf)

    def set(self, conf):
        """Changes keys; a value None takes one out. Written at once."""
        for section, keys in conf.items():
            mine = self.conf.setdefault(section, {})
            mine.update(keys)
            for key in [k for k, v in mine.items() if v is None]:
                del mine[key]
        self.conf_path.write_text("".join(f"[{section}]\n" + "".join(
            f"{key} = {value}\n" for key, value in keys.items())
            for section, keys in self.conf.items()), encoding="utf-8")

    # --- its life ---

    def start(self):
        with open(self.error_path, "ab") as err:
            self.process = subprocess.Popen(
                self.wrapper + [binary(), "--config", str(self.conf_path)],
                stdin=subprocess.DEVNULL, stdout=err, stderr=err,
                env=self.env)
        until(self._ready, "ready", START_S)

    def _ready(self):
        status = self.process.poll()
        assert status is None, f"pictord ended with {status}:\n{self.log()}"
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.admin("/readyz").status == 200
        return False

    def stop(self):
        """Ends it; asserts that it ends well."""
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            status = "nothing: it did not end"
        log = self.log()
        assert status == 0, f"pictord ended with {status}:\n{log}"
        assert not SANITIZER.search(log), log

    def log(self):
        """What it said on standard error, and on standard output."""
        return self.error_path.read_text(encoding="utf-8", errors="replace")

    def said(self, text, since=0):
        return until(lambda: text in self.log()[since:], f"{text!r} in log")

    def reload(self):
        """SIGHUP; returns what it said when it had done or refused it."""
        before, length = self._reloads(), len(self.log())
        self.process.send_signal(signal.SIGHUP)
        until(lambda: self._reloads() > before, "reload counted")
        self.said("configuration", length)
        return self.log()[length:]

    def _reloads(self):
        return self.metric("pictor_reloads_total")

    # --- asking it ---

    def _ask(self, port, path, method, headers, timeout):
        connection = http.client.HTTPConnection("127.0.0.1", port,
            timeout=timeout)
        with contextlib.closing(connection):
            connection.request(method, path, headers=headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())

    def get(self, path, headers=None, method="GET", timeout=60):
        return self._ask(self.port, path, method, headers, timeout)

    def admin(self, path):
        return self._ask(self.admin_port, path, "GET", None, 30)

    def connect(self):
        """A raw socket."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def raw(self, data):
        """Sends bytes as they are; all that comes back until it closes."""
        with self.connect() as s:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            parts = []
            with contextlib.suppress(ConnectionResetError):
                while part := s.recv(65536):
                    parts.append(part)
        return b"".join(parts)

    def metric(self, name, **labels):
        """Sum of the series of that name that have these labels."""
        total = 0.0
        for line in self.admin("/metrics").body.decode().splitlines():
            m = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if not m or m.group(1) != name:
                continue
            has = dict(re.findall(r'(\w+)="([^"]*)"', m.group(2) or ""))
            if all(has.get(k) == v for k, v in labels.items()):
                total += float(m.group(3))
        return total

    # --- what it wrote ---

    def events(self, count):
        """Waits for so many events; all of them, checked."""
        until(lambda: self.event_path.exists()
            and self.event_path.read_bytes().count(b"\n") >= count,
            f"{count} events")
        return read_events(self.event_path)

    def accesses(self, count):
        """Waits for so many lines of the access log, as dicts."""
        until(lambda: self.access_path.read_bytes().count(b"\n") >= count,
            f"{count} lines of access log")
        return [dict(word.split("=", 1) for word in line.split(" "))
            for line in self.access_path.read_text(
                encoding="utf-8").split("\n")[:-1]]
