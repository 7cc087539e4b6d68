/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast the machine is at the moment: again and again one of the applets is started, has nothing
 * to do, and ends. What that takes beyond the usual is what every start, hook and exec probe of a
 * pod takes too, so it belongs to the tolerance of times; it changes no order.
 */
#include "conform/pace.h"

#include "loop/loop.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <stdlib.h>

#define EVERY (200 * SP_MSEC)

static pid_t start(const char *program)
{
	static const char *const argv[] = {"hook", "takes=0", NULL};
	/* the child does nothing but execv() */
	/* NOLINTNEXTLINE(clang-analyzer-security.insecureAPI.vfork) */
	pid_t pid = vfork();

	if (pid == 0) {
		execv(program, (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	return pid;
}

void conform_pace_go(struct conform_pace *p, const char *program, sp_time now)
{
	pid_t pid;

	if (p->pidfd >= 0 || now < p->next)
		return;
	p->since = now;
	p->next = now + EVERY;
	pid = start(program);
	if (pid < 0)
		return; /* the next one will tell */
	p->pidfd = sys_pidfd_open(pid, 0);
	if (p->pidfd < 0)
		(void)sys_waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED); /* ours, short */
}

sp_time conform_pace_took(const struct conform_pace *p, sp_time now)
{
	return p->pidfd >= 0 ? now - p->since : 0;
}

void conform_pace_end(struct conform_pace *p)
{
	if (p->pidfd < 0)
		return;
	(void)sys_pidfd_send_signal(p->pidfd, SIGKILL); /* over already, or unwanted */
	(void)sys_waitid(P_PIDFD, (id_t)p->pidfd, &(siginfo_t){0}, WEXITED); /* our child */
	p->pidfd = sp_close(p->pidfd);
}

sp_time conform_pace_pressure(void)
{
	char text[256];
	const char *total;

	if (sys_read_file(AT_FDCWD, "/proc/pressure/cpu", text, sizeof(text)) < 0)
		return 0;
	total = strstr(text, "total="); /* of "some", in microseconds */
	return total ? (sp_time)strtoll(total + strlen("total="), NULL, 10) * SP_USEC : 0;
}
