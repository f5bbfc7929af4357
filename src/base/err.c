/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors are filled here and nowhere else, so that every field is bounded,
 * NUL-terminated, and either set on purpose or empty.
 */
#include "base/err.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/codec.h"

/* Indexed by code; the first row stands for ERR_NONE and is never given out. */
static const struct err_row err_rows[ERR_COUNT] = {
#define ERR(name, code, status, level, max_age, text) \
	[ERR_##name] = { code, status, LOG_LEVEL_##level, max_age, text },
#include "base/err.def"
#undef ERR
};

#ifdef __clang_analyzer__
#undef err_set
#undef err_param
#undef err_hint
#undef err_source
#undef err_errno
#endif

const struct err_row *
err_row(enum err_code code)
{
	assert(code > ERR_NONE && code < ERR_COUNT);
	return &err_rows[code];
}

static void
err_reset(struct err *e, enum err_code code)
{
	assert(code > ERR_NONE && code < ERR_COUNT);
	memset(e, 0, sizeof(*e));
	e->code = code;
}

/*
 * What was given, cut to fit: at most a whole character is lost at the cut,
 * and a zero byte, which would hide the rest, is shown as '?'.
 */
static void
err_value(struct err *e, const char *value, size_t len)
{
	size_t n = len < sizeof(e->value) ? len : sizeof(e->value) - 1;

	if (n < len) {
		size_t cut = n;

		while (cut > 0 && n - cut < 3 &&
		    ((unsigned char)value[cut] & 0xc0) == 0x80)
			cut--;
		if (((unsigned char)value[cut] & 0xc0) != 0x80)
			n = cut;
	}
	for (size_t i = 0; i < n; i++)
		e->value[i] = (char)(value[i] != '\0' ? value[i] : '?');
	e->value[n] = '\0';
}

bool
err_set(struct err *e, enum err_code code, const char *detail, ...)
{
	va_list args;

	err_reset(e, code);
	va_start(args, detail);
	vsnprintf(e->detail, sizeof(e->detail), detail, args);
	va_end(args);
	return false;
}

bool
err_param(struct err *e, enum err_code code, const char *param,
    const char *value, size_t value_len, const char *accepted, ...)
{
	char shown[80];
	va_list args;

	err_reset(e, code);
	snprintf(e->param, sizeof(e->param), "%s", param);
	if (value_len > 0)
		err_value(e, value, value_len);
	va_start(args, accepted);
	vsnprintf(e->accepted, sizeof(e->accepted), accepted, args);
	va_end(args);

	/* Both cut, so that a long value leaves room for what is accepted. */
	codec_json_escape(slice_of(e->value), shown, sizeof(shown));
	snprintf(e->detail, sizeof(e->detail), "%s=%s: %s%.*s", e->param, shown,
	    e->accepted[0] != '\0' ? "accepted: " : "not accepted", 90,
	    e->accepted);
	return false;
}

bool
err_hint(struct err *e, const char *hint, ...)
{
	va_list args;

	assert(e->code != ERR_NONE);
	va_start(args, hint);
	vsnprintf(e->hint, sizeof(e->hint), hint, args);
	va_end(args);
	return false;
}

bool
err_source(struct err *e, int source)
{
	char detail[ERR_DETAIL_MAX];
	int len;

	assert(e->code != ERR_NONE && source > 0);
	if (e->source != 0)
		return false;
	e->source = source;
	memcpy(detail, e->detail, sizeof(detail));
	len = snprintf(e->detail, sizeof(e->detail), "overlay %d: ", source);
	memcpy(e->detail + len, detail, sizeof(detail) - (size_t)len);
	e->detail[sizeof(e->detail) - 1] = '\0';
	return false;
}

void
err_name(struct err *e, const char *param, const char *value, size_t value_len)
{
	if (e->param[0] == '\0')
		snprintf(e->param, sizeof(e->param), "%s", param);
	if (e->value[0] == '\0' && strcmp(e->param, param) == 0)
		err_value(e, value, value_len);
}

bool
err_errno(
    struct err *e, enum err_code code, int errnum, const char *detail, ...)
{
	/* Untranslated and without a shared buffer, unlike strerror(). */
	const char *text = strerrordesc_np(errnum);
	va_list args;
	int len;

	err_reset(e, code);
	va_start(args, detail);
	len = vsnprintf(e->detail, sizeof(e->detail), detail, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(e->detail))
		return false;
	if (text != NULL)
		snprintf(e->detail + len, sizeof(e->detail) - (size_t)len,
		    ": %s", text);
	else
		snprintf(e->detail + len, sizeof(e->detail) - (size_t)len,
		    ": errno %d", errnum);
	return false;
}
