/* SPDX-License-Identifier: Apache-2.0 */
/* Tables about output: log lines, termination messages. Computed by the supervisor's own code. */
#include "sim/calc_internal.h"

#include "sim/expect.h"
#include "supervisor/logs.h"

#include <stdio.h>
#include <stdlib.h>

/* "20000 bytes of x and a newline", "5000 bytes": made; anything else: as it is. */
static void put_data(const char *text, struct sp_buf *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || strncmp(end, " bytes", 6) != 0) {
		sp_buf_puts(out, text);
		return;
	}
	for (unsigned long i = 0; i < n; i++)
		sp_buf_putc(out, strstr(end, "of x") ? 'x' : (char)('a' + i % 26));
	if (strstr(end, "newline"))
		sp_buf_putc(out, '\n');
}

/* "<16384 x>" stands for as many; the rest is left as it is. */
static void put_wanted(const char *text, struct sp_buf *out)
{
	while (*text) {
		char *end;
		unsigned long n = *text == '<' ? strtoul(text + 1, &end, 10) : 0;

		if (n && end[0] == ' ' && end[1] && end[2] == '>') {
			sp_buf_fill(out, end[1], n);
			text = end + 3;
		} else {
			sp_buf_putc(out, *text++);
		}
	}
}

static bool goes_on(const struct sp_node *writes, uint32_t i, const char *stream)
{
	for (uint32_t k = i + 1; k < writes->n; k++)
		if (sp_streq(sp_node_str(sp_node_get(writes->items[k], "stream"), ""), stream))
			return true;
	return false;
}

/* A rest without newline may be shown as a full or as a partial line. */
static bool same_line(const char *want, char *got)
{
	char *mark = strstr(got, " F ");

	if (sp_expect_text(want, got))
		return true;
	if (!mark)
		return false;
	mark[1] = 'P';
	return sp_expect_text(want, got);
}

int sp_calc_log(struct sp_calc *t, const struct sp_node *writes, const struct sp_node *lines)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	struct sp_log_stream streams[2] = {0};
	char *line, *nl;

	if (writes->kind != SP_NODE_LIST || lines->kind != SP_NODE_LIST)
		return sp_scn_fail(t->r, writes, "writes and lines are lists");
	for (uint32_t i = 0; i < writes->n; i++) {
		SP_CLEANUP(sp_buf_done) struct sp_buf data = {0};
		const char *name = sp_node_str(sp_node_get(writes->items[i], "stream"), "stdout");
		struct sp_log_stream *s = &streams[sp_streq(name, "stderr")];

		put_data(sp_node_str(sp_node_get(writes->items[i], "data"), ""), &data);
		sp_log_format(s, name, 0, data.ptr, data.len, !goes_on(writes, i, name), &out);
	}
	free(streams[0].pending);
	free(streams[1].pending);
	line = out.ptr;
	for (t->row = 1; t->row <= lines->n; t->row++) {
		SP_CLEANUP(sp_buf_done) struct sp_buf want = {0};

		put_wanted(sp_node_str(lines->items[t->row - 1], ""), &want);
		nl = line ? strchr(line, '\n') : NULL;
		if (nl)
			*nl = '\0';
		if (!nl || !same_line(want.ptr, line))
			sp_diff_add(t->diff, "line %u: expected %.60s, got %.60s", t->row, want.ptr,
				    nl ? line : "nothing");
		line = nl ? nl + 1 : NULL;
	}
	if (line && *line)
		sp_diff_add(t->diff, "line %u: expected nothing, got %.60s", t->row, line);
	return 0;
}

/* {policy, file, log, exitCode} → the message. */
int sp_calc_termination(struct sp_calc *t, const struct sp_node *c)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf file = {0}, log = {0}, got = {0};
	const char *want = sp_node_str(sp_node_get(c, "message"), "");
	const struct sp_node *code = sp_node_get(c, "exitCode");
	const char *text = sp_node_str(sp_node_get(c, "log"), "");
	struct sp_log_stream s = {0};
	unsigned long n;
	int end = 0;

	put_data(sp_node_str(sp_node_get(c, "file"), ""), &file);
	sp_log_format(&s, "stdout", 0, text, strlen(text), true, &log);
	free(s.pending);
	if (sp_termination_message(sp_node_str(sp_node_get(c, "policy"), NULL), file.ptr, file.len,
				   code ? (int32_t)code->i : 0, &got))
		sp_log_unformat(log.ptr, log.len, SP_LOG_TAIL_LINES, SP_LOG_TAIL_BYTES, &got);
	while (!file.len && got.len &&
	       got.ptr[got.len - 1] == '\n') /* the table shows no newlines */
		got.ptr[--got.len] = '\0';
	/* NOLINTNEXTLINE(cert-err34-c): too large a number matches no file */
	if (sscanf(want, "the last %lu bytes%n", &n, &end) == 1 && end && !want[end] &&
	    n <= file.len)
		want = file.ptr + file.len - n;
	sp_calc_differs(t, "message", want, got.len ? got.ptr : "");
	return 0;
}
