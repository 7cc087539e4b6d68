/* SPDX-License-Identifier: Apache-2.0 */
/* ReplicaSets, StatefulSets and DaemonSets; see set.h. */
#include "control/set.h"

struct look {
	const struct sp_k_workload *set;
	struct sp_set *s;
	struct sp_child *pods;
	uint32_t n;
	sp_time now;
	struct sp_ctl *ctl;
	uint32_t budget; /* pods that may still be created or deleted in this look */
};

void sp_set_init(struct sp_set *s, uint64_t seed)
{
	*s = (struct sp_set){.chance = seed};
}

bool sp_child_available(const struct sp_child *c, int64_t min_ready_s, sp_time now, sp_time *ret_at)
{
	*ret_at = SP_NEVER;
	if (!sp_child_active(c) || !c->ready)
		return false;
	*ret_at = sp_time_add(c->ready_changed_at, min_ready_s * SP_SEC);
	return *ret_at <= now;
}

/* ---- what all sets do ----------------------------------------------------------------------- */

static bool available(struct look *l, const struct sp_child *c)
{
	sp_time at;
	bool is = sp_child_available(c, l->set->spec->min_ready_s.v, l->now, &at);

	if (!is)
		sp_ctl_wake(l->ctl, at);
	return is;
}

static void count(struct look *l)
{
	struct sp_set now = *l->s;

	now.replicas = now.ready = now.available = now.terminating = now.updated = 0;
	for (uint32_t i = 0; i < l->n; i++) {
		const struct sp_child *c = &l->pods[i];
		bool active = sp_child_active(c);

		now.replicas += active;
		now.ready += active && c->ready;
		now.available += available(l, c);
		now.terminating += sp_child_terminating(c);
		now.updated += active && !c->outdated;
	}
	/* Padding that differs costs one status too many. */
	/* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c) */
	if (memcmp(&now, l->s, sizeof(now)) != 0)
		sp_ctl_add(l->ctl, SP_CTL_STATUS);
	*l->s = now;
}

static bool spend(struct look *l)
{
	if (l->budget == 0) {
		sp_ctl_wake(l->ctl, l->now);
		return false;
	}
	l->budget--;
	return true;
}

static void delete_pod(struct look *l, uint32_t i)
{
	struct sp_child *c = &l->pods[i];

	if (!spend(l))
		return;
	l->s->replicas -= sp_child_active(c);
	c->deleting = true;
	c->deleted_at = l->now;
	sp_ctl_add(l->ctl, SP_CTL_DELETE)->child = i;
	sp_ctl_event(l->ctl, false, "SuccessfulDelete", "Deleted pod: %s", c->name);
}

static void create_pod(struct look *l, const char *name, int64_t index)
{
	struct sp_ctl_action *a;

	if (!spend(l))
		return;
	a = sp_ctl_add(l->ctl, SP_CTL_CREATE);
	a->text = name;
	a->index = index;
	sp_ctl_event(l->ctl, false, "SuccessfulCreate", "Created pod: %s", name);
	l->s->replicas++;
}

static void go_away(struct look *l)
{
	bool left = false;

	for (uint32_t i = 0; i < l->n; i++) {
		if (!l->pods[i].gone && !l->pods[i].deleting)
			delete_pod(l, i);
		left |= !l->pods[i].gone;
	}
	if (left || l->s->removed)
		return;
	l->s->removed = true;
	sp_ctl_add(l->ctl, SP_CTL_REMOVE);
}

/* Return: false when there is nothing more to decide */
static bool begin(struct look *l)
{
	sp_ctl_begin(l->ctl);
	count(l);
	if (!l->s->deleting)
		return true;
	go_away(l);
	return false;
}

/* ---- ReplicaSet ----------------------------------------------------------------------------- */

static uint32_t first_to_go(const struct look *l)
{
	uint32_t best = SP_NO_CHILD;

	for (uint32_t i = 0; i < l->n; i++)
		if (sp_child_active(&l->pods[i]) &&
		    (best == SP_NO_CHILD || sp_child_rank(&l->pods[i], &l->pods[best]) < 0))
			best = i;
	return best;
}

/* DEPLOY-10 */
void sp_replica_set_step(const struct sp_k_workload *set, struct sp_set *s, struct sp_child *pods,
			 uint32_t n_pods, sp_time now, struct sp_ctl *ret)
{
	struct look l = {set, s, pods, n_pods, now, ret, SP_CTL_BATCH_MAX};
	int64_t want = set->spec->replicas.v;

	if (!begin(&l))
		return;
	for (int64_t n = want - s->replicas; n > 0 && l.budget > 0; n--)
		create_pod(&l, sp_ctl_name(ret, &s->chance, set->meta->name, pods, n_pods), -1);
	for (int64_t n = s->replicas - want; n > 0 && l.budget > 0; n--)
		delete_pod(&l, first_to_go(&l));
	if (s->replicas != want)
		sp_ctl_wake(ret, now);
}

/* ---- StatefulSet ---------------------------------------------------------------------------- */

/* The pod of an ordinal that still exists, SP_NO_CHILD none. */
static uint32_t pod_of(const struct look *l, int64_t ordinal)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (!l->pods[i].gone && l->pods[i].index == ordinal)
			return i;
	return SP_NO_CHILD;
}

static bool is_rolling(const struct sp_k_workload_spec *spec)
{
	return !spec->strategy || !spec->strategy->type ||
	       !sp_streq(spec->strategy->type, "OnDelete");
}

static void start_ordinal(struct look *l, int64_t ordinal)
{
	create_pod(l, sp_ctl_text(l->ctl, "%s-%lld", l->set->meta->name, (long long)ordinal),
		   ordinal);
}

/* Ordinals 0 … want-1 in order. Return: all are there and available */
static bool start_in_order(struct look *l, int64_t want, bool parallel)
{
	bool all = true;

	for (int64_t k = 0; k < want && (all || parallel); k++) {
		uint32_t i = pod_of(l, k);

		if (i == SP_NO_CHILD)
			start_ordinal(l, k);
		else if (sp_child_terminal(&l->pods[i]) && !l->pods[i].deleting)
			delete_pod(l, i); /* its name has to be free before it runs again */
		else if (available(l, &l->pods[i]))
			continue;
		all = false;
	}
	return all;
}

/* From the highest ordinal down, the next one when the last one is gone. */
static bool stop_in_order(struct look *l, int64_t want, bool parallel)
{
	int64_t highest;

	do {
		uint32_t i = SP_NO_CHILD;

		highest = want - 1;
		for (uint32_t k = 0; k < l->n; k++)
			if (!l->pods[k].gone && l->pods[k].index > highest &&
			    !(parallel && l->pods[k].deleting)) {
				highest = l->pods[k].index;
				i = k;
			}
		if (i == SP_NO_CHILD)
			return highest < want;
		if (l->pods[i].deleting || l->budget == 0)
			return false;
		delete_pod(l, i);
	} while (parallel);
	return false;
}

static void update_in_order(struct look *l, int64_t want)
{
	const struct sp_k_workload_spec *spec = l->set->spec;
	int64_t partition = spec->strategy && spec->strategy->rolling
				    ? spec->strategy->rolling->partition.v
				    : 0;

	for (int64_t k = want - 1; k >= partition; k--) {
		uint32_t i = pod_of(l, k);

		if (i == SP_NO_CHILD || !l->pods[i].outdated)
			continue;
		if (!l->pods[i].deleting)
			delete_pod(l, i);
		return;
	}
}

void sp_stateful_set_step(const struct sp_k_workload *set, struct sp_set *s, struct sp_child *pods,
			  uint32_t n_pods, sp_time now, struct sp_ctl *ret)
{
	struct look l = {set, s, pods, n_pods, now, ret, SP_CTL_BATCH_MAX};
	int64_t want = set->spec->replicas.v;
	bool parallel =
		set->spec->pod_management && sp_streq(set->spec->pod_management, "Parallel");

	if (!begin(&l))
		return;
	if (!start_in_order(&l, want, parallel) && !parallel)
		return;
	if (stop_in_order(&l, want, parallel) && is_rolling(set->spec))
		update_in_order(&l, want);
}

/* ---- DaemonSet ------------------------------------------------------------------------------ */

void sp_daemon_set_step(const struct sp_k_workload *set, struct sp_set *s, struct sp_child *pods,
			uint32_t n_pods, sp_time now, struct sp_ctl *ret)
{
	struct look l = {set, s, pods, n_pods, now, ret, SP_CTL_BATCH_MAX};
	bool there = false;

	if (!begin(&l))
		return;
	for (uint32_t i = 0; i < n_pods; i++) {
		const struct sp_child *c = &pods[i];

		if (c->gone)
			continue;
		if (!c->deleting &&
		    (sp_child_terminal(c) || there || (c->outdated && is_rolling(set->spec))))
			delete_pod(&l, i);
		there = true; /* the next one waits until this one is gone */
	}
	if (!there)
		create_pod(&l, sp_ctl_name(ret, &s->chance, set->meta->name, pods, n_pods), -1);
}
