/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System log: lines about the program, on stderr, apart from the access log and
 * from events. A line is "TIME LEVEL TEXT", or "<N>TEXT" where stderr is the
 * journal (JOURNAL_STREAM), which adds time and level itself.
 *
 * Only programs and the modules that own a thread log; base, plan, dialect,
 * image and ops return errors instead. Never secrets; bytes of clients only
 * escaped (codec_log_escape). Thread-safe: one write(2) a line, cut at 2 kB.
 */
#pragma once

#include "base/err.h"

void log_level_set(enum log_level most);
bool log_level_on(enum log_level level);
void log_line(enum log_level level, const char *format, ...) printf_like(2, 3);
