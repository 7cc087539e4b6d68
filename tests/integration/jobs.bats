#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `sidepod run` of Jobs: real pods of the built-in image, a state directory of their own per test.
# SIDEPOD names the program under test.

setup() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	export SIDEPOD_ROOT=$BATS_TEST_TMPDIR/root
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	[ "$(id -u)" -eq 0 ] || return 0
	timeout 60 "$SIDEPOD" down --all --now >/dev/null 2>&1 || true
}

# job SPEC CONTAINERS: job.yaml; both are lines of YAML, indented as in the file
job() {
	cat >job.yaml <<-END
		apiVersion: batch/v1
		kind: Job
		metadata: {name: j}
		spec:
		$1
		  template:
		    spec:
		      restartPolicy: Never
		      terminationGracePeriodSeconds: 3
		$2
	END
}

ctr() { # NAME PLAN [MORE]
	echo "      - {name: $1, image: sidepod.local/demo, command: [demo, act, '$2']${3:-}}"
}

run_job() { timeout 120 "$SIDEPOD" run job.yaml --net lo "$@" >out 2>err; }

nothing_left() {
	[ -z "$(ls -A "$SIDEPOD_ROOT/run/pods" "$SIDEPOD_ROOT/run/names" "$SIDEPOD_ROOT/log/pods" | grep -v -e ':$' -e '^$')" ]
}

# line number of the first line of err that matches
line() { grep -n -m1 -e "$1" err | cut -d: -f1; }

@test "a Job with a native sidecar completes; the sidecar is stopped after the app" {
	job "  backoffLimit: 0" "      initContainers:
$(ctr proxy 'say=proxy up,term=0.05:0' ', restartPolicy: Always')
      containers:
$(ctr work 'say=work,exit=0.1')"
	run_job
	grep -q '^work  | work$' out
	grep -q '^job/j Complete 1/1 in ' err
	[ "$(line 'work  exit  code 0')" -lt "$(line 'proxy  sigterm')" ]
	nothing_left
}

@test "a ConfigMap of the same file reaches the pods" {
	job "  backoffLimit: 0" "      containers:
      - {name: work, image: sidepod.local/demo, command: [/bin/echo, 'it is \$(WORD)'], envFrom: [{configMapRef: {name: words}}]}"
	printf -- '---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: words}\ndata: {WORD: here}\n' >>job.yaml
	run_job
	grep -q 'it is here' out
}

@test "failing as often as backoffLimit allows ends with 1 and the reason" {
	job "  backoffLimit: 0" "      containers:
$(ctr work 'exit=0,code=3')"
	run run_job
	[ "$status" -eq 1 ]
	grep -q '^job/j Failed 0/1 in .*: BackoffLimitExceeded: ' err
	nothing_left
	run run_job --exit-code app
	[ "$status" -eq 3 ]
}

@test "activeDeadlineSeconds stops the pods" {
	job "  activeDeadlineSeconds: 1" "      containers:
$(ctr work 'term=0:0')"
	run run_job
	[ "$status" -eq 1 ]
	# on a busy machine the second may be over before there is somebody to stop
	! grep -q 'work  started' err || grep -q 'work  sigterm' err
	grep -q '^job/j Failed 0/1 in .*: DeadlineExceeded: ' err
	nothing_left
}

@test "Indexed: three completions at once, each with its index" {
	job "  completions: 3
  parallelism: 3
  completionMode: Indexed" "      containers:
      - {name: work, image: sidepod.local/demo, command: [/bin/echo, 'index \$(JOB_COMPLETION_INDEX)']}"
	run_job --no-prefix
	[ "$(sort out)" = "$(printf 'index %d\n' 0 1 2)" ]
	grep -q '^job/j Complete 3/3 in ' err
	nothing_left
}

@test "Ctrl-C stops the pods in order and starts no other" {
	job "  backoffLimit: 3" "      initContainers:
$(ctr proxy 'say=proxy up,term=0.05:0' ', restartPolicy: Always')
      containers:
$(ctr work 'say=work,term=0.05:1')"
	mkfifo lines
	# as a group of its own with SIGINT as usual: a shell's background jobs ignore it
	env --default-signal=INT "$SIDEPOD" run job.yaml --net lo >lines 2>err 3>&- &
	pid=$!
	while read -r text; do
		[[ $text != work*work ]] || kill -INT "$pid"
	done <lines
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 130 ]
	[ "$(line 'work  exit')" -lt "$(line 'proxy  sigterm')" ]
	[ "$(grep -c SuccessfulCreate err)" -eq 1 ]
	grep -q '^job/j stopped 0/1 in ' err
	nothing_left
}

@test "a helper as a regular container: why the Job does not end, once" {
	job "  backoffLimit: 0" "      containers:
$(ctr work 'exit=0.05')
$(ctr helper 'say=helping')"
	run_job &
	run=$!
	# after the three seconds that it is given, and not again a second later
	timeout 60 sh -c 'until grep -q "is a regular container too" err; do sleep 0.1; done'
	sleep 1
	"$SIDEPOD" exec "$("$SIDEPOD" ps -o name)" -c helper -- demo tell crash=0 || true # it may end with its container
	wait $run
	[ "$(grep -c "'work' has ended, but 'helper' is a regular container too" err)" -eq 1 ]
	grep -q 'sidepod migrate job.yaml' err
}

@test "a suspended Job is told before anything starts; a Job and a Pod run side by side" {
	job "  suspend: true" "      containers:
$(ctr work 'exit=0')"
	run run_job
	[ "$status" -eq 1 ]
	grep -q 'is suspended' err
	job "  backoffLimit: 0" "      containers:
$(ctr work 'exit=0.1')"
	printf -- '---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {restartPolicy: Never, terminationGracePeriodSeconds: 1, containers: [{name: c, image: sidepod.local/demo, command: [demo, act, "exit=0.2,code=7"]}]}\n' >>job.yaml
	run run_job
	[ "$status" -eq 1 ] # the Pod failed
	grep -q '^job/j Complete 1/1 in ' err
	grep -q '^pod/p Failed after ' err
	nothing_left
}

@test "nothing that makes a pod" {
	printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: words}\n' >job.yaml
	run run_job
	[ "$status" -eq 4 ]
	grep -q 'nothing in the manifests makes a pod' err
}
