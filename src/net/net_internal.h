/* SPDX-License-Identifier: Apache-2.0 */
/* What pods' networks (net.c) and services (service.c) know of each other. */
#ifndef SP_NET_NET_INTERNAL_H
#define SP_NET_NET_INTERNAL_H

#include "net/net.h"

/**
 * sp_net_open_pool() - The file of leases called @what, for the network namespace of @sock
 *
 * There is one per network namespace that plays the machine, named by its inode: what is leased in
 * another one is no business of ours. Return: descriptor, -errno; -ENOENT when there is none and
 * @make does not say to make it.
 */
int sp_net_open_pool(const struct sp_net_config *c, const char *what, int sock, bool make);

/**
 * sp_svc_sweep() - Remove what dead sessions left
 *
 * Return: how many live, -1.
 */
int sp_svc_sweep(const struct sp_net_config *c, struct sp_net_host *h, struct sp_error *err);

#endif
