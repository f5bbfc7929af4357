/* SPDX-License-Identifier: Apache-2.0 */
#include "disk_kit.h"

#include <signal.h>

#include "unit.h"

struct rlimit
disk_full(rlim_t size)
{
	struct rlimit before;
	struct rlimit tight;

	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	tight = before;
	tight.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	return before;
}

void
disk_has_room(const struct rlimit *before)
{
	assert_int_equal(setrlimit(RLIMIT_FSIZE, before), 0);
}
