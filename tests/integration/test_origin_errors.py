# SPDX-License-Identifier: Apache-2.0
"""Originals that are not there, not to be had, or not whole: each its own clear
error, and never a word about where the files are."""
import contextlib
import json
import os
import socket
import threading

import pytest

import images
from server import until

TITLES = {
    "no-source": (404, "there is no such image"),
    "forbidden": (403, "this is not allowed here"),
    "bad-url": (400, "the URL is malformed"),
    "empty": (422, "the original is empty"),
    "too-large": (413, "the image is larger than this server accepts"),
    "not-an-image": (415, "the original is not an image of an accepted type"),
    "truncated": (422, "the original is incomplete"),
    "bad-image": (422, "the original is damaged"),
    "too-many-pixels":
        (422, "the image has more pixels than this server accepts"),
    "origin-denied": (502, "the original may not be read"),
    "origin-failed": (502, "the original could not be read"),
    "origin-changed": (502, "the original changed while it was read"),
    "origin-timeout": (504, "the original did not arrive in time"),
}


def is_error(answer, code):
    """Exactly this error; returns its JSON."""
    status, title = TITLES[code]
    assert answer.status == status, answer
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(answer.body)
    assert problem["code"] == code
    assert problem["status"] == status
    assert problem["title"] == title
    assert problem["type"].endswith(code)
    return problem


@pytest.fixture
def tells(server, files, place):
    """tells(path, code): asking for path fails with code, and neither answer
    nor headers name a folder of this machine."""
    def ask(path, code):
        answer = server.get(path)
        problem = is_error(answer, code)
        whole = answer.body.decode() + str(answer.headers)
        assert str(files) not in whole and str(place) not in whole
        return problem
    return ask


def test_good(server):
    answer = server.get("/cat.png?width=32")
    assert answer.status == 200
    assert images.size_of_png(answer.body) == (32, 24)


def test_missing(tells, files):
    tells("/none.png?width=32", "no-source")
    tells("/none/at/all.png?width=32", "no-source")
    tells("/cat.png/more?width=32", "no-source")
    tells("/" + "n" * 300 + "?width=32", "no-source")


def test_folder(tells, files):
    (files / "folder").mkdir()
    tells("/folder?width=32", "no-source")


def test_special(tells, files):
    os.mkfifo(files / "fifo.png")
    tells("/fifo.png?width=32", "forbidden")
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as s:
        here = os.getcwd()
        os.chdir(files) # the name of a socket is short
        s.bind("socket.png")
        os.chdir(here)
        tells("/socket.png?width=32", "forbidden")


def test_links(server, tells, files, place):
    (place / "secret.png").write_bytes(images.png(8, 8))
    (files / "deep").mkdir()
    (files / "inside.png").symlink_to("cat.png")
    (files / "deep/up.png").symlink_to("../cat.png")
    (files / "out.png").symlink_to("../secret.png")
    (files / "absolute.png").symlink_to(place / "secret.png")
    (files / "door").symlink_to("..")
    (files / "loop.png").symlink_to("loop.png")
    (files / "nowhere.png").symlink_to("none.png")
    assert server.get("/inside.png?width=32").status == 200
    assert server.get("/deep/up.png?width=32").status == 200
    tells("/out.png?width=32", "forbidden")
    tells("/absolute.png?width=32", "forbidden")
    tells("/door/secret.png?width=32", "forbidden")
    tells("/loop.png?width=32", "no-source")
    tells("/nowhere.png?width=32", "no-source")


@pytest.mark.parametrize("path", ["/../secret.png", "/%2e%2e/secret.png",
    "/a/..%2f..%2fsecret.png", "/%2fetc/passwd", "//etc/passwd"])
def test_out_by_name(server, place, path):
    """Whoever sees it first, dialect or origin: it does not get out."""
    (place / "secret.png").write_bytes(images.png(8, 8))
    answer = server.get(path + "?width=8")
    assert json.loads(answer.body)["code"] in (
        "forbidden", "bad-url", "no-source"), answer


def test_zero_byte(tells):
    tells("/cat.png%00.jpg?width=32", "bad-url")


def test_empty(tells, files):
    (files / "empty.png").write_bytes(b"")
    tells("/empty.png?width=32", "empty")


def test_too_large(start, files):
    server = start({"limit": {"original_bytes": 2000}})
    (files / "exact.png").write_bytes(b"x" * 2000)
    (files / "large.png").write_bytes(b"x" * 2001)
    is_error(server.get("/exact.png?width=32"), "not-an-image")
    is_error(server.get("/large.png?width=32"), "too-large")
    detail = server.accesses(2)[1]["detail"]
    assert detail == (r"2001\x20bytes,\x20accepted:\x202000\x20"
        r"([limit]\x20original_bytes)")


def test_too_many_pixels(start, files):
    server = start({"limit": {"pixels": 64 * 48 - 1}})
    is_error(server.get("/cat.png?width=32"), "too-many-pixels")


def test_not_an_image(tells, files):
    (files / "text.png").write_text("This is not an image.\n" * 100)
    tells("/text.png?width=32", "not-an-image")


def test_truncated(server, tells, files):
    whole = images.png(400, 300)
    (files / "half.png").write_bytes(whole[:len(whole) // 2])
    tells("/half.png?width=32", "truncated")


def test_denied(start, files):
    (files / "private.png").write_bytes(images.png(8, 8))
    (files / "private.png").chmod(0)
    # Root reads everything, unless it gives that up.
    wrapper = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search",
        "--inh-caps", "-dac_override,-dac_read_search"] \
        if os.geteuid() == 0 else []
    server = start(wrapper=wrapper)
    is_error(server.get("/private.png?width=32"), "origin-denied")
    assert server.get("/cat.png?width=32").status == 200


def test_store_away(start, files, place):
    """Not 404: the whole store is away. Found again without a restart."""
    server = start({"cache": {"memory": 0}})
    files.rename(place / "elsewhere")
    is_error(server.get("/cat.png?width=32"), "origin-failed")
    (place / "elsewhere").rename(files)
    assert server.get("/cat.png?width=32").status == 200


def test_changing(server, files):
    """A file that grows all the time, and takes some time to read."""
    path = files / "growing.png"
    path.write_bytes(images.png(64, 64))
    os.truncate(path, 40 << 20)
    stop = threading.Event()

    def grow():
        with open(path, "ab", buffering=0) as f:
            while not stop.is_set():
                f.write(b"x")

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        is_error(server.get("/growing.png?width=32"), "origin-changed")
    finally:
        stop.set()
        thread.join()


def test_slow(start, files):
    """Sixty megabytes in a millisecond are too much to ask."""
    server = start({"origin": {"timeout": "1ms"}})
    (files / "long.png").write_bytes(images.png(64, 64))
    os.truncate(files / "long.png", 60 << 20)
    is_error(server.get("/long.png?width=32"), "origin-timeout")


def test_stale(start, files, place):
    """While the store is away, what is known is answered; not for ever."""
    server = start({"cache": {"fresh": "1s", "stale": "1h"}})
    first = server.get("/cat.png?width=32")
    assert (first.status, first.headers["X-Cache"]) == (200, "miss")
    again = server.get("/cat.png?width=32")
    assert (again.body, again.headers["X-Cache"]) == (first.body, "hit")

    files.rename(place / "elsewhere")
    stale = until(lambda: (a := server.get("/cat.png?width=32"))
        .headers["X-Cache"] == "stale" and a, "stale")
    assert (stale.status, stale.body) == (200, first.body)
    # What it never had cannot be answered.
    is_error(server.get("/cat.png?width=31"), "origin-failed")
    # That it is gone for good is another thing.
    files.mkdir()
    is_error(server.get("/cat.png?width=32"), "no-source")
    files.rmdir()
    (place / "elsewhere").rename(files)
    assert server.get("/cat.png?width=32").status == 200


def test_revalidated(start, files):
    """Unchanged: not rendered again. Changed: another result."""
    server = start({"cache": {"fresh": "1s"}})
    first = server.get("/cat.png?width=32")
    until(lambda: server.get("/cat.png?width=32").status == 200
        and server.metric("pictor_requests_total", cache="revalidated"),
        "revalidated")
    assert server.metric("pictor_renders_total") == 1

    (files / "new.png").write_bytes(images.png(64, 48, seed=2))
    (files / "new.png").rename(files / "cat.png")
    changed = until(lambda: (a := server.get("/cat.png?width=32"))
        .headers["ETag"] != first.headers["ETag"] and a, "changed")
    assert changed.body != first.body
    assert server.metric("pictor_renders_total") == 2
