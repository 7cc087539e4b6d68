/* SPDX-License-Identifier: Apache-2.0 */
/* The visible status of a pod back from its JSON: the inverse of sp_pod_status_print(). */
#ifndef SP_SUPERVISOR_STATUS_READ_H
#define SP_SUPERVISOR_STATUS_READ_H

#include "core/pod.h"
#include "spec/node.h"

/**
 * sp_status_read() - Fill @ret from {"metadata":…,"status":…}
 * @spec: names and number of the containers
 * @doc:  its texts are borrowed by @ret; what is missing in it reads as empty
 *
 * Conditions that the core does not know (those of readiness gates) are left out.
 */
void sp_status_read(const struct sp_pod_spec *spec, const struct sp_node *doc,
		    struct sp_pod_status *ret);

/** sp_status_ctr() - The status object of a container; NULL when there is none */
const struct sp_node *sp_status_ctr(const struct sp_node *doc, const char *name);

#endif
