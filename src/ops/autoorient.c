/* SPDX-License-Identifier: Apache-2.0 */
/* autoorient: what the EXIF orientation says, as a turn. */
#include "image/op.h"
#include "image/table.h"

uint32_t
op_autoorient_turn(const struct op_context *ctx)
{
	return ctx->orientation;
}
