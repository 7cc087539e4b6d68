/* SPDX-License-Identifier: Apache-2.0 */
/* Field tables of metadata, Pod, containers, ConfigMap and Secret. */
#include "spec/tables_internal.h"

/* ---- metadata ------------------------------------------------------------------------------- */

#define S sp_k_meta
const struct sp_field sp_fields_meta[] = {
	STR(name, "name", "Name of the object, unique per kind and namespace."),
	STR(generate_name, "generateName", "Prefix of a name that is made up when name is absent."),
	STR(ns, "namespace", "Namespace that the object lives in." DEF("default")),
	STR(uid, "uid", "Identity of this very object; given by the system."),
	STR(resource_version, "resourceVersion",
	    "State of the stored object; given by the system."),
	TIME(creation_timestamp, "creationTimestamp", "When it was stored; given by the system."),
	INT64(generation, "generation", "Counts changes of the spec; given by the system."),
	MAP(labels, "labels", "Short texts that selectors look at."),
	MAP(annotations, "annotations", "Texts for tools; nothing selects by them."),
	INFO(STR, "selfLink", "Former address of the object; ignored."),
	INFO(TIME, "deletionTimestamp", "When deletion was asked for; given by the system."),
	INFO(INT64, "deletionGracePeriodSeconds", "Grace of the deletion; given by the system."),
	INFO_OBJS(OWNER, "ownerReferences", "Objects that this one goes away with."),
	INFO(STRS, "finalizers", "Who must agree before the object is removed."),
	INFO(ANY, "managedFields", "Who set which field; kept by the API server."),
	END};
#undef S

const struct sp_field sp_fields_owner[] = {
	INFO(STR, "apiVersion", "Version of the owner's kind."),
	INFO(STR, "kind", "Kind of the owner."),
	INFO(STR, "name", "Name of the owner."),
	INFO(STR, "uid", "Identity of the owner."),
	INFO(BOOL, "controller", "Is the owner the one that manages this object?"),
	INFO(BOOL, "blockOwnerDeletion", "Does the owner wait for this object when deleted?"),
	END};

#define S sp_k_selector
const struct sp_field sp_fields_selector[] = {
	MAP(labels, "matchLabels", "Labels that must have these values."),
	OBJS(SELECTOR_REQ, exprs, "matchExpressions", "Conditions on labels; all must hold."), END};
#undef S

#define S sp_k_selector_req
const struct sp_field sp_fields_selector_req[] = {
	STR(key, "key", "Label that is looked at."),
	STR(op, "operator", "How it is compared." VALUES("In, NotIn, Exists, DoesNotExist")),
	STRS(values, "values", "Values for In and NotIn."), END};
#undef S

/* ---- objects -------------------------------------------------------------------------------- */

#define S sp_k_pod
const struct sp_field sp_fields_pod[] = {
	OBJ(META, meta, "metadata", "Name, namespace, labels, annotations."),
	OBJ(POD_SPEC, spec, "spec", "What is to run, and how."),
	INFO(ANY, "status", "What happened; written by the system."), END};
#undef S

#define S sp_k_config_map
const struct sp_field sp_fields_config_map[] = {
	OBJ(META, meta, "metadata", "Name, namespace, labels, annotations."),
	MAP(data, "data", "Texts by key."),
	BYTES_MAP(binary_data, "binaryData", "Bytes by key, in base64."),
	BOOL(immutable, "immutable", "Refuse changes of the data." DEF("false")), END};
#undef S

#define S sp_k_secret
const struct sp_field sp_fields_secret[] = {
	OBJ(META, meta, "metadata", "Name, namespace, labels, annotations."),
	STR(type, "type", "What the keys mean." DEF("Opaque")),
	BYTES_MAP(data, "data", "Bytes by key, in base64."),
	MAP(string_data, "stringData", "Texts by key; added to data, where they win."),
	BOOL(immutable, "immutable", "Refuse changes of the data." DEF("false")),
	END};
#undef S

/* ---- the pod -------------------------------------------------------------------------------- */

#define S sp_k_pod_template
const struct sp_field sp_fields_pod_template[] = {
	OBJ(META, meta, "metadata", "Labels and annotations of the pods made from this."),
	OBJ(POD_SPEC, spec, "spec", "What is to run, and how."), END};
#undef S

#define S sp_k_pod_spec
const struct sp_field sp_fields_pod_spec[] = {
	OBJS(CONTAINER, init_containers, "initContainers",
	     "Run before the containers, one after the other; with restartPolicy: Always they are "
	     "sidecars and stay until the pod ends."),
	OBJS(CONTAINER, containers, "containers",
	     "The work of the pod; when all have ended the pod ends." VALUES("at least one")),
	OBJS(VOLUME, volumes, "volumes", "Directories that containers can mount."),
	STR(restart_policy, "restartPolicy",
	    "Are ended containers started again? Sidecars always are." DEF("Always")
		    VALUES("Always, OnFailure, Never")),
	INT64(grace_s, "terminationGracePeriodSeconds",
	      "Seconds for the whole ordered stop before what is left is killed." DEF("30")),
	INT64(active_deadline_s, "activeDeadlineSeconds",
	      "Seconds after which the pod is stopped and fails." VALUES("1 … 2147483647")),
	STR(dns_policy, "dnsPolicy",
	    "Where /etc/resolv.conf comes from." DEF("ClusterFirst")
		    VALUES("ClusterFirst, ClusterFirstWithHostNet, Default, None")),
	OBJ(DNS_CONFIG, dns_config, "dnsConfig", "Servers, searches and options for names."),
	OBJ(POD_SECURITY, security, "securityContext",
	    "User, groups and kernel settings for all containers." DEF("{}")),
	OBJS(HOST_ALIAS, host_aliases, "hostAliases", "More lines for /etc/hosts."),
	OBJS(NAME_REF, image_pull_secrets, "imagePullSecrets",
	     "Secrets with logins for registries."),
	OBJS(GATE, readiness_gates, "readinessGates",
	     "Conditions from outside that must be true before the pod is ready."),
	STR(hostname, "hostname", "Host name inside the pod." DEF("name of the pod")),
	STR(subdomain, "subdomain", "Makes the full name <hostname>.<subdomain>.<namespace>.svc."),
	BOOL(fqdn_hostname, "setHostnameAsFQDN",
	     "Is the kernel's host name the full name?" DEF("false")),
	BOOL(host_network, "hostNetwork", "Use the network of the machine." DEF("false")),
	BOOL(host_pid, "hostPID", "See the processes of the machine." DEF("false")),
	BOOL(host_ipc, "hostIPC", "Share System V IPC with the machine." DEF("false")),
	BOOL(host_users, "hostUsers", "false: root inside is nobody outside." DEF("true")),
	BOOL(share_pid, "shareProcessNamespace",
	     "Containers of the pod see each other's processes." DEF("false")),
	BOOL(enable_service_links, "enableServiceLinks", "Variables for each Service." DEF("true")),
	OBJ(RESOURCES, resources, "resources", "Requests and limits of the pod as a whole.",
	    MINOR(34)),
	RES(overhead, "overhead", "What the sandbox itself costs."),
	STR(service_account, "serviceAccountName", "Identity towards the Kubernetes API."),
	STR(node_name, "nodeName", "Machine that runs the pod; set by the scheduler."),
	STR(runtime_class_name, "runtimeClassName", "RuntimeClass that starts the containers."),
	INFO(STR, "serviceAccount", "Old name of serviceAccountName."),
	INFO_OBJ(POD_OS, "os", "Operating system of the containers."),
	NO_OBJS(EPHEMERAL_CONTAINER, "ephemeralContainers",
		"Containers for debugging, added to a running pod only."),
	NO(BOOL, "automountServiceAccountToken", "Mount a token for the Kubernetes API."),
	NO(MAP, "nodeSelector", "Labels that a machine must have."),
	NO_OBJ(AFFINITY, "affinity", "Which machines and which neighbours the pod wants."),
	NO_OBJS(TOLERATION, "tolerations", "Taints of machines that the pod bears."),
	NO_OBJS(TOPOLOGY_SPREAD, "topologySpreadConstraints", "How like pods are spread out."),
	NO_OBJS(SCHEDULING_GATE, "schedulingGates", "Reasons to wait before scheduling."),
	NO_OBJ(SCHEDULING_GROUP, "schedulingGroup", "Pods that are scheduled together."),
	NO(STR, "schedulerName", "Which scheduler places the pod."),
	NO(STR, "priorityClassName", "Name of a priority for scheduling."),
	NO(INT32, "priority", "Number of that priority."),
	NO(STR, "preemptionPolicy", "May it push out pods of lower priority?"),
	NO_OBJS(RESOURCE_CLAIM, "resourceClaims", "Devices that must be allocated first."),
	NO(STR, "hostnameOverride", "Host name inside the pod, also a full name.", MINOR(35)),
	END};
#undef S

#define S sp_k_pod_security
const struct sp_field sp_fields_pod_security[] = {
	INT64(run_as_user, "runAsUser",
	      "User id of the processes." DEF("the image's") VALUES("0 … 2147483647")),
	INT64(run_as_group, "runAsGroup",
	      "Primary group id." DEF("the image's") VALUES("0 … 2147483647")),
	BOOL(run_as_non_root, "runAsNonRoot", "Refuse to start as root." DEF("false")),
	INT64(fs_group, "fsGroup",
	      "Group that owns the files of volumes." VALUES("0 … 2147483647")),
	STR(fs_group_change_policy, "fsGroupChangePolicy",
	    "When volumes are given to fsGroup." DEF("Always") VALUES("Always, OnRootMismatch")),
	INTS(supplemental_groups, "supplementalGroups", "More group ids of the processes."),
	STR(supplemental_groups_policy, "supplementalGroupsPolicy",
	    "Do the image's groups count too?" DEF("Merge") VALUES("Merge, Strict")),
	OBJS(SYSCTL, sysctls, "sysctls", "Kernel settings of the pod's namespaces."),
	OBJ(SECCOMP, seccomp, "seccompProfile", "Filter of system calls."),
	NO_OBJ(APPARMOR, "appArmorProfile", "AppArmor profile."),
	NO_OBJ(SELINUX, "seLinuxOptions", "SELinux label."),
	NO(STR, "seLinuxChangePolicy", "How volumes get the SELinux label."),
	NO_OBJ(WINDOWS, "windowsOptions", "Settings for Windows."),
	END};
#undef S

#define S sp_k_dns_config
const struct sp_field sp_fields_dns_config[] = {
	STRS(nameservers, "nameservers", "Addresses of name servers." VALUES("at most 3")),
	STRS(searches, "searches", "Domains that short names are looked up in."),
	OBJS(DNS_OPTION, options, "options", "Options of the resolver."), END};
#undef S

#define S sp_k_dns_option
const struct sp_field sp_fields_dns_option[] = {
	STR(name, "name", "Name of the option, e.g. ndots."),
	STR(value, "value", "Its value, if it has one."), END};
#undef S

#define S sp_k_host_alias
const struct sp_field sp_fields_host_alias[] = {
	STR(ip, "ip", "Address."), STRS(hostnames, "hostnames", "Names of that address."), END};
#undef S

#define S sp_k_gate
const struct sp_field sp_fields_gate[] = {
	STR(condition_type, "conditionType", "Condition of the pod that must be True."), END};
#undef S

#define S sp_k_name_ref
const struct sp_field sp_fields_name_ref[] = {
	STR(name, "name", "Name of an object in the same namespace."), END};
#undef S

const struct sp_field sp_fields_pod_os[] = {INFO(STR, "name", "linux or windows." VALUES("linux")),
					    END};

const struct sp_field sp_fields_scheduling_gate[] = {NO(STR, "name", "Name of the reason."), END};

const struct sp_field sp_fields_scheduling_group[] = {
	NO(STR, "podGroupName", "Name of the PodGroup."), END};

const struct sp_field sp_fields_resource_claim[] = {
	NO(STR, "name", "Name by which containers ask for it."),
	NO(STR, "resourceClaimName", "An existing ResourceClaim."),
	NO(STR, "resourceClaimTemplateName", "Template that a claim is made from."), END};

const struct sp_field sp_fields_toleration[] = {
	NO(STR, "key", "Key of the taint; all when empty."),
	NO(STR, "operator", "Exists, or Equal with the value."),
	NO(STR, "value", "Value of the taint."),
	NO(STR, "effect", "Effect of the taint; all when empty."),
	NO(INT64, "tolerationSeconds", "How long NoExecute is borne."),
	END};

const struct sp_field sp_fields_topology_spread[] = {
	NO(INT32, "maxSkew", "Allowed difference between domains."),
	NO(STR, "topologyKey", "Label of machines that makes the domains."),
	NO(STR, "whenUnsatisfiable", "Wait, or place anyway."),
	NO_OBJ(SELECTOR, "labelSelector", "Pods that are counted."),
	NO(INT32, "minDomains", "Smallest number of domains."),
	NO(STR, "nodeAffinityPolicy", "Do affinity and selector filter machines first?"),
	NO(STR, "nodeTaintsPolicy", "Do taints filter machines first?"),
	NO(STRS, "matchLabelKeys", "Labels whose own value is added to the selector."),
	END};

const struct sp_field sp_fields_affinity[] = {
	NO_OBJ(NODE_AFFINITY, "nodeAffinity", "Machines that are needed or liked."),
	NO_OBJ(POD_AFFINITY, "podAffinity", "Neighbours that are needed or liked."),
	NO_OBJ(POD_AFFINITY, "podAntiAffinity", "Neighbours that are refused or disliked."), END};

const struct sp_field sp_fields_node_affinity[] = {
	NO_OBJ(NODE_SELECTOR, "requiredDuringSchedulingIgnoredDuringExecution", "Must hold."),
	NO_OBJS(NODE_PREFERENCE, "preferredDuringSchedulingIgnoredDuringExecution",
		"Better if it holds."),
	END};

const struct sp_field sp_fields_node_selector[] = {
	NO_OBJS(NODE_SELECTOR_TERM, "nodeSelectorTerms", "One of these must hold."), END};

const struct sp_field sp_fields_node_selector_term[] = {
	NO_OBJS(NODE_SELECTOR_REQ, "matchExpressions", "Conditions on labels of the machine."),
	NO_OBJS(NODE_SELECTOR_REQ, "matchFields", "Conditions on fields of the machine."), END};

const struct sp_field sp_fields_node_selector_req[] = {
	NO(STR, "key", "Label or field."),
	NO(STR, "operator",
	   "How it is compared." VALUES("In, NotIn, Exists, DoesNotExist, Gt, Lt")),
	NO(STRS, "values", "What it is compared with."), END};

const struct sp_field sp_fields_node_preference[] = {
	NO(INT32, "weight", "How much it counts." VALUES("1 … 100")),
	NO_OBJ(NODE_SELECTOR_TERM, "preference", "What is liked."), END};

const struct sp_field sp_fields_pod_affinity[] = {
	NO_OBJS(POD_AFFINITY_TERM, "requiredDuringSchedulingIgnoredDuringExecution", "Must hold."),
	NO_OBJS(POD_PREFERENCE, "preferredDuringSchedulingIgnoredDuringExecution",
		"Better if it holds."),
	END};

const struct sp_field sp_fields_pod_affinity_term[] = {
	NO_OBJ(SELECTOR, "labelSelector", "Pods that are meant."),
	NO(STRS, "namespaces", "Namespaces of those pods."),
	NO(STR, "topologyKey", "Label of machines that says what near is."),
	NO_OBJ(SELECTOR, "namespaceSelector", "Namespaces by their labels."),
	NO(STRS, "matchLabelKeys", "Labels whose own value must be the same."),
	NO(STRS, "mismatchLabelKeys", "Labels whose own value must differ."),
	END};

const struct sp_field sp_fields_pod_preference[] = {
	NO(INT32, "weight", "How much it counts." VALUES("1 … 100")),
	NO_OBJ(POD_AFFINITY_TERM, "podAffinityTerm", "What is liked."), END};
