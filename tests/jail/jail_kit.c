/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures are made with libvips in the test itself, outside of any jail. */
#include "jail_kit.h"

#include <sys/syscall.h>

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>
#include <vips/vips.h>

#include "base/clock.h"
#include "base/fd.h"
#include "image/image.h"
#include "metric/metric.h"
#include "render/sandbox.h"

enum { KIT_WAIT_S = 60 };
const int64_t kit_patience = KIT_WAIT_S * NS_PER_S;

const struct conf *
kit_conf(const char *format, ...)
{
	char lines[2048];
	scoped_free char *text = NULL;
	struct conf *conf = NULL;
	struct err e = { 0 };
	va_list args;
	int n;

	va_start(args, format);
	vsnprintf(lines, sizeof(lines), format, args);
	va_end(args);
	n = asprintf(&text,
	    "%s\n[mount.m]\nstores = s\noriginals = all\n[store.s]\nroot = /\n",
	    lines);
	assert_true(n > 0);
	if (!conf_load_text(
		(struct slice){ text, (size_t)n }, "test", NULL, &conf, &e))
		fail_msg("%s", e.detail);
	return conf;
}

/* ---- Originals ---- */

/*
 * With texts, of which some are in fonts that no warm-up has opened, and with
 * what it must not read. NULL: this libvips cannot read it.
 */
static struct blob *
drawing_make(enum format format, unsigned side)
{
	static const char svg[] =
	    "<svg xmlns='http://www.w3.org/2000/svg' "
	    "xmlns:xlink='http://www.w3.org/1999/xlink' width='%u' "
	    "height='%u'><rect width='20' height='20' fill='red'/>"
	    "<text y='20' font-size='20'>A\xc3\xb6 \xe6\xbc\xa2</text>"
	    "<text y='40' font-size='20' font-family='serif' "
	    "font-weight='bold' font-style='italic'>Serif</text>"
	    "<text y='60' font-size='20' font-family='monospace' "
	    "font-weight='bold'>Mono</text>"
	    "<text y='80' font-size='20' font-family='Wingdings'>?</text>"
	    "<image xlink:href='file:///etc/hostname' width='9' height='9'/>"
	    "<image xlink:href='http://127.0.0.1:9/' width='9' height='9'/>"
	    "<script>while(1){}</script></svg>";
	static const char pdf[] =
	    "%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
	    "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
	    "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 %u %u]"
	    "/Contents 4 0 R/Resources<</Font<</F 5 0 R/G 6 0 R>>>>"
	    ">>endobj\n4 0 obj<</Length 79>>stream\n"
	    "BT /F 20 Tf 2 9 Td (Bold) Tj /G 20 Tf (Sym) Tj ET\n"
	    "1 0 0 rg 0 0 9 9 re f\nendstream endobj\n"
	    "5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold>>"
	    "endobj\n6 0 obj<</Type/Font/Subtype/TrueType/BaseFont/Verdana"
	    ",Italic>>endobj\ntrailer<</Root 1 0 R>>\n%%%%EOF\n";
	char text[2048];
	int n = 0;

	if ((image_can_load() & FORMAT_BIT(format)) == 0)
		return NULL;
	if (format == FORMAT_SVG)
		n = snprintf(text, sizeof(text), svg, side, side);
	else
		n = snprintf(text, sizeof(text), pdf, side, side);
	assert_true(n > 0 && (size_t)n < sizeof(text));
	return blob_copy((const uint8_t *)text, (size_t)n);
}

static uint8_t *
put_le(uint8_t *at, uint32_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		*at++ = (uint8_t)(value >> 8 * i);
	return at;
}

/*
 * BMP of 24 bits, or ICO of 32 with its mask, of which a side has 256 pixels
 * at most; nothing else here writes them.
 */
static struct blob *
dib_make(enum format format, unsigned side)
{
	bool ico = format == FORMAT_ICO;
	unsigned n = ico && side > 256 ? 256 : side;
	unsigned line = ico ? 4 * n : (3 * n + 3) / 4 * 4;
	unsigned mask = ico ? (n + 31) / 32 * 4 : 0;
	unsigned head = ico ? 22 : 14;
	unsigned size = head + 40 + n * (line + mask);
	uint8_t *bytes = xcalloc(size, 1);
	uint8_t *at = bytes;
	struct blob *blob;

	if (ico) {
		at = put_le(at, 0x00010000, 4);
		at = put_le(at, 1, 2);
		at = put_le(at, n & 255, 1);
		at = put_le(at, n & 255, 1);
		at = put_le(at, 0, 2);
		at = put_le(at, 0x00200001, 4);
		at = put_le(at, size - head, 4);
		at = put_le(at, head, 4);
	} else {
		at = put_le(at, 0x4d42, 2);
		at = put_le(at, size, 4);
		at = put_le(at, 0, 4);
		at = put_le(at, head + 40, 4);
	}
	at = put_le(at, 40, 4);
	at = put_le(at, n, 4);
	at = put_le(at, ico ? 2 * n : n, 4);
	at = put_le(at, ico ? 0x00200001 : 0x00180001, 4);
	at += 24;
	for (unsigned i = 0; i < n * line; i++)
		*at++ = ico && i % 4 == 3 ? 255 : (uint8_t)(i * 7919 >> 5);
	blob = blob_copy(bytes, size);
	free(bytes);
	return blob;
}

/* NULL: this libvips cannot write it. */
static struct blob *
picture_make(enum format format, unsigned side)
{
	static const char *const suffix[FORMAT_COUNT] = {
		[FORMAT_JPEG] = ".jpg[Q=90]",
		[FORMAT_PNG] = ".png[compression=1]",
		[FORMAT_WEBP] = ".webp[Q=90,effort=0]",
		[FORMAT_AVIF] = ".avif[Q=60,effort=0]",
		[FORMAT_GIF] = ".gif[effort=1]",
		[FORMAT_HEIC] = ".heic[compression=hevc,effort=0]",
		[FORMAT_TIFF] = ".tif[compression=lzw]",
		[FORMAT_JP2] = ".jp2",
		[FORMAT_JXL] = ".jxl[effort=3]",
	};
	VipsImage *noise = NULL;
	VipsImage *smooth = NULL;
	VipsImage *bytes = NULL;
	VipsImage *rgb = NULL;
	void *out = NULL;
	size_t size = 0;
	struct blob *blob = NULL;

	if (format == FORMAT_SVG || format == FORMAT_PDF)
		return drawing_make(format, side);
	if (format == FORMAT_BMP || format == FORMAT_ICO)
		return dib_make(format, side);
	if (suffix[format] == NULL)
		return NULL;
	if (vips_gaussnoise(&noise, (int)side, (int)side, "mean", 128.0,
		"sigma", 40.0, "seed", 7, NULL) != 0 ||
	    vips_gaussblur(noise, &smooth, 1.0, NULL) != 0 ||
	    vips_cast(smooth, &bytes, VIPS_FORMAT_UCHAR, NULL) != 0 ||
	    vips_bandjoin(
		(VipsImage *[]){ bytes, bytes, noise }, &rgb, 3, NULL) != 0)
		fail_msg("%s", vips_error_buffer());
	g_object_unref(bytes);
	bytes = NULL;
	if (vips_cast(rgb, &bytes, VIPS_FORMAT_UCHAR, NULL) != 0)
		fail_msg("%s", vips_error_buffer());
	bytes->Type = VIPS_INTERPRETATION_sRGB;
	if (vips_image_write_to_buffer(
		bytes, suffix[format], &out, &size, NULL) == 0)
		blob = blob_copy(out, size);
	vips_error_clear();
	g_free(out);
	g_object_unref(bytes);
	g_object_unref(rgb);
	g_object_unref(smooth);
	g_object_unref(noise);
	return blob;
}

struct blob *
kit_picture(enum format format, unsigned side)
{
	static struct {
		enum format format;
		unsigned side;
		struct blob *blob;
	} made[64];
	size_t i = 0;

	if (vips_init("test") != 0)
		fail_msg("%s", vips_error_buffer());
	while (made[i].blob != NULL &&
	    (made[i].format != format || made[i].side != side))
		i++;
	assert_true(i + 1 < NELEM(made));
	if (made[i].blob == NULL) {
		made[i].format = format;
		made[i].side = side;
		made[i].blob = picture_make(format, side);
	}
	return made[i].blob;
}

/* ---- Jobs ---- */

static void
kit_done(struct render_job *job)
{
	struct kit_job *k = job->owner;

	/* poll() alone orders nothing, as far as TSan knows. */
	k->ended = true;
	fd_event_set(k->done);
}

struct kit_job *
kit_job(const struct conf *conf, struct blob *original, enum format format,
    const char *domain)
{
	struct kit_job *k = xcalloc(1, sizeof(*k));
	struct plan_step *step = NULL;
	struct plan_policy anything = { 0 };
	struct err e = { 0 };

	plan_init(&k->plan);
	k->plan.nsource = 1;
	assert_true(
	    plan_text(&k->plan, SLICE("s"), &k->plan.source[0].store, &e));
	assert_true(
	    plan_text(&k->plan, SLICE("key"), &k->plan.source[0].key, &e));
	assert_true(plan_add(&k->plan, OP_RESIZE, &step, &e));
	step_set(step, RESIZE_WIDTH, (union arg){ .whole = 32 });
	k->plan.out.format = (uint16_t)format;
	k->plan.out.untouched = 0;
	if (!plan_check(&k->plan, &anything, &e))
		fail_msg("%s", e.detail);
	k->done = fd_event_new();
	k->job = (struct render_job){ .plan = &k->plan,
		.original = original,
		.conf = conf,
		.originals = format_all(F_LOAD),
		.results = format_all(F_SAVE),
		.domain = domain,
		.cost = 20,
		.deadline_ns = clock_ns() + 10 * kit_patience,
		.cancel = &k->cancel,
		.done = kit_done,
		.owner = k };
	return k;
}

void
kit_slow(struct kit_job *k)
{
	struct plan_step *step = NULL;
	struct err e = { 0 };

	k->plan.nstep = 0;
	memset(k->plan.step, 0, sizeof(k->plan.step));
	/* Turning by a third of a circle in steps is all work, no shrink. */
	for (int i = 0; i < 6; i++) {
		assert_true(plan_add(&k->plan, OP_BLUR, &step, &e));
		step_set(step, BLUR_SIGMA, (union arg){ .num = 30 });
	}
	k->job.cost = 1000;
}

struct kit_job *
kit_slow_job(const struct conf *conf)
{
	enum { SIDE = 3000 };
	struct kit_job *k =
	    kit_job(conf, kit_picture(FORMAT_JPEG, SIDE), FORMAT_PNG, "m");

	kit_slow(k);
	return k;
}

void
kit_overlay(struct kit_job *k, struct blob *overlay)
{
	struct plan_step *step = NULL;
	struct err e = { 0 };

	assert_int_equal(k->plan.nsource, 1);
	k->plan.source[1] = k->plan.source[0];
	k->plan.nsource = 2;
	assert_true(plan_add(&k->plan, OP_COMPOSITE, &step, &e));
	k->job.overlay[0] = overlay;
}

struct render *
kit_start(const struct conf *conf, const char *worker)
{
	struct render *r = NULL;
	struct err e = { 0 };

	if (!render_new(conf, worker, &r, &e))
		fail_msg("%s", e.detail);
	return r;
}

uint64_t
kit_exits(enum jail_exit why)
{
	return metric_value(METRIC_WORKER_EXITS, why, 0);
}

void
kit_submit(struct render *r, struct kit_job *k)
{
	struct err e = { 0 };

	if (!render_submit(r, &k->job, &e))
		fail_msg("%s", e.detail);
}

bool
kit_wait(struct kit_job *k, double seconds)
{
	struct pollfd fd = { .fd = k->done, .events = POLLIN };

	/* More than a moment: how long it takes is nobody's business here. */
	if (seconds > 1 && seconds < KIT_WAIT_S)
		seconds = KIT_WAIT_S;
	return poll(&fd, 1, (int)(seconds * 1000)) == 1 && k->ended;
}

pid_t
kit_render(struct render *r, struct kit_job *k)
{
	pid_t worker;

	kit_submit(r, k);
	assert_true(kit_wait(k, 60));
	if (!k->job.ok)
		fail_msg("%s: %s", err_row(k->job.err.code)->code,
		    k->job.err.detail);
	worker = (pid_t)k->job.worker;
	kit_free(k);
	return worker;
}

void
kit_fails(struct render *r, struct kit_job *k, enum err_code code)
{
	kit_submit(r, k);
	assert_true(kit_wait(k, 60));
	if (k->job.ok || k->job.err.code != code)
		fail_msg("%s instead of %s: %s",
		    k->job.ok ? "success" : err_row(k->job.err.code)->code,
		    err_row(code)->code, k->job.err.detail);
	kit_free(k);
}

void
kit_free(struct kit_job *k)
{
	blob_drop(k->job.result);
	fd_close(&k->done);
	free(k);
}

pid_t
kit_worker(struct render *r, struct kit_job *k)
{
	struct render_state state;
	volatile uint64_t *worker = &k->job.worker;

	KIT_UNTIL((render_look(r, &state), state.busy > 0 && *worker != 0));
	/* Long enough for the job to be inside. */
	clock_sleep_ns(50 * NS_PER_MS);
	return (pid_t)*worker;
}

/* ---- This process ---- */

size_t
kit_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	/* Without ".", ".." and the folder's own. */
	return n - 3;
}

static size_t
children_of(const char *thread, pid_t pids[KIT_CHILDREN], size_t n)
{
	char path[300];
	FILE *f;
	int pid;

	snprintf(path, sizeof(path), "/proc/self/task/%s/children", thread);
	f = fopen(path, "re");
	if (f == NULL)
		return n;
	while (n < KIT_CHILDREN && fscanf(f, "%d", &pid) == 1)
		pids[n++] = pid;
	fclose(f);
	return n;
}

size_t
kit_children(pid_t pids[KIT_CHILDREN])
{
	DIR *dir = opendir("/proc/self/task");
	const struct dirent *entry;
	size_t n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			n = children_of(entry->d_name, pids, n);
	closedir(dir);
	return n;
}

char *
kit_beside(const char *name)
{
	char here[4000];
	ssize_t n = readlink("/proc/self/exe", here, sizeof(here) - 1);
	char *path = NULL;

	assert_true(n > 0);
	here[n] = '\0';
	*(strrchr(here, '/') + 1) = '\0';
	assert_true(asprintf(&path, "%s%s", here, name) > 0);
	return path;
}
