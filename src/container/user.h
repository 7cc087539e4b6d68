/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a container runs as: user, group and supplementary groups from the pod, the image's USER and
 * the image's /etc/passwd and /etc/group. Works on bytes in memory, allocates nothing: the child
 * uses it between clone and execve. Source: lifecycle rules SEC-1, SEC-2, SEC-4.
 */
#ifndef SP_CONTAINER_USER_H
#define SP_CONTAINER_USER_H

#include "base/buf.h"
#include "base/error.h"

#define SP_GROUPS_MAX 256

struct sp_user_request {
	int64_t uid, gid;       /* runAsUser, runAsGroup; -1 unset */
	const char *image_user; /* USER of the image: "", "name", "1000", "name:group", "1:2" … */
	const int64_t *extra;   /* supplementalGroups and fsGroup */
	uint32_t n_extra;
	bool strict; /* supplementalGroupsPolicy Strict: not the image's memberships */
};

struct sp_identity {
	uint32_t uid, gid;
	uint32_t groups[SP_GROUPS_MAX]; /* the primary group is the first */
	uint32_t n_groups;
	char home[256]; /* "/" when the image does not know the user */
};

/**
 * sp_user_resolve() - Numbers for a request
 * @passwd, @group: contents of the image's files; empty when there are none
 * @err:	SP_E_INVALID when a name is unknown or too many groups are asked for
 *
 * Lines that cannot be read are skipped, as the C library does.
 */
int sp_user_resolve(const struct sp_user_request *req, struct sp_str passwd, struct sp_str group,
		    struct sp_identity *ret, struct sp_error *err);

/** sp_user_check_non_root() - SEC-4 for runAsNonRoot: true. @pod, @ctr: for the message */
int sp_user_check_non_root(const struct sp_user_request *req, const char *pod, const char *ctr,
			   struct sp_error *err);

#endif
