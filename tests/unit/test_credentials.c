/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials that nobody is asked for: store, environment, files. */
#include <stdio.h>
#include <string.h>

#include "credentials_kit.h"
#include "unit.h"

/* ---- Texts ---- */

static void
times_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t at_s;
	} right[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2013-05-24T00:00:00Z", 1369353600 },
		{ "2024-02-29T23:59:60Z", 1709251200 },
		{ "2026-11-22T23:00:00.123456789Z", 1795388400 },
		{ "2026-11-22T23:00:00+01:30", 1795383000 },
		{ "2026-11-22t23:00:00-01:00", 1795392000 },
	};
	static const char *const wrong[] = { "", "2026-11-22", "1795388400",
		"2026-11-22T23:00:00", "2026-13-22T23:00:00Z",
		"2026-11-22T24:00:00Z", "2026-11-22T23:00:00Zx",
		"2026-11-22T23:00:00+0130", "2026--1-22T23:00:00Z",
		"2026-11-22T-1:00:00Z", "99999-11-22T23:00:00Z" };
	int64_t at_s;

	(void)state;
	for (size_t i = 0; i < NELEM(right); i++) {
		assert_true(chain_time(right[i].text, &at_s));
		assert_int_equal(at_s, right[i].at_s);
	}
	for (size_t i = 0; i < NELEM(wrong); i++)
		if (chain_time(wrong[i], &at_s))
			fail_msg("%s", wrong[i]);
}

static void
keys_are_one_word(void **state)
{
	(void)state;
	assert_null(chain_credential("A", "", NULL, "x"));
	assert_null(chain_credential("", "B", NULL, "x"));
	assert_null(chain_credential("A\r\nX: y", "B", NULL, "x"));
	assert_null(chain_credential("A", "B ", NULL, "x"));
	assert_null(chain_credential("A", "B", "C\n", "x"));
	assert_null(chain_credential("A", "\xc3\xa4", NULL, "x"));
	assert_null(chain_credential(NULL, "B", NULL, "x"));
}

/* ---- The store, the environment ---- */

static void
nothing_is_configured(void **state)
{
	(void)state;
	kit_fails_denied("there are no credentials");
	assert_int_equal(fake.asked, 0);
}

static void
the_stores_own_come_first(void **state)
{
	const struct credential_spec own = { .access = "AK", .secret = "SK" };
	const struct credential_spec half = { .access = "AK" };

	(void)state;
	kit_set("AWS_ACCESS_KEY_ID=other");
	kit_set("AWS_SECRET_ACCESS_KEY=other");
	kit_finds(&own, "configuration", "AK", "SK", NULL);
	kit_fails(&half, ERR_ORIGIN_DENIED, "access_key and secret_key");
}

static void
the_environment(void **state)
{
	(void)state;
	kit_set("AWS_ACCESS_KEY_ID=AK");
	kit_fails_denied("AWS_SECRET_ACCESS_KEY");
	kit_set("AWS_SECRET_ACCESS_KEY=SK");
	kit_finds(&plain, "environment", "AK", "SK", NULL);
	kit_set("AWS_SESSION_TOKEN=T");
	kit_finds(&plain, "environment", "AK", "SK", "T");
}

static void
a_profile_goes_before_the_environment(void **state)
{
	const struct credential_spec own = { .profile = "other" };

	(void)state;
	kit_set("AWS_ACCESS_KEY_ID=AK");
	kit_set("AWS_SECRET_ACCESS_KEY=SK");
	kit_write("keys",
	    "[default]\naws_access_key_id=D\naws_secret_access_key=D\n"
	    "[named]\naws_access_key_id=N\naws_secret_access_key=N\n"
	    "[other]\naws_access_key_id=O\naws_secret_access_key=O\n");
	kit_finds(&plain, "environment", "AK", "SK", NULL);
	kit_finds(&own, "profile", "O", "O", NULL);
	kit_set("AWS_PROFILE=named");
	kit_finds(&plain, "profile", "N", "N", NULL);
	kit_finds(&own, "profile", "O", "O", NULL);
}

/* ---- Files ---- */

static void
files_as_aws_writes_them(void **state)
{
	static const struct {
		const char *keys, *conf, *access, *secret, *token;
	} rows[] = {
		{ "[default]\r\naws_access_key_id = A\r\n"
		  "aws_secret_access_key = S\r\n",
		    NULL, "A", "S", NULL },
		{ NULL,
		    "[default]\nAWS_ACCESS_KEY_ID=A\n"
		    "aws_secret_access_key=S+/=\naws_session_token = T\n",
		    "A", "S+/=", "T" },
		{ NULL,
		    "[default]\naws_access_key_id=B\naws_secret_access_key=B\n"
		    "[profile default]\naws_access_key_id=A\n"
		    "aws_secret_access_key=S",
		    "A", "S", NULL },
		/* Its own file wins; a later line, too; comments are none. */
		{ "# [default]\n  [x]\n[default] ; and so on\n"
		  "aws_access_key_id=B\naws_access_key_id=A # not B\n"
		  ";aws_secret_access_key=B\naws_secret_access_key=S#1;2\n",
		    "[default]\naws_access_key_id=C\naws_session_token=T\n",
		    "A", "S#1;2", "T" },
		/* What is indented belongs to the line above. */
		{ "[default]\naws_access_key_id=A\naws_secret_access_key=S\n"
		  "s3 =\n  aws_access_key_id = B\n\taws_session_token = B\n",
		    NULL, "A", "S", NULL },
		{ "no section\n=\n[\n[]\n]\n[default\naws_access_key_id=A\n"
		  "[default]\nx\naws_access_key_id=A\n"
		  "aws_secret_access_key=S\n[defaults]\naws_session_token=T",
		    NULL, "A", "S", NULL },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(rows); i++) {
		kit_write("keys", rows[i].keys != NULL ? rows[i].keys : "");
		kit_write("conf", rows[i].conf != NULL ? rows[i].conf : "");
		kit_finds(&plain, "profile", rows[i].access, rows[i].secret,
		    rows[i].token);
	}
}

static void
quotes_and_blanks_in_names(void **state)
{
	const struct credential_spec own = { .profile = "my name" };

	(void)state;
	kit_write("conf",
	    "[profile  \"my name\" ]\naws_access_key_id=A\n"
	    "aws_secret_access_key=S\n[profilemy name]\n"
	    "aws_access_key_id=B\n");
	kit_finds(&own, "profile", "A", "S", NULL);
}

static void
profiles_that_are_wrong(void **state)
{
	static const struct {
		const char *conf, *part;
	} rows[] = {
		{ "", "there is no profile p" },
		{ "[p]\naws_access_key_id=A\naws_secret_access_key=HIDDEN",
		    "there is no profile p" },
		{ "[profile p]\nregion=x", "no keys and no role" },
		{ "[profile p]\naws_access_key_id=HIDDEN", "only one of" },
		{ "[profile p]\nsso_session=x", "sso_session is not supp" },
		{ "[profile p]\ncredential_process=/bin/x",
		    "credential_process is not supported" },
		{ "[profile p]\nrole_arn=x", "role_arn needs" },
		{ "[profile p]\nrole_arn=x\ncredential_source=Moon",
		    "role_arn needs" },
		{ "[profile p]\nrole_arn=x\nsource_profile=q",
		    "there is no profile q" },
		{ "[profile p]\nrole_arn=x\nsource_profile=q\n[profile q]\na=b",
		    "profile q has no keys" },
		{ "[profile p]\nrole_arn=x\nsource_profile=p",
		    "its own source_profile and has no keys" },
		{ "[profile p]\nrole_arn=x\nsource_profile=q\n"
		  "[profile q]\nrole_arn=y\nsource_profile=p",
		    "its own source_profile" },
		{ "[profile p]\nrole_arn=x\nmfa_serial=1\nsource_profile=p",
		    "mfa_serial" },
		{ "[profile p]\nrole_arn=x\nsource_profile=1\n"
		  "[profile 1]\nrole_arn=x\nsource_profile=2\n"
		  "[profile 2]\nrole_arn=x\nsource_profile=3\n"
		  "[profile 3]\nrole_arn=x\nsource_profile=4\n"
		  "[profile 4]\nrole_arn=x\nsource_profile=5\n"
		  "[profile 5]\naws_access_key_id=A",
		    "more than 5" },
	};

	(void)state;
	kit_set("AWS_PROFILE=p");
	for (size_t i = 0; i < NELEM(rows); i++) {
		kit_write("conf", rows[i].conf);
		kit_fails(&plain, ERR_CONFIG, rows[i].part);
	}
}

static void
files_that_are_closed(void **state)
{
	(void)state;
	free(kit_env[4]);
	/* A kit_folder cannot be read, not even by root. */
	kit_env[4] = xstrdup("AWS_CONFIG_FILE=/proc");
	kit_fails(&plain, ERR_CONFIG, "/proc");
}

static void
files_are_read_again(void **state)
{
	const struct credential_spec spec = { .env = kit_env };
	struct chain chain;
	struct credential *c = NULL;
	struct err e;

	(void)state;
	kit_write("keys",
	    "[default]\naws_access_key_id=A\naws_secret_access_key=S\n");
	assert_true(chain_init(&chain, &spec, &e));
	assert_true(chain_fetch(&chain, &c, &e));
	credential_drop(c);
	assert_false(chain_files_changed(&chain));
	kit_write("keys",
	    "[default]\naws_access_key_id=A2\naws_secret_access_key=S2\n");
	assert_true(chain_files_changed(&chain));
	assert_true(chain_fetch(&chain, &c, &e));
	assert_string_equal(c->access, "A2");
	credential_drop(c);
	assert_false(chain_files_changed(&chain));
	chain_fini(&chain);
}

static void
regions_and_endpoints(void **state)
{
	static const struct {
		const char *variable, *region, *endpoint, *sts;
	} rows[] = {
		/* The profile's alone, then one variable more for each row. */
		{ "AWS_X=", "eu-p-1", "http://s3.p/", "http://all.p/" },
		{ "AWS_DEFAULT_REGION=eu-d-1", "eu-d-1", "http://s3.p/",
		    "http://all.p/" },
		{ "AWS_REGION=eu-r-1", "eu-r-1", "http://s3.p/",
		    "http://all.p/" },
		{ "AWS_ENDPOINT_URL=http://all.e", "eu-r-1", "http://all.e",
		    "http://all.e" },
		{ "AWS_ENDPOINT_URL_S3=http://s3.e", "eu-r-1", "http://s3.e",
		    "http://all.e" },
		{ "AWS_ENDPOINT_URL_STS=http://sts.e", "eu-r-1", "http://s3.e",
		    "http://sts.e" },
		{ "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true", "eu-r-1", "",
		    "" },
	};
	struct credential_spec spec = { .env = kit_env };
	struct chain chain;
	struct err e;

	(void)state;
	kit_write("conf",
	    "[default]\nregion=eu-p-1\nservices = mine\n"
	    "endpoint_url=http://all.p/\n[services mine]\n"
	    "sqs =\n  endpoint_url = http://sqs.p/\n"
	    "s3 =\n  endpoint_url = http://s3.p/\n  a = b\nx = y\n"
	    "  endpoint_url = http://x/\n");
	for (size_t i = 0; i < NELEM(rows); i++) {
		kit_set("%s", rows[i].variable);
		assert_true(chain_init(&chain, &spec, &e));
		assert_string_equal(chain.region, rows[i].region);
		assert_string_equal(chain.endpoint, rows[i].endpoint);
		assert_string_equal(chain.sts, rows[i].sts);
		chain_fini(&chain);
	}
	spec.region = "us-s-1";
	assert_true(chain_init(&chain, &spec, &e));
	assert_string_equal(chain.region, "us-s-1");
	chain_fini(&chain);
}

static void
endpoints_that_are_none(void **state)
{
	(void)state;
	kit_set("AWS_ENDPOINT_URL_S3=file:///etc/passwd");
	kit_fails(&plain, ERR_CONFIG, "file:///etc/passwd");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_read),
		cmocka_unit_test(keys_are_one_word),
		WITH_FAKE(nothing_is_configured),
		WITH_FAKE(the_stores_own_come_first),
		WITH_FAKE(the_environment),
		WITH_FAKE(a_profile_goes_before_the_environment),
		WITH_FAKE(files_as_aws_writes_them),
		WITH_FAKE(quotes_and_blanks_in_names),
		WITH_FAKE(profiles_that_are_wrong),
		WITH_FAKE(files_that_are_closed),
		WITH_FAKE(files_are_read_again),
		WITH_FAKE(regions_and_endpoints),
		WITH_FAKE(endpoints_that_are_none),
	};

	return cmocka_run_group_tests(tests, kit_folder_new, kit_folder_gone);
}
