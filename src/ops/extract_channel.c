/* SPDX-License-Identifier: Apache-2.0 */
/* extract_channel: one channel, as a grey image without alpha. */
#include <assert.h>

#include "image/bands.h"
#include "image/colour.h"
#include "image/op.h"
#include "image/table.h"

/* Words and numbers; alpha is the last, of grey images too. */
enum { RED, GREEN, BLUE, ALPHA };

static int
channel_of(const struct plan_step *s)
{
	static const uint8_t channel[CHANNEL_COUNT] = { [CHANNEL_RED] = RED,
		[CHANNEL_GREEN] = GREEN,
		[CHANNEL_BLUE] = BLUE,
		[CHANNEL_ALPHA] = ALPHA,
		[CHANNEL_0] = RED,
		[CHANNEL_1] = GREEN,
		[CHANNEL_2] = BLUE,
		[CHANNEL_3] = ALPHA };

	return channel[step_get(s, EXTRACT_CHANNEL_CHANNEL).pick];
}

static bool
channel_missing(struct err *e)
{
	return err_param(e, ERR_BAD_VALUE, "extract_channel", "alpha", 5,
	    "red, green or blue: this image has no alpha");
}

bool
op_extract_channel_want(
    const struct op_context *ctx, struct op_size *size, struct err *e)
{
	if (channel_of(ctx->step) == ALPHA && ctx->alpha == 0)
		return channel_missing(e);
	size->alpha = 0;
	size->grey = 1;
	return true;
}

bool
op_extract_channel(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	int channel = channel_of(ctx->step);
	scoped_image flat = NULL;

	if (!colour_convert(ctx, in, &flat, e))
		return false;
	if (channel == ALPHA && !vips_image_hasalpha(flat))
		return channel_missing(e);
	if (channel == ALPHA)
		channel = flat->Bands - 1;
	else if (flat->Bands < 3)
		channel = 0;
	return bands_one(ctx, flat, channel, out, e);
}
