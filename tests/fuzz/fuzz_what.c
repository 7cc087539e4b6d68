/* SPDX-License-Identifier: Apache-2.0 */
/* What users say with --set and --if about a pod: "app.code=2", "app ignores SIGTERM"; one per
 * line. */
#include "sim/what.h"
#include "spec/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char pod[] =
	"{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {initContainers: [{name: log, image: "
	"l, restartPolicy: Always}], containers: [{name: app, image: a, lifecycle: {preStop: {exec: "
	"{command: [x]}}}, readinessProbe: {tcpSocket: {port: 1}}}]}}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_arena a = {.limit_bytes = 64u << 20};
	struct sp_manifest m;
	struct sp_scn_pod sim;
	struct sp_what w;
	struct sp_error err;

	sp_manifest_init(&m, &(struct sp_load_options){0});
	if (sp_manifest_add(&m, "pod", pod, sizeof(pod) - 1) < 0 || m.diags.n_errors ||
	    sp_what_init(&a, "p", m.objects[0].pod->spec, &w, &err) < 0)
		__builtin_trap();
	for (size_t at = 0, line = 0; at < size && line < 20; line++) {
		const uint8_t *nl = memchr(data + at, '\n', size - at);
		size_t n = (nl ? (size_t)(nl - data) : size) - at;
		char *text = sp_arena_strndup(&a, (const char *)data + at, n);

		at += n + 1;
		if (!text)
			break;
		if (strchr(text, '='))
			(void)sp_what_set(&w, text, &err); /* any answer is right */
		else
			(void)sp_what_if(&w, text, &err); /* as above */
	}
	(void)sp_what_pod(&w, 36, &sim, &err); /* as above */
	sp_manifest_done(&m);
	sp_arena_done(&a);
	return 0;
}
