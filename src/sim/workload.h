/* SPDX-License-Identifier: Apache-2.0 */
/* What scenarios of controllers share: building their objects and the pods of their templates. */
#ifndef SP_SIM_WORKLOAD_H
#define SP_SIM_WORKLOAD_H

#include "sim/scenario.h"

/** sp_scn_entry_keys() - The entry of a controller scenario has no unknown key; @own is its map */
int sp_scn_entry_keys(const struct sp_scn_reader *r, const struct sp_scenario *s, const char *own);

/* A map under construction from a scenario; the first failure sticks. */
struct sp_scn_tree {
	struct sp_arena *a;
	bool failed;
};
struct sp_node *sp_scn_map(struct sp_scn_tree *t);
/** sp_scn_put() - Set @key; a NULL @value is a failure. Return: @value */
struct sp_node *sp_scn_put(struct sp_scn_tree *t, struct sp_node *map, const char *key,
			   struct sp_node *value);
void sp_scn_put_text(struct sp_scn_tree *t, struct sp_node *map, const char *key, const char *text);
/** sp_scn_copy() - All pairs of @from whose keys are not in @without (NULL-terminated) */
void sp_scn_copy(struct sp_scn_tree *t, struct sp_node *map, const struct sp_node *from,
		 const char *const *without);

/**
 * sp_scn_object() - Decode, default and validate a tree that was made from a scenario
 * @at: for messages
 */
int sp_scn_object(const struct sp_scn_reader *r, const struct sp_node *at, struct sp_node *tree,
		  int kube_minor, struct sp_object *ret);

/**
 * sp_scn_template() - The pod spec tree of a workload scenario: `initContainers`, `sidecars`, and
 * one regular container
 * @w: the map of the workload: restartPolicy, initContainers, sidecars,
 *     terminationGracePeriodSeconds
 * @main: name of the regular container
 * @image: text in its image; templates that differ have different ones
 */
struct sp_node *sp_scn_template(struct sp_scn_tree *t, const struct sp_node *w, const char *main,
				const char *image);

/**
 * sp_scn_template_pod() - The core's view of such a pod
 * @behaviour: how the regular container behaves: keys of a container, or of one run; NULL: it runs
 *	       until it is stopped
 */
int sp_scn_template_pod(const struct sp_scn_reader *r, const struct sp_node *w, const char *main,
			const struct sp_node *behaviour, int kube_minor, struct sp_scn_pod *ret);

#endif
