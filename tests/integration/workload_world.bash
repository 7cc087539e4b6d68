# SPDX-License-Identifier: Apache-2.0
# A session in the background and its files, for tests: pods of the built-in image, a state directory of
# their own per test. SIDEPOD names the program under test.

setup() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	export SIDEPOD_ROOT=$BATS_TEST_TMPDIR/root
	mkdir "$BATS_TEST_TMPDIR/files"
	cd "$BATS_TEST_TMPDIR"
	pid=
}

teardown() {
	[ "$(id -u)" -eq 0 ] || return 0
	[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true
	timeout 120 "$SIDEPOD" down --all --now >/dev/null 2>&1 || true
}

# start [FLAG…]: `run` of files/ in the background; $pid
start() {
	: >out
	: >err
	# as a group of its own with SIGINT as usual: a shell's background jobs ignore it
	env --default-signal=INT "$SIDEPOD" run files --net lo "$@" >out 2>err 3>&- &
	pid=$!
}

# until_line PATTERN [FILE] [COUNT]: wait for so many such lines in what run has said
until_line() {
	timeout 120 sh -c 'until [ "$(grep -c -e "$0" "$1")" -ge "$2" ]; do sleep 0.05; done' \
		"$1" "${2:-err}" "${3:-1}"
}

# deployed N WORD: the Deployment has so many replicas, and they listen to signals: they have said so
deployed() {
	until_line "^deployment/web  $1/$1 ready\$"
	until_line "app *| $2" out "$1"
}

# running N: so many pods, as their files say, which lag behind their records
running() {
	timeout 120 sh -c 'until [ "$("$0" ps --no-headers | grep -c Running)" -eq "$1" ]; do sleep 0.05; done' \
		"$SIDEPOD" "$1"
}

interrupt() {
	kill -INT "$pid"
	status=0
	wait "$pid" || status=$?
	pid=
}

# put FILE: standard input, at once and as a whole
put() { cat >"new.$$" && mv "new.$$" "files/$1"; }

nothing_left() {
	[ -z "$(ls -A "$SIDEPOD_ROOT/run/pods" "$SIDEPOD_ROOT/run/names" "$SIDEPOD_ROOT/log/pods" | grep -v -e ':$' -e '^$')" ]
}

deployment() { # REPLICAS WORD
	put web.yaml <<-END
		apiVersion: apps/v1
		kind: Deployment
		metadata: {name: web}
		spec:
		  replicas: $1
		  selector: {matchLabels: {app: web}}
		  template:
		    metadata: {labels: {app: web}}
		    spec:
		      terminationGracePeriodSeconds: 30
		      containers:
		      - {name: app, image: sidepod.local/demo, command: [demo, act, 'say=$2,term=0.05:0']}
	END
}
