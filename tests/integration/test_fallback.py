# SPDX-License-Identifier: Apache-2.0
"""Another image instead of one that is not there or cannot be read, and several
buckets behind one mount."""
import base64
import json

import images
from server import until

MOUNT = {"path": "/", "dialect": "query", "stores": "files"}


def mount(**keys):
    return {"mount.all": {**MOUNT, "fallback": "files/missing.png", **keys}}


def test_instead(start, files):
    """By the same plan, with its own status and lifetime; told as such."""
    (files / "missing.png").write_bytes(images.png(80, 40, seed=9))
    server = start(mount(fallback_control="public, max-age=7"))
    wanted = server.get("/missing.png?width=20&format=png")
    answer = server.get("/none.png?width=20&format=png")
    assert answer.status == 200
    assert answer.body == wanted.body
    assert images.size_of_png(answer.body) == (20, 10)
    assert answer.headers["ETag"] == wanted.headers["ETag"]
    assert answer.headers["Cache-Control"] == "public, max-age=7"
    assert wanted.headers["Cache-Control"] != "public, max-age=7"
    assert answer.headers["X-Cache"] == "fallback"
    # It was rendered once, for the first of them.
    assert server.metric("pictor_renders_total") == 1
    assert server.metric("pictor_requests_total", cache="fallback",
        status="200") == 1
    held = server.get("/none.png?width=20&format=png",
        {"If-None-Match": wanted.headers["ETag"]})
    assert held.status == 304
    event = server.events(3)[1]
    assert event["cache_state"] == "fallback"
    assert event["error_code"] == "no-source"
    assert event["source_key"] == "none.png"


def test_returns(start, files):
    """As soon as there is the original, it is answered."""
    (files / "missing.png").write_bytes(images.png(80, 40, seed=9))
    server = start(mount())
    assert server.get("/none.png?width=20").headers["X-Cache"] == "fallback"
    (files / "none.png").write_bytes(images.png(30, 30))
    answer = server.get("/none.png?width=20&format=png")
    assert answer.headers["X-Cache"] == "miss"
    assert images.size_of_png(answer.body) == (20, 20)


def test_status(start, files):
    """0: that of the error; then no conditions and no ranges."""
    (files / "missing.png").write_bytes(images.png(80, 40, seed=9))
    (files / "broken.png").write_bytes(b"no image at all")
    server = start(mount(fallback_status="0"))
    answer = server.get("/none.png?width=20")
    assert answer.status == 404
    assert answer.headers["Content-Type"] == "image/png"
    assert server.get("/broken.png?width=20").status == 415
    assert server.get("/none.png?width=20",
        {"If-None-Match": answer.headers["ETag"]}).status == 404
    assert server.get("/none.png?width=20",
        {"Range": "bytes=0-9"}).status == 404
    # What is wrong with the request is said.
    assert server.get("/none.png?width=-3").headers[
        "Content-Type"] == "application/problem+json"


def test_status_of_missing(start, files):
    """404 is what is not there; never what could not be read."""
    (files / "missing.png").write_bytes(images.png(80, 40, seed=9))
    (files / "broken.png").write_bytes(b"no image at all")
    server = start({
        "store.away": {"type": "http", "endpoint": "http://127.0.0.1:1/",
            "networks": "127.0.0.0/8", "retries": "0"},
        "mount.away": {**MOUNT, "path": "/away/", "stores": "away files",
            "fallback": "files/missing.png", "fallback_status": "404"},
        **mount(fallback_status="404")})
    for path, status in (("/none.png", 404), ("/broken.png", 415),
            ("/away/a.png", 502)):
        answer = server.get(f"{path}?width=20")
        assert (answer.status, answer.headers["X-Cache"]) == (status,
            "fallback")


def test_lost_itself(start, files, place):
    """Without the fallback the error is that of what was asked for."""
    server = start(mount())
    answer = server.get("/none.png?width=20")
    assert (answer.status, json.loads(answer.body)["code"]) == (404,
        "no-source")
    files.rename(place / "away")
    answer = server.get("/none.png?width=21")
    assert (answer.status, json.loads(answer.body)["code"]) == (502,
        "origin-failed")
    (place / "away").rename(files)


def test_many(start, files):
    """Whatever is missing, one rendering of the fallback serves it."""
    (files / "missing.png").write_bytes(images.png(80, 40, seed=9))
    server = start(mount())
    for i in range(10):
        assert server.get(f"/no{i}.png?width=20").status == 200
    assert server.metric("pictor_renders_total") == 1


def test_stale_first(start, files, place):
    """An old result of the image itself is better than another image."""
    (place / "other").mkdir()
    (place / "other" / "missing.png").write_bytes(images.png(80, 40, seed=9))
    server = start({"mount.all": {"path": "/", "stores": "files other",
        "fallback": "other/missing.png"},
        "store.other": {"root": place / "other"},
        "cache": {"fresh": "1s", "stale": "1h"}})
    first = server.get("/cat.png?width=32&format=png")
    files.rename(place / "away")
    stale = until(lambda: (a := server.get("/cat.png?width=32&format=png"))
        .headers["X-Cache"] == "stale" and a, "stale")
    assert stale.body == first.body
    other = server.get("/cat.png?width=31&format=png")
    assert other.headers["X-Cache"] == "fallback"
    (place / "away").rename(files)


def test_rests(start, files, place):
    """A store that fails is left alone, and found again by itself."""
    server = start({"store.files": {"failures": "2", "pause": "1s"}})
    files.rename(place / "away")
    for width in (10, 11):
        answer = server.get(f"/cat.png?width={width}")
        assert answer.status == 502
        assert answer.headers.get("Retry-After") is None
    answer = server.get("/cat.png?width=12")
    assert answer.status == 502
    assert int(answer.headers["Retry-After"]) >= 1
    assert server.metric("pictor_origin_fetches_total", by="resting") == 1
    assert server.metric("pictor_stores_resting") == 1
    server.said("store files rests after 2 failures")
    (place / "away").rename(files)
    until(lambda: server.get("/cat.png?width=13").status == 200, "back")
    server.said("store files works again")
    assert server.metric("pictor_stores_resting") == 0


def test_reload_keeps(start, files, place):
    """What a store has learned outlives a reload that leaves its rows."""
    server = start({"store.files": {"failures": "1", "pause": "50m"}})
    files.rename(place / "away")
    assert server.get("/cat.png?width=10").status == 502
    (place / "away").rename(files)
    assert "reloaded" in server.reload()
    assert server.get("/cat.png?width=11").status == 502
    server.set({"store.files": {"pause": "51m"}})
    assert "reloaded" in server.reload()
    assert server.get("/cat.png?width=11").status == 200


def test_buckets(start, files, place):
    """The words of URLs are names of stores, never more."""
    (place / "other").mkdir()
    (place / "other" / "dog.png").write_bytes(images.png(30, 30))
    server = start({"mount.dit": {"path": "/dit/", "dialect": "dit",
        "stores": "files other"},
        "store.other": {"root": place / "other"},
        "store.hidden": {"root": place}})

    def ask(bucket, key):
        text = json.dumps({"bucket": bucket, "key": key,
            "edits": {"resize": {"width": 20}}})
        return server.get("/dit/" + base64.b64encode(text.encode()).decode())

    assert ask("other", "dog.png").status == 200
    assert ask("files", "cat.png").status == 200
    assert ask("files", "dog.png").status == 404
    assert ask("hidden", "files/cat.png").status == 403
