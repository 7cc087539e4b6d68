/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has which address and which port of the machine: one small file shared by all supervisors.
 *
 * Layout: a head (which network it is for), one word per address (0 free, else a hash of the uid:
 * bitmap and index in one), the uids, and the published ports. Changes happen under one lock and
 * are ordered so that a process killed between two writes leaves a claim too many, never one too
 * few.
 *
 * Locks are those of open file descriptions (F_OFD_SETLK), on bytes beyond the content: one for
 * changes, one per address that its owner holds as long as it lives. A lease whose lock is free
 * belongs to a dead supervisor, whatever PID namespace that was in.
 *
 * All functions are leaves: >= 0 or -errno.
 */
#ifndef SP_NET_POOL_H
#define SP_NET_POOL_H

#include "base/base.h"

#include <netinet/in.h>

#define SP_POOL_SLOTS 4096 /* addresses; a Linux bridge takes 1024 ports, dying ones included */
#define SP_POOL_PORTS 8192 /* published ports of all pods */
#define SP_POOL_UID   64   /* longest uid, NUL included */
#define SP_POOL_NAME  128  /* longest name that is told; longer ones are cut */

struct sp_pool_net { /* what the file is for; zeroed before filling, compared as bytes */
	char bridge[16];
	struct in_addr subnet;
	int32_t prefix_len;
};

struct sp_pool_port {
	struct in_addr host_ip; /* 0.0.0.0: all */
	uint16_t host_port, ctr_port;
	uint16_t slot; /* plus 1; 0: free entry */
	uint16_t udp;
};

/** sp_pool_open() - Open or make the file @name in @dir; missing folders are made. Return:
 * descriptor
 */
int sp_pool_open(const char *dir, const char *name);

int sp_pool_lock(int fd); /* waits; changes of others take microseconds */
void sp_pool_unlock(int fd);

/* The rest is called with the lock held. */

/** sp_pool_check_net() - Return: 1 the file is for @net, or nobody has anything and now it is; 0 it
 * is in use for another one */
int sp_pool_check_net(int fd, const struct sp_pool_net *net);
/** sp_pool_forget_net() - Ready for any network; when nothing is left */
int sp_pool_forget_net(int fd);

/** sp_pool_find() - Slot of @uid, -ENOENT */
int sp_pool_find(int fd, const char *uid);
/** sp_pool_claim() - Lowest free slot below @n_slots for @uid. @name: for people, may be "".
 * Return: slot, -ENOSPC */
int sp_pool_claim(int fd, int n_slots, const char *uid, const char *name);
/** sp_pool_release() - Free the slot; its ports must be gone. The owner's lock is dropped too */
int sp_pool_release(int fd, int slot);
/** sp_pool_next() - First slot in use at or after @slot, -ENOENT */
int sp_pool_next(int fd, int slot);
int sp_pool_uid(int fd, int slot, char ret[SP_POOL_UID]);
/** sp_pool_name() - What people call the owner of a slot; its uid when it has no name */
int sp_pool_name(int fd, int slot, char ret[SP_POOL_NAME]);

/** sp_pool_hold() - Mark the slot as owned for as long as this descriptor is open */
int sp_pool_hold(int fd, int slot);
/** sp_pool_held() - Return: 1 another open description holds it, 0 nobody (or @fd itself) does */
int sp_pool_held(int fd, int slot);

/** sp_pool_ports() - All entries, in *ret for free(); free ones have slot 0. Return: how many */
int sp_pool_ports(int fd, struct sp_pool_port **ret);
/** sp_pool_add_ports() - Return: 0, -ENOSPC */
int sp_pool_add_ports(int fd, const struct sp_pool_port *ports, int n);
/** sp_pool_drop_ports() - All of a slot */
int sp_pool_drop_ports(int fd, int slot);

#endif
