/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a manifest: decoding, defaulting and validation hold; an object without findings
 * prints as JSON that decodes to the same object, and defaults stay as they are.
 */
#include "spec/load.h"

#include "core/pod.h"
#include "core/resources.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_object(struct sp_arena *a, const struct sp_object *o,
			 const struct sp_load_options *opt)
{
	struct sp_source src = {"json", "", 0};
	struct sp_object again;
	struct sp_buf b = {0};
	struct sp_node *n;
	struct sp_error err;

	sp_node_json(o->node, -1, &b);
	if (sp_node_from_json(a, b.ptr, b.len, &n, &err) < 0 ||
	    sp_object_decode(a, n, &src, opt, NULL, NULL, &again) < 0 ||
	    sp_object_default(a, &again, opt) < 0 || !sp_node_equal(again.node, o->node))
		__builtin_trap();
	sp_buf_done(&b);
}

static void check_pod(struct sp_arena *a, const struct sp_object *o)
{
	struct sp_res_pod *res = malloc(sizeof(*res));
	struct sp_pod_spec spec;
	struct sp_error err;

	if (o->kind == SP_KIND_POD && o->pod->spec && res) {
		(void)sp_pod_spec_core(a, o->meta, o->pod->spec, 0, &spec,
				       &err); /* must not crash */
		(void)sp_pod_resources(o->pod->spec, res);
	}
	free(res);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_load_options opt = {.name_seed = 1};
	struct sp_manifest m;
	struct sp_buf b = {0};

	if (size) { /* the last byte picks the options */
		opt.validate = (enum sp_validate)(data[size - 1] % 3);
		opt.kube_minor = data[size - 1] % 5 == 0 ? 28 : 0;
	}
	sp_manifest_init(&m, &opt);
	if (sp_manifest_add(&m, "fuzz", (const char *)data, size) == 0) {
		bool clean = m.diags.n_errors == 0;

		for (uint32_t i = 0; i < m.n_objects; i++) {
			if (!m.objects[i].any)
				continue;
			check_pod(&m.arena, &m.objects[i]);
			if (clean)
				check_object(&m.arena, &m.objects[i], &m.options);
		}
	}
	sp_diags_sort(&m.diags);
	for (uint32_t i = 0; i < m.diags.n && i < 20; i++)
		sp_diag_print(&m.diags.v[i], (const char *)data, size, true, false, &b);
	sp_buf_done(&b);
	sp_manifest_done(&m);
	return 0;
}
