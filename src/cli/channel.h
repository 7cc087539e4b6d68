/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket of a running session: how other commands ask it for its objects, and to take some of
 * them down. It stands in <run_dir>/sessions/ (mode 0700) with mode 0600, SOCK_SEQPACKET, and
 * speaks like a pod's control socket (supervisor/control.h): a JSON object per message, at most
 * SP_CONTROL_MAX bytes, answered by {"ok":true,…} or {"ok":false,"code":…,"error":…}. Only the
 * session's own user and root are listened to.
 *
 *	{"op":"list","kinds":["Job",…],"namespace":N}
 *		→ {"ok":true} with SCM_RIGHTS: a sealed file with one object a line, complete as the
 *		API has it. Without "kinds" every kind but Event; without "namespace" all of them
 *	{"op":"delete","objects":[{"kind":K,"namespace":N,"name":X},…],"graceSeconds":G?,"dryRun":B?}
 *		→ {"ok":true,"objects":[…],"pods":["<uid>",…]}: those of them that the session has,
 *		and the pods that go with them; later {"done":true,"over":B}: all of it is gone, and
 *		with "over" so is the session, as soon as it hangs up
 *	{"op":"watch","kinds":[…]}
 *		→ {"ok":true}, later {"changed":true} whenever objects of these kinds have changed
 *
 * This is the session's side. It never waits for a client: what does not fit into a socket is lost
 * with the connection.
 */
#ifndef SP_CLI_CHANNEL_H
#define SP_CLI_CHANNEL_H

#include "base/error.h"
#include "spec/node.h"

struct sp_channel;

/* Who asked; plain bytes, stale when it has hung up. */
struct sp_channel_client {
	uint32_t slot, serial;
};

/** sp_channel_open() - Listen below @run_dir. The channel is readable (sp_channel_fd()) when there
 * is something to do */
int sp_channel_open(const char *run_dir, struct sp_channel **ret, struct sp_error *err);
/** sp_channel_close() - Clients see the end of the stream; NULL is fine. Return: NULL */
struct sp_channel *sp_channel_close(struct sp_channel *c);
int sp_channel_fd(const struct sp_channel *c);
/** sp_channel_log() - Where the session may write what nobody sees: beside the socket, for its
 * owner alone. Goes with the channel. Return: a descriptor, -1 */
int sp_channel_log(const struct sp_channel *c, struct sp_error *err);

/**
 * sp_channel_next() - The next request
 * @a: where it is put
 *
 * Return: 1 a request, 0 none for now. What is not JSON has been answered.
 */
int sp_channel_next(struct sp_channel *c, struct sp_arena *a, struct sp_channel_client *ret_from,
		    struct sp_node **ret);

/** sp_channel_send() - A message; @fd: a descriptor that goes with it, borrowed, -EBADF none.
 * Return: 0; -1 the client has gone, or goes with this */
int sp_channel_send(struct sp_channel *c, struct sp_channel_client to, const struct sp_buf *text,
		    int fd);
/** sp_channel_unread() - Does a message to that client wait to be read? */
bool sp_channel_unread(const struct sp_channel *c, struct sp_channel_client to);
/** sp_channel_refuse() - The answer to what failed */
void sp_channel_refuse(struct sp_channel *c, struct sp_channel_client to,
		       const struct sp_error *err);

#endif
