/* SPDX-License-Identifier: Apache-2.0 */
/* Lifecycle rules in one or two sentences: statuses, columns, events, resources. */
#include "explain/explain_internal.h"

const struct sp_explained sp_rules_status[] = {
	{"STAT-1", "Init containers and sidecars are listed in order of the spec, regular "
		   "containers by name; each has an entry from the first status on."},
	{"STAT-2", "Each entry holds state, last state, ready, started, restart count, image and "
		   "ids; started is false whenever it does not run."},
	{"STAT-3", "A status names the generation it was computed for. QoS class and start time "
		   "are fixed at acceptance."},
	{"STAT-10", "In a pod with init containers everything that has not run yet shows waiting, "
		    "PodInitializing."},
	{"STAT-11", "In a pod without them it shows waiting, ContainerCreating."},
	{"STAT-12",
	 "Problems with image, configuration or creation show as the reason of waiting."},
	{"STAT-13", "A container whose postStart hook runs still shows waiting."},
	{"STAT-14", "A running container shows when it was launched."},
	{"STAT-15", "A container that ended and stays so shows terminated with its code and "
		    "reason."},
	{"STAT-16", "Between an exit and the decision about a restart it shows terminated for a "
		    "moment."},
	{"STAT-17", "A container that waits for its restart shows waiting, with the ended instance "
		    "as last state."},
	{"STAT-18", "In a pod being deleted such a container shows terminated instead."},
	{"STAT-20", "Only one past instance is shown."},
	{"STAT-21", "Reasons of an end: Completed, Error, OOMKilled, StartError, "
		    "ContainerStatusUnknown."},
	{"STAT-22", "The termination message follows the engine's own message."},
	{"STAT-23", "A completed init container shows terminated, Completed, for the rest of the "
		    "pod's life."},
	{"STAT-24", "The restart count grows when the new instance is created, not when the old "
		    "one ends."},
	{"STAT-30", "At the end the status is computed once more: each container that ever ran "
		    "shows its last exit."},
	{"STAT-31", "A pod that ends before it was initialised keeps its never-started regular "
		    "containers waiting."},
	{"STAT-32", "A pod without init containers that ends before anything ran shows every "
		    "container as lost, code 137."},
	{"COL-1", "READY counts ready sidecars and ready regular containers over the number of "
		  "both; plain init containers do not count."},
	{"COL-2", "STATUS shows the most telling of: init progress, reason of waiting, reason of "
		  "the end, phase, deletion. RESTARTS adds up the restarts that belong to it."},
	{"COL-3", "RESTARTS tells how long ago the last one was."},
	{"COL-4", "Init:1/3 counts sidecars too. A crash-looping sidecar shows "
		  "Init:CrashLoopBackOff even while the app runs."},
	{"COL-5", "A pod whose app has completed while its sidecars stop shows Completed "
		  "although its phase is Running."},
	{"COL-6", "Ages are short: 45s, 3m12s, 5h3m, 2d4h."},
	{"EVT-1", "A successful start tells Pulling, Pulled, Created, Started; a termination "
		  "tells one Killing per running container at its begin."},
	{"EVT-2", "Normal exits, becoming ready and phase changes cause no event."},
	{"EVT-3", "Messages name containers, never their ids."},
	{"RES-1", "Requests are computed for each resource by itself, from init containers, "
		  "sidecars, regular containers and overhead."},
	{"RES-2", "A pod asks for the larger of two: all sidecars plus all regular containers, "
		  "or the greatest init container plus the sidecars before it. A pod-level "
		  "request replaces that; overhead is added."},
	{"RES-3", "Limits follow the same formula."},
	{"RES-4", "CPU is rounded up to thousandths, everything else to whole bytes."},
	{"QOS-1", "BestEffort: no container asks for anything. Guaranteed: every container has "
		  "cpu and memory limits equal to its requests. Burstable: everything between."},
	{"QOS-2", "An init container or a sidecar without limits makes an otherwise Guaranteed "
		  "pod Burstable."},
	{"CG-1", "CPU shares follow the request, at the pod and at each container; without one "
		 "they follow the limit, without both they are 2."},
	{"CG-2", "The CPU quota follows the limit over a period of 100 ms."},
	{"CG-3", "The pod's own limit is set only when every container has one, or when there "
		 "is a pod-level limit."},
	{"CG-4", "The memory limit of a container is its own, else the pod-level one, else "
		 "none."},
	{"CG-5", "With cgroup v2 one process out of memory ends its whole container."},
	{"CG-6", "The number of processes is limited at the pod, by an engine option."},
	{"CG-7", "Huge pages are limited to what was asked for, at the pod and at each container; "
		 "sizes that were not named get 0. The zeros of a pod that names none stand at "
		 "the pod and hold for its containers. A pod that asks for more than the machine "
		 "has is not started."},
	{"CG-8", "Memory protection and throttling values are not set."},
	{"CG-9", "Containers with a memory limit get no swap."},
	{"CG-20", "Shares are milli-CPU times 1024 / 1000, at least 2 and at most 262144."},
	{"CG-21", "A quota is milli-CPU times the period / 1000, at least 1 ms."},
	{"CG-22", "The cgroup v2 weight of a pod grows linearly with its shares, from 1 to "
		  "10000."},
	{"CG-23", "The cgroup v2 weight of a container follows the curve of current runtimes: "
		  "1024 shares are weight 100."},
	{"CG-24", "Values go to cpu.weight, cpu.max, memory.max, pids.max, or their v1 "
		  "counterparts."},
	{"CG-25", "All burstable pods together get the shares of their requests, all best-effort "
		  "pods 2."},
	{"OOM-1", "Processes of Guaranteed pods are killed last (-997), those of BestEffort pods "
		  "first (1000)."},
	{"OOM-2", "Between them, the larger the memory request, the later. A sidecar takes the "
		  "better of its own value and that of the most exposed regular container."},
	{"OOM-3", "So a sidecar is never a likelier victim than the most exposed regular "
		  "container of its pod."},
	{"OOM-4", "On a machine with 8 GiB a request of 1 GiB gives 875, no request 999."},
	{"OOM-5", "The score is set at the launch and inherited."},
	{0},
};
