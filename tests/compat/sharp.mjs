// SPDX-License-Identifier: Apache-2.0
// Does with sharp what sharp.py has asked for, and says how far our results
// are from it.
//
//     node sharp.mjs SHARP < cases > results
//
// Each case is a line of JSON: {"in": file, "ours": file, "calls": [[name,
// arguments...]...]}. Its answer is a line, too: {"theirs": [width, height],
// "ours": [width, height], "mean": difference} or {"error": text}. Pixels are
// compared as 8-bit colour times alpha, and alpha. {"in": file, "make": file,
// "width": pixels, "space": name} makes a small PNG.
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const sharp = createRequire(import.meta.url)(process.argv[2]);

// All pixels as red, green, blue and alpha.
async function pixels(image) {
  const { data, info } = await image.ensureAlpha().toColourspace('srgb')
    .raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  if (info.channels !== 4) throw new Error(`${info.channels} channels`);
  return { data, width: info.width, height: info.height };
}

function difference(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i += 4) {
    for (let c = 0; c < 3; c++)
      sum += Math.abs(a[i + c] * a[i + 3] - b[i + c] * b[i + 3]) / 255;
    sum += Math.abs(a[i + 3] - b[i + 3]);
  }
  return sum / a.length;
}

// sharp's boolean() wants an image: one of the constant, solid in alpha's place.
async function constant(image, path, operator, value) {
  const { width, height, channels, hasAlpha, depth } =
    await sharp(path).metadata();
  const colours = channels - (hasAlpha ? 1 : 0);
  const scale = depth === 'ushort' ? 257 : 1;
  const kept = operator === 'and' ? 255 : 0;
  const data = depth === 'ushort'
    ? new Uint16Array(width * height * channels)
    : new Uint8Array(width * height * channels);
  for (let i = 0; i < data.length; i++)
    data[i] = (i % channels < colours ? value : kept) * scale;
  return image.boolean(data, operator, { raw: { width, height, channels } });
}

// extract() in shares of the image.
async function part(image, path, left, top, width, height) {
  const at = await sharp(path).metadata();
  return image.extract({
    left: Math.round(left * at.width),
    top: Math.round(top * at.height),
    width: Math.round(width * at.width),
    height: Math.round(height * at.height),
  });
}

// The logo beside the image, with its alpha multiplied.
async function laid(image, path, opacity, options) {
  const logo = await sharp(join(dirname(path), 'logo.png'))
    .linear([1, 1, 1, opacity], [0, 0, 0, 0]).png().toBuffer();
  return image.composite([{ input: logo, ...options }]);
}

// Only what a shape of the image's size covers.
async function masked(image, path, shape, radius) {
  const { width: w, height: h } = await sharp(path).metadata();
  const body = shape === 'rect'
    ? `<rect width="${w}" height="${h}" rx="${radius}"/>`
    : `<ellipse cx="${w / 2}" cy="${h / 2}" rx="${w / 2}" ry="${h / 2}"/>`;
  const mask = Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}">` +
    `${body}</svg>`);
  return image.composite([{ input: mask, blend: 'dest-in' }]);
}

// Shares of the image that attract the eye; one of them is all.
async function attention(image, path, across, down) {
  const { width, height } = await sharp(path).metadata();
  return image.resize(Math.round(width * across), Math.round(height * down),
    { position: 'attention' });
}

const own = { attention, constant, laid, masked, part };

async function make(test) {
  await sharp(test.in).resize(test.width).toColourspace(test.space).png()
    .toFile(test.make);
  return {};
}

async function run(test) {
  if (test.make) return make(test);
  let image = sharp(test.in);
  for (const [name, ...args] of test.calls)
    image = own[name] ? await own[name](image, test.in, ...args)
      : image[name](...args);
  const theirs = await pixels(sharp(await image.png().toBuffer()));
  const ours = await pixels(sharp(test.ours));
  const same = theirs.width === ours.width && theirs.height === ours.height;
  return {
    theirs: [theirs.width, theirs.height],
    ours: [ours.width, ours.height],
    mean: same ? difference(theirs.data, ours.data) : null,
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = await run(JSON.parse(line));
  } catch (e) {
    answer = { error: String(e.message ?? e) };
  }
  console.log(JSON.stringify(answer));
}
