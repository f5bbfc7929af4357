/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rest of reference.h: what is added, what looks at neighbours, shapes and
 * geometry by a matrix. As slow and as simple.
 */
#pragma once

#include <stdbool.h>

#include "reference.h"

/*
 * One step by its text, in the file cases.txt; false: none of these.
 *
 *   tile MODE X Y W H     the image at X, Y on W x H, around it itself again:
 *                         c (its edge), r (repeated), m (mirrored)
 *   median SIZE           the middle one of the square's
 *   kernel W H SCALE OFFSET N N N ...
 *   affine A B C D COLOUR on a ground of that colour, bilinear
 *   unflatten             white becomes clear
 *   least N, most N       of the pixels up to N away to each side
 *   blocks SIZE X Y W H   squares of their mean within the area
 *   ellipse X Y RX RY     leaves what is within
 *   corners RX RY         rounds them
 */
bool raster_near(struct raster *r, const char *step);
