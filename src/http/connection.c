/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a request on its connection, as libmicrohttpd calls us:
 *
 *   connection_notify    a connection began: it gets its exchange
 *   connection_target    a request line was read; the raw target is only here
 *   connection_handle    1. its head was read (answering here would close the
 *                        connection, so only what may not be kept alive does)
 *                        2. pieces of a body, which are thrown away
 *                        3. all was read: runs it; answers, or parks
 *                        4. it was resumed: answers
 *   connection_end       the answer was sent, or the viewer left
 */
#include <assert.h>
#include <poll.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/num.h"
#include "http/front.h"
#include "metric/metric.h"
#include "pipeline.h"

enum {
	ARENA_FIRST = 4096,
	/* A body that is thrown away to keep the connection, bytes. */
	BODY_MAX = 65536,
	ID_DIGITS = 16
};

static const uint8_t v4_loopback[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255,
	127, 0, 0, 1 };

/* --- the connection --- */

/* A peer on a Unix socket counts as this machine. */
static void
read_peer(struct exchange *x)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	if (info != NULL && info->client_addr != NULL &&
	    sys_address_bytes(info->client_addr, x->peer)) {
		forwarded_print(x->peer, x->peer_text, sizeof(x->peer_text));
		return;
	}
	memcpy(x->peer, v4_loopback, sizeof(x->peer));
	slice_copy(SLICE("unix"), x->peer_text, sizeof(x->peer_text));
}

/* While any is suspended, the daemon cannot be stopped. */
static void
suspend(struct exchange *x)
{
	x->parked = true;
	atomic_fetch_add_explicit(
	    &x->front->suspended, 1, memory_order_relaxed);
	MHD_suspend_connection(x->connection);
}

static void
resume(struct exchange *x)
{
	struct front *f = x->front;

	MHD_resume_connection(x->connection);
	/* From here on x may be gone. */
	atomic_fetch_sub_explicit(&f->suspended, 1, memory_order_release);
}

static void
watched_resume(struct watched *w)
{
	resume(w->r->client);
}

/*
 * One listener's daemon lets viewers wait when it has enough. With several the
 * sum may be reached before: who comes then is sent away.
 */
enum MHD_Result
connection_admit(void *front, const struct sockaddr *address, socklen_t size)
{
	struct front *f = front;

	(void)address;
	(void)size;
	return atomic_load_explicit(&f->connections, memory_order_relaxed) <
		f->most
	    ? MHD_YES
	    : MHD_NO;
}

static struct exchange *
exchange_new(struct front *f, struct MHD_Connection *connection)
{
	struct exchange *x = xcalloc(1, sizeof(*x));
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	assert(info != NULL);
	x->front = f;
	x->connection = connection;
	x->arena = arena_new(ARENA_FIRST);
	x->watched = (struct watched){
		.fd = info->connect_fd, .r = &x->r, .resume = watched_resume
	};
	x->id = atomic_fetch_add_explicit(&f->next_id, 1, memory_order_relaxed);
	read_peer(x);
	atomic_init(&x->waiting_ns, clock_ns());
	lock_take(&f->lock);
	x->next = f->first;
	x->previous = &f->first;
	if (x->next != NULL)
		x->next->previous = &x->next;
	f->first = x;
	lock_drop(&f->lock);
	atomic_fetch_add_explicit(&f->connections, 1, memory_order_relaxed);
	metric_gauge_add(METRIC_CONNECTIONS, 1);
	return x;
}

static void
exchange_free(struct exchange *x)
{
	metric_gauge_add(METRIC_CONNECTIONS, -1);
	atomic_fetch_sub_explicit(
	    &x->front->connections, 1, memory_order_relaxed);
	lock_take(&x->front->lock);
	*x->previous = x->next;
	if (x->next != NULL)
		x->next->previous = x->previous;
	lock_drop(&x->front->lock);
	arena_free(x->arena);
	free(x);
}

void
connection_notify(void *front, struct MHD_Connection *connection,
    void **socket_context, enum MHD_ConnectionNotificationCode code)
{
	switch (code) {
	case MHD_CONNECTION_NOTIFY_STARTED:
		*socket_context = exchange_new(front, connection);
		return;
	case MHD_CONNECTION_NOTIFY_CLOSED:
		/* The socket is closed after this. */
		exchange_free(*socket_context);
		*socket_context = NULL;
		return;
	}
}

/*
 * libmicrohttpd 0.9 does not see an end that came together with the first part
 * of a head, until something else happens on that socket.
 */
static bool
peer_is_gone(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	return poll(&p, 1, 0) == 1;
}

void
connection_sweep(struct front *f, int64_t for_ns)
{
	int64_t before_ns = clock_ns() - for_ns;

	lock_take(&f->lock);
	for (struct exchange *x = f->first; x != NULL; x = x->next) {
		int64_t since_ns =
		    atomic_load_explicit(&x->waiting_ns, memory_order_relaxed);

		/* Its thread then reads what is there, the end, and closes. */
		if (since_ns != 0 &&
		    (since_ns <= before_ns || peer_is_gone(x->watched.fd)))
			(void)shutdown(x->watched.fd, SHUT_RD);
	}
	lock_drop(&f->lock);
}

/* --- the head --- */

void *
connection_target(
    void *front, const char *uri, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct exchange *x = info->socket_context;
	struct slice target = slice_of(uri);

	(void)front;
	memset(x, 0, offsetof(struct exchange, answer));
	x->step = STEP_HEAD;
	x->target_at = uri;
	/* What is found in place is unescaped before the next call. */
	x->head.target =
	    (struct slice){ arena_copy(x->arena, target), target.len };
	x->r.start_ns = clock_ns();
	x->r.start_wall_ns = clock_wall_ns();
	return x;
}

/* What the walk over the header lines needs. */
struct walk {
	struct exchange *x;
	const char *at; /* where the next line must begin */
	bool in_place;
	bool ok;
};

/*
 * libmicrohttpd 0.9 cuts lines and values off at a zero byte and rewrites
 * folded lines, both in silence. It leaves heads where it received them, so
 * what it did shows as a gap: between two lines stands nothing but their end.
 */
static bool
is_gap(const char *from, const char *to, size_t most)
{
	uintptr_t gap = (uintptr_t)to - (uintptr_t)from;

	if (gap < 1 || gap > most)
		return false;
	for (size_t i = 0; i < gap; i++)
		if (from[i] != '\0' && from[i] != '\r' && from[i] != '\n')
			return false;
	return true;
}

static bool
is_contiguous(
    const struct walk *w, const char *name, size_t name_len, const char *value)
{
	const char *from = name + name_len + 1;
	uintptr_t gap = (uintptr_t)value - (uintptr_t)from;

	if (!is_gap(w->at, name, 2) || gap > w->x->front->head_size)
		return false;
	for (size_t i = 0; i < gap; i++)
		if (from[i] != ' ' && from[i] != '\t')
			return false;
	return true;
}

static bool
refuse_hidden(struct err *e)
{
	return err_param(e, ERR_BAD_REQUEST, "header", "", 0,
	    "no zero bytes, no lines that go on in the next");
}

static enum MHD_Result
walk_line(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len,
    const char *value, size_t value_len)
{
	struct walk *w = cls;
	struct exchange *x = w->x;

	(void)kind;
	if (value == NULL)
		value = "";
	if (w->in_place && !is_contiguous(w, name, name_len, value))
		w->ok = refuse_hidden(&x->r.err);
	else
		w->ok = head_add(&x->head, x->arena,
		    (struct slice){ name, name_len },
		    (struct slice){ value, value_len }, &x->r.err);
	w->at = value + value_len;
	return w->ok ? MHD_YES : MHD_NO;
}

/* Between the words of the request line stands one space each. */
static bool
line_is_whole(const struct exchange *x, const char *method, const char *version)
{
	const char *target_end = x->target_at + x->head.target.len;

	return method + strlen(method) + 1 == x->target_at &&
	    target_end + 1 == version;
}

static bool
head_is_small(const struct exchange *x, size_t size, struct err *e)
{
	size_t most = x->front->head_size;

	if (size <= most)
		return true;
	if (x->head.target.len > most / 2)
		return err_param(e, ERR_URL_TOO_LONG, "url", "", 0,
		    "at most %zu bytes", most / 2);
	return err_param(
	    e, ERR_HEAD_TOO_LARGE, "head", "", 0, "at most %zu bytes", most);
}

/* Fills x->head; false: r.err says what is wrong, and nothing that follows on
 * this connection can be believed. */
static bool
read_head(struct exchange *x, const char *method, const char *version)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    x->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	struct walk w = { .x = x,
		.at = version + strlen(version),
		.in_place = x->front->in_place,
		.ok = true };
	struct err *e = &x->r.err;

	assert(info != NULL);
	x->head.method = slice_of(method);
	x->head.old = strcmp(version, "HTTP/1.0") == 0;
	if (!head_is_small(x, info->header_size, e))
		return false;
	if (w.in_place && !line_is_whole(x, method, version))
		return err_param(e, ERR_BAD_REQUEST, "request line", "", 0,
		    "one space between its words, no zero bytes");
	(void)MHD_get_connection_values_n(
	    x->connection, MHD_HEADER_KIND, walk_line, &w);
	if (!w.ok)
		return false;
	if (w.in_place && !is_gap(w.at, method + info->header_size, 4))
		return refuse_hidden(e);
	return head_check(&x->head, e);
}

/* --- the request --- */

static void
park(struct request *r)
{
	struct exchange *x = r->client;

	suspend(x);
	watch_expect(&x->watched);
}

static bool
holds(struct request *r, const struct cache_entry *entry)
{
	struct exchange *x = r->client;

	return answer_is_held(&x->asked, entry);
}

static struct slice
header(struct request *r, const char *name)
{
	struct exchange *x = r->client;
	const char *value = NULL;
	size_t len = 0;

	(void)MHD_lookup_connection_value_n(
	    x->connection, MHD_HEADER_KIND, name, strlen(name), &value, &len);
	return (struct slice){ value, len };
}

static void
decide(struct request *r)
{
	struct exchange *x = r->client;

	answer_decide(r, &x->asked, &x->answer);
	r->status = x->answer.status;
	r->answer_bytes = answer_bytes(r, &x->answer);
}

static void
answered(struct request *r, bool parked)
{
	struct exchange *x = r->client;

	/* Else the caller of pipeline_start() goes on. */
	if (parked)
		watch_done(x->front->watch, &x->watched);
}

static const struct client_ops ops = {
	.park = park,
	.holds = holds,
	.header = header,
	.decide = decide,
	.answer = answered,
};

static const struct trust *
trust_of(struct front *f, const struct conf *conf)
{
	const struct conf_list *words = &conf->http_trusted_proxies;
	struct trusted *t = atomic_load(&f->trusted);
	struct err e;

	while (t != NULL && t->generation != conf->generation)
		t = t->next;
	if (t != NULL)
		return &t->trust;
	t = xcalloc(1, sizeof(*t));
	t->generation = conf->generation;
	/* http_check() has seen them; what cannot be read is not trusted. */
	if (!trust_read(words->item, words->n, &t->trust, &e))
		log_line(LOG_LEVEL_ERROR, "%s", e.detail);
	t->next = atomic_load(&f->trusted);
	/* Two threads may add the same: the later one is found. */
	while (!atomic_compare_exchange_weak(&f->trusted, &t->next, t))
		;
	return &t->trust;
}

static void
find_viewer(struct exchange *x, const struct conf *conf)
{
	struct slice forwarded = x->head.field[HEAD_X_FORWARDED_FOR];

	memcpy(x->address, x->peer, sizeof(x->address));
	memcpy(x->r.viewer, x->peer_text, sizeof(x->r.viewer));
	if (conf->http_trusted_proxies.n == 0 || forwarded.len == 0)
		return;
	forwarded_viewer(trust_of(x->front, conf), forwarded, x->address);
	if (memcmp(x->address, x->peer, sizeof(x->address)) != 0)
		forwarded_print(x->address, x->r.viewer, sizeof(x->r.viewer));
}

static char *
put_hex(char *at, uint64_t value, int digits)
{
	for (int i = digits - 1; i >= 0; i--) {
		at[i] = "0123456789abcdef"[value & 15];
		value >>= 4;
	}
	return at + digits;
}

/* CloudFront's own, the proxy's, or ours. */
static void
name_request(struct exchange *x)
{
	static const enum head_field fields[] = { HEAD_X_AMZ_CF_ID,
		HEAD_X_REQUEST_ID };
	char *at = x->r.id;

	x->count++;
	for (size_t i = 0; i < NELEM(fields); i++) {
		if (!head_id_is_sane(x->head.field[fields[i]]))
			continue;
		slice_copy(x->head.field[fields[i]], at, sizeof(x->r.id));
		return;
	}
	at = put_hex(at, x->front->id_prefix, ID_DIGITS);
	at = put_hex(at, x->id, ID_DIGITS / 2);
	at = put_hex(at, x->count, ID_DIGITS / 2);
	*at = '\0';
}

static void
fill_request(struct exchange *x)
{
	struct request *r = &x->r;
	const struct head *h = &x->head;

	r->ops = &ops;
	r->client = x;
	r->arena = x->arena;
	r->method = h->method;
	r->uri = h->uri.at != NULL ? h->uri : h->target;
	r->host = h->host;
	r->accept = h->field[HEAD_ACCEPT];
	r->user_agent = h->field[HEAD_USER_AGENT];
	r->referer = h->field[HEAD_REFERER];
	if (head_trace_is_sane(h->field[HEAD_TRACEPARENT]))
		r->traceparent = h->field[HEAD_TRACEPARENT];
	if (head_id_is_sane(h->field[HEAD_X_AMZ_CF_ID]))
		r->cloudfront_id = h->field[HEAD_X_AMZ_CF_ID];
	r->routes = pipeline_routes(x->front->pipeline);
	x->asked.conditions = (struct conditions){
		.none_match = h->field[HEAD_IF_NONE_MATCH],
		.modified_since = h->field[HEAD_IF_MODIFIED_SINCE],
		.if_range = h->field[HEAD_IF_RANGE],
	};
	x->asked.range = h->field[HEAD_RANGE];
	name_request(x);
	find_viewer(x, r->routes->conf);
}

/* Refuses what may not come now; r.err is set then. */
static void
admit(struct exchange *x)
{
	struct front *f = x->front;
	const struct conf *conf = x->r.routes->conf;

	if (atomic_load_explicit(&f->draining, memory_order_relaxed)) {
		(void)err_set(&x->r.err, ERR_DRAINING, "new request");
		return;
	}
	if (conf->http_connections_per_viewer > 0 ||
	    conf->http_requests_per_viewer > 0)
		x->limited =
		    viewer_enter(f->viewers, conf, x->address, &x->r.err);
}

static void
page_ready(void *owner)
{
	resume(owner);
}

/*
 * The page waits for its samples. Nobody watches it meanwhile: they have
 * deadlines of their own.
 */
static void
park_for_page(struct exchange *x)
{
	suspend(x);
	x->page = page_start(x->front, &x->r, page_ready, x);
}

static bool
wants_page(const struct request *r)
{
	struct slice rest = r->uri;

	return r->routes->conf->http_page &&
	    (slice_is(r->method, "GET") || slice_is(r->method, "HEAD")) &&
	    slice_is(slice_cut(&rest, '?'), "/");
}

/* Runs a request whose r.err may be set. Answered, or parked, after it. */
static void
run(struct exchange *x)
{
	struct request *r = &x->r;

	/* Only now: a body that drips in would hold the connection for days. */
	atomic_store_explicit(&x->waiting_ns, 0, memory_order_relaxed);
	x->step = STEP_RUN;
	fill_request(x);
	metric_gauge_add(METRIC_IN_PROGRESS, 1);
	atomic_fetch_add_explicit(&x->front->busy, 1, memory_order_relaxed);
	if (r->err.code == ERR_NONE)
		admit(x);
	if (r->err.code == ERR_NONE && wants_page(r)) {
		park_for_page(x);
		return;
	}
	if (r->err.code == ERR_NONE)
		x->asked.own = own_find(r);
	x->asked.preflight = slice_is(r->method, "OPTIONS");
	if (x->asked.own != NULL && !x->asked.preflight &&
	    !slice_is(r->method, "GET") && !slice_is(r->method, "HEAD")) {
		x->asked.own = NULL;
		(void)err_param(&r->err, ERR_NOT_ALLOWED, "method",
		    r->method.at, r->method.len, "GET, HEAD, OPTIONS");
	}
	if (x->asked.own != NULL)
		pipeline_own(x->front->pipeline, r);
	else
		pipeline_start(x->front->pipeline, r);
	/*
	 * Not in park(): until pipeline_start() returns the request cannot be
	 * left. It may be answered by now, but x waits for this thread.
	 */
	if (x->parked)
		watch_add(x->front->watch, &x->watched);
}

/* --- the answer --- */

static void
drop_entry(void *entry)
{
	cache_entry_drop(entry);
}

static struct MHD_Response *
response_new(const struct exchange *x)
{
	const struct answer *a = &x->answer;
	void *body = (void *)(uintptr_t)a->body;
	size_t size = (size_t)a->size;

	if (x->r.err.code == ERR_NONE && x->r.entry != NULL && size > 0)
		return MHD_create_response_from_buffer_with_free_callback_cls(
		    size, body, drop_entry, cache_entry_ref(x->r.entry));
	/* In the arena, or constant. */
	return MHD_create_response_from_buffer(
	    size, body, MHD_RESPMEM_PERSISTENT);
}

/* libmicrohttpd would format it anew for each answer, and forgets that a Date
 * is there already when it is told to close the connection. */
static const char *
date_now(struct exchange *x)
{
	int64_t now_ns = x->parked ? clock_wall_ns() : x->r.start_wall_ns;
	int64_t now_s = now_ns / NS_PER_S;

	if (now_s != x->date_s) {
		clock_http(now_s, x->date);
		x->date_s = now_s;
	}
	return x->date;
}

/* MHD_NO closes the connection. */
static enum MHD_Result
respond(struct exchange *x)
{
	struct answer *a = &x->answer;
	struct MHD_Response *response = NULL;
	enum MHD_Result done = MHD_NO;

	if (x->r.err.code == ERR_CLIENT_GONE)
		return MHD_NO;
	if (atomic_load_explicit(&x->front->draining, memory_order_relaxed))
		x->asked.close = true;
	x->asked.date = date_now(x);
	answer_head(&x->r, &x->asked, a);
	response = response_new(x);
	if (response == NULL)
		return MHD_NO;
	for (size_t i = 0; i < a->nheader; i++)
		if (MHD_add_response_header(response, a->header[i].name,
			a->header[i].value) == MHD_NO)
			log_line(LOG_LEVEL_DEBUG, "header %s was not sent",
			    a->header[i].name);
	done = MHD_queue_response(x->connection, (unsigned)a->status, response);
	MHD_destroy_response(response);
	return done;
}

/* May the body be read, so that the connection can be kept? */
static bool
body_is_small(const struct head *h)
{
	int64_t size = 0;

	return !h->has_body ||
	    num_int(h->field[HEAD_CONTENT_LENGTH], 0, BODY_MAX, &size);
}

static enum MHD_Result
handle_head(struct exchange *x, const char *method, const char *version)
{
	bool good = read_head(x, method, version);

	x->step = STEP_BODY;
	if (good && body_is_small(&x->head))
		return MHD_YES;
	/* An answer in this call is the last one of its connection. */
	x->asked.close = true;
	if (good)
		(void)err_param(&x->r.err, ERR_NOT_ALLOWED, "method", method,
		    strlen(method), "GET, HEAD, OPTIONS");
	run(x);
	return respond(x);
}

/* libmicrohttpd's signature. */
enum MHD_Result /* NOLINTNEXTLINE(readability-function-size) */
connection_handle(void *front, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version, const char *data,
    size_t *size, void **context)
{
	struct exchange *x = *context;

	(void)front;
	(void)connection;
	(void)url;
	(void)data;
	assert(x != NULL);
	switch (x->step) {
	case STEP_IDLE:
		return MHD_NO;
	case STEP_HEAD:
		return handle_head(x, method, version);
	case STEP_BODY:
		if (*size > 0) {
			*size = 0;
			return MHD_YES;
		}
		run(x);
		return x->parked ? MHD_YES : respond(x);
	case STEP_RUN:
		break;
	}
	if (x->page != NULL) {
		x->asked.own = page_print(x->page, x->arena);
		page_free(take_ptr(x->page));
		pipeline_own(x->front->pipeline, &x->r);
	}
	return respond(x);
}

/* It was made, but its viewer had left. */
static void
give_up_page(struct exchange *x)
{
	page_free(take_ptr(x->page));
	(void)err_set(&x->r.err, ERR_CLIENT_GONE, "while it was made");
	pipeline_own(x->front->pipeline, &x->r);
}

void
connection_end(void *front, struct MHD_Connection *connection, void **context,
    enum MHD_RequestTerminationCode code)
{
	struct exchange *x = *context;

	(void)front;
	(void)connection;
	(void)code;
	if (x == NULL)
		return;
	*context = NULL;
	if (x->step == STEP_RUN) {
		if (x->limited)
			viewer_leave(x->front->viewers, x->address);
		metric_gauge_add(METRIC_IN_PROGRESS, -1);
		if (x->page != NULL)
			give_up_page(x);
		request_fini(&x->r);
		atomic_fetch_sub_explicit(
		    &x->front->busy, 1, memory_order_release);
	}
	x->step = STEP_IDLE;
	arena_reset(x->arena);
	atomic_store_explicit(&x->waiting_ns, clock_ns(), memory_order_relaxed);
}
