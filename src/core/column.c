/* SPDX-License-Identifier: Apache-2.0 */
/* The columns of `get pods` (section 15), from the visible status alone. */
#include "core/pod_internal.h"

/* The reason of a terminated container; the engine always has one. */
struct column {
	uint32_t restarts, sidecar_restarts, ready, total;
	bool initialising;
};

static bool cond_true(const struct sp_pod_status *st, enum sp_cond_type type)
{
	for (uint16_t i = 0; i < st->n_conds; i++)
		if (st->conds[i].type == type)
			return st->conds[i].status == SP_COND_TRUE;
	return false;
}

/* First loop of COL-2: the first init-list container that is not through decides. */
static void init_list(const struct sp_pod_spec *spec, const struct sp_pod_status *st,
		      struct sp_buf *status, struct column *col)
{
	bool count_sidecars = spec->kube_minor >= 29; /* REL-2 */

	for (uint16_t i = 0; i < spec->n_init; i++) {
		const struct sp_ctr_status *c = &st->ctrs[i];
		bool sidecar = spec->ctrs[i].role == SP_ROLE_SIDECAR;

		col->restarts += c->restart_count;
		if (sidecar)
			col->sidecar_restarts += c->restart_count;
		if (c->state == SP_CTR_TERMINATED && c->term.code == 0)
			continue;
		if (sidecar && c->started) {
			col->ready += c->ready && count_sidecars;
			continue;
		}
		sp_buf_clear(status);
		if (c->state == SP_CTR_TERMINATED)
			sp_buf_printf(status, "Init:%s", c->term.reason);
		else if (c->state == SP_CTR_WAITING && *c->reason &&
			 !sp_streq(c->reason, "PodInitializing"))
			sp_buf_printf(status, "Init:%s", c->reason);
		else
			sp_buf_printf(status, "Init:%u/%u", i, spec->n_init);
		col->initialising = true;
		return;
	}
}

/* Next regular container before @after in reverse order of names (STAT-1); n_ctrs: none. */
static uint16_t previous_by_name(const struct sp_pod_spec *spec, uint16_t after)
{
	uint16_t best = spec->n_ctrs;

	for (uint16_t i = spec->n_init; i < spec->n_ctrs; i++) {
		if (after < spec->n_ctrs && strcmp(spec->ctrs[i].name, spec->ctrs[after].name) >= 0)
			continue;
		if (best == spec->n_ctrs || strcmp(spec->ctrs[i].name, spec->ctrs[best].name) > 0)
			best = i;
	}
	return best;
}

/* Second loop of COL-2. */
static void regular_list(const struct sp_pod_spec *spec, const struct sp_pod_status *st,
			 struct sp_buf *status, struct column *col)
{
	const char *reason = NULL, *error = NULL;
	bool running = false;

	col->restarts = col->sidecar_restarts;
	for (uint16_t i = previous_by_name(spec, spec->n_ctrs); i < spec->n_ctrs;
	     i = previous_by_name(spec, i)) {
		const struct sp_ctr_status *c = &st->ctrs[i];

		col->restarts += c->restart_count;
		if (c->state == SP_CTR_WAITING && *c->reason) {
			reason = c->reason;
		} else if (c->state == SP_CTR_TERMINATED) {
			reason = c->term.reason;
			if (c->term.code != 0)
				error = reason;
		} else if (c->ready && c->state == SP_CTR_RUNNING) {
			running = true;
			col->ready++;
		}
	}
	if (!reason && !sp_streq(status->ptr, "Completed"))
		return;
	if (!reason || sp_streq(reason, "Completed")) {
		reason = "Completed";
		if (running && cond_true(st, SP_COND_READY))
			reason = "Running";
		else if (error)
			reason = error;
		else if (running)
			reason = "NotReady";
	}
	sp_buf_clear(status);
	sp_buf_puts(status, reason);
}

void sp_pod_column(const struct sp_pod_spec *spec, const struct sp_pod_status *st,
		   struct sp_buf *status, struct sp_buf *ready, uint32_t *restarts)
{
	struct column col = {.total = (uint32_t)(spec->n_ctrs - spec->n_init)};

	sp_buf_clear(status);
	sp_buf_puts(status, *st->reason ? st->reason : sp_phase_name(st->phase));
	init_list(spec, st, status, &col);
	if (!col.initialising || cond_true(st, SP_COND_INITIALIZED))
		regular_list(spec, st, status, &col);
	if (st->deleting && st->phase < SP_PHASE_SUCCEEDED) {
		sp_buf_clear(status);
		sp_buf_puts(status, "Terminating");
	}
	for (uint16_t i = 0; i < spec->n_init; i++)
		col.total += spec->ctrs[i].role == SP_ROLE_SIDECAR && spec->kube_minor >= 29;
	sp_buf_clear(ready);
	sp_buf_printf(ready, "%u/%u", col.ready, col.total); /* COL-1 */
	*restarts = col.restarts;
}
