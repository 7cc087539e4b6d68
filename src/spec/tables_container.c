/* SPDX-License-Identifier: Apache-2.0 */
/* Field tables of containers: image, environment, probes, hooks, resources, security. */
#include "spec/tables_internal.h"

#define S sp_k_container
const struct sp_field sp_fields_container[] = {
	STR(name, "name", "Name, unique among all containers of the pod." VALUES("DNS label")),
	STR(image, "image", "Reference of the image."),
	STR(image_pull_policy, "imagePullPolicy",
	    "When the registry is asked for the image." DEF(
		    "Always for :latest or no tag, else IfNotPresent")
		    VALUES("Always, IfNotPresent, Never")),
	STRS(command, "command", "Replaces the image's entry point; $(NAME) is expanded."),
	STRS(args, "args", "Replaces the image's arguments; $(NAME) is expanded."),
	STR(working_dir, "workingDir", "Where the command starts." DEF("the image's")),
	OBJS(ENV, env, "env", "Environment variables, in order; later ones win."),
	OBJS(ENV_FROM, env_from, "envFrom", "All keys of ConfigMaps and Secrets as variables."),
	OBJS(PORT, ports, "ports", "Ports that the container listens on."),
	OBJS(MOUNT, mounts, "volumeMounts", "Volumes in the container's file system."),
	OBJ(RESOURCES, resources, "resources",
	    "Requests and limits of cpu and memory." WHERE("init, sidecar, regular")),
	STR(restart_policy, "restartPolicy",
	    "On an init container: Always makes it a sidecar. Elsewhere it overrides the pod's." VALUES(
		    "Always, OnFailure, Never") WHERE("init, sidecar, regular"),
	    MINOR(29)),
	OBJS(RESTART_RULE, restart_rules, "restartPolicyRules",
	     "What to do for certain exit codes; the first match wins." VALUES("at most 20")
		     WHERE("init, sidecar, regular"),
	     MINOR(35)),
	OBJ(PROBE, startup, "startupProbe",
	    "Must succeed once before the container counts as started." WHERE("sidecar, regular")),
	OBJ(PROBE, liveness, "livenessProbe",
	    "When it fails the container is restarted." WHERE("sidecar, regular")),
	OBJ(PROBE, readiness, "readinessProbe",
	    "Says whether the container can serve." WHERE("sidecar, regular")),
	OBJ(LIFECYCLE, lifecycle, "lifecycle",
	    "Hooks after start and before stop." WHERE("sidecar, regular")),
	OBJ(SECURITY, security, "securityContext", "User, capabilities and other rights."),
	STR(termination_message_path, "terminationMessagePath",
	    "File whose end becomes the termination message." DEF("/dev/termination-log")),
	STR(termination_message_policy, "terminationMessagePolicy",
	    "May the log stand in for that file?" DEF("File")
		    VALUES("File, FallbackToLogsOnError")),
	BOOL(stdin_open, "stdin", "Keep standard input open." DEF("false")),
	BOOL(stdin_once, "stdinOnce", "Close it when the first client leaves." DEF("false")),
	BOOL(tty, "tty", "Give it a terminal; needs stdin." DEF("false")),
	NO_OBJS(DEVICE, "volumeDevices", "Block devices of claims."),
	NO_OBJS(RESIZE_POLICY, "resizePolicy", "Must it restart when resources change?"),
	END};
#undef S

/* Beside these it has what a container has. */
const struct sp_field sp_fields_ephemeral_container[] = {
	NO(STR, "targetContainerName", "Container whose processes it sees."), END};

#define S sp_k_port
const struct sp_field sp_fields_port[] = {
	STR(name, "name", "Name that probes and services can use." VALUES("15 characters")),
	INT32(container_port, "containerPort", "Port in the pod." VALUES("1 … 65535")),
	INT32(host_port, "hostPort", "Port of the machine that leads to it." VALUES("1 … 65535")),
	STR(host_ip, "hostIP", "Address of the machine that hostPort is on."),
	STR(protocol, "protocol", "Transport." DEF("TCP") VALUES("TCP, UDP, SCTP")),
	END};
#undef S

#define S sp_k_env
const struct sp_field sp_fields_env[] = {
	STR(name, "name", "Name of the variable."),
	STR(value, "value", "Its text; $(NAME) of earlier variables is expanded." DEF("empty")),
	OBJ(ENV_SOURCE, from, "valueFrom", "Where the value comes from instead."), END};
#undef S

#define S sp_k_env_source
const struct sp_field sp_fields_env_source[] = {
	OBJ(FIELD_REF, field, "fieldRef", "A field of the pod."),
	OBJ(RES_FIELD_REF, resource, "resourceFieldRef", "A request or limit."),
	OBJ(KEY_REF, config_map, "configMapKeyRef", "A key of a ConfigMap."),
	OBJ(KEY_REF, secret, "secretKeyRef", "A key of a Secret."),
	NO_OBJ(FILE_KEY_REF, "fileKeyRef", "A line of a file in a volume.", MINOR(35)),
	END};
#undef S

#define S sp_k_env_from
const struct sp_field sp_fields_env_from[] = {
	STR(prefix, "prefix", "Put in front of each key."),
	OBJ(SOURCE_REF, config_map, "configMapRef", "ConfigMap with the keys."),
	OBJ(SOURCE_REF, secret, "secretRef", "Secret with the keys."), END};
#undef S

#define S sp_k_key_ref
const struct sp_field sp_fields_key_ref[] = {
	STR(name, "name", "Name of the object."), STR(key, "key", "Key in it."),
	BOOL(optional, "optional", "Leave the variable out when it is missing." DEF("false")), END};

const struct sp_field sp_fields_source_ref[] = {
	STR(name, "name", "Name of the object."),
	BOOL(optional, "optional", "Go on without it when it is missing." DEF("false")), END};
#undef S

#define S sp_k_field_ref
const struct sp_field sp_fields_field_ref[] = {
	STR(api_version, "apiVersion", "Version of the path's schema." DEF("v1")),
	STR(field_path, "fieldPath", "Path, e.g. metadata.name or status.podIP."), END};
#undef S

#define S sp_k_res_field_ref
const struct sp_field sp_fields_res_field_ref[] = {
	STR(container, "containerName", "Container that is meant; needed in volumes."),
	STR(resource, "resource", "For example limits.memory or requests.cpu."),
	QUANTITY(divisor, "divisor", "Unit of the result; it is rounded up." DEF("1")), END};
#undef S

const struct sp_field sp_fields_file_key_ref[] = {
	NO(STR, "volumeName", "Volume with the file."), NO(STR, "path", "File in the volume."),
	NO(STR, "key", "Key in the file."), NO(BOOL, "optional", "May it be missing?"), END};

#define S sp_k_resources
const struct sp_field sp_fields_resources[] = {
	RES(requests, "requests", "What is set aside." DEF("the limit, if there is one")),
	RES(limits, "limits", "What must not be exceeded."),
	NO_OBJS(CONTAINER_CLAIM, "claims", "Devices of the pod's resourceClaims."), END};
#undef S

const struct sp_field sp_fields_container_claim[] = {
	NO(STR, "name", "Name in resourceClaims."), NO(STR, "request", "Part of that claim."), END};

const struct sp_field sp_fields_resize_policy[] = {
	NO(STR, "resourceName", "Resource that is meant."),
	NO(STR, "restartPolicy", "NotRequired or RestartContainer."), END};

#define S sp_k_mount
const struct sp_field sp_fields_mount[] = {
	STR(name, "name", "Name of the volume."),
	STR(mount_path, "mountPath", "Where it appears in the container."),
	STR(sub_path, "subPath", "Path inside the volume to mount." DEF("its root")),
	STR(sub_path_expr, "subPathExpr", "Like subPath, with $(NAME) expanded."),
	BOOL(read_only, "readOnly", "No writing through this mount." DEF("false")),
	STR(recursive_read_only, "recursiveReadOnly",
	    "Does readOnly hold for mounts below?" DEF("Disabled")
		    VALUES("Disabled, IfPossible, Enabled")),
	STR(propagation, "mountPropagation",
	    "Do later mounts pass in or out?" DEF("None")
		    VALUES("None, HostToContainer, Bidirectional")),
	END};
#undef S

const struct sp_field sp_fields_device[] = {
	NO(STR, "name", "Name of the volume."),
	NO(STR, "devicePath", "Where the device appears in the container."), END};

#define S sp_k_probe
const struct sp_field sp_fields_probe[] = {
	OBJ(EXEC, exec, "exec", "Run a command in the container; 0 is success."),
	OBJ(HTTP_GET, http, "httpGet", "Ask a web server; 200 to 399 is success."),
	OBJ(TCP, tcp, "tcpSocket", "Open a connection."),
	OBJ(GRPC, grpc, "grpc", "Ask a gRPC health service."),
	INT32(initial_delay_s, "initialDelaySeconds",
	      "Wait after start before the first try." DEF("0")),
	INT32(period_s, "periodSeconds", "Time between tries." DEF("10")),
	INT32(timeout_s, "timeoutSeconds", "Time after which a try has failed." DEF("1")),
	INT32(success_threshold, "successThreshold",
	      "Successes in a row that are needed." DEF("1")),
	INT32(failure_threshold, "failureThreshold", "Failures in a row that are needed." DEF("3")),
	INT64(grace_s, "terminationGracePeriodSeconds",
	      "Grace of the kill after this probe failed; not for readiness." DEF("the pod's")),
	END};
#undef S

#define S sp_k_lifecycle
const struct sp_field sp_fields_lifecycle[] = {
	OBJ(HANDLER, post_start, "postStart",
	    "Runs right after start; the container is not started before it succeeds."),
	OBJ(HANDLER, pre_stop, "preStop", "Runs before the stop signal, within the grace period."),
	STR(stop_signal, "stopSignal",
	    "Signal that asks it to stop." DEF("the image's, or SIGTERM"), MINOR(33)),
	END};
#undef S

#define S sp_k_handler
const struct sp_field sp_fields_handler[] = {
	OBJ(EXEC, exec, "exec", "Run a command in the container."),
	OBJ(HTTP_GET, http, "httpGet", "Send a request; any answer will do."),
	OBJ(TCP, tcp, "tcpSocket", "Accepted by the API, but always fails."),
	OBJ(SLEEP, sleep, "sleep", "Only wait.", MINOR(30)), END};
#undef S

#define S sp_k_exec
const struct sp_field sp_fields_exec[] = {
	STRS(command, "command", "Program and arguments; no shell is involved."), END};
#undef S

#define S sp_k_http_get
const struct sp_field sp_fields_http_get[] = {
	STR(path, "path", "Path of the request." DEF("/")),
	INT_OR_STR(port, "port", "Number, or name of a port of the container."),
	STR(host, "host", "Where to connect to." DEF("the pod's address")),
	STR(scheme, "scheme",
	    "HTTPS does not check the certificate." DEF("HTTP") VALUES("HTTP, HTTPS")),
	OBJS(HEADER, headers, "httpHeaders", "More headers of the request."),
	END};
#undef S

#define S sp_k_header
const struct sp_field sp_fields_header[] = {STR(name, "name", "Name of the header."),
					    STR(value, "value", "Its value."), END};
#undef S

#define S sp_k_tcp
const struct sp_field sp_fields_tcp[] = {
	INT_OR_STR(port, "port", "Number, or name of a port of the container."),
	STR(host, "host", "Where to connect to." DEF("the pod's address")), END};
#undef S

#define S sp_k_grpc
const struct sp_field sp_fields_grpc[] = {
	INT32(port, "port", "Number of the port; names are not allowed." VALUES("1 … 65535")),
	STR(service, "service", "Service that is asked about." DEF("empty")), END};
#undef S

#define S sp_k_sleep
const struct sp_field sp_fields_sleep[] = {
	INT64(seconds, "seconds", "How long." VALUES("0 … the pod's grace period")), END};
#undef S

#define S sp_k_restart_rule
const struct sp_field sp_fields_restart_rule[] = {
	STR(action, "action", "What to do." VALUES("Restart, RestartAllContainers")),
	OBJ(EXIT_CODES, exit_codes, "exitCodes", "Exit codes that it is for."), END};
#undef S

#define S sp_k_exit_codes
const struct sp_field sp_fields_exit_codes[] = {
	STR(op, "operator", "In the list, or not in it." VALUES("In, NotIn")),
	INTS(values, "values", "Exit codes." VALUES("at most 255")), END};
#undef S

#define S sp_k_security
const struct sp_field sp_fields_security[] = {
	INT64(run_as_user, "runAsUser",
	      "User id." DEF("the pod's, then the image's") VALUES("0 … 2147483647")),
	INT64(run_as_group, "runAsGroup",
	      "Primary group id." DEF("the pod's, then the image's") VALUES("0 … 2147483647")),
	BOOL(run_as_non_root, "runAsNonRoot", "Refuse to start as root." DEF("the pod's")),
	BOOL(privileged, "privileged", "All rights of the machine's root." DEF("false")),
	BOOL(allow_escalation, "allowPrivilegeEscalation",
	     "false: no process can gain rights, e.g. through setuid." DEF("true")),
	BOOL(read_only_rootfs, "readOnlyRootFilesystem",
	     "The image's files cannot be changed." DEF("false")),
	OBJ(CAPS, caps, "capabilities", "Rights to add or drop."),
	STR(proc_mount, "procMount",
	    "Are parts of /proc hidden?" DEF("Default") VALUES("Default, Unmasked")),
	OBJ(SECCOMP, seccomp, "seccompProfile", "Filter of system calls." DEF("the pod's")),
	NO_OBJ(APPARMOR, "appArmorProfile", "AppArmor profile."),
	NO_OBJ(SELINUX, "seLinuxOptions", "SELinux label."),
	NO_OBJ(WINDOWS, "windowsOptions", "Settings for Windows."),
	END};
#undef S

#define S sp_k_caps
const struct sp_field sp_fields_caps[] = {
	STRS(add, "add", "Capabilities to add, without CAP_; or ALL."),
	STRS(drop, "drop", "Capabilities to drop, without CAP_; or ALL."), END};
#undef S

#define S sp_k_seccomp
const struct sp_field sp_fields_seccomp[] = {
	STR(type, "type", "Which filter." VALUES("Unconfined, RuntimeDefault, Localhost")),
	STR(localhost_profile, "localhostProfile", "File with the filter, for Localhost."), END};
#undef S

#define S sp_k_sysctl
const struct sp_field sp_fields_sysctl[] = {STR(name, "name", "Name, e.g. net.core.somaxconn."),
					    STR(value, "value", "Its value."), END};
#undef S

const struct sp_field sp_fields_apparmor[] = {
	NO(STR, "type", "Which profile." VALUES("Unconfined, RuntimeDefault, Localhost")),
	NO(STR, "localhostProfile", "Name of a loaded profile, for Localhost."), END};

const struct sp_field sp_fields_selinux[] = {
	NO(STR, "user", "User of the label."), NO(STR, "role", "Role of the label."),
	NO(STR, "type", "Type of the label."), NO(STR, "level", "Level of the label."), END};

const struct sp_field sp_fields_windows[] = {
	NO(STR, "gmsaCredentialSpecName", "Name of a credential spec."),
	NO(STR, "gmsaCredentialSpec", "The credential spec itself."),
	NO(STR, "runAsUserName", "User name."),
	NO(BOOL, "hostProcess", "Run as a process of the machine."), END};
