/* SPDX-License-Identifier: Apache-2.0 */
/* flip: mirror top and bottom, as a turn. */
#include "image/op.h"
#include "image/table.h"

uint32_t
op_flip_turn(const struct op_context *ctx)
{
	(void)ctx;
	return 4;
}
