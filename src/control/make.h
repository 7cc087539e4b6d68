/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects that controllers create, as complete Kubernetes trees made from templates: labels,
 * annotations, owner references, and what an Indexed job or a set adds to its pods. Allocates in
 * the caller's arena; everything else about controllers is in control.h.
 *
 * All return NULL when memory ran out. Trees share nothing with the templates.
 */
#ifndef SP_CONTROL_MAKE_H
#define SP_CONTROL_MAKE_H

#include "control/control.h"
#include "control/zone.h"
#include "spec/load.h"

/** sp_make_job_pod() - JOB-20 to JOB-22, JOB-58; @act is the SP_CTL_CREATE */
struct sp_node *sp_make_job_pod(struct sp_arena *a, const struct sp_k_job *job,
				const struct sp_ctl_action *act);

/** sp_make_cron_job() - CRON-11; @zone as given to the step */
struct sp_node *sp_make_cron_job(struct sp_arena *a, const struct sp_k_cron_job *cron,
				 const struct sp_zone *zone, const struct sp_ctl_action *act);

#define SP_HASH_MAX 12

/** sp_make_hash() - DEPLOY-3: equal for equal templates, labels of the hash itself left out */
int sp_make_hash(const struct sp_node *pod_template, uint32_t collisions, char ret[SP_HASH_MAX]);

/** sp_make_replica_set() - DEPLOY-3, DEPLOY-4; named <deployment>-<hash> */
struct sp_node *sp_make_replica_set(struct sp_arena *a, const struct sp_k_workload *deployment,
				    const char *hash, int64_t replicas, int64_t revision);

/**
 * sp_make_pod() - A pod of a ReplicaSet, StatefulSet or DaemonSet
 *
 * The pods of a StatefulSet have its serviceName as subdomain, their own name as hostname, and the
 * labels statefulset.kubernetes.io/pod-name and apps.kubernetes.io/pod-index.
 */
struct sp_node *sp_make_pod(struct sp_arena *a, enum sp_kind kind, const struct sp_k_workload *set,
			    const struct sp_ctl_action *act);

#endif
