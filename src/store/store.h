/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects of one engine: complete Kubernetes trees by kind, namespace and name, with the
 * semantics of the API's metadata: one counter of versions for all kinds, optimistic concurrency,
 * generations, owners and finalizers, status apart from spec, and watches that miss nothing.
 *
 * Fields that the engine does not act on are kept as they came. Objects are never changed in
 * place: a write makes a new version, and whoever holds the old one keeps it. Memory only and no
 * clock of its own; what is to outlive the process goes through sp_store_backend.
 *
 * Source: the API conventions of Kubernetes for metadata, watch and garbage collection.
 */
#ifndef SP_STORE_STORE_H
#define SP_STORE_STORE_H

#include "base/error.h"
#include "spec/node.h"

#define SP_STORE_HISTORY 2048 /* versions a watch may lie behind before it has to start anew */

struct sp_store;

/* One version of one object. Counted: sp_stored_ref() to keep it, sp_stored_unref() when done. */
struct sp_stored {
	const char *kind, *ns, *name, *uid; /* ns "": of no namespace */
	int64_t version;                    /* metadata.resourceVersion */
	int64_t generation;
	bool deleting;              /* has a deletionTimestamp */
	const struct sp_node *node; /* as it goes on the wire, apiVersion and kind included */
};
struct sp_stored *sp_stored_ref(const struct sp_stored *o);
struct sp_stored *sp_stored_unref(const struct sp_stored *o); /* NULL is fine; returns NULL */

/* Where time and chance come from, and where versions are kept beyond the process. */
struct sp_store_env {
	int64_t (*now_wall)(void *arg);                   /* nanoseconds since 1970 */
	void (*random)(void *arg, void *bytes, size_t n); /* for uids and generated names */
	void *arg;
};
struct sp_store_backend {
	/* Hand every kept object to @each, in any order; called once, by sp_store_open() */
	int (*load)(void *arg, int (*each)(void *store, const struct sp_node *node), void *store,
		    struct sp_error *err);
	/* Keep a version, or forget the object (removed). The write fails when this does */
	int (*keep)(void *arg, const struct sp_stored *o, bool removed, struct sp_error *err);
	void *arg;
};

/** sp_store_open() - @backend: NULL: memory alone. Both are borrowed until the close */
int sp_store_open(const struct sp_store_env *env, const struct sp_store_backend *backend,
		  struct sp_store **ret, struct sp_error *err);
struct sp_store *sp_store_close(struct sp_store *s);

/* ---- one object ------------------------------------------------------------------------------ */

/**
 * sp_store_create() - Add an object
 * @node: copied. Server-owned metadata in it is ignored; generateName is filled in; no namespace:
 *	  "default", for kinds that have one; it need not exist as an object. A status is not
 *	  taken: it belongs to those who run the object
 * @ret: NULL, or the stored version, counted for the caller
 *
 * Errors: SP_E_EXISTS; SP_E_INVALID no kind or name, a resourceVersion set; SP_E_NO_MEMORY.
 */
int sp_store_create(struct sp_store *s, const struct sp_node *node, struct sp_stored **ret,
		    struct sp_error *err);

enum sp_store_part {
	SP_STORE_OBJECT, /* all but status */
	SP_STORE_STATUS, /* nothing but status */
};

/**
 * sp_store_update() - Replace one part of an object
 * @node: names the object; a resourceVersion or uid in it must be the stored one
 *
 * Nothing changed: no new version and no event. Removing the last finalizer of an object that is
 * being deleted removes it. Errors: SP_E_NOT_FOUND; SP_E_CONFLICT another version or uid;
 * SP_E_INVALID a finalizer added during deletion.
 */
int sp_store_update(struct sp_store *s, enum sp_store_part part, const struct sp_node *node,
		    struct sp_stored **ret, struct sp_error *err);

enum sp_store_propagation { SP_STORE_BACKGROUND, SP_STORE_FOREGROUND, SP_STORE_ORPHAN };
struct sp_store_delete {
	enum sp_store_propagation propagation;
	int64_t grace_s; /* pods: -1 their own */
	const char *uid; /* NULL, or must match */
	int64_t version; /* 0, or must match */
};

/**
 * sp_store_delete() - Ask for an object's end
 * @opt: NULL: in the background, own grace
 * @ret: NULL, or what is left of it: marked as deleting, or the removed version
 *
 * A pod that has a node (spec.nodeName) and has not ended is only marked, for the time of its
 * grace, and its node removes it with sp_store_remove(). Others go at once, unless finalizers hold
 * them; a namespace goes after what is in it. Dependents follow by their ownerReferences: in the
 * background after their last owner is gone; in the foreground before it.
 */
int sp_store_delete(struct sp_store *s, const char *kind, const char *ns, const char *name,
		    const struct sp_store_delete *opt, struct sp_stored **ret,
		    struct sp_error *err);

/** sp_store_remove() - The end of a pod whose containers are gone; honours finalizers */
int sp_store_remove(struct sp_store *s, const char *kind, const char *ns, const char *name,
		    const char *uid, struct sp_error *err);

/* ---- reading --------------------------------------------------------------------------------- */

/** sp_store_get() - Counted for the caller; NULL when there is none */
struct sp_stored *sp_store_get(struct sp_store *s, const char *kind, const char *ns,
			       const char *name);

/** sp_store_version() - The newest version given so far: that of a list made now */
int64_t sp_store_version(const struct sp_store *s);

/**
 * sp_store_next() - Objects of a kind in order of namespace and name
 * @ns: NULL all
 * @after: NULL the first; else the one before. Borrowed, until the next write
 */
const struct sp_stored *sp_store_next(struct sp_store *s, const char *kind, const char *ns,
				      const struct sp_stored *after);

/* ---- watching -------------------------------------------------------------------------------- */

enum sp_store_event_type { SP_STORE_ADDED, SP_STORE_MODIFIED, SP_STORE_DELETED };
struct sp_store_event {
	enum sp_store_event_type type;
	const struct sp_stored *object; /* borrowed until the next write; DELETED: the last state,
					   with a version of its own */
};

/* A place in the history, plain bytes; any number of them at no cost to the store. */
struct sp_store_watch {
	const char *kind, *ns; /* NULL: all; borrowed */
	int64_t version;       /* seen up to here */
};

/**
 * sp_store_watch_next() - The oldest event after the place of @w, which moves on
 *
 * Return: 1 an event; 0 nothing new; -1 with SP_E_EXPIRED when the place lies before what is
 * kept: list anew, then go on from sp_store_version().
 */
int sp_store_watch_next(struct sp_store *s, struct sp_store_watch *w, struct sp_store_event *ret,
			struct sp_error *err);

#endif
