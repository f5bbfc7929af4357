#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures pictord side by side with its peers, in one run; prints tables.

  bench.py --pictord BUILD/pictord --floor BUILD/bench/floor [--pictord ... --floor ...]
           [--photos FOLDER] [--rounds 3] [--requests 40] [--only render|hits|formats|ops|origins|events]
           [--minio PROGRAM]

Renders: CPU milliseconds per request of the server's whole process tree, and
p50/p99 in milliseconds, one keep-alive connection, against (a) the floor: a C
loop over the same libvips with the same settings, and (b) a plain Node server
with the npm package sharp. Formats: each one written and read; ops: the ten
dearest operations; both against sharp, where it has them. Hits and 304s: requests a second and CPU
microseconds against nginx, access log on for both. Resident memory. Quality
by SSIMULACRA2 where the crate's program ssimulacra2_rs is installed. Origins:
origins.py says what; MinIO is `packaging/install-dependencies --minio`. Events:
events.py, what they cost with brokers that are away.

Rounds are interleaved and the median is printed, since machines are noisy:
trust ratios of one run, not figures of two. It never fails on time.
"""
import argparse
import http.client
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

from servers import Server, ask, cpu_seconds, free_port, measure, memory_mib, percentile

JOBS = [  # name, original, query of pictord, query of sharp, floor's format, width
    ('JPEG -> 512 JPEG', 'jpeg', 'format=jpeg', 'format=jpeg', 'jpeg', 512),
    ('JPEG -> 512 WebP', 'jpeg', 'format=webp', 'format=webp', 'webp', 512),
    ('JPEG -> 512 AVIF', 'jpeg', 'format=avif', 'format=avif', 'avif', 512),
    ('JPEG -> 512 PNG', 'jpeg', 'format=png', 'format=png', 'png', 512),
    ('GIF -> 200 GIF', 'gif', 'format=gif', 'format=gif', 'gif', 200),
    ('GIF -> 200 WebP', 'gif', 'format=webp', 'format=webp', 'gif-webp', 200),
]


def pictord(name, binary, folder, home, memory='0'):
    port = free_port()
    home = pathlib.Path(tempfile.mkdtemp(dir=home))
    conf = home / 'pictor.conf'
    conf.write_text(
        f'[http]\nlisten = 127.0.0.1:{port}\nadmin =\n'
        f'[cache]\nmemory = {memory}\n[limit]\nframes = 1000\npixels = 400M\n'.replace('400M', '400000000') +
        f'[event]\nfile = {home}/events.jsonl\n[log]\naccess = {home}/access.log\nlevel = warning\n'
        f'[store.files]\nroot = {folder}\n[mount.query]\npath = /\nmax_cost = 1000000\n')
    return Server(name, [binary, '--config', str(conf)], port)


def run_floor(binary, original, job, n):
    out = subprocess.run([binary, original, job, str(WIDTH[job]), str(n)], check=True,
                         capture_output=True, text=True).stdout.split()
    return float(out[0]), int(out[1])


WIDTH = {job[4]: job[5] for job in JOBS}


def score(reference, body, home):
    tool = shutil.which('ssimulacra2_rs')
    if tool is None:
        return None
    picture = pathlib.Path(home) / 'picture'
    png = pathlib.Path(home) / 'picture.png'
    picture.write_bytes(body)
    if subprocess.run(['vips', 'copy', str(picture), str(png)], capture_output=True).returncode:
        return None
    out = subprocess.run([tool, 'image', reference, str(png)], capture_output=True, text=True)
    words = out.stdout.split()
    return float(words[-1]) if words else None


def renders(args, home):
    folder = pathlib.Path(home) / 'originals'
    folder.mkdir()
    originals = {'jpeg': 'riverside-2725x2225.jpg', 'gif': 'earth-animated.gif'}
    for name in originals.values():
        shutil.copy(pathlib.Path(args.photos) / name, folder / name)
    servers = [(pictord(f'pictord {label}', binary, folder, home), floor)
               for label, binary, floor in args.builds]
    node = None
    if args.sharp:
        node = Server('sharp', ['node', str(pathlib.Path(__file__).resolve().parent / 'sharp-server.mjs'),
                                str(folder)], cwd=args.sharp)
    reference = str(pathlib.Path(home) / 'reference.png')
    subprocess.run([args.builds[0][2], str(folder / originals['jpeg']), 'reference', '512', reference], check=True)
    for name, original, query, sharp_query, floor_job, width in JOBS:
        n = max(4, args.requests // (1 if original == 'jpeg' else 8))
        rows = {}
        for _ in range(args.rounds):
            for server, floor in servers:
                cpu, times, body = measure(server, f'/{originals[original]}?width={width}&{query}', n)
                rows.setdefault(server.name, []).append((cpu, times, body))
                fcpu, fsize = run_floor(floor, str(folder / originals[original]), floor_job, n)
                rows.setdefault(f'floor {server.name.split(maxsplit=1)[1]}', []).append((fcpu, [fcpu], b'\0' * fsize))
            if node:
                m = max(3, n // 8) if floor_job == 'avif' else n
                rows.setdefault('sharp', []).append(
                    measure(node, f'/{originals[original]}?width={width}&{sharp_query}', m))
        print(f'\n{name}, {n} requests x {args.rounds} rounds')
        print(f'  {"":28}{"CPU ms":>9}{"p50 ms":>9}{"p99 ms":>9}{"bytes":>9}  SSIMULACRA2')
        medians = {k: statistics.median(r[0] for r in v) for k, v in rows.items()}
        for who, values in rows.items():
            times = [t for v in values for t in v[1]]
            body = values[-1][2]
            s = score(reference, body, home) if original == 'jpeg' and not who.startswith('floor') else None
            ratio = ''
            if who.startswith('pictord'):
                label = who.split(maxsplit=1)[1]
                ratio = f'  {medians[who] / medians["floor " + label]:.2f} x floor'
                if 'sharp' in medians:
                    ratio += f', {medians[who] / medians["sharp"]:.2f} x sharp'
            latency = f'{percentile(times, .5):9.1f}{percentile(times, .99):9.1f}' if not who.startswith('floor') else ' ' * 18
            print(f'  {who:28}{medians[who]:9.1f}{latency}{len(body):9}  {"" if s is None else f"{s:.1f}":>5}{ratio}')
        sys.stdout.flush()
    for server, _ in servers:
        print(f'\n{server.name}: {memory_mib(server.pid):.0f} MiB proportional memory of all processes')
        server.stop()
    if node:
        print(f'sharp: {memory_mib(node.pid):.0f} MiB')
        node.stop()


FORMATS = ('jpeg', 'png', 'webp', 'avif', 'gif', 'tiff', 'jp2', 'jxl')
OPERATIONS = {  # sharp-server.mjs does the same by these names
    'clahe': 'clahe=32,32', 'median': 'median=5', 'sharpen': 'sharpen=1', 'rotate': 'rotate=17',
    'normalise': 'normalise=true', 'modulate': 'modulate=brightness:1.2,saturation:0.8,hue:30',
    'affine': 'affine=1;0.3;0.1;0.7', 'blur': 'blur=10', 'convolve': 'convolve=3,3,-1;0;1;-2;0;2;-1;0;1',
    'trim': 'trim=20',
}


def there(server, path):
    """Its answer, if that libvips can do it."""
    connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=120)
    connection.request('GET', path)
    answer = connection.getresponse()
    body = answer.read()
    return body if answer.status == 200 else None


def many(args, servers, node, jobs):
    """jobs: what, pictord's path, sharp's path. One line each."""
    names = [s.name for s in servers] + (['sharp'] if node else [])
    print(f'  {"CPU ms":28}' + ''.join(f'{name:>16}' for name in names) + f'{"x sharp":>16}   bytes')
    for what, path, sharp_path in jobs:
        asked = [(s, path) for s in servers] + ([(node, sharp_path)] if node else [])
        rows, size = {}, {}
        for _ in range(args.rounds):
            for server, p in asked:
                if size.get(server.name) is None and server.name in size:
                    continue
                if server.name not in size:
                    body = there(server, p)
                    size[server.name] = None if body is None else len(body)
                if size[server.name] is not None:
                    rows.setdefault(server.name, []).append(measure(server, p, max(3, args.requests // 8))[0])
        medians = {k: statistics.median(v) for k, v in rows.items()}
        base = medians.get('sharp')
        print(f'  {what:28}' + ''.join(f'{medians[n]:16.1f}' if n in medians else f'{"-":>16}' for n in names)
              + (f'{medians[names[0]] / base:16.2f}' if base and names[0] in medians else f'{"":16}')
              + '   ' + ' '.join(str(size[n]) if size.get(n) else '-' for n in names))
        sys.stdout.flush()


def formats_and_ops(args, home, which):
    folder = pathlib.Path(home) / which
    folder.mkdir()
    shutil.copy(pathlib.Path(args.photos) / 'riverside-2725x2225.jpg', folder / 'photo.jpg')
    servers = [pictord(f'pictord {label}', binary, folder, home) for label, binary, _ in args.builds]
    node = None
    if args.sharp:
        node = Server('sharp', ['node', str(pathlib.Path(__file__).resolve().parent / 'sharp-server.mjs'),
                                str(folder)], cwd=args.sharp)
    jobs = []
    if which == 'formats':
        for name in FORMATS:
            query = f'width=512&format={name}'
            jobs.append((f'JPEG -> 512 {name}', f'/photo.jpg?{query}', f'/photo.jpg?{query}'))
        for name in FORMATS:
            # Made by whichever can.
            made = next((b for b in (there(s, f'/photo.jpg?width=2000&format={name}') for s in servers) if b), None)
            if made:
                (folder / f'photo2.{name}').write_bytes(made)
                path = f'/photo2.{name}?width=512&format=jpeg'
                jobs.append((f'2000 {name} -> 512 JPEG', path, path))
    else:
        for name, words in OPERATIONS.items():
            query = '/photo.jpg?width=1024&format=jpeg'
            jobs.append((f'1024 {words}'[:28], f'{query}&{words}', f'{query}&op={name}'))
    print(f'\n{which}, {max(3, args.requests // 8)} requests x {args.rounds} rounds')
    many(args, servers, node, jobs)
    for server in servers + ([node] if node else []):
        server.stop()


def nginx(folder, home):
    port = free_port()
    conf = pathlib.Path(home) / 'nginx.conf'
    conf.write_text(
        f'worker_processes 2; daemon off; pid {home}/nginx.pid; error_log {home}/nginx.err;\n'
        'events { worker_connections 1024; }\n'
        f'http {{ access_log {home}/nginx.log; sendfile on; keepalive_requests 100000000; types {{ image/webp webp; }}\n'
        f' client_body_temp_path {home}; proxy_temp_path {home}; fastcgi_temp_path {home}; uwsgi_temp_path {home}; scgi_temp_path {home};\n'
        f' server {{ listen 127.0.0.1:{port}; root {folder}; }} }}\n')
    return Server('nginx', [shutil.which('nginx') or '/usr/sbin/nginx', '-c', str(conf)], port)


def wrk(server, path, seconds, etag=None):
    command = ['wrk', '-t1', '-c16', f'-d{seconds}s', f'http://127.0.0.1:{server.port}{path}']
    if etag:
        command[1:1] = ['-H', f'If-None-Match: {etag}']
    cpu = cpu_seconds(server.pid)
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    cpu = cpu_seconds(server.pid) - cpu
    done = int(next(line.split()[0] for line in out.splitlines() if ' requests in ' in line))
    rate = float(next(line.split()[1] for line in out.splitlines() if line.startswith('Requests/sec')))
    return rate, cpu * 1e6 / max(1, done)


def hits(args, home):
    folder = pathlib.Path(home) / 'hits'
    folder.mkdir()
    shutil.copy(pathlib.Path(args.photos) / 'riverside-2725x2225.jpg', folder / 'photo.jpg')
    path = '/photo.jpg?width=640&format=webp&quality=83'
    servers = []
    for label, binary, _ in args.builds:
        servers.append((pictord(f'pictord {label}', binary, folder, home, '256M'), path))
    connection = http.client.HTTPConnection('127.0.0.1', servers[0][0].port)
    _, body = ask(connection, path)
    (folder / 'hit.webp').write_bytes(body)
    servers.append((nginx(folder, home), '/hit.webp'))
    tags = {}
    for server, p in servers:
        c = http.client.HTTPConnection('127.0.0.1', server.port)
        c.request('GET', p)
        answer = c.getresponse()
        answer.read()
        tags[server.name] = answer.getheader('ETag')
    for what in ('hits', '304s'):
        rows = {}
        for _ in range(args.rounds):
            for server, p in servers:
                rows.setdefault(server.name, []).append(
                    wrk(server, p, args.seconds, tags[server.name] if what == '304s' else None))
        base = statistics.median(r[0] for r in rows['nginx'])
        print(f'\n{what} of {len(body)} bytes, 16 connections, access log on, {args.rounds} rounds of {args.seconds} s')
        print(f'  {"":28}{"req/s":>10}{"CPU us":>9}')
        for who, values in rows.items():
            rate = statistics.median(r[0] for r in values)
            print(f'  {who:28}{rate:10.0f}{statistics.median(r[1] for r in values):9.1f}  {rate / base:.2f} x nginx')
        sys.stdout.flush()
    for server, _ in servers:
        server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--pictord', action='append', required=True, help='the program; may be given again')
    parser.add_argument('--floor', action='append', required=True, help='its floor program, in the same order')
    parser.add_argument('--photos', required=True, help='riverside-2725x2225.jpg and earth-animated.gif are here')
    parser.add_argument('--sharp', help='folder whose node_modules has sharp')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--requests', type=int, default=40)
    parser.add_argument('--seconds', type=int, default=4)
    parser.add_argument('--only', choices=['render', 'hits', 'formats', 'ops', 'origins', 'events'])
    parser.add_argument('--minio', help='the program; without it there is no comparison with S3')
    args = parser.parse_args()
    args.builds = []
    for binary, floor in zip(args.pictord, args.floor):
        version = subprocess.run([binary, '--version'], capture_output=True, text=True, check=True).stdout
        args.builds.append((version.split('libvips')[-1].strip() or version.strip(), binary, floor))
    if args.sharp and not shutil.which('node'):
        args.sharp = None
    print(f'builds with libvips {", ".join(b[0] for b in args.builds)}; {os.cpu_count()} cores')
    with tempfile.TemporaryDirectory(prefix='pictor-bench-') as home:
        if args.only in (None, 'render'):
            renders(args, home)
        for which in ('formats', 'ops'):
            if args.only in (None, which):
                formats_and_ops(args, home, which)
        if args.only in (None, 'hits'):
            hits(args, home)
        if args.only in (None, 'origins'):
            import origins
            origins.run(args, home)
        if args.only in (None, 'events'):
            import events
            events.run(args, home)


if __name__ == '__main__':
    main()
