# SPDX-License-Identifier: Apache-2.0
"""What holds for every URL of the query language, tried on URLs by chance that
are made from the tables: it renders or says why not, sizes come out as the
arithmetic says, and what ought to be equal is."""
import io
import json
import math
import struct
import time
import zlib
from urllib.parse import quote

import pytest

import kit
import server
import tables
from kit import LOCAL, PATIENCE, SANITIZED

pytest.importorskip("hypothesis")
from hypothesis import HealthCheck, example, given, settings # noqa: E402
from hypothesis import strategies as st # noqa: E402

# The same examples in each run: a build that is good stays good.
bounded = settings(derandomize=True, deadline=None, database=None,
    suppress_health_check=list(HealthCheck))
SECONDS = 10
# What a URL or an image may be refused with; anything else is our fault.
REFUSED = {
    400: {"bad-url", "bad-value", "unknown-parameter", "repeated-parameter",
        "too-costly"},
    404: {"no-source"},
    413: {"too-large"},
    422: {"bad-geometry", "too-many-pixels", "bad-image"},
}
# Ways for a worker to end that say that nothing is wrong.
GOOD_EXITS = {"retired", "domain", "risky", "reload", "shutdown"}
if SANITIZED:
    # What keeps freed memory back may wear one out.
    GOOD_EXITS.add("memory")


# ---- Originals, small ones of every kind ----

def png(width, height, colours, depth=8, palette=None):
    """By chance, so that every pixel is another one. colours: PNG's type."""
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colours]
    line = width * samples * depth // 8
    rows = b"".join(b"\0" + bytes((x * 37 + y * 101 + x * x * y) %
        (len(palette) // 3 if palette else 256)
        for x in range(line)) for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + kit.chunk(b"IHDR", head)
        + (kit.chunk(b"PLTE", palette) if palette else b"")
        + kit.chunk(b"IDAT", zlib.compress(rows)) + kit.chunk(b"IEND", b""))


def pixels(data):
    """Rows of pixels of a PNG of 8 bits, as bytes each."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height, depth, colours = struct.unpack(">IIBB", data[16:26])
    assert depth == 8 and data[28] == 0
    size = {0: 1, 2: 3, 4: 2, 6: 4}[colours]
    parts, at = [], 8
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        parts += [data[at + 8:at + 8 + length]] if kind == b"IDAT" else []
        at += length + 12
    file = io.BytesIO(zlib.decompress(b"".join(parts)))
    above = bytearray(width * size)
    rows = []
    for _ in range(height):
        kind, line = file.read(1)[0], bytearray(file.read(width * size))
        for i, value in enumerate(line):
            a = line[i - size] if i >= size else 0
            b = above[i]
            c = above[i - size] if i >= size else 0
            p = a + b - c
            near = min((abs(p - a), 0, a), (abs(p - b), 1, b),
                (abs(p - c), 2, c))[2]
            line[i] = (value + (0, a, b, (a + b) // 2, near)[kind]) % 256
        rows.append([bytes(line[i:i + size])
            for i in range(0, len(line), size)])
        above = line
    return rows


def gif(width, height, frames):
    """Moving. Its codes stay 8 bits wide, since the table of 7-bit colours is
    cleared before it grows: so they are bytes."""
    palette = bytes((i * 37 + k * 71) % 256 for i in range(128)
        for k in range(3))
    data = b"GIF89a" + struct.pack("<HHBBB", width, height, 0xf6, 0, 0) \
        + palette + b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    for frame in range(frames):
        cells = bytes((x * 3 + y * 5 + x * y * frame) % 128
            for y in range(height) for x in range(width))
        codes = b"".join(b"\x80" + cells[i:i + 100]
            for i in range(0, len(cells), 100)) + b"\x81"
        blocks = b"".join(bytes([len(codes[i:i + 255])]) + codes[i:i + 255]
            for i in range(0, len(codes), 255))
        data += b"!\xf9\x04\x04\x05\0\0\0," + struct.pack("<HHHHB", 0, 0,
            width, height, 0) + b"\x07" + blocks + b"\0"
    return data + b";"


def turned(jpeg, orientation):
    """With an EXIF segment that says how it is to be turned."""
    exif = (b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01"
        + struct.pack(">HH", orientation, 0) + b"\0\0\0\0")
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif \
        + jpeg[2:]


WIDTH, HEIGHT = 29, 17
KINDS = ["rgb.png", "rgba.png", "grey.png", "grey-alpha.png", "deep.png",
    "deep-alpha.png", "palette.png", "dot.png", "photo.jpg", "turned6.jpg",
    "animation.gif", "animation.webp"]


def make_files(folder):
    for name, data in {
        "rgb": png(WIDTH, HEIGHT, 2), "rgba": png(WIDTH, HEIGHT, 6),
        "grey": png(WIDTH, HEIGHT, 0), "grey-alpha": png(WIDTH, HEIGHT, 4),
        "deep": png(WIDTH, HEIGHT, 2, 16),
        "deep-alpha": png(WIDTH, HEIGHT, 6, 16), "dot": png(1, 1, 2),
        "palette": png(WIDTH, HEIGHT, 3, 8, bytes(range(60))),
    }.items():
        (folder / f"{name}.png").write_bytes(data)
    # What lies on others, by the manual's example.
    (folder / "logo.png").write_bytes(png(5, 4, 6))
    kit.render(folder / "rgb.png", folder / "photo.jpg", "quality=95")
    for i in range(1, 9):
        (folder / f"turned{i}.jpg").write_bytes(
            turned((folder / "photo.jpg").read_bytes(), i))
    (folder / "animation.gif").write_bytes(gif(WIDTH, HEIGHT, 3))
    kit.render(folder / "animation.gif", folder / "animation.webp")


@pytest.fixture(scope="module")
def pictord(tmp_path_factory):
    """Nothing is cached: what is equal was made twice."""
    place = tmp_path_factory.mktemp("properties")
    files = place / "files"
    files.mkdir()
    make_files(files)
    it = server.Server(place, files, {
        "cache": {"memory": 0},
        "render": {"workers": 1, "timeout": f"{SECONDS * PATIENCE}s"},
        "limit": {"result_pixels": 500000},
        "mount.all": {"path": "/", "max_cost": 3000},
    })
    it.files = files
    it.start()
    yield it
    it.stop()


def image(pictord, name, *words):
    """The PNG that comes out."""
    answer = pictord.get(f"/{name}?" + "&".join(("format=png",) + words))
    assert answer.status == 200, (words, answer)
    return answer.body


def size(data):
    return struct.unpack(">II", data[16:24])


# ---- URLs by chance ----

OPS, OUTS, FORMATS = tables.read()
COLOURS = st.sampled_from(["red", "#0f08", "#123456", "rgb(1,2,3)",
    "transparent", "rgba(9,8,7,0.5)"])
GARBAGE = st.sampled_from(["", "-1", "nan", "1e999", "x", "0", "\u00e9", "%"])


def number(value):
    return f"{value:.3f}".rstrip("0").rstrip(".")


def numbers(arg):
    """Mostly small ones, which are more than tables allow and cost less."""
    low, high = max(arg.least, -40), min(arg.most, 40)
    near = st.floats(low, high) if low < high else st.just(arg.least)
    return st.one_of(near, near, near, st.floats(arg.least, arg.most),
        st.sampled_from([arg.least, arg.most]))


def values(arg):
    """Of one argument, as text."""
    if arg.type == "NUM":
        good = numbers(arg).map(number)
    elif arg.type == "WHOLE":
        good = numbers(arg).map(lambda v: str(round(v)))
    elif arg.type == "LENGTH":
        good = st.one_of(st.integers(0, 60).map(str),
            st.integers(0, 110).map("{}%".format), numbers(arg).map(number))
    elif arg.type == "BOOL":
        good = st.sampled_from(["true", "false"])
    elif arg.type == "PICK":
        good = st.sampled_from(arg.choices)
    elif arg.type == "SET":
        good = st.lists(st.sampled_from(arg.choices), unique=True) \
            .map(",".join)
    elif arg.type == "COLOUR":
        good = COLOURS
    else:
        assert arg.type == "LIST", arg
        good = st.sampled_from([1, 2, 3, 4, 6, 9, 16, 25]).flatmap(
            lambda n: st.lists(numbers(arg).map(number), min_size=n,
                max_size=n)).map(";".join)
    return st.integers(0, 15).flatmap(lambda n: good if n else GARBAGE)


def operation(op):
    """NAME=VALUE,VALUE or NAME=ARGUMENT:VALUE or the example."""
    some = st.lists(st.sampled_from(op.args), unique_by=lambda a: a.name,
        max_size=4) if op.args else st.just([])
    named = some.flatmap(lambda args: st.tuples(*(
        values(a).map(lambda v, a=a: f"{a.name}:{v}") for a in args)))
    first = st.integers(0, len(op.args)).flatmap(lambda n: st.tuples(*(
        values(a) for a in op.args[:n])))
    pairs = st.one_of(first, named).map(lambda words:
        [(op.name, ",".join(words) or "true")])
    return st.one_of(pairs, pairs, st.just(
        [tuple(word.split("=", 1)) for word in op.example.split("&")]))


RESIZE = next(op for op in OPS if op.name == "resize")
# Those of the resize are parameters of their own, and some of the input.
PAIRS = st.one_of(
    st.sampled_from([op for op in OPS if op is not RESIZE]).flatmap(operation),
    st.sampled_from(RESIZE.args[:5] + RESIZE.args[6:]).flatmap(
        lambda a: values(a).map(lambda v: [(a.name, v)])),
    st.sampled_from(OUTS).flatmap(
        lambda a: values(a).map(lambda v: [(a.name, v)])),
    st.sampled_from([[("enlarge", "true")], [("page", "1")],
        [("animated", "true")], [("pages", "2")], [("dpr", "2")],
        [("overlay", "logo.png")], [("overlay", "rgba.png")]]),
)
SAVED = [f.name for f in FORMATS if f.saves] + ["auto", "same"]


@st.composite
def urls(draw):
    pairs = dict(p for some in draw(st.lists(PAIRS, min_size=1, max_size=5))
        for p in some)
    if draw(st.booleans()):
        pairs["format"] = draw(st.sampled_from(SAVED))
    return f"/{draw(st.sampled_from(KINDS))}?" + "&".join(
        f"{k}={quote(v, safe=',:;()')}" for k, v in pairs.items())


def judge(answer, url):
    """An image, or a named error."""
    if answer.status == 200:
        assert answer.headers["Content-Type"].startswith(
            ("image/", "application/")), url
        assert answer.body, url
        return
    problem = json.loads(answer.body)
    assert problem["code"] in REFUSED.get(answer.status, ()), (url, answer)
    assert problem["detail"], (url, answer)


def exits(pictord):
    labels = {name.split('"')[1]: float(value) for name, value in (
        line.rsplit(" ", 1) for line in
        pictord.admin("/metrics").body.decode().splitlines()
        if line.startswith("pictor_worker_exits_total{"))}
    return {k: v for k, v in labels.items() if v and k not in GOOD_EXITS}


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_every_example(pictord, op):
    """What the manual shows works, on every kind of image."""
    for kind in KINDS:
        answer = pictord.get(f"/{kind}?" + "&".join(
            quote(word, safe="=,:;()") for word in op.example.split("&")))
        # A dot has no insides.
        assert answer.status == 200 or kind == "dot.png", (kind, answer)
        judge(answer, op.example)
    assert LOCAL or not exits(pictord)


@settings(bounded, max_examples=400)
@given(url=urls())
def test_every_url(pictord, url):
    """It renders or says why not, in time, and no worker is lost by it."""
    before = time.monotonic()
    judge(pictord.get(url, timeout=3 * SECONDS * PATIENCE), url)
    # The time of its own, and some to come and go on a busy machine.
    assert time.monotonic() - before < 2 * SECONDS * PATIENCE, url
    assert LOCAL or not exits(pictord), url


# ---- Sizes ----

def near(side):
    """A side of so many pixels; half of one may be there or not."""
    return {max(1, math.floor(side + 0.5)), max(1, math.ceil(side - 0.5))}


def fitted(w, h, width, height, fit, enlarge):
    """The sizes that a box may give; 0: that side is free."""
    x = width / w if width else height / h
    y = height / h if height else width / w
    if fit != "fill" and width and height:
        x = y = (max if fit in ("cover", "outside") else min)(x, y)
    elif fit == "fill":
        x, y = (width / w if width else 1), (height / h if height else 1)
    if not enlarge:
        x, y = min(x, 1), min(y, 1)
    wide, high = near(w * x), near(h * y)
    if fit == "contain":
        wide, high = ({width} if width else wide), \
            ({height} if height else high)
    if fit == "cover":
        wide = {min(width, a) if width else a for a in wide}
        high = {min(height, a) if height else a for a in high}
    return wide, high


SIDES = st.integers(0, 90)


@settings(bounded, max_examples=120)
@given(kind=st.sampled_from(["rgb.png", "photo.jpg", "animation.gif",
    "turned6.jpg", "turned3.jpg"]), width=SIDES, height=SIDES,
    fit=st.sampled_from(RESIZE.args[2].choices), enlarge=st.booleans())
def test_size_of_resize(pictord, kind, width, height, fit, enlarge):
    if not width and not height:
        width = 1
    words = [f"fit={fit}", f"enlarge={str(enlarge).lower()}"]
    words += [f"width={width}"] if width else []
    words += [f"height={height}"] if height else []
    w, h = (HEIGHT, WIDTH) if kind == "turned6.jpg" else (WIDTH, HEIGHT)
    wide, high = fitted(w, h, width, height, fit, enlarge)
    got = size(image(pictord, kind, *words))
    assert got[0] in wide and got[1] in high, (got, wide, high)


@settings(bounded, max_examples=40)
@given(angle=st.integers(-8, 8), orientation=st.integers(1, 8),
    orient=st.booleans())
def test_size_of_turns(pictord, angle, orientation, orient):
    swapped = (angle % 2 == 1) != (orient and orientation > 4)
    data = image(pictord, f"turned{orientation}.jpg", f"rotate={90 * angle}",
        f"autoorient={str(orient).lower()}")
    assert size(data) == ((HEIGHT, WIDTH) if swapped else (WIDTH, HEIGHT))


@settings(bounded, max_examples=40)
@given(left=st.integers(0, WIDTH), top=st.integers(0, HEIGHT),
    width=st.integers(1, WIDTH + 3), height=st.integers(1, HEIGHT + 3))
@example(left=0, top=0, width=WIDTH, height=HEIGHT)
@example(left=WIDTH - 1, top=HEIGHT - 1, width=1, height=1)
def test_extract(pictord, left, top, width, height):
    """The very pixels, or that it lies outside."""
    answer = pictord.get(
        f"/rgb.png?format=png&extract={left},{top},{width},{height}")
    if left + width > WIDTH or top + height > HEIGHT:
        assert answer.status == 422, answer
        assert json.loads(answer.body)["code"] == "bad-geometry"
        return
    whole = pixels((pictord.files / "rgb.png").read_bytes())
    assert pixels(answer.body) == [row[left:left + width]
        for row in whole[top:top + height]]


@settings(bounded, max_examples=40)
@given(sides=st.tuples(*[st.integers(0, 30)] * 4),
    kind=st.sampled_from(["rgb.png", "rgba.png", "animation.gif"]),
    how=st.sampled_from(["background", "copy", "repeat", "mirror"]))
def test_extend(pictord, sides, kind, how):
    """Larger by so much, with the image in the middle."""
    top, bottom, left, right = sides
    whole = image(pictord, kind)
    data = image(pictord, kind, f"extend=top:{top},bottom:{bottom},"
        f"left:{left},right:{right},extend_with:{how},background:%23102030")
    assert size(data) == (WIDTH + left + right, HEIGHT + top + bottom)
    inner = [row[left:left + WIDTH]
        for row in pixels(data)[top:top + HEIGHT]]
    if kind != "animation.gif":
        assert inner == pixels(whole)
    if how == "background" and top and kind == "rgb.png":
        assert set(pixels(data)[0]) == {b"\x10\x20\x30"}


# ---- What is equal ----

@st.composite
def orders(draw):
    """The same parameters in two orders."""
    words = [
        ("width", "20"), ("height", "14"), ("fit", "contain"),
        ("background", "red"), ("rotate", "90"), ("flip", "true"),
        ("flop", "true"), ("blur", "1.5"), ("sharpen", "1"),
        ("grayscale", "true"), ("extend", "3"), ("flatten", "blue"),
        ("extract", "2,2,9,9"), ("quality", "70"), ("negate", "true"),
        ("gamma", "2"), ("median", "3"), ("tint", "red"),
        ("threshold", "100"), ("normalise", "true"), ("trim", "3"),
    ]
    known = {op.name for op in OPS} | {"width", "height", "fit",
        "background", "quality"}
    some = draw(st.lists(st.sampled_from([w for w in words if w[0] in known]),
        unique=True, min_size=2, max_size=6))
    return some, draw(st.permutations(some))


@settings(bounded, max_examples=60)
@given(order=orders(), kind=st.sampled_from(KINDS))
def test_order_has_no_meaning(pictord, order, kind):
    first, second = (pictord.get(f"/{kind}?" + "&".join(
        f"{k}={v}" for k, v in words)) for words in order)
    judge(first, order)
    assert first.status == second.status
    if first.status == 200:
        assert first.body == second.body
    else:
        problems = [json.loads(a.body) for a in (first, second)]
        assert problems[0].pop("request_id") != problems[1].pop("request_id")
        assert problems[0] == problems[1]
    assert first.headers["Content-Type"] == second.headers["Content-Type"]


MOVES = {
    "rotate=90": lambda m: [list(r) for r in zip(*m[::-1])],
    "rotate=180": lambda m: [r[::-1] for r in m[::-1]],
    "rotate=270": lambda m: [list(r) for r in zip(*m)][::-1],
    "rotate=-90": lambda m: [list(r) for r in zip(*m)][::-1],
    "flip=true": lambda m: m[::-1],
    "flop=true": lambda m: [r[::-1] for r in m],
}


def moved(pictord, kind, moves):
    """One after the other: each result is the next one's original."""
    data = image(pictord, kind)
    for move in moves:
        name = "moved.png"
        (pictord.files / name).unlink(missing_ok=True)
        (pictord.files / name).write_bytes(data)
        data = image(pictord, name, move)
    return data


@settings(bounded, max_examples=25)
@given(kind=st.sampled_from(["rgb.png", "rgba.png", "grey.png"]),
    moves=st.lists(st.sampled_from(list(MOVES)), max_size=4))
@example(kind="rgb.png", moves=["rotate=90"] * 4)
@example(kind="rgb.png", moves=["flip=true"] * 2)
@example(kind="rgba.png", moves=["rotate=90", "flop=true", "rotate=270"])
def test_moves_are_exact(pictord, kind, moves):
    """Pixels only change their places: four quarters are none."""
    want = pixels(image(pictord, kind))
    for move in moves:
        want = MOVES[move](want)
    assert pixels(moved(pictord, kind, moves)) == want


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("nothing", ["extract=0,0,100%25,100%25", "extend=0",
    "ensure_alpha=1", f"width={max(WIDTH, HEIGHT)}&fit=inside", "median=1",
    "flatten=false", "modulate=1"])
def test_what_changes_nothing(pictord, move, nothing):
    """Beside a move, it leaves the move alone."""
    assert pixels(image(pictord, "rgba.png", move, nothing)) \
        == MOVES[move](pixels(image(pictord, "rgba.png")))


@pytest.mark.parametrize("kind", ["deep.png", "deep-alpha.png", "palette.png",
    "grey-alpha.png", "animation.gif", "animation.webp"])
@pytest.mark.parametrize("moves", [["rotate=90"] * 4, ["flip=true"] * 2,
    ["flop=true"] * 2, ["rotate=180", "flip=true", "flop=true"]],
    ids=" ".join)
def test_moves_that_undo_each_other(pictord, kind, moves):
    # One that is not changed at all is answered as it is stored.
    once = pixels(image(pictord, kind, "flip=true"))
    assert pixels(moved(pictord, kind, moves)) == MOVES["flip=true"](once)


@pytest.mark.parametrize("order", range(1, 9))
def test_orientation(pictord, order):
    """Eight ways of storing one picture, which is stored turned back."""
    upright = pixels(image(pictord, "turned1.jpg"))
    back = {
        1: [], 2: ["flop=true"], 3: ["rotate=180"], 4: ["flip=true"],
        5: ["flop=true", "rotate=270"], 6: ["rotate=90"],
        7: ["flop=true", "rotate=90"], 8: ["rotate=270"],
    }[order]
    for move in back:
        upright = MOVES[move](upright)
    assert pixels(image(pictord, f"turned{order}.jpg")) == upright
