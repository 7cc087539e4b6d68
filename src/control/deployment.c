/* SPDX-License-Identifier: Apache-2.0 */
/* The rounds of a deployment; see deployment.h. */
#include "control/deployment.h"

#include "base/text.h"

struct look {
	const struct sp_k_workload *deployment;
	const struct sp_k_workload_spec *spec;
	const char *hash;
	struct sp_deployment *d;
	struct sp_rs_child *sets;
	uint32_t n;
	sp_time now;
	struct sp_ctl *ctl;
	int64_t replicas, surge, unavailable;
	struct sp_rs_child *current; /* NULL: not made yet */
	bool changed;
};

void sp_deployment_init(struct sp_deployment *d, sp_time now)
{
	memset(d, 0, sizeof(*d));
	d->sized_for = d->sized_most = -1;
	d->progress_at = now;
}

/* ---- numbers -------------------------------------------------------------------------------- */

static int64_t scaled(const struct sp_int_or_str *v, int64_t standard, int64_t replicas, bool up)
{
	int64_t percent = standard;

	if (v->set && !v->str)
		return v->num;
	if (v->set) {
		percent = 0;
		for (const char *p = v->str; *p >= '0' && *p <= '9' && percent < INT32_MAX; p++)
			percent = percent * 10 + (*p - '0');
	}
	return (percent * replicas + (up ? 99 : 0)) / 100;
}

void sp_deployment_bounds(const struct sp_k_rolling_update *r, int64_t replicas, int64_t *ret_surge,
			  int64_t *ret_unavailable)
{
	static const struct sp_k_rolling_update standard;

	if (!r)
		r = &standard;
	*ret_surge = scaled(&r->max_surge, 25, replicas, true);
	*ret_unavailable = scaled(&r->max_unavailable, 25, replicas, false);
	if (*ret_surge == 0 && *ret_unavailable == 0)
		*ret_unavailable = 1;
	*ret_unavailable = SP_MIN(*ret_unavailable, replicas);
}

static bool is_recreate(const struct look *l)
{
	return l->spec->strategy && l->spec->strategy->type &&
	       sp_streq(l->spec->strategy->type, "Recreate");
}

static bool is_here(const struct sp_rs_child *c)
{
	assert(c); /* sets are there where there are any: analysers do not know */
	return !c->gone && !c->deleting;
}

static bool is_old(const struct look *l, const struct sp_rs_child *c)
{
	return is_here(c) && c != l->current;
}

static int64_t total_size(const struct look *l)
{
	int64_t n = 0;

	for (uint32_t i = 0; i < l->n; i++)
		n += is_here(&l->sets[i]) ? l->sets[i].size : 0;
	return n;
}

static int64_t max_revision(const struct look *l)
{
	int64_t n = 0;

	for (uint32_t i = 0; i < l->n; i++)
		n = is_here(&l->sets[i]) ? SP_MAX(n, l->sets[i].revision) : n;
	return n;
}

/* The oldest old set with something in it that is younger than @after; NULL none. */
static struct sp_rs_child *next_old(const struct look *l, const struct sp_rs_child *after)
{
	struct sp_rs_child *best = NULL;

	for (uint32_t i = 0; i < l->n; i++) {
		struct sp_rs_child *c = &l->sets[i];

		if (!is_old(l, c) || c->size == 0)
			continue;
		if (after && (c->created_at < after->created_at ||
			      (c->created_at == after->created_at && c <= after)))
			continue;
		if (!best || c->created_at < best->created_at)
			best = c;
	}
	return best;
}

/* ---- one change ----------------------------------------------------------------------------- */

static void progressing(struct look *l, bool good, const char *reason, const char *before,
			const char *name, const char *after)
{
	char text[SP_CTL_MESSAGE_MAX];
	struct sp_buf b = sp_buf_fixed(text, sizeof(text));

	sp_buf_printf(&b, "%s \"%s\"%s", before, name, after);
	l->changed |= sp_ctl_cond_set(&l->d->conds[SP_DEPLOYMENT_PROGRESSING], good, reason, text,
				      l->now);
}

static void restart_clock(struct look *l)
{
	l->d->progress_at = l->now;
}

static void tell_scaling(struct look *l, const char *name, int64_t from, int64_t to)
{
	sp_ctl_event(l->ctl, false, "ScalingReplicaSet",
		     "Scaled %s replica set %s from %lld to %lld", to > from ? "up" : "down", name,
		     (long long)from, (long long)to);
}

static void resize(struct look *l, struct sp_rs_child *c, int64_t size)
{
	struct sp_ctl_action *a;

	if (size == c->size)
		return;
	a = sp_ctl_add(l->ctl, SP_CTL_SCALE);
	a->child = (uint32_t)(c - l->sets);
	a->size = size;
	tell_scaling(l, c->name, c->size, size);
	c->size = size;
	l->changed = true;
}

static void create(struct look *l, int64_t size)
{
	struct sp_ctl_action *a;
	const char *name = sp_ctl_text(l->ctl, "%s-%s", l->deployment->meta->name, l->hash);

	a = sp_ctl_add(l->ctl, SP_CTL_CREATE);
	a->text = name;
	a->size = size;
	a->index = max_revision(l) + 1;
	if (size > 0)
		tell_scaling(l, name, 0, size);
	restart_clock(l);
	progressing(l, true, "NewReplicaSetCreated", "Created new replica set", name, "");
	l->changed = true;
}

/* DEPLOY-4: an earlier template that comes back gets the next revision number */
static void adopt(struct look *l)
{
	int64_t max = max_revision(l);

	if (l->current->revision == max)
		return;
	l->current->revision = max + 1;
	restart_clock(l);
	progressing(l, true, "FoundNewReplicaSet", "Found new replica set", l->current->name, "");
	l->changed = true;
}

/* ---- rounds --------------------------------------------------------------------------------- */

/* How large the new set may be made now. */
static int64_t new_size(const struct look *l)
{
	int64_t size = l->current ? l->current->size : 0, total = total_size(l);
	int64_t most = l->replicas + l->surge;

	if (size > l->replicas)
		return l->replicas;
	return total >= most ? size : size + SP_MIN(most - total, l->replicas - size);
}

/* Return: true when something was removed */
static bool shrink_old(struct look *l)
{
	int64_t least = l->replicas - l->unavailable, all_available = 0, spare, removed = 0, n;
	int64_t budget = total_size(l) - least - (l->current->size - l->current->available);

	if (budget <= 0)
		return false;
	/* What serves nobody goes first. */
	for (struct sp_rs_child *c = next_old(l, NULL); c; c = next_old(l, c)) {
		n = SP_MIN(budget - removed, SP_MAX(c->size - c->available, 0));
		resize(l, c, c->size - n);
		removed += n;
	}
	for (uint32_t i = 0; i < l->n; i++)
		all_available += is_here(&l->sets[i]) ? l->sets[i].available : 0;
	spare = SP_MIN(all_available - least, budget - removed);
	for (struct sp_rs_child *c = next_old(l, NULL); c && spare > 0; c = next_old(l, c)) {
		n = SP_MIN(spare, c->size);
		resize(l, c, c->size - n);
		spare -= n;
		removed += n;
	}
	return removed > 0;
}

static void roll(struct look *l)
{
	int64_t size = new_size(l);

	if (!l->current)
		create(l, size);
	else if (size != l->current->size)
		resize(l, l->current, size);
	else
		(void)shrink_old(l);
}

/* DEPLOY-22 */
static void recreate(struct look *l)
{
	int64_t living = 0;
	bool shrunk = false;

	for (uint32_t i = 0; i < l->n; i++) {
		if (&l->sets[i] == l->current || l->sets[i].gone)
			continue;
		living += l->sets[i].living;
		shrunk |= is_here(&l->sets[i]) && l->sets[i].size > 0;
		if (is_here(&l->sets[i]))
			resize(l, &l->sets[i], 0);
	}
	if (shrunk || living > 0)
		return;
	if (!l->current)
		create(l, l->replicas);
	else
		resize(l, l->current, l->replicas);
}

/* ---- scaling -------------------------------------------------------------------------------- */

static struct sp_rs_child *largest(const struct look *l)
{
	struct sp_rs_child *best = NULL;

	for (uint32_t i = 0; i < l->n; i++)
		if (is_here(&l->sets[i]) && l->sets[i].size > 0 &&
		    (!best || l->sets[i].size > best->size ||
		     (l->sets[i].size == best->size && l->sets[i].created_at > best->created_at)))
			best = &l->sets[i];
	return best;
}

/* DEPLOY-23: shares of the new size, what rounding leaves goes to the largest set */
static void scale_shares(struct look *l)
{
	int64_t most = l->replicas > 0 ? l->replicas + l->surge : 0;
	int64_t left = most - total_size(l), before = SP_MAX(l->d->sized_most, 1);
	struct sp_rs_child *top = largest(l);
	int64_t top_size = top->size;

	for (uint32_t i = 0; i < l->n; i++) {
		struct sp_rs_child *c = &l->sets[i];
		int64_t n;

		if (!is_here(c) || c->size == 0)
			continue;
		n = (2 * c->size * most + before) / (2 * before) - c->size;
		n = left > 0 ? SP_MAX(SP_MIN(n, left), 0) : SP_MIN(SP_MAX(n, left), 0);
		left -= n;
		if (c == top)
			top_size += n;
		else
			resize(l, c, c->size + n);
	}
	resize(l, top, SP_MAX(top_size + left, 0));
}

/* The number of replicas was changed. Return: true when that was an action of its own */
static bool scale(struct look *l)
{
	struct sp_rs_child *only = NULL;
	uint32_t filled = 0;

	for (uint32_t i = 0; i < l->n; i++)
		if (is_here(&l->sets[i]) && l->sets[i].size > 0) {
			only = &l->sets[i];
			filled++;
		}
	if (filled == 0)
		only = l->current;
	if (filled > 1)
		scale_shares(l);
	else if (only && (only == l->current || l->spec->paused.v || !is_recreate(l)))
		resize(l, only, l->replicas);
	return l->changed;
}

/* DEPLOY-34 */
static void forget_history(struct look *l)
{
	int64_t limit = l->spec->revision_history.v, kept = 0;

	for (uint32_t i = 0; i < l->n; i++)
		kept += is_old(l, &l->sets[i]);
	for (; kept > limit && l->ctl->n < SP_CTL_BATCH_MAX; kept--) {
		struct sp_rs_child *oldest = NULL;

		for (uint32_t i = 0; i < l->n; i++) {
			struct sp_rs_child *c = &l->sets[i];

			if (is_old(l, c) && c->size == 0 && c->living == 0 &&
			    (!oldest || c->revision < oldest->revision))
				oldest = c;
		}
		if (!oldest)
			return;
		oldest->deleting = true;
		sp_ctl_add(l->ctl, SP_CTL_DELETE)->child = (uint32_t)(oldest - l->sets);
	}
}

/* ---- status --------------------------------------------------------------------------------- */

bool sp_deployment_complete(const struct sp_k_workload *deployment, const struct sp_deployment *d)
{
	int64_t want = deployment->spec->replicas.v;

	return d->updated == want && d->replicas == want && d->available == want &&
	       d->observed_generation >= deployment->meta->generation.v;
}

/* Progress is what DEPLOY-31 calls so. */
static void count(struct look *l)
{
	struct sp_deployment *d = l->d, old = *d;
	int64_t old_replicas;

	d->replicas = d->ready = d->available = d->updated = 0;
	for (uint32_t i = 0; i < l->n; i++) {
		if (l->sets[i].gone)
			continue;
		d->replicas += l->sets[i].replicas;
		d->ready += l->sets[i].ready;
		d->available += l->sets[i].available;
		if (&l->sets[i] == l->current)
			d->updated = l->sets[i].replicas;
	}
	d->unavailable = SP_MAX(SP_MAX(d->replicas, l->replicas) - d->available, 0);
	d->observed_generation = l->deployment->meta->generation.v;
	old_replicas = d->replicas - d->updated;
	if (d->updated > old.updated || d->ready > old.ready || d->available > old.available ||
	    old_replicas < d->old_replicas)
		restart_clock(l);
	d->old_replicas = old_replicas;
	l->changed |= d->replicas != old.replicas || d->updated != old.updated ||
		      d->ready != old.ready || d->available != old.available ||
		      d->unavailable != old.unavailable ||
		      d->observed_generation != old.observed_generation;
}

/* DEPLOY-32 */
static void tell_available(struct look *l)
{
	bool enough = l->d->available >= l->replicas - l->unavailable;

	l->changed |=
		sp_ctl_cond_set(&l->d->conds[SP_DEPLOYMENT_AVAILABLE], enough,
				enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
				enough ? "Deployment has minimum availability."
				       : "Deployment does not have minimum availability.",
				l->now);
}

/* DEPLOY-31 */
static void tell_progress(struct look *l)
{
	const struct sp_ctl_cond *c = &l->d->conds[SP_DEPLOYMENT_PROGRESSING];
	const char *name = l->current ? l->current->name : l->deployment->meta->name;
	bool done = c->status == SP_COND_TRUE && sp_streq(c->reason, "NewReplicaSetAvailable");
	sp_time end;

	if (!l->current || l->spec->paused.v)
		return;
	if (sp_deployment_complete(l->deployment, l->d)) {
		progressing(l, true, "NewReplicaSetAvailable", "ReplicaSet", name,
			    " has successfully progressed.");
		return;
	}
	if (done && l->d->replicas == l->d->updated)
		return; /* what was rolled out once does not time out by losing a pod */
	if (l->d->progress_at == l->now && l->d->updated > 0)
		progressing(l, true, "ReplicaSetUpdated", "ReplicaSet", name, " is progressing.");
	if (!l->spec->progress_deadline_s.set)
		return;
	end = sp_time_add(l->d->progress_at, l->spec->progress_deadline_s.v * SP_SEC);
	if (l->now >= end)
		progressing(l, false, "ProgressDeadlineExceeded", "ReplicaSet", name,
			    " has timed out progressing.");
	else
		sp_ctl_wake(l->ctl, end);
}

/* ---- the step ------------------------------------------------------------------------------- */

static void go_away(struct look *l)
{
	bool left = false;

	for (uint32_t i = 0; i < l->n; i++) {
		left |= !l->sets[i].gone;
		if (!is_here(&l->sets[i]) || l->ctl->n > SP_CTL_BATCH_MAX)
			continue;
		l->sets[i].deleting = true;
		sp_ctl_add(l->ctl, SP_CTL_DELETE)->child = i;
	}
	if (left || l->d->removed)
		return;
	l->d->removed = true;
	sp_ctl_add(l->ctl, SP_CTL_REMOVE);
}

static void decide(struct look *l)
{
	struct sp_deployment *d = l->d;
	bool resized = d->sized_for >= 0 && d->sized_for != l->replicas && scale(l);

	d->sized_for = l->replicas;
	d->sized_most = l->replicas + l->surge;
	if (l->spec->paused.v || resized)
		return; /* DEPLOY-5 */
	if (l->current)
		adopt(l);
	if (is_recreate(l))
		recreate(l);
	else
		roll(l);
}

void sp_deployment_step(const struct sp_k_workload *deployment, const char *hash,
			struct sp_deployment *d, struct sp_rs_child *sets, uint32_t n_sets,
			sp_time now, struct sp_ctl *ret)
{
	struct look l = {.deployment = deployment,
			 .spec = deployment->spec,
			 .hash = hash,
			 .d = d,
			 .sets = sets,
			 .n = n_sets,
			 .now = now,
			 .ctl = ret,
			 .replicas = deployment->spec->replicas.v};
	const struct sp_k_strategy *strategy = deployment->spec->strategy;

	sp_ctl_begin(ret);
	if (d->deleting) {
		go_away(&l);
		return;
	}
	sp_deployment_bounds(strategy ? strategy->rolling : NULL, l.replicas, &l.surge,
			     &l.unavailable);
	if (is_recreate(&l)) {
		l.surge = 0;
		l.unavailable = 0;
	}
	for (uint32_t i = 0; i < n_sets; i++)
		if (is_here(&sets[i]) && sets[i].current &&
		    (!l.current || sets[i].created_at < l.current->created_at))
			l.current = &sets[i];
	count(&l);
	decide(&l);
	if (sp_deployment_complete(deployment, d))
		forget_history(&l);
	tell_available(&l);
	tell_progress(&l);
	if (l.changed)
		sp_ctl_add(ret, SP_CTL_STATUS);
}

/* ---- columns -------------------------------------------------------------------------------- */

void sp_deployment_columns(const struct sp_k_workload *deployment, const struct sp_deployment *d,
			   struct sp_buf *ready, struct sp_buf *updated, struct sp_buf *available)
{
	sp_buf_printf(ready, "%lld/%lld", (long long)d->ready,
		      (long long)deployment->spec->replicas.v);
	sp_buf_printf(updated, "%lld", (long long)d->updated);
	sp_buf_printf(available, "%lld", (long long)d->available);
}
