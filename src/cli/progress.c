/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines, a bar on a terminal, JSON: figures and the bar go to standard error,
 * JSON to standard output.
 */
#include "cli/progress.h"

#include <sys/ioctl.h>

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "cli/show.h"

enum { BAR = 24 };

void
progress_init(struct progress *p, const struct cli *cli, size_t total)
{
	*p = (struct progress){ .cli = cli,
		.bar = !cli->quiet && total > 1 && isatty(STDERR_FILENO) == 1,
		.total = total,
		.began_ns = clock_ns() };
}

static void
clear(struct progress *p)
{
	if (p->drawn)
		fputs("\r\033[K", stderr);
	p->drawn = false;
}

static int
columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}

/* "[########----------------]   8 of 24   1 failed   9 s left" */
static void
draw(struct progress *p)
{
	char line[160];
	double spent = (double)(clock_ns() - p->began_ns) / 1e9;
	double left = p->done > 0
	    ? spent * (double)(p->total - p->done) / (double)p->done
	    : 0;
	int full = (int)(p->done * BAR / p->total);
	int n = snprintf(line, sizeof(line), "[%.*s%.*s]  %zu of %zu", full,
	    "########################", BAR - full, "------------------------",
	    p->done, p->total);

	if (p->failed > 0)
		n += snprintf(line + n, sizeof(line) - (size_t)n,
		    "   %zu failed", p->failed);
	if (p->done > 0 && p->done < p->total && spent > 1)
		(void)snprintf(
		    line + n, sizeof(line) - (size_t)n, "   %.0f s left", left);
	fprintf(stderr, "\r%.*s\033[K", columns() - 1, line);
	fflush(stderr);
	p->drawn = true;
	p->drawn_ns = clock_ns();
}

void
progress_tick(struct progress *p)
{
	if (p->bar && clock_ns() - p->drawn_ns > 100 * NS_PER_MS)
		draw(p);
}

static void
print_json_error(
    const struct cli_file *file, int64_t took_ns, const struct err *e)
{
	struct json_out j = { .file = stdout };
	char line[768];

	cli_error_print(e, line, sizeof(line));
	json_put_open(&j, NULL, '{');
	json_put_text(&j, "input", slice_of(file->shown));
	json_put_null(&j, "output");
	json_put_text(&j, "error", slice_of(err_row(e->code)->code));
	json_put_text(&j, "message", slice_of(line));
	if (e->param[0] != '\0')
		json_put_text(&j, "parameter", slice_of(e->param));
	json_put_number(&j, "total_ms", (double)took_ns / 1e6);
	json_put_close(&j, '}');
	fputc('\n', stdout);
}

static void
print_json(const struct cli_file *file, const char *path, const struct facts *f,
    int64_t took_ns)
{
	struct json_out j = { .file = stdout };

	json_put_open(&j, NULL, '{');
	json_put_text(&j, "input", slice_of(file->shown));
	json_put_text(&j, "output", slice_of(path));
	json_put_null(&j, "error");
	json_put_text(
	    &j, "format", slice_of(format_row((enum format)f->to)->name));
	json_put_number(&j, "width", f->result.width);
	json_put_number(&j, "height", f->result.height);
	json_put_number(&j, "pages", f->result.pages);
	json_put_number(&j, "bytes", (double)f->result_bytes);
	json_put_text(&j, "original_format",
	    slice_of(format_row((enum format)f->from)->name));
	json_put_number(&j, "original_width", f->original.width);
	json_put_number(&j, "original_height", f->original.height);
	json_put_number(&j, "original_pages", f->original.pages);
	json_put_number(&j, "original_bytes", (double)f->original_bytes);
	json_put_number(&j, "work_ms", (double)(f->open_ns + f->work_ns) / 1e6);
	json_put_number(&j, "total_ms", (double)took_ns / 1e6);
	json_put_close(&j, '}');
	fputc('\n', stdout);
}

static void
print_line(const char *path, const struct facts *f, int64_t took_ns)
{
	char from[SHOW_BYTES];
	char to[SHOW_BYTES];

	show_bytes((double)f->original_bytes, from);
	show_bytes((double)f->result_bytes, to);
	fprintf(stderr,
	    "%s: %s %ux%u, %s, from %s %ux%u, %s; %.1f ms of work, %.1f ms "
	    "in all\n",
	    path, format_row((enum format)f->to)->name, f->result.width,
	    f->result.height, to, format_row((enum format)f->from)->name,
	    f->original.width, f->original.height, from,
	    (double)(f->open_ns + f->work_ns) / 1e6, (double)took_ns / 1e6);
}

void
progress_failed(struct progress *p, const struct cli_file *file,
    int64_t took_ns, const struct err *e)
{
	char line[768];

	p->done++;
	p->failed++;
	clear(p);
	cli_error_print(e, line, sizeof(line));
	cli_complain("%s: %s", file->shown, line);
	if (p->bar && p->done < p->total)
		draw(p);
	if (p->cli->json)
		print_json_error(file, took_ns, e);
}

void
progress_done(struct progress *p, const struct cli_file *file, const char *path,
    const struct facts *facts, int64_t took_ns)
{
	p->done++;
	p->read_bytes += (double)facts->original_bytes;
	p->written_bytes += (double)facts->result_bytes;
	if (!p->bar && !p->cli->quiet && !p->cli->json)
		print_line(path, facts, took_ns);
	if (p->cli->json)
		print_json(file, path, facts, took_ns);
	progress_tick(p);
}

void
progress_end(struct progress *p, size_t passed_over, bool interrupted)
{
	char from[SHOW_BYTES];
	char to[SHOW_BYTES];

	clear(p);
	if (p->cli->quiet || (p->total == 1 && !interrupted))
		return;
	show_bytes(p->read_bytes, from);
	show_bytes(p->written_bytes, to);
	fprintf(stderr, "%zu of %zu images, %zu failed; %s from %s, %.1f s",
	    p->done - p->failed, p->total, p->failed, to, from,
	    (double)(clock_ns() - p->began_ns) / 1e9);
	if (passed_over > 0)
		fprintf(stderr, "; %zu other files passed over", passed_over);
	fputs(interrupted ? "; interrupted\n" : "\n", stderr);
}
