# SPDX-License-Identifier: Apache-2.0
"""A small S3 client, not Pictor's: what tests put into a store and see there
must not depend on the code that they test. Path style, signature version 4."""
import datetime
import hashlib
import hmac
import http.client
import ssl
import urllib.parse
import xml.etree.ElementTree

SAFE = "-._~"


def quoted(text, more=""):
    return urllib.parse.quote(text, safe=SAFE + more)


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class Refused(Exception):
    def __init__(self, status, code, body):
        super().__init__(f"{status} {code} {body[:300]!r}")
        self.status, self.code = status, code


class Answer:
    def __init__(self, answer):
        self.status = answer.status
        self.headers = answer.headers
        self.body = answer.read()


class Client:
    """user, password: access key and secret; token: of temporary ones;
    ca: the file of a CA, then it speaks TLS."""

    def __init__(self, host, port, user, password, token=None, ca=None,
            region="us-east-1"):
        self.host, self.port, self.region = host, port, region
        self.user, self.password, self.token = user, password, token
        self.ca = ca
        self.connection = None

    def _connect(self):
        if self.ca:
            return http.client.HTTPSConnection(self.host, self.port,
                timeout=60, context=ssl.create_default_context(cafile=self.ca))
        return http.client.HTTPConnection(self.host, self.port, timeout=60)

    def _signed(self, method, path, query, headers, body, service):
        now = datetime.datetime.now(datetime.timezone.utc)
        stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
        headers = {"host": f"{self.host}:{self.port}", "x-amz-date": stamp,
            "x-amz-content-sha256": hashlib.sha256(body).hexdigest(),
            **{k.lower(): v for k, v in headers.items()}}
        if self.token:
            headers["x-amz-security-token"] = self.token
        names = ";".join(sorted(headers))
        request = "\n".join([method, path, query,
            *(f"{k}:{headers[k]}" for k in sorted(headers)), "", names,
            headers["x-amz-content-sha256"]])
        scope = f"{day}/{self.region}/{service}/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope,
            hashlib.sha256(request.encode()).hexdigest()])
        key = ("AWS4" + self.password).encode()
        for part in (day, self.region, service, "aws4_request"):
            key = sign(key, part)
        headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={self.user}/"
            f"{scope}, SignedHeaders={names}, Signature={sign(key, text).hex()}")
        return headers

    def call(self, method, bucket="", key="", query=None, headers=None,
            body=b"", service="s3"):
        """An Answer, or Refused."""
        path = "/" + quoted("/".join(p for p in (bucket, key) if p), "/")
        words = "&".join(sorted(f"{quoted(k)}={quoted(v)}"
            for k, v in (query or {}).items()))
        signed = self._signed(method, path, words, headers or {}, body,
            service)
        for fresh in (False, True):
            if fresh or self.connection is None:
                self.connection = self._connect()
            try:
                self.connection.request(method,
                    path + ("?" + words if words else ""), body, signed)
                answer = Answer(self.connection.getresponse())
                break
            except (OSError, http.client.HTTPException):
                self.connection.close()
                if fresh:
                    raise
        if answer.status >= 300:
            code = xml.etree.ElementTree.fromstring(answer.body).findtext(
                ".//{*}Code") if answer.body[:1] == b"<" else None
            raise Refused(answer.status, code, answer.body)
        return answer

    # --- by name ---

    def make(self, bucket, versions=False):
        self.call("PUT", bucket)
        if versions:
            self.call("PUT", bucket, query={"versioning": ""},
                body=b"<VersioningConfiguration><Status>Enabled</Status>"
                b"</VersioningConfiguration>")
        return bucket

    def put(self, bucket, key, data, **headers):
        """Headers have _ for a dash. The version's id, or None."""
        answer = self.call("PUT", bucket, key, headers={
            k.replace("_", "-"): v for k, v in headers.items()}, body=data)
        return answer.headers["x-amz-version-id"]

    def get(self, bucket, key, version=None, **headers):
        return self.call("GET", bucket, key,
            {"versionId": version} if version else None,
            {k.replace("_", "-"): v for k, v in headers.items()})

    def delete(self, bucket, key):
        self.call("DELETE", bucket, key)

    def keys(self, bucket, prefix=""):
        found, more = [], {}
        while True:
            answer = self.call("GET", bucket, query={"list-type": "2",
                "prefix": prefix, "encoding-type": "url", **more})
            tree = xml.etree.ElementTree.fromstring(answer.body)
            found += [urllib.parse.unquote_plus(k.text)
                for k in tree.iterfind("{*}Contents/{*}Key")]
            token = tree.findtext("{*}NextContinuationToken")
            if not token:
                return found
            more = {"continuation-token": token}

    def restricted(self, policy, seconds=900):
        """A client with temporary credentials that may do what this policy,
        a text of JSON, allows, and nothing else."""
        body = urllib.parse.urlencode({"Action": "AssumeRole",
            "Version": "2011-06-15", "DurationSeconds": seconds,
            "Policy": policy}).encode()
        answer = self.call("POST", body=body, service="sts", headers={
            "content-type": "application/x-www-form-urlencoded"})
        tree = xml.etree.ElementTree.fromstring(answer.body)
        return Client(self.host, self.port, *(tree.findtext(".//{*}" + name)
            for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")),
            ca=self.ca, region=self.region)
