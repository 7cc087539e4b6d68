/* SPDX-License-Identifier: Apache-2.0 */
/* Named lines of a simulation and what is expected of them; see story.h. */
#include "sim/story.h"

#include "base/text.h"
#include "sim/expect.h"

#include <stdarg.h>
#include <stdlib.h>

const char *const sp_story_keys[] = {"order",   "at",   "never",       "count", "events",
				     "horizon", "note", "neverEvents", NULL};

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

static int check_at(const struct sp_scn_reader *r, const struct sp_story *s,
		    const struct sp_node *map, bool (*known)(const char *name), sp_time tolerance,
		    struct sp_diff *diff)
{
	if (map->kind != SP_NODE_MAP)
		return sp_scn_fail(r, map, "at: a map of events to times is needed");
	for (uint32_t i = 0; i < map->n; i++) {
		const struct sp_story_line *l;
		const char *name;
		uint32_t nth;
		sp_time want;

		if (read_name(r, map->pairs[i].value, map->pairs[i].key, known, &name, &nth) < 0 ||
		    sp_scn_seconds(r, map->pairs[i].value, &want) < 0)
			return -1;
		l = sp_story_find(s, name, nth);
		if (!l)
			sp_diff_add(diff, "%s: expected at %g s, got no such event",
				    map->pairs[i].key, seconds(want));
		else if (l->at < want - tolerance || l->at > want + tolerance)
			sp_diff_add(diff, "%s: expected at %g s, got it at %g s", map->pairs[i].key,
				    seconds(want), seconds(l->at));
	}
	return 0;
}

static int check_chain(const struct sp_scn_reader *r, const struct sp_story *s,
		       const struct sp_node *chain, bool (*known)(const char *name),
		       struct sp_diff *diff)
{
	const struct sp_story_line *last = s->v;
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
		if (!l || l < last) {
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
		int64_t got = 0;
		const char *name;
		uint32_t nth;

		if (read_name(r, v, map->pairs[i].key, known, &name, &nth) < 0)
			return -1;
		if (v->kind != SP_NODE_INT)
			return sp_scn_fail(r, v, "count: a number is needed");
		for (uint32_t k = 0; k < s->n; k++)
			got += s->v[k].name && sp_expect_glob(name, s->v[k].name);
		if (got != v->i)
			sp_diff_add(diff, "count of %s: expected %lld, got %lld", name,
				    (long long)v->i, (long long)got);
	}
	return 0;
}

static bool event_matches(const struct sp_story_line *l, const struct sp_node *want)
{
	const char *reason = sp_node_str(sp_node_get(want, "reason"), NULL);
	const char *type = sp_node_str(sp_node_get(want, "type"), NULL);
	const char *message =
		sp_node_str(want->kind == SP_NODE_STR ? want : sp_node_get(want, "message"), NULL);

	return !l->name && (!reason || sp_streq(reason, l->reason)) &&
	       (!type || sp_streq(type, "Warning") == l->warning) &&
	       (!message || sp_expect_text(message, l->text));
}

/* Maps with reason, type, message, count; or messages alone, which must come in that order. */
static int check_events(const struct sp_scn_reader *r, const struct sp_story *s,
			const struct sp_node *list, struct sp_diff *diff)
{
	static const char *const keys[] = {"reason", "type", "message", "count", NULL};
	uint32_t from = 0;

	for (uint32_t i = 0; i < list->n; i++) {
		const struct sp_node *want = list->items[i], *count = sp_node_get(want, "count");
		bool ordered = want->kind == SP_NODE_STR;
		int64_t got = 0;

		if (!ordered && sp_scn_keys(r, want, "events", keys, NULL) < 0)
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
		if (count ? got != count->i : got == 0) {
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
	const struct sp_node *order, *never, *events, *never_events;

	if (need_list(r, expect, "order", &order) < 0 ||
	    need_list(r, expect, "never", &never) < 0 ||
	    need_list(r, expect, "events", &events) < 0 ||
	    need_list(r, expect, "neverEvents", &never_events) < 0)
		return -1;
	for (uint32_t i = 0; order && i < order->n; i++)
		if (check_chain(r, s, order->items[i], known, diff) < 0)
			return -1;
	if ((at && check_at(r, s, at, known, tolerance, diff) < 0) ||
	    (never && check_never(r, s, never, known, diff) < 0) ||
	    (count && check_count(r, s, count, known, diff) < 0) ||
	    (events && check_events(r, s, events, diff) < 0))
		return -1;
	return never_events ? check_never_events(r, s, never_events, diff) : 0;
}
