/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "loader/count.h"

static const int64_t draw_every_ns = 200 * NS_PER_MS;

void
progress_init(struct progress *p, bool quiet)
{
	*p = (struct progress){ .bar = !quiet && isatty(STDERR_FILENO) == 1,
		.quiet = quiet,
		.began_ns = clock_ns() };
}

static void
print(const struct progress *p)
{
	uint64_t loaded = count_value(COUNT_LOADED);
	double took = (double)(clock_ns() - p->began_ns) / (double)NS_PER_S;

	fprintf(stderr,
	    "%" PRIu64 " events: %" PRIu64 " loaded, %" PRIu64
	    " were there, %" PRIu64 " dead letters, %" PRIu64
	    " too old; %.1f s, %.0f loaded a second",
	    count_value(COUNT_READ), loaded, count_value(COUNT_KNOWN),
	    count_value(COUNT_DEAD), count_value(COUNT_EXPIRED), took,
	    took > 0 ? (double)loaded / took : 0);
}

void
progress_tick(struct progress *p)
{
	int64_t now = clock_ns();

	if (!p->bar || now - p->drawn_ns < draw_every_ns)
		return;
	p->drawn_ns = now;
	fputs("\r\033[K", stderr);
	print(p);
}

void
progress_end(struct progress *p)
{
	if (p->quiet)
		return;
	if (p->bar)
		fputs("\r\033[K", stderr);
	print(p);
	fputc('\n', stderr);
}
