# SPDX-License-Identifier: Apache-2.0
"""The program pictor, run; and in a terminal of 80 columns."""
import fcntl
import os
import pty
import struct
import subprocess
import termios

import kit

PICTOR = str(kit.BUILD / "pictor")
LOCAL = ["--local"] if kit.LOCAL else []


def run(*words, **more):
    """Its status, standard output and standard error as text."""
    more.setdefault("text", True)
    return subprocess.run([PICTOR, *map(str, words)], capture_output=True,
        env={**kit.environment(), **more.pop("env", {})},
        timeout=120 * kit.PATIENCE, **more)


def good(*words, **more):
    done = run(*words, **more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def bad(status, *words, **more):
    """Its one line of complaint, without the program's name."""
    done = run(*words, **more)
    assert done.returncode == status, (done.returncode, done.stderr)
    assert done.stderr.startswith("pictor: "), done.stderr
    return done.stderr.removeprefix("pictor: ").rstrip("\n")


def render(*words, **more):
    return run("render", *LOCAL, *words, **more)


def in_terminal(*words, cwd=None):
    """All that it writes to a terminal, and its status."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(cwd or ".")
        os.execve(PICTOR, [PICTOR, *map(str, words)], kit.environment())
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    out = b""
    while True:
        try:
            piece = os.read(fd, 65536)
        except OSError:
            break
        if not piece:
            break
        out += piece
    os.close(fd)
    return out.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
