/* SPDX-License-Identifier: Apache-2.0 */
/* Field tables of controllers (Job, CronJob, Deployment and the sets), Service, claims, Namespace.
 */
#include "spec/tables_internal.h"

#define METADATA OBJ(META, meta, "metadata", "Name, namespace, labels, annotations.")
#define STATUS   INFO(ANY, "status", "What happened; written by the system.")

/* ---- jobs ----------------------------------------------------------------------------------- */

#define S sp_k_job
const struct sp_field sp_fields_job[] = {
	METADATA, OBJ(JOB_SPEC, spec, "spec", "Which pods to run to completion."), STATUS, END};
#undef S

#define S sp_k_cron_job
const struct sp_field sp_fields_cron_job[] = {
	METADATA, OBJ(CRON_JOB_SPEC, spec, "spec", "Which job to start when."), STATUS, END};
#undef S

#define S sp_k_job_template
const struct sp_field sp_fields_job_template[] = {
	OBJ(META, meta, "metadata", "Labels and annotations of the jobs."),
	OBJ(JOB_SPEC, spec, "spec", "Which pods to run to completion."), END};
#undef S

#define S sp_k_job_spec
const struct sp_field sp_fields_job_spec[] = {
	OBJ(POD_TEMPLATE, template, "template", "The pod to run."),
	INT32(parallelism, "parallelism",
	      "Pods that may run at a time; 0 pauses." DEF("1") VALUES("0 …")),
	INT32(completions, "completions",
	      "Pods that must succeed; without it and with parallelism the job is a work queue." DEF(
		      "1 if parallelism is absent too") VALUES("0 …")),
	STR(completion_mode, "completionMode",
	    "Indexed: each pod has a number of its own." DEF("NonIndexed")
		    VALUES("NonIndexed, Indexed")),
	INT32(backoff_limit, "backoffLimit",
	      "Failed pods that are borne; one more ends the job." DEF("6") VALUES("0 …")),
	INT32(backoff_limit_per_index, "backoffLimitPerIndex",
	      "The same for each index." VALUES("0 …"), MINOR(29)),
	INT32(max_failed_indexes, "maxFailedIndexes",
	      "Failed indexes that are borne." VALUES("0 …"), MINOR(29)),
	INT64(active_deadline_s, "activeDeadlineSeconds",
	      "Seconds after its start when the job fails." VALUES("0 …")),
	INT32(ttl_s, "ttlSecondsAfterFinished",
	      "Seconds after the end when the job is deleted." VALUES("0 …")),
	BOOL(suspend, "suspend", "Run no pods for now." DEF("false")),
	OBJ(FAILURE_POLICY, failure_policy, "podFailurePolicy",
	    "What certain failures of pods mean; needs restartPolicy: Never.", MINOR(26)),
	OBJ(SUCCESS_POLICY, success_policy, "successPolicy",
	    "When an Indexed job has succeeded before all indexes are done.", MINOR(31)),
	STR(replacement_policy, "podReplacementPolicy",
	    "When a pod that goes away is replaced." DEF(
		    "TerminatingOrFailed, Failed with podFailurePolicy")
		    VALUES("TerminatingOrFailed, Failed"),
	    MINOR(29)),
	OBJ(SELECTOR, selector, "selector", "Pods of the job; made up by the system."),
	BOOL(manual_selector, "manualSelector", "Take the selector as it is written." DEF("false")),
	STR(managed_by, "managedBy", "Controller that is responsible instead of the built-in one."),
	END};
#undef S

#define S sp_k_failure_policy
const struct sp_field sp_fields_failure_policy[] = {
	OBJS(FAILURE_RULE, rules, "rules", "The first match wins." VALUES("at most 20")), END};
#undef S

#define S sp_k_failure_rule
const struct sp_field sp_fields_failure_rule[] = {
	STR(action, "action",
	    "What the failure means." VALUES("FailJob, FailIndex, Ignore, Count")),
	OBJ(FAILURE_CODES, codes, "onExitCodes", "Match by exit codes."),
	OBJS(FAILURE_CONDITION, conditions, "onPodConditions", "Match by conditions of the pod."),
	END};
#undef S

#define S sp_k_failure_codes
const struct sp_field sp_fields_failure_codes[] = {
	STR(container, "containerName", "Only this container." DEF("any")),
	STR(op, "operator", "In the list, or not in it." VALUES("In, NotIn")),
	INTS(values, "values", "Exit codes in ascending order." VALUES("1 to 255 of them")), END};
#undef S

#define S sp_k_failure_condition
const struct sp_field sp_fields_failure_condition[] = {
	STR(type, "type", "Type of the condition."),
	STR(status, "status", "Its status." DEF("True") VALUES("True, False, Unknown")), END};
#undef S

#define S sp_k_success_policy
const struct sp_field sp_fields_success_policy[] = {
	OBJS(SUCCESS_RULE, rules, "rules", "One of them must hold." VALUES("1 to 20 of them")),
	END};
#undef S

#define S sp_k_success_rule
const struct sp_field sp_fields_success_rule[] = {
	STR(indexes, "succeededIndexes", "Indexes that must succeed, e.g. 0,2-4."),
	INT32(count, "succeededCount", "How many of them are enough."), END};
#undef S

#define S sp_k_cron_job_spec
const struct sp_field sp_fields_cron_job_spec[] = {
	STR(schedule, "schedule", "Minute, hour, day, month, weekday; or @daily and the like."),
	STR(time_zone, "timeZone", "Zone of the schedule, e.g. Europe/Rome." DEF("the engine's")),
	OBJ(JOB_TEMPLATE, job_template, "jobTemplate", "The job to start."),
	STR(concurrency_policy, "concurrencyPolicy",
	    "What if the last job still runs?" DEF("Allow") VALUES("Allow, Forbid, Replace")),
	INT64(starting_deadline_s, "startingDeadlineSeconds",
	      "How late a job may start." VALUES("0 …")),
	BOOL(suspend, "suspend", "Start no jobs for now." DEF("false")),
	INT32(successful_history, "successfulJobsHistoryLimit",
	      "Finished jobs that are kept." DEF("3") VALUES("0 …")),
	INT32(failed_history, "failedJobsHistoryLimit",
	      "Failed jobs that are kept." DEF("1") VALUES("0 …")),
	END};
#undef S

/* ---- deployments and sets ------------------------------------------------------------------- */

#define S sp_k_workload
const struct sp_field sp_fields_deployment[] = {
	METADATA, OBJ(DEPLOYMENT_SPEC, spec, "spec", "Which pods to keep, how to replace them."),
	STATUS, END};

const struct sp_field sp_fields_replica_set[] = {
	METADATA, OBJ(REPLICA_SET_SPEC, spec, "spec", "Which pods to keep."), STATUS, END};

const struct sp_field sp_fields_stateful_set[] = {
	METADATA, OBJ(STATEFUL_SET_SPEC, spec, "spec", "Which numbered pods to keep."), STATUS,
	END};

const struct sp_field sp_fields_daemon_set[] = {
	METADATA, OBJ(DAEMON_SET_SPEC, spec, "spec", "Which pod to keep on every machine."), STATUS,
	END};
#undef S

#define REPLICAS INT32(replicas, "replicas", "Pods to keep." DEF("1") VALUES("0 …"))
#define SELECTOR OBJ(SELECTOR, selector, "selector", "Pods that belong to it.")
#define TEMPLATE OBJ(POD_TEMPLATE, template, "template", "The pod to run.")
#define MIN_READY                                                                                  \
	INT32(min_ready_s, "minReadySeconds",                                                      \
	      "How long a pod is ready before it is available." DEF("0") VALUES("0 …"))
#define HISTORY                                                                                    \
	INT32(revision_history, "revisionHistoryLimit",                                            \
	      "Old revisions that are kept." DEF("10") VALUES("0 …"))

#define S sp_k_workload_spec
const struct sp_field sp_fields_deployment_spec[] = {
	REPLICAS,
	SELECTOR,
	TEMPLATE,
	OBJ(STRATEGY, strategy, "strategy", "How pods are replaced."),
	MIN_READY,
	HISTORY,
	BOOL(paused, "paused", "Replace no pods for now." DEF("false")),
	INT32(progress_deadline_s, "progressDeadlineSeconds",
	      "How long nothing may move before the rollout counts as failed." DEF("600")),
	END};

const struct sp_field sp_fields_replica_set_spec[] = {REPLICAS, SELECTOR, TEMPLATE, MIN_READY, END};

const struct sp_field sp_fields_stateful_set_spec[] = {
	REPLICAS,
	SELECTOR,
	TEMPLATE,
	STR(service_name, "serviceName", "Service that gives the pods their names."),
	STR(pod_management, "podManagementPolicy",
	    "One after the other, or all at once." DEF("OrderedReady")
		    VALUES("OrderedReady, Parallel")),
	OBJ(STATEFUL_UPDATE, strategy, "updateStrategy", "How pods are replaced."),
	MIN_READY,
	HISTORY,
	TREE_OBJS(PVC, "volumeClaimTemplates", "A claim for each pod."),
	NO_OBJ(CLAIM_RETENTION, "persistentVolumeClaimRetentionPolicy",
	       "When those claims are deleted."),
	NO_OBJ(ORDINALS, "ordinals", "How pods are numbered."),
	END};

const struct sp_field sp_fields_daemon_set_spec[] = {
	SELECTOR,
	TEMPLATE,
	OBJ(DAEMON_UPDATE, strategy, "updateStrategy", "How pods are replaced."),
	MIN_READY,
	HISTORY,
	END};
#undef S

#define S sp_k_strategy
const struct sp_field sp_fields_strategy[] = {
	STR(type, "type",
	    "Bit by bit, or all old ones first." DEF("RollingUpdate")
		    VALUES("RollingUpdate, Recreate")),
	OBJ(ROLLING_UPDATE, rolling, "rollingUpdate", "Pace of RollingUpdate."), END};

const struct sp_field sp_fields_stateful_update[] = {
	STR(type, "type",
	    "By itself, or when pods are deleted." DEF("RollingUpdate")
		    VALUES("RollingUpdate, OnDelete")),
	OBJ(STATEFUL_ROLLING, rolling, "rollingUpdate", "Pace of RollingUpdate."), END};

const struct sp_field sp_fields_daemon_update[] = {
	STR(type, "type",
	    "By itself, or when pods are deleted." DEF("RollingUpdate")
		    VALUES("RollingUpdate, OnDelete")),
	OBJ(ROLLING_UPDATE, rolling, "rollingUpdate", "Pace of RollingUpdate."), END};
#undef S

#define MAX_UNAVAILABLE                                                                            \
	INT_OR_STR(max_unavailable, "maxUnavailable",                                              \
		   "Pods that may be missing: number or percentage.")

#define S sp_k_rolling_update
const struct sp_field sp_fields_rolling_update[] = {
	MAX_UNAVAILABLE,
	INT_OR_STR(max_surge, "maxSurge", "Pods that may be too many: number or percentage."), END};

const struct sp_field sp_fields_stateful_rolling[] = {
	MAX_UNAVAILABLE,
	INT32(partition, "partition", "Pods with smaller numbers stay as they are." DEF("0")), END};
#undef S

const struct sp_field sp_fields_claim_retention[] = {
	NO(STR, "whenDeleted", "When the set is deleted." VALUES("Retain, Delete")),
	NO(STR, "whenScaled", "When the set is made smaller." VALUES("Retain, Delete")), END};

const struct sp_field sp_fields_ordinals[] = {NO(INT32, "start", "First number."), END};

/* ---- services, claims, namespaces ----------------------------------------------------------- */

#define S sp_k_service
const struct sp_field sp_fields_service[] = {
	METADATA, OBJ(SERVICE_SPEC, spec, "spec", "Which pods are reached how."), STATUS, END};
#undef S

#define S sp_k_service_spec
const struct sp_field sp_fields_service_spec[] = {
	STR(type, "type",
	    "From where it is reached." DEF("ClusterIP")
		    VALUES("ClusterIP, NodePort, LoadBalancer, ExternalName")),
	STR(cluster_ip, "clusterIP", "Its address; None makes it headless."),
	MAP(selector, "selector", "Labels of the pods behind it."),
	OBJS(SERVICE_PORT, ports, "ports", "Its ports."),
	NO(STRS, "clusterIPs", "Its addresses."),
	NO(STRS, "ipFamilies", "IPv4, IPv6 or both."),
	NO(STR, "ipFamilyPolicy", "One family or two."),
	NO(STRS, "externalIPs", "More addresses of machines."),
	TREE(STR, "externalName", "DNS name that it stands for."),
	NO(STR, "externalTrafficPolicy", "Which pods get traffic from outside."),
	NO(STR, "internalTrafficPolicy", "Which pods get traffic from inside."),
	NO(STR, "trafficDistribution", "Which pods are preferred."),
	TREE(STR, "sessionAffinity", "Does a client stay with its pod?"),
	NO_OBJ(SESSION_AFFINITY, "sessionAffinityConfig", "Settings of that."),
	TREE(BOOL, "publishNotReadyAddresses", "Count pods that are not ready."),
	NO(INT32, "healthCheckNodePort", "Port for health checks of load balancers."),
	NO(BOOL, "allocateLoadBalancerNodePorts", "Ports of machines for load balancers."),
	NO(STR, "loadBalancerClass", "Which load balancer."),
	NO(STR, "loadBalancerIP", "Wanted address of the load balancer."),
	NO(STRS, "loadBalancerSourceRanges", "Clients that may use it."),
	END};
#undef S

#define S sp_k_service_port
const struct sp_field sp_fields_service_port[] = {
	STR(name, "name", "Name of the port."),
	INT32(port, "port", "Port of the service." VALUES("1 … 65535")),
	INT_OR_STR(target, "targetPort", "Port of the pods, number or name." DEF("port")),
	STR(protocol, "protocol", "Transport." DEF("TCP") VALUES("TCP, UDP, SCTP")),
	STR(app_protocol, "appProtocol", "Protocol above the transport."),
	INT32(node_port, "nodePort", "Port of the machines."),
	END};
#undef S

const struct sp_field sp_fields_session_affinity[] = {
	NO_OBJ(CLIENT_IP, "clientIP", "Affinity by the client's address."), END};

const struct sp_field sp_fields_client_ip[] = {NO(INT32, "timeoutSeconds", "How long it lasts."),
					       END};

#define S sp_k_pvc
const struct sp_field sp_fields_pvc[] = {METADATA, OBJ(PVC_SPEC, spec, "spec", "What is claimed."),
					 STATUS, END};
#undef S

#define S sp_k_pvc_spec
const struct sp_field sp_fields_pvc_spec[] = {
	STRS(access_modes, "accessModes",
	     "How it can be mounted." VALUES(
		     "ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod")),
	OBJ(PVC_RESOURCES, resources, "resources", "How big it is."),
	STR(volume_name, "volumeName", "The very volume."),
	STR(storage_class, "storageClassName", "Class of storage."),
	STR(volume_mode, "volumeMode",
	    "With a file system, or as a device." DEF("Filesystem") VALUES("Filesystem, Block")),
	NO_OBJ(SELECTOR, "selector", "Volumes by labels."),
	NO_OBJ(TYPED_REF, "dataSource", "Object that the content comes from."),
	NO_OBJ(TYPED_NS_REF, "dataSourceRef", "The same, from other namespaces too."),
	NO(STR, "volumeAttributesClassName", "Class of attributes."),
	END};
#undef S

#define S sp_k_resources
const struct sp_field sp_fields_pvc_resources[] = {
	RES(requests, "requests", "Size that is needed."),
	RES(limits, "limits", "Size that is not to be exceeded."), END};
#undef S

const struct sp_field sp_fields_typed_ref[] = {NO(STR, "apiGroup", "Group of the kind."),
					       NO(STR, "kind", "Kind of the object."),
					       NO(STR, "name", "Name of the object."), END};

const struct sp_field sp_fields_typed_ns_ref[] = {
	NO(STR, "apiGroup", "Group of the kind."), NO(STR, "kind", "Kind of the object."),
	NO(STR, "name", "Name of the object."), NO(STR, "namespace", "Namespace of the object."),
	END};

#define S sp_k_namespace
const struct sp_field sp_fields_namespace[] = {
	METADATA, INFO_OBJ(NAMESPACE_SPEC, "spec", "Who must agree to its removal."), STATUS, END};
#undef S

const struct sp_field sp_fields_namespace_spec[] = {
	INFO(STRS, "finalizers", "Who must agree to its removal."), END};
