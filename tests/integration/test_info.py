# SPDX-License-Identifier: Apache-2.0
"""/KEY?info: what is said of originals, and what is not."""
import json

import pytest

import images
import kit
import meta
from server import Server


@pytest.fixture(scope="module")
def it(tmp_path_factory):
    place = tmp_path_factory.mktemp("info")
    files = place / "files"
    files.mkdir()
    (files / "cat.png").write_bytes(images.png(64, 48))
    kit.render(files / "cat.png", files / "cat.jpg")
    plain = (files / "cat.jpg").read_bytes()
    (files / "turned.jpg").write_bytes(meta.jpeg_write(plain, {
        "exif": meta.exif(orientation=6), "xmp": meta.XMP.encode(),
        "iptc": meta.iptc(title="Wharf", keyword="boat", city="London")}))
    (files / "bad.jpg").write_bytes(meta.jpeg_write(plain, {
        "exif": meta.exif()[:60], "xmp": b"<x:xmpmeta><unclosed>",
        "iptc": b"Photoshop 3.0\x008BIM\x04\x04\0\0\xff\xff\xff\xff"}))
    many = "".join(f"<dc:t{i} q='1' r='2'>{'&quot;' * 90}</dc:t{i}>"
        for i in range(100))
    (files / "many.jpg").write_bytes(meta.jpeg_write(plain, {
        "xmp": f"<x:x><rdf:RDF>{many}</rdf:RDF></x:x>".encode(),
        "iptc": meta.iptc(caption="\x01\x02\xff" * 300)}))
    words = f"<rdf:li>{'w' * 500}</rdf:li>" * 110
    (files / "words.jpg").write_bytes(meta.jpeg_write(plain, {
        "xmp": f"<x:x><dc:a>b</dc:a><dc:c>{words}</dc:c></x:x>".encode()}))
    long = '"' * 700
    fields = "".join(f"<dc:t{i}>{long}</dc:t{i}>" for i in range(60))
    (files / "long.jpg").write_bytes(meta.jpeg_write(plain, {
        "exif": meta.exif(more=[meta.field(tag, meta.ASCII, long)
            for tag in (*range(0x9010, 0x9013), *range(0xa433, 0xa435))] +
            [meta.field(tag, meta.ASCII, long)
            for tag in (0x8824, *range(0x9290, 0x9293), 0xa420, 0xa430)],
            gps=[meta.field(tag, meta.ASCII, long) for tag in range(1, 30)]),
        "xmp": f"<x:x>{fields}</x:x>".encode(),
        "iptc": meta.iptc(title=long, keyword=[long] * 60, caption=long,
            city=long)}))
    far = [meta.field(tag, meta.DOUBLE, [-1.79e308] * 3) for tag in (2, 4)]
    (files / "far.jpg").write_bytes(meta.jpeg_write(plain, {
        "exif": meta.exif(gps=far)}))
    server = Server(place, files, {"render": {"workers": 1},
        "mount.all": {"path": "/", "stores": "files", "dialect": "query"},
        "mount.pictures": {"path": "/pictures/", "stores": "files",
            "dialect": "query", "formats": "jpeg png"}})
    server.start()
    yield server
    server.stop()


def info(it, path):
    answer = it.get(path)
    assert answer.status == 200, answer
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return json.loads(answer.body)


def test_plain(it):
    told = info(it, "/cat.png?info")
    assert told["format"] == "png"
    assert told["media_type"] == "image/png"
    assert told["bytes"] == len(images.png(64, 48))
    assert (told["width"], told["height"]) == (64, 48)
    assert told["stored"] == {"width": 64, "height": 48}
    assert (told["orientation"], told["pages"]) == (1, 1)
    assert (told["space"], told["bands"], told["depth"]) == ("srgb", 3, 8)
    assert told["alpha"] is False
    assert told["profile"] is None
    assert told["carries"] == []
    assert "result" not in told and "exif" not in told
    assert len(told["average"]) == 7
    assert sum(c["share"] for c in told["dominant"]) == pytest.approx(1,
        abs=0.01)
    assert len(told["blurhash"]) == 4 + 2 * 12
    assert len(told["phash"]) == 16


def test_metadata(it):
    told = info(it, "/turned.jpg?info")
    assert (told["width"], told["height"]) == (48, 64)
    assert told["stored"] == {"width": 64, "height": 48}
    assert told["orientation"] == 6
    assert told["carries"] == ["exif", "xmp", "iptc", "gps"]
    assert told["exif"]["Make"] == "Maker"
    assert told["exif"]["FNumber"] == 2.8
    assert told["exif"]["DateTimeOriginal"] == "2024:05:06 07:08:09"
    assert told["xmp"]["dc:title"] == "Wharf \u263a"
    assert told["xmp"]["dc:subject"] == ["boat", "river"]
    assert told["xmp"]["xmp:CreatorTool"] == 'a "tool" & more'
    assert told["iptc"] == {"ObjectName": "Wharf", "Keywords": "boat",
        "City": "London"}


def test_privacy(it):
    """No place and no number of the camera unless they are asked for."""
    body = it.get("/turned.jpg?info").body.decode()
    for word in ("51", "GPS", "Gps", "0.1234", "SERIAL-77", "MAKERNOTE"):
        assert word not in body.split('"carries"')[1].replace(
            '"gps"]', ""), word
    told = info(it, "/turned.jpg?info&keep=gps")
    assert told["gps"]["latitude"] == pytest.approx(51.5034293)
    assert told["gps"]["longitude"] == pytest.approx(-0.12340067)
    assert told["gps"]["GPSLatitudeRef"] == "N"
    assert told["xmp"]["exif:GPSLatitude"] == "51,30.2N"
    assert "BodySerialNumber" not in told["exif"]
    told = info(it, "/turned.jpg?info&keep=exif")
    assert told["exif"]["BodySerialNumber"] == "SERIAL-77"
    assert "gps" not in told


def test_result(it):
    """Of operations it is said which size they make, upright."""
    told = info(it, "/turned.jpg?info&width=24")
    assert told["result"] == {"width": 24, "height": 32}
    assert (told["width"], told["height"]) == (48, 64)
    assert it.get("/cat.png?info&extract=60,0,60,10").status == 422


def test_bounds(it):
    """Damaged blocks are nobody's; what is much is cut, and stays JSON."""
    told = info(it, "/bad.jpg?info")
    assert "xmp" not in told and "iptc" not in told
    answer = it.get("/many.jpg?info")
    assert answer.status == 200
    assert len(answer.body) < 48 * 1024
    told = json.loads(answer.body)
    assert told["xmp"]["dc:t0"] == '"' * 90
    assert 20 < len(told["xmp"]) < 200
    assert "\x01" not in told["iptc"]["Caption-Abstract"]
    # Of one name more than all of the JSON has room for.
    assert info(it, "/words.jpg?info")["xmp"] == {"dc:a": "b"}


def test_longest(it):
    """All of it too long at once: still an answer, still JSON."""
    answer = it.get("/long.jpg?info&keep=exif,gps,xmp,iptc")
    assert answer.status == 200, answer
    told = json.loads(answer.body)
    assert 24 * 1024 < len(answer.body) < 48 * 1024
    for kind in "exif", "xmp":
        assert any(len(str(text)) > 400 and set(text) == {'"'}
            for text in told[kind].values()), kind
    assert told["iptc"]["ObjectName"].startswith('"' * 400)


def test_far(it):
    """A place whose parts are infinite together is none."""
    told = info(it, "/far.jpg?info&keep=gps")
    assert "latitude" not in told["gps"]
    assert told["gps"]["GPSLatitude"] == [-1.79e308] * 3


def test_as_any_answer(it):
    first = it.get("/cat.png?info")
    etag = first.headers["ETag"]
    again = it.get("/cat.png?info", {"If-None-Match": etag})
    assert again.status == 304
    assert it.get("/cat.png?format=json").body == first.body
    # What a client accepts does not make it JSON, nor a picture.
    asked = {"Accept": "application/json"}
    assert it.get("/cat.png", asked).headers["Content-Type"] == "image/png"
    assert it.get("/cat.png?format=auto", asked).headers[
        "Content-Type"].startswith("image/")
    assert it.get("/cat.png?info", {"Accept": "image/webp"}).body == first.body


def test_forbidden(it):
    """A mount that lists its formats gives no information unless listed."""
    answer = it.get("/pictures/cat.png?info")
    assert answer.status == 400
    assert b"jpeg, png" in answer.body
    assert it.get("/pictures/cat.png").status == 200
