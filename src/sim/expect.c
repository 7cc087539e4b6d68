/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expectations of pod scenarios. The pod runs once, with a stop at every instant where the status
 * is looked at; event expectations are checked on the complete list afterwards and told first,
 * because they are nearer to the cause.
 */
#include "sim/expect.h"

#include "sim/snapshot.h"

#include <stdlib.h>

#define EPSILON         SP_MSEC
#define DIFFERENCES_MAX 20
#define HORIZON_DEFAULT (200 * SP_SEC)

struct check {
	struct sp_scn_reader r;
	const struct sp_scenario *scenario;
	const struct sp_scn_pod *p;
	const struct sp_expect_run *run;
	struct sp_happened h;
	struct sp_pod_status *status;
	sp_time tolerance, horizon;
	struct sp_diff *diff; /* where differences go at the moment */
};

static double seconds(sp_time t)
{
	return (double)t / (double)SP_SEC;
}

bool sp_expect_text(const char *want, const char *text)
{
	const char *back = NULL, *resume = NULL;

	for (;;) {
		const char *close = *want == '<' ? strchr(want, '>') : NULL;

		if (close && *text) { /* a placeholder takes at least one character */
			resume = want = close + 1;
			back = ++text;
		} else if (*want == *text && *text && !close) {
			want++;
			text++;
		} else if (*want == 0 && *text == 0) {
			return true;
		} else if (resume && *back) {
			want = resume;
			text = ++back;
		} else {
			return false;
		}
	}
}

/* ---- events --------------------------------------------------------------------------------- */

static int parse(struct check *c, const struct sp_node *at, const char *text, struct sp_name *ret)
{
	return sp_name_parse(&c->r, at, text, &c->p->spec, ret);
}

static int check_order(struct check *c, const struct sp_node *chains)
{
	if (chains->kind != SP_NODE_LIST)
		return sp_scn_fail(&c->r, chains, "order: a list of chains is needed");
	for (uint32_t i = 0; i < chains->n; i++) {
		const struct sp_node *chain = chains->items[i];
		const char *before = NULL;
		sp_time last = 0;

		if (chain->kind != SP_NODE_LIST)
			return sp_scn_fail(&c->r, chain, "order: a chain is a list of events");
		for (uint32_t k = 0; k < chain->n; k++) {
			const struct sp_sim_line *line;
			struct sp_name name;

			if (parse(c, chain->items[k], sp_node_str(chain->items[k], ""), &name) < 0)
				return -1;
			line = sp_name_find(&c->h, &name);
			if (!line) {
				sp_diff_add(c->diff, "order: expected %s%s%s, got no such event",
					    name.text, before ? " after " : "",
					    before ? before : "");
				break;
			}
			if (line->at < last)
				sp_diff_add(c->diff,
					    "order: expected %s after %s (%g s), got it at %g s",
					    name.text, before, seconds(last), seconds(line->at));
			last = line->at;
			before = name.text;
		}
	}
	return 0;
}

static int check_at(struct check *c, const struct sp_node *map)
{
	if (map->kind != SP_NODE_MAP)
		return sp_scn_fail(&c->r, map, "at: a map of events to times is needed");
	for (uint32_t i = 0; i < map->n; i++) {
		const struct sp_node *v = map->pairs[i].value;
		bool range = v->kind == SP_NODE_LIST && v->n == 2;
		const struct sp_sim_line *line;
		struct sp_name name;
		sp_time from, to;

		if (parse(c, v, map->pairs[i].key, &name) < 0 ||
		    sp_scn_seconds(&c->r, range ? v->items[0] : v, &from) < 0 ||
		    sp_scn_seconds(&c->r, range ? v->items[1] : v, &to) < 0)
			return -1;
		line = sp_name_find(&c->h, &name);
		if (!line)
			sp_diff_add(c->diff, "%s: expected at %g s, got no such event", name.text,
				    seconds(from));
		else if (range && (line->at < from - c->tolerance || line->at > to + c->tolerance))
			sp_diff_add(c->diff, "%s: expected from %g to %g s, got it at %g s",
				    name.text, seconds(from), seconds(to), seconds(line->at));
		else if (line->at < from - c->tolerance || line->at > to + c->tolerance)
			sp_diff_add(c->diff, "%s: expected at %g s, got it at %g s", name.text,
				    seconds(from), seconds(line->at));
	}
	return 0;
}

static int check_gap(struct check *c, const struct sp_node *list)
{
	static const char *const keys[] = {"from", "to", "is", "min", "max", NULL};
	static const char *const bounds[] = {"is", "min", "max"};

	if (list->kind != SP_NODE_LIST)
		return sp_scn_fail(&c->r, list, "gap: a list is needed");
	for (uint32_t i = 0; i < list->n; i++) {
		const struct sp_node *g = list->items[i];
		const struct sp_sim_line *a, *b;
		struct sp_name from, to;

		if (sp_scn_keys(&c->r, g, "gap", keys, NULL) < 0 ||
		    parse(c, g, sp_node_str(sp_node_get(g, "from"), ""), &from) < 0 ||
		    parse(c, g, sp_node_str(sp_node_get(g, "to"), ""), &to) < 0)
			return -1;
		a = sp_name_find(&c->h, &from);
		b = sp_name_find(&c->h, &to);
		if (!a || !b) {
			sp_diff_add(c->diff, "gap: expected %s and %s, got no %s", from.text,
				    to.text, a ? to.text : from.text);
			continue;
		}
		for (int k = 0; k < 3; k++) {
			const struct sp_node *v = sp_node_get(g, bounds[k]);
			sp_time want, got = b->at - a->at;

			if (!v)
				continue;
			if (sp_scn_seconds(&c->r, v, &want) < 0)
				return -1;
			if ((k != 2 && got < want - c->tolerance) ||
			    (k != 1 && got > want + c->tolerance))
				sp_diff_add(c->diff, "gap %s to %s: expected %s%g s, got %g s",
					    from.text, to.text,
					    k == 0   ? ""
					    : k == 1 ? "at least "
						     : "at most ",
					    seconds(want), seconds(got));
		}
	}
	return 0;
}

static int check_together(struct check *c, const struct sp_node *lists)
{
	if (lists->kind != SP_NODE_LIST)
		return sp_scn_fail(&c->r, lists, "together: a list of lists is needed");
	for (uint32_t i = 0; i < lists->n; i++) {
		const struct sp_sim_line *first = NULL;
		struct sp_name first_name = {0};

		if (lists->items[i]->kind != SP_NODE_LIST)
			return sp_scn_fail(&c->r, lists->items[i],
					   "together: a list of events is needed");
		for (uint32_t k = 0; k < lists->items[i]->n; k++) {
			const struct sp_node *n = lists->items[i]->items[k];
			const struct sp_sim_line *line;
			struct sp_name name;

			if (parse(c, n, sp_node_str(n, ""), &name) < 0)
				return -1;
			line = sp_name_find(&c->h, &name);
			if (!line) {
				sp_diff_add(c->diff, "together: expected %s, got no such event",
					    name.text);
			} else if (!first) {
				first = line;
				first_name = name;
			} else if (line->at < first->at - c->tolerance ||
				   line->at > first->at + c->tolerance) {
				sp_diff_add(c->diff,
					    "together: expected %s with %s at %g s, got %g s",
					    name.text, first_name.text, seconds(first->at),
					    seconds(line->at));
			}
		}
	}
	return 0;
}

static int check_never(struct check *c, const struct sp_node *list)
{
	if (list->kind != SP_NODE_LIST)
		return sp_scn_fail(&c->r, list, "never: a list of events is needed");
	for (uint32_t i = 0; i < list->n; i++) {
		const struct sp_sim_line *line;
		struct sp_name name;

		if (parse(c, list->items[i], sp_node_str(list->items[i], ""), &name) < 0)
			return -1;
		line = sp_name_find(&c->h, &name);
		if (line)
			sp_diff_add(c->diff, "%s: expected never, got it at %g s", name.text,
				    seconds(line->at));
	}
	return 0;
}

/* "c.starts" counts the launches of all instances; every other name what it names. */
static int check_count(struct check *c, const struct sp_node *map)
{
	if (map->kind != SP_NODE_MAP)
		return sp_scn_fail(&c->r, map, "count: a map of events to numbers is needed");
	for (uint32_t i = 0; i < map->n; i++) {
		const struct sp_node *v = map->pairs[i].value;
		const char *key = map->pairs[i].key, *dot = strchr(key, '.');
		bool starts = dot && sp_streq(dot, ".starts");
		int64_t lo, hi, got;
		struct sp_name name;

		if (starts) {
			key = sp_arena_printf(c->r.arena, "%.*s#*.start", (int)(dot - key), key);
			if (!key)
				return sp_fail(c->r.err, SP_E_NO_MEMORY, "check a scenario");
		}
		if (parse(c, v, key, &name) < 0)
			return -1;
		if (v->kind == SP_NODE_LIST && v->n == 2) {
			if (sp_scn_int(&c->r, v->items[0], "count", &lo) < 0 ||
			    sp_scn_int(&c->r, v->items[1], "count", &hi) < 0)
				return -1;
		} else if (v->kind == SP_NODE_INT) {
			lo = hi = v->i;
		} else {
			return sp_scn_fail(&c->r, v, "count: a number or [min, max] is needed");
		}
		got = sp_name_count(&c->h, &name);
		if (got < lo || got > hi)
			sp_diff_add(c->diff, "count of %s: expected %lld, got %lld",
				    map->pairs[i].key, (long long)(got < lo ? lo : hi),
				    (long long)got);
	}
	return 0;
}

/* ---- API events ----------------------------------------------------------------------------- */

static const char *const event_keys[] = {"reason",        "type",  "container", "message",
					 "messagePrefix", "count", "fieldPath", NULL};

static bool api_event_matches(struct check *c, const struct sp_action *a, const struct sp_node *n)
{
	const char *reason = sp_node_str(sp_node_get(n, "reason"), NULL);
	const char *type = sp_node_str(sp_node_get(n, "type"), NULL);
	const char *ctr = sp_node_str(sp_node_get(n, "container"), NULL);
	const char *message = sp_node_str(sp_node_get(n, "message"), NULL);
	const char *prefix = sp_node_str(sp_node_get(n, "messagePrefix"), NULL);
	const char *path = sp_node_str(sp_node_get(n, "fieldPath"), NULL);
	const struct sp_pod_spec *spec = &c->p->spec;
	char mem[160];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	if ((reason && !sp_streq(reason, a->reason ? a->reason : "")) ||
	    (type && sp_streq(type, "Warning") != a->warning))
		return false;
	if ((ctr || path) && a->ctr == SP_NO_CTR)
		return false;
	if (ctr && !sp_streq(ctr, spec->ctrs[a->ctr].name))
		return false;
	if (message && !sp_expect_text(message, a->text))
		return false;
	if (prefix && strncmp(prefix, a->text, strlen(prefix)) != 0)
		return false;
	if (!path)
		return true;
	sp_buf_printf(&b, "spec.%s{%s}", a->ctr < spec->n_init ? "initContainers" : "containers",
		      spec->ctrs[a->ctr].name);
	return sp_streq(path, mem);
}

/* The nearest thing that did happen, for the message. */
static const char *same_reason(struct check *c, const struct sp_node *n)
{
	const char *reason = sp_node_str(sp_node_get(n, "reason"), "");

	for (size_t i = 0; i < c->h.n; i++)
		if (c->h.lines[i].kind == SP_SIM_EVENT &&
		    sp_streq(reason, c->h.lines[i].act.reason))
			return c->h.lines[i].act.text;
	return NULL;
}

static void describe_event(const struct sp_node *n, struct sp_buf *b)
{
	sp_node_json(n, -1, b);
}

static int check_events(struct check *c, const struct sp_node *list)
{
	if (list->kind != SP_NODE_LIST)
		return sp_scn_fail(&c->r, list, "events: a list is needed");
	for (uint32_t i = 0; i < list->n; i++) {
		const struct sp_node *n = list->items[i], *count;
		int64_t got = 0, want = 0;

		count = sp_node_get(n, "count");
		if (sp_scn_keys(&c->r, n, "events", event_keys, NULL) < 0 ||
		    sp_scn_event_type(&c->r, sp_node_get(n, "type")) < 0 ||
		    (count && sp_scn_int(&c->r, count, "count", &want) < 0))
			return -1;
		for (size_t k = 0; k < c->h.n; k++)
			got += c->h.lines[k].kind == SP_SIM_EVENT &&
			       api_event_matches(c, &c->h.lines[k].act, n);
		if (count ? got != want : got == 0) {
			SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
			const char *near = same_reason(c, n);

			describe_event(n, &b);
			sp_diff_add(c->diff, "event %s: got %lld%s%s%s", b.ptr, (long long)got,
				    near ? ", first of that reason: \"" : "", near ? near : "",
				    near ? "\"" : "");
		}
	}
	return 0;
}

static int check_sequence(struct check *c, const struct sp_node *list)
{
	size_t k = 0;

	if (list->kind != SP_NODE_LIST)
		return sp_scn_fail(&c->r, list, "eventSequence: a list is needed");
	for (uint32_t i = 0; i < list->n; i++, k++) {
		if (sp_scn_keys(&c->r, list->items[i], "eventSequence", event_keys, NULL) < 0 ||
		    sp_scn_event_type(&c->r, sp_node_get(list->items[i], "type")) < 0)
			return -1;
		while (k < c->h.n && !(c->h.lines[k].kind == SP_SIM_EVENT &&
				       api_event_matches(c, &c->h.lines[k].act, list->items[i])))
			k++;
		if (k >= c->h.n) {
			SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

			describe_event(list->items[i], &b);
			sp_diff_add(c->diff, "eventSequence: expected item %u, %s, got none there",
				    i + 1, b.ptr);
			return 0;
		}
	}
	return 0;
}

static int check_never_events(struct check *c, const struct sp_node *list)
{
	if (list->kind != SP_NODE_LIST)
		return sp_scn_fail(&c->r, list, "neverEvents: a list of reasons is needed");
	for (uint32_t i = 0; i < list->n; i++)
		for (size_t k = 0; k < c->h.n; k++)
			if (c->h.lines[k].kind == SP_SIM_EVENT &&
			    sp_streq(sp_node_str(list->items[i], ""), c->h.lines[k].act.reason)) {
				sp_diff_add(c->diff, "event %s: expected never, got it at %g s: %s",
					    c->h.lines[k].act.reason, seconds(c->h.lines[k].at),
					    c->h.lines[k].act.text);
				break;
			}
	return 0;
}

/* ---- status --------------------------------------------------------------------------------- */

static int check_statuses(struct check *c, const struct sp_node *list, sp_time at)
{
	if (!list)
		return 0;
	for (uint32_t i = 0; i < list->n; i++) {
		sp_time t;

		if (sp_scn_seconds(&c->r, sp_node_get(list->items[i], "at"), &t) < 0)
			return -1;
		if (t == at && sp_snapshot_check(&c->r, &c->p->spec, c->status, list->items[i], at,
						 c->diff) < 0)
			return -1;
	}
	return 0;
}

static int check_list_order(struct check *c, const struct sp_node *want, bool init)
{
	const char *got[SP_CONTAINERS_MAX];
	uint32_t n = sp_snapshot_names(&c->p->spec, c->status, init, got);

	if (!want)
		return 0;
	for (uint32_t i = 0; i < SP_MAX(n, want->n); i++) {
		const char *w = i < want->n ? sp_node_str(want->items[i], "") : "nothing";

		if (!sp_streq(w, i < n ? got[i] : "nothing")) {
			sp_diff_add(c->diff, "%s item %u: expected %s, got %s",
				    init ? "initContainerStatuses" : "containerStatuses", i, w,
				    i < n ? got[i] : "nothing");
			return 0;
		}
	}
	return 0;
}

static int check_final(struct check *c, const struct sp_node *final)
{
	const struct sp_node *at = sp_node_get(final, "at");
	const struct sp_sim_line *end = NULL;
	sp_time want;

	for (size_t i = 0; i < c->h.n; i++)
		if (c->h.names[i] && sp_streq(c->h.names[i], "pod.finished"))
			end = &c->h.lines[i];
	if (at) {
		if (sp_scn_seconds(&c->r, at, &want) < 0)
			return -1;
		if (!end)
			sp_diff_add(c->diff,
				    "final: expected the pod to finish at %g s, got no "
				    "end up to %g s",
				    seconds(want), seconds(c->horizon));
		else if (end->at < want - c->tolerance || end->at > want + c->tolerance)
			sp_diff_add(c->diff, "final: expected the end at %g s, got %g s",
				    seconds(want), seconds(end->at));
	}
	return sp_snapshot_check(&c->r, &c->p->spec, c->status, final, -1, c->diff);
}

/* ---- the run -------------------------------------------------------------------------------- */

static int look(struct check *c, sp_time t, struct sp_texts *texts)
{
	if (c->run->look(c->run->arg, t, c->status, c->r.err) < 0)
		return -1;
	if (check_statuses(c, sp_node_get(c->p->expect, "status"), t) < 0)
		return -1;
	sp_texts_look(texts, &c->p->spec, c->status, t, c->diff);
	return 0;
}

static int compare_times(const void *a, const void *b)
{
	sp_time x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

static int find_times(struct check *c, const struct sp_texts *texts, struct sp_expect_times *ret)
{
	const struct sp_node *list = sp_node_get(c->p->expect, "status");
	uint32_t n = 0, kept = 0;
	sp_time *t;

	if (list && list->kind != SP_NODE_LIST)
		return sp_scn_fail(&c->r, list, "status: a list of snapshots is needed");
	t = sp_arena_array(c->r.arena, (list ? list->n : 0) + texts->n + 1u, sizeof(*t));
	if (!t)
		return sp_fail(c->r.err, SP_E_NO_MEMORY, "check a scenario");
	for (uint32_t i = 0; list && i < list->n; i++)
		if (sp_scn_seconds(&c->r, sp_node_get(list->items[i], "at"), &t[n++]) < 0)
			return -1;
	for (uint32_t i = 0; i < texts->n; i++)
		if (texts->v[i].at >= 0)
			t[n++] = texts->v[i].at;
	qsort(t, n, sizeof(*t), compare_times);
	for (uint32_t i = 0; i < n; i++)
		if (kept == 0 || t[i] != t[kept - 1])
			t[kept++] = t[i];
	*ret = (struct sp_expect_times){.looks = t, .n_looks = kept, .horizon = c->horizon};
	return 0;
}

static int run_with_looks(struct check *c, struct sp_texts *texts)
{
	struct sp_expect_times times;

	if (find_times(c, texts, &times) < 0)
		return -1;
	for (uint32_t i = 0; i < times.n_looks; i++)
		if (look(c, times.looks[i], texts) < 0)
			return -1;
	if (c->run->end(c->run->arg, c->horizon, c->r.arena, &c->h, c->status, c->r.err) < 0)
		return -1;
	sp_texts_look(texts, &c->p->spec, c->status, -1, c->diff);
	sp_texts_end(texts, c->diff);
	return 0;
}

static const struct {
	const char *key;
	int (*check)(struct check *c, const struct sp_node *n);
} event_checks[] = {
	{"order", check_order},
	{"at", check_at},
	{"gap", check_gap},
	{"together", check_together},
	{"never", check_never},
	{"count", check_count},
	{"events", check_events},
	{"eventSequence", check_sequence},
	{"neverEvents", check_never_events},
};

static const char *const expect_keys[] = {"order",
					  "at",
					  "gap",
					  "together",
					  "never",
					  "count",
					  "status",
					  "final",
					  "events",
					  "eventSequence",
					  "neverEvents",
					  "conditionMessages",
					  "messages",
					  "horizon",
					  "tolerance",
					  "note",
					  "initContainerStatuses",
					  "containerStatuses",
					  NULL};

static int read_numbers(struct check *c)
{
	const struct sp_node *horizon = sp_node_get(c->p->expect, "horizon");
	const struct sp_node *tolerance = sp_node_get(c->p->expect, "tolerance");

	if (!tolerance)
		tolerance = sp_node_get(c->scenario->node, "tolerance");

	c->horizon = HORIZON_DEFAULT;
	c->tolerance = EPSILON;
	if (horizon && sp_scn_seconds(&c->r, horizon, &c->horizon) < 0)
		return -1;
	if (c->horizon < 0)
		return sp_scn_fail(&c->r, horizon, "horizon: a time from 0 on is needed");
	if (tolerance && sp_scn_seconds(&c->r, tolerance, &c->tolerance) < 0)
		return -1;
	c->tolerance = SP_MAX(c->tolerance, c->run ? c->run->tolerance : 0);
	return 0;
}

static int check_all(struct check *c, struct sp_diff *events, struct sp_diff *statuses)
{
	const struct sp_node *expect = c->p->expect, *final = sp_node_get(expect, "final");
	struct sp_texts texts = {0};

	if (sp_scn_keys(&c->r, expect, "expect", expect_keys, NULL) < 0 || read_numbers(c) < 0 ||
	    sp_texts_read(&c->r, expect, &texts) < 0)
		return -1;
	c->diff = statuses;
	if (run_with_looks(c, &texts) < 0)
		return -1;
	if (final && check_final(c, final) < 0)
		return -1;
	check_list_order(c, sp_node_get(expect, "initContainerStatuses"), true);
	check_list_order(c, sp_node_get(expect, "containerStatuses"), false);
	c->diff = events;
	for (size_t i = 0; i < SP_ARRAY_LEN(event_checks); i++) {
		const struct sp_node *n = sp_node_get(expect, event_checks[i].key);

		if (n && event_checks[i].check(c, n) < 0)
			return -1;
	}
	return 0;
}

int sp_expect_times(struct sp_arena *a, const struct sp_scenario *s, const struct sp_scn_pod *p,
		    struct sp_expect_times *ret, struct sp_error *err)
{
	struct check c = {.r = {.arena = a, .file = s->file, .err = err}, .scenario = s, .p = p};
	struct sp_texts texts = {0};

	if (!p->expect)
		return sp_scn_fail(&c.r, s->node, "nothing is expected");
	if (sp_scn_keys(&c.r, p->expect, "expect", expect_keys, NULL) < 0 || read_numbers(&c) < 0 ||
	    sp_texts_read(&c.r, p->expect, &texts) < 0)
		return -1;
	return find_times(&c, &texts, ret);
}

int sp_expect_check(const struct sp_scenario *s, const struct sp_scn_pod *p,
		    const struct sp_expect_run *run, struct sp_buf *why, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena arena = {0};
	SP_CLEANUP(sp_buf_done) struct sp_buf status_text = {0};
	struct sp_diff events = {.out = why, .max = DIFFERENCES_MAX};
	struct sp_diff statuses = {.out = &status_text, .max = DIFFERENCES_MAX};
	struct check c = {.r = {.arena = &arena, .file = s->file, .err = err},
			  .scenario = s,
			  .p = p,
			  .run = run};
	int r;

	if (!p->expect)
		return sp_scn_fail(&c.r, s->node, "nothing is expected");
	c.status = calloc(1, sizeof(*c.status));
	if (!c.status)
		return sp_fail(err, SP_E_NO_MEMORY, "check a scenario");
	r = check_all(&c, &events, &statuses);
	free(c.status);
	if (r < 0)
		return -1;
	if (status_text.len)
		sp_buf_add(why, status_text.ptr, status_text.len);
	return (int)(events.n + statuses.n);
}

/* ---- in virtual time ------------------------------------------------------------------------ */

static int look_simulated(void *arg, sp_time at, struct sp_pod_status *ret, struct sp_error *err)
{
	if (sp_sim_run(arg, at, err) < 0)
		return -1;
	sp_sim_status(arg, ret);
	return 0;
}

static int end_simulated(void *arg, sp_time horizon, struct sp_arena *a, struct sp_happened *ret,
			 struct sp_pod_status *status, struct sp_error *err)
{
	if (look_simulated(arg, horizon, status, err) < 0)
		return -1;
	return sp_happened_read(a, arg, ret) < 0 ? sp_fail(err, SP_E_NO_MEMORY, "check a scenario")
						 : 0;
}

int sp_expect_pod(const struct sp_scenario *s, const struct sp_scn_pod *p, struct sp_buf *why,
		  struct sp_error *err)
{
	struct sp_expect_run run = {.arg = sp_sim_new(&p->spec, &p->plan),
				    .look = look_simulated,
				    .end = end_simulated};
	int r;

	if (!run.arg)
		return sp_fail(err, SP_E_NO_MEMORY, "check a scenario");
	r = sp_expect_check(s, p, &run, why, err);
	sp_sim_free(run.arg);
	return r;
}
