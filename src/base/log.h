/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System log: lines about the program, on stderr (journald adds time and
 * level from the <N> prefix when JOURNAL_STREAM is set), apart from the access
 * log and from events.
 *
 * Only programs and the modules that own a thread log; base, plan, dialect,
 * image and ops return errors instead. Never secrets; bytes of clients only
 * escaped (codec_log_escape). Thread-safe: one write(2) a line.
 */
#pragma once

#include "base/err.h"

void log_level_set(enum log_level most);
bool log_level_on(enum log_level level);
/* "error" "warning" "notice" "info" "debug" */
bool log_level_read(const char *text, enum log_level *level) must_check;
const char *log_level_name(enum log_level level);
void log_line(enum log_level level, const char *format, ...) printf_like(2, 3);
