/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look-out inside a pipeline: stops the work when the time is over or nobody
 * wants it, and notes who failed.
 *
 * libvips reports every failure through the call that pulled the pixels,
 * which is mostly the encoder's. A watch stands behind the decoder: if the
 * pixels did not come, it was the decoder.
 */
#pragma once

#include "image/image.h"
#include "image/op.h"

/* One per render. Its images are evaluated on libvips' threads. */
struct watch {
	const struct image_job *job;
	_Atomic uint32_t why; /* enum err_code: why it was stopped, or 0 */
	_Atomic bool unread;  /* pixels did not come from the decoder */
};

/* True and why noted when the work must stop. Any thread. */
bool watch_stop(struct watch *watch);
/* False with RENDER_TIMEOUT or CLIENT_GONE when it must. */
bool watch_check(struct watch *watch, struct err *e) must_check;
/*
 * *out: the same pixels, watched. decoder: a failure there is the original's
 * fault. watch must outlive the image.
 */
bool watch_put(struct watch *watch, VipsImage *in, bool decoder,
    VipsImage **out, struct err *e) must_check;
