/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules in one or two sentences: fields of Jobs, CronJobs and Deployments as validation cites them,
 * and the features of Kubernetes that are refused (OPT).
 */
#include "explain/explain_internal.h"

const struct sp_explained sp_rules_work[] = {
	{"JOB-1", "parallelism is how many pods run at once; 1 unless given, never negative."},
	{"JOB-2", "completions is how many pods must succeed; without it, but with parallelism, "
		  "the job is a work queue."},
	{"JOB-3", "completionMode Indexed numbers the pods, so it needs completions."},
	{"JOB-4", "backoffLimit is how many failures are forgiven: 6 unless given, without bound "
		  "when backoffLimitPerIndex is set."},
	{"JOB-5", "A suspended job has no running pods."},
	{"JOB-6", "podReplacementPolicy says whether a pod is replaced when it begins to end or "
		  "when it has failed; with a podFailurePolicy only Failed is legal."},
	{"JOB-7", "activeDeadlineSeconds and ttlSecondsAfterFinished are not set unless given, "
		  "and never negative."},
	{"JOB-8", "backoffLimitPerIndex, maxFailedIndexes and successPolicy are for Indexed jobs; "
		  "maxFailedIndexes needs backoffLimitPerIndex."},
	{"JOB-10", "The pods of a job are to end, so their restartPolicy is OnFailure or Never and "
		   "must be written."},
	{"JOB-11", "With a podFailurePolicy the pods must not restart by themselves: only Never "
		   "is legal."},
	{"JOB-12", "A rule of podFailurePolicy has an action and either exit codes, ascending and "
		   "without 0 for In, or pod conditions; FailIndex needs backoffLimitPerIndex."},
	{"JOB-13", "A rule of successPolicy names indexes like 0,2-4, a count, or both."},
	{"CRON-1", "A schedule has five fields: minute, hour, day of month, month, day of week. "
		   "Sunday is 0, not 7, and there is no field for seconds."},
	{"CRON-2", "A field is a list of *, N or N-M, each perhaps with /step."},
	{"CRON-3", "When day of month and day of week are both restricted, either suffices; else "
		   "both must match."},
	{"CRON-4", "@yearly, @monthly, @weekly, @daily, @hourly and @every <duration> are short "
		   "forms; @reboot does not exist."},
	{"CRON-5", "The time zone stands in timeZone, not inside the schedule."},
	{"CRON-6", "timeZone is a name like Europe/Berlin; absent, the machine's zone counts."},
	{"CRON-10", "A CronJob allows overlapping runs, keeps 3 successful and 1 failed job, and "
		    "has a name of at most 52 characters."},
	{"DEPLOY-1", "A workload needs a selector that matches its template's labels, and pods "
		     "that are always restarted; progressDeadlineSeconds is above "
		     "minReadySeconds."},
	{"DEPLOY-2", "maxSurge and maxUnavailable are numbers or percentages, rounded up and down; "
		     "they are not both 0."},
	{"OPT-1", "The host name of a pod comes from hostname and subdomain; hostnameOverride is "
		  "refused."},
	{"OPT-2", "The stop signal is the image's, else SIGTERM; stopSignal in the manifest is "
		  "refused."},
	{"OPT-3", "Environment variables from files (fileKeyRef) are refused."},
	{"OPT-4", "Volumes that are images are refused."},
	{"OPT-5", "Raw block devices (volumeDevices) are refused."},
	{"OPT-6", "Dynamic resource claims are refused."},
	{"OPT-7", "Pods for another system than Linux are refused."},
	{"OPT-8", "Volumes that need a storage system or a driver are refused; hostPath and "
		  "persistentVolumeClaim can stand in."},
	{0},
};
