/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One random life of a pod: a spec, a world that answers late, twice, out of order or never, and
 * the judge (pod_check.h). Everything comes from one seed.
 */
#ifndef LIFE_H
#define LIFE_H

#include "pod_check.h"

#define LIFE_CTRS   5
#define LIFE_EVENTS 400 /* fed in one life, at most */

struct life_event {
	struct sp_event ev;
	sp_time now;
};

struct life {
	uint64_t seed, rng;
	struct sp_pod_spec spec;
	struct sp_ctr_spec ctrs[LIFE_CTRS];
	struct sp_restart_rule rule;
	int32_t code;
	struct sp_pod pod;
	struct sp_actions out;
	struct pod_check check;
	struct sp_pod_status status;
	struct life_event trace[LIFE_EVENTS];
	size_t n_trace;
	const char *wrong; /* NULL: all well */
};

/** life_run() - Live it. Return: true when every step was fine and the pod came to its end */
bool life_run(struct life *l, uint64_t seed);

/** life_shrink() - After a failure: leave out what does not matter for it */
void life_shrink(struct life *l);

/** life_print() - The spec and the events of the trace, with what they lead to */
void life_print(struct life *l);

#endif
