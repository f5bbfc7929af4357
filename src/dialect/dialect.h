/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URL languages: bytes of a URL -> a claim, then a plan.
 *
 * A dialect is one constant row of functions in one file. It never sees a
 * request, never does I/O, links no libvips, and treats every byte as hostile.
 */
#pragma once

#include "plan/plan.h"

/* What a dialect may look at. All borrowed. */
struct dialect_in {
	struct slice path; /* raw, behind the mount's prefix; starts with '/' */
	struct slice
	    query; /* raw, behind the first '?'; at = NULL: there is none */
	struct slice accept; /* the Accept header; empty: none */
	/* The mount's: */
	const char *const *stores; /* names; the first is the default */
	size_t nstore;
	/* Second names of these, "" where there is none; NULL: of none. */
	const char *const *buckets;
	/* May keys of these have empty segments ("a//b", "/a", "a/")? Those of
	 * a folder cannot, since they are paths; NULL: of none. */
	const bool *gaps;
	format_set formats; /* that the mount's results may have */
};

/* The mount's store of that name, or else of that bucket; at NULL: none. */
struct slice dialect_store(const struct dialect_in *in, struct slice name);

/* What is said to be signed: bounded, no grammar. Spans of the input. */
struct claim {
	struct slice signed_text; /* empty: this request claims no signature */
	struct slice signature;
	int64_t expires_s; /* wall time; 0: never */
};

/* How a language says an error. body: room of DIALECT_BODY bytes. */
enum { DIALECT_BODY = 2048 };
struct dialect_error {
	int status;
	const char *media_type;   /* of the body */
	const char *header[8][2]; /* further headers, until a NULL name */
	bool cacheable;           /* false: send no Cache-Control */
	size_t size;
	char body[DIALECT_BODY];
};

/*
 * Something that can be said in a language: a parameter, an edit. Exactly one
 * of arg, op and value says what may stand behind it.
 */
struct dialect_word {
	const char *name;
	const char *alias[5];      /* NULL behind the last */
	const struct arg_row *arg; /* a value by this row */
	const struct op_row *op;   /* a whole operation */
	const char *value;         /* else, in words: "true or false" */
	const char *def;           /* its default in words; NULL: arg's */
	const char *text;          /* NULL: arg's or op's */
	char example[128];         /* of the query language; or empty */
};

struct dialect {
	const char *name;
	const char *text;   /* for the manual */
	const char *sample; /* a URL path that works with the sample images */

	/* Fails with BAD_URL. */
	bool (*claim)(
	    const struct dialect_in *in, struct claim *out, struct err *e);
	/*
	 * Fills *out (from plan_init); the caller runs plan_check() after it.
	 * The plan depends on *in alone: it is remembered for the same input.
	 * Fails with BAD_URL, BAD_VALUE, UNKNOWN_PARAMETER,
	 * REPEATED_PARAMETER, FORBIDDEN, NOT_SUPPORTED, NO_SOURCE; what *out
	 * then holds may be looked at by error().
	 */
	bool (*parse)(
	    const struct dialect_in *in, struct plan *out, struct err *e);
	/*
	 * The URL path and query of a plan. Fails with NOT_SUPPORTED where it
	 * cannot be said; out is then the nearest that can, or empty.
	 */
	bool (*print)(
	    const struct plan *p, char *out, size_t size, struct err *e);
	/* NULL: application/problem+json. plan: as far as parse came. */
	void (*error)(const struct err *e, const struct plan *p,
	    struct dialect_error *out);
	/* Headers that every answer of this language carries; may be NULL. */
	const char *const (*headers)[2];
	/*
	 * The i-th of its words, for the manual and the command line; false
	 * behind the last one.
	 */
	bool (*word)(size_t i, struct dialect_word *out);
};

/* All of them, NULL-terminated; NULL when there is none of that name. */
extern const struct dialect *const dialect_all[];
const struct dialect *dialect_find(const char *name);

/*
 * The formats that an Accept header names (RFC 9110 section 12.5.1: q=0
 * excludes). JPEG, PNG and GIF count as accepted always; a wildcard does not
 * stand for AVIF and WebP.
 */
format_set dialect_accepts(struct slice accept);
