/* SPDX-License-Identifier: Apache-2.0 */
/* Events kept aside: each is read again, whatever became of the file's head,
 * of its end, of the file, or of the spool's state. */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "event/pack.h"
#include "event/rejected.h"
#include "event/segment.h"
#include "event/spool.h"
#include "event/text.h"
#include "unit.h"

enum { PATH_SIZE = 96, SALT = 0x12345678, OTHER = 0x0badcafe };

struct place {
	int folder;
	char dir[PATH_SIZE / 2];
	char path[PATH_SIZE];
};

static int
setup(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));

	snprintf(p->dir, sizeof(p->dir), "/tmp/pictor-rejected-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	assert_true(
	    snprintf(p->path, PATH_SIZE, "%s/rejected.seg", p->dir) > 0);
	p->folder = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(p->folder >= 0);
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	struct place *p = *state;

	(void)unlink(p->path);
	fd_close(&p->folder);
	assert_int_equal(rmdir(p->dir), 0);
	free(p);
	return 0;
}

static bool
put(const struct place *p, uint32_t salt, uint64_t most, unsigned int n)
{
	struct event ev;

	event_init(&ev);
	ev.at_ns = INT64_C(1795364296123456789);
	ev.type = EVENT_FAILED;
	ev.status = 400;
	ev.answer_bytes = n;
	ev.rate = 1;
	event_uid(ev.at_ns, (uint8_t[10]){ (uint8_t)n }, ev.uid);
	return rejected_put(p->folder, salt, most, &ev);
}

/* Are there the events 1 to n, in their order, and so many damaged bytes? */
static void
assert_there(const struct place *p, unsigned int n, uint64_t damaged)
{
	struct spool_reader *r = NULL;
	struct spool_event event;
	struct spool_seen seen;
	unsigned int i = 0;
	struct err e;

	assert_true(spool_reader_open_file(p->path, &r, &e));
	while (spool_reader_next(r, &event) == SPOOL_EVENT)
		assert_int_equal(event.event->answer_bytes, ++i);
	spool_reader_look(r, &seen);
	spool_reader_free(r);
	assert_int_equal(i, n);
	assert_int_equal(seen.damaged_bytes, damaged);
}

static uint64_t
size_of(const struct place *p)
{
	struct stat st;

	assert_int_equal(stat(p->path, &st), 0);
	return (uint64_t)st.st_size;
}

static void
overwrite(const struct place *p, off_t at, const char *byte)
{
	scoped_fd fd = open(p->path, O_WRONLY | O_CLOEXEC);

	assert_int_equal(pwrite(fd, byte, 1, at), 1);
}

/* The spool's state was lost, so it has another salt: the file keeps its own. */
static void
test_state_lost(void **state)
{
	const struct place *p = *state;

	assert_true(put(p, SALT, MIB, 1));
	assert_true(put(p, OTHER, MIB, 2));
	assert_true(put(p, SALT, MIB, 3));
	assert_there(p, 3, 0);
}

/* A full disk has cut the head: whatever is left of it. */
static void
test_torn_head(void **state)
{
	const struct place *p = *state;

	for (off_t size = 0; size < SEGMENT_HEAD; size++) {
		assert_true(put(p, SALT, MIB, 1));
		assert_int_equal(truncate(p->path, size), 0);
		assert_true(put(p, OTHER, MIB, 1));
		assert_there(p, 1, 0);
		assert_int_equal(unlink(p->path), 0);
	}
	assert_true(put(p, SALT, MIB, 1));
}

static void
test_damaged_head(void **state)
{
	const struct place *p = *state;

	assert_true(put(p, SALT, MIB, 1));
	overwrite(p, 12, "?");
	assert_there(p, 0, size_of(p));
	assert_true(put(p, SALT, MIB, 2));
	assert_there(p, 2, 0);
}

/* The event before was cut: what comes behind it is read. */
static void
test_torn_end(void **state)
{
	const struct place *p = *state;
	uint64_t one;

	assert_true(put(p, SALT, MIB, 1));
	one = size_of(p) - SEGMENT_HEAD;
	assert_true(put(p, SALT, MIB, 9));
	assert_int_equal(
	    truncate(p->path, (off_t)(SEGMENT_HEAD + one + 20)), 0);
	assert_true(put(p, SALT, MIB, 2));
	assert_there(p, 2, 20);
}

/* Who has sent all removes it: what comes after that is kept, too. */
static void
test_removed(void **state)
{
	const struct place *p = *state;

	assert_true(put(p, SALT, MIB, 1));
	assert_int_equal(unlink(p->path), 0);
	assert_true(put(p, OTHER, MIB, 1));
	assert_there(p, 1, 0);
}

static void
test_bounded(void **state)
{
	const struct place *p = *state;
	uint64_t most;

	assert_true(put(p, SALT, MIB, 1));
	most = 2 * size_of(p) - SEGMENT_HEAD;
	assert_true(put(p, SALT, most, 2));
	assert_false(put(p, SALT, most, 3));
	assert_int_equal(size_of(p), most);
	assert_there(p, 2, 0);
}

/* What lies there instead of it is not written to. */
static void
test_no_file(void **state)
{
	const struct place *p = *state;

	assert_int_equal(symlink("/dev/null", p->path), 0);
	assert_false(put(p, SALT, MIB, 1));
	assert_int_equal(unlink(p->path), 0);
	assert_int_equal(mkfifo(p->path, 0600), 0);
	assert_false(put(p, SALT, MIB, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_state_lost),
		TEST(test_torn_head),
		TEST(test_damaged_head),
		TEST(test_torn_end),
		TEST(test_removed),
		TEST(test_bounded),
		TEST(test_no_file),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
