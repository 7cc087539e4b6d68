/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a migration share. */
#ifndef SP_MIGRATE_INTERNAL_H
#define SP_MIGRATE_INTERNAL_H

#include "core/pod.h"
#include "lint/script.h"
#include "migrate/migrate.h"
#include "spec/edit.h"

#define MIG_FILES_MAX 4

struct mctr {
	const struct sp_k_container *k;
	const struct sp_node *list; /* that holds it */
	uint32_t index;             /* in the list */
	enum sp_role role;
	bool moves, removed;
	const char *why; /* rule of the move */
	struct sp_cat_match known;
	const char *words, *env;
	const char *gate_rule;            /* something waits for it: by which rule; NULL none */
	const char *files[MIG_FILES_MAX]; /* it is up when these exist */
	uint32_t n_files;
	bool ends;            /* M8: becomes a plain init container */
	const char *done;     /* M8: the file that told it to end … */
	const char *program;  /* … and what it ran until then */
	uint32_t before_init; /* M12: stands where this init container stood, + 1; 0 none */
};

struct mpod {
	struct sp_migration *m;
	const struct sp_mig_options *opt;
	const struct sp_manifest *all;
	const struct sp_object *o;
	const char *object;
	const struct sp_k_pod_spec *spec;
	const struct sp_k_meta *meta; /* of the pods */
	struct sp_edits *edits;
	struct mctr *c; /* init list, then regular */
	uint32_t n, n_init;
	bool job_like;
	const char *just; /* the one container that is looked at this time; NULL all */
};

void mig_step(struct mpod *p, const char *rule, const struct mctr *c, struct sp_mark at,
	      const char *fmt, ...) SP_PRINTF(5, 6);
/** mig_manual() - A step for a person: a comment above the line of @at, and a line in the report */
void mig_manual(struct mpod *p, const char *rule, const struct mctr *c, struct sp_mark at,
		const char *fmt, ...) SP_PRINTF(5, 6);
void mig_hazard(struct mpod *p, const char *rule, const struct mctr *c, const char *fmt, ...)
	SP_PRINTF(4, 5);
void mig_row(struct sp_migration *m, const char *object, const char *what, const char *before,
	     const char *after);
const char *mig_say(struct sp_migration *m, const char *fmt, ...) SP_PRINTF(2, 3);
/** mig_done() - Tells whether an edit worked; if not, what was meant becomes a manual step */
bool mig_done(struct mpod *p, int r, const char *rule, const struct mctr *c, struct sp_mark at,
	      const char *what);

/* Steps, in this order. */
void mig_watchers(struct mpod *p); /* M9 */
void mig_choose(struct mpod *p);   /* M1, M2, M12, M20, M23, M24: who moves */
void mig_pairs(struct mpod *p);    /* M12 */
void mig_commands(struct mpod *p); /* M5, M6, M7, M8 */
void mig_hooks(struct mpod *p);    /* M10, M11, M13, M14, M15 */
void mig_gates(struct mpod *p);    /* M4, and the gates of M7, M8, M13 */
void mig_move(struct mpod *p);     /* M1 */

bool mig_has_gate(const struct mctr *c); /* the catalogue knows a start gate for it */
bool mig_serves(const struct mctr *c, int64_t port);
bool mig_is_sidecar(const struct mctr *c);                   /* is or becomes one */
bool mig_wanted(const struct mpod *p, const struct mctr *c); /* --only */
bool mig_here(const struct mpod *p, const struct mctr *c);   /* looked at this time */
/** mig_exec_text() - Words of an exec hook, joined; the script itself when a shell runs one */
const char *mig_exec_text(struct mpod *p, const struct sp_k_exec *e);
/** mig_sleep_of() - Seconds when the text is nothing but `sleep N`; -1 otherwise */
int64_t mig_sleep_of(const char *text);
bool mig_needs(const struct mctr *who, const struct mctr *c); /* talks to one of its ports */
bool mig_is_empty_dir(const struct mpod *p, const char *volume);
bool mig_quits(const struct mpod *p, const char *text); /* tells a companion to end */

/* The script that a shell of a container runs. */
struct mig_script {
	const struct sp_node *node; /* as a scalar in the manifest */
	struct sp_script s;
};
bool mig_find_script(const struct mctr *c, struct mig_script *ret);

/* files.c: containers that wait for each other's files (M8) */
/** mig_file_loop() - A loop of @c until a file is there. Return: true, the loop goes */
bool mig_file_loop(struct mpod *p, struct mctr *c, const char *text);
/** mig_done_files() - Companions that end when a file appears: `done` and `program` are set */
void mig_done_files(struct mpod *p);
/** mig_is_done_call() - Does a statement make such a file? */
bool mig_is_done_call(const struct mpod *p, const char *text);

/** mig_compose() - M22: files of Compose and scripts of Docker: what they would be as pods
 * Return: true when the source is such a one; nothing is changed in it */
bool mig_compose(struct sp_migration *m, const struct sp_mig_options *opt,
		 const struct sp_source *src);

/* What the simulation takes for granted about a container, before and after. */
struct mig_fact {
	const char *name;
	bool runs; /* until it is stopped */
	bool told; /* as a regular container of a Job it was told to end when the app had ended */
	int64_t stop_s;
};
/** mig_behaviour() - Rows of the table: both pods simulated with the same assumptions
 * @needed_s: seconds that stopping takes afterwards; -1 it does not stop
 * @err: SP_E_INTERNAL when a moved container does not start before and stop after the apps */
int mig_behaviour(struct sp_migration *m, const char *object, const struct sp_object *before,
		  const struct sp_object *after, int kube_minor, const struct mig_fact *facts,
		  uint32_t n_facts, int64_t *needed_s, struct sp_error *err);
const struct sp_k_pod_spec *mig_pod_spec(const struct sp_object *o, const struct sp_k_meta **meta);

#endif
