/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running sessions, from the side of those who ask them (cli/channel.h is the other one), and the
 * directory where their sockets are.
 */
#ifndef SP_CLI_SESSIONS_H
#define SP_CLI_SESSIONS_H

#include "cli/place.h"
#include "spec/node.h"

#include <sys/socket.h>
#include <sys/un.h>

#define SP_SESSION_NAME_SIZE 17

/* ---- the directory --------------------------------------------------------------------------- */

struct sp_session_address {
	struct sockaddr_un un;
	socklen_t len;
};
void sp_session_address(int dir_fd, const char *name, struct sp_session_address *ret);

/**
 * sp_sessions_lock() - Open the directory and lock it: sockets appear and are swept under it
 * @make: create it when it is not there
 *
 * Return: a descriptor, the lock goes with it; -1: SP_E_NOT_FOUND without @make.
 */
int sp_sessions_lock(const char *run_dir, bool make, struct sp_error *err);
int sp_sessions_unlock(int dir_fd, struct sp_error *err);
/** sp_session_forget() - Remove a session's socket and log */
void sp_session_forget(int dir_fd, const char *name);

/** sp_sessions_tidy() - Remove what killed sessions have left */
void sp_sessions_tidy(const struct sp_place *place);

/* ---- asking ---------------------------------------------------------------------------------- */

/* A session that runs. */
struct sp_session_link {
	int fd; /* -EBADF: it has ended meanwhile */
};

/** sp_sessions_connect() - To all sessions of this place, in the arena. Return: 0, -1 */
int sp_sessions_connect(struct sp_cli *cli, const struct sp_place *place,
			struct sp_session_link **ret, uint32_t *ret_n, struct sp_error *err);
void sp_sessions_hang_up(struct sp_session_link *v, uint32_t n);

/* An object of a session, in the arena. */
struct sp_session_object {
	const struct sp_node *node;
	const char *kind, *ns, *name;
	struct sp_session_link *of;
};

/**
 * sp_sessions_list() - Objects of all these sessions: by session, kind, namespace, name
 * @kinds: NULL-ended; NULL: all but events
 * @ns: NULL: of all namespaces
 */
int sp_sessions_list(struct sp_cli *cli, struct sp_session_link *v, uint32_t n,
		     const char *const *kinds, const char *ns, struct sp_session_object **ret,
		     uint32_t *ret_n, struct sp_error *err);

/** sp_session_call() - One request, one answer in the arena. A session that has ended is
 * SP_E_NOT_FOUND, and its link is closed. @ret_fd: NULL none is expected */
int sp_session_call(struct sp_cli *cli, struct sp_session_link *l, const struct sp_buf *request,
		    struct sp_node **ret, int *ret_fd, struct sp_error *err);

/** sp_session_news() - Wait for a later message of the session. Return: 1, in *ret; 0 it has ended;
 * -1: SP_E_UNAVAILABLE when a signal told us to stop */
int sp_session_news(struct sp_cli *cli, struct sp_session_link *l, struct sp_node **ret,
		    struct sp_error *err);

#endif
