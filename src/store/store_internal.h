/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the store share: how a version is built, and how one is put in its place. */
#ifndef SP_STORE_STORE_INTERNAL_H
#define SP_STORE_STORE_INTERNAL_H

#include "base/uids.h"
#include "store/store.h"

/* ---- versions -------------------------------------------------------------------------------- */

/* Nodes that several versions of one object share, because a write left them alone. */
struct sp_store_share {
	unsigned refs;
	struct sp_arena arena;
};

struct sp_store_owner {
	const char *uid;
	bool blocks; /* blockOwnerDeletion */
};

struct sp_version {
	struct sp_stored pub; /* first: the one is the other */
	unsigned refs;
	struct sp_arena arena;         /* root, metadata, texts */
	struct sp_store_share *rest;   /* all but metadata and status */
	struct sp_store_share *status; /* NULL: none */
	const struct sp_node *meta, *status_node;
	struct sp_store_owner *owners;
	uint32_t n_owners, n_finalizers;
	bool foreground; /* waits for its dependents: finalizer foregroundDeletion */
};
static inline const struct sp_version *sp_version_of(const struct sp_stored *o)
{
	return (const struct sp_version *)(const void *)o;
}

/* What the server alone decides about an object's metadata. */
struct sp_version_facts {
	const char *ns, *name, *uid, *created; /* created: as text */
	int64_t version, generation;           /* generation 0: the kind has none */
	const char *deleted;                   /* deletionTimestamp; NULL: not being deleted */
	int64_t grace_s;                       /* with @deleted; -1: none is shown */
};

/* Where the parts of a new version come from; NULL: those of @base. */
struct sp_version_parts {
	const struct sp_version *base;
	const struct sp_node *meta; /* metadata, server-owned keys are passed over */
	const struct sp_node *rest; /* a whole object, of which metadata and status are not taken */
	const struct sp_node *status; /* an empty map: none */
	/* finalizers instead of those in the metadata */
	const char *add_finalizer, *drop_finalizer;
	const char *drop_owner; /* uid whose reference is left out */
};

/** sp_version_new() - One reference, for the caller. NULL: out of memory */
struct sp_version *sp_version_new(const struct sp_version_facts *f,
				  const struct sp_version_parts *p);

/** sp_version_facts_of() - As they are, to be changed for the next version */
struct sp_version_facts sp_version_facts_of(const struct sp_version *v);

/** sp_version_same() - Equal but for resourceVersion and generation? */
bool sp_version_same(const struct sp_version *a, const struct sp_version *b);

/** sp_version_rest_same() - Is all but metadata and status equal? */
bool sp_version_rest_same(const struct sp_version *a, const struct sp_node *object);

bool sp_version_has_finalizer(const struct sp_version *v, const char *name);

/* ---- the table ------------------------------------------------------------------------------- */

struct sp_store {
	const struct sp_store_env *env;
	const struct sp_store_backend *backend;
	struct sp_version **v; /* by kind, namespace, name */
	uint32_t n, cap;
	struct sp_uids by_uid; /* the same versions */
	int64_t version;       /* the newest */
	int64_t first;         /* the oldest version in the history */
	/* history[k % SP_STORE_HISTORY] is what made version k: every version is one event */
	struct {
		enum sp_store_event_type type;
		struct sp_version *object;
	} history[SP_STORE_HISTORY];
	/* uids of objects whose dependents have to be looked at (collect.c); heap */
	char **todo;
	uint32_t n_todo, cap_todo;
};

/** sp_store_find() - Index of an object, or -(where it would be) - 1 */
int64_t sp_store_find(const struct sp_store *s, const char *kind, const char *ns, const char *name);

/** sp_store_put() - Keep a version that has the next number: beyond the process, in the table and
 * in the history. The caller's reference stays the caller's */
int sp_store_put(struct sp_store *s, struct sp_version *v, struct sp_error *err);

/** sp_store_drop() - The end of an object, and a note to look at its dependents */
int sp_store_drop(struct sp_store *s, const struct sp_version *v, struct sp_stored **ret,
		  struct sp_error *err);

/** sp_store_note() - Have sp_store_collect() look at the object @uid, or at what it has left */
int sp_store_note(struct sp_store *s, const char *uid, struct sp_error *err);

/**
 * sp_store_collect() - Carry out everything that follows from ends and from wishes to end
 *
 * Every write ends with it. What an error keeps from being done is done by the next write.
 */
int sp_store_collect(struct sp_store *s, struct sp_error *err);

/** sp_store_adopt() - A new object whose owners are all gone goes with them: note that */
int sp_store_adopt(struct sp_store *s, const struct sp_version *v, struct sp_error *err);

#endif
