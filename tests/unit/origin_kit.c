/* SPDX-License-Identifier: Apache-2.0 */
#include "origin_kit.h"

#include <semaphore.h>
#include <string.h>

#include "base/clock.h"

struct conf *
kit_conf(const char *text)
{
	struct conf *conf = NULL;
	struct err e;

	if (!conf_load_text(slice_of(text), "test", NULL, &conf, &e))
		fail_msg("%s", e.detail);
	return conf;
}

void
kit_close(struct kit_stores *k)
{
	origin_stores_drop(k->stores);
	origin_free(k->origin);
	conf_drop(k->conf);
	*k = (struct kit_stores){ .conf = NULL };
}

void
kit_open(struct kit_stores *k, const char *text)
{
	struct err e;

	kit_close(k);
	k->conf = kit_conf(text);
	if (!origin_new(k->conf, &k->origin, &e) ||
	    !origin_open(k->origin, k->conf, &k->stores, &e))
		fail_msg("%s", e.detail);
}

void
kit_refused(const char *text, const char *word, struct err *e)
{
	struct conf *conf = kit_conf(text);

	assert_false(origin_check(conf, e));
	conf_drop(conf);
	if (e->code != ERR_CONFIG || strstr(e->detail, word) == NULL)
		fail_msg("\"%s\": %s", text, e->detail);
}

static void
begun(struct origin_fetch *f)
{
	sem_post(f->owner);
}

void
kit_ask(struct kit_stores *k, struct origin_fetch *f, struct kit_answer *out)
{
	struct blob_view view = { .state = BLOB_GROWING };
	sem_t sem;

	*out = (struct kit_answer){ .size = 0 };
	sem_init(&sem, 0, 0);
	f->stores = k->stores;
	f->deadline_ns = clock_ns() + 60 * NS_PER_S;
	f->begin = begun;
	f->owner = &sem;
	origin_submit(k->origin, f);
	while (sem_wait(&sem) != 0)
		continue;
	sem_destroy(&sem);
	out->err = f->err;
	if (!f->ok)
		return;
	out->err.code = ERR_NONE;
	if (f->body == NULL)
		return;
	while (view.state == BLOB_GROWING)
		view = blob_wait(f->body, view.size, CLOCK_NEVER);
	assert_true(view.size < sizeof(out->body));
	memcpy(out->body, view.data, view.size);
	out->size = view.size;
	if (view.state == BLOB_FAILED)
		blob_error(f->body, &out->err);
	origin_release(k->origin, f);
}
