/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Services of a run: what the store says about them becomes virtual addresses (net/service.h),
 * names (dns/server.h) and variables of the pods.
 */
#ifndef SP_CLI_SERVICES_H
#define SP_CLI_SERVICES_H

#include "cli/cli.h"
#include "store/store.h"
#include "supervisor/bundle.h"

struct sp_services;

/**
 * sp_services_open() - Addresses and a name server for a run with pods on the bridge
 * @cli: told what happens on the machine, and what cannot be had; outlives it
 *
 * Errors: those of sp_svc_open() and sp_dns_start().
 */
int sp_services_open(struct sp_cli *cli, const struct sp_engine *e, struct sp_services **ret,
		     struct sp_error *err);

/** sp_services_close() - NULL is fine. Return: NULL */
struct sp_services *sp_services_close(struct sp_services *s);

/** sp_services_range() - Addresses that Services may have, in host order, both inclusive */
void sp_services_range(const struct sp_services *s, uint32_t *first, uint32_t *last);
/** sp_services_dns() - Address of the name server, for sp_engine.cluster_dns */
const char *sp_services_dns(const struct sp_services *s);

/**
 * sp_services_turn() - Bring addresses and names to what the store says
 *
 * Cheap when no Service and no EndpointSlice has changed. A node port that a Service leaves open is
 * chosen and written into it; one that is taken is told, and not served. Return: 0, -1.
 */
int sp_services_turn(struct sp_services *s, struct sp_store *store, struct sp_error *err);

/** sp_services_of() - The Services of a namespace that have an address: for a new pod's variables.
 * @ret: in @a; texts are borrowed until the next write. Return: how many, -1 out of memory */
int sp_services_of(struct sp_arena *a, struct sp_store *store, const char *ns,
		   struct sp_bundle_service **ret);

#endif
