/* SPDX-License-Identifier: Apache-2.0 */
/* Scenarios that are tables of inputs and expected values: kinds `calc`, `validation`, `probe`. */
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
int sp_table_validation(const struct sp_scn_reader *r, const struct sp_scenario *s,
			struct sp_diff *diff, enum sp_table_result *ret, const char **reason);

#define SP_TABLE_REDIRECTS_MAX 20

/* What a server does with a request. */
struct sp_table_answer {
	bool refuses; /* there is no server; nothing else counts */
	bool late;    /* says nothing before the probe's time limit */
	bool https;   /* speaks TLS, with a certificate that nobody vouches for */
	int status;
	uint32_t redirects; /* that many times to itself; then comes `target` */
	int target;
	bool elsewhere; /* redirects to another host */
	size_t body;    /* bytes, at least */
};

/* The world of `probe` scenarios: nothing of it is in this library. */
struct sp_table_prober {
	void *arg;
	/* Arrange @answer, probe it with HTTP or HTTPS. @text: of a failure or warning. Return: 0,
	 * or -1 and *err when it could not be arranged. */
	int (*probe)(void *arg, const struct sp_table_answer *answer, bool https,
		     enum sp_outcome *ret, struct sp_buf *text, struct sp_error *err);
};

/**
 * sp_table_probe() - Probe every answer of a `probe` scenario
 *
 * Return: 0, or -1 and r->err when a case cannot be understood or arranged.
 */
int sp_table_probe(const struct sp_scn_reader *r, const struct sp_scenario *s,
		   const struct sp_table_prober *prober, struct sp_diff *diff);

#endif
