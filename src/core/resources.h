/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic of resources: effective requests and limits, QoS class, cgroup values, OOM scores.
 * Pure; used by the supervisor, `resources`, `lint` and the tests alike.
 * Source: lifecycle rules, section 17.
 */
#ifndef SP_CORE_RESOURCES_H
#define SP_CORE_RESOURCES_H

#include "core/pod.h"

enum sp_res {
	SP_RES_CPU /* milli */,
	SP_RES_MEMORY /* bytes */,
	SP_RES_STORAGE /* bytes */,
	SP_RES_KINDS,
	SP_RES_HUGE = SP_RES_KINDS /* bytes of huge pages of size sp_res_pod.huge[0], and so on */,
};

/* Sizes of huge pages that one pod may name; most machines have two. */
#define SP_HUGE_SIZES_MAX 4
#define SP_RES_ALL        (SP_RES_KINDS + SP_HUGE_SIZES_MAX)

#define SP_RES_UNSET INT64_MIN

struct sp_res_values {
	int64_t req[SP_RES_ALL], lim[SP_RES_ALL]; /* SP_RES_UNSET when absent */
};

/* Containers in the order of sp_pod_spec: init list, then regular. */
struct sp_res_pod {
	uint16_t n_init, n_ctrs;
	enum sp_role roles[SP_CONTAINERS_MAX];
	struct sp_res_values ctrs[SP_CONTAINERS_MAX];
	struct sp_res_values pod;     /* pod-level resources */
	int64_t overhead[SP_RES_ALL]; /* 0 none */
	uint16_t n_huge;
	int64_t huge[SP_HUGE_SIZES_MAX]; /* sizes of pages that the pod names, in bytes */
};

enum sp_qos { SP_QOS_GUARANTEED, SP_QOS_BURSTABLE, SP_QOS_BEST_EFFORT };
const char *sp_qos_name(enum sp_qos qos); /* "Guaranteed", … */

/* Which term of RES-2 decided. */
enum sp_res_term { SP_TERM_RUNNING, SP_TERM_INIT, SP_TERM_POD_LEVEL };

/** sp_res_request() - Effective pod request, RES-2. @term, @at: may be NULL; @at = index of the
 * deciding init container */
int64_t sp_res_request(const struct sp_res_pod *p, enum sp_res r, enum sp_res_term *term,
		       uint16_t *at);
/** sp_res_limit() - Effective pod limit, RES-3 */
int64_t sp_res_limit(const struct sp_res_pod *p, enum sp_res r, enum sp_res_term *term,
		     uint16_t *at);
/** sp_res_limit_declared() - CG-3: is the limit written to the pod cgroup? */
bool sp_res_limit_declared(const struct sp_res_pod *p, enum sp_res r);

enum sp_qos sp_res_qos(const struct sp_res_pod *p);

uint64_t sp_cg_shares(int64_t milli);                     /* CG-20 */
int64_t sp_cg_quota_us(int64_t milli, int64_t period_us); /* CG-21; -1 none */
uint64_t sp_cg_weight_pod(uint64_t shares);               /* CG-22 */
uint64_t sp_cg_weight_container(uint64_t shares);         /* CG-23; integer arithmetic, no libm */

/* Values to write; -1 means "do not write" (unlimited). */
struct sp_cg_values {
	uint64_t cpu_shares;
	int64_t cpu_quota_us, cpu_period_us;
	int64_t memory_bytes;
	/* CG-7: pages of a size that is not listed are not allowed */
	struct sp_cg_huge {
		int64_t page_bytes, bytes;
	} huge[SP_HUGE_SIZES_MAX];
	uint16_t n_huge;
};
void sp_cg_pod_values(const struct sp_res_pod *p, struct sp_cg_values *ret);
void sp_cg_ctr_values(const struct sp_res_pod *p, uint16_t ctr, struct sp_cg_values *ret);
/** sp_cg_huge_bytes() - CG-7: bytes of huge pages of size @page_bytes; 0 for one that is not named
 */
int64_t sp_cg_huge_bytes(const struct sp_cg_values *v, int64_t page_bytes);

/** sp_oom_score_adj() - OOM-1, OOM-2. @machine_bytes: memory of the machine */
int sp_oom_score_adj(const struct sp_res_pod *p, uint16_t ctr, int64_t machine_bytes);

#endif
