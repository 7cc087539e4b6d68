/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of this folder; each ends with a zero entry. */
#ifndef SP_EXPLAIN_INTERNAL_H
#define SP_EXPLAIN_INTERNAL_H

#include "explain/explain.h"

extern const struct sp_explained sp_rules_model[], sp_rules_start[], sp_rules_probe[],
	sp_rules_term[], sp_rules_status[], sp_rules_env[], sp_rules_work[], sp_rules_control[],
	sp_reasons[];

#endif
