/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lint: what in a manifest will not do what its author thinks, told before it runs. Rules look at
 * whole sets of objects, also at broken ones; nothing is run and nothing but the given bytes is
 * read. Ids of rules are stable: one never changes its meaning and is never used again.
 */
#ifndef SP_LINT_LINT_H
#define SP_LINT_LINT_H

#include "lint/catalogue.h"

enum sp_fix_class { SP_FIX_NO, SP_FIX_SUGGEST, SP_FIX_SAFE };
const char *sp_fix_class_name(enum sp_fix_class c); /* "no", "suggest", "safe" */

struct sp_lint_rule {
	const char *id, *name;
	enum sp_severity severity; /* usual one; a finding may have another */
	enum sp_fix_class fix;
	const char *what; /* what is looked for, one sentence */
	const char *why;  /* what happens otherwise */
	const char *how;  /* what to do about it */
};
extern const struct sp_lint_rule sp_lint_rules[];
extern const size_t sp_lint_rules_n;

/** sp_lint_rule_find() - By id or name; NULL when there is none. Letters' case is ignored */
const struct sp_lint_rule *sp_lint_rule_find(const char *id);

/** sp_lint_rule_text() - Everything about a rule, for people */
void sp_lint_rule_text(const struct sp_lint_rule *r, struct sp_buf *out);
/** sp_lint_rules_print() - All rules; @markdown: as tables, one per family */
void sp_lint_rules_print(bool markdown, struct sp_buf *out);

/* One change to the tree of a document; see fix.c. */
enum sp_lint_op_kind {
	SP_OP_SET,
	SP_OP_SCALAR,
	SP_OP_REMOVE,
	SP_OP_REMOVE_ITEM,
	SP_OP_INSERT_ITEM,
	SP_OP_RENAME,
	SP_OP_MOVE,
	SP_OP_CUT
};
struct sp_lint_op {
	enum sp_lint_op_kind kind;
	const struct sp_node *node;  /* map, list or scalar as it was read; MOVE: the pod's spec */
	const char *key, *after;     /* SET, REMOVE, RENAME; MOVE: key of the list to take from */
	const struct sp_node *value; /* SET, SCALAR, INSERT_ITEM: at the end of the list */
	const char *text;            /* RENAME: the new key */
	uint32_t index, to; /* REMOVE_ITEM; MOVE: to that place in initContainers, or its end */
	uint32_t from_byte, to_byte; /* CUT: of the source */
};

struct sp_lint_object; /* one document that holds a pod, or something pods refer to */

struct sp_finding {
	const struct sp_lint_rule *rule; /* NULL: a rule of the API, see id */
	const char *id;                  /* "SP202", "VAL-11" */
	enum sp_severity severity;
	enum sp_confidence confidence;
	const struct sp_source *source;
	struct sp_mark at; /* line 0: the whole file */
	uint32_t len;      /* columns to underline */
	const char *kind, *name, *container, *path, *message, *why, *fix; /* NULL none */
	struct sp_lint_op *ops;                                           /* how to fix it */
	uint32_t n_ops;
	bool lost; /* the change would be too large to be proposed */
	bool ignored;
	const struct sp_lint_object *object; /* NULL: the file */
};

/* Releases before the first with sidecars are judged by its fields: their clusters exist. */
#define SP_LINT_MINOR_OLDEST 20

struct sp_lint_options {
	int kube_minor;                          /* 0: SP_KUBE_MINOR */
	const char *const *only, *const *except; /* ids, names or prefixes ("SP3") */
	uint32_t n_only, n_except;
	bool closed; /* the input is all there is: missing references are errors */
	int64_t node_milli, node_bytes;       /* free capacity of the cluster; -1 not known */
	const struct sp_catalogue *catalogue; /* kept */
};

struct sp_lint {
	struct sp_arena arena;
	struct sp_lint_options opt;
	struct sp_source **sources;
	struct sp_lint_object *objects;
	struct sp_finding *findings;
	const struct sp_node **accounts; /* ServiceAccounts, as they were read */
	uint32_t n_accounts;
	uint32_t n_sources, n_objects, cap_objects, n_findings, cap_findings;
	uint32_t dropped;  /* findings beyond the limit */
	uint32_t n_broken; /* sources that could not be read to their end */
	bool no_memory;
};

void sp_lint_init(struct sp_lint *l, const struct sp_lint_options *opt);
void sp_lint_done(struct sp_lint *l);
/** sp_lint_add() - One file; @name and @bytes are copied. Return: 0, -1 out of memory */
int sp_lint_add(struct sp_lint *l, const char *name, const char *bytes, size_t len);
/** sp_lint_run() - Judge everything that was added; findings are sorted by place */
int sp_lint_run(struct sp_lint *l, struct sp_error *err);

/** sp_finding_shown() - Is it to be told? Guesses only with @all; ignored ones never */
bool sp_finding_shown(const struct sp_finding *f, enum sp_severity threshold, bool all);

/* ---- fixes ---------------------------------------------------------------------------------- */

struct sp_lint_fixed {
	struct sp_buf text;                /* the new bytes */
	const struct sp_lint_rule **rules; /* what was applied, in order; in the heap */
	uint32_t n_fixes;
};
void sp_lint_fixed_done(struct sp_lint_fixed *f);

/**
 * sp_lint_fix() - Apply fixes to one source until none is left
 * @least: SP_FIX_SAFE, or SP_FIX_SUGGEST for all
 *
 * Every other byte stays. Applying it to its own result changes nothing.
 */
int sp_lint_fix(const struct sp_source *src, const struct sp_lint_options *opt,
		enum sp_fix_class least, struct sp_lint_fixed *ret, struct sp_error *err);

/* ---- reports -------------------------------------------------------------------------------- */

enum sp_lint_format {
	SP_LINT_HUMAN,
	SP_LINT_JSON,
	SP_LINT_SARIF,
	SP_LINT_JUNIT,
	SP_LINT_GITHUB,
	SP_LINT_TAP,
	SP_LINT_FORMATS
};
extern const char sp_lint_format_names[]; /* "human|json|…" in this order */

struct sp_lint_report {
	enum sp_lint_format format;
	enum sp_severity threshold; /* less severe findings are left out */
	bool all, color, ascii, quiet;
	bool verbose; /* human and JSON: recognised products, with the sources of their facts */
};
/** sp_lint_products() - The recognised products, as text or as a JSON list */
void sp_lint_products(struct sp_lint *l, bool json, struct sp_buf *out);
void sp_lint_print(struct sp_lint *l, const struct sp_lint_report *r, struct sp_buf *out);

#endif
