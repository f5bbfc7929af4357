/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Originals of pictor render that are not files: s3://STORE/key and URLs.
 *
 * What may be read is what the configuration's stores may: s3://NAME/key is a
 * store of that name or bucket, a URL is of the first store of type http that
 * would answer it. Without one a URL is read by a store of this program's own,
 * which goes to no other site than those that the command line names, and to no
 * private address.
 */
#pragma once

#include "cli/cli.h"
#include "cli/files.h"
#include "conf/conf.h"

enum { REMOTE_STORES_MAX = 32 };

struct remotes {
	struct conf *conf; /* of --config and the environment; NULL: unasked */
	/* Store i of them is [store.r<i + 1>] of ours; NULL: our own. */
	const struct conf_store *store[REMOTE_STORES_MAX];
	size_t n;
	char *sites; /* of our own store: its key allow */
};

bool remote_is(const char *arg);
/*
 * Finds each one's store: sets file.remote (1 is the first store) and its key.
 * Fails with CONFIG.
 */
bool remotes_find(const struct cli *cli, struct cli_files *files,
    struct remotes *r, struct err *e) must_check;
/* Sections and environment that they need; env: NULL-terminated. */
void remotes_conf(const struct remotes *r, FILE *text, char ***env);
void remotes_env_free(char **env); /* wipes */
void remotes_fini(struct remotes *r);
