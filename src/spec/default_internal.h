/* SPDX-License-Identifier: Apache-2.0 */
/* Between the defaults of pods and those of other objects. All: a value that is there stays. */
#ifndef SP_SPEC_DEFAULT_INTERNAL_H
#define SP_SPEC_DEFAULT_INTERNAL_H

#include "spec/load.h"

struct defaulter {
	struct sp_arena *arena;
	bool is_pod; /* "pod only" defaults apply; not in templates */
	bool failed; /* memory ran out */
};

struct sp_node *sp_default_own(const struct sp_node *n);
void sp_default_node(struct defaulter *d, const struct sp_node *map, const char *key,
		     struct sp_node *value);
void sp_default_str(struct defaulter *d, const struct sp_node *map, const char *key,
		    const char **field, const char *value);
void sp_default_int(struct defaulter *d, const struct sp_node *map, const char *key,
		    struct sp_opt_int *field, int64_t value);
void sp_default_bool(struct defaulter *d, const struct sp_node *map, const char *key,
		     struct sp_opt_bool *field, bool value);
/** sp_default_object() - An empty object for a struct of @size bytes that begins with its node */
void *sp_default_object(struct defaulter *d, const struct sp_node *map, const char *key,
			size_t size);

void sp_default_pod_spec(struct defaulter *d, struct sp_k_pod_spec *s);

#endif
