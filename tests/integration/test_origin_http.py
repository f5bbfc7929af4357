# SPDX-License-Identifier: Apache-2.0
"""What a store over the network does to requests: one transfer for all who want
an original, freshness by what the origin says, headers that are sent along,
stores that are away, and slow ones beside good ones."""
import concurrent.futures
import json
import threading

import pytest

import bad_origin
import images
from bad_origin import origin # a fixture
from server import until

PHOTO = images.png(640, 480)
ETAG = {"ETag": '"v1"'}


@pytest.fixture
def far(start, origin):
    """far(store rows, **sections) -> a server whose mount reads from origin."""
    def run(rows=None, **sections):
        return start({
            "store.far": {"type": "http", "endpoint": f"{origin.url}/",
                "networks": "127.0.0.0/8", **(rows or {})},
            "mount.all": {"path": "/", "stores": "far files",
                **sections.pop("mount", {})},
            **sections})
    return run


def code(answer):
    return json.loads(answer.body)["code"]


def get_all(server, paths):
    with concurrent.futures.ThreadPoolExecutor(len(paths)) as pool:
        return list(pool.map(server.get, paths))


def test_signed_url_is_not_told(far, origin):
    """Of a key that is a whole URL events and log have no query."""
    origin.at["/a.png?sig=s3cret"] = bad_origin.whole(PHOTO)
    server = far({"endpoint": "", "allow": f"{origin.url}/"})
    answer = server.get(f"/{origin.url}/a.png%3Fsig=s3cret?width=20")
    assert answer.status == 200
    event = server.events(1)[0]
    assert event["source_key"] == f"{origin.url}/a.png"
    assert "s3cret" not in event["plan"]


def test_one_transfer(far, origin):
    """Ten renditions wanted at once: the origin is asked once."""
    gate = threading.Event()

    def held(visit):
        visit.head(200, Content_Length=len(PHOTO))
        visit.send(PHOTO[:1000])
        while not gate.is_set():
            visit.pause(0.01)
        visit.send(PHOTO[1000:])

    origin.at["/a.png"] = held
    server = far()
    paths = [f"/a.png?width={w}&format=png" for w in range(20, 30)]
    with concurrent.futures.ThreadPoolExecutor(len(paths)) as pool:
        answers = [pool.submit(server.get, path) for path in paths]
        until(lambda: server.metric("pictor_origin_fetches_total") == 10,
            "all have asked")
        gate.set()
        answers = [a.result() for a in answers]
    assert [a.status for a in answers] == [200] * 10
    assert [images.size_of_png(a.body)[0] for a in answers] == list(
        range(20, 30))
    assert origin.asked["/a.png"] == 1
    assert server.metric("pictor_origin_fetches_total", by="own") == 1
    assert server.metric("pictor_origin_fetches_total", by="joined") == 9
    until(lambda: server.metric("pictor_origin_transfers") == 0, "it is done")


@pytest.mark.parametrize("behaviour", [bad_origin.silent(),
    bad_origin.stall(PHOTO, 1000), bad_origin.trickle(PHOTO, 100)],
    ids=["silent", "stall", "trickle"])
def test_nobody_waits(far, origin, behaviour):
    """The viewer leaves: so do we, at once."""
    origin.at["/a.png"] = behaviour
    server = far({"silent_time": "60s"}, origin={"timeout": "60s"})
    with server.connect() as s:
        s.sendall(b"GET /a.png?width=20 HTTP/1.1\r\nHost: a\r\n\r\n")
        until(lambda: origin.now["/a.png"] == 1, "asked")
    until(lambda: origin.left["/a.png"] == 1, "left", 10)
    until(lambda: server.metric("pictor_origin_transfers") == 0, "none", 10)


def test_missing(far, origin):
    """That there is none is remembered, for a while."""
    server = far({"negative": "1s"})
    for width in range(20, 25):
        assert code(server.get(f"/a.png?width={width}")) == "no-source"
    assert origin.asked["/a.png"] == 1
    origin.at["/a.png"] = bad_origin.whole(PHOTO)
    until(lambda: server.get("/a.png?width=30").status == 200, "it is there")
    # Other answers are not.
    origin.at["/b.png"] = bad_origin.status(403)
    for width in range(20, 25):
        assert server.get(f"/b.png?width={width}").status == 502
    assert origin.asked["/b.png"] == 5


def test_reload_forgets(far, origin):
    server = far({"negative": "1h"})
    assert server.get("/a.png?width=20").status == 404
    origin.at["/a.png"] = bad_origin.whole(PHOTO)
    assert server.get("/a.png?width=20").status == 404
    server.reload()
    assert server.get("/a.png?width=20").status == 200


def test_fresh_as_said(far, origin):
    """Cache-Control decides: always asked, asked once, and kept by nobody."""
    server = far()
    origin.at["/asked.png"] = bad_origin.whole(PHOTO,
        head={**ETAG, "Cache-Control": "no-cache"})
    for name in ("miss", "hit", "hit"):
        answer = server.get("/asked.png?width=20")
        assert (answer.status, answer.headers["X-Cache"]) == (200, name)
    assert origin.asked["/asked.png"] == 3
    assert server.metric("pictor_requests_total", cache="revalidated") == 2
    assert origin.visits[-1].headers["if-none-match"] == '"v1"'

    origin.at["/kept.png"] = bad_origin.whole(PHOTO,
        head={"Cache-Control": "max-age=3600"})
    for _ in range(3):
        assert server.get("/kept.png?width=20").status == 200
    assert origin.asked["/kept.png"] == 1

    origin.at["/secret.png"] = bad_origin.whole(PHOTO,
        head={"Cache-Control": "no-store"})
    for _ in range(3):
        answer = server.get("/secret.png?width=20")
        assert answer.headers["X-Cache"] == "miss"
        assert answer.headers["Cache-Control"] == "no-store"
    assert origin.asked["/secret.png"] == 3


def test_fresh_as_configured(far, origin):
    """The operator's word goes before the origin's."""
    origin.at["/a.png"] = bad_origin.whole(PHOTO,
        head={"Cache-Control": "no-store"})
    server = far({"fresh": "1h"})
    for _ in range(3):
        answer = server.get("/a.png?width=20")
        assert "no-store" not in answer.headers["Cache-Control"]
    assert origin.asked["/a.png"] == 1


def test_changed(far, origin):
    head = {**ETAG, "Cache-Control": "no-cache"}
    origin.at["/a.png"] = bad_origin.whole(PHOTO, head=head)
    server = far()
    first = server.get("/a.png?width=20")
    other = images.png(640, 480, seed=2)
    origin.at["/a.png"] = bad_origin.whole(other,
        head={**head, "ETag": '"v2"'})
    second = server.get("/a.png?width=20")
    assert second.headers["X-Cache"] == "miss"
    assert second.headers["ETag"] != first.headers["ETag"]


def test_stale_if_error(far, origin):
    """The origin's own directive: longer, or shorter, than ours."""
    head = {**ETAG, "Cache-Control": "max-age=0, stale-if-error=3600"}
    origin.at["/long.png"] = bad_origin.whole(PHOTO, head=head)
    origin.at["/never.png"] = bad_origin.whole(PHOTO,
        head={**ETAG, "Cache-Control": "max-age=0, stale-if-error=0"})
    server = far({"retries": "0"}, cache={"stale": "0s"})
    assert server.get("/long.png?width=20").status == 200
    assert server.get("/never.png?width=20").status == 200
    origin.at["/long.png"] = bad_origin.status(500)
    origin.at["/never.png"] = bad_origin.status(500)
    answer = server.get("/long.png?width=20")
    assert (answer.status, answer.headers["X-Cache"]) == (200, "stale")
    assert server.get("/never.png?width=20").status == 502


def test_forward(far, origin):
    """Headers that the store wants: sent along, part of the key, in Vary."""
    def by_tenant(visit):
        seed = {"one": 1, "two": 2}.get(visit.headers.get("x-tenant"), 0)
        bad_origin.whole(images.png(64, 48, seed=seed))(visit)

    origin.at["/a.png"] = by_tenant
    server = far({"forward": "X-Tenant Accept-Language"})
    bodies = []
    for headers in ({}, {"X-Tenant": "one"}, {"X-Tenant": "two"}):
        headers = {**headers, "Cookie": "secret", "Authorization": "secret",
            "X-Other": "other"}
        for name in ("miss", "hit"):
            answer = server.get("/a.png?width=20&format=png", headers)
            assert answer.headers["X-Cache"] == name
            assert answer.headers["Vary"] == "X-Tenant, Accept-Language"
        bodies.append(answer.body)
    assert len(set(bodies)) == 3
    assert origin.asked["/a.png"] == 3
    for visit in origin.visits:
        assert not {"cookie", "authorization", "x-other"} & set(visit.headers)
    # Nobody becomes another by two values.
    assert server.get("/a.png?width=20&format=png",
        {"x-tenant": "one"}).headers["X-Cache"] == "hit"
    assert server.get("/a.png?width=20&format=auto").headers[
        "Vary"] == "Accept, X-Tenant, Accept-Language"


def test_forward_of_two_stores(far, origin):
    """What two stores of a mount want is sent once, and named once; also what
    there is not may depend on it."""
    origin.at["/a.png"] = bad_origin.whole(PHOTO)
    origin.at["/none.png"] = bad_origin.status(404)
    server = far({"forward": "X-Tenant"}, mount={"stores": "far near"},
        **{"store.near": {"type": "http", "endpoint": f"{origin.url}/",
            "networks": "127.0.0.0/8", "forward": "x-tenant X-Other"}})
    for path, status in (("/a.png", 200), ("/none.png", 404)):
        answer = server.get(f"{path}?width=20",
            {"X-Tenant": "one", "X-Other": "two"})
        assert answer.status == status
        assert answer.headers["Vary"] == "X-Tenant, X-Other"
        assert origin.visits[-1].headers["x-tenant"] == "one"
        assert "x-other" not in origin.visits[-1].headers


def test_down(far, origin):
    """Nobody listens: 502, never 404; soon left alone; then back by itself.
    The other store serves on."""
    origin.at["/a.png"] = bad_origin.whole(PHOTO)
    server = far({"retries": "0", "failures": "3", "pause": "1s"},
        **{"mount.files": {"path": "/files/", "stores": "files"}})
    assert server.get("/a.png?width=20").status == 200
    origin.stop()
    answers = [server.get(f"/a.png?width={w}") for w in range(30, 40)]
    assert {(a.status, code(a)) for a in answers} == {(502, "origin-failed")}
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert server.metric("pictor_origin_fetches_total", by="own") == 4
    assert server.metric("pictor_origin_fetches_total", by="resting") == 7
    assert server.get("/files/cat.png?width=20").status == 200
    assert server.get("/a.png?width=20").status == 200
    origin.start()
    until(lambda: server.get("/a.png?width=50").status == 200, "back")


def test_fallback(far, origin):
    origin.at["/a.png"] = bad_origin.status(500)
    server = far({"retries": "0"}, mount={"fallback": "files/cat.png"})
    answer = server.get("/a.png?width=20&format=png")
    assert (answer.status, answer.headers["X-Cache"]) == (200, "fallback")
    assert images.size_of_png(answer.body) == (20, 15)


def test_slow_beside_good(far, origin):
    """Eight that trickle, some of them with enough to begin: no good request
    waits for any of them."""
    large = images.png(640, 480, level=0)
    assert len(large) > 100000
    for i in range(8):
        origin.at[f"/slow{i}.png"] = bad_origin.trickle(large, 1000,
            at_once=len(large) // 2 if i % 2 else 0)
    origin.at["/good.png"] = bad_origin.whole(PHOTO)
    server = far({"silent_time": "60s", "timeout": "60s"},
        http={"deadline": "60s"})
    slow = []
    try:
        for i in range(8):
            s = server.connect()
            s.sendall(f"GET /slow{i}.png?width=20 HTTP/1.1\r\n"
                "Host: a\r\n\r\n".encode())
            slow.append(s)
        until(lambda: all(origin.now[f"/slow{i}.png"] for i in range(8)),
            "all trickle")
        for width in range(20, 40):
            assert server.get(f"/good.png?width={width}").status == 200
        assert all(origin.now[f"/slow{i}.png"] for i in range(8))
    finally:
        for s in slow:
            s.close()
    until(lambda: not any(origin.now.values()), "all are cancelled", 10)
