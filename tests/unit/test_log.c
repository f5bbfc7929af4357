/* SPDX-License-Identifier: Apache-2.0 */
/* The system log: levels, one line a call, both forms; threads and locks. */
#include <sys/stat.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/lock.h"
#include "base/log.h"
#include "unit.h"

/* What stderr got since capture_start(). */
static int saved = -1;
static FILE *captured;

static void
capture_start(void)
{
	captured = tmpfile();
	assert_non_null(captured);
	saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	assert_true(saved >= 0);
	assert_int_equal(dup2(fileno(captured), STDERR_FILENO), STDERR_FILENO);
}

static size_t
capture_end(char *out, size_t size)
{
	ssize_t n;

	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	fd_close(&saved);
	assert_int_equal(fseek(captured, 0, SEEK_SET), 0);
	n = fd_read_full(fileno(captured), out, size - 1);
	assert_true(n >= 0);
	out[n] = '\0';
	fclose(captured);
	return (size_t)n;
}

static void
levels(void **state)
{
	char out[4096];

	(void)state;
	for (int most = LOG_LEVEL_ERROR; most <= LOG_LEVEL_DEBUG; most++) {
		int lines = 0;

		log_level_set((enum log_level)most);
		capture_start();
		for (int l = LOG_LEVEL_ERROR; l <= LOG_LEVEL_DEBUG; l++) {
			assert_int_equal(
			    log_level_on((enum log_level)l), l <= most);
			log_line((enum log_level)l, "line");
		}
		capture_end(out, sizeof(out));
		for (const char *at = out; *at != '\0'; at++)
			lines += *at == '\n';
		assert_int_equal(lines, most + 1);
	}
	log_level_set(LOG_LEVEL_INFO);
}

/* NOLINTBEGIN(concurrency-mt-unsafe): no thread is left here. */
static void
form_for_people(void **state)
{
	char out[4096];
	size_t n;

	(void)state;
	unsetenv("JOURNAL_STREAM");
	capture_start();
	log_line(LOG_LEVEL_WARNING, "disk %d%% full", 93);
	n = capture_end(out, sizeof(out));
	/* 2026-01-31T10:20:30.123Z warning disk 93% full */
	assert_int_equal(n, 24 + strlen(" warning disk 93% full\n"));
	assert_string_equal(out + 24, " warning disk 93% full\n");
	assert_int_equal(out[10], 'T');
	assert_int_equal(out[23], 'Z');
}

static void
form_for_the_journal(void **state)
{
	char out[4096];
	char stream[64];
	struct stat st;

	(void)state;
	capture_start();
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	log_line(LOG_LEVEL_ERROR, "gone");
	log_line(LOG_LEVEL_INFO, "here");
	/* Inherited, but stderr is something else. */
	assert_int_equal(setenv("JOURNAL_STREAM", "1:2", 1), 0);
	log_line(LOG_LEVEL_INFO, "there");
	capture_end(out, sizeof(out));
	unsetenv("JOURNAL_STREAM");
	assert_memory_equal(out, "<3>gone\n<6>here\n2", 17);
	assert_non_null(strstr(out, "Z info there\n"));
}
/* NOLINTEND(concurrency-mt-unsafe) */

static void
one_call_is_one_line(void **state)
{
	char longer[5000];
	char out[8192];
	size_t n;

	(void)state;
	capture_start();
	log_line(LOG_LEVEL_INFO, "%s", "a\nb\r\x1b[2J\tc\x7f.\n");
	n = capture_end(out, sizeof(out));
	assert_string_equal(out + 24, " info a b  [2J c . \n");
	assert_ptr_equal(strchr(out, '\n'), out + n - 1);

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	capture_start();
	log_line(LOG_LEVEL_INFO, "%s", longer);
	log_line(LOG_LEVEL_INFO, "%s", "");
	assert_true(capture_end(out, sizeof(out)) > 2047);
	assert_ptr_equal(strchr(out, '\n'), out + 2046);
	assert_string_equal(out + 2047 + 24, " info \n");
}

/* A closed stderr must not stop the program. */
static void
nowhere_to_log(void **state)
{
	char out[16];

	(void)state;
	capture_start();
	assert_int_equal(close(STDERR_FILENO), 0);
	log_line(LOG_LEVEL_ERROR, "lost");
	assert_int_equal(capture_end(out, sizeof(out)), 0);
}

enum { THREADS = 4, LINES = 200 };

static void *
log_many(void *arg)
{
	(void)arg;
	for (int i = 0; i < LINES; i++)
		log_line(
		    LOG_LEVEL_INFO, "0123456789012345678901234567890123456");
	return NULL;
}

static void
threads_do_not_mix(void **state)
{
	enum { LINE = 24 + 6 + 37 + 1 };
	static char out[THREADS * LINES * LINE + 1];
	pthread_t thread[THREADS];

	(void)state;
	capture_start();
	/* As stderr usually is; each write goes to the end. */
	assert_int_equal(fcntl(STDERR_FILENO, F_SETFL, O_APPEND), 0);
	for (size_t i = 0; i < THREADS; i++)
		thread[i] = thread_start("log", log_many, NULL);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(capture_end(out, sizeof(out)), sizeof(out) - 1);
	for (size_t i = 0; i < sizeof(out) - 1; i += LINE)
		assert_memory_equal(out + i + 24,
		    " info 0123456789012345678901234567890123456\n", 44);
}

struct meeting {
	struct lock lock;
	struct cond more;
	int count under(lock);
};

static void *
come(void *arg)
{
	struct meeting *m = arg;
	sigset_t blocked;

	for (int i = 0; i < 1000; i++) {
		lock_take(&m->lock);
		m->count++;
		cond_wake_one(&m->more);
		lock_drop(&m->lock);
	}
	/* Signals belong to the main thread. */
	if (pthread_sigmask(SIG_SETMASK, NULL, &blocked) != 0)
		return arg;
	return sigismember(&blocked, SIGTERM) == 1 ? NULL : arg;
}

static void
locks_and_conditions(void **state)
{
	struct meeting m = { .count = 0 };
	pthread_t thread[THREADS];
	sigset_t blocked;
	int64_t start;
	bool woken;

	(void)state;
	lock_init(&m.lock);
	cond_init(&m.more);
	for (size_t i = 0; i < THREADS; i++)
		thread[i] = thread_start("a name longer than 15", come, &m);
	lock_take(&m.lock);
	while (m.count < 1000 * THREADS)
		assert_true(cond_wait(&m.more, &m.lock, CLOCK_NEVER));
	lock_drop(&m.lock);
	for (size_t i = 0; i < THREADS; i++) {
		void *failed = NULL;

		assert_int_equal(pthread_join(thread[i], &failed), 0);
		assert_null(failed);
	}
	assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &blocked), 0);
	assert_int_equal(sigismember(&blocked, SIGTERM), 0);

	start = clock_ns();
	lock_take(&m.lock);
	do
		woken = cond_wait(&m.more, &m.lock, start + 20 * NS_PER_MS);
	while (woken);
	lock_drop(&m.lock);
	assert_true(clock_ns() - start >= 20 * NS_PER_MS);
	cond_fini(&m.more);
	lock_fini(&m.lock);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels),
		cmocka_unit_test(form_for_people),
		cmocka_unit_test(form_for_the_journal),
		cmocka_unit_test(one_call_is_one_line),
		cmocka_unit_test(nowhere_to_log),
		cmocka_unit_test(threads_do_not_mix),
		cmocka_unit_test(locks_and_conditions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
