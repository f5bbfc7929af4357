# SPDX-License-Identifier: Apache-2.0
"""An HTTP server that misbehaves as it is told, on raw sockets: a thread for
each connection, and for each path what happens there.

    origin.at["/a.jpg"] = trickle(data, rate=1000)

A behaviour is a function of a Visit. What was asked is counted by path: see
Origin. Every wait ends when the client leaves or the origin stops."""
import gzip as the_gzip
import socket
import ssl
import struct
import threading
import time
from collections import Counter

import pytest

PIECE = 65536


class Gone(Exception):
    """The client has left, or we stop."""


class Visit:
    """One request: method, path (with the query), headers (lower case)."""

    def __init__(self, origin, connection, method, path, headers):
        self.origin, self.connection = origin, connection
        self.method, self.path, self.headers = method, path, headers
        self.keep = True # the connection lives on after it

    def send(self, data):
        """Bytes as they are."""
        view = memoryview(data)
        try:
            for at in range(0, len(view), PIECE):
                self.connection.sendall(view[at:at + PIECE])
                self.origin.sent[self.path] += len(view[at:at + PIECE])
        except OSError:
            raise Gone from None

    def pause(self, seconds):
        """Sees a client leave, too."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.connection.settimeout(min(left, 0.05))
            try:
                if self.connection.recv(1) == b"":
                    raise Gone
            except (TimeoutError, ssl.SSLWantReadError):
                pass
            except OSError:
                raise Gone from None
            finally:
                if self.connection.fileno() >= 0:
                    self.connection.settimeout(None)
            if self.origin.stopping.is_set():
                raise Gone

    def forever(self):
        while True:
            self.pause(3600)

    def head(self, status=200, headers=None, version="1.1", **more):
        """Status line and headers; those of more have _ for a dash."""
        lines = {**(headers or {}),
            **{k.replace("_", "-"): v for k, v in more.items()}}
        text = "".join(f"{k}: {v}\r\n" for k, v in lines.items())
        self.send(f"HTTP/{version} {status} x\r\n{text}\r\n".encode())

    def cut(self):
        """Resets the connection."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
            struct.pack("ii", 1, 0))
        self.connection.close()
        raise Gone


# ---- Behaviours ----

def whole(data, status=200, head=None, before=0):
    """As it should be: HEAD, ranges, validators (from head: ETag,
    Last-Modified) and connections that are kept. before: seconds."""
    head = dict(head or {})

    def serve(visit):
        visit.pause(before)
        asked, etag = visit.headers, head.get("ETag")
        modified = head.get("Last-Modified")
        first, part, answer = 0, data, dict(head)
        if "if-match" in asked and asked["if-match"] != etag:
            return visit.head(412, Content_Length=0)
        if etag and asked.get("if-none-match") == etag or (modified
                and "if-none-match" not in asked
                and asked.get("if-modified-since") == modified):
            return visit.head(304, head)
        code = status
        if asked.get("range", "").startswith("bytes=") and status == 200 \
                and asked.get("if-range", etag) == etag:
            low, _, high = asked["range"][6:].partition("-")
            first = int(low)
            if first >= len(data):
                return visit.head(416, Content_Length=0,
                    Content_Range=f"bytes */{len(data)}")
            part, code = data[first:int(high) + 1 if high else None], 206
            answer["Content-Range"] = \
                f"bytes {first}-{first + len(part) - 1}/{len(data)}"
        visit.head(code, answer, Content_Length=len(part))
        if visit.method != "HEAD":
            visit.send(part)

    return serve


def trickle(data, rate, head=None, at_once=0):
    """So many bytes a second, after those at once."""
    def serve(visit):
        visit.head(200, head, Content_Length=len(data))
        visit.send(data[:at_once])
        step = max(1, rate // 10)
        for at in range(at_once, len(data), step):
            visit.pause(step / rate)
            visit.send(data[at:at + step])

    return serve


def stall(data, after, head=None):
    """Nothing more comes after so many bytes."""
    def serve(visit):
        visit.head(200, head, Content_Length=len(data))
        visit.send(data[:after])
        visit.forever()

    return serve


def reset(data, after, head=None):
    def serve(visit):
        visit.head(200, head, Content_Length=len(data))
        visit.send(data[:after])
        # A reset throws away what was not read yet.
        visit.pause(0.2)
        visit.cut()

    return serve


def short(data, after, head=None):
    """Ends in order, and before what Content-Length says."""
    def serve(visit):
        visit.head(200, head, Content_Length=len(data))
        visit.send(data[:after])
        visit.keep = False

    return serve


def longer(data, said, more=b"more than was said"):
    """Content-Length says less than comes."""
    def serve(visit):
        visit.head(200, Content_Length=said)
        visit.send(data + more)
        visit.keep = False

    return serve


def length(data, text):
    """That text as Content-Length."""
    def serve(visit):
        visit.head(200, Content_Length=text)
        visit.send(data)
        visit.keep = False

    return serve


def chunked(data, size=1000, end=b"0\r\n\r\n", head=None):
    """end: what comes after the last chunk; then it closes."""
    def serve(visit):
        visit.head(200, head, Transfer_Encoding="chunked")
        for at in range(0, len(data), size):
            part = data[at:at + size]
            visit.send(b"%x\r\n%s\r\n" % (len(part), part))
        visit.send(end)
        visit.keep = end == b"0\r\n\r\n"

    return serve


def gzip(data, asked_for=False):
    """asked_for: only if Accept-Encoding says so."""
    small = the_gzip.compress(data)

    def serve(visit):
        if asked_for and "gzip" not in visit.headers.get("accept-encoding", ""):
            return whole(data)(visit)
        visit.head(200, Content_Encoding="gzip", Content_Length=len(small))
        visit.send(small)

    return serve


def endless(data=b"", head=None, filling=b"\0" * PIECE):
    """A body without an end and without a length."""
    def serve(visit):
        visit.head(200, {"Connection": "close", **(head or {})})
        visit.send(data)
        while not visit.origin.stopping.is_set():
            visit.send(filling)
        raise Gone

    return serve


def redirect(to, status=302):
    def serve(visit):
        visit.head(status, Location=to, Content_Length=0)

    return serve


def slow_head(rate=10, before=b"HTTP/1.1 200 OK\r\n", filling=b"x"):
    """Headers that never end: so many bytes a second."""
    def serve(visit):
        visit.send(before + b"X-Slow: ")
        while True:
            visit.pause(1 / rate)
            visit.send(filling)

    return serve


def large_head(size, line=b"X-Filler: %s\r\n" % (b"x" * 1000), data=b""):
    """So many bytes of headers, and then an answer."""
    def serve(visit):
        visit.send(b"HTTP/1.1 200 OK\r\n")
        visit.send(line * (size // len(line)))
        visit.send(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        visit.keep = False

    return serve


def http10(data, head=None):
    """As servers answered in 1996: the body ends where the connection does."""
    def serve(visit):
        visit.head(200, head, version="1.0")
        visit.send(data)
        visit.keep = False

    return serve


def raw(data):
    """These bytes, and then it closes."""
    def serve(visit):
        visit.send(data)
        visit.keep = False

    return serve


def silent():
    """Never says a word."""
    return lambda visit: visit.forever()


def closed():
    """Closes without a word."""
    return raw(b"")


def status(code, head=None, body=b""):
    def serve(visit):
        visit.head(code, head, Content_Length=len(body))
        if visit.method != "HEAD":
            visit.send(body)

    return serve


def s3_error(code, name, **head):
    body = (f"<?xml version='1.0'?><Error><Code>{name}</Code><Message>m"
        "</Message><RequestId>r</RequestId></Error>").encode()
    return status(code, {"Content-Type": "application/xml", **head}, body)


def in_turn(*several):
    """The first for the first request, and so on; the last for all others."""
    lock, count = threading.Lock(), [0]

    def serve(visit):
        with lock:
            now = min(count[0], len(several) - 1)
            count[0] += 1
        several[now](visit)

    return serve


# ---- The server ----


def rest(data, part, length, head):
    """206 from where it was asked for: the range says so many bytes, and so
    many come."""
    def serve(visit):
        low = int(visit.headers["range"].removeprefix("bytes=").strip("-"))
        visit.head(206, {**head, "Content-Range":
            f"bytes {low}-{low + part(low) - 1}/{len(data)}"},
            Content_Length=length(low))
        visit.send(data[low:low + length(low)])

    return serve


def liars(data, head):
    """Each breaks off once, and then sends less than the rest."""
    def all_of(low):
        return len(data) - low

    def some(low):
        return 1000

    return {"part": in_turn(reset(data, 300000, head),
            rest(data, some, some, head)),
        "less": in_turn(reset(data, 300000, head),
            rest(data, all_of, some, head))}


class Origin:
    """at: what happens by path; other: at all others.

    By path: asked (requests), sent (bytes), now and most (under way at this
    moment, and at most at one time), left (clients that went away before the
    end). visits: all Visits. connections: how many there were."""

    def __init__(self, host="127.0.0.1", context=None):
        self.at, self.other = {}, status(404)
        self.asked, self.sent, self.now = Counter(), Counter(), Counter()
        self.most, self.left = Counter(), Counter()
        self.visits, self.connections = [], 0
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.context = context
        self.open, self.threads = set(), []
        self.host = host
        self.listener = None
        self.port = 0
        self.start()

    @property
    def url(self):
        return f"http{'s' if self.context else ''}://{self.host}:{self.port}"

    def start(self):
        self.listener = socket.create_server((self.host, self.port),
            backlog=1024)
        self.port = self.listener.getsockname()[1]
        self.stopping.clear()
        self._thread(self._accept)

    def _thread(self, function, *words):
        thread = threading.Thread(target=function, args=words, daemon=True)
        self.threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.connections += 1
                self.open.add(connection)
            self._thread(self._talk, connection)

    def _talk(self, connection):
        mine = connection
        try:
            if self.context:
                mine = self.context.wrap_socket(connection, server_side=True)
                with self.lock:
                    self.open.discard(connection)
                    self.open.add(mine)
            rest = b""
            while (rest := self._one(mine, rest)) is not None:
                pass
        except (OSError, Gone):
            pass
        finally:
            with self.lock:
                self.open.discard(mine)
            mine.close()

    def _one(self, connection, data):
        """One request; what came behind it, None if that was the last."""
        while b"\r\n\r\n" not in data:
            more = connection.recv(PIECE)
            if not more:
                return None
            data += more
        head, _, rest = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {}
        for name, _, value in (line.partition(":") for line in lines):
            said = headers.get(name.lower())
            # What is said twice is one list (RFC 9110 section 5.3).
            headers[name.lower()] = (value.strip() if said is None
                else f"{said}, {value.strip()}")
        visit = Visit(self, connection, method, path, headers)
        with self.lock:
            self.visits.append(visit)
            self.asked[path] += 1
            self.now[path] += 1
            self.most[path] = max(self.most[path], self.now[path])
        try:
            self.at.get(path, self.other)(visit)
        except Gone:
            with self.lock:
                self.left[path] += not self.stopping.is_set()
            raise
        finally:
            with self.lock:
                self.now[path] -= 1
        return rest if visit.keep else None

    def stop(self):
        self.stopping.set()
        # close() alone does not wake who waits in accept().
        for it in [self.listener, *self.open]:
            try:
                it.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.listener.close()
        for thread in self.threads:
            thread.join(10)
        self.threads.clear()


@pytest.fixture
def origin():
    it = Origin()
    yield it
    it.stop()
