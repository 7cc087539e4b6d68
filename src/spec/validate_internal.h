/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the validate*.c files: paths, and one function per kind of problem (VAL-2). Not for
 * others.
 */
#ifndef SP_SPEC_VALIDATE_INTERNAL_H
#define SP_SPEC_VALIDATE_INTERNAL_H

#include "base/text.h"
#include "spec/load.h"
#include "spec/names.h"
#include "spec/validate.h"

/*
 * A place in a document, as a chain on the stack. It is printed, and its line is looked up, only
 * when something is wrong. Exactly one of field, key and (neither) idx is meant.
 */
struct sp_vp {
	const struct sp_vp *up;
	const char *field;           /* member */
	const char *key;             /* map key: path[key] */
	uint32_t idx;                /* list element */
	const struct sp_node *node;  /* when known; else looked up from above */
	const struct sp_pair *entry; /* the key of this pair is the place, when not NULL */
};
#define VP_ROOT(f, n)    (&(const struct sp_vp){.field = (f), .node = (n)})
#define VP_FIELD(p, f)   (&(const struct sp_vp){.up = (p), .field = (f)})
#define VP_KEY(p, k)     (&(const struct sp_vp){.up = (p), .key = (k)})
#define VP_AT(p, i)      (&(const struct sp_vp){.up = (p), .idx = (i)})
#define VP_ITEM(p, i, n) (&(const struct sp_vp){.up = (p), .idx = (i), .node = (n)})

struct sp_v {
	struct sp_arena *a;
	struct sp_diags *diags;
	const char *file;
	int minor;                         /* release whose rules apply */
	bool is_template;                  /* a pod template, not a pod */
	bool for_cluster;                  /* what this engine lacks is no fault */
	const struct sp_load_options *opt; /* NULL: none were given */
	const struct sp_node *claims;      /* volumeClaimTemplates: volumes of the template too */
	struct sp_mark at;                 /* of the object: where nothing nearer is known */
	uint32_t line_from, line_to; /* of the object; other objects of the file do not matter */
	uint32_t first;              /* first finding that may be about this object */
	struct sp_diag spare;        /* what callers fill when nothing is to be reported */
};

/* All return the finding, to be filled further with why and fix; never NULL. @detail may be NULL.
 */
struct sp_diag *v_required(struct sp_v *v, const struct sp_vp *p, const char *rule,
			   const char *detail);
struct sp_diag *v_forbidden(struct sp_v *v, const struct sp_vp *p, const char *rule,
			    const char *fmt, ...) SP_PRINTF(4, 5);
struct sp_diag *v_invalid(struct sp_v *v, const struct sp_vp *p, const char *rule, const char *bad,
			  const char *fmt, ...) SP_PRINTF(5, 6);
struct sp_diag *v_invalid_int(struct sp_v *v, const struct sp_vp *p, const char *rule, int64_t bad,
			      const char *fmt, ...) SP_PRINTF(5, 6);
/* The bad value is a structure, a list or a boolean: printed as compact JSON; NULL prints null */
struct sp_diag *v_invalid_node(struct sp_v *v, const struct sp_vp *p, const char *rule,
			       const struct sp_node *bad, const char *fmt, ...) SP_PRINTF(5, 6);
struct sp_diag *v_duplicate(struct sp_v *v, const struct sp_vp *p, const char *rule,
			    const char *bad);
struct sp_diag *v_duplicate_int(struct sp_v *v, const struct sp_vp *p, const char *rule,
				int64_t bad);
struct sp_diag *v_not_found(struct sp_v *v, const struct sp_vp *p, const char *rule,
			    const char *bad);
struct sp_diag *v_too_long(struct sp_v *v, const struct sp_vp *p, const char *rule, uint64_t max);
struct sp_diag *v_too_many(struct sp_v *v, const struct sp_vp *p, const char *rule, uint64_t n,
			   uint64_t max);
/* @set ends with NULL and is printed in its order */
struct sp_diag *v_unsupported(struct sp_v *v, const struct sp_vp *p, const char *rule,
			      const char *bad, const char *const *set);
/* Unsupported value unless @s is in @set; absent is fine */
bool v_one_of(struct sp_v *v, const struct sp_vp *p, const char *rule, const char *s,
	      const char *const *set);
/* "<what> needs Kubernetes 1.<minor> or later": for values; the decoder knows the age of fields */
struct sp_diag *v_too_new(struct sp_v *v, const struct sp_vp *p, const char *rule, const char *what,
			  int minor);
/* One Invalid value per message */
void v_name(struct sp_v *v, const struct sp_vp *p, const char *rule, const char *s,
	    void (*check)(const char *, struct sp_name_msgs *));
void v_msgs(struct sp_v *v, const struct sp_vp *p, const char *rule, const char *s,
	    const struct sp_name_msgs *m);
/* Value of an int is at least 0 */
void v_non_negative(struct sp_v *v, const struct sp_vp *p, const char *rule,
		    const struct sp_opt_int *i);
void v_range(struct sp_v *v, const struct sp_vp *p, const char *rule, const struct sp_opt_int *i,
	     int64_t min, int64_t max);
/* Known Kubernetes things that sidepod does not have: see sp_refused_fields */
void v_refuse(struct sp_v *v, const struct sp_vp *p, enum sp_refused_place place,
	      const struct sp_node *map);

static inline bool v_empty(const char *s)
{
	return !s || !*s;
}

/* True when the map has @field and it is not null. */
static inline bool v_has(const struct sp_node *map, const char *field)
{
	const struct sp_node *n = sp_node_get(map, field);

	return n && n->kind != SP_NODE_NULL;
}

/* What the parts call of each other. */
void v_meta(struct sp_v *v, const struct sp_vp *p, const struct sp_k_meta *m, bool named,
	    void (*name_rule)(const char *, struct sp_name_msgs *));
void v_label_map(struct sp_v *v, const struct sp_vp *p, const struct sp_map *m);
void v_pod_spec(struct sp_v *v, const struct sp_vp *p, const struct sp_k_pod_spec *s);
void v_pod_template(struct sp_v *v, const struct sp_vp *p, const struct sp_k_pod_template *t);
void v_job_spec(struct sp_v *v, const struct sp_vp *p, const struct sp_node *spec,
		const struct sp_k_pod_template *t);
void v_cron_job_spec(struct sp_v *v, const struct sp_vp *p, const char *name,
		     const struct sp_node *spec, const struct sp_k_pod_template *t);
void v_replicated_spec(struct sp_v *v, const struct sp_vp *p, enum sp_kind kind,
		       const struct sp_node *spec, const struct sp_k_pod_template *t);
void v_volumes(struct sp_v *v, const struct sp_vp *p, const struct sp_k_pod_spec *s);
void v_mounts(struct sp_v *v, const struct sp_vp *p, const struct sp_k_pod_spec *s,
	      const struct sp_k_container *c);
void v_field_ref(struct sp_v *v, const struct sp_vp *p, const struct sp_k_field_ref *f, bool env);
void v_resource_ref(struct sp_v *v, const struct sp_vp *p, const struct sp_k_res_field_ref *f,
		    bool env);
enum v_list { V_REGULAR, V_INIT };
void v_container(struct sp_v *v, const struct sp_vp *p, const struct sp_k_pod_spec *s,
		 const struct sp_k_container *c, enum v_list list, bool duplicate_name);
void v_resources(struct sp_v *v, const struct sp_vp *p, const struct sp_k_resources *r,
		 bool pod_level);
void v_host_ports(struct sp_v *v, const struct sp_vp *p, const struct sp_k_container *ctrs,
		  uint32_t n);
void v_seccomp(struct sp_v *v, const struct sp_vp *p, const struct sp_k_seccomp *s);
void v_id(struct sp_v *v, const struct sp_vp *p, const struct sp_opt_int *id);
bool v_is_sidecar(const struct sp_k_container *c);
void v_quantity_text(const struct sp_quantity *q, struct sp_buf *out);

#endif
