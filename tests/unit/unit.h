/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka, and the four headers that it wants to find included before it. */
#pragma once

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
