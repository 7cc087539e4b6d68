/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of the older iptables: where FORWARD begins and where it ends, four bytes each, then
 * the entries, in memory of their exact size.
 */
#include "net/xtables.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ipt_getinfo info = {.name = "filter"};
	uint8_t *table;

	if (size < 8)
		return 0;
	memcpy(&info.hook_entry[NF_INET_FORWARD], data, 4);
	memcpy(&info.underflow[NF_INET_FORWARD], data + 4, 4);
	info.size = (unsigned)size - 8;
	table = malloc(info.size + !info.size);
	if (!table)
		return 0;
	memcpy(table, data + 8, info.size);
	(void)sp_xtables_chain_blocks(&info, table, "sidepod0"); /* any answer is right */
	free(table);
	return 0;
}
