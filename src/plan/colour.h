/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Colours as text: CSS names, #rgb #rgba #rrggbb #rrggbbaa, rgb(), rgba(),
 * hsl(), hsla() and hwb().
 */
#pragma once

#include "base/slice.h"

/*
 * *colour: 0xRRGGBBAA. The '#' may be missing (it must be escaped in URLs).
 * Names in any letter case; "transparent" is 0x00000000.
 */
bool colour_read(struct slice text, uint64_t *colour) must_check;
