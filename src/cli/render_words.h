/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments of pictor render, told apart and checked before any work. */
#pragma once

#include "cli/cli.h"
#include "conf/conf.h"

struct remotes;

struct render_words {
	char *const *in; /* originals; one "-": standard input */
	int nin;
	const char *folder; /* of the results; or NULL, then: */
	const char *out;    /* the one result; "-": standard output */
	char *query;        /* "width=300&format=webp", encoded */
	char **sorted;      /* room of in; the caller's to free */
};

/* Fails with CONFIG: nothing can be done with this command line. */
bool render_words_read(
    const struct cli *cli, struct render_words *w, struct err *e) must_check;
void render_words_free(struct render_words *w);
/* Whether the original is standard input. */
bool render_words_stdin(const struct render_words *w);

#define RENDER_HERE "here"
/* Where images are. */
struct render_places {
	const char *root; /* of all originals that are files */
	const char *here; /* of further images where the original is standard
			     input; else NULL */
	const struct remotes *remotes;
};
/* What of the server's configuration this needs. */
bool render_words_conf(const struct cli *cli,
    const struct render_places *places, size_t jobs, struct conf **conf,
    struct err *e) must_check;
/* Whether the parameters are right, whatever the image. */
bool render_words_check(const struct conf *conf, const struct render_words *w,
    struct err *e) must_check;
