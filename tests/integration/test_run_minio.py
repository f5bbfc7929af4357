# SPDX-License-Identifier: Apache-2.0
"""make run STORE=minio: what it runs, and that nothing of it is left."""
import os
import re
import signal
import subprocess
import sys

import images
import kit
import program
import server


def test_demo(place, files):
    minio = program.installed("--minio")
    port = server.free_port()
    (files / "a b").mkdir()
    (files / "a b" / "ü+1.png").write_bytes(images.png(30, 20))
    environment = {**kit.environment(),
        "PICTOR_HTTP_LISTEN": f"127.0.0.1:{port}",
        "PICTOR_HTTP_ADMIN": f"127.0.0.1:{server.free_port()}"}
    if kit.LOCAL:
        environment["PICTOR_RENDER_MODE"] = "local"
    with open(place / "out", "wb") as out:
        demo = subprocess.Popen([sys.executable,
            kit.SRC / "packaging" / "run-minio.py", minio, files,
            place / "run", server.binary()], stdout=out, stderr=out,
            stdin=subprocess.DEVNULL, cwd=place, env=environment)
    try:
        def text():
            assert demo.poll() is None, (place / "out").read_text()
            return (place / "out").read_text()

        server.until(lambda: " ready, " in text(), "it is ready",
            server.START_S)
        it = server.Server(place, files, {})
        it.port = port
        for path, width in (("/cat.png", 64), ("/a%20b/%C3%BC%2B1.png", 30)):
            answer = it.get(path)
            assert answer.status == 200, answer
            assert images.size_of_png(answer.body)[0] == width
        assert it.get("/none.png").status == 404
        conf = place / "run" / "pictor.conf"
        assert os.stat(conf).st_mode & 0o77 == 0
        pids = [*kit.children(demo.pid)]
        assert len(pids) == 2
        assert re.search("holds 2 files in the bucket", text())
    finally:
        demo.send_signal(signal.SIGTERM)
        assert demo.wait(60) == 0, (place / "out").read_text()
    for pid in pids:
        server.until(lambda p=pid: not os.path.exists(f"/proc/{p}"),
            "it is gone")
