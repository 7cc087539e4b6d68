/* SPDX-License-Identifier: Apache-2.0 */
/* Controllers' memory from an object's status, when a manager starts with a store that is full. */
#ifndef SP_MANAGER_RESTORE_H
#define SP_MANAGER_RESTORE_H

#include "manager/manager_internal.h"

void mgr_restore_job(const struct sp_stored *o, sp_time now, struct sp_job *j);
void mgr_restore_cron(const struct sp_stored *o, struct sp_cron_job *c);

#endif
