/* SPDX-License-Identifier: Apache-2.0 */
/* Lifecycle rules in one or two sentences: probes, hooks, stopping one container. */
#include "explain/explain_internal.h"

const struct sp_explained sp_rules_probe[] = {
	{"PROBE-1", "Sidecars and regular containers have up to three independent probes. A new "
		    "instance starts with fresh counters."},
	{"PROBE-2", "Before the first answer startup is unknown, readiness is failure and liveness "
		    "is success."},
	{"PROBE-3", "The first startup probe runs at the initial delay after the launch; readiness "
		    "and liveness begin once the container is started, at the earliest at their "
		    "delay. Then one each period."},
	{"PROBE-4", "Probes of one kind never overlap. One missed period is made up at once, more "
		    "are dropped."},
	{"PROBE-5", "Until the startup probe has succeeded no readiness or liveness probe runs; "
		    "after it the readiness probe runs at once."},
	{"PROBE-6", "Probing stops with the instance. After a liveness failure or any startup "
		    "result that probe stays quiet until the next instance."},
	{"PROBE-7", "Thresholds count answers in a row: one opposite answer starts the count "
		    "again."},
	{"PROBE-8", "A liveness probe that never passes kills at the earliest at the first probe "
		    "plus (failureThreshold - 1) periods; the same holds for startup probes."},
	{"PROBE-9", "A probe that cannot be carried out is neither success nor failure: an event "
		    "is emitted and nothing is counted. A missing probe binary never restarts a "
		    "container and never makes it ready."},
	{"PROBE-20", "exec runs a command in the container; exit code 0 is success. A command that "
		     "outlasts timeoutSeconds is killed and counts as failure."},
	{"PROBE-21", "httpGet succeeds for the final status 200 to 399. Redirects to the same host "
		     "are followed, one to another host counts as success with a warning. HTTPS "
		     "certificates are not verified."},
	{"PROBE-22", "tcpSocket succeeds when a connection is made within the timeout."},
	{"PROBE-23", "A port name is looked up in the container's own ports; if it is missing the "
		     "probe cannot be carried out."},
	{"PROBE-24", "grpc succeeds when the standard health check answers SERVING within the "
		     "timeout."},
	{"PROBE-25", "timeoutSeconds covers the whole probe."},
	{"PROBE-30", "Once a pod's termination begins, liveness and startup probes have no effect "
		     "any more."},
	{"PROBE-31",
	 "Readiness probes go on until their container has exited, also during preStop, "
	 "and still change readiness."},
	{"PROBE-32", "Deleting a pod does not by itself make it unready."},
	{"PROBE-33", "While a single container is being killed only its readiness probe goes on."},
	{"PROBE-40",
	 "A container is started when it runs, its postStart hook has succeeded and its "
	 "startup probe, if any, has passed."},
	{"PROBE-41", "A container is ready when it is started and its readiness probe, if any, has "
		     "passed. A plain init container is ready once it exited with 0."},
	{"PROBE-42", "After a restart both have to be earned again."},
	{"PROBE-43", "With a successThreshold of n, n successes in a row are needed after each "
		     "failure."},
	{"HOOK-1", "postStart runs once per instance, right after the launch, at the same time as "
		   "the process itself."},
	{"HOOK-2", "The start of a container is not over before its postStart hook has ended; "
		   "what comes next waits for it."},
	{"HOOK-3", "postStart has no time limit. A hanging hook holds up everything behind it "
		   "until the pod is deleted or its deadline passes."},
	{"HOOK-4", "Until postStart has succeeded the container shows waiting, is not started, "
		   "and no probe runs."},
	{"HOOK-5", "A failed postStart hook kills its container, preStop included; then the exit "
		   "code and the policy decide."},
	{"HOOK-6", "preStop runs when the engine stops a running container and the grace period "
		   "is above 0. Its time counts against the grace period."},
	{"HOOK-7", "preStop does not run for a container that ended by itself, nor when the grace "
		   "is 0, nor for RestartAllContainers."},
	{"HOOK-8", "A failing preStop hook causes an event and nothing else. One that outlasts "
		   "the grace period is left behind: the stop signal is sent and 2 s later "
		   "SIGKILL."},
	{"HOOK-9", "exec fails on a code other than 0, httpGet only when no answer comes at all, "
		   "sleep just waits, tcpSocket always fails."},
	{"HOOK-10", "What hooks print is not put into events."},
	{"HOOK-11", "preStop hooks of several containers run at the same time."},
	{"KILL-1", "Each kill begins with a Killing event that names the cause."},
	{"KILL-2", "A kill by a probe uses the probe's own grace period if it has one, otherwise "
		   "the pod's."},
	{"KILL-3", "The stop signal is SIGTERM unless the image or the container names another; "
		   "it goes to the main process only."},
	{"KILL-4", "Between the stop signal and SIGKILL lie at least 2 seconds, even with a grace "
		   "period of 0."},
	{"KILL-5", "SIGKILL hits every process of the container, and the end of its main process "
		   "takes the others along."},
	{"KILL-6", "A process ended by signal n shows exit code 128 + n: 143 for SIGTERM, 137 for "
		   "SIGKILL. The reason is Completed for 0, OOMKilled after running out of "
		   "memory, otherwise Error."},
	{"KILL-7", "A container that ends during its preStop hook gets no signal; an exec hook "
		   "ends with it, other hooks run on and the kill waits for them."},
	{"KILL-8", "Kills of different containers run side by side."},
	{"KILL-9", "When a probe failure ends the pod, the kill is part of the pod's termination, "
		   "with the pod's grace period."},
	{0},
};
