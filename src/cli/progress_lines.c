/* SPDX-License-Identifier: Apache-2.0 */
/* The words of progress: a block per pod, a line per event, an object per event, a line of log. */
#include "base/json.h"
#include "base/text.h"
#include "cli/progress.h"

enum tint { PLAIN, DIM, RED, GREEN, YELLOW, BLUE, CYAN };
static const char *const tints[] = {"",           "\033[2m",  "\033[1;31m", "\033[32m",
				    "\033[1;33m", "\033[34m", "\033[36m"};

enum symbol { DONE, WORKING, WAITING, WARNING, FAILED, KILLED };

static void tinted(struct sp_buf *out, const struct sp_look *look, enum tint tint, const char *text)
{
	if (look->color && tint != PLAIN)
		sp_buf_printf(out, "%s%s\033[0m", tints[tint], text);
	else
		sp_buf_puts(out, text);
}

/* One column wide with UTF-8, four with ASCII, so that lines stay aligned. */
static void put_symbol(struct sp_buf *out, const struct sp_look *look, enum symbol s,
		       unsigned frame)
{
	static const char *const spin[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
	static const char *const dots[] = {".   ", "..  ", "... "};
	static const struct {
		const char *utf8, *ascii;
		enum tint tint;
	} table[] = {
		[DONE] = {"✔", "ok  ", GREEN},  [WORKING] = {NULL, NULL, CYAN},
		[WAITING] = {"·", "-   ", DIM}, [WARNING] = {"!", "WARN", YELLOW},
		[FAILED] = {"✘", "FAIL", RED},  [KILLED] = {"☠", "KILL", RED},
	};
	const char *text = look->ascii ? table[s].ascii : table[s].utf8;

	if (s == WORKING)
		text = look->ascii ? dots[frame / 3 % SP_ARRAY_LEN(dots)]
				   : spin[frame % SP_ARRAY_LEN(spin)];
	tinted(out, look, table[s].tint, text);
}

/* Exactly @cols columns: filled up, or cut. */
static void put_cell(struct sp_buf *out, const char *text, size_t cols)
{
	size_t used = 0, n = strlen(text);

	while (n > 0) {
		size_t k = sp_utf8_len(text, n), w;
		char one[8] = {0};

		k = k ? k : 1;
		memcpy(one, text, k);
		w = sp_utf8_columns(one);
		if (used + w > cols)
			break;
		if ((unsigned char)one[0] < 0x20)
			sp_buf_putc(out, ' '); /* messages may hold anything */
		else
			sp_buf_add(out, one, k);
		used += w;
		text += k;
		n -= k;
	}
	sp_buf_fill(out, ' ', cols - used);
}

static enum sp_band band_of(const struct sp_row *row)
{
	return row->n_spans ? row->spans[row->n_spans - 1].band : SP_BAND_WAITING;
}

static bool through(const struct sp_row *row)
{
	return row->open_at >= 0;
}

void sp_run_column(const struct sp_run *r, struct sp_buf *out)
{
	uint32_t n_init = 0, n_waiting = 0;
	const char *trouble = NULL;

	if (r->finished) {
		sp_buf_puts(out, sp_streq(r->phase, "Succeeded") ? "Completed"
				 : sp_streq(r->phase, "Failed")  ? "Error"
								 : r->phase);
		return;
	}
	if (r->stop_at >= 0) {
		sp_buf_puts(out,
			    sp_streq(r->stop_reason, "FINISHED") ? "Completing" : "Terminating");
		return;
	}
	for (uint32_t i = 0; i < r->header.n_ctrs; i++)
		n_init += r->rows[i].role != SP_ROLE_APP;
	for (uint32_t i = 0; i < n_init; i++) {
		const struct sp_row *row = &r->rows[i];

		if (through(row) && (row->role == SP_ROLE_INIT || row->running))
			continue;
		if (*row->waiting)
			sp_buf_printf(out, "Init:%s", row->waiting);
		else
			sp_buf_printf(out, "Init:%u/%u", i, n_init);
		return;
	}
	for (uint32_t i = n_init; i < r->header.n_ctrs; i++) {
		if (*r->rows[i].waiting)
			trouble = r->rows[i].waiting;
		n_waiting += r->rows[i].launched_at < 0;
	}
	if (trouble)
		sp_buf_puts(out, trouble);
	else if (n_waiting && n_waiting == r->header.n_ctrs - n_init)
		sp_buf_puts(out, n_init ? "PodInitializing" : "ContainerCreating");
	else
		sp_buf_puts(out, "Running");
}

bool sp_progress_working(const struct sp_run *r)
{
	if (r->finished)
		return false;
	if (r->stop_at >= 0 || !r->ready_now)
		return true;
	return false;
}

/* Whom does a container wait for? NULL: nobody. */
static const char *waits_on(const struct sp_run *r, const struct sp_row *row)
{
	for (uint32_t i = 0; i < r->header.n_ctrs && &r->rows[i] != row; i++)
		if (r->rows[i].role != SP_ROLE_APP && !through(&r->rows[i]))
			return r->rows[i].name;
	return NULL;
}

/* Symbol, word and detail of a container; *since: where its time counts from, *until its end. */
static enum symbol describe(const struct sp_run *r, const struct sp_row *row, sp_time now,
			    const char **word, struct sp_buf *detail, sp_time *since,
			    sp_time *until)
{
	const struct sp_exit_mark *e = row->n_exits ? &row->exits[row->n_exits - 1] : NULL;
	const char *on;

	*since = row->launched_again_at;
	*until = now;
	switch (band_of(row)) {
	case SP_BAND_WAITING:
		*word = "waiting";
		*since = -1;
		if (*row->waiting) {
			sp_buf_puts(detail, row->waiting);
			return WARNING;
		}
		on = waits_on(r, row);
		if (on)
			sp_buf_printf(detail, "on %s", on);
		return WAITING;
	case SP_BAND_BACKOFF:
		*word = "back-off";
		*since = row->gone_at;
		sp_buf_printf(detail, "%s, restart %lld follows",
			      *row->waiting ? row->waiting : "exited", (long long)row->attempt + 1);
		return WARNING;
	case SP_BAND_INIT:
		*word = "running";
		return WORKING;
	case SP_BAND_GATE:
		*word = "starting";
		if (row->n_startup_probes) {
			sp_buf_printf(detail, "startup probe, try %u", row->n_startup_probes);
			if (*row->probe_text)
				sp_buf_printf(detail, ": %s", row->probe_text);
		} else if (strstr(row->gate, "postStart")) {
			sp_buf_puts(detail, "postStart hook");
		} else if (strstr(row->gate, "startupProbe")) {
			sp_buf_puts(detail, "before its first startup probe");
		}
		return WORKING;
	case SP_BAND_RUNNING:
		if (r->stop_at >= 0) {
			*word = "running";
			sp_buf_puts(detail, "waits for its turn to stop");
			*since = r->stop_at;
			return WAITING;
		}
		*word = row->role == SP_ROLE_SIDECAR ? "started" : "running";
		sp_buf_puts(detail, "not ready");
		if (*row->probe_text)
			sp_buf_printf(detail, ": %s", row->probe_text);
		return WORKING;
	case SP_BAND_READY:
		if (r->stop_at >= 0) {
			*word = "running";
			sp_buf_puts(detail, "waits for its turn to stop");
			*since = r->stop_at;
			return WAITING;
		}
		*word = row->role == SP_ROLE_SIDECAR ? "started" : "ready";
		if (*row->gate && row->role == SP_ROLE_SIDECAR && row->attempt == 0) {
			sp_buf_puts(detail, "gate passed (");
			sp_buf_puts(detail, strchr(row->gate, '+')             ? "hook, startup "
					    : sp_streq(row->gate, "postStart") ? "postStart "
									       : "startup ");
			sp_format_elapsed(detail, row->open_at - row->launched_at);
			sp_buf_puts(detail, ")");
		}
		*until = row->ready_at >= row->launched_again_at ? row->ready_at : now;
		return DONE;
	case SP_BAND_PRESTOP:
		*word = "preStop";
		*since = row->prestop_at;
		return WORKING;
	case SP_BAND_STOPPING:
		*word = "stopping";
		sp_buf_puts(detail, "stop signal sent");
		*since = row->sigterm_at;
		return WORKING;
	case SP_BAND_DONE:
	case SP_BANDS:
		break;
	}
	*until = row->gone_at;
	if (row->sigterm_at >= 0)
		*since = row->sigterm_at;
	if (!e) {
		*word = "gone";
		return DONE;
	}
	sp_buf_printf(detail, "exit %d", e->code);
	if (*e->reason && !sp_streq(e->reason, "Completed") && !sp_streq(e->reason, "Error"))
		sp_buf_printf(detail, " %s", e->reason);
	*word = e->killed ? "killed" : e->code == 0 ? "completed" : "exited";
	if (e->killed)
		return KILLED;
	return e->code == 0 || row->sigterm_at >= 0 ? DONE : FAILED;
}

enum { WIDTH_MAX = 100, NAME_MAX_COLS = 24, ROLE_COLS = 7, WORD_COLS = 9, TIME_COLS = 7 };

static void ctr_line(const struct sp_run *r, const struct sp_row *row, sp_time now,
		     const struct sp_look *look, unsigned frame, size_t name_cols, size_t width,
		     struct sp_buf *out)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf detail = {0};
	size_t fixed = 1 + (look->ascii ? 4 : 1) + 1 + name_cols + 2 + ROLE_COLS + 2 + WORD_COLS +
		       1 + 1 + TIME_COLS;
	const char *word = "";
	sp_time since, until;
	char mem[32];
	struct sp_buf t = sp_buf_fixed(mem, sizeof(mem));
	enum symbol s = describe(r, row, now, &word, &detail, &since, &until);

	sp_buf_putc(out, ' ');
	put_symbol(out, look, s, frame);
	sp_buf_putc(out, ' ');
	put_cell(out, row->name, name_cols);
	sp_buf_puts(out, "  ");
	put_cell(out, sp_role_name(row->role), ROLE_COLS);
	sp_buf_puts(out, "  ");
	put_cell(out, word, WORD_COLS);
	sp_buf_putc(out, ' ');
	put_cell(out, detail.len ? detail.ptr : "", width > fixed ? width - fixed : 0);
	sp_buf_putc(out, ' ');
	if (since >= 0) {
		sp_format_elapsed(&t, until - since);
		sp_buf_fill(out, ' ', TIME_COLS - SP_MIN(t.len, (size_t)TIME_COLS));
		tinted(out, look, BLUE, mem);
	}
	while (out->len && out->ptr[out->len - 1] == ' ')
		out->ptr[--out->len] = '\0';
	sp_buf_putc(out, '\n');
}

/* What is of interest first when not all fits: trouble and work before the rest. */
static bool of_interest(const struct sp_run *r, const struct sp_row *row)
{
	enum sp_band b = band_of(row);

	if (b == SP_BAND_DONE)
		return row->n_exits && row->exits[row->n_exits - 1].code && row->sigterm_at < 0;
	return b != SP_BAND_WAITING && (b != SP_BAND_READY || r->stop_at >= 0);
}

void sp_progress_line(const char *name, const char *text, sp_time elapsed,
		      const struct sp_look *look, struct sp_buf *out)
{
	size_t width = (size_t)SP_MIN(look->columns, WIDTH_MAX) - 1;
	char mem[32];
	struct sp_buf t = sp_buf_fixed(mem, sizeof(mem));

	if (elapsed >= 0)
		sp_format_elapsed(&t, elapsed);
	put_cell(out, name, width - 20 - TIME_COLS - 1);
	put_cell(out, text, 20);
	sp_buf_fill(out, ' ', 1 + TIME_COLS - SP_MIN(t.len, (size_t)TIME_COLS));
	tinted(out, look, BLUE, mem);
	sp_buf_putc(out, '\n');
}

int sp_progress_block(const struct sp_run *r, sp_time now, const struct sp_look *look,
		      unsigned frame, int max_lines, struct sp_buf *out)
{
	size_t width = (size_t)SP_MIN(look->columns, WIDTH_MAX) - 1, name_cols = 4;
	SP_CLEANUP(sp_buf_done) struct sp_buf head = {0}, column = {0};
	uint32_t n = r->header.n_ctrs, room = (uint32_t)SP_MAX(max_lines - 1, 1), hidden = 0;
	bool fold = n > room;
	int lines = 1;

	for (uint32_t i = 0; i < n; i++)
		name_cols = SP_MAX(name_cols, sp_utf8_columns(r->rows[i].name));
	name_cols = SP_MIN(name_cols, (size_t)NAME_MAX_COLS);
	sp_buf_printf(&head, "pod/%s", r->header.pod);
	sp_run_column(r, &column);
	sp_progress_line(head.ptr, column.ptr, r->finished ? r->end : now, look, out);
	if (fold)
		room--; /* for the line that says so */
	for (uint32_t i = 0, busy = 0, shown = 0; i < n; i++) {
		uint32_t busy_left = 0;

		for (uint32_t k = i; fold && k < n; k++)
			busy_left += of_interest(r, &r->rows[k]);
		busy = of_interest(r, &r->rows[i]);
		/* quiet ones only get the room that the busy ones leave */
		if (fold && (shown >= room || (!busy && shown + busy_left >= room))) {
			hidden++;
			continue;
		}
		ctr_line(r, &r->rows[i], now, look, frame, name_cols, width, out);
		shown++;
		lines++;
	}
	if (hidden) {
		sp_buf_printf(out, " %s %u more\n", look->ascii ? "..." : "…", hidden);
		lines++;
	}
	return lines;
}

/* ---- one line or object per event -------------------------------------------------------------
 */

static bool worth_a_line(const struct sp_record_fact *f)
{
	/* a failed probe is told by its Unhealthy event, a back-off by its fact */
	if (f->is_event)
		return f->warning && !sp_streq(f->reason, "BackOff");
	if (!f->known || f->fact == SP_FACT_PROBE || f->fact == SP_FACT_PROBE_DONE)
		return false;
	if (f->fact == SP_FACT_COND)
		return strncmp(f->value, "Ready=", 6) == 0;
	return f->fact != SP_FACT_SANDBOX_READY;
}

bool sp_progress_plain(const struct sp_run *r, const struct sp_record_fact *f,
		       const struct sp_look *look, struct sp_buf *out)
{
	char mem[32];
	struct sp_buf t = sp_buf_fixed(mem, sizeof(mem));
	bool bad, good;

	if (!worth_a_line(f))
		return false;
	sp_buf_printf(&t, "%lld.%03lld", (long long)(f->t_ns / SP_SEC),
		      (long long)(f->t_ns / SP_MSEC % 1000));
	sp_buf_fill(out, ' ', 9 - SP_MIN(t.len, (size_t)9));
	tinted(out, look, BLUE, mem);
	sp_buf_printf(out, "  %s  ", r->header.pod);
	if (*f->ctr) {
		sp_buf_puts(out, f->ctr);
		if (f->attempt > 0)
			sp_buf_printf(out, "#%lld", (long long)f->attempt);
		sp_buf_puts(out, "  ");
	}
	bad = (f->is_event && f->warning) || (f->has_code && f->code != 0) ||
	      (f->known && (f->fact == SP_FACT_BACKOFF || f->fact == SP_FACT_SIGKILL ||
			    f->fact == SP_FACT_PULLFAIL || f->fact == SP_FACT_STARTERROR));
	good = f->known && (f->fact == SP_FACT_READY || f->fact == SP_FACT_STARTED);
	tinted(out, look, bad ? YELLOW : good ? GREEN : PLAIN, f->is_event ? "warning" : f->event);
	if (f->has_code)
		sp_buf_printf(out, "  code %d", f->code);
	if (*f->reason)
		sp_buf_printf(out, "  %s", f->reason);
	if (*f->message) {
		size_t n = strcspn(f->message, "\n");

		sp_buf_puts(out, "  ");
		put_cell(out, f->message, SP_MIN(n, (size_t)200));
	}
	sp_buf_putc(out, '\n');
	return true;
}

void sp_progress_json(const struct sp_run *r, const struct sp_record_fact *f, struct sp_buf *out)
{
	char mem[48];
	struct sp_buf t = sp_buf_fixed(mem, sizeof(mem));

	sp_buf_putc(out, '{');
	if (f->wall_ns) {
		sp_format_rfc3339(&t, f->wall_ns, 9);
		sp_json_str(out, "t", mem);
	}
	sp_json_str(out, "pod", r->header.pod);
	if (*f->ctr) {
		sp_json_str(out, "container", f->ctr);
		sp_json_str(out, "role", sp_role_name(f->role));
	}
	sp_json_str(out, "event", f->event);
	if (*f->reason)
		sp_json_str(out, "reason", f->reason);
	if (*f->message)
		sp_json_str(out, "msg", f->message);
	if (f->attempt >= 0 && *f->ctr)
		sp_json_int(out, "attempt", f->attempt);
	if (f->has_code)
		sp_json_int(out, "exitCode", f->code);
	sp_json_key(out, "ms");
	sp_buf_printf(out, "%lld.%03lld}\n", (long long)(f->t_ns / SP_MSEC),
		      (long long)(f->t_ns / SP_USEC % 1000));
}

/* ---- logs ------------------------------------------------------------------------------------ */

/* The same name has the same colour in every run; shape (the name) tells them apart anyway. */
static const char *prefix_color(const char *name)
{
	static const char *const palette[8] = {"\033[36m", "\033[33m", "\033[35m", "\033[34m",
					       "\033[32m", "\033[96m", "\033[93m", "\033[95m"};
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	return palette[(h >> 8) % 8];
}

/* Length of a colour sequence at @s: ESC [ digits ; m. 0: something else. */
static size_t color_sequence(const char *s, size_t n)
{
	size_t k = 2;

	if (n < 3 || s[0] != '\033' || s[1] != '[')
		return 0;
	while (k < n && ((s[k] >= '0' && s[k] <= '9') || s[k] == ';'))
		k++;
	return k < n && s[k] == 'm' ? k + 1 : 0;
}

static void put_text(struct sp_buf *out, struct sp_str text, bool safe, bool color)
{
	size_t i = 0;

	if (!safe) {
		sp_buf_add(out, text.ptr, text.len);
		return;
	}
	while (i < text.len) {
		size_t k = color_sequence(text.ptr + i, text.len - i);

		if (k) {
			if (color)
				sp_buf_add(out, text.ptr + i, k);
			i += k;
		} else if ((unsigned char)text.ptr[i] < 0x20 && text.ptr[i] != '\t') {
			sp_buf_puts(out, text.ptr[i] == '\r' ? "" : "?");
			i++;
		} else {
			sp_buf_putc(out, text.ptr[i++]);
		}
	}
}

void sp_log_print(const char *name, size_t width, const struct sp_log_line *l, bool timestamps,
		  bool safe, const struct sp_look *look, struct sp_buf *out)
{
	if (width) {
		if (look->color)
			sp_buf_puts(out, prefix_color(name));
		put_cell(out, name, width);
		sp_buf_puts(out, l->is_stderr ? " !" : " |");
		sp_buf_puts(out, look->color ? "\033[0m " : " ");
	}
	if (timestamps) {
		sp_buf_add(out, l->time.ptr, l->time.len);
		sp_buf_putc(out, ' ');
	}
	put_text(out, l->text, safe, look->color);
	sp_buf_putc(out, '\n');
}
