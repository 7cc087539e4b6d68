/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running whole manifests: the objects go into a store, the controllers (manager/) and the node's
 * agent (cli/agent.h) make of them what they ask for, and this shows it, stops it when the user
 * wants that, and tells the verdict.
 */
#ifndef SP_CLI_WORKLOAD_H
#define SP_CLI_WORKLOAD_H

#include "cli/session.h"

/** sp_workload_run() - Run the manifests of s->launch. Return: 0 all Pods Succeeded and all Jobs
 * Complete, 1 otherwise, 128 + n after a signal, else the code of what could not be done */
int sp_workload_run(struct sp_session *s);

#endif
