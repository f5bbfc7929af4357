/* SPDX-License-Identifier: Apache-2.0 */
#include "credentials_kit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

struct fake_aws fake;
const struct credential_spec plain;
char *kit_env[KIT_ENV_MAX + 1];
char kit_folder[] = "credentials-XXXXXX";
static size_t nenv;

/* ---- What each test begins with ---- */

void
kit_set(const char *format, ...)
{
	va_list list;
	char line[1024];

	va_start(list, format);
	vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	assert_true(nenv < KIT_ENV_MAX);
	kit_env[nenv++] = xstrdup(line);
}

/* The last one that was set. */
void
kit_unset(void)
{
	free(kit_env[--nenv]);
	kit_env[nenv] = NULL;
}

void
kit_write(const char *name, const char *text)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", kit_folder, name);
	out = fopen(path, "we");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

int
kit_begin(void **state)
{
	(void)state;
	nenv = 0;
	fake_aws_start(&fake);
	kit_set("HOME=/nonexistent");
	kit_set("AWS_EC2_METADATA_DISABLED=true");
	kit_set("AWS_METADATA_SERVICE_NUM_ATTEMPTS=2");
	kit_set("AWS_SHARED_CREDENTIALS_FILE=%s/keys", kit_folder);
	kit_set("AWS_CONFIG_FILE=%s/conf", kit_folder);
	return 0;
}

int
kit_end(void **state)
{
	char path[128];

	(void)state;
	fake_aws_stop(&fake);
	for (size_t i = 0; i < nenv; i++)
		free(kit_env[i]);
	memset(kit_env, 0, sizeof(kit_env));
	snprintf(path, sizeof(path), "%s/keys", kit_folder);
	(void)unlink(path);
	snprintf(path, sizeof(path), "%s/conf", kit_folder);
	(void)unlink(path);
	snprintf(path, sizeof(path), "%s/token", kit_folder);
	(void)unlink(path);
	return 0;
}

/* IMDS is switched off by the second row that kit_begin() sets. */
void
kit_use_instance(void)
{
	free(kit_env[1]);
	kit_env[1] = xstrdup("AWS_EC2_METADATA_DISABLED=false");
	kit_set("AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:%d/",
	    fake.port);
}

void
kit_use_container(const char *token)
{
	kit_set("AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:%d/"
		"keys?a=HIDDEN",
	    fake.port);
	snprintf(fake.token, sizeof(fake.token), "%s", token);
	if (token[0] != '\0')
		kit_set("AWS_CONTAINER_AUTHORIZATION_TOKEN=%s", token);
}

void
kit_use_sts(void)
{
	kit_set("AWS_REGION=eu-test-1");
	kit_set("AWS_ENDPOINT_URL_STS=http://127.0.0.1:%d", fake.port);
}

void
kit_use_web_identity(const char *token)
{
	kit_use_sts();
	snprintf(fake.identity, sizeof(fake.identity), "%s", token);
	kit_write("token", token);
	kit_set("AWS_WEB_IDENTITY_TOKEN_FILE=%s/token", kit_folder);
	kit_set("AWS_ROLE_ARN=arn:aws:iam::1:role/pictor");
}

/* ---- What each test asks ---- */

bool
kit_try(
    const struct credential_spec *spec, struct credential **c, struct err *e)
{
	struct credential_spec with = *spec;
	struct chain chain;
	bool ok;

	with.env = kit_env;
	*c = NULL;
	if (!chain_init(&chain, &with, e))
		return false;
	ok = chain_fetch(&chain, c, e);
	chain_fini(&chain);
	return ok;
}

void
kit_finds(const struct credential_spec *spec, const char *provider,
    const char *access, const char *secret, const char *token)
{
	struct credential *c;
	struct err e = { .code = ERR_NONE };

	if (!kit_try(spec, &c, &e))
		fail_msg("%s", e.detail);
	assert_string_equal(c->provider, provider);
	assert_string_equal(c->access, access);
	assert_string_equal(c->secret, secret);
	if (token == NULL)
		assert_null(c->token);
	else
		assert_string_equal(c->token, token);
	credential_drop(c);
}

/* An error never shows what is secret. */
void
kit_fails(
    const struct credential_spec *spec, enum err_code code, const char *part)
{
	struct credential *c;
	struct err e = { .code = ERR_NONE };

	assert_false(kit_try(spec, &c, &e));
	if (strstr(e.detail, part) == NULL)
		fail_msg("\"%s\" is not in: %s", part, e.detail);
	assert_int_equal(e.code, code);
	assert_null(strstr(e.detail, "HIDDEN"));
}

void
kit_fails_denied(const char *part)
{
	kit_fails(&plain, ERR_ORIGIN_DENIED, part);
}

int
kit_folder_new(void **state)
{
	(void)state;
	return mkdtemp(kit_folder) != NULL ? 0 : -1;
}

int
kit_folder_gone(void **state)
{
	(void)state;
	return rmdir(kit_folder);
}
