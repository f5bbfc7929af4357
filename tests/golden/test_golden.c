/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests on pictures, compared with the slow way of reference.c.
 *
 * cases.txt holds blocks of four lines (and # comments):
 *
 *   [scene o6 jpeg]            a picture, as golden_picture() makes it; it
 *                              stays until the next one
 *   + alpha 80x60 png          the picture that its overlays are, from now on
 *   ? width=300&format=png     a request in the query language
 *   = png 300x200 shrink 2     what must be true of the answer: its format,
 *                              its size; and pN (frames), alpha, grey,
 *                              shrink N, same; or "! code"
 *   ~ 0.6 scale 300 200        how far the pixels may be from the reference
 *                              (mean difference, 0 to 255), and how that is
 *                              made; of animations in each frame
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "golden.h"
#include "reference_near.h"
#include "tones.h"

struct runner {
	char words[128];
	enum format format;
	struct file stored, overlay;
	struct raster shown, laid;
	char query[512];
	struct image_result result;
	struct err e;
	bool rendered;
	bool absent;  /* this libvips has not got the picture's format */
	bool skipped; /* or not the result's */
	unsigned done;
	unsigned failed;
	unsigned line;
};

static void
verdict(struct runner *r, bool good, const char *text)
{
	r->done++;
	if (!good)
		r->failed++;
	printf("%sok %u - %u: [%s] %s %s\n", good ? "" : "not ", r->done,
	    r->line, r->words, r->query, text);
}

static void
on_picture(struct runner *r, const char *words)
{

	picture_file_free(&r->stored);
	raster_free(&r->shown);
	slice_copy((struct slice){ words, strcspn(words, "]") }, r->words,
	    sizeof(r->words));
	r->absent = !golden_has(r->words);
	if (r->absent)
		printf("# [%s] not with this libvips\n", r->words);
	else
		r->format = golden_picture(r->words, &r->stored, &r->shown);
}

static void
on_overlay(struct runner *r, const char *words)
{
	picture_file_free(&r->overlay);
	raster_free(&r->laid);
	golden_picture(words, &r->overlay, &r->laid);
}

static void
on_request(struct runner *r, const char *query)
{
	struct plan *plan = xcalloc(1, sizeof(*plan));
	char copy[sizeof(r->query)];
	char *accept = copy;
	const char *plain;

	slice_copy(slice_of(query), r->query, sizeof(r->query));
	slice_copy(slice_of(query), copy, sizeof(copy));
	plain = strsep(&accept, " ");
	golden_plan(plain, accept, plan);
	image_result_fini(&r->result);
	r->e = (struct err){ 0 };
	r->rendered = false;
	r->skipped = r->absent ||
	    (plan->out.format >= FORMAT_FIRST &&
		(image_can_save() & FORMAT_BIT(plan->out.format)) == 0);
	if (!r->skipped)
		r->rendered = golden_compose(
		    &r->stored, &r->overlay, plan, &r->result, &r->e);
	free(plan);
}

/* What is true of the answer, in the words of the file. */
static void
answer_words(const struct runner *r, char *out, size_t size)
{
	const struct facts *f = &r->result.facts;
	int n;

	if (!r->rendered) {
		snprintf(out, size, "! %s", err_row(r->e.code)->code);
		return;
	}
	n = snprintf(out, size, "%s %ux%u", format_row(f->to)->name,
	    f->result.width, f->result.height);
	if (f->result.pages > 1)
		n += snprintf(
		    out + n, size - (size_t)n, " p%u", f->result.pages);
	if (f->alpha)
		n += snprintf(out + n, size - (size_t)n, " alpha");
	if (f->shrink > 1)
		n += snprintf(
		    out + n, size - (size_t)n, " shrink %u", f->shrink);
	if (f->unchanged)
		snprintf(out + n, size - (size_t)n, " same");
}

static void
on_facts(struct runner *r, const char *wanted)
{
	char words[128];
	char text[2048];

	answer_words(r, words, sizeof(words));
	snprintf(text, sizeof(text), "= %s%s%s (%s)", wanted,
	    strcmp(words, wanted) == 0 ? "" : "; is ",
	    strcmp(words, wanted) == 0 ? "" : words, r->e.detail);
	verdict(r, strcmp(words, wanted) == 0, text);
}

static bool
step_geometry(struct raster *at, const char *name, const int *n)
{
	if (strcmp(name, "scale") == 0)
		raster_scale(at, n[0], n[1]);
	else if (strcmp(name, "nearest") == 0)
		raster_nearest(at, n[0], n[1]);
	else if (strcmp(name, "crop") == 0)
		raster_crop(at, n[0], n[1], n[2], n[3]);
	else if (strcmp(name, "turn") == 0)
		raster_turn(at, n[0]);
	else
		return false;
	return true;
}

/* One frame of a raster of frames, as a raster of its own. */
static struct raster
frame_of(const struct raster *strip, unsigned index, unsigned frames)
{
	int height = strip->height / (int)frames;
	size_t size = (size_t)strip->width * (size_t)height * 4;
	struct raster r = { strip->width, height,
		malloc(size * sizeof(float)) };

	if (r.at == NULL)
		abort();
	memcpy(r.at, strip->at + index * size, size * sizeof(float));
	return r;
}

/* "over 10 20 80 100 60": where, how solid, and how wide and high if scaled. */
static bool
step_lay(struct raster *at, const struct raster *laid, const char *step)
{
	static const char *const names[] = { "over", "multiply", "screen",
		"dest-in", "xor" };
	char name[16] = "";
	int x = 0;
	int y = 0;
	int solid = 100;
	int width = 0;
	int height = 0;

	sscanf(step, " %15s %d %d %d %d %d", name, &x, &y, &solid, &width,
	    &height);
	for (size_t i = 0; i < NELEM(names); i++) {
		struct raster over;

		if (strcmp(name, names[i]) != 0)
			continue;
		over = frame_of(laid, 0, 1);
		if (width > 0)
			raster_scale(&over, width, height);
		raster_lay(
		    at, &over, x, y, (float)solid / 100, (enum raster_blend)i);
		raster_free(&over);
		return true;
	}
	return false;
}

/* One step of the reference: "scale 300 200". */
static bool
reference_step(struct raster *at, const struct raster *laid, const char *step)
{
	char name[16] = "";
	int n[4] = { 0 };
	uint32_t colour = 0;
	double number = 0;

	sscanf(step, " %15s %d %d %d %d", name, &n[0], &n[1], &n[2], &n[3]);
	if (step_geometry(at, name, n) || step_lay(at, laid, step) ||
	    raster_near(at, step))
		return true;
	if (sscanf(step, " pad %d %d %d %d %8x", &n[0], &n[1], &n[2], &n[3],
		&colour) == 5)
		raster_pad(at, n[0], n[1], n[2], n[3], colour);
	else if (sscanf(step, " flat %8x", &colour) == 1)
		raster_flatten(at, colour);
	else if (sscanf(step, " gauss %lf", &number) == 1)
		raster_gauss(at, number);
	else if (strcmp(name, "box") == 0)
		raster_mask(at, 1, 1, 9);
	else if (strcmp(name, "mask") == 0)
		raster_mask(at, 32, -1, 24);
	else if (strcmp(name, "grey") == 0)
		raster_grey(at);
	else
		return strcmp(name, "none") == 0 || raster_tone(at, step);
	return true;
}

static bool
reference_run(struct raster *at, const struct raster *laid, const char *steps)
{
	char copy[256];
	char *rest = copy;
	char *step;

	slice_copy(slice_of(steps), copy, sizeof(copy));
	while ((step = strsep(&rest, ",")) != NULL)
		if (!reference_step(at, laid, step))
			return false;
	return true;
}

static void
on_pixels(struct runner *r, const char *text)
{
	char *steps;
	double limit = strtod(text, &steps);
	double worst = 0;
	char said[256];
	bool good = r->rendered;
	struct raster got;
	unsigned n;
	unsigned frames;

	if (!good) {
		verdict(r, false, "no pixels");
		return;
	}
	n = r->result.facts.result.pages;
	frames = (format_row(r->result.facts.from)->flags & F_ANIMATION) != 0
	    ? r->result.facts.original.pages
	    : 1;
	got = golden_decode(
	    r->result.bytes, r->result.size, (enum format)r->result.facts.to);
	for (unsigned i = 0; i < n && good; i++) {
		struct raster want = frame_of(&r->shown, i, frames);
		struct raster have = frame_of(&got, i, n);

		good = reference_run(&want, &r->laid, steps);
		worst = fmax(worst, raster_difference(&want, &have));
		raster_free(&want);
		raster_free(&have);
	}
	raster_free(&got);
	snprintf(said, sizeof(said), "~ %.2f of %.2f%s", worst, limit, steps);
	verdict(r, good && worst <= limit, said);
}

static void
on_line(struct runner *r, char *line)
{
	r->line++;
	line[strcspn(line, "\n")] = '\0';
	if (line[0] == '[')
		on_picture(r, line + 1);
	else if (strncmp(line, "+ ", 2) == 0)
		on_overlay(r, line + 2);
	else if (strncmp(line, "? ", 2) == 0)
		on_request(r, line + 2);
	else if (r->skipped && (line[0] == '=' || line[0] == '~'))
		return;
	else if (strncmp(line, "= ", 2) == 0)
		on_facts(r, line + 2);
	else if (strncmp(line, "~ ", 2) == 0)
		on_pixels(r, line + 2);
	else if (line[0] != '\0' && line[0] != '#')
		verdict(r, false, "not a line of this file");
}

int
main(void)
{
	const char *src = getenv("PICTOR_SRC");
	struct runner r = { 0 };
	char line[1024];
	char path[4096];
	FILE *in;

	snprintf(path, sizeof(path), "%s/tests/golden/cases.txt",
	    src != NULL ? src : ".");
	in = fopen(path, "re");
	if (in == NULL) {
		perror(path);
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	golden_start();
	while (fgets(line, sizeof(line), in) != NULL)
		on_line(&r, line);
	fclose(in);
	printf("1..%u\n", r.done);
	picture_file_free(&r.stored);
	picture_file_free(&r.overlay);
	raster_free(&r.shown);
	raster_free(&r.laid);
	image_result_fini(&r.result);
	image_fini();
	return r.failed != 0 || r.done == 0;
}
