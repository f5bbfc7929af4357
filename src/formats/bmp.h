/* SPDX-License-Identifier: Apache-2.0 */
/* A bitmap as libvips' image: of bmp.c, for ico.c too. */
#pragma once

#include "formats/dib.h"
#include "image/format.h"

/*
 * *out: lazy, 8-bit sRGB, with alpha if the bitmap has it. tolerant: what is
 * missing is black. The bitmap's bytes must outlive it. 0, or -1.
 */
int bmp_image(const struct dib *dib, bool tolerant, VipsImage **out);
