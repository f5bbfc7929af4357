# SPDX-License-Identifier: Apache-2.0
"""The daemon as make run starts it, on the sample images: each operation and
format once, with whatever libvips it was built with. The other tests here look
closely; this one says that nothing is broken."""
import os
import pathlib
import subprocess

import pytest

from server import Server

BUILD = os.environ["PICTOR_BUILD"]
MAGIC = {
    "jpeg": (0, b"\xff\xd8\xff"),
    "png": (0, b"\x89PNG"),
    "webp": (8, b"WEBP"),
    "avif": (4, b"ftypavi"),
    "gif": (0, b"GIF8"),
}
STEPS = [
    "width=300", "height=200", "width=300&height=200&fit=contain",
    "width=300&height=200&fit=fill", "width=300&height=200&fit=inside",
    "width=300&height=200&fit=outside",
    "width=200&height=200&position=attention",
    "width=200&height=200&position=entropy",
    "width=200&height=200&position=top", "w=200&kernel=nearest", "rotate=90",
    "rotate=17&w=200", "flip=true&w=200", "flop=true&w=200",
    "grayscale=true&w=200", "blur=3&w=200", "sharpen=1&w=200",
    "flatten=red&w=200", "w=200&dpr=2", "quality=50&w=200",
]


@pytest.fixture(scope="module")
def pictord(tmp_path_factory):
    place = tmp_path_factory.mktemp("smoke")
    samples = pathlib.Path(place, "samples")
    samples.mkdir()
    subprocess.run([os.path.join(BUILD, "tests/golden/make_images"), samples],
        check=True)
    server = Server(place, samples, {"http": {"page": "on"}})
    server.start()
    yield server
    server.stop()


def kind(body):
    return next((name for name, (at, magic) in MAGIC.items()
        if body[at:at + len(magic)] == magic), None)


def check(answer, name):
    assert answer.status == 200, answer
    assert answer.headers["Content-Type"] == f"image/{name}"
    assert kind(answer.body) == name


@pytest.mark.parametrize("query", STEPS)
def test_operation(pictord, query):
    check(pictord.get(f"/photo.jpg?{query}"), "jpeg")


@pytest.mark.parametrize("name", MAGIC)
def test_format(pictord, name):
    check(pictord.get(f"/photo.jpg?width=200&format={name}"), name)


def test_animation_stays(pictord):
    answer = pictord.get("/animation.gif?width=60&format=webp")
    check(answer, "webp")
    assert answer.body.count(b"ANMF") > 1


def test_negotiation(pictord):
    answer = pictord.get("/photo.jpg?width=200&format=auto",
        {"Accept": "image/webp,*/*"})
    check(answer, "webp")
    assert "Accept" in answer.headers["Vary"]


def test_again_is_not_sent_again(pictord):
    first = pictord.get("/photo.jpg?width=210")
    again = pictord.get("/photo.jpg?width=210",
        {"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_error_says_what_is_wrong(pictord):
    answer = pictord.get("/photo.jpg?widht=200")
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert b"widht" in answer.body and b"width" in answer.body


def test_page(pictord):
    answer = pictord.get("/")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert b"<img" in answer.body
