# SPDX-License-Identifier: Apache-2.0
"""Of bench.py: what the way of events costs who answers, whatever becomes of
them: hits without events, with a spool, and with brokers that refuse or that
never say a word; and what the daemon does when nobody asks any more.
"""
import contextlib
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from servers import Server, cpu_seconds, free_port

PHOTO = 'riverside-2725x2225.jpg'
PATH = '/photo.jpg?width=640&format=webp&quality=83'
SPOOL = 64 * 1024 * 1024
MS = {'us': 1e-3, 'ms': 1, 's': 1000, 'm': 60000}


def pictord(name, binary, folder, home, spool, broker):
    port, admin = free_port(), free_port()
    home = pathlib.Path(tempfile.mkdtemp(dir=home))
    conf = home / 'pictor.conf'
    conf.write_text(
        f'[http]\nlisten = 127.0.0.1:{port}\nadmin = 127.0.0.1:{admin}\n[cache]\nmemory = 256M\n'
        '[log]\naccess =\nlevel = error\n[event]\nfile =\n'
        + (f'[spool]\npath = {home}/spool\nsize = {SPOOL}\n' if spool else '')
        + (f'[kafka]\nbrokers = {broker}\ndrain_time = 0s\n' if broker else '')
        + f'[store.files]\nroot = {folder}\n[mount.query]\npath = /\n')
    server = Server(name, [binary, '--config', str(conf)], port)
    server.spool, server.admin = home / 'spool', admin
    return server


@contextlib.contextmanager
def silent():
    """A broker that takes connections and never answers."""
    with socket.create_server(('127.0.0.1', 0), backlog=512) as s:
        yield f'127.0.0.1:{s.getsockname()[1]}'


def milliseconds(text):
    number = text.rstrip('mus')
    return float(number) * MS[text[len(number):]]


def hits(server, seconds):
    """Requests a second, CPU us of the server for each, median and 99th in ms."""
    cpu = cpu_seconds(server.pid)
    out = subprocess.run(['wrk', '-t1', '-c16', f'-d{seconds}s', '--latency', f'http://127.0.0.1:{server.port}{PATH}'],
                         capture_output=True, text=True, check=True).stdout
    cpu = cpu_seconds(server.pid) - cpu
    words = [line.split() for line in out.splitlines()]
    done = int(next(w[0] for w in words if w[1:3] == ['requests', 'in']))
    rate = float(next(w[1] for w in words if w[:1] == ['Requests/sec:']))
    half, most = (milliseconds(next(w[1] for w in words if w[:1] == [of])) for of in ('50%', '99%'))
    return rate, cpu * 1e6 / max(1, done), half, most


def idle(server, seconds):
    """CPU of one core, in percent, when nobody asks."""
    time.sleep(1)
    cpu, began = cpu_seconds(server.pid), time.monotonic()
    time.sleep(seconds)
    return 100 * (cpu_seconds(server.pid) - cpu) / (time.monotonic() - began)


def run(args, home):
    folder = pathlib.Path(home) / 'events'
    folder.mkdir()
    shutil.copy(pathlib.Path(args.photos) / PHOTO, folder / 'photo.jpg')
    binary = args.builds[0][1]
    with silent() as nobody:
        servers = [pictord(name, binary, folder, home, spool, broker) for name, spool, broker in (
            ('no events', False, None), ('spool', True, None), ('spool, brokers refuse', True, '127.0.0.1:1'),
            ('spool, brokers silent', True, nobody))]
        rows = {}
        for server in servers:
            hits(server, 1)
        for _ in range(args.rounds):
            for server in servers:
                rows.setdefault(server.name, []).append(hits(server, args.seconds))
        print(f'\nhits with events, 16 connections, {args.rounds} rounds of {args.seconds} s, spool of {SPOOL >> 20} MiB')
        print(f'  {"":28}{"req/s":>10}{"CPU us":>9}{"p50 ms":>9}{"p99 ms":>9}{"idle CPU %":>12}{"spool MiB":>11}')
        for server in servers:
            rate, cpu, half, most = (statistics.median(column) for column in zip(*rows[server.name]))
            size = sum(f.stat().st_size for f in server.spool.glob('*.seg'))
            print(f'  {server.name:28}{rate:10.0f}{cpu:9.1f}{half:9.2f}{most:9.2f}{idle(server, 3):12.1f}{size / (1 << 20):11.1f}')
            sys.stdout.flush()
        for server in servers:
            server.stop()
