/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening, draining, stopping. Each address has a libmicrohttpd daemon of its
 * own, whose threads share its listening socket; connections are the business
 * of connection.c, suspended ones of watch.c.
 */
#include "http/http.h"

#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <assert.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/log.h"
#include "conf/conf.h"
#include "http/admin.h"
#include "http/front.h"
#include "http/quiesce.h"
#include "sys/sys.h"

enum {
	LISTENERS = 32,
	FIRST_PASSED = 3,
	THREADS_MOST = 4,
	VIEWERS = 65536,
	/* What a connection's memory holds besides a head of full size: its
	 * parsed form and the answer's head. */
	POOL_EXTRA = 8192,
	/* Descriptors besides connections: files, workers, logs. */
	DESCRIPTORS = 512,
	POLL_MS = 5,
	/* For the 503s of a drain that ran out of time. */
	GRACE_MS = 1000
};

struct listener {
	int fd;
	bool passed; /* by systemd, which keeps it open */
	bool ours;   /* to close; else libmicrohttpd's */
	struct MHD_Daemon *daemon;
};

struct http {
	struct front front;
	struct http_parts parts;
	struct listener listener[LISTENERS];
	size_t nlistener;
	struct admin *admin[LISTENERS];
	size_t nadmin;
	char *addresses[2]; /* viewers', operators' */
	bool drained;
};

/* --- checking --- */

static bool
check_addresses(
    const struct conf_list *list, const char *key, bool systemd, struct err *e)
{
	if (list->n > LISTENERS)
		return err_set(e, ERR_CONFIG, "[http] %s: at most %d addresses",
		    key, LISTENERS);
	for (size_t i = 0; i < list->n; i++) {
		if (systemd && slice_is(slice_of(list->item[i]), "systemd"))
			continue;
		if (!sys_listen_check(list->item[i], e))
			return false;
	}
	return true;
}

bool
http_check(const struct conf *conf, struct err *e)
{
	const struct conf_list *proxies = &conf->http_trusted_proxies;
	struct trust trust;

	if (conf->http_listen.n == 0)
		return err_set(e, ERR_CONFIG,
		    "[http] listen: at least one address is needed");
	if (!check_addresses(&conf->http_listen, "listen", true, e) ||
	    !check_addresses(&conf->http_admin, "admin", false, e) ||
	    !trust_read(proxies->item, proxies->n, &trust, e))
		return false;
	trust_fini(&trust);
	return true;
}

/* --- starting --- */

/* What libmicrohttpd has to say is of use only when something is sought. */
static void log_foreign(void *cls, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
static void
log_foreign(void *cls, const char *format, va_list args)
{
	char line[512];
	char safe[1024];
	int len = 0;

	(void)cls;
	if (!log_level_on(LOG_LEVEL_DEBUG))
		return;
	len = vsnprintf(line, sizeof(line), format, args);
	if (len < 0)
		return;
	(void)codec_json_escape(
	    slice_trim((struct slice){ line, strcspn(line, "\n") }), safe,
	    sizeof(safe));
	log_line(LOG_LEVEL_DEBUG, "http: %s", safe);
}

static unsigned
threads_of(const struct conf *conf)
{
	int64_t n = conf->http_threads;

	if (n == 0)
		n = sys_cores() < THREADS_MOST ? sys_cores() : THREADS_MOST;
	/* A thread has its share of the connections, at least one. */
	return (
	    unsigned)(n < conf->http_connections ? n : conf->http_connections);
}

static bool
listener_start(
    struct http *h, struct listener *l, const struct conf *conf, struct err *e)
{
	unsigned threads = threads_of(conf);
	int64_t idle_s = (conf->http_idle_time + NS_PER_S - 1) / NS_PER_S;
	struct MHD_OptionItem pool[] = { { MHD_OPTION_THREAD_POOL_SIZE,
					     (intptr_t)threads, NULL },
		{ MHD_OPTION_END, 0, NULL } };

	/* A pool of one is no pool to libmicrohttpd. */
	if (threads < 2)
		pool[0].option = MHD_OPTION_END;
	l->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD |
		MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_ERROR_LOG |
		MHD_USE_SUPPRESS_DATE_NO_CLOCK,
	    0, connection_admit, &h->front, connection_handle, &h->front,
	    MHD_OPTION_EXTERNAL_LOGGER, log_foreign, NULL,
	    MHD_OPTION_LISTEN_SOCKET, l->fd, MHD_OPTION_ARRAY, pool,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)conf->http_connections,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    (size_t)conf->http_head_size + POOL_EXTRA,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)idle_s,
	    MHD_OPTION_URI_LOG_CALLBACK, connection_target, &h->front,
	    MHD_OPTION_NOTIFY_CONNECTION, connection_notify, &h->front,
	    MHD_OPTION_NOTIFY_COMPLETED, connection_end, &h->front,
	    MHD_OPTION_END);
	if (l->daemon == NULL)
		return err_set(e, ERR_SYSTEM,
		    "the threads that answer could not be started");
	l->ours = false;
	return true;
}

static bool
listener_add(struct http *h, int fd, bool passed, struct err *e)
{
	if (h->nlistener == LISTENERS)
		return err_set(e, ERR_CONFIG,
		    "[http] listen: at most %d sockets", LISTENERS);
	h->listener[h->nlistener++] =
	    (struct listener){ fd, passed, true, NULL };
	return true;
}

static bool
add_passed(struct http *h, struct err *e)
{
	int n = sys_passed_sockets();

	if (n <= 0)
		return err_set(e, ERR_CONFIG,
		    "[http] listen: systemd has passed no socket; start the "
		    "service by its socket unit");
	for (int fd = FIRST_PASSED; fd < FIRST_PASSED + n; fd++) {
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
		    fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
			return err_set(e, ERR_SYSTEM,
			    "socket %d passed by systemd is not open", fd);
		if (!listener_add(h, fd, true, e))
			return false;
	}
	return true;
}

/* All are bound before any thread runs. */
static bool
bind_all(struct http *h, const struct conf *conf, struct err *e)
{
	for (size_t i = 0; i < conf->http_listen.n; i++) {
		const char *word = conf->http_listen.item[i];
		int fd = -1;

		if (slice_is(slice_of(word), "systemd")) {
			if (!add_passed(h, e))
				return false;
			continue;
		}
		if (!sys_listen(word, &fd, e))
			return false;
		if (!listener_add(h, fd, false, e)) {
			(void)close(fd);
			return false;
		}
	}
	return true;
}

static void
address_add(struct http *h, bool admin, int fd)
{
	char one[SYS_ADDRESS_MAX];
	char *all = h->addresses[admin];
	size_t len = all != NULL ? strlen(all) : 0;
	char *more = NULL;

	sys_address_of(fd, one);
	more = xcalloc(len + strlen(one) + 2, 1);
	if (all != NULL) {
		memcpy(more, all, len);
		more[len++] = '\n';
	}
	memcpy(more + len, one, strlen(one));
	free(all);
	h->addresses[admin] = more;
}

static bool
start_admin(struct http *h, const struct conf *conf, struct err *e)
{
	for (size_t i = 0; i < conf->http_admin.n; i++) {
		int fd = -1;

		if (!sys_listen(conf->http_admin.item[i], &fd, e))
			return false;
		address_add(h, true, fd);
		if (!admin_start(fd, &h->parts, &h->admin[h->nadmin], e)) {
			(void)close(fd);
			return false;
		}
		h->nadmin++;
	}
	return true;
}

static void
tick(void *owner)
{
	struct front *f = owner;

	connection_sweep(f, f->idle_ns);
}

/*
 * A connection is a descriptor, and the usual limit of 1024 is less than the
 * connections that are allowed. What is short of them is said.
 */
static void
raise_descriptors(const struct conf *conf)
{
	rlim_t wanted = (rlim_t)conf->http_connections + DESCRIPTORS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted)
		log_line(LOG_LEVEL_WARNING,
		    "%lld connections are allowed, but only %llu descriptors: "
		    "raise the limit of open files to %llu",
		    (long long)conf->http_connections,
		    (unsigned long long)limit.rlim_cur,
		    (unsigned long long)wanted);
}

static void
front_init(struct front *f, const struct conf *conf, struct pipeline *pipeline)
{
	f->pipeline = pipeline;
	f->viewers = viewers_new(VIEWERS);
	f->head_size = (size_t)conf->http_head_size;
	f->idle_ns = conf->http_idle_time;
	f->most = (unsigned)conf->http_connections;
	f->in_place = strncmp(MHD_get_version(), "0.9.", 4) == 0;
	if (getrandom(&f->id_prefix, sizeof(f->id_prefix), 0) !=
	    (ssize_t)sizeof(f->id_prefix))
		f->id_prefix = (uint64_t)clock_wall_ns();
	lock_init(&f->lock);
	f->watch = watch_new(tick, f);
}

static void
front_fini(struct front *f)
{
	struct trusted *t = atomic_load(&f->trusted);

	watch_free(f->watch);
	viewers_free(f->viewers);
	while (t != NULL) {
		struct trusted *next = t->next;

		trust_fini(&t->trust);
		free(t);
		t = next;
	}
	lock_fini(&f->lock);
}

bool
http_start(const struct conf *conf, const struct http_parts *parts,
    struct http **out, struct err *e)
{
	struct http *h = NULL;
	bool ok = false;

	if (!http_check(conf, e))
		return false;
	h = xcalloc(1, sizeof(*h));
	h->parts = *parts;
	raise_descriptors(conf);
	front_init(&h->front, conf, parts->pipeline);
	ok = bind_all(h, conf, e) && start_admin(h, conf, e);
	for (size_t i = 0; ok && i < h->nlistener; i++) {
		address_add(h, false, h->listener[i].fd);
		ok = listener_start(h, &h->listener[i], conf, e);
	}
	if (!ok) {
		http_free(h);
		return false;
	}
	*out = h;
	return true;
}

const char *
http_addresses(const struct http *h, bool admin)
{
	return h->addresses[admin] != NULL ? h->addresses[admin] : "";
}

/* --- stopping --- */

/*
 * A socket of our own is closed for new viewers at once; one that systemd has
 * passed stays open for the next process.
 */
static void
stop_listening(struct listener *l)
{
	if (l->daemon == NULL || !quiesce_daemon(l->daemon))
		return;
	l->ours = true;
	if (!l->passed)
		(void)shutdown(l->fd, SHUT_RDWR);
}

static bool
wait_idle(struct front *f, int64_t until_ns)
{
	while (atomic_load_explicit(&f->busy, memory_order_acquire) > 0) {
		if (clock_ns() >= until_ns)
			return false;
		clock_sleep_ns(POLL_MS * NS_PER_MS);
	}
	return true;
}

void
http_drain(struct http *h, int64_t until_ns)
{
	struct front *f = &h->front;

	if (h->drained)
		return;
	h->drained = true;
	for (size_t i = 0; i < h->nlistener; i++)
		stop_listening(&h->listener[i]);
	atomic_store(&f->draining, true);
	connection_sweep(f, 0);
	if (wait_idle(f, until_ns))
		return;
	watch_end_all(f->watch, ERR_DRAINING);
	(void)wait_idle(f, clock_ns() + GRACE_MS * NS_PER_MS);
}

void
http_free(struct http *h)
{
	if (h == NULL)
		return;
	http_drain(h, 0);
	/* Only pages are left: their samples end by their own deadlines. */
	while (atomic_load(&h->front.suspended) > 0)
		clock_sleep_ns(POLL_MS * NS_PER_MS);
	for (size_t i = 0; i < h->nlistener; i++) {
		struct listener *l = &h->listener[i];

		if (l->daemon != NULL)
			MHD_stop_daemon(l->daemon);
		if (l->ours)
			(void)close(l->fd);
	}
	for (size_t i = 0; i < h->nadmin; i++)
		admin_free(h->admin[i]);
	front_fini(&h->front);
	free(h->addresses[0]);
	free(h->addresses[1]);
	free(h);
}
