/* SPDX-License-Identifier: Apache-2.0 */
/* A table from uids to pointers: open addressing, the uids are copied. */
#ifndef SP_BASE_UIDS_H
#define SP_BASE_UIDS_H

#include "base/base.h"

#define SP_UID_MAX 40 /* longest uid with its NUL; longer ones are cut, which is no uid of ours */

struct sp_uids {
	struct sp_uids_slot {
		char uid[SP_UID_MAX];
		void *value; /* NULL: free */
	} * slots;
	uint32_t n, cap; /* cap: a power of two, or 0 */
};

void sp_uids_done(struct sp_uids *t);
void *sp_uids_get(const struct sp_uids *t, const char *uid); /* NULL: not there */
/** sp_uids_set() - @value is not NULL. Return: 0; -1 out of memory, never for a uid that is there
 */
int sp_uids_set(struct sp_uids *t, const char *uid, void *value);
void sp_uids_remove(struct sp_uids *t, const char *uid);

#endif
