/* SPDX-License-Identifier: Apache-2.0 */
/* Listening no more, safely. */
#pragma once

#include "base/base.h"

struct MHD_Daemon;

/*
 * The daemon takes no new connections; those there are go on. False: it did
 * not listen. Its socket stays open, and in use until MHD_stop_daemon().
 */
bool quiesce_daemon(struct MHD_Daemon *daemon);
