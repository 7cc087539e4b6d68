/* SPDX-License-Identifier: Apache-2.0 */
/* Lifecycle rules in one or two sentences: execution environment, waits, releases. */
#include "explain/explain_internal.h"

const struct sp_explained sp_rules_env[] = {
	{"CMD-1", "command replaces the image's entrypoint and drops its arguments; args alone "
		  "replaces the arguments. $(NAME) in both is expanded from the environment; "
		  "unknown names stay."},
	{"CMD-2", "workingDir replaces the image's directory; a missing one is created."},
	{"CMD-3", "Standard input is closed unless stdin is true; tty merges error output into "
		  "output."},
	{"ENV-1", "Environment: image, then envFrom in order, then env in order; later ones win. "
		  "Variables of Services fill the names that the manifest leaves free. HOSTNAME "
		  "and PATH are always set."},
	{"ENV-2", "An envFrom variable is called prefix plus key."},
	{"ENV-3", "A missing ConfigMap, Secret or key stops the container from being created "
		  "unless it is optional."},
	{"ENV-4", "An empty value sets an empty variable."},
	{"ENV-10", "$(NAME) in a value knows only variables defined earlier and those of "
		   "Services; other names stay as written."},
	{"ENV-11", "$$ is a literal $; $(NAME) is a reference; everything else stays. Results are "
		   "not expanded again."},
	{"DAPI-1", "Pod fields are resolved when the container is created; a missing label or "
		   "annotation is empty."},
	{"DAPI-2", "Resource fields are rounded up to the divisor. An unset limit is the "
		   "machine's capacity, an unset request is 0; of huge pages both are."},
	{"DAPI-3", "Whole label maps in files are one key=\"value\" per line, sorted."},
	{"VOL-1", "An emptyDir lives as long as the pod: container restarts and new sandboxes "
		  "keep it. One in memory or huge pages is no larger than its sizeLimit and dies "
		  "with the pod's supervisor."},
	{"VOL-2", "hostPath types check, or create, what is mounted."},
	{"VOL-3", "ConfigMap and Secret volumes are swapped as a whole through a link; changes "
		  "reach volumes, but not variables and not subPath mounts."},
	{"VOL-4", "A subPath that is missing is created; it cannot leave its volume."},
	{"VOL-5", "Mounts may be read-only and may propagate from or to the host."},
	{"VOL-6", "All volumes are ready before the first init container starts."},
	{"SEC-1", "A container's security settings win over the pod's, field by field."},
	{"SEC-2", "User and group: container, else pod, else image, else root. fsGroup and "
		  "supplementalGroups are added everywhere."},
	{"SEC-3", "no_new_privs is set only when allowPrivilegeEscalation is false; privileged "
		  "lifts capabilities, devices, seccomp and masked paths."},
	{"SEC-4", "runAsNonRoot refuses user 0 and images whose user is root or not a number, "
		  "before the container is created."},
	{"SEC-5", "Some paths below /proc and /sys are hidden or read-only."},
	{"SEC-6", "Kubernetes runs without a seccomp filter unless told otherwise."},
	{"NS-1", "Network, IPC and host name are one per pod."},
	{"NS-2", "Processes are separate per container unless shareProcessNamespace or hostPID "
		 "is set."},
	{"NS-3", "With shared processes the end of the main process still ends all processes of "
		 "its container."},
	{"NS-4", "Each instance has its own root file system and mounts."},
	{"NET-1", "The host name is spec.hostname, else the pod's name."},
	{"NET-2", "/etc/hosts is written by the engine, with hostAliases at its end."},
	{"NET-3", "dnsPolicy chooses between the machine's and the engine's name servers."},
	{"NET-4", "Cluster DNS searches the namespace first, with ndots:5."},
	{"NET-5", "dnsConfig is merged and wins."},
	{"NET-6", "Without an engine DNS, ClusterFirst falls back to the machine's, with a "
		  "warning."},
	{"NET-7", "Host ports are published when the sandbox is created, here also those of "
		  "sidecars."},
	{"TMSG-1", "The last 4096 bytes of the termination log file are the container's message."},
	{"TMSG-2", "With FallbackToLogsOnError a failed container without such a message shows "
		   "the end of its log."},
	{"TMSG-3", "After an exit with 0 the log is not used."},
	{"LOG-1", "Logs lie in <root>/<namespace>_<pod>_<uid>/<container>/<instance>.log."},
	{"LOG-2", "Each log line is time, stream, F or P for full or partial, and the text."},
	{"LOG-3", "Logs are rotated at 10 MiB, five files are kept."},
	{"LOG-4", "The newest and one previous instance keep their logs until the pod is "
		  "removed."},
	{"LAT-1", "Waited for on purpose: the start order, including postStart."},
	{"LAT-2", "Waited for on purpose: restart back-off, from the exit on."},
	{"LAT-3", "Waited for on purpose: image pull back-off."},
	{"LAT-4", "Waited for on purpose: 10 s before a configuration, creation or sandbox "
		  "problem is tried again."},
	{"LAT-5", "Waited for on purpose: probe schedule, timeouts and thresholds."},
	{"LAT-6", "Waited for on purpose: grace periods, the 2 s minimum and the sidecars' "
		  "turns."},
	{"LAT-7", "Waited for on purpose: active deadlines."},
	{"LAT-8", "Waited for on purpose: back-off of jobs, cron times, minReadySeconds and "
		  "progress deadlines."},
	{"LAT-9", "Waited for on purpose: sleep hooks."},
	{"LAT-20", "Every other reaction follows at once from what happened."},
	{"LAT-21", "Tests may rely on times of these waits only, and on order always."},
	{"LAT-22", "Within one instant: launches before exits of the same instance, exits before "
		   "probe results, deletions before restarts."},
	{"REL-1", "From 1.37 on, as an option: a sidecar that ends before its turn during a "
		  "termination is started again."},
	{"REL-2", "In 1.28 sidecars were not stopped in order and did not count in READY."},
	{0},
};
