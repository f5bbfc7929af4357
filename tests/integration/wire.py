# SPDX-License-Identifier: Apache-2.0
"""HTTP by hand: bytes out, answers in, on a socket that stays open."""
import socket
import time

from server import Answer

WAIT_S = 20


class Headers(dict):
    """Names in any case; a repeated name is an error."""

    def __init__(self, lines):
        super().__init__()
        for line in lines:
            name, value = line.split(": ", 1)
            assert name.lower() not in self, f"{name} twice"
            self[name.lower()] = value

    def __getitem__(self, name):
        return super().__getitem__(name.lower())

    def get(self, name, default=None):
        return super().get(name.lower(), default)


class Wire:
    """A connection. use it with `with`."""

    def __init__(self, port, family=socket.AF_INET, where=None):
        self.socket = socket.socket(family)
        self.socket.settimeout(WAIT_S)
        host = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
        self.socket.connect(where or (host[family], port))
        self.left = b""

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data.encode("latin-1")
            if isinstance(data, str) else data)

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.left += data
        return bool(data)

    def answer(self, method="GET"):
        """The next answer; None: the connection was closed."""
        while b"\r\n\r\n" not in self.left:
            if not self._more():
                assert not self.left, self.left
                return None
        head, self.left = self.left.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        version, status, _ = lines[0].split(" ", 2)
        assert version == "HTTP/1.1"
        headers = Headers(lines[1:])
        size = int(headers.get("Content-Length", 0))
        if method == "HEAD" or status in ("204", "304"):
            size = 0
        while len(self.left) < size:
            assert self._more(), "the body is cut off"
        body, self.left = self.left[:size], self.left[size:]
        return Answer(int(status), headers, body)

    def ask(self, target, *lines, method="GET"):
        self.send(f"{method} {target} HTTP/1.1\r\nHost: a.example\r\n"
            + "".join(line + "\r\n" for line in lines) + "\r\n")
        return self.answer(method)

    def is_closed(self, seconds=WAIT_S):
        """Does the other side close, sending nothing more, in this time?"""
        self.socket.settimeout(seconds)
        try:
            return not self._more()
        except TimeoutError:
            return False
        finally:
            self.socket.settimeout(WAIT_S)


def elapsed(work):
    """(what work() returned, seconds that it took)."""
    began = time.monotonic()
    value = work()
    return value, time.monotonic() - began
