# SPDX-License-Identifier: Apache-2.0
"""Every example of the manual works: the server renders those of operations
and of the query language's parameters on images of several kinds; those of
pictor(1) are run as they stand."""
import json
import os
import re
import shutil
import subprocess

import pytest

import kit

PICTOR = kit.BUILD / "pictor"
LOCAL = ["--local"] if kit.LOCAL else []
KINDS = {"rgb": "photo.jpg", "rgba": "alpha.png", "grey": "grey.jpg",
    "animation": "animation.gif"}


def page(name):
    return (kit.SRC / "man" / name).read_text().replace("\\-", "-") \
        .replace("\\:", "")


def examples(name):
    return re.findall(r"^Example: \\%\\fB(.*)\\fP$", page(name), re.M)


def writes(example):
    """A format that this libvips does not have is not a test."""
    name = re.search(r"format=(\w+)", example)
    return not name or name.group(1) in WRITTEN


WRITTEN = {row["name"] for row in map(json.loads, subprocess.run([PICTOR,
    "formats", "--json"], capture_output=True, check=True).stdout.splitlines())
    if row["writes"]}
ALL = sorted(filter(writes, {*examples("pictor-ops.7"),
    *examples("pictor-url.7")}))


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """The sample images and, small, one of each kind."""
    place = tmp_path_factory.mktemp("samples")
    every = place / "all"
    every.mkdir()
    subprocess.run([kit.BUILD / "tests/golden/make_images", every], check=True)
    small = place / "small"
    small.mkdir()
    for name in KINDS.values():
        kit.render(every / name, small / name, "width=120", "keep=all")
    # What examples may lay over an image.
    kit.render(every / "alpha.png", small / "logo.png", "width=24")
    return small


def run(*words, **more):
    return subprocess.run([PICTOR, *words], capture_output=True, text=True,
        env=kit.environment(), timeout=120 * kit.PATIENCE, **more)


def test_there_are_examples():
    operations = run("ops", "--json").stdout.splitlines()
    assert len(examples("pictor-ops.7")) == len(operations)
    # Each parameter and each operation of the language has one.
    url = page("pictor-url.7")
    query = url[url.index(".SS Parameters"):url.index(".SH THE LANGUAGE DIT")]
    assert len(examples("pictor-url.7")) == query.count(".TP")
    assert "Not described" not in url


@pytest.fixture(scope="module")
def pictord(samples, tmp_path_factory):
    place = tmp_path_factory.mktemp("examples")
    it = kit.Server(place, samples, {"render": {"workers": 1},
        "spool": {"path": place / "spool"}})
    it.spool = place / "spool"
    it.start()
    yield it
    it.stop()


@pytest.mark.parametrize("example", ALL)
@pytest.mark.parametrize("kind", KINDS)
def test_renders(pictord, kind, example):
    """As it stands in the manual, behind the name of an image."""
    answer = pictord.get(f"/{KINDS[kind]}?{example}")
    assert answer.status == 200, answer.body
    assert len(answer.body) > 0


def command_lines():
    return [line.replace("\\(aq", "'").replace("\\e", "\\")
        for line in re.findall(r"^\.EX\n(.*)\n\.EE$", page("pictor.1"), re.M)]


def test_pictor_1_has_examples_of_each_command():
    lines = command_lines()
    for name in re.findall(r"^\.SS (\S+)$", page("pictor.1"), re.M):
        assert any(re.search(rf"\bpictor {name}\b", l) for l in lines), name


# bench needs a server: test_cli_bench.py; s3:// a store: test_cli_remote.py;
# report a database: test_loader.py; to send again takes a broker: test_kafka.py;
# what fish reads is no line for bash: test_cli_completion.py.
@pytest.mark.parametrize("line", [l for l in command_lines()
    if "127.0.0.1" not in l and "s3://" not in l
    and not re.match("pictor (report|spool resend|completion fish)", l)])
def test_command_line(pictord, samples, tmp_path, line):
    for name in ("photo.jpg", "alpha.png"):
        shutil.copy(samples / name, tmp_path / name)
    shutil.copy(samples / "photo.jpg", tmp_path / "a.jpg")
    shutil.copy(samples / "alpha.png", tmp_path / "b.png")
    shutil.copy(samples / "alpha.png", tmp_path / "in.png")
    shutil.copytree(samples, tmp_path / "photos")
    (tmp_path / "pictor.conf").write_text("[render]\nworkers = 1\n"
        + ("mode = local\n" if kit.LOCAL else "")
        + f"[spool]\npath = {pictord.spool}\n")
    line = line.replace("/etc/pictor.conf", "pictor.conf")
    if LOCAL:
        line = re.sub(r"pictor (render|check)", r"pictor \1 --local", line)
    env = kit.environment()
    env["PATH"] = f"{kit.BUILD}:{env['PATH']}"
    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, env=env,
        capture_output=True, text=True, timeout=120 * kit.PATIENCE)
    assert done.returncode == 0, done.stderr
    if line.endswith("out.png"):
        assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")
