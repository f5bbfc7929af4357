/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is verified of a result before anyone is told about it: a worker may
 * have been taken over by the image that it decoded. Used for both modes.
 */
#pragma once

#include "plan/facts.h"
#include "render/render.h"

/*
 * Whether the original may be decoded for this job at all, by its first
 * bytes. Fails with EMPTY or NOT_AN_IMAGE.
 */
bool check_original(const struct render_job *job, const uint8_t *bytes,
    size_t size, enum format *format, struct err *e) must_check;
/*
 * The facts and bytes of a result against what was asked: ranges, limits, the
 * format that the plan and the mount allow, and that the bytes begin like it.
 * Fails with BAD_VALUE when the original's own format, which the plan asked
 * for, is not allowed; with INTERNAL when an honest worker cannot say this.
 */
bool check_result(const struct render_job *job, const struct facts *facts,
    const uint8_t *bytes, size_t size, struct err *e) must_check;
