/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a manifest to something that can be simulated. A manifest does not say how its processes
 * behave; this fills in assumptions, takes corrections (`--set`, `--what-if`, a scenario file) and
 * remembers which assumptions are left, so that they can be told.
 *
 * The result is a scenario entry, the same document that scenario files hold.
 */
#ifndef SP_SIM_WHAT_H
#define SP_SIM_WHAT_H

#include "sim/scenario.h"

struct sp_assumption {
	const char *ctr, *key; /* what it is about; ctr "" for the pod */
	const char *text;      /* "app: exits with 0 after 10 s" */
};

/* Everything lives in the arena. */
struct sp_what {
	struct sp_arena *arena;
	struct sp_node *entry; /* id, title, pod, stimuli */
	struct sp_assumption *assumed;
	uint32_t n_assumed, cap_assumed;
};

/**
 * sp_what_init() - A scenario for a pod, with assumptions where the manifest is silent
 * @spec: defaulted; borrowed for the call
 * @name: of the pod
 */
int sp_what_init(struct sp_arena *a, const char *name, const struct sp_k_pod_spec *spec,
		 struct sp_what *ret, struct sp_error *err);

/** sp_what_set() - "app.exit_after=5", "app.sigterm=ignore", "app.preStop.takes=3" */
int sp_what_set(struct sp_what *w, const char *assignment, struct sp_error *err);

/**
 * sp_what_if() - A sentence: "app ignores SIGTERM", "proxy crashes at 3s", "delete at 20s grace 10"
 * @err: SP_E_INVALID; the text lists the sentences that are understood
 */
int sp_what_if(struct sp_what *w, const char *sentence, struct sp_error *err);

/** sp_what_if_list() - The sentences that sp_what_if() understands, one per line */
void sp_what_if_list(struct sp_buf *out);

/** sp_what_file() - Behaviour of containers and stimuli from a scenario file: its first pod entry,
 * or a document with `containers` (a map by name) and `stimuli` */
int sp_what_file(struct sp_what *w, const struct sp_source *src, struct sp_error *err);

/** sp_what_delete_at() - Assume that the pod is deleted; @why completes the sentence */
int sp_what_delete_at(struct sp_what *w, sp_time at, const char *why, struct sp_error *err);

/** sp_what_pod() - Spec and plan to simulate. Names, gates and numbers come from the manifest */
int sp_what_pod(struct sp_what *w, int kube_minor, struct sp_scn_pod *ret, struct sp_error *err);

/**
 * sp_what_print() - A scenario file that expects what @sim showed: ready for `simulate --check`
 * @sim: a simulation of sp_what_pod()'s result
 */
int sp_what_print(const struct sp_what *w, const struct sp_sim *sim, struct sp_buf *out,
		  struct sp_error *err);

/** sp_what_has_stimuli() - Does anything happen to the pod from outside? */
bool sp_what_has_stimuli(const struct sp_what *w);

#endif
