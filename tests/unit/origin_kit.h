/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the stores share: stores of a configuration's text, and an
 * original that is asked for from its beginning to its body's end.
 */
#pragma once

#include "conf/conf.h"
#include "origin/origin.h"
#include "unit.h"

enum { KIT_BODY = 2048 };

struct kit_stores {
	struct conf *conf;
	struct origin *origin;
	struct origin_stores *stores;
};

/* The caller drops it. */
struct conf *kit_conf(const char *text);
/* Closes what was open, and opens the stores of that text. */
void kit_open(struct kit_stores *k, const char *text);
/* All zero is closed. */
void kit_close(struct kit_stores *k);
/* Stores that are well written and cannot be; word: what the error has in it.
 * *e: the error, for more. */
void kit_refused(const char *text, const char *word, struct err *e);

struct kit_answer {
	struct err err; /* of the whole; NONE: it went well */
	char body[KIT_BODY];
	size_t size;
};
/*
 * f: with the key and what else is special; stores, deadline, begin and owner
 * are set here. Its body is released.
 */
void kit_ask(
    struct kit_stores *k, struct origin_fetch *f, struct kit_answer *out);
