/* SPDX-License-Identifier: Apache-2.0 */
/* The spool: what was appended is read, whatever was cut, flipped or killed;
 * what is not stored is counted. */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"
#include "conf/conf.h"
#include "disk_kit.h"
#include "event/buffer.h"
#include "event/pack.h"
#include "event/segment.h"
#include "event/spool_state.h"
#include "event/spool_write.h"
#include "event/text.h"
#include "unit.h"

enum { PATH_SIZE = 96, LONG = 30 };

struct place {
	char dir[PATH_SIZE];
	char path[PATH_SIZE + 16];
	struct conf conf;
	struct spool *spool;
	unsigned int posted;
};

static struct event
event_of(unsigned int n)
{
	struct event ev = {
		.at_ns = INT64_C(1795364296123456789) + n * NS_PER_MS,
		.type = EVENT_SERVED,
		.status = 200,
		.cache = CACHE_USE_HIT,
		.answer_bytes = n,
		.rate = 1,
		.told = true,
	};
	uint8_t random[10] = { 0 };

	memcpy(random, &n, sizeof(n));
	event_uid(ev.at_ns, random, ev.uid);
	snprintf(ev.node, sizeof(ev.node), "here");
	snprintf(ev.uri, sizeof(ev.uri), "/cat.jpg?n=%u", n);
	snprintf(ev.id, sizeof(ev.id), "%u", n);
	return ev;
}

static void
append(struct place *p, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct event ev = event_of(p->posted++);

		assert_true(spool_append(p->spool, &ev));
	}
}

static void
begin(struct place *p, bool acknowledge)
{
	struct err e;

	if (!spool_open(&p->conf, acknowledge, &p->spool, &e))
		fail_msg("%s", e.detail);
}

static void
end(struct place *p)
{
	spool_close(p->spool);
	p->spool = NULL;
}

static int
setup(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));

	snprintf(p->dir, sizeof(p->dir), "/tmp/pictor-spool-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/spool", p->dir);
	p->conf.spool_path = p->path;
	p->conf.spool_memory = p->dir;
	p->conf.spool_size = 64 * (int64_t)MIB;
	p->conf.spool_buffer = (int64_t)MIB;
	p->conf.spool_keep = 3600 * NS_PER_S;
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	struct place *p = *state;
	char command[PATH_SIZE + 16];

	spool_close(p->spool);
	snprintf(command, sizeof(command), "rm -rf '%s'", p->dir);
	assert_int_equal(system(command), 0);
	free(p);
	return 0;
}

static void
drain(struct place *p)
{
	spool_drain(p->spool, clock_ns() + LONG * NS_PER_S);
}

/* How many different events there are, all of 0 .. most - 1. */
static unsigned int
count(const char *folder, unsigned int most, struct spool_seen *seen)
{
	scoped_free bool *there = xcalloc(most, sizeof(*there));
	struct spool_reader *r = NULL;
	struct spool_event event;
	unsigned int n = 0;
	struct err e;

	assert_true(spool_reader_open(folder, NULL, &r, &e));
	while (spool_reader_next(r, &event) == SPOOL_EVENT) {
		uint64_t i = event.event->answer_bytes;

		assert_true(i < most);
		n += !there[i];
		there[i] = true;
	}
	if (seen != NULL)
		spool_reader_look(r, seen);
	spool_reader_free(r);
	return n;
}

static struct spool_sums
sums_of(struct place *p)
{
	struct spool_sums sums;

	assert_true(spool_sums(p->path, &sums));
	return sums;
}

/* --- writing and reading --- */

static void
test_round(void **state)
{
	struct place *p = *state;
	struct spool_reader *r = NULL;
	struct spool_event event;
	struct spool_place half = { 0 };
	struct err e;

	begin(p, true);
	assert_true(spool_reader_open(p->path, NULL, &r, &e));
	assert_int_equal(spool_reader_next(r, &event), SPOOL_END);
	append(p, 1000);
	drain(p);
	for (unsigned int i = 0; i < 1000; i++) {
		struct event ev = event_of(i);
		char uuid[EVENT_UUID_MAX];
		scoped_json json = NULL;

		assert_int_equal(spool_reader_next(r, &event), SPOOL_EVENT);
		event_uid_print(ev.uid, uuid);
		assert_string_equal(event.id, uuid);
		assert_int_equal(event.at_ns, ev.at_ns);
		json = json_read(event.json, &e);
		assert_string_equal(
		    json_string_value(json_object_get(json, "uri")), ev.uri);
		if (i == 499)
			half = event.next;
	}
	assert_int_equal(spool_reader_next(r, &event), SPOOL_END);
	/* It follows who writes. */
	append(p, 1);
	drain(p);
	assert_int_equal(spool_reader_next(r, &event), SPOOL_EVENT);
	assert_string_equal(event.event->id, "1000");
	spool_reader_free(r);
	/* From a place on. */
	assert_true(spool_reader_open(p->path, &half, &r, &e));
	assert_int_equal(spool_reader_next(r, &event), SPOOL_EVENT);
	assert_string_equal(event.event->id, "500");
	/* Also over a start of the daemon, which begins another segment. */
	end(p);
	begin(p, true);
	append(p, 1);
	drain(p);
	for (unsigned int i = 501; i < 1002; i++)
		assert_int_equal(spool_reader_next(r, &event), SPOOL_EVENT);
	assert_string_equal(event.event->id, "1001");
	assert_int_equal(event.place.segment, 2);
	assert_int_equal(spool_reader_next(r, &event), SPOOL_END);
	spool_reader_free(r);
}

static void
test_alone(void **state)
{
	struct place *p = *state;
	struct spool *other = NULL;
	struct err e;

	begin(p, true);
	assert_false(spool_open(&p->conf, true, &other, &e));
	assert_non_null(strstr(e.detail, "another daemon writes it"));
}

/* --- damage --- */

/* A small segment, and its bytes. */
static size_t
segment_of(struct place *p, unsigned int events, char *name, uint8_t **bytes)
{
	struct segment *list = NULL;
	scoped_fd dir = -1;
	char file[SEGMENT_NAME_MAX];
	size_t n = 0;
	size_t size = 0;
	char *text = NULL;
	struct err e;

	begin(p, true);
	append(p, events);
	end(p);
	dir = open(p->path, O_RDONLY | O_DIRECTORY);
	assert_true(segments_list(dir, &list, &n));
	assert_int_equal(n, 1);
	segment_name(&list[0], file);
	snprintf(name, 2 * PATH_SIZE, "%s/%s", p->path, file);
	free(list);
	assert_true(fd_read_file(name, MIB, &text, &size, &e));
	*bytes = (uint8_t *)text;
	return size;
}

static void
put_file(const char *name, const uint8_t *bytes, size_t size)
{
	scoped_fd fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd_write_all(fd, bytes, size));
}

static unsigned int
count_file(const char *name, struct spool_seen *seen)
{
	struct spool_reader *r = NULL;
	struct spool_event event;
	unsigned int n = 0;
	struct err e;

	assert_true(spool_reader_open_file(name, &r, &e));
	while (spool_reader_next(r, &event) == SPOOL_EVENT)
		n++;
	spool_reader_look(r, seen);
	spool_reader_free(r);
	return n;
}

/* Cut at every byte: all records that are whole are read. */
static void
test_cut(void **state)
{
	enum { EVENTS = 12 };
	struct place *p = *state;
	char name[2 * PATH_SIZE];
	scoped_free uint8_t *bytes = NULL;
	size_t size = segment_of(p, EVENTS, name, &bytes);
	size_t ends[EVENTS];
	size_t at = SEGMENT_HEAD;

	for (size_t i = 0; i < EVENTS; i++) {
		at += FRAME_HEAD + frame_size(bytes + at);
		ends[i] = at;
	}
	assert_int_equal(at, size);
	for (size_t cut = 0; cut <= size; cut++) {
		struct spool_seen seen;
		unsigned int whole = 0;
		size_t used = cut < SEGMENT_HEAD ? 0 : SEGMENT_HEAD;

		while (whole < EVENTS && ends[whole] <= cut)
			used = ends[whole++];
		put_file(name, bytes, cut);
		assert_int_equal(count_file(name, &seen), whole);
		assert_int_equal(seen.damaged_bytes, cut - used);
		assert_int_equal(seen.damages, cut != used);
		/* In its folder it may be that a daemon writes it. */
		if (cut % 7 == 0)
			assert_int_equal(count(p->path, EVENTS, &seen), whole);
	}
}

/* The record behind a cut one is read when another segment is there. */
static void
test_torn(void **state)
{
	enum { EVENTS = 5 };
	struct place *p = *state;
	char name[2 * PATH_SIZE];
	scoped_free uint8_t *bytes = NULL;
	size_t size = segment_of(p, EVENTS, name, &bytes);
	struct spool_seen seen;

	put_file(name, bytes, size - 3);
	begin(p, true);
	append(p, 4);
	drain(p);
	assert_int_equal(count(p->path, EVENTS + 4, &seen), EVENTS + 3);
	assert_int_equal(seen.damages, 1);
	assert_int_equal(seen.segments, 2);
}

/* Each byte flipped: at most the record that it is in gets lost. */
static void
test_flip(void **state)
{
	enum { EVENTS = 8 };
	struct place *p = *state;
	char name[2 * PATH_SIZE];
	scoped_free uint8_t *bytes = NULL;
	size_t size = segment_of(p, EVENTS, name, &bytes);

	for (size_t i = 0; i < size; i++) {
		struct spool_seen seen;
		unsigned int got;

		bytes[i] ^= (uint8_t)(1 + i % 255);
		put_file(name, bytes, size);
		got = count_file(name, &seen);
		assert_int_equal(got, i < SEGMENT_HEAD ? EVENTS : EVENTS - 1);
		assert_int_equal(seen.damages, 1);
		bytes[i] ^= (uint8_t)(1 + i % 255);
	}
}

/* A record that a client put into a URL is none. */
static void
test_forged(void **state)
{
	struct place *p = *state;
	char name[2 * PATH_SIZE];
	scoped_free uint8_t *bytes = NULL;
	struct event ev = event_of(3);
	uint8_t frame[FRAME_HEAD + PACK_MAX];
	size_t packed;
	size_t size;
	struct spool_seen seen;

	size = segment_of(p, 2, name, &bytes);
	packed = pack_event(&ev, frame + FRAME_HEAD);
	frame_head(0x12345678, frame + FRAME_HEAD, packed, frame);
	bytes = realloc(bytes, size + FRAME_HEAD + packed);
	memcpy(bytes + size, frame, FRAME_HEAD + packed);
	put_file(name, bytes, size + FRAME_HEAD + packed);
	assert_int_equal(count_file(name, &seen), 2);
	assert_int_equal(seen.damaged_bytes, FRAME_HEAD + packed);
}

/* --- killed --- */

/* Appends until it is killed; says in *told how many were taken. */
static void
kill_round(struct place *p, _Atomic unsigned int *told, unsigned int most,
    unsigned int sleep_us)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		struct err e;

		if (!spool_open(&p->conf, true, &p->spool, &e))
			_exit(1);
		for (unsigned int i = *told; i < most; i++) {
			struct event ev = event_of(i);

			while (!spool_append(p->spool, &ev))
				clock_sleep_ns(100000);
			*told = i + 1;
		}
		_exit(0);
	}
	clock_sleep_ns(sleep_us * INT64_C(1000));
	(void)kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void
test_killed(void **state)
{
	enum { ROUNDS = 25, MOST = 2000000 };
	struct place *p = *state;
	_Atomic unsigned int *told = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct spool_seen seen;
	unsigned int n, i;

	assert_ptr_not_equal(told, MAP_FAILED);
	p->conf.spool_size = (int64_t)GIB;
	for (i = 0; i < ROUNDS || *told <= 100; i++)
		kill_round(p, told, MOST, 2000 + i * 700);
	begin(p, true);
	drain(p);
	/* One more may be there: taken, and killed before that was told. */
	n = count(p->path, MOST, &seen);
	assert_in_range(n, *told, *told + i);
	end(p);
	/* And then the next child took it again. */
	assert_in_range(seen.events, n, n + i);
	assert_int_equal(sums_of(p).stored, seen.events);
	munmap(told, 4096);
}

/* As if killed behind the write, or in the middle of it: what the buffer says
 * was to be written is still in it. */
static void
rewind_buffer(struct place *p, uint64_t events, uint64_t bytes)
{
	scoped_fd dir = open(p->path, O_RDONLY | O_DIRECTORY);
	struct spool_state state;
	struct buffer *b;
	uint64_t turn;
	glob_t found;
	char pattern[PATH_SIZE + 32];

	assert_true(spool_state_read(dir, &state, &turn));
	snprintf(pattern, sizeof(pattern), "%s/pictor-spool-*", p->dir);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 1);
	b = buffer_open(found.gl_pathv[0], NULL, MIB, state.id);
	globfree(&found);
	*buffer_intent(b) = (struct buffer_intent){ .segment = 1,
		.offset = SEGMENT_HEAD,
		.bytes = bytes,
		.stored = events,
		.tail = buffer_tail(b) };
	assert_true(buffer_tail(b) > 0);
	buffer_next(b, 0);
	atomic_store(&buffer_sums(b)->stored, 0);
	buffer_close(b, false);
}

/* part: of the segment's bytes, in hundredths, that are on the disk. */
static void
killed_writing(struct place *p, unsigned int part)
{
	enum { EVENTS = 100 };
	char name[PATH_SIZE + 64];
	struct segment *list = NULL;
	struct spool_seen seen;
	char file[SEGMENT_NAME_MAX];
	pid_t child = fork();
	scoped_fd dir = -1;
	size_t n = 0;

	assert_true(child >= 0);
	if (child == 0) {
		begin(p, true);
		append(p, EVENTS);
		drain(p);
		(void)kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	dir = open(p->path, O_RDONLY | O_DIRECTORY);
	assert_true(segments_list(dir, &list, &n));
	assert_int_equal(n, 1);
	segment_name(&list[0], file);
	snprintf(name, sizeof(name), "%s/%s", p->path, file);
	rewind_buffer(p, EVENTS, list[0].size - SEGMENT_HEAD);
	assert_int_equal(truncate(name, (off_t)(list[0].size * part / 100)), 0);
	free(list);
	begin(p, true);
	/* Said at once: nothing more may ever be written. */
	if (part == 100)
		assert_int_equal(sums_of(p).stored, EVENTS);
	end(p);
	assert_int_equal(count(p->path, EVENTS, &seen), EVENTS);
	assert_int_equal(seen.events, EVENTS);
	assert_int_equal(seen.damages, 0);
	assert_int_equal(sums_of(p).stored, EVENTS);
}

/* All of it was written: not once more. */
static void
test_killed_behind(void **state)
{
	killed_writing(*state, 100);
}

/* Half of it: that does not count, all comes into the next segment. */
static void
test_killed_inside(void **state)
{
	killed_writing(*state, 50);
}

/* --- bounds --- */

/* Full: new events are refused and counted; then there is room again. */
static void
test_full(void **state)
{
	struct place *p = *state;
	unsigned int stored = 0;
	unsigned int lost = 0;
	struct spool_place all = { .segment = UINT64_MAX };
	struct stat st;

	p->conf.spool_size = (int64_t)MIB;
	p->conf.spool_buffer = 64 * (int64_t)KIB;
	begin(p, true);
	while (lost < 500) {
		struct event ev = event_of(stored + lost);

		if (spool_append(p->spool, &ev)) {
			stored++;
		} else {
			lost++;
			clock_sleep_ns(NS_PER_MS);
		}
	}
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(count(p->path, stored + lost, NULL) > 1000, true);
	/* Kafka has taken all. */
	all.segment = 1000;
	spool_acknowledge(p->spool, &all, stored);
	p->posted = stored + lost;
	for (int64_t until = clock_ns() + LONG * NS_PER_S;;) {
		struct event ev = event_of(p->posted);

		if (spool_append(p->spool, &ev))
			break;
		lost++;
		assert_true(clock_ns() < until);
		clock_sleep_ns(NS_PER_MS);
	}
	stored++;
	end(p);
	assert_int_equal(sums_of(p).lost, lost);
	assert_int_equal(sums_of(p).stored, stored);
}

/* The disk takes nothing: events wait in memory and are written later. */
static void
test_no_room(void **state)
{
	struct place *p = *state;
	struct rlimit before;
	int64_t until;

	begin(p, true);
	append(p, 10);
	drain(p);
	before = disk_full(8000);
	append(p, 500);
	spool_drain(p->spool, clock_ns() + 300 * NS_PER_MS);
	assert_true(count(p->path, 510, NULL) < 510);
	disk_has_room(&before);
	until = clock_ns() + LONG * NS_PER_S;
	while (count(p->path, 510, NULL) < 510 && clock_ns() < until)
		clock_sleep_ns(10 * NS_PER_MS);
	assert_int_equal(count(p->path, 510, NULL), 510);
	end(p);
	assert_int_equal(sums_of(p).lost, 0);
	assert_int_equal(sums_of(p).stored, 510);
}

/* The same, and killed while they wait: they are counted once. */
static void
test_no_room_killed(void **state)
{
	struct place *p = *state;
	struct rlimit tight;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR ||
		    getrlimit(RLIMIT_FSIZE, &tight) != 0)
			_exit(1);
		/* The buffer is made whole, and then no file may grow. */
		begin(p, true);
		append(p, 10);
		drain(p);
		tight.rlim_cur = 8000;
		if (setrlimit(RLIMIT_FSIZE, &tight) != 0)
			_exit(1);
		append(p, 500);
		while (sums_of(p).stored < 510)
			clock_sleep_ns(NS_PER_MS);
		(void)kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(sums_of(p).stored, 510);
	begin(p, true);
	drain(p);
	end(p);
	assert_int_equal(count(p->path, 510, NULL), 510);
	assert_int_equal(sums_of(p).stored, 510);
	assert_int_equal(sums_of(p).lost, 0);
}

/* Events that wait in memory are not lost to another size of it, nor where the
 * folder in memory is another from now on. */
static void
test_other_buffer(void **state)
{
	struct place *p = *state;
	struct rlimit before;

	for (int turn = 0; turn < 2; turn++) {
		if (turn == 1)
			p->conf.spool_memory = "";
		begin(p, true);
		drain(p);
		before = disk_full(1);
		append(p, 100);
		spool_drain(p->spool, clock_ns() + 300 * NS_PER_MS);
		end(p);
		disk_has_room(&before);
		p->conf.spool_buffer *= 2;
		p->conf.spool_memory = p->dir;
		begin(p, true);
		drain(p);
		end(p);
		assert_int_equal(count(p->path, 200, NULL), p->posted);
		assert_int_equal(sums_of(p).stored, p->posted);
		assert_int_equal(sums_of(p).lost, 0);
	}
}

/* Without a descriptor for the next segment its events are not passed over. */
static void
test_no_descriptor(void **state)
{
	struct place *p = *state;
	struct spool_reader *r = NULL;
	struct spool_event event;
	struct spool_seen seen;
	struct rlimit before;
	struct rlimit tight;
	struct err e;
	int lowest;

	for (int i = 0; i < 2; i++) {
		begin(p, true);
		append(p, 3);
		end(p);
	}
	assert_true(spool_reader_open(p->path, NULL, &r, &e));
	for (int i = 0; i < 3; i++)
		assert_int_equal(spool_reader_next(r, &event), SPOOL_EVENT);
	lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(lowest >= 0);
	(void)close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	/* The segment's own descriptor is free only when the next is open. */
	tight = before;
	tight.rlim_cur = (rlim_t)lowest;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	assert_int_equal(spool_reader_next(r, &event), SPOOL_END);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(spool_reader_next(r, &event), SPOOL_EVENT);
	assert_string_equal(event.event->id, "5");
	assert_int_equal(spool_reader_next(r, &event), SPOOL_END);
	spool_reader_look(r, &seen);
	assert_int_equal(seen.unreadable, 0);
	assert_int_equal(seen.missing, 0);
	spool_reader_free(r);
}

/* What is acknowledged goes when its time is over; the rest stays. */
static void
test_kept(void **state)
{
	struct place *p = *state;
	struct spool_place two = { .segment = 2 };
	int64_t until;

	begin(p, true);
	append(p, 100);
	end(p);
	p->conf.spool_keep = 0;
	begin(p, true);
	append(p, 50);
	drain(p);
	assert_int_equal(count(p->path, 150, NULL), 150);
	spool_acknowledge(p->spool, &two, 100);
	until = clock_ns() + LONG * NS_PER_S;
	while (count(p->path, 150, NULL) > 50 && clock_ns() < until)
		clock_sleep_ns(20 * NS_PER_MS);
	assert_int_equal(count(p->path, 150, NULL), 50);
	end(p);
	/* It is remembered. */
	begin(p, true);
	assert_int_equal(spool_begin(p->spool).segment, 2);
}

/* --- many threads --- */

enum { CROWD_THREADS = 4, CROWD_POSTS = 5000 };

static void *
crowd_run(void *arg)
{
	struct place *p = arg;
	static _Atomic unsigned int next;
	uintptr_t refused = 0;

	for (unsigned int i = 0; i < CROWD_POSTS; i++) {
		struct event ev = event_of(next++);

		refused += !spool_append(p->spool, &ev);
		if (i % 100 == 0)
			clock_sleep_ns(NS_PER_MS);
	}
	return (void *)refused;
}

static void
test_crowd(void **state)
{
	struct place *p = *state;
	pthread_t thread[CROWD_THREADS];
	uint64_t refused = 0;
	const unsigned int all = CROWD_THREADS * CROWD_POSTS;

	p->conf.spool_buffer = 64 * (int64_t)KIB;
	begin(p, true);
	for (size_t i = 0; i < NELEM(thread); i++)
		assert_int_equal(
		    pthread_create(&thread[i], NULL, crowd_run, p), 0);
	for (size_t i = 0; i < NELEM(thread); i++) {
		void *n = NULL;

		assert_int_equal(pthread_join(thread[i], &n), 0);
		refused += (uintptr_t)n;
	}
	end(p);
	assert_int_equal(count(p->path, all, NULL), all - refused);
	assert_int_equal(sums_of(p).lost, refused);
	assert_int_equal(sums_of(p).stored, all - refused);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_round),
		TEST(test_alone),
		TEST(test_cut),
		TEST(test_torn),
		TEST(test_flip),
		TEST(test_forged),
		TEST(test_killed),
		TEST(test_killed_behind),
		TEST(test_killed_inside),
		TEST(test_full),
		TEST(test_no_room),
		TEST(test_no_room_killed),
		TEST(test_other_buffer),
		TEST(test_no_descriptor),
		TEST(test_kept),
		TEST(test_crowd),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
