/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where pictor render writes: names, folders, and that nothing is lost.
 */
#pragma once

#include "base/blob.h"
#include "cli/cli.h"
#include "cli/files.h"
#include "plan/facts.h"

struct target {
	const struct cli *cli;
	const struct cli_files *files;
	const char *folder; /* NULL: single is the one result */
	const char *single; /* "-": standard output */
	void *written;      /* names of this run's results: tsearch(3) */
	mode_t mode;        /* of new files */
};

/* Whether a template has only names that there are; fails with CONFIG. */
bool target_check_name(const char *name, struct err *e) must_check;
void target_init(struct target *t, const struct cli *cli,
    const struct cli_files *files, const char *folder, const char *single);
void target_fini(struct target *t);
/* The result's path. index: of the original, from 1. Fails with SYSTEM. */
bool target_path(const struct target *t, const struct cli_file *file,
    size_t index, const struct facts *facts, char out[PATH_MAX],
    struct err *e) must_check;
/*
 * Writes it whole or not at all; makes folders. Refuses to write over an
 * original, and over a result of this run.
 */
bool target_write(struct target *t, const char *path, struct blob_view bytes,
    struct err *e) must_check;
