/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API objects as C structs: the fields that some part of sidepod acts on. The field tables
 * (spec/tables_*.c) say where each one stands; fields that exist in Kubernetes but not here are
 * known to the tables too, kept in the node tree, and listed to the user.
 *
 * Absent: NULL strings, n = 0 lists, set = false numbers, NULL structs. Defaults (DEF rules) are
 * filled in by sp_object_default(). All memory belongs to the arena of the manifest.
 */
#ifndef SP_SPEC_TYPES_H
#define SP_SPEC_TYPES_H

#include "spec/node.h"
#include "spec/quantity.h"

struct sp_opt_int {
	bool set;
	int64_t v;
};
struct sp_opt_bool {
	bool set, v;
};
/* IntOrString; a string when str is not NULL */
struct sp_int_or_str {
	bool set;
	int64_t num;
	const char *str;
};
struct sp_strs {
	const char **v;
	uint32_t n;
};
struct sp_ints {
	int64_t *v;
	uint32_t n;
};
struct sp_kv {
	const char *key, *value;
	size_t len; /* of value; binary data may hold NULs */
	struct sp_mark at;
};
struct sp_map {
	struct sp_kv *v;
	uint32_t n;
};
const char *sp_map_get(const struct sp_map *m, const char *key); /* NULL absent */

struct sp_res_item {
	const char *name;
	struct sp_quantity q;
	struct sp_mark at;
};
struct sp_res_list {
	struct sp_res_item *v;
	uint32_t n;
};
const struct sp_quantity *sp_res_get(const struct sp_res_list *l,
				     const char *name); /* NULL absent */

#define SP_HUGE_PREFIX "hugepages-"
/** sp_res_is_huge() - Is it a resource of huge pages, "hugepages-<size>"? */
bool sp_res_is_huge(const char *name);
/** sp_huge_size() - "2Mi", what follows the prefix, in bytes. Return: -1 when it is no size */
int64_t sp_huge_size(const char *size);

#define SP_LIST(type)                                                                              \
	struct {                                                                                   \
		struct type *v;                                                                    \
		uint32_t n;                                                                        \
	}

/* Every struct starts with its node, for places and for fields not listed here. */
struct sp_k_meta {
	const struct sp_node *node;
	const char *name, *generate_name, *ns, *uid, *resource_version, *creation_timestamp;
	struct sp_opt_int generation;
	struct sp_map labels, annotations;
};

struct sp_k_key_ref { /* configMapKeyRef, secretKeyRef, configMapRef, secretRef */
	const struct sp_node *node;
	const char *name, *key;
	struct sp_opt_bool optional;
};
struct sp_k_field_ref {
	const struct sp_node *node;
	const char *api_version, *field_path;
};
struct sp_k_res_field_ref {
	const struct sp_node *node;
	const char *container, *resource, *divisor;
};
struct sp_k_env_source {
	const struct sp_node *node;
	struct sp_k_field_ref *field;
	struct sp_k_res_field_ref *resource;
	struct sp_k_key_ref *config_map, *secret;
};
struct sp_k_env {
	const struct sp_node *node;
	const char *name, *value;
	struct sp_k_env_source *from;
};
struct sp_k_env_from {
	const struct sp_node *node;
	const char *prefix;
	struct sp_k_key_ref *config_map, *secret;
};

struct sp_k_port {
	const struct sp_node *node;
	const char *name, *protocol, *host_ip;
	struct sp_opt_int container_port, host_port;
};
struct sp_k_resources {
	const struct sp_node *node;
	struct sp_res_list limits, requests;
};
struct sp_k_mount {
	const struct sp_node *node;
	const char *name, *mount_path, *sub_path, *sub_path_expr, *propagation,
		*recursive_read_only;
	struct sp_opt_bool read_only;
};

struct sp_k_exec {
	const struct sp_node *node;
	struct sp_strs command;
};
struct sp_k_header {
	const struct sp_node *node;
	const char *name, *value;
};
struct sp_k_http_get {
	const struct sp_node *node;
	const char *path, *host, *scheme;
	struct sp_int_or_str port;
	SP_LIST(sp_k_header) headers;
};
struct sp_k_tcp {
	const struct sp_node *node;
	const char *host;
	struct sp_int_or_str port;
};
struct sp_k_grpc {
	const struct sp_node *node;
	struct sp_opt_int port;
	const char *service;
};
struct sp_k_sleep {
	const struct sp_node *node;
	struct sp_opt_int seconds;
};
struct sp_k_probe {
	const struct sp_node *node;
	struct sp_k_exec *exec;
	struct sp_k_http_get *http;
	struct sp_k_tcp *tcp;
	struct sp_k_grpc *grpc;
	struct sp_opt_int initial_delay_s, timeout_s, period_s, success_threshold,
		failure_threshold, grace_s;
};
struct sp_k_handler { /* lifecycle handler */
	const struct sp_node *node;
	struct sp_k_exec *exec;
	struct sp_k_http_get *http;
	struct sp_k_tcp *tcp;
	struct sp_k_sleep *sleep;
};
struct sp_k_lifecycle {
	const struct sp_node *node;
	struct sp_k_handler *post_start, *pre_stop;
	const char *stop_signal;
};

struct sp_k_caps {
	const struct sp_node *node;
	struct sp_strs add, drop;
};
struct sp_k_seccomp {
	const struct sp_node *node;
	const char *type, *localhost_profile;
};
struct sp_k_sysctl {
	const struct sp_node *node;
	const char *name, *value;
};
struct sp_k_security { /* container securityContext */
	const struct sp_node *node;
	struct sp_k_caps *caps;
	struct sp_opt_bool privileged, run_as_non_root, read_only_rootfs, allow_escalation;
	struct sp_opt_int run_as_user, run_as_group;
	const char *proc_mount;
	struct sp_k_seccomp *seccomp;
};
struct sp_k_pod_security {
	const struct sp_node *node;
	struct sp_opt_int run_as_user, run_as_group, fs_group;
	struct sp_opt_bool run_as_non_root;
	struct sp_ints supplemental_groups;
	const char *fs_group_change_policy, *supplemental_groups_policy;
	SP_LIST(sp_k_sysctl) sysctls;
	struct sp_k_seccomp *seccomp;
};

struct sp_k_exit_codes {
	const struct sp_node *node;
	const char *op;
	struct sp_ints values;
};
struct sp_k_restart_rule {
	const struct sp_node *node;
	const char *action;
	struct sp_k_exit_codes *exit_codes;
};

struct sp_k_container {
	const struct sp_node *node;
	const char *name, *image, *working_dir, *restart_policy, *image_pull_policy;
	const char *termination_message_path, *termination_message_policy;
	struct sp_strs command, args;
	SP_LIST(sp_k_port) ports;
	SP_LIST(sp_k_env_from) env_from;
	SP_LIST(sp_k_env) env;
	SP_LIST(sp_k_mount) mounts;
	SP_LIST(sp_k_restart_rule) restart_rules;
	struct sp_k_resources *resources;
	struct sp_k_probe *liveness, *readiness, *startup;
	struct sp_k_lifecycle *lifecycle;
	struct sp_k_security *security;
	struct sp_opt_bool stdin_open, stdin_once, tty;
};

struct sp_k_item { /* key → path */
	const struct sp_node *node;
	const char *key, *path;
	struct sp_opt_int mode;
};
struct sp_k_empty_dir {
	const struct sp_node *node;
	const char *medium, *size_limit;
};
struct sp_k_host_path {
	const struct sp_node *node;
	const char *path, *type;
};
struct sp_k_object_volume { /* configMap and secret, as volume and as projection */
	const struct sp_node *node;
	const char *name; /* secret volumes: secretName */
	SP_LIST(sp_k_item) items;
	struct sp_opt_int default_mode;
	struct sp_opt_bool optional;
};
struct sp_k_downward_item {
	const struct sp_node *node;
	const char *path;
	struct sp_k_field_ref *field;
	struct sp_k_res_field_ref *resource;
	struct sp_opt_int mode;
};
struct sp_k_downward {
	const struct sp_node *node;
	SP_LIST(sp_k_downward_item) items;
	struct sp_opt_int default_mode;
};
struct sp_k_projection {
	const struct sp_node *node;
	struct sp_k_object_volume *config_map, *secret;
	struct sp_k_downward *downward;
};
struct sp_k_projected {
	const struct sp_node *node;
	SP_LIST(sp_k_projection) sources;
	struct sp_opt_int default_mode;
};
struct sp_k_pvc_ref {
	const struct sp_node *node;
	const char *claim_name;
	struct sp_opt_bool read_only;
};
struct sp_k_volume {
	const struct sp_node *node;
	const char *name;
	struct sp_k_empty_dir *empty_dir;
	struct sp_k_host_path *host_path;
	struct sp_k_object_volume *config_map, *secret;
	struct sp_k_downward *downward;
	struct sp_k_projected *projected;
	struct sp_k_pvc_ref *pvc;
};

struct sp_k_host_alias {
	const struct sp_node *node;
	const char *ip;
	struct sp_strs hostnames;
};
struct sp_k_dns_option {
	const struct sp_node *node;
	const char *name, *value;
};
struct sp_k_dns_config {
	const struct sp_node *node;
	struct sp_strs nameservers, searches;
	SP_LIST(sp_k_dns_option) options;
};
struct sp_k_gate {
	const struct sp_node *node;
	const char *condition_type;
};
struct sp_k_name_ref { /* LocalObjectReference */
	const struct sp_node *node;
	const char *name;
};

struct sp_k_pod_spec {
	const struct sp_node *node;
	SP_LIST(sp_k_container) init_containers, containers;
	SP_LIST(sp_k_volume) volumes;
	const char *restart_policy, *dns_policy, *hostname, *subdomain, *service_account,
		*node_name;
	const char *runtime_class_name;
	struct sp_opt_int grace_s, active_deadline_s;
	struct sp_opt_bool host_network, host_pid, host_ipc, share_pid, enable_service_links,
		fqdn_hostname;
	struct sp_opt_bool host_users;
	struct sp_k_pod_security *security;
	struct sp_k_dns_config *dns_config;
	struct sp_k_resources *resources;
	struct sp_res_list overhead;
	SP_LIST(sp_k_host_alias) host_aliases;
	SP_LIST(sp_k_gate) readiness_gates;
	SP_LIST(sp_k_name_ref) image_pull_secrets;
};
struct sp_k_pod {
	const struct sp_node *node;
	struct sp_k_meta *meta;
	struct sp_k_pod_spec *spec;
};
struct sp_k_pod_template {
	const struct sp_node *node;
	struct sp_k_meta *meta;
	struct sp_k_pod_spec *spec;
};

struct sp_k_config_map {
	const struct sp_node *node;
	struct sp_k_meta *meta;
	struct sp_map data, binary_data; /* binary_data decoded */
	struct sp_opt_bool immutable;
};
struct sp_k_secret {
	const struct sp_node *node;
	struct sp_k_meta *meta;
	const char *type;
	struct sp_map data; /* decoded; stringData merged in by defaulting */
	struct sp_map string_data;
	struct sp_opt_bool immutable;
};

/* ---- the other kinds: what controllers need ------------------------------------------------- */

struct sp_k_selector_req {
	const struct sp_node *node;
	const char *key, *op; /* In, NotIn, Exists, DoesNotExist */
	struct sp_strs values;
};
struct sp_k_selector {
	const struct sp_node *node;
	struct sp_map labels;
	SP_LIST(sp_k_selector_req) exprs;
};

struct sp_k_failure_codes {
	const struct sp_node *node;
	const char *container, *op;
	struct sp_ints values;
};
struct sp_k_failure_condition {
	const struct sp_node *node;
	const char *type, *status;
};
struct sp_k_failure_rule {
	const struct sp_node *node;
	const char *action;
	struct sp_k_failure_codes *codes;
	SP_LIST(sp_k_failure_condition) conditions;
};
struct sp_k_failure_policy {
	const struct sp_node *node;
	SP_LIST(sp_k_failure_rule) rules;
};
struct sp_k_success_rule {
	const struct sp_node *node;
	const char *indexes; /* "0,2-4" */
	struct sp_opt_int count;
};
struct sp_k_success_policy {
	const struct sp_node *node;
	SP_LIST(sp_k_success_rule) rules;
};
struct sp_k_job_spec {
	const struct sp_node *node;
	struct sp_opt_int parallelism, completions, active_deadline_s, backoff_limit,
		backoff_limit_per_index, max_failed_indexes, ttl_s;
	struct sp_opt_bool suspend, manual_selector;
	const char *completion_mode, *replacement_policy, *managed_by;
	struct sp_k_selector *selector;
	struct sp_k_failure_policy *failure_policy;
	struct sp_k_success_policy *success_policy;
	struct sp_k_pod_template *template;
};
struct sp_k_job {
	const struct sp_node *node;
	struct sp_k_meta *meta;
	struct sp_k_job_spec *spec;
};
struct sp_k_job_template {
	const struct sp_node *node;
	struct sp_k_meta *meta;
	struct sp_k_job_spec *spec;
};
struct sp_k_cron_job_spec {
	const struct sp_node *node;
	const char *schedule, *time_zone, *concurrency_policy;
	struct sp_opt_int starting_deadline_s, successful_history, failed_history;
	struct sp_opt_bool suspend;
	struct sp_k_job_template *job_template;
};
struct sp_k_cron_job {
	const struct sp_node *node;
	struct sp_k_meta *meta;
	struct sp_k_cron_job_spec *spec;
};

struct sp_k_rolling_update {
	const struct sp_node *node;
	struct sp_int_or_str max_surge, max_unavailable;
	struct sp_opt_int partition; /* StatefulSet */
};
struct sp_k_strategy { /* strategy of a Deployment, updateStrategy of the sets */
	const struct sp_node *node;
	const char *type;
	struct sp_k_rolling_update *rolling;
};
/* spec of Deployment, ReplicaSet, StatefulSet and DaemonSet: each uses what it has */
struct sp_k_workload_spec {
	const struct sp_node *node;
	struct sp_opt_int replicas, min_ready_s, revision_history, progress_deadline_s;
	struct sp_opt_bool paused;
	const char *service_name, *pod_management;
	struct sp_k_selector *selector;
	struct sp_k_strategy *strategy;
	struct sp_k_pod_template *template;
};
struct sp_k_workload {
	const struct sp_node *node;
	struct sp_k_meta *meta;
	struct sp_k_workload_spec *spec;
};

struct sp_k_service_port {
	const struct sp_node *node;
	const char *name, *protocol, *app_protocol;
	struct sp_opt_int port, node_port;
	struct sp_int_or_str target;
};
struct sp_k_service_spec {
	const struct sp_node *node;
	const char *type, *cluster_ip;
	struct sp_map selector;
	SP_LIST(sp_k_service_port) ports;
};
struct sp_k_service {
	const struct sp_node *node;
	struct sp_k_meta *meta;
	struct sp_k_service_spec *spec;
};
struct sp_k_pvc_spec {
	const struct sp_node *node;
	struct sp_strs access_modes;
	const char *volume_name, *storage_class, *volume_mode;
	struct sp_k_resources *resources;
};
struct sp_k_pvc {
	const struct sp_node *node;
	struct sp_k_meta *meta;
	struct sp_k_pvc_spec *spec;
};
struct sp_k_namespace {
	const struct sp_node *node;
	struct sp_k_meta *meta;
};

#endif
