/* SPDX-License-Identifier: Apache-2.0 */
/* A session's nftables table, as net/service.h shows it. All functions are leaves: 0 or -errno. */
#ifndef SP_NET_NFT_SERVICE_H
#define SP_NET_NFT_SERVICE_H

#include "net/service.h"

/** sp_nft_service_setup() - Make the table; it goes with the socket @fd. -EEXIST: there is one */
int sp_nft_service_setup(int fd, const char *table, struct in_addr block, uint32_t mask);

/*
 * One virtual port has a chain for its present backends. Other backends get a chain of their own,
 * to which its keys are pointed then, in a second transaction; the chain before is removed with the
 * next change. For a packet that is on its way through the rules at that moment would otherwise
 * find new keys but old chains, or old chains whose maps are no longer valid.
 */

/** sp_nft_service_make() - A chain with a choice among @n backends, to which nothing points yet
 * @old: a chain to which nothing points any more is removed on the way; 0: none */
int sp_nft_service_make(int fd, const char *table, uint32_t chain, bool client_ip,
			const struct sp_svc_backend *backends, uint32_t n, uint32_t old);
/** sp_nft_service_drop() - Remove a chain; 0: none */
int sp_nft_service_drop(int fd, const char *table, uint32_t chain);

/* To which chain the keys of a port point; 0: there is no key. */
struct sp_nft_service_keys {
	uint32_t chain;
	uint16_t node_port; /* 0: none */
};
/** sp_nft_service_point() - From @was to @is, in one transaction */
int sp_nft_service_point(int fd, const char *table, const struct sp_svc_port *port,
			 struct sp_nft_service_keys was, struct sp_nft_service_keys is);

/** sp_nft_service_probe() - Could this kernel do all of the above? Changes nothing */
int sp_nft_service_probe(int fd);

#endif
