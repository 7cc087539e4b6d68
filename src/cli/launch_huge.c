/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May a pod with huge pages run here? They are set aside when the machine is configured, so a pod
 * that asks for more than there are would only fail later, at its first mapping. In a cluster it
 * waits for another machine; here it is refused with what to do about it.
 */
#include "cli/files.h"
#include "cli/launch_internal.h"
#include "core/resources.h"
#include "sys/huge.h"

static const char *size_text(struct sp_launch *l, int64_t bytes)
{
	char mem[32];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));
	const char *s;

	sp_quantity_print((__int128)bytes * 1000000000, true, &b);
	s = sp_arena_strdup(&l->cli->arena, mem);
	return s ? s : "?";
}

/* "2Mi, 1Gi" */
static void put_sizes(struct sp_launch *l, struct sp_buf *out)
{
	int64_t sizes[SYS_HUGE_SIZES_MAX];
	int n = sys_huge_sizes(sizes);

	for (int i = 0; i < n; i++)
		sp_buf_printf(out, "%s%s", i ? ", " : "", size_text(l, sizes[i]));
	if (n <= 0)
		sp_buf_puts(out, "none");
}

static int check_size(struct sp_launch *l, const struct sp_object *o, int64_t page, int64_t want)
{
	char mem[128];
	struct sp_buf sizes = sp_buf_fixed(mem, sizeof(mem));
	const char *name = size_text(l, page);
	int64_t have = sys_huge_pages(page);

	if (have < 0) {
		put_sizes(l, &sizes);
		return sp_cli_error(l->cli, SP_EXIT_ENVIRONMENT,
				    "%s:%u: '%s' asks for " SP_HUGE_PREFIX
				    "%s; sizes of huge pages on this machine: %s",
				    o->source->name, o->node->at.line, o->meta->name, name, mem);
	}
	if (have >= (want + page - 1) / page)
		return 0;
	(void)sp_cli_error(l->cli, SP_EXIT_ENVIRONMENT,
			   "%s:%u: '%s' asks for %s of " SP_HUGE_PREFIX
			   "%s, this machine has %lld such page%s",
			   o->source->name, o->node->at.line, o->meta->name, size_text(l, want),
			   name, (long long)have, have == 1 ? "" : "s");
	sp_cli_hint(l->cli,
		    "`echo %lld > /sys/kernel/mm/hugepages/hugepages-%lldkB/nr_hugepages` as root "
		    "reserves enough",
		    (long long)((want + page - 1) / page), (long long)(page / 1024));
	return SP_EXIT_ENVIRONMENT;
}

/* hugetlbfs is not for user namespaces. */
static int check_volumes(struct sp_launch *l, const struct sp_object *o,
			 const struct sp_k_pod_spec *pod, const struct sp_res_pod *res)
{
	struct sp_error err;

	for (uint32_t i = 0; l->place.engine.rootless && i < pod->volumes.n; i++) {
		const struct sp_k_volume *v = &pod->volumes.v[i];

		if (v->empty_dir && sp_medium_huge(v->empty_dir->medium, res, &err) > 0)
			return sp_cli_error(l->cli, SP_EXIT_ENVIRONMENT,
					    "%s:%u: '%s': volume '%s': only root may mount huge "
					    "pages",
					    o->source->name, o->node->at.line, o->meta->name,
					    v->name);
	}
	return 0;
}

/* What all pods ask for when they run at once. */
struct totals {
	int64_t pages[SYS_HUGE_SIZES_MAX], bytes[SYS_HUGE_SIZES_MAX];
	int n;
};

static void add_total(struct totals *t, int64_t page, int64_t want, int64_t pods)
{
	int i = 0;

	while (i < t->n && t->pages[i] != page)
		i++;
	if (i == SYS_HUGE_SIZES_MAX) /* more sizes than a machine has are refused before */
		return;
	if (i == t->n)
		t->pages[t->n++] = page;
	if (__builtin_mul_overflow(want, pods, &want) ||
	    __builtin_add_overflow(t->bytes[i], want, &t->bytes[i]))
		t->bytes[i] = INT64_MAX;
}

static int check_pod(struct sp_launch *l, const struct sp_object *o,
		     const struct sp_k_pod_spec *pod, struct totals *t)
{
	struct sp_res_pod res;
	int r = 0;

	if (sp_pod_resources(pod, &res) < 0)
		return sp_cli_error(l->cli, SP_EXIT_MANIFEST,
				    "%s:%u: '%s' names more than %d sizes of huge pages",
				    o->source->name, o->node->at.line, o->meta->name,
				    SP_HUGE_SIZES_MAX);
	for (uint16_t i = 0; i < res.n_huge && r == 0; i++) {
		enum sp_res kind = (enum sp_res)(SP_RES_HUGE + i);
		/* templates may leave the requests to be taken from the limits */
		int64_t want = SP_MAX(sp_res_request(&res, kind, NULL, NULL),
				      sp_res_limit(&res, kind, NULL, NULL));

		r = check_size(l, o, res.huge[i], want);
		if (r == 0)
			add_total(t, res.huge[i], want, sp_cli_pods_of(o, NULL));
	}
	return r ? r : check_volumes(l, o, pod, &res);
}

int sp_launch_huge_pages(struct sp_launch *l)
{
	struct totals t = {.n = 0};

	for (uint32_t i = 0; i < l->manifest.n_objects; i++) {
		const struct sp_object *o = &l->manifest.objects[i];
		const struct sp_k_pod_spec *pod = sp_cli_pod_spec(o);
		int r = pod ? check_pod(l, o, pod, &t) : 0;

		if (r != 0)
			return r;
	}
	for (int i = 0; i < t.n; i++) {
		int64_t have = sys_huge_pages(t.pages[i]);

		if (have < t.bytes[i] / t.pages[i])
			sp_cli_warn(l->cli,
				    "all pods at once ask for %s of " SP_HUGE_PREFIX
				    "%s, this machine has %lld such page%s: who comes last gets "
				    "none",
				    size_text(l, t.bytes[i]), size_text(l, t.pages[i]),
				    (long long)have, have == 1 ? "" : "s");
	}
	return 0;
}
