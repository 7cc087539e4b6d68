/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `get` share: pods come from their run directories (cmd_get.c), other objects
 * from running sessions (get_objects.c). */
#ifndef SP_CLI_GET_H
#define SP_CLI_GET_H

#include "cli/place.h"
#include "cli/resource.h"
#include "cli/table.h"

/* How to show, by the flags. */
struct sp_get_view {
	struct sp_cli *cli;
	struct sp_place place;
	enum sp_format format;
	const char *template;
	bool headers, all_namespaces;
	const char *selector;
	const char *const *names; /* pods: only these; none: all */
	int n_names;
	const char *prefix; /* of names in tables: "pod/"; NULL none */
};

/** sp_get_view_open() - Return: 0, or an exit code, told */
int sp_get_view_open(struct sp_cli *cli, struct sp_get_view *ret);

/** sp_get_pods_print() - Table or names of the pods that @v asks for. Return: how many, -1 */
int sp_get_pods_print(const struct sp_get_view *v, struct sp_buf *out, struct sp_error *err);
/** sp_get_pods_add() - Their objects at the end of a list */
int sp_get_pods_add(const struct sp_get_view *v, struct sp_node *items, struct sp_error *err);

/** sp_get_print_list() - A List of @items, or the only one of them alone. @single: one was asked
 * for by its name */
int sp_get_print_list(const struct sp_get_view *v, struct sp_node *items, bool single,
		      struct sp_buf *out, struct sp_error *err);

/* One of the things that were asked for. */
struct sp_get_want {
	const struct sp_resource *kind;
	const char *name; /* NULL: all of them */
};
struct sp_get_query {
	struct sp_get_want *v;
	uint32_t n;
	bool mixed; /* names in tables tell their kinds */
};

/** sp_get_query_parse() - "deploy", "deploy,svc", "deploy web api", "deploy/web svc/web", "all" */
int sp_get_query_parse(struct sp_cli *cli, int argc, char **argv, struct sp_get_query *ret,
		       struct sp_error *err);

/** sp_get_objects() - Print what @q asks for, and stay with --watch. Return: exit code */
int sp_get_objects(struct sp_get_view *v, const struct sp_get_query *q);

#endif
