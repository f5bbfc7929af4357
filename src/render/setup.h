/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the configuration means for whoever runs plans: which loaders and
 * savers are unblocked, and what one image may cost.
 */
#pragma once

#include "conf/conf.h"
#include "image/image.h"

/* Every format that a mount names for originals and for results. Fails with
 * CONFIG at a word that is no format. */
bool setup_image(
    const struct conf *conf, struct image_conf *out, struct err *e) must_check;
struct image_limits setup_limits(const struct conf *conf);
