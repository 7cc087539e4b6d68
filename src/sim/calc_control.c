/* SPDX-License-Identifier: Apache-2.0 */
/* Tables about controllers: index texts, times of schedules, budgets of rollouts. */
#include "sim/calc_internal.h"

#include "base/text.h"
#include "control/deployment.h"
#include "control/indexes.h"
#include "control/schedule.h"

#include <stdlib.h>

int sp_calc_indexes(struct sp_calc *t, const struct sp_node *c)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf got = {0};
	const struct sp_node *set = sp_node_get(c, "set");
	struct sp_indexes *s;

	if (set->kind != SP_NODE_LIST)
		return sp_scn_fail(t->r, c, "set: a list of numbers is needed");
	s = calloc(1, sizeof(*s));
	if (!s)
		return sp_fail(t->r->err, SP_E_NO_MEMORY, "check a scenario");
	for (uint32_t i = 0; i < set->n; i++)
		sp_indexes_add(s, set->items[i]->i);
	sp_indexes_print(s, SP_INDEXES_MAX, &got);
	free(s);
	sp_calc_differs(t, "text", sp_node_str(sp_node_get(c, "text"), ""), got.len ? got.ptr : "");
	return 0;
}

static void bound(const struct sp_node *n, struct sp_int_or_str *ret)
{
	if (!n)
		return;
	ret->set = true;
	if (n->kind == SP_NODE_INT)
		ret->num = n->i;
	else
		ret->str = sp_node_str(n, "");
}

int sp_calc_bounds(struct sp_calc *t, const struct sp_node *c)
{
	struct sp_k_rolling_update r = {0};
	int64_t surge, unavailable, replicas;

	if (sp_scn_int(t->r, sp_node_get(c, "replicas"), "replicas", &replicas) < 0)
		return -1;
	bound(sp_node_get(c, "maxSurge"), &r.max_surge);
	bound(sp_node_get(c, "maxUnavailable"), &r.max_unavailable);
	sp_deployment_bounds(&r, replicas, &surge, &unavailable);
	sp_calc_differs_int(t, "surge", sp_node_get(c, "surge"), surge);
	sp_calc_differs_int(t, "unavailable", sp_node_get(c, "unavailable"), unavailable);
	return 0;
}

/* The times after `after` of the case or of the table, in UTC or by its `timeZone` or `zoneRule`.
 */
int sp_calc_schedule(struct sp_calc *t, const struct sp_node *c)
{
	const struct sp_node *after = sp_node_get(c, "after"), *next = sp_node_get(c, "next");
	struct sp_schedule s = {0};
	sp_time begin, want;
	int64_t at;

	if (!after)
		after = sp_node_get(t->s->node, "after");
	if (sp_parse_rfc3339(sp_node_str(after, ""), &begin) < 0 || !next ||
	    next->kind != SP_NODE_LIST)
		return sp_scn_fail(t->r, c, "a schedule needs 'after' and a list 'next'");
	at = begin / SP_SEC;
	if (sp_scn_zone(t->r, c, t->s->node, &s.zone) < 0 ||
	    sp_cron_parse(sp_node_str(sp_node_get(c, "schedule"), ""), &s.cron, t->r->err) < 0)
		return -1;
	for (uint32_t i = 0; i < next->n; i++) {
		char text[40];
		struct sp_buf b = sp_buf_fixed(text, sizeof(text));

		at = sp_schedule_next(&s, at);
		if (at == SP_SCHEDULE_NEVER)
			sp_buf_puts(&b, "never");
		else
			sp_zone_rfc3339(s.zone, at, &b);
		/* the same instant, with whatever offset it is written */
		if (sp_parse_rfc3339(sp_node_str(next->items[i], ""), &want) == 0 &&
		    want == at * SP_SEC)
			continue;
		sp_calc_differs(t, sp_node_str(sp_node_get(c, "schedule"), ""),
				sp_node_str(next->items[i], ""), text);
	}
	return 0;
}

/* Beside the rows: `invalid`, texts that are no schedules. */
void sp_calc_no_schedules(struct sp_calc *t)
{
	const struct sp_node *list = sp_node_get(t->s->node, "invalid");

	for (uint32_t i = 0; list && list->kind == SP_NODE_LIST && i < list->n; i++) {
		const char *text = sp_node_str(list->items[i], "");
		struct sp_cron cron;
		struct sp_error err;

		if (sp_cron_parse(text, &cron, &err) == 0)
			sp_diff_add(t->diff, "'%s': expected to be refused, got a schedule", text);
	}
}
