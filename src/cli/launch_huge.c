/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May a pod with huge pages run here? They are set aside when the machine is configured, so a pod
 * that asks for more than there are would only fail later, at its first mapping. In a cluster it
 * waits for another machine; here it is refused with what to do about it.
 */
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

int sp_launch_huge_pages(struct sp_launch *l, const struct sp_object *o,
			 const struct sp_k_pod_spec *pod)
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
	}
	return r ? r : check_volumes(l, o, pod, &res);
}
