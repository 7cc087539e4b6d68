/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine of a test's own, as far as pods can tell: processes, links, packet filter, mounts, /tmp
 * and cgroups that nobody else uses. So everything that is left there was left by the test.
 */
#ifndef OWN_MACHINE_H
#define OWN_MACHINE_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * own_machine_run() - Run @tests in there, as root; what needs no such place is skipped elsewhere
 *
 * Return: what @tests returned; 1 when something kept a cgroup of it.
 */
int own_machine_run(int (*tests)(void));

/**
 * own_machine_mark() - Remember what tools/leftovers lists now, with the descriptors of this
 * process
 * @root: the --root directory of the pods; kept
 */
void own_machine_mark(const char *root);
/** own_machine_clean() - Wait until it lists the same again; after a few seconds the test fails and
 * tells @what was tried */
void own_machine_clean(const char *what);

/** own_machine_supervisors() - Pids of all supervisors: nobody else's are here. Return: how many,
 * also of those that do not fit */
int own_machine_supervisors(pid_t *v, int max);
/** own_machine_kill_supervisors() - Return: how many there were */
int own_machine_kill_supervisors(void);

#endif
