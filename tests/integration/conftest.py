# SPDX-License-Identifier: Apache-2.0
"""What every test here gets: a daemon of its own, started by need, and stopped
in the end by its process id. That it ends with 0 and that no sanitizer spoke is
part of every test."""
import contextlib
import os
import pathlib
import shutil
import tempfile

import pytest

import images
import kit
from server import Server
# Fixtures of servers that run beside pictord, each started by need.
from bad_origin import origin # noqa: F401
from kafka import kafka, kafka_scram, kafka_server # noqa: F401
from stores import bucket, minio, minio_server, minio_tls # noqa: F401
from postgres import database, postgres, postgres_server # noqa: F401


@pytest.fixture
def place():
    """A folder that every user may enter: pytest's own are closed to others,
    and some tests let the daemon be another user."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pictor-test-"))
    os.chmod(folder, 0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def files(place):
    """The store's folder, with one small PNG, cat.png, of 64 x 48 pixels."""
    folder = place / "files"
    folder.mkdir()
    (folder / "cat.png").write_bytes(images.png(64, 48))
    return folder


@pytest.fixture
def start(place, files):
    """start(conf, ...) -> a running Server; see server.py. One worker is
    enough here, and each takes a while to start."""
    with contextlib.ExitStack() as stops:
        def run(conf=None, **more):
            server = Server(place, files, {"render": {"workers": 1}}, **more)
            server.set(conf or {})
            stops.callback(server.stop)
            server.start()
            return server

        yield run


@pytest.fixture
def server(start):
    """A Server with the defaults."""
    return start()


@pytest.fixture(scope="session")
def originals(tmp_path_factory):
    """Originals of every kind, good and bad (kit.py), that nobody changes."""
    folder = tmp_path_factory.mktemp("originals")
    kit.make_originals(folder)
    return folder


def _serve(place, originals):
    servers = []

    def run(conf=None, files=originals, start=True, **more):
        servers.append(kit.Server(place / f"server{len(servers)}", files,
            conf or {}, **more))
        if start:
            servers[-1].start()
        return servers[-1]

    run.servers = servers
    yield run
    failed = []
    for server in servers:
        try:
            server.stop()
        except AssertionError as problem:
            failed.append(str(problem))
    assert not failed, "\n".join(failed)


@pytest.fixture
def serve(tmp_path, originals):
    """serve(conf, ...) -> a running kit.Server on the originals."""
    yield from _serve(tmp_path, originals)


@pytest.fixture(scope="module")
def serve_all(tmp_path_factory, originals):
    """As serve, for all tests of a module."""
    yield from _serve(tmp_path_factory.mktemp("servers"), originals)


def pytest_configure(config):
    config.addinivalue_line("markers",
        "jailed: of worker processes, which render.mode = local has not")


def pytest_collection_modifyitems(config, items):
    """Where ThreadSanitizer looks, there is nothing jailed to test."""
    if kit.LOCAL:
        out = [i for i in items if i.get_closest_marker("jailed")]
        config.hook.pytest_deselected(items=out)
        items[:] = [i for i in items if i not in out]
