/* SPDX-License-Identifier: Apache-2.0 */
/* What pictor render says while and after it works. */
#pragma once

#include "cli/cli.h"
#include "cli/files.h"
#include "plan/facts.h"

struct progress {
	const struct cli *cli;
	bool bar;   /* standard error is a terminal, and there are several */
	bool drawn; /* the bar stands in the last line */
	size_t total, done, failed;
	double read_bytes, written_bytes;
	int64_t began_ns, drawn_ns;
};

void progress_init(struct progress *p, const struct cli *cli, size_t total);
/* One is done, and lies at path. */
void progress_done(struct progress *p, const struct cli_file *file,
    const char *path, const struct facts *facts, int64_t took_ns);
/* One is done with, and e says why it failed. */
void progress_failed(struct progress *p, const struct cli_file *file,
    int64_t took_ns, const struct err *e);
/* Draws the bar again, if it is time. */
void progress_tick(struct progress *p);
void progress_end(struct progress *p, size_t passed_over, bool interrupted);
