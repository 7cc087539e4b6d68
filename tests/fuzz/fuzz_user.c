/* SPDX-License-Identifier: Apache-2.0 */
/* An image's USER, /etc/passwd and /etc/group, separated by NUL bytes. */
#include "container/user.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t extra[] = {0, 4294967294};
	struct sp_str part[3] = {{"", 0}, {"", 0}, {"", 0}};
	struct sp_user_request req = {.uid = -1, .gid = -1, .extra = extra, .n_extra = 2};
	struct sp_identity id;
	struct sp_error err;
	char *user;

	for (size_t i = 0, at = 0; i < 3 && at < size; i++) {
		const void *nul = i < 2 ? memchr(data + at, 0, size - at) : NULL;
		size_t n = nul ? (size_t)((const uint8_t *)nul - data) - at : size - at;

		part[i] = (struct sp_str){(const char *)data + at, n};
		at += n + 1;
	}
	user = strndup(part[0].ptr, part[0].len);
	if (!user)
		return 0;
	req.image_user = user;
	for (int strict = 0; strict < 2; strict++) {
		req.strict = strict;
		if (sp_user_resolve(&req, part[1], part[2], &id, &err) < 0)
			continue;
		assert(id.n_groups >= 1 && id.n_groups <= SP_GROUPS_MAX);
		assert(id.groups[0] == id.gid && id.uid != UINT32_MAX && id.gid != UINT32_MAX);
		assert(memchr(id.home, 0, sizeof(id.home)) && id.home[0]);
	}
	(void)sp_user_check_non_root(&req, "pod", "ctr", &err);
	free(user);
	return 0;
}
