/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What containers write: the first byte says in what pieces it is read and how the log is cut. As
 * log lines it reads back as the same bytes, whole or from any place on; and as a last word it
 * stays short.
 */
#include "cli/podlogs.h"
#include "supervisor/logs.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Join the contents of log lines; a last line without an end gets one, as in the file. */
static void read_back(const struct sp_buf *log, struct sp_buf *ret)
{
	const char *p = log->ptr ? log->ptr : "", *end = p + log->len;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		struct sp_log_line l;
		bool partial;

		assert(nl);
		assert(sp_log_parse((struct sp_str){p, (size_t)(nl - p)}, &l, &partial));
		assert(l.wall_ns == 1700000000123456789 && !l.is_stderr);
		sp_buf_add(ret, l.text.ptr, l.text.len);
		if (!partial)
			sp_buf_putc(ret, '\n');
		p = nl + 1;
	}
}

static void round_trip(const char *bytes, size_t size, size_t piece)
{
	struct sp_log_stream stream = {0};
	struct sp_buf log = {0}, back = {0}, tail = {0};

	for (size_t at = 0; at < size; at += piece)
		sp_log_format(&stream, "stdout", 1700000000123456789, bytes + at,
			      SP_MIN(piece, size - at), false, &log);
	sp_log_format(&stream, "stdout", 1700000000123456789, "", 0, true, &log);
	read_back(&log, &back);
	if (size && bytes[size - 1] != '\n') {
		assert(back.len == size + 1 && back.ptr[size] == '\n');
		back.len--;
	}
	assert(back.len == size && (!size || memcmp(back.ptr, bytes, size) == 0));
	if (log.len)
		sp_log_unformat(log.ptr + piece % log.len, log.len - piece % log.len,
				SP_LOG_TAIL_LINES, SP_LOG_TAIL_BYTES, &tail);
	assert(tail.len <= SP_LOG_TAIL_BYTES);
	sp_buf_done(&log);
	sp_buf_done(&back);
	sp_buf_done(&tail);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data + 1;
	struct sp_buf out = {0};
	struct sp_log_line l;
	bool partial;

	if (size < 1)
		return 0;
	size--;
	round_trip(bytes, size, (size_t)data[0] + 1);
	(void)sp_log_parse((struct sp_str){bytes, size}, &l, &partial); /* any answer is right */
	sp_log_unformat(bytes, size, 3, 64, &out);
	assert(out.len <= 64);
	sp_buf_clear(&out);
	if (sp_termination_message(data[0] & 1 ? "FallbackToLogsOnError" : NULL, bytes, size, 1,
				   &out))
		assert(!size && !out.len);
	assert(out.len <= SP_TERM_MAX);
	sp_buf_done(&out);
	return 0;
}
