/* SPDX-License-Identifier: Apache-2.0 */
/* Scenarios that are tables of inputs and expected values: kinds `calc` and `validation`. */
#ifndef SP_SIM_TABLES_H
#define SP_SIM_TABLES_H

#include "sim/snapshot.h"

/* Result of one scenario that is not about a running pod. */
enum sp_table_result {
	SP_TABLE_CHECKED, /* differences are in the sp_diff */
	SP_TABLE_SKIPPED, /* *reason says why */
};

/**
 * sp_table_calc() - Compute every case of a `calc` scenario
 * @ret: SP_TABLE_SKIPPED with *@reason when no part of this program computes such a table
 *
 * Return: 0, or -1 and r->err when a case cannot be understood.
 */
int sp_table_calc(const struct sp_scn_reader *r, const struct sp_scenario *s, struct sp_diff *diff,
		  enum sp_table_result *ret, const char **reason);

/** sp_table_validation() - Load every manifest of a `validation` scenario, compare the problems */
int sp_table_validation(const struct sp_scn_reader *r, const struct sp_scenario *s, int kube_minor,
			struct sp_diff *diff, enum sp_table_result *ret, const char **reason);

#endif
