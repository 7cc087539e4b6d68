/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The imagePullSecrets of a pod on their way to who pulls its images: in a memory file that is
 * handed down as a descriptor, so that no argument, environment or file shows them.
 */
#ifndef SP_SUPERVISOR_PULL_SECRETS_H
#define SP_SUPERVISOR_PULL_SECRETS_H

#include "base/error.h"
#include "spec/types.h"

/**
 * sp_pull_secrets_print() - JSON array of {"name", "config"}, in the order of the pod (IMG-20)
 * @v: secrets of the pod's namespace
 * @missing: names that lead to no secret with credentials are added, separated by ", "
 *
 * Of the type kubernetes.io/dockerconfigjson or kubernetes.io/dockercfg; what is in a config is not
 * looked at here. Return: how many there are
 */
uint32_t sp_pull_secrets_print(const struct sp_k_pod_spec *pod, struct sp_k_secret *const *v,
			       uint32_t n, struct sp_buf *missing, struct sp_buf *out);

/**
 * sp_pull_secrets_open() - The same in a memory file, for `image ensure --auth-fd`
 * @ret_fd: close-on-exec, at its beginning; -EBADF when the pod has none
 */
int sp_pull_secrets_open(const struct sp_k_pod_spec *pod, struct sp_k_secret *const *v, uint32_t n,
			 struct sp_buf *missing, int *ret_fd, struct sp_error *err);

#endif
