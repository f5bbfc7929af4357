# SPDX-License-Identifier: Apache-2.0
"""Originals from an HTTP server that does everything wrong: each of its ways
has one outcome, and costs nobody else anything."""
import http.client
import threading
import time

import pytest

import bad_origin as bad
import images
import kit
from server import until

PNG = kit.noise(200, 150)
LARGE = kit.noise(700, 500) # a megabyte
STRONG = {"ETag": '"one"', "Content-Type": "image/png"}
# Where there is nothing to wait for, tests do not.
QUICK = {"retries": 0, "silent_time": "700ms", "connect_time": "700ms",
    "failures": 0, "negative": "0s"}


def store(origin, **more):
    return {"type": "http", "endpoint": origin.url + "/",
        "networks": "127.0.0.1/32", **QUICK, **more}


def sections(origin, **stores):
    """A mount /NAME/ with a store NAME for each."""
    conf = {"cache": {"fresh": "1h"}, "limit": {"original_bytes": "4M"}}
    for name, keys in stores.items():
        conf[f"store.{name}"] = store(origin, **keys)
        conf[f"mount.{name}"] = {"path": f"/{name}/", "stores": name}
    return conf


@pytest.fixture
def web(start, origin):
    """web(store=dict(key=value), ...) -> a Server with those stores; one
    named `a` with the defaults if none is."""
    def run(conf=None, **stores):
        server = start({**sections(origin, **(stores or {"a": {}})),
            **(conf or {})})
        return server

    return run


@pytest.fixture(scope="module")
def shared(serve_all, tmp_path_factory):
    """(a Server with a store `a`, its Origin) for all tests that need nothing
    else; each has paths of its own."""
    origin = bad.Origin()
    yield serve_all(sections(origin, a={}),
        files=tmp_path_factory.mktemp("none")), origin
    origin.stop()


def problem(answer, status, code):
    """It is that error, and may be kept as long as that error may."""
    said = kit.problem(answer)
    assert (answer.status, said["code"]) == (status, code), answer
    return said


def is_png_of(answer, width):
    assert answer.status == 200, answer
    assert images.size_of_png(answer.body)[0] == width


def test_a_good_one(web, origin):
    origin.at["/x/a%20b.png?v=1"] = bad.whole(PNG, head=STRONG)
    origin.at["/x/a%20b.png"] = bad.whole(PNG, head=STRONG)
    server = web()
    is_png_of(server.get("/a/x/a%20b.png?width=50", headers={
        "Authorization": "Bearer secret", "Cookie": "a=b",
        "Accept-Language": "en"}), 50)
    visit, = origin.visits
    assert visit.method == "GET"
    assert not {"authorization", "cookie", "accept-language", "range"} \
        & set(visit.headers)


ODD = {"slow": bad.trickle(PNG, 100000, at_once=60000),
    "chunked": bad.chunked(PNG), "1.0": bad.http10(PNG),
    "late": bad.whole(PNG, before=0.2)}


@pytest.mark.parametrize("name", ODD)
def test_odd_but_right(shared, name):
    server, origin = shared
    path = f"/{name.replace(' ', '')}.odd"
    origin.at[path] = ODD[name]
    is_png_of(server.get(f"/a{path}?width=50&format=png"), 50)


WRONG = {
    "stall": (bad.stall(PNG, 5000), 504, "origin-timeout"),
    "silent": (bad.silent(), 504, "origin-timeout"),
    "reset": (bad.reset(PNG, 5000), 502, "origin-failed"),
    "short": (bad.short(PNG, 5000), 502, "origin-failed"),
    "closed": (bad.closed(), 502, "origin-failed"),
    "garbage": (bad.raw(b"I am not HTTP\r\n\r\n" * 9), 502, "origin-failed"),
    "no chunk": (bad.chunked(PNG, end=b"zz\r\n"), 502, "origin-failed"),
    "half a chunk": (bad.chunked(PNG, end=b"ff\r\nx"), 502, "origin-failed"),
    "length -1": (bad.length(PNG, "-1"), 502, "origin-failed"),
    "length abc": (bad.length(PNG, "abc"), 502, "origin-failed"),
    "two lengths": (bad.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
        b"Content-Length: 6\r\n\r\nabcdef"), 502, "origin-failed"),
    "gzip": (bad.gzip(PNG), 502, "origin-failed"),
    "huge head": (bad.large_head(100 << 20), 502, "origin-failed"),
    "said too large": (bad.stall(PNG, 0, {"X": "1"}), 504, "origin-timeout"),
    "endless": (bad.endless(PNG), 413, "too-large"),
    "401": (bad.status(401), 502, "origin-denied"),
    "403": (bad.status(403), 502, "origin-denied"),
    "404": (bad.status(404), 404, "no-source"),
    "410": (bad.status(410), 404, "no-source"),
    "429": (bad.status(429), 502, "origin-failed"),
    "500": (bad.status(500), 502, "origin-failed"),
    "503": (bad.status(503), 502, "origin-failed"),
    "204": (bad.raw(b"HTTP/1.1 204 x\r\n\r\n"), 422, "empty"),
    "200 of nothing": (bad.whole(b""), 422, "empty"),
    "206": (bad.whole(PNG, status=206), 502, "origin-failed"),
    "304": (bad.status(304), 502, "origin-failed"),
    "no location": (bad.status(302), 502, "origin-failed"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong(shared, name):
    server, origin = shared
    behaviour, status, code = WRONG[name]
    path = f"/{name.replace(' ', '')}.wrong"
    origin.at[path] = behaviour
    answer = server.get(f"/a{path}?width=50")
    problem(answer, status, code)
    assert "127.0.0.1" not in answer.body.decode() + str(answer.headers)
    assert origin.sent[path] < 16 << 20
    until(lambda: origin.now[path] == 0, "the transfer is over")
    good = f"{path}.png"
    origin.at[good] = bad.whole(PNG)
    is_png_of(server.get(f"/a{good}?width=50"), 50)


def test_too_large_by_its_length(shared):
    server, origin = shared
    origin.at["/large.png"] = bad.length(PNG, str(5 << 20))
    problem(server.get("/a/large.png"), 413, "too-large")


def test_head_that_never_ends(web, origin):
    """Each byte comes in time, but not the last one."""
    origin.at["/x.png"] = bad.slow_head(20)
    problem(web(a={"timeout": "1s"}).get("/a/x.png"), 504, "origin-timeout")
    until(lambda: origin.left["/x.png"] == 1, "it was left")


def test_body_that_never_ends_in_time(web, origin):
    origin.at["/x.png"] = bad.trickle(LARGE, 1000)
    problem(web(a={"timeout": "1s"}).get("/a/x.png"), 504, "origin-timeout")
    until(lambda: origin.left["/x.png"] == 1, "it was left")


def test_nobody_listens(web, origin):
    server = web()
    origin.stop()
    problem(server.get("/a/x.png"), 502, "origin-failed")
    origin.at["/x.png"] = bad.whole(PNG)
    origin.start()
    is_png_of(server.get("/a/x.png?width=50"), 50)


# ---- Redirects and addresses ----

def test_redirects(web, origin):
    origin.at["/x.png"] = bad.whole(PNG)
    for n, code in enumerate((301, 302, 303, 307, 308)):
        origin.at[f"/{n}.png"] = bad.redirect("/x.png", code)
    origin.at["/three.png"] = bad.redirect("/two.png")
    origin.at["/two.png"] = bad.redirect(origin.url + "/0.png")
    origin.at["/four.png"] = bad.redirect("three.png")
    origin.at["/loop.png"] = bad.redirect("/loop.png")
    server = web(a={}, none={"redirects": 0})
    for path in ("0", "1", "2", "3", "4", "three"):
        is_png_of(server.get(f"/a/{path}.png?width=50"), 50)
    for path in ("a/four", "a/loop", "none/0"):
        problem(server.get(f"/{path}.png?width=50"), 502, "origin-denied")
    assert origin.asked["/loop.png"] == 4


@pytest.mark.parametrize("target", [
    "http://169.254.169.254/latest/meta-data/", "http://[::1]:{port}/x.png",
    "http://localhost:{port}/x.png", "http://127.0.0.2:{port}/x.png",
    "http://0.0.0.0:{port}/x.png", "http://[::]:{port}/x.png",
    "http://[::ffff:169.254.169.254]/x.png", "http://[64:ff9b::a9fe:a9fe]/",
    "file:///etc/passwd", "ftp://127.0.0.1:{port}/x.png",
    "gopher://127.0.0.1:{port}/x.png", "//169.254.169.254/x.png",
    "http://127.0.0.1:{other}/x.png", "https://127.0.0.1:{other}/x.png"])
def test_redirect_to_where_it_may_not(shared, origin, target):
    """Nothing of it is asked for, not even of ourselves by another name."""
    server, first = shared
    to = target.format(port=first.port, other=origin.port)
    first.at["/r.png"] = bad.redirect(to)
    before = len(first.visits)
    answer = server.get("/a/r.png")
    problem(answer, 403, "forbidden")
    assert "169.254" not in answer.body.decode()
    assert len(first.visits) == before + 1
    assert origin.connections == 0


def test_redirect_to_nonsense(shared):
    server, origin = shared
    for to in ("http://user@127.0.0.1/x.png", "http://", "http://:80/", ""):
        origin.at["/r.png"] = bad.redirect(to)
        before = len(origin.visits)
        assert server.get("/a/r.png").status in (403, 502), to
        assert len(origin.visits) == before + 1, to


def test_more_than_was_said(web, origin):
    """What comes behind a body is no answer to somebody else's question."""
    origin.at["/x.png"] = bad.longer(PNG, len(PNG), b"HTTP/1.1 200 OK\r\n"
        b"Content-Length: 3\r\n\r\nbad")
    server = web(a={"retries": 2})
    for n in range(20):
        origin.at[f"/{n}.png"] = bad.whole(PNG)
        is_png_of(server.get(f"/a/x.png?width={50 + n}"), 50 + n)
        is_png_of(server.get(f"/a/{n}.png?width=50"), 50)


def test_private_addresses_are_refused(web, origin):
    """Without networks it may not be read, whatever it is called."""
    origin.at["/x.png"] = bad.whole(PNG)
    named = f"http://localhost:{origin.port}/"
    server = web(a={"networks": ""}, b={"networks": "", "endpoint": named},
        c={"endpoint": named})
    for name in "ab":
        problem(server.get(f"/{name}/x.png"), 403, "forbidden")
    assert origin.connections == 0
    is_png_of(server.get("/c/x.png?width=50"), 50)


def test_whole_urls(web, origin):
    """A store without an endpoint: keys are URLs, of those in allow."""
    origin.at["/in/x.png"] = bad.whole(PNG)
    origin.other = bad.whole(PNG)
    server = web(a={"endpoint": "",
        "allow": f"http://127.0.0.1:{origin.port}/in/"})
    where = f"127.0.0.1:{origin.port}"
    is_png_of(server.get(f"/a/http://{where}/in/x.png?width=50"), 50)
    for path in ("x.png", "in", "in/%252e%252e/x.png", "in/..%252fx.png"):
        problem(server.get(f"/a/http://{where}/{path}"), 403, "forbidden")
    for path in ("in/../x.png", "in%2f..%2fx.png", "in//../x.png"):
        problem(server.get(f"/a/http://{where}/{path}"), 400, "bad-url")
    for url in (f"https://{where}/in/x.png", "http://127.0.0.1/in/x.png",
            f"http://localhost:{origin.port}/in/x.png",
            f"http://{where}@evil.example/in/x.png", "file:/in/x.png",
            "http:///in/x.png", f"http:////{where}/in/x.png"):
        problem(server.get(f"/a/{url}"), 403, "forbidden")
    assert sum(origin.asked.values()) == 1
    is_png_of(server.get(f"/a/http://{where}/in//x.png?width=50"), 50)
    assert origin.asked["/in//x.png"] == 1


# ---- Once more, and going on ----

def test_goes_on_where_it_broke(web, origin):
    """From the byte on that is missing, if it is still the same file."""
    origin.at["/x.png"] = bad.in_turn(bad.reset(LARGE, 300000, STRONG),
        bad.whole(LARGE, head=STRONG))
    is_png_of(web(a={"retries": 2}).get("/a/x.png?width=50"), 50)
    first, second = origin.visits
    assert "range" not in first.headers
    low = int(second.headers["range"].removeprefix("bytes=").removesuffix("-"))
    assert 0 < low <= 300000
    assert second.headers.get("if-match", second.headers.get("if-range")) \
        == '"one"'
    assert origin.sent["/x.png"] < len(LARGE) + 400000


def test_does_not_go_on_with_another_file(web, origin):
    """Two files are never joined."""
    origin.at["/x.png"] = bad.in_turn(bad.reset(LARGE, 300000, STRONG),
        bad.whole(LARGE[::-1], head={"ETag": '"two"'}))
    answer = web(a={"retries": 2}).get("/a/x.png?width=50")
    assert answer.status == 502, answer


def test_less_than_the_rest(web, origin):
    """A body is whole only if it is all that there is, whatever its own
    answer's length says."""
    server = web(a={"retries": 1})
    for name, one in bad.liars(LARGE, STRONG).items():
        origin.at[f"/{name}.png"] = one
        problem(server.get(f"/a/{name}.png?width=50"), 502, "origin-failed")
        assert origin.asked[f"/{name}.png"] == 2


def test_again_after_a_moment(web, origin):
    for path, one in (("/closed.png", bad.closed()),
            ("/busy.png", bad.status(503))):
        origin.at[path] = bad.in_turn(one, one, bad.whole(PNG))
    server = web(a={"retries": 2}, none={})
    for path in ("closed", "busy"):
        is_png_of(server.get(f"/a/{path}.png?width=50"), 50)
        assert origin.asked[f"/{path}.png"] == 3
    origin.at["/gone.png"] = bad.status(404)
    problem(server.get("/a/gone.png"), 404, "no-source")
    assert origin.asked["/gone.png"] == 1


# ---- Freshness ----

def again(server, path, cache):
    answer = server.get(path)
    assert answer.headers["X-Cache"] == cache, answer
    return answer


def test_origin_says_how_long(web, origin):
    heads = {"short": {"Cache-Control": "max-age=0"},
        "long": {"Cache-Control": "public, max-age=600"},
        "aged": {"Cache-Control": "max-age=600", "Age": "600"},
        "quiet": {}}
    for name, head in heads.items():
        origin.at[f"/{name}.png"] = bad.whole(PNG, head={**STRONG, **head})
    server = web()
    for name, asked in (("short", 2), ("long", 1), ("aged", 2), ("quiet", 1)):
        path = f"/a/{name}.png?width=50"
        etag = server.get(path).headers["ETag"]
        assert server.get(path).headers["ETag"] == etag
        assert origin.asked[f"/{name}.png"] == asked, name
    # It was asked whether it is another one, and not sent again.
    second = [v for v in origin.visits if v.path == "/short.png"][1]
    assert second.headers["if-none-match"] == '"one"'
    assert origin.sent["/short.png"] < 2 * len(PNG)


def test_another_file_under_the_same_name(web, origin):
    origin.at["/x.png"] = bad.whole(PNG, head=STRONG)
    server = web(a={"fresh": "1ms"})
    first = server.get("/a/x.png?width=50")
    origin.at["/x.png"] = bad.whole(kit.noise(200, 150, seed=2),
        head={"ETag": '"two"'})
    second = server.get("/a/x.png?width=50")
    is_png_of(second, 50)
    assert second.headers["ETag"] != first.headers["ETag"]


def test_stale_is_better_than_nothing(web, origin):
    origin.at["/x.png"] = bad.whole(PNG, head=STRONG)
    server = web(a={"fresh": "1ms"})
    first = server.get("/a/x.png?width=50")
    for broken in (bad.closed(), bad.status(500), bad.silent()):
        origin.at["/x.png"] = broken
        time.sleep(0.01)
        answer = again(server, "/a/x.png?width=50", "stale")
        assert answer.status == 200
        assert answer.body == first.body
    # That it is gone is an answer, too.
    origin.at["/x.png"] = bad.status(404)
    problem(server.get("/a/x.png?width=50"), 404, "no-source")


def test_missing_is_remembered_for_a_moment(web, origin):
    server = web(a={"negative": "1h"})
    for width in (50, 60):
        problem(server.get(f"/a/x.png?width={width}"), 404, "no-source")
    assert origin.asked["/x.png"] == 1


def test_forwarded_headers(web, origin):
    def by_language(visit):
        wide = visit.headers.get("accept-language") == "de"
        bad.whole(images.png(80 if wide else 40, 30))(visit)

    origin.at["/x.png"] = by_language
    server = web(a={"forward": "Accept-Language", "headers": "X-Key:sesame"})
    for language, width in (("de", 80), ("en", 40), ("de", 80)):
        answer = server.get("/a/x.png",
            headers={"Accept-Language": language, "X-Other": "1"})
        is_png_of(answer, width)
        assert "accept-language" in answer.headers["Vary"].lower()
    assert origin.asked["/x.png"] == 2
    assert all(v.headers["x-key"] == "sesame" and "x-other" not in v.headers
        for v in origin.visits)


# ---- A store that is down ----

def test_is_left_alone_for_a_while(web, origin):
    origin.other = bad.status(500)
    server = web(a={"failures": 3, "pause": "1s"})
    for n in range(3):
        problem(server.get(f"/a/{n}.png"), 502, "origin-failed")
    answer = server.get("/a/4.png")
    assert answer.status in (502, 503)
    assert int(answer.headers["Retry-After"]) >= 1
    assert sum(origin.asked.values()) == 3
    origin.other = bad.whole(PNG)
    until(lambda: server.get("/a/5.png?width=50").status == 200,
        "it is tried again")


def test_something_instead(web, origin):
    origin.at["/none.png"] = bad.whole(images.png(90, 60))
    origin.at["/x.png"] = bad.status(404)
    server = web(conf={"mount.b": {"path": "/b/", "stores": "a",
        "fallback": "a/none.png", "fallback_status": 404,
        "fallback_control": "max-age=7"}}, a={})
    answer = server.get("/b/x.png?width=45")
    assert (answer.status, answer.headers["Cache-Control"]) == (404,
        "max-age=7")
    assert images.size_of_png(answer.body)[0] == 45
    problem(server.get("/a/x.png?width=45"), 404, "no-source")


# ---- Many at one time ----

def together(server, paths):
    """Asks for all at one time; the answers."""
    answers = [None] * len(paths)

    def one(n):
        answers[n] = server.get(paths[n])

    threads = [threading.Thread(target=one, args=(n,))
        for n in range(len(paths))]
    for thread in threads:
        thread.start()
    return threads, answers


def test_one_transfer_for_all(web, origin):
    origin.at["/x.png"] = bad.whole(PNG, before=0.5)
    server = web()
    threads, answers = together(server,
        [f"/a/x.png?width={w}" for w in range(20, 36)])
    for thread in threads:
        thread.join()
    for width, answer in zip(range(20, 36), answers):
        is_png_of(answer, width)
    assert (origin.asked["/x.png"], origin.most["/x.png"]) == (1, 1)


def test_nobody_waits_any_more(web, origin):
    origin.at["/x.png"] = bad.stall(PNG, 5000)
    server = web(a={"silent_time": "60s"})
    with server.connect() as s:
        s.sendall(b"GET /a/x.png HTTP/1.1\r\nHost: h\r\n\r\n")
        until(lambda: origin.now["/x.png"] == 1, "it is asked")
    until(lambda: origin.left["/x.png"] == 1, "it is left at once", 20)


def test_slow_ones_hold_nobody_up(web, origin):
    """One worker, eight originals that take ages: all others are answered
    meanwhile."""
    for n in range(8):
        origin.at[f"/slow{n}.png"] = bad.trickle(LARGE, 1000, at_once=3000)
    for n in range(60):
        origin.at[f"/{n}.png"] = bad.whole(PNG)
    server = web(a={"timeout": "300s"}, conf={"http": {"deadline": "120s"}})
    leavers = []
    for n in range(8):
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.request("GET", f"/a/slow{n}.png?width=50")
        leavers.append(connection)
    until(lambda: sum(origin.now[f"/slow{n}.png"] for n in range(8)) == 8,
        "all are under way")
    for n in range(60):
        is_png_of(server.get(f"/a/{n}.png?width=50"), 50)
    assert sum(origin.now[f"/slow{n}.png"] for n in range(8)) == 8
    for connection in leavers:
        connection.close()
    until(lambda: sum(origin.left[f"/slow{n}.png"] for n in range(8)) == 8,
        "all are left")
