/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread of the transfers, and who has the next turn.
 *
 * Where a transfer is: given in (any thread) -> asleep, until its start_ns ->
 * in the lane of its way, waiting -> running, libcurl's -> ended. Lanes with
 * someone waiting take turns, so that a way of whom much is asked does not keep
 * the others from their share of the places.
 */
#include "net/fetch.h"

#include <sys/socket.h>

#include <assert.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/lock.h"
#include "metric/metric.h"
#include "net/fetch_run.h"

/* So often flags and times are looked at while there are transfers. */
static const int64_t look_ns = 50 * NS_PER_MS;

enum { FETCH_EASY_KEPT = 64, FETCH_CACHED_EXTRA = 16, FETCH_POLL_MS = 60000 };

static const char *const end_words[] = {
	[FETCH_DONE] = "done",
	[FETCH_STOPPED] = "stopped",
	[FETCH_REFUSED] = "refused",
	[FETCH_NO_ANSWER] = "no-answer",
	[FETCH_BROKEN] = "broken",
	[FETCH_LATE] = "late",
	[FETCH_TOO_LARGE] = "too-large",
};
_Static_assert(NELEM(end_words) == FETCH_ENDS, "each end has a word");
static const char *const connection_words[] = { "new", "again" };

/* First in, first out. */
struct runs {
	struct fetch_run *first, **last;
};

/* A way with transfers in it: as long as it has some. */
struct lane {
	struct fetch_way *way; /* borrowed of its runs */
	struct runs waiting;
	unsigned running;
	size_t users;      /* that wait, run, or end */
	struct lane *next; /* in a ring */
};

struct fetcher {
	struct lock lock;
	struct runs given under(lock);
	bool stop under(lock);
	_Atomic bool poked;
	/* Constant. */
	unsigned transfers;
	CURLM *multi;
	CURLSH *share; /* of TLS sessions */
	pthread_t thread;
	/* The thread's own. */
	struct runs asleep, running;
	unsigned nrunning;
	struct lane *turn; /* who is next, of the ring; NULL: nobody */
	CURL *easy[FETCH_EASY_KEPT];
	size_t neasy;
	int64_t looked_ns;
	bool returned; /* libcurl is done with some of running */
};

/* --- queues --- */

static void
runs_init(struct runs *runs)
{
	runs->first = NULL;
	runs->last = &runs->first;
}

static void
runs_put(struct runs *runs, struct fetch_run *run)
{
	run->next = NULL;
	*runs->last = run;
	runs->last = &run->next;
}

static struct fetch_run *
runs_take(struct runs *runs)
{
	struct fetch_run *run = runs->first;

	if (run == NULL)
		return NULL;
	runs->first = run->next;
	if (runs->first == NULL)
		runs->last = &runs->first;
	return run;
}

/* All of from, which is empty then. */
static void
runs_move(struct runs *to, struct runs *from)
{
	runs_init(to);
	if (from->first != NULL)
		*to = *from;
	runs_init(from);
}

/* --- lanes --- */

static struct lane *
lane_of(struct fetcher *fetcher, struct fetch_way *way)
{
	struct lane *lane = fetcher->turn;

	while (lane != NULL && lane->way != way)
		lane = lane->next != fetcher->turn ? lane->next : NULL;
	if (lane != NULL)
		return lane;
	lane = xcalloc(1, sizeof(*lane));
	lane->way = way;
	runs_init(&lane->waiting);
	if (fetcher->turn == NULL) {
		fetcher->turn = lane;
		lane->next = lane;
	} else {
		lane->next = fetcher->turn->next;
		fetcher->turn->next = lane;
	}
	return lane;
}

static void
lane_leave(struct fetcher *fetcher, struct lane *lane)
{
	struct lane *before = lane;

	lane->users--;
	if (lane->users > 0)
		return;
	while (before->next != lane)
		before = before->next;
	before->next = lane->next;
	if (fetcher->turn == lane)
		fetcher->turn = lane->next != lane ? lane->next : NULL;
	free(lane);
}

/* --- beginning and ending --- */

static CURL *
easy_take(struct fetcher *fetcher)
{
	CURL *easy = fetcher->neasy > 0 ? fetcher->easy[--fetcher->neasy]
					: curl_easy_init();

	if (easy == NULL)
		abort();
	return easy;
}

/* One that broke off (a name that is not known) may have kept things that
 * curl_easy_reset() leaves, its buffer among them. */
static void
easy_put(struct fetcher *fetcher, CURL *easy, bool whole)
{
	if (!whole || fetcher->neasy == FETCH_EASY_KEPT) {
		curl_easy_cleanup(easy);
		return;
	}
	curl_easy_reset(easy);
	fetcher->easy[fetcher->neasy++] = easy;
}

/* It is in no queue any more, and libcurl does not have it. */
static void
run_end(struct fetcher *fetcher, struct fetch_run *run)
{
	struct fetch *f = run->f;
	struct lane *lane = run->lane;

	fetch_settle(run);
	if (run->easy != NULL)
		easy_put(fetcher, run->easy, f->ended == FETCH_DONE);
	run->easy = NULL;
	/* After this f may be gone, or be another transfer's. */
	f->end(f);
	if (lane != NULL)
		lane_leave(fetcher, lane);
	fetch_run_free(run);
}

/* Of running: takes it out of libcurl's hands. */
static void
run_leave(struct fetcher *fetcher, struct fetch_run *run)
{
	struct lane *lane = run->lane;
	CURLMcode code = curl_multi_remove_handle(fetcher->multi, run->easy);

	assert(code == CURLM_OK);
	fetcher->nrunning--;
	lane->running--;
	metric_gauge_add(METRIC_FETCHES, -1);
	run_end(fetcher, run);
}

static void
run_begin(struct fetcher *fetcher, struct fetch_run *run)
{
	struct lane *lane = run->lane;
	CURLcode shared;
	CURLMcode code;

	run->began_ns = clock_ns();
	if (fetch_is_over(run, run->began_ns)) {
		run_end(fetcher, run);
		return;
	}
	run->easy = easy_take(fetcher);
	if (!fetch_prepare(run)) {
		run_end(fetcher, run);
		return;
	}
	run->phase = FETCH_CONNECTS;
	shared = curl_easy_setopt(run->easy, CURLOPT_SHARE, fetcher->share);
	code = curl_multi_add_handle(fetcher->multi, run->easy);
	assert(shared == CURLE_OK && code == CURLM_OK);
	lane->running++;
	fetcher->nrunning++;
	metric_gauge_add(METRIC_FETCHES, 1);
	runs_put(&fetcher->running, run);
}

/* The next one that has a turn, or NULL. */
static struct fetch_run *
next_turn(struct fetcher *fetcher)
{
	struct lane *first = fetcher->turn;
	struct lane *lane = first;

	if (first == NULL || fetcher->nrunning >= fetcher->transfers)
		return NULL;
	do {
		if (lane->waiting.first != NULL &&
		    lane->running < lane->way->transfers) {
			fetcher->turn = lane->next;
			return runs_take(&lane->waiting);
		}
		lane = lane->next;
	} while (lane != first);
	return NULL;
}

static void
begin_some(struct fetcher *fetcher)
{
	struct fetch_run *run;

	while ((run = next_turn(fetcher)) != NULL) {
		metric_gauge_add(METRIC_FETCHES_WAITING, -1);
		run_begin(fetcher, run);
	}
}

/* --- looking --- */

/* Ends those of a queue whose time has come, and keeps the others. */
static void
look_at_waiting(struct fetcher *fetcher, struct runs *runs, int64_t now)
{
	struct runs all;
	struct runs over;
	struct fetch_run *run;

	/* Of a lane, nothing is touched once its last transfer has ended. */
	runs_move(&all, runs);
	runs_init(&over);
	while ((run = runs_take(&all)) != NULL)
		runs_put(fetch_is_over(run, now) ? &over : runs, run);
	while ((run = runs_take(&over)) != NULL) {
		metric_gauge_add(METRIC_FETCHES_WAITING, -1);
		run_end(fetcher, run);
	}
}

static void
look_at_lanes(struct fetcher *fetcher, int64_t now)
{
	struct lane *lane = fetcher->turn;
	size_t n = 0;

	/* One that is looked at may go; the next one stays. */
	for (struct lane *at = lane; at != NULL;
	     at = at->next != lane ? at->next : NULL)
		n++;
	while (n-- > 0) {
		struct lane *next = lane->next;

		look_at_waiting(fetcher, &lane->waiting, now);
		lane = next;
	}
}

static void
look_at_running(struct fetcher *fetcher, int64_t now)
{
	struct runs all;
	struct fetch_run *run;

	runs_move(&all, &fetcher->running);
	while ((run = runs_take(&all)) != NULL)
		if (run->returned || fetch_is_over(run, now))
			run_leave(fetcher, run);
		else
			runs_put(&fetcher->running, run);
}

/* Those whose time has come get into their lanes. */
static void
wake_up(struct fetcher *fetcher, int64_t now)
{
	struct runs all;
	struct fetch_run *run;

	runs_move(&all, &fetcher->asleep);
	while ((run = runs_take(&all)) != NULL) {
		struct lane *lane;

		if (run->f->start_ns > now) {
			runs_put(&fetcher->asleep, run);
			continue;
		}
		lane = lane_of(fetcher, run->way);
		lane->users++;
		run->lane = lane;
		runs_put(&lane->waiting, run);
	}
}

/* True: it is time to end. */
static bool
take_given(struct fetcher *fetcher)
{
	struct runs given;
	struct fetch_run *run;
	bool stop;

	lock_take(&fetcher->lock);
	runs_move(&given, &fetcher->given);
	stop = fetcher->stop;
	lock_drop(&fetcher->lock);
	while ((run = runs_take(&given)) != NULL) {
		metric_gauge_add(METRIC_FETCHES_WAITING, 1);
		runs_put(&fetcher->asleep, run);
	}
	return stop;
}

/* Has libcurl given the connection to the next one already? What comes on it
 * now is the answer to that. */
static bool
connection_is_taken(const struct fetch_run *run, const struct fetch_run *all)
{
	for (; all != NULL; all = all->next)
		if (all != run && !all->returned &&
		    all->phase > FETCH_CONNECTS &&
		    all->own_port == run->own_port)
			return true;
	return false;
}

/* What an HTTP/1 server sent behind a body would be taken by libcurl 7.88 for
 * the answer to the next request on that connection: it ends here. */
static void
connection_part(struct fetch_run *run, const struct fetch_run *all)
{
	curl_socket_t fd = CURL_SOCKET_BAD;
	long version = 0;
	char byte;

	if (curl_easy_getinfo(run->easy, CURLINFO_HTTP_VERSION, &version) !=
		CURLE_OK ||
	    version > CURL_HTTP_VERSION_1_1 ||
	    curl_easy_getinfo(run->easy, CURLINFO_ACTIVESOCKET, &fd) !=
		CURLE_OK ||
	    fd == CURL_SOCKET_BAD || connection_is_taken(run, all))
		return;
	if (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
		(void)shutdown(fd, SHUT_RDWR);
}

static void
take_returned(struct fetcher *fetcher)
{
	struct CURLMsg *message;
	int left;

	while (
	    (message = curl_multi_info_read(fetcher->multi, &left)) != NULL) {
		struct fetch_run *run = NULL;
		CURLcode code = curl_easy_getinfo(
		    message->easy_handle, CURLINFO_PRIVATE, (char **)&run);

		assert(code == CURLE_OK && run != NULL);
		run->code = message->data.result;
		run->returned = true;
		fetcher->returned = true;
		connection_part(run, fetcher->running.first);
	}
}

static void
look(struct fetcher *fetcher)
{
	int64_t now = clock_ns();
	bool poked = atomic_exchange_explicit(
	    &fetcher->poked, false, memory_order_relaxed);

	if (poked || now - fetcher->looked_ns >= look_ns) {
		fetcher->looked_ns = now;
		look_at_waiting(fetcher, &fetcher->asleep, now);
		look_at_lanes(fetcher, now);
	} else if (!fetcher->returned) {
		return;
	}
	fetcher->returned = false;
	look_at_running(fetcher, now);
}

/* Until when the thread may sleep if nothing happens on a connection. */
static int
sleep_ms(const struct fetcher *fetcher)
{
	int64_t until = CLOCK_NEVER;
	int64_t ns;

	if (fetcher->turn != NULL || fetcher->asleep.first != NULL)
		until = fetcher->looked_ns + look_ns;
	for (const struct fetch_run *run = fetcher->asleep.first; run != NULL;
	     run = run->next)
		if (run->f->start_ns < until)
			until = run->f->start_ns;
	if (until == CLOCK_NEVER)
		return FETCH_POLL_MS;
	ns = until - clock_ns();
	/* Rounded up: waking too early would be a loop. */
	return ns > 0 ? (int)(ns / NS_PER_MS + 1) : 0;
}

/* --- the thread --- */

static void
stop_runs(const struct runs *runs)
{
	for (struct fetch_run *run = runs->first; run != NULL; run = run->next)
		fetch_over(
		    run, FETCH_STOPPED, ERR_DRAINING, "the server is stopping");
}

/* Everything there is ends; end() may have given more in. */
static void
stop_all(struct fetcher *fetcher)
{
	while (fetcher->asleep.first != NULL || fetcher->turn != NULL) {
		wake_up(fetcher, CLOCK_NEVER);
		stop_runs(&fetcher->running);
		if (fetcher->turn != NULL) {
			struct lane *lane = fetcher->turn;

			do {
				stop_runs(&lane->waiting);
				lane = lane->next;
			} while (lane != fetcher->turn);
		}
		look_at_lanes(fetcher, 0);
		look_at_running(fetcher, 0);
		(void)take_given(fetcher);
	}
}

static void *
fetcher_thread(void *arg)
{
	struct fetcher *fetcher = arg;
	int left;

	while (!take_given(fetcher)) {
		wake_up(fetcher, clock_ns());
		begin_some(fetcher);
		(void)curl_multi_perform(fetcher->multi, &left);
		take_returned(fetcher);
		look(fetcher);
		begin_some(fetcher);
		(void)curl_multi_poll(
		    fetcher->multi, NULL, 0, sleep_ms(fetcher), NULL);
	}
	stop_all(fetcher);
	return NULL;
}

static pthread_once_t global_once = PTHREAD_ONCE_INIT;

static void
global_init(void)
{
	CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);

	assert(code == CURLE_OK);
}

bool
fetcher_new(unsigned transfers, struct fetcher **out, struct err *e)
{
	struct fetcher *fetcher = xcalloc(1, sizeof(*fetcher));
	CURLSHcode shared;

	assert(transfers > 0 && transfers <= INT32_MAX - FETCH_CACHED_EXTRA);
	pthread_once(&global_once, global_init);
	fetcher->multi = curl_multi_init();
	fetcher->share = curl_share_init();
	if (fetcher->multi == NULL || fetcher->share == NULL) {
		curl_share_cleanup(fetcher->share);
		(void)curl_multi_cleanup(fetcher->multi);
		free(fetcher);
		return err_set(e, ERR_SYSTEM, "libcurl has no descriptors");
	}
	shared = curl_share_setopt(
	    fetcher->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	assert(shared == CURLSHE_OK);
	(void)curl_multi_setopt(fetcher->multi, CURLMOPT_MAXCONNECTS,
	    (long)(transfers + FETCH_CACHED_EXTRA));
	metric_label(LABEL_FETCH_END, end_words, NELEM(end_words));
	metric_label(
	    LABEL_CONNECTION, connection_words, NELEM(connection_words));
	lock_init(&fetcher->lock);
	runs_init(&fetcher->given);
	runs_init(&fetcher->asleep);
	runs_init(&fetcher->running);
	fetcher->transfers = transfers;
	fetcher->thread = thread_start("pictor-fetch", fetcher_thread, fetcher);
	*out = fetcher;
	return true;
}

void
fetcher_free(struct fetcher *fetcher)
{
	int failed;

	if (fetcher == NULL)
		return;
	lock_take(&fetcher->lock);
	fetcher->stop = true;
	lock_drop(&fetcher->lock);
	(void)curl_multi_wakeup(fetcher->multi);
	failed = pthread_join(fetcher->thread, NULL);
	assert(failed == 0 && fetcher->given.first == NULL);
	while (fetcher->neasy > 0)
		curl_easy_cleanup(fetcher->easy[--fetcher->neasy]);
	(void)curl_multi_cleanup(fetcher->multi);
	(void)curl_share_cleanup(fetcher->share);
	lock_fini(&fetcher->lock);
	free(fetcher);
}

void
fetch_start(struct fetcher *fetcher, struct fetch *f)
{
	struct fetch_run *run = xcalloc(1, sizeof(*run));

	f->into = NULL;
	f->status = 0;
	f->length = -1;
	f->got = 0;
	f->text = NULL;
	f->ntext = 0;
	f->ended = FETCH_DONE;
	f->err = (struct err){ 0 };
	f->peer[0] = '\0';
	f->run = run;
	run->f = f;
	run->way = fetch_way_ref(f->way);
	lock_take(&fetcher->lock);
	runs_put(&fetcher->given, run);
	lock_drop(&fetcher->lock);
	(void)curl_multi_wakeup(fetcher->multi);
}

void
fetcher_poke(struct fetcher *fetcher)
{
	atomic_store_explicit(&fetcher->poked, true, memory_order_relaxed);
	(void)curl_multi_wakeup(fetcher->multi);
}

struct slice
fetch_answer_header(const struct fetch *f, const char *name)
{
	return fetch_head_find(&f->run->head, name, 0);
}

struct slice
fetch_answer_header_at(const struct fetch *f, const char *name, size_t nth)
{
	return fetch_head_find(&f->run->head, name, nth);
}

int64_t
fetch_clock_ahead_s(const struct fetch *f)
{
	struct slice date = fetch_answer_header(f, "date");
	int64_t theirs = 0;

	if (date.at == NULL || !clock_http_read(date.at, date.len, &theirs))
		return 0;
	return theirs - clock_wall_ns() / NS_PER_S;
}
