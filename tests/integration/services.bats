#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Services of `sidepod run`: real pods of the built-in image that find one another by name. Each test
# plays a machine of its own: a network namespace, and a state directory.
# SIDEPOD names the program under test.

setup() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	export SIDEPOD_ROOT=$BATS_TEST_TMPDIR/root
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	[ "$(id -u)" -eq 0 ] || return 0
	# timeout first, so that it tells nobody, then what it runs
	[ -z "${run_pid:-}" ] || kill -9 "$run_pid" $(pgrep -P "$run_pid") 2>/dev/null || true
	timeout 120 "$SIDEPOD" down --all --now >/dev/null 2>&1 || true
	number=$(stat -Lc %i "$BATS_TEST_TMPDIR/net" 2>/dev/null) || return 0
	umount "$BATS_TEST_TMPDIR/net" 2>/dev/null || return 0
	rm -f "/run/sidepod/net/pool.$number" "/run/sidepod/net/services.$number"
}

# on_machine CMD…: in the machine of this test
on_machine() { nsenter --net="$BATS_TEST_TMPDIR/net" "$@"; }

# A machine without a way out; its name servers are nobody.
make_machine() {
	touch "$BATS_TEST_TMPDIR/net"
	unshare --net="$BATS_TEST_TMPDIR/net" ip link set lo up
}

# deployment NAME REPLICAS: serves HTTP on 8080, ready at once
deployment() {
	cat <<-END
		apiVersion: apps/v1
		kind: Deployment
		metadata: {name: $1}
		spec:
		  replicas: $2
		  selector: {matchLabels: {app: $1}}
		  template:
		    metadata: {labels: {app: $1}}
		    spec:
		      terminationGracePeriodSeconds: 30
		      containers:
		      - name: web
		        image: sidepod.local/demo
		        command: [demo, act, 'listen=8080${3:-}']
		        ports: [{name: http, containerPort: 8080}]
		        readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 1}
		---
	END
}

# service NAME MORE: port 80 to the named port
service() {
	cat <<-END
		apiVersion: v1
		kind: Service
		metadata: {name: $1}
		spec:
		  selector: {app: $1}
		  ports: [{name: http, port: 80, targetPort: http${3:-}}]
		${2:-}
		---
	END
}

# client NAME COMMAND: a Job
client() {
	cat <<-END
		apiVersion: batch/v1
		kind: Job
		metadata: {name: $1}
		spec:
		  template:
		    spec:
		      restartPolicy: Never
		      containers:
		      - {name: c, image: sidepod.local/demo, command: [demo, $2]}
		---
	END
}

# start FILE FLAGS: `sidepod run` in the background, which ends at the latest with the test
start() {
	nsenter --net="$BATS_TEST_TMPDIR/net" timeout 300 "$SIDEPOD" run "$@" --progress plain \
		>out 2>err 3>&- &
	run_pid=$!
}

# until_true CMD…: at most two minutes
until_true() {
	local end=$((SECONDS + 120))
	while [ $SECONDS -lt $end ]; do
		if "$@"; then return 0; fi
		[ -z "$run_pid" ] || kill -0 "$run_pid" || break
		read -rt 0.1 <> <(:) || true
	done
	echo "never: $*"
	cat out err
	return 1
}

said() { grep -qE "$1" out; }

finish() { # Ctrl-C, in order
	kill -INT "$run_pid"
	wait "$run_pid" || true
	run_pid=
}

# connects ADDRESS PORT: from the machine
connects() { on_machine timeout 20 bash -c "exec 3<>/dev/tcp/$1/$2" 2>/dev/null; }

# refused ADDRESS PORT: at once, not by waiting in vain
refused() {
	run on_machine timeout 20 bash -c "exec 3<>/dev/tcp/$1/$2"
	[ "$status" = 1 ] && [[ $output == *refused* ]]
}

@test "a job finds a deployment by the name of its service" {
	make_machine
	{
		deployment web 2
		service web
		client short "get, 'http://web/name', within=120"
		client long "get, 'http://web.default.svc.cluster.local/name', within=120"
		client srv "lookup, _http._tcp.web.default.svc.cluster.local, srv"
		client variable "env"
	} >m.yaml
	start m.yaml
	until_true said '^short-[a-z0-9]+/c +\| web-'
	until_true said '^long-[a-z0-9]+/c +\| web-'
	until_true said '^srv-[a-z0-9]+/c +\| 80 web.default.svc.cluster.local$'
	until_true said '^variable-[a-z0-9]+/c +\| WEB_SERVICE_HOST=10.84.0.2$'
	finish
	! on_machine nft list tables | grep -q svc
}

@test "only ready pods serve; the machine reaches them too, also by a node port" {
	make_machine
	{
		deployment web 1 ,never
		service web '  type: NodePort' ', nodePort: 30080'
		deployment other 1
		service other '  type: NodePort'
	} >m.yaml
	start m.yaml --watch
	until_true connects 127.0.0.1 30000 # chosen for `other`, whose address is the first one
	until_true connects 10.84.0.2 80
	until_true grep -q ' web-[^ ]*  web  started' err
	refused 10.84.0.3 80 # as long as nobody is ready
	refused 127.0.0.1 30080
	sed -i 's/,never//' m.yaml
	until_true connects 127.0.0.1 30080
	connects 10.83.0.1 30080
	connects 10.84.0.3 80
	# a request may come in pieces
	on_machine bash -c 'exec 3<>/dev/tcp/10.84.0.3/80; printf "GET /name HTTP/1.0\r\n" >&3; sleep 0.1
		printf "\r\n" >&3; sleep 0.1; tail -n 1 <&3' | grep ^web-
	finish
	refused 127.0.0.1 30080
}

# request_all: one request after the other to 10.84.0.2 until there is a file `enough`; who answered
request_all() {
	on_machine bash -c 'while [ ! -e enough ]; do
		exec 3<>/dev/tcp/10.84.0.2/80 || echo failed
		printf "GET /name HTTP/1.0\r\n\r\n" >&3 && tail -n 1 <&3 | grep ^web- || echo failed
		exec 3>&-
	done' 2>/dev/null
}

# rolled_over: the last 20 answers come from another template than the first one
rolled_over() {
	[ "$(tail -n 20 answers | grep -c "^$(head -n 1 answers | cut -d- -f1,2)-")" -eq 0 ] &&
		[ "$(wc -l <answers)" -gt 100 ]
}

@test "a deployment rolls over and no request fails" {
	make_machine
	{ deployment web 2 ,term=3:0; service web; } >m.yaml
	start m.yaml --watch
	until_true connects 10.84.0.2 80
	request_all >answers 3>&- &
	until_true test -s answers
	sed -i 's/listen=8080/listen=8080,slack=1/' m.yaml
	until_true rolled_over
	touch enough
	wait %2
	[ "$(grep -c failed answers)" = 0 ]
	finish
}

@test "pods of a stateful set have names of their own" {
	make_machine
	cat >m.yaml <<-END
		apiVersion: apps/v1
		kind: StatefulSet
		metadata: {name: db}
		spec:
		  serviceName: peers
		  replicas: 2
		  selector: {matchLabels: {app: db}}
		  template:
		    metadata: {labels: {app: db}}
		    spec:
		      terminationGracePeriodSeconds: 1
		      containers:
		      - name: db
		        image: sidepod.local/demo
		        command: [demo, act, listen=8080]
		---
		apiVersion: v1
		kind: Service
		metadata: {name: peers}
		spec: {clusterIP: None, selector: {app: db}, ports: [{name: sql, port: 8080}]}
		---
	END
	{
		client one "get, 'http://db-1.peers:8080/name', within=120"
		client all "lookup, _sql._tcp.peers.default.svc.cluster.local, srv"
	} >>m.yaml
	start m.yaml
	until_true said '^one-[a-z0-9]+/c +\| db-1$'
	until_true said '^all-[a-z0-9]+/c +\| 8080 db-0.peers.default.svc.cluster.local$'
	finish
}

@test "kill -9 of the run: pods live, nothing of its services is left" {
	make_machine
	{ deployment web 1; service web; client c "get, 'http://web/name', within=120"; } >m.yaml
	start m.yaml
	until_true said '^c-[a-z0-9]+/c +\| web-'
	on_machine nft list tables | grep -q sidepod-svc0
	kill -9 "$(pgrep -P "$run_pid")"
	run_pid=
	until_true bash -c "! nsenter --net='$BATS_TEST_TMPDIR/net' nft list tables | grep -q sidepod-svc"
	[ "$("$SIDEPOD" get pods 2>/dev/null | grep -c '^web-.*Running')" -eq 1 ]
}

@test "a first Service that comes with --watch: pods that ran before find it too" {
	make_machine
	{
		deployment web 1
		client early "get, 'http://web/name', within=120"
	} >m.yaml
	start m.yaml --watch
	until_true grep -q ' early-[^ ]*  c  started' err
	service web >>m.yaml
	until_true said '^early-[a-z0-9]+/c +\| web-'
	on_machine timeout 20 "$SIDEPOD" get svc web --no-headers | grep -q ' 10.84.0.2 '
	finish
	! on_machine nft list tables | grep -q svc
}

@test "a Service that stands for another name" {
	make_machine
	{
		deployment web 1
		service web
		printf '{apiVersion: v1, kind: Service, metadata: {name: alias}, spec: {type: ExternalName, externalName: web.default.svc.cluster.local.}}\n---\n'
		client named "get, 'http://alias/name', within=120"
	} >m.yaml
	start m.yaml
	until_true said '^named-[a-z0-9]+/c +\| web-'
	! grep -q 'not acted on' err
	finish
	sed -i 's/externalName: [^}]*/externalName: No_Name/' m.yaml
	run on_machine timeout 20 "$SIDEPOD" run m.yaml
	[ "$status" -eq 4 ]
	[[ $output == *spec.externalName* ]]
}

@test "without the bridge it is said that services are not served" {
	{ service web; client c "env"; } >m.yaml
	timeout 120 "$SIDEPOD" run m.yaml --net lo >out 2>err
	grep -q 'Services are not served: their pods need --net bridge' err
}
