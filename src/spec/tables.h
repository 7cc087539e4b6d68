/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The field tables: for each API type of Kubernetes 1.36 that a manifest can hold, all its fields.
 * They are the one source for decoding, for `explain` and for completion.
 *
 * A field is *acted on* (it has a place in the structs of types.h), *informative* (known, changes
 * nothing), or *not acted on* (known, would change behaviour in Kubernetes; listed to the user).
 * Descriptors are small and hold one pointer each, since the supervisor of every pod maps them.
 */
#ifndef SP_SPEC_TABLES_H
#define SP_SPEC_TABLES_H

#include "spec/load.h"

enum sp_field_kind {
	SP_F_STR,        /* const char * */
	SP_F_INT32,      /* struct sp_opt_int, 32-bit range */
	SP_F_INT64,      /* struct sp_opt_int */
	SP_F_BOOL,       /* struct sp_opt_bool */
	SP_F_INT_OR_STR, /* struct sp_int_or_str */
	SP_F_QUANTITY,   /* const char *, checked */
	SP_F_TIME,       /* const char *, RFC 3339, checked */
	SP_F_STRS,       /* struct sp_strs */
	SP_F_INTS,       /* struct sp_ints */
	SP_F_MAP,        /* struct sp_map of texts */
	SP_F_BYTES_MAP,  /* struct sp_map of base64, decoded */
	SP_F_RES,        /* struct sp_res_list: name → quantity */
	SP_F_OBJ,        /* pointer to the struct of its type */
	SP_F_OBJS,       /* SP_LIST of structs of its type */
	SP_F_ANY,        /* not looked into */
	SP_F_KINDS,
};

enum sp_field_act {
	SP_ACT_YES,
	SP_ACT_TREE, /* too, but read from the tree: no struct has it */
	SP_ACT_INFO, /* there is nothing to do about it */
	SP_ACT_NO,
};

struct sp_field {
	const char *text; /* name, documentation and more, see sp_field_*() */
	uint16_t offset;  /* in the struct of the type; SP_ACT_YES only */
	uint8_t type;     /* enum sp_type_id; OBJ and OBJS */
	uint8_t kind;     /* enum sp_field_kind */
	uint8_t act;      /* enum sp_field_act */
	uint8_t minor;    /* first Kubernetes 1.x that knows it by default; 0: always */
};

/* X(id, name in Kubernetes, name of the array of fields, size of the struct or 0) */
#define SP_TYPE_LIST(X)                                                                            \
	X(META, "ObjectMeta", meta, sizeof(struct sp_k_meta))                                      \
	X(OWNER, "OwnerReference", owner, 0)                                                       \
	X(SELECTOR, "LabelSelector", selector, sizeof(struct sp_k_selector))                       \
	X(SELECTOR_REQ, "LabelSelectorRequirement", selector_req,                                  \
	  sizeof(struct sp_k_selector_req))                                                        \
	X(POD, "Pod", pod, sizeof(struct sp_k_pod))                                                \
	X(CONFIG_MAP, "ConfigMap", config_map, sizeof(struct sp_k_config_map))                     \
	X(SECRET, "Secret", secret, sizeof(struct sp_k_secret))                                    \
	X(SERVICE, "Service", service, sizeof(struct sp_k_service))                                \
	X(PVC, "PersistentVolumeClaim", pvc, sizeof(struct sp_k_pvc))                              \
	X(NAMESPACE, "Namespace", namespace, sizeof(struct sp_k_namespace))                        \
	X(JOB, "Job", job, sizeof(struct sp_k_job))                                                \
	X(CRON_JOB, "CronJob", cron_job, sizeof(struct sp_k_cron_job))                             \
	X(DEPLOYMENT, "Deployment", deployment, sizeof(struct sp_k_workload))                      \
	X(REPLICA_SET, "ReplicaSet", replica_set, sizeof(struct sp_k_workload))                    \
	X(STATEFUL_SET, "StatefulSet", stateful_set, sizeof(struct sp_k_workload))                 \
	X(DAEMON_SET, "DaemonSet", daemon_set, sizeof(struct sp_k_workload))                       \
	X(POD_TEMPLATE, "PodTemplateSpec", pod_template, sizeof(struct sp_k_pod_template))         \
	X(POD_SPEC, "PodSpec", pod_spec, sizeof(struct sp_k_pod_spec))                             \
	X(POD_SECURITY, "PodSecurityContext", pod_security, sizeof(struct sp_k_pod_security))      \
	X(DNS_CONFIG, "PodDNSConfig", dns_config, sizeof(struct sp_k_dns_config))                  \
	X(DNS_OPTION, "PodDNSConfigOption", dns_option, sizeof(struct sp_k_dns_option))            \
	X(HOST_ALIAS, "HostAlias", host_alias, sizeof(struct sp_k_host_alias))                     \
	X(GATE, "PodReadinessGate", gate, sizeof(struct sp_k_gate))                                \
	X(NAME_REF, "LocalObjectReference", name_ref, sizeof(struct sp_k_name_ref))                \
	X(POD_OS, "PodOS", pod_os, 0)                                                              \
	X(SCHEDULING_GATE, "PodSchedulingGate", scheduling_gate, 0)                                \
	X(SCHEDULING_GROUP, "PodSchedulingGroup", scheduling_group, 0)                             \
	X(RESOURCE_CLAIM, "PodResourceClaim", resource_claim, 0)                                   \
	X(TOLERATION, "Toleration", toleration, 0)                                                 \
	X(TOPOLOGY_SPREAD, "TopologySpreadConstraint", topology_spread, 0)                         \
	X(AFFINITY, "Affinity", affinity, 0)                                                       \
	X(NODE_AFFINITY, "NodeAffinity", node_affinity, 0)                                         \
	X(NODE_SELECTOR, "NodeSelector", node_selector, 0)                                         \
	X(NODE_SELECTOR_TERM, "NodeSelectorTerm", node_selector_term, 0)                           \
	X(NODE_SELECTOR_REQ, "NodeSelectorRequirement", node_selector_req, 0)                      \
	X(NODE_PREFERENCE, "PreferredSchedulingTerm", node_preference, 0)                          \
	X(POD_AFFINITY, "PodAffinity", pod_affinity, 0)                                            \
	X(POD_AFFINITY_TERM, "PodAffinityTerm", pod_affinity_term, 0)                              \
	X(POD_PREFERENCE, "WeightedPodAffinityTerm", pod_preference, 0)                            \
	X(CONTAINER, "Container", container, sizeof(struct sp_k_container))                        \
	X(EPHEMERAL_CONTAINER, "EphemeralContainer", ephemeral_container, 0)                       \
	X(PORT, "ContainerPort", port, sizeof(struct sp_k_port))                                   \
	X(ENV, "EnvVar", env, sizeof(struct sp_k_env))                                             \
	X(ENV_SOURCE, "EnvVarSource", env_source, sizeof(struct sp_k_env_source))                  \
	X(ENV_FROM, "EnvFromSource", env_from, sizeof(struct sp_k_env_from))                       \
	X(KEY_REF, "ConfigMapKeySelector", key_ref, sizeof(struct sp_k_key_ref))                   \
	X(SOURCE_REF, "ConfigMapEnvSource", source_ref, sizeof(struct sp_k_key_ref))               \
	X(FIELD_REF, "ObjectFieldSelector", field_ref, sizeof(struct sp_k_field_ref))              \
	X(RES_FIELD_REF, "ResourceFieldSelector", res_field_ref,                                   \
	  sizeof(struct sp_k_res_field_ref))                                                       \
	X(FILE_KEY_REF, "FileKeySelector", file_key_ref, 0)                                        \
	X(RESOURCES, "ResourceRequirements", resources, sizeof(struct sp_k_resources))             \
	X(CONTAINER_CLAIM, "ResourceClaim", container_claim, 0)                                    \
	X(RESIZE_POLICY, "ContainerResizePolicy", resize_policy, 0)                                \
	X(MOUNT, "VolumeMount", mount, sizeof(struct sp_k_mount))                                  \
	X(DEVICE, "VolumeDevice", device, 0)                                                       \
	X(PROBE, "Probe", probe, sizeof(struct sp_k_probe))                                        \
	X(LIFECYCLE, "Lifecycle", lifecycle, sizeof(struct sp_k_lifecycle))                        \
	X(HANDLER, "LifecycleHandler", handler, sizeof(struct sp_k_handler))                       \
	X(EXEC, "ExecAction", exec, sizeof(struct sp_k_exec))                                      \
	X(HTTP_GET, "HTTPGetAction", http_get, sizeof(struct sp_k_http_get))                       \
	X(HEADER, "HTTPHeader", header, sizeof(struct sp_k_header))                                \
	X(TCP, "TCPSocketAction", tcp, sizeof(struct sp_k_tcp))                                    \
	X(GRPC, "GRPCAction", grpc, sizeof(struct sp_k_grpc))                                      \
	X(SLEEP, "SleepAction", sleep, sizeof(struct sp_k_sleep))                                  \
	X(RESTART_RULE, "ContainerRestartRule", restart_rule, sizeof(struct sp_k_restart_rule))    \
	X(EXIT_CODES, "ContainerRestartRuleOnExitCodes", exit_codes,                               \
	  sizeof(struct sp_k_exit_codes))                                                          \
	X(SECURITY, "SecurityContext", security, sizeof(struct sp_k_security))                     \
	X(CAPS, "Capabilities", caps, sizeof(struct sp_k_caps))                                    \
	X(SECCOMP, "SeccompProfile", seccomp, sizeof(struct sp_k_seccomp))                         \
	X(APPARMOR, "AppArmorProfile", apparmor, 0)                                                \
	X(SELINUX, "SELinuxOptions", selinux, 0)                                                   \
	X(WINDOWS, "WindowsSecurityContextOptions", windows, 0)                                    \
	X(SYSCTL, "Sysctl", sysctl, sizeof(struct sp_k_sysctl))                                    \
	X(VOLUME, "Volume", volume, sizeof(struct sp_k_volume))                                    \
	X(EMPTY_DIR, "EmptyDirVolumeSource", empty_dir, sizeof(struct sp_k_empty_dir))             \
	X(HOST_PATH, "HostPathVolumeSource", host_path, sizeof(struct sp_k_host_path))             \
	X(CONFIG_MAP_VOLUME, "ConfigMapVolumeSource", config_map_volume,                           \
	  sizeof(struct sp_k_object_volume))                                                       \
	X(SECRET_VOLUME, "SecretVolumeSource", secret_volume, sizeof(struct sp_k_object_volume))   \
	X(OBJECT_PROJECTION, "ConfigMapProjection", object_projection,                             \
	  sizeof(struct sp_k_object_volume))                                                       \
	X(ITEM, "KeyToPath", item, sizeof(struct sp_k_item))                                       \
	X(DOWNWARD, "DownwardAPIVolumeSource", downward, sizeof(struct sp_k_downward))             \
	X(DOWNWARD_PROJECTION, "DownwardAPIProjection", downward_projection,                       \
	  sizeof(struct sp_k_downward))                                                            \
	X(DOWNWARD_ITEM, "DownwardAPIVolumeFile", downward_item,                                   \
	  sizeof(struct sp_k_downward_item))                                                       \
	X(PROJECTED, "ProjectedVolumeSource", projected, sizeof(struct sp_k_projected))            \
	X(PROJECTION, "VolumeProjection", projection, sizeof(struct sp_k_projection))              \
	X(TOKEN_PROJECTION, "ServiceAccountTokenProjection", token_projection, 0)                  \
	X(TRUST_PROJECTION, "ClusterTrustBundleProjection", trust_projection, 0)                   \
	X(CERT_PROJECTION, "PodCertificateProjection", cert_projection, 0)                         \
	X(PVC_REF, "PersistentVolumeClaimVolumeSource", pvc_ref, sizeof(struct sp_k_pvc_ref))      \
	X(IMAGE_VOLUME, "ImageVolumeSource", image_volume, 0)                                      \
	X(EPHEMERAL_VOLUME, "EphemeralVolumeSource", ephemeral_volume, 0)                          \
	X(PVC_TEMPLATE, "PersistentVolumeClaimTemplate", pvc_template, 0)                          \
	X(CSI, "CSIVolumeSource", csi, 0)                                                          \
	X(NFS, "NFSVolumeSource", nfs, 0)                                                          \
	X(ISCSI, "ISCSIVolumeSource", iscsi, 0)                                                    \
	X(GLUSTERFS, "GlusterfsVolumeSource", glusterfs, 0)                                        \
	X(RBD, "RBDVolumeSource", rbd, 0)                                                          \
	X(FLEX, "FlexVolumeSource", flex, 0)                                                       \
	X(CINDER, "CinderVolumeSource", cinder, 0)                                                 \
	X(CEPHFS, "CephFSVolumeSource", cephfs, 0)                                                 \
	X(FLOCKER, "FlockerVolumeSource", flocker, 0)                                              \
	X(FC, "FCVolumeSource", fc, 0)                                                             \
	X(AZURE_FILE, "AzureFileVolumeSource", azure_file, 0)                                      \
	X(AZURE_DISK, "AzureDiskVolumeSource", azure_disk, 0)                                      \
	X(VSPHERE, "VsphereVirtualDiskVolumeSource", vsphere, 0)                                   \
	X(QUOBYTE, "QuobyteVolumeSource", quobyte, 0)                                              \
	X(PHOTON, "PhotonPersistentDiskVolumeSource", photon, 0)                                   \
	X(PORTWORX, "PortworxVolumeSource", portworx, 0)                                           \
	X(SCALE_IO, "ScaleIOVolumeSource", scale_io, 0)                                            \
	X(STORAGE_OS, "StorageOSVolumeSource", storage_os, 0)                                      \
	X(GCE_DISK, "GCEPersistentDiskVolumeSource", gce_disk, 0)                                  \
	X(AWS_DISK, "AWSElasticBlockStoreVolumeSource", aws_disk, 0)                               \
	X(GIT_REPO, "GitRepoVolumeSource", git_repo, 0)                                            \
	X(SERVICE_SPEC, "ServiceSpec", service_spec, sizeof(struct sp_k_service_spec))             \
	X(SERVICE_PORT, "ServicePort", service_port, sizeof(struct sp_k_service_port))             \
	X(SESSION_AFFINITY, "SessionAffinityConfig", session_affinity, 0)                          \
	X(CLIENT_IP, "ClientIPConfig", client_ip, 0)                                               \
	X(PVC_SPEC, "PersistentVolumeClaimSpec", pvc_spec, sizeof(struct sp_k_pvc_spec))           \
	X(PVC_RESOURCES, "VolumeResourceRequirements", pvc_resources,                              \
	  sizeof(struct sp_k_resources))                                                           \
	X(TYPED_REF, "TypedLocalObjectReference", typed_ref, 0)                                    \
	X(TYPED_NS_REF, "TypedObjectReference", typed_ns_ref, 0)                                   \
	X(NAMESPACE_SPEC, "NamespaceSpec", namespace_spec, 0)                                      \
	X(JOB_SPEC, "JobSpec", job_spec, sizeof(struct sp_k_job_spec))                             \
	X(JOB_TEMPLATE, "JobTemplateSpec", job_template, sizeof(struct sp_k_job_template))         \
	X(FAILURE_POLICY, "PodFailurePolicy", failure_policy, sizeof(struct sp_k_failure_policy))  \
	X(FAILURE_RULE, "PodFailurePolicyRule", failure_rule, sizeof(struct sp_k_failure_rule))    \
	X(FAILURE_CODES, "PodFailurePolicyOnExitCodesRequirement", failure_codes,                  \
	  sizeof(struct sp_k_failure_codes))                                                       \
	X(FAILURE_CONDITION, "PodFailurePolicyOnPodConditionsPattern", failure_condition,          \
	  sizeof(struct sp_k_failure_condition))                                                   \
	X(SUCCESS_POLICY, "SuccessPolicy", success_policy, sizeof(struct sp_k_success_policy))     \
	X(SUCCESS_RULE, "SuccessPolicyRule", success_rule, sizeof(struct sp_k_success_rule))       \
	X(CRON_JOB_SPEC, "CronJobSpec", cron_job_spec, sizeof(struct sp_k_cron_job_spec))          \
	X(DEPLOYMENT_SPEC, "DeploymentSpec", deployment_spec, sizeof(struct sp_k_workload_spec))   \
	X(STRATEGY, "DeploymentStrategy", strategy, sizeof(struct sp_k_strategy))                  \
	X(ROLLING_UPDATE, "RollingUpdateDeployment", rolling_update,                               \
	  sizeof(struct sp_k_rolling_update))                                                      \
	X(REPLICA_SET_SPEC, "ReplicaSetSpec", replica_set_spec, sizeof(struct sp_k_workload_spec)) \
	X(STATEFUL_SET_SPEC, "StatefulSetSpec", stateful_set_spec,                                 \
	  sizeof(struct sp_k_workload_spec))                                                       \
	X(STATEFUL_UPDATE, "StatefulSetUpdateStrategy", stateful_update,                           \
	  sizeof(struct sp_k_strategy))                                                            \
	X(STATEFUL_ROLLING, "RollingUpdateStatefulSetStrategy", stateful_rolling,                  \
	  sizeof(struct sp_k_rolling_update))                                                      \
	X(CLAIM_RETENTION, "StatefulSetPersistentVolumeClaimRetentionPolicy", claim_retention, 0)  \
	X(ORDINALS, "StatefulSetOrdinals", ordinals, 0)                                            \
	X(DAEMON_SET_SPEC, "DaemonSetSpec", daemon_set_spec, sizeof(struct sp_k_workload_spec))    \
	X(DAEMON_UPDATE, "DaemonSetUpdateStrategy", daemon_update, sizeof(struct sp_k_strategy))

#define SP_TYPE_ENUM(id, name, fields, size) SP_T_##id,
enum sp_type_id { SP_T_NONE, SP_TYPE_LIST(SP_TYPE_ENUM) SP_TYPES };
#undef SP_TYPE_ENUM
_Static_assert(SP_TYPES < 256, "struct sp_field keeps the type in a byte");

struct sp_type {
	const char *name;              /* as Kubernetes calls it: "PodSpec" */
	const struct sp_field *fields; /* ended by a field without text */
	uint16_t size;                 /* of the struct; 0: has none */
};

const struct sp_type *sp_type_get(enum sp_type_id id);

/** sp_type_field() - NULL when the type has no such field */
const struct sp_field *sp_type_field(enum sp_type_id id, const char *name);

/** sp_type_is_object() - Has the type apiVersion and kind beside its fields? */
bool sp_type_is_object(enum sp_type_id id);

/** sp_kind_find() - By apiVersion and kind; SP_KIND_UNKNOWN when there is no such one */
enum sp_kind sp_kind_find(const char *api_version, const char *name);
/** sp_kind_type() - Root type of a kind; SP_T_NONE for the unknown kind */
enum sp_type_id sp_kind_type(enum sp_kind kind);
const char *sp_kind_api_version(enum sp_kind kind); /* "apps/v1" */

const char *sp_field_name(const struct sp_field *f);
const char *sp_field_doc(const struct sp_field *f);       /* one line */
const char *sp_field_default(const struct sp_field *f);   /* NULL none */
const char *sp_field_values(const struct sp_field *f);    /* range or words; NULL any */
const char *sp_field_where(const struct sp_field *f);     /* kinds of containers; NULL all */
const char *sp_field_kind_name(const struct sp_field *f); /* "string", "list of maps", … */

#endif
