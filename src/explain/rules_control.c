/* SPDX-License-Identifier: Apache-2.0 */
/* Rules in one or two sentences: what the controllers of Jobs, CronJobs and Deployments do. */
#include "explain/explain_internal.h"

const struct sp_explained sp_rules_control[] = {
	{"JOB-14",
	 "Of a job that exists, parallelism, suspend, backoffLimit, maxFailedIndexes and the "
	 "two times can change; the template and the policies cannot."},
	{"JOB-20", "A pod is called <job>-<5 random>, of an Indexed job <job>-<index>-<5 random>."},
	{"JOB-21", "Pods carry the job's name and UID as labels, and their index as label and "
		   "annotation."},
	{"JOB-22",
	 "A pod of an Indexed job has the host name <job>-<index>, and every container the "
	 "variable JOB_COMPLETION_INDEX unless it defines one."},
	{"JOB-23", "A new pod takes the lowest index that has not succeeded, not failed and has no "
		   "pod."},
	{"JOB-24",
	 "Of two active pods with the same index one is deleted, and that is no failure."},
	{"JOB-30",
	 "A pod is active until it is over or being deleted, then terminating until it is "
	 "over."},
	{"JOB-31",
	 "Failed pods are failures; where replacement does not wait for the end, a deleted "
	 "pod is one from the request on."},
	{"JOB-32", "Each pod is counted once, also when its object disappears."},
	{"JOB-33", "A pod counts when its sidecars are gone and its final phase shows; failed "
		   "sidecars do not make it a failure."},
	{"JOB-34",
	 "Pods that a suspension, a smaller parallelism or a met success policy removes are "
	 "no failures; those removed because the job failed are."},
	{"JOB-40",
	 "Complete with CompletionsReached: as many pods succeeded as were asked for, and "
	 "none is active."},
	{"JOB-41", "Complete with SuccessPolicy: a rule of the success policy matched, the message "
		   "has its index."},
	{"JOB-42", "Failed with BackoffLimitExceeded: more failures than backoffLimit forgives."},
	{"JOB-43", "Under OnFailure restarts of all containers of unfinished pods count against "
		   "backoffLimit, those of sidecars too."},
	{"JOB-44",
	 "Failed with DeadlineExceeded: activeDeadlineSeconds passed since the job started "
	 "or was resumed."},
	{"JOB-45", "Failed with PodFailurePolicy: a FailJob rule matched; the message names the "
		   "container and the code."},
	{"JOB-46",
	 "Pods to delete are chosen by how little is lost: pending, unready, shortly ready, "
	 "often restarted, young ones first."},
	{"JOB-47", "Failed with MaxFailedIndexesExceeded: more indexes failed than allowed."},
	{"JOB-48", "Failed with FailedIndexes: every index is done and some of them failed."},
	{"JOB-49",
	 "backoffLimit n allows n + 1 failed pods under Never; with 0 the first failure is "
	 "the end."},
	{"JOB-50", "The verdict is announced as FailureTarget or SuccessCriteriaMet at once, and "
		   "becomes Failed or Complete when no pod is left."},
	{"JOB-51", "Finished pods are kept until their job is deleted."},
	{"JOB-52", "Counters of the status; indexes are listed as 0,2,4-6, in intervals from three "
		   "on."},
	{"JOB-53",
	 "A work queue makes no more pods after the first success, and is complete when the "
	 "others have ended."},
	{"JOB-54", "parallelism 0 pauses: no pods, neither completion nor failure."},
	{"JOB-55",
	 "After n failures since the last success the next pod comes 10 s * 2^(n-1) after "
	 "the last failed one ended, at most 10 minutes."},
	{"JOB-56",
	 "A pod ended with the last of its regular containers and sidecars; one that failed "
	 "in its init phase when it was accepted."},
	{"JOB-57", "With backoffLimitPerIndex each index has its own delay, and keeps its place "
		   "meanwhile."},
	{"JOB-58", "An index fails with more failures than backoffLimitPerIndex, or by a FailIndex "
		   "rule; the other indexes go on."},
	{"JOB-60",
	 "The rules of the failure policy are tried in order on each failed pod; without a "
	 "match it counts."},
	{"JOB-61", "Exit codes of containers that ended with another code than 0 are looked at, "
		   "regular ones first; without containerName killed sidecars match, too."},
	{"JOB-62", "A pod condition matches by type and status."},
	{"JOB-63", "FailJob ends the job, FailIndex the index, Ignore replaces the pod without "
		   "counting it, Count counts it."},
	{"JOB-64", "A container that its own rules restart in place is no failure of the pod."},
	{"JOB-70", "Suspending deletes active pods gracefully and clears the start time; resuming "
		   "starts it and the deadline afresh."},
	{"JOB-71",
	 "A job created suspended has neither pods nor start time, and no deadline runs."},
	{"JOB-72", "ttlSecondsAfterFinished after its verdict the job and its pods are deleted."},
	{"JOB-73", "Deleting a job deletes its pods gracefully, and makes no more."},
	{"JOB-74", "The columns STATUS, COMPLETIONS and DURATION of a job."},
	{"JOB-75", "The events of a job: pods created and deleted, completion, suspension, and a "
		   "warning with the reason of its failure."},
	{"CRON-7",
	 "Times are those of the zone's clock: a time that does not exist is skipped, one "
	 "that comes twice fires twice."},
	{"CRON-8", "A schedule without any time in five years never fires, and is told once."},
	{"CRON-11",
	 "A job is called <cronjob>-<scheduled time in minutes since 1970>, so each time "
	 "runs once; an annotation has the time."},
	{"CRON-12", "The latest time since the last run counts, unless it is older than "
		    "startingDeadlineSeconds; then the concurrencyPolicy decides."},
	{"CRON-13", "However many times were missed, only the most recent one is started."},
	{"CRON-14", "More than 100 missed times are told in a warning; the latest one runs all the "
		    "same."},
	{"CRON-15",
	 "Under Forbid a time that a running job blocks starts late, when that job ends."},
	{"CRON-16",
	 "Replace deletes the running job and starts the new one without waiting for its "
	 "pods."},
	{"CRON-17",
	 "suspend stops new starts only; when resumed, the latest missed time may start at "
	 "once."},
	{"CRON-18",
	 "A new schedule is measured from the last run, so one of its times may count as "
	 "missed."},
	{"CRON-19", "Finished jobs beyond the history limits are deleted, the oldest first."},
	{"CRON-20", "The events of a CronJob: jobs created, deleted and completed, times missed or "
		    "forbidden, jobs lost or found."},
	{"CRON-21", "Deleting a CronJob deletes its jobs and their pods."},
	{"DEPLOY-3",
	 "A ReplicaSet is named by a hash of its template, which is also a label of its "
	 "pods."},
	{"DEPLOY-4", "Going back to an earlier template uses its ReplicaSet again, with the next "
		     "revision number."},
	{"DEPLOY-5", "A paused Deployment scales but does not roll out; replicas alone make no "
		     "revision."},
	{"DEPLOY-10", "A ReplicaSet makes or deletes the difference between its active pods and "
		      "replicas; a pod that begins to end is replaced at once."},
	{"DEPLOY-11", "A pod is available when it has been Ready for minReadySeconds without a "
		      "break."},
	{"DEPLOY-12",
	 "Pods to delete: pending, unready, of low deletion cost, shortly ready, often "
	 "restarted, young ones first."},
	{"DEPLOY-13", "The counters of a ReplicaSet's status."},
	{"DEPLOY-20", "A rollout goes in rounds, each in one direction: new pods up, or old ones "
		      "down."},
	{"DEPLOY-21", "Never more than replicas + maxSurge pods, never fewer than replicas - "
		      "maxUnavailable available ones by its own doing."},
	{"DEPLOY-22", "Recreate waits until all old pods are gone, with the ordered stop of their "
		      "sidecars."},
	{"DEPLOY-23", "New replicas in the middle of a rollout are shared in proportion to the "
		      "sizes."},
	{"DEPLOY-24",
	 "A rollout whose pods never become ready stops at its budget; the old pods go "
	 "on serving."},
	{"DEPLOY-30", "A Deployment is complete when all replicas are of the new template and "
		      "available, and no others are left."},
	{"DEPLOY-31", "The condition Progressing; without progress for progressDeadlineSeconds it "
		      "turns False, and nothing else happens."},
	{"DEPLOY-32", "The condition Available: at least replicas - maxUnavailable pods are."},
	{"DEPLOY-33", "The events of Deployments and ReplicaSets."},
	{"DEPLOY-34",
	 "Empty ReplicaSets beyond revisionHistoryLimit are deleted when the rollout is "
	 "complete."},
	{"DEPLOY-35", "The columns READY, UP-TO-DATE and AVAILABLE."},
	{0},
};
