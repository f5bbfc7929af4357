# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: all of a new configuration, or none of it with the reason."""
import json
import threading

import images


def code(answer):
    return json.loads(answer.body)["code"]


def test_swapped(server):
    assert server.get("/cat.png?width=300").status == 200
    server.set({"mount.pictures": {"path": "/", "dialect": "query",
        "max_width": 100}})
    assert "configuration reloaded" in server.reload()
    assert server.metric("pictor_reloads_total", result="done") == 1
    answer = server.get("/cat.png?width=301")
    assert (answer.status, code(answer)) == (400, "bad-value")
    # What an old configuration has read in a URL is not remembered either.
    answer = server.get("/cat.png?width=300")
    assert (answer.status, code(answer)) == (400, "bad-value")
    assert server.get("/cat.png?width=100").status == 200
    server.set({"mount.pictures": {"max_width": 400}})
    server.reload()
    assert server.get("/cat.png?width=301").status == 200


def test_new_mount_and_store(server, place):
    (place / "other").mkdir()
    (place / "other/dog.png").write_bytes(images.png(40, 30))
    assert code(server.get("/dogs/dog.png?width=20")) == "no-source"
    server.set({
        "store.other": {"root": place / "other"},
        "mount.cats": {"path": "/", "stores": "files"},
        "mount.dogs": {"path": "/dogs/", "stores": "other"},
    })
    assert "reloaded" in server.reload()
    assert server.get("/dogs/dog.png?width=20").status == 200
    assert server.get("/cat.png?width=20").status == 200
    # The other way round: a mount that went is gone.
    server.set({"mount.cats": {"path": "/cats/"}})
    server.reload()
    assert code(server.get("/cat.png?width=20")) == "no-mount"
    assert server.get("/cats/cat.png?width=20").status == 200


def test_mounts_share_nothing(server):
    """What one mount may not read or write, another's cache cannot give it."""
    server.set({
        "mount.a": {"path": "/"},
        "mount.b": {"path": "/b/", "originals": "gif jpeg"},
        "mount.c": {"path": "/c/", "formats": "jpeg"},
    })
    server.reload()
    assert server.get("/cat.png?width=20").status == 200
    answer = server.get("/b/cat.png?width=20")
    assert (answer.status, code(answer)) == (415, "not-an-image")
    answer = server.get("/c/cat.png?width=20")
    assert (answer.status, code(answer)) == (400, "bad-value")
    # Nor has it after a reload what it was allowed before.
    server.set({"mount.a": {"originals": "gif"}})
    server.reload()
    answer = server.get("/cat.png?width=20")
    assert (answer.status, code(answer)) == (415, "not-an-image")


def test_hosts(server):
    server.set({"mount.m": {"path": "/", "hosts": "img.example.org"}})
    server.reload()
    answer = server.get("/cat.png?width=20")
    assert (answer.status, code(answer)) == (403, "bad-host")
    # Nor by a URL that was read for somebody who may have it.
    for _ in range(2):
        assert server.get("/cat.png?width=20",
            {"Host": "IMG.example.org.:8080"}).status == 200
        answer = server.get("/cat.png?width=20")
        assert (answer.status, code(answer)) == (403, "bad-host")


def refused(server, *texts):
    """A reload is refused with these words; the old one stays."""
    before = server.metric("pictor_reloads_total", result="refused")
    said = server.reload()
    assert "the old configuration stays in force" in said
    for text in texts:
        assert text in said
    assert server.metric("pictor_reloads_total", result="refused") \
        == before + 1
    assert server.get("/cat.png?width=300").status == 200


def test_bad_value(server):
    server.set({"mount.m": {"path": "/", "max_width": 100},
        "cache": {"fresh": "soon"}})
    refused(server, "pictor.conf:", "fresh")
    # Repaired, it is taken.
    server.set({"cache": {"fresh": "1h"}})
    assert "reloaded" in server.reload()
    assert code(server.get("/cat.png?width=300")) == "bad-value"


def test_unknown_key(server):
    server.set({"cache": {"memroy": "1M"}})
    refused(server, "memroy")


def test_needs_restart(server):
    server.set({"origin": {"threads": 9}})
    refused(server, "threads", "restart")


def test_store_missing(server, place):
    server.set({"store.files": {"root": place / "none"}})
    refused(server, "[store.files]", "No such file")


def test_unreadable_event_file(server, place):
    server.set({"event": {"file": place / "none/events"}})
    refused(server, "event.file", "No such file")
    # Events go where they went.
    assert len(server.events(1)) == 1


def test_unknown_dialect(server):
    server.set({"mount.m": {"path": "/", "dialect": "latin"}})
    refused(server, "latin")


def test_syntax(server):
    server.conf_path.write_text("this is no configuration\n")
    refused(server, "pictor.conf:1")


def test_missing_file(server):
    server.conf_path.unlink()
    refused(server, "pictor.conf")


def test_environment_wins(start):
    server = start({"http": {"x_cache": "off"}},
        env={"PICTOR_HTTP_X_CACHE": "on"})
    assert server.get("/cat.png?width=20").headers["X-Cache"] == "miss"
    server.reload()
    assert server.get("/cat.png?width=20").headers["X-Cache"] == "hit"


def test_cache_shrinks(server):
    for width in range(20, 60):
        server.get(f"/cat.png?width={width}")
    assert server.metric("pictor_cache_entries") == 40
    server.set({"cache": {"memory": 0}})
    server.reload()
    assert server.metric("pictor_cache_entries") == 0
    assert server.metric("pictor_cache_bytes") == 0
    assert server.get("/cat.png?width=20").headers["X-Cache"] == "miss"


def test_many_reloads_under_load(server):
    """Requests go on with the configuration they began with."""
    stop = threading.Event()
    bad = []

    def load():
        n = 0
        while not stop.is_set():
            n += 1
            answer = server.get(f"/cat.png?width={16 + n % 40}")
            if answer.status != 200:
                bad.append(answer)

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for i in range(20):
            server.set({"cache": {"memory": f"{1 + i}M"}})
            server.reload()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not bad
    assert server.metric("pictor_reloads_total", result="done") == 20
