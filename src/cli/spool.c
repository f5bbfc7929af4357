/* SPDX-License-Identifier: Apache-2.0 */
/* pictor spool: what waits for Kafka, read beside a running daemon. */
#include "event/spool.h"

#include <sys/stat.h>

#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "cli/cli.h"
#include "conf/conf.h"
#include "event/kafka_resend.h"

struct spool_job {
	const struct cli *cli;
	const struct conf *conf;
	const char *path; /* folder of the spool, or one segment */
	bool folder;
};

/* The reader, at the beginning of what is meant. */
static bool
job_open(const struct spool_job *job, struct spool_reader **out, struct err *e)
{
	if (job->folder)
		return spool_reader_open(job->path, NULL, out, e);
	return spool_reader_open_file(job->path, out, e);
}

/* --- list, verify --- */

static void
line_segment(const struct spool_job *job, uint64_t number, uint64_t events,
    const char *state)
{
	struct json_out j = { .file = stdout };

	if (!job->cli->json) {
		printf(
		    "%12" PRIu64 " %12" PRIu64 "  %s\n", number, events, state);
		return;
	}
	json_put_open(&j, NULL, '{');
	json_put_number(&j, "segment", (double)number);
	json_put_number(&j, "events", (double)events);
	json_put_text(&j, "state", slice_of(state));
	json_put_close(&j, '}');
	fputc('\n', stdout);
}

static void
line_sums(const struct spool_job *job, const struct spool_seen *seen)
{
	struct json_out j = { .file = stdout };
	struct spool_sums sums = { 0 };
	bool known = job->folder && spool_sums(job->path, &sums);

	if (!job->cli->json) {
		printf("%" PRIu64 " events in %" PRIu64 " segments; %" PRIu64
		       " bytes damaged in %" PRIu64 " places\n",
		    seen->events, seen->segments, seen->damaged_bytes,
		    seen->damages);
		if (known)
			printf("since it was made: %" PRIu64 " stored, %" PRIu64
			       " lost, %" PRIu64 " acknowledged, %" PRIu64
			       " rejected\n",
			    sums.stored, sums.lost, sums.acknowledged,
			    sums.rejected);
		return;
	}
	json_put_open(&j, NULL, '{');
	json_put_number(&j, "segments", (double)seen->segments);
	json_put_number(&j, "events", (double)seen->events);
	json_put_number(&j, "damages", (double)seen->damages);
	json_put_number(&j, "damaged_bytes", (double)seen->damaged_bytes);
	json_put_number(&j, "unreadable", (double)seen->unreadable);
	if (known) {
		json_put_number(&j, "stored", (double)sums.stored);
		json_put_number(&j, "lost", (double)sums.lost);
		json_put_number(&j, "acknowledged", (double)sums.acknowledged);
		json_put_number(&j, "rejected", (double)sums.rejected);
	}
	json_put_close(&j, '}');
	fputc('\n', stdout);
}

static const char *
state_of(const struct spool_job *job, uint64_t segment)
{
	struct spool_sums sums = { 0 };

	if (!job->folder || !spool_sums(job->path, &sums))
		return "-";
	return segment < sums.acked.segment ? "acknowledged" : "waiting";
}

static int
run_list(const struct spool_job *job, struct spool_reader *r)
{
	struct spool_event event;
	struct spool_seen seen;
	uint64_t segment = 0;
	uint64_t events = 0;

	if (!job->cli->json)
		printf("%12s %12s  %s\n", "segment", "events", "state");
	while (spool_reader_next(r, &event) == SPOOL_EVENT) {
		if (event.place.segment != segment && events > 0) {
			line_segment(
			    job, segment, events, state_of(job, segment));
			events = 0;
		}
		segment = event.place.segment;
		events++;
	}
	if (events > 0)
		line_segment(job, segment, events, state_of(job, segment));
	spool_reader_look(r, &seen);
	line_sums(job, &seen);
	return STATUS_OK;
}

static int
run_verify(const struct spool_job *job, struct spool_reader *r)
{
	struct spool_event event;
	struct spool_seen seen;

	while (spool_reader_next(r, &event) == SPOOL_EVENT)
		;
	spool_reader_look(r, &seen);
	line_sums(job, &seen);
	return seen.damages == 0 && seen.unreadable == 0 ? STATUS_OK
							 : STATUS_FAILED;
}

/* --- print, resend --- */

static int
run_print(const struct spool_job *job, struct spool_reader *r)
{
	struct spool_event event;

	(void)job;
	while (spool_reader_next(r, &event) == SPOOL_EVENT) {
		(void)fwrite(event.json.at, 1, event.json.len, stdout);
		fputc('\n', stdout);
	}
	if (fflush(stdout) == 0)
		return STATUS_OK;
	cli_complain("standard output cannot be written");
	return STATUS_FAILED;
}

/* Ctrl-C: once ends it in peace, twice at once. */
static volatile sig_atomic_t interrupted;

static void
on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

struct resending {
	const struct spool_job *job;
	bool bar;  /* standard error is a terminal */
	bool told; /* why nothing is delivered */
	int64_t began_ns;
};

/* Says how far it is; false: Ctrl-C. */
static bool
look(void *owner, const struct kafka_resent *sent)
{
	struct resending *r = owner;

	if (r->job->cli->quiet)
		return interrupted == 0;
	/* A broker that is away says so again and again: once suffices. */
	if (!r->told && sent->why[0] != '\0' && sent->delivered == 0) {
		fprintf(stderr, "%s%s; waiting up to %" PRId64 " s\n",
		    r->bar ? "\r\033[K" : "", sent->why,
		    r->job->cli->timeout / NS_PER_S);
		r->told = true;
	}
	if (r->bar)
		fprintf(stderr,
		    "\r\033[K%" PRIu64 " events read, %" PRIu64
		    " delivered, %" PRIu64 " failed; %" PRId64 " s",
		    sent->given, sent->delivered, sent->failed,
		    (clock_ns() - r->began_ns) / NS_PER_S);
	return interrupted == 0;
}

/* What is said at once, and Ctrl-C from now on. */
static void
begin_resending(struct resending *r)
{
	const struct conf *conf = r->job->conf;
	struct sigaction action = { .sa_handler = on_signal,
		.sa_flags = (int)SA_RESETHAND };

	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	if (!r->job->cli->quiet && conf->kafka_brokers.n > 0)
		fprintf(stderr, "sending to topic %s at %s%s\n",
		    conf->kafka_topic, conf->kafka_brokers.item[0],
		    conf->kafka_brokers.n > 1 ? " and others" : "");
}

static int
run_resend(const struct spool_job *job, struct spool_reader *reader)
{
	struct json_out j = { .file = stdout };
	struct resending r = { .job = job,
		.bar = isatty(STDERR_FILENO) == 1 && !job->cli->quiet,
		.began_ns = clock_ns() };
	struct resend_call call = { .from = reader,
		.wait_ns = job->cli->timeout,
		.look = look,
		.owner = &r };
	struct kafka_resent sent;
	struct err e;

	begin_resending(&r);
	if (!kafka_resend(job->conf, &call, &sent, &e))
		return cli_fail(&e);
	if (r.bar)
		fputs("\r\033[K", stderr);
	if (job->cli->json) {
		json_put_open(&j, NULL, '{');
		json_put_number(&j, "delivered", (double)sent.delivered);
		json_put_number(&j, "failed", (double)sent.failed);
		json_put_close(&j, '}');
		fputc('\n', stdout);
	} else {
		printf("%" PRIu64 " events delivered, %" PRIu64 " failed\n",
		    sent.delivered, sent.failed);
	}
	if (interrupted != 0) {
		cli_complain("interrupted: what is behind them was not sent");
		return STATUS_INT;
	}
	if (sent.failed == 0)
		return STATUS_OK;
	cli_complain("%s", sent.why);
	return STATUS_FAILED;
}

static const struct {
	const char *name;
	int (*run)(const struct spool_job *job, struct spool_reader *r);
} actions[] = {
	{ "list", run_list },
	{ "print", run_print },
	{ "verify", run_verify },
	{ "resend", run_resend },
};

static int
run_action(struct spool_job *job, size_t action)
{
	struct spool_reader *r = NULL;
	struct stat st;
	struct err e;
	int status;

	if (job->path == NULL && job->conf->spool_path[0] != '\0')
		job->path = job->conf->spool_path;
	if (job->path == NULL) {
		cli_complain("spool.path is not set; name the spool's folder "
			     "or a segment");
		return STATUS_USAGE;
	}
	job->folder = stat(job->path, &st) == 0 && S_ISDIR(st.st_mode);
	if (!job_open(job, &r, &e))
		return cli_fail(&e);
	status = actions[action].run(job, r);
	spool_reader_free(r);
	return status;
}

int
cli_spool(const struct cli *cli)
{
	struct spool_job job = { .cli = cli, .path = cli->arg[1] };
	struct conf *conf = NULL;
	struct err e;
	int status;

	for (size_t i = 0; i < NELEM(actions); i++) {
		if (strcmp(cli->arg[0], actions[i].name) != 0)
			continue;
		if (!cli_conf(cli, SLICE(""), &conf, &e))
			return cli_fail(&e);
		job.conf = conf;
		status = run_action(&job, i);
		conf_drop(conf);
		return status;
	}
	cli_complain("%.40s: it is list, print, verify or resend", cli->arg[0]);
	return STATUS_USAGE;
}
