/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a plan: either plan_check() refuses them, or everything else
 * may be done with them. Input: patch.h.
 */
#include "patch.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t sizes[] = { 100, 200, 300 };
	static const struct plan_policy everything;
	static const struct plan_policy little = { .max_width = 300,
		.max_height = 300,
		.max_cost = 100,
		.sizes = sizes,
		.nsize = NELEM(sizes),
		.formats = FORMAT_BIT(FORMAT_JPEG) };
	static char url[256 * 1024];
	struct plan p;
	struct err e;
	struct slice patches = patch_plan(data, size, &p);

	patch_bytes(patches, &p, sizeof(p));
	if (!plan_check(&p, &little, &e))
		fuzz_check_err(&e);
	if (!plan_check(&p, &everything, &e)) {
		fuzz_check_err(&e);
		return 0;
	}
	fuzz_use_plan(&p);
	/* A plan from elsewhere need not be sayable, but asking is safe. */
	for (size_t i = 0; dialect_all[i] != NULL; i++)
		if (!dialect_all[i]->print(&p, url, sizeof(url), &e))
			fuzz_check_err(&e);
	return 0;
}
