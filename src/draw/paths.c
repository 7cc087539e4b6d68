/* SPDX-License-Identifier: Apache-2.0 */
/* What the start waited for and what the stop waited for: chains of links, and a sentence. */
#include "base/text.h"
#include "draw/run.h"

#include <stdio.h>

/* How the gate of a row reads in a sentence. */
static const char *gate_words(const struct sp_row *row)
{
	if (row->role == SP_ROLE_INIT)
		return "runs to its end";
	if (sp_streq(row->gate, "startupProbe"))
		return "startup probe";
	if (sp_streq(row->gate, "postStart"))
		return "postStart hook";
	if (strchr(row->gate, '+'))
		return "postStart hook and startup probe";
	return "launch";
}

static void add_link(struct sp_link *ret, uint32_t *n, uint32_t max, const struct sp_row *row,
		     sp_time from, sp_time to, const char *what)
{
	struct sp_link *l;

	if (to <= from || *n >= max)
		return;
	l = &ret[(*n)++];
	*l = (struct sp_link){.row = row, .at = from, .cost = to - from};
	snprintf(l->what, sizeof(l->what), "%s", what);
}

uint32_t sp_run_start_path(const struct sp_run *r, struct sp_link *ret, uint32_t max)
{
	sp_time goal = r->ready_at >= 0 ? r->ready_at : r->end, at = 0;
	const struct sp_row *last = NULL;
	uint32_t n = 0;

	/* the init list: each one holds up the next until its gate opens */
	for (uint32_t i = 0; i < r->header.n_ctrs; i++) {
		const struct sp_row *row = &r->rows[i];
		sp_time open = row->open_at >= 0 ? row->open_at : goal;

		if (row->role == SP_ROLE_APP || at >= goal)
			continue;
		if (row->launched_at < 0) {
			add_link(ret, &n, max, row, at, goal,
				 *row->waiting ? row->waiting : "not launched");
			at = goal;
			break;
		}
		add_link(ret, &n, max, row, at, SP_MIN(row->launched_at, goal),
			 "image and sandbox");
		add_link(ret, &n, max, row, SP_MAX(row->launched_at, at), SP_MIN(open, goal),
			 gate_words(row));
		at = SP_MAX(at, SP_MIN(open, goal));
	}
	/* regular containers run side by side: the one that was ready last decides */
	for (uint32_t i = 0; i < r->header.n_ctrs; i++) {
		const struct sp_row *row = &r->rows[i];
		sp_time ready = row->ready_at >= 0 ? row->ready_at : SP_NEVER;

		if (row->role == SP_ROLE_INIT || (r->ready_at >= 0 && ready > goal))
			continue;
		if (!last || ready >= (last->ready_at >= 0 ? last->ready_at : SP_NEVER))
			last = row;
	}
	if (last && at < goal) {
		sp_time from = SP_MAX(at, SP_MIN(last->launched_at, goal));

		if (last->launched_at < 0) {
			add_link(ret, &n, max, last, at, goal,
				 *last->waiting ? last->waiting : "not launched");
		} else {
			add_link(ret, &n, max, last, at, from, "image and launch");
			if (last->open_at > from && last->open_at <= goal && *last->gate) {
				add_link(ret, &n, max, last, from, last->open_at, gate_words(last));
				from = last->open_at;
			}
			add_link(ret, &n, max, last, from, goal, "readiness");
		}
	}
	return n;
}

/* When the stop of a row began to be its own matter: hook or signal. */
static sp_time stop_from(const struct sp_run *r, const struct sp_row *row)
{
	if (row->prestop_at >= r->stop_at && (row->sigterm_at < 0 || row->prestop_end_at < 0 ||
					      row->prestop_end_at >= row->sigterm_at - SP_MSEC))
		return r->stop_at; /* the hook lasted until the signal: nobody else held it up */
	return row->sigterm_at >= 0 ? row->sigterm_at : SP_MAX(row->gone_at, r->stop_at);
}

uint32_t sp_run_stop_path(const struct sp_run *r, struct sp_link *ret, uint32_t max)
{
	struct sp_link chain[SP_CONTAINERS_MAX];
	uint32_t n = 0, out = 0;
	sp_time until = -1;

	if (r->stop_at < 0)
		return 0;
	/*
	 * Backwards from the last exit: whose stop was under way just before this one's turn came?
	 * At the end of the grace period turns come although somebody still is under way.
	 */
	while (n < SP_CONTAINERS_MAX) {
		const struct sp_row *best = NULL;
		sp_time best_from = 0, best_end = 0;

		for (uint32_t i = 0; i < r->header.n_ctrs; i++) {
			const struct sp_row *row = &r->rows[i];
			sp_time from, end;

			if (row->sigterm_at < r->stop_at || row->sigterm_at < 0)
				continue;
			from = stop_from(r, row);
			end = row->running ? r->end : row->gone_at;
			if (until >= 0)
				end = SP_MIN(end, until);
			if (until >= 0 && from >= until)
				continue;
			if (!best || end > best_end || (end == best_end && from < best_from)) {
				best = row;
				best_from = from;
				best_end = end;
			}
		}
		if (!best)
			break;
		chain[n] = (struct sp_link){
			.row = best, .at = best_from, .cost = SP_MAX(best_end - best_from, 0)};
		snprintf(chain[n].what, sizeof(chain[n].what), "%s",
			 best->sigkill_at >= 0          ? "killed"
			 : best_from < best->sigterm_at ? "preStop and exit"
							: "exit");
		n++;
		until = best_from;
		if (until <= r->stop_at)
			break;
	}
	while (n > 0 && out < max)
		ret[out++] = chain[--n];
	return out;
}

bool sp_run_why(const struct sp_run *r, struct sp_buf *out)
{
	struct sp_link links[2 * SP_CONTAINERS_MAX + 4];
	uint32_t n = sp_run_start_path(r, links, SP_ARRAY_LEN(links));
	const struct sp_link *worst = NULL;
	const struct sp_row *next = NULL;

	for (uint32_t i = 0; i < n; i++)
		if (links[i].cost > SP_SEC && (!worst || links[i].cost > worst->cost))
			worst = &links[i];
	if (!worst)
		return false;
	/* who waited: the next container in the list, or the pod */
	for (uint32_t i = 0; i + 1 < r->header.n_ctrs; i++)
		if (&r->rows[i] == worst->row && worst->row->role != SP_ROLE_APP)
			next = &r->rows[i + 1];
	if (next && worst->at >= worst->row->launched_at && worst->row->launched_at >= 0) {
		sp_buf_printf(out, "%s waited ", next->name);
		sp_format_elapsed(out, worst->cost);
		sp_buf_printf(out, " for %s", worst->row->name);
	} else {
		sp_buf_puts(out, "the pod waited ");
		sp_format_elapsed(out, worst->cost);
		sp_buf_printf(out, " for %s", worst->row->name);
	}
	if (worst->row->role == SP_ROLE_INIT && worst->row->launched_at >= 0 &&
	    worst->at >= worst->row->launched_at) {
		sp_buf_puts(out, " to finish");
		return !out->failed;
	}
	sp_buf_printf(out, ": %s", worst->what);
	if (worst->row->n_startup_probes > 1 && strstr(worst->what, "startup probe") &&
	    worst->row->attempt == 0) {
		sp_time apart = (worst->row->newest_probe_at - worst->row->first_probe_at) /
				(worst->row->n_startup_probes - 1);

		/* in the manifest's words where it is as the manifest says */
		sp_time s = (apart + SP_SEC / 2) / SP_SEC;

		sp_buf_printf(out, ", try %u, ", worst->row->n_startup_probes);
		if (s > 0 && apart > s * SP_SEC - SP_SEC / 20 && apart < s * SP_SEC + SP_SEC / 20) {
			sp_buf_printf(out, "periodSeconds %lld", (long long)s);
		} else {
			sp_buf_puts(out, "tries are ");
			sp_format_elapsed(out, apart);
			sp_buf_puts(out, " apart");
		}
	} else if (worst->row->n_startup_probes == 1 && strstr(worst->what, "startup probe") &&
		   worst->row->attempt == 0 &&
		   worst->row->first_probe_at - worst->row->launched_at > SP_SEC) {
		sp_buf_puts(out, ", the first try came ");
		sp_format_elapsed(out, worst->row->first_probe_at - worst->row->launched_at);
		sp_buf_puts(out, " after the launch");
	}
	return !out->failed;
}
