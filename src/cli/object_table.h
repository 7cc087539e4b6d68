/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of `get` for objects that are not pods, with the columns and cells of kubectl. Pure: from
 * trees as the API has them.
 */
#ifndef SP_CLI_OBJECT_TABLE_H
#define SP_CLI_OBJECT_TABLE_H

#include "cli/resource.h"
#include "cli/table.h"

/* How a kind's rows are shown; zero is the short form. */
struct sp_object_rows {
	bool wide;
	bool namespaces;    /* a column NAMESPACE in front */
	const char *prefix; /* of names: "deployment.apps/"; NULL none */
	int64_t now_wall;
};

/** sp_object_table() - An empty table with the headers of a kind. Return: false: a kind of which
 * there is no table */
bool sp_object_table(const struct sp_resource *r, const struct sp_object_rows *o,
		     struct sp_arena *a, struct sp_table *ret);
/** sp_object_row() - Add one object of that kind */
void sp_object_row(const struct sp_resource *r, const struct sp_object_rows *o,
		   const struct sp_node *n, struct sp_table *t);

/* ---- cells that `describe` shows too --------------------------------------------------------- */

/** sp_object_selector() - "app=web,tier=front" of a LabelSelector or of a plain map; "<none>" */
void sp_object_selector(const struct sp_node *selector, struct sp_buf *out);
/** sp_object_job_duration() - Nothing when it was not started */
void sp_object_job_duration(const struct sp_node *job, int64_t now_wall, struct sp_buf *out);

#endif
