/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration: sources, values, messages, texts, and the one in force. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "conf/build.h"
#include "conf/options.h"
#include "conf_kit.h"

static char *const no_env[] = { NULL };

static void
defaults(void **state)
{
	struct conf *c = NULL;
	struct err e;
	char here[4096];

	(void)state;
	assert_true(conf_load(NULL, NULL, &c, &e));
	assert_null(c->file);
	assert_int_equal(c->http_listen.n, 1);
	assert_string_equal(c->http_listen.item[0], "127.0.0.1:8080");
	assert_null(c->http_listen.item[1]);
	assert_int_equal(c->http_trusted_proxies.n, 0);
	assert_int_equal(c->http_head_size, 16384);
	assert_true(c->http_idle_time == 60 * NS_PER_S);
	assert_false(c->http_page);
	assert_true(c->render_vector);
	assert_int_equal(c->render_mode, RENDER_JAIL);
	assert_int_equal(c->render_landlock, LANDLOCK_REQUIRED);
	assert_true(
	    c->render_queue_cost > 59999 && c->render_queue_cost < 60001);
	assert_string_equal(c->log_access, "-");
	assert_string_equal(c->event_file, "");
	/* The longest path comes first. */
	assert_int_equal(c->nmount, 2);
	assert_string_equal(c->mount[0].name, "dit");
	assert_string_equal(c->mount[0].path, "/dit/");
	assert_string_equal(c->mount[0].dialect, "dit");
	assert_string_equal(c->mount[1].name, "query");
	assert_string_equal(c->mount[1].path, "/");
	assert_int_equal(c->nstore, 1);
	assert_string_equal(c->store[0].name, "files");
	assert_int_equal(c->store[0].type, STORE_FILE);
	assert_non_null(getcwd(here, sizeof(here)));
	assert_string_equal(c->store[0].root, here);
	assert_ptr_equal(conf_store_find(c, SLICE("files")), &c->store[0]);
	assert_null(conf_store_find(c, SLICE("file")));
	conf_drop(c);
}

static void
values(void **state)
{
	struct conf *c = loaded("\xef\xbb\xbf# a comment\r\n"
				"; another\r\n"
				"  [http]\r\n"
				"listen = a:1,b:2\tc:3 ; of three\r\n"
				"\tidle_time: 1.5s\n"
				"head_size=4k\n"
				"page = yes\n"
				"requests_per_viewer = 2.5\n"
				"cors_origin =\n"
				"[render]\n"
				"mode = local\n"
				"landlock = optional\n"
				"[log]\n"
				"level = debug\n"
				"access = logs/a=b;c #1.log\n"
				"[store.one-2]\n"
				"root = /srv/\xc3\xa4\n"
				"[mount.m]\n"
				"path = /m/\n"
				"stores = one-2",
	    no_env);
	char here[4096];
	char want[4200];

	(void)state;
	assert_string_equal(c->file, "t.conf");
	assert_int_equal(c->http_listen.n, 3);
	assert_string_equal(c->http_listen.item[1], "b:2");
	assert_string_equal(c->http_listen.item[2], "c:3");
	assert_true(c->http_idle_time == 1500 * NS_PER_MS);
	assert_int_equal(c->http_head_size, 4096);
	assert_true(c->http_page);
	assert_true(c->http_requests_per_viewer > 2.49 &&
	    c->http_requests_per_viewer < 2.51);
	assert_string_equal(c->http_cors_origin, "");
	assert_int_equal(c->render_mode, RENDER_LOCAL);
	assert_int_equal(c->render_landlock, LANDLOCK_OPTIONAL);
	assert_int_equal(c->log_level, LOG_LEVEL_DEBUG);
	assert_non_null(getcwd(here, sizeof(here)));
	snprintf(want, sizeof(want), "%s/logs/a=b;c #1.log", here);
	assert_string_equal(c->log_access, want);
	assert_int_equal(c->nmount, 1);
	assert_int_equal(c->nstore, 1);
	assert_string_equal(c->store[0].root, "/srv/\xc3\xa4");
	conf_drop(c);
}

/* libinih alone would cut each of these lines in pieces of 197 bytes. */
static void
long_lines(void **state)
{
	static const char *const units[] = { "abc", "a ", "a b#c;d ", "x   y",
		"1, ", "a\xc3\xa4" };
	char text[8192];
	char value[4096];

	(void)state;
	for (size_t u = 0; u < NELEM(units); u++) {
		for (size_t n = 150; n < 700; n++) {
			struct conf *c;
			size_t len = 0;

			while (len < n)
				len += (size_t)snprintf(value + len,
				    sizeof(value) - len, "%s", units[u]);
			value[len] = 'z';
			value[len + 1] = '\0';
			snprintf(text, sizeof(text),
			    "[kafka]\nusername = %s\ntopic = t", value);
			c = loaded(text, no_env);
			assert_string_equal(c->kafka_username, value);
			assert_string_equal(c->kafka_topic, "t");
			conf_drop(c);
		}
	}
}

static void
messages(void **state)
{
	static const char *const cases[][2] = {
		{ "listen = x",
		    "t.conf:1: this stands before the first "
		    "[section]" },
		{ "[htp]",
		    "t.conf:1: there is no section [htp]; did you mean "
		    "[http]?" },
		{ "\n[zebra]", "t.conf:2: there is no section [zebra]" },
		{ "[mount]",
		    "t.conf:1: there is no section [mount]; did you "
		    "mean [mount.NAME]?" },
		{ "[http", "t.conf:1: the ] of the section is missing" },
		{ "[http] x",
		    "t.conf:1: there is more behind the ] of the "
		    "section" },
		{ "[mount.A]",
		    "t.conf:1: \"A\" cannot be the name of a mount: a to z, 0 "
		    "to 9 and -, at most 31" },
		{ "[http]\nlisten\n[log]",
		    "t.conf:2: neither [section] nor key = value" },
		{ "[http]\n\nlissen = 1",
		    "t.conf:3: there is no key "
		    "\"lissen\" in [http]; did you mean "
		    "listen?" },
		{ "[cache]\nlisten = 1",
		    "t.conf:2: there is no key \"listen\" in [cache]" },
		{ "[http]\npage=on\n[log]\n[http]\npage=on",
		    "t.conf:5: [http] page: is given twice, first in line 2" },
		{ "[http]\npage = maybe",
		    "t.conf:2: [http] page: \"maybe\" is "
		    "not accepted; right is on or off" },
		{ "[http]\nthreads = 65",
		    "t.conf:2: [http] threads: \"65\" is not accepted; right "
		    "is a whole number from 0 to 64" },
		{ "[http]\nidle_time = 2h",
		    "t.conf:2: [http] idle_time: \"2h\" is not accepted; right "
		    "is a time from 1s to 1h such as 500ms, 10s, 5m, 2h or "
		    "7d" },
		{ "[http]\nhead_size = 1",
		    "t.conf:2: [http] head_size: \"1\" is not accepted; right "
		    "is a size from 2k to 1M such as 500k, 64M or 2G" },
		{ "[render]\nmode = jailed",
		    "t.conf:2: [render] mode: \"jailed\" is not accepted; "
		    "right is one of jail, local" },
		{ "[http]\nthreads = ",
		    "t.conf:2: [http] threads: \"\" is not "
		    "accepted; right is a whole number "
		    "from 0 to 64" },
		{ "[http]\nlisten = \xff", "t.conf:2: is not UTF-8 text" },
		{ "[http]\nlisten = a\001",
		    "t.conf:2: holds a control character" },
		{ "[http]\npage = on\nlisten =;a",
		    "t.conf:3: [http] listen: the value holds a ';' at its "
		    "start or after a blank, where a comment begins" },
		{ "[http]\ndeadline = 0",
		    "t.conf:2: [http] deadline: \"0\" is not accepted; right "
		    "is "
		    "a time from 1ms to 1h such as 500ms, 10s, 5m, 2h or 7d" },
		{ "[http]\nlisten = a,;b",
		    "t.conf:2: [http] listen: \"a,;b\" is not accepted; right "
		    "is words with blanks between, none of which begins with "
		    "';'" },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++)
		refused(cases[i][0], no_env, cases[i][1]);
}

/* The end of a long line that is nothing must not be taken for a value. */
static void
long_broken_line(void **state)
{
	char text[1024] = "[http]\npage = on\n";
	size_t len = strlen(text);

	(void)state;
	memset(text + len, 'x', 600);
	snprintf(text + len + 600, 16, " = 1\n");
	refused(text, no_env, "t.conf:3: neither [section] nor key = value");
}

static void
environment(void **state)
{
	char env[][64] = { "PATH=/bin", "PICTOR_HTTP_LISTEN= :80 ",
		"PICTOR_STORE_FILES_ROOT=/x", "PICTOR_MOUNT_DIT_MAX_WIDTH=7",
		"PICTOR_MOUNT_SHOP_1_PATH=/shop/", "PICTOR_BUILD=ignored",
		"PICTOR_HTTP_CORS_ORIGIN=" };
	char *list[NELEM(env) + 1] = { NULL };
	struct conf *c;

	(void)state;
	for (size_t i = 0; i < NELEM(env); i++)
		list[i] = env[i];
	c = loaded("[http]\nlisten = :1", list);
	assert_int_equal(c->http_listen.n, 1);
	assert_string_equal(c->http_listen.item[0], ":80");
	assert_string_equal(c->http_cors_origin, "");
	assert_int_equal(c->nmount, 3);
	assert_string_equal(c->mount[0].name, "shop-1");
	assert_string_equal(c->mount[0].path, "/shop/");
	assert_int_equal(c->mount[1].max_width, 7);
	assert_int_equal(c->mount[2].max_width, 8192);
	assert_string_equal(c->store[0].root, "/x");
	conf_drop(c);
}

static void
environment_refused(void **state)
{
	static const char *const cases[][2] = {
		{ "PICTOR_HTTP_PAGE=maybe",
		    "PICTOR_HTTP_PAGE: \"maybe\" is not "
		    "accepted; right is on or off" },
		{ "PICTOR_HTTP_LISEN=1",
		    "PICTOR_HTTP_LISEN: there is no such key; the nearest "
		    "variable is PICTOR_HTTP_LISTEN" },
		{ "PICTOR_HTP_LISTEN=1",
		    "PICTOR_HTP_LISTEN: there is no such key; the nearest "
		    "variable is PICTOR_HTTP_LISTEN" },
		{ "PICTOR_HTTP_LISTEN=a\nb",
		    "PICTOR_HTTP_LISTEN: the value "
		    "holds a control character" },
		{ "PICTOR_MOUNT_A_WIDTH=1",
		    "PICTOR_MOUNT_A_WIDTH: there is no such key; the variable "
		    "would be PICTOR_MOUNT_NAME_KEY with a key of "
		    "[mount.NAME]" },
		{ "PICTOR_MOUNT_A_PATH=/",
		    "PICTOR_MOUNT_A_PATH: another mount has this path "
		    "already" },
		{ "PICTOR_STORE_A_TYPE=file",
		    "PICTOR_STORE_A_TYPE: needs the folder of the originals" },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		char one[64];
		char *list[] = { one, NULL };

		snprintf(one, sizeof(one), "%s", cases[i][0]);
		refused("", list, cases[i][1]);
	}
	/* A mistake in the file is one also where the environment wins. */
	char page[] = "PICTOR_HTTP_PAGE=on";
	char *list[] = { page, NULL };

	refused("[http]\npage = maybe", list,
	    "t.conf:2: [http] page: \"maybe\" is not accepted; right is on or "
	    "off");
}

static void
files(void **state)
{
	char name[] = "/tmp/test_conf_XXXXXX";
	char want[128];
	int fd = mkstemp(name);
	struct conf *c = NULL;
	struct err e;

	(void)state;
	assert_true(fd >= 0);
	assert_true(fd_write_all(fd, "[http]\npage = on\n", 17));
	fd_close(&fd);
	assert_true(conf_load(name, NULL, &c, &e));
	assert_true(c->http_page);
	assert_string_equal(c->file, name);
	conf_drop(c);
	assert_int_equal(unlink(name), 0);
	assert_false(conf_load(name, NULL, &c, &e));
	assert_int_equal(e.code, ERR_CONFIG);
	snprintf(want, sizeof(want), "%s: No such file or directory", name);
	assert_string_equal(e.detail, want);
	assert_false(conf_load("/", NULL, &c, &e));
	assert_int_equal(e.code, ERR_CONFIG);
}

/* --- rows --- */

static void
every_row(void **state)
{
	(void)state;
	for (enum conf_table_id id = CONF_MAIN; id < CONF_TABLES; id++) {
		const struct conf_table *table = conf_table(id);

		for (size_t i = 0; i < table->n; i++) {
			const struct conf_row *row = &table->rows[i];
			struct arena *a = arena_new(256);
			void *base = arena_alloc(a, table->size);
			char accepted[ERR_TEXT_MAX];
			char env[CONF_ENV_MAX];

			if (!row_read(row, slice_of(row->def), base, a))
				fail_msg("[%s] %s: its default \"%s\" is not "
					 "accepted",
				    row->section, row->name, row->def);
			row_accepted(row, accepted, sizeof(accepted));
			assert_true(strlen(accepted) + 1 < sizeof(accepted));
			row_env(row, "a-b", env);
			assert_null(strpbrk(env, "abc-"));
			assert_true(row->min <= row->max);
			/* Texts are sentences. */
			assert_true(strlen(row->text) > 10);
			assert_int_equal(row->text[strlen(row->text) - 1], '.');
			assert_true(
			    offsetof(struct conf, mount) >= row->offset ||
			    id != CONF_MAIN);
			arena_free(a);
		}
	}
}

struct sample {
	const char *key;
	int64_t time;
};

static const struct conf_row secret_rows[] = {
	{ .section = "s",
	    .name = "key",
	    .def = "",
	    .text = "A key.",
	    .offset = offsetof(struct sample, key),
	    .type = CONF_IS_TEXT,
	    .flags = CONF_FLAG_SECRET },
	{ .section = "s",
	    .name = "time",
	    .def = "1s",
	    .text = "A time.",
	    .min = 0,
	    .max = 100,
	    .offset = offsetof(struct sample, time),
	    .type = CONF_IS_TIME,
	    .flags = CONF_FLAG_SECRET },
};

static const struct conf_table secret_table = { NULL, secret_rows,
	NELEM(secret_rows), sizeof(struct sample) };

/* NAME_file of a secret, whatever the table. */
static void
secrets(void **state)
{
	struct conf_where where[2] = { { 0 } };
	const struct conf_where here = { .file = "f", .line = 3 };
	struct sample sample = { 0 };
	struct conf_part part = {
		.table = &secret_table, .base = &sample, .where = where
	};
	struct conf_build b;
	char name[] = "/tmp/test_conf_XXXXXX";
	char want[128];
	int fd = mkstemp(name);
	struct conf_key key;
	struct conf_key other = { .row = &secret_rows[1], .from_file = true };
	struct err e;

	(void)state;
	assert_true(fd >= 0);
	assert_true(fd_write_all(fd, "hush hush\r\n", 11));
	fd_close(&fd);
	build_init(&b, NULL);
	assert_null(
	    build_key(conf_table(CONF_MAIN), NULL, SLICE("listen_file")).row);
	key = build_key(&secret_table, NULL, SLICE("key_file"));
	assert_ptr_equal(key.row, &secret_rows[0]);
	assert_true(key.from_file);
	assert_true(build_set_key(&b, &part, key, slice_of(name), &here, &e));
	assert_string_equal(sample.key, "hush hush");
	/* The other way to give it counts as the same key. */
	assert_false(build_set_key(&b, &part,
	    (struct conf_key){ .row = &secret_rows[0] }, SLICE("x"), &here,
	    &e));
	assert_string_equal(
	    e.detail, "f:3: [s] key: is given twice, first in line 3");
	/* A refused secret is not shown. */
	assert_false(
	    build_set_key(&b, &part, other, slice_of(name), &here, &e));
	assert_null(strstr(e.detail, "hush"));
	assert_int_equal(unlink(name), 0);
	assert_false(
	    build_set_key(&b, &part, other, slice_of(name), &here, &e));
	snprintf(want, sizeof(want),
	    "f:3: [s] time: %s: No such file or directory", name);
	assert_string_equal(e.detail, want);
	build_fini(&b);
}

/* --- texts --- */

static char *
printed(const struct conf *c)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	conf_print(c, f);
	assert_int_equal(fclose(f), 0);
	return text;
}

/* Without the comments, which say where a value is from. */
static void
uncomment(char *text)
{
	char *out = text;

	for (char *at = text; *at != '\0'; at++) {
		if (*at == '#' || (*at == ';' && at > text && at[-1] == ' '))
			at += strcspn(at, "\n");
		if (*at == '#' && at[1] != ' ')
			continue;
		*out++ = *at;
	}
	*out = '\0';
}

static void
printed_reads_back(void **state)
{
	char env_text[] = "PICTOR_RENDER_WORKERS=3";
	char *env[] = { env_text, NULL };
	struct conf *c = loaded("[http]\nlisten = a:1 b:2\nidle_time = 90s\n"
				"deadline = 1.0005s\nhead_size = 3000\n"
				"requests_per_viewer = 0.1\n"
				"[store.s]\nroot = /r\n[mount.m]\n"
				"stores = s\nhosts = *.example.org\n",
	    env);
	scoped_free char *first = printed(c);
	struct conf *again = loaded(first, no_env);
	scoped_free char *second = printed(again);

	(void)state;
	assert_non_null(strstr(
	    first, "listen = a:1 b:2                         ; t.conf:2\n"));
	assert_non_null(strstr(first,
	    "workers = 3                              ; environment: "
	    "PICTOR_RENDER_WORKERS\n"));
	assert_non_null(strstr(
	    first, "page = off                               ; default\n"));
	assert_non_null(strstr(first, "idle_time = 90s "));
	assert_non_null(strstr(first, "deadline = 1.000500000s "));
	assert_non_null(strstr(first, "head_size = 3000 "));
	uncomment(first);
	uncomment(second);
	assert_string_equal(first, second);
	conf_drop(c);
	conf_drop(again);
}

/* The sample says the defaults, as it stands and with every key uncommented. */
static void
sample_is_default(void **state)
{
	struct conf *plain = loaded("", no_env);
	scoped_free char *want = printed(plain);
	char *sample = NULL;
	size_t size;
	FILE *f = open_memstream(&sample, &size);
	struct conf *c;
	char *got;

	(void)state;
	uncomment(want);
	assert_non_null(f);
	conf_print_sample(f);
	assert_int_equal(fclose(f), 0);
	for (int pass = 0; pass < 2; pass++) {
		c = loaded(sample, no_env);
		got = printed(c);
		uncomment(got);
		assert_string_equal(got, want);
		free(got);
		conf_drop(c);
		for (char *at = sample; *at != '\0'; at++)
			if (at[0] == '#' && at[1] != ' ' &&
			    (at == sample || at[-1] == '\n'))
				at[0] = ' ';
	}
	/* The second pass really set them. */
	assert_non_null(strstr(sample, "\n listen = 127.0.0.1:8080\n"));
	assert_non_null(strstr(sample, "\n [mount.dit]\n path = /dit/\n"));
	free(sample);
	conf_drop(plain);
}

static void
text_of(void (*print)(FILE *), char **text)
{
	size_t size;
	FILE *f = open_memstream(text, &size);

	assert_non_null(f);
	print(f);
	assert_int_equal(fclose(f), 0);
}

/* Every key is in every text, and no line of help is wider than a terminal. */
static void
texts_are_whole(void **state)
{
	char *keys = NULL;
	char *manual = NULL;
	char *options = NULL;

	(void)state;
	text_of(conf_print_keys, &keys);
	text_of(conf_print_manual, &manual);
	text_of(options_print, &options);
	for (enum conf_table_id id = CONF_MAIN; id < CONF_TABLES; id++) {
		const struct conf_table *table = conf_table(id);

		for (size_t i = 0; i < table->n; i++) {
			char line[80];

			snprintf(line, sizeof(line), "  %s%s.%s ",
			    table->rows[i].section,
			    table->kind != NULL ? ".NAME" : "",
			    table->rows[i].name);
			assert_non_null(strstr(keys, line));
			snprintf(line, sizeof(line), "\n.B %s\n",
			    table->rows[i].name);
			assert_non_null(strstr(manual, line));
		}
	}
	for (const char *at = keys; *at != '\0'; at += strcspn(at, "\n") + 1)
		assert_true(strcspn(at, "\n") < 80);
	assert_non_null(strstr(options, "--config FILE\n"));
	/* A hyphen that is not escaped cannot be copied from the page. */
	assert_non_null(strstr(manual, "max\\-age"));
	free(keys);
	free(manual);
	free(options);
}

/* --- references --- */

static void *
use_shared(void *shared)
{
	const struct conf *c = shared;

	for (int i = 0; i < 10000; i++) {
		if (conf_ref(c)->http_threads != 7)
			return shared;
		conf_drop(c);
	}
	conf_drop(c);
	return NULL;
}

static void
references(void **state)
{
	struct conf *c = loaded("[http]\nthreads = 7\n", no_env);
	struct conf *younger = loaded("", no_env);
	pthread_t thread[3];

	(void)state;
	assert_true(younger->generation == c->generation + 1);
	for (size_t i = 0; i < NELEM(thread); i++) {
		(void)conf_ref(c);
		assert_int_equal(
		    pthread_create(&thread[i], NULL, use_shared, c), 0);
	}
	/* It goes with the last of them. */
	conf_drop(c);
	for (size_t i = 0; i < NELEM(thread); i++) {
		void *wrong = &thread;

		assert_int_equal(pthread_join(thread[i], &wrong), 0);
		assert_null(wrong);
	}
	conf_drop(NULL);
	conf_drop(younger);
}

static void
may_replace(void **state)
{
	struct conf *old = loaded("[http]\nlisten = a:1", no_env);
	struct conf *same =
	    loaded("[http]\nlisten = a:1\ndeadline = 5s", no_env);
	struct conf *other = loaded("[http]\nlisten = a:2", no_env);
	struct err e;

	(void)state;
	assert_true(conf_may_replace(old, same, &e));
	assert_false(conf_may_replace(old, other, &e));
	assert_int_equal(e.code, ERR_CONFIG);
	assert_string_equal(e.detail,
	    "t.conf:2: [http] listen: cannot change while the server runs: "
	    "restart it");
	conf_drop(old);
	conf_drop(same);
	conf_drop(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(values),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(messages),
		cmocka_unit_test(long_broken_line),
		cmocka_unit_test(environment),
		cmocka_unit_test(environment_refused),
		cmocka_unit_test(files),
		cmocka_unit_test(every_row),
		cmocka_unit_test(secrets),
		cmocka_unit_test(printed_reads_back),
		cmocka_unit_test(sample_is_default),
		cmocka_unit_test(texts_are_whole),
		cmocka_unit_test(references),
		cmocka_unit_test(may_replace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
