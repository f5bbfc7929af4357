# SPDX-License-Identifier: Apache-2.0
"""Servers that tests start beside pictord: how each begins, is waited for,
broken, and ended by its own process id."""
import contextlib
import functools
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import pytest

import kit
import server

START_S = 120 # others build and test beside it


@functools.lru_cache(maxsize=None)
def _installed(option):
    done = subprocess.run(
        [kit.SRC / "packaging" / "install-dependencies", option],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    said = done.stderr.strip().splitlines() or ["it said nothing"]
    return done.stdout.strip(), done.returncode, said[-1]


def installed(option):
    """The path that install-dependencies prints; makes it first, or waits for
    who is making it. A test without it is skipped, and says why."""
    path, status, said = _installed(option)
    if status != 0:
        pytest.skip(said)
    return pathlib.Path(path)


def tool(name, why):
    """A program in PATH."""
    path = shutil.which(name)
    if not path:
        pytest.skip(f"{why} needs {name}: packaging/install-dependencies "
            "--check")
    return path


@contextlib.contextmanager
def folder(name):
    """A new one that every user may enter, removed in the end."""
    path = pathlib.Path(tempfile.mkdtemp(prefix=f"pictor-{name}-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class Program:
    """A server. Whoever inherits says command(), and ready(): is it? Its pid
    is the server's own; it stays in the group of processes of this test, which
    tests/run.py ends whatever happens."""

    def __init__(self, place):
        self.place = pathlib.Path(place)
        self.log_path = self.place / "log"
        self.process = None

    def command(self):
        raise NotImplementedError

    def ready(self):
        raise NotImplementedError

    def environment(self):
        return {"PATH": os.environ["PATH"], "HOME": str(self.place)}

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def launch(self):
        """Starts without waiting."""
        assert self.process is None
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log,
                stderr=log, stdin=subprocess.DEVNULL, cwd=self.place,
                env=self.environment())

    def wait(self):
        def up():
            assert self.process.poll() is None, self.log()[-2000:]
            return self.ready()

        server.until(up, f"{type(self).__name__} is ready", START_S)

    def start(self):
        self.launch()
        self.wait()
        return self

    def stop(self, number=signal.SIGTERM):
        """Ends it in its own way; if it does not, by force."""
        process, self.process = self.process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
            process.send_signal(number)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill(self):
        """As when the machine is gone."""
        self.stop(signal.SIGKILL)

    def pause(self):
        """It is there and does not answer, until resume()."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def restart(self):
        self.stop()
        self.start()
