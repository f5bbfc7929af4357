/* SPDX-License-Identifier: Apache-2.0 */
/* The slow way of what changes tones and channels; see reference.h. */
#pragma once

#include <stdbool.h>

#include "reference.h"

/*
 * One step, "linear 1.2 -20": a name and up to 16 numbers, of which missing
 * ones are 0. False: there is no such step.
 */
bool raster_tone(struct raster *r, const char *step);
