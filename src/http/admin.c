/* SPDX-License-Identifier: Apache-2.0 */
#include "http/admin.h"

#include <microhttpd.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/slice.h"
#include "http/http.h"
#include "metric/metric.h"

enum { CONNECTIONS = 64, IDLE_S = 15, TEXT_MAX = 256 };

struct admin {
	const struct http_parts *parts;
	struct MHD_Daemon *daemon;
	int fd;
};

/* What a page says: malloc'd text. */
struct reply {
	int status;
	const char *media_type;
	char *at;
	size_t size;
};

static void
reply_set(struct reply *t, int status, const char *line)
{
	t->status = status;
	t->at = xstrdup(line);
	t->size = strlen(line);
}

static void
show_health(const struct admin *a, struct reply *out)
{
	(void)a;
	reply_set(out, 200, "ok\n");
}

static void
show_ready(const struct admin *a, struct reply *out)
{
	const char *why = a->parts->not_ready(a->parts->owner);
	char line[TEXT_MAX];

	(void)snprintf(line, sizeof(line), "%s\n", why != NULL ? why : "ready");
	reply_set(out, why != NULL ? 503 : 200, line);
}

static void
show_metrics(const struct admin *a, struct reply *out)
{
	a->parts->refresh(a->parts->owner);
	out->status = 200;
	out->media_type = "text/plain; version=0.0.4; charset=utf-8";
	out->at = metric_print(&out->size);
}

static const struct {
	const char *path;
	void (*show)(const struct admin *a, struct reply *out);
} pages[] = {
	{ "/healthz", show_health },
	{ "/readyz", show_ready },
	{ "/metrics", show_metrics },
};

static void
find_page(const struct admin *a, struct slice path, struct slice method,
    struct reply *out)
{
	size_t i = 0;

	while (i < NELEM(pages) && !slice_is(path, pages[i].path))
		i++;
	if (i == NELEM(pages))
		reply_set(out, 404, "here are /healthz, /readyz, /metrics\n");
	else if (!slice_is(method, "GET") && !slice_is(method, "HEAD"))
		reply_set(out, 405, "GET and HEAD only\n");
	else
		pages[i].show(a, out);
}

static enum MHD_Result
answer(const struct admin *a, struct MHD_Connection *connection,
    const char *url, const char *method)
{
	struct reply reply = { .media_type = "text/plain; charset=utf-8" };
	struct MHD_Response *response = NULL;
	enum MHD_Result done = MHD_NO;

	find_page(a, slice_of(url), slice_of(method), &reply);
	response = MHD_create_response_from_buffer(
	    reply.size, reply.at, MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		free(reply.at);
		return MHD_NO;
	}
	(void)MHD_add_response_header(
	    response, "Content-Type", reply.media_type);
	(void)MHD_add_response_header(response, "Cache-Control", "no-store");
	(void)MHD_add_response_header(
	    response, "X-Content-Type-Options", "nosniff");
	if (reply.status == 405)
		(void)MHD_add_response_header(response, "Allow", "GET, HEAD");
	done = MHD_queue_response(connection, (unsigned)reply.status, response);
	MHD_destroy_response(response);
	return done;
}

/* libmicrohttpd's signature. */
static enum MHD_Result /* NOLINTNEXTLINE(readability-function-size) */
handle(void *cls, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *size,
    void **context)
{
	static const char seen = 0;

	(void)version;
	(void)data;
	/* Answered in the first call, the connection would be closed. */
	if (*context == NULL) {
		*context = (void *)(uintptr_t)&seen;
		return MHD_YES;
	}
	if (*size > 0) {
		*size = 0;
		return MHD_YES;
	}
	return answer(cls, connection, url, method);
}

bool
admin_start(
    int fd, const struct http_parts *parts, struct admin **out, struct err *e)
{
	struct admin *a = xcalloc(1, sizeof(*a));

	a->parts = parts;
	a->fd = fd;
	a->daemon = MHD_start_daemon(
	    MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, handle,
	    a, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
	    (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
	    (unsigned)IDLE_S, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	if (a->daemon == NULL) {
		free(a);
		return err_set(e, ERR_SYSTEM,
		    "the operators' listener "
		    "could not be started");
	}
	*out = a;
	return true;
}

/* libmicrohttpd closes the socket. */
void
admin_free(struct admin *a)
{
	if (a == NULL)
		return;
	MHD_stop_daemon(a->daemon);
	free(a);
}
