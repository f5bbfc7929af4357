/* SPDX-License-Identifier: Apache-2.0 */
/* What is said on a terminal while events are loaded, and in the end. */
#pragma once

#include "base/base.h"

struct progress {
	bool bar; /* standard error is a terminal */
	bool quiet;
	int64_t began_ns, drawn_ns;
};

void progress_init(struct progress *p, bool quiet);
void progress_tick(struct progress *p);
/* The line of figures, also where there is no terminal. */
void progress_end(struct progress *p);
