/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pods of this machine, as their run directories tell: status.json for what is shown, the head
 * of record.jsonl for roles. Reading only; nothing is asked of a supervisor.
 */
#ifndef SP_CLI_PODS_H
#define SP_CLI_PODS_H

#include "cli/place.h"
#include "record/record.h"
#include "spec/node.h"

struct sp_pod_entry {
	const char *uid, *ns, *name;
	const char *dir;           /* <run_dir>/pods/<uid> */
	bool alive;                /* its supervisor runs */
	const struct sp_node *doc; /* {"metadata":…,"status":…} */
	struct sp_record_header header;
	bool has_header;
	/* columns of `get pods` */
	const char *status, *ready, *ip;
	uint32_t restarts;
	int64_t restarted_wall_ns; /* end of the newest previous instance; 0 none */
	int64_t start_wall_ns;     /* 0 unknown */
};

/**
 * sp_pods_list() - Pods of a namespace, by name
 * @ns: NULL for all namespaces
 *
 * Entries that are just being made or removed are left out.
 */
int sp_pods_list(struct sp_cli *cli, const struct sp_place *place, const char *ns,
		 struct sp_pod_entry **ret, uint32_t *ret_n, struct sp_error *err);

/**
 * sp_pods_find() - By name ("web", "pod/web"), or by uid
 * @err: SP_E_NOT_FOUND, with the nearest name when one is near
 */
int sp_pods_find(struct sp_cli *cli, const struct sp_place *place, const char *name,
		 struct sp_pod_entry *ret, struct sp_error *err);

/**
 * sp_pod_ask() - Send one request to a pod's supervisor, drop the answer
 * @request: JSON, see supervisor/control.h
 */
int sp_pod_ask(const struct sp_place *place, const char *uid, const char *request,
	       struct sp_error *err);

/** sp_pod_stop() - Ordered stop, waited for
 * @grace_s: -1: the pod's own */
int sp_pod_stop(struct sp_cli *cli, const struct sp_place *place, const struct sp_pod_entry *p,
		int64_t grace_s, struct sp_error *err);

/** sp_pod_wait_shown() - Until a pod just started has a status, or @pidfd says that it is over */
int sp_pod_wait_shown(struct sp_cli *cli, const struct sp_place *place, const char *uid, int pidfd,
		      struct sp_error *err);

/** sp_pod_wait_gone() - Until the pod's supervisor has exited, which it is about to do */
int sp_pod_wait_gone(const struct sp_place *place, const char *uid, struct sp_error *err);

/** sp_pod_last_words() - Why a supervisor ended before its pod had begun, as well as can be known
 */
const char *sp_pod_last_words(struct sp_cli *cli, const struct sp_place *place, const char *uid);
/** sp_pod_ask_doc() - {"metadata","spec","status"} as the supervisor tells it now; NULL when it
 * does not answer. In the arena */
struct sp_node *sp_pod_ask_doc(struct sp_cli *cli, const struct sp_place *place, const char *uid);

/**
 * sp_names_lock() - One command at a time gives names to pods
 *
 * Return: a descriptor that holds the lock until it is closed, or -1.
 */
int sp_names_lock(const struct sp_place *place, struct sp_error *err);

/** sp_name_owner() - uid of the pod that has the name; NULL when nobody has. @ret: in the arena */
const char *sp_name_owner(struct sp_cli *cli, const struct sp_place *place, const char *ns,
			  const char *name);

/** sp_name_take(), sp_name_free() - Give the name to @uid; let it go if it is @uid's */
int sp_name_take(const struct sp_place *place, const char *ns, const char *name, const char *uid,
		 struct sp_error *err);
void sp_name_free(const struct sp_place *place, const char *ns, const char *name, const char *uid);

/** sp_pod_delete_request() - Text of the request that stops a pod */
void sp_pod_delete_request(int64_t grace_s, struct sp_buf *out);

/** sp_pod_phase() - "Pending", "Running", … */
const char *sp_pod_phase(const struct sp_pod_entry *p);

/** sp_pod_condition() - Status of a condition ("True"); NULL when it is not there */
const char *sp_pod_condition(const struct sp_pod_entry *p, const char *type);

/** sp_labels_match() - Does "a=b,c!=d,e,!f" select these labels? Return: 1, 0, or -1 for a bad
 * selector */
int sp_labels_match(const char *selector, const struct sp_node *labels, struct sp_error *err);

#endif
