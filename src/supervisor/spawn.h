/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Supervisors from the command's side: start one, find it, talk to it, and sweep up behind one that
 * died. Used by `sidepod` and whoever else manages pods.
 */
#ifndef SP_SUPERVISOR_SPAWN_H
#define SP_SUPERVISOR_SPAWN_H

#include "supervisor/bundle.h"

#include <sys/types.h>

struct json_t;

struct sp_supervisor {
	pid_t pid;      /* as the machine sees it, for messages */
	int pidfd;      /* readable when it is gone; the caller's */
	int control_fd; /* a connected control socket; the caller's */
};

/**
 * sp_supervisor_spawn() - Make the pod's directories and start its supervisor
 * @b: the bundle; run, log and pod directories follow from its engine options and the pod's uid
 *
 * The supervisor is the first process of a new PID namespace, in a session of its own, and lives on
 * when the caller dies. The control socket listens before it is started, so a request may be sent
 * at once. It is the caller's child (waitid) as long as the caller lives.
 *
 * @err: SP_E_EXISTS when a supervisor of this pod runs.
 */
int sp_supervisor_spawn(const struct sp_bundle_params *b, struct sp_supervisor *ret,
			struct sp_error *err);

/** sp_supervisor_connect() - To a running supervisor's control socket. Return: descriptor, or -1:
 * SP_E_NOT_FOUND when no supervisor of this pod runs */
int sp_supervisor_connect(const char *run_dir, const char *uid, struct sp_error *err);

/**
 * sp_supervisor_call() - One request, one answer
 * @fds:        descriptors to send, @n_fds at most 3
 * @ret_fd:     descriptor that came with the answer, else -EBADF; NULL when none is expected
 * @ret_answer: reference to be dropped by the caller; NULL when only success matters
 *
 * An {"ok":false} answer is a failure with its code and text.
 */
int sp_supervisor_call(int control_fd, const char *request, size_t len, const int *fds,
		       uint32_t n_fds, int *ret_fd, struct json_t **ret_answer,
		       struct sp_error *err);

/** sp_supervisor_alive() - Does somebody hold the pod's lock? Return: 1 yes, 0 no (or no such pod),
 * -1 */
int sp_supervisor_alive(const char *run_dir, const char *uid, struct sp_error *err);

/**
 * sp_pod_lock() - Take the pod's lock, in its open file
 *
 * Commands that look who lives hold it for moments, which are waited for.
 *
 * Return: 0; -1 with SP_E_EXISTS when a supervisor, or a command that sweeps up, holds it.
 */
int sp_pod_lock(int lock_fd, struct sp_error *err);

/**
 * sp_pod_sweep() - Remove what a dead supervisor left: cgroups, layers, address, rules
 * @remove_run_dir: status, record and emptyDirs too: the pod is not gone on with (VOL-1)
 * @remove_logs:    sp_pod_log_name() of the pod: its log directory and links too; NULL keeps them
 *
 * Idempotent. Return: 0; -1 with SP_E_EXISTS when its supervisor is alive (nothing was touched).
 */
int sp_pod_sweep(const struct sp_engine *e, const char *uid, bool remove_run_dir,
		 const char *remove_logs, struct sp_error *err);

/**
 * sp_machine_tidy() - Remove bridge and packet filter table when no pod has an address any more
 *
 * For the end of a command, after sp_pod_sweep(): making them again costs the next pod a
 * millisecond.
 */
int sp_machine_tidy(const struct sp_engine *e, struct sp_error *err);

/** sp_pod_log_name() - "<namespace>_<pod>_<uid>", the pod's directory below <log_dir>/pods */
void sp_pod_log_name(const char *ns, const char *pod, const char *uid, struct sp_buf *out);

#endif
