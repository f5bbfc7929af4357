/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list by age for forgetting, and buckets by size and format for finding, so
 * that an original that is not suspected is never hashed.
 */
#include "render/poison.h"

#include <assert.h>

#include "base/clock.h"
#include "base/lock.h"

enum { POISON_BUCKETS = 256 };

struct entry {
	struct digest digest;
	size_t size;
	enum format format;
	int64_t until_ns;
	struct entry *peer;    /* of the same bucket */
	struct entry *younger; /* by age */
};

struct poison {
	struct lock lock;
	struct entry *bucket[POISON_BUCKETS] under(lock);
	struct entry *oldest under(lock);
	struct entry **youngest under(lock);
	size_t count under(lock);
};

static size_t
poison_bucket(size_t size, enum format format)
{
	return (size ^ size >> 8 ^ (size_t)format << 3) % POISON_BUCKETS;
}

struct poison *
poison_new(void)
{
	struct poison *p = xcalloc(1, sizeof(*p));

	lock_init(&p->lock);
	p->youngest = &p->oldest;
	return p;
}

static void
poison_forget_oldest(struct poison *p) needs_lock(&p->lock)
{
	struct entry *old = p->oldest;
	struct entry **at = &p->bucket[poison_bucket(old->size, old->format)];

	while (*at != old)
		at = &(*at)->peer;
	*at = old->peer;
	p->oldest = old->younger;
	if (p->oldest == NULL)
		p->youngest = &p->oldest;
	p->count--;
	free(old);
}

void
poison_free(struct poison *p)
{
	if (p == NULL)
		return;
	lock_take(&p->lock);
	while (p->oldest != NULL)
		poison_forget_oldest(p);
	lock_drop(&p->lock);
	lock_fini(&p->lock);
	free(p);
}

/* The youngest that still holds; digest NULL: any of that size and format. */
static struct entry *
poison_find(struct poison *p, size_t size, enum format format,
    const struct digest *digest, int64_t now_ns) needs_lock(&p->lock)
{
	struct entry *one = p->bucket[poison_bucket(size, format)];

	for (; one != NULL; one = one->peer)
		if (one->size == size && one->format == format &&
		    one->until_ns > now_ns &&
		    (digest == NULL || digest_eq(&one->digest, digest)))
			return one;
	return NULL;
}

bool
poison_has(struct poison *p, const uint8_t *bytes, size_t size,
    enum format format, int64_t now_ns)
{
	struct digest digest;
	bool known;

	lock_take(&p->lock);
	known = poison_find(p, size, format, NULL, now_ns) != NULL;
	lock_drop(&p->lock);
	if (!known)
		return false;
	digest = digest_of(bytes, size);
	lock_take(&p->lock);
	known = poison_find(p, size, format, &digest, now_ns) != NULL;
	lock_drop(&p->lock);
	return known;
}

void
poison_add(struct poison *p, const uint8_t *bytes, size_t size,
    enum format format, size_t max, int64_t until_ns)
{
	struct entry *one;
	struct entry **at;

	if (max == 0)
		return;
	one = xcalloc(1, sizeof(*one));
	one->digest = digest_of(bytes, size);
	one->size = size;
	one->format = format;
	one->until_ns = until_ns;
	lock_take(&p->lock);
	/* Several renditions of one may have crashed at the same time. */
	if (poison_find(p, size, format, &one->digest, clock_ns()) != NULL) {
		lock_drop(&p->lock);
		free(one);
		return;
	}
	while (p->count >= max)
		poison_forget_oldest(p);
	at = &p->bucket[poison_bucket(size, format)];
	one->peer = *at;
	*at = one;
	*p->youngest = one;
	p->youngest = &one->younger;
	p->count++;
	lock_drop(&p->lock);
}

size_t
poison_count(struct poison *p)
{
	size_t count;

	lock_take(&p->lock);
	count = p->count;
	lock_drop(&p->lock);
	return count;
}

void
poison_plan(format_set results, struct plan *out)
{
	format_set cheap = results &
	    (FORMAT_BIT(FORMAT_JPEG) | FORMAT_BIT(FORMAT_PNG) |
		FORMAT_BIT(FORMAT_GIF));
	union arg none = { .length = { 0, 0 } };
	union arg most = { .length = { 99, 1 } };
	union arg all = { .length = { 100, 1 } };
	union arg side = { .whole = 32 };
	struct plan_step *step = NULL;
	struct err e;
	bool ok;

	plan_init(out);
	out->in.pages = PAGES_ALL;
	out->in.tolerant = 1;
	/* What is cut is not shrunk by the decoder: every row is decoded. */
	ok = plan_add(out, OP_EXTRACT, &step, &e);
	assert(ok);
	step_set(step, EXTRACT_LEFT, none);
	step_set(step, EXTRACT_TOP, none);
	step_set(step, EXTRACT_WIDTH, most);
	step_set(step, EXTRACT_HEIGHT, all);
	ok = plan_add(out, OP_RESIZE, &step, &e);
	assert(ok);
	step_set(step, RESIZE_WIDTH, side);
	step_set(step, RESIZE_HEIGHT, side);
	step_set(step, RESIZE_FIT, (union arg){ .pick = FIT_FILL });
	out->out.format = FORMAT_AUTO;
	out->out.accepts = cheap != 0 ? cheap : results;
}
