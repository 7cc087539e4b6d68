/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a supervisor answers on its control socket: a byte says how many descriptors come along, the
 * rest is the message. None of them stays open but the one that was asked for.
 */
#include "supervisor/spawn.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/socket.h>

#define FDS_MAX 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int null_fd = -EBADF;

static int lowest_free(void)
{
	int fd = fcntl(null_fd, F_DUPFD_CLOEXEC, 0);

	return sp_close(fd), fd;
}

static void send_answer(int fd, unsigned n_fds, const uint8_t *bytes, size_t n)
{
	int fds[FDS_MAX];

	for (unsigned i = 0; i < n_fds; i++)
		fds[i] = null_fd;
	if (sys_send_with_fds(fd, bytes, n, fds, n_fds, 0) < 0)
		abort();
}

static void call(const uint8_t *data, size_t size, bool want_fd)
{
	static const char request[] = "{\"op\":\"status\"}";
	struct sp_error err = {0};
	json_t *answer = NULL;
	int fds[2], fd = -EBADF, r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		abort();
	if (size > 1)
		send_answer(fds[1], data[0] % (FDS_MAX + 1), data + 1, size - 1);
	if (shutdown(fds[1], SHUT_WR) < 0) /* whatever it is, there is no more */
		abort();
	r = sp_supervisor_call(fds[0], request, sizeof(request) - 1, NULL, 0, want_fd ? &fd : NULL,
			       &answer, &err);
	if (r == 0)
		assert(json_is_true(json_object_get(answer, "ok")));
	else
		assert(err.code != SP_OK && fd < 0);
	json_decref(answer);
	sp_close(fd);
	sp_close(fds[0]);
	sp_close(fds[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int free_fd;

	if (null_fd < 0)
		null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	free_fd = lowest_free();
	call(data, size, true);
	call(data, size, false);
	assert(lowest_free() == free_fd);
	return 0;
}
