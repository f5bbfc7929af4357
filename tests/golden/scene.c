/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scenes. All is a function of the place: x from 0 to the aspect ratio,
 * y from 0 (top) to 1.
 */
#include "scene.h"

#include <math.h>

struct colour {
	float r, g, b;
};

/* ---- Noise ---- */

static uint32_t
hash(int32_t x, int32_t y, uint32_t seed)
{
	uint32_t h = (uint32_t)x * 0x8da6b343U ^ (uint32_t)y * 0xd8163841U ^
	    seed * 0xcb1ab31fU;

	h ^= h >> 15;
	h *= 0x2c1b3c6dU;
	h ^= h >> 12;
	h *= 0x297a2d39U;
	return h ^ h >> 15;
}

/* 0 to 1 */
static float
random_at(int32_t x, int32_t y, uint32_t seed)
{
	return (float)(hash(x, y, seed) >> 8) / 16777216.0F;
}

static float
smooth(float t)
{
	return t * t * (3 - 2 * t);
}

static float
mix(float a, float b, float t)
{
	return a + (b - a) * t;
}

static float
clamp(float t)
{
	return t < 0 ? 0 : t > 1 ? 1 : t;
}

static struct colour
blend(struct colour a, struct colour b, float t)
{
	return (struct colour){ mix(a.r, b.r, t), mix(a.g, b.g, t),
		mix(a.b, b.b, t) };
}

static struct colour
times(struct colour c, float f)
{
	return (struct colour){ c.r * f, c.g * f, c.b * f };
}

static float
noise(float x, float y, uint32_t seed)
{
	float fx = floorf(x);
	float fy = floorf(y);
	int32_t ix = (int32_t)fx;
	int32_t iy = (int32_t)fy;
	float tx = smooth(x - fx);
	float ty = smooth(y - fy);

	return mix(
	    mix(random_at(ix, iy, seed), random_at(ix + 1, iy, seed), tx),
	    mix(random_at(ix, iy + 1, seed), random_at(ix + 1, iy + 1, seed),
		tx),
	    ty);
}

/* Octaves of noise, 0 to 1. */
static float
texture(float x, float y, int octaves, uint32_t seed)
{
	float sum = 0;
	float weight = 0.5F;

	for (int i = 0; i < octaves; i++) {
		sum += weight * noise(x, y, seed + (uint32_t)i);
		weight /= 2;
		x = x * 2.03F + 17;
		y = y * 2.03F + 31;
	}
	return sum;
}

/* ---- Mountains over a lake ---- */

static struct colour
sky(float x, float y)
{
	struct colour top = { 52, 92, 158 };
	struct colour low = { 244, 206, 168 };
	struct colour white = { 250, 244, 236 };
	struct colour sun = { 255, 236, 190 };
	struct colour c = blend(top, low, powf(clamp(y / 0.6F), 1.4F));
	float cloud = texture(x * 2.2F, y * 7, 6, 11);
	float far = hypotf(x - 1.08F, y - 0.36F);

	c = blend(c, white, clamp((cloud - 0.5F) * 3.2F) * 0.8F);
	return blend(c, sun, expf(-far * far * 26) * 0.85F);
}

struct ridge {
	float base, height, width;
	struct colour rock;
	float haze;
};

static struct colour
ridge_colour(
    const struct ridge *r, float x, float y, float above, uint32_t seed)
{
	struct colour air = { 196, 190, 196 };
	struct colour snow = { 240, 242, 248 };
	struct colour c = r->rock;
	float grain = texture(x * 26, y * 34, 6, seed + 40);
	float light = texture(x * 9 + 3 * grain, y * 7 - x * 5, 4, seed + 70);

	c = times(c, 0.55F + 0.9F * light * (0.5F + grain));
	if (r->haze > 0.2F && r->haze < 0.6F)
		c = blend(c, times(snow, 0.6F + 0.4F * light),
		    clamp((above - 0.1F + 0.22F * (grain - 0.5F)) * 14));
	return blend(c, air, r->haze);
}

static struct colour
land(float x, float y)
{
	static const struct ridge ridge[] = {
		{ 0.60F, 0.20F, 1.6F, { 96, 104, 128 }, 0.70F },
		{ 0.66F, 0.44F, 1.3F, { 92, 86, 88 }, 0.34F },
		{ 0.68F, 0.20F, 2.6F, { 70, 84, 66 }, 0.18F },
		{ 0.71F, 0.10F, 4.2F, { 36, 58, 34 }, 0.04F },
	};
	struct colour c = sky(x, y);

	for (unsigned i = 0; i < sizeof(ridge) / sizeof(ridge[0]); i++) {
		const struct ridge *r = &ridge[i];
		float n =
		    texture(x * r->width, 3.7F * (float)i, 8, 200 + 9 * i);
		float line = r->base - r->height * (n - 0.18F);

		if (i == 3)
			line -= 0.03F * fabsf(noise(x * 90, 0, 91) - 0.5F);
		if (y > line)
			c = ridge_colour(r, x, y, r->base - y, 300 + 50 * i);
	}
	return c;
}

static struct colour
mountains(float x, float y)
{
	const float shore = 0.715F;
	struct colour deep = { 18, 44, 62 };
	float depth = y - shore;
	float wave;

	if (depth <= 0)
		return land(x, y);
	wave = texture(x * 14, depth * 190 / (0.25F + depth * 3), 4, 900);

	float mirror = shore - depth * (0.9F + 0.3F * (wave - 0.5F));
	struct colour c = land(x + 0.02F * (wave - 0.5F), mirror);

	c = blend(c, deep, 0.22F + 0.9F * depth);
	return times(c, 0.82F + 0.3F * wave);
}

/* ---- Pebbles ---- */

struct stone {
	float near, next; /* distances to the two nearest centres */
	float dx, dy;
	int32_t ix, iy;
};

static struct stone
stone_at(float x, float y, uint32_t seed)
{
	struct stone s = { 9, 9, 0, 0, 0, 0 };
	int32_t cx = (int32_t)floorf(x);
	int32_t cy = (int32_t)floorf(y);

	for (int32_t j = cy - 1; j <= cy + 1; j++)
		for (int32_t i = cx - 1; i <= cx + 1; i++) {
			float dx = x - (float)i - random_at(i, j, seed);
			float dy = y - (float)j - random_at(i, j, seed + 1);
			float far = hypotf(dx, dy);

			if (far < s.near)
				s = (struct stone){ far, s.near, dx, dy, i, j };
			else if (far < s.next)
				s.next = far;
		}
	return s;
}

static struct colour
pebbles(float x, float y)
{
	static const struct colour kind[] = { { 168, 152, 134 },
		{ 120, 116, 118 }, { 196, 188, 176 }, { 146, 98, 78 },
		{ 92, 102, 110 }, { 206, 176, 140 }, { 70, 72, 70 } };
	struct stone s = stone_at(x * 11, y * 11, 5);
	uint32_t h = hash(s.ix, s.iy, 77);
	struct colour c = kind[h % 7];
	float edge = clamp((s.next - s.near) * 3.4F);
	float grain = texture(x * 60, y * 60, 5, h & 255);
	float fleck = random_at(
	    (int32_t)floorf(x * 520), (int32_t)floorf(y * 520), h & 63);
	float round = sqrtf(edge);
	float light = 0.55F - 0.55F * (s.dx + s.dy) * (1.2F - edge);

	c = times(c, 0.62F + 0.75F * grain);
	if (fleck > 0.95F)
		c = times(c, 1.35F);
	if ((h & 7) == 3 &&
	    fabsf(sinf((s.dx * 3 + s.dy + grain * 0.2F) * 16)) > 0.93F)
		c = blend(c, (struct colour){ 236, 232, 226 }, 0.8F);
	c = times(c, (0.25F + 0.95F * light) * (0.18F + 0.95F * round));
	return c;
}

/* ---- A city at night ---- */

static struct colour
tower(float x, float y, int32_t column, float at, uint32_t seed)
{
	struct colour wall = { 30, 34, 48 };
	struct colour lamp = { 255, 208, 130 };
	struct colour cold = { 190, 220, 255 };
	float wide = 0.5F + 0.4F * random_at(column, 1, seed);
	float u = at / wide * (5 + (float)(hash(column, 2, seed) % 5));
	float v = y * (70 + 30 * random_at(column, 3, seed));
	int32_t wx = (int32_t)floorf(u);
	int32_t wy = (int32_t)floorf(v);
	float inside = u - floorf(u) > 0.22F && u - floorf(u) < 0.8F &&
	    v - floorf(v) > 0.3F && v - floorf(v) < 0.84F;
	float lit = random_at(wx + 97 * column, wy, seed + 8);

	wall = times(wall, 0.7F + 0.6F * texture(x * 40, y * 40, 3, seed));
	if (inside == 0.0F)
		return wall;
	if (lit < 0.55F)
		return times(wall, 0.6F);
	return times(lit > 0.9F ? cold : lamp, 0.35F + 0.65F * lit);
}

static struct colour
skyline(float x, float y)
{
	struct colour c = blend((struct colour){ 8, 10, 30 },
	    (struct colour){ 96, 58, 78 }, powf(clamp(y / 0.7F), 2.2F));
	float star =
	    random_at((int32_t)floorf(x * 700), (int32_t)floorf(y * 700), 3);

	if (star > 0.9992F)
		c = (struct colour){ 230, 230, 240 };
	for (uint32_t row = 0; row < 3; row++) {
		float many = 9 + 5 * (float)row;
		float u = x * many + 0.37F * (float)row;
		int32_t column = (int32_t)floorf(u);
		float tall = 0.2F +
		    (0.42F - 0.1F * (float)row) *
			random_at(column, 9, 50 + row);
		float wide = 0.5F + 0.4F * random_at(column, 1, 60 + row);

		if (u - floorf(u) < wide && y > 0.72F - tall)
			c = blend(tower(x, y, column, u - floorf(u), 60 + row),
			    (struct colour){ 70, 50, 74 },
			    0.45F - 0.22F * (float)row);
	}
	return c;
}

static struct colour
city(float x, float y)
{
	const float shore = 0.72F;
	float wave;
	struct colour c;

	if (y <= shore)
		return skyline(x, y);
	wave = texture(x * 9, (y - shore) * 120, 4, 400) - 0.5F;
	c = skyline(x + 0.03F * wave, shore - (y - shore) * (1.4F + wave));
	return times(c, 0.62F + 0.5F * wave);
}

/* ---- Painting ---- */

static uint8_t
byte_of(float v)
{
	return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : lrintf(v));
}

void
scene_paint(enum scene scene, int width, int height, uint8_t *rgb)
{
	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++) {
			float u = ((float)x + 0.5F) / (float)height;
			float v = ((float)y + 0.5F) / (float)height;
			struct colour c = scene == SCENE_MOUNTAINS
			    ? mountains(u, v)
			    : scene == SCENE_PEBBLES ? pebbles(u, v)
						     : city(u, v);
			float grain = 5 * (random_at(x, y, 1) - 0.5F);

			*rgb++ = byte_of(c.r + grain);
			*rgb++ = byte_of(c.g + grain);
			*rgb++ = byte_of(c.b + grain);
		}
}
