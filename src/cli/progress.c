/* SPDX-License-Identifier: Apache-2.0 */
/* The modes of progress, and the block that is repainted in place. */
#include "cli/progress.h"

#include "cli/cli_internal.h"
#include "draw/draw.h"

#include <unistd.h>

#define LINES_OF_POD 3 /* fewer make no block */

enum sp_progress_mode sp_progress_flag(const struct sp_cli *cli)
{
	const char *v = sp_flag_text(cli, "progress");
	const char *term = cli->env("TERM");

	if (sp_streq(v, "tty"))
		return SP_PROGRESS_TTY;
	if (sp_streq(v, "plain"))
		return SP_PROGRESS_PLAIN;
	if (sp_streq(v, "json"))
		return SP_PROGRESS_JSON;
	if (sp_streq(v, "quiet"))
		return SP_PROGRESS_QUIET;
	return cli->err_look.tty && term && !sp_streq(term, "dumb") ? SP_PROGRESS_TTY
								    : SP_PROGRESS_PLAIN;
}

void sp_progress_init(struct sp_progress *p, struct sp_cli *cli, enum sp_progress_mode mode)
{
	*p = (struct sp_progress){.cli = cli, .mode = mode, .block = true};
}

static void flush(struct sp_progress *p, const struct sp_buf *b)
{
	if (b->len && !b->failed) /* a lost line of progress is not worth an error */
		(void)fwrite(b->ptr, 1, b->len, p->cli->err);
	(void)fflush(p->cli->err);
}

void sp_progress_erase(struct sp_progress *p)
{
	if (p->painted)
		fprintf(p->cli->err, "\r\033[%dA\033[J", p->painted);
	(void)fflush(p->cli->err);
	p->painted = 0;
}

static int lines_of(const struct sp_buf *b)
{
	int n = 0;

	for (size_t i = 0; i < b->len; i++)
		n += b->ptr[i] == '\n';
	return n;
}

/* Every line with "clear to its end" behind it, so that nothing of an older picture stays. */
static void put_lines(struct sp_buf *out, const struct sp_buf *lines)
{
	for (size_t i = 0; i < lines->len; i++) {
		if (lines->ptr[i] == '\n')
			sp_buf_puts(out, "\033[K");
		sp_buf_putc(out, lines->ptr[i]);
	}
}

static void pod_line(const struct sp_run *r, sp_time now, const struct sp_look *look,
		     struct sp_buf *out)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf name = {0}, text = {0};

	sp_buf_printf(&name, "pod/%s", r->header.pod);
	sp_run_column(r, &text);
	if (!name.failed && !text.failed)
		sp_progress_line(name.ptr, text.ptr, r->finished ? r->end : now, look, out);
}

/* Too many for a block each: a line each, what is under way first, the rest counted. */
static int paint_lines(struct sp_run *const *runs, uint32_t n, const sp_time *now,
		       const struct sp_look *look, int room, struct sp_buf *out)
{
	uint32_t shown = 0, most = n > (uint32_t)room ? (uint32_t)room - 1 : n;

	for (int quiet = 0; quiet < 2; quiet++)
		for (uint32_t i = 0; i < n && shown < most; i++)
			if (!sp_progress_working(runs[i]) == quiet) {
				pod_line(runs[i], now[i], look, out);
				shown++;
			}
	if (shown == n)
		return (int)shown;
	sp_buf_printf(out, " %s %u more\n", look->ascii ? "..." : "…", n - shown);
	return (int)shown + 1;
}

static void paint(struct sp_progress *p, struct sp_run *const *runs, uint32_t n, const sp_time *now,
		  bool last)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf block = {0}, out = {0};
	struct sp_look *look = &p->cli->err_look;
	struct sp_draw d;
	int left;

	if (p->mode != SP_PROGRESS_TTY || !p->block || (n == 0 && !p->board))
		return;
	if (look->tty) { /* the window may have another size by now */
		struct sp_look size = sp_look_open(STDERR_FILENO, "auto", look->ascii, p->cli->env);

		look->columns = size.columns;
		look->rows = size.rows;
	}
	d = (struct sp_draw){.columns = SP_MAX(SP_MIN(look->columns, 100), 60),
			     .ascii = look->ascii,
			     .color = look->color,
			     .version = SP_VERSION};
	left = SP_MAX(look->rows - 2, 4);
	if (p->board) {
		sp_buf_add(&block, p->board->ptr, p->board->len);
		left = SP_MAX(left - lines_of(p->board), 2);
	}
	if (n > 1 && left / (int)n < LINES_OF_POD) {
		left -= paint_lines(runs, n, now, look, left, &block);
	} else {
		for (uint32_t i = 0; i < n && left > 0; i++)
			left -= sp_progress_block(runs[i], now[i], look, p->frame,
						  SP_MAX(left / (int)(n - i), LINES_OF_POD),
						  &block);
	}
	/* A line that the terminal breaks would be counted as one, and never be painted over. */
	for (uint32_t i = 0;
	     p->waterfall && look->columns >= d.columns && !(last && p->drawn_later) && i < n;
	     i++) {
		SP_CLEANUP(sp_buf_done) struct sp_buf fall = {0};

		sp_draw_waterfall_text(runs[i], &d, &fall);
		if (fall.len && lines_of(&fall) < left) {
			left -= lines_of(&fall);
			sp_buf_add(&block, fall.ptr, fall.len);
		}
	}
	if (*p->note && !last)
		sp_buf_printf(&block, "%.*s\n", look->columns - 1, p->note);
	if (p->painted)
		sp_buf_printf(&out, "\r\033[%dA", p->painted);
	put_lines(&out, &block);
	sp_buf_puts(&out, "\033[J");
	p->painted = last ? 0 : lines_of(&block);
	flush(p, &out);
}

void sp_progress_paint(struct sp_progress *p, struct sp_run *const *runs, uint32_t n,
		       const sp_time *now)
{
	paint(p, runs, n, now, false);
	p->frame++;
}

void sp_progress_leave(struct sp_progress *p, struct sp_run *const *runs, uint32_t n,
		       const sp_time *now)
{
	paint(p, runs, n, now, true);
	p->block = false;
}

/*
 * Above the block, where it stays: what is wrong with the pod or its machine, which no line of a
 * container could show. What comes again with each attempt is told once.
 */
static void warn(struct sp_progress *p, const struct sp_run *r, const struct sp_record_fact *f)
{
	char text[sizeof(p->warned)];
	struct sp_buf b = sp_buf_fixed(text, sizeof(text));

	if (!f->is_event || !f->warning || *f->ctr)
		return;
	sp_buf_printf(&b, "pod '%s': %s", r->header.pod, f->message); /* cut when it is long */
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	if (sp_streq(text, p->warned))
		return;
	memcpy(p->warned, text, sizeof(text));
	sp_progress_erase(p);
	sp_cli_warn(p->cli, "%s", text);
}

void sp_progress_fact(struct sp_progress *p, const struct sp_run *r, const struct sp_record_fact *f)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	if (p->mode == SP_PROGRESS_PLAIN)
		(void)sp_progress_plain(r, f, &p->cli->err_look, &b); /* nothing to tell: empty */
	else if (p->mode == SP_PROGRESS_JSON)
		sp_progress_json(r, f, &b);
	else if (p->mode == SP_PROGRESS_TTY)
		warn(p, r, f);
	flush(p, &b);
}
