# SPDX-License-Identifier: Apache-2.0
"""What bash offers behind pictor, asked of bash itself."""
import subprocess

import pytest

from cli import good


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    path = tmp_path_factory.mktemp("completion") / "pictor"
    path.write_text(good("completion", "bash"))
    return path


@pytest.fixture
def offers(script, tmp_path):
    (tmp_path / "photo one.jpg").touch()
    (tmp_path / "folder").mkdir()

    def ask(*words):
        """words: as bash cuts the line; the last one is being written."""
        line = " ".join(f"'{w}'" for w in words)
        run = subprocess.run(["bash", "--norc", "-c",
            f"source {script}; COMP_WORDS=({line}); "
            f"COMP_CWORD={len(words) - 1}; _pictor; "
            'printf "%s\\n" "${COMPREPLY[@]}"'],
            capture_output=True, text=True, cwd=tmp_path, check=True)
        assert run.stderr == ""
        return run.stdout.split("\n")[:-1]

    return ask


def test_script_is_clean(script):
    subprocess.run(["bash", "-n", script], check=True)


def test_commands(offers):
    assert offers("pictor", "re") == ["render", "report"]
    assert {"render", "ops", "url"} <= set(offers("pictor", ""))
    assert offers("pictor", "--v") == ["--version"]
    assert offers("pictor", "help", "comp") == ["completion"]


def test_options_are_those_of_the_command(offers):
    assert offers("pictor", "render", "--jo") == ["--jobs"]
    assert offers("pictor", "bench", "--jo") == [""]
    assert "--duration" in offers("pictor", "bench", "--")


def test_values_of_options(offers):
    assert offers("pictor", "render", "--format", "we") == ["webp"]
    assert offers("pictor", "url", "-d", "") == ["query", "dit"]
    assert offers("pictor", "render", "--to", "") == ["folder"]
    assert offers("pictor", "render", "--jobs", "") == [""]


def test_names(offers):
    assert offers("pictor", "ops", "shar") == ["sharpen"]
    assert "jpeg" in offers("pictor", "formats", "")
    assert offers("pictor", "completion", "") == ["bash"]


def test_files_and_parameters(offers):
    assert offers("pictor", "render", "pho") == ["photo one.jpg"]
    assert "width=" in offers("pictor", "render", "a.jpg", "wid")
    assert "blur=" in offers("pictor", "url", "a.jpg", "")


def test_values_of_parameters(offers):
    assert offers("pictor", "render", "a", "b", "fit", "=", "co") == \
        ["cover", "contain"]
    assert "inside" in offers("pictor", "render", "a", "b", "fit", "=")
    assert offers("pictor", "url", "a", "format", "=", "av") == ["avif"]
    assert offers("pictor", "url", "a", "flip", "=", "t") == ["true"]
