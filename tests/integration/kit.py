# SPDX-License-Identifier: Apache-2.0
"""More of what integration tests share: originals of every kind, a Server that
is started in other ways too, and looks into its process."""
import contextlib
import ctypes
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
import zlib
from pathlib import Path

import schema
import server

BUILD = Path(os.environ.get("PICTOR_BUILD", ".")).resolve()
SRC = Path(os.environ.get("PICTOR_SRC",
    Path(__file__).resolve().parents[2])).resolve()
SANITIZERS = os.environ.get("PICTOR_SANITIZERS", "no")
SANITIZED = SANITIZERS not in ("", "no")
# ThreadSanitizer looks at threads where there are some: not in the jail.
LOCAL = "thread" in SANITIZERS
# Everything is slower then, and other tests run beside.
PATIENCE = 5 if SANITIZED else 1
TAKEN = "is taken by another program"
# Codes of all errors that servers of this process have counted or recorded.
SEEN = set()


# ---- Originals ----

def chunk(kind, data):
    return (struct.pack(">I", len(data)) + kind + data
        + struct.pack(">I", zlib.crc32(kind + data)))


def noise(width, height, seed=1, bands=3):
    """A PNG of which every byte is by chance: nothing is harder to encode."""
    chance = random.Random(seed)
    rows = b"".join(b"\0" + chance.randbytes(width * bands)
        for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, {3: 2, 4: 6}[bands],
        0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))


def environment():
    """Ours, without what would change a server."""
    return {k: v for k, v in os.environ.items()
        if not k.startswith(("NOTIFY_", "LISTEN_", "WATCHDOG_"))
        and not re.match("PICTOR_(HTTP|CACHE|ORIGIN|RENDER|LIMIT|EVENT|LOG|"
            "MOUNT|STORE|SPOOL|KAFKA|LOADER|POSTGRES)_", k)}


def render(source, target, *words):
    """The command line makes what Python alone cannot."""
    where = ["--local"] if LOCAL else []
    subprocess.run([BUILD / "pictor", *where, "render", source, target, *words],
        check=True, env=environment(), timeout=120 * PATIENCE,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_originals(folder):
    """Good ones and bad ones, for all who only read them."""
    small = folder / "small.png"
    small.write_bytes(noise(40, 30))
    # Enlarged noise: soft shapes and gradients, as in photographs.
    render(small, folder / "photo.jpg", "width=1200", "height=900",
        "enlarge=true", "quality=85")
    for kind in ("webp", "gif", "avif"):
        render(folder / "photo.jpg", folder / f"photo.{kind}", "width=400")
    (folder / "alpha.png").write_bytes(noise(300, 200, bands=4))
    (folder / "slow.png").write_bytes(noise(3000, 2000))
    photo = (folder / "photo.jpg").read_bytes()
    damaged = bytearray((folder / "alpha.png").read_bytes())
    damaged[len(damaged) // 2] ^= 0xff
    (folder / "damaged.png").write_bytes(damaged)
    (folder / "cut.jpg").write_bytes(photo[:len(photo) * 6 // 10])
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.jpg").write_bytes(b"not an image\n" * 100)
    (folder / "folder").mkdir()
    (folder / "folder" / "inner.jpg").write_bytes(photo)
    (folder / "out.jpg").symlink_to("/etc/hostname")
    os.mkfifo(folder / "fifo.jpg")
    shutil.copy(folder / "photo.jpg", folder / "Grüße (1+1).jpg")


def photographs():
    """Real ones where a checkout has them beside it, else none."""
    folder = SRC.parent / "shared" / "images" / "photos"
    names = ("people.jpg", "medium.jpg", "riverside-2725x2225.jpg",
        "paper-alpha.png", "earth-animated.gif")
    return [folder / n for n in names if (folder / n).is_file()]


# ---- Answers ----

MAGIC = {"image/jpeg": (0, b"\xff\xd8\xff"), "image/png": (0, b"\x89PNG"),
    "image/webp": (8, b"WEBP"), "image/avif": (4, b"ftypavi"),
    "image/gif": (0, b"GIF8")}


def is_image(answer):
    at, magic = MAGIC[answer.headers["Content-Type"]]
    return answer.status in (200, 206) \
        and answer.body[at:at + len(magic)] == magic


def ask(connection, path, method="GET", headers=None):
    """On a connection that may be kept."""
    connection.request(method, path, headers=headers or {})
    answer = connection.getresponse()
    return server.Answer(answer.status, answer.headers, answer.read())


def problem(answer):
    assert answer.headers["Content-Type"] == "application/problem+json", answer
    return json.loads(answer.body)


# ---- The process ----

class Server(server.Server):
    """As server.Server, on the originals. options: what Popen takes."""

    def __init__(self, place, files, conf, options=None, **more):
        place.mkdir(exist_ok=True)
        super().__init__(place, files, conf, **more)
        self.env = {**environment(), **(more.get("env") or {})}
        self.options = options or {}

    def launch(self):
        with open(self.error_path, "ab") as log:
            self.process = subprocess.Popen(
                self.wrapper + [server.binary(), "--config",
                    str(self.conf_path)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.env, cwd=self.place, **self.options)
        return self.process

    def start(self):
        """Others may have taken a port between finding it and now."""
        for _ in range(10):
            self.launch()
            server.until(lambda: " ready, " in self.log() or
                self.process.poll() is not None, "ready", server.START_S)
            if self.process.poll() is None:
                return
            if TAKEN not in self.log():
                break
            self.move()
        status, self.process = self.process.returncode, None
        raise AssertionError(f"pictord ended with {status}: {self.log()}")

    def move(self):
        """To other ports."""
        self.error_path.unlink()
        for key in ("port", "admin_port"):
            old, new = getattr(self, key), server.free_port()
            setattr(self, key, new)
            self.conf["http"] = {k: str(v).replace(f":{old}", f":{new}")
                for k, v in self.conf["http"].items()}
        self.set({})

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port,
            timeout=60 * PATIENCE)

    def await_end(self, status=0, seconds=60):
        """It ends by itself, well."""
        process, self.process = self.process, None
        try:
            process.wait(seconds * PATIENCE)
        finally:
            process.kill()
            process.wait()
        log = self.log()
        assert process.returncode == status, log
        assert not server.SANITIZER.search(log), log
        self.note_events()

    def stop(self):
        if self.process is None:
            return
        self.note_errors()
        super().stop()
        self.note_events()

    def note_errors(self):
        """Those that it has counted."""
        if self.conf["http"]["admin"]:
            SEEN.update(m.group(1) for name, value in self.metrics().items()
                if value > 0 and (m := re.match(
                    r'pictor_errors_total\{error="([a-z-]+)"', name)))

    def note_events(self):
        """Those that it had in the end."""
        if self.event_path.exists():
            SEEN.update(e["error_code"] for e in
                schema.read_events(self.event_path) if e["error_code"])

    def metrics(self):
        lines = self.admin("/metrics").body.decode().splitlines()
        rows = (l.rsplit(" ", 1) for l in lines if l and l[0] != "#")
        return {name: float(value) for name, value in rows}

    # --- looking into it ---

    @property
    def pid(self):
        return self.process.pid

    def workers(self):
        return children(self.pid)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def memory(self):
        return memory_of(self.pid)


def memory_of(pid):
    """Bytes in memory that are its own."""
    words = Path(f"/proc/{pid}/statm").read_text().split()
    return (int(words[1]) - int(words[2])) * os.sysconf("SC_PAGESIZE")


def children(pid):
    """Of that process, those that live."""
    found = []
    for folder in os.listdir("/proc"):
        if not folder.isdigit():
            continue
        try:
            stat = Path(f"/proc/{folder}/stat").read_text()
        except OSError:
            continue
        state, parent = stat.rsplit(")", 1)[1].split()[:2]
        if int(parent) == pid and state != "Z":
            found.append(int(folder))
    return sorted(found)


def socket_of(pid, number):
    """That descriptor of another process, a socket, as one of ours."""
    libc = ctypes.CDLL(None, use_errno=True)
    # pidfd_open(2), pidfd_getfd(2)
    holder = libc.syscall(434, pid, 0)
    fd = libc.syscall(438, holder, number, 0)
    error = ctypes.get_errno()
    os.close(holder)
    if fd < 0:
        raise OSError(error, os.strerror(error))
    return socket.socket(fileno=fd)


def at_work(it, seconds=0.2):
    """Workers that use a processor for some time, besides those that start."""
    def used(pid):
        with contextlib.suppress(OSError), \
                open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            words = stat.read().rsplit(")", 1)[1].split()
            return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
        return 0.0

    before = {pid: used(pid) for pid in it.workers()}
    if it.metric("pictor_workers") != len(before):
        return []
    time.sleep(seconds)
    if it.workers() != sorted(before) or not it.metric("pictor_workers_busy"):
        return []
    return [pid for pid, was in before.items()
        if used(pid) - was > seconds / 8]


def kill_at_work(it, number, path, again=False):
    """Asks for path and kills the worker at it; again: also the one that is
    then tried with the original alone. Returns the answer. One worker."""
    answers = []
    thread = threading.Thread(target=lambda: answers.append(it.get(path)))
    thread.start()
    victim, = server.until(lambda: at_work(it), "a worker is at it")
    spare, = set(it.workers()) - {victim}
    if again:
        # Held until it has been given the original, which takes no time.
        os.kill(spare, signal.SIGSTOP)
    os.kill(victim, number)
    if again:
        server.until(lambda: victim not in it.workers()
            and it.metric("pictor_workers_busy") == 1, "the spare has it")
        time.sleep(0.2 * PATIENCE)
        os.kill(spare, number)
        os.kill(spare, signal.SIGCONT)
    thread.join()
    return answers[0]
