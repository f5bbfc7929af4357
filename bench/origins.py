# SPDX-License-Identifier: Apache-2.0
"""Of bench.py: what the way to the originals costs.

Throughput and CPU per request from MinIO against a folder; when decoding begins
and when the answer is there with an origin of 10 Mbit/s, against downloading
first; and good requests beside eight originals that trickle.
"""
import concurrent.futures
import http.client
import os
import pathlib
import statistics
import sys
import tempfile
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent / 'tests'
sys.path += [str(TESTS), str(TESTS / 'integration')]

import bad_origin  # noqa: E402
from servers import Server, ask, cpu_seconds, free_port, percentile, tree  # noqa: E402
import stores  # noqa: E402

PHOTO = 'riverside-2725x2225.jpg'
RATE = 10_000_000 // 8  # bytes a second


def pictord(binary, home, store, more=''):
    """One with the store of these keys, and no cache."""
    port = free_port()
    home = pathlib.Path(tempfile.mkdtemp(dir=home))
    conf = home / 'pictor.conf'
    keys = ''.join(f'{key} = {value}\n' for key, value in store.items())
    conf.write_text(
        f'[http]\nlisten = 127.0.0.1:{port}\nadmin =\n[cache]\nmemory = 0\n[log]\naccess =\nlevel = error\n'
        f'[store.it]\n{keys}[mount.query]\npath = /\nstores = it\n{more}')
    return Server('pictord', [binary, '--config', str(conf)], port)


def sequence(server, path, widths):
    connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=120)
    times = [ask(connection, f'{path}?width={width}')[0] for width in widths]
    connection.close()
    return times


# --- MinIO against a folder ---

def crowd(server, path, n, threads=4):
    """Requests a second, CPU ms of the server for each, all times in ms."""
    sequence(server, path, range(300, 303))
    cpu, began = cpu_seconds(server.pid), time.perf_counter()
    # No two at one time are the same: nothing is shared.
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        times = sum(pool.map(
            lambda i: sequence(server, path, [400 + i] * (n // threads)), range(threads)), [])
    seconds = time.perf_counter() - began
    return len(times) / seconds, (cpu_seconds(server.pid) - cpu) * 1000 / len(times), times


def kinds(args, binary, home, photo):
    servers = {'file': pictord(binary, home, {'root': photo.parent})}
    place = pathlib.Path(tempfile.mkdtemp(dir=home))
    minio = stores.Minio(place, args.minio)
    minio.start()
    try:
        bucket = minio.bucket()
        minio.client.put(bucket, PHOTO, photo.read_bytes())
        servers['s3 (MinIO)'] = pictord(binary, home, minio.store(bucket))
        rows = {name: [] for name in servers}
        for _ in range(args.rounds):
            for name, server in servers.items():
                rows[name].append(crowd(server, f'/{PHOTO}', args.requests))
        print(f'\n{photo.stat().st_size} bytes of JPEG, shrunk; 4 connections, {args.requests} requests, no cache')
        print(f'  {"":16}{"req/s":>8}{"CPU ms":>9}{"p50 ms":>9}{"p99 ms":>9}')
        for name, values in rows.items():
            times = sum((v[2] for v in values), [])
            print(f'  {name:16}{statistics.median(v[0] for v in values):8.1f}'
                  f'{statistics.median(v[1] for v in values):9.2f}'
                  f'{percentile(times, .5):9.1f}{percentile(times, .99):9.1f}')
        sys.stdout.flush()
    finally:
        for server in servers.values():
            server.stop()
        minio.stop()


# --- streaming ---

def paced(data, rate):
    """As a link of that rate: a piece each millisecond."""
    def serve(visit):
        visit.head(200, Content_Length=len(data))
        began, sent = time.perf_counter(), 0
        while sent < len(data):
            due = min(len(data), int((time.perf_counter() - began) * rate) + 1)
            visit.send(data[sent:due])
            sent = due
            time.sleep(.001)

    return serve


def decoders_ns(pid):
    """CPU of the server's worker processes."""
    total = 0
    for p in tree(pid)[1:]:
        try:
            for task in os.listdir(f'/proc/{p}/task'):
                with open(f'/proc/{p}/task/{task}/schedstat') as f:
                    total += int(f.read().split()[0])
        except OSError:
            pass
    return total


def watched(server, path):
    """ms until a decoder has worked for 1 ms, and until the answer was there."""
    before = decoders_ns(server.pid)
    first, done = [], threading.Event()
    began = time.perf_counter()

    def watch():
        while not done.is_set() and decoders_ns(server.pid) < before + 1_000_000:
            time.sleep(.002)
        first.append((time.perf_counter() - began) * 1000)

    thread = threading.Thread(target=watch)
    thread.start()
    whole = sequence(server, path, [512])[0]
    done.set()
    thread.join()
    return first[0], whole


def download(origin, path):
    began = time.perf_counter()
    connection = http.client.HTTPConnection('127.0.0.1', origin.port)
    connection.request('GET', path)
    connection.getresponse().read()
    connection.close()
    return (time.perf_counter() - began) * 1000


def http_store(origin):
    return {'type': 'http', 'endpoint': f'{origin.url}/', 'networks': '127.0.0.0/8',
            'silent_time': '1h', 'timeout': '1h'}


def streaming(args, binary, home, photo):
    origin = bad_origin.Origin()
    origin.at['/photo.jpg'] = paced(photo.read_bytes(), RATE)
    far = pictord(binary, home, http_store(origin))
    near = pictord(binary, home, {'root': photo.parent})
    rows = {'streamed': [], 'download, then decode': []}
    try:
        sequence(near, f'/{PHOTO}', [300])
        for _ in range(args.rounds):
            rows['streamed'].append(watched(far, '/photo.jpg'))
            loading = download(origin, '/photo.jpg')
            first, whole = watched(near, f'/{PHOTO}')
            rows['download, then decode'].append((loading + first, loading + whole))
        print(f'\nAn original of {photo.stat().st_size} bytes from an origin of 10 Mbit/s')
        print(f'  {"":24}{"first decoded ms":>18}{"answer ms":>12}')
        for name, values in rows.items():
            print(f'  {name:24}{statistics.median(v[0] for v in values):18.0f}'
                  f'{statistics.median(v[1] for v in values):12.0f}')
        sys.stdout.flush()
    finally:
        far.stop()
        near.stop()
        origin.stop()


# --- slow originals beside good ones ---

def ask_slow(server, origin, prefix):
    """Eight that are under way; their connections."""
    slow = []
    for i in range(8):
        c = http.client.HTTPConnection('127.0.0.1', server.port, timeout=120)
        c.request('GET', f'/{prefix}{i}.jpg?width=300')
        slow.append(c)
    while sum(origin.now[f'/{prefix}{i}.jpg'] for i in range(8)) < 8:
        time.sleep(.01)
    # What eight requests cost by themselves is over.
    time.sleep(.3)
    return slow


def beside(args, binary, home, photo):
    origin = bad_origin.Origin()
    data = photo.read_bytes()
    origin.at['/good.jpg'] = bad_origin.whole(data)
    for i in range(8):
        origin.at[f'/slow{i}.jpg'] = bad_origin.trickle(data, 1000)
        origin.at[f'/half{i}.jpg'] = bad_origin.trickle(data, 1000, at_once=len(data) // 2)
    server = pictord(binary, home, http_store(origin))
    rows = {'alone': [], 'beside 8 of 1 kB/s': [], 'the same, half came at once': []}
    n = max(10, args.requests // 4)  # short turns: the machine's own noise falls on all
    slow = []
    try:
        sequence(server, '/good.jpg', range(300, 310))
        for _ in range(4 * args.rounds):
            for name, prefix in zip(rows, (None, 'slow', 'half')):
                slow = ask_slow(server, origin, prefix) if prefix else []
                rows[name] += sequence(server, '/good.jpg', range(400, 400 + n))
                while slow:
                    slow.pop().close()
                while any(origin.now.values()):
                    time.sleep(.01)
        print(f'\nGood requests, one after the other, {4 * args.rounds} turns of {n}')
        print(f'  {"":30}{"p10 ms":>9}{"p50 ms":>9}{"p90 ms":>9}{"p99 ms":>9}')
        for name, times in rows.items():
            print(f'  {name:30}' + ''.join(
                f'{percentile(times, q):9.1f}' for q in (.1, .5, .9, .99)))
        sys.stdout.flush()
    finally:
        for c in slow:
            c.close()
        server.stop()
        origin.stop()


def run(args, home):
    folder = pathlib.Path(home) / 'photos'
    folder.mkdir()
    photo = folder / PHOTO
    photo.write_bytes((pathlib.Path(args.photos) / PHOTO).read_bytes())
    for label, binary, _ in args.builds:
        print(f'\norigins, libvips {label}')
        beside(args, binary, home, photo)
        streaming(args, binary, home, photo)
        if args.minio:
            kinds(args, binary, home, photo)
