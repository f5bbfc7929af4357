# SPDX-License-Identifier: Apache-2.0
"""Certificates for the servers of tests, made on the spot by openssl."""
import subprocess

import program


class Authority:
    """A CA of its own in that folder: ca is its certificate, a file."""

    def __init__(self, folder, name="Pictor's tests"):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.openssl = program.tool("openssl", "a server with TLS")
        self.ca = folder / "ca.pem"
        self.key = folder / "ca.key"
        self._run("req", "-x509", "-newkey", "rsa:2048", "-nodes",
            "-keyout", self.key, "-out", self.ca, "-days", "2",
            "-subj", f"/CN={name}")

    def _run(self, *words):
        subprocess.run([self.openssl, *words], check=True,
            stdin=subprocess.DEVNULL, capture_output=True)

    def issue(self, name, hosts=("localhost", "127.0.0.1"), days=2):
        """(certificate, key) files of CN name, for those hosts; the key is
        PKCS #8. Negative days: it has expired."""
        request, certificate, key, more = (self.folder / f"{name}.{ending}"
            for ending in ("csr", "pem", "key", "ext"))
        names = ",".join(("IP:" if h[0].isdigit() else "DNS:") + h
            for h in hosts)
        more.write_text(f"subjectAltName={names}\n" if names else "",
            encoding="ascii")
        self._run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key,
            "-out", request, "-subj", f"/CN={name}")
        self._run("x509", "-req", "-in", request, "-CA", self.ca,
            "-CAkey", self.key, "-CAcreateserial", "-days", str(days),
            "-extfile", more, "-out", certificate)
        return certificate, key

    def bundle(self, name, **more):
        """One file with key and certificate and ours, as Kafka wants it."""
        certificate, key = self.issue(name, **more)
        path = self.folder / f"{name}.both.pem"
        path.write_bytes(key.read_bytes() + certificate.read_bytes()
            + self.ca.read_bytes())
        return path
