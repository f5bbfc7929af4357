# SPDX-License-Identifier: Apache-2.0
"""Other images laid on the one that is asked for: from which stores they come,
what is wrong with them, and when an answer with them is new."""
import json
import os
import signal
import struct
import threading
import zlib

import pytest

import bad_origin
import images
import kit
import server
from kit import PATIENCE, SANITIZED

CRASH = signal.SIGABRT if SANITIZED else signal.SIGSEGV
BIG = "?width=100&height=80&fit=fill&enlarge&format=png"
LOGO = BIG + "&overlay=logo.png"


def write(path, width, height, colour):
    """One colour, RGBA. In one step: nobody sees a part of it."""
    rows = (b"\0" + bytes(colour) * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    data = (b"\x89PNG\r\n\x1a\n" + kit.chunk(b"IHDR", head)
        + kit.chunk(b"IDAT", zlib.compress(rows)) + kit.chunk(b"IEND", b""))
    new = path.with_name("." + path.name)
    new.write_bytes(data)
    os.replace(new, path)


@pytest.fixture
def logo(files):
    write(files / "logo.png", 10, 10, (255, 0, 0, 255))
    return files / "logo.png"


@pytest.fixture
def brand(place):
    """Another store's folder."""
    folder = place / "brand"
    folder.mkdir()
    write(folder / "mark.png", 12, 12, (0, 0, 255, 255))
    return folder


def two_stores(place, **more):
    """Two mounts; the second may read the first store alone."""
    return {"store.files": {"root": place / "files"},
        "store.brand": {"root": place / "brand"},
        "mount.all": {"path": "/", "stores": "files brand", **more},
        "mount.one": {"path": "/one/", "stores": "files"}}


def ask(it, path, code=None):
    answer = it.get(path)
    if code is None:
        assert answer.status == 200, answer
        return answer
    said = kit.problem(answer)
    assert said["code"] == code, said
    return said


def test_laid_on(server, logo):
    plain = ask(server, "/cat.png" + BIG)
    laid = ask(server, "/cat.png" + LOGO)
    assert images.size_of_png(laid.body) == (100, 80)
    assert laid.body != plain.body
    assert laid.headers["ETag"] != plain.headers["ETag"]
    other = ask(server, "/cat.png" + LOGO + "&composite=southeast")
    assert other.body not in (plain.body, laid.body)
    # Again, and twice.
    assert ask(server, "/cat.png" + LOGO).body == laid.body
    twice = ask(server, "/cat.png" + LOGO + "&overlay2=logo.png"
        "&composite2=north")
    assert twice.body != laid.body


def test_another_store(start, place, logo, brand):
    it = start(two_stores(place))
    plain = ask(it, "/cat.png" + BIG)
    marked = ask(it, "/cat.png" + BIG + "&overlay=//brand/mark.png")
    assert marked.body != plain.body
    assert ask(it, "/one/cat.png" + LOGO).status == 200
    # Its key is none of the first store, and that mount has no other.
    said = ask(it, "/cat.png" + BIG + "&overlay=mark.png", "no-source")
    assert said["parameter"] == "overlay" and said["value"] == "mark.png"
    said = ask(it, "/one/cat.png" + BIG + "&overlay=//brand/mark.png",
        "bad-value")
    assert said["parameter"] == "overlay"
    ask(it, "/cat.png" + BIG + "&overlay=//nowhere/mark.png", "bad-value")


def test_missing(server, files, logo):
    said = ask(server, "/cat.png" + BIG + "&overlay=no.png", "no-source")
    assert said["status"] == 404
    assert said["parameter"] == "overlay" and said["value"] == "no.png"
    said = ask(server, "/cat.png" + LOGO + "&overlay2=no.png", "no-source")
    assert said["parameter"] == "overlay2"
    # Of the image itself nothing is said about overlays.
    said = ask(server, "/no.png" + LOGO, "no-source")
    assert "parameter" not in said or said["parameter"] != "overlay"


def test_not_an_image(server, files, logo):
    (files / "text.png").write_bytes(b"no image\n" * 20)
    (files / "empty.png").write_bytes(b"")
    (files / "cut.png").write_bytes(images.png(60, 60)[:-40])
    for name, code in (("text", "not-an-image"), ("empty", "empty"),
            ("cut", "truncated")):
        said = ask(server, f"/cat.png{BIG}&overlay={name}.png", code)
        assert said["parameter"] == "overlay", said
        assert said["value"] == f"{name}.png"
    assert all("overlay" in json.dumps(e) for e in server.events(3))


def test_not_enabled(start, place, brand, logo):
    """The formats of the mount's originals are those of overlays, too."""
    (place / "files" / "mark.gif").write_bytes(b"GIF89a" + b"\0" * 50)
    it = start(two_stores(place, originals="png"))
    said = ask(it, "/cat.png" + BIG + "&overlay=mark.gif", "not-an-image")
    assert said["parameter"] == "overlay"


def test_too_large(start, files, logo):
    (files / "wide.png").write_bytes(images.png(400, 300))
    (files / "heavy.png").write_bytes(kit.noise(200, 200))
    it = start({"limit": {"pixels": 100000, "original_bytes": 60000}})
    said = ask(it, "/cat.png" + BIG + "&overlay=wide.png", "too-many-pixels")
    assert said["parameter"] == "overlay" and said["value"] == "wide.png"
    said = ask(it, "/cat.png" + BIG + "&overlay=heavy.png", "too-large")
    assert said["parameter"] == "overlay"
    # Larger than what it is laid on.
    said = ask(it, "/cat.png?width=8&overlay=logo.png", "bad-geometry")
    assert said["parameter"] == "overlay" and "8x6" in said["accepted"]
    ask(it, "/cat.png?width=8&overlay=logo.png&composite=width:100%25,"
        "height:100%25")


def test_together_too_large(start, files, logo):
    """Each may be as large as one may be; all together, too."""
    for name in "abcd":
        (files / f"{name}.png").write_bytes(kit.noise(40, 40, ord(name)))
    size = (files / "a.png").stat().st_size
    it = start({"limit": {"original_bytes": 3 * size}})
    ask(it, "/a.png?width=50&enlarge&overlay=b.png")
    ask(it, "/a.png?width=50&enlarge&overlay=b.png&overlay2=c.png"
        "&overlay3=d.png", "too-large")


def test_changed(start, files, logo):
    """Fresh as long as none of its images has changed."""
    it = start({"cache": {"fresh": "0s"}})
    path = "/cat.png" + LOGO
    first = ask(it, path)
    again = ask(it, path)
    assert again.headers["ETag"] == first.headers["ETag"]
    assert it.metric("pictor_renders_total") == 1
    write(logo, 10, 10, (0, 255, 0, 255))
    second = ask(it, path)
    assert second.headers["ETag"] != first.headers["ETag"]
    assert second.body != first.body
    assert it.metric("pictor_renders_total") == 2
    assert ask(it, path).body == second.body
    assert it.metric("pictor_renders_total") == 2
    # The image itself, with the same overlay.
    (files / "new.png").write_bytes(images.png(64, 48, seed=9))
    os.replace(files / "new.png", files / "cat.png")
    third = ask(it, path)
    assert third.body not in (first.body, second.body)
    # Gone: no answer that was right once.
    logo.unlink()
    ask(it, path, "no-source")


def far_store(origin):
    return {"cache": {"fresh": "0s"}, "store.far": {"type": "http",
        "endpoint": f"{origin.url}/", "networks": "127.0.0.0/8"},
        "mount.all": {"path": "/", "stores": "far"}}


def test_asked_whether_changed(start, origin):
    """Each image is asked for with its own validator: what has not changed is
    read again only where another one has."""
    def put(name, data, tag):
        origin.at[f"/{name}.png"] = bad_origin.whole(data, head={"ETag": tag})

    def answers(cache):
        """Asks once; which images were sent whole."""
        seen = len(origin.visits)
        answer = ask(it, path)
        assert answer.headers["X-Cache"] == cache, answer.headers
        return answer, sorted(v.path for v in origin.visits[seen:]
            if "if-none-match" not in v.headers)

    names = ["a", "b", "c"]
    for n, name in enumerate(names):
        put(name, images.png(20, 10, seed=n), f'"{name}1"')
    it = start(far_store(origin))
    path = f"/a.png{BIG}&overlay=b.png&overlay2=c.png&composite2=north"
    all_of = [f"/{name}.png" for name in names]
    first, whole = answers("miss")
    assert whole == all_of
    again, whole = answers("hit")
    assert (again.body, whole) == (first.body, [])
    assert it.metric("pictor_renders_total") == 1
    bodies = {first.body}
    for n, name in enumerate(names):
        put(name, images.png(20, 10, seed=n + 10), f'"{name}2"')
        other, whole = answers("miss")
        # The one that has changed came in answer to its validator.
        assert whole == [p for p in all_of if p != f"/{name}.png"]
        bodies.add(other.body)
        assert answers("hit")[1] == []
    assert len(bodies) == 4
    assert it.metric("pictor_renders_total") == 4


def test_without_validator(start, origin):
    """Of an overlay whose origin says no validator nobody knows whether it has
    changed."""
    origin.at["/a.png"] = bad_origin.whole(images.png(20, 10),
        head={"ETag": '"a"'})
    origin.at["/b.png"] = bad_origin.whole(images.png(20, 10, seed=1))
    it = start(far_store(origin))
    path = f"/a.png{BIG}&overlay=b.png"
    first = ask(it, path)
    origin.at["/b.png"] = bad_origin.whole(images.png(20, 10, seed=2))
    assert ask(it, path).body != first.body


def test_one_flight(start, files, logo):
    """Requests for the same are one, with overlays as without."""
    it = start({"render": {"workers": 1}})
    (files / "large.png").write_bytes(images.png(2000, 1500))
    path = "/large.png?overlay=logo.png&width=900&format=webp&effort=6"
    got = []
    threads = [threading.Thread(target=lambda: got.append(it.get(path)))
        for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {a.status for a in got} == {200}
    assert len({a.body for a in got}) == 1
    assert it.metric("pictor_renders_total") == 1


def test_many(server, files, logo):
    """No descriptor, no memory and no child stays behind."""
    for n in range(5):
        ask(server, f"/cat.png{LOGO}&quality={n + 1}")
    pid = server.process.pid
    before = len(os.listdir(f"/proc/{pid}/fd"))
    for n in range(60):
        ask(server, f"/cat.png?width={n + 20}&overlay=logo.png")
        ask(server, f"/cat.png?width={n + 20}&overlay=no.png", "no-source")
    assert len(os.listdir(f"/proc/{pid}/fd")) <= before + 2


@pytest.mark.jailed
def test_killed(serve, originals, tmp_path):
    """One crash is nobody's fault: each image alone is well."""
    it = serve({"http": {"deadline": "200s"},
        "render": {"workers": 1, "timeout": "100s"}})
    slow = ("/slow.png?width=1500&format=avif&effort=4"
        "&overlay=alpha.png&composite=tile:true")
    answer = kit.kill_at_work(it, CRASH, slow)
    assert kit.problem(answer)["code"] == "worker-died"
    assert it.get("/slow.png?width=10").status == 200
    assert it.get("/alpha.png?width=10").status == 200
    server.until(lambda: it.get("/photo.jpg?width=400&overlay=alpha.png")
        .status == 200, "a new worker", 30 * PATIENCE)
