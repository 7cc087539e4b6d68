/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Following a Job to its verdict: the controller says what pods there are to be, this starts them,
 * watches them, stops them, and tells the controller what became of them.
 */
#ifndef SP_CLI_WORKLOAD_H
#define SP_CLI_WORKLOAD_H

#include "cli/session.h"

#define SP_WORKLOAD_PODS_MAX 1024 /* that one Job may start in its life */

/** sp_workload_run() - Run the Job of s->launch. Return: 0 Complete, 1 Failed, 128 + n after a
 * signal, else the code of what could not be done */
int sp_workload_run(struct sp_session *s);

#endif
