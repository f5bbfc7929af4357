/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_aws.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/digest.h"
#include "base/lock.h"
#include "net/sigv4.h"

struct question {
	struct fake_aws *f;
	int fd;
	char head[32768];
	char *body;
	size_t nbody;
	char method[8], target[1024];
};

/* ---- HTTP ---- */

static void
header(const struct question *q, const char *name, char *out, size_t size)
{
	const char *at = q->head;
	size_t n = strlen(name);

	out[0] = '\0';
	while ((at = strstr(at, "\r\n")) != NULL) {
		at += 2;
		if (strncasecmp(at, name, n) != 0 || at[n] != ':')
			continue;
		at += n + 1;
		at += strspn(at, " ");
		snprintf(out, size, "%.*s", (int)strcspn(at, "\r"), at);
		return;
	}
}

static void
send_all(int fd, const char *data, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, data, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		data += sent;
		n -= (size_t)sent;
	}
}

static void
answer(struct question *q, int status, const char *headers, const char *body)
{
	char head[1024], date[CLOCK_HTTP_SIZE];
	int64_t now = clock_wall_ns() / NS_PER_S;

	clock_http(q->f->fault == FAKE_SKEWED ? now + 3600 : now, date);
	snprintf(head, sizeof(head),
	    "HTTP/1.1 %d X\r\nDate: %s\r\nContent-Length: %zu\r\n%s"
	    "Connection: close\r\n\r\n",
	    status, date, strlen(body), headers);
	send_all(q->fd, head, strlen(head));
	send_all(q->fd, body, strlen(body));
}

/* Until the other side leaves, or the test ends. */
static void
without_end(struct question *q, const char *first, const char *more)
{
	send_all(q->fd, first, strlen(first));
	while (!q->f->stop) {
		struct pollfd p = { .fd = q->fd, .events = POLLRDHUP };

		if (poll(&p, 1, more != NULL ? 0 : 20) > 0)
			return;
		if (more != NULL)
			send_all(q->fd, more, strlen(more));
	}
}

static int
read_question(struct question *q)
{
	size_t n = 0;
	char *end = NULL, length[32];

	while (end == NULL && n < sizeof(q->head) - 1) {
		ssize_t got =
		    recv(q->fd, q->head + n, sizeof(q->head) - 1 - n, 0);

		if (got <= 0)
			return -1;
		n += (size_t)got;
		q->head[n] = '\0';
		end = strstr(q->head, "\r\n\r\n");
	}
	if (end == NULL ||
	    sscanf(q->head, "%7s %1023s", q->method, q->target) != 2)
		return -1;
	q->body = end + 4;
	header(q, "Content-Length", length, sizeof(length));
	q->nbody = length[0] != '\0' ? (size_t)atoi(length) : 0;
	while (n < (size_t)(q->body - q->head) + q->nbody) {
		ssize_t got =
		    recv(q->fd, q->head + n, sizeof(q->head) - 1 - n, 0);

		if (got <= 0)
			return -1;
		n += (size_t)got;
	}
	q->body[q->nbody] = '\0';
	return 0;
}

/* ---- Keys ---- */

struct keys {
	char access[32], secret[32], token[32], until[CLOCK_ISO_SIZE];
};

static void
make_keys(struct fake_aws *f, struct keys *k)
{
	const int n = atomic_fetch_add(&f->made, 1) + 1;
	int64_t until = clock_wall_ns() + f->life_s * NS_PER_S;

	if (f->fault == FAKE_SKEWED)
		until += 3600 * NS_PER_S;
	if (f->fault == FAKE_EXPIRED)
		until = clock_wall_ns() - 60 * NS_PER_S;
	snprintf(k->access, sizeof(k->access), "AKID%d", n);
	snprintf(k->secret, sizeof(k->secret), "HIDDEN%d", n);
	snprintf(k->token, sizeof(k->token), "TOKEN%d", n);
	/* As AWS writes it, without milliseconds. */
	clock_iso(until, k->until);
	strcpy(k->until + 19, "Z");
}

static void
answer_json(struct question *q)
{
	struct keys k;
	char body[512];

	make_keys(q->f, &k);
	snprintf(body, sizeof(body),
	    "{ \"Code\": \"%s\", \"AccessKeyId\": \"%s\", \"%s\": \"%s\", "
	    "\"Token\": \"%s\", \"Expiration\": \"%s\" }",
	    q->f->fault == FAKE_REFUSED ? "AssumeRoleUnauthorizedAccess"
					: "Success",
	    k.access,
	    q->f->fault == FAKE_PARTIAL ? "Nothing" : "SecretAccessKey",
	    k.secret, k.token, k.until);
	answer(q, 200, "", q->f->fault == FAKE_GARBAGE ? "{ HIDDEN0" : body);
}

static void
answer_xml(struct question *q, const char *action)
{
	struct keys k;
	char body[1024];

	make_keys(q->f, &k);
	snprintf(body, sizeof(body),
	    "<%sResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
	    "<%sResult><Credentials><AccessKeyId>%s</AccessKeyId>"
	    "<%s>%s</%s><SessionToken>%s</SessionToken>"
	    "<Expiration>%s</Expiration></Credentials></%sResult></%sResponse>",
	    action, action, k.access,
	    q->f->fault == FAKE_PARTIAL ? "Nothing" : "SecretAccessKey",
	    k.secret,
	    q->f->fault == FAKE_PARTIAL ? "Nothing" : "SecretAccessKey",
	    k.token, k.until, action, action);
	answer(q, 200, "",
	    q->f->fault == FAKE_GARBAGE
		? "<!DOCTYPE a [<!ENTITY b \"HIDDEN0\">]><a>&b;</a>"
		: body);
}

static void
answer_error(struct question *q, int status, const char *code)
{
	char body[512];

	snprintf(body, sizeof(body),
	    "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code>"
	    "<Message>not &lt;so&gt;</Message></Error></ErrorResponse>",
	    code);
	answer(q, status, "", body);
}

/* ---- Services ---- */

static int
first_fault(struct question *q)
{
	return atomic_fetch_add(&q->f->faults, 1) == 0;
}

static void
container(struct question *q)
{
	char token[256];

	header(q, "Authorization", token, sizeof(token));
	if (strcmp(q->method, "GET") != 0 || strcmp(token, q->f->token) != 0)
		answer(q, 403, "", "{\"message\": \"no HIDDEN0\"}");
	else
		answer_json(q);
}

static void
instance(struct question *q)
{
	struct fake_aws *f = q->f;
	char token[64], want[64];

	if (strcmp(q->method, "PUT") == 0) {
		header(q, "X-aws-ec2-metadata-token-ttl-seconds", token,
		    sizeof(token));
		if (f->fault == FAKE_OLD || strcmp(token, "21600") != 0 ||
		    strcmp(q->target, "/latest/api/token") != 0) {
			answer(q, f->fault == FAKE_OLD ? 404 : 400, "", "");
			return;
		}
		snprintf(want, sizeof(want), "SESSION-HIDDEN-%d==",
		    atomic_fetch_add(&f->sessions, 1) + 1);
		answer(q, 200, "", want);
		return;
	}
	header(q, "X-aws-ec2-metadata-token", token, sizeof(token));
	snprintf(want, sizeof(want), "SESSION-HIDDEN-%d==", f->sessions);
	if (token[0] == '\0')
		f->version1++;
	if (strcmp(token, want) != 0 ||
	    (f->fault == FAKE_FORGETS && first_fault(q)))
		answer(q, 401, "", "");
	else if (strcmp(q->target,
		     "/latest/meta-data/iam/security-credentials/") == 0)
		answer(q, 200, "", "my role\n");
	else if (strcmp(q->target,
		     "/latest/meta-data/iam/security-credentials/"
		     "my%20role") == 0)
		answer_json(q);
	else if (strcmp(q->target, "/latest/meta-data/placement/region") == 0)
		answer(q, 200, "", "eu-test-7");
	else
		answer(q, 404, "", "");
}

/* Signs what came as whoever has the keys would have. */
static int
signature_fits(struct question *q)
{
	struct fake_aws *f = q->f;
	const struct digest d = digest_of(q->body, q->nbody);
	char hex[2 * DIGEST_SIZE + 1], host[64], date[32], got[4096], token[64];
	const struct sigv4_pair type = { "content-type",
		"application/x-www-form-urlencoded" };
	struct sigv4_request r = { .method = "POST",
		.host = host,
		.path = SLICE("/"),
		.header = &type,
		.nheader = 1,
		.payload = hex,
		.region = "eu-test-1",
		.service = "sts",
		.access = f->access,
		.secret = f->secret,
		.token = f->session };
	struct sigv4_signed made;
	struct tm tm = { .tm_year = 0 };
	struct err e;

	codec_hex(d.byte, DIGEST_SIZE, hex);
	header(q, "Host", host, sizeof(host));
	header(q, "X-Amz-Date", date, sizeof(date));
	header(q, "Authorization", got, sizeof(got));
	header(q, "X-Amz-Security-Token", token, sizeof(token));
	if (strptime(date, "%Y%m%dT%H%M%SZ", &tm) == NULL ||
	    strcmp(token, f->session != NULL ? f->session : "") != 0)
		return 0;
	r.at_s = timegm(&tm);
	return sigv4_sign(&r, &made, &e) &&
	    strcmp(made.authorization, got) == 0;
}

static int
is_late(struct question *q)
{
	char date[32];
	struct tm tm = { .tm_year = 0 };
	int64_t now = clock_wall_ns() / NS_PER_S;

	header(q, "X-Amz-Date", date, sizeof(date));
	if (q->f->fault == FAKE_SKEWED)
		now += 3600;
	return strptime(date, "%Y%m%dT%H%M%SZ", &tm) == NULL ||
	    timegm(&tm) < now - 900 || timegm(&tm) > now + 900;
}

static int
form_has(struct question *q, const char *name, const char *value)
{
	char want[1024];
	size_t n = (size_t)snprintf(want, sizeof(want), "&%s=", name);

	n += codec_percent_encode(slice_of(value), NULL, want + n);
	want[n] = '\0';
	return value[0] == '\0' ? strstr(q->body, name) == NULL
				: strstr(q->body, want) != NULL;
}

static void
sts(struct question *q)
{
	struct fake_aws *f = q->f;

	snprintf(f->last, sizeof(f->last), "%s", q->body);
	if (f->fault == FAKE_REFUSED)
		answer_error(q, 403, "AccessDenied");
	else if (f->fault == FAKE_ONCE && first_fault(q))
		answer_error(q, 400, "IDPCommunicationError");
	else if (strncmp(q->body, "Action=AssumeRoleWithWebIdentity&", 33) ==
	    0) {
		if (form_has(q, "WebIdentityToken", f->identity))
			answer_xml(q, "AssumeRoleWithWebIdentity");
		else
			answer_error(q, 400, "InvalidIdentityToken");
	} else if (is_late(q))
		answer_error(q, 403, "SignatureDoesNotMatch");
	else if (!signature_fits(q) ||
	    strncmp(q->body, "Action=AssumeRole&Version=2011-06-15&", 37) != 0)
		answer_error(q, 403, "InvalidClientTokenId");
	else if (!form_has(q, "ExternalId", f->external_id))
		answer_error(q, 403, "AccessDenied");
	else
		answer_xml(q, "AssumeRole");
}

/* What is wrong before anyone looks at the question. */
static int
is_faulty(struct question *q)
{
	switch ((enum fake_fault)q->f->fault) {
	case FAKE_STALL:
		without_end(q, "", NULL);
		return 1;
	case FAKE_HUGE:
		without_end(q,
		    "HTTP/1.1 200 X\r\nConnection: close\r\n\r\n"
		    "{ \"AccessKeyId\": \"",
		    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
		return 1;
	case FAKE_LONG_HEAD:
		without_end(q, "HTTP/1.1 200 X\r\n",
		    "X-AAAAAAAAAAAAAAA: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n");
		return 1;
	case FAKE_ERROR:
		answer(q, 500, "", "HIDDEN0");
		return 1;
	case FAKE_ONCE:
		if (strcmp(q->method, "POST") == 0 || !first_fault(q))
			return 0;
		answer(q, 503, "", "");
		return 1;
	case FAKE_REDIRECT:
		if (strncmp(q->target, "/moved", 6) == 0)
			return 0;
		answer(q, 307, "Location: /moved\r\n", "");
		return 1;
	case FAKE_RIGHT:
	case FAKE_GARBAGE:
	case FAKE_PARTIAL:
	case FAKE_REFUSED:
	case FAKE_EXPIRED:
	case FAKE_SKEWED:
	case FAKE_OLD:
	case FAKE_FORGETS:
		return 0;
	}
	return 0;
}

static void
serve(struct fake_aws *f, int fd)
{
	struct question *q = xcalloc(1, sizeof(*q));

	q->f = f;
	q->fd = fd;
	if (read_question(q) == 0) {
		f->asked++;
		if (is_faulty(q))
			(void)0;
		else if (strcmp(q->method, "POST") == 0)
			sts(q);
		else if (strncmp(q->target, "/latest/", 8) == 0)
			instance(q);
		else
			container(q);
	}
	free(q);
	close(fd);
}

static void *
run(void *arg)
{
	struct fake_aws *f = arg;

	while (!f->stop) {
		struct pollfd p = { .fd = f->fd, .events = POLLIN };
		int fd;

		if (poll(&p, 1, 20) <= 0)
			continue;
		fd = accept4(f->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			serve(f, fd);
	}
	return NULL;
}

void
fake_aws_start(struct fake_aws *f)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(at);

	memset(f, 0, sizeof(*f));
	f->life_s = 3600;
	f->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert(f->fd >= 0);
	assert(bind(f->fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	assert(listen(f->fd, 64) == 0);
	assert(getsockname(f->fd, (struct sockaddr *)&at, &size) == 0);
	f->port = ntohs(at.sin_port);
	f->thread = thread_start("fake-aws", run, f);
}

void
fake_aws_stop(struct fake_aws *f)
{
	f->stop = 1;
	(void)pthread_join(f->thread, NULL);
	close(f->fd);
}
