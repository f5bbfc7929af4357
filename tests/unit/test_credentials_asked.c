/* SPDX-License-Identifier: Apache-2.0 */
/* Each provider, beside a fake of the service that it asks; and their order. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "credentials_kit.h"
#include "unit.h"

/* ---- Roles ---- */

static void
use_role_chain(void)
{
	kit_use_sts();
	fake.access = "AK";
	fake.secret = "SK";
	snprintf(fake.external_id, sizeof(fake.external_id), "a/b c");
	kit_write("conf",
	    "[profile top]\nrole_arn=arn:top\nsource_profile=base\n"
	    "external_id = a/b c\nduration_seconds=900\n"
	    "role_session_name=me\n");
	kit_write(
	    "keys", "[base]\naws_access_key_id=AK\naws_secret_access_key=SK\n");
	kit_set("AWS_PROFILE=top");
}

static void
a_role_of_a_profile(void **state)
{
	(void)state;
	use_role_chain();
	kit_finds(&plain, "role", "AKID1", "HIDDEN1", "TOKEN1");
	assert_non_null(strstr(fake.last, "&RoleArn=arn%3Atop&"));
	assert_non_null(strstr(fake.last, "&RoleSessionName=me&"));
	assert_non_null(strstr(fake.last, "&DurationSeconds=900"));
}

static void
a_wrong_secret(void **state)
{
	(void)state;
	use_role_chain();
	fake.secret = "SK2";
	kit_fails_denied("STS answers 403 InvalidClientTokenId: not <so>");
}

static void
a_wrong_external_id(void **state)
{
	(void)state;
	use_role_chain();
	snprintf(fake.external_id, sizeof(fake.external_id), "other");
	kit_fails_denied("AccessDenied");
}

static void
a_profile_that_is_its_own_source(void **state)
{
	(void)state;
	use_role_chain();
	fake.external_id[0] = '\0';
	kit_write("conf",
	    "[profile top]\nrole_arn=arn:top\nsource_profile=top\n"
	    "aws_access_key_id=AK\naws_secret_access_key=SK\n");
	kit_finds(&plain, "role", "AKID1", "HIDDEN1", "TOKEN1");
}

static void
a_role_on_a_container(void **state)
{
	(void)state;
	use_role_chain();
	kit_use_container("");
	kit_write("conf",
	    "[profile top]\nrole_arn=arn:top\n"
	    "credential_source=EcsContainer\n");
	fake.external_id[0] = '\0';
	fake.access = "AKID1";
	fake.secret = "HIDDEN1";
	fake.session = "TOKEN1";
	kit_finds(&plain, "role", "AKID2", "HIDDEN2", "TOKEN2");
}

static void
a_profile_with_a_web_identity(void **state)
{
	(void)state;
	use_role_chain();
	kit_write("token", "IDENTITY");
	snprintf(fake.identity, sizeof(fake.identity), "IDENTITY");
	kit_write("conf",
	    "[profile top]\nrole_arn=arn:top\n"
	    "web_identity_token_file=/nonexistent\n"
	    "aws_access_key_id=AK\naws_secret_access_key=SK\n");
	kit_fails_denied("/nonexistent");
}

static void
the_stores_role(void **state)
{
	const struct credential_spec spec = { .access = "AK",
		.secret = "SK",
		.role = "arn:store",
		.external_id = "x" };

	(void)state;
	kit_use_sts();
	fake.access = "AK";
	fake.secret = "SK";
	snprintf(fake.external_id, sizeof(fake.external_id), "x");
	kit_finds(&spec, "role", "AKID1", "HIDDEN1", "TOKEN1");
	assert_non_null(strstr(fake.last, "&RoleSessionName=pictor-"));
	fake.fault = FAKE_REFUSED;
	kit_fails(&spec, ERR_ORIGIN_DENIED, "STS answers 403 AccessDenied");
	fake.fault = FAKE_ERROR;
	kit_fails(&spec, ERR_ORIGIN_FAILED, "STS answers 500");
}

/* STS's clock is right; the signature and the end of the keys follow it. */
static void
our_clock_is_wrong(void **state)
{
	const struct credential_spec spec = {
		.access = "AK", .secret = "SK", .role = "arn:store"
	};
	const int64_t now_s = clock_wall_ns() / NS_PER_S;
	struct credential *c;
	struct err e;

	(void)state;
	kit_use_sts();
	fake.access = "AK";
	fake.secret = "SK";
	fake.fault = FAKE_SKEWED;
	assert_true(kit_try(&spec, &c, &e));
	assert_in_range(c->expires_s, now_s + 3590, now_s + 3700);
	credential_drop(c);
}

/* ---- Web identity ---- */

static void
a_web_identity(void **state)
{
	(void)state;
	kit_use_web_identity("header.payload.signature");
	kit_finds(&plain, "web identity", "AKID1", "HIDDEN1", "TOKEN1");
	assert_non_null(strstr(fake.last, "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3A"));
	/* The platform writes a new one; a line feed at its end is nothing. */
	kit_write("token", "second\n");
	snprintf(fake.identity, sizeof(fake.identity), "second");
	kit_finds(&plain, "web identity", "AKID2", "HIDDEN2", "TOKEN2");
}

static void
a_web_identity_that_is_none(void **state)
{
	static const char *const texts[] = { "", "\n", "HIDDEN\r\nX: y",
		"HIDDEN\r\n", "HIDDEN\n\n", "HIDDEN\tx" };

	(void)state;
	kit_use_web_identity("x");
	for (size_t i = 0; i < NELEM(texts); i++) {
		kit_write("token", texts[i]);
		kit_fails_denied("the token ");
	}
	assert_int_equal(fake.asked, 0);
}

struct fault_row {
	enum fake_fault fault;
	enum err_code code;
	const char *part; /* of the error's detail */
};

/* Then there is one fault more, after which all is well. */
static void
each_fault(const struct fault_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		fake.fault = (int)rows[i].fault;
		kit_fails(&plain, rows[i].code, rows[i].part);
	}
	fake.fault = FAKE_ONCE;
	fake.faults = 0;
	fake.made = 0;
}

static void
sts_is_wrong(void **state)
{
	static const struct fault_row rows[] = {
		{ FAKE_GARBAGE, ERR_ORIGIN_DENIED, "not its XML" },
		{ FAKE_PARTIAL, ERR_ORIGIN_DENIED, "without keys" },
		{ FAKE_REFUSED, ERR_ORIGIN_DENIED, "403 AccessDenied" },
		{ FAKE_ERROR, ERR_ORIGIN_FAILED, "STS answers 500" },
		{ FAKE_HUGE, ERR_ORIGIN_FAILED, "larger than it may be" },
		{ FAKE_REDIRECT, ERR_ORIGIN_DENIED, "STS answers 307" },
	};

	(void)state;
	kit_use_web_identity("x");
	each_fault(rows, NELEM(rows));
	kit_finds(&plain, "web identity", "AKID1", "HIDDEN1", "TOKEN1");
}

static void
a_broken_one_ends_the_chain(void **state)
{
	(void)state;
	kit_use_web_identity("x");
	kit_use_container("");
	kit_use_instance();
	kit_write("token", "not x");
	kit_fails_denied("InvalidIdentityToken");
	assert_int_equal(fake.made, 0);
	assert_int_equal(fake.sessions, 0);
}

static void
a_broken_container_is_not_the_instance(void **state)
{
	(void)state;
	kit_use_container("right");
	snprintf(fake.token, sizeof(fake.token), "HIDDEN");
	kit_use_instance();
	kit_fails_denied("container credentials: the answer is 403");
	assert_int_equal(fake.sessions, 0);
}

/* ---- Container ---- */

static void
a_container(void **state)
{
	(void)state;
	kit_use_container("Basic abc==");
	kit_finds(&plain, "container", "AKID1", "HIDDEN1", "TOKEN1");
}

/* The file wins, and is read at each fetch: it is rotated. */
static void
a_containers_token_file(void **state)
{
	(void)state;
	kit_use_container("wrong");
	kit_set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=%s/token", kit_folder);
	kit_write("token", "first");
	snprintf(fake.token, sizeof(fake.token), "first");
	kit_finds(&plain, "container", "AKID1", "HIDDEN1", "TOKEN1");
	kit_write("token", "second\n");
	snprintf(fake.token, sizeof(fake.token), "second");
	kit_finds(&plain, "container", "AKID2", "HIDDEN2", "TOKEN2");
	kit_write("token", "second\r\nHost: evil");
	kit_fails_denied("the token has line breaks");
	kit_write("token", "");
	kit_fails_denied("the token is empty");
}

static void
a_containers_token_with_line_breaks(void **state)
{
	(void)state;
	kit_use_container("HIDDEN\r\nHost: evil");
	kit_fails_denied("has line breaks");
	assert_int_equal(fake.asked, 0);
}

static void
where_keys_may_be_asked_for(void **state)
{
	static const struct {
		const char *url;
		bool right;
	} rows[] = {
		{ "http://127.0.0.1/", true },
		{ "http://127.9.9.9:81/x", true },
		{ "http://localhost/x", true },
		{ "http://[::1]:81/x", true },
		{ "http://169.254.170.2/x", true },
		{ "http://169.254.170.23/v1/credentials", true },
		{ "http://[fd00:ec2::23]/v1/credentials", true },
		{ "https://keys.example.org/x", true },
		/* The same address in other letters. */
		{ "http://0x7f000001/", true },
		{ "http://169.254.169.254/latest/", false },
		{ "http://169.254.170.22/", false },
		{ "http://example.org/", false },
		{ "http://127.0.0.1.example.org/", false },
		{ "http://localhost.example.org/", false },
		{ "http://127.0.0.1@example.org/", false },
		{ "http://example.org#@127.0.0.1/", false },
		{ "http://user@127.0.0.1/", false },
		{ "http://127.0.0.1\\@example.org/", false },
		{ "http://[::ffff:10.0.0.1]/", false },
		{ "http://[fd00:ec2::254]/", false },
		{ "http://10.0.0.1/", false },
		{ "http://0.0.0.0/", false },
		{ "ftp://127.0.0.1/", false },
		{ "file:///etc/passwd", false },
		{ "gopher://127.0.0.1/", false },
		{ "127.0.0.1/x", false },
		{ "//127.0.0.1/x", false },
		{ "http:///x", false },
		{ "x", false },
		{ "127.0.0.1/v2/HIDDEN", false },
		{ "http://127.0.0.1/v2/HIDDEN#1", false },
		{ "http://10.0.0.1/v2/HIDDEN", false },
	};
	const struct credential_spec spec = { .env = kit_env };

	(void)state;
	for (size_t i = 0; i < NELEM(rows); i++) {
		struct chain chain;
		struct err e = { .code = ERR_NONE };
		bool ok;

		kit_set("AWS_CONTAINER_CREDENTIALS_FULL_URI=%s", rows[i].url);
		ok = chain_init(&chain, &spec, &e);
		if (ok != rows[i].right)
			fail_msg("%s: %s", rows[i].url, e.detail);
		if (ok)
			chain_fini(&chain);
		else
			assert_int_equal(e.code, ERR_CONFIG);
		/* Its path may be all that is needed to ask for the keys. */
		assert_null(strstr(e.detail, "HIDDEN"));
		kit_unset();
	}
	kit_set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=@example.org/");
	kit_fails(&plain, ERR_CONFIG, "RELATIVE_URI must be a path");
	kit_unset();
	kit_set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/HIDDEN#1");
	kit_fails(&plain, ERR_CONFIG, "RELATIVE_URI: not an http");
}

static void
a_container_is_wrong(void **state)
{
	static const struct fault_row rows[] = {
		{ FAKE_GARBAGE, ERR_ORIGIN_DENIED, "is not JSON with" },
		{ FAKE_PARTIAL, ERR_ORIGIN_DENIED, "is not JSON with" },
		{ FAKE_REFUSED, ERR_ORIGIN_DENIED,
		    "AssumeRoleUnauthorizedAccess" },
		{ FAKE_ERROR, ERR_ORIGIN_DENIED, "the answer is 500" },
		{ FAKE_HUGE, ERR_ORIGIN_FAILED, "larger than it may be" },
		{ FAKE_LONG_HEAD, ERR_ORIGIN_FAILED, "larger than it may be" },
		{ FAKE_REDIRECT, ERR_ORIGIN_DENIED, "the answer is 307" },
	};

	(void)state;
	kit_use_container("");
	each_fault(rows, NELEM(rows));
	kit_finds(&plain, "container", "AKID1", "HIDDEN1", "TOKEN1");
}

static void
nobody_answers(void **state)
{
	(void)state;
	kit_use_container("");
	kit_set("AWS_METADATA_SERVICE_TIMEOUT=0.1");
	fake.fault = FAKE_STALL;
	kit_fails(&plain, ERR_ORIGIN_TIMEOUT, "127.0.0.1");
	assert_int_equal(fake.asked, 2);
}

/* The machine's proxies are for the others. */
static void
proxies_are_passed_by(void **state)
{
	(void)state;
	assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
	assert_int_equal(setenv("ALL_PROXY", "http://127.0.0.1:1", 1), 0);
	kit_use_container("");
	kit_finds(&plain, "container", "AKID1", "HIDDEN1", "TOKEN1");
	assert_int_equal(unsetenv("http_proxy"), 0);
	assert_int_equal(unsetenv("ALL_PROXY"), 0);
}

/* ---- Instance ---- */

static void
an_instance(void **state)
{
	const struct credential_spec spec = { .env = kit_env };
	struct credential *c = NULL;
	struct chain chain;
	struct err e;

	(void)state;
	kit_use_instance();
	assert_true(chain_init(&chain, &spec, &e));
	assert_true(chain_fetch(&chain, &c, &e));
	assert_string_equal(c->provider, "instance");
	assert_string_equal(c->token, "TOKEN1");
	assert_string_equal(chain.region, "eu-test-7");
	assert_int_equal(fake.sessions, 1);
	assert_int_equal(fake.version1, 0);
	credential_drop(c);
	chain_fini(&chain);
}

static void
an_instance_forgets_the_session(void **state)
{
	(void)state;
	kit_use_instance();
	fake.fault = FAKE_FORGETS;
	kit_finds(&plain, "instance", "AKID1", "HIDDEN1", "TOKEN1");
	assert_int_equal(fake.sessions, 2);
}

static void
version_1_is_never_asked(void **state)
{
	(void)state;
	kit_use_instance();
	fake.fault = FAKE_OLD;
	kit_fails_denied("answers PUT with 404: it speaks no IMDSv2");
	assert_int_equal(fake.asked, 1);
	assert_int_equal(fake.version1, 0);
}

static void
an_instance_is_wrong(void **state)
{
	static const struct fault_row rows[] = {
		{ FAKE_GARBAGE, ERR_ORIGIN_DENIED, "instance credentials" },
		{ FAKE_PARTIAL, ERR_ORIGIN_DENIED, "instance credentials" },
		{ FAKE_REFUSED, ERR_ORIGIN_DENIED, "AssumeRoleUnauth" },
		{ FAKE_ERROR, ERR_ORIGIN_DENIED, "answers PUT with 500" },
		{ FAKE_REDIRECT, ERR_ORIGIN_DENIED, "answers PUT with 307" },
		{ FAKE_STALL, ERR_ORIGIN_TIMEOUT, "hop limit" },
	};

	(void)state;
	kit_use_instance();
	kit_set("AWS_METADATA_SERVICE_TIMEOUT=0.2");
	for (size_t i = 0; i < NELEM(rows); i++) {
		fake.fault = (int)rows[i].fault;
		kit_fails(&plain, rows[i].code, rows[i].part);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FAKE(a_role_of_a_profile),
		WITH_FAKE(a_wrong_secret),
		WITH_FAKE(a_wrong_external_id),
		WITH_FAKE(a_profile_that_is_its_own_source),
		WITH_FAKE(a_role_on_a_container),
		WITH_FAKE(a_profile_with_a_web_identity),
		WITH_FAKE(the_stores_role),
		WITH_FAKE(our_clock_is_wrong),
		WITH_FAKE(a_web_identity),
		WITH_FAKE(a_web_identity_that_is_none),
		WITH_FAKE(sts_is_wrong),
		WITH_FAKE(a_broken_one_ends_the_chain),
		WITH_FAKE(a_broken_container_is_not_the_instance),
		WITH_FAKE(a_container),
		WITH_FAKE(a_containers_token_file),
		WITH_FAKE(a_containers_token_with_line_breaks),
		WITH_FAKE(where_keys_may_be_asked_for),
		WITH_FAKE(a_container_is_wrong),
		WITH_FAKE(nobody_answers),
		WITH_FAKE(proxies_are_passed_by),
		WITH_FAKE(an_instance),
		WITH_FAKE(an_instance_forgets_the_session),
		WITH_FAKE(version_1_is_never_asked),
		WITH_FAKE(an_instance_is_wrong),
	};

	return cmocka_run_group_tests(tests, kit_folder_new, kit_folder_gone);
}
