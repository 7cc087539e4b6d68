/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From sidecars the old way - regular containers, wait loops, quit calls, wrappers, flag files - to
 * native ones: init containers with restartPolicy: Always. Manifests are edited in place, byte by
 * byte; what the old and the new one do is found by simulating both.
 */
#ifndef SP_MIGRATE_MIGRATE_H
#define SP_MIGRATE_MIGRATE_H

#include "lint/catalogue.h"

/* Something that was done, or that a person has to decide. Texts live in the arena. */
struct sp_mig_step {
	const char *rule;      /* "M1" */
	const char *object;    /* "Job/report" */
	const char *container; /* NULL: the pod */
	const char *text;
	struct sp_mark at; /* in the source */
	bool manual;       /* left as a comment in the manifest */
	bool ends;         /* it used to end by itself when the work was done (M8) */
};

/* What to look out for. */
struct sp_mig_hazard {
	const char *rule, *object, *container, *text;
};

/* One line of the table of behaviour. */
struct sp_mig_row {
	const char *object, *what, *before, *after;
};

struct sp_migration {
	struct sp_arena arena;
	struct sp_mig_step *steps;
	struct sp_mig_hazard *hazards;
	struct sp_mig_row *rows;
	uint32_t n_steps, n_hazards, n_rows;
	uint32_t cap_steps, cap_hazards, cap_rows;
	uint32_t n_manual;
	bool changed;
	struct sp_buf text; /* the new bytes */
	bool no_memory;
};

struct sp_mig_options {
	const struct sp_catalogue *catalogue; /* kept */
	int kube_minor;                       /* 0: SP_KUBE_MINOR */
	const char *only;                     /* one container; NULL all */
};

/**
 * sp_migrate() - One source
 * @err: SP_E_INVALID when the manifest cannot be read or is not valid (with findings in @diags),
 *       SP_E_UNSUPPORTED when its layout does not allow the change
 *
 * The result, too, is valid; doing it again to its own result changes nothing.
 */
int sp_migrate(const struct sp_source *src, const struct sp_mig_options *opt,
	       struct sp_diags *diags, struct sp_migration *ret, struct sp_error *err);
void sp_migration_done(struct sp_migration *m);

/** sp_migrate_patch() - Strategic merge patches from the old to the new manifest, one document for
 * each object that changes */
int sp_migrate_patch(const struct sp_source *before, const struct sp_source *after,
		     struct sp_buf *out, struct sp_error *err);

#endif
