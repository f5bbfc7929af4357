# SPDX-License-Identifier: Apache-2.0
"""The real pictor-loader: once to its end, or beside the test until stopped."""
import http.client
import os
import signal
import subprocess

import kit
import server

BINARY = kit.BUILD / "pictor-loader"
END_S = 120


class Loader:
    """One, on a database of `postgres`. conf: {"section": {"key": value}}."""

    def __init__(self, place, postgres, database, conf=None, user=None):
        self.place = place
        place.mkdir(exist_ok=True, parents=True)
        self.admin_port = server.free_port()
        self.error_path = place / "stderr"
        self.conf_path = place / "loader.conf"
        self.process = None
        self.conf = {
            "loader": {"admin": f"127.0.0.1:{self.admin_port}",
                "batch_time": "0.1s"},
            "postgres": {"host": postgres.host, "port": postgres.port,
                "database": database, "tls": "disable",
                "user": user or "pictor"}}
        self.set(conf or {})

    def set(self, conf):
        for section, keys in conf.items():
            self.conf.setdefault(section, {}).update(keys)
        self.conf_path.write_text("".join(f"[{section}]\n" + "".join(
            f"{key} = {value}\n" for key, value in keys.items())
            for section, keys in self.conf.items()), encoding="utf-8")

    # --- to its end ---

    def run(self, *words, data=None, status=0):
        """Runs it; what it said. status: the exit status that is right."""
        done = subprocess.run([BINARY, "--config", self.conf_path, *words],
            input=data, capture_output=True, text=True, timeout=END_S,
            env=kit.environment(), check=False)
        assert done.returncode == status, done.stdout + done.stderr
        assert not server.SANITIZER.search(done.stderr), done.stderr
        return done.stdout + done.stderr

    def load(self, text, **more):
        """JSON lines, from standard input."""
        return self.run("--from-file", "-", data=text, **more)

    # --- beside the test ---

    def start(self, *words):
        with open(self.error_path, "ab") as log:
            self.process = subprocess.Popen([BINARY, "--config",
                self.conf_path, *words], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env=kit.environment())
        return self

    def stop(self):
        """SIGTERM; asserts that it ends well."""
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            status = "nothing: it did not end"
        assert status == 0, f"pictor-loader ended with {status}:\n{self.log()}"
        assert not server.SANITIZER.search(self.log()), self.log()

    def kill(self):
        """kill -9"""
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.wait()

    def log(self):
        if not self.error_path.exists():
            return ""
        return self.error_path.read_text(encoding="utf-8", errors="replace")

    def said(self, text, seconds=60):
        def look():
            assert self.process is None or self.process.poll() is None, \
                f"pictor-loader ended:\n{self.log()}"
            return text in self.log()
        return server.until(look, f"{text!r} in {self.log()}", seconds)

    def ask(self, path):
        """(status, body)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port,
            timeout=30)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def metric(self, name):
        """-1 while nobody listens: it is starting."""
        try:
            text = self.ask("/metrics")[1]
        except ConnectionError:
            return -1
        for line in text.splitlines():
            if line.startswith(f"pictor_loader_{name} "):
                return float(line.split()[1])
        raise AssertionError(f"no metric {name}")


def count(postgres, database, table="bi.fact_request"):
    return int(postgres.one(f"SELECT count(*) FROM {table}", database))


def letters(postgres, database):
    """{origin: reason}"""
    return dict(postgres.sql(
        "SELECT origin, reason FROM pictor.dead_letter ORDER BY letter_key",
        database))


def report(postgres, database, *words, user="pictor", status=0):
    """What pictor report says."""
    env = {**kit.environment(), "PICTOR_POSTGRES_HOST": postgres.host,
        "PICTOR_POSTGRES_PORT": str(postgres.port),
        "PICTOR_POSTGRES_DATABASE": database, "PICTOR_POSTGRES_USER": user,
        "PICTOR_POSTGRES_TLS": "disable"}
    done = subprocess.run([os.path.join(kit.BUILD, "pictor"), "report", *words],
        capture_output=True, text=True, timeout=END_S, env=env, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr
