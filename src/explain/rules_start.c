/* SPDX-License-Identifier: Apache-2.0 */
/* Lifecycle rules in one or two sentences: start-up, restarts, back-off, images. */
#include "explain/explain_internal.h"

const struct sp_explained sp_rules_start[] = {
	{"START-1", "Init containers and sidecars start strictly in list order, one at a time. The "
		    "next one waits until the current one is done: exit 0 for an init container; "
		    "running, postStart over and startup probe passed for a sidecar."},
	{"START-2", "Readiness and liveness probes of a sidecar never delay the next container."},
	{"START-3", "Regular containers wait for the last entry of the init list only. A sidecar "
		    "that crashes meanwhile does not hold them up."},
	{"START-4", "Regular containers start in list order: each waits until the previous one has "
		    "been pulled, launched and its postStart hook has ended, well or badly. Probes "
		    "are not waited for."},
	{"START-5", "Images may be fetched early; the order of creation stays."},
	{"START-6", "That order is for first starts. Restarts of different containers do not wait "
		    "for each other."},
	{"START-7", "Nothing that happens to a sidecar later undoes the initialisation of the pod, "
		    "except START-12."},
	{"START-8", "A completed init container is not run again in the same sandbox, whatever "
		    "restarts or changes."},
	{"START-9", "An init container has failed when it exits with another code than 0 or runs "
		    "out of memory. It is tried again with back-off if its policy allows that; "
		    "otherwise the pod fails at once."},
	{"START-10", "Sidecars that were reached are kept running; finished init containers are "
		     "left alone."},
	{"START-11",
	 "A failing liveness probe restarts a sidecar and still lets the next container "
	 "start; a failing startup probe restarts it and does not."},
	{"START-12", "When all regular containers are down at once and the last init-list entry is "
		     "a sidecar that is restarting, they wait for it to be done again."},
	{"START-13", "A restarted sidecar has to pass its startup probe again before its other "
		     "probes run, but nobody waits for that."},
	{"START-14",
	 "A sidecar that ends before it was done is restarted with back-off and the pod "
	 "stays where it is. Without startup probe and postStart it is done the moment "
	 "it is launched."},
	{"START-15",
	 "Waiting for a sidecar has no limit of its own; the startup probe's thresholds "
	 "and activeDeadlineSeconds are the only ones."},
	{"INIT-1", "When an init container fails for good nothing more is created, running "
		   "sidecars are stopped in the usual way, and the phase becomes Failed when they "
		   "are gone."},
	{"INIT-2", "Restart counts of init containers grow like others; a pod may stay Pending "
		   "for ever."},
	{"RESTART-1", "The policy that counts for a container is its own if it has one, otherwise "
		      "the pod's."},
	{"RESTART-2", "A regular container is started when it has not run in this sandbox, or when "
		      "it exited and its rules, then its policy, ask for another try."},
	{"RESTART-3", "When a probe kills a container, whether it comes back depends on the policy "
		      "alone: anything but Never brings it back, whatever code it exits with."},
	{"RESTART-4", "That decision is kept through a back-off delay."},
	{"RESTART-5", "Sidecars are always restarted, whatever the code, the policy or the rules, "
		      "until the pod's termination begins."},
	{"RESTART-6", "Reasons to kill a running regular container, in this order: changed image, "
		      "failed liveness probe, failed startup probe."},
	{"RESTART-7", "A changed image restarts a running container under every policy; one that "
		      "does not run uses it at its next start. During termination it changes "
		      "nothing."},
	{"RESTART-8", "A restart makes a new instance: new root file system, same volumes, same "
		      "sandbox."},
	{"RESTART-9",
	 "Each new instance counts one up. Tries that never created anything, for their "
	 "image or configuration, do not count."},
	{"RESTART-10", "After a failed postStart hook the exit code of the killed instance decides "
		       "about a restart."},
	{"RESTART-20", "The rule RestartAllContainers stops every other container at once without "
		       "preStop, forgets what ran, keeps sandbox, address and volumes, and starts "
		       "again from the first init container."},
	{"RESTART-21",
	 "It raises every restart count by one; completed containers run again, and the "
	 "phase may go back to Pending."},
	{"RESTART-22",
	 "The first start after it has no back-off, and it never happens while the pod "
	 "is being deleted."},
	{"BACK-1", "Restart delays begin with 10 s, double each time, stop at 300 s and are "
		   "forgotten after 600 s. There is no jitter."},
	{"BACK-2", "A container whose last exit is less than the current delay ago waits in "
		   "CrashLoopBackOff; otherwise it starts now and the next delay is twice as "
		   "long."},
	{"BACK-3", "So the first restart is immediate, later ones come at least 10, 20, 40, 80, "
		   "160, 300 s after the exit."},
	{"BACK-4", "The delay counts from the exit."},
	{"BACK-5", "An instance that ends more than 600 s after the decision that started it "
		   "begins the sequence anew."},
	{"BACK-6", "When the engine kills and restarts a container, the delay is measured from "
		   "the end of the instance before. A probe that kills every 35 s therefore shows "
		   "its first CrashLoopBackOff only after several kills."},
	{"BACK-7", "Exit code and policy do not matter: under Always an exit with 0 gets the same "
		   "delays, sidecars and init containers too."},
	{"BACK-8", "One container's back-off never delays another."},
	{"BACK-9", "A container in back-off shows waiting, CrashLoopBackOff, with the delay in "
		   "the message and its last instance in lastState."},
	{"BACK-10", "Each waiting period begins with a BackOff warning event."},
	{"BACK-11", "The engine option maxContainerRestartPeriod sets another maximum between 1 "
		    "and 300 s, and another first delay when it is below 10 s."},
	{"BACK-12", "Tries that fail before an instance exists have their own delays; an instance "
		    "that could not be launched counts as an exit and uses these."},
	{"IMG-1", "Always asks the registry before each start, IfNotPresent only when the image "
		  "is missing, Never not at all."},
	{"IMG-2", "A failed pull shows ErrImagePull, then ImagePullBackOff until the next try "
		  "after 10, 20, 40 up to 300 s. Containers of a pod with the same image share "
		  "the delay."},
	{"IMG-3", "Other reasons to wait for an image: ErrImageNeverPull, InvalidImageName, "
		  "ImageInspectError, RegistryUnavailable, SignatureValidationFailed."},
	{"IMG-4", "A missing image never fails a pod and never counts as a restart, also under "
		  "Never."},
	{"IMG-5", "A regular container without its image does not hold up the other regular "
		  "ones; an init or sidecar container holds up everything behind it."},
	{"IMG-6", "Missing ConfigMaps, Secrets or keys show as CreateContainerConfigError with "
		  "the name of what is missing."},
	{"IMG-7", "A container that cannot be launched has exited with code 128, reason "
		  "StartError; under Never the pod fails."},
	{"IMG-20",
	 "All that imagePullSecrets say about an image is tried, the most specific first, "
	 "then the machine's own credentials; a digest pins the content."},
	{0},
};
