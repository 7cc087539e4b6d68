/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/self.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

int sp_self_sibling(const char *name, char *ret, size_t size, struct sp_error *err)
{
	char self[4096], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return sp_fail_errno(err, errno, "read /proc/self/exe");
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (!slash)
		return sp_fail(err, SP_E_INTERNAL, "'%s' is not a path", self);
	*slash = '\0';
	if ((size_t)snprintf(ret, size, "%s/%s", self, name) < size && access(ret, X_OK) == 0)
		return 0;
	if ((size_t)snprintf(ret, size, "%s/../libexec/sidepod/%s", self, name) < size &&
	    access(ret, X_OK) == 0)
		return 0;
	return sp_fail(
		err, SP_E_NOT_FOUND,
		"%s is neither in '%s' nor in '%s/../libexec/sidepod'; is sidepod installed completely?",
		name, self, self);
}
