/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod resources`: what pods and workloads ask for, why, and what that becomes on a machine. */
#include "cli/cli_internal.h"
#include "cli/judge.h"
#include "cli/observed.h"

#include "base/json.h"
#include "base/text.h"
#include "control/deployment.h"
#include "core/resources.h"
#include "draw/resources_svg.h"

#include <stdlib.h>
#include <unistd.h>

#define GIB      (1024.0 * 1024 * 1024)
#define TERM_COL 42 /* where the sum that decides begins */

struct unit { /* one object that makes pods */
	const char *title;
	const struct sp_k_pod_spec *spec;
	struct sp_res_pod res;
	const char **names;
	int64_t replicas, surge;
	const char *replicas_by; /* "replicas", "parallelism", "--replicas", "one per node" */
};

struct job {
	struct sp_cli *cli;
	struct sp_manifest m;
	struct unit *v;
	uint32_t n;
	int64_t node[SP_RES_KINDS]; /* SP_RES_UNSET */
	double price[SP_RES_KINDS]; /* per core or GiB and hour; -1 not known */
	int64_t machine_bytes;
	struct sp_use *uses;
	uint32_t n_uses;
	struct sp_buf out;
};

static void job_done(struct job *j)
{
	sp_manifest_done(&j->m);
	sp_buf_done(&j->out);
}

static int64_t scale_of(enum sp_res r)
{
	return r == SP_RES_CPU ? 1000000 : 1000000000;
}

static void add_amount(enum sp_res r, int64_t v, struct sp_buf *b)
{
	if (v == SP_RES_UNSET)
		sp_buf_putc(b, '-');
	else
		sp_quantity_print((__int128)v * scale_of(r), r != SP_RES_CPU, b);
}

static const char *show(struct job *j, enum sp_res r, int64_t v)
{
	char mem[64];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));
	const char *s;

	add_amount(r, v, &b);
	s = sp_arena_strdup(&j->cli->arena, mem);
	return s ? s : "?";
}

/* ---- reading ----------------------------------------------------------------------------------
 */

static void count_replicas(struct job *j, const struct sp_object *o, struct unit *u)
{
	const struct sp_k_strategy *strategy;
	int64_t unavailable;

	u->replicas = sp_cli_pods_of(o, &u->replicas_by);
	if (sp_flag_given(j->cli, "replicas")) {
		u->replicas = sp_flag_int(j->cli, "replicas", 1);
		u->replicas_by = "--replicas";
	}
	strategy = o->kind == SP_KIND_DEPLOYMENT ? o->workload->spec->strategy : NULL;
	if (o->kind == SP_KIND_DEPLOYMENT &&
	    !(strategy && strategy->type && sp_streq(strategy->type, "Recreate")))
		sp_deployment_bounds(strategy ? strategy->rolling : NULL, u->replicas, &u->surge,
				     &unavailable);
}

static int add_unit(struct job *j, const struct sp_object *o, const struct sp_k_pod_spec *spec,
		    struct sp_error *err)
{
	struct unit *u = &j->v[j->n];
	uint32_t n = spec->init_containers.n + spec->containers.n;

	u->spec = spec;
	u->title = sp_arena_printf(&j->cli->arena, "%s/%s", sp_kind_name(o->kind),
				   o->meta && o->meta->name ? o->meta->name : "");
	u->names = sp_arena_array(&j->cli->arena, n + 1, sizeof(*u->names));
	if (!u->title || !u->names)
		return sp_fail(err, SP_E_NO_MEMORY, "add up resources");
	if (sp_pod_resources(spec, &u->res) < 0)
		return sp_fail(err, SP_E_UNSUPPORTED,
			       "%s has more than %d containers, or %d sizes of huge pages",
			       u->title, SP_CONTAINERS_MAX, SP_HUGE_SIZES_MAX);
	for (uint32_t i = 0; i < n; i++)
		u->names[i] = i < spec->init_containers.n
				      ? spec->init_containers.v[i].name
				      : spec->containers.v[i - spec->init_containers.n].name;
	count_replicas(j, o, u);
	j->n++;
	return 0;
}

/* ---- sums -------------------------------------------------------------------------------------
 */

/* Pods of this kind on one node; -1: nothing limits it or the node is not known. */
static int64_t fits(const struct job *j, const struct unit *u)
{
	int64_t most = -1;

	for (int r = 0; r < SP_RES_KINDS; r++) {
		int64_t want = sp_res_request(&u->res, (enum sp_res)r, NULL, NULL), n;

		if (j->node[r] == SP_RES_UNSET || want <= 0)
			continue;
		n = j->node[r] / want;
		most = most < 0 ? n : SP_MIN(most, n);
	}
	return most;
}

static int64_t times(int64_t v, int64_t n)
{
	int64_t r;

	return __builtin_mul_overflow(v, n, &r) ? INT64_MAX : r;
}

/* Per hour; -1 no price. */
static double price_of(const struct job *j, const struct sp_res_pod *p, uint16_t ctr, int64_t n)
{
	double sum = 0;
	bool any = false;

	for (int r = 0; r < SP_RES_KINDS; r++) {
		int64_t v = ctr == SP_NO_CTR ? sp_res_request(p, (enum sp_res)r, NULL, NULL)
					     : p->ctrs[ctr].req[r];

		if (j->price[r] < 0)
			continue;
		any = true;
		if (v != SP_RES_UNSET)
			sum += (double)v / (r == SP_RES_CPU ? 1000 : GIB) * j->price[r];
	}
	return any ? sum * (double)n : -1;
}

static const struct sp_use *use_of(const struct job *j, const char *name)
{
	for (uint32_t i = 0; i < j->n_uses; i++)
		if (sp_streq(j->uses[i].ctr, name))
			return &j->uses[i];
	return NULL;
}

static const char *role_name(const struct sp_res_pod *p, uint16_t i)
{
	return p->roles[i] == SP_ROLE_INIT      ? "init"
	       : p->roles[i] == SP_ROLE_SIDECAR ? "sidecar"
						: "app";
}

/* Kinds of resources of this pod: those of every pod, then its sizes of huge pages. */
static int n_kinds(const struct unit *u)
{
	return SP_RES_KINDS + u->res.n_huge;
}

static const char *res_name(struct job *j, const struct unit *u, enum sp_res r)
{
	const char *s;

	if (r < SP_RES_HUGE)
		return sp_cli_res_name(r);
	s = sp_arena_printf(&j->cli->arena, SP_HUGE_PREFIX "%s",
			    show(j, r, u->res.huge[r - SP_RES_HUGE]));
	return s ? s : "?";
}

/* Huge pages always have a limit (VAL-65). */
static bool limit_declared(const struct unit *u, enum sp_res r)
{
	return r >= SP_RES_HUGE || sp_res_limit_declared(&u->res, r);
}

/* ---- text -------------------------------------------------------------------------------------
 */

/* "app 500m + proxy 100m": the sum that decides. */
static void print_term(struct job *j, struct sp_buf *b, const struct unit *u, enum sp_res r)
{
	enum sp_res_term term;
	uint16_t at = 0;
	const char *plus = "";

	(void)sp_res_request(&u->res, r, &term, &at);
	if (term == SP_TERM_POD_LEVEL) {
		sp_buf_puts(b, "set for the whole pod");
	} else {
		uint16_t end = term == SP_TERM_INIT ? (uint16_t)(at + 1) : u->res.n_ctrs;

		for (uint16_t i = 0; i < end; i++) {
			bool init = u->res.roles[i] == SP_ROLE_INIT;

			if ((init && (term != SP_TERM_INIT || i != at)) ||
			    u->res.ctrs[i].req[r] == SP_RES_UNSET || !u->res.ctrs[i].req[r])
				continue;
			sp_buf_printf(b, "%s%s %s", plus, u->names[i],
				      show(j, r, u->res.ctrs[i].req[r]));
			plus = " + ";
		}
		if (term == SP_TERM_INIT)
			sp_buf_printf(b, ", while %s starts", u->names[at]);
	}
	if (u->res.overhead[r])
		sp_buf_printf(b, " + overhead %s", show(j, r, u->res.overhead[r]));
}

static void print_totals(struct job *j, const struct unit *u)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf by = {0};

	sp_buf_printf(&j->out, "%-18s  %-9s  %-9s  DECIDED BY\n", "", "REQUEST", "LIMIT");
	for (int i = 0; i < n_kinds(u); i++) {
		enum sp_res r = (enum sp_res)i;
		int64_t want = sp_res_request(&u->res, r, NULL, NULL);
		int64_t limit = sp_res_limit(&u->res, r, NULL, NULL);

		if (r == SP_RES_STORAGE && !want && !limit)
			continue;
		sp_buf_printf(&j->out, "%-18s  %-9s  %-9s  ", res_name(j, u, r), show(j, r, want),
			      limit_declared(u, r) ? show(j, r, limit) : "-");
		sp_buf_clear(&by);
		if (want)
			print_term(j, &by, u, r);
		sp_wrap_text(&j->out, want ? by.ptr : "nothing is requested", TERM_COL, TERM_COL,
			     (size_t)j->cli->out_look.columns);
	}
}

static void add_limit(struct sp_buf *b, int64_t v, const char *none)
{
	if (v < 0)
		sp_buf_puts(b, none);
	else
		sp_buf_printf(b, "%lld", (long long)v);
}

static void print_cgroup(struct job *j, const char *name, const char *role, int width,
			 const struct sp_cg_values *v, bool pod, const int *oom)
{
	char quota[48], max[32];
	struct sp_buf q = sp_buf_fixed(quota, sizeof(quota)), m = sp_buf_fixed(max, sizeof(max));

	add_limit(&q, v->cpu_quota_us, "-1");
	add_limit(&m, v->memory_bytes, "-");
	sp_buf_printf(&j->out, "%-*s  %-7s  %6llu  %8s  %6llu  %7s %lld  %12s  ", width, name, role,
		      (unsigned long long)v->cpu_shares, quota,
		      (unsigned long long)(pod ? sp_cg_weight_pod(v->cpu_shares)
					       : sp_cg_weight_container(v->cpu_shares)),
		      v->cpu_quota_us < 0 ? "max" : quota, (long long)v->cpu_period_us, max);
	if (oom)
		sp_buf_printf(&j->out, "%4d\n", *oom);
	else
		sp_buf_puts(&j->out, "   -\n");
}

static void print_huge(struct job *j, const char *name, const char *role, int width,
		       const struct sp_cg_values *v)
{
	sp_buf_printf(&j->out, "%-*s  %-7s", width, name, role);
	for (uint16_t i = 0; i < v->n_huge; i++)
		sp_buf_printf(&j->out, "  %13s", show(j, SP_RES_HUGE, v->huge[i].bytes));
	sp_buf_putc(&j->out, '\n');
}

/* CG-7, for pods that ask for huge pages. */
static void print_hugetlb(struct job *j, const struct unit *u, int width)
{
	struct sp_cg_values cg;

	if (!u->res.n_huge)
		return;
	sp_buf_printf(&j->out, "\n%-*s  %-7s", width, "HUGETLB", "");
	for (uint16_t i = 0; i < u->res.n_huge; i++)
		sp_buf_printf(&j->out, "  %13s", res_name(j, u, (enum sp_res)(SP_RES_HUGE + i)));
	sp_buf_putc(&j->out, '\n');
	sp_cg_pod_values(&u->res, &cg);
	print_huge(j, "pod", "", width, &cg);
	for (uint16_t i = 0; i < u->res.n_ctrs; i++) {
		sp_cg_ctr_values(&u->res, i, &cg);
		print_huge(j, u->names[i], role_name(&u->res, i), width, &cg);
	}
}

static void print_containers(struct job *j, const struct unit *u)
{
	int width = 9;
	struct sp_cg_values cg;

	for (uint16_t i = 0; i < u->res.n_ctrs; i++)
		width = SP_MAX(width, (int)strlen(u->names[i]));
	sp_buf_printf(&j->out, "\n%-*s  %-7s  %-9s  %-9s  %-9s  %s\n", width, "CONTAINER", "ROLE",
		      "CPU REQ", "CPU LIM", "MEM REQ", "MEM LIM");
	for (uint16_t i = 0; i < u->res.n_ctrs; i++) {
		const struct sp_res_values *v = &u->res.ctrs[i];

		sp_buf_printf(&j->out, "%-*s  %-7s  %-9s  %-9s  %-9s  %s\n", width, u->names[i],
			      role_name(&u->res, i), show(j, SP_RES_CPU, v->req[SP_RES_CPU]),
			      show(j, SP_RES_CPU, v->lim[SP_RES_CPU]),
			      show(j, SP_RES_MEMORY, v->req[SP_RES_MEMORY]),
			      show(j, SP_RES_MEMORY, v->lim[SP_RES_MEMORY]));
	}
	sp_buf_printf(&j->out, "\n%-*s  %-7s  %6s  %8s  %6s  %14s  %12s  %4s\n", width, "CGROUP",
		      "", "SHARES", "QUOTA v1", "WEIGHT", "CPU.MAX v2", "MEMORY.MAX", "OOM");
	sp_cg_pod_values(&u->res, &cg);
	print_cgroup(j, "pod", "", width, &cg, true, NULL);
	for (uint16_t i = 0; i < u->res.n_ctrs; i++) {
		int oom = sp_oom_score_adj(&u->res, i, j->machine_bytes);

		sp_cg_ctr_values(&u->res, i, &cg);
		print_cgroup(j, u->names[i], role_name(&u->res, i), width, &cg, false, &oom);
	}
	if (j->node[SP_RES_MEMORY] == SP_RES_UNSET) /* this machine: an odd number */
		sp_buf_printf(&j->out, "oom_score_adj for a machine with %.1fGi of memory\n",
			      (double)j->machine_bytes / GIB);
	else
		sp_buf_printf(&j->out, "oom_score_adj for a machine with %s of memory\n",
			      show(j, SP_RES_MEMORY, j->machine_bytes));
	print_hugetlb(j, u, width);
}

static void print_fleet(struct job *j, const struct unit *u)
{
	int64_t n = fits(j, u), pods = u->replicas + u->surge;
	double sum = price_of(j, &u->res, SP_NO_CTR, u->replicas);

	if (u->replicas > 1 || u->surge || sp_flag_given(j->cli, "replicas"))
		sp_buf_printf(
			&j->out,
			"\n%lld pods (%s) request cpu %s, memory %s;\nin a rollout %lld pods: "
			"cpu %s, memory %s\n",
			(long long)u->replicas, u->replicas_by,
			show(j, SP_RES_CPU,
			     times(sp_res_request(&u->res, SP_RES_CPU, NULL, NULL), u->replicas)),
			show(j, SP_RES_MEMORY,
			     times(sp_res_request(&u->res, SP_RES_MEMORY, NULL, NULL),
				   u->replicas)),
			(long long)pods,
			show(j, SP_RES_CPU,
			     times(sp_res_request(&u->res, SP_RES_CPU, NULL, NULL), pods)),
			show(j, SP_RES_MEMORY,
			     times(sp_res_request(&u->res, SP_RES_MEMORY, NULL, NULL), pods)));
	if (n < 0 && sp_flag_given(j->cli, "node"))
		sp_buf_puts(&j->out, "fits: without limit, as nothing of that is requested\n");
	else if (n >= 0)
		sp_buf_printf(&j->out, "fits: %lld on a node; %s%lld node%s for %lld pod%s\n",
			      (long long)n, n ? "" : "no number of nodes, not ",
			      (long long)(n ? (pods + n - 1) / n : 1),
			      n && (pods + n - 1) / n == 1 ? "" : "s", (long long)pods,
			      pods == 1 ? "" : "s");
	if (sum < 0)
		return;
	sp_buf_printf(&j->out, "bill: %.4f an hour, %.2f a month of 730 hours for %lld pod%s\n",
		      sum, sum * 730, (long long)u->replicas, u->replicas == 1 ? "" : "s");
	for (uint16_t i = 0; i < u->res.n_init; i++)
		if (u->res.roles[i] == SP_ROLE_SIDECAR)
			sp_buf_printf(&j->out, "  of that %s: %.2f a month\n", u->names[i],
				      price_of(j, &u->res, i, u->replicas) * 730);
}

/* "24%": of a request; "-" where one of the two is not known. */
static const char *share(struct job *j, int64_t used, int64_t request)
{
	const char *s = "-";

	if (used >= 0 && request > 0 && request != SP_RES_UNSET)
		s = sp_arena_printf(&j->cli->arena, "%lld%%",
				    (long long)((__int128)used * 100 / request));
	return s ? s : "?";
}

static void print_observed(struct job *j, const struct unit *u)
{
	int width = 8;
	bool head = false;

	for (uint16_t i = 0; i < u->res.n_ctrs; i++)
		width = SP_MAX(width, (int)strlen(u->names[i]));
	for (uint16_t i = 0; i < u->res.n_ctrs; i++) {
		const struct sp_use *use = use_of(j, u->names[i]);
		const struct sp_res_values *v = &u->res.ctrs[i];
		const char *peak = "-";

		if (!use)
			continue;
		if (use->memory_bytes >= 0)
			peak = sp_arena_printf(&j->cli->arena, "%.1fMi",
					       (double)use->memory_bytes / 1048576);
		if (!head)
			sp_buf_printf(&j->out, "\n%-*s  %-9s  %-9s  %-9s  %-9s  %s\n", width,
				      "MEASURED", "CPU", "OF REQ", "PEAK MEM", "OF REQ", "OF LIM");
		head = true;
		sp_buf_printf(&j->out, "%-*s  %-9s  %-9s  %-9s  %-9s  %s\n", width, u->names[i],
			      use->cpu_milli < 0 ? "-" : show(j, SP_RES_CPU, use->cpu_milli),
			      share(j, use->cpu_milli, v->req[SP_RES_CPU]), peak ? peak : "?",
			      share(j, use->memory_bytes, v->req[SP_RES_MEMORY]),
			      share(j, use->memory_bytes, v->lim[SP_RES_MEMORY]));
	}
	if (j->n_uses && !head)
		sp_buf_puts(&j->out, "\nno container of that name was measured\n");
}

static void print_text(struct job *j)
{
	for (uint32_t i = 0; i < j->n; i++) {
		const struct unit *u = &j->v[i];

		sp_buf_printf(&j->out, "%s%s  %s\n", i ? "\n" : "", u->title,
			      sp_qos_name(sp_res_qos(&u->res)));
		print_totals(j, u);
		print_containers(j, u);
		print_fleet(j, u);
		print_observed(j, u);
	}
}

/* ---- json -------------------------------------------------------------------------------------
 */

/* Bytes of huge pages by the size of a page. */
static void json_huge(struct job *j, const struct unit *u, const int64_t *v)
{
	if (!u->res.n_huge)
		return;
	sp_json_key(&j->out, "hugePageBytes");
	sp_buf_putc(&j->out, '{');
	for (uint16_t i = 0; i < u->res.n_huge; i++)
		if (v[i] != SP_RES_UNSET)
			sp_json_int(&j->out, show(j, SP_RES_HUGE, u->res.huge[i]), v[i]);
	sp_buf_putc(&j->out, '}');
}

static void json_cgroup(struct job *j, const struct unit *u, const struct sp_cg_values *v, bool pod)
{
	int64_t huge[SP_HUGE_SIZES_MAX];
	struct sp_buf *b = &j->out;

	for (uint16_t i = 0; i < v->n_huge; i++)
		huge[i] = v->huge[i].bytes;
	sp_json_key(b, "cgroup");
	sp_buf_putc(b, '{');
	sp_json_int(b, "cpuShares", (int64_t)v->cpu_shares);
	sp_json_int(b, "cpuWeight",
		    (int64_t)(pod ? sp_cg_weight_pod(v->cpu_shares)
				  : sp_cg_weight_container(v->cpu_shares)));
	sp_json_int(b, "cpuQuotaUs", v->cpu_quota_us);
	sp_json_int(b, "cpuPeriodUs", v->cpu_period_us);
	sp_json_int(b, "memoryMaxBytes", v->memory_bytes);
	json_huge(j, u, huge);
	sp_buf_putc(b, '}');
}

static void json_values(struct job *j, const struct unit *u, const char *key, const int64_t *v)
{
	struct sp_buf *b = &j->out;
	static const char *const keys[] = {"cpuMilli", "memoryBytes", "storageBytes"};

	sp_json_key(b, key);
	sp_buf_putc(b, '{');
	for (int r = 0; r < SP_RES_KINDS; r++)
		if (v[r] != SP_RES_UNSET)
			sp_json_int(b, keys[r], v[r]);
	json_huge(j, u, v + SP_RES_HUGE);
	sp_buf_putc(b, '}');
}

static void json_unit(struct job *j, const struct unit *u)
{
	static const char *const terms[] = {"running", "init", "pod"};
	struct sp_buf *b = &j->out;
	int64_t req[SP_RES_ALL] = {0}, lim[SP_RES_ALL] = {0};
	struct sp_cg_values cg;
	double sum = price_of(j, &u->res, SP_NO_CTR, u->replicas);

	sp_json_next(b);
	sp_buf_putc(b, '{');
	sp_json_str(b, "object", u->title);
	sp_json_str(b, "qosClass", sp_qos_name(sp_res_qos(&u->res)));
	sp_json_int(b, "replicas", u->replicas);
	sp_json_int(b, "surge", u->surge);
	for (int r = 0; r < n_kinds(u); r++) {
		enum sp_res_term term;
		uint16_t at = 0;

		req[r] = sp_res_request(&u->res, (enum sp_res)r, &term, &at);
		lim[r] = limit_declared(u, (enum sp_res)r)
				 ? sp_res_limit(&u->res, (enum sp_res)r, NULL, NULL)
				 : SP_RES_UNSET;
		if (r >= SP_RES_KINDS)
			continue;
		sp_json_str(b,
			    r == SP_RES_CPU      ? "cpuBy"
			    : r == SP_RES_MEMORY ? "memoryBy"
						 : "storageBy",
			    term == SP_TERM_INIT ? u->names[at] : terms[term]);
	}
	json_values(j, u, "requests", req);
	json_values(j, u, "limits", lim);
	sp_cg_pod_values(&u->res, &cg);
	json_cgroup(j, u, &cg, true);
	if (fits(j, u) >= 0)
		sp_json_int(b, "fitsOnNode", fits(j, u));
	if (sum >= 0) {
		sp_json_key(b, "pricePerHour");
		sp_buf_printf(b, "%.6f", sum);
	}
	sp_json_key(b, "containers");
	sp_buf_putc(b, '[');
	for (uint16_t i = 0; i < u->res.n_ctrs; i++) {
		const struct sp_use *use = use_of(j, u->names[i]);

		sp_json_next(b);
		sp_buf_putc(b, '{');
		sp_json_str(b, "name", u->names[i]);
		sp_json_str(b, "role", role_name(&u->res, i));
		json_values(j, u, "requests", u->res.ctrs[i].req);
		json_values(j, u, "limits", u->res.ctrs[i].lim);
		sp_cg_ctr_values(&u->res, i, &cg);
		json_cgroup(j, u, &cg, false);
		sp_json_int(b, "oomScoreAdj", sp_oom_score_adj(&u->res, i, j->machine_bytes));
		if (use && use->cpu_milli >= 0)
			sp_json_int(b, "measuredCpuMilli", use->cpu_milli);
		if (use && use->memory_bytes >= 0)
			sp_json_int(b, "measuredPeakBytes", use->memory_bytes);
		sp_buf_putc(b, '}');
	}
	sp_buf_puts(b, "]}");
}

/* ---- the command ------------------------------------------------------------------------------
 */

static void draw(struct job *j)
{
	struct sp_draw_pod *v = sp_arena_array(&j->cli->arena, j->n + 1, sizeof(*v));
	const struct sp_draw d = {.columns = 100, .version = SP_VERSION};

	for (uint32_t i = 0; v && i < j->n; i++)
		v[i] = (struct sp_draw_pod){j->v[i].title, j->v[i].names, &j->v[i].res};
	if (v)
		sp_draw_resources_svg(v, j->n, &d, &j->out);
	else
		j->out.failed = true;
}

static int print(struct job *j)
{
	if (sp_flag_is(j->cli, "output", "svg")) {
		draw(j);
	} else if (sp_flag_is(j->cli, "output", "json")) {
		sp_buf_puts(&j->out, "{\"schema\":\"sidepod.resources/v1\",\"objects\":[");
		for (uint32_t i = 0; i < j->n; i++)
			json_unit(j, &j->v[i]);
		sp_buf_puts(&j->out, "]}\n");
	} else {
		print_text(j);
	}
	return sp_cli_print(j->cli, &j->out);
}

static int read_flags(struct job *j, struct sp_error *err)
{
	if (sp_cli_amounts(j->cli, "node", j->node, err) < 0 ||
	    sp_cli_prices(j->cli, "price", j->price, err) < 0)
		return -1;
	j->machine_bytes = j->node[SP_RES_MEMORY] != SP_RES_UNSET
				   ? j->node[SP_RES_MEMORY]
				   : (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	return sp_flag_given(j->cli, "observed")
		       ? sp_observed_read(j->cli, sp_flag_text(j->cli, "observed"), &j->uses,
					  &j->n_uses, err)
		       : 0;
}

static int run(struct sp_cli *cli, int argc, char **argv)
{
	SP_CLEANUP(job_done) struct job j = {.cli = cli};
	struct sp_load_options opt = {.validate = SP_VALIDATE_WARN, .for_cluster = true};
	struct sp_error err;

	sp_manifest_init(&j.m, &opt);
	if (sp_cli_kube_minor(cli, SP_KUBE_MINOR_OLDEST, &opt.kube_minor, &err) < 0 ||
	    read_flags(&j, &err) < 0)
		return err.code == SP_E_INVALID ? sp_cli_usage(cli, "%s", err.text)
						: sp_cli_fail(cli, &err);
	j.m.options = opt;
	if (sp_cli_load(cli, (const char *const *)argv, (uint32_t)argc, &j.m, &err) < 0)
		return sp_cli_fail_input(cli, &err);
	sp_cli_tell_findings(cli, &j.m);
	if (j.m.diags.n_errors)
		return SP_EXIT_MANIFEST;
	j.v = sp_arena_array(&cli->arena, j.m.n_objects + 1, sizeof(*j.v));
	if (!j.v)
		return sp_cli_error(cli, SP_EXIT_FAILED, "out of memory");
	for (uint32_t i = 0; i < j.m.n_objects; i++) {
		const struct sp_k_pod_spec *spec = sp_cli_pod_spec(&j.m.objects[i]);

		if (spec && add_unit(&j, &j.m.objects[i], spec, &err) < 0)
			return sp_cli_fail(cli, &err);
	}
	if (!j.n)
		return sp_cli_error(cli, SP_EXIT_MANIFEST, "no pod in these manifests");
	return print(&j);
}

static const struct sp_flag flags[] = {
	SP_FLAG_NODE,
	{.name = "replicas",
	 .kind = SP_FLAG_INT,
	 .arg = "N",
	 .min = 0,
	 .max = 1000000,
	 .help = "Number of pods, instead of what the workload says"},
	{.name = "price",
	 .kind = SP_FLAG_TEXT,
	 .arg = "LIST",
	 .help = "Price of a core and of a GiB for an hour, cpu=0.03,memory=0.004: the bill"},
	{.name = "observed",
	 .kind = SP_FLAG_TEXT,
	 .arg = "RUN",
	 .help = "Compare requests with what containers used: a run or its record, or a file with "
		 "what `sidepod top --containers` printed, as text or JSON",
	 .completes = SP_COMPLETE_FILE},
	{.name = "output",
	 .letter = 'o',
	 .kind = SP_FLAG_CHOICE,
	 .arg = "FORMAT",
	 .choices = "text|json|svg",
	 .standard = "text",
	 .help = "Print it as; svg draws the requests of each phase"},
	SP_FLAG_KUBE_VERSION,
	{0},
};

const struct sp_command sp_command_resources = {
	.name = "resources",
	.summary = "Add up what pods request, and say what decides it",
	.args = "FILE…",
	.about =
		"A pod requests the larger of what it needs while it runs and of what each plain "
		"init container needs beside the sidecars before it. Shown with the QoS class, the "
		"values of cgroups v1 and v2, and the OOM scores.",
	.flags = flags,
	.min_args = 1,
	.max_args = -1,
	.completes = SP_COMPLETE_FILE,
	.examples = {{"resources web.yaml", "effective requests, and which container decides"},
		     {"resources web.yaml --node cpu=4,memory=16Gi", "how many pods fit"},
		     {"resources web.yaml -o svg > web.svg", "a picture of the phases"}},
	.run = run,
};
