/* SPDX-License-Identifier: Apache-2.0 */
/* Lifecycle rules in one or two sentences: what a pod is, defaults, validation, sandbox. */
#include "explain/explain_internal.h"

const struct sp_explained sp_rules_model[] = {
	{"VOC-1", "Only an entry of initContainers with restartPolicy Always is a sidecar. "
		  "OnFailure or Never there make a plain init container with a policy of its "
		  "own, and Always on a regular container merely restarts that container."},
	{"VOC-2", "A pod has no list called sidecarContainers; a manifest that carries one has "
		  "an unknown field."},
	{"VOC-3", "Sidecar and restartable init container are two words for the same thing. "
		  "Kinds mix freely; at least one regular container is required."},
	{"VOC-4", "An instance is one execution of a container. Instances are numbered from 0, "
		  "and the number of the newest one is the restart count."},
	{"VOC-5", "The sandbox is what the containers of a pod share: network, IPC, cgroup, "
		  "address. Instances belong to the sandbox they were created in and end with "
		  "it."},
	{"VOC-6", "Succeeded and Failed are terminal: a pod never leaves them."},
	{"VOC-7", "Started and ready are two separate facts about a container. The start order "
		  "looks at started alone."},
	{"VOC-8", "For every rule an instance counts as running once its postStart hook has "
		  "succeeded; outside it shows as waiting until then, although its process "
		  "exists."},
	{"VOC-9", "Decisions depend on the pod, what happened and the time, on nothing else: the "
		  "same input always gives the same actions."},
	{"DEF-1", "A pod without restartPolicy has Always. Jobs must say OnFailure or Never."},
	{"DEF-2", "terminationGracePeriodSeconds is 30 unless given."},
	{"DEF-3", "dnsPolicy is ClusterFirst unless given."},
	{"DEF-4", "A missing pod securityContext is an empty one."},
	{"DEF-5", "enableServiceLinks is true unless given."},
	{"DEF-6", "imagePullPolicy is Always for the tag latest and for references without tag "
		  "and digest, otherwise IfNotPresent."},
	{"DEF-7", "Termination messages are read from /dev/termination-log, policy File."},
	{"DEF-8", "A port speaks TCP unless it says otherwise."},
	{"DEF-9", "With hostNetwork a port without hostPort gets its containerPort as hostPort."},
	{"DEF-10", "Probe numbers that are absent or 0 become: timeout 1 s, period 10 s, one "
		   "success, three failures; the initial delay stays 0."},
	{"DEF-11", "An httpGet handler asks for / over HTTP unless told otherwise."},
	{"DEF-12", "A gRPC probe asks for the empty service name unless told otherwise."},
	{"DEF-13", "A limit without a request is also the request, for each resource and each "
		   "kind of container."},
	{"DEF-14", "Pod-level limits fill in missing pod-level requests: with the sum of the "
		   "containers if there is one, else with the limit."},
	{"DEF-15", "A volume without a source is an emptyDir."},
	{"DEF-16", "Files of secret, configMap, downwardAPI and projected volumes have mode 0644 "
		   "unless given."},
	{"DEF-17", "A hostPath without a type is not checked."},
	{"DEF-18", "A fieldRef without apiVersion means v1."},
	{"DEF-19", "A service account token volume asks for a token of 3600 seconds."},
	{"DEF-20", "Objects without a namespace are in the namespace default."},
	{"VAL-1", "A problem reads \"<path>: <kind of problem>: <value>: <detail>\"; several "
		  "problems of an object are told together."},
	{"VAL-2", "Kinds of problems: Required value, Forbidden, Invalid value, Unsupported "
		  "value, Duplicate value, Not found, Too long, Too many. Only some of them "
		  "repeat the value."},
	{"VAL-3", "Texts in problems are quoted, numbers bare, structures compact JSON; paths "
		  "use dots, [index] and [key]."},
	{"VAL-4", "All problems are collected in a fixed order: metadata, volumes, containers, "
		  "init containers, then the fields of the pod."},
	{"VAL-10", "A pod needs at least one entry in containers."},
	{"VAL-11", "A container needs a name that is a DNS label: lower case letters, digits and "
		   "hyphens, at most 63 characters."},
	{"VAL-12", "Names are unique over init, sidecar and regular containers together."},
	{"VAL-13", "A container needs an image, without blanks around it."},
	{"VAL-14", "Probes and lifecycle hooks are forbidden on plain init containers; sidecars "
		   "may have them."},
	{"VAL-15", "A container's restartPolicy is Always, Never or OnFailure."},
	{"VAL-16", "restartPolicyRules need a restartPolicy on the same container."},
	{"VAL-17", "At most 20 restart rules, each with action Restart or RestartAllContainers, "
		   "operator In or NotIn and at most 255 exit codes."},
	{"VAL-18", "A pod's restartPolicy is Always, OnFailure or Never."},
	{"VAL-19", "imagePullPolicy is Always, IfNotPresent or Never; terminationMessagePolicy is "
		   "File or FallbackToLogsOnError."},
	{"VAL-20", "metadata.name is a DNS subdomain of at most 253 characters; hostname and "
		   "subdomain are DNS labels."},
	{"VAL-21", "Ephemeral containers cannot be given when a pod is created."},
	{"VAL-30", "A port name has 1 to 15 lower case letters, digits and hyphens, at least one "
		   "letter, and no hyphen at its ends or twice in a row."},
	{"VAL-31", "Port names are unique within a container; two containers may use the same "
		   "one."},
	{"VAL-32", "containerPort is required and lies between 1 and 65535, hostPort too when it "
		   "is given."},
	{"VAL-33", "A port's protocol is TCP, UDP or SCTP."},
	{"VAL-34", "Two regular containers cannot ask for the same host port. A clash with a "
		   "sidecar is not found here; it shows when the port is bound."},
	{"VAL-35", "With hostNetwork a host port must equal the container port."},
	{"VAL-36", "The same containerPort may appear any number of times."},
	{"VAL-40", "A probe has exactly one handler: exec, httpGet, tcpSocket or grpc."},
	{"VAL-41", "An exec handler needs a command; ports are numbers from 1 to 65535 or "
		   "well-formed names. Whether a named port exists is found out when the probe "
		   "runs."},
	{"VAL-42", "No number of a probe may be negative; 0 means the default."},
	{"VAL-43", "successThreshold of liveness and startup probes must be 1."},
	{"VAL-44", "A probe's own terminationGracePeriodSeconds must be above 0 and is not "
		   "allowed on readiness probes."},
	{"VAL-50", "A hook has exactly one handler: exec, httpGet, tcpSocket or sleep. tcpSocket "
		   "is accepted and always fails."},
	{"VAL-51", "A sleep hook lasts from 0 seconds up to the pod's grace period."},
	{"VAL-52", "A stop signal needs spec.os.name and must be a Linux signal name."},
	{"VAL-53", "The grace period is not checked; a negative one counts as one second when the "
		   "pod is deleted."},
	{"VAL-54", "activeDeadlineSeconds lies between 1 and 2147483647."},
	{"VAL-60", "Volume names are unique DNS labels, with at most one source each; paths in "
		   "them must not climb out with \"..\". A volume of huge pages takes a size that "
		   "the pod requests."},
	{"VAL-61", "A mount names an existing volume and a mount path that the container uses "
		   "once."},
	{"VAL-62", "An environment variable has a name and either a value or exactly one source. "
		   "A name may repeat; the last one wins."},
	{"VAL-63", "fieldRef may name a fixed set of pod fields, labels and annotations."},
	{"VAL-64", "An envFrom entry names exactly one ConfigMap or Secret."},
	{"VAL-65", "Resource quantities are not negative, and a request is at most its limit. "
		   "Huge pages are asked for in whole pages, with a limit equal to the request, "
		   "and together with cpu or memory."},
	{"VAL-66", "Pod-level resources are cpu, memory and hugepages; what the containers ask "
		   "for must fit into them."},
	{"VAL-67", "User and group ids lie between 0 and 2147483647; a privileged container "
		   "cannot forbid privilege escalation."},
	{"VAL-68", "shareProcessNamespace and hostPID exclude each other."},
	{"VAL-69", "dnsPolicy None needs at least one nameserver; there are at most 3 nameservers "
		   "and 32 search domains."},
	{"VAL-80", "Of a live pod only images, labels, annotations and a lower "
		   "activeDeadlineSeconds can be changed."},
	{"RUN-1", "A regular container keeps the pod alive while it runs, and also while it "
		  "waits in back-off or for its image."},
	{"RUN-2", "When no regular container runs or is to be started, the pod is over: sidecars "
		  "are not restarted any more, they are stopped."},
	{"RUN-3", "Sidecars never keep a pod alive and never end it."},
	{"RUN-4", "The end of the pod follows from its regular containers alone, even while a "
		  "sidecar sits in back-off."},
	{"SBX-1", "Volumes and the pod's cgroup come first, then one sandbox, then pulls and "
		  "containers. A missing ConfigMap, Secret or host path holds everything back "
		  "and is tried again."},
	{"SBX-2", "Losing the sandbox ends every instance in it. It is built anew unless the pod "
		  "may not restart anything."},
	{"SBX-3", "In a new sandbox all init containers run again from the first one, in order, "
		  "with the sidecars in their places."},
	{"SBX-4", "Restart counts go on from their last value after a sandbox was built anew."},
	{"SBX-5", "While a new sandbox initialises, the phase goes back to Pending."},
	{"SBX-6", "A restart of the engine restarts nothing: running instances are taken over, "
		  "completed init containers are not repeated, started and ready survive."},
	{"SBX-7", "An instance that vanished while the engine was away is shown as exited with "
		  "code 137 and reason ContainerStatusUnknown."},
	{0},
};
