/* SPDX-License-Identifier: Apache-2.0 */
#include "render/bell.h"

void
bell_init(struct bell *b)
{
	lock_init(&b->lock);
	cond_init(&b->heard);
	b->count = 0;
}

void
bell_fini(struct bell *b)
{
	cond_fini(&b->heard);
	lock_fini(&b->lock);
}

void
bell_ring(struct bell *b)
{
	lock_take(&b->lock);
	b->count++;
	cond_wake_all(&b->heard);
	lock_drop(&b->lock);
}

unsigned
bell_count(struct bell *b)
{
	unsigned count;

	lock_take(&b->lock);
	count = b->count;
	lock_drop(&b->lock);
	return count;
}

void
bell_wait(struct bell *b, unsigned count, int64_t until_ns)
{
	lock_take(&b->lock);
	while (b->count == count)
		if (!cond_wait(&b->heard, &b->lock, until_ns))
			break;
	lock_drop(&b->lock);
}
