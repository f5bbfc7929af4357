# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL of one's own: a new cluster on a free port of the loopback, and
a new database for each test that asks. It does without fsync: what was
committed outlives a crash of it, if not of the machine."""
import itertools
import os
import pathlib
import pwd
import re
import signal
import subprocess

import pytest

import certs
import program
import server

ADMIN = "pictor"


def folder_of_programs():
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda p: float(re.sub(r"[^\d.]", "", p.parts[4]) or 0))
    if found:
        return found[-1].parent
    return pathlib.Path(program.tool("initdb", "a database")).parent


def other_user():
    """It refuses to run as root: who it is then, and the words for that."""
    if os.geteuid() != 0:
        return None, []
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return user, ["setpriv", f"--reuid={user.pw_uid}",
            f"--regid={user.pw_gid}", "--clear-groups"]
    pytest.skip("PostgreSQL does not run as root, and there is no other user")
    return None, []


class Postgres(program.Program):
    """host, port: by TCP, with TLS if the client wants (ca says who it is);
    sockets: the folder of its Unix socket. Everybody may be anyone but those
    of role_with_password()."""

    def __init__(self, place):
        super().__init__(place)
        self.programs = folder_of_programs()
        self.user, self.become = other_user()
        self.host, self.port = "127.0.0.1", server.free_port()
        self.sockets = self.place
        self.data = self.place / "data"
        self.count = itertools.count()
        authority = certs.Authority(self.place / "tls")
        self.ca = authority.ca
        self.certificate, self.key = authority.issue("postgres")
        self.key.chmod(0o600)
        if self.user:
            for path in (self.place, self.key, self.certificate):
                os.chown(path, self.user.pw_uid, self.user.pw_gid)
        self._run("initdb", "-D", self.data, "-U", ADMIN, "-A", "trust",
            "--locale=C.UTF-8", "-E", "UTF8", "--no-sync")

    def _run(self, name, *words):
        return subprocess.run([*self.become, self.programs / name, *words],
            check=True, cwd=self.place, capture_output=True,
            stdin=subprocess.DEVNULL)

    def command(self):
        settings = {"listen_addresses": self.host, "port": self.port,
            "unix_socket_directories": self.sockets, "fsync": "off",
            "full_page_writes": "off",
            "shared_buffers": "32MB", "max_connections": 50, "ssl": "on",
            "ssl_cert_file": self.certificate, "ssl_key_file": self.key,
            "jit": "off", "autovacuum_naptime": "60s"}
        return [*self.become, str(self.programs / "postgres"), "-D",
            str(self.data)] + [word for key, value in settings.items()
            for word in ("-c", f"{key}={value}")]

    def ready(self):
        return subprocess.run([self.programs / "pg_isready", "-q", "-h",
            self.sockets, "-p", str(self.port)], check=False).returncode == 0

    def stop(self, number=signal.SIGINT):
        """SIGINT: fast. SIGQUIT: as in a crash, its processes end at once and
        what was open is undone at the next start."""
        super().stop(number)

    def kill(self):
        """kill -9 would leave its other processes for a moment."""
        self.stop(signal.SIGQUIT)

    # --- using it ---

    def create(self):
        """The name of a new, empty database."""
        name = f"t{os.getpid()}_{next(self.count)}"
        self.sql(f"CREATE DATABASE {name}", "postgres")
        return name

    def drop(self, name):
        if self.process is None:
            self.start()
        self.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", "postgres")

    def dsn(self, database, user=ADMIN, **more):
        """For libpq; sslmode and the like in more."""
        words = {"host": self.host, "port": self.port, "user": user,
            "dbname": database, "sslmode": "disable", **more}
        return " ".join(f"{k}={v}" for k, v in words.items())

    def psql(self, text, dsn):
        """(exit status, what it answered, what it complained about)"""
        done = subprocess.run([self.programs / "psql", "-X", "-q", "-A", "-t",
            "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", dsn], input=text,
            text=True, check=False, capture_output=True)
        return done.returncode, done.stdout, done.stderr

    def sql(self, text, database, user=ADMIN):
        """Runs it; the rows, each a list of texts; NULL is an empty one."""
        status, out, said = self.psql(text, self.dsn(database, user))
        assert status == 0, said
        return [line.split("\t") for line in out.splitlines()]

    def one(self, text, database, user=ADMIN):
        """The only value of the only row."""
        (value,), = self.sql(text, database, user)
        return value

    def role_with_password(self, name, password):
        """That role exists and may come only by TCP, with this password."""
        rules = self.data / "pg_hba.conf"
        line = f"host all {name} all scram-sha-256\nlocal all {name} reject\n"
        before = rules.read_text(encoding="utf-8")
        if line not in before:
            rules.write_text(line + before, encoding="utf-8")
        self.sql(f"DO $$ BEGIN CREATE ROLE {name}; EXCEPTION WHEN "
            f"duplicate_object THEN NULL; END $$;\n"
            f"ALTER ROLE {name} LOGIN PASSWORD '{password}';\n"
            "SELECT pg_reload_conf()", "postgres")


@pytest.fixture(scope="session")
def postgres_server():
    with program.folder("pg") as place:
        it = Postgres(place)
        try:
            yield it.start()
        finally:
            it.stop()


@pytest.fixture
def postgres(postgres_server):
    """The Postgres, running, whatever the test before did to it."""
    if postgres_server.process is None:
        postgres_server.start()
    return postgres_server


@pytest.fixture
def database(postgres):
    """The name of a database of this test."""
    name = postgres.create()
    yield name
    postgres.drop(name)
