# SPDX-License-Identifier: Apache-2.0
"""Debian's chromium without a window, driven through its debugging pipe: JSON
messages that end with a zero byte, on descriptors 3 and 4."""
import fcntl
import json
import os
import select
import shutil
import subprocess
import time

WAIT_S = 60


def program():
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """One page. events: what the page's target has said, in order."""

    def __init__(self, folder):
        to_us, from_them = os.pipe()
        from_us, to_them = os.pipe()
        self.read_fd, self.write_fd = to_us, to_them
        self.data, self.last_id, self.events = b"", 0, []
        # Above the two numbers that are wanted, whatever was free.
        ends = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in
            (from_us, from_them)]

        def move():
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self.process = subprocess.Popen([program(), "--headless=new",
            "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--no-first-run", "--disable-background-networking",
            "--remote-debugging-pipe", f"--user-data-dir={folder}"],
            pass_fds=[3, 4], preexec_fn=move, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for fd in (from_us, from_them, *ends):
            os.close(fd)
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")
        self.session = self.call("Target.attachToTarget",
            targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(domain + ".enable")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.read_fd)
        os.close(self.write_fd)

    def _next(self, end):
        while b"\0" not in self.data:
            ready, _, _ = select.select([self.read_fd], [], [],
                max(0, end - time.monotonic()))
            assert ready, "the browser says nothing"
            more = os.read(self.read_fd, 1 << 20)
            assert more, "the browser has ended"
            self.data += more
        message, self.data = self.data.split(b"\0", 1)
        message = json.loads(message)
        if "method" in message:
            self.events.append((message["method"], message["params"]))
        return message

    def call(self, method, **params):
        self.last_id += 1
        message = {"id": self.last_id, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write_fd, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + WAIT_S
        while True:
            answer = self._next(end)
            if answer.get("id") == self.last_id:
                assert "error" not in answer, answer
                return answer["result"]

    def open(self, url):
        """Until the page and all that it shows have been loaded."""
        self.events = []
        self.call("Page.navigate", url=url)
        end = time.monotonic() + WAIT_S
        while not any(m == "Page.loadEventFired" for m, _ in self.events):
            self._next(end)

    def value(self, expression):
        """Of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=expression,
            returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def size(self, width, height, mobile=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width,
            height=height, deviceScaleFactor=1, mobile=mobile)

    def said(self, method):
        return [params for m, params in self.events if m == method]
