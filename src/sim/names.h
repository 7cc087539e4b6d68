/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event names of scenarios, `c#2.probe.liveness@3`: parsed, checked against the pod, looked up in
 * what happened.
 */
#ifndef SP_SIM_NAMES_H
#define SP_SIM_NAMES_H

#include "sim/scenario.h"

#define SP_NAME_ANY UINT32_MAX

/* A parsed name; texts are patterns, `*` stands for anything. */
struct sp_name {
	const char *text;  /* as written */
	const char *ctr;   /* NULL: about the pod or the sandbox */
	uint32_t attempt;  /* SP_NAME_ANY: every instance */
	const char *event; /* "exit", "pod.phase.Running" */
	uint32_t nth;      /* 1-based occurrence */
};

/* What happened, with the printed name of each line. */
struct sp_happened {
	const struct sp_pod_spec *spec;
	const struct sp_sim_line *lines;
	const char **names; /* event part; API events have none (NULL) */
	size_t n;
};

/** sp_happened_read() - Names of all facts so far; lives in @a. Return: 0, -1 without memory */
int sp_happened_read(struct sp_arena *a, const struct sp_sim *s, struct sp_happened *ret);

/**
 * sp_name_parse() - Understand one event name
 * @at: for messages
 *
 * A name of a container that the pod does not have, or of an event that does not exist, is an
 * error: it would make "never" hold for the wrong reason.
 */
int sp_name_parse(const struct sp_scn_reader *r, const struct sp_node *at, const char *text,
		  const struct sp_pod_spec *spec, struct sp_name *ret);

/** sp_name_find() - The line of the nth occurrence, NULL when it did not happen */
const struct sp_sim_line *sp_name_find(const struct sp_happened *h, const struct sp_name *n);

/** sp_name_count() - Occurrences, whatever n->nth says */
uint32_t sp_name_count(const struct sp_happened *h, const struct sp_name *n);

#endif
