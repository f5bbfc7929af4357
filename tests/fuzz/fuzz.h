/* SPDX-License-Identifier: Apache-2.0 */
/* What the targets share. */
#pragma once

#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "base/err.h"
#include "dialect/dialect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every text of an error ends inside its array. */
static inline void
fuzz_check_err(const struct err *e)
{
	assert(e->code > ERR_NONE && e->code < ERR_COUNT);
	assert(memchr(e->param, '\0', sizeof(e->param)) != NULL);
	assert(memchr(e->value, '\0', sizeof(e->value)) != NULL);
	assert(memchr(e->accepted, '\0', sizeof(e->accepted)) != NULL);
	assert(memchr(e->hint, '\0', sizeof(e->hint)) != NULL);
	assert(memchr(e->detail, '\0', sizeof(e->detail)) != NULL);
}

/* What may be done with every plan that plan_check() accepted. */
static inline void
fuzz_use_plan(const struct plan *p)
{
	static char line[2][PLAN_LINE];
	struct slice stores[PLAN_SOURCES];
	struct digest one, two;
	struct plan copy = *p;
	double cost = plan_cost(p, 0);
	size_t len;

	assert(isfinite(cost) && cost > 0);
	cost = plan_cost(p, 1e9);
	assert(isfinite(cost) && cost > 0);
	len = plan_print(p, false, line[0]);
	assert(len == strlen(line[0]));
	len = plan_print(p, true, line[1]);
	assert(len == strlen(line[1]) && len >= strlen(line[0]));
	for (size_t i = 0; i < PLAN_SOURCES; i++)
		stores[i] = SLICE("a store");
	one = plan_key(p, stores, p->nsource, SLICE("m"), SLICE("1"));
	/* The answer's part is no part of the key. */
	memset(&copy.answer, 0, sizeof(copy.answer));
	two = plan_key(&copy, stores, p->nsource, SLICE("m"), SLICE("1"));
	assert(digest_eq(&one, &two));
}

/*
 * One URL through a language: what it accepts can be printed, and what is
 * printed means the same.
 */
static inline void
fuzz_url(const struct dialect *d, const struct dialect_in *in)
{
	static const struct plan_policy everything;
	static char url[256 * 1024];
	static char line[2][PLAN_LINE];
	struct dialect_in again = *in;
	struct slice rest;
	struct claim claim;
	struct plan p, q;
	struct err e;
	struct dialect_error own;

	plan_init(&p);
	if (!d->claim(in, &claim, &e) || !d->parse(in, &p, &e) ||
	    !plan_check(&p, &everything, &e)) {
		fuzz_check_err(&e);
		if (d->error != NULL) {
			d->error(&e, &p, &own);
			assert(own.status >= 400 && own.status < 600);
			assert(own.size > 0 && own.size < sizeof(own.body));
		}
		return;
	}
	fuzz_use_plan(&p);
	if (!d->print(&p, url, sizeof(url), &e)) {
		fprintf(stderr, "cannot be printed: %s\n", e.detail);
		abort();
	}
	rest = slice_of(url);
	again.path = slice_cut(&rest, '?');
	again.query = rest;
	plan_init(&q);
	if (!d->parse(&again, &q, &e) || !plan_check(&q, &everything, &e)) {
		fprintf(stderr, "%s is refused: %s\n", url, e.detail);
		abort();
	}
	plan_print(&p, true, line[0]);
	plan_print(&q, true, line[1]);
	if (strcmp(line[0], line[1]) != 0) {
		fprintf(stderr, "%s\n%s\n%s\n", url, line[0], line[1]);
		abort();
	}
}
