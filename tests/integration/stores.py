# SPDX-License-Identifier: Apache-2.0
"""Real S3: MinIO, one process with and one without TLS, on free ports of the
loopback, with a key for SSE-KMS. What it does otherwise than AWS is for a
fake of the test's own."""
import base64
import hashlib
import http.client
import itertools
import os

import pytest

import certs
import program
import s3
import server

USER, PASSWORD = "pictor-tests", "secret-of-these-tests"
KMS_KEY = "pictor-key"


class Minio(program.Program):
    """url, host, port; user, password: the root user's; client: an s3.Client
    of it; ca: the file of the CA if it speaks TLS, else None."""

    def __init__(self, place, path, tls=False, **settings):
        super().__init__(place)
        self.path, self.settings = path, settings
        self.user, self.password, self.kms_key = USER, PASSWORD, KMS_KEY
        self.host = "localhost" if tls else "127.0.0.1"
        self.port = server.free_port()
        self.url = f"{'https' if tls else 'http'}://{self.host}:{self.port}"
        self.ca, self.words = None, []
        self.names = itertools.count()
        (self.place / "data").mkdir()
        if tls:
            self._certify()
        self.client = self.client_of(USER, PASSWORD)

    def _certify(self):
        authority = certs.Authority(self.place / "tls")
        certificate, key = authority.issue("minio")
        folder = self.place / "certs"
        folder.mkdir()
        certificate.rename(folder / "public.crt")
        key.rename(folder / "private.key")
        self.ca = authority.ca
        self.words = ["--certs-dir", str(folder)]

    def environment(self):
        key = base64.b64encode(b"k" * 32).decode()
        return {**super().environment(), "MINIO_ROOT_USER": USER,
            "MINIO_ROOT_PASSWORD": PASSWORD, "MINIO_BROWSER": "off",
            "MINIO_UPDATE": "off", "MINIO_KMS_SECRET_KEY": f"{KMS_KEY}:{key}",
            "GOMEMLIMIT": "256MiB", **self.settings}

    def command(self):
        return [str(self.path), "server", str(self.place / "data"),
            "--address", f"127.0.0.1:{self.port}", *self.words]

    def ready(self):
        """Its health says so earlier than it knows its users."""
        try:
            return self.client.call("GET").status == 200
        except (OSError, http.client.HTTPException, s3.Refused):
            return False

    def client_of(self, user, password, token=None):
        return s3.Client(self.host, self.port, user, password, token, self.ca)

    def bucket(self, versions=False):
        """A new one; its name."""
        return self.client.make(f"b{os.getpid()}-{next(self.names)}", versions)

    def store(self, bucket, **more):
        """The keys of a [store.NAME] that reads it."""
        return {"type": "s3", "endpoint": self.url, "bucket": bucket,
            "region": "us-east-1", "access_key": self.user,
            "secret_key": self.password, **more}


def customer(key):
    """The headers of SSE-C with this key."""
    return {"x-amz-server-side-encryption-customer-" + name: value
        for name, value in (("algorithm", "AES256"),
            ("key", base64.b64encode(key).decode()), ("key-MD5",
            base64.b64encode(hashlib.md5(key).digest()).decode()))}


def running(tls=False, **settings):
    path = program.installed("--minio")
    with program.folder("minio") as place:
        it = Minio(place, path, tls, **settings)
        try:
            yield it.start()
        finally:
            it.stop()


@pytest.fixture(scope="session")
def minio_server():
    yield from running()


@pytest.fixture(scope="session")
def minio_tls():
    """A Minio that speaks TLS, which SSE-C needs."""
    yield from running(tls=True)


@pytest.fixture
def minio(minio_server):
    """The Minio, running, whatever the test before did to it."""
    if minio_server.process is None:
        minio_server.start()
    return minio_server


@pytest.fixture
def bucket(minio):
    """The name of a bucket of this test."""
    return minio.bucket()
