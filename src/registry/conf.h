/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registries.conf: which registry really serves a name, which mirrors come first, what short names
 * mean.
 * Source: containers-registries.conf(5), version 2 of the format.
 */
#ifndef SP_REGISTRY_CONF_H
#define SP_REGISTRY_CONF_H

#include "base/arena.h"
#include "base/error.h"
#include "image/reference.h"

#define SP_CONF_MAX 256 /* rules, aliases, mirrors of a rule, search registries */

enum sp_mirror_use { SP_MIRROR_ALL, SP_MIRROR_DIGEST_ONLY, SP_MIRROR_TAG_ONLY };

struct sp_mirror {
	const char *location;
	bool insecure;
	enum sp_mirror_use use;
};

struct sp_registry_rule {
	const char *prefix, *location; /* location "" : the prefix */
	bool insecure, blocked, mirror_by_digest_only;
	struct sp_mirror *mirrors;
	uint32_t n_mirrors, cap_mirrors;
};

struct sp_alias {
	const char *name, *target;
};

/* Zero is an empty configuration. */
struct sp_registries {
	struct sp_registry_rule *rules;
	uint32_t n_rules, cap_rules;
	const char **search; /* hosts for names without one */
	uint32_t n_search, cap_search;
	struct sp_alias *aliases;
	uint32_t n_aliases, cap_aliases;
};

/** sp_registries_parse() - Add one file; what it sets again replaces what was there. Texts in @a */
int sp_registries_parse(struct sp_arena *a, const char *text, size_t len, struct sp_registries *ret,
			struct sp_error *err);

/**
 * sp_registries_load() - The machine's files
 *
 * $CONTAINERS_REGISTRIES_CONF, or ~/.config/containers/registries.conf, or
 * /etc/containers/registries.conf; then registries.conf.d of /etc/containers and of the user, in
 * the order of their names. Absent files are fine. @err names file and line.
 */
int sp_registries_load(struct sp_arena *a, const char *(*env)(const char *name),
		       struct sp_registries *ret, struct sp_error *err);

/* One place to get an image from. */
struct sp_source {
	const char *host, *repo;
	const char *name; /* normalised name of the image there: host/repo[:tag][@digest] */
	bool insecure;    /* unverified TLS and plain HTTP are allowed */
	bool mirror;
};

/**
 * sp_registries_sources() - Where to ask for @ref, in order: mirrors, then the place itself
 * @ret: array in @a, at least one
 * @err: SP_E_DENIED when the configuration blocks it
 */
int sp_registries_sources(struct sp_arena *a, const struct sp_registries *conf,
			  const struct sp_reference *ref, struct sp_source **ret, uint32_t *n,
			  struct sp_error *err);

#endif
