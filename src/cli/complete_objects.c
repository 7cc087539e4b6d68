/* SPDX-License-Identifier: Apache-2.0 */
/* Completion of names that only this machine knows: pods, containers, runs, namespaces. */
#include "base/text.h"
#include "cli/cli_internal.h"
#include "cli/pods.h"
#include "cli/runs.h"

static void pods(struct sp_cli *cli, const struct sp_place *place, bool namespaces,
		 struct sp_buf *out)
{
	const char *ns = namespaces ? NULL : sp_flag_text(cli, "namespace");
	struct sp_pod_entry *v;
	struct sp_error err;
	uint32_t n;

	if (sp_pods_list(cli, place, ns, &v, &n, &err) < 0)
		return; /* a shell has no place for errors */
	for (uint32_t i = 0; i < n; i++) {
		if (!namespaces)
			sp_buf_printf(out, "%s\t%s\n", v[i].name, v[i].status);
		else if (i == 0 || !sp_streq(v[i].ns, v[i - 1].ns))
			sp_buf_printf(out, "%s\t\n", v[i].ns);
	}
}

static void containers(struct sp_cli *cli, const struct sp_place *place, const char *pod,
		       struct sp_buf *out)
{
	struct sp_pod_entry p;
	struct sp_error err;

	if (!pod || sp_pods_find(cli, place, pod, &p, &err) < 0)
		return;
	for (uint32_t i = 0; i < p.header.n_ctrs; i++)
		sp_buf_printf(out, "%s\t%s\n", p.header.ctrs[i].name,
			      sp_role_name(p.header.ctrs[i].role));
}

static void runs(struct sp_cli *cli, const struct sp_place *place, struct sp_buf *out)
{
	struct sp_kept_run *v;
	struct sp_error err;
	uint32_t n;

	if (sp_runs_list(cli, place, &v, &n, &err) < 0)
		return;
	for (uint32_t i = 0; i < n; i++) {
		sp_buf_printf(out, "%s\t", v[i].name);
		sp_format_age(out, sp_now_wall() - v[i].wall_ns);
		sp_buf_puts(out, " ago\n");
	}
}

void sp_complete_objects(struct sp_cli *cli, const struct sp_command *c, enum sp_completes what,
			 const char *first_arg, struct sp_buf *out)
{
	struct sp_place place;
	struct sp_error err;

	switch (what) {
	case SP_COMPLETE_FILE:
		sp_buf_puts(out, ":file\n");
		return;
	case SP_COMPLETE_DIR:
		sp_buf_puts(out, ":dir\n");
		return;
	case SP_COMPLETE_OWN:
		c->complete(cli, out);
		return;
	case SP_COMPLETE_NONE:
	case SP_COMPLETE_COMMAND:
		return;
	case SP_COMPLETE_NAMESPACE:
	case SP_COMPLETE_POD:
	case SP_COMPLETE_CONTAINER:
	case SP_COMPLETE_RUN:
		break;
	}
	if (sp_place_open(cli, &place, &err) < 0)
		return;
	if (what == SP_COMPLETE_CONTAINER) {
		containers(cli, &place, first_arg, out);
	} else if (what == SP_COMPLETE_RUN) {
		runs(cli, &place, out);
		pods(cli, &place, false, out);
	} else {
		pods(cli, &place, what == SP_COMPLETE_NAMESPACE, out);
	}
}
