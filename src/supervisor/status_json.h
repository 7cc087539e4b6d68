/* SPDX-License-Identifier: Apache-2.0 */
/* The pod as the API shows it: PodStatus from the core's view of it. Pure. Source: lifecycle rules,
 * sections 12 … 14. */
#ifndef SP_SUPERVISOR_STATUS_JSON_H
#define SP_SUPERVISOR_STATUS_JSON_H

#include "core/pod.h"
#include "core/resources.h"
#include "spec/types.h"

#define SP_CONTAINER_ID_LEN 64

/* Borrowed. */
struct sp_status_view {
	const struct sp_k_meta *meta;
	const struct sp_pod_spec *spec;
	const struct sp_pod_status *st;
	enum sp_qos qos;
	const char *host_ip; /* "" unknown */
	const char *const
		*image_ids; /* per container of the core's order; NULL entries: none yet */
	const enum sp_cond_status *gates; /* per readiness gate: what was reported for it */
};

/** sp_status_print() - {"metadata":{…},"status":{…}} */
void sp_status_print(const struct sp_status_view *v, struct sp_buf *out);
/** sp_metadata_print(), sp_pod_status_print() - The two values alone */
void sp_metadata_print(const struct sp_status_view *v, struct sp_buf *out);
void sp_pod_status_print(const struct sp_status_view *v, struct sp_buf *out);

/**
 * sp_container_id() - The name of an instance: 64 hexadecimal digits
 *
 * The same after a restart of the engine, different for every instance of every pod.
 */
void sp_container_id(const char *uid, const char *ctr, uint32_t attempt,
		     char ret[SP_CONTAINER_ID_LEN + 1]);

#endif
