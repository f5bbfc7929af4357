# SPDX-License-Identifier: Apache-2.0
"""GET / in a real browser: without scripts, on a screen and on a phone, under
its own strict policy."""
import os
import re
import subprocess

import pytest

import browser
from server import Server, until
from wire import Wire

BUILD = os.environ.get("PICTOR_BUILD", os.getcwd())


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    files = tmp_path_factory.mktemp("samples")
    subprocess.run([os.path.join(BUILD, "tests/golden/make_images"),
        str(files)], check=True)
    server = Server(tmp_path_factory.mktemp("place"), files,
        {"http": {"page": "on"}})
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def page(served, tmp_path_factory):
    if not browser.program():
        pytest.skip("chromium is missing: apt-get install chromium")
    with browser.Browser(tmp_path_factory.mktemp("profile")) as b:
        b.call("Emulation.setScriptExecutionDisabled", value=True)
        b.size(1280, 1000)
        b.open(f"http://127.0.0.1:{served.port}/")
        yield b


IMAGES = """Array.from(document.images, i => ({src: i.getAttribute("src"),
    done: i.complete, width: i.naturalWidth, height: i.naturalHeight,
    text: i.closest("figure").innerText}))"""


def test_images_are_shown(page, served):
    seen = page.value(IMAGES)
    assert len(seen) >= 15
    for image in seen:
        assert image["done"] and image["width"] > 0, image
    paths = {i["src"].split("?")[0] for i in seen}
    assert paths == {"/photo.jpg", "/alpha.png", "/animation.gif",
        "/wide-gamut.jpg"}
    # Each original stands before its transforms.
    assert [i["src"] for i in seen if "?" not in i["src"]] \
        == sorted(paths, key=[i["src"] for i in seen].index)


def test_figures_are_true(page, served):
    """Address, size and time stand under each picture, and are so."""
    for image in page.value(IMAGES):
        assert image["src"] in image["text"]
        answer = served.get(image["src"])
        width, height, size = re.search(
            r"(\d+) × (\d+) \w+, ([\d.]+ (?:bytes|kB))",
            image["text"]).groups()
        assert (int(width), int(height)) == (image["width"], image["height"])
        if "?" in image["src"]:
            assert re.search(r"made in [\d.]+ ms", image["text"])
            number, unit = size.split()
            exact = len(answer.body) / (1000 if unit == "kB" else 1)
            assert abs(float(number) - exact) < 1


def test_nothing_is_refused(page):
    """The policy lets through what the page needs, and nothing failed."""
    assert page.said("Log.entryAdded") == []
    assert page.said("Network.loadingFailed") == []
    answers = {r["response"]["url"]: r["response"]["status"]
        for r in page.said("Network.responseReceived")}
    assert set(answers.values()) <= {200, 204}, answers
    assert any(url.endswith("/-/page.css") for url in answers)
    assert page.value("getComputedStyle(document.querySelector('.row'))"
        ".display") == "grid"


def test_on_a_phone(page):
    page.size(360, 740, mobile=True)
    assert page.value("document.documentElement.scrollWidth") == 360
    assert page.value("document.documentElement.clientWidth") == 360
    # Read without a magnifying glass.
    assert page.value("Math.min(...Array.from(document.querySelectorAll("
        "'p, span, code, h1, h2'), e => parseFloat("
        "getComputedStyle(e).fontSize)))") >= 12
    page.size(1280, 1000)


def test_policy(served):
    with Wire(served.port) as wire:
        for target in ("/", "/?x", "/-/errors"):
            answer = wire.ask(target)
            assert answer.status == 200
            assert answer.headers["Content-Type"] \
                == "text/html; charset=utf-8"
            policy = answer.headers["Content-Security-Policy"].split("; ")
            assert "default-src 'none'" in policy
            assert "img-src 'self'" in policy and "style-src 'self'" in policy
            assert not any("script" in p or "unsafe" in p for p in policy)
            for bad in (b"<script", b"<style", b" style=", b" onload="):
                assert bad not in answer.body
        head = wire.ask("/", method="HEAD")
        assert head.status == 200 and int(head.headers["Content-Length"]) > 1000
        assert wire.ask("/", method="POST").status == 405


def test_other_folder(start, files):
    """Without the samples it says so, and what can be asked for."""
    server = start({"http": {"page": "on"}})
    body = server.get("/").body.decode()
    assert "No samples here" in body
    assert "<img" not in body


def test_many_at_once(served):
    """Suspended while its samples are made: others are served meanwhile."""
    wires = [Wire(served.port) for _ in range(20)]
    for wire in wires:
        wire.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    answers = [wire.answer() for wire in wires]
    assert {a.status for a in answers} == {200}
    for wire in wires:
        wire.socket.close()


def test_viewers_who_do_not_wait(start, files):
    """Each is counted, whether it got the page or not."""
    server = start({"http": {"page": "on"}})
    (files / "photo.jpg").write_bytes((files / "cat.png").read_bytes())
    for _ in range(30):
        with Wire(server.port) as wire:
            wire.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert server.get("/").status == 200
    until(lambda: len([a for a in server.accesses(31) if a["uri"] == "/"])
        == 31, "31 visits in the log")
