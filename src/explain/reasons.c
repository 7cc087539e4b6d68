/* SPDX-License-Identifier: Apache-2.0 */
/* Phases, conditions, and reasons of statuses and events, with what to do about them. */
#include "explain/explain_internal.h"

const struct sp_explained sp_reasons[] = {
	{"Pending", "Accepted, but some container has not run yet: init containers, images or "
		    "configuration are still waited for (PHASE-2 to PHASE-4)."},
	{"Running", "At least one container runs or will run again (PHASE-5, PHASE-11). Also while "
		    "sidecars stop after the work is done (PHASE-20)."},
	{"Succeeded", "Every regular container ended with exit code 0; how sidecars ended does not "
		      "matter (PHASE-12, PHASE-21)."},
	{"Failed", "A regular container ended for good with a code other than 0, an init container "
		   "failed, or the deadline passed (PHASE-1, PHASE-12, TERM-40)."},
	{"Terminating", "The pod is being deleted; its containers are stopped in order within the "
			"grace period (TERM-10 to TERM-16)."},
	{"PodScheduled", "True from the moment the pod was accepted (COND-1)."},
	{"PodReadyToStartContainers",
	 "True while a working sandbox exists: network, IPC and cgroup are there (COND-2)."},
	{"Initialized", "True when init containers are done and sidecars are started, or once a "
			"regular container has run (COND-3, COND-11)."},
	{"ContainersReady", "True when every sidecar and every regular container is ready "
			    "(COND-4)."},
	{"Ready", "ContainersReady together with the pod's readiness gates (COND-5)."},
	{"AllContainersRestarting", "A container's rule asked for all containers to be restarted, "
				    "and that is under way (RESTART-20)."},
	{"PodInitializing", "The container has not run: the init containers and sidecars before it "
			    "are not done (STAT-10). See which one with 'sidepod describe'."},
	{"ContainerCreating", "The container has not run: sandbox, image or creation are under way "
			      "(STAT-11)."},
	{"CrashLoopBackOff",
	 "The container ended and waits before its next try: 10, 20, 40 up to 300 seconds after "
	 "each exit, whatever the exit code (BACK-1 to BACK-7). Look at its last state and at "
	 "'sidepod logs --previous'."},
	{"ErrImagePull", "The last pull of the image failed; the message says why (IMG-2). The pod "
			 "does not fail because of it (IMG-4)."},
	{"ImagePullBackOff", "A pull failed and the next one is waited for: 10, 20, 40 up to 300 "
			     "seconds (IMG-2). Check the name, the registry and the credentials."},
	{"ErrImageNeverPull", "imagePullPolicy is Never and the image is not on this machine "
			      "(IMG-3). Load it with 'sidepod image load' or change the policy."},
	{"InvalidImageName", "The image reference cannot be understood (IMG-3)."},
	{"ImageInspectError", "The image is there but cannot be read (IMG-3)."},
	{"RegistryUnavailable", "The registry does not answer (IMG-3)."},
	{"SignatureValidationFailed", "The image's signature is not accepted (IMG-3)."},
	{"CreateContainerConfigError",
	 "Something the container's configuration names is missing or refused: a ConfigMap, a "
	 "Secret, a key, or a user (IMG-6, SEC-4). Tried again every 10 seconds and when it "
	 "appears."},
	{"CreateContainerError", "The container could not be created; tried again every 10 seconds "
				 "(LAT-4)."},
	{"RunContainerError", "The container was created but not launched: missing program, bad "
			      "working directory (IMG-7). It counts as an exit with code 128."},
	{"PostStartHookError", "The postStart hook failed, so the container was killed (HOOK-5)."},
	{"Completed", "The process ended with exit code 0 (STAT-21)."},
	{"Error", "The process ended with another exit code than 0; 128 + n means signal n: 137 "
		  "SIGKILL, 143 SIGTERM (KILL-6)."},
	{"OOMKilled", "The kernel ended it because the container's memory limit was reached "
		      "(KILL-6). Raise the limit or use less."},
	{"StartError", "The process could not be launched; code 128 (IMG-7)."},
	{"ContainerStatusUnknown", "The engine cannot tell how it ended, because it was away "
				   "(SBX-7)."},
	{"RestartingAllContainers", "It was stopped because another container asked for all of "
				    "them to be restarted (RESTART-21)."},
	{"DeadlineExceeded", "activeDeadlineSeconds passed since the pod was accepted (TERM-40). "
			     "Start-up and waiting count."},
	{"ContainersNotInitialized", "Init containers are not done or sidecars not started; the "
				     "message names them (COND-10)."},
	{"ContainersNotReady", "The message names the containers that are not ready (COND-10)."},
	{"ReadinessGatesNotReady", "A readiness gate of the pod is not True (COND-14)."},
	{"PodCompleted", "The pod has Succeeded; nothing is ready any more (COND-4)."},
	{"PodFailed", "The pod has Failed; nothing is ready any more (COND-4)."},
	{"UnknownContainerStatuses", "No container statuses are known yet (COND-3)."},
	{"NotReady", "Some regular containers are done, others run, and the pod is not Ready "
		     "(COL-5)."},
	{"Pulling", "The registry is asked for the image."},
	{"Pulled", "The image is there, pulled now or before."},
	{"Created", "An instance of the container exists."},
	{"Started", "Its process was launched."},
	{"Killing", "The engine decided to stop a container; the message says why (KILL-1)."},
	{"BackOff", "A container, or a pull, waits before its next try (BACK-10, IMG-2)."},
	{"Unhealthy", "A probe failed, or could not be carried out. Only failureThreshold of them "
		      "in a row have an effect (PROBE-7)."},
	{"ProbeWarning", "The probe was redirected to another host; that counts as success "
			 "(PROBE-21)."},
	{"FailedPostStartHook", "The postStart hook failed; its container is killed (HOOK-5)."},
	{"FailedPreStopHook", "The preStop hook failed; the stop goes on (HOOK-8)."},
	{"LifecycleHTTPFallback", "An HTTPS hook met a plain HTTP server and was repeated over "
				  "HTTP (HOOK-9)."},
	{"InspectFailed", "The image could not be read (IMG-3)."},
	{"SandboxChanged", "The pod's sandbox was lost and is built anew (SBX-2)."},
	{"FailedCreatePodSandBox", "The sandbox could not be built; tried again every 10 seconds."},
	{"FailedMount", "A volume cannot be set up; the pod waits for what it names (SBX-1)."},
	{"FailedKillPod", "Stopping the pod met an error; it is tried again."},
	{"FailedCreatePodContainer", "The pod's cgroup could not be made."},
	{"MissingClusterDNS", "The engine has no DNS of its own, so ClusterFirst uses the "
			      "machine's (NET-6)."},
	{"ForwardingEnabled",
	 "The first pod on the bridge switched net.ipv4.ip_forward of the machine "
	 "on; it stays on."},
	{"ForwardingAllowed", "The chain FORWARD of iptables would drop packets of pods, as beside "
			      "Docker; it got rules for their bridge."},
	{"ForwardingBlocked",
	 "A firewall of the machine drops what pods send to the outside. The event "
	 "and `sidepod doctor` name it, and the commands that help."},
	{"LimitsNotEnforced", "This user or machine cannot set the limits of the manifest; the pod "
			      "runs without them. Use root, or a cgroup that is yours."},
	{"LoopbackOnly",
	 "Without root's rights a pod has a loopback network alone; --net host gives "
	 "it the machine's."},
	{0},
};
