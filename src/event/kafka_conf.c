/* SPDX-License-Identifier: Apache-2.0 */
#include "event/kafka_conf.h"

#include <errno.h>
#include <fcntl.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/secret.h"
#include "conf/conf.h"

enum {
	TEXT_MAX = 512,
	BROKERS_MAX = 4096,
	TOKEN_MAX = 64 * 1024,
	EXTENSIONS_MAX = 16
};

bool
kafka_conf_set(
    rd_kafka_conf_t *to, const char *name, const char *value, struct err *e)
{
	char why[TEXT_MAX] = "";

	switch (rd_kafka_conf_set(to, name, value, why, sizeof(why))) {
	case RD_KAFKA_CONF_OK:
		return true;
	case RD_KAFKA_CONF_UNKNOWN:
		return err_set(e, ERR_CONFIG,
		    "kafka: this librdkafka has no property %s", name);
	case RD_KAFKA_CONF_INVALID:
		break;
	}
	/* Its text may hold the value, which may be a secret. */
	return err_set(
	    e, ERR_CONFIG, "kafka: librdkafka refuses the value of %s", name);
}

bool
kafka_conf_props(const struct conf *conf, rd_kafka_conf_t *to, struct err *e)
{
	for (size_t i = 0; i < conf->kafka_prop.n; i++) {
		struct slice value = slice_of(conf->kafka_prop.item[i]);
		struct slice name = slice_cut(&value, '=');
		char text[TEXT_MAX];

		if (value.at == NULL)
			return err_set(e, ERR_CONFIG,
			    "kafka.prop: what is set stands as prop.NAME = "
			    "VALUE, or as a word NAME=VALUE");
		slice_copy(name, text, sizeof(text));
		if (!kafka_conf_set(to, text, value.at, e))
			return false;
	}
	return true;
}

static bool
set_some(
    rd_kafka_conf_t *to, const char *name, const char *value, struct err *e)
{
	return value[0] == '\0' || kafka_conf_set(to, name, value, e);
}

bool
kafka_conf_connect(const struct conf *conf, rd_kafka_conf_t *to, struct err *e)
{
	static const char *const security[] = {
		[KAFKA_PLAINTEXT] = "plaintext",
		[KAFKA_TLS] = "ssl",
		[KAFKA_SASL_PLAINTEXT] = "sasl_plaintext",
		[KAFKA_SASL_TLS] = "sasl_ssl",
	};
	static const char *const mechanism[] = {
		[KAFKA_PLAIN] = "PLAIN",
		[KAFKA_SCRAM_256] = "SCRAM-SHA-256",
		[KAFKA_SCRAM_512] = "SCRAM-SHA-512",
		[KAFKA_OAUTHBEARER] = "OAUTHBEARER",
	};
	const char *sasl = conf->kafka_security == KAFKA_SASL_PLAINTEXT ||
		conf->kafka_security == KAFKA_SASL_TLS
	    ? mechanism[conf->kafka_mechanism]
	    : "";
	char brokers[BROKERS_MAX];
	size_t len = 0;

	brokers[0] = '\0';
	for (size_t i = 0; i < conf->kafka_brokers.n; i++) {
		int n = snprintf(brokers + len, sizeof(brokers) - len, "%s%s",
		    i > 0 ? "," : "", conf->kafka_brokers.item[i]);

		if (n < 0 || (size_t)n >= sizeof(brokers) - len)
			return err_set(
			    e, ERR_CONFIG, "kafka.brokers is too long");
		len += (size_t)n;
	}
	return kafka_conf_set(to, "bootstrap.servers", brokers, e) &&
	    kafka_conf_set(
		to, "security.protocol", security[conf->kafka_security], e) &&
	    set_some(to, "sasl.mechanisms", sasl, e) &&
	    set_some(to, "sasl.username", conf->kafka_username, e) &&
	    set_some(to, "sasl.password", conf->kafka_password, e) &&
	    set_some(to, "ssl.ca.location", conf->kafka_ca_file, e) &&
	    set_some(
		to, "ssl.certificate.location", conf->kafka_client_cert, e) &&
	    set_some(to, "ssl.key.location", conf->kafka_client_key, e) &&
	    set_some(
		to, "ssl.key.password", conf->kafka_client_key_password, e);
}

static bool
has_prop(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->kafka_prop.n; i++) {
		struct slice value = slice_of(conf->kafka_prop.item[i]);

		if (slice_is(slice_cut(&value, '='), name))
			return true;
	}
	return false;
}

/* librdkafka would try for ever to log in as nobody. */
static bool
check_login(const struct conf *conf, struct err *e)
{
	bool user =
	    conf->kafka_username[0] != '\0' || has_prop(conf, "sasl.username");
	bool password =
	    conf->kafka_password[0] != '\0' || has_prop(conf, "sasl.password");

	if (conf->kafka_security != KAFKA_SASL_PLAINTEXT &&
	    conf->kafka_security != KAFKA_SASL_TLS)
		return true;
	/* Others of librdkafka's mechanisms need other things. */
	if (has_prop(conf, "sasl.mechanisms") ||
	    has_prop(conf, "sasl.mechanism"))
		return true;
	if (conf->kafka_mechanism == KAFKA_OAUTHBEARER)
		return conf->kafka_token_file[0] != '\0' ||
		    err_set(e, ERR_CONFIG,
			"kafka.mechanism = oauthbearer needs "
			"kafka.token_file");
	return (user && password) ||
	    err_set(e, ERR_CONFIG, "kafka.security with sasl needs kafka.%s",
		user ? "password" : "username");
}

bool
kafka_conf_check(const struct conf *conf, struct err *e)
{
	const struct {
		const char *key, *path;
	} files[] = {
		{ "ca_file", conf->kafka_ca_file },
		{ "client_cert", conf->kafka_client_cert },
		{ "client_key", conf->kafka_client_key },
		{ "token_file", conf->kafka_token_file },
	};

	for (size_t i = 0; i < NELEM(files); i++)
		if (files[i].path[0] != '\0' &&
		    faccessat(AT_FDCWD, files[i].path, R_OK, AT_EACCESS) != 0)
			return err_errno(e, ERR_CONFIG, errno, "kafka.%s = %s",
			    files[i].key, files[i].path);
	return check_login(conf, e);
}

/* --- tokens --- */

struct claims {
	int64_t expires_ms;
	char principal[128];
};

/* What the token says of itself; it is not verified here, brokers do that. */
static void
claims_read(struct slice token, int64_t usual_ns, struct claims *out)
{
	scoped_free char *text = NULL;
	scoped_json claims = NULL;
	struct slice rest = token;
	struct slice part;
	struct err unused;
	size_t size = 0;
	json_t *member;

	(void)slice_cut(&rest, '.');
	part = slice_cut(&rest, '.');
	out->expires_ms = (clock_wall_ns() + usual_ns) / NS_PER_MS;
	snprintf(out->principal, sizeof(out->principal), "pictor");
	text = mem_try(part.len + 4);
	if (text == NULL ||
	    !codec_base64(part, true, (uint8_t *)text, &size, &unused))
		return;
	claims = json_read((struct slice){ text, size }, &unused);
	member = json_object_get(claims, "exp");
	if (json_is_number(member) && json_number_value(member) > 0 &&
	    json_number_value(member) < 1e11)
		out->expires_ms = (int64_t)(json_number_value(member) * 1000);
	member = json_object_get(claims, "sub");
	if (json_is_string(member) && json_string_length(member) > 0)
		slice_copy(slice_of(json_string_value(member)), out->principal,
		    sizeof(out->principal));
}

static bool
token_give(const struct conf *conf, rd_kafka_t *client, const char *token,
    struct err *e)
{
	const struct conf_list *list = &conf->kafka_token_extensions;
	char words[EXTENSIONS_MAX][TEXT_MAX];
	const char *pairs[2 * EXTENSIONS_MAX];
	char why[TEXT_MAX] = "";
	struct claims claims;
	size_t n = 0;

	claims_read(slice_of(token), conf->kafka_token_time, &claims);
	for (size_t i = 0; i < list->n && i < EXTENSIONS_MAX; i++) {
		struct slice value = slice_of(list->item[i]);

		slice_copy(slice_cut(&value, '='), words[i], sizeof(words[i]));
		pairs[n++] = words[i];
		pairs[n++] = value.at != NULL ? value.at : "";
	}
	if (rd_kafka_oauthbearer_set_token(client, token, claims.expires_ms,
		claims.principal, pairs, n, why,
		sizeof(why)) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return err_set(e, ERR_CONFIG, "kafka.token_file = %s: %s",
		    conf->kafka_token_file, why);
	return true;
}

bool
kafka_conf_token(const struct conf *conf, rd_kafka_t *client, struct err *e)
{
	scoped_free char *text = NULL;
	size_t size = 0;
	bool done;

	done = fd_read_file(conf->kafka_token_file, TOKEN_MAX, &text, &size, e);
	if (done) {
		size_t len = size;

		while (len > 0 && strchr("\r\n \t", text[len - 1]) != NULL)
			text[--len] = '\0';
		done = token_give(conf, client, text, e);
		secret_wipe(text, size);
	}
	if (!done)
		(void)rd_kafka_oauthbearer_set_token_failure(client, e->detail);
	return done;
}
