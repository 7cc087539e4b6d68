/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of lint share: the model of a pod, and how rules speak. */
#ifndef SP_LINT_INTERNAL_H
#define SP_LINT_INTERNAL_H

#include "core/resources.h"
#include "lint/lint.h"
#include "lint/shell.h"

/* ---- model.c --------------------------------------------------------------------------------- */

struct lport {
	uint16_t port;
	bool udp;
	enum { LPORT_DECLARED, LPORT_FLAG, LPORT_CATALOGUE } from;
	const struct sp_node *node; /* of a declared one */
};

struct lref { /* localhost:P */
	uint16_t port;
	const struct sp_node *node; /* the text that holds it */
};

/* One container. */
struct lctr {
	const struct sp_k_container *k;
	enum sp_role role;
	uint32_t at; /* in pod->c */
	const char *name, *image, *repo, *tag;
	const char *words, *env; /* command and args joined; NAME=value lines */
	struct sh sh;
	const struct sp_cat_entry *e; /* known(c) as a sidecar; NULL */
	enum sp_confidence known;
	bool guarded; /* of a known product, but one that ends by itself */
	bool endless, ends;
	enum sp_confidence endless_sure;
	bool server; /* looks like a server: ports, probes or a known product */
	struct lport *ports;
	struct lref *refs;
	uint32_t n_ports, n_refs;
	struct sh pre;                     /* exec preStop; n = 0 none */
	int64_t pre_s;                     /* preStop seconds */
	int64_t stop_s;                    /* SIGTERM to exit */
	const char *stop_by;               /* "assumed", "catalogue", "annotation" */
	int64_t budget_s;                  /* startup gate, until it gives up; -1 none */
	int64_t stop_budget_s;             /* from its SIGTERM to its SIGKILL; -1 not known */
	const struct sp_k_probe *probe[3]; /* by enum sp_probe_kind */
};

struct lint_index;
struct sp_lint_object {
	struct sp_object o;          /* as decoded, without defaults; `any` may hold holes */
	const struct sp_node *read;  /* the document as it was read: for edits */
	const struct sp_node *root;  /* the document that was decoded */
	struct lint_index *index[2]; /* of the two, when somebody asked where a node is */
	const char *name;
	/* of kinds that make pods */
	const struct sp_k_pod_spec *spec;
	const struct sp_k_meta *meta; /* of the template */
	const struct sp_k_job_spec *job;
	const struct sp_k_pod_spec *defaulted; /* NULL when it does not decode */
	struct sp_k_meta *defaulted_meta;
	const struct sp_node *spec_read; /* the pod's spec as read, unknown fields included */
};

/* One pod under judgement. */
struct lpod {
	struct sp_lint *l;
	const struct sp_lint_object *obj;
	const struct sp_k_pod_spec *spec;
	int minor;
	struct lctr *c; /* init list, then regular */
	uint32_t n, n_init, n_sidecars, n_apps;
	bool job_like; /* Job, CronJob, or a Pod that does not restart always */
	int64_t grace_s;
	bool grace_set;
	int64_t replicas; /* 1 where there are none */
	/* by simulation; -1 unknown */
	int64_t needed_s;
	const char *breakdown; /* "app 45 + 5, log 20" */
	const struct lctr *victim;
	bool has_resources;
	struct sp_res_pod res;
	bool never_ends; /* SP103 was found */
};

bool lint_model(struct sp_lint *l, const struct sp_lint_object *obj, struct lpod *ret);
/** lint_simulate() - needed_s, victim and the budgets of gates, from the pod core */
void lint_simulate(struct lpod *p);
const struct lport *lctr_port(const struct lctr *c, int64_t port);
const struct sp_node *lctr_env_node(const struct lctr *c, const char *name);
/** lpod_owner() - A container other than @not that has @port; NULL none */
const struct lctr *lpod_owner(const struct lpod *p, int64_t port, const struct lctr * not );
/** lprobe_port() - Number of a probe's port, names resolved in @c; 0 unknown */
int64_t lprobe_port(const struct lctr *c, const struct sp_k_probe *p);
int64_t lprobe_period(const struct sp_k_probe *p);
/** lprobe_path_missing() - Does it ask for a path that the product does not serve? */
bool lprobe_path_missing(const struct lctr *c, const struct sp_k_probe *p);
int64_t lprobe_budget(const struct sp_k_probe *p); /* initial delay + period × threshold */
/** lpod_object() - ConfigMap, Secret, PVC of that name in the pod's namespace in the input */
const struct sp_lint_object *lpod_object(const struct lpod *p, enum sp_kind kind, const char *name);
/** lctr_mount_of() - The mount that holds @path; NULL none */
const struct sp_k_mount *lctr_mount_of(const struct lctr *c, const char *path);
const struct sp_k_volume *lpod_volume(const struct lpod *p, const char *name);
/** lpod_gates() - Seconds until all start gates have given up, one after the other */
int64_t lpod_gates(const struct lpod *p);
/** lpod_progress_deadline() - progressDeadlineSeconds of a Deployment, written or by default */
int64_t lpod_progress_deadline(const struct lpod *p);
const char *lctr_shown(const struct lctr *c); /* product when known, else the name */
/** lctr_config() - The @nth ConfigMap of the input that @c mounts or takes variables from; NULL */
const struct sp_lint_object *lctr_config(const struct lpod *p, const struct lctr *c, uint32_t nth);
/** lctr_told() - Is one of @texts in its command, environment or ConfigMaps? */
bool lctr_told(const struct lpod *p, const struct lctr *c, const char *texts);
/** lctr_switched() - The same, but not where it is switched off */
bool lctr_switched(const struct lpod *p, const struct lctr *c, const char *texts);
/** lref_in() - Does @text name localhost:@port? */
bool lref_in(const char *text, int64_t port);

/* ---- place.c: where things are ----------------------------------------------------------------
 */

/** lint_locate() - Object, path, line and width of a finding about @node; NULL: the object */
void lint_locate(struct sp_lint *l, const struct sp_lint_object *obj, const struct sp_node *node,
		 struct sp_finding *f);
/** lint_twin() - The same place in the document as it was read; NULL: nowhere. Keys tell, since
 * decoding drops some */
const struct sp_node *lint_twin(struct sp_lint *l, const struct sp_lint_object *obj,
				const struct sp_node *n);

/* ---- finding.c: findings --------------------------------------------------------------------- */

/** lint_new_finding() - With the rule's words; NULL: switched off or beyond the limit */
struct sp_finding *lint_new_finding(struct sp_lint *l, const char *id);

/**
 * hit() - A finding of rule @id
 * @c:    container, NULL none
 * @node: where; its path and place are looked up. NULL: the object
 *
 * Never NULL: what is switched off or beyond the limit goes to a spare. Severity is the rule's;
 * findings that are not certain are never errors.
 */
struct sp_finding *hit(const struct lpod *p, const char *id, enum sp_confidence conf,
		       const struct lctr *c, const struct sp_node *node, const char *fmt, ...)
	SP_PRINTF(6, 7);
struct sp_finding *lint_add(struct sp_lint *l, const struct sp_lint_object *obj, const char *id,
			    enum sp_confidence conf, const struct sp_node *node, const char *fmt,
			    ...) SP_PRINTF(6, 7);
/** lint_add_account() - Remember a ServiceAccount of the input */
void lint_add_account(struct sp_lint *l, const struct sp_node *doc);
/** lint_has_account() - Is there such a ServiceAccount in the input? @ns: "default" when none is
 * named */
bool lint_has_account(const struct sp_lint *l, const char *name, const char *ns);
/** lint_wanted() - Do the options ask for rule @id? */
bool lint_wanted(const struct sp_lint *l, const char *id);
void hit_severity(struct sp_finding *f, enum sp_severity s);
/** say() - A text in the arena of the lint; never NULL */
const char *say(struct sp_lint *l, const char *fmt, ...) SP_PRINTF(2, 3);
/** fix_op() - A change that a finding proposes; the caller fills it. Nodes may be those of the
 * decoded tree: they are traced back to what was read */
struct sp_lint_op *fix_op(const struct lpod *p, struct sp_finding *f, enum sp_lint_op_kind kind,
			  const struct sp_node *node);
void fix_set(const struct lpod *p, struct sp_finding *f, const struct sp_node *map, const char *key,
	     const struct sp_node *value, const char *after);
void fix_set_int(const struct lpod *p, struct sp_finding *f, const struct sp_node *map,
		 const char *key, int64_t value);
/** fix_move() - Item @index of list @from of the pod's spec to initContainers, in front of item @to
 */
void fix_move(const struct lpod *p, struct sp_finding *f, const char *from, uint32_t index,
	      uint32_t to);
/** fix_arg() - One more argument of a container */
void fix_arg(const struct lpod *p, struct sp_finding *f, const struct lctr *c, const char *arg);
/** lctr_script_node() - The scalar that holds the script a shell runs; NULL none */
const struct sp_node *lctr_script_node(const struct lctr *c);
/** fix_without() - The script without the statements that @goes names; nothing when it is not safe
 */
void fix_without(struct lpod *p, struct sp_finding *f, const struct lctr *c,
		 bool (*goes)(struct lpod *p, const struct lctr *c, const struct sh *statement,
			      const char *text));
/** fix_unwrap() - The command without its first @n words, and without variables that begin with one
 * of the "|"-separated @prefixes */
void fix_unwrap(struct lpod *p, struct sp_finding *f, const struct lctr *c, uint32_t n,
		const char *prefixes);
/** fix_yaml() - A tree from YAML text, for fixes; NULL when it cannot be read */
struct sp_node *fix_yaml(struct sp_lint *l, const char *text);
/** node_of() - Member of @n, else @n itself: the best place to point at */
const struct sp_node *node_of(const struct sp_node *n, const char *key);

/* ---- ignore.c -------------------------------------------------------------------------------- */
/** lint_ignore() - Mark what annotations and comments suppress; add SP002 */
void lint_ignore(struct sp_lint *l);

/* ---- the rules ------------------------------------------------------------------------------- */
/* In this order: later ones look at what earlier ones found. */
void rules_place(struct lpod *p);     /* SP1xx */
void rules_start(struct lpod *p);     /* SP201 … SP212 */
void rules_probe(struct lpod *p);     /* SP213 … SP222 */
void rules_stop(struct lpod *p);      /* SP3xx */
void rules_resources(struct lpod *p); /* SP4xx */
void rules_ports(struct lpod *p);     /* SP5xx */
void rules_process(struct lpod *p);   /* SP6xx */
void rules_volume(struct lpod *p);    /* SP7xx */
void rules_workload(struct lpod *p);  /* SP8xx */
void rules_image(struct lpod *p);     /* SP9xx */

#define EACH(p, var)         for (struct lctr *var = (p)->c; var < (p)->c + (p)->n; var++)
#define EACH_SIDECAR(p, var) EACH(p, var) if (var->role == SP_ROLE_SIDECAR)
#define EACH_APP(p, var)     EACH(p, var) if (var->role == SP_ROLE_APP)
#define EACH_INIT(p, var)    EACH(p, var) if (var->role == SP_ROLE_INIT)

#endif
