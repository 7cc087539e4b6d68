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
	{"BackoffLimitExceeded", "More pods of the job failed than backoffLimit forgives, or under "
				 "OnFailure containers were restarted too often (JOB-42, JOB-43)."},
	{"PodFailurePolicy", "A FailJob rule of the job's podFailurePolicy matched (JOB-45)."},
	{"MaxFailedIndexesExceeded",
	 "More indexes of the job failed than maxFailedIndexes (JOB-47)."},
	{"FailedIndexes", "All indexes of the job are done, and some of them failed (JOB-48)."},
	{"CompletionsReached", "As many pods succeeded as the job asks for (JOB-40)."},
	{"SuccessPolicy", "A rule of the job's successPolicy matched; what still ran was stopped "
			  "(JOB-41)."},
	{"FailureTarget", "The job is about to fail: its pods are being stopped (JOB-50)."},
	{"SuccessCriteriaMet",
	 "The job is about to be complete: its pods are being stopped (JOB-50)."},
	{"Complete", "The job is done, and none of its pods is left running (JOB-40, JOB-41)."},
	{"Suspended", "The job has no pods until it is resumed (JOB-70)."},
	{"JobSuspended", "The job has no pods until it is resumed (JOB-70)."},
	{"JobResumed",
	 "The job makes pods again; its start time and deadline begin afresh (JOB-70)."},
	{"Resumed", "The job makes pods again (JOB-70)."},
	{"SuccessfulCreate", "A controller made a pod, or a CronJob a job (JOB-75, CRON-20)."},
	{"SuccessfulDelete", "A controller deleted a pod, or a CronJob a job (JOB-75, CRON-20)."},
	{"FailedCreate", "A pod could not be made; it is tried again (JOB-75)."},
	{"TooManySucceededPods", "More pods succeeded than the job asks for (JOB-75)."},
	{"DisruptionTarget", "The engine itself evicts the pod; failure policies can tell it from "
			     "other failures (JOB-62)."},
	{"SawCompletedJob", "A job of the CronJob ended (CRON-20)."},
	{"JobAlreadyActive",
	 "A time came while a job ran, and concurrencyPolicy is Forbid (CRON-15)."},
	{"MissSchedule", "A time was missed by more than startingDeadlineSeconds (CRON-12)."},
	{"TooManyMissedTimes",
	 "More than 100 times were missed; the latest one runs (CRON-14). Set "
	 "startingDeadlineSeconds."},
	{"MissingJob", "A job that the CronJob had started has vanished (CRON-20)."},
	{"UnexpectedJob", "There is a job that the CronJob does not remember (CRON-20)."},
	{"UnparseableSchedule", "The schedule cannot be understood (CRON-1)."},
	{"UnknownTimeZone", "This machine knows no such time zone (CRON-6)."},
	{"InvalidSchedule", "The schedule never fires (CRON-8)."},
	{"Progressing", "Is the rollout getting on? False when nothing moved for "
			"progressDeadlineSeconds (DEPLOY-31)."},
	{"Available", "Enough pods of the Deployment are available (DEPLOY-32)."},
	{"NewReplicaSetCreated", "The rollout began with a new ReplicaSet (DEPLOY-31)."},
	{"FoundNewReplicaSet", "The template had a ReplicaSet already, which is used (DEPLOY-4)."},
	{"ReplicaSetUpdated", "The rollout is under way (DEPLOY-31)."},
	{"NewReplicaSetAvailable", "The rollout is complete (DEPLOY-30, DEPLOY-31)."},
	{"ProgressDeadlineExceeded",
	 "The rollout did not get on for progressDeadlineSeconds; nothing "
	 "is rolled back (DEPLOY-31). Look at the new pods."},
	{"MinimumReplicasAvailable", "Enough pods of the Deployment are available (DEPLOY-32)."},
	{"MinimumReplicasUnavailable", "Fewer pods are available than maxUnavailable allows "
				       "(DEPLOY-32)."},
	{"ScalingReplicaSet",
	 "A Deployment changed the size of one of its ReplicaSets (DEPLOY-33)."},
	{"Guaranteed",
	 "All containers have limits of CPU and memory equal to their requests; killed "
	 "last when memory runs out (QOS-1, OOM-1)."},
	{"Burstable",
	 "Some requests or limits are set; killed by how much is used beyond the request "
	 "(QOS-1, OOM-2)."},
	{"BestEffort",
	 "No requests and no limits at all; killed first when memory runs out (QOS-1, "
	 "OOM-1)."},
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
