# SPDX-License-Identifier: Apache-2.0
"""Every error that there is, produced, and each bad input with its exact
answer: status, code, words, parameter, and how long a cache may keep it."""
import base64
import http.client
import io
import json
import os
import re
import signal
import threading
import time

import pytest

import images
import kit
import server
from kit import LOCAL, PATIENCE, SANITIZED, SRC

# code: status, seconds in a cache (0: no-store), title
ERRORS = {
    "bad-url": (400, 60, "the URL is malformed"),
    "bad-value": (400, 60, "a parameter has a value that is not accepted"),
    "unknown-parameter": (400, 60, "there is no such parameter"),
    "repeated-parameter": (400, 60, "a parameter is given twice"),
    "too-costly":
        (400, 60, "the request asks for more work than this mount allows"),
    "bad-request": (400, 0, "the HTTP request is malformed"),
    "forbidden": (403, 10, "this is not allowed here"),
    "bad-host": (403, 10, "this server does not answer for that host"),
    "no-mount": (404, 60, "nothing is served under that path"),
    "no-source": (404, 10, "there is no such image"),
    "not-allowed": (405, 60, "that method is not allowed here"),
    "expired": (410, 60, "the URL has expired"),
    "too-large": (413, 60, "the image is larger than this server accepts"),
    "url-too-long": (414, 60, "the URL is too long"),
    "not-an-image":
        (415, 60, "the original is not an image of an accepted type"),
    "bad-range": (416, 0, "the range lies outside the image"),
    "bad-image": (422, 60, "the original is damaged"),
    "truncated": (422, 60, "the original is incomplete"),
    "empty": (422, 60, "the original is empty"),
    "too-many-pixels":
        (422, 60, "the image has more pixels than this server accepts"),
    "bad-geometry": (422, 60, "the area asked for lies outside the image"),
    "poison": (422, 300, "the original has crashed the decoder before"),
    "too-many-requests": (429, 0, "too many requests from one viewer"),
    "head-too-large": (431, 0, "the head of the request is too large"),
    "client-gone": (499, 0, "the client left before the answer"),
    "internal": (500, 0, "something is wrong in the server"),
    "not-supported": (501, 60, "this is not supported yet"),
    "origin-denied": (502, 10, "the original may not be read"),
    "origin-failed": (502, 5, "the original could not be read"),
    "origin-changed": (502, 0, "the original changed while it was read"),
    "worker-died": (502, 0, "the process that decoded the image died"),
    "busy": (503, 0, "the server is busy"),
    "draining": (503, 0, "the server is shutting down"),
    "origin-timeout": (504, 5, "the original did not arrive in time"),
    "render-timeout": (504, 10, "rendering took too long"),
    "deadline": (504, 0, "the answer was not ready in time"),
}
# Of the program, not of a request: test_service.py shows them.
OF_THE_PROGRAM = {
    "config": (500, 0, "the configuration is wrong"),
    "system": (500, 0, "the system refused a call"),
}
# Without a worker nothing would end an encoder.
ENDLESS = f"/slow.png?format=avif&effort={3 if LOCAL else 6}&width="


def is_error(answer, code, parameter=None, value=None, accepted=None,
        hint=None):
    """Exactly this error, with all that an answer of it has."""
    status, seconds, title = ERRORS[code]
    assert answer.status == status, answer
    headers = answer.headers
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Cache-Control"] == (f"public, max-age={seconds}"
        if seconds else "no-store")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert int(headers["Content-Length"]) == len(answer.body)
    assert headers["ETag"] is None and headers["Last-Modified"] is None
    found = json.loads(answer.body)
    assert found.pop("request_id") == headers["X-Request-Id"]
    wanted = {"type": f"/-/errors#{code}", "title": title, "status": status,
        "code": code}
    if parameter is not None:
        said = parameter
        if value:
            said += f' is "{value}"'
        if accepted:
            said += ("; accepted: " if value else ": ") + accepted
        if hint:
            said += f"; {hint}"
        more = {"detail": said, "parameter": parameter, "value": value,
            "accepted": accepted, "hint": hint}
        wanted.update((k, v) for k, v in more.items() if v)
    assert found == wanted
    return headers


@pytest.fixture(scope="module")
def plain(serve_all):
    """One server with the defaults, for all that need nothing else."""
    return serve_all()


# ---- What a URL says wrongly ----
# path, code, parameter, value, accepted, hint

PIXELS = "a whole number from 1 to 65535 px"
HEX = "% with two hex digits, but not %00"
FORMATS = ("one of auto, same, jpeg, png, webp, avif, gif, info, tiff, jp2, jxl, "
    "raw")
SIGNS = "a colour: a CSS name, rgb, rrggbb, rrggbbaa in hex, or rgb(r,g,b)"
URLS = [
    ("/photo.jpg?width=0", "bad-value", "width", "0", PIXELS),
    ("/photo.jpg?width=abc", "bad-value", "width", "abc", PIXELS),
    ("/photo.jpg?width=", "bad-value", "width", "", PIXELS),
    ("/photo.jpg?width=-1", "bad-value", "width", "-1", PIXELS),
    ("/photo.jpg?width=1e3", "bad-value", "width", "1e3", PIXELS),
    ("/photo.jpg?width=300.5", "bad-value", "width", "300.5", PIXELS),
    ("/photo.jpg?w=99999999999999999999", "bad-value", "w",
        "99999999999999999999", PIXELS),
    ("/photo.jpg?width=9000", "bad-value", "width", "9000", "1 to 8192 px"),
    ("/photo.jpg?h=%22%3Cb%3E", "bad-value", "h", '"<b>', PIXELS),
    ("/photo.jpg?fit=stretch&w=9&h=9", "bad-value", "fit", "stretch",
        "one of cover, contain, fill, inside, outside"),
    ("/photo.jpg?format=bmp", "bad-value", "format", "bmp", FORMATS),
    ("/photo.jpg?fm=heic", "bad-value", "fm", "heic", FORMATS),
    ("/photo.jpg?quality=0", "bad-value", "quality", "0",
        "a whole number from 1 to 100"),
    ("/photo.jpg?q=101", "bad-value", "q", "101",
        "a whole number from 1 to 100"),
    ("/photo.jpg?rotate=left", "bad-value", "rotate", "left",
        "-3600 to 3600 degrees"),
    ("/photo.jpg?extract=1,2,3", "bad-value", "extract", "1,2,3",
        "left,top,width,height in pixels or with %"),
    ("/photo.jpg?blur=0.1", "bad-value", "blur", "0.1", "0.3 to 1000 px"),
    ("/photo.jpg?blur=nan", "bad-value", "blur", "nan", "0.3 to 1000 px"),
    ("/photo.jpg?sharpen=99", "bad-value", "sharpen", "99",
        "0.000001 to 10 px"),
    ("/photo.jpg?flatten=true&bg=reddish", "bad-value", "bg", "reddish",
        SIGNS),
    ("/photo.jpg?flip=maybe", "bad-value", "flip", "maybe", "true or false"),
    ("/photo.jpg?dpr=9&width=10", "bad-value", "dpr", "9", "1 to 5"),
    ("/photo.jpg?kernel=box", "bad-value", "kernel", "box",
        "one of nearest, linear, cubic, mitchell, lanczos2, lanczos3"),
    ("/photo.jpg?keep=everything", "bad-value", "keep", "everything",
        "none, all, or a list with commas of icc, exif, xmp, iptc, "
        "copyright, gps"),
    # Known only when the original was looked at.
    ("/photo.jpg?page=7", "bad-value", "page", "7", "0 to 0"),
    ("/photo.jpg?widht=200", "unknown-parameter", "widht", "200",
        "a parameter of pictor-url(7)", "did you mean width?"),
    ("/photo.jpg?utm_source=mail", "unknown-parameter", "utm_source", "mail",
        "a parameter of pictor-url(7)"),
    ("/photo.jpg?width=1&width=2", "repeated-parameter", "width", "2",
        "width once"),
    ("/photo.jpg?width=1&w=2", "repeated-parameter", "w", "2", "width once"),
    ("/photo.jpg?width=%zz", "bad-url", "width", "%zz", HEX),
    ("/photo.jpg?width=%00", "bad-url", "width", "%00", HEX),
    ("/photo.jpg%00", "bad-url", "path", "photo.jpg%00", HEX),
    ("/photo.jpg%2", "bad-url", "path", "photo.jpg%2", HEX),
    ("//photo.jpg", "bad-url", "path", "/photo.jpg",
        "a name without empty segments"),
    ("/../photo.jpg", "bad-url", "path", "../photo.jpg",
        "a name without segments of dots"),
    ("/%2e%2e%2Fphoto.jpg", "bad-url", "path", "../photo.jpg",
        "a name without segments of dots"),
    ("/%ff.jpg", "bad-url", "path", "\ufffd.jpg", "a name in UTF-8"),
    ("/", "no-source", "path", "", "the name of an image"),
    ("/-/nothing", "no-mount"),
    ("/missing.jpg", "no-source"),
    ("/folder", "no-source"),
    ("/photo.jpg/x", "no-source"),
    ("/out.jpg", "forbidden"),
    ("/fifo.jpg", "forbidden"),
    ("/empty.jpg", "empty"),
    ("/text.jpg", "not-an-image"),
    ("/cut.jpg", "truncated"),
    ("/cut.jpg?width=100", "truncated"),
    ("/damaged.png", "bad-image"),
    ("/damaged.png?width=100", "bad-image"),
    ("/photo.jpg?extract=5000,5000,10,10", "bad-geometry", "extract",
        "10x10 at 5000,5000", "inside 1200x900"),
    ("/photo.jpg?extract=1100,0,500,10", "bad-geometry", "extract",
        "500x10 at 1100,0", "inside 1200x900"),
]


@pytest.mark.parametrize("path, code, more",
    [(row[0], row[1], row[2:]) for row in URLS], ids=[row[0] for row in URLS])
def test_url(plain, path, code, more):
    is_error(plain.get(path), code, *more)


@pytest.mark.parametrize("path", ["/missing.jpg", "/photo.jpg?width=0"])
def test_head_of_an_error(plain, path):
    whole, head = plain.get(path), plain.get(path, method="HEAD")
    assert head.body == b""
    leave_out = {"Date", "X-Request-Id", "Content-Length"}
    assert {k: v for k, v in head.headers.items() if k not in leave_out} \
        == {k: v for k, v in whole.headers.items() if k not in leave_out}


def test_cost(serve):
    it = serve({"mount.x": {"max_cost": 1}})
    found = kit.problem(it.get("/photo.jpg?width=800&blur=900"))
    cost = found["value"]
    assert int(cost) > 1
    is_error(it.get("/photo.jpg?width=800&blur=900"), "too-costly", "cost",
        cost, "at most 1")


def test_sizes_of_a_mount(serve):
    it = serve({"mount.x": {"sizes": "100 200", "max_height": 150,
        "formats": "jpeg webp", "originals": "jpeg"}})
    is_error(it.get("/photo.jpg?width=101"), "bad-value", "width", "101",
        "one of 100, 200 px")
    is_error(it.get("/photo.jpg?height=200"), "bad-value", "height", "200",
        "1 to 150 px")
    is_error(it.get("/photo.jpg?width=100&format=png"), "bad-value", "format",
        "png", "one of auto, jpeg, webp")
    is_error(it.get("/alpha.png?width=100"), "not-an-image")
    assert kit.is_image(it.get("/photo.jpg?width=100"))


# ---- What a request says wrongly ----

def test_method(plain):
    answer = plain.get("/photo.jpg", method="DELETE")
    headers = is_error(answer, "not-allowed", "method", "DELETE",
        "GET, HEAD or OPTIONS")
    assert headers["Allow"] == "GET, HEAD, OPTIONS"


def test_host(serve):
    it = serve({"mount.x": {"hosts": "img.example.org *.example.com"}})
    for host in ("img.example.org", "IMG.example.org:80", "a.example.com"):
        assert it.get("/photo.jpg?w=9", {"Host": host}).status == 200
    for host in ("example.org", "example.com", "a.b.example.com"):
        is_error(it.get("/photo.jpg?w=9", {"Host": host}), "bad-host",
            "host", host, "a host that this mount answers for")


def test_mounts(serve):
    it = serve({"mount.x": {"path": "/img/"}})
    assert it.get("/img/photo.jpg?w=9").status == 200
    is_error(it.get("/photo.jpg?w=9"), "no-mount")
    is_error(it.get("/img"), "no-mount")


def test_long(plain):
    is_error(plain.get("/photo.jpg?width=" + "1" * 9000), "url-too-long",
        "url", "", "at most 8000 bytes")
    is_error(plain.get("/photo.jpg", {"X-Long": "x" * 17000}),
        "head-too-large", "head", "", "at most 16384 bytes")


def test_malformed(plain):
    got = plain.raw(b"GET /photo.jpg HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    head, body = got.split(b"\r\n\r\n", 1)
    headers = http.client.parse_headers(
        io.BytesIO(head.split(b"\r\n", 1)[1] + b"\r\n\r\n"))
    assert head.startswith(b"HTTP/1.1 400 ")
    assert headers["Connection"] == "close"
    is_error(server.Answer(400, headers, body), "bad-request", "Host", "b",
        "given once")


def test_range(plain):
    whole = plain.get("/photo.jpg?width=300")
    size = len(whole.body)
    answer = plain.get("/photo.jpg?width=300", {"Range": "bytes=999999-"})
    headers = is_error(answer, "bad-range", "Range", "bytes=999999-",
        f"inside {size} bytes")
    assert headers["Content-Range"] == f"bytes */{size}"


@pytest.mark.parametrize("limits, code", [
    ({"original_bytes": "1k"}, "too-large"),
    ({"result_bytes": "1k"}, "too-large"),
    ({"side": 1000}, "too-large"),
    ({"pixels": 1000000}, "too-many-pixels"),
    ({"result_pixels": 100000}, "too-many-pixels"),
])
def test_limits(serve, limits, code):
    it = serve({"limit": limits})
    is_error(it.get("/photo.jpg?width=600"), code)


# ---- What the server cannot do now ----

class Held:
    """A request that nobody waits long for."""

    def __init__(self, it, width):
        before = it.metric("pictor_requests_in_progress")
        self.socket = it.connect()
        self.socket.sendall(f"GET {ENDLESS}{width} HTTP/1.1\r\nHost: a\r\n\r\n"
            .encode())
        server.until(lambda: it.metric("pictor_requests_in_progress") > before,
            "it is in progress")

    def leave(self):
        self.socket.close()


def events_with(it, code):
    return [e for e in it.events(1) if e["error_code"] == code]


def test_busy(serve):
    it = serve({"render": {"workers": 1, "queue_jobs": 1}})
    held = [Held(it, 1500)]
    server.until(lambda: it.metric("pictor_workers_busy") == 1,
        "the first is at work")
    held.append(Held(it, 1501))
    server.until(lambda: it.metric("pictor_render_queue_jobs") == 1,
        "the second waits")
    headers = is_error(it.get("/photo.jpg?width=100"), "busy")
    assert 1 <= int(headers["Retry-After"]) <= 60
    # What is known already needs no worker.
    for one in held:
        one.leave()
    server.until(lambda: it.metric("pictor_flights") == 0, "work was stopped")
    assert it.get("/photo.jpg?width=100").status == 200


def test_client_gone(serve):
    """Nobody waits: the work is stopped and the worker is free again."""
    it = serve({"render": {"workers": 1}})
    one = Held(it, 1500)
    one.leave()
    server.until(lambda: it.metric("pictor_errors_total",
        error="client-gone"), "it was noticed")
    assert it.get("/photo.jpg?width=100").status == 200
    (event,) = events_with(it, "client-gone")
    assert event["status"] == ERRORS["client-gone"][0]


def test_viewer_limits(serve):
    it = serve({"http": {"connections_per_viewer": 1}})
    one = Held(it, 1500)
    headers = is_error(it.get("/photo.jpg?width=100"), "too-many-requests")
    assert headers["Retry-After"] == "1"
    one.leave()
    server.until(lambda: it.get("/photo.jpg?width=100").status == 200,
        "the place is free")

    it = serve({"http": {"requests_per_viewer": 0.1}})
    assert it.get("/photo.jpg?width=100").status == 200
    headers = is_error(it.get("/photo.jpg?width=100"), "too-many-requests")
    assert 8 <= int(headers["Retry-After"]) <= 10


@pytest.mark.parametrize("keys, code", [
    ({"http": {"deadline": "300ms"}}, "deadline"),
    # Less than reading the original takes.
    ({"render": {"timeout": "30ms"}}, "render-timeout"),
    ({"origin": {"timeout": "1ms"}}, "origin-timeout"),
])
def test_times(serve, keys, code):
    it = serve({"render": {"workers": 1}, **keys})
    began = time.monotonic()
    is_error(it.get(ENDLESS + "1500"), code)
    assert time.monotonic() - began < 30 * PATIENCE
    if code != "origin-timeout":
        # It does not go on behind the answer's back.
        server.until(lambda: it.get("/photo.jpg?width=9").status == 200,
            "the worker is free")


def test_draining(serve):
    it = serve({"http": {"drain_time": "300ms"}})
    answers = []
    thread = threading.Thread(
        target=lambda: answers.append(it.get(ENDLESS + "1500")))
    thread.start()
    server.until(lambda: it.metric("pictor_requests_in_progress"), "at work")
    it.process.send_signal(signal.SIGTERM)
    thread.join()
    is_error(answers[0], "draining")
    it.await_end()


# ---- Originals that cannot be had ----

def test_origin_denied(serve, tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    (files / "private.png").write_bytes(images.png(8, 8))
    (files / "private.png").chmod(0)
    # Root reads everything, unless it gives that up.
    without = "-dac_override,-dac_read_search"
    wrapper = ["setpriv", "--bounding-set", without, "--inh-caps", without] \
        if os.geteuid() == 0 else []
    is_error(serve(files=files, wrapper=wrapper).get("/private.png"),
        "origin-denied")


def test_origin_failed(serve, tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    it = serve(files=files)
    files.rmdir()
    is_error(it.get("/cat.png"), "origin-failed")


def test_origin_changed(serve, tmp_path):
    """A file that grows while it is read."""
    files = tmp_path / "files"
    files.mkdir()
    path = files / "growing.png"
    path.write_bytes(images.png(64, 64))
    os.truncate(path, 40 << 20)
    it = serve(files=files)
    stop = threading.Event()

    def grow():
        with open(path, "ab", buffering=0) as f:
            while not stop.is_set():
                f.write(b"x")

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        is_error(it.get("/growing.png?width=32"), "origin-changed")
    finally:
        stop.set()
        thread.join()


# ---- Decoders that fail ----

@pytest.mark.jailed
def test_worker_died(serve):
    it = serve({"render": {"workers": 1, "timeout": "60s"},
        "http": {"deadline": "100s"}})
    is_error(kit.kill_at_work(it, signal.SIGKILL, ENDLESS + "1500"),
        "worker-died")
    assert it.get("/photo.jpg?width=9").status == 200


@pytest.mark.jailed
def test_poison(serve):
    # A sanitizer would catch SIGSEGV and print its report.
    number = signal.SIGABRT if SANITIZED else signal.SIGSEGV
    it = serve({"render": {"workers": 1, "timeout": "60s"},
        "http": {"deadline": "100s"}})
    is_error(kit.kill_at_work(it, number, ENDLESS + "1500", True),
        "poison")
    is_error(it.get("/slow.png?width=9"), "poison")
    assert it.get("/photo.jpg?width=9").status == 200


@pytest.mark.jailed
def test_internal(serve, tmp_path):
    """A worker that runs out of memory, or one that lies: sanitizers need more
    address space than a limit would leave."""
    if SANITIZED:
        it = serve({"render": {"workers": 1}})
        answers = []
        thread = threading.Thread(
            target=lambda: answers.append(it.get(ENDLESS + "1500")))
        thread.start()
        (pid,) = server.until(lambda: kit.at_work(it), "at work")
        with kit.socket_of(pid, 3) as stolen:
            stolen.send(b"a lie")
        thread.join()
        is_error(answers[0], "internal")
        return
    files = tmp_path / "files"
    files.mkdir()
    (files / "big.png").write_bytes(images.png(12000, 8000))
    it = serve({"render": {"worker_memory": "256M"},
        "mount.x": {"max_cost": "1e9"}}, files=files)
    is_error(it.get("/big.png?extract=0,0,8000,8000&width=7000&height=7000"
        "&position=attention"), "internal")


# ---- Another language's errors ----

def dit(request):
    return "/dit/" + base64.b64encode(
        json.dumps(request).encode()).decode()


DIT = [
    (dit({"key": "missing.jpg"}), 404, "NoSuchKey",
        "The image missing.jpg does not exist or the request may not be "
        "base64 encoded properly."),
    (dit({"key": "photo.jpg", "edits": {"contentModeration": True}}), 501,
        "NotSupported", "contentModeration is not supported yet."),
    ("/dit/photo.jpg?expires=20200101T000000Z", 400, "ImageRequestExpired",
        "Request has expired."),
    (dit({"bucket": "other", "key": "photo.jpg"}), 403,
        "ImageBucket::CannotAccessBucket", "The bucket you specified could "
        "not be accessed. Please check that the bucket is specified in your "
        "SOURCE_BUCKETS."),
    (dit({"key": "text.jpg", "edits": {"resize": {"width": 9}}}), 400,
        "InstantiationError", "Input image could not be instantiated. Please "
        "choose a valid image."),
]


@pytest.mark.parametrize("path, status, code, message", DIT,
    ids=[row[2] for row in DIT])
def test_dit(plain, path, status, code, message):
    answer = plain.get(path)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/json"
    assert json.loads(answer.body) == {"status": status, "code": code,
        "message": message}


def test_dit_until_it_expires(plain):
    """It may be kept as long as the URL is good, also when it comes from the
    cache; its age is no matter then."""
    for _ in range(2):
        end = int(time.time()) + 1000
        answer = plain.get("/dit/photo.jpg?width=33&expires="
            + time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(end)))
        assert answer.status == 200
        seconds = re.fullmatch(r"max-age=(\d+),public",
            answer.headers["Cache-Control"])
        assert 900 < int(seconds[1]) <= 1000
        assert answer.headers["Age"] is None


def test_dit_is_noted(plain):
    assert plain.metric("pictor_errors_total", error="not-supported")
    assert plain.metric("pictor_errors_total", error="expired")


# ---- All of them ----

def test_table_is_the_programs(plain):
    """The table above is what err.def says, and /-/errors shows it."""
    rows = re.findall(r'^ERR\(\w+, "([a-z-]+)", (\d+), \w+, (\d+), "([^"]+)"\)',
        (SRC / "src/base/err.def").read_text(), re.M)
    assert {code: (int(status), int(age), text)
        for code, status, age, text in rows} == ERRORS | OF_THE_PROGRAM
    page = plain.get("/-/errors")
    assert page.status == 200
    for code, (status, _, title) in ERRORS.items():
        assert f'id="{code}"' in page.body.decode(), code
        assert title in page.body.decode()


def test_each_was_produced(serve_all):
    """The last test: what the servers of all the others have counted."""
    for it in serve_all.servers:
        it.note_errors()
    missing = set(ERRORS) - kit.SEEN
    if LOCAL:
        missing -= {"worker-died", "poison", "internal"}
    assert not missing
    assert kit.SEEN <= set(ERRORS)
