/* SPDX-License-Identifier: Apache-2.0 */
/* The name server's process, from its first instruction: it becomes nobody, then it serves. */
#include "dns/serve.h"

#include "base/text.h"
#include "loop/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY 65534

static int become_nobody(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};
	const struct rlimit no_core = {0};

	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
			       setresuid(NOBODY, NOBODY, NOBODY) < 0))
		return -errno;
	if (syscall(SYS_capset, &head, none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &no_core) < 0)
		return -errno;
	return 0;
}

int sp_dns_main(int argc, char **argv)
{
	struct sp_dns_serve p = {.udp_fd = SP_DNS_FIRST_FD,
				 .tcp_fd = SP_DNS_FIRST_FD + 1,
				 .control_fd = SP_DNS_FIRST_FD + 2};
	int64_t starter, timeout_ms;

	if (argc < 2 || argc > 2 + SP_DNS_UPSTREAMS_MAX ||
	    sp_parse_i64(argv[0], 1, INT_MAX, &starter) != 0 ||
	    sp_parse_i64(argv[1], 1, INT_MAX, &timeout_ms) != 0)
		return 1;
	p.timeout = timeout_ms * SP_MSEC;
	for (int i = 2; i < argc; i++) {
		struct sockaddr_in6 *a = &p.upstreams[p.n_upstreams++];

		*a = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(53)};
		if (inet_pton(AF_INET6, argv[i], &a->sin6_addr) != 1)
			return 1;
	}
	(void)prctl(PR_SET_NAME, "sidepod-dns", 0, 0, 0); /* for those who look at processes */
	if (become_nobody() < 0)
		return 1;
	/* last: changing the user clears it */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != starter)
		return 1;
	return sp_dns_serve(&p);
}
