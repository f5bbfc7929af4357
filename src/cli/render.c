/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pictor render: files through the whole pipeline, some at one time.
 *
 * Each original is a request of its own. Twice as many are under way as there
 * are workers, so that reading and writing happen beside the work; this thread
 * alone starts them and writes their results.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/fd.h"
#include "base/lock.h"
#include "cli/client.h"
#include "cli/progress.h"
#include "cli/remote.h"
#include "cli/render_words.h"
#include "cli/target.h"

/* An original that is under way, or room for one. */
struct slot {
	struct cli_ask ask;
	const struct cli_file *file;
	size_t index; /* of the original, from 1 */
	char *uri;
	int64_t began_ns;
	struct batch *batch;
	struct slot *next; /* of the free ones, or of those that are done */
};

struct batch {
	const struct cli *cli;
	const char *query;
	const struct cli_files *files;
	struct cli_run *run;
	struct target target;
	struct progress progress;
	struct slot *free;
	size_t begun; /* originals */
	size_t busy;  /* slots */
	struct lock lock;
	struct cond wake;
	struct slot *done under(lock);
};

/* Set by the signal handler: begin nothing more. */
static volatile sig_atomic_t interrupted;

static void
on_signal(int number)
{
	interrupted = number;
}

/* The first one is heard, the second one ends the process. */
static void
catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal,
		.sa_flags = (int)SA_RESETHAND };

	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
}

/* ---- One original ---- */

static void
slot_answered(struct cli_ask *ask)
{
	struct slot *s = ask->owner;
	struct batch *b = s->batch;

	lock_take(&b->lock);
	s->next = b->done;
	b->done = s;
	cond_wake_all(&b->wake);
	lock_drop(&b->lock);
}

/* "/cat%201.jpg?width=300" */
static char *
make_uri(const struct batch *b, const struct cli_file *file)
{
	/* The root ends with a slash. */
	struct slice key = slice_of(
	    file->remote > 0 ? file->key : file->real + strlen(b->files->root));
	size_t size = 3 * key.len + strlen(b->query) + 24;
	char *uri = xcalloc(size, 1);
	size_t n = 1;

	uri[0] = '/';
	if (file->remote > 0)
		n = (size_t)snprintf(uri, size, "/r%d/", file->remote);
	n += codec_percent_encode(key, "/", uri + n);
	(void)snprintf(uri + n, size - n, "%s%s",
	    b->query[0] != '\0' ? "?" : "", b->query);
	return uri;
}

static void
begin(struct batch *b)
{
	const struct cli_file *file = &b->files->file[b->begun++];
	struct slot *s = b->free;
	struct err e;

	if (file->fault != NULL) {
		err_set(&e, ERR_SYSTEM, "%s", file->fault);
		progress_failed(&b->progress, file, 0, &e);
		return;
	}
	b->free = s->next;
	b->busy++;
	s->batch = b;
	s->file = file;
	s->index = b->begun;
	s->uri = make_uri(b, file);
	s->began_ns = clock_ns();
	s->ask.answered = slot_answered;
	s->ask.owner = s;
	cli_ask(b->run, &s->ask, slice_of(s->uri));
}

static bool
finish_one(struct batch *b, struct slot *s, struct err *e)
{
	const struct cache_entry *entry = s->ask.request.entry;
	char path[PATH_MAX];

	if (s->ask.request.err.code != ERR_NONE) {
		*e = s->ask.request.err;
		return false;
	}
	if (!target_path(
		&b->target, s->file, s->index, &entry->facts, path, e) ||
	    !target_write(&b->target, path, blob_look(entry->body), e))
		return false;
	progress_done(&b->progress, s->file, path, &entry->facts,
	    clock_ns() - s->began_ns);
	return true;
}

static void
finish(struct batch *b, struct slot *s)
{
	struct err e;

	if (!finish_one(b, s, &e))
		progress_failed(
		    &b->progress, s->file, clock_ns() - s->began_ns, &e);
	cli_ask_fini(&s->ask);
	free(s->uri);
	s->next = b->free;
	b->free = s;
	b->busy--;
}

/* ---- All of them ---- */

static struct slot *
take_done(struct batch *b)
{
	struct slot *done;

	lock_take(&b->lock);
	if (b->done == NULL)
		(void)cond_wait(
		    &b->wake, &b->lock, clock_ns() + 200 * NS_PER_MS);
	done = b->done;
	b->done = NULL;
	lock_drop(&b->lock);
	return done;
}

static void
work(struct batch *b)
{
	while (b->busy > 0 || (b->begun < b->files->n && !interrupted)) {
		struct slot *done;

		while (
		    b->free != NULL && b->begun < b->files->n && !interrupted)
			begin(b);
		done = b->busy > 0 ? take_done(b) : NULL;
		while (done != NULL) {
			struct slot *next = done->next;

			finish(b, done);
			done = next;
		}
		progress_tick(&b->progress);
	}
}

static int
run_batch(struct batch *b, size_t jobs, const struct conf *conf)
{
	scoped_free struct slot *slots = xcalloc(2 * jobs, sizeof(*slots));
	struct err e;

	for (size_t i = 0; i < 2 * jobs; i++) {
		slots[i].next = b->free;
		b->free = &slots[i];
	}
	if (!cli_run_new(conf, &b->run, &e))
		return cli_fail(&e);
	lock_init(&b->lock);
	cond_init(&b->wake);
	catch_signals();
	work(b);
	cli_run_free(b->run);
	cond_fini(&b->wake);
	lock_fini(&b->lock);
	progress_end(&b->progress, b->files->passed_over, interrupted != 0);
	if (interrupted)
		return STATUS_INT;
	return b->progress.failed > 0 ? STATUS_FAILED : STATUS_OK;
}

static int
render_files(const struct cli *cli, const struct render_words *w,
    struct cli_files *files)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t jobs = cli->jobs > 0 ? (size_t)cli->jobs
	    : cores > 0             ? (size_t)cores
				    : 1;
	struct batch b = { .cli = cli, .query = w->query, .files = files };
	struct remotes remotes;
	struct conf *conf = NULL;
	char here[PATH_MAX];
	struct err e;
	int status;

	if (files->n == 0) {
		cli_complain("there is no image in what is given");
		return STATUS_FAILED;
	}
	jobs = jobs < files->n ? jobs : files->n;
	jobs = jobs < 256 ? jobs : 256;
	if (!remotes_find(cli, files, &remotes, &e)) {
		(void)cli_fail(&e);
		return STATUS_USAGE;
	}
	if (!render_words_conf(cli,
		&(struct render_places){ .root = files->root,
		    .here = render_words_stdin(w) ? getcwd(here, sizeof(here))
						  : NULL,
		    .remotes = &remotes },
		jobs, &conf, &e)) {
		remotes_fini(&remotes);
		return cli_fail(&e);
	}
	remotes_fini(&remotes);
	if (!render_words_check(conf, w, &e)) {
		conf_drop(conf);
		(void)cli_fail(&e);
		return STATUS_USAGE;
	}
	target_init(&b.target, cli, files, w->folder, w->out);
	progress_init(&b.progress, cli, files->n);
	status = run_batch(&b, jobs, conf);
	target_fini(&b.target);
	conf_drop(conf);
	return status;
}

/* ---- Standard input, as a file of its own ---- */

static bool
copy_stdin(int to, struct err *e)
{
	struct pollfd ready = { .fd = STDIN_FILENO, .events = POLLIN };
	scoped_free char *room = xcalloc(64, KIB);
	ssize_t n = 1;

	while (n > 0) {
		/* A signal ends the waiting. */
		if (poll(&ready, 1, -1) < 0 && interrupted)
			return err_set(e, ERR_SYSTEM, "interrupted");
		n = fd_read(STDIN_FILENO, room, 64 * KIB);
		if (n > 0 && !fd_write_all(to, room, (size_t)n))
			return err_errno(e, ERR_SYSTEM, errno, "TMPDIR");
	}
	return n == 0 || err_errno(e, ERR_SYSTEM, errno, "standard input");
}

static int
render_copy(const struct cli *cli, const struct render_words *w, char *path)
{
	char *in[] = { path, NULL };
	struct cli_files files;
	struct err e;
	scoped_fd fd =
	    open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int status;

	if (fd < 0) {
		(void)err_errno(&e, ERR_SYSTEM, errno, "%s", path);
		return cli_fail(&e);
	}
	if (!copy_stdin(fd, &e) || !files_find(in, 1, NULL, &files, &e))
		return interrupted ? STATUS_INT : cli_fail(&e);
	free(files.file[0].shown);
	files.file[0].shown = xstrdup("-");
	status = render_files(cli, w, &files);
	files_free(&files);
	return status;
}

static int
render_stdin(const struct cli *cli, const struct render_words *w)
{
	/* One thread as yet. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	const char *tmp = getenv("TMPDIR");
	char folder[PATH_MAX - 16];
	char path[PATH_MAX];
	struct err e;
	int status;

	(void)snprintf(folder, sizeof(folder), "%s/pictor-XXXXXX",
	    tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");
	catch_signals();
	if (mkdtemp(folder) == NULL) {
		(void)err_errno(&e, ERR_SYSTEM, errno, "%s", folder);
		return cli_fail(&e);
	}
	(void)snprintf(path, sizeof(path), "%s/stdin", folder);
	status = render_copy(cli, w, path);
	(void)unlink(path);
	(void)rmdir(folder);
	return status;
}

int
cli_render(const struct cli *cli)
{
	struct render_words w;
	struct cli_files files;
	struct err e;
	int status = STATUS_USAGE;

	if (!render_words_read(cli, &w, &e)) {
		cli_complain("%s", e.detail);
	} else if (render_words_stdin(&w)) {
		status = render_stdin(cli, &w);
	} else if (files_find(w.in, w.nin, w.folder, &files, &e)) {
		status = render_files(cli, &w, &files);
		files_free(&files);
	} else {
		status = cli_fail(&e);
	}
	render_words_free(&w);
	return status;
}
