/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scenarios: a pod, how its processes behave, what is done to it, and what is expected. The format
 * is described in docs/scenarios.md.
 *
 * A scenario describes its pod by behaviour, not by images and commands; the same keys, under
 * `containers` and `stimuli`, tell `simulate` how the containers of a real manifest behave.
 */
#ifndef SP_SIM_SCENARIO_H
#define SP_SIM_SCENARIO_H

#include "sim/world.h"
#include "spec/load.h"

enum sp_scn_kind {
	SP_SCN_POD,
	SP_SCN_JOB,
	SP_SCN_CRON_JOB,
	SP_SCN_DEPLOYMENT,
	SP_SCN_VALIDATION,
	SP_SCN_CALC,
	SP_SCN_PROBE,
	SP_SCN_KINDS,
};
const char *sp_scn_kind_name(enum sp_scn_kind kind); /* "pod", … */

struct sp_scenario {
	const struct sp_node *node; /* the whole entry */
	const char *file;
	const char *id, *title;
	const char *rules; /* "START-1, START-3"; "" none */
	const char *fault; /* "file:line: what", why it is none; NULL: it is one */
	enum sp_scn_kind kind;
};

/* A pod scenario made ready to run; everything lives in the arena it was read into. */
struct sp_scn_pod {
	struct sp_pod_spec spec;
	struct sp_sim_plan plan;
	const struct sp_node *expect; /* NULL: nothing is expected */
};

/**
 * sp_scenarios_read() - The entries of one scenario file
 * @ret: array in the arena
 *
 * Return: 0, or -1 with findings in @diags.
 */
int sp_scenarios_read(struct sp_arena *a, const struct sp_source *src, struct sp_diags *diags,
		      struct sp_scenario **ret, uint32_t *ret_n);

/**
 * sp_scenario_pod() - Build spec and plan of a pod scenario
 * @kube_minor: release whose behaviour is simulated
 * @err: SP_E_INVALID with "file:line: what"
 */
int sp_scenario_pod(struct sp_arena *a, const struct sp_scenario *s, int kube_minor,
		    struct sp_scn_pod *ret, struct sp_error *err);

/* ---- the pieces, shared with `simulate` ----------------------------------------------------- */

struct sp_table_prober;
struct sp_zone;

/* What is outside of scenarios and needed by some; nothing of it is in this library. */
struct sp_scn_outside {
	int kube_minor; /* release whose behaviour is simulated; scenarios may name another */
	const struct sp_table_prober *prober; /* NULL: `probe` scenarios are skipped */
	/* The zone of an IANA name, NULL when there is none such. NULL: no zone is known but UTC */
	const struct sp_zone *(*zone)(void *arg, const char *name);
	void *zone_arg;
};

/* Where a reader stands, for its messages. */
struct sp_scn_reader {
	struct sp_arena *arena;
	const char *file;
	struct sp_error *err;
	const struct sp_scn_outside *outside; /* NULL: nothing */
	bool manifest; /* the pod itself comes from a manifest: only behaviour may be told */
};

/**
 * sp_scn_behaviour() - Read how one container behaves, over *@c: run, sigterm, image, start_takes,
 * config_error, `result` and `takes` of probes and hooks
 */
int sp_scn_behaviour(const struct sp_scn_reader *r, const struct sp_node *n, struct sp_sim_ctr *c);

/** sp_scn_stimuli() - Read the list `stimuli`; names are looked up in @spec */
int sp_scn_stimuli(const struct sp_scn_reader *r, const struct sp_node *list,
		   const struct sp_pod_spec *spec, struct sp_sim_plan *plan);

/** sp_scn_seconds() - A number of seconds as time; -1 and *err when it is none */
int sp_scn_seconds(const struct sp_scn_reader *r, const struct sp_node *n, sp_time *ret);

/** sp_scn_int() - A whole number; -1 and *err when it is none. @what: for the message */
int sp_scn_int(const struct sp_scn_reader *r, const struct sp_node *n, const char *what,
	       int64_t *ret);

/** sp_scn_bool() - true or false; -1 and *err when it is neither */
int sp_scn_bool(const struct sp_scn_reader *r, const struct sp_node *n, const char *what,
		bool *ret);

/** sp_scn_event_type() - Absent, Normal or Warning; -1 and *err otherwise */
int sp_scn_event_type(const struct sp_scn_reader *r, const struct sp_node *n);

/**
 * sp_scn_zone() - The zone of a schedule: `timeZone`, an IANA name, or `zoneRule`, a text of POSIX
 * TZ, in @n or else in @table (may be NULL); UTC without both
 */
int sp_scn_zone(const struct sp_scn_reader *r, const struct sp_node *n, const struct sp_node *table,
		const struct sp_zone **ret);

/** sp_scn_fail() - Fill r->err with "file:line: …". Return: -1; a macro so that analysers see it */
#define sp_scn_fail(...) (sp_scn_tell(__VA_ARGS__), sp_failed())
void sp_scn_tell(const struct sp_scn_reader *r, const struct sp_node *at, const char *fmt, ...)
	SP_PRINTF(3, 4);

/** sp_scn_ctr() - Index of a container by name, SP_NO_CTR when there is none */
uint16_t sp_scn_ctr(const struct sp_pod_spec *spec, const char *name);

/** sp_scn_quiet() - A container that starts at once, never exits and obeys SIGTERM with 143 */
struct sp_sim_ctr sp_scn_quiet(void);

/** sp_scn_keys() - All keys of map @n are in @a or in @b (NULL-terminated lists, @b may be NULL) */
int sp_scn_keys(const struct sp_scn_reader *r, const struct sp_node *n, const char *what,
		const char *const *a, const char *const *b);

#endif
