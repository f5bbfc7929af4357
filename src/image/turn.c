/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns. A turn is "mirror left and right, or not", followed by a number of
 * clockwise quarters; EXIF's numbers are the names of these eight pairs.
 */
#include "image/turn.h"

#include <assert.h>

#include "image/pixel.h"

struct pair {
	bool mirror;
	unsigned quarters;
};

static const struct pair pair_of[9] = {
	[1] = { false, 0 },
	[2] = { true, 0 },
	[3] = { false, 2 },
	[4] = { true, 2 },
	[5] = { true, 3 },
	[6] = { false, 1 },
	[7] = { true, 1 },
	[8] = { false, 3 },
};

static const uint8_t turn_of[2][4] = { { 1, 6, 3, 8 }, { 2, 7, 4, 5 } };

uint32_t
turn_join(uint32_t first, uint32_t second)
{
	assert(first >= 1 && first <= 8 && second >= 1 && second <= 8);
	struct pair a = pair_of[first];
	struct pair b = pair_of[second];

	/* A mirror after a turn is the opposite turn after the mirror. */
	unsigned before = b.mirror ? 4 - a.quarters : a.quarters;

	return turn_of[a.mirror != b.mirror][(before + b.quarters) % 4];
}

bool
turn_swaps(uint32_t turn)
{
	return turn >= 5;
}

/* Whether lines come out in the order in which they go in. */
static bool
turn_in_order(uint32_t turn)
{
	return turn <= 2;
}

bool
turn_apply(const struct op_context *ctx, VipsImage *in, uint32_t turn,
    VipsImage **out, struct err *e)
{
	static const VipsAngle angle[4] = { VIPS_ANGLE_D0, VIPS_ANGLE_D90,
		VIPS_ANGLE_D180, VIPS_ANGLE_D270 };
	scoped_image read = NULL;
	scoped_image mirrored = NULL;
	scoped_image turned = NULL;

	assert(turn >= 1 && turn <= 8);
	if (turn_in_order(turn))
		read = g_object_ref(in);
	else if (!pixel_read(ctx, in, &read, e))
		return false;

	if (!pair_of[turn].mirror)
		mirrored = g_object_ref(read);
	else if (vips_flip(read, &mirrored, VIPS_DIRECTION_HORIZONTAL, NULL) !=
	    0)
		return image_fail(ctx, e, ERR_INTERNAL, "flip");

	if (pair_of[turn].quarters == 0)
		turned = g_object_ref(mirrored);
	else if (vips_rot(mirrored, &turned, angle[pair_of[turn].quarters],
		     NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "rot");

	*out = take_ptr(turned);
	return true;
}
