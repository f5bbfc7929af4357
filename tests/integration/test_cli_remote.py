# SPDX-License-Identifier: Apache-2.0
"""pictor render with originals that are no files."""
import functools
import http.server
import json
import threading

import pytest

import images
from cli import bad, render


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass


@pytest.fixture
def web(tmp_path):
    """URL of a server of the folder www, which has two images."""
    folder = tmp_path / "www"
    folder.mkdir()
    (folder / "a b.png").write_bytes(images.png(64, 48))
    (folder / "c.png").write_bytes(images.png(60, 40))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
        functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def conf(tmp_path):
    """conf(store, ...) writes a configuration with these stores."""
    def write(**stores):
        path = tmp_path / "conf"
        path.write_text("".join(f"[store.{name}]\n" + "".join(
            f"{k} = {v}\n" for k, v in rows.items())
            for name, rows in stores.items())
            + "[mount.main]\npath = /\nstores = "
            + " ".join(stores) + "\n")
        return path
    return write


def rows(done):
    return {r["input"]: r for r in map(json.loads, done.stdout.splitlines())}


def test_url_of_a_store(web, conf, tmp_path):
    config = conf(web={"type": "http", "allow": f"{web}/",
        "networks": "127.0.0.0/8"})
    out = tmp_path / "small.webp"
    done = render("--config", config, f"{web}/a%20b.png?v=1", out, "width=16")
    assert done.returncode == 0, done.stderr
    assert out.read_bytes()[8:12] == b"WEBP"


def test_url_below_an_endpoint(web, conf, tmp_path):
    config = conf(other={"type": "http", "endpoint": "http://127.0.0.1:1/"},
        web={"type": "http", "endpoint": web, "networks": "127.0.0.0/8"})
    out = tmp_path / "small.png"
    done = render("--config", config, f"{web}/a%20b.png", out, "width=16")
    assert done.returncode == 0, done.stderr
    assert images.size_of_png(out.read_bytes()) == (16, 12)


def test_several(web, conf, files, tmp_path):
    """URLs and a file at one time; each has its row, and its status counts."""
    config = conf(web={"type": "http", "allow": f"{web}/", "failures": "1",
        "networks": "127.0.0.0/8"})
    out = tmp_path / "out"
    done = render("--config", config, "--json", "--to", out,
        f"{web}/nothing.png", f"{web}/a%20b.png",
        files / "cat.png", "http://127.0.0.1:1/d.png", "width=16")
    assert done.returncode == 1
    got = rows(done)
    assert got[f"{web}/nothing.png"]["error"] == "no-source"
    assert got["http://127.0.0.1:1/d.png"]["error"] == "forbidden"
    assert got[f"{web}/a%20b.png"]["output"] == str(out / "a%20b.png")
    assert sorted(p.name for p in out.iterdir()) == [
        "a%20b.png", "cat.png"]


def test_private_addresses(web, tmp_path):
    """Without a store that allows them, also by a name that leads there."""
    port = web.rpartition(":")[2]
    for url in (f"{web}/c.png", f"http://localhost:{port}/c.png",
            f"http://[::ffff:127.0.0.1]:{port}/c.png",
            "http://169.254.169.254/latest/meta-data/a.png"):
        done = render("--json", url, "--to", tmp_path / "out")
        assert (done.returncode, rows(done)[url]["error"]) == (
            1, "forbidden"), url
    assert not list(tmp_path.glob("out/*"))


def test_files_stay_inside(web, conf, tmp_path):
    """A key that climbs is nothing that a store has."""
    config = conf(web={"type": "http", "endpoint": web,
        "networks": "127.0.0.0/8"})
    for path in ("../secret", "%2e%2e/secret", "a/%2e%2e/%2e%2e/secret"):
        done = render("--config", config, f"{web}/{path}",
            tmp_path / "o.png")
        assert done.returncode == 1, path


def test_words(tmp_path):
    assert "no store of type s3 whose name or bucket is photos" in bad(2,
        "render", "s3://photos/cat.jpg", tmp_path / "o.png")
    assert "results are files" in bad(2, "render", tmp_path / "o.png",
        "s3://photos/cat.jpg")
    # A URL has no fragment: it is refused, not cut.
    for url in ("https://user:secret@host/cat.jpg", "https://host/cat.jpg#x"):
        assert "not an http or https URL" in bad(2, "render", url,
            tmp_path / "o.png")


def test_s3(minio, bucket, conf, tmp_path):
    """By the store's name and by its bucket's; the prefix is the store's."""
    minio.client.put(bucket, "in/a (1) + \u00fc.png", images.png(64, 48))
    config = conf(photos=minio.store(bucket, prefix="in/"))
    for name in ("photos", bucket):
        out = tmp_path / f"{name}.png"
        done = render("--config", config, f"s3://{name}/a (1) + \u00fc.png",
            out, "width=16")
        assert done.returncode == 0, done.stderr
        assert images.size_of_png(out.read_bytes()) == (16, 12)
    assert "there is no key" in bad(2, "render", "--config", config,
        "s3://photos/", tmp_path / "o.png")
    done = render("--config", config, "s3://photos/none.png",
        tmp_path / "o.png")
    assert done.returncode == 1
    assert "there is no such image" in done.stderr
