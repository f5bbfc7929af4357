/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that makes workers, hears what they print, and buries them. It
 * lives from jail_new() to jail_free(): a worker dies with the thread that
 * started it (PDEATHSIG), which is how none outlives a killed daemon.
 */
#include "render/warden.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/num.h"
#include "metric/metric.h"
#include "render/sandbox.h"

enum {
	WARDEN_LINES = 50,        /* of one worker that are logged */
	WARDEN_PRINTED = 1 << 20, /* bytes; more is not honest */
	/* All there are, the leaving ones too. */
	WARDEN_WORKERS = 600,
	/* Three for each of them, and the event. */
	WARDEN_POLLS = 3 * WARDEN_WORKERS + 1,
	WARDEN_SPARE = 1,
	/* Of one worker; libvips has 8, codecs some for each processor. */
	WARDEN_THREADS = 64,
	WARDEN_THREADS_EACH = 2,
	WARDEN_TICK_MS = 1000
};
static const int64_t hello_ns = (SANDBOX_SANITIZED ? 300 : 60) * NS_PER_S;
/* After a start that failed: doubled each time, up to the second. */
static const int64_t retry_first_ns = 100 * NS_PER_MS;
static const int64_t retry_last_ns = 30 * NS_PER_S;

struct warden_poll {
	struct pollfd fd[WARDEN_POLLS];
	struct worker *worker[WARDEN_POLLS];
	nfds_t n;
	int wait_ms;
	int64_t watch_ns; /* when the workers are looked at again */
};

/* ---- What they print ---- */

static void
worker_log_line(struct worker *w)
{
	char text[6 * WORKER_LINE_MAX + 1];

	if (w->nline == 0)
		return;
	w->lines++;
	codec_json_escape(
	    (struct slice){ w->line, w->nline }, text, sizeof(text));
	if (w->lines <= WARDEN_LINES)
		log_line(LOG_LEVEL_WARNING, "worker %d: %s", (int)w->pid, text);
	if (w->lines == WARDEN_LINES)
		log_line(LOG_LEVEL_WARNING, "worker %d: no more of its lines",
		    (int)w->pid);
	w->nline = 0;
}

/* Reads a piece of what is there; how much. */
static size_t
worker_hear(struct worker *w)
{
	char piece[1024];
	ssize_t n = fd_read(w->errors, piece, sizeof(piece));

	if (n == 0 || (n < 0 && errno != EAGAIN))
		fd_close(&w->errors);
	for (ssize_t i = 0; i < n; i++) {
		if (piece[i] == '\n' || w->nline == sizeof(w->line))
			worker_log_line(w);
		if (piece[i] != '\n')
			w->line[w->nline++] = piece[i];
	}
	w->printed += n > 0 ? (size_t)n : 0;
	return n > 0 ? (size_t)n : 0;
}

/* ---- How they start ---- */

static void
warden_start_failed(struct jail *j, const struct err *e) needs_lock(&j->lock)
{
	int64_t wait = retry_first_ns;

	if (j->closing)
		return;
	for (unsigned i = 0; i < j->failures && wait < retry_last_ns; i++)
		wait *= 2;
	wait = wait < retry_last_ns ? wait : retry_last_ns;
	j->failure = *e;
	j->failures++;
	j->retry_ns = clock_ns() + wait;
	cond_wake_all(&j->changed);
	log_line(LOG_LEVEL_ERROR,
	    "a worker did not start: %s; next try in %d ms", e->detail,
	    (int)(wait / NS_PER_MS));
}

/*
 * Ends one without taking it from whoever has it, or from its start: that it
 * exited is then seen as if it had done so by itself. One that has is left to
 * its keeper.
 */
static void
warden_stop(struct jail *j, struct worker *w, enum jail_exit why)
{
	enum worker_state state;

	lock_take(&j->lock);
	state = w->state;
	if (!w->exited) {
		worker_kill(w, why);
		w->state = state == WORKER_IDLE ? WORKER_LEAVING : state;
	}
	lock_drop(&j->lock);
}

/* The first message of one that is starting, if it is there. */
static void
warden_greet(struct jail *j, struct worker *w)
{
	struct wire_hello room;
	struct wire_hello hello;
	struct err e = { 0 };
	ssize_t n =
	    recv(w->socket, &room, sizeof(room), MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		fd_close(&w->socket);
		warden_stop(j, w, EXIT_START_FAILED);
		return;
	}
	lock_take(&j->lock);
	if (w->state != WORKER_STARTING) {
		lock_drop(&j->lock);
		return;
	}
	if (wire_hello_read(&room, (size_t)n, &hello, &e) && hello.ok == 1) {
		w->state = WORKER_IDLE;
		w->idle_ns = clock_ns();
		j->failures = 0;
		cond_wake_all(&j->changed);
	} else {
		if (e.code == ERR_NONE && !wire_err_read(&hello.err, &e, &e))
			err_set(&e, ERR_SYSTEM, "no reason given");
		worker_kill(w, EXIT_START_FAILED);
		warden_start_failed(j, &e);
	}
	lock_drop(&j->lock);
}

static void
warden_start_one(struct jail *j)
{
	struct jail_setup setup;
	struct worker *w = NULL;
	struct err e;
	uint64_t edition;
	bool ok;

	lock_take(&j->lock);
	setup = j->setup;
	edition = j->edition;
	lock_drop(&j->lock);
	ok = worker_spawn(j, &setup, edition, &w, &e);
	lock_take(&j->lock);
	if (!ok) {
		warden_start_failed(j, &e);
	} else {
		w->next = j->first;
		j->first = w;
		/* A reload came meanwhile, and could not know of this one. */
		if (edition != j->edition)
			worker_kill(w, EXIT_RELOAD);
	}
	lock_drop(&j->lock);
}

/* ---- How they end ---- */

/* What it died of, when nobody killed it. */
static enum jail_exit
worker_verdict(const struct worker *w)
{
	if (w->state == WORKER_STARTING)
		return EXIT_START_FAILED;
	switch (w->signal) {
	case SIGSEGV:
	case SIGBUS:
	case SIGABRT:
	case SIGILL:
		return EXIT_CRASH;
	case SIGSYS:
		return EXIT_VIOLATION;
	default:
		return EXIT_KILLED;
	}
}

/* Its process is over: what of is taken up, and the keeper is told. */
static void
warden_collect(struct jail *j, struct worker *w)
{
	siginfo_t info = { 0 };
	struct err e;

	if (waitid(P_PID, (id_t)w->pid, &info, WEXITED | WNOHANG) != 0 ||
	    info.si_pid != w->pid)
		return;
	lock_take(&j->lock);
	w->exited = true;
	if (info.si_code == CLD_EXITED)
		w->status = info.si_status;
	else
		w->signal = info.si_status;
	if (w->exit == EXIT_COUNT)
		w->exit = worker_verdict(w);
	if (w->state == WORKER_STARTING) {
		err_set(&e, ERR_SYSTEM, "ended before it was ready (%s %d)",
		    w->signal != 0 ? "signal" : "status",
		    w->signal != 0 ? w->signal : w->status);
		warden_start_failed(j, &e);
	}
	if (w->state != WORKER_TAKEN)
		w->state = WORKER_LEAVING;
	cond_wake_all(&j->changed);
	lock_drop(&j->lock);
}

static void
worker_bury(struct worker *w)
{
	enum log_level level = w->exit == EXIT_CRASH ||
		w->exit == EXIT_VIOLATION || w->exit == EXIT_KILLED ||
		w->exit == EXIT_DEADLINE
	    ? LOG_LEVEL_WARNING
	    : LOG_LEVEL_DEBUG;

	while (w->errors >= 0 && w->printed <= WARDEN_PRINTED &&
	    worker_hear(w) > 0)
		continue;
	worker_log_line(w);
	metric_add(METRIC_WORKER_EXITS, w->exit, 0, 1);
	log_line(level, "worker %d ended: %s (signal %d, status %d, %d jobs)",
	    (int)w->pid, jail_exit_words()[w->exit], w->signal, w->status,
	    (int)w->jobs);
	worker_free(w);
}

/* Takes one dead worker that is nobody's out of the list; NULL: none. */
static struct worker *
warden_unlink_dead(struct jail *j)
{
	struct worker *dead = NULL;

	lock_take(&j->lock);
	for (struct worker **at = &j->first; *at != NULL; at = &(*at)->next) {
		if (!(*at)->exited || (*at)->state != WORKER_LEAVING)
			continue;
		dead = *at;
		*at = dead->next;
		break;
	}
	lock_drop(&j->lock);
	return dead;
}

/* ---- What they are up to ---- */

/*
 * How many threads it has, as the kernel says; 0: not known. The sandbox lets
 * threads be made, since codecs make them, and RLIMIT_NPROC would count those
 * of all processes of the user.
 */
static int64_t
worker_threads(const struct worker *w)
{
	char text[512];
	struct slice rest;
	int64_t n = 0;
	ssize_t size;
	/* Only this thread buries it: the number is still its own. */
	scoped_fd fd = -1;

	snprintf(text, sizeof(text), "/proc/%d/stat", (int)w->pid);
	fd = open(text, O_RDONLY | O_CLOEXEC);
	size = fd < 0 ? -1 : fd_read(fd, text, sizeof(text));
	rest = (struct slice){ text, size > 0 ? (size_t)size : 0 };
	/* "pid (name) state ...", and the name is the worker's to choose. */
	while (slice_find(rest, ')') < rest.len)
		slice_cut(&rest, ')');
	/* The 20th field; a space stands before the 3rd. */
	for (int i = 2; i < 20; i++)
		slice_cut(&rest, ' ');
	return num_int(slice_cut(&rest, ' '), 0, INT32_MAX, &n) ? n : 0;
}

/* One with too many threads has been taken over, and would stop the machine. */
static void
warden_watch(struct jail *j, const struct warden_poll *p)
{
	int64_t most = WARDEN_THREADS +
	    WARDEN_THREADS_EACH * sysconf(_SC_NPROCESSORS_ONLN);

	for (nfds_t i = 0; i < p->n; i++) {
		struct worker *w = p->worker[i];
		int64_t n;

		/* One that is buried has no number any more. */
		if (w == NULL || p->fd[i].fd != w->pidfd || w->exited)
			continue;
		n = worker_threads(w);
		if (n <= most)
			continue;
		log_line(LOG_LEVEL_WARNING, "worker %d has %d threads",
		    (int)w->pid, (int)n);
		warden_stop(j, w, EXIT_VIOLATION);
	}
}

/* ---- How many there are ---- */

/* Whether another one has its domain, too. */
static bool
worker_has_peer(const struct jail *j, const struct worker *w)
    needs_lock(&j->lock)
{
	const struct worker *other = j->first;

	while (other != NULL &&
	    (other == w || other->fresh || other->state == WORKER_LEAVING ||
		strcmp(other->domain, w->domain) != 0))
		other = other->next;
	return other != NULL;
}

/*
 * An idle worker of another domain goes when a keeper waits for a new one and
 * there are enough already: one whose domain has more, else the one that has
 * been idle for longest.
 */
static void
warden_make_room(struct jail *j) needs_lock(&j->lock)
{
	struct worker *oldest = NULL;
	bool spared = true; /* it is the only one of its domain */

	for (struct worker *w = j->first; w != NULL; w = w->next) {
		bool only;

		if (w->state != WORKER_IDLE || w->fresh || w->exited)
			continue;
		only = !worker_has_peer(j, w);
		if (oldest == NULL || (spared && !only) ||
		    (spared == only && w->idle_ns < oldest->idle_ns)) {
			oldest = w;
			spared = only;
		}
	}
	if (oldest != NULL)
		worker_kill(oldest, EXIT_DOMAIN);
}

/* Whether one more is to be started now. */
static bool
warden_balance(struct jail *j)
{
	unsigned most = j->keepers + WARDEN_SPARE;
	unsigned all = 0;
	unsigned leaving = 0;
	unsigned coming = 0;
	unsigned ready = 0;
	int64_t now = clock_ns();
	bool start;

	lock_take(&j->lock);
	for (struct worker *w = j->first; w != NULL; w = w->next) {
		if (w->state == WORKER_STARTING &&
		    now > w->started_ns + hello_ns) {
			worker_kill(w, EXIT_START_FAILED);
			w->state = WORKER_STARTING;
		}
		all += w->state != WORKER_LEAVING;
		leaving += w->state == WORKER_LEAVING;
		coming += w->state != WORKER_LEAVING && w->fresh;
		ready += w->state == WORKER_IDLE || w->state == WORKER_TAKEN;
	}
	metric_gauge(METRIC_WORKERS, ready);
	if (!j->closing && all >= most && j->wanting > coming)
		warden_make_room(j);
	start = !j->closing && all < most && now >= j->retry_ns &&
	    all + leaving < WARDEN_WORKERS && (j->settled || j->failures == 0);
	if (j->closing)
		for (struct worker *w = j->first; w != NULL; w = w->next)
			worker_kill(w, EXIT_SHUTDOWN);
	lock_drop(&j->lock);
	return start;
}

/* ---- The loop ---- */

static void
poll_add(struct warden_poll *p, int fd, struct worker *w)
{
	if (fd < 0)
		return;
	assert(p->n < NELEM(p->fd));
	p->fd[p->n] = (struct pollfd){ .fd = fd, .events = POLLIN };
	p->worker[p->n] = w;
	p->n++;
}

/* False: nobody is left and nobody will come. */
static bool
warden_prepare(struct jail *j, struct warden_poll *p)
{
	bool starting = false;
	bool more;

	p->n = 0;
	p->wait_ms = -1;
	poll_add(p, j->event, NULL);
	lock_take(&j->lock);
	for (struct worker *w = j->first; w != NULL; w = w->next) {
		if (!w->exited) {
			poll_add(p, w->pidfd, w);
			p->wait_ms = WARDEN_TICK_MS;
		}
		poll_add(p, w->errors, w);
		if (w->state == WORKER_STARTING) {
			poll_add(p, w->socket, w);
			starting = true;
		}
	}
	/* While one starts the pause before it is over. */
	if (j->failures > 0 && j->settled && !starting) {
		int64_t left = (j->retry_ns - clock_ns()) / NS_PER_MS + 1;

		if (p->wait_ms < 0 || left < p->wait_ms)
			p->wait_ms = left > 0 ? (int)left : 0;
	}
	more = j->first != NULL || !j->closing;
	lock_drop(&j->lock);
	return more;
}

/* Workers are freed by this thread alone, so p's are still there. */
static void
warden_handle(struct jail *j, const struct warden_poll *p)
{
	for (nfds_t i = 0; i < p->n; i++) {
		struct worker *w = p->worker[i];
		int fd = p->fd[i].fd;

		if (p->fd[i].revents == 0)
			continue;
		if (w == NULL) {
			fd_event_clear(fd);
		} else if (fd == w->pidfd) {
			warden_collect(j, w);
		} else if (fd == w->socket) {
			warden_greet(j, w);
		} else if (worker_hear(w) > 0 && w->printed > WARDEN_PRINTED) {
			warden_stop(j, w, EXIT_VIOLATION);
		}
	}
}

void *
warden_main(void *jail)
{
	struct jail *j = jail;
	struct warden_poll *p = xcalloc(1, sizeof(*p));
	struct worker *dead;

	for (;;) {
		while ((dead = warden_unlink_dead(j)) != NULL)
			worker_bury(dead);
		while (warden_balance(j))
			warden_start_one(j);
		if (!warden_prepare(j, p))
			break;
		(void)poll(p->fd, p->n, p->wait_ms);
		warden_handle(j, p);
		if (clock_ns() >= p->watch_ns) {
			warden_watch(j, p);
			p->watch_ns = clock_ns() + WARDEN_TICK_MS * NS_PER_MS;
		}
	}
	free(p);
	return NULL;
}
