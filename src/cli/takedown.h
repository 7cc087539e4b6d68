/* SPDX-License-Identifier: Apache-2.0 */
/* What `sidepod down` is to take down: pods of this machine, and objects of running sessions. */
#ifndef SP_CLI_TAKEDOWN_H
#define SP_CLI_TAKEDOWN_H

#include "cli/pods.h"
#include "cli/sessions.h"
#include "spec/load.h"

struct sp_takedown {
	struct sp_pod_entry *pods;
	bool *of_session; /* that pod's session ends it; we only look on */
	uint32_t n_pods;
	struct sp_session_link *links;
	uint32_t n_links;
	struct sp_session_object *objects; /* sessions are asked for these */
	uint32_t n_objects;
	int64_t grace_s; /* -1: the pods' own */
};

/**
 * sp_takedown_find() - By the words of the command line, its flags -f, -l and --all
 *
 * Pods go with the objects that they belong to: a session tells which; of sessions that are not
 * there any more the pods' owners do. Of what a file names, what is not there is down already.
 */
int sp_takedown_find(struct sp_cli *cli, const struct sp_place *place, int argc, char **argv,
		     struct sp_takedown *ret, struct sp_error *err);
/** sp_takedown_manifest() - What running sessions have of the same names, but for what any number
 * of them may share: Namespaces, ConfigMaps, Secrets; and for Pods, whose names are the machine's
 */
int sp_takedown_manifest(struct sp_cli *cli, const struct sp_place *place,
			 const struct sp_manifest *m, struct sp_takedown *ret,
			 struct sp_error *err);
void sp_takedown_done(struct sp_takedown *t);

/** sp_takedown_ask() - Have the sessions begin. They tell when all is gone: sp_takedown_wait() */
int sp_takedown_ask(struct sp_cli *cli, struct sp_takedown *t, struct sp_error *err);
int sp_takedown_wait(struct sp_cli *cli, struct sp_takedown *t, struct sp_error *err);

#endif
