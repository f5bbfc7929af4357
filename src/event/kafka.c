/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread: reads events from the spool, gives them to librdkafka, and hears
 * what became of each.
 *
 * Events on the way stand in a ring in the order of the spool. What is done at
 * its front is acknowledged in the spool; what failed is read again and sent
 * once more, however often. So an event leaves the spool only when Kafka has
 * it, or when it is certain that Kafka will never take it: then it is rejected,
 * counted, and kept aside. Events may come twice, in another order; their id
 * tells.
 *
 * librdkafka calls back inside of rd_kafka_poll() only, which is this thread;
 * but for its log.
 */
#include "event/kafka.h"

#include <assert.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/lock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "event/kafka_conf.h"
#include "event/kafka_message.h"
#include "event/spool_write.h"
#include "metric/metric.h"

enum {
	KAFKA_WAIT_MS = 100, /* longest sleep of the thread */
	KAFKA_TOPIC_MS = 300,
	KAFKA_TEXT = 512,
	KAFKA_READS = 10, /* before an event is given up as gone */
	KAFKA_STATS_MAX = 4 * 1024 * 1024
};
static const int64_t kafka_topic_ns = 5 * NS_PER_S;
static const int64_t kafka_complain_ns = 60 * NS_PER_S;

/* The FAILURE label. */
enum failure {
	FAILURE_CONNECTION,
	FAILURE_TLS,
	FAILURE_AUTHENTICATION,
	FAILURE_AUTHORIZATION,
	FAILURE_TOPIC,
	FAILURE_TOO_LARGE,
	FAILURE_TIMEOUT,
	FAILURE_FATAL,
	FAILURE_OTHER,
	FAILURES
};
static const char *const failure_words[FAILURES] = {
	[FAILURE_CONNECTION] = "connection",
	[FAILURE_TLS] = "tls",
	[FAILURE_AUTHENTICATION] = "authentication",
	[FAILURE_AUTHORIZATION] = "authorization",
	[FAILURE_TOPIC] = "topic",
	[FAILURE_TOO_LARGE] = "too-large",
	[FAILURE_TIMEOUT] = "timeout",
	[FAILURE_FATAL] = "fatal",
	[FAILURE_OTHER] = "other",
};

/* The SENT label. */
enum sent { SENT_DELIVERED, SENT_AGAIN, SENT_REJECTED, SENTS };

enum flying_state {
	FLYING_SENT, /* librdkafka has it */
	FLYING_AGAIN,
	FLYING_DONE
};

struct flying {
	enum flying_state state;
	struct spool_place place, next;
	int64_t again_ns; /* FLYING_AGAIN: not before that */
	int unread;       /* how often it could not be read again */
};

struct kafka {
	const struct conf *conf; /* a reference */
	struct spool *spool;
	int happened; /* librdkafka has something to say */
	pthread_t thread;
	_Atomic int64_t stop_ns; /* 0: not yet; else: no longer than that */

	/* The thread's. */
	rd_kafka_t *client; /* NULL: it could not be made */
	struct flying *flying;
	size_t room, first, used, again;
	struct spool_reader *reader; /* what was not sent yet */
	struct spool_reader *seeker; /* what is sent again */
	struct spool_place seeker_at;
	struct spool_event held; /* of reader; not sent yet */
	bool has_held, ended, closing, fatal, topic_known;
	int64_t topic_asked_ns, made_ns, held_until_ns;
	int64_t complained_ns[FAILURES];
	bool failing;
	_Atomic int
	    certificate; /* what is wrong with the last one; 0: nothing */
};

/* --- what went wrong --- */

static enum failure
failure_of(rd_kafka_resp_err_t code)
{
	static const struct {
		rd_kafka_resp_err_t code;
		enum failure failure;
	} rows[] = {
		{ RD_KAFKA_RESP_ERR__TRANSPORT, FAILURE_CONNECTION },
		{ RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, FAILURE_CONNECTION },
		{ RD_KAFKA_RESP_ERR__RESOLVE, FAILURE_CONNECTION },
		{ RD_KAFKA_RESP_ERR__SSL, FAILURE_TLS },
		{ RD_KAFKA_RESP_ERR__AUTHENTICATION, FAILURE_AUTHENTICATION },
		{ RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
		    FAILURE_AUTHENTICATION },
		{ RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM,
		    FAILURE_AUTHENTICATION },
		{ RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
		    FAILURE_AUTHORIZATION },
		{ RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
		    FAILURE_AUTHORIZATION },
		{ RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, FAILURE_TOPIC },
		{ RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, FAILURE_TOPIC },
		{ RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, FAILURE_TOPIC },
		{ RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, FAILURE_TOPIC },
		{ RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, FAILURE_TOO_LARGE },
		{ RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, FAILURE_TOO_LARGE },
		{ RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, FAILURE_TIMEOUT },
		{ RD_KAFKA_RESP_ERR__TIMED_OUT, FAILURE_TIMEOUT },
		{ RD_KAFKA_RESP_ERR__FATAL, FAILURE_FATAL },
	};

	for (size_t i = 0; i < NELEM(rows); i++)
		if (rows[i].code == code)
			return rows[i].failure;
	return FAILURE_OTHER;
}

/* Whether sending the same once more would have the same end. */
static bool
is_hopeless(rd_kafka_resp_err_t code)
{
	return code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
	    code == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE ||
	    code == RD_KAFKA_RESP_ERR_INVALID_RECORD ||
	    code == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP;
}

/* Some of it comes from brokers. */
static void
show(const char *text, char out[KAFKA_TEXT])
{
	slice_copy(slice_of(text), out, KAFKA_TEXT);
	for (char *at = out; *at != '\0'; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
}

/* X509_V_ERR_*, as they are since ever; the common ones. */
static const char *
certificate_fault(int fault)
{
	static const struct {
		int fault;
		const char *text;
	} rows[] = {
		{ 9, "its certificate is not valid yet" },
		{ 10, "its certificate has expired" },
		{ 18, "its certificate is signed by itself" },
		{ 19, "who signed its certificate is not trusted" },
		{ 20, "who signed its certificate is not known" },
		{ 21, "who signed its certificate is not known" },
		{ 23, "its certificate is revoked" },
		{ 62, "its certificate is for another name" },
	};

	for (size_t i = 0; i < NELEM(rows); i++)
		if (rows[i].fault == fault)
			return rows[i].text;
	return "its certificate cannot be verified";
}

/* Counts it, and says it once a minute for each kind. */
static void
complain(struct kafka *k, rd_kafka_resp_err_t code, const char *text)
{
	enum failure kind = failure_of(code);
	int fault =
	    kind == FAILURE_TLS ? atomic_exchange(&k->certificate, 0) : 0;
	char shown[KAFKA_TEXT];
	int64_t now = clock_ns();

	metric_add(METRIC_KAFKA_FAILURES, (unsigned)kind, 0, 1);
	k->failing = true;
	if (k->complained_ns[kind] != 0 &&
	    now - k->complained_ns[kind] < kafka_complain_ns)
		return;
	k->complained_ns[kind] = now;
	show(text, shown);
	log_line(LOG_LEVEL_ERROR,
	    "kafka: %s: %s%s%s (%s); events wait in the spool",
	    failure_words[kind], fault != 0 ? certificate_fault(fault) : "",
	    fault != 0 ? ": " : "", shown, rd_kafka_err2name(code));
}

static void
content(struct kafka *k)
{
	if (!k->failing)
		return;
	k->failing = false;
	memset(k->complained_ns, 0, sizeof(k->complained_ns));
	log_line(LOG_LEVEL_NOTICE, "kafka: events are delivered");
}

/* --- callbacks --- */

static void
on_error(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
	struct kafka *k = opaque;
	char text[KAFKA_TEXT] = "";

	if (code != RD_KAFKA_RESP_ERR__FATAL) {
		complain(k, (rd_kafka_resp_err_t)code, reason);
		return;
	}
	(void)rd_kafka_fatal_error(client, text, sizeof(text));
	complain(k, RD_KAFKA_RESP_ERR__FATAL, text);
	k->fatal = true;
}

/* Its threads call it: what concerns somebody comes as an error, too. */
static void
on_log(const rd_kafka_t *client, int level, const char *what, const char *text)
{
	bool matters = strncmp(what, "COMPRESS", strlen("COMPRESS")) == 0 ||
	    strcmp(what, "CONFWARN") == 0;
	char shown[KAFKA_TEXT];

	(void)client;
	(void)level;
	if (!matters && !log_level_on(LOG_LEVEL_DEBUG))
		return;
	show(text, shown);
	log_line(matters ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG, "kafka: %s: %s",
	    what, shown);
}

/* Its threads call it. librdkafka itself says only that something is wrong. */
static int /* NOLINTNEXTLINE(readability-function-size) */
on_certificate(rd_kafka_t *client, const char *name, int32_t broker, int *fault,
    int depth, const char *bytes, size_t size, char *why, size_t why_size,
    void *opaque)
{
	struct kafka *k = opaque;

	(void)client;
	(void)name;
	(void)broker;
	(void)depth;
	(void)bytes;
	(void)size;
	if (*fault == 0)
		return 1;
	atomic_store(&k->certificate, *fault);
	snprintf(why, why_size, "%s", certificate_fault(*fault));
	return 0;
}

static int64_t
whole_of(json_t *object, const char *name)
{
	json_t *member = json_object_get(object, name);

	return json_is_integer(member) ? json_integer_value(member) : 0;
}

static int
on_stats(rd_kafka_t *client, char *json, size_t size, void *opaque)
{
	struct err unused;
	scoped_json stats = json_read_long(
	    (struct slice){ json, size }, KAFKA_STATS_MAX, &unused);
	const char *name;
	json_t *broker;
	int64_t up = 0;
	int64_t trip = 0;

	(void)client;
	(void)opaque;
	json_object_foreach(json_object_get(stats, "brokers"), name, broker)
	{
		const char *state =
		    json_string_value(json_object_get(broker, "state"));
		int64_t average =
		    whole_of(json_object_get(broker, "rtt"), "avg");

		up += whole_of(broker, "nodeid") >= 0 && state != NULL &&
		    strcmp(state, "UP") == 0;
		trip = average > trip ? average : trip;
	}
	metric_gauge(METRIC_KAFKA_BROKERS, up);
	metric_gauge(METRIC_KAFKA_TRIP, trip);
	metric_gauge(METRIC_KAFKA_QUEUE_BYTES, whole_of(stats, "msg_size"));
	metric_gauge(METRIC_KAFKA_SENT_BYTES, whole_of(stats, "tx_bytes"));
	return 0;
}

static void
on_token(rd_kafka_t *client, const char *config, void *opaque)
{
	struct kafka *k = opaque;
	struct err e;

	(void)config;
	if (!kafka_conf_token(k->conf, client, &e))
		complain(k, RD_KAFKA_RESP_ERR__AUTHENTICATION, e.detail);
}

static void reject(struct kafka *k, struct flying *f);

static void
on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
	struct kafka *k = opaque;
	struct flying *f = message->_private;

	(void)client;
	if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		f->state = FLYING_DONE;
		metric_add(METRIC_SENT, SENT_DELIVERED, 0, 1);
		content(k);
		return;
	}
	if (message->err != RD_KAFKA_RESP_ERR__PURGE_QUEUE &&
	    message->err != RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
		complain(k, message->err, rd_kafka_err2str(message->err));
	if (is_hopeless(message->err)) {
		reject(k, f);
		return;
	}
	f->state = FLYING_AGAIN;
	f->again_ns = clock_ns() + k->conf->kafka_retry_time;
	k->again++;
}

/* --- events --- */

/* The event at that place of the spool, once more; NULL: it is gone. */
static const struct spool_event *
event_at(
    struct kafka *k, const struct spool_place *place, struct spool_event *out)
{
	struct err unused;

	if (k->seeker == NULL ||
	    memcmp(&k->seeker_at, place, sizeof(*place)) != 0) {
		spool_reader_free(k->seeker);
		k->seeker = NULL;
		if (!spool_reader_open(
			spool_folder(k->spool), place, &k->seeker, &unused))
			return NULL;
	}
	if (spool_reader_next(k->seeker, out) != SPOOL_EVENT ||
	    memcmp(&out->place, place, sizeof(*place)) != 0) {
		spool_reader_free(k->seeker);
		k->seeker = NULL;
		return NULL;
	}
	k->seeker_at = out->next;
	return out;
}

static void
reject(struct kafka *k, struct flying *f)
{
	struct spool_event again;
	const struct spool_event *event = event_at(k, &f->place, &again);
	bool kept = event != NULL && spool_reject(k->spool, event->event);

	f->state = FLYING_DONE;
	metric_add(METRIC_SENT, SENT_REJECTED, 0, 1);
	log_line(LOG_LEVEL_ERROR, "kafka: event %s is rejected%s",
	    event != NULL ? event->id : "-",
	    kept ? "; it is kept in rejected.seg" : " and could not be kept");
}

/* False: not now; it is tried again. */
static bool
send_event(struct kafka *k, const struct spool_event *event, struct flying *f)
{
	rd_kafka_resp_err_t code =
	    kafka_message_send(k->client, k->conf->kafka_topic, event, f);

	if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
		f->state = FLYING_SENT;
		return true;
	}
	if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
		return false;
	complain(k, code, rd_kafka_err2str(code));
	if (is_hopeless(code)) {
		reject(k, f);
		return true;
	}
	return false;
}

static struct flying *
flying_at(struct kafka *k, size_t i)
{
	return &k->flying[(k->first + i) % k->room];
}

/* Sends what failed, oldest first. */
static void
send_again(struct kafka *k)
{
	int64_t now = clock_ns();

	for (size_t i = 0; k->again > 0 && i < k->used; i++) {
		struct flying *f = flying_at(k, i);
		struct spool_event again;
		const struct spool_event *event;

		if (f->state != FLYING_AGAIN)
			continue;
		if (f->again_ns > now)
			return;
		event = event_at(k, &f->place, &again);
		if (event == NULL && ++f->unread < KAFKA_READS) {
			/* Perhaps there are no descriptors for the moment. */
			f->again_ns = now + k->conf->kafka_retry_time;
			return;
		}
		if (event == NULL) {
			/* Somebody has removed or damaged it. */
			log_line(LOG_LEVEL_ERROR,
			    "kafka: an event is gone from the spool");
			metric_add(METRIC_SENT, SENT_REJECTED, 0, 1);
			f->state = FLYING_DONE;
		} else if (!send_event(k, event, f)) {
			f->again_ns = now + k->conf->kafka_retry_time;
			/* Read once more then. */
			k->seeker_at = (struct spool_place){ 0 };
			return;
		} else {
			metric_add(METRIC_SENT, SENT_AGAIN, 0, 1);
		}
		k->again--;
	}
}

/* Sends what is new. */
static void
send_new(struct kafka *k)
{
	while (k->used < k->room && clock_ns() >= k->held_until_ns) {
		struct flying *f = flying_at(k, k->used);

		k->ended = !k->has_held &&
		    spool_reader_next(k->reader, &k->held) != SPOOL_EVENT;
		if (k->ended)
			return;
		k->has_held = true;
		*f = (struct flying){ .place = k->held.place,
			.next = k->held.next };
		if (!send_event(k, &k->held, f)) {
			k->held_until_ns = clock_ns() + 10 * NS_PER_MS;
			return;
		}
		k->has_held = false;
		k->used++;
	}
}

/* What is done at the front leaves the spool. */
static void
acknowledge(struct kafka *k)
{
	struct spool_place next = { 0 };
	uint64_t n = 0;

	while (k->used > 0 && flying_at(k, 0)->state == FLYING_DONE) {
		next = flying_at(k, 0)->next;
		k->first = (k->first + 1) % k->room;
		k->used--;
		n++;
	}
	if (n > 0)
		spool_acknowledge(k->spool, &next, n);
	metric_gauge(METRIC_KAFKA_QUEUE, (int64_t)k->used);
}

/* --- the client --- */

static bool
client_set(struct kafka *k, rd_kafka_conf_t *to, struct err *e)
{
	char queue[24];
	char bytes[24];

	snprintf(queue, sizeof(queue), "%" PRId64, k->conf->kafka_queue);
	snprintf(bytes, sizeof(bytes), "%" PRId64,
	    k->conf->kafka_queue_bytes / 1024);
	return kafka_conf_set(to, "client.id", "pictor", e) &&
	    kafka_conf_set(to, "enable.idempotence", "true", e) &&
	    kafka_conf_set(to, "acks", "all", e) &&
	    kafka_conf_set(to, "compression.type", "zstd", e) &&
	    kafka_conf_set(to, "linger.ms", "50", e) &&
	    kafka_conf_set(to, "batch.size", "262144", e) &&
	    kafka_conf_set(to, "partitioner", "murmur2_random", e) &&
	    kafka_conf_set(to, "queue.buffering.max.messages", queue, e) &&
	    kafka_conf_set(to, "queue.buffering.max.kbytes", bytes, e) &&
	    kafka_conf_set(to, "socket.keepalive.enable", "true", e) &&
	    kafka_conf_set(to, "statistics.interval.ms", "15000", e) &&
	    kafka_conf_set(
		to, "topic.metadata.refresh.interval.ms", "180000", e) &&
	    kafka_conf_connect(k->conf, to, e) &&
	    kafka_conf_props(k->conf, to, e);
}

static bool
client_make(struct kafka *k, struct err *e)
{
	rd_kafka_conf_t *to = rd_kafka_conf_new();
	char why[KAFKA_TEXT] = "";
	rd_kafka_queue_t *queue;
	const uint64_t one = 1;

	if (!client_set(k, to, e)) {
		rd_kafka_conf_destroy(to);
		return false;
	}
	rd_kafka_conf_set_opaque(to, k);
	rd_kafka_conf_set_error_cb(to, on_error);
	rd_kafka_conf_set_log_cb(to, on_log);
	(void)rd_kafka_conf_set_ssl_cert_verify_cb(to, on_certificate);
	rd_kafka_conf_set_stats_cb(to, on_stats);
	rd_kafka_conf_set_dr_msg_cb(to, on_delivery);
	rd_kafka_conf_set_oauthbearer_token_refresh_cb(to, on_token);
	k->client = rd_kafka_new(RD_KAFKA_PRODUCER, to, why, sizeof(why));
	if (k->client == NULL) {
		rd_kafka_conf_destroy(to);
		return err_set(e, ERR_CONFIG, "kafka: %s", why);
	}
	queue = rd_kafka_queue_get_main(k->client);
	rd_kafka_queue_io_event_enable(queue, k->happened, &one, sizeof(one));
	rd_kafka_queue_destroy(queue);
	k->made_ns = clock_ns();
	k->topic_known = false;
	return true;
}

/* What it has not told of is sent again by the next one. */
static void
client_end(struct kafka *k)
{
	if (k->client == NULL)
		return;
	(void)rd_kafka_purge(
	    k->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	for (int i = 0; i < 10 && rd_kafka_outq_len(k->client) > 0; i++)
		(void)rd_kafka_poll(k->client, KAFKA_WAIT_MS);
	rd_kafka_destroy(k->client);
	k->client = NULL;
	for (size_t i = 0; i < k->used; i++) {
		struct flying *f = flying_at(k, i);

		if (f->state != FLYING_SENT)
			continue;
		f->state = FLYING_AGAIN;
		f->again_ns = 0;
		k->again++;
	}
}

/* An idempotent producer that met a fatal error never sends again. */
static void
client_renew(struct kafka *k)
{
	struct err e;

	if (clock_ns() - k->made_ns < k->conf->kafka_retry_time)
		return;
	client_end(k);
	k->fatal = false;
	if (client_make(k, &e)) {
		log_line(LOG_LEVEL_NOTICE, "kafka: the producer is made anew");
		return;
	}
	k->made_ns = clock_ns();
	k->fatal = true;
	log_line(LOG_LEVEL_ERROR, "%s", e.detail);
}

/* Once a connection is there: are events at home there? */
static void
topic_look(struct kafka *k)
{
	const struct rd_kafka_metadata *found = NULL;
	rd_kafka_topic_t *topic;
	rd_kafka_resp_err_t code;

	if (k->topic_known || clock_ns() - k->topic_asked_ns < kafka_topic_ns)
		return;
	topic = rd_kafka_topic_new(k->client, k->conf->kafka_topic, NULL);
	if (topic == NULL)
		return;
	code = rd_kafka_metadata(k->client, 0, topic, &found, KAFKA_TOPIC_MS);
	rd_kafka_topic_destroy(topic);
	k->topic_asked_ns = clock_ns();
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	k->topic_known = true;
	code = found->topic_cnt == 1 ? found->topics[0].err
				     : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
		log_line(LOG_LEVEL_INFO,
		    "kafka: connected, topic %s has %d partitions",
		    k->conf->kafka_topic, found->topics[0].partition_cnt);
	} else if (code != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) {
		k->failing = true;
		metric_add(
		    METRIC_KAFKA_FAILURES, (unsigned)failure_of(code), 0, 1);
		/* It is said when they go, also if none has failed by then. */
		k->failing = true;
		log_line(LOG_LEVEL_WARNING,
		    "kafka.topic = %s: %s; events wait in the spool",
		    k->conf->kafka_topic, rd_kafka_err2str(code));
	}
	rd_kafka_metadata_destroy(found);
}

/* --- the thread --- */

static void
rest(struct kafka *k)
{
	/* What is new is of no use while there is no room: it is not waited
	 * for then, or each poll() would return at once. */
	bool room = k->used < k->room;
	struct pollfd fds[] = {
		{ .fd = k->happened, .events = POLLIN },
		{ .fd = room ? spool_fd(k->spool) : -1, .events = POLLIN },
	};

	(void)poll(fds, NELEM(fds),
	    k->again > 0 || k->has_held ? KAFKA_WAIT_MS / 10 : KAFKA_WAIT_MS);
	fd_event_clear(k->happened);
	if (room)
		fd_event_clear(spool_fd(k->spool));
}

static bool
goes_on(struct kafka *k)
{
	int64_t stop = atomic_load(&k->stop_ns);

	if (stop == 0)
		return true;
	/* Once more at least: what came just before that is sent, too. */
	if (!k->closing) {
		k->closing = true;
		return true;
	}
	return clock_ns() < stop && k->client != NULL &&
	    (k->used > 0 || !k->ended);
}

static void *
sender(void *arg)
{
	struct kafka *k = arg;

	while (goes_on(k)) {
		rest(k);
		if (k->fatal || k->client == NULL)
			client_renew(k);
		if (k->client == NULL || k->fatal)
			continue;
		(void)rd_kafka_poll(k->client, 0);
		topic_look(k);
		send_again(k);
		send_new(k);
		acknowledge(k);
	}
	client_end(k);
	acknowledge(k);
	return NULL;
}

/* --- beginning and end --- */

bool
kafka_check(const struct conf *conf, struct err *e)
{
	struct kafka k = { .conf = conf };
	rd_kafka_conf_t *to;
	bool good;

	if (!kafka_conf_check(conf, e))
		return false;
	to = rd_kafka_conf_new();
	good = client_set(&k, to, e);
	rd_kafka_conf_destroy(to);
	return good;
}

static void
kafka_release(struct kafka *k)
{
	fd_close(&k->happened);
	spool_reader_free(k->reader);
	spool_reader_free(k->seeker);
	conf_drop(k->conf);
	free(k->flying);
	free(k);
}

bool
kafka_start(const struct conf *conf, struct spool *spool, struct kafka **out,
    struct err *e)
{
	static const char *const fates[SENTS] = {
		[SENT_DELIVERED] = "delivered",
		[SENT_AGAIN] = "again",
		[SENT_REJECTED] = "rejected",
	};
	struct kafka *k = xcalloc(1, sizeof(*k));
	struct spool_place begin = spool_begin(spool);

	metric_label(LABEL_SENT, fates, SENTS);
	metric_label(LABEL_FAILURE, failure_words, FAILURES);
	k->conf = conf_ref(conf);
	k->spool = spool;
	k->happened = fd_event_new();
	k->room = (size_t)conf->kafka_queue;
	k->flying = xcalloc(k->room, sizeof(*k->flying));
	k->topic_asked_ns = clock_ns() - kafka_topic_ns;
	if (!kafka_conf_check(conf, e) ||
	    !spool_reader_open(spool_folder(spool), &begin, &k->reader, e) ||
	    !client_make(k, e)) {
		kafka_release(k);
		return false;
	}
	k->thread = thread_start("pictor-kafka", sender, k);
	*out = k;
	return true;
}

void
kafka_stop(struct kafka *k)
{
	int failed;

	if (k == NULL)
		return;
	atomic_store(&k->stop_ns, clock_ns() + k->conf->kafka_drain_time + 1);
	failed = pthread_join(k->thread, NULL);
	assert(failed == 0);
	kafka_release(k);
}
