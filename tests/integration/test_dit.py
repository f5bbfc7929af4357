# SPDX-License-Identifier: Apache-2.0
"""The DIT language on the real server: its kinds of requests, what an answer
of it says of itself, and that a path, its JSON and its query agree."""
import base64
import json
import struct

import pytest

import images


def path_of(request):
    return "/dit/" + base64.b64encode(json.dumps(request).encode()).decode()


@pytest.fixture(scope="module")
def it(serve_all):
    return serve_all()


def good(answer, kind):
    assert answer.status == 200, answer.body[:200]
    assert answer.headers["Content-Type"] == kind
    assert answer.headers["Cache-Control"] == "max-age=31536000,public"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET"
    return answer.body


def test_nothing_asked(it, originals):
    """The stored bytes, whichever way they are asked for."""
    stored = (originals / "photo.jpg").read_bytes()
    assert good(it.get("/dit/photo.jpg"), "image/jpeg") == stored
    assert good(it.get(path_of({"key": "photo.jpg"})), "image/jpeg") == stored
    assert good(it.get("/dit/folder/inner.jpg?foo=1"), "image/jpeg") == stored
    assert good(it.get("/dit/filters:brightness(20)/photo.jpg"),
        "image/jpeg") == stored


@pytest.mark.parametrize("path, query, edits, size", [
    ("/200x100/filters:format(png)", "", {"toFormat": "png",
        "resize": {"width": 200, "height": 100}}, (200, 100)),
    ("/fit-in/200x200/filters:format(png)", "", {"toFormat": "png",
        "resize": {"width": 200, "height": 200, "fit": "inside"}}, (200, 150)),
    ("", "?width=90&format=png", {"toFormat": "png",
        # As sharp has it: from what is left of the height after decoding.
        "resize": {"width": 90}}, (90, 67)),
    ("/10x20:110x70/filters:format(png):grayscale()", "", {"toFormat": "png",
        "crop": {"left": 10, "top": 20, "width": 100, "height": 50},
        "greyscale": True}, (100, 50)),
    ("/filters:proportion(0.1):format(png):blur(4)", "", {"toFormat": "png",
        "resize": {"ratio": 0.1}, "blur": 2}, (120, 90)),
    ("/filters:format(png):rgb(100,0,0)", "?width=30&height=30&fit=fill",
        {"toFormat": "png", "resize": {"width": 30, "height": 30,
            "fit": "fill"}, "tint": "red"}, (30, 30)),
    ("/filters:format(png):convolution(1;2;1;2;4;2;1;2;1,3)", "?rotate=90",
        {"toFormat": "png", "rotate": 90, "convolve": {"width": 3,
            "height": 3, "kernel": [1, 2, 1, 2, 4, 2, 1, 2, 1]}}, (900, 1200)),
], ids=["cover", "fit-in", "query", "crop", "proportion", "tint", "convolve"])
def test_both_kinds_agree(it, path, query, edits, size):
    body = good(it.get(f"/dit{path}/photo.jpg{query}"), "image/png")
    assert images.size_of_png(body) == size
    assert good(it.get(path_of({"key": "photo.jpg", "edits": edits})),
        "image/png") == body


def test_types(it):
    """What DIT calls a format is its type, bytes without a head included."""
    raw = good(it.get("/dit/40x30/filters:format(raw)/photo.jpg"), "image/raw")
    assert len(raw) == 40 * 30 * 3
    tiff = good(it.get("/dit/photo.jpg?width=40&format=tiff"), "image/tiff")
    assert struct.unpack("<HH", tiff[:4]) == (0x4949, 42)
    good(it.get("/dit/photo.jpg?width=40&format=jpg"), "image/jpg")
    good(it.get("/dit/40x0/filters:autojpg()/alpha.png"), "image/jpeg")
    good(it.get(path_of({"key": "photo.jpg", "outputFormat": "webp",
        "edits": {"resize": {"width": 40}}})), "image/webp")


def test_a_small_profile(it):
    """It is there, and no larger than it must be."""
    body = good(it.get("/dit/filters:format(jpeg)/16x16/photo.jpg"),
        "image/jpeg")
    assert body.count(b"ICC_PROFILE") == 1
    assert len(body) < 3000
    bare = good(it.get(
        "/dit/filters:format(jpeg):strip_icc()/16x16/photo.jpg"), "image/jpeg")
    assert b"ICC_PROFILE" not in bare and len(bare) < len(body) - 400


@pytest.mark.parametrize("path, status, code", [
    ("/dit/none.jpg", 404, "NoSuchKey"),
    ("/dit/x.bmp", 400, "RequestTypeError"),
    ("/dit/photo.jpg?width=-1", 400, "InvalidResizeException"),
    ("/dit/photo.jpg?expires=soon", 400, "ImageRequestExpiryFormat"),
    ("/dit/90x9:10x99/photo.jpg", 400, "Crop::AreaOutOfBounds"),
    ("/dit/0x0:9999x9999/photo.jpg", 500, "ProcessingFailure"),
    ("/dit/filters:fill(auto)/photo.jpg", 500, "InternalError"),
    ("/dit/filters:quality(0)/photo.jpg", 500, "ProcessingFailure"),
    ("/dit/photo.jpg?format=tif", 500, "UnsupportedOutputImageFormatException"),
    ("/dit/10x10/text.jpg", 400, "InstantiationError"),
])
def test_errors(it, path, status, code):
    answer = it.get(path)
    found = json.loads(answer.body)
    assert (answer.status, found["status"], found["code"]) \
        == (status, status, code)
    assert answer.headers["Cache-Control"] is None
