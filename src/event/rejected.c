/* SPDX-License-Identifier: Apache-2.0 */
#include "event/rejected.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "event/pack.h"
#include "event/segment.h"

/* All of it at that place, or nothing. */
static bool
write_at(int fd, void *data, size_t size, uint64_t at)
{
	struct iovec all = { data, size };

	if (fd_write_vectors(fd, &all, 1, (off_t)at) == (ssize_t)size)
		return true;
	/* Where this fails, too, readers skip what is torn. */
	(void)!ftruncate(fd, (off_t)at);
	return false;
}

/* The salt of the records that are there; a head is made where there is none. */
static bool
head_find(int fd, uint64_t *size, uint32_t *salt)
{
	struct segment segment = { .salt = *salt };
	uint8_t head[SEGMENT_HEAD];

	if (*size >= SEGMENT_HEAD &&
	    pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head))
		return false;
	if (*size >= SEGMENT_HEAD && segment_head_read(head, &segment)) {
		*salt = segment.salt;
		return true;
	}
	segment_head(&segment, clock_wall_ns(), head);
	/* A full disk has cut it: there is nothing behind it. */
	if (*size < SEGMENT_HEAD) {
		*size = sizeof(head);
		return write_at(fd, head, sizeof(head), 0);
	}
	/* Damaged: what is behind it is read by the spool's salt, as a rule. */
	return pwrite(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head);
}

bool
rejected_put(
    int folder, uint32_t salt, uint64_t most, const struct event *event)
{
	uint8_t frame[FRAME_HEAD + PACK_MAX];
	size_t size = pack_event(event, frame + FRAME_HEAD);
	scoped_fd fd = openat(folder, "rejected.seg",
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
	    0640);
	uint64_t end;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	end = (uint64_t)st.st_size;
	if (!head_find(fd, &end, &salt) || end + FRAME_HEAD + size > most)
		return false;
	frame_head(salt, frame + FRAME_HEAD, size, frame);
	return write_at(fd, frame, FRAME_HEAD + size, end);
}
