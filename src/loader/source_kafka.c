/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topic, as a member of a consumer group.
 *
 * The database says how far a partition was loaded, not Kafka: a partition that
 * is given is read from pictor.kafka_offset on, and mark() moves that only from
 * where this loader left it. Who lost a partition without knowing yet finds it
 * moved, writes nothing and begins anew. Kafka gets the offsets afterwards, for
 * those who watch the lag.
 *
 * Where the topic does not have that offset (any more), librdkafka says so: the
 * partition is taken out, and place() tells what is gone and goes on at what is
 * there.
 *
 * librdkafka calls back in rd_kafka_consumer_poll(), so on the loader's thread.
 */
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "event/kafka_conf.h"
#include "loader/count.h"
#include "loader/run.h"
#include "loader/source.h"
#include "loader/strbuf.h"
#include "sql/sql.h"

enum { WHERE_MAX = 300, NUMBER_MAX = 24, ENDS_MS = 5000 };
/* How long --once waits to be given partitions. */
static const int64_t join_time_ns = 30 * NS_PER_S;
static const int64_t lag_every_ns = 5 * NS_PER_S;

struct part {
	int32_t id;
	int64_t loaded; /* the next one, as the database says; -1: none yet */
	int64_t seen;   /* the next one, of the batch */
	int64_t end;    /* the next one that will be written; -1: not known */
	bool at_end;
};

struct consumer {
	struct source source;
	const struct conf *conf;
	struct run *run;
	char *name;
	rd_kafka_t *kafka;
	rd_kafka_message_t *message; /* of the record given last */
	struct part *part;
	size_t n, room;
	/* Given by the group, and not read yet: the database has to say from
	 * where on. */
	rd_kafka_topic_partition_list_t *given;
	/* Of those: whose messages are gone; they were assigned before. */
	bool gone;
	bool once;
	bool joined;
	bool again; /* what the batch holds belongs to others now */
	bool held;
	bool closing;
	int64_t began_ns;
	int64_t lag_ns;
	rd_kafka_resp_err_t complained;
};

static struct consumer *
consumer_of(struct source *s)
{
	return (struct consumer *)(void *)s;
}

/* --- partitions --- */

static struct part *
part_find(struct consumer *c, int32_t id)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->part[i].id == id)
			return &c->part[i];
	return NULL;
}

static void
part_add(struct consumer *c, int32_t id, int64_t loaded)
{
	if (c->n == c->room) {
		size_t room = c->room > 0 ? 2 * c->room : 16;
		void *grown = reallocarray(c->part, room, sizeof(*c->part));

		if (grown == NULL)
			abort();
		c->part = grown;
		c->room = room;
	}
	c->part[c->n++] = (struct part){
		.id = id, .loaded = loaded, .seen = loaded, .end = -1
	};
	count_set(COUNT_PARTITIONS, c->n);
}

static void
part_remove(struct consumer *c, int32_t id)
{
	struct part *p = part_find(c, id);

	if (p == NULL)
		return;
	*p = c->part[--c->n];
	count_set(COUNT_PARTITIONS, c->n);
}

static bool
has_unloaded(const struct consumer *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->part[i].seen != c->part[i].loaded)
			return true;
	return false;
}

/* --- the group gives and takes --- */

static void
take_away(struct consumer *c, const rd_kafka_topic_partition_list_t *list)
{
	bool lost = rd_kafka_assignment_lost(c->kafka) != 0;

	/* What is in the batch is loaded while it is still ours. */
	if (!c->closing && !lost && has_unloaded(c) && !run_flush(c->run))
		lost = true;
	if (lost && has_unloaded(c))
		c->again = true;
	for (int i = 0; i < list->cnt; i++) {
		part_remove(c, list->elems[i].partition);
		if (c->given != NULL)
			(void)rd_kafka_topic_partition_list_del(c->given,
			    list->elems[i].topic, list->elems[i].partition);
	}
}

static void
drop_given(struct consumer *c)
{
	if (c->given != NULL)
		rd_kafka_topic_partition_list_destroy(c->given);
	c->given = NULL;
	c->gone = false;
}

/* place() assigns them, when the database has said from where on. */
static void
give(struct consumer *c, const rd_kafka_topic_partition_list_t *list)
{
	if (c->given == NULL)
		c->given = rd_kafka_topic_partition_list_new(list->cnt);
	for (int i = 0; i < list->cnt; i++)
		(void)rd_kafka_topic_partition_list_add(
		    c->given, list->elems[i].topic, list->elems[i].partition);
}

static bool
unassign(struct consumer *c, const rd_kafka_topic_partition_list_t *list)
{
	rd_kafka_error_t *failed =
	    rd_kafka_incremental_unassign(c->kafka, list);

	if (failed == NULL)
		return true;
	log_line(LOG_LEVEL_WARNING, "Kafka: %s", rd_kafka_error_string(failed));
	rd_kafka_error_destroy(failed);
	c->again = true;
	return false;
}

static void
on_rebalance(rd_kafka_t *kafka, rd_kafka_resp_err_t what,
    rd_kafka_topic_partition_list_t *list, void *owner)
{
	struct consumer *c = owner;

	(void)kafka;
	count_add(COUNT_REBALANCES, 1);
	if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
		/* The group waits until they are placed. */
		give(c, list);
		log_line(LOG_LEVEL_INFO, "%d partitions given", list->cnt);
		return;
	}
	log_line(LOG_LEVEL_INFO, "%d partitions taken", list->cnt);
	take_away(c, list);
	(void)unassign(c, list);
}

static void
on_error(rd_kafka_t *kafka, int code, const char *reason, void *owner)
{
	struct consumer *c = owner;
	rd_kafka_resp_err_t err = (rd_kafka_resp_err_t)code;

	count_add(COUNT_KAFKA_ERRORS, 1);
	if (rd_kafka_fatal_error(kafka, NULL, 0) != 0)
		c->again = true;
	/* Again and again while it lasts. */
	if (err == c->complained)
		return;
	c->complained = err;
	count_not_ready(
	    COUNT_OF_SOURCE, "Kafka is not there, or refuses: see the log");
	log_line(err == RD_KAFKA_RESP_ERR__AUTHENTICATION ? LOG_LEVEL_ERROR
							  : LOG_LEVEL_WARNING,
	    "Kafka: %s: %s", rd_kafka_err2name(err), reason);
}

/* librdkafka's own log goes to ours; it holds no secrets. */
static void
on_log(
    const rd_kafka_t *kafka, int level, const char *facility, const char *text)
{
	(void)kafka;
	log_line(level <= 3 ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG,
	    "librdkafka: %s: %s", facility, text);
}

/* --- the consumer --- */

/* A token (oauthbearer) is due. */
static void
on_token(rd_kafka_t *kafka, const char *config, void *owner)
{
	struct consumer *c = owner;
	struct err e;

	(void)config;
	if (kafka_conf_token(c->conf, kafka, &e))
		return;
	count_add(COUNT_KAFKA_ERRORS, 1);
	log_line(LOG_LEVEL_ERROR, "%s", e.detail);
}

static bool
set_all(struct consumer *c, rd_kafka_conf_t *conf, struct err *e)
{
	static const char *const values[][2] = {
		{ "enable.auto.commit", "false" },
		{ "enable.auto.offset.store", "false" },
		/* What is gone is told, not passed over: see is_gone(). */
		{ "auto.offset.reset", "error" },
		{ "partition.assignment.strategy", "cooperative-sticky" },
		{ "max.poll.interval.ms", "600000" },
		{ "queued.max.messages.kbytes", "16384" },
		{ "isolation.level", "read_committed" },
		{ "enable.partition.eof", "true" },
		{ "client.id", "pictor-loader" },
	};

	if (!kafka_conf_check(c->conf, e) ||
	    !kafka_conf_connect(c->conf, conf, e))
		return false;
	for (size_t i = 0; i < NELEM(values); i++)
		if (!kafka_conf_set(conf, values[i][0], values[i][1], e))
			return false;
	if (!kafka_conf_set(conf, "group.id", c->conf->loader_group, e))
		return false;
	rd_kafka_conf_set_opaque(conf, c);
	rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
	rd_kafka_conf_set_error_cb(conf, on_error);
	rd_kafka_conf_set_log_cb(conf, on_log);
	if (c->conf->kafka_mechanism == KAFKA_OAUTHBEARER)
		rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, on_token);
	return kafka_conf_props(c->conf, conf, e);
}

static bool
consumer_open(struct consumer *c, struct err *e)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_topic_partition_list_t *topics;
	rd_kafka_resp_err_t failed;
	char why[ERR_TEXT_MAX];

	if (!set_all(c, conf, e)) {
		rd_kafka_conf_destroy(conf);
		return false;
	}
	c->kafka = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
	if (c->kafka == NULL) {
		rd_kafka_conf_destroy(conf);
		return err_set(e, ERR_CONFIG, "[kafka]: %s", why);
	}
	(void)rd_kafka_poll_set_consumer(c->kafka);
	topics = rd_kafka_topic_partition_list_new(1);
	(void)rd_kafka_topic_partition_list_add(
	    topics, c->conf->kafka_topic, RD_KAFKA_PARTITION_UA);
	failed = rd_kafka_subscribe(c->kafka, topics);
	rd_kafka_topic_partition_list_destroy(topics);
	if (failed != RD_KAFKA_RESP_ERR_NO_ERROR)
		return err_set(
		    e, ERR_CONFIG, "[kafka]: %s", rd_kafka_err2str(failed));
	c->joined = false;
	c->began_ns = clock_ns();
	return true;
}

static void
consumer_close(struct consumer *c)
{
	if (c->message != NULL)
		rd_kafka_message_destroy(c->message);
	c->message = NULL;
	if (c->kafka == NULL)
		return;
	c->closing = true;
	(void)rd_kafka_consumer_close(c->kafka);
	rd_kafka_destroy(c->kafka);
	c->closing = false;
	c->kafka = NULL;
	c->n = 0;
	c->again = false;
	c->held = false;
	drop_given(c);
	count_set(COUNT_PARTITIONS, 0);
}

/* --- from where on --- */

static bool
read_offset(struct consumer *c, struct sql *sql, int32_t id, int64_t *out,
    struct err *e)
{
	scoped_rows rows = NULL;
	char number[NUMBER_MAX];
	const char *values[] = { c->conf->kafka_topic, c->conf->loader_group,
		number };

	(void)snprintf(number, sizeof(number), "%" PRId32, id);
	if (!sql_ask(sql,
		"INSERT INTO pictor.kafka_offset VALUES ($1, $2, $3, -1) "
		"ON CONFLICT DO NOTHING",
		values, NELEM(values), NULL, e) ||
	    !sql_ask(sql,
		"SELECT next_offset FROM pictor.kafka_offset "
		"WHERE topic = $1 AND consumer = $2 AND part = $3",
		values, NELEM(values), &rows, e))
		return false;
	*out = sql_count(rows) == 1 ? sql_whole(rows, 0, 0) : -1;
	return true;
}

/* Moves a partition's place; false with *out unchanged: somebody else has. */
static bool
move_offset(struct consumer *c, struct sql *sql, int32_t id, int64_t to,
    int64_t *out, struct err *e)
{
	scoped_rows rows = NULL;
	char number[3][NUMBER_MAX];
	const char *values[] = { c->conf->kafka_topic, c->conf->loader_group,
		number[0], number[1], number[2] };

	(void)snprintf(number[0], NUMBER_MAX, "%" PRId32, id);
	(void)snprintf(number[1], NUMBER_MAX, "%" PRId64, *out);
	(void)snprintf(number[2], NUMBER_MAX, "%" PRId64, to);
	if (!sql_ask(sql,
		"UPDATE pictor.kafka_offset "
		"SET next_offset = $5, changed_at = now() "
		"WHERE topic = $1 AND consumer = $2 AND part = $3 "
		"AND next_offset = $4",
		values, NELEM(values), &rows, e))
		return false;
	if (sql_changed(rows) == 1)
		*out = to;
	return true;
}

/*
 * What is to be loaded next is not in the topic: where it goes on, in *offset.
 * Written at once, so that it is told once, whoever comes next.
 */
static bool
is_gone(struct consumer *c, struct sql *sql, int32_t id, int64_t *offset,
    struct err *e)
{
	const char *topic = c->conf->kafka_topic;
	int64_t from = *offset;
	int64_t low;
	int64_t end;
	rd_kafka_resp_err_t failed = rd_kafka_query_watermark_offsets(
	    c->kafka, topic, id, &low, &end, ENDS_MS);

	/* It is read from there, fails as before, and is asked again. */
	if (failed != RD_KAFKA_RESP_ERR_NO_ERROR) {
		log_line(LOG_LEVEL_WARNING, "Kafka: topic %s: %s", topic,
		    rd_kafka_err2str(failed));
		return true;
	}
	if (from < 0 || (from >= low && from <= end))
		return true;
	if (!move_offset(c, sql, id, low, offset, e))
		return false;
	if (*offset != low)
		return true;
	if (from > end) {
		count_add(COUNT_ANEW, 1);
		log_line(LOG_LEVEL_ERROR,
		    "topic %s, partition %" PRId32 ": the next to load was "
		    "message %" PRId64 ", and it ends before %" PRId64
		    ": the topic was made anew, or Kafka has lost messages; "
		    "what is there is loaded from %" PRId64 " on",
		    topic, id, from, end, low);
		return true;
	}
	count_add(COUNT_GONE, (uint64_t)(low - from));
	log_line(LOG_LEVEL_ERROR,
	    "topic %s, partition %" PRId32 ": messages %" PRId64 " to %" PRId64
	    " are gone and were not loaded: %" PRId64
	    "; the topic keeps too little (retention.ms, retention.bytes)",
	    topic, id, from, low - 1, low - from);
	return true;
}

static bool
place(struct source *s, struct sql *sql, struct err *e)
{
	struct consumer *c = consumer_of(s);
	rd_kafka_error_t *failed;

	if (c->given == NULL)
		return true;
	for (int i = 0; i < c->given->cnt; i++) {
		rd_kafka_topic_partition_t *p = &c->given->elems[i];
		int64_t offset;

		if (!read_offset(c, sql, p->partition, &offset, e) ||
		    (c->gone && !is_gone(c, sql, p->partition, &offset, e)))
			return false;
		p->offset = offset >= 0 ? offset : RD_KAFKA_OFFSET_BEGINNING;
		p->metadata = NULL;
		part_remove(c, p->partition);
		part_add(c, p->partition, offset);
	}
	failed = rd_kafka_incremental_assign(c->kafka, c->given);
	if (failed != NULL) {
		log_line(LOG_LEVEL_WARNING, "Kafka: %s",
		    rd_kafka_error_string(failed));
		rd_kafka_error_destroy(failed);
		c->again = true;
	}
	/* The batch is full and the database does not take it. */
	if (c->held)
		(void)rd_kafka_pause_partitions(c->kafka, c->given);
	drop_given(c);
	c->joined = true;
	c->complained = RD_KAFKA_RESP_ERR_NO_ERROR;
	count_not_ready(COUNT_OF_SOURCE, NULL);
	return true;
}

/* --- messages --- */

/* Nothing came: is that all, for --once? */
static enum source_next
silence(struct consumer *c)
{
	if (!c->once || c->given != NULL)
		return SOURCE_NOTHING;
	if (!c->joined && clock_ns() - c->began_ns > join_time_ns) {
		log_line(LOG_LEVEL_ERROR,
		    "Kafka: the group has given no partitions of topic %s",
		    c->conf->kafka_topic);
		return SOURCE_FAILED;
	}
	for (size_t i = 0; i < c->n; i++)
		if (!c->part[i].at_end)
			return SOURCE_NOTHING;
	return c->joined ? SOURCE_END : SOURCE_NOTHING;
}

static void
watch_lag(struct consumer *c)
{
	uint64_t lag = 0;

	if (clock_ns() - c->lag_ns < lag_every_ns)
		return;
	c->lag_ns = clock_ns();
	for (size_t i = 0; i < c->n; i++) {
		struct part *p = &c->part[i];
		int64_t low;
		int64_t from;

		if (rd_kafka_get_watermark_offsets(c->kafka,
			c->conf->kafka_topic, p->id, &low,
			&p->end) != RD_KAFKA_RESP_ERR_NO_ERROR ||
		    p->end < 0)
			continue;
		from = p->loaded > low ? p->loaded : low;
		lag += (uint64_t)(p->end > from ? p->end - from : 0);
	}
	count_set(COUNT_LAG, lag);
}

/* Nothing is at the partition's offset: it is taken out, and given once more. */
static enum source_next
miss(struct consumer *c, int32_t id)
{
	const char *topic = c->conf->kafka_topic;
	rd_kafka_topic_partition_list_t *one =
	    rd_kafka_topic_partition_list_new(1);

	(void)rd_kafka_topic_partition_list_add(one, topic, id);
	/* What was read of it is loaded before its place is read anew. */
	c->again = has_unloaded(c) && !run_flush(c->run);
	if (!c->again && unassign(c, one)) {
		give(c, one);
		c->gone = true;
	}
	rd_kafka_topic_partition_list_destroy(one);
	return c->again ? SOURCE_AGAIN : SOURCE_NOTHING;
}

/* An error in place of a message. */
static enum source_next
look_at_error(struct consumer *c, const rd_kafka_message_t *m)
{
	struct part *p = m->rkt != NULL ? part_find(c, m->partition) : NULL;

	if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		if (p != NULL)
			p->at_end = true;
		return SOURCE_NOTHING;
	}
	if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET && p != NULL)
		return miss(c, m->partition);
	count_add(COUNT_KAFKA_ERRORS, 1);
	if (m->err != c->complained)
		log_line(LOG_LEVEL_WARNING, "Kafka: topic %s: %s",
		    c->conf->kafka_topic, rd_kafka_message_errstr(m));
	c->complained = m->err;
	count_not_ready(COUNT_OF_SOURCE,
	    "Kafka has no such topic, or refuses: see the log");
	/* A single run does not wait for somebody to make it. */
	return c->once && !c->joined &&
		(m->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
		    m->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
	    ? SOURCE_FAILED
	    : SOURCE_NOTHING;
}

static enum source_next
next(struct source *s, int wait_ms, struct record *out)
{
	struct consumer *c = consumer_of(s);
	rd_kafka_message_t *m;
	struct part *p;

	if (c->message != NULL)
		rd_kafka_message_destroy(c->message);
	c->message = NULL;
	if (c->again)
		return SOURCE_AGAIN;
	watch_lag(c);
	m = rd_kafka_consumer_poll(c->kafka, wait_ms);
	if (c->again) {
		if (m != NULL)
			rd_kafka_message_destroy(m);
		return SOURCE_AGAIN;
	}
	if (m == NULL)
		return silence(c);
	c->message = m;
	if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return look_at_error(c, m);
	p = part_find(c, m->partition);
	/* Of a partition that was taken meanwhile. */
	if (p == NULL)
		return SOURCE_NOTHING;
	p->seen = m->offset + 1;
	p->at_end = false;
	out->json = (struct slice){ m->payload, m->len };
	out->major = m->partition;
	out->minor = m->offset;
	return SOURCE_RECORD;
}

/* --- the transaction --- */

/* "{1,2,3}" of the partitions that moved. */
static size_t
moved(const struct consumer *c, struct strbuf list[3])
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct part *p = &c->part[i];
		const char *before = n > 0 ? "," : "{";

		if (p->seen == p->loaded)
			continue;
		strbuf_printf(&list[0], "%s%" PRId32, before, p->id);
		strbuf_printf(&list[1], "%s%" PRId64, before, p->loaded);
		strbuf_printf(&list[2], "%s%" PRId64, before, p->seen);
		n++;
	}
	for (int i = 0; i < 3; i++)
		strbuf_put(&list[i], n > 0 ? "}" : "{}");
	return n;
}

static bool
mark(struct source *s, struct sql *sql, bool *mine, struct err *e)
{
	static const char text[] =
	    "UPDATE pictor.kafka_offset AS o "
	    "SET next_offset = n.next_offset, changed_at = now() "
	    "FROM unnest($3::integer[], $4::bigint[], $5::bigint[]) "
	    "AS n (part, before, next_offset) "
	    "WHERE o.topic = $1 AND o.consumer = $2 AND o.part = n.part "
	    "AND o.next_offset = n.before";
	struct consumer *c = consumer_of(s);
	struct strbuf list[3] = { { NULL, 0, 0 } };
	scoped_rows rows = NULL;
	const char *values[5] = { c->conf->kafka_topic, c->conf->loader_group };
	size_t n = moved(c, list);
	bool ok;

	for (size_t i = 0; i < 3; i++)
		values[2 + i] = strbuf_text(&list[i]);
	ok = sql_ask(sql, text, values, NELEM(values), &rows, e);
	if (ok)
		*mine = (size_t)sql_changed(rows) == n;
	for (size_t i = 0; i < 3; i++)
		strbuf_fini(&list[i]);
	return ok;
}

static void
done(struct source *s)
{
	struct consumer *c = consumer_of(s);
	rd_kafka_topic_partition_list_t *list =
	    rd_kafka_topic_partition_list_new((int)c->n);

	for (size_t i = 0; i < c->n; i++) {
		struct part *p = &c->part[i];

		if (p->seen == p->loaded)
			continue;
		p->loaded = p->seen;
		rd_kafka_topic_partition_list_add(
		    list, c->conf->kafka_topic, p->id)
		    ->offset = p->seen;
	}
	/* Only to be looked at: whether it arrives does not matter. */
	if (list->cnt > 0)
		(void)rd_kafka_commit(c->kafka, list, 1);
	rd_kafka_topic_partition_list_destroy(list);
}

/* The batch is given up: all anew, from where the database says. */
static void
renew(struct source *s)
{
	struct consumer *c = consumer_of(s);
	struct err e;

	consumer_close(c);
	if (consumer_open(c, &e))
		return;
	/* It was opened with the same words before. */
	log_line(LOG_LEVEL_ERROR, "%s", e.detail);
	abort();
}

static void
hold(struct source *s, bool on)
{
	struct consumer *c = consumer_of(s);
	rd_kafka_topic_partition_list_t *all = NULL;

	if (c->held == on ||
	    rd_kafka_assignment(c->kafka, &all) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	c->held = on;
	(void)(on ? rd_kafka_pause_partitions : rd_kafka_resume_partitions)(
	    c->kafka, all);
	rd_kafka_topic_partition_list_destroy(all);
}

static void
consumer_free(struct source *s)
{
	struct consumer *c = consumer_of(s);

	consumer_close(c);
	free(c->part);
	free(c->name);
	free(c);
}

static const struct source_kind kind = {
	.next = next,
	.place = place,
	.mark = mark,
	.done = done,
	.renew = renew,
	.hold = hold,
	.free = consumer_free,
};

bool
source_kafka_new(const struct conf *conf, bool once, struct run *run,
    struct source **out, struct err *e)
{
	struct consumer *c;
	char name[WHERE_MAX];

	if (conf->kafka_brokers.n == 0)
		return err_set(e, ERR_CONFIG,
		    "[kafka] brokers is empty: where is Kafka? Without it "
		    "there "
		    "are --from-spool and --from-file");
	(void)snprintf(name, sizeof(name), "topic %.200s", conf->kafka_topic);
	c = xcalloc(1, sizeof(*c));
	c->conf = conf;
	c->run = run;
	c->once = once;
	c->name = xstrdup(name);
	c->source = (struct source){ .kind = &kind, .name = c->name };
	if (!consumer_open(c, e)) {
		consumer_free(&c->source);
		return false;
	}
	*out = &c->source;
	return true;
}
