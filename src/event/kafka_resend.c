/* SPDX-License-Identifier: Apache-2.0 */
#include "event/kafka_resend.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/slice.h"
#include "conf/conf.h"
#include "event/kafka_conf.h"
#include "event/kafka_message.h"
#include "event/spool.h"

enum { WAIT_MS = 100, WHY_MAX = 512 };

struct resend {
	const struct conf *conf;
	const struct resend_call *call;
	struct kafka_resent *out;
	int64_t heard_ns;
	int64_t looked_ns;
	bool enough;
};

/* Some of it comes from brokers. */
static void
say(struct resend *r, const char *text)
{
	slice_copy(slice_of(text), r->out->why, sizeof(r->out->why));
	for (char *at = r->out->why; *at != '\0'; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
}

static void
on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
	struct resend *r = opaque;

	(void)client;
	r->heard_ns = clock_ns();
	if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		r->out->delivered++;
		return;
	}
	r->out->failed++;
	/* What the connection said before says more than a time-out. */
	if (r->out->why[0] == '\0' ||
	    message->err != RD_KAFKA_RESP_ERR__MSG_TIMED_OUT)
		say(r, rd_kafka_err2str(message->err));
}

static void
on_error(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
	struct resend *r = opaque;

	(void)client;
	if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
		say(r, reason);
}

static void
on_token(rd_kafka_t *client, const char *config, void *opaque)
{
	struct resend *r = opaque;
	struct err e;

	(void)config;
	if (!kafka_conf_token(r->conf, client, &e))
		say(r, e.detail);
}

/* What becomes of messages is heard; nothing is to be said of the rest. */
static void
on_log(const rd_kafka_t *client, int level, const char *what, const char *text)
{
	(void)client;
	(void)level;
	(void)what;
	(void)text;
}

static bool
client_new(struct resend *r, rd_kafka_t **out, struct err *e)
{
	rd_kafka_conf_t *to = rd_kafka_conf_new();
	char why[WHY_MAX] = "";

	if (!kafka_conf_set(to, "client.id", "pictor-spool", e) ||
	    !kafka_conf_set(to, "enable.idempotence", "true", e) ||
	    !kafka_conf_set(to, "compression.type", "zstd", e) ||
	    !kafka_conf_set(to, "linger.ms", "50", e) ||
	    !kafka_conf_set(to, "partitioner", "murmur2_random", e) ||
	    !kafka_conf_connect(r->conf, to, e) ||
	    !kafka_conf_props(r->conf, to, e)) {
		rd_kafka_conf_destroy(to);
		return false;
	}
	rd_kafka_conf_set_opaque(to, r);
	rd_kafka_conf_set_dr_msg_cb(to, on_delivery);
	rd_kafka_conf_set_error_cb(to, on_error);
	rd_kafka_conf_set_log_cb(to, on_log);
	rd_kafka_conf_set_oauthbearer_token_refresh_cb(to, on_token);
	*out = rd_kafka_new(RD_KAFKA_PRODUCER, to, why, sizeof(why));
	if (*out != NULL)
		return true;
	rd_kafka_conf_destroy(to);
	return err_set(e, ERR_CONFIG, "kafka: %s", why);
}

/* Answers that came; false: it ends here. */
static bool
listen_to(struct resend *r, rd_kafka_t *client, int wait_ms)
{
	int64_t now;

	(void)rd_kafka_poll(client, wait_ms);
	now = clock_ns();
	if (!r->enough && now - r->looked_ns >= WAIT_MS * NS_PER_MS) {
		r->looked_ns = now;
		r->enough = !r->call->look(r->call->owner, r->out);
	}
	return !r->enough && now - r->heard_ns < r->call->wait_ns;
}

static void
send_one(struct resend *r, rd_kafka_t *client, const struct spool_event *event)
{
	rd_kafka_resp_err_t code;

	do
		code = kafka_message_send(
		    client, r->conf->kafka_topic, event, NULL);
	while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL &&
	    listen_to(r, client, WAIT_MS));
	r->out->given++;
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	r->out->failed++;
	say(r, rd_kafka_err2str(code));
}

bool
kafka_resend(const struct conf *conf, const struct resend_call *call,
    struct kafka_resent *out, struct err *e)
{
	struct resend r = {
		.conf = conf, .call = call, .out = out, .heard_ns = clock_ns()
	};
	struct spool_event event;
	rd_kafka_t *client = NULL;

	*out = (struct kafka_resent){ 0 };
	if (conf->kafka_brokers.n == 0)
		return err_set(e, ERR_CONFIG, "kafka.brokers is not set");
	if (!kafka_conf_check(conf, e) || !client_new(&r, &client, e))
		return false;
	while (listen_to(&r, client, 0) &&
	    spool_reader_next(call->from, &event) == SPOOL_EVENT)
		send_one(&r, client, &event);
	while (rd_kafka_outq_len(client) > 0 && listen_to(&r, client, WAIT_MS))
		continue;
	/* What nobody answered counts as failed: it is told of here. */
	(void)rd_kafka_purge(
	    client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	for (int i = 0; i < 10 && rd_kafka_outq_len(client) > 0; i++)
		(void)rd_kafka_poll(client, WAIT_MS);
	rd_kafka_destroy(client);
	return true;
}
