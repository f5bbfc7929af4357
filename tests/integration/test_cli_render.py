# SPDX-License-Identifier: Apache-2.0
"""pictor render: files and folders, names, errors, pipes, a terminal."""
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import time

import pytest

import images
import kit
from cli import LOCAL, PICTOR, bad, in_terminal, render, run


def done_well(done):
    assert done.returncode == 0, done.stderr
    return done


def rows(done):
    return {r["input"]: r for r in map(json.loads, done.stdout.splitlines())}


def listing(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*")
        if p.is_file())


@pytest.fixture
def tree(tmp_path):
    """Images in folders, and what is none."""
    top = tmp_path / "photos"
    (top / "a" / "b").mkdir(parents=True)
    (top / ".hidden").mkdir()
    for name in ("one.png", "a/two.png", "a/b/three.jpg", ".four.png",
            ".hidden/five.png"):
        (top / name).write_bytes(images.png(40, 30))
    (top / "a" / "notes.txt").write_text("no image")
    (top / "link.png").symlink_to("one.png")
    return top


# ---- One file ----

def test_format_by_the_ending(files, tmp_path):
    done = done_well(render(files / "cat.png", tmp_path / "cat.webp",
        "width=20"))
    assert (tmp_path / "cat.webp").read_bytes()[8:12] == b"WEBP"
    assert re.search(r"cat\.webp: webp 20x15, \d+ B, from png 64x48, .*; "
        r"[\d.]+ ms of work, [\d.]+ ms in all\n$", done.stderr)
    assert done.stdout == ""
    assert done_well(render("-q", files / "cat.png", tmp_path / "q.png")) \
        .stderr == ""


def test_format_said(files, tmp_path):
    for words in (["format=jpeg"], ["--format", "jpg"], ["-fjpeg"]):
        done_well(render(files / "cat.png", tmp_path / "x.png", *words))
        assert (tmp_path / "x.png").read_bytes()[:2] == b"\xff\xd8"
    assert bad(2, "render", "a", "b", "-f", "png", "fm=png") == \
        "--format and fm=png: one of them"


def test_into_a_folder(files, tmp_path):
    done_well(render(files / "cat.png", tmp_path))
    assert (tmp_path / "cat.png").exists()
    done_well(render(files / "cat.png", f"{tmp_path}/new/", "-f", "gif"))
    assert (tmp_path / "new" / "cat.gif").exists()


def test_pipe(files, tmp_path):
    data = (files / "cat.png").read_bytes()
    before = set(os.listdir(tmp_path))
    done = done_well(render("-", "-", "rotate=90", text=False, input=data,
        env={"TMPDIR": str(tmp_path)}))
    assert images.size_of_png(done.stdout) == (48, 64)
    assert done.stderr.startswith(b"-: png 48x64")
    assert set(os.listdir(tmp_path)) == before
    done = render("-", "-", text=False, input=b"")
    assert done.returncode == 1 and done.stderr.startswith(b"pictor: -: ")


def test_pipe_and_overlay(files, tmp_path):
    """Further images of one that is nowhere are beside the caller."""
    data = (files / "cat.png").read_bytes()
    (tmp_path / "logo, a.png").write_bytes(images.png(9, 9, seed=2))
    words = ("-", "-", "format=png", "composite=northwest")
    plain = done_well(render("-", "-", "format=png", text=False, input=data))
    for name in "logo, a.png", "//here/logo, a.png":
        done = done_well(render(*words, f"overlay={name}", text=False,
            input=data, cwd=tmp_path))
        assert images.size_of_png(done.stdout) == (64, 48)
        assert done.stdout != plain.stdout
    done = render(*words, "overlay=none.png", input=data, text=False,
        cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == (b"pictor: -: there is no such image: "
        b"overlay=none.png\n")


def test_names_that_need_care(files, tmp_path):
    for name in ("a b;c #1.png", "100%.png", "grüße+&?=.png", " ;x.png"):
        place = tmp_path / f" {name} ;folder"
        place.mkdir()
        shutil.copy(files / "cat.png", place / name)
        done_well(render(place / name, place / "out.png", "width=8"))
        assert images.size_of_png((place / "out.png").read_bytes()) == (8, 6)
    shutil.copy(files / "cat.png", tmp_path / "width=3.png")
    done_well(render("./width=3.png", "width=8", "./width=4.png",
        cwd=tmp_path))
    assert (tmp_path / "width=4.png").exists()


def test_modes_and_links(files, tmp_path):
    out = tmp_path / "out.png"
    done_well(render(files / "cat.png", out, preexec_fn=lambda: os.umask(0o27)))
    assert stat.S_IMODE(out.stat().st_mode) == 0o640
    link = tmp_path / "link.png"
    link.symlink_to("out.png")
    done_well(render(files / "cat.png", link, "width=9"))
    assert link.is_symlink()
    assert images.size_of_png(out.read_bytes())[0] == 9


def test_into_a_device(files):
    before = os.stat("/dev/null")
    done_well(render(files / "cat.png", "/dev/null", "format=png"))
    assert os.stat("/dev/null").st_rdev == before.st_rdev


# ---- What is refused ----

@pytest.mark.parametrize("words, line", [
    (["a.png"], "OUT or --to is missing; "
        "usage: pictor render IN ... OUT [NAME=VALUE ...]"),
    (["width=3"], "an original is missing; "
        "usage: pictor render IN ... OUT [NAME=VALUE ...]"),
    (["a.png", "b.png", "--width", "3"], "there is no option --width; "
        "parameters are written as width=300; see pictor help render"),
    (["-", "b.png", "out"], "standard input cannot stand among others"),
    (["a.png", "b.png", "-"], "several results cannot go to standard output"),
    (["a.png", "b.png", "--suffix", "x"],
        "--name and --suffix are for results in a folder"),
    (["a.png", "-", "--json"], "--json prints where the result would go"),
    (["a.png", "--to", "o", "--suffix", "a/b"], "--suffix has no /"),
    (["a.png", "--to", "o", "--name", "{nam}.png"], "--name {nam}.png: there "
        "are {name}, {ext}, {width}, {height} and {index}"),
    (["a.png", "--to", "o", "--name", "../{name}"],
        "--name ../{name}: it must lie below the folder"),
    (["a.png", "--to", "o", "--name", "/x"],
        "--name /x: it must lie below the folder"),
])
def test_wrong_usage(words, line, tmp_path):
    assert bad(2, "render", *words, cwd=tmp_path) == line
    assert os.listdir(tmp_path) == []


def test_wrong_parameters_are_said_once(tree, tmp_path):
    line = bad(2, "render", tree, tmp_path / "out", "widht=3")
    assert line.endswith("did you mean width?") and "\n" not in line
    assert not (tmp_path / "out").exists()


def test_original_is_never_overwritten(files):
    cat = files / "cat.png"
    before = cat.read_bytes()
    done = render(cat, cat, "width=3")
    assert done.returncode == 1
    assert "is an original, which is never overwritten" in done.stderr
    link = files / "link.png"
    link.symlink_to("cat.png")
    hard = files / "hard.png"
    hard.hardlink_to(cat)
    for target in (link, hard, files):
        assert render(cat, target, "width=3").returncode == 1
    # Nor one that is another image's result.
    shutil.copy(cat, files / "dog.png")
    (files / "cat.jpg").write_bytes(before)
    done = render(files / "cat.png", files / "cat.jpg", files / "dog.png",
        "--to", files, "-f", "jpg")
    assert done.returncode == 1 and done.stderr.count("is an original") == 2
    assert cat.read_bytes() == (files / "cat.jpg").read_bytes() == before
    assert (files / "dog.jpg").exists()


def test_nothing_half_is_left(files, tmp_path):
    """Where it cannot be written, and where the original is broken."""
    out = tmp_path / "out.png"
    out.write_bytes(b"what was there")
    (files / "cut.png").write_bytes((files / "cat.png").read_bytes()[:-40])
    done = render(files / "cut.png", out)
    assert done.returncode == 1 and "cut.png: " in done.stderr
    assert out.read_bytes() == b"what was there"
    done = render(files / "cat.png", tmp_path / "no" / "out.png")
    assert done.returncode == 1 and "No such file" in done.stderr
    assert render(files / "cat.png", tmp_path / "dir.png" / "").returncode == 0
    assert [n for n in os.listdir(tmp_path) if n.startswith(".pictor")] == []


# ---- Folders and many ----

def test_folder_keeps_its_tree(tree, tmp_path):
    out = tmp_path / "out"
    done = done_well(render(tree, out, "width=8"))
    assert listing(out) == ["a/b/three.png", "a/two.png", "one.png"]
    assert "3 of 3 images, 0 failed; " in done.stderr
    assert "3 other files passed over" in done.stderr


def test_results_are_no_originals(tree):
    """The second time, too, where they are put into the folder itself."""
    for _ in range(2):
        done_well(render(tree, tree / "out", "width=8"))
        assert listing(tree / "out") == ["a/b/three.png", "a/two.png",
            "one.png"]


def test_several_inputs(tree, files, tmp_path):
    out = tmp_path / "out"
    done_well(render(tree / "a", files / "cat.png", out, "width=8"))
    assert listing(out) == ["a/b/three.png", "a/two.png", "cat.png"]


def test_names_of_results(tree, tmp_path):
    out = tmp_path / "out"
    done_well(render(tree, "--to", out, "width=8", "-f", "webp", "--name",
        "{width}x{height}/{index}-{name}.{ext}", "--suffix", "-s"))
    assert listing(out) == ["8x6/3-one-s.webp", "a/8x6/2-two-s.webp",
        "a/b/8x6/1-three-s.webp"]
    done_well(render(tree / "one.png", "--to", tmp_path / "o2", "-s", "@2"))
    assert listing(tmp_path / "o2") == ["one@2.png"]


def test_two_with_one_name(tree, tmp_path):
    shutil.copy(tree / "one.png", tree / "a" / "one.png")
    done = render(tree / "one.png", tree / "a" / "one.png", tmp_path / "out")
    assert done.returncode == 1
    assert "is the result of another original, too; --name with {index} " \
        "tells them apart" in done.stderr
    assert listing(tmp_path / "out") == ["one.png"]


def test_goes_on_after_errors(tree, tmp_path):
    (tree / "bad.png").write_bytes(images.png(40, 30)[:60])
    done = render("--json", tree, tree / "none.png", "--to", tmp_path / "out")
    assert done.returncode == 1
    found = rows(done)
    assert len(found) == 5
    assert found[f"{tree}/bad.png"]["error"] == "truncated"
    assert found[f"{tree}/none.png"]["error"] == "system"
    assert "No such file" in found[f"{tree}/none.png"]["message"]
    assert done.stderr.count("pictor: ") == 2
    assert listing(tmp_path / "out") == ["photos/a/b/three.png",
        "photos/a/two.png", "photos/one.png"]


def test_json(files, tmp_path):
    done = done_well(render("--json", "-q", files / "cat.png",
        tmp_path / "out.jpg", "width=20"))
    row, = rows(done).values()
    size = (tmp_path / "out.jpg").stat().st_size
    assert row.pop("work_ms") > 0 and row.pop("total_ms") > 0
    assert row == {"input": f"{files}/cat.png", "output":
        f"{tmp_path}/out.jpg", "error": None, "format": "jpeg", "width": 20,
        "height": 15, "pages": 1, "bytes": size, "original_format": "png",
        "original_width": 64, "original_height": 48, "original_pages": 1,
        "original_bytes": (files / "cat.png").stat().st_size}
    assert done.stderr == ""


def test_nothing_to_do(tmp_path):
    (tmp_path / "empty").mkdir()
    assert bad(1, "render", tmp_path / "empty", tmp_path / "out") == \
        "there is no image in what is given"


@pytest.mark.jailed
def test_many_at_one_time(tmp_path):
    """As many workers as jobs, and all of them work."""
    folder = tmp_path / "in"
    folder.mkdir()
    for i in range(24):
        (folder / f"{i:02}.png").write_bytes(images.png(600, 400, seed=i))
    process = subprocess.Popen([PICTOR, "render", "-j", "2", folder,
        tmp_path / "out", "blur=3"], stderr=subprocess.PIPE, text=True,
        env=kit.environment())
    most = 0
    while process.poll() is None:
        most = max(most, len(kit.children(process.pid)))
        time.sleep(0.02)
    assert process.returncode == 0, process.stderr.read()
    process.stderr.close()
    # And the spare one.
    assert 2 <= most <= 3
    assert len(listing(tmp_path / "out")) == 24


def test_interrupt(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for i in range(40):
        (folder / f"{i:02}.png").write_bytes(images.png(1500, 1000, seed=i))
    process = subprocess.Popen([PICTOR, *LOCAL, "render", "-j1", folder,
        tmp_path / "out", "blur=9"], stderr=subprocess.PIPE, text=True,
        env=kit.environment())
    while not (tmp_path / "out").exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    text = process.communicate(timeout=60 * kit.PATIENCE)[1]
    assert process.returncode == 130
    assert re.search(r"\d+ of 40 images, 0 failed; .*; interrupted\n$", text)
    done = listing(tmp_path / "out")
    assert 0 < len(done) < 40
    assert not [n for n in done if "pictor" in n]


# ---- On a terminal ----

def test_progress(tree, tmp_path):
    for i in range(8):
        (tree / f"n{i}.png").write_bytes(images.png(900, 600, seed=i))
    (tree / "bad.png").write_bytes(images.png(40, 30)[:60])
    text, status = in_terminal(*LOCAL, "render", "-j1", tree,
        tmp_path / "out", "blur=5")
    assert status == 1
    assert re.search(r"\r\[#+-+\]  \d+ of 12   1 failed", text)
    assert "\r\n" in text and text.endswith("passed over\r\n")
    assert "11 of 12 images, 1 failed" in text
    # What stood in one line at a time is never longer than the terminal.
    for line in re.split(r"[\r\n]+", text):
        if line.startswith("["):
            assert len(line.replace("\33[K", "")) < 80


def test_no_image_on_a_terminal(files):
    text, status = in_terminal("render", files / "cat.png", "-")
    assert status == 2 and "an image is not for a terminal" in text


def test_no_bar_where_it_is_quiet(tree, tmp_path):
    text, status = in_terminal(*LOCAL, "render", "-q", tree, tmp_path / "out")
    assert (text, status) == ("", 0)
    assert run("render", *LOCAL, "--quiet", tree, tmp_path / "o2").stderr == ""
