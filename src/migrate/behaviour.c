/* SPDX-License-Identifier: Apache-2.0 */
/* What the pod does before and after: both driven through the pod core in virtual time, under the
 * same assumptions about its programs. */
#include "migrate/migrate_internal.h"

#include "base/text.h"
#include "sim/world.h"

#include <stdlib.h>

#define APP_ENDS   (10 * SP_SEC) /* of Jobs */
#define INIT_ENDS  (1 * SP_SEC)
#define UP_AFTER   (2 * SP_SEC) /* probes succeed from then on */
#define DELETED_AT (120 * SP_SEC)
#define HORIZON    (3600 * SP_SEC)
#define AMPLE_S    100000

struct world {
	struct sp_pod_spec spec;
	struct sp_sim_ctr *ctrs;
	struct sp_sim_plan plan;
	struct sp_sim_stimulus del;
	struct sp_sim *sim;
};

static void world_done(struct world *w)
{
	sp_sim_free(w->sim);
}

const struct sp_k_pod_spec *mig_pod_spec(const struct sp_object *o, const struct sp_k_meta **meta)
{
	const struct sp_k_pod_template *t = NULL;

	*meta = NULL;
	if (!o->any)
		return NULL;
	if (o->kind == SP_KIND_POD) {
		*meta = o->meta;
		return o->pod->spec;
	}
	if (o->kind == SP_KIND_JOB && o->job->spec)
		t = o->job->spec->template;
	else if (o->kind == SP_KIND_CRON_JOB && o->cron_job->spec &&
		 o->cron_job->spec->job_template && o->cron_job->spec->job_template->spec)
		t = o->cron_job->spec->job_template->spec->template;
	else if ((o->kind == SP_KIND_DEPLOYMENT || o->kind == SP_KIND_REPLICA_SET ||
		  o->kind == SP_KIND_STATEFUL_SET || o->kind == SP_KIND_DAEMON_SET) &&
		 o->workload->spec)
		t = o->workload->spec->template;
	if (!t)
		return NULL;
	*meta = t->meta ? t->meta : o->meta;
	return t->spec;
}

static const struct mig_fact *fact_of(const struct mig_fact *v, uint32_t n, const char *name)
{
	for (uint32_t i = 0; i < n; i++)
		if (sp_streq(v[i].name, name))
			return &v[i];
	return NULL;
}

static sp_time hook_time(const struct sp_k_container *c)
{
	const struct sp_k_handler *h = c->lifecycle ? c->lifecycle->pre_stop : NULL;
	int64_t sum = 0;
	bool any = false;

	for (uint32_t i = 0; h && h->exec && i < h->exec->command.n; i++) {
		const char *at = h->exec->command.v[i];

		if (sp_streq(at, "sleep") && i + 1 < h->exec->command.n) {
			sum += strtol(h->exec->command.v[i + 1], NULL, 10);
			any = true;
		}
		while ((at = strstr(at, "sleep ")) != NULL) {
			at += 6;
			sum += strtol(at, NULL, 10);
			any = true;
		}
	}
	return any ? SP_MIN(sum, (int64_t)AMPLE_S) * SP_SEC : SP_SEC;
}

static int build(struct sp_migration *m, const struct sp_object *o, int minor,
		 const struct mig_fact *facts, uint32_t n_facts, struct world *w,
		 struct sp_error *err)
{
	static const struct sp_sim_window up = {UP_AFTER, SP_NEVER};
	static const struct sp_sim_answers answers = {.v = &up, .n = 1};
	const struct sp_k_meta *meta;
	const struct sp_k_pod_spec *spec = mig_pod_spec(o, &meta);
	bool job = spec->restart_policy && !sp_streq(spec->restart_policy, "Always");

	if (sp_pod_spec_core(&m->arena, meta, spec, minor, &w->spec, err) < 0)
		return -1;
	w->ctrs = sp_arena_array(&m->arena, w->spec.n_ctrs + 1u, sizeof(*w->ctrs));
	if (!w->ctrs)
		return sp_fail(err, SP_E_NO_MEMORY, "simulate a pod");
	for (uint16_t i = 0; i < w->spec.n_ctrs; i++) {
		static const struct sp_sim_run init_run = {.exit_after = INIT_ENDS};
		static const struct sp_sim_run app_run = {.exit_after = APP_ENDS};
		static const struct sp_sim_run told_run = {.exit_after = APP_ENDS + SP_SEC};
		const struct sp_ctr_spec *c = &w->spec.ctrs[i];
		const struct mig_fact *f = fact_of(facts, n_facts, c->name);
		struct sp_sim_ctr *s = &w->ctrs[i];
		bool ends = c->role == SP_ROLE_INIT ||
			    (job && c->role == SP_ROLE_APP && !(f && f->runs));
		const struct sp_k_container *k = i < w->spec.n_init
							 ? &spec->init_containers.v[i]
							 : &spec->containers.v[i - w->spec.n_init];

		s->image.present = true;
		s->runs = c->role == SP_ROLE_INIT ? &init_run : &app_run;
		s->n_runs = ends;
		if (job && c->role == SP_ROLE_APP && f && f->told) {
			s->runs = &told_run;
			s->n_runs = 1;
		}
		s->sigterm_takes = (f ? f->stop_s : 5) * SP_SEC;
		s->hooks[SP_HOOK_PRE_STOP].takes = hook_time(k);
		s->hooks[SP_HOOK_POST_START].takes = SP_SEC;
		for (int k2 = 0; k2 < SP_PROBES; k2++)
			s->probes[k2] = (struct sp_sim_probe){.v = &answers, .n = 1};
	}
	w->del = (struct sp_sim_stimulus){.at = DELETED_AT, .kind = SP_SIM_DELETE, .grace_s = -1};
	w->plan =
		(struct sp_sim_plan){.ctrs = w->ctrs, .stimuli = &w->del, .n_stimuli = job ? 0 : 1};
	w->sim = sp_sim_new(&w->spec, &w->plan);
	if (!w->sim)
		return sp_fail(err, SP_E_NO_MEMORY, "simulate a pod");
	return sp_sim_run(w->sim, HORIZON, err);
}

static sp_time when(const struct world *w, enum sp_fact fact, uint16_t ctr, bool last)
{
	size_t n;
	const struct sp_sim_line *v = sp_sim_lines(w->sim, &n);
	sp_time at = -1;

	for (size_t i = 0; i < n; i++)
		if (v[i].kind == SP_SIM_FACT && v[i].act.fact == fact && v[i].act.ctr == ctr &&
		    (at < 0 || last))
			at = v[i].at;
	return at;
}

static sp_time ready_at(const struct world *w)
{
	size_t n;
	const struct sp_sim_line *v = sp_sim_lines(w->sim, &n);

	for (size_t i = 0; i < n; i++)
		if (v[i].kind == SP_SIM_FACT && v[i].act.fact == SP_FACT_COND &&
		    sp_streq(v[i].act.text, "Ready=True"))
			return v[i].at;
	return -1;
}

static void add_time(struct sp_buf *b, sp_time t)
{
	if (t % SP_SEC == 0)
		sp_buf_printf(b, "%lld s", (long long)(t / SP_SEC));
	else
		sp_buf_printf(b, "%.1f s", (double)t / (double)SP_SEC);
}

/* "vault at 0 s, app at 3 s": containers by the time of a fact. */
static void order(const struct world *w, enum sp_fact fact, bool last, sp_time from, bool inits,
		  struct sp_buf *b)
{
	uint16_t v[SP_CONTAINERS_MAX], n = 0;

	for (uint16_t i = 0; i < w->spec.n_ctrs; i++) {
		uint16_t k = n;

		if (when(w, fact, i, last) < from ||
		    (!inits && w->spec.ctrs[i].role == SP_ROLE_INIT))
			continue;
		while (k > 0 && when(w, fact, v[k - 1], last) > when(w, fact, i, last)) {
			v[k] = v[k - 1];
			k--;
		}
		v[k] = i;
		n++;
	}
	for (uint16_t i = 0; i < n; i++) {
		sp_buf_printf(b, "%s%s ", i ? ", " : "", w->spec.ctrs[v[i]].name);
		add_time(b, when(w, fact, v[i], last) - from);
	}
}

static const char *text_of(struct sp_migration *m, struct sp_buf *b)
{
	const char *s = mig_say(m, "%s", b->ptr && !b->failed ? b->ptr : "-");

	sp_buf_clear(b);
	return s;
}

static void describe(struct sp_migration *m, const struct world *w, const char **ret)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	bool job = w->plan.n_stimuli == 0;
	sp_time t;

	order(w, SP_FACT_START, false, 0, true, &b);
	ret[0] = text_of(m, &b);
	t = ready_at(w);
	if (t < 0)
		sp_buf_puts(&b, job && sp_sim_finished(w->sim) ? "ends before" : "never");
	else
		add_time(&b, t);
	ret[1] = text_of(m, &b);
	if (!job) {
		sp_buf_puts(&b, "until deleted");
	} else if (sp_sim_finished(w->sim)) {
		sp_buf_puts(&b, "completes at ");
		add_time(&b, sp_sim_now(w->sim));
	} else {
		sp_buf_puts(&b, "never completes:");
		for (uint16_t i = 0; i < w->spec.n_ctrs; i++)
			if (w->spec.ctrs[i].role == SP_ROLE_APP &&
			    when(w, SP_FACT_EXIT, i, true) < 0)
				sp_buf_printf(&b, " %s", w->spec.ctrs[i].name);
		sp_buf_puts(&b, " runs on");
	}
	ret[2] = text_of(m, &b);
	order(w, SP_FACT_EXIT, true, job ? 0 : DELETED_AT, false, &b);
	ret[3] = text_of(m, &b);
	for (uint16_t i = 0; i < w->spec.n_ctrs; i++)
		if (when(w, SP_FACT_SIGKILL, i, true) >= 0)
			sp_buf_printf(&b, "%s%s", b.len ? ", " : "", w->spec.ctrs[i].name);
	if (!b.len)
		sp_buf_puts(&b, "none");
	ret[4] = text_of(m, &b);
}

/* What was promised: moved containers start before the apps and end after them. */
static int check_order(const struct world *w, const char *object, const struct mig_fact *facts,
		       uint32_t n_facts, struct sp_error *err)
{
	for (uint16_t i = 0; i < w->spec.n_ctrs; i++) {
		const struct sp_ctr_spec *s = &w->spec.ctrs[i];

		if (s->role != SP_ROLE_SIDECAR || !fact_of(facts, n_facts, s->name))
			continue;
		for (uint16_t k = w->spec.n_init; k < w->spec.n_ctrs; k++)
			if (when(w, SP_FACT_START, k, false) < when(w, SP_FACT_START, i, false) ||
			    (sp_sim_finished(w->sim) && when(w, SP_FACT_SIGKILL, i, true) < 0 &&
			     when(w, SP_FACT_SIGKILL, k, true) < 0 &&
			     when(w, SP_FACT_EXIT, i, true) < when(w, SP_FACT_EXIT, k, true)))
				return sp_fail(err, SP_E_INTERNAL,
					       "%s: '%s' would not be there for all of '%s'",
					       object, s->name, w->spec.ctrs[k].name);
	}
	return 0;
}

/* Seconds from the deletion to the end when grace is no limit. */
static int64_t needed(struct world *w, struct sp_error *err)
{
	struct sp_sim_stimulus del = w->del;
	struct sp_sim_plan plan = w->plan;
	struct sp_pod_spec spec = w->spec;
	struct sp_sim_ctr *ctrs = w->ctrs;
	struct sp_sim_run runs = {.exit_after = SP_NEVER};
	int64_t r = -1;
	struct sp_sim *s;

	for (uint16_t i = 0; i < spec.n_ctrs; i++)
		if (spec.ctrs[i].role != SP_ROLE_INIT) {
			ctrs[i].runs = &runs;
			ctrs[i].n_runs = 1;
		}
	spec.grace_s = AMPLE_S;
	plan.stimuli = &del;
	plan.n_stimuli = 1;
	s = sp_sim_new(&spec, &plan);
	if (s && sp_sim_run(s, (AMPLE_S + 1000) * SP_SEC, err) == 0 && sp_sim_finished(s))
		r = (sp_sim_now(s) - DELETED_AT + SP_SEC - 1) / SP_SEC;
	sp_sim_free(s);
	return r;
}

static const char *stop_text(struct sp_migration *m, int64_t needed_s, int64_t grace_s)
{
	return needed_s < 0
		       ? "-"
		       : mig_say(m, "%lld s of %lld s", (long long)needed_s, (long long)grace_s);
}

int mig_behaviour(struct sp_migration *m, const char *object, const struct sp_object *before,
		  const struct sp_object *after, int kube_minor, const struct mig_fact *facts,
		  uint32_t n_facts, int64_t *needed_s, struct sp_error *err)
{
	static const char *const names[] = {"start", "Ready", "end", "stop", "SIGKILL"};
	SP_CLEANUP(world_done) struct world a = {0};
	SP_CLEANUP(world_done) struct world b = {0};
	const char *old[SP_ARRAY_LEN(names)], *new[SP_ARRAY_LEN(names)];

	if (build(m, before, kube_minor, facts, n_facts, &a, err) < 0 ||
	    build(m, after, kube_minor, facts, n_facts, &b, err) < 0 ||
	    check_order(&b, object, facts, n_facts, err) < 0)
		return -1;
	describe(m, &a, old);
	describe(m, &b, new);
	for (size_t i = 0; i < SP_ARRAY_LEN(names); i++)
		mig_row(m, object, names[i], old[i], new[i]);
	*needed_s = needed(&b, err);
	mig_row(m, object, "stopping needs", stop_text(m, needed(&a, err), a.spec.grace_s),
		stop_text(m, *needed_s, b.spec.grace_s));
	return 0;
}
