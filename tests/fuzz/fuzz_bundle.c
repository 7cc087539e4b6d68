/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a bundle. It comes from our own command, but what is in it comes from manifests: a
 * pod that could be decoded must also give environments, command lines and volume files, or say
 * why not.
 */
#include "supervisor/env.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct sp_bundle *b)
{
	const struct sp_k_pod_spec *p = b->pod->spec;
	const struct sp_image none = {0};
	const struct sp_world w = {
		.bundle = b,
		.pod_ips = "10.0.0.2",
		.host_ips = "10.0.0.1",
		.hostname = "pod",
		.machine_cpu_milli = 1000,
		.machine_memory_bytes = 1 << 30,
	};
	struct sp_arena a = {0};

	for (uint32_t i = 0; i < p->init_containers.n + p->containers.n && i < UINT16_MAX; i++) {
		const struct sp_k_container *c = sp_pod_container_at(p, (uint16_t)i);
		struct sp_error err;
		struct sp_env env;
		const char *path;

		if (sp_env_build(&a, &w, c, &env, &err) < 0)
			continue;
		(void)sp_env_list(&a, &w, c, &none, &env);
		(void)sp_argv_build(&a, c, &none, &env);
		for (uint32_t m = 0; m < c->mounts.n; m++)
			(void)sp_sub_path(&a, &c->mounts.v[m], &env, &path, &err);
	}
	for (uint32_t i = 0; i < p->volumes.n; i++) {
		struct sp_volume_file *files;
		struct sp_error err;
		bool secret;
		uint32_t n;

		(void)sp_volume_content(&a, &w, &p->volumes.v[i], &files, &n, &secret, &err);
	}
	sp_arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_bundle b;
	struct sp_error err;

	if (sp_bundle_parse((const char *)data, size, &b, &err) == 0) {
		use(&b);
		sp_bundle_done(&b);
	}
	return 0;
}
