/* SPDX-License-Identifier: Apache-2.0 */
/* Blocking name lookups, for a process of their own. */
#ifndef SP_PROBE_LOOK_UP_H
#define SP_PROBE_LOOK_UP_H

/** sp_look_up_main() - Write the addresses of @host as an array of union sp_addr to stdout. Return:
 * exit code */
int sp_look_up_main(const char *host);

#endif
