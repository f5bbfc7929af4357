/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clerk ends fetches whose deadline has come or whose askers have left, and
 * closes stores that nobody knows any more.
 */
#include "base/clock.h"
#include "origin/flow.h"

void
clerk_tell(struct origin *o, int64_t deadline_ns)
{
	int64_t due = deadline_ns < CLOCK_NEVER - origin_grace_ns
	    ? deadline_ns + origin_grace_ns
	    : CLOCK_NEVER;

	if (due >= o->due_ns)
		return;
	o->due_ns = due;
	cond_wake_one(&o->clerk);
}

/* What a look over all that wait has found. */
struct sweep {
	int64_t now_ns;
	int64_t due_ns;            /* of those that go on waiting */
	struct origin_fetch *gone; /* to be refused */
	struct store_flow *unused; /* to be freed, by turn */
	bool poke;                 /* the fetcher is to be told */
};

static void
sweep_fetch(struct sweep *s, struct origin_fetch *f)
{
	if (fetch_is_unwanted(f))
		err_set(&f->err, ERR_CLIENT_GONE, "nobody waits any more");
	else
		err_set(&f->err, ERR_ORIGIN_TIMEOUT, "before the body");
	f->next = s->gone;
	s->gone = f;
}

static bool
sweep_is_over(struct sweep *s, const struct origin_fetch *f)
{
	int64_t due = f->deadline_ns < CLOCK_NEVER - origin_grace_ns
	    ? f->deadline_ns + origin_grace_ns
	    : CLOCK_NEVER;

	if (fetch_is_unwanted(f) || s->now_ns >= due)
		return true;
	if (due < s->due_ns)
		s->due_ns = due;
	return false;
}

static void
sweep_flow(struct origin *o, struct sweep *s, struct store_flow *flow)
    needs_lock(&o->lock)
{
	struct origin_fetch **at = &flow->waiting;
	struct store_flow *unused = NULL;

	while (*at != NULL) {
		struct origin_fetch *f = *at;

		if (!sweep_is_over(s, f)) {
			at = &f->next;
			continue;
		}
		*at = f->next;
		sweep_fetch(s, f);
	}
	if (flow_is_wanted(flow))
		return;
	if (s->now_ns >= store_due_ns(&flow->t) && !flow->queued) {
		const struct err late = { .code = ERR_ORIGIN_TIMEOUT,
			.detail = "no answer" };

		flow_judge(o, flow, &late);
	}
	unused = flow_abandon(o, flow, &s->poke);
	if (unused == NULL)
		return;
	unused->turn = s->unused;
	s->unused = unused;
}

static void
sweep_all(struct origin *o, struct sweep *s) needs_lock(&o->lock)
{
	for (size_t i = 0; i < ORIGIN_BUCKETS; i++) {
		struct store_flow *flow = o->bucket[i];

		while (flow != NULL) {
			struct store_flow *next = flow->next;

			if (!flow->begun)
				sweep_flow(o, s, flow);
			flow = next;
		}
	}
	o->due_ns = s->due_ns;
}

/* Without the lock: what was found comes to its end. */
static void
sweep_end(struct origin *o, struct sweep *s)
{
	if (s->poke)
		flows_poke(o);
	while (s->unused != NULL) {
		struct store_flow *flow = s->unused;

		s->unused = flow->turn;
		flow_drop(flow);
	}
	fetches_begin(s->gone);
}

void
origin_poke(struct origin *o)
{
	struct sweep s = { .now_ns = clock_ns(), .due_ns = CLOCK_NEVER };

	lock_take(&o->lock);
	sweep_all(o, &s);
	lock_drop(&o->lock);
	sweep_end(o, &s);
}

static struct store_life *
clerk_close(struct origin *o) needs_lock(&o->lock)
{
	struct store_life *life = o->unused;

	if (life != NULL)
		o->unused = life->next;
	return life;
}

void *
clerk_run(void *arg)
{
	struct origin *o = arg;
	bool stop = false;

	while (!stop) {
		struct sweep s = { .due_ns = CLOCK_NEVER };
		struct store_life *life = NULL;

		lock_take(&o->lock);
		while (!o->stop && o->unused == NULL && clock_ns() < o->due_ns)
			(void)cond_wait(&o->clerk, &o->lock, o->due_ns);
		s.now_ns = clock_ns();
		if (s.now_ns >= o->due_ns)
			sweep_all(o, &s);
		life = clerk_close(o);
		stop = o->stop && life == NULL;
		lock_drop(&o->lock);
		sweep_end(o, &s);
		if (life != NULL)
			store_close(life);
	}
	return NULL;
}
