/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container is told: its command line, environment, downward API values and the files of
 * its configuration volumes. Pure: everything comes from the bundle and the facts in `sp_world`.
 * Source: lifecycle rules, sections 18.1 … 18.4.
 */
#ifndef SP_SUPERVISOR_ENV_H
#define SP_SUPERVISOR_ENV_H

#include "container/container.h"
#include "supervisor/bundle.h"

/* What is known about the pod and the machine at this moment; borrowed. */
struct sp_world {
	const struct sp_bundle *bundle;
	const char *pod_ips;  /* comma separated; "" none yet */
	const char *host_ips; /* comma separated */
	const char *hostname; /* as the containers see it */
	int64_t machine_cpu_milli, machine_memory_bytes, machine_storage_bytes;
};

/* The variables of a container: `v` from the manifest alone, in definition order, names unique. */
struct sp_env_var {
	const char *name, *value;
};
struct sp_env {
	struct sp_env_var *v;
	uint32_t n, cap;
};

/** A variable's value of @len bytes of name; NULL when there is none */
typedef const char *(*sp_expand_lookup)(const void *ctx, const char *name, size_t len);

/**
 * sp_expand() - Replace the references in @in: ENV-11
 * @lookup: asked once per reference; an unknown one stays as it is written
 */
void sp_expand(const char *in, sp_expand_lookup lookup, const void *ctx, struct sp_buf *out);

/**
 * sp_env_build() - envFrom and env of a container: ENV-1 … ENV-4, ENV-10
 * @ret: in @a
 * @err: SP_E_INVALID with the text of CreateContainerConfigError (IMG-6)
 */
int sp_env_build(struct sp_arena *a, const struct sp_world *w, const struct sp_k_container *c,
		 struct sp_env *ret, struct sp_error *err);

/** sp_env_list() - The complete environment: image, HOSTNAME, the manifest's, PATH. Return:
 * NULL-terminated "NAME=value" in @a; NULL out of memory */
const char *const *sp_env_list(struct sp_arena *a, const struct sp_world *w,
			       const struct sp_k_container *c, const struct sp_image *image,
			       const struct sp_env *env);

/** sp_argv_build() - Section 18.1. Return: NULL-terminated argv in @a, empty when there is no
 * command; NULL out of memory */
const char *const *sp_argv_build(struct sp_arena *a, const struct sp_k_container *c,
				 const struct sp_image *image, const struct sp_env *env);

/** sp_probe_argv() - Command of an exec probe: references to literal values of the container's env
 * only (PROBE-20) */
const char *const *sp_probe_argv(struct sp_arena *a, const struct sp_k_container *c,
				 const struct sp_strs *command);

/** sp_sub_path() - subPath of a mount, or its subPathExpr expanded (VOL-4). *ret NULL: none */
int sp_sub_path(struct sp_arena *a, const struct sp_k_mount *m, const struct sp_env *env,
		const char **ret, struct sp_error *err);

/** sp_field_value() - Downward API field: DAPI-1, DAPI-3. SP_E_INVALID for an unknown path */
int sp_field_value(struct sp_arena *a, const struct sp_world *w, const char *path, const char **ret,
		   struct sp_error *err);

/** sp_resource_value() - DAPI-2. @self: container of an env entry, NULL in volumes */
int sp_resource_value(struct sp_arena *a, const struct sp_world *w,
		      const struct sp_k_res_field_ref *r, const struct sp_k_container *self,
		      const char **ret, struct sp_error *err);

/**
 * sp_volume_content() - Files of a configMap, secret, downwardAPI or projected volume: VOL-3
 * @ret: in @a
 * @ret_secret: a secret is among the sources: belongs on tmpfs
 * @err: SP_E_NOT_FOUND when an object or key is missing
 */
int sp_volume_content(struct sp_arena *a, const struct sp_world *w, const struct sp_k_volume *v,
		      struct sp_volume_file **ret, uint32_t *ret_n, bool *ret_secret,
		      struct sp_error *err);

const struct sp_k_config_map *sp_bundle_config_map(const struct sp_bundle *b, const char *name);
const struct sp_k_secret *sp_bundle_secret(const struct sp_bundle *b, const char *name);

/** sp_pod_container() - Container of that name in either list; NULL none */
const struct sp_k_container *sp_pod_container(const struct sp_k_pod_spec *p, const char *name);
/** sp_pod_container_at() - Container of index @ctr of the core's order */
const struct sp_k_container *sp_pod_container_at(const struct sp_k_pod_spec *p, uint16_t ctr);

#endif
