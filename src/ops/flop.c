/* SPDX-License-Identifier: Apache-2.0 */
/* flop: mirror left and right, as a turn. */
#include "image/op.h"
#include "image/table.h"

uint32_t
op_flop_turn(const struct op_context *ctx)
{
	(void)ctx;
	return 2;
}
