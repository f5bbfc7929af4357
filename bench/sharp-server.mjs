// SPDX-License-Identifier: Apache-2.0
// The plain server that pictord is measured against: Node's own http and the
// npm package sharp with its defaults, one request at a time or many.
//   node sharp-server.mjs FOLDER      prints the port it listens on
// GET /NAME?width=512&format=webp&op=median
import fs from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { createRequire } from 'node:module';

const sharp = createRequire(path.join(process.cwd(), 'x.js'))('sharp');
sharp.cache(false);
const folder = process.argv[2];

// The same work as bench.py asks of pictord.
const operations = {
  median: (s) => s.median(5),
  clahe: (s) => s.clahe({ width: 32, height: 32 }),
  modulate: (s) => s.modulate({ brightness: 1.2, saturation: 0.8, hue: 30 }),
  normalise: (s) => s.normalise(),
  sharpen: (s) => s.sharpen({ sigma: 1 }),
  rotate: (s) => s.rotate(17),
  blur: (s) => s.blur(10),
  affine: (s) => s.affine([[1, 0.3], [0.1, 0.7]]),
  convolve: (s) => s.convolve({ width: 3, height: 3, kernel: [-1, 0, 1, -2, 0, 2, -1, 0, 1] }),
  trim: (s) => s.trim({ threshold: 20 }),
};

const server = http.createServer(async (request, response) => {
  try {
    const url = new URL(request.url, 'http://localhost');
    const format = url.searchParams.get('format');
    const name = path.basename(decodeURIComponent(url.pathname));
    const original = await fs.readFile(path.join(folder, name));
    const animated = name.endsWith('.gif');
    const operation = url.searchParams.get('op');
    let image = sharp(original, { animated });
    // Before the resize, as pictord does it; else sharp turns what is small.
    if (operation === 'rotate') {
      image = operations.rotate(image);
    }
    image = image.resize({ width: Number(url.searchParams.get('width')) });
    if (operation && operation !== 'rotate') {
      image = operations[operation](image);
    }
    // sharp's quality scale is each encoder's own; AVIF's default is 50.
    image = format === 'avif' && url.searchParams.has('effort')
      ? image.avif({ effort: Number(url.searchParams.get('effort')) })
      : image.toFormat(format);
    const result = await image.toBuffer();
    response.writeHead(200, { 'content-type': `image/${format}`, 'content-length': result.length });
    response.end(result);
  } catch (error) {
    response.writeHead(500);
    response.end(String(error));
  }
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
