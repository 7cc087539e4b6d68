/* SPDX-License-Identifier: Apache-2.0 */
/* Lifecycle rules in one or two sentences: termination, phase, conditions. */
#include "explain/explain_internal.h"

const struct sp_explained sp_rules_term[] = {
	{"TERM-1", "A pod is terminated once. Only a deletion with a shorter grace period can "
		   "change a termination that runs."},
	{"TERM-2", "From the begin of the termination nothing is created or restarted, sidecars "
		   "included."},
	{"TERM-3", "Pulls and starts that are under way are given up."},
	{"TERM-4", "A single kill under way goes on with its own hook and signal; its deadline is "
		   "the earlier of the two."},
	{"TERM-5", "The stop of a container is finished when its preStop hook is over, its turn "
		   "has come, and it is gone - or, for the first two, when the deadline has "
		   "passed."},
	{"TERM-10", "At the begin all running containers get their Killing event and start their "
		    "preStop hooks together, sidecars too."},
	{"TERM-11", "Regular containers get the stop signal as soon as their own preStop hook has "
		    "ended; they do not wait for each other."},
	{"TERM-12", "A sidecar gets its stop signal when all regular containers are gone and the "
		    "sidecar behind it in the list is gone: sidecars stop one by one, in reverse "
		    "order."},
	{"TERM-13", "Plain init containers are not waited for: one that runs is signalled together "
		    "with the last running sidecar."},
	{"TERM-14", "Containers that do not run when the termination begins count as gone."},
	{"TERM-15", "SIGKILL comes at the deadline, but at least 2 s after the stop signal."},
	{"TERM-16", "At the deadline the order is given up: all sidecars still waiting are "
		    "signalled together and have 2 s."},
	{"TERM-17", "With a grace period of 0 there are no hooks and no order: signal to all, "
		    "SIGKILL after 2 s."},
	{"TERM-18", "The next in turn waits until the one before is really gone. A sidecar that "
		    "ignores its signal holds up the others until the deadline."},
	{"TERM-19", "A sidecar that ends before its turn gets no signal and does not shorten the "
		    "chain."},
	{"TERM-20", "Deadlines are exact here; in a cluster they may come up to 2 s later."},
	{"TERM-21", "Only the direct successor counts. If it did not run at the begin, the sidecar "
		    "before it waits for the regular containers alone."},
	{"TERM-30", "A second deletion may only shorten the grace period. Hooks that run are not "
		    "started again."},
	{"TERM-31", "Deleting with grace 0 counts as 1 s: hooks get up to a second, then the 2 s "
		    "minimum follows."},
	{"TERM-32",
	 "When the last regular container has ended for good, sidecars are stopped in "
	 "the same order with their hooks; the phase stays Running until they are gone."},
	{"TERM-33", "Exit codes of sidecars never influence the phase, 137 included."},
	{"TERM-34", "Deleting a finished pod removes it at once."},
	{"TERM-35", "A pod deleted before anything ran ends as Failed."},
	{"TERM-36", "A pod exists until its containers are gone, its final status is told and its "
		    "volumes are removed."},
	{"TERM-40", "activeDeadlineSeconds counts from acceptance, start-up and waiting included. "
		    "When it passes the pod is stopped and fails with DeadlineExceeded."},
	{"TERM-41", "The deadline stays armed until the final status is told: if it passes while "
		    "sidecars are still stopping, the pod fails although its work succeeded."},
	{"TERM-42", "After a terminal phase the deadline has no effect."},
	{"PHASE-1", "An init container that failed for good makes the pod Failed."},
	{"PHASE-2", "While an init container still has to run, the pod is Pending."},
	{"PHASE-3", "While a sidecar is not started and no regular container has run, the pod is "
		    "Pending."},
	{"PHASE-4", "While some container waits without ever having run, the pod is Pending."},
	{"PHASE-5", "With something running and nothing unknown, the pod is Running."},
	{"PHASE-10", "After a termination: Succeeded if all regular containers ended with 0, "
		     "otherwise Failed."},
	{"PHASE-11", "All regular containers are down but one will be restarted: Running."},
	{"PHASE-12", "All regular containers have ended for good: Succeeded if all ended with 0, "
		     "otherwise Failed."},
	{"PHASE-13", "In every other case the pod is Pending."},
	{"PHASE-20", "After all regular containers succeeded the pod stays Running until its "
		     "sidecars are gone."},
	{"PHASE-21", "Sidecars never decide between Succeeded and Failed."},
	{"PHASE-22", "One regular container that has never run keeps the pod Pending, although "
		     "others run."},
	{"PHASE-23", "Once a regular container has run, restarting sidecars do not bring Pending "
		     "back, and crash loops of all regular containers still show Running."},
	{"PHASE-24", "A terminal phase is shown only when every container is gone."},
	{"PHASE-25", "A deleted pod that never ran ends as Failed."},
	{"PHASE-26", "A deleted pod is Succeeded when every regular container's last exit code is "
		     "0, whatever the restart policy."},
	{"COND-1", "PodScheduled is True from acceptance on."},
	{"COND-2", "PodReadyToStartContainers is True while a working sandbox exists."},
	{"COND-3", "Initialized is True when every init container is done and every sidecar "
		   "started, and stays True once a regular container has run."},
	{"COND-4", "ContainersReady is True when every sidecar and every regular container is "
		   "ready."},
	{"COND-5", "Ready is ContainersReady together with all readiness gates."},
	{"COND-10", "The message of a False condition lists the containers it waits for, sidecars "
		    "first."},
	{"COND-11", "Once a regular container has run, no sidecar restart turns Initialized False "
		    "again."},
	{"COND-12", "Ready turns False when a container exits or its readiness probe fails, not "
		    "when the pod is deleted."},
	{"COND-13", "Plain init containers do not count for ContainersReady."},
	{"COND-14", "A readiness gate without a condition, or with one that is not True, keeps "
		    "Ready False and is named in the message."},
	{"COND-15", "A pod's own reason and message are empty except for DeadlineExceeded and "
		    "rejected pods."},
	{0},
};
