/* SPDX-License-Identifier: Apache-2.0 */
/* A small profile of sRGB, to embed. */
#pragma once

#include "base/base.h"

enum { SRGB_PROFILE_SIZE = 480 /* bytes */ };

void srgb_profile(uint8_t bytes[SRGB_PROFILE_SIZE]);
