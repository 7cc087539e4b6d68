/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The older iptables keeps its rules in a blob of its own, beside nftables. Only looked at: a
 * change would mean to replace all of it under the feet of whoever wrote it.
 * Source: linux/netfilter_ipv4/ip_tables.h.
 */
#include "net/xtables.h"

#include "net/nft_forward.h"
#include "sys/fd.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define BLOB_MAX (16u * 1024 * 1024)

static void free_blobp(struct ipt_get_entries **p)
{
	free(*p);
}

/* Asking for a table makes it, and loads a module: only one that is there is asked for. */
static bool filter_is_there(void)
{
	SP_CLEANUP(sp_fclosep) FILE *f = fopen("/proc/self/net/ip_tables_names", "re");
	char line[64];

	while (f && fgets(line, sizeof(line), f))
		if (sp_streq(line, "filter\n"))
			return true;
	return false;
}

bool sp_xtables_chain_blocks(const struct ipt_getinfo *info, const uint8_t *table,
			     const char *bridge)
{
	uint32_t at = info->hook_entry[NF_INET_FORWARD], last = info->underflow[NF_INET_FORWARD];
	struct xt_standard_target target;
	struct ipt_entry e = {0}; /* a table without one is none of ours to judge */

	for (; at + sizeof(e) <= info->size; at += e.next_offset) {
		memcpy(&e, table + at, sizeof(e));
		if (at == last || e.next_offset < sizeof(e))
			break;
		if (strncmp(e.ip.iniface, bridge, IFNAMSIZ) == 0 ||
		    strncmp(e.ip.outiface, bridge, IFNAMSIZ) == 0)
			return false;
	}
	if (at != last || at + e.target_offset + sizeof(target) > info->size)
		return false;
	memcpy(&target, table + at + e.target_offset, sizeof(target));
	return target.verdict == -NF_DROP - 1;
}

int sp_xtables_forward_blocks(const char *bridge)
{
	SP_CLEANUP(free_blobp) struct ipt_get_entries *blob = NULL;
	SP_CLEANUP(sp_closep) int fd = -EBADF;
	struct ipt_getinfo info = {.name = "filter"};
	socklen_t len = sizeof(info);

	if (!filter_is_there())
		return 0;
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (fd < 0 || getsockopt(fd, IPPROTO_IP, IPT_SO_GET_INFO, &info, &len) < 0)
		return -errno;
	if (info.size > BLOB_MAX)
		return -E2BIG;
	len = (socklen_t)(sizeof(*blob) + info.size);
	blob = calloc(1, len);
	if (!blob)
		return -ENOMEM;
	memcpy(blob->name, info.name, sizeof(info.name));
	blob->size = info.size;
	/* EAGAIN: somebody changed it in between; that one may look again */
	if (getsockopt(fd, IPPROTO_IP, IPT_SO_GET_ENTRIES, blob, &len) < 0)
		return errno == EAGAIN ? 0 : -errno;
	return sp_xtables_chain_blocks(&info, (const uint8_t *)blob->entrytable, bridge);
}
