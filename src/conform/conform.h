/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scenarios for real: the pod of each becomes a manifest of the demo image's applets, runs under
 * the real supervisor, and its record is compared with what the scenario expects and with the
 * simulation of the same scenario.
 *
 * Times of a scenario begin when the sandbox is ready; set-up before that is taken off.
 */
#ifndef SP_CONFORM_CONFORM_H
#define SP_CONFORM_CONFORM_H

#include "sim/check.h"

#include <signal.h>

#define SP_CONFORM_LIMIT     (15 * SP_SEC)
#define SP_CONFORM_TOLERANCE (250 * SP_MSEC)

struct sp_conform_options {
	int kube_minor;
	int32_t time_scale;     /* n: every wait is n times shorter */
	sp_time limit;          /* scenarios that need more real time are skipped; SP_NEVER: none */
	sp_time tolerance;      /* of times, as they really pass */
	uint32_t parallel;      /* pods at a time; 0: by the number of cores */
	const char *only;       /* pattern of scenario ids, `*` stands for anything; NULL: all */
	const char *worker;     /* path of sidepod-worker, which provides the demo image */
	const char *supervisor; /* path; NULL: beside this program */
	const char *records;    /* directory, made if need be, for the pods' records; NULL: none */
	bool all_differences;   /* tell each, not the first alone */
	/* Not NULL: set by a signal handler to end early; pods are killed and swept up. */
	const volatile sig_atomic_t *stop;
	/* Called with lines that are complete, in the order of the scenarios. */
	void (*emit)(void *arg, const struct sp_buf *lines);
	void *arg;
};

/**
 * sp_conform() - Perform the pod scenarios of @n files
 * @tally: counted on
 * @err:   the machine cannot run pods, or something was left behind on it
 *
 * Return: 0 also when scenarios failed, see @tally; -1.
 */
int sp_conform(const struct sp_conform_options *o, const struct sp_source *v, uint32_t n,
	       struct sp_tally *tally, struct sp_error *err);

#endif
