# SPDX-License-Identifier: Apache-2.0
"""Metadata by hand: EXIF, XMP and IPTC blocks, written into JPEG, PNG and WebP
files and read out of them, byte by byte. Nothing here asks a library."""
import struct
import zlib

ASCII, SHORT, LONG, RATIONAL, UNDEFINED, DOUBLE = 2, 3, 4, 5, 7, 12
SIZE = {1: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, UNDEFINED: 1, 9: 4,
    10: 8, DOUBLE: 8}
LINKS = {0x8769: "photo", 0x8825: "gps", 0xa005: "interop"}
LATITUDE = "51 30 12".split()

XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:exif="http://ns.adobe.com/exif/1.0/"
    xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/"
    tiff:Orientation="6" xmp:CreatorTool="a &quot;tool&quot; &amp; more"
    exif:GPSLatitude="51,30.2N" drone-dji:GpsLongtitude='-0.1234'>
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">Wharf &#x263a;</rdf:li>
   </rdf:Alt></dc:title>
   <dc:creator><rdf:Seq><rdf:li>A. Painter</rdf:li></rdf:Seq></dc:creator>
   <dc:rights><rdf:Alt><rdf:li xml:lang="x-default">(c) Example</rdf:li>
   </rdf:Alt></dc:rights>
   <dc:subject><rdf:Bag><rdf:li>boat</rdf:li><rdf:li>river</rdf:li></rdf:Bag>
   </dc:subject>
   <exif:GPSLongitude>0,7.4W</exif:GPSLongitude>
   <exif:GPSNested rdf:parseType="Resource"><exif:deep>51.5034</exif:deep>
   </exif:GPSNested>
   <!-- 51.5034 -->
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""


# ---- EXIF ----

def field(tag, kind, value):
    if kind == ASCII:
        data = value.encode() + b"\0"
    elif kind == UNDEFINED:
        data = value
    else:
        values = value if isinstance(value, (list, tuple)) else [value]
        code = {1: "B", SHORT: "H", LONG: "I", RATIONAL: "II",
            DOUBLE: "d"}[kind]
        data = b"".join(struct.pack(">" + code, *(v if kind == RATIONAL
            else (v,))) for v in values)
    return tag, kind, len(data) // SIZE[kind], data


def directory(fields, at, after=0):
    """A directory at that offset, its values behind it."""
    head = struct.pack(">H", len(fields))
    values = b""
    start = at + 2 + 12 * len(fields) + 4
    for tag, kind, count, data in sorted(fields):
        if len(data) > 4:
            place = struct.pack(">I", start + len(values))
            values += data + b"\0" * (len(data) % 2)
        else:
            place = data.ljust(4, b"\0")
        head += struct.pack(">HHI", tag, kind, count) + place
    return head + struct.pack(">I", after) + values


def exif(orientation=1, place=True, thumbnail=b"", gps=None, more=()):
    """A block as a telephone writes it, most significant byte first."""
    photo = [field(0x829d, RATIONAL, [(28, 10)]), field(0x8827, SHORT, 200),
        field(0x9003, ASCII, "2024:05:06 07:08:09"),
        field(0x927c, UNDEFINED, b"MAKERNOTE place 51.5034 " * 4),
        field(0xa002, LONG, 4000), field(0xa003, LONG, 3000),
        field(0xa431, ASCII, "SERIAL-77"), *more]
    gps = gps or [field(1, ASCII, "N"),
        field(2, RATIONAL, [(51, 1), (30, 1), (1234567, 100000)]),
        field(3, ASCII, "W"),
        field(4, RATIONAL, [(0, 1), (7, 1), (2424242, 100000)])]
    image = [field(0x010f, ASCII, "Maker"), field(0x0112, SHORT, orientation),
        field(0x013b, ASCII, "A. Painter"),
        field(0x8298, ASCII, "(c) Example"),
        field(0x8769, LONG, 0)] + ([field(0x8825, LONG, 0)] if place else [])
    at = {}
    size = 8 + len(directory(image, 0))
    at["photo"] = size
    size += len(directory(photo, 0))
    at["gps"] = size
    size += len(directory(gps, 0)) if place else 0
    small = [field(0x0201, LONG, 0), field(0x0202, LONG, len(thumbnail))]
    image = [f for f in image if f[0] not in LINKS]
    image += [field(0x8769, LONG, at["photo"])]
    image += [field(0x8825, LONG, at["gps"])] if place else []
    small[0] = field(0x0201, LONG, size + len(directory(small, 0)))
    return (b"MM\0*" + struct.pack(">I", 8)
        + directory(image, 8, size if thumbnail else 0)
        + directory(photo, at["photo"])
        + (directory(gps, at["gps"]) if place else b"")
        + (directory(small, size) + thumbnail if thumbnail else b""))


def read_exif(block):
    """{directory: {tag: bytes}}; every directory that is linked, and "next"
    for the one of the thumbnail."""
    if block.startswith(b"Exif\0\0"):
        block = block[6:]
    order = {b"II*\0": "<", b"MM\0*": ">"}[block[:4]]
    found = {}

    def read(name, at):
        count, = struct.unpack_from(order + "H", block, at)
        found[name] = {}
        for i in range(count):
            tag, kind, n = struct.unpack_from(order + "HHI", block,
                at + 2 + 12 * i)
            size = SIZE[kind] * n
            place = at + 2 + 12 * i + 8
            if size > 4:
                place, = struct.unpack_from(order + "I", block, place)
            assert place + size <= len(block)
            found[name][tag] = block[place:place + size]
            if name != "next" and tag in LINKS:
                read(LINKS[tag],
                    struct.unpack_from(order + "I", block, place)[0])
        return struct.unpack_from(order + "I", block, at + 2 + 12 * count)[0]

    following = read("image", struct.unpack_from(order + "I", block, 4)[0])
    if following:
        read("next", following)
    found["order"] = order
    return found


def number(found, name, tag):
    data = found[name][tag]
    code = {2: "H", 4: "I"}[len(data)]
    return struct.unpack(found["order"] + code, data)[0]


# ---- IPTC ----

def iptc(**texts):
    sets = {"title": 5, "keyword": 25, "byline": 80, "city": 90,
        "copyright": 116, "caption": 120}
    data = b"".join(b"\x1c\x02" + bytes([sets[name]])
        + struct.pack(">H", len(text.encode())) + text.encode()
        for name, value in texts.items()
        for text in ([value] if isinstance(value, str) else value))
    preview = b"8BIM\x04\x0c\0\0" + struct.pack(">I", 8) + b"PREVIEW!"
    return (b"Photoshop 3.0\0" + preview + b"8BIM\x04\x04\0\0"
        + struct.pack(">I", len(data)) + data + b"\0" * (len(data) % 2))


# ---- Containers: {"exif": bytes, "xmp": bytes, "iptc": bytes} ----

XMP_NAME = b"http://ns.adobe.com/xap/1.0/\0"


def jpeg_pieces(data):
    """[(marker, body)] up to the scan, and what follows."""
    at = 2
    pieces = []
    while data[at + 1] != 0xda:
        size, = struct.unpack_from(">H", data, at + 2)
        pieces.append((data[at + 1], data[at + 4:at + 2 + size]))
        at += 2 + size
    return pieces, data[at:]


def jpeg_write(data, blocks):
    new = b""
    for name, marker, head in (("exif", 0xe1, b"Exif\0\0"),
            ("xmp", 0xe1, XMP_NAME), ("iptc", 0xed, b"")):
        if name in blocks:
            body = head + blocks[name]
            new += struct.pack(">BBH", 0xff, marker, len(body) + 2) + body
    return data[:2] + new + data[2:]


def png_pieces(data):
    at = 8
    while at < len(data):
        size, = struct.unpack_from(">I", data, at)
        yield data[at + 4:at + 8], data[at + 8:at + 8 + size]
        at += 12 + size


def png_write(data, blocks):
    def chunk(kind, body):
        return (struct.pack(">I", len(body)) + kind + body
            + struct.pack(">I", zlib.crc32(kind + body)))

    new = b""
    if "exif" in blocks:
        new += chunk(b"eXIf", blocks["exif"])
    if "xmp" in blocks:
        new += chunk(b"iTXt",
            b"XML:com.adobe.xmp\0\0\0\0\0" + blocks["xmp"])
    return data[:33] + new + data[33:]


def webp_pieces(data):
    at = 12
    while at + 8 <= len(data):
        size, = struct.unpack_from("<I", data, at + 4)
        yield data[at:at + 4], data[at + 8:at + 8 + size]
        at += 8 + size + size % 2


def blocks_of(data):
    """What metadata a file carries, and whether a profile."""
    found = {}
    if data[:2] == b"\xff\xd8":
        for marker, body in jpeg_pieces(data)[0]:
            if marker == 0xe1 and body.startswith(b"Exif\0\0"):
                found["exif"] = body[6:]
            elif marker == 0xe1 and body.startswith(XMP_NAME):
                found["xmp"] = body[len(XMP_NAME):]
            elif marker == 0xed:
                found["iptc"] = body
            elif marker == 0xe2 and body.startswith(b"ICC_PROFILE\0"):
                found["icc"] = body[14:]
    elif data[:4] == b"\x89PNG":
        for kind, body in png_pieces(data):
            if kind == b"eXIf":
                found["exif"] = body
            elif kind == b"iTXt":
                found["xmp"] = body.split(b"\0", 5)[5]
            elif kind == b"iCCP":
                found["icc"] = zlib.decompress(body.split(b"\0", 1)[1][1:])
            assert kind not in (b"tEXt", b"zTXt")
    elif data[8:12] == b"WEBP":
        names = {b"EXIF": "exif", b"XMP ": "xmp", b"ICCP": "icc"}
        pieces = list(webp_pieces(data))
        for kind, body in pieces:
            if kind in names:
                found[names[kind]] = body
        flags = pieces[0][1][0] if pieces[0][0] == b"VP8X" else 0
        assert bool(flags & 8) == ("exif" in found)
        assert bool(flags & 4) == ("xmp" in found)
    return found
