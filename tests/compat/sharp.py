#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every operation of op.def beside sharp, whose names and meanings it has.

    sharp.py SOURCE BUILD NODE

NODE is a folder with the npm package sharp; BUILD has pictor and the tests'
make_images. Each case is rendered by both on generated pictures: colours, alpha,
grey, grey with alpha, and 16 bits. Sizes must be equal always, pixels within the
operation's tolerance (mean absolute difference of 8-bit colour times alpha, and
alpha). What is meant to differ stands in sharp.deviations, with its reason; a
line of it that no longer differs fails, too. Not a test of make check: it needs
a package from outside."""
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

# File and colour space; each is made WIDTH pixels wide.
PICTURES = {
    "colours": ("city.jpg", "srgb"),
    "alpha": ("alpha.png", "srgb"),
    "grey": ("grey.jpg", "b-w"),
    "grey-alpha": ("grey-alpha.png", "b-w"),
    "16-bit": ("deep.png", "rgb16"),
}
WIDTH = 240
# Tolerance of what is computed in the same way, rounded differently.
CLOSE = 0.6

SEPIA = [0.39, 0.77, 0.19, 0.35, 0.69, 0.17, 0.27, 0.53, 0.13]


def rows(n, numbers):
    return [numbers[i:i + n] for i in range(0, len(numbers), n)]


def text(numbers):
    return ";".join(f"{n:g}" for n in numbers)


# Operations whose example has no counterpart in sharp, and why.
ALONE = {
    "pixelate": "sharp has none",
    "smartcrop": "sharp's scales to a side first; below are cases that do not",
}

MIXED = [1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0.5]
EDGES = [-1, 0, 1, -2, 0, 2, -1, 0, 1]
SOFT = [1, 2, 1, 2, 4, 2, 1, 2, 1]
WHITE = {"background": "white"}
AFFINE = [[1, 0.3], [0.1, 0.7]]

# Operation: its tolerance, its example first, then more. Calls in sharp's words.
CASES = {
    "autoorient": (CLOSE, [("autoorient=true", [["autoOrient"]])]),
    "rotate": (4, [
        ("rotate=90", [["rotate", 90]]),
        ("rotate=180", [["rotate", 180]]),
        ("rotate=30&background=black&flatten=false", [["rotate", 30]]),
        ("rotate=-45&background=ff8000&flatten=false",
            [["rotate", -45, {"background": "#ff8000"}]])]),
    "flip": (0, [("flip=true", [["flip"]])]),
    "flop": (0, [("flop=true", [["flop"]])]),
    "trim": (CLOSE, [
        ("trim=20", [["trim", {"threshold": 20}]]),
        ("trim=true", [["trim"]]),
        ("trim=40,808080",
            [["trim", {"threshold": 40, "background": "#808080"}]])]),
    "extract": (0, [
        ("extract=10p,10p,50p,50p", [["part", 0.1, 0.1, 0.5, 0.5]]),
        ("extract=24,16,120,80", [["extract",
            {"left": 24, "top": 16, "width": 120, "height": 80}]])]),
    "resize": (1.2, [
        ("width=300&height=200", [["resize", 300, 200,
            {"withoutEnlargement": True}]]),
        ("width=100", [["resize", 100]]),
        ("width=100&height=100&position=north",
            [["resize", 100, 100, {"position": "north"}]]),
        ("width=100&height=100&fit=contain&background=00ff00&flatten=false",
            [["resize", 100, 100,
                {"fit": "contain", "background": "#00ff00"}]]),
        ("width=60&height=90&fit=fill",
            [["resize", 60, 90, {"fit": "fill"}]]),
        ("width=400&enlarge=true", [["resize", 400]]),
        ("width=101&kernel=cubic",
            [["resize", 101, None, {"kernel": "cubic"}]])]),
    "flatten": (CLOSE, [
        ("flatten=white", [["flatten", WHITE]]),
        ("flatten=2040ff", [["flatten", {"background": "#2040ff"}]])]),
    "grayscale": (1, [("grayscale=true", [["grayscale"]])]),
    "affine": (1.5, [
        ("affine=1;0.3;0.1;0.7,white", [["affine", AFFINE, WHITE]]),
        ("affine=0.5;0;0;0.5,black,interpolator:bilinear", [["affine",
            [[0.5, 0], [0, 0.5]], {"interpolator": "bilinear"}]])]),
    "extend": (CLOSE, [
        ("extend=20", [["extend", 20]]),
        ("extend=top:5,left:9,background:ff8000", [["extend",
            {"top": 5, "left": 9, "background": "#ff8000"}]]),
        ("extend=7,extendWith:mirror", [["extend", {"top": 7, "bottom": 7,
            "left": 7, "right": 7, "extendWith": "mirror"}]]),
        ("extend=7,extendWith:copy", [["extend", {"top": 7, "bottom": 7,
            "left": 7, "right": 7, "extendWith": "copy"}]])]),
    "median": (CLOSE, [
        ("median=5", [["median", 5]]),
        ("median=true", [["median"]])]),
    "threshold": (2.5, [
        ("threshold=128", [["threshold", 128]]),
        ("threshold=60", [["threshold", 60]]),
        ("threshold=100,false",
            [["threshold", 100, {"grayscale": False}]])]),
    "dilate": (2, [
        ("dilate=2", [["dilate", 2]]),
        ("dilate=true", [["dilate"]]),
        ("threshold=90&dilate=2", [["threshold", 90], ["dilate", 2]])]),
    "erode": (2, [
        ("erode=2", [["erode", 2]]),
        ("erode=true", [["erode"]]),
        ("threshold=90&erode=2", [["threshold", 90], ["erode", 2]])]),
    "blur": (1.3, [
        ("blur=3", [["blur", 3]]),
        ("blur=true", [["blur"]]),
        ("blur=20", [["blur", 20]])]),
    "unflatten": (CLOSE, [("unflatten=true", [["unflatten"]])]),
    "convolve": (1.5, [
        ("convolve=3,3,-1;0;1;-2;0;2;-1;0;1", [["convolve",
            {"width": 3, "height": 3, "kernel": EDGES}]]),
        ("convolve=3,3," + text(SOFT), [["convolve",
            {"width": 3, "height": 3, "kernel": SOFT}]])]),
    "recomb": (CLOSE, [
        ("recomb=" + text(SEPIA), [["recomb", rows(3, SEPIA)]]),
        ("recomb=" + text(MIXED), [["recomb", rows(4, MIXED)]])]),
    "modulate": (CLOSE, [
        ("modulate=brightness:1.2,saturation:0.8,hue:30", [["modulate",
            {"brightness": 1.2, "saturation": 0.8, "hue": 30}]]),
        ("modulate=0.6", [["modulate", {"brightness": 0.6}]]),
        ("modulate=lightness:-15", [["modulate", {"lightness": -15}]])]),
    "sharpen": (1.5, [
        ("sharpen=1", [["sharpen", {"sigma": 1}]]),
        ("sharpen=true", [["sharpen"]]),
        ("sharpen=2,0.5,3",
            [["sharpen", {"sigma": 2, "m1": 0.5, "m2": 3}]])]),
    "gamma": (1.5, [
        ("gamma=2.2&width=300", [["gamma", 2.2],
            ["resize", 300, None, {"withoutEnlargement": True}]]),
        ("gamma=2.2&width=100", [["gamma", 2.2], ["resize", 100]]),
        ("gamma=3,1.5&width=100", [["gamma", 3, 1.5], ["resize", 100]]),
        ("gamma=2.2", [["gamma", 2.2]])]),
    "linear": (CLOSE, [
        ("linear=1.2,-20", [["linear", 1.2, -20]]),
        ("linear=0.5;1;1.5,10;20;0",
            [["linear", [0.5, 1, 1.5], [10, 20, 0]]]),
        ("linear=0.8", [["linear", 0.8]])]),
    "normalise": (CLOSE, [
        ("normalise=true", [["normalise"]]),
        ("normalise=20,80", [["normalise", {"lower": 20, "upper": 80}]]),
        ("normalise=0,100", [["normalise", {"lower": 0, "upper": 100}]])]),
    "clahe": (CLOSE, [
        ("clahe=32,32", [["clahe", {"width": 32, "height": 32}]]),
        ("clahe=7,15,0",
            [["clahe", {"width": 7, "height": 15, "maxSlope": 0}]])]),
    "round": (1, [
        ("round=20", [["masked", "rect", 20]]),
        ("round=shape:ellipse,rx:50%,ry:50%", [["masked", "ellipse"]])]),
    "smartcrop": (CLOSE, [
        # Lower ones depend on the version of libvips.
        ("smartcrop=50%,100%", [["attention", 0.5, 1]])]),
    "composite": (CLOSE, [
        ("overlay=logo.png&composite=southeast,opacity:50",
            [["laid", 0.5, {"gravity": "southeast"}]]),
        ("overlay=logo.png", [["laid", 1, {}]]),
        ("overlay=logo.png&composite=left:150,top:20",
            [["laid", 1, {"left": 150, "top": 20}]]),
        ("overlay=logo.png&composite=northwest,tile:true",
            [["laid", 1, {"gravity": "northwest", "tile": True}]]),
        *((f"overlay=logo.png&composite=west,blend:{blend}",
            [["laid", 1, {"gravity": "west", "blend": blend}]])
            for blend in ("multiply", "screen", "dest-out", "xor",
                "hard-light", "difference"))]),
    "boolean": (CLOSE, [
        ("boolean=and,240", [["constant", "and", 240]]),
        ("boolean=or,15", [["constant", "or", 15]]),
        ("boolean=eor,85", [["constant", "eor", 85]])]),
    "bandbool": (CLOSE, [
        ("bandbool=and", [["bandbool", "and"]]),
        ("bandbool=or", [["bandbool", "or"]]),
        ("bandbool=eor", [["bandbool", "eor"]])]),
    "tint": (1, [
        ("tint=sienna", [["tint", "sienna"]]),
        ("tint=3080ff", [["tint", "#3080ff"]])]),
    "remove_alpha": (CLOSE, [("remove_alpha=true", [["removeAlpha"]])]),
    "ensure_alpha": (CLOSE, [
        ("ensure_alpha=0.5", [["ensureAlpha", 0.5]]),
        ("ensure_alpha=true", [["ensureAlpha"]])]),
    "extract_channel": (CLOSE, [
        ("extract_channel=green", [["extractChannel", "green"]]),
        ("extract_channel=0", [["extractChannel", 0]]),
        ("extract_channel=alpha", [["extractChannel", "alpha"]])]),
    "colourspace": (1, [
        ("colourspace=b-w", [["toColourspace", "b-w"]]),
        ("colourspace=srgb", [["toColourspace", "srgb"]])]),
    "negate": (CLOSE, [
        ("negate=alpha:false", [["negate", {"alpha": False}]]),
        ("negate=true", [["negate"]])]),
}


def table(source):
    """The rows of op.def: name and example."""
    with open(os.path.join(source, "src/plan/op.def"), encoding="utf-8") as f:
        return re.findall(r'^OP\(\w+, "(\w+)",.*"([^"]+)"\)$', f.read(), re.M)


def deviations(source):
    """(picture or *, query or a beginning of it and *) to what is expected."""
    known = {}
    path = os.path.join(source, "tests/compat/sharp.deviations")
    with open(path, encoding="utf-8") as f:
        for line in f:
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            query, picture, kind, reason = re.split(r"\s{2,}", line, maxsplit=3)
            known[picture, query] = (kind, reason)
    return known


def node(folder, source, lines):
    script = os.path.join(source, "tests/compat/sharp.mjs")
    package = os.path.join(folder, "node_modules", "sharp")
    done = subprocess.run(["node", script, package], text=True, check=True,
        input="\n".join(json.dumps(line) for line in lines),
        stdout=subprocess.PIPE)
    return [json.loads(line) for line in done.stdout.splitlines()]


def pictures(build, folder, work, source):
    """The generated pictures, small, as PNG."""
    subprocess.run([os.path.join(build, "tests/golden/make_images"), work],
        check=True, stdout=subprocess.DEVNULL)
    made = {name: os.path.join(work, f"small-{name}.png") for name in PICTURES}
    made["logo"] = os.path.join(work, "logo.png")
    for answer in node(folder, source, [
            {"in": os.path.join(work, file), "make": made[name],
                "width": WIDTH, "space": space}
            for name, (file, space) in PICTURES.items()] + [
            {"in": os.path.join(work, "alpha.png"), "make": made["logo"],
                "width": 60, "space": "srgb"}]):
        if "error" in answer:
            raise SystemExit(f"FAIL: {answer['error']}")
    del made["logo"]
    return made


def ours(build, path, query, out):
    done = subprocess.run([os.path.join(build, "pictor"), "--local", "render",
        path, out, *query.split("&")], capture_output=True, text=True)
    return done.stderr.strip() if done.returncode != 0 else None


def judge(answer, error, tolerance):
    """What differs: None, or a word for it and what to print."""
    theirs = answer.get("error")
    if error and theirs:
        return None, "refused by both"
    if error:
        return "refused", error
    if theirs:
        return "answered", theirs
    if answer["theirs"] != answer["ours"]:
        return "size", f"{answer['ours']} and sharp's {answer['theirs']}"
    said = f"{answer['mean']:.2f} of {tolerance}"
    return ("pixels" if answer["mean"] > tolerance else None), said


class Report:
    def __init__(self):
        self.passed = self.failed = 0

    def say(self, good, words):
        self.passed += good
        self.failed += not good
        print(f"{'ok' if good else 'FAIL'}: {words}")


def compare(report, known, case, answer, error):
    name, query, tolerance = case
    kind, said = judge(answer, error, tolerance)
    meant, reason = known.get((name, query),
        known.get(("*", query), (None, "")))
    used = (name, query) if (name, query) in known else ("*", query)
    words = f"{name} {query}: {kind or 'same'} ({said})"
    if meant is not None and kind == meant:
        known[used] = (meant, "")
        report.say(True, f"{words}; by design: {reason or 'as above'}")
    elif kind is None:
        report.say(True, words)
    else:
        report.say(False, words)


def check_table(report, source):
    for name, example in table(source):
        there = name in ALONE or (name in CASES and
            CASES[name][1][0][0] == example)
        report.say(there, f"{name}: its example {example} is among the cases")


def main():
    source, build, folder = (os.path.abspath(a) for a in sys.argv[1:4])
    report = Report()
    check_table(report, source)
    known = deviations(source)
    with tempfile.TemporaryDirectory() as work:
        made = pictures(build, folder, work, source)
        cases, asked = [], []
        for tolerance, tests in CASES.values():
            for query, calls in tests:
                for name, path in made.items():
                    asked.append({"in": path, "calls": calls,
                        "ours": os.path.join(work, f"{len(cases)}.png")})
                    cases.append((name, query, tolerance))
        with ThreadPoolExecutor(2) as pool:
            errors = list(pool.map(lambda i: ours(build, asked[i]["in"],
                cases[i][1], asked[i]["ours"]), range(len(cases))))
        answers = node(folder, source, asked)
    for case, answer, error in zip(cases, answers, errors, strict=True):
        compare(report, known, case, answer, error)
    for (name, query), (kind, reason) in known.items():
        if reason:
            report.say(False, f"{name} {query}: no longer differs ({kind})")
    print(f"{report.passed} passed, {report.failed} failed, 0 skipped")
    return report.failed != 0


if __name__ == "__main__":
    sys.exit(main())
