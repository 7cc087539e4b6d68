/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From files to objects: parse, decode strictly by the field tables, default, validate.
 * All problems of a file are found in one go.
 */
#ifndef SP_SPEC_LOAD_H
#define SP_SPEC_LOAD_H

#include "base/error.h"
#include "spec/diag.h"
#include "spec/types.h"

/* Limits of hostile input; meeting one is an ordinary error. */
#define SP_SOURCE_MAX_BYTES (8u * 1024 * 1024)
#define SP_DEPTH_MAX        100
#define SP_NODES_MAX        (100u * 1000) /* of one stream, aliases expanded; 64 bytes each */

#define SP_ITEMS_MAX     10000 /* of one list or map that has a meaning */
#define SP_RESOURCES_MAX 64    /* names in one requests or limits */
#define SP_OBJECTS_MAX   4096

/* Releases 1.x whose behaviour can be asked for, and the one that is followed otherwise. */
#define SP_KUBE_MINOR_OLDEST 28
#define SP_KUBE_MINOR_NEWEST 37
#define SP_KUBE_MINOR        36

enum sp_kind {
	SP_KIND_UNKNOWN,
	SP_KIND_POD,
	SP_KIND_CONFIG_MAP,
	SP_KIND_SECRET,
	SP_KIND_JOB,
	SP_KIND_CRON_JOB,
	SP_KIND_DEPLOYMENT,
	SP_KIND_REPLICA_SET,
	SP_KIND_STATEFUL_SET,
	SP_KIND_DAEMON_SET,
	SP_KIND_SERVICE,
	SP_KIND_PVC,
	SP_KIND_NAMESPACE,
	SP_KINDS,
};
const char *sp_kind_name(enum sp_kind kind); /* "Pod" */

struct sp_source {
	const char *name; /* file name as given, "<stdin>" */
	const char *bytes;
	size_t len;
};

/* One object of a manifest. `any` is the typed struct of its kind, NULL when it could not be
 * decoded. */
struct sp_object {
	enum sp_kind kind;
	const char *api_version, *kind_text;
	const struct sp_source *source;
	const struct sp_node *node; /* the whole document */
	struct sp_k_meta *meta;
	union {
		void *any;
		struct sp_k_pod *pod;
		struct sp_k_config_map *config_map;
		struct sp_k_secret *secret;
		struct sp_k_job *job;
		struct sp_k_cron_job *cron_job;
		struct sp_k_workload *workload; /* Deployment, ReplicaSet, StatefulSet, DaemonSet */
		struct sp_k_service *service;
		struct sp_k_pvc *pvc;
		struct sp_k_namespace *name_space;
	};
};

enum sp_validate { SP_VALIDATE_STRICT, SP_VALIDATE_WARN, SP_VALIDATE_IGNORE };

struct sp_load_options {
	enum sp_validate validate; /* what an unknown field is */
	int kube_minor;            /* 0: SP_KUBE_MINOR */
	const char *default_ns;    /* NULL: "default" */
	uint64_t name_seed;        /* chance for the endings of generateName */
	bool partial;     /* keep what could be decoded of an object with errors; what could
			     not is taken out of its tree */
	bool for_cluster; /* what this engine lacks is no fault; kinds not known are passed over */
	bool (*zone_known)(void *arg, const char *name); /* IANA names; NULL: all are believed */
	void *arg;
};

/* Findings point to the sources' names; objects to the sources. */
struct sp_manifest {
	struct sp_arena arena;
	struct sp_source **sources;
	uint32_t n_sources;
	struct sp_object *objects;
	uint32_t n_objects;
	const struct sp_node **accounts; /* ServiceAccounts: whole documents, undecoded */
	uint32_t n_accounts;
	struct sp_diags diags;
	struct sp_diags unacted; /* known Kubernetes fields that this engine does not act on
				    (SP_SEV_INFO), with places */
	struct sp_load_options options;
};

void sp_manifest_init(struct sp_manifest *m, const struct sp_load_options *opt);
void sp_manifest_done(struct sp_manifest *m);

/**
 * sp_manifest_add() - Parse one source and add its objects, decoded, defaulted and validated
 * @name:  shown in messages; copied
 * @bytes: copied
 *
 * Return: 0, also when there are findings (look at m->diags.n_errors); -1 only when memory ran out.
 */
int sp_manifest_add(struct sp_manifest *m, const char *name, const char *bytes, size_t len);

/**
 * sp_yaml_parse() - One stream into document trees; no schema
 * @ret: array of documents in the arena (empty documents are left out); after an error those that
 *       could be read
 *
 * Return: 0, or -1 with findings in @diags. Also reads JSON.
 */
int sp_yaml_parse(struct sp_arena *a, const struct sp_source *src, struct sp_diags *diags,
		  struct sp_node ***ret, uint32_t *ret_n);

/**
 * sp_object_decode() - A tree by the tables of its kind into typed structs; no defaulting, no
 * validation
 * @diags: NULL for trusted input (what another sidepod process encoded)
 */
int sp_object_decode(struct sp_arena *a, const struct sp_node *doc, const struct sp_source *src,
		     const struct sp_load_options *opt, struct sp_diags *diags,
		     struct sp_diags *unacted, struct sp_object *ret);

/**
 * sp_object_check() - Decode, default and validate; the sound parts of an object with faults too
 * @ret: `any` is NULL when it could not be decoded as a whole, unless the options want it `partial`
 *
 * Return: 0, also when there are findings; 1 a kind that nothing is to be done about; -1 when
 * memory ran out.
 */
int sp_object_check(struct sp_arena *a, const struct sp_node *doc, const struct sp_source *src,
		    const struct sp_load_options *opt, struct sp_diags *diags,
		    struct sp_diags *unacted, struct sp_object *ret);

/** sp_object_default() - Apply the DEF rules, in the typed structs and in the tree */
int sp_object_default(struct sp_arena *a, struct sp_object *o, const struct sp_load_options *opt);

/** sp_object_validate() - The VAL rules: one finding per problem, text as Kubernetes writes it */
void sp_object_validate(struct sp_arena *a, const struct sp_object *o,
			const struct sp_load_options *opt, struct sp_diags *diags);

/**
 * sp_pod_spec_core() - The core's view of a pod; texts are borrowed from @meta and @pod, arrays are
 * in @a
 * @pod: defaults applied, validated
 * @kube_minor: 0: SP_KUBE_MINOR
 *
 * Fails only for what the core has no room for: more than SP_CONTAINERS_MAX containers or
 * SP_GATES_MAX gates.
 */
struct sp_pod_spec;
struct sp_res_pod;
int sp_pod_spec_core(struct sp_arena *a, const struct sp_k_meta *meta,
		     const struct sp_k_pod_spec *pod, int kube_minor, struct sp_pod_spec *ret,
		     struct sp_error *err);

/** sp_pod_resources() - Requests and limits of all containers. Return: 0, -1 too many containers,
 * or sizes of huge pages */
int sp_pod_resources(const struct sp_k_pod_spec *pod, struct sp_res_pod *ret);

/**
 * sp_medium_huge() - Size of the pages in a volume of huge pages
 * @medium: of an emptyDir: "HugePages", which takes the one size that the pod names, or
 *	    "HugePages-<size>", which must be one of them
 * @err: which of this does not hold
 *
 * Return: bytes; 0 for another medium; -1
 */
int64_t sp_medium_huge(const char *medium, const struct sp_res_pod *res, struct sp_error *err);

#endif
