/* SPDX-License-Identifier: Apache-2.0 */
/* What this machine can and what it lacks, found out by trying, not by version numbers. */
#ifndef SP_CLI_DOCTOR_H
#define SP_CLI_DOCTOR_H

#include "cli/place.h"
#include "net/net.h"

enum sp_health { SP_HEALTH_OK, SP_HEALTH_LIMITED, SP_HEALTH_MISSING };

#define SP_CHECKS_MAX 16

struct sp_check_result {
	const char *name; /* "cgroups" */
	enum sp_health health;
	char found[200];   /* "hybrid: memory, cpu, pids from v1; kill and events from v2" */
	const char *means; /* what does not work; NULL when all does */
	const char *fix;   /* an action that helps; NULL none is known */
};

struct sp_doctor {
	struct sp_check_result v[SP_CHECKS_MAX];
	uint32_t n;
	struct sp_net_blocker blocker; /* a fix is in it */
};

/** sp_doctor_examine() - Nothing on the machine is changed */
void sp_doctor_examine(struct sp_cli *cli, const struct sp_place *place, struct sp_doctor *ret);

/** sp_doctor_worst() - Of all results */
enum sp_health sp_doctor_worst(const struct sp_doctor *d);

#endif
