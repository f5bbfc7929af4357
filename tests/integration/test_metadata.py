# SPDX-License-Identifier: Apache-2.0
"""What results carry of their originals' metadata, read out of their bytes:
places are gone unless asked for, and nothing is there that was not asked
for."""
import re

import pytest

import images
import kit
import meta
from server import Server

FORMATS = ["jpeg", "png", "webp", "avif"]
# What only the place says: numbers of the EXIF block, words of the packet.
PLACES = [b"51,30.2N", b"0,7.4W", b"-0.1234", b"51.5034",
    (1234567).to_bytes(4, "big"), (2424242).to_bytes(4, "big"),
    (1234567).to_bytes(4, "little"), (2424242).to_bytes(4, "little"),
    b"GPS", b"Gps"]


@pytest.fixture(scope="module")
def it(tmp_path_factory):
    place = tmp_path_factory.mktemp("metadata")
    files = place / "files"
    files.mkdir()
    (files / "plain.png").write_bytes(images.png(64, 48))
    small = files / "small.jpg"
    kit.render(files / "plain.png", small)
    blocks = {"xmp": meta.XMP.encode(),
        "exif": meta.exif(orientation=6, thumbnail=small.read_bytes()),
        "iptc": meta.iptc(title="Wharf", byline="A. Painter",
            copyright="(c) Example")}
    upright = dict(blocks, exif=meta.exif(thumbnail=small.read_bytes()),
        xmp=blocks["xmp"].replace(b'tiff:Orientation="6"', b""))
    plain = small.read_bytes()
    (files / "turned.jpg").write_bytes(meta.jpeg_write(plain, blocks))
    (files / "photo.jpg").write_bytes(meta.jpeg_write(plain, upright))
    (files / "photo.png").write_bytes(
        meta.png_write((files / "plain.png").read_bytes(), upright))
    server = Server(place, files, {"render": {"workers": 1}})
    server.start()
    for source, name in (("photo.png", "photo.webp"),
            ("photo.jpg", "photo.avif")):
        body = server.get(f"/{source}?format={name[6:]}&keep=all").body
        (files / name).write_bytes(body)
    yield server
    server.stop()


def result(it, path):
    answer = it.get(path)
    if answer.status == 400 and b"a format that this server" in answer.body:
        pytest.skip("this libvips does not write it")
    assert answer.status == 200, answer
    return answer.body


def without_pixels(data):
    """The bytes of a file in which metadata can be."""
    if data[:2] == b"\xff\xd8":
        return b"".join(b for m, b in meta.jpeg_pieces(data)[0]
            if m not in (0xdb, 0xc4))
    if data[:4] == b"\x89PNG":
        return b"".join(b for k, b in meta.png_pieces(data) if k != b"IDAT")
    if data[8:12] == b"WEBP":
        return b"".join(b for k, b in meta.webp_pieces(data)
            if k not in (b"VP8 ", b"VP8L", b"ALPH"))
    return data


def clean(data, words=PLACES):
    text = without_pixels(data)
    for word in words:
        assert word not in text, word


@pytest.mark.parametrize("name", FORMATS)
def test_nothing(it, name):
    data = result(it, f"/turned.jpg?format={name}")
    assert meta.blocks_of(data) == {}
    clean(data, PLACES + [b"Painter", b"Exif", b"SERIAL", b"Wharf"])


@pytest.mark.parametrize("source", ["turned.jpg", "photo.jpg", "photo.png",
    "photo.webp", "photo.avif"])
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("more", ["", "&width=32"])
def test_no_place(it, source, name, more):
    """Also when the file itself would be passed on."""
    data = result(it, f"/{source}?format={name}&keep=exif,xmp,iptc{more}")
    clean(data, PLACES + [b"MAKERNOTE", b"PREVIEW!"])
    assert b"A. Painter" in data
    found = meta.blocks_of(data)
    if "exif" in found:
        tags = meta.read_exif(found["exif"])
        assert "gps" not in tags and 0x8825 not in tags["image"]
        assert tags["photo"][0xa431] == b"SERIAL-77\0"
        assert "next" not in tags
    if name != "avif":
        assert "exif" in found and "xmp" in found
        assert (name == "jpeg") == ("iptc" in found) or source[-3:] != "jpg"
        assert b"Wharf \xe2\x98\xba" in found["xmp"] or (
            b"Wharf &#x263a;" in found["xmp"])


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("more", ["", "&width=32"])
def test_place(it, name, more):
    data = result(it, f"/photo.jpg?format={name}&keep=exif,gps{more}")
    if name == "avif":
        assert (1234567).to_bytes(4, "big") in data or (
            (1234567).to_bytes(4, "little") in data)
        return
    tags = meta.read_exif(meta.blocks_of(data)["exif"])
    assert tags["gps"][1] == b"N\0"
    assert (1234567).to_bytes(4, "big") in tags["gps"][2]
    # The place alone.
    data = result(it, f"/photo.jpg?format={name}&keep=gps{more}")
    tags = meta.read_exif(meta.blocks_of(data)["exif"])
    assert set(tags["image"]) == {0x8825}
    assert "photo" not in tags


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("more", ["", "&width=32"])
def test_copyright(it, name, more):
    data = result(it, f"/photo.jpg?format={name}&keep=copyright{more}")
    clean(data, PLACES + [b"Maker", b"SERIAL", b"Wharf", b"2024:05"])
    assert b"(c) Example" in data
    if name == "avif":
        return
    found = meta.blocks_of(data)
    tags = meta.read_exif(found["exif"])
    assert set(tags["image"]) == {0x013b, 0x8298}
    assert set(tags) == {"image", "order"}
    assert b"<dc:creator><rdf:Seq><rdf:li>A. Painter" in found["xmp"]
    assert b"boat" not in found["xmp"]
    if name == "jpeg":
        assert found["iptc"].startswith(b"Photoshop 3.0\x008BIM\4\4")
        assert b"\x1c\x02\x50\0\x0aA. Painter" in found["iptc"]


@pytest.mark.parametrize("more", ["", "&width=32"])
def test_tiff(it, more):
    """Of a TIFF all bytes but the pixels are plain text here."""
    path = f"/photo.jpg?format=tiff&lossless=true{more}&keep="
    secret = PLACES + [b"Maker", b"MAKERNOTE", b"PREVIEW!"]
    clean(result(it, path + "none"), secret + [b"Painter", b"SERIAL", b"xmp"])
    clean(result(it, path + "exif,xmp,iptc"), PLACES + [b"MAKERNOTE"])
    assert b"Painter" in result(it, path + "xmp")
    mine = result(it, path + "copyright")
    clean(mine, secret + [b"SERIAL", b"Wharf", b"boat"])
    assert b"<dc:creator><rdf:Seq><rdf:li>A. Painter" in mine
    assert b"51,30.2N" in result(it, path + "xmp,gps")


@pytest.mark.parametrize("name", ["jpeg", "png", "webp"])
def test_orientation(it, name):
    """Turned: the tag is gone from all that say it, and the size is new."""
    data = result(it, f"/turned.jpg?format={name}&keep=exif,xmp")
    found = meta.blocks_of(data)
    tags = meta.read_exif(found["exif"])
    assert meta.number(tags, "image", 0x0112) == 1
    assert meta.number(tags, "photo", 0xa002) == 48
    assert meta.number(tags, "photo", 0xa003) == 64
    assert b"Orientation" not in found["xmp"]
    # Not turned: it still says how to.
    data = result(it,
        f"/turned.jpg?format={name}&keep=exif,xmp&autoorient=false")
    found = meta.blocks_of(data)
    tags = meta.read_exif(found["exif"])
    assert meta.number(tags, "image", 0x0112) == 6
    assert meta.number(tags, "photo", 0xa002) == 64
    assert b'Orientation="6"' in found["xmp"]


@pytest.mark.parametrize("name", ["jpeg", "png", "webp"])
def test_each_alone(it, name):
    for word in ("exif", "xmp", "icc"):
        data = result(it, f"/photo.jpg?format={name}&keep={word}&width=40")
        assert set(meta.blocks_of(data)) == {word}, word


def test_packet_is_whole(it):
    """What stays is XML, and of the packet as it was."""
    from xml.dom import minidom
    data = result(it, "/photo.jpg?keep=xmp&width=40")
    packet = meta.blocks_of(data)["xmp"].decode()
    minidom.parseString(packet.replace("\ufeff", ""))
    assert re.search("dc:subject.*boat.*river", packet, re.S)
    assert "<!--" not in packet


def test_damaged(it):
    """What cannot be read is not copied: something may hide in it."""
    files = it.place / "files"
    plain = (files / "small.jpg").read_bytes()
    broken = [
        {"xmp": meta.XMP.replace("</rdf:RDF>", "").encode()},
        {"xmp": meta.XMP.replace("<dc:title>", "<!DOCTYPE x>").encode()},
        {"xmp": meta.XMP.encode("utf-16")},
        {"xmp": b"exif:GPSLatitude=51.5034"},
        {"exif": meta.exif()[:200]}, {"exif": b"GPS 51.5034" * 10},
        {"iptc": b"Photoshop 3.0\x008BIM\x04\x22\0\0\0\0\0\x0851.5034 "},
    ]
    for i, blocks in enumerate(broken):
        (files / f"broken{i}.jpg").write_bytes(
            meta.jpeg_write(plain, blocks))
        data = result(it, f"/broken{i}.jpg?keep=exif,xmp,iptc,icc")
        clean(data)
