/* SPDX-License-Identifier: Apache-2.0 */
/* A table of small sets. */
#include "origin/missing.h"

#include <string.h>

static uint32_t
missing_place(const struct digest *id)
{
	uint32_t hash;

	memcpy(&hash, id->byte, sizeof(hash));
	return hash % MISSING_ROWS;
}

void
missing_put(struct missing *m, const struct digest *id, int64_t until_ns)
{
	struct missing_row *set = m->row[missing_place(id)];
	struct missing_row *best = &set[0];

	for (size_t i = 0; i < MISSING_WAYS; i++) {
		if (digest_eq(&set[i].id, id)) {
			best = &set[i];
			break;
		}
		if (set[i].until_ns < best->until_ns)
			best = &set[i];
	}
	best->id = *id;
	best->until_ns = until_ns;
}

bool
missing_has(const struct missing *m, const struct digest *id, int64_t now_ns)
{
	const struct missing_row *set = m->row[missing_place(id)];

	for (size_t i = 0; i < MISSING_WAYS; i++)
		if (set[i].until_ns > now_ns && digest_eq(&set[i].id, id))
			return true;
	return false;
}

void
missing_clear(struct missing *m)
{
	memset(m, 0, sizeof(*m));
}
