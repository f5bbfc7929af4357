/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the spool. Input: a letter, then for r the bytes of a segment, for p
 * a packed event, which is put into a segment with a good checksum. Whatever
 * is read prints as JSON.
 */
#include <sys/mman.h>

#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "event/pack.h"
#include "event/segment.h"
#include "event/spool.h"
#include "fuzz.h"

enum { SALT = 7 };

static void
read_all(const char *path, size_t size)
{
	struct spool_reader *r = NULL;
	struct spool_event event;
	struct spool_seen seen;
	uint64_t before = 0;
	struct err e;

	if (!spool_reader_open_file(path, &r, &e)) {
		fuzz_check_err(&e);
		return;
	}
	while (spool_reader_next(r, &event) == SPOOL_EVENT) {
		scoped_json json = json_read(event.json, &e);

		assert(json != NULL);
		assert(memchr(event.json.at, '\n', event.json.len) == NULL);
		/* It goes on, inside of the file. */
		assert(event.next.offset > event.place.offset);
		assert(event.place.offset >= before);
		assert(event.next.offset <= size);
		before = event.next.offset;
	}
	spool_reader_look(r, &seen);
	assert(seen.damaged_bytes <= size);
	spool_reader_free(r);
}

static void
write_packed(int fd, const uint8_t *body, size_t size)
{
	struct segment segment = { .number = 1, .salt = SALT };
	uint8_t head[SEGMENT_HEAD];
	uint8_t frame[FRAME_HEAD];
	bool done;

	segment_head(&segment, 1, head);
	frame_head(SALT, body, size, frame);
	done = fd_write_all(fd, head, sizeof(head)) &&
	    fd_write_all(fd, frame, sizeof(frame)) &&
	    fd_write_all(fd, body, size);
	assert(done);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	scoped_fd fd = -1;
	off_t end;

	if (size == 0 || size > FRAME_MAX)
		return 0;
	fd = memfd_create("spool", MFD_CLOEXEC);
	assert(fd >= 0);
	if (data[0] == 'p') {
		write_packed(fd, data + 1, size - 1);
	} else {
		bool done = fd_write_all(fd, data + 1, size - 1);

		assert(done);
	}
	end = lseek(fd, 0, SEEK_END);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_all(path, (size_t)end);
	return 0;
}
