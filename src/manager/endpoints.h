/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endpoints: which pods serve a Service, as EndpointSlices. Pods whose named targetPorts come out
 * as different numbers stand in different slices.
 *
 * Source: the discovery.k8s.io/v1 API.
 */
#ifndef SP_MANAGER_ENDPOINTS_H
#define SP_MANAGER_ENDPOINTS_H

#include "spec/types.h"
#include "store/store.h"

#define SP_ENDPOINT_PORTS_MAX 64 /* ports of one Service; more are left out */

/** sp_endpoints_selected() - Is this pod one of the Service's, by its labels? */
bool sp_endpoints_selected(const struct sp_k_service *service, const struct sp_stored *pod);

/**
 * sp_endpoints_make() - The slices of a Service
 * @pods: of its namespace, in a steady order; those that are not selected, have no address or have
 *	  ended are left out
 * @ret: trees in @a, at least one: without endpoints when there is none
 *
 * Ready is a pod that is Ready and not being deleted, or any one when the Service publishes what
 * is not ready. Return: 0, -1 out of memory.
 */
int sp_endpoints_make(struct sp_arena *a, const struct sp_k_service *service,
		      const struct sp_stored *const *pods, uint32_t n_pods, struct sp_node ***ret,
		      uint32_t *ret_n);

#endif
