/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the text-to-text tests do not reach: errors of later stages as DIT says
 * them, claims, the list of languages, and plans that a language cannot say.
 */
#include <stdio.h>

#include "base/json.h"
#include "dialect/dialect.h"
#include "dialect/query.h"
#include "unit.h"

static const char *const stores[] = { "file" };

static struct dialect_in
request(const char *path, const char *query)
{
	return (struct dialect_in){ .path = slice_of(path),
		.query = slice_of(query),
		.stores = stores,
		.nstore = 1 };
}

/* {"key":"a.jpg"} */
#define DIT_PATH "/eyJrZXkiOiJhLmpwZyJ9"

static struct plan
dit_plan(void)
{
	struct dialect_in in = request(DIT_PATH, NULL);
	struct plan p;
	struct err e;

	plan_init(&p);
	assert_true(dialect_find("dit")->parse(&in, &p, &e));
	return p;
}

static void
list(void **state)
{
	(void)state;
	assert_non_null(dialect_find("query"));
	assert_non_null(dialect_find("dit"));
	assert_null(dialect_find("thumbor"));
	assert_null(dialect_find(""));
	for (size_t i = 0; dialect_all[i] != NULL; i++) {
		const struct dialect *d = dialect_all[i];
		static const struct plan_policy everything;
		struct slice query = slice_of(d->sample);
		struct dialect_in in = request(NULL, NULL);
		struct plan p;
		struct err e;

		assert_ptr_equal(dialect_find(d->name), d);
		assert_true(strlen(d->text) > 20);
		plan_init(&p);
		in.path = slice_cut(&query, '?');
		in.query = query;
		assert_true(d->parse(&in, &p, &e));
		assert_true(plan_check(&p, &everything, &e));
		assert_non_null(plan_find(&p, OP_RESIZE));
	}
}

static void
says(const struct err *e, const struct plan *p, int status, const char *body)
{
	struct dialect_error out;

	dialect_find("dit")->error(e, p, &out);
	assert_string_equal(out.body, body);
	assert_int_equal(out.size, strlen(body));
	assert_int_equal(out.status, status);
	assert_string_equal(out.media_type, "application/json");
	assert_false(out.cacheable);
	assert_null(out.header[0][0]);
}

static void
later_errors(void **state)
{
	struct plan p = dit_plan();
	struct err e;

	(void)state;
	err_set(&e, ERR_NO_SOURCE, "no such file");
	says(&e, &p, 404,
	    "{\"status\":404,\"code\":\"NoSuchKey\",\"message\":\"The image "
	    "a.jpg does not exist or the request may not be base64 encoded "
	    "properly.\"}");
	err_set(&e, ERR_NOT_AN_IMAGE, "text");
	says(&e, &p, 400,
	    "{\"status\":400,\"code\":\"InstantiationError\",\"message\":"
	    "\"Input image could not be instantiated. Please choose a valid "
	    "image.\"}");
	err_set(&e, ERR_BAD_GEOMETRY, "extract");
	says(&e, &p, 500,
	    "{\"status\":500,\"code\":\"ProcessingFailure\",\"message\":"
	    "\"Image processing failed.\"}");
	err_set(&e, ERR_TOO_LARGE, "result");
	says(&e, &p, 413,
	    "{\"status\":413,\"code\":\"TooLargeImageException\",\"message\":"
	    "\"The converted image is too large to return.\"}");
	err_set(&e, ERR_ORIGIN_TIMEOUT, "slow");
	says(&e, &p, 504,
	    "{\"status\":504,\"code\":\"ImageRetrieval::CannotRetrieveImage\","
	    "\"message\":\"The image could not be retrieved.\"}");
	err_set(&e, ERR_TOO_MANY_REQUESTS, "many");
	says(&e, NULL, 429,
	    "{\"status\":429,\"code\":\"TooManyRequests\",\"message\":"
	    "\"too many requests from one viewer\"}");
	/* Where metadata is stripped DIT sees the limit at another place. */
	err_set(&e, ERR_TOO_MANY_PIXELS, "huge");
	says(&e, &p, 400,
	    "{\"status\":400,\"code\":\"InstantiationError\",\"message\":"
	    "\"Input image could not be instantiated. Please choose a valid "
	    "image.\"}");
	out_set(&p, OUT_KEEP, (union arg){ .set = 0 });
	says(&e, &p, 500,
	    "{\"status\":500,\"code\":\"ProcessingFailure\",\"message\":"
	    "\"Image processing failed.\"}");
}

/* Every error has a body, whatever it is about, and the body is JSON. */
static void
all_errors(void **state)
{
	static char key[3000];
	struct plan p;
	struct err e;

	(void)state;
	memset(key, '"', sizeof(key) - 1);
	plan_init(&p);
	p.nsource = 1;
	assert_true(plan_text(&p, slice_of(key), &p.source[0].key, &e));
	for (int code = ERR_NONE + 1; code < ERR_COUNT; code++) {
		struct dialect_error out;
		const struct err_row *row = err_row((enum err_code)code);
		json_t *json;

		err_param(
		    &e, (enum err_code)code, "a\"b", "\xff\x01", 2, "%s", "x");
		dialect_find("dit")->error(&e, &p, &out);
		assert_true(out.status >= 400 && out.status < 600);
		json = json_read((struct slice){ out.body, out.size }, &e);
		if (json == NULL)
			fail_msg("%s: %s", row->code, out.body);
		assert_int_equal(out.status,
		    json_integer_value(json_object_get(json, "status")));
		assert_non_null(
		    json_string_value(json_object_get(json, "code")));
		assert_non_null(
		    json_string_value(json_object_get(json, "message")));
		json_decref(json);
	}
}

static void
claims(void **state)
{
	struct dialect_in in =
	    request(DIT_PATH, "a=1&signature=ab%20c&expires=20300101T000000Z");
	struct claim claim;
	struct err e;

	(void)state;
	assert_true(dialect_find("dit")->claim(&in, &claim, &e));
	assert_true(slice_is(claim.signature, "ab%20c"));
	assert_int_equal(claim.expires_s, INT64_C(1893456000));
	assert_true(slice_is(claim.signed_text, DIT_PATH));
	in.query = SLICE("signature=");
	assert_true(dialect_find("dit")->claim(&in, &claim, &e));
	assert_int_equal(claim.signed_text.len, 0);
	in.query = SLICE("signature=x");
	assert_true(dialect_find("query")->claim(&in, &claim, &e));
	assert_int_equal(claim.signed_text.len, 0);
}

static void
no_stores(void **state)
{
	struct dialect_in in = request(DIT_PATH, NULL);
	struct plan p;
	struct err e;

	(void)state;
	in.nstore = 0;
	plan_init(&p);
	assert_false(dialect_find("dit")->parse(&in, &p, &e));
	assert_int_equal(e.code, ERR_FORBIDDEN);
}

static void
unsayable(const char *dialect, const struct plan *p)
{
	char url[4096];
	struct err e;

	if (dialect_find(dialect)->print(p, url, sizeof(url), &e))
		fail_msg("%s says %s", dialect, url);
	assert_int_equal(e.code, ERR_NOT_SUPPORTED);
}

/* Better no URL than one that means something else. */
static void
printing(void **state)
{
	struct plan p = dit_plan();
	struct plan_step *s = NULL;
	struct err e;
	char url[4096];
	char small[16];

	(void)state;
	assert_true(dialect_find("dit")->print(&p, url, sizeof(url), &e));
	assert_int_equal(url[0], '/');
	assert_false(dialect_find("dit")->print(&p, small, sizeof(small), &e));
	assert_int_equal(e.code, ERR_URL_TOO_LONG);
	/* The query language has no bytes as they are. */
	unsayable("query", &p);

	plan_init(&p);
	unsayable("query", &p);
	unsayable("dit", &p);
	p.nsource = 1;
	assert_true(plan_text(&p, SLICE("file"), &p.source[0].store, &e));
	assert_true(plan_text(&p, SLICE("a.jpg"), &p.source[0].key, &e));
	assert_true(plan_add(&p, OP_BLUR, &s, &e));
	assert_true(plan_add(&p, OP_AUTOORIENT, &s, &e));
	/* Not in the order of its rows; and DIT cannot orient. */
	unsayable("query", &p);
	unsayable("dit", &p);
	p.step[0].op = OP_AUTOORIENT;
	p.step[1].op = OP_BLUR;
	assert_true(dialect_find("query")->print(&p, url, sizeof(url), &e));
	assert_string_equal(url, "/a.jpg?blur=true");
	unsayable("dit", &p);
	assert_false(
	    dialect_find("query")->print(&p, small, sizeof(small), &e));
	assert_int_equal(e.code, ERR_URL_TOO_LONG);
}

/*
 * What has parameters of its own is not written NAME=VALUE,VALUE as well; all
 * else is: nobody has to remember a list.
 */
static void
plain_operations(void **state)
{
	(void)state;
	for (int op = 0; op < OP_COUNT; op++) {
		const char *name = op_row((enum op)op)->name;
		/* Its arguments are parameters. */
		bool own = op == OP_RESIZE;

		for (size_t i = 0; i < Q_OUTS; i++)
			own = own || strcmp(query_params[i].name, name) == 0;
		if (query_is_plain((enum op)op) == own)
			fail_msg("%s", name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list),
		cmocka_unit_test(later_errors),
		cmocka_unit_test(all_errors),
		cmocka_unit_test(claims),
		cmocka_unit_test(no_stores),
		cmocka_unit_test(printing),
		cmocka_unit_test(plain_operations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
