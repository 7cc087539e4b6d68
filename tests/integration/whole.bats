#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Whole manifests as people deploy them, with their images from a real registry on loopback, under the
# names that stand in the manifests: registries.conf says where those are served.
# SIDEPOD names the program under test.

setup_file() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	export dir=$BATS_FILE_TMPDIR here=$BATS_TEST_DIRNAME
	export SIDEPOD_ROOT=$dir/root CONTAINERS_REGISTRIES_CONF=$dir/registries.conf HOME=$dir
	"$here/make-images" "$dir/images" busybox fluent-bit orders-migrator orders-api postgres
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	cat >"$dir/registry.yml" <<-END
		version: 0.1
		log: {level: error}
		storage: {filesystem: {rootdirectory: $dir/registry}}
		http: {addr: "127.0.0.1:$port"}
	END
	docker-registry serve "$dir/registry.yml" >"$dir/registry.log" 2>&1 3>&- &
	echo $! >"$dir/registry.pid"
	for _ in $(seq 600); do
		wget -qO /dev/null "http://127.0.0.1:$port/v2/" && break
		sleep 0.1
	done
	push busybox docker.io/library/busybox:1.36
	push fluent-bit docker.io/fluent/fluent-bit:3.2.4
	push orders-migrator registry.acme.io/orders-migrator:1.4.7
	push orders-api registry.acme.io/orders-api:2026.05.07
	push postgres docker.io/library/postgres:15
	rm -r "$dir/images"
	cat >"$CONTAINERS_REGISTRIES_CONF" <<-END
		[[registry]]
		prefix = "docker.io"
		location = "127.0.0.1:$port/docker.io"
		insecure = true
		[[registry]]
		prefix = "registry.acme.io"
		location = "127.0.0.1:$port/registry.acme.io"
		insecure = true
	END
	# it takes its three minutes beside the other tests
	set -m
	"$SIDEPOD" run "$here/whole/report.yaml" --root "$dir/cron" --progress plain >"$dir/cron.out" 2>"$dir/cron.err" 3>&- &
	echo $! >"$dir/cron.pid"
	set +m
}

push() { # NAME REFERENCE
	skopeo copy -q --dest-tls-verify=false "oci-archive:$dir/images/$1.tar" "docker://127.0.0.1:$port/$2"
}

teardown_file() {
	[ ! -f "$BATS_FILE_TMPDIR/cron.pid" ] || kill "$(cat "$BATS_FILE_TMPDIR/cron.pid")" 2>/dev/null || true
	[ ! -f "$BATS_FILE_TMPDIR/registry.pid" ] || kill "$(cat "$BATS_FILE_TMPDIR/registry.pid")"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	[ -z "${RUN_PID:-}" ] || { kill -INT "$RUN_PID" && wait "$RUN_PID"; } 2>/dev/null || true
	timeout 120 "$SIDEPOD" down --all --now >/dev/null 2>&1 || true
}

# start FILE…: in the background, as from a terminal that can press Ctrl-C
start() {
	set -m
	"$SIDEPOD" run "$@" --progress plain >out 2>err 3>&- &
	RUN_PID=$!
	set +m
}

# eventually SECONDS COMMAND…
eventually() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || { tail -n 30 err >&2; return 1; }
		sleep 0.2
	done
}

ready_pods() { # NAMESPACE NUMBER
	[ "$("$SIDEPOD" get pods -n "$1" --no-headers 2>/dev/null | grep -c ' 2/2 *Running')" = "$2" ]
}

nothing_left() {
	[ -z "$(ls -A "$SIDEPOD_ROOT/run/pods")" ]
	! grep -q "$SIDEPOD_ROOT" /proc/self/mountinfo
}

@test "a Deployment of six: migration, log shipper, Service; Ctrl-C ends all of it in order" {
	start "$here/whole/orders.yaml"
	eventually 120 ready_pods production 6
	pod=$("$SIDEPOD" get pods -n production -o name | head -n 1)
	# by name, and not always the same replica
	for _ in $(seq 24); do
		"$SIDEPOD" exec -n production "$pod" -c orders-api -- wget -qO- http://orders-api >>hosts
	done
	[ "$(sort -u hosts | wc -l)" -ge 4 ]
	kill -INT $RUN_PID
	wait $RUN_PID || code=$?
	RUN_PID=
	[ "$code" = 130 ]
	# the app's last word came through its shipper
	[ "$(grep -c 'orders-api: bye' out)" = 6 ]
	[ "$(grep -c 'schema is up to date' out)" = 6 ]
	nothing_left
}

@test "a Job behind a database proxy: PostgreSQL by its Service's name, Complete, exit code 0" {
	run timeout 300 "$SIDEPOD" run "$here/whole/migration.yaml" --until job/data-migration --progress plain \
		--events events
	[ "$status" = 0 ]
	[[ "$output" == *"rows: 2"* ]]
	[[ "$output" == *"job/data-migration Complete 1/1"* ]]
	# the proxy outlived the app, and was stopped then
	exit_app=$(grep -n '"event":"exit","container":"migration"' events | cut -d: -f1)
	stop_proxy=$(grep -n '"event":"sigterm","container":"db-proxy"' events | cut -d: -f1)
	[ "$exit_app" -lt "$stop_proxy" ]
	nothing_left
}

@test "ordered: vault-like sidecar, check, proxy, app, pulled by their names" {
	run timeout 120 "$SIDEPOD" run "$here/../../examples/ordered.yaml" --progress quiet --events events
	[ "$status" = 0 ]
	order=$(sed -n 's/.*"event":"\(start\|started\|exit\|sigterm\)","container":"\([^"]*\)".*/\1 \2/p' events | tr '\n' ';')
	[[ "$order" == *"started vault-agent;"*"start schema-check;"*"exit schema-check;"*"start proxy;"*"started proxy;"*"start app;"* ]]
	[[ "$order" == *"exit app;"*"sigterm proxy;"*"exit proxy;"*"sigterm vault-agent;"* ]]
	nothing_left
}

served() { # TEXT
	[[ "$(wget -qO- http://127.0.0.1:31080/)" == "$1" ]]
}

rolled_over() { # no pod of the old version is left
	! "$SIDEPOD" get pods -o yaml | grep -q version-1 && ready_pods default 3
}

@test "a rolling update under load: not one failed request" {
	cp "$here/whole/web.yaml" web.yaml
	start web.yaml --watch
	eventually 120 ready_pods default 3
	eventually 60 served version-1
	ab -q -t 300 -n 1000000 -c 4 http://127.0.0.1:31080/ >ab.out 2>&1 3>&- &
	AB_PID=$!
	sleep 1
	sed -i 's/version-1/version-2/' web.yaml
	eventually 120 rolled_over
	sleep 0.5
	kill -INT $AB_PID
	wait $AB_PID || true
	cat ab.out
	served version-2
	grep -q 'Failed requests: *0$' ab.out
	[ "$(sed -n 's/^Complete requests: *//p' ab.out)" -gt 100 ]
	[ "$(grep -c 'apr_' ab.out)" = 0 ]
	kill -INT $RUN_PID
	wait $RUN_PID || true
	RUN_PID=
	nothing_left
}

reports() { # NUMBER
	[ "$(grep -c 'the report is written' "$dir/cron.out")" -ge "$1" ] && [ -z "$(ls -A "$dir/cron/run/pods")" ]
}

@test "a CronJob with a sidecar: three runs by its schedule, and no pods left" {
	eventually 300 reports 3
	[ "$(grep -c 'proxy: bye' "$dir/cron.out")" -ge 3 ]
	[ "$(grep -c 'Complete 1/1' "$dir/cron.err")" -ge 3 ] || [ "$(grep -c 'SawCompletedJob' "$dir/cron.err")" -ge 3 ]
	kill -INT "$(cat "$dir/cron.pid")"
	eventually 120 eval '! kill -0 "$(cat "$dir/cron.pid")" 2>/dev/null'
	[ -z "$(ls -A "$dir/cron/run/pods")" ]
	! grep -q "$dir/cron" /proc/self/mountinfo
}
