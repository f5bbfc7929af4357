# SPDX-License-Identifier: Apache-2.0
"""Requests whose events are counted: each has a name of its own, and is asked
anew, by another name, when the daemon was killed before it had answered."""
import concurrent.futures
import contextlib
import http.client
import signal
import threading

from server import until

HANDS = 4


class Asked:
    """answered: names. vain: names whose answer did not come; whether it was
    given, and what became of its event, nobody knows."""

    def __init__(self):
        self.answered, self.vain = set(), set()
        self.lock = threading.Lock()

    def ask(self, server, n):
        """n more, by four hands; returns when all are answered."""
        first = len(self.answered)
        with concurrent.futures.ThreadPoolExecutor(HANDS) as pool:
            list(pool.map(lambda which: self._hand(server,
                range(first + which, first + n, HANDS)), range(HANDS)))

    def _hand(self, server, numbers):
        connection = http.client.HTTPConnection("127.0.0.1", server.port,
            timeout=60)
        with contextlib.closing(connection):
            for i in numbers:
                attempt = 0
                while not self._one(connection, f"r{i}.{attempt}"):
                    attempt += 1
                    until(lambda: self._is_there(server), "back", 120)

    @staticmethod
    def _is_there(server):
        """Not: it was killed, or is starting again, or was killed meanwhile."""
        with contextlib.suppress(AssertionError, AttributeError):
            return server.process is not None and server._ready()
        return False

    def _one(self, connection, name):
        try:
            connection.request("GET", "/cat.png?width=16",
                headers={"X-Request-Id": name})
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            with self.lock:
                self.vain.add(name)
            return False
        assert answer.status == 200
        assert answer.headers["X-Request-Id"] == name
        with self.lock:
            self.answered.add(name)
        return True


def kill(server):
    """kill -9"""
    process, server.process = server.process, None
    process.send_signal(signal.SIGKILL)
    process.wait()
