/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One quality scale for all formats: JPEG's. The same number looks the same
 * (equal SSIMULACRA2) in every format.
 */
#pragma once

#include "plan/op.h"

/* quality: 1 to 100, JPEG's; returns the format's encoder's number, 1 to 100. */
int quality_for(enum format format, int quality);
