#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The store of `make run STORE=minio`.

    run-minio.py MINIO FILES FOLDER COMMAND...

Starts that MinIO on a free port of the loopback, its data in FOLDER, puts the
files of FILES into the bucket `samples`, writes FOLDER/pictor.conf with a
store of it, runs COMMAND --config with that, and ends what it started when the
command ends or is asked to."""
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "integration"))
sys.dont_write_bytecode = True
import s3 # noqa: E402

BUCKET, USER = "samples", "pictor-demo"
WAIT_S = 30
CONF = """# Made by make run STORE=minio.
[http]
page = on
[event]
file = {events}
[store.minio]
type = s3
endpoint = http://127.0.0.1:{port}
region = us-east-1
bucket = {bucket}
access_key = {user}
secret_key = {password}
[mount.query]
path = /
stores = minio
[mount.dit]
path = /dit/
dialect = dit
stores = minio
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def await_minio(process, client):
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            return client.call("GET")
        except (OSError, s3.Refused):
            time.sleep(0.1)
    sys.exit("run-minio: MinIO did not start; see its log")


def fill(client, files):
    client.make(BUCKET)
    count = 0
    for path in sorted(p for p in files.rglob("*") if p.is_file()):
        client.put(BUCKET, path.relative_to(files).as_posix(),
            path.read_bytes())
        count += 1
    return count


def run(minio, files, folder, command):
    password, port = secrets.token_urlsafe(24), free_port()
    data = folder / "data"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder),
        "MINIO_ROOT_USER": USER, "MINIO_ROOT_PASSWORD": password,
        "MINIO_BROWSER": "off", "MINIO_UPDATE": "off"}
    with open(folder / "log", "wb") as log:
        store = subprocess.Popen([minio, "server", str(data), "--address",
            f"127.0.0.1:{port}"], env=environment, stdin=subprocess.DEVNULL,
            stdout=log, stderr=log, start_new_session=True)
    daemon = None
    try:
        client = s3.Client("127.0.0.1", port, USER, password)
        await_minio(store, client)
        count = fill(client, files)
        conf = folder / "pictor.conf"
        conf.touch(0o600)
        conf.write_text(CONF.format(port=port, bucket=BUCKET, user=USER,
            password=password, events=folder.parent / "events.jsonl"),
            encoding="utf-8")
        print(f"MinIO at http://127.0.0.1:{port}/ holds {count} files "
            f"in the bucket {BUCKET}; user and password: {conf}", flush=True)
        daemon = subprocess.Popen([*command, "--config", str(conf)])
        return daemon.wait()
    finally:
        for process in (daemon, store):
            if process and process.poll() is None:
                process.terminate()
                process.wait()


def main():
    def stop(_number, _frame):
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise SystemExit(0)

    # Ctrl-C reaches the daemon, too: it may end in its own time.
    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    for number in numbers:
        signal.signal(number, stop)
    minio, files, folder, *command = sys.argv[1:]
    folder = pathlib.Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    status = run(minio, pathlib.Path(files), folder, command)
    sys.exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
