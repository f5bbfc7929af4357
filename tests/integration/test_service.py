# SPDX-License-Identifier: Apache-2.0
"""The program as one who runs it meets it: its options, its words when
something is wrong, its start and its end, and its manners towards systemd."""
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

import kit
import server
from kit import BUILD, LOCAL, PATIENCE, SRC

# Some seconds of work that nothing makes shorter.
SLOW = "/slow.png?width=2000&format=avif&effort=3"
# More of it than anybody waits for; without a worker nothing would end it.
ENDLESS = SLOW if LOCAL else "/slow.png?width=1500&format=avif&effort=6"


def run(*words, cwd=None, **keys):
    """The program to its end: (exit status, standard output, errors)."""
    if LOCAL and "--check" not in words:
        keys.setdefault("PICTOR_RENDER_MODE", "local")
    env = {**kit.environment(), **keys}
    done = subprocess.run([server.binary(), *words], env=env, cwd=cwd,
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=60 * PATIENCE)
    return done.returncode, done.stdout, done.stderr


def rows(name, kind):
    """(section, key) of each row of that kind in conf.def."""
    text = (SRC / "src/conf" / name).read_text()
    return re.findall(rf"^{kind}\((\w+), (\w+),", text, re.M)


# ---- Options ----

def test_help():
    status, out, errors = run("--help")
    assert (status, errors) == (0, "")
    options = re.findall(r'^OPTION_\w+\(\w+, "([\w-]+)"',
        (SRC / "src/conf/option.def").read_text(), re.M)
    assert options
    for option in options:
        assert f"--{option}" in out
    keys = rows("conf.def", "KEY")
    assert len(keys) > 40
    for section, key in keys:
        assert re.search(rf"\b{section}\.{key}\b", out), (section, key)
    assert max(map(len, out.splitlines())) <= 80


def test_version():
    status, out, errors = run("--version")
    assert (status, errors) == (0, "")
    assert re.fullmatch(r"pictord \d+\.\d+\.\d+, libvips 8\.\d+\.\d+\n", out)


@pytest.mark.parametrize("words, line", [
    (["--chek"], "there is no option --chek; did you mean --check?"),
    (["--config"], "--config needs a value: FILE"),
    (["pictor.conf"], '"pictor.conf": no argument is expected here; a '
        "configuration file is given as --config FILE"),
])
def test_bad_option(words, line):
    assert run(*words) == (2, "", f"pictord: {line}\n")


def test_print_config(tmp_path, originals):
    conf = tmp_path / "pictor.conf"
    conf.write_text("[cache]\nmemory = 12M\n[mount.shop]\npath = /shop/\n")
    status, out, errors = run("--print-config", "--config", str(conf),
        PICTOR_HTTP_DEADLINE="7s", PICTOR_STORE_FILES_ROOT=str(originals))
    assert (status, errors) == (0, "")
    lines = out.splitlines()

    def line(key):
        return next(l for l in lines if l.startswith(key + " "))

    assert "12M" in line("memory") and str(conf) in line("memory")
    assert "7s" in line("deadline")
    assert "PICTOR_HTTP_DEADLINE" in line("deadline")
    assert "[mount.shop]" in lines and "[mount.query]" not in lines
    # It is a configuration itself, and the same one.
    again = tmp_path / "again.conf"
    again.write_text(out)
    assert run("--check", "--config", str(again)) == (0, "", "")


# ---- What is wrong is said in one line ----

ADDRESS = ("is not an address to listen on: {}; right would be "
    "127.0.0.1:8080, [::1]:8080, :8080 or unix:/run/pictor.sock")
KAFKA = ("[spool]\npath = SPOOL\n"
    "[kafka]\nbrokers = 127.0.0.1:1\nsecurity = sasl_tls\n")
BAD_SETTINGS = [
    ("[http]\nlisten = nonsense\n",
        '"nonsense" ' + ADDRESS.format("the port is missing")),
    ("[http]\nlisten = 127.0.0.1:99999\n",
        '"127.0.0.1:99999" ' + ADDRESS.format("the port must be 0 to 65535")),
    ("[http]\nlisten = example.org:80\n", '"example.org:80" '
        + ADDRESS.format("names are not looked up, give a number")),
    ("[http]\nlisten =\n",
        "{}:2: [http] listen: needs at least one address"),
    ("[http]\nthreads = many\n", '{}:2: [http] threads: "many" is not '
        "accepted; right is a whole number from 0 to 64"),
    ("[http]\nthreads = 65\n", '{}:2: [http] threads: "65" is not '
        "accepted; right is a whole number from 0 to 64"),
    ("[http]\nthread = 2\n", '{}:2: there is no key "thread" in [http]; did '
        "you mean threads?"),
    ("[htp]\nthreads = 2\n",
        "{}:1: there is no section [htp]; did you mean [http]?"),
    ("[cache]\nmemory = 12Q\n", '{}:2: [cache] memory: "12Q" is not accepted; '
        "right is a size from 0 to 1024G such as 500k, 64M or 2G"),
    ("[render]\nmode = loose\n", '{}:2: [render] mode: "loose" is not '
        "accepted; right is one of jail, local"),
    ("[http]\npage = perhaps\n", '{}:2: [http] page: "perhaps" is not '
        "accepted; right is on or off"),
    ("[store.files]\nroot = /nowhere\n",
        "[store.files] root = /nowhere: No such file or directory"),
    ("[store.files]\nroot = /etc/passwd\n",
        "[store.files] root = /etc/passwd: Not a directory"),
    ("[mount.x]\ndialect = klingon\n",
        "[mount.x] dialect: there is no URL language klingon; right is one of "
        "query, dit"),
    ("[mount.x]\npath = img\n",
        "{}:2: [mount.x] path: must begin and end with /"),
    ("[mount.x]\npath = /-/x/\n",
        "{}:2: [mount.x] path: may not be below /-/, which is the server's "
        "own"),
    ("[mount.x]\npath = /a/\n[mount.y]\npath = /a/\n",
        "{}:4: [mount.y] path: another mount has this path already"),
    ("[mount.x]\nformats = jpeg bmp\n",
        "[mount.x] formats: bmp is not a format that can be written; right "
        "are jpeg, png, webp, avif, gif, info, tiff, jp2, jxl, raw, all"),
    ("[mount.x]\nformats = heic\n",
        "[mount.x] formats: heic is not a format that can be written; right "
        "are jpeg, png, webp, avif, gif, info, tiff, jp2, jxl, raw, all"),
    ("[http]\ntrusted_proxies = 10.0.0.1/8\n", "[http] trusted_proxies: "
        "10.0.0.1/8 is not a network; right would be 10.0.0.0/8 or "
        "2001:db8::/32"),
    ("garbage\n", "{}:1: neither [section] nor key = value"),
    ("[http\n", "{}:1: the ] of the section is missing"),
    ("[http]\nthreads = 2\nthreads = 3\n",
        "{}:3: [http] threads: is given twice, first in line 2"),
    ("[event]\nfile = /nowhere/events\n",
        "event.file = /nowhere/events: No such file or directory"),
    (KAFKA, "kafka.security with sasl needs kafka.username"),
    (KAFKA + "username = a\n", "kafka.security with sasl needs "
        "kafka.password"),
    (KAFKA + "mechanism = oauthbearer\n",
        "kafka.mechanism = oauthbearer needs kafka.token_file"),
    ("[log]\naccess = /\n", "log.access = /: Is a directory"),
    ("[render]\nmode = local\n[http]\nlisten = 0.0.0.0:8080\n",
        "[render] mode = local decodes beside everything else: [http] listen "
        "must be on loopback, not 0.0.0.0:8080"),
]


@pytest.mark.parametrize("text, line", BAD_SETTINGS,
    ids=[text.strip().replace("\n", " ") for text, _ in BAD_SETTINGS])
def test_bad_setting(tmp_path, text, line):
    """The same line from --check and from a start; the error `config`."""
    conf = tmp_path / "pictor.conf"
    conf.write_text(text.replace("SPOOL", str(tmp_path)))
    said = (1, "", f"pictord: {line.format(conf)}\n")
    assert run("--check", "--config", str(conf)) == said
    if not (LOCAL and text.startswith("[render]")):
        assert run("--config", str(conf)) == said


def test_good_settings(tmp_path, originals):
    conf = tmp_path / "pictor.conf"
    conf.write_text(f"[store.files]\nroot = {originals}\n[event]\n"
        f"file = {tmp_path}/events\n")
    assert run("--check", "--config", str(conf)) == (0, "", "")
    assert not (tmp_path / "events").exists()


def test_bad_environment():
    assert run("--check", PICTOR_HTTP_THREDS="2") == (1, "",
        "pictord: PICTOR_HTTP_THREDS: there is no such key; the nearest "
        "variable is PICTOR_HTTP_THREADS\n")
    assert run("--check", PICTOR_HTTP_THREADS="x") == (1, "",
        'pictord: PICTOR_HTTP_THREADS: "x" is not accepted; right is a whole '
        "number from 0 to 64\n")


def test_missing_file():
    assert run("--config", "/nowhere.conf") == (1, "",
        "pictord: /nowhere.conf: No such file or directory\n")


@pytest.mark.parametrize("key", ["LISTEN", "ADMIN"])
def test_port_taken(tmp_path, originals, key):
    """The error `system`."""
    keys = {"PICTOR_HTTP_LISTEN": "127.0.0.1:0", "PICTOR_HTTP_ADMIN": "",
        "PICTOR_LOG_ACCESS": "", "PICTOR_STORE_FILES_ROOT": str(originals)}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        at = f"127.0.0.1:{taken.getsockname()[1]}"
        keys["PICTOR_HTTP_" + key] = at
        assert run(**keys) == (1, "",
            f"pictord: {at} is taken by another program\n")


# ---- make run ----

class MakeRun:
    """packaging/run in a build folder, in the foreground."""

    def __init__(self, folder, originals, **keys):
        self.folder = folder
        (folder / "pictord").symlink_to(BUILD / "pictord")
        (folder / "samples").symlink_to(originals)
        keys.setdefault("PICTOR_HTTP_ADMIN", "")
        if LOCAL:
            keys["PICTOR_RENDER_MODE"] = "local"
        self.process = subprocess.Popen(["sh", SRC / "packaging/run"],
            cwd=folder, env={**kit.environment(), **keys}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)

    def end(self):
        out, errors = self.process.communicate(timeout=60 * PATIENCE)
        return self.process.returncode, out, errors


def test_make_run(tmp_path, originals):
    at = f"127.0.0.1:{server.free_port()}"
    it = MakeRun(tmp_path, originals, LISTEN=at)
    try:
        lines = [it.process.stdout.readline() for _ in range(6)]
        assert lines[0] == "pictord is ready. Open\n"
        urls = [l.strip() for l in lines[1:4]]
        assert urls[0] == f"http://{at}/"
        assert all(u.startswith(f"http://{at}/") for u in urls)
        curl = re.fullmatch(r"  curl -o small\.jpg '(http://\S+)'\n", lines[5])
        assert curl
        for url in urls + [curl.group(1)]:
            path = url.split(at, 1)[1]
            if "animation" in path:
                path = path.replace("animation", "photo")
            connection = http.client.HTTPConnection(at, timeout=60 * PATIENCE)
            answer = kit.ask(connection, path)
            assert answer.status == 200, answer
            connection.close()
        assert (tmp_path / "run/events.jsonl").read_text().count("\n") >= 3
    finally:
        it.process.send_signal(signal.SIGINT)
        status, out, errors = it.end()
    assert status == 0
    assert not server.SANITIZER.search(errors), errors


def test_make_run_refuses(tmp_path, originals):
    def one(name, line, **keys):
        folder = tmp_path / name
        folder.mkdir()
        status, out, errors = MakeRun(folder, originals, **keys).end()
        assert (status, out) == (1, "")
        assert errors == line + "\n"

    with socket.create_server(("127.0.0.1", 0)) as taken:
        at = f"127.0.0.1:{taken.getsockname()[1]}"
        one("port", f"pictord: {at} is taken by another program", LISTEN=at)
    one("folder", "make run: FILES=/nowhere is not a folder", FILES="/nowhere")
    one("conf", "make run: CONF=/nowhere.conf cannot be read",
        CONF="/nowhere.conf")
    conf = tmp_path / "bad.conf"
    conf.write_text("[http]\nthread = 2\n")
    one("bad", f'pictord: {conf}:2: there is no key "thread" in [http]; did '
        "you mean threads?", CONF=str(conf))
    one("address", 'pictord: "here" ' + ADDRESS.format("the port is missing"),
        LISTEN="here")


# ---- The end ----

class Asking(threading.Thread):
    """A request in another thread; answer when it is joined."""

    def __init__(self, it, path):
        super().__init__()
        self.it, self.path, self.answer = it, path, None
        before = it.metric("pictor_requests_in_progress")
        self.start()
        server.until(lambda: it.metric("pictor_requests_in_progress") > before,
            "the request is in progress")

    def run(self):
        try:
            self.answer = self.it.get(self.path, timeout=120 * PATIENCE)
        except (OSError, http.client.HTTPException) as problem:
            self.answer = problem

    def end(self):
        self.join()
        return self.answer


def refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return True
    return False


def test_drain(serve):
    """What runs is finished; nothing new is begun."""
    it = serve({"http": {"drain_time": "60s"}})
    idle = it.connection()
    assert kit.ask(idle, "/photo.jpg?width=10").status == 200
    asking = Asking(it, SLOW)
    workers = it.workers()
    it.process.send_signal(signal.SIGTERM)
    server.until(lambda: refused(it.port), "no new connections", 5 * PATIENCE)
    assert it.admin("/readyz").status == 503
    assert it.admin("/readyz").body == b"shutting down\n"
    assert it.admin("/healthz").status == 200
    with pytest.raises((OSError, http.client.HTTPException)):
        idle.sock.settimeout(5 * PATIENCE)
        kit.ask(idle, "/photo.jpg?width=11")
    answer = asking.end()
    assert kit.is_image(answer), answer
    assert answer.headers["Connection"] == "close"
    it.await_end()
    assert not [w for w in workers if os.path.exists(f"/proc/{w}")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_drain_time(serve, number):
    """What runs longer than that is ended, with a reason; a second signal
    changes nothing."""
    it = serve({"http": {"drain_time": "500ms"}})
    asking = Asking(it, ENDLESS)
    began = time.monotonic()
    it.process.send_signal(number)
    it.process.send_signal(number)
    answer = asking.end()
    assert answer.status == 503
    assert kit.problem(answer)["code"] == "draining"
    assert kit.problem(answer)["title"] == "the server is shutting down"
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["Cache-Control"] == "no-store"
    it.await_end()
    assert 0.5 <= time.monotonic() - began < 60 * PATIENCE
    assert [e["error_code"] for e in it.events(1)] == ["draining"]


def test_logs_moved(serve):
    """SIGHUP after a rename: both files are let go of, none is cut."""
    it = serve()
    assert it.get("/photo.jpg?width=20").status == 200
    it.events(1)
    it.accesses(1)
    for path in (it.event_path, it.access_path):
        path.rename(f"{path}.1")
    assert it.get("/photo.jpg?width=21").status == 200
    server.until(lambda: (it.place / "access.log.1").read_text().count("\n")
        == 2, "the old file is still written")
    assert "configuration reloaded" in it.reload()
    assert it.get("/photo.jpg?width=22").status == 200
    assert len(it.events(1)) == 1
    assert [a["uri"] for a in it.accesses(1)] == ["/photo.jpg?width=22"]
    names = [os.readlink(f"/proc/{it.pid}/fd/{fd}")
        for fd in os.listdir(f"/proc/{it.pid}/fd")]
    assert not [n for n in names if n.endswith(".1")]


# ---- systemd ----

class Manager:
    """What systemd listens with."""

    def __init__(self, path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(60 * PATIENCE)

    def next(self, *besides):
        """The next message as a dict, watchdog's left out."""
        while True:
            text = self.socket.recv(4096).decode()
            if "WATCHDOG=1" not in text or "WATCHDOG" in besides:
                return dict(l.split("=", 1) for l in text.splitlines())


def test_notify(serve, tmp_path):
    manager = Manager(tmp_path / "notify")
    it = serve(env={"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "400000"})
    assert manager.next() == {"READY": "1"}
    began = time.monotonic()
    for _ in range(5):
        assert manager.next("WATCHDOG") == {"WATCHDOG": "1"}
    # Twice in each WATCHDOG_USEC, or later on a busy machine.
    assert 0.5 < time.monotonic() - began < 30
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    it.process.send_signal(signal.SIGHUP)
    message = manager.next()
    assert message.pop("RELOADING") == "1"
    assert before <= int(message.pop("MONOTONIC_USEC")) \
        <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert message == {}
    assert manager.next() == {"READY": "1"}
    it.process.send_signal(signal.SIGTERM)
    assert manager.next() == {"STOPPING": "1"}
    it.await_end()


def test_notify_not_ready(tmp_path):
    """Nobody is told that a start went well which did not."""
    manager = Manager(tmp_path / "notify")
    manager.socket.settimeout(0.1)
    status, _, _ = run(NOTIFY_SOCKET=manager.path,
        PICTOR_STORE_FILES_ROOT="/nowhere")
    assert status == 1
    with pytest.raises(TimeoutError):
        manager.next()


# Makes descriptor argv[1] number 3, as systemd passes it, and becomes the rest.
PASS = """import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])"""


@pytest.mark.jailed
def test_socket_activation(serve, originals):
    """The socket outlives the server: between two of them nobody is refused."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as passed:
        port = passed.getsockname()[1]

        def start():
            it = serve({"http": {"listen": "systemd"}}, start=False,
                wrapper=[sys.executable, "-c", PASS, str(passed.fileno())],
                options={"pass_fds": [passed.fileno()]})
            it.port = port
            it.start()
            return it

        first = start()
        assert first.get("/photo.jpg?width=30").status == 200
        first.stop()
        between = socket.create_connection(("127.0.0.1", port), 60 * PATIENCE)
        between.sendall(b"GET /photo.jpg?width=31 HTTP/1.1\r\nHost: a\r\n\r\n")
        second = start()
        assert between.recv(12) == b"HTTP/1.1 200"
        between.close()
        second.stop()


@pytest.mark.jailed
def test_socket_activation_without_sockets(tmp_path, originals):
    assert run(PICTOR_HTTP_LISTEN="systemd", PICTOR_HTTP_ADMIN="",
        PICTOR_STORE_FILES_ROOT=str(originals)) == (1, "",
        "pictord: [http] listen: systemd has passed no socket; start the "
        "service by its socket unit\n")


# ---- Listeners ----

class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60 * PATIENCE)
        self.sock.connect(self.path)


def test_unix_socket(serve, tmp_path):
    path = tmp_path / "pictor.sock"
    listen = {"http": {"listen": f"unix:{path}"}}
    # One that a killed server has left behind is replaced.
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    it = serve(listen)
    connection = UnixConnection(path)
    for width in (40, 40):
        answer = kit.ask(connection, f"/photo.jpg?width={width}")
        assert kit.is_image(answer), answer
    connection.close()
    assert it.accesses(2)[0]["status"] == "200"
    # One that is served is not.
    other = serve(listen, start=False)
    assert other.launch().wait(60 * PATIENCE) == 1
    other.process = None
    assert other.log() == (f"pictord: unix:{path} is taken by another "
        "program\n")
    assert kit.ask(UnixConnection(path), "/photo.jpg?width=40").status == 200


def test_unix_socket_not_over_a_file(serve, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("mine")
    it = serve({"http": {"listen": f"unix:{path}"}}, start=False)
    assert it.launch().wait(60 * PATIENCE) == 1
    it.process = None
    assert it.log() == (f"pictord: unix:{path}: there is a file of that name "
        "that is not a socket\n")
    assert path.read_text() == "mine"


def test_ipv6_and_several(serve, tmp_path):
    port = server.free_port()
    path = tmp_path / "pictor.sock"
    it = serve(start=False)
    it.set({"http": {"listen":
        f"127.0.0.1:{it.port} [::1]:{port} unix:{path}"}})
    it.start()
    sixth = http.client.HTTPConnection("::1", port, timeout=60 * PATIENCE)
    for connection in (it.connection(), sixth, UnixConnection(path)):
        assert kit.is_image(kit.ask(connection, "/photo.jpg?width=50"))
        connection.close()
    assert {e["viewer_network"] for e in it.events(3)} == {
        "127.0.0.0/24", "::/48", None}


def test_admin_off(serve):
    it = serve({"http": {"admin": ""}})
    assert it.get("/photo.jpg?width=60").status == 200
    assert refused(it.admin_port)


def test_admin(serve):
    it = serve()
    assert it.admin("/healthz").body == b"ok\n"
    assert it.admin("/readyz").body == b"ready\n"
    metrics = it.admin("/metrics")
    assert metrics.headers["Content-Type"].startswith("text/plain; version=")
    names = re.findall(r'^METRIC\(\w+, \w+, "(\w+)"',
        (SRC / "src/metric/metric.def").read_text(), re.M)
    for name in names:
        assert f"# HELP {name} ".encode() in metrics.body
    missing = it.admin("/photo.jpg")
    assert missing.status == 404
    assert missing.body == b"here are /healthz, /readyz, /metrics\n"
    # Viewers do not get there.
    for path in ("/healthz", "/readyz", "/metrics", "/-/metrics"):
        assert it.get(path).status == 404
