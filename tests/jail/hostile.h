/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What jail_hostile is asked to do, by the width of a resize. Originals that
 * end with this byte crash it whatever is asked.
 */
#pragma once

enum { HOSTILE_POISON = 'X' };
/* With this address space, 1G, it does not start. */
enum { HOSTILE_NO_START = 1 << 30 };

enum hostile {
	HOSTILE_HONEST = 1,
	HOSTILE_TEXT,
	HOSTILE_TWICE,
	HOSTILE_CUT,
	HOSTILE_WORDS,
	HOSTILE_PRINT,
	HOSTILE_MUTE,
	HOSTILE_HANG_UP,
	HOSTILE_CRASH,
	HOSTILE_THREADS,
	HOSTILE_SPILL,
	/* Messages that are wrong. */
	HOSTILE_SHORT,
	HOSTILE_LONG,
	HOSTILE_MAGIC,
	HOSTILE_KIND,
	HOSTILE_SEQ,
	HOSTILE_SIZE,
	HOSTILE_CODE,
	/* Results that are not what was asked for. */
	HOSTILE_FORMAT,
	HOSTILE_OTHER_FORMAT,
	HOSTILE_BYTES,
	HOSTILE_SIDE,
	HOSTILE_PIXELS,
	HOSTILE_TIME,
	HOSTILE_COUNT
};
