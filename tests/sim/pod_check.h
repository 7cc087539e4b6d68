/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold after every step of the core, whatever was fed to it: the judge of the random
 * lives, of the enumeration and of the fuzzer. It sees events going in and actions coming out, and
 * believes nothing of the pod's own account but its final words.
 */
#ifndef POD_CHECK_H
#define POD_CHECK_H

#include "core/pod_state.h"

struct pod_check_ctr {
	bool live;     /* start asked for or launched, end not told yet */
	bool launched; /* the launch was told */
	bool started, ready;
	bool startup_ok; /* a startup success was told for this instance */
	bool ever;       /* launched at least once in this sandbox */
	bool signalled, killed;
	bool create_failed; /* that was the last one's end; a launch told after it is believed */
	uint32_t attempt;   /* of the live one, or the last */
	uint32_t tries;     /* starts asked for */
	sp_time signalled_at;
};

struct pod_check {
	const struct sp_pod_spec *spec;
	struct pod_check_ctr ctrs[SP_CONTAINERS_MAX];
	bool accepted, terminating, finished, done, forgot, rerun;
	sp_time term_at;
	sp_time term_deadline; /* D, lowered by later deletions */
	int phase;             /* -1 none yet */
	uint32_t sandbox;      /* attempt asked for last */
	char what[160];        /* the rule that was broken */
};

void pod_check_init(struct pod_check *k, const struct sp_pod_spec *spec);

/**
 * pod_check_step() - Judge one step
 * @ev: what was fed; @now: when; @out: what came out
 *
 * Return: NULL, or what is wrong.
 */
const char *pod_check_step(struct pod_check *k, const struct sp_pod *pod, const struct sp_event *ev,
			   sp_time now, const struct sp_actions *out);

/** pod_check_status() - The visible status agrees with itself. Return: NULL, or what is wrong */
const char *pod_check_status(struct pod_check *k, const struct sp_pod *pod, sp_time now,
			     struct sp_pod_status *scratch);

/** pod_check_tell() - Print one step for people: the event and what it led to */
void pod_check_tell(const struct sp_pod_spec *spec, const struct sp_event *ev, sp_time now,
		    const struct sp_actions *out);

#endif
