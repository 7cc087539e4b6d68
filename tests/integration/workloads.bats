#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `sidepod run` of whole manifests: Deployments, sets, CronJobs and Jobs with real pods of the
# built-in image.

load workload_world

jobs() { # COUNT
	for i in $(seq "$1"); do
		cat <<-END
			---
			apiVersion: batch/v1
			kind: Job
			metadata: {name: j$i}
			spec:
			  template:
			    spec:
			      restartPolicy: Never
			      terminationGracePeriodSeconds: 5
			      initContainers:
			      - {name: helper, image: sidepod.local/demo, command: [demo, act, 'term=0:0'], restartPolicy: Always}
			      containers:
			      - {name: work, image: sidepod.local/demo, command: [demo, act, 'exit=0.3']}
		END
	done | put jobs.yaml
}

@test "a Deployment stays; Ctrl-C ends it in order" {
	deployment 3 up
	start
	deployed 3 up
	running 3
	interrupt
	[ "$status" -eq 130 ]
	[ "$(grep -c '^pod/web-.* Succeeded after ' err)" -eq 3 ]
	nothing_left
}

@test "--watch: a new template rolls over, a broken file changes nothing, what is taken out goes" {
	deployment 2 first
	start --watch
	until_line '^deployment/web  2/2 ready$'
	echo 'kind: [' | put broken.yaml
	until_line 'what runs stays as it is'
	rm files/broken.yaml
	deployment 2 second
	until_line 'Scaled down replica set web-.* from 1 to 0'
	until_line 'app *| second' out 2
	# the third file keeps the run from having nothing to do
	put one.yaml <<-END
		apiVersion: v1
		kind: Pod
		metadata: {name: one}
		spec: {terminationGracePeriodSeconds: 30, containers: [{name: c, image: sidepod.local/demo, command: [demo, act, 'say=one,term=0:0']}]}
	END
	until_line 'one' out
	rm files/web.yaml
	until_line '^pod/web-.* after ' err 4
	interrupt
	[ "$status" -eq 130 ]
	nothing_left
}

@test "a Pod that is changed is replaced; a ConfigMap comes along" {
	put pod.yaml <<-END
		apiVersion: v1
		kind: Pod
		metadata: {name: p}
		spec: {terminationGracePeriodSeconds: 30, containers: [{name: c, image: sidepod.local/demo, command: [demo, act, 'say=first,term=0:0']}]}
	END
	start --watch
	until_line 'first' out
	sed 's/first/second/' files/pod.yaml | put pod.yaml
	until_line 'second' out
	interrupt
	[ "$(grep -c '^pod/p Succeeded' err)" -eq 2 ]
	nothing_left
}

@test "a StatefulSet: names in order, and a directory each that outlives its pod" {
	put db.yaml <<-END
		apiVersion: apps/v1
		kind: StatefulSet
		metadata: {name: db}
		spec:
		  serviceName: db
		  replicas: 2
		  selector: {matchLabels: {app: db}}
		  template:
		    metadata: {labels: {app: db}}
		    spec:
		      terminationGracePeriodSeconds: 1
		      containers:
		      - name: app
		        image: sidepod.local/demo
		        command: [demo, act, 'say=up,term=0:0']
		        volumeMounts: [{name: data, mountPath: /data}]
		  volumeClaimTemplates:
		  - metadata: {name: data}
		    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
	END
	start
	until_line '^statefulset/db  2/2 ready$'
	[ "$(grep -n 'Created pod: db-0' err | cut -d: -f1)" -lt "$(grep -n 'Created pod: db-1' err | cut -d: -f1)" ]
	[ "$(find "$SIDEPOD_ROOT" -type d -path '*/volumes/default/data-db-[01]' | wc -l)" -eq 2 ]
	interrupt
	[ "$(find "$SIDEPOD_ROOT" -type d -path '*/volumes/default/data-db-[01]' | wc -l)" -eq 2 ]
	nothing_left
}

@test "a CronJob with --now: once, with its verdict" {
	put cron.yaml <<-END
		apiVersion: batch/v1
		kind: CronJob
		metadata: {name: nightly}
		spec:
		  schedule: "0 3 * * *"
		  jobTemplate:
		    spec:
		      backoffLimit: 0
		      template:
		        spec:
		          restartPolicy: Never
		          containers: [{name: work, image: sidepod.local/demo, command: [demo, act, 'exit=0,code=4']}]
	END
	run timeout 120 "$SIDEPOD" run files --net lo --now
	[ "$status" -eq 1 ]
	[[ $output == *'job/nightly-'*' Failed 0/1 in '*'BackoffLimitExceeded'* ]]
	nothing_left
	start
	until_line '^cronjob/nightly  next .*T03:00:00'
	interrupt
	[ "$status" -eq 130 ]
}

@test "a mixed file: what is there for others does not keep the run going" {
	jobs 2
	put rest.yaml <<-END
		apiVersion: v1
		kind: List
		items:
		- {apiVersion: v1, kind: Namespace, metadata: {name: here}}
		- {apiVersion: v1, kind: ServiceAccount, metadata: {name: robot}}
		- {apiVersion: v1, kind: ConfigMap, metadata: {name: words}, data: {WORD: hello}}
		- {apiVersion: v1, kind: Secret, metadata: {name: secret}, stringData: {KEY: open sesame}}
		- {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: disk}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}}
		- apiVersion: v1
		  kind: Pod
		  metadata: {name: says}
		  spec:
		    restartPolicy: Never
		    containers: [{name: c, image: sidepod.local/demo, command: [/bin/echo, '\$(WORD), \$(KEY)'], envFrom: [{configMapRef: {name: words}}, {secretRef: {name: secret}}]}]
	END
	run timeout 120 "$SIDEPOD" run files --net lo
	[ "$status" -eq 0 ]
	[[ $output == *'hello, open sesame'* ]]
	[ "$(grep -c '^job/j[12] Complete 1/1' <<<"$output")" -eq 2 ]
	run "$SIDEPOD" run files --net lo --dry-run
	[ "$status" -eq 0 ]
	[[ $output == *'would start job/j1'*'would create secret/secret'* ]]
	nothing_left
}

@test "200 Jobs of two containers at once: each ends with its app, nothing is left" {
	jobs 200
	start --no-logs
	wait "$pid"
	pid=
	[ "$(grep -c '^job/j[0-9]* Complete 1/1 in ' err)" -eq 200 ]
	[ "$(grep -c '^pod/j.* Succeeded after ' err)" -eq 200 ]
	nothing_left
}

@test "a Deployment from 0 to 100 replicas and back" {
	deployment 0 up
	start --watch --no-logs
	until_line '^deployment/web  0/0 ready$'
	deployment 100 up
	until_line '^deployment/web  100/100 ready$'
	deployment 0 up
	until_line '^pod/web-.* after ' err 100
	[ "$(grep '^deployment/web' err | tail -n 1)" = 'deployment/web  0/0 ready' ]
	interrupt
	[ "$status" -eq 130 ]
	nothing_left
}
