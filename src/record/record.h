/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run record, `sidepod.run/v1` (docs/record.md): lines from the core's actions, and back. Real
 * runs and simulations write through the same two functions, so their records compare line by line.
 * Memory only: nothing here reads or writes a file.
 */
#ifndef SP_RECORD_RECORD_H
#define SP_RECORD_RECORD_H

#include "base/error.h"
#include "core/pod.h"

#define SP_RECORD_FORMAT   "sidepod.run/v1"
#define SP_RECORD_LINE_MAX (256 * 1024) /* longest line that is read */

enum sp_record_mode { SP_RECORD_REAL, SP_RECORD_SIMULATED, SP_RECORD_MODES };

/**
 * sp_record_header_print() - Add the first line of a record, newline included
 * @start_wall_ns: wall time of acceptance; 0 leaves it out (simulations)
 */
void sp_record_header_print(struct sp_buf *b, const struct sp_pod_spec *spec,
			    enum sp_record_mode mode, int64_t start_wall_ns);

/**
 * sp_record_fact_print() - Add the line of one action, newline included
 * @action:  SP_ACT_FACT or SP_ACT_EVENT; every other kind adds nothing
 * @t_ns:    since the pod was accepted
 * @wall_ns: wall time; 0 leaves it out (simulations)
 *
 * Return: true when a line was added.
 */
bool sp_record_fact_print(struct sp_buf *b, const struct sp_pod_spec *spec,
			  const struct sp_action *action, sp_time t_ns, int64_t wall_ns);

/* What one instance of a container used, from its start to its end. */
struct sp_record_usage {
	int64_t cpu_ns, memory_peak_bytes; /* 0: not known */
};

/** sp_record_usage_print() - The line about it, newline included; not in simulations */
void sp_record_usage_print(struct sp_buf *b, const struct sp_pod_spec *spec, uint16_t ctr,
			   int64_t attempt, sp_time t_ns, int64_t wall_ns,
			   const struct sp_record_usage *u);

/** sp_record_gate() - What the container after @ctr waits for: "startupProbe", "postStart", both
 * joined by "+", "exit", or "" */
const char *sp_record_gate(const struct sp_ctr_spec *ctr);

/* ---- reading ---------------------------------------------------------------------------------
 */

struct sp_record_ctr {
	const char *name, *image, *gate; /* "" when absent */
	enum sp_role role;
};

struct sp_record_header {
	enum sp_record_mode mode;
	const char *pod, *ns, *uid, *kube_version, *restart_policy; /* "" when absent */
	int64_t start_wall_ns;                                      /* 0 absent */
	int64_t grace_s;
	struct sp_record_ctr *ctrs; /* in start order */
	uint32_t n_ctrs;
};

/* Strings are never NULL: "" when the line does not carry them. */
struct sp_record_fact {
	sp_time t_ns;
	int64_t wall_ns;   /* 0 absent */
	const char *event; /* the complete name: "probe.startup.done" */
	bool known; /* `fact` is filled; false for "event" lines and names of later versions */
	enum sp_fact fact;
	enum sp_probe_kind probe; /* probe facts */
	const char *value; /* phase of "pod.phase.<Phase>"; "<Type>=<Status>" of "pod.cond.…"; else
			      "" */
	const char *ctr;   /* container name; "" for facts of the pod */
	enum sp_role role; /* of the container */
	int64_t attempt;   /* -1 absent */
	bool has_code;
	int32_t code;
	int64_t grace_s; /* -1 absent */
	const char *reason, *message;
	bool is_event, warning; /* a Kubernetes event, and its type */
	bool is_usage;
	struct sp_record_usage usage;
};

struct sp_record_line {
	bool is_header;
	struct sp_record_header header;
	struct sp_record_fact fact;
};

/**
 * sp_record_parse_line() - One line, with or without its newline
 * @arena: holds every string of the result
 * @err:   SP_E_INVALID when it is no record line, SP_E_UNSUPPORTED for a header of another format,
 *         SP_E_NO_MEMORY
 *
 * Keys of later versions are ignored.
 */
int sp_record_parse_line(struct sp_arena *arena, const char *line, size_t len,
			 struct sp_record_line *ret, struct sp_error *err);

/** sp_record_fact_of_name() - "exit", "probe.startup.done", "pod.phase.Running" … back to the fact
 * @probe, @value: may be NULL; *value points into @name
 *
 * Return: false for an unknown name.
 */
bool sp_record_fact_of_name(const char *name, enum sp_fact *fact, enum sp_probe_kind *probe,
			    const char **value);

const char *sp_record_mode_name(enum sp_record_mode mode);        /* "real", "simulated" */
const char *sp_record_outcome_name(enum sp_outcome outcome);      /* "success", "failure", … */
const char *sp_record_policy_name(enum sp_restart_policy policy); /* "Always", …; "" unset */

#endif
