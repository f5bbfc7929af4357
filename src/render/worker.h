/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's way into its sandbox, apart from its work, so that tests of the
 * sandbox go the very same way.
 */
#pragma once

#include "render/wire.h"

/*
 * Files closed, libvips started and warmed up, everything else closed; in
 * that order. No thread may exist. Fails with CONFIG or SYSTEM.
 */
bool worker_enter(const struct wire_setup *setup, struct err *e) must_check;
