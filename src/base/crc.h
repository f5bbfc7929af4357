/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C (Castagnoli; RFC 3720 appendix B.4), for what is written to disk. */
#pragma once

#include "base/base.h"

/* seed: 0, or what came of the bytes before. Thread-safe. */
uint32_t crc32c(uint32_t seed, const void *data, size_t size);
