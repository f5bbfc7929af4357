# SPDX-License-Identifier: Apache-2.0
"""What shells offer behind pictor, asked of the shells themselves."""
import contextlib
import os
import pty
import subprocess

import pytest

import program
from cli import good


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("completion")
    for shell in ("bash", "fish", "zsh"):
        (folder / shell).write_text(good("completion", shell))
    return folder


@pytest.fixture
def script(scripts):
    return scripts / "bash"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "photo one.jpg").touch()
    (tmp_path / "folder").mkdir()
    return tmp_path


@pytest.fixture
def offers(script, folder):
    def ask(*words):
        """words: as bash cuts the line; the last one is being written."""
        line = " ".join(f"'{w}'" for w in words)
        run = subprocess.run(["bash", "--norc", "-c",
            f"source {script}; COMP_WORDS=({line}); "
            f"COMP_CWORD={len(words) - 1}; _pictor; "
            'printf "%s\\n" "${COMPREPLY[@]}"'],
            capture_output=True, text=True, cwd=folder, check=True)
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
    assert offers("pictor", "completion", "") == ["bash", "fish", "zsh"]


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


# ---- fish ----

@pytest.fixture
def fish(scripts, folder):
    shell = program.tool("fish", "its completion")

    def ask(line):
        """What it offers behind the line, and what it says of each."""
        run = subprocess.run([shell, "--no-config", "-c",
            f"source {scripts}/fish; complete -C '{line}'"],
            capture_output=True, text=True, cwd=folder, check=True,
            env={**os.environ, "HOME": str(folder)})
        assert run.stderr == ""
        return dict((*row.split("\t"), "")[:2]
            for row in run.stdout.splitlines())

    return ask


@pytest.mark.parametrize("line, words", [
    ("pictor re", ["render", "report"]),
    ("pictor --v", ["--version"]),
    ("pictor help comp", ["completion"]),
    ("pictor render --jo", ["--jobs"]),
    ("pictor bench --jo", []),
    ("pictor --quiet render --jo", ["--jobs"]),
    ("pictor render --format we", ["webp"]),
    ("pictor url -d ", ["dit", "query"]),
    ("pictor render --jobs ", []),
    ("pictor check --config pho", ["photo one.jpg"]),
    ("pictor ops shar", ["sharpen"]),
    ("pictor ops pho", []),
    ("pictor render pho", ["photo one.jpg"]),
    ("pictor render a.jpg wid", ["width="]),
    ("pictor url a.jpg fit=co", ["fit=contain", "fit=cover"]),
    ("pictor completion ", ["bash", "fish", "zsh"]),
])
def test_fish(fish, line, words):
    assert sorted(fish(line)) == words


def test_fish_says_what_words_mean(fish):
    assert fish("pictor rend")["render"].startswith("Render images")
    assert fish("pictor url a blu")["blur="] == \
        "Soften the image with a Gaussian"
    assert fish("pictor render --jo")["--jobs"] == \
        "Render so many images at one time"


# ---- zsh ----

class Zsh:
    """One in a terminal, whose pictor prints the words that it is given."""

    def __init__(self, shell, script, folder):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execve(shell, [shell, "-f", "-i"], {"PATH": os.environ["PATH"],
                "TERM": "dumb", "HOME": str(folder), "LC_ALL": "C.UTF-8"})
        self.out = b""
        self.write("stty -echo; unset zle_bracketed_paste\n")
        self.write("autoload -U compinit; compinit -u -D\n"
            f"source {script}; pictor() {{ print -rl BEGIN \"$@\" 'E''ND' }}\n"
            "print -r 'REA''DY'\n")
        self.until(b"READY\r\n")

    def write(self, text):
        os.write(self.fd, text.encode())

    def until(self, word):
        while word not in self.out:
            self.out += os.read(self.fd, 65536)
        before, _, self.out = self.out.partition(word)
        return before

    def close(self):
        with contextlib.suppress(OSError):
            os.close(self.fd)
        os.waitpid(self.pid, 0)

    def complete(self, line):
        """The words of the line, once Tab was pressed at its end."""
        self.write(f"{line}\t\n")
        shown = self.until(b"END\r\n").decode().replace("\r", "")
        return shown.rpartition("BEGIN\n")[2].splitlines()


@pytest.fixture(scope="module")
def zsh(scripts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("zsh")
    (folder / "photo one.jpg").touch()
    (folder / "folder").mkdir()
    shell = Zsh(program.tool("zsh", "its completion"), scripts / "zsh", folder)
    yield shell
    shell.close()


@pytest.mark.parametrize("line, words", [
    ("pictor rend", ["render"]),
    ("pictor help comp", ["help", "completion"]),
    ("pictor --v", ["--version"]),
    ("pictor render --jo", ["render", "--jobs"]),
    ("pictor bench --jo", ["bench", "--jo"]),
    ("pictor render --format we", ["render", "--format", "webp"]),
    ("pictor render --to fo", ["render", "--to", "folder"]),
    ("pictor render pho", ["render", "photo one.jpg"]),
    ("pictor render a.jpg wid", ["render", "a.jpg", "width="]),
    ("pictor url a fit=cov", ["url", "a", "fit=cover"]),
    ("pictor ops shar", ["ops", "sharpen"]),
    ("pictor completion z", ["completion", "zsh"]),
])
def test_zsh(zsh, line, words):
    assert zsh.complete(line) == words


def test_zsh_by_the_folder_of_functions(scripts, tmp_path):
    """As installed: compinit finds _pictor in one of $fpath."""
    (tmp_path / "_pictor").write_bytes((scripts / "zsh").read_bytes())
    run = subprocess.run([program.tool("zsh", "its completion"), "-f", "-c",
        f"fpath=({tmp_path} $fpath); autoload -U compinit; compinit -u -D; "
        "print $_comps[pictor]"], capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == ("_pictor\n", "")
