/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod look-up HOST`: addresses of a name for the supervisor, which is static and must not
 * block. */
#include "probe/look_up.h"

#include "probe/dial.h"
#include "sys/fd.h"

#include <netdb.h>

int sp_look_up_main(const char *host)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all = NULL;
	union sp_addr addrs[SP_ADDRS_MAX] = {0};
	size_t n = 0;

	if (getaddrinfo(host, NULL, &hints, &all) != 0)
		return 1;
	for (const struct addrinfo *i = all; i && n < SP_ADDRS_MAX; i = i->ai_next)
		if (i->ai_addrlen <= sizeof(addrs[n]))
			memcpy(&addrs[n++], i->ai_addr, i->ai_addrlen);
	freeaddrinfo(all);
	/* between programs of one installation; less than a pipe holds at once */
	return sp_write_all(STDOUT_FILENO, addrs, n * sizeof(addrs[0])) < 0;
}
