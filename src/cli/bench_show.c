/* SPDX-License-Identifier: Apache-2.0 */
/* What pictor bench says. */
#include <sys/ioctl.h>

#include <unistd.h>

#include "base/json_out.h"
#include "cli/bench.h"
#include "cli/show.h"

static const struct {
	const char *name;
	const char *json;
	double part;
} parts[] = {
	{ "50 %", "p50_ms", 0.5 },
	{ "75 %", "p75_ms", 0.75 },
	{ "90 %", "p90_ms", 0.9 },
	{ "99 %", "p99_ms", 0.99 },
	{ "99.9 %", "p99_9_ms", 0.999 },
};

static int
columns(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col < 120 ? size.ws_col - 1 : 119;
	return 79;
}

static double
mean_ns(const struct histogram *h)
{
	return h->count > 0 ? h->sum_ns / (double)h->count : 0;
}

static void
show_json(const struct bench_result *r)
{
	struct json_out j = { .file = stdout };
	char name[12];

	json_put_open(&j, NULL, '{');
	json_put_number(&j, "seconds", r->seconds);
	json_put_number(&j, "requests", (double)r->sent);
	json_put_number(&j, "answers", (double)r->answered);
	json_put_number(&j, "rate", (double)r->answered / r->seconds);
	json_put_number(&j, "connects", (double)r->connects);
	json_put_number(&j, "bytes", (double)r->bytes);
	json_put_number(&j, "body_bytes", (double)r->body);
	json_put_open(&j, "statuses", '{');
	for (int i = 0; i < 600; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		if (r->status[i] > 0)
			json_put_number(&j, name, (double)r->status[i]);
	}
	json_put_close(&j, '}');
	json_put_number(&j, "refused", (double)r->refused);
	json_put_number(&j, "broken", (double)r->broken);
	json_put_number(&j, "timed_out", (double)r->timed_out);
	json_put_number(&j, "min_ms", (double)r->time.min_ns / 1e6);
	json_put_number(&j, "mean_ms", mean_ns(&r->time) / 1e6);
	for (size_t i = 0; i < NELEM(parts); i++)
		json_put_number(&j, parts[i].json,
		    (double)histogram_part(&r->time, parts[i].part) / 1e6);
	json_put_number(&j, "max_ms", (double)r->time.max_ns / 1e6);
	json_put_close(&j, '}');
	fputc('\n', stdout);
}

static void
show_faults(const struct bench_result *r)
{
	if (r->refused > 0)
		printf("  no connection      %llu\n",
		    (unsigned long long)r->refused);
	if (r->broken > 0)
		printf("  broken answers     %llu\n",
		    (unsigned long long)r->broken);
	if (r->timed_out > 0)
		printf("  no answer in time  %llu\n",
		    (unsigned long long)r->timed_out);
	if (r->first_error[0] != '\0')
		printf("  the first of them: %s\n", r->first_error);
}

static void
show_times(const struct histogram *h)
{
	char text[HISTOGRAM_TIME];

	printf("\n  least   ");
	histogram_time(h->min_ns, text);
	printf("%9s\n  mean    ", text);
	histogram_time((int64_t)mean_ns(h), text);
	printf("%9s\n", text);
	for (size_t i = 0; i < NELEM(parts); i++) {
		histogram_time(histogram_part(h, parts[i].part), text);
		printf("  %-8s%9s\n", parts[i].name, text);
	}
	histogram_time(h->max_ns, text);
	printf("  most    %9s\n\n", text);
	histogram_print(h, columns(), stdout);
}

void
bench_show(const struct cli *cli, const struct bench_result *r)
{
	char bytes[SHOW_BYTES];
	char rate[SHOW_BYTES];

	if (cli->json) {
		show_json(r);
		return;
	}
	if (cli->quiet)
		return;
	show_bytes((double)r->bytes, bytes);
	show_bytes((double)r->bytes / r->seconds, rate);
	printf("%llu answers in %.2f s: %.0f a second, %s, %s a second, %llu "
	       "connection%s\n",
	    (unsigned long long)r->answered, r->seconds,
	    (double)r->answered / r->seconds, bytes, rate,
	    (unsigned long long)r->connects, r->connects == 1 ? "" : "s");
	for (int i = 0; i < 600; i++)
		if (r->status[i] > 0)
			printf("  status %d         %llu\n", i,
			    (unsigned long long)r->status[i]);
	show_faults(r);
	if (r->answered > 0)
		show_times(&r->time);
}

void
bench_tick(const struct bench_result *r, double seconds, bool last)
{
	char text[HISTOGRAM_TIME];

	if (last) {
		fputs("\r\033[K", stderr);
		fflush(stderr);
		return;
	}
	histogram_time(histogram_part(&r->time, 0.5), text);
	fprintf(stderr,
	    "\r%.1f s  %llu answers, %.0f a second, half within %s"
	    "\033[K",
	    seconds, (unsigned long long)r->answered,
	    (double)r->answered / seconds, text);
	fflush(stderr);
}
