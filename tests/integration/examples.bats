#!/usr/bin/env bats
# The pods of examples/ with images made from Debian's packages (busybox-static, nginx): what their
# comments promise is what the record and the containers' own output say.

setup_file() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	export ROOT_DIR=$BATS_FILE_TMPDIR/root TREE=$BATS_TEST_DIRNAME/../..
	"$BATS_TEST_DIRNAME/make-images" "$BATS_FILE_TMPDIR/images"
	for tar in "$BATS_FILE_TMPDIR"/images/*.tar; do
		"$SIDEPOD" image load -q "$tar" --root "$ROOT_DIR"
	done
}

teardown_file() {
	"$SIDEPOD" ps --root "$ROOT_DIR" -o name | while read -r pod; do
		"$SIDEPOD" down "$pod" --now --root "$ROOT_DIR"
	done
}

# follow FILE: runs it to its end; $events holds "event container" lines in order
follow() {
	run timeout 120 "$SIDEPOD" run "$TREE/examples/$1" --root "$ROOT_DIR" --progress quiet \
		--events "$BATS_TEST_TMPDIR/events"
	events=$(sed -n 's/.*"event":"\([a-z.A-Z=]*\)","container":"\([^"]*\)".*/\1 \2/p' "$BATS_TEST_TMPDIR/events")
}

# says PATTERN COMMAND…: a line of what sidepod COMMAND prints
says() {
	local pattern=$1
	shift
	"$SIDEPOD" "$@" --root "$ROOT_DIR" | grep -q -e "$pattern"
}

# eventually COMMAND…: again until it succeeds, at most a minute
eventually() {
	local end=$((SECONDS + 60))
	until "$@"; do
		[ $SECONDS -lt $end ] || { echo "never: $*"; return 1; }
		sleep 0.1
	done
}

# before A B: line A of $events stands before line B
before() {
	local a b
	a=$(grep -nxF "$1" <<<"$events" | head -n 1 | cut -d: -f1)
	b=$(grep -nxF "$2" <<<"$events" | head -n 1 | cut -d: -f1)
	[ -n "$a" ] && [ -n "$b" ] && [ "$a" -lt "$b" ]
}

@test "ordered: sidecar, init, sidecar, app, and back again" {
	follow ordered.yaml
	[ "$status" = 0 ]
	[[ "$output" == *"schema is good"*"hello"*"the app is done"* ]]
	before "started vault-agent" "start schema-check"
	before "exit schema-check" "start proxy"
	before "started proxy" "start app"
	before "exit app" "sigterm proxy"
	before "exit proxy" "sigterm vault-agent"
}

@test "job: ends with its app, and takes the proxy along" {
	follow job.yaml
	[ "$status" = 0 ]
	[[ "$output" == *"accepted"*"migrated"* ]]
	before "started db-proxy" "start migrate"
	before "exit migrate" "sigterm db-proxy"
}

@test "log-sidecar: the sidecar sees the app's last line" {
	"$SIDEPOD" up -d "$TREE/examples/log-sidecar.yaml" --root "$ROOT_DIR"
	eventually says 'line 2' logs log-sidecar -c logger
	run "$SIDEPOD" down log-sidecar --root "$ROOT_DIR"
	[ "$status" = 0 ]
}

@test "legacy: the helper keeps the pod alive after the app" {
	"$SIDEPOD" up -d "$TREE/examples/legacy.yaml" --root "$ROOT_DIR"
	eventually says 'legacy  *1/2  *NotReady' ps --no-headers
	"$SIDEPOD" down legacy --root "$ROOT_DIR"
}

@test "web: nginx behind a readiness probe and a published port" {
	[ -f "$BATS_FILE_TMPDIR/images/nginx.tar" ] || skip "nginx is not installed"
	"$SIDEPOD" up -d "$TREE/examples/web.yaml" --root "$ROOT_DIR"
	"$SIDEPOD" wait web --for=condition=Ready --timeout 60s --root "$ROOT_DIR"
	run wget -qO- http://127.0.0.1:8088/
	[[ "$output" == *"served by a pod without a cluster"* ]]
	"$SIDEPOD" down web --root "$ROOT_DIR"
}

@test "cron: with --now its job runs once, and takes the helper along" {
	run timeout 120 "$SIDEPOD" run "$TREE/examples/cron.yaml" --now --root "$ROOT_DIR"
	[ "$status" = 0 ]
	[[ "$output" == *"the report is written"* ]]
	[[ "$output" == *"job/report-"*" Complete 1/1 in "* ]]
}

@test "app: three replicas behind a Service, ended in order" {
	env --default-signal=INT "$SIDEPOD" run "$TREE/examples/app.yaml" --root "$ROOT_DIR" \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	pid=$!
	eventually grep -q '^deployment/app  3/3 ready' "$BATS_TEST_TMPDIR/err"
	# written before they were ready; the sidecars that pass it on have their own time
	eventually eval '[ "$(grep -c "logs *| the app is up" "$BATS_TEST_TMPDIR/out")" = 3 ]'
	kill -INT "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" = 130 ]
	[ "$(grep -c '^pod/app-.* after ' "$BATS_TEST_TMPDIR/err")" = 3 ]
}
