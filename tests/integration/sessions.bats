#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Running sessions and the commands that ask them: `down` takes their objects away, `get` and
# `describe` show them.

bats_require_minimum_version 1.5.0

load workload_world

# over: wait until the session has ended by itself; $status
over() {
	status=0
	timeout 120 tail --pid="$pid" -f /dev/null
	wait "$pid" || status=$?
	pid=
}

job() { # NAME ACT
	put "$1.yaml" <<-END
		apiVersion: batch/v1
		kind: Job
		metadata: {name: $1, labels: {of: $1}}
		spec:
		  template:
		    spec:
		      restartPolicy: Never
		      terminationGracePeriodSeconds: 5
		      containers: [{name: work, image: sidepod.local/demo, command: [demo, act, '$2']}]
	END
}

@test "down -f: a Deployment goes with its pods and comes not again, what other files hold stays" {
	deployment 3 up
	job work 'term=0:0'
	start
	deployed 3 up
	until_line 'work-.*  pod.cond.Ready=True'
	run --separate-stderr timeout 120 "$SIDEPOD" down -f files/web.yaml --dry-run
	[ "$(grep -c '^would stop pod/web-' <<<"$output")" -eq 3 ]
	running 4
	run --separate-stderr timeout 120 "$SIDEPOD" down -f files/web.yaml
	[ "$status" -eq 0 ]
	[ "$(head -n 1 <<<"$output")" = deployment/web ]
	[ "$(grep -c '^pod/web-' <<<"$output")" -eq 3 ]
	[ "$(grep -c ' Created pod: web-' err)" -eq 3 ]
	[[ $(timeout 120 "$SIDEPOD" ps --no-headers) == work-*Running* ]]
	# the last of it: the session ends, and tells that the Job did not
	timeout 120 "$SIDEPOD" down -f files
	over
	[ "$status" -eq 1 ]
	grep -q '^job/work stopped 0/1' err
	nothing_left
	[ -z "$(ls "$SIDEPOD_ROOT/run/sessions")" ]
	timeout 120 "$SIDEPOD" down -f files # it is down
}

@test "down -f: every kind, with what they need; also with --watch" {
	for kind in ReplicaSet StatefulSet DaemonSet; do
		name=$(tr '[:upper:]' '[:lower:]' <<<$kind)
		cat <<-END
			---
			apiVersion: apps/v1
			kind: $kind
			metadata: {name: $name}
			spec:
			  selector: {matchLabels: {app: $name}}
			  template:
			    metadata: {labels: {app: $name}}
			    spec:
			      terminationGracePeriodSeconds: 2
			      containers: [{name: c, image: sidepod.local/demo, command: [demo, act, 'term=0:0']}]
		END
	done | put sets.yaml
	put cron.yaml <<-END
		apiVersion: batch/v1
		kind: CronJob
		metadata: {name: cron}
		spec:
		  schedule: "0 3 * * *"
		  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: sidepod.local/demo, command: [/bin/true]}]}}}}
		---
		{apiVersion: v1, kind: ConfigMap, metadata: {name: words}, data: {a: b}}
		---
		{apiVersion: v1, kind: Secret, metadata: {name: secret}, stringData: {a: b}}
	END
	start --watch
	until_line '/.*  1/1 ready$' err 3
	run --separate-stderr timeout 120 "$SIDEPOD" down -f files
	[ "$status" -eq 0 ]
	for object in replicaset/replicaset statefulset/statefulset daemonset/daemonset cronjob/cron configmap/words secret/secret; do
		grep -qx "$object" <<<"$output"
	done
	over
	[ "$status" -eq 0 ]
	nothing_left
}

@test "down by kind and name, by labels, --all; a pod that is wanted is made anew" {
	deployment 1 up
	job one 'term=0:0'
	job two 'term=0:0'
	start
	deployed 1 up
	until_line '-.*  pod.cond.Ready=True' err 3
	pod=$(timeout 120 "$SIDEPOD" ps -o name | grep web-)
	timeout 120 "$SIDEPOD" down "$pod"
	until_line 'Created pod: web-' err 2
	[ "$(timeout 120 "$SIDEPOD" down job/one | head -n 1)" = job/one ]
	[ "$(timeout 120 "$SIDEPOD" down -l of=two | head -n 1)" = job/two ]
	run timeout 120 "$SIDEPOD" down job/one
	[ "$status" -eq 1 ]
	[[ $output == *"no job 'one'"* ]]
	timeout 120 "$SIDEPOD" down --all
	over
	[ "$status" -eq 1 ]
	nothing_left
}

@test "down --grace: less than the pods' own, and more" {
	deployment 1 up
	sed -i 's/term=0.05:0/term=ignore/; s/Seconds: 30/Seconds: 60/' files/web.yaml
	start
	deployed 1 up
	timeout 120 "$SIDEPOD" down -f files --grace 1
	over
	nothing_left
	deployment 1 up
	sed -i 's/term=0.05/term=1.5/; s/Seconds: 30/Seconds: 1/' files/web.yaml
	start
	deployed 1 up
	timeout 120 "$SIDEPOD" down -f files --grace 30
	over
	grep -q 'pod/web-.* Succeeded' err
}

@test "get and describe: objects of the session, as a table, as objects, and what changes" {
	deployment 2 up
	job work exit=0
	put rest.yaml <<-END
		{apiVersion: v1, kind: Secret, metadata: {name: key}, stringData: {word: open sesame}}
		---
		apiVersion: batch/v1
		kind: CronJob
		metadata: {name: nightly}
		spec:
		  schedule: "0 3 * * *"
		  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: sidepod.local/demo, command: [/bin/true]}]}}}}
	END
	run timeout 10 "$SIDEPOD" get deploy
	[ "$status" -eq 0 ]
	[[ $output == *'no session runs'* ]]
	start
	until_line '^deployment/web  2/2 ready$'
	until_line '^job/work Complete'
	get() { timeout 10 "$SIDEPOD" get "$@"; }
	[[ $(get deploy --no-headers) =~ ^web' '+2/2' '+2' '+2' '+[0-9]+s$ ]]
	[[ $(get job work --no-headers) =~ ^work' '+Complete' '+1/1' '+[0-9]+s' '+[0-9]+s$ ]]
	[[ $(get cj) == *'NAME     SCHEDULE   TIMEZONE  SUSPEND  ACTIVE  LAST SCHEDULE  AGE'* ]]
	[ "$(get all -o name | grep -v ^pod/ | sort | tr '\n' ' ' | sed 's/-[a-z0-9]* / /')" = \
		'cronjob.batch/nightly deployment.apps/web job.batch/work replicaset.apps/web ' ]
	[ "$(get all -o name | grep -c ^pod/web-)" -eq 2 ]
	[ "$(get deploy/web -o 'jsonpath={.kind} {.apiVersion} {.status.readyReplicas} {.spec.strategy.type}')" = 'Deployment apps/v1 2 RollingUpdate' ]
	[ "$(get secret key -o 'jsonpath={.data.word}' | base64 -d)" = 'open sesame' ]
	[ "$(get deploy,job -o 'jsonpath={.items[*].kind}')" = 'Deployment Job' ]
	[ "$(get job -l of=work -o name)" = job.batch/work ]
	[ -z "$(get job -l of=other -o name)" ]
	run get deploy wbe
	[ "$status" -eq 1 ]
	[[ $output == *"did you mean 'web'?"* ]]
	run get deploymnt
	[ "$status" -eq 2 ]
	[[ $output == *"did you mean 'deployment'?"* ]]
	run timeout 10 "$SIDEPOD" describe deploy/web job/work secret/key
	[ "$status" -eq 0 ]
	[[ $output == *'2 desired | 2 updated | 2 total | 2 available'*ScalingReplicaSet*'0 active (0 ready) / 1 succeeded'*'word: 11 bytes'* ]]
	[[ $output != *sesame* ]]
	# the Deployment goes away while somebody looks on
	timeout 20 "$SIDEPOD" get rs,deploy --no-headers --watch >seen 3>&- &
	until_line deployment.apps/web seen
	timeout 20 "$SIDEPOD" down "$(get pods -o name | grep web- | head -n 1)"
	until_line 'deployment.apps/web  1/2' seen
	until_line 'deployment.apps/web  2/2' seen 2
	kill %2
	interrupt
}

@test "a session that was killed: its pods are found by their owners, its socket is swept" {
	deployment 2 up
	job work 'term=0:0'
	start
	deployed 2 up
	until_line 'work-.*  pod.cond.Ready=True'
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || true
	pid=
	[ "$(ls "$SIDEPOD_ROOT/run/sessions" | wc -l)" -eq 1 ]
	run --separate-stderr timeout 120 "$SIDEPOD" down -f files/web.yaml
	[ "$status" -eq 0 ]
	[ "$(grep -c '^pod/web-' <<<"$output")" -eq 2 ]
	[ -z "$(ls "$SIDEPOD_ROOT/run/sessions")" ]
	timeout 120 "$SIDEPOD" down -f files
	nothing_left
}

@test "a session listens to its own user and root alone" {
	[ -x /usr/bin/python3 ] || skip "needs Debian's python3"
	deployment 1 up
	start
	deployed 1 up
	[ "$(stat -c %a "$SIDEPOD_ROOT/run/sessions")" = 700 ]
	socket=$(ls "$SIDEPOD_ROOT/run/sessions/"*)
	[ "$(stat -c %a "$socket")" = 600 ]
	# one who got at the socket all the same
	chmod 755 "$SIDEPOD_ROOT/run/sessions"
	chmod 666 "$socket"
	ask='import socket,sys; s=socket.socket(socket.AF_UNIX,socket.SOCK_SEQPACKET); s.connect(sys.argv[1]); s.send(b"{\"op\":\"list\"}"); print(s.recv(100))'
	[[ $(timeout 120 /usr/bin/python3 -c "$ask" "$socket") == *'"ok":true'* ]]
	for dir in "$BATS_TEST_TMPDIR" "$(dirname "$BATS_TEST_TMPDIR")" "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR/root" "$BATS_TEST_TMPDIR/root/run"; do chmod o+x "$dir"; done
	run timeout 120 setpriv --reuid=65534 --regid=65534 --clear-groups /usr/bin/python3 -c "$ask" "$socket"
	[[ $output != *'"ok":true'* ]]
	[[ $output != *'Permission denied'* ]]
	timeout 120 "$SIDEPOD" down --all --now
	over
}

# ---- up ----------------------------------------------------------------------------------------

up() { timeout 40 "$SIDEPOD" up files --net lo "$@" >out 2>err 3>&-; }
down() { timeout 30 "$SIDEPOD" down "$@" >down.out 3>&-; }
session_pid() { # of the one in the background: its standard error is the session's log
	for fd in /proc/[0-9]*/fd/2; do
		[[ $(readlink "$fd") == "$SIDEPOD_ROOT/run/sessions/"*.log ]] || continue
		fd=${fd#/proc/}
		echo "${fd%%/*}"
	done
}
no_session() { [ -z "$(ls "$SIDEPOD_ROOT/run/sessions")" ]; }

@test "up -d: a Deployment and a Job go on without the command, and are seen and taken down by name" {
	deployment 2 up
	job work exit=0.2
	up -d
	[ "$(cat out)" = "$(printf 'deployment/web\njob/work')" ]
	timeout 20 sh -c 'until "$0" get deploy/web --no-headers | grep -q " 2/2 "; do sleep 0.05; done' "$SIDEPOD"
	timeout 20 sh -c 'until "$0" get job/work --no-headers | grep -q " 1/1 "; do sleep 0.05; done' "$SIDEPOD"
	# what has ended stays to be seen; a pod that is taken away comes again
	[[ $(timeout 10 "$SIDEPOD" ps --no-headers | grep ^work-) == *Completed* ]]
	[[ $(timeout 10 "$SIDEPOD" logs "$(timeout 10 "$SIDEPOD" get pods -o name | grep web- | head -n 1)") == *up* ]]
	pod=$(timeout 10 "$SIDEPOD" get pods -o name | grep web- | head -n 1)
	down "$pod"
	timeout 20 sh -c 'until "$0" get deploy/web --no-headers | grep -q " 2/2 "; do sleep 0.05; done' "$SIDEPOD"
	[ "$(timeout 10 "$SIDEPOD" ps --no-headers | grep -c ^web-)" -eq 2 ]
	# names are taken
	run timeout 10 "$SIDEPOD" up -d files --net lo
	[ "$status" -eq 1 ]
	[[ $output == *"deployment 'web' is running already"*'sidepod down deployment/web'* ]]
	up -d --replace
	[ "$(ls "$SIDEPOD_ROOT/run/sessions" | grep -vc '\.log$')" -eq 1 ]
	down job/work
	[ -z "$(timeout 10 "$SIDEPOD" ps --no-headers | grep ^work-)" ]
	down -f files
	no_session
	nothing_left
}

@test "up --wait: Ready and complete, what fails, what takes too long" {
	deployment 2 up
	up --wait
	[ "$(timeout 10 "$SIDEPOD" get deploy/web -o 'jsonpath={.status.readyReplicas}')" = 2 ]
	grep -q '^deployment/web  2/2 ready$' err
	down --all
	no_session
	rm files/web.yaml
	job good exit=0.2
	up --wait=Complete
	[ "$(timeout 10 "$SIDEPOD" get job/good -o 'jsonpath={.status.succeeded}')" = 1 ]
	job bad exit=0,code=3
	sed -i 's/^spec:/spec:\n  backoffLimit: 0/' files/bad.yaml
	status=0
	up --wait=Complete --replace || status=$?
	[ "$status" -eq 1 ]
	down --all
	rm files/*
	deployment 1 up
	sed -i 's/5\n//; s/command: /readinessProbe: {exec: {command: [\/bin\/false]}}, command: /' files/web.yaml
	status=0
	up --wait --timeout 1s || status=$?
	[ "$status" -eq 3 ]
	grep -q 'timed out; the pods go on' err
	[ "$(timeout 10 "$SIDEPOD" get deploy/web -o 'jsonpath={.status.replicas}')" = 1 ]
	down --all --now
	no_session
	nothing_left
}

@test "up: a rollout keeps only the pods that are; SIGTERM ends a session in order" {
	deployment 2 first
	up --wait
	# the session's pods are its own; its death by signal takes them along
	session=$(session_pid)
	[ -n "$session" ]
	kill -TERM "$session"
	timeout 20 tail --pid="$session" -f /dev/null
	no_session
	nothing_left
	# a killed session leaves its pods running
	up --wait
	session=$(session_pid)
	kill -KILL "$session"
	timeout 20 tail --pid="$session" -f /dev/null
	[ "$(timeout 10 "$SIDEPOD" ps --no-headers | grep -c Running)" -eq 2 ]
	down -f files
	no_session
	nothing_left
}

@test "up -d of Pods alone leaves no session behind" {
	put pod.yaml <<-END
		{apiVersion: v1, kind: ConfigMap, metadata: {name: words}, data: {WORD: hello}}
		---
		apiVersion: v1
		kind: Pod
		metadata: {name: p}
		spec: {terminationGracePeriodSeconds: 1, containers: [{name: c, image: sidepod.local/demo, command: [demo, act, 'say=one,term=0:0'], envFrom: [{configMapRef: {name: words}}]}]}
	END
	up -d
	[ "$(cat out)" = pod/p ]
	no_session
	timeout 20 "$SIDEPOD" wait p
	down p
	nothing_left
}

@test "up: what cannot begin is told by the command, and nothing stays" {
	deployment 1 up
	sed -i 's/name: app, /name: app, volumeMounts: [{name: v, mountPath: \/v}], /; s/^      containers:/      volumes: [{name: v, hostPath: {path: \/nowhere, type: Directory}}]\n      containers:/' files/web.yaml
	status=0
	up --wait --timeout 1s || status=$?
	[ "$status" -eq 3 ]
	down --all --now
	no_session
	nothing_left
}
