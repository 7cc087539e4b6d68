/* SPDX-License-Identifier: Apache-2.0 */
/* Named lines of a simulation and what is expected of them; see story.h. */
#include "sim/story.h"

#include "base/text.h"
#include "sim/expect.h"

#include <stdarg.h>
#include <stdlib.h>

const char *const sp_story_keys[] = {"order", "at",          "gap",       "together",
				     "never", "count",       "events",    "horizon",
				     "note",  "neverEvents", "tolerance", NULL};

void sp_story_done(struct sp_story *s)
{
	free(s->v);
	*s = (struct sp_story){0};
}

static struct sp_story_line *add_line(struct sp_story *s, sp_time at)
{
	if (s->n == s->cap) {
		uint32_t cap = s->cap ? s->cap * 2 : 64;
		struct sp_story_line *v = realloc(s->v, cap * sizeof(*v));

		if (!v) {
			s->failed = true;
			return NULL;
		}
		s->v = v;
		s->cap = cap;
	}
	s->v[s->n] = (struct sp_story_line){.at = at};
	return &s->v[s->n++];
}

void sp_story_add(struct sp_story *s, struct sp_arena *a, sp_time at, const char *fmt, ...)
{
	char mem[300];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));
	struct sp_story_line *l;
	va_list ap;

	va_start(ap, fmt);
	sp_buf_vprintf(&b, fmt, ap);
	va_end(ap);
	l = add_line(s, at);
	if (!l)
		return;
	l->name = sp_arena_strdup(a, mem);
	s->failed |= !l->name;
}

void sp_story_event(struct sp_story *s, struct sp_arena *a, sp_time at, bool warning,
		    const char *reason, const char *text)
{
	struct sp_story_line *l = add_line(s, at);

	if (!l)
		return;
	l->warning = warning;
	l->reason = reason;
	l->text = sp_arena_strdup(a, text);
	s->failed |= !l->text;
}

/* "name@2" → "name", 2 */
static int read_name(const struct sp_scn_reader *r, const struct sp_node *at, const char *text,
		     bool (*known)(const char *name), const char **ret, uint32_t *ret_nth)
{
	const char *sign = strrchr(text, '@');
	int64_t nth = 1;

	if (sign && sp_parse_i64(sign + 1, 1, UINT32_MAX, &nth) < 0)
		return sp_scn_fail(r, at, "'%s': a number is needed behind the @", text);
	*ret = sign ? sp_arena_strndup(r->arena, text, (size_t)(sign - text)) : text;
	*ret_nth = (uint32_t)nth;
	if (!*ret)
		return sp_fail(r->err, SP_E_NO_MEMORY, "check a scenario");
	if (!known(*ret))
		return sp_scn_fail(r, at, "'%s' is nothing that can happen here", text);
	return 0;
}

const struct sp_story_line *sp_story_find(const struct sp_story *s, const char *name, uint32_t nth)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->v[i].name && sp_expect_glob(name, s->v[i].name) && --nth == 0)
			return &s->v[i];
	return NULL;
}

static double seconds(sp_time t)
{
	return (double)t / (double)SP_SEC;
}

/* What a judgement needs. */
struct judge {
	const struct sp_scn_reader *r;
	const struct sp_story *s;
	bool (*known)(const char *name);
	sp_time tolerance;
	struct sp_diff *diff;
};

/* The line of that name; *ret NULL when it did not happen. */
static int find(const struct judge *j, const struct sp_node *at, const char *text,
		const struct sp_story_line **ret)
{
	const char *name;
	uint32_t nth;

	if (read_name(j->r, at, text, j->known, &name, &nth) < 0)
		return -1;
	*ret = sp_story_find(j->s, name, nth);
	return 0;
}

/* Event: time, or [from, to] */
static int check_at(const struct judge *j, const struct sp_node *map)
{
	if (map->kind != SP_NODE_MAP)
		return sp_scn_fail(j->r, map, "at: a map of events to times is needed");
	for (uint32_t i = 0; i < map->n; i++) {
		const struct sp_node *v = map->pairs[i].value;
		bool range = v->kind == SP_NODE_LIST && v->n == 2;
		const char *name = map->pairs[i].key;
		const struct sp_story_line *l;
		sp_time from, to;

		if (find(j, v, name, &l) < 0 ||
		    sp_scn_seconds(j->r, range ? v->items[0] : v, &from) < 0 ||
		    sp_scn_seconds(j->r, range ? v->items[1] : v, &to) < 0)
			return -1;
		if (!l)
			sp_diff_add(j->diff, "%s: expected at %g s, got no such event", name,
				    seconds(from));
		else if (range && (l->at < from - j->tolerance || l->at > to + j->tolerance))
			sp_diff_add(j->diff, "%s: expected from %g to %g s, got it at %g s", name,
				    seconds(from), seconds(to), seconds(l->at));
		else if (l->at < from - j->tolerance || l->at > to + j->tolerance)
			sp_diff_add(j->diff, "%s: expected at %g s, got it at %g s", name,
				    seconds(from), seconds(l->at));
	}
	return 0;
}

static int check_gap(const struct judge *j, const struct sp_node *g)
{
	static const char *const keys[] = {"from", "to", "is", "min", "max", NULL};
	static const char *const bounds[] = {"is", "min", "max"};
	const char *from = sp_node_str(sp_node_get(g, "from"), "");
	const char *to = sp_node_str(sp_node_get(g, "to"), "");
	const struct sp_story_line *a, *b;

	if (sp_scn_keys(j->r, g, "gap", keys, NULL) < 0 || find(j, g, from, &a) < 0 ||
	    find(j, g, to, &b) < 0)
		return -1;
	if (!a || !b) {
		sp_diff_add(j->diff, "gap: expected %s and %s, got no %s", from, to, a ? to : from);
		return 0;
	}
	for (int k = 0; k < 3; k++) {
		const struct sp_node *v = sp_node_get(g, bounds[k]);
		sp_time want, got = b->at - a->at;

		if (!v)
			continue;
		if (sp_scn_seconds(j->r, v, &want) < 0)
			return -1;
		if ((k != 2 && got < want - j->tolerance) || (k != 1 && got > want + j->tolerance))
			sp_diff_add(j->diff, "gap from %s to %s: expected %s %g s, got %g s", from,
				    to, bounds[k], seconds(want), seconds(got));
	}
	return 0;
}

static int check_together(const struct judge *j, const struct sp_node *list)
{
	const struct sp_story_line *first = NULL, *l;

	if (list->kind != SP_NODE_LIST)
		return sp_scn_fail(j->r, list, "together: a list of lists of events is needed");
	for (uint32_t k = 0; k < list->n; k++) {
		const char *name = sp_node_str(list->items[k], "");

		if (find(j, list->items[k], name, &l) < 0)
			return -1;
		if (!l)
			sp_diff_add(j->diff, "together: expected %s, got no such event", name);
		else if (!first)
			first = l;
		else if (l->at < first->at - j->tolerance || l->at > first->at + j->tolerance)
			sp_diff_add(j->diff, "together: expected %s at %g s, got it at %g s", name,
				    seconds(first->at), seconds(l->at));
	}
	return 0;
}

/* Events of one instant, each of another pod or of the job itself: neither comes before the other.
 */
static bool side_by_side(const struct sp_story_line *a, const struct sp_story_line *b)
{
	size_t n = strcspn(a->name, ".");

	return a->at == b->at && a->name[n] && strchr(b->name, '.') &&
	       strncmp(a->name, b->name, n + 1) != 0;
}

static int check_chain(const struct sp_scn_reader *r, const struct sp_story *s,
		       const struct sp_node *chain, bool (*known)(const char *name),
		       struct sp_diff *diff)
{
	const struct sp_story_line *last = NULL;
	const char *before = NULL;

	if (chain->kind != SP_NODE_LIST)
		return sp_scn_fail(r, chain, "order: a chain is a list of events");
	for (uint32_t k = 0; k < chain->n; k++) {
		const struct sp_story_line *l;
		const char *name;
		uint32_t nth;

		if (read_name(r, chain->items[k], sp_node_str(chain->items[k], ""), known, &name,
			      &nth) < 0)
			return -1;
		l = sp_story_find(s, name, nth);
		if (!l || (last && l < last && !side_by_side(last, l))) {
			sp_diff_add(diff, "order: expected %s%s%s, got it %s", name,
				    before ? " after " : "", before ? before : "",
				    l ? "earlier" : "never");
			return 0;
		}
		last = l;
		before = name;
	}
	return 0;
}

static int check_never(const struct sp_scn_reader *r, const struct sp_story *s,
		       const struct sp_node *list, bool (*known)(const char *name),
		       struct sp_diff *diff)
{
	for (uint32_t i = 0; i < list->n; i++) {
		const struct sp_story_line *l;
		const char *name;
		uint32_t nth;

		if (read_name(r, list->items[i], sp_node_str(list->items[i], ""), known, &name,
			      &nth) < 0)
			return -1;
		l = sp_story_find(s, name, nth);
		if (l)
			sp_diff_add(diff, "%s: expected never, got it at %g s", name,
				    seconds(l->at));
	}
	return 0;
}

static int check_count(const struct sp_scn_reader *r, const struct sp_story *s,
		       const struct sp_node *map, bool (*known)(const char *name),
		       struct sp_diff *diff)
{
	if (map->kind != SP_NODE_MAP)
		return sp_scn_fail(r, map, "count: a map of events to numbers is needed");
	for (uint32_t i = 0; i < map->n; i++) {
		const struct sp_node *v = map->pairs[i].value;
		bool range = v->kind == SP_NODE_LIST && v->n == 2;
		int64_t got = 0, lo, hi;
		const char *name;
		uint32_t nth;

		if (read_name(r, v, map->pairs[i].key, known, &name, &nth) < 0 ||
		    sp_scn_int(r, range ? v->items[0] : v, "count", &lo) < 0 ||
		    sp_scn_int(r, range ? v->items[1] : v, "count", &hi) < 0)
			return -1;
		for (uint32_t k = 0; k < s->n; k++)
			got += s->v[k].name && sp_expect_glob(name, s->v[k].name);
		if (got < lo || got > hi)
			sp_diff_add(diff, "count of %s: expected %lld, got %lld", name,
				    (long long)(got < lo ? lo : hi), (long long)got);
	}
	return 0;
}

static bool event_matches(const struct sp_story_line *l, const struct sp_node *want)
{
	const char *reason = sp_node_str(sp_node_get(want, "reason"), NULL);
	const char *type = sp_node_str(sp_node_get(want, "type"), NULL);
	const char *prefix = sp_node_str(sp_node_get(want, "messagePrefix"), NULL);
	const char *message =
		sp_node_str(want->kind == SP_NODE_STR ? want : sp_node_get(want, "message"), NULL);

	return !l->name && (!reason || sp_streq(reason, l->reason)) &&
	       (!type || sp_streq(type, "Warning") == l->warning) &&
	       (!prefix || strncmp(prefix, l->text, strlen(prefix)) == 0) &&
	       (!message || sp_expect_text(message, l->text));
}

/* Maps with reason, type, message, count; or messages alone, which must come in that order. */
static int check_events(const struct sp_scn_reader *r, const struct sp_story *s,
			const struct sp_node *list, struct sp_diff *diff)
{
	static const char *const keys[] = {"reason",        "type",  "message",
					   "messagePrefix", "count", NULL};
	uint32_t from = 0;

	for (uint32_t i = 0; i < list->n; i++) {
		const struct sp_node *want = list->items[i], *count = sp_node_get(want, "count");
		bool ordered = want->kind == SP_NODE_STR;
		int64_t got = 0, number = 0;

		if (!ordered && (sp_scn_keys(r, want, "events", keys, NULL) < 0 ||
				 sp_scn_event_type(r, sp_node_get(want, "type")) < 0 ||
				 (count && sp_scn_int(r, count, "count", &number) < 0)))
			return -1;
		for (uint32_t k = ordered ? from : 0; k < s->n; k++) {
			if (!event_matches(&s->v[k], want))
				continue;
			got++;
			if (ordered) {
				from = k + 1;
				break;
			}
		}
		if (count ? got != number : got == 0) {
			SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

			sp_node_json(want, -1, &b);
			sp_diff_add(diff, "event %s: got %lld%s", b.ptr, (long long)got,
				    ordered ? " at that place" : "");
		}
	}
	return 0;
}

static int check_never_events(const struct sp_scn_reader *r, const struct sp_story *s,
			      const struct sp_node *list, struct sp_diff *diff)
{
	for (uint32_t i = 0; i < list->n; i++)
		for (uint32_t k = 0; k < s->n; k++)
			if (!s->v[k].name &&
			    sp_streq(s->v[k].reason, sp_node_str(list->items[i], "")))
				sp_diff_add(diff, "event %s: expected never, got it at %g s: %s",
					    s->v[k].reason, seconds(s->v[k].at), s->v[k].text);
	return 0;
}

static int need_list(const struct sp_scn_reader *r, const struct sp_node *expect, const char *key,
		     const struct sp_node **ret)
{
	*ret = sp_node_get(expect, key);
	if (*ret && (*ret)->kind != SP_NODE_LIST)
		return sp_scn_fail(r, *ret, "%s: a list is needed", key);
	return 0;
}

int sp_story_check(const struct sp_scn_reader *r, const struct sp_story *s,
		   const struct sp_node *expect, bool (*known)(const char *name), sp_time tolerance,
		   struct sp_diff *diff)
{
	const struct sp_node *at = sp_node_get(expect, "at"), *count = sp_node_get(expect, "count");
	const struct sp_node *order, *never, *events, *never_events, *gaps, *together;
	const struct sp_node *told = sp_node_get(expect, "tolerance");
	struct judge j = {.r = r, .s = s, .known = known, .diff = diff};

	j.tolerance = tolerance;
	if (told && sp_scn_seconds(r, told, &j.tolerance) < 0)
		return -1;
	j.tolerance = SP_MAX(j.tolerance, tolerance);
	if (need_list(r, expect, "order", &order) < 0 || need_list(r, expect, "gap", &gaps) < 0 ||
	    need_list(r, expect, "together", &together) < 0 ||
	    need_list(r, expect, "never", &never) < 0 ||
	    need_list(r, expect, "events", &events) < 0 ||
	    need_list(r, expect, "neverEvents", &never_events) < 0)
		return -1;
	for (uint32_t i = 0; order && i < order->n; i++)
		if (check_chain(r, s, order->items[i], known, diff) < 0)
			return -1;
	for (uint32_t i = 0; gaps && i < gaps->n; i++)
		if (check_gap(&j, gaps->items[i]) < 0)
			return -1;
	for (uint32_t i = 0; together && i < together->n; i++)
		if (check_together(&j, together->items[i]) < 0)
			return -1;
	if ((at && check_at(&j, at) < 0) || (never && check_never(r, s, never, known, diff) < 0) ||
	    (count && check_count(r, s, count, known, diff) < 0) ||
	    (events && check_events(r, s, events, diff) < 0))
		return -1;
	return never_events ? check_never_events(r, s, never_events, diff) : 0;
}
