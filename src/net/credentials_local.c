/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials of a container (ECS, EKS Pod Identity) and of an instance (EC2,
 * IMDSv2): JSON from addresses that only this machine reaches.
 *
 * Version 1 of the instance's service is never asked: whoever can make a
 * process send a GET could read keys there.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/secret.h"
#include "net/credentials_private.h"

#define CONTAINER_ORIGIN "http://169.254.170.2"
#define INSTANCE_V4      "http://169.254.169.254"
#define INSTANCE_V6      "http://[fd00:ec2::254]"

enum { TOKEN_MAX = 16384, HEADER_MAX = TOKEN_MAX + 64, ROLE_MAX = 64 };

/* ---- What both answer ---- */

static const char *
text_at(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* The end of the keys; none is said by those that have none. */
static bool
read_end(const struct ask *a, const json_t *object, int64_t *at_s)
{
	const json_t *value = json_object_get(object, "Expiration");

	*at_s = INT64_MAX;
	if (value == NULL)
		return true;
	if (!json_is_string(value) ||
	    !chain_time(json_string_value(value), at_s))
		return false;
	*at_s = chain_expiry(a, *at_s);
	return true;
}

static enum chain_found
read_keys(const struct ask *a, const char *provider, struct credential **out,
    struct err *e)
{
	json_t *object = json_read((struct slice){ a->text, a->ntext }, e);
	const char *code = text_at(object, "Code");
	struct credential *c = NULL;
	int64_t end_s = 0;

	if (json_is_object(object) && read_end(a, object, &end_s) &&
	    (code == NULL || strcmp(code, "Success") == 0))
		c = chain_credential(text_at(object, "AccessKeyId"),
		    text_at(object, "SecretAccessKey"),
		    text_at(object, "Token"), provider);
	if (c != NULL)
		c->expires_s = end_s;
	else if (code != NULL && strcmp(code, "Success") != 0) {
		char shown[100];

		(void)codec_log_escape(slice_of(code), shown, sizeof(shown));
		(void)err_set(e, ERR_ORIGIN_DENIED, "%s credentials: %s",
		    provider, shown);
	} else
		(void)err_set(e, ERR_ORIGIN_DENIED,
		    "%s credentials: the answer is not JSON with AccessKeyId, "
		    "SecretAccessKey and Expiration",
		    provider);
	json_wipe(object);
	json_decref(object);
	*out = c;
	return c != NULL ? CHAIN_FOUND : CHAIN_BROKEN;
}

/* ---- Container ---- */

/* Plain http may go to the machine itself and to AWS's two addresses. */
static bool
is_local(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6, want;

	if (strcmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127 ||
		    ntohl(v4.s_addr) == 0xa9feaa02 || /* 169.254.170.2 */
		    ntohl(v4.s_addr) == 0xa9feaa17;   /* 169.254.170.23 */
	if (inet_pton(AF_INET6, host, &v6) != 1)
		return false;
	return IN6_IS_ADDR_LOOPBACK(&v6) ||
	    (inet_pton(AF_INET6, "fd00:ec2::23", &want) == 1 &&
		memcmp(&v6, &want, sizeof(v6)) == 0);
}

/* Who knows its path may ask for the task's keys: it is not said what it is. */
static bool
read_container(
    const char *url, const char *name, struct ask_url *out, struct err *e)
{
	return ask_url_read(url, out, e) ||
	    err_set(e, ERR_CONFIG,
		"AWS_CONTAINER_CREDENTIALS_%s_URI: not an http or https URL "
		"without user, password and fragment",
		name);
}

bool
chain_container_check(const struct chain *c, struct err *e)
{
	const char *relative =
	    chain_env(c, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = chain_env(c, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
	struct ask_url url;

	if (relative != NULL)
		return (relative[0] == '/' &&
			   strlen(relative) < CREDENTIAL_URL_MAX - 32 &&
			   ask_is_clean(slice_of(relative))) ||
		    err_set(e, ERR_CONFIG,
			"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must be a path "
			"that begins with /");
	if (full == NULL)
		return true;
	if (!read_container(full, "FULL", &url, e))
		return false;
	return url.https || is_local(url.host) ||
	    err_set(e, ERR_CONFIG,
		"AWS_CONTAINER_CREDENTIALS_FULL_URI: keys are asked for over "
		"http only on loopback, 169.254.170.2, 169.254.170.23 and "
		"fd00:ec2::23, not on %.80s",
		url.host);
}

/* "Authorization: token" or "", into room for HEADER_MAX bytes. */
static bool
authorization(const struct chain *c, char *out, struct err *e)
{
	const char *file =
	    chain_env(c, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *set = chain_env(c, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
	char *token = NULL;

	out[0] = '\0';
	if (file != NULL && !chain_read_line(file, TOKEN_MAX, &token, e))
		return false;
	if (file == NULL && set == NULL)
		return true;
	if (file == NULL) {
		if (!ask_is_clean(slice_of(set)) || strlen(set) > TOKEN_MAX)
			return err_set(e, ERR_ORIGIN_DENIED,
			    "AWS_CONTAINER_AUTHORIZATION_TOKEN is too long or "
			    "has line breaks");
		token = xstrdup(set);
	}
	(void)snprintf(out, HEADER_MAX, "Authorization: %s", token);
	chain_wipe_free(token);
	return true;
}

static bool
ask_container(const struct chain *c, struct ask *a, struct err *e)
{
	char *header = xcalloc(HEADER_MAX, 1);
	bool ok = authorization(c, header, e);

	if (ok) {
		a->header[0] = header;
		a->nheader = header[0] != '\0' ? 1 : 0;
		ok = chain_ask(c, a, e);
		a->nheader = 0;
	}
	secret_wipe(header, HEADER_MAX);
	free(header);
	return ok;
}

enum chain_found
chain_container(struct chain *c, struct credential **out, struct err *e)
{
	const char *relative =
	    chain_env(c, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = chain_env(c, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
	char url[CREDENTIAL_URL_MAX], shown[ASK_HOST_MAX + 32];
	struct ask a = { .method = "GET",
		.url = full,
		.shown = shown,
		.timeout_ns = c->ask_ns };
	enum chain_found got = CHAIN_BROKEN;
	struct ask_url parts;

	if (relative == NULL && full == NULL)
		return CHAIN_NONE;
	if (!chain_container_check(c, e))
		return CHAIN_BROKEN;
	if (relative != NULL) {
		(void)snprintf(
		    url, sizeof(url), CONTAINER_ORIGIN "%s", relative);
		a.url = url;
	}
	if (!read_container(
		a.url, relative != NULL ? "RELATIVE" : "FULL", &parts, e))
		return CHAIN_BROKEN;
	(void)snprintf(
	    shown, sizeof(shown), "container credentials at %s", parts.origin);
	if (ask_container(c, &a, e)) {
		if (a.status == 200)
			got = read_keys(&a, "container", out, e);
		else
			(void)err_set(e, ERR_ORIGIN_DENIED,
			    "container credentials: the answer is %d",
			    a.status);
	}
	ask_fini(&a);
	return got;
}

/* ---- Instance ---- */

struct instance {
	struct chain *chain;
	const char *origin; /* without a slash at its end */
	size_t norigin;
	char header[HEADER_MAX]; /* with the token of the session */
};

static bool
find_instance(struct instance *in, struct err *e)
{
	const struct chain *c = in->chain;
	const char *set = chain_env(c, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
	const char *mode =
	    chain_env(c, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
	const bool six =
	    mode != NULL && slice_eq_nocase(slice_of(mode), SLICE("IPv6"));
	struct ask_url url;

	in->origin = set != NULL ? set : six ? INSTANCE_V6 : INSTANCE_V4;
	in->norigin = strlen(in->origin);
	if (in->origin[in->norigin - 1] == '/')
		in->norigin--;
	if (strlen(in->origin) > CREDENTIAL_URL_MAX / 2)
		return err_set(e, ERR_ORIGIN_DENIED,
		    "AWS_EC2_METADATA_SERVICE_ENDPOINT is too long");
	return ask_url_read(in->origin, &url, e);
}

static bool
ask_instance(struct instance *in, struct ask *a, const char *path,
    const char *more, struct err *e)
{
	char url[CREDENTIAL_URL_MAX];
	bool ok;

	(void)snprintf(url, sizeof(url), "%.*s%s%s", (int)in->norigin,
	    in->origin, path, more);
	a->url = url;
	a->timeout_ns = in->chain->ask_ns;
	ok = chain_ask(in->chain, a, e);
	a->url = NULL;
	a->nheader = 0;
	return ok;
}

/* A session: what every question must show since version 2. */
static bool
begin_session(struct instance *in, struct err *e)
{
	struct ask a = { .method = "PUT",
		.header = { "X-aws-ec2-metadata-token-ttl-seconds: 21600",
		    "Content-Type:" },
		.nheader = 2 };
	bool ok = ask_instance(in, &a, "/latest/api/token", "", e);

	if (!ok && e->code == ERR_ORIGIN_TIMEOUT)
		(void)err_set(e, ERR_ORIGIN_TIMEOUT,
		    "the instance's metadata service does not answer: no EC2 "
		    "instance, or a container behind a bridge (the hop limit "
		    "must be 2)");
	else if (ok && a.status != 200)
		ok = err_set(e, ERR_ORIGIN_DENIED,
		    "the instance's metadata service answers PUT with %d: it "
		    "speaks no IMDSv2, and version 1 is not used",
		    a.status);
	else if (ok &&
	    (a.ntext == 0 || a.ntext > TOKEN_MAX || strlen(a.text) != a.ntext ||
		!ask_is_clean((struct slice){ a.text, a.ntext })))
		ok = err_set(e, ERR_ORIGIN_DENIED,
		    "the instance's metadata service gave no token");
	if (ok)
		(void)snprintf(in->header, sizeof(in->header),
		    "X-aws-ec2-metadata-token: %s", a.text);
	ask_fini(&a);
	return ok;
}

/* One question, with a new session if the service has forgotten this one. */
static bool
ask_session(struct instance *in, struct ask *a, const char *path,
    const char *more, struct err *e)
{
	*a = (struct ask){
		.method = "GET", .header = { in->header }, .nheader = 1
	};
	if (!ask_instance(in, a, path, more, e))
		return false;
	if (a->status == 401) {
		if (!begin_session(in, e))
			return false;
		a->nheader = 1;
		if (!ask_instance(in, a, path, more, e))
			return false;
	}
	return a->status == 200 ||
	    err_set(e, ERR_ORIGIN_DENIED,
		a->status == 404
		    ? "the instance has no role, or no credentials of it: %d"
		    : "the instance's metadata service answers %d",
		a->status);
}

static bool
read_role(const struct ask *a, char role[3 * ROLE_MAX + 1], struct err *e)
{
	struct slice all = { a->text, a->ntext };
	struct slice name = slice_trim(slice_cut(&all, '\n'));

	if (name.len > 0 && name.at[name.len - 1] == '\r')
		name.len--;
	if (name.len == 0 || name.len > ROLE_MAX || !ask_is_clean(name))
		return err_set(e, ERR_ORIGIN_DENIED,
		    "the instance's metadata service named no role");
	role[codec_percent_encode(name, NULL, role)] = '\0';
	return true;
}

/* Its region, where nobody has said another; what fails is left. */
static void
ask_region(struct instance *in)
{
	struct ask a = { .status = 0 };
	struct err e;

	if (in->chain->region[0] == '\0' &&
	    ask_session(in, &a, "/latest/meta-data/placement/region", "", &e) &&
	    chain_is_region((struct slice){ a.text, a.ntext }))
		memcpy(in->chain->region, a.text, a.ntext + 1);
	ask_fini(&a);
}

static enum chain_found
ask_role(struct instance *in, struct credential **out, struct err *e)
{
	static const char path[] =
	    "/latest/meta-data/iam/security-credentials/";
	struct ask list = { .status = 0 }, keys = { .status = 0 };
	char role[3 * ROLE_MAX + 1];
	enum chain_found got = CHAIN_BROKEN;

	if (ask_session(in, &list, path, "", e) && read_role(&list, role, e) &&
	    ask_session(in, &keys, path, role, e))
		got = read_keys(&keys, "instance", out, e);
	ask_fini(&list);
	ask_fini(&keys);
	return got;
}

enum chain_found
chain_instance(struct chain *c, struct credential **out, struct err *e)
{
	const char *off = chain_env(c, "AWS_EC2_METADATA_DISABLED");
	struct instance *in;
	enum chain_found got = CHAIN_BROKEN;

	if (off != NULL && slice_eq_nocase(slice_of(off), SLICE("true")))
		return CHAIN_NONE;
	in = xcalloc(1, sizeof(*in));
	in->chain = c;
	if (find_instance(in, e) && begin_session(in, e))
		got = ask_role(in, out, e);
	if (got == CHAIN_FOUND)
		ask_region(in);
	secret_wipe(in, sizeof(*in));
	free(in);
	return got;
}
