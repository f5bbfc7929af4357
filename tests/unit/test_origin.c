/* SPDX-License-Identifier: Apache-2.0 */
/* Originals from files: each thing that a name can lead to, and each way in
 * which reading can go wrong. */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fcntl.h>
#include <inttypes.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "origin_kit.h"

enum { PLACE_MAX = 64 };

struct place {
	char root[PLACE_MAX]; /* the store's folder */
	char out[PLACE_MAX];  /* a folder beside it */
	int fd;               /* of root */
	struct conf *conf;
	struct origin_stores *stores;
	struct origin *origin;
};

static void
make(int dir, const char *name, const char *text)
{
	scoped_fd fd =
	    openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_true(fd_write_all(fd, text, strlen(text)));
}

/* With the stores of all tests, and more. */
static struct conf *
read_conf(const struct place *p, const char *more)
{
	char text[1024];

	snprintf(text, sizeof(text),
	    "[store.files]\nroot = %s\n[store.devices]\nroot = /dev\n"
	    "[mount.all]\npath = /\nstores = files devices\n%s",
	    p->root, more);
	return kit_conf(text);
}

static void
close_stores(struct place *p)
{
	origin_stores_drop(p->stores);
	p->stores = NULL;
	origin_free(p->origin);
	p->origin = NULL;
	conf_drop(p->conf);
	p->conf = NULL;
}

static void
open_stores(struct place *p, const char *more)
{
	struct err e;

	close_stores(p);
	p->conf = read_conf(p, more);
	if (!origin_new(p->conf, &p->origin, &e) ||
	    !origin_open(p->origin, p->conf, &p->stores, &e))
		fail_msg("%s", e.detail);
}

static int
setup(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));
	char base[] = "/tmp/pictor-origin-XXXXXX";
	scoped_fd out = -1;

	assert_non_null(mkdtemp(base));
	assert_int_equal(chmod(base, 0755), 0);
	snprintf(p->root, sizeof(p->root), "%s/root", base);
	snprintf(p->out, sizeof(p->out), "%s/out", base);
	assert_int_equal(mkdir(p->root, 0755), 0);
	assert_int_equal(mkdir(p->out, 0755), 0);
	p->fd = open(p->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	out = open(p->out, O_PATH | O_DIRECTORY | O_CLOEXEC);
	make(out, "secret.jpg", "not yours");
	open_stores(p, "[origin]\nthreads = 2\n[limit]\noriginal_bytes = 1M\n");
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	struct place *p = *state;
	char command[2 * PLACE_MAX];

	close_stores(p);
	origin_free(NULL);
	fd_close(&p->fd);
	*strrchr(p->root, '/') = '\0';
	snprintf(command, sizeof(command), "rm -rf '%s'", p->root);
	assert_int_equal(system(command), 0);
	free(p);
	return 0;
}

/* A fetch that is waited for. */
struct asked {
	struct origin_fetch f;
	sem_t begun;
	void (*at_begin)(struct asked *a);
	struct place *place;
};

static void
asked_begin(struct origin_fetch *f)
{
	struct asked *a = f->owner;

	if (a->at_begin != NULL)
		a->at_begin(a);
	sem_post(&a->begun);
}

static void
ask(struct asked *a)
{
	sem_init(&a->begun, 0, 0);
	a->f.stores = a->place->stores;
	a->f.begin = asked_begin;
	a->f.owner = a;
	if (a->f.deadline_ns == 0)
		a->f.deadline_ns = clock_ns() + 60 * NS_PER_S;
	origin_submit(a->place->origin, &a->f);
	while (sem_wait(&a->begun) != 0)
		;
	sem_destroy(&a->begun);
}

static char *
text_of(const char *literal)
{
	static char kept[2][512];
	static unsigned int turn;
	char *out = kept[turn++ % 2];

	snprintf(out, sizeof(kept[0]), "%s", literal);
	return out;
}

static struct asked
fetch(struct place *p, const char *store, const char *key)
{
	struct asked a = { .place = p };

	a.f.store = text_of(store);
	a.f.key = text_of(key);
	ask(&a);
	return a;
}

static void
fails(struct place *p, const char *key, enum err_code code, const char *detail)
{
	struct asked a = fetch(p, "files", key);

	assert_false(a.f.ok);
	assert_null(a.f.body);
	assert_string_equal(err_row(a.f.err.code)->code, err_row(code)->code);
	assert_non_null(strstr(a.f.err.detail, detail));
	/* What a client may see never has a path. */
	assert_string_equal(a.f.err.value, "");
	assert_string_equal(a.f.err.accepted, "");
	assert_string_equal(a.f.err.hint, "");
	assert_null(strstr(a.f.err.detail, p->root));
}

static void
gives(struct place *p, const char *key, const char *text)
{
	struct asked a = fetch(p, "files", key);
	struct blob_view view;

	assert_true(a.f.ok);
	assert_false(a.f.not_modified);
	assert_int_equal(a.f.facts.size, strlen(text));
	view = blob_wait(a.f.body, SIZE_MAX, CLOCK_NEVER);
	assert_int_equal(view.state, BLOB_DONE);
	assert_int_equal(view.size, strlen(text));
	assert_memory_equal(view.data, text, view.size);
	origin_release(p->origin, &a.f);
}

static void
test_files(void **state)
{
	struct place *p = *state;

	make(p->fd, "cat.jpg", "meow");
	make(p->fd, "a b%2F(+)\xc3\xa9.jpg", "odd");
	assert_int_equal(mkdirat(p->fd, "deep", 0755), 0);
	make(p->fd, "deep/dog.jpg", "woof");
	assert_int_equal(symlinkat("deep/dog.jpg", p->fd, "link.jpg"), 0);
	assert_int_equal(symlinkat("../cat.jpg", p->fd, "deep/up.jpg"), 0);
	gives(p, "cat.jpg", "meow");
	gives(p, "a b%2F(+)\xc3\xa9.jpg", "odd");
	gives(p, "deep/dog.jpg", "woof");
	gives(p, "link.jpg", "woof");
	gives(p, "deep/up.jpg", "meow");
}

static void
test_names(void **state)
{
	struct place *p = *state;
	char link[2 * PLACE_MAX];
	char name[300];

	fails(p, "none.jpg", ERR_NO_SOURCE, "No such file");
	fails(p, "", ERR_NO_SOURCE, "empty");
	make(p->fd, "cat.jpg", "meow");
	fails(p, "cat.jpg/", ERR_NO_SOURCE, "not a folder");
	fails(p, "cat.jpg/x", ERR_NO_SOURCE, "not a folder");
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	fails(p, name, ERR_NO_SOURCE, "too long");

	fails(p, "/etc/passwd", ERR_FORBIDDEN, "begins with /");
	fails(p, "../out/secret.jpg", ERR_FORBIDDEN, "..");
	fails(p, "x/../cat.jpg", ERR_FORBIDDEN, "..");
	fails(p, "..", ERR_FORBIDDEN, "..");
	snprintf(link, sizeof(link), "%s/secret.jpg", p->out);
	assert_int_equal(symlinkat(link, p->fd, "absolute.jpg"), 0);
	assert_int_equal(
	    symlinkat("../out/secret.jpg", p->fd, "relative.jpg"), 0);
	assert_int_equal(symlinkat("../out", p->fd, "folder"), 0);
	fails(p, "absolute.jpg", ERR_FORBIDDEN, "out of the store");
	fails(p, "relative.jpg", ERR_FORBIDDEN, "out of the store");
	fails(p, "folder/secret.jpg", ERR_FORBIDDEN, "out of the store");
	assert_int_equal(symlinkat("loop.jpg", p->fd, "loop.jpg"), 0);
	fails(p, "loop.jpg", ERR_NO_SOURCE, "circle");
}

static void
test_kinds(void **state)
{
	struct place *p = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	scoped_fd sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct asked a;

	assert_int_equal(mkdirat(p->fd, "folder", 0755), 0);
	fails(p, "folder", ERR_NO_SOURCE, "folder");
	fails(p, ".", ERR_NO_SOURCE, "folder");
	/* Would hang if it were opened to wait. */
	assert_int_equal(mkfifoat(p->fd, "fifo", 0644), 0);
	fails(p, "fifo", ERR_FORBIDDEN, "regular");
	snprintf(
	    address.sun_path, sizeof(address.sun_path), "%s/socket", p->root);
	assert_int_equal(
	    bind(sock, (struct sockaddr *)&address, sizeof(address)), 0);
	fails(p, "socket", ERR_FORBIDDEN, "regular");
	a = fetch(p, "devices", "zero");
	assert_false(a.f.ok);
	assert_int_equal(a.f.err.code, ERR_FORBIDDEN);
	a = fetch(p, "nowhere", "cat.jpg");
	assert_false(a.f.ok);
	assert_int_equal(a.f.err.code, ERR_NO_SOURCE);
}

static void
test_sizes(void **state)
{
	struct place *p = *state;

	make(p->fd, "empty.jpg", "");
	fails(p, "empty.jpg", ERR_EMPTY, "0 bytes");
	make(p->fd, "large.jpg", "");
	open_stores(p, "[store.files]\nbytes = 10\n");
	make(p->fd, "large.jpg", "0123456789");
	gives(p, "large.jpg", "0123456789");
	make(p->fd, "large.jpg", "0123456789x");
	fails(p, "large.jpg", ERR_TOO_LARGE, "11 bytes, accepted: 10");
}

static void
test_denied(void **state)
{
	struct place *p = *state;
	bool root = geteuid() == 0;

	make(p->fd, "private.jpg", "mine");
	assert_int_equal(fchmodat(p->fd, "private.jpg", 0, 0), 0);
	/* Root may read everything. */
	if (root)
		assert_int_equal(seteuid(65534), 0);
	fails(p, "private.jpg", ERR_ORIGIN_DENIED, "Permission denied");
	if (root)
		assert_int_equal(seteuid(0), 0);
}

/* A store that is away is not "there is no such image". */
static void
test_root(void **state)
{
	struct place *p = *state;
	char kept[PLACE_MAX + 8];
	struct err e;

	make(p->fd, "cat.jpg", "meow");
	snprintf(kept, sizeof(kept), "%s.kept", p->root);
	assert_int_equal(rename(p->root, kept), 0);
	fails(p, "cat.jpg", ERR_ORIGIN_FAILED, "root of store files");
	assert_false(origin_check(p->conf, &e));
	assert_int_equal(e.code, ERR_CONFIG);
	assert_non_null(strstr(e.detail, "[store.files] root = /tmp/"));
	assert_non_null(strstr(e.detail, "No such file"));
	/* Found again without a restart. */
	assert_int_equal(rename(kept, p->root), 0);
	gives(p, "cat.jpg", "meow");
	assert_true(origin_check(p->conf, &e));
}

static void
test_validator(void **state)
{
	struct place *p = *state;
	struct asked a;
	struct asked b = { .place = p };
	char validator[ORIGIN_VALIDATOR_MAX];

	make(p->fd, "cat.jpg", "meow");
	a = fetch(p, "files", "cat.jpg");
	assert_true(a.f.ok);
	origin_release(p->origin, &a.f);
	memcpy(validator, a.f.facts.validator, sizeof(validator));
	assert_true(a.f.facts.modified_s > 0);

	b.f.store = text_of("files");
	b.f.key = text_of("cat.jpg");
	b.f.validator = validator;
	ask(&b);
	assert_true(b.f.ok);
	assert_true(b.f.not_modified);
	assert_null(b.f.body);
	assert_string_equal(b.f.facts.validator, validator);

	/* Same size and name, another time. */
	assert_int_equal(utimensat(p->fd, "cat.jpg",
			     (const struct timespec[2]){ { .tv_sec = 1 },
				 { .tv_sec = 1, .tv_nsec = 5 } },
			     0),
	    0);
	ask(&b);
	assert_true(b.f.ok);
	assert_false(b.f.not_modified);
	assert_int_equal(b.f.facts.modified_s, 1);
	assert_string_not_equal(b.f.facts.validator, validator);
	origin_release(p->origin, &b.f);
}

static void
test_not_begun(void **state)
{
	struct place *p = *state;
	struct asked a = { .place = p };
	_Atomic uint32_t cancel = 1;

	make(p->fd, "cat.jpg", "meow");
	a.f.store = text_of("files");
	a.f.key = text_of("cat.jpg");
	a.f.cancel = &cancel;
	ask(&a);
	assert_false(a.f.ok);
	assert_int_equal(a.f.err.code, ERR_CLIENT_GONE);
	a.f.cancel = NULL;
	a.f.deadline_ns = clock_ns() - 1;
	ask(&a);
	assert_false(a.f.ok);
	assert_int_equal(a.f.err.code, ERR_ORIGIN_TIMEOUT);
}

/* --- bodies so large that they stream --- */

static const off_t long_size = (off_t)200 * 1024 * 1024;

static struct asked
fetch_long(struct place *p, void (*at_begin)(struct asked *a))
{
	struct asked a = { .place = p, .at_begin = at_begin };

	open_stores(p, "[limit]\noriginal_bytes = 200M\n");
	make(p->fd, "long.jpg", "");
	a.f.store = text_of("files");
	a.f.key = text_of("long.jpg");
	{
		scoped_fd fd = openat(p->fd, "long.jpg", O_WRONLY | O_CLOEXEC);

		assert_int_equal(ftruncate(fd, long_size), 0);
	}
	ask(&a);
	assert_true(a.f.ok);
	assert_int_equal(a.f.facts.size, long_size);
	return a;
}

/* What the end of the blob says; 0: complete. */
static enum err_code
end_of(struct blob *body)
{
	struct blob_view view = blob_wait(body, SIZE_MAX, CLOCK_NEVER);
	struct err e;

	assert_int_not_equal(view.state, BLOB_GROWING);
	if (view.state == BLOB_DONE) {
		assert_int_equal(view.size, long_size);
		return ERR_NONE;
	}
	blob_error(body, &e);
	return e.code;
}

static void
now_growing(struct asked *a)
{
	assert_int_equal(blob_look(a->f.body).state, BLOB_GROWING);
}

static void
now_shorter(struct asked *a)
{
	scoped_fd fd = openat(a->place->fd, "long.jpg", O_WRONLY | O_CLOEXEC);

	assert_int_equal(ftruncate(fd, 1), 0);
}

static void
now_longer(struct asked *a)
{
	scoped_fd fd =
	    openat(a->place->fd, "long.jpg", O_WRONLY | O_APPEND | O_CLOEXEC);

	assert_true(fd_write_all(fd, "x", 1));
}

static void
now_written(struct asked *a)
{
	scoped_fd fd = openat(a->place->fd, "long.jpg", O_WRONLY | O_CLOEXEC);

	assert_true(fd_write_all(fd, "x", 1));
}

/* Another file under the name: the one that was opened is whole. */
static void
now_replaced(struct asked *a)
{
	make(a->place->fd, "other.jpg", "other");
	assert_int_equal(
	    renameat(a->place->fd, "other.jpg", a->place->fd, "long.jpg"), 0);
}

static void
test_streams(void **state)
{
	static const struct {
		void (*now)(struct asked *a);
		enum err_code code;
	} rows[] = {
		{ now_growing, ERR_NONE },
		{ now_shorter, ERR_ORIGIN_CHANGED },
		{ now_longer, ERR_ORIGIN_CHANGED },
		{ now_written, ERR_ORIGIN_CHANGED },
		{ now_replaced, ERR_NONE },
	};
	struct place *p = *state;

	for (size_t i = 0; i < NELEM(rows); i++) {
		struct asked a = fetch_long(p, rows[i].now);

		assert_int_equal(end_of(a.f.body), rows[i].code);
		origin_release(p->origin, &a.f);
	}
}

/* Bytes that this process has read so far, whatever from. */
static uint64_t
bytes_read(void)
{
	FILE *io = fopen("/proc/self/io", "re");
	uint64_t n = 0;

	assert_non_null(io);
	assert_int_equal(fscanf(io, "rchar: %" SCNu64, &n), 1);
	assert_int_equal(fclose(io), 0);
	return n;
}

static void
now_dropped(struct asked *a)
{
	origin_release(a->place->origin, &a->f);
}

/* Nobody holds the body any more: reading stops. */
static void
test_dropped(void **state)
{
	struct place *p = *state;
	uint64_t before = bytes_read();
	uint64_t after;

	(void)fetch_long(p, now_dropped);
	close_stores(p);
	after = bytes_read();
	assert_true(after - before < (uint64_t)long_size);
}

static atomic_uint many_left;

static void
many_begin(struct origin_fetch *f)
{
	assert_true(f->ok);
	origin_release(f->owner, f);
	atomic_fetch_sub(&many_left, 1);
}

/* All that was submitted is done before origin_free() returns. */
static void
test_many(void **state)
{
	enum { MANY = 500 };
	struct place *p = *state;
	struct origin_fetch *f = xcalloc(MANY, sizeof(*f));

	make(p->fd, "cat.jpg", "meow");
	atomic_store(&many_left, MANY);
	for (size_t i = 0; i < MANY; i++) {
		f[i].stores = p->stores;
		f[i].store = text_of("files");
		f[i].key = text_of("cat.jpg");
		f[i].deadline_ns = CLOCK_NEVER;
		f[i].begin = many_begin;
		f[i].owner = p->origin;
		origin_submit(p->origin, &f[i]);
	}
	close_stores(p);
	assert_int_equal(many_left, 0);
	free(f);
}

static void
test_identity(void **state)
{
	struct place *p = *state;
	struct conf_store row = { .name = "far", .type = STORE_FILE };
	struct conf conf = { .store = &row, .nstore = 1 };
	char root[400];
	char out[ORIGIN_IDENTITY_MIN];
	char other[ORIGIN_IDENTITY_MIN];

	origin_identity(p->conf, SLICE("devices"), out, sizeof(out));
	assert_string_equal(out, "file:/dev");
	origin_identity(p->conf, SLICE("nowhere"), out, sizeof(out));
	assert_string_equal(out, "");
	/* The place counts, not the name; long ones stay apart. */
	memset(root, 'r', sizeof(root));
	root[0] = '/';
	root[sizeof(root) - 1] = '\0';
	row.root = root;
	origin_identity(&conf, SLICE("far"), out, sizeof(out));
	root[sizeof(root) - 2] = 'x';
	origin_identity(&conf, SLICE("far"), other, sizeof(other));
	assert_int_equal(strncmp(out, "file:#", 6), 0);
	assert_string_not_equal(out, other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_files),
		TEST(test_names),
		TEST(test_kinds),
		TEST(test_sizes),
		TEST(test_denied),
		TEST(test_root),
		TEST(test_validator),
		TEST(test_not_begun),
		TEST(test_streams),
		TEST(test_dropped),
		TEST(test_many),
		TEST(test_identity),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
