/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The result of the format "info": what is known of the original, as one JSON
 * object of at most INFO_MAX bytes (plan/op.h), in UTF-8.
 */
#pragma once

#include "image/render.h"

/* Whether anything is asked that makes another picture of it. */
bool info_has_steps(const struct plan *p);
/*
 * Describes the original of a render whose header was opened and whose steps
 * were planned. Decodes it once, as small as the decoder can make it.
 */
bool info_make(
    struct render *r, struct image_result *result, struct err *e) must_check;
