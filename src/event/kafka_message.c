/* SPDX-License-Identifier: Apache-2.0 */
#include "event/kafka_message.h"

#include <stdio.h>

#include "base/clock.h"

enum { KEY_MAX = 512, KEY_VARIANT = 16 };

static size_t
key_of(const struct event *e, char out[KEY_MAX])
{
	const char *store = e->status != 0 ? e->store : e->object_store;
	const char *key = e->status != 0 ? e->source_key : e->object_key;
	int n;

	/* Nothing to keep in order: any partition. */
	if (key[0] == '\0')
		return 0;
	n = snprintf(out, KEY_MAX, "%s/%s%s%.*s", store, key,
	    e->key[0] != '\0' ? "#" : "", KEY_VARIANT, e->key);
	return n > 0 && n < KEY_MAX ? (size_t)n : 0;
}

static rd_kafka_headers_t *
headers_of(const struct spool_event *event)
{
	const struct event *e = event->event;
	char when[CLOCK_ISO_SIZE];
	char source[sizeof("/pictor/") + sizeof(e->node)];
	const struct {
		const char *name, *value;
	} rows[] = {
		{ "ce_specversion", "1.0" },
		{ "ce_id", event->id },
		{ "ce_source", source },
		{ "ce_type", event_type_name(event->type) },
		{ "ce_time", when },
		{ "ce_subject", e->source_key },
		{ "ce_traceparent", e->traceparent },
		{ "traceparent", e->traceparent },
		{ "schema_version", "1" },
		{ "content-type", "application/json" },
	};
	rd_kafka_headers_t *headers = rd_kafka_headers_new(NELEM(rows));

	clock_iso(event->at_ns, when);
	snprintf(source, sizeof(source), "/pictor/%s", e->node);
	for (size_t i = 0; i < NELEM(rows); i++)
		if (rows[i].value[0] != '\0')
			(void)rd_kafka_header_add(
			    headers, rows[i].name, -1, rows[i].value, -1);
	return headers;
}

rd_kafka_resp_err_t
kafka_message_send(rd_kafka_t *client, const char *topic,
    const struct spool_event *event, void *opaque)
{
	rd_kafka_headers_t *headers = headers_of(event);
	char key[KEY_MAX];
	size_t key_size = key_of(event->event, key);
	char *key_at = key_size > 0 ? key : NULL;
	rd_kafka_resp_err_t code;

	code = rd_kafka_producev(client, RD_KAFKA_V_TOPIC(topic),
	    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
	    /* No const there; with that flag it is only read. */
	    RD_KAFKA_V_VALUE(
		(void *)(uintptr_t)event->json.at, event->json.len),
	    RD_KAFKA_V_KEY(key_at, key_size),
	    RD_KAFKA_V_TIMESTAMP(event->at_ns / NS_PER_MS),
	    RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(opaque),
	    RD_KAFKA_V_END);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_kafka_headers_destroy(headers);
	return code;
}
