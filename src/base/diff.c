/* SPDX-License-Identifier: Apache-2.0 */
/* Unified diffs by the greedy algorithm of Myers, over lines. */
#include "base/diff.h"

#include <stdlib.h>

#define AROUND    3
#define STEPS_MAX 1000 /* lines that differ; the trace needs the square of it */

struct side {
	const char *text;
	size_t len;
	struct sp_str *v; /* lines with their ends */
	size_t n;
};

/* One line of the script: ' ' in both, '-' only before, '+' only after. */
struct script {
	char *kinds;
	size_t n;
};

static void side_done(struct side *s)
{
	free(s->v);
}

static void script_done(struct script *s)
{
	free(s->kinds);
}

static bool split(struct side *s)
{
	size_t n = 0, i = 0;

	for (size_t k = 0; k < s->len; k++)
		n += s->text[k] == '\n';
	s->v = calloc(n + 1, sizeof(*s->v));
	if (!s->v)
		return false;
	while (i < s->len) {
		const char *nl = memchr(s->text + i, '\n', s->len - i);
		size_t k = nl ? (size_t)(nl - s->text) + 1 - i : s->len - i;

		s->v[s->n++] = (struct sp_str){s->text + i, k};
		i += k;
	}
	return true;
}

static bool same(const struct side *a, size_t i, const struct side *b, size_t k)
{
	return a->v[i].len == b->v[k].len && memcmp(a->v[i].ptr, b->v[k].ptr, a->v[i].len) == 0;
}

/* The middle parts, which begin at @skip and have n and m lines, as one replaced block. */
static void replace_all(struct script *s, size_t n, size_t m)
{
	memset(s->kinds + s->n, '-', n);
	memset(s->kinds + s->n + n, '+', m);
	s->n += n + m;
}

/* Is the step d onto diagonal k an insertion? @v: furthest x of the diagonals -(d-1) … d-1 */
static bool came_down(const int64_t *v, int64_t k, int64_t d)
{
	if (k - 1 < -(d - 1))
		return true;
	if (k + 1 > d - 1)
		return false;
	return v[k - 1] < v[k + 1];
}

/* Walk the kept traces from the end back, and write the kinds in reverse. */
static size_t walk_back(const int64_t *trace, int64_t steps, int64_t n, int64_t m, char *to)
{
	int64_t x = n, y = m;
	size_t len = 0;

	for (int64_t d = steps; d > 0; d--) {
		/* row d - 1 holds the furthest x of diagonals -(d-1) … d-1 */
		const int64_t *v = trace + (d - 1) * (d - 1) + (d - 1);
		int64_t k = x - y, from;
		bool down = came_down(v, k, d);

		from = down ? v[k + 1] : v[k - 1];
		for (int64_t start = down ? from : from + 1; x > start; x--, y--)
			to[len++] = ' ';
		to[len++] = down ? '+' : '-';
		x = from;
		y = from - (down ? k + 1 : k - 1);
	}
	for (; x > 0 && y > 0; x--, y--)
		to[len++] = ' ';
	return len;
}

/* Return: false when memory ran out. */
static bool compare(const struct side *a, const struct side *b, size_t skip, size_t n, size_t m,
		    struct script *s)
{
	int64_t max = (int64_t)SP_MIN(n + m, (size_t)STEPS_MAX), d = 0;
	/* row d has 2d + 1 diagonals and begins behind d² numbers */
	int64_t *trace = NULL;
	size_t room = 0;
	bool found = n == 0 && m == 0;

	for (; !found && d <= max; d++) {
		size_t need = (size_t)((d + 1) * (d + 1));
		int64_t *row;
		const int64_t *old = NULL;

		if (need > room) {
			int64_t *grown;

			room = SP_MAX(need * 2, (size_t)64);
			grown = realloc(trace, room * sizeof(*trace));
			if (!grown) {
				free(trace);
				return false;
			}
			trace = grown;
		}
		row = trace + d * d + d;
		if (d)
			old = trace + (d - 1) * (d - 1) + (d - 1);
		for (int64_t k = -d; k <= d && !found; k++) {
			int64_t x, y;

			row[k] = -1;
			if ((k + d) % 2 != 0)
				continue;
			if (d == 0)
				x = 0;
			else
				x = came_down(old, k, d) ? old[k + 1] : old[k - 1] + 1;
			y = x - k;
			while (x < (int64_t)n && y < (int64_t)m && y >= 0 && x >= 0 &&
			       same(a, skip + (size_t)x, b, skip + (size_t)y)) {
				x++;
				y++;
			}
			row[k] = x;
			found = x >= (int64_t)n && y >= (int64_t)m;
		}
		if (found)
			break;
	}
	if (!found) {
		replace_all(s, n, m);
	} else {
		size_t len = walk_back(trace, d, (int64_t)n, (int64_t)m, s->kinds + s->n);

		for (size_t i = 0; i < len / 2; i++) {
			char c = s->kinds[s->n + i];

			s->kinds[s->n + i] = s->kinds[s->n + len - 1 - i];
			s->kinds[s->n + len - 1 - i] = c;
		}
		s->n += len;
	}
	free(trace);
	return true;
}

static bool make_script(const struct side *a, const struct side *b, struct script *s)
{
	size_t head = 0, tail = 0;

	s->kinds = malloc(a->n + b->n + 1);
	if (!s->kinds)
		return false;
	while (head < a->n && head < b->n && same(a, head, b, head))
		head++;
	while (tail < a->n - head && tail < b->n - head &&
	       same(a, a->n - 1 - tail, b, b->n - 1 - tail))
		tail++;
	memset(s->kinds, ' ', head);
	s->n = head;
	if (!compare(a, b, head, a->n - head - tail, b->n - head - tail, s))
		return false;
	memset(s->kinds + s->n, ' ', tail);
	s->n += tail;
	return true;
}

static void print_line(char kind, struct sp_str line, bool color, struct sp_buf *out)
{
	bool ended = line.len && line.ptr[line.len - 1] == '\n';
	const char *on = kind == '-' ? "\x1b[31m" : kind == '+' ? "\x1b[32m" : "";

	if (color)
		sp_buf_puts(out, on);
	sp_buf_putc(out, kind);
	sp_buf_add(out, line.ptr, ended ? line.len - 1 : line.len);
	if (color && *on)
		sp_buf_puts(out, "\x1b[0m");
	sp_buf_putc(out, '\n');
	if (!ended)
		sp_buf_puts(out, "\\ No newline at end of file\n");
}

static void print_range(size_t from, size_t n, struct sp_buf *out)
{
	/* an empty range names the line in front of it */
	sp_buf_printf(out, "%zu", n ? from + 1 : from);
	if (n != 1)
		sp_buf_printf(out, ",%zu", n);
}

/* Steps [from, to) of the script, which begin at lines i and k. */
static void print_hunk(const struct side *a, const struct side *b, const struct script *s,
		       size_t from, size_t to, size_t i, size_t k, bool color, struct sp_buf *out)
{
	size_t n = 0, m = 0;

	for (size_t x = from; x < to; x++) {
		n += s->kinds[x] != '+';
		m += s->kinds[x] != '-';
	}
	sp_buf_puts(out, color ? "\x1b[36m@@ -" : "@@ -");
	print_range(i, n, out);
	sp_buf_puts(out, " +");
	print_range(k, m, out);
	sp_buf_puts(out, color ? " @@\x1b[0m\n" : " @@\n");
	for (size_t x = from; x < to; x++) {
		char kind = s->kinds[x];

		print_line(kind, kind == '+' ? b->v[k] : a->v[i], color, out);
		i += kind != '+';
		k += kind != '-';
	}
}

static void print_hunks(const struct side *a, const struct side *b, const struct script *s,
			bool color, struct sp_buf *out)
{
	size_t i = 0, k = 0, x = 0;

	while (x < s->n) {
		size_t from, to, quiet = 0;

		if (s->kinds[x] == ' ') {
			x++, i++, k++;
			continue;
		}
		from = x - SP_MIN(x, (size_t)AROUND);
		for (to = x; to < s->n && quiet <= 2 * AROUND; to++)
			quiet = s->kinds[to] == ' ' ? quiet + 1 : 0;
		to -= quiet > AROUND ? quiet - AROUND : 0;
		print_hunk(a, b, s, from, to, i - (x - from), k - (x - from), color, out);
		for (; x < to; x++) {
			i += s->kinds[x] != '+';
			k += s->kinds[x] != '-';
		}
	}
}

void sp_text_diff(const char *name, const char *before, size_t before_len, const char *after,
		  size_t after_len, bool color, struct sp_buf *out)
{
	SP_CLEANUP(side_done) struct side a = {.text = before, .len = before_len};
	SP_CLEANUP(side_done) struct side b = {.text = after, .len = after_len};
	SP_CLEANUP(script_done) struct script s = {0};
	bool bare = *name == '/' || *name == '<';
	const char *bold = color ? "\x1b[1m" : "", *off = color ? "\x1b[0m" : "";

	if (before_len == after_len && (!before_len || memcmp(before, after, before_len) == 0))
		return;
	if (!split(&a) || !split(&b) || !make_script(&a, &b, &s)) {
		out->failed = true;
		return;
	}
	sp_buf_printf(out, "%s--- %s%s%s\n", bold, bare ? "" : "a/", name, off);
	sp_buf_printf(out, "%s+++ %s%s%s\n", bold, bare ? "" : "b/", name, off);
	print_hunks(&a, &b, &s, color, out);
}
