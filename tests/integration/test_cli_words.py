# SPDX-License-Identifier: Apache-2.0
"""pictor's arguments, its help, and what it lists from its tables."""
import json
import re
import subprocess

import pytest

from cli import PICTOR, bad, good, run

COMMANDS = re.findall(r"^  (\w+) {2,}", good("--help").split("Options:")[0],
    re.M)


def test_commands():
    assert COMMANDS == ["render", "explain", "url", "formats", "ops", "check",
        "bench", "report", "spool", "completion", "help"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command):
    text = good(command, "--help")
    assert text == good("help", command) == good("--help", command)
    assert text.startswith(f"usage: pictor {command} ")
    for word in ("Options:", "Examples:", "Exit status:", "--help"):
        assert word in text
    assert [l for l in text.splitlines() if len(l) > 79
        and not l.startswith("  pictor")] == []


def test_help_says_limits():
    assert "From 1 to 256." in good("help", "render")
    assert "From 0.1 s to 3600 s; default 10 s." in \
        good("help", "bench").replace("\n" + 24 * " ", " ")


@pytest.mark.parametrize("words, line", [
    ([], "a command is needed; see pictor --help"),
    (["rendr"], "there is no command rendr; did you mean render?"),
    (["sing"], "there is no command sing; see pictor --help"),
    (["help", "opps"], "there is no command opps; did you mean ops?"),
    (["help", "foo"], "there is no command foo; see pictor --help"),
    (["render", "--formt", "x"],
        "there is no option --formt; did you mean --format?"),
    (["ops", "-x"], "there is no option -x; see pictor help ops"),
    (["ops", "--jobs", "3"], "ops takes no --jobs; see pictor help ops"),
    (["render", "a", "b", "--jobs", "0"],
        "--jobs 0: not a whole number, or out of range. From 1 to 256."),
    (["render", "a", "b", "--jobs", "1.5"],
        "--jobs 1.5: not a whole number, or out of range. From 1 to 256."),
    (["render", "a", "b", "--timeout", "2h"],
        "--timeout 2h: not a time, as 5, 500ms or 2m, or out of range. "
        "From 1 s to 3600 s; default 600 s."),
    (["render", "a", "b", "--to"], "--to needs a value: FOLDER"),
    (["render", "a", "b", "--quiet=yes"], "--quiet takes no value"),
    (["render", "a", "b", "-qJ"],
        "--quiet takes no value; flags are written one by one"),
    (["render", "-q", "-q", "a", "b"], "--quiet is given twice"),
    (["explain"], "usage: pictor explain URL"),
    (["explain", "/a", "/b"], "usage: pictor explain URL"),
    (["-x"], "there is no option -x; see pictor --help"),
    (["check", "x"],
        "x: not a store and an original in it, as files/photo.jpg"),
    (["ops", "blurr"], "there is no operation blurr; did you mean blur?"),
    (["formats", "web"], "there is no format web; did you mean webp?"),
    (["completion", "tcsh"],
        "completion knows bash, fish and zsh, not tcsh"),
])
def test_wrong_usage(words, line):
    assert bad(2, *words) == line


def test_options_stand_anywhere():
    assert good("--json", "ops", "blur") == good("ops", "blur", "--json") \
        == good("ops", "-J", "--", "blur")


def test_version():
    assert re.match(r"pictor \d\S*, libvips \d", good("--version"))
    assert good("-V") == good("ops", "--version")


def test_output_that_cannot_be_written():
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([PICTOR, "ops"], stdout=full,
            stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert "standard output: No space left on device" in done.stderr


def test_ops():
    rows = [json.loads(l) for l in good("ops", "--json").splitlines()]
    names = [r["name"] for r in rows]
    assert names[0] == "autoorient" and "resize" in names
    listed = re.findall(r"^  (\w+) ", good("ops"), re.M)
    assert listed == names
    for row in rows:
        text = good("ops", row["name"])
        assert row["example"].split("&")[0] in text
        for arg in row["arguments"]:
            assert f"\n  {arg['name']}\n" in text
        # The example stays in one line, to be copied.
        assert max(map(len, text.split("\nExample")[0].splitlines())) < 80


def test_one_operation():
    row = json.loads(good("ops", "blur", "--json"))
    sigma = row["arguments"][0]
    assert (sigma["name"], sigma["min"], sigma["max"], sigma["unit"]) == \
        ("sigma", 0.3, 1000, "px")
    assert sigma["default"] is None
    assert row["arguments"][1]["choices"] == ["integer", "float",
        "approximate"]
    # By sharp's word, too.
    assert good("ops", "greyscale") == good("ops", "grayscale")


def test_formats():
    rows = {r["name"]: r for r in
        map(json.loads, good("formats", "--json").splitlines())}
    for name in ("jpeg", "png", "webp", "gif"):
        assert rows[name]["reads"] and rows[name]["writes"]
    assert not rows["heic"]["writes"] and rows["heic"]["options"] == []
    assert "progressive" in rows["jpeg"]["options"]
    assert "lossless" not in rows["jpeg"]["options"]
    assert "lossless" in rows["webp"]["options"]
    assert rows["webp"]["animation"] and not rows["jpeg"]["alpha"]
    # What is no option there is not called one.
    assert rows["raw"]["options"] == ["profile", "depth"]
    assert rows["info"]["options"] == ["keep"]
    assert "quality" not in rows["png"]["options"]
    table = good("formats")
    for name, row in rows.items():
        assert re.search(rf"^  {name} .*{re.escape(row['media_type'])}$",
            table, re.M)
        for option in row["options"]:
            assert f"\n  {option}\n" in good("formats", name)


def test_check():
    text = good("check")
    assert "jpeg can be written" in text and "FAILED" not in text
    assert good("check", "--quiet") == ""


def test_check_finds_what_is_wrong(tmp_path):
    conf = tmp_path / "pictor.conf"
    conf.write_text("[render]\nworkrs = 1\n")
    assert "did you mean workers" in bad(1, "check", "--config", conf)
    done = run("check", "--config", tmp_path / "none.conf")
    assert done.returncode == 1 and "none.conf" in done.stderr
