/* SPDX-License-Identifier: Apache-2.0 */
/* The visible status against expectations; see snapshot.h. */
#include "sim/snapshot.h"

#include "base/text.h"
#include "sim/expect.h"

#include <stdio.h>
#include <stdlib.h>

void sp_diff_add(struct sp_diff *d, const char *fmt, ...)
{
	va_list ap;

	if (d->n++ >= d->max)
		return;
	va_start(ap, fmt);
	sp_buf_vprintf(d->out, fmt, ap);
	va_end(ap);
	sp_buf_putc(d->out, '\n');
}

int sp_diff_numbers(struct sp_diff *d, const struct sp_scn_reader *r, const struct sp_node *want,
		    const char *when, const struct sp_number *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct sp_node *at = sp_node_get(want, v[i].key);
		int64_t wanted = v[i].v;

		if (at && sp_scn_int(r, at, v[i].key, &wanted) < 0)
			return -1;
		if (wanted != v[i].v)
			sp_diff_add(d, "%s: %s: expected %lld, got %lld", when, v[i].key,
				    (long long)wanted, (long long)v[i].v);
	}
	return 0;
}

static void label(char *mem, size_t size, sp_time at)
{
	struct sp_buf b = sp_buf_fixed(mem, size);

	if (at < 0)
		sp_buf_puts(&b, "at the end");
	else
		sp_buf_printf(&b, "at %g s", (double)at / (double)SP_SEC);
}

/* What is expected of one value, as text: booleans and numbers as they are written. */
static const char *want_text(const struct sp_node *n)
{
	if (n->kind == SP_NODE_BOOL)
		return n->b ? "true" : "false";
	return n->text ? n->text : "null";
}

static void compare(struct sp_diff *d, const char *when, const char *what, const struct sp_node *w,
		    const char *got)
{
	if (w && w->kind == SP_NODE_NULL && (!*got || sp_streq(got, "nothing")))
		return; /* none is expected */
	if (w && !sp_expect_text(want_text(w), got))
		sp_diff_add(d, "%s: %s: expected %s, got %s", when, what, want_text(w),
			    *got ? got : "nothing");
}

static void compare_int(struct sp_diff *d, const char *when, const char *what,
			const struct sp_node *w, bool there, int64_t got)
{
	char mem[24];

	snprintf(mem, sizeof(mem), "%lld", (long long)got);
	compare(d, when, what, w, there ? mem : "nothing");
}

static bool known_condition(const char *type)
{
	for (int i = 0; i < SP_COND_TYPES; i++)
		if (sp_streq(sp_cond_name((enum sp_cond_type)i), type))
			return true;
	return false;
}

/* Conditions: true, false, or the status as text. */
static void compare_conditions(struct sp_diff *d, const char *when, const struct sp_node *want,
			       const struct sp_pod_status *st)
{
	static const char *const names[] = {"absent", "False", "True", "Unknown"};

	for (uint32_t i = 0; i < want->n; i++) {
		const struct sp_node *w = want->pairs[i].value;
		const char *text =
			w->kind == SP_NODE_BOOL ? (w->b ? "True" : "False") : sp_node_str(w, "?");
		const char *got = names[0];

		for (uint16_t k = 0; k < st->n_conds; k++)
			if (sp_streq(sp_cond_name(st->conds[k].type), want->pairs[i].key))
				got = names[st->conds[k].status];
		if (!sp_streq(text, got))
			sp_diff_add(d, "%s: condition %s: expected %s, got %s", when,
				    want->pairs[i].key, text, got);
	}
}

static int check_ctr(const struct sp_scn_reader *r, const struct sp_ctr_status *st,
		     const char *name, const struct sp_node *want, const char *when,
		     struct sp_diff *d)
{
	static const char *const keys[] = {"state",      "reason",  "exitCode", "lastExitCode",
					   "ready",      "started", "message",  "restartCount",
					   "lastReason", "image",   NULL};
	static const char *const states[] = {"waiting", "running", "terminated"};
	bool ended = st->state == SP_CTR_TERMINATED;
	const char *reason = ended ? st->term.reason : st->reason;
	const char *message = ended ? st->term.message : st->message;
	char mem[160];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	_Static_assert(SP_ARRAY_LEN(states) == SP_CTR_STATES, "one name per state");
	if (sp_scn_keys(r, want, name, keys, NULL) < 0)
		return -1;
	sp_buf_printf(&b, "%s: %s", when, name);
	compare(d, mem, "state", sp_node_get(want, "state"), states[st->state]);
	compare(d, mem, "reason", sp_node_get(want, "reason"), reason ? reason : "");
	compare(d, mem, "message", sp_node_get(want, "message"), message ? message : "");
	compare_int(d, mem, "exitCode", sp_node_get(want, "exitCode"), ended, st->term.code);
	compare_int(d, mem, "lastExitCode", sp_node_get(want, "lastExitCode"), st->last.set,
		    st->last.code);
	compare(d, mem, "lastReason", sp_node_get(want, "lastReason"),
		st->last.set ? st->last.reason : "");
	compare(d, mem, "ready", sp_node_get(want, "ready"), st->ready ? "true" : "false");
	compare(d, mem, "started", sp_node_get(want, "started"), st->started ? "true" : "false");
	compare(d, mem, "image", sp_node_get(want, "image"), st->image ? st->image : "");
	compare_int(d, mem, "restartCount", sp_node_get(want, "restartCount"), true,
		    st->restart_count);
	return 0;
}

int sp_snapshot_check(const struct sp_scn_reader *r, const struct sp_pod_spec *spec,
		      const struct sp_pod_status *st, const struct sp_node *want, sp_time at,
		      struct sp_diff *diff)
{
	static const char *const keys[] = {"at",         "phase",  "column",  "readyColumn",
					   "restarts",   "reason", "message", "conditions",
					   "containers", "note",   NULL};
	const struct sp_node *conds, *ctrs;
	char when[32], status_mem[128], ready_mem[32];
	struct sp_buf status = sp_buf_fixed(status_mem, sizeof(status_mem));
	struct sp_buf ready = sp_buf_fixed(ready_mem, sizeof(ready_mem));
	uint32_t restarts = 0;

	label(when, sizeof(when), at);
	if (sp_scn_keys(r, want, "status", keys, NULL) < 0)
		return -1;
	sp_pod_column(spec, st, &status, &ready, &restarts);
	compare(diff, when, "phase", sp_node_get(want, "phase"), sp_phase_name(st->phase));
	compare(diff, when, "STATUS column", sp_node_get(want, "column"), status_mem);
	compare(diff, when, "READY column", sp_node_get(want, "readyColumn"), ready_mem);
	compare_int(diff, when, "restarts", sp_node_get(want, "restarts"), true, restarts);
	compare(diff, when, "reason", sp_node_get(want, "reason"), st->reason ? st->reason : "");
	compare(diff, when, "message", sp_node_get(want, "message"),
		st->message ? st->message : "");
	conds = sp_node_get(want, "conditions");
	if (conds && conds->kind != SP_NODE_MAP)
		return sp_scn_fail(r, conds, "conditions: a map is needed");
	if (conds)
		compare_conditions(diff, when, conds, st);
	ctrs = sp_node_get(want, "containers");
	if (ctrs && ctrs->kind != SP_NODE_MAP)
		return sp_scn_fail(r, ctrs, "containers: a map is needed");
	for (uint32_t i = 0; ctrs && i < ctrs->n; i++) {
		uint16_t k = sp_scn_ctr(spec, ctrs->pairs[i].key);

		if (k == SP_NO_CTR)
			return sp_scn_fail(r, ctrs, "the pod has no container '%s'",
					   ctrs->pairs[i].key);
		if (check_ctr(r, &st->ctrs[k], ctrs->pairs[i].key, ctrs->pairs[i].value, when,
			      diff) < 0)
			return -1;
	}
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	const char *x, *y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return strcmp(x, y);
}

uint32_t sp_snapshot_names(const struct sp_pod_spec *spec, const struct sp_pod_status *st,
			   bool init, const char *ret[SP_CONTAINERS_MAX])
{
	uint16_t from = init ? 0 : spec->n_init, to = init ? spec->n_init : spec->n_ctrs;

	for (uint16_t i = from; i < to; i++)
		ret[i - from] = spec->ctrs[st->ctrs[i].ctr].name;
	if (!init)
		qsort(ret, (size_t)(to - from), sizeof(*ret), compare_names);
	return (uint32_t)(to - from);
}

/* ---- texts ---------------------------------------------------------------------------------- */

static int add_text(const struct sp_scn_reader *r, struct sp_texts *t, const struct sp_node *n,
		    const char *cond, const char *text, size_t len, sp_time at)
{
	struct sp_text_want *v = sp_arena_array(r->arena, t->n + 1u, sizeof(*v));
	char *copy = sp_arena_strndup(r->arena, text, len);

	if (!v || !copy)
		return sp_fail(r->err, SP_E_NO_MEMORY, "%s: read expected texts", r->file);
	if (t->n)
		memcpy(v, t->v, t->n * sizeof(*v));
	v[t->n] = (struct sp_text_want){.at = at, .cond = cond, .text = copy};
	t->v = v;
	t->n++;
	return 0;
}

/* "at 1: one text; at 3: another", or a bare text. */
static int read_texts(const struct sp_scn_reader *r, const struct sp_node *n, const char *cond,
		      struct sp_texts *t)
{
	const char *s = sp_node_str(n, "");

	if (strncmp(s, "at ", 3) != 0)
		return add_text(r, t, n, cond, s, strlen(s), -1);
	while (*s) {
		const char *colon = strstr(s, ": "), *next;
		struct sp_node number = {.kind = SP_NODE_FLOAT, .at = n->at};
		char *end;
		sp_time at;

		number.f = strtod(s + 3, &end);
		if (!colon || end != colon || sp_scn_seconds(r, &number, &at) < 0)
			return sp_scn_fail(r, n, "'%s': write \"at <seconds>: <text>\"", s);
		next = strstr(colon + 2, "; at ");
		if (add_text(r, t, n, cond, colon + 2,
			     next ? (size_t)(next - colon - 2) : strlen(colon + 2), at) < 0)
			return -1;
		s = next ? next + 2 : "";
	}
	return 0;
}

int sp_texts_read(const struct sp_scn_reader *r, const struct sp_node *expect, struct sp_texts *ret)
{
	const struct sp_node *conds = sp_node_get(expect, "conditionMessages");
	const struct sp_node *messages = sp_node_get(expect, "messages");

	for (uint32_t i = 0; conds && i < conds->n; i++) {
		if (conds->kind != SP_NODE_MAP)
			return sp_scn_fail(r, conds, "conditionMessages: a map is needed");
		if (!known_condition(conds->pairs[i].key))
			return sp_scn_fail(r, conds->pairs[i].value, "a pod has no condition '%s'",
					   conds->pairs[i].key);
		if (read_texts(r, conds->pairs[i].value, conds->pairs[i].key, ret) < 0)
			return -1;
	}
	for (uint32_t i = 0; messages && i < messages->n; i++) {
		if (messages->kind != SP_NODE_LIST)
			return sp_scn_fail(r, messages, "messages: a list is needed");
		if (read_texts(r, messages->items[i], NULL, ret) < 0)
			return -1;
	}
	return 0;
}

/* Compare one text with all it could be; *near gets what stood in its place. */
static bool shown(const struct sp_text_want *w, const struct sp_pod_spec *spec,
		  const struct sp_pod_status *st, const char **near)
{
	for (uint16_t i = 0; i < st->n_conds; i++) {
		if (w->cond && !sp_streq(w->cond, sp_cond_name(st->conds[i].type)))
			continue;
		if (w->cond)
			*near = st->conds[i].message;
		if (st->conds[i].message && sp_expect_text(w->text, st->conds[i].message))
			return true;
	}
	if (w->cond)
		return false;
	if (st->message && sp_expect_text(w->text, st->message))
		return true;
	for (uint16_t i = 0; i < spec->n_ctrs; i++) {
		const char *m = st->ctrs[i].state == SP_CTR_TERMINATED ? st->ctrs[i].term.message
								       : st->ctrs[i].message;

		if (m && *m)
			*near = m;
		if (m && sp_expect_text(w->text, m))
			return true;
	}
	return false;
}

void sp_texts_look(struct sp_texts *t, const struct sp_pod_spec *spec,
		   const struct sp_pod_status *st, sp_time at, struct sp_diff *diff)
{
	for (uint32_t i = 0; i < t->n; i++) {
		struct sp_text_want *w = &t->v[i];
		const char *near = "nothing";

		if (w->at >= 0 && w->at != at)
			continue;
		if (shown(w, spec, st, &near))
			w->seen = true;
		else if (w->at >= 0)
			sp_diff_add(diff, "at %g s: message%s%s: expected \"%s\", got \"%s\"",
				    (double)at / (double)SP_SEC, w->cond ? " of " : "",
				    w->cond ? w->cond : "", w->text, near);
	}
}

void sp_texts_end(const struct sp_texts *t, struct sp_diff *diff)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (t->v[i].at < 0 && !t->v[i].seen)
			sp_diff_add(diff, "message%s%s: expected \"%s\", got it at no snapshot",
				    t->v[i].cond ? " of " : "", t->v[i].cond ? t->v[i].cond : "",
				    t->v[i].text);
}
