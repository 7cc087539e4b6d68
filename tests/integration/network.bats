#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Pods on the bridge as their users meet them: published ports, probes over the network, names. All in a
# network namespace that plays the machine (192.0.2.1), with one that plays the world outside (192.0.2.2).
# SIDEPOD names the program under test. The pods' servers are pod-server, run by the machine's Python.

setup_file() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	[ -x /usr/bin/python3 ] || skip "needs Debian's python3"
	export SIDEPOD_ROOT=$BATS_FILE_TMPDIR/root dir=$BATS_FILE_TMPDIR
	chmod 755 "$dir"
	cp "$BATS_TEST_DIRNAME/pod-server" "$dir"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=pod \
		-keyout "$dir/key" -out "$dir/cert" 2>/dev/null
	cat "$dir/key" "$dir/cert" >"$dir/pem"
	chmod 644 "$dir/pem"
	place machine
	place outside
	machine sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward' # a new namespace takes over what the machine has
	machine ip link add out0 type veth peer name out1 netns "$outside"
	machine ip addr add 192.0.2.1/24 dev out0
	machine ip link set out0 up
	outside ip addr add 192.0.2.2/24 dev out1
	outside ip link set out1 up
	nsenter -t "$outside" -n /usr/bin/python3 "$dir/pod-server" name=outside http=8080 udp=8080 3>&- &
	echo "$!" >>"$dir/pids"
	timeout 120 bash -c "until nsenter -t $outside -n /usr/bin/python3 '$dir/pod-server' get 192.0.2.2:8080; do sleep 0.05; done"
	server a '{containerPort: 8080, hostPort: 18080}, {containerPort: 8080, hostPort: 18080, protocol: UDP}'
	server b '{containerPort: 8080, hostPort: 18090, hostIP: 192.0.2.1}'
	machine timeout 120 "$SIDEPOD" up "$dir/a.yaml" "$dir/b.yaml" --wait 2>"$dir/up"
}

teardown_file() {
	[ -n "${machine:-}" ] || return 0
	machine timeout 120 "$SIDEPOD" down --all --now >/dev/null 2>&1 || true
	inode=$(stat -L -c %i "/proc/$machine/ns/net")
	rm -f "/run/sidepod/net/pool.$inode" "/run/sidepod/net/services.$inode"
	xargs kill <"$dir/pids" || true
}

# place NAME: a network namespace, kept by a process whose number is in $NAME
place() {
	unshare -n sleep 3600 3>&- &
	export "$1=$!"
	echo "$!" >>"$dir/pids"
	until [ "$(readlink "/proc/${!1}/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
	nsenter -t "${!1}" -n ip link set lo up
}

machine() { nsenter -t "$machine" -n "$@"; }
outside() { nsenter -t "$outside" -n "$@"; }
pod() { # NAME COMMAND…
	local name=$1
	shift
	machine timeout 120 "$SIDEPOD" exec "$name" -- "$@"
}

# manifest NAME LINES: a pod whose container can run the machine's programs; LINES belong to the container
manifest() {
	cat >"$dir/$1.yaml" <<-END
		apiVersion: v1
		kind: Pod
		metadata: {name: $1}
		spec:
		  terminationGracePeriodSeconds: 0
		${3:-}
		  containers:
		  - name: app
		    image: sidepod.local/demo
		    env: [{name: CERT, value: /srv/pem}]
		$2
		    volumeMounts:
		    - {name: usr, mountPath: /usr, readOnly: true}
		    - {name: lib, mountPath: /lib, readOnly: true}
		    - {name: lib64, mountPath: /lib64, readOnly: true}
		    - {name: srv, mountPath: /srv, readOnly: true}
		  volumes:
		  - {name: usr, hostPath: {path: /usr}}
		  - {name: lib, hostPath: {path: /lib}}
		  - {name: lib64, hostPath: {path: /lib64, type: DirectoryOrCreate}}
		  - {name: srv, hostPath: {path: $dir}}
	END
}

server() { # NAME PORTS
	manifest "$1" "    command: [/usr/bin/python3, /srv/pod-server, name=$1, http=8080, udp=8080]
    ports: [$2]
    startupProbe: {tcpSocket: {port: 8080}, periodSeconds: 1, failureThreshold: 60}"
}

address() { machine "$SIDEPOD" get pod "$1" -o 'jsonpath={.status.podIP}'; }
says() { [[ $output == *"$1"* ]] || { echo "got: $output"; return 1; }; }

# ask WHERE get|send HOST:PORT: by TCP or UDP, somebody at WHERE, a function or a pod
ask() {
	case $1 in
	machine | outside) run "$1" timeout 120 /usr/bin/python3 "$dir/pod-server" "$2" "$3" ;;
	*) run pod "$1" /usr/bin/python3 /srv/pod-server "$2" "$3" ;;
	esac
}

# from WHERE HOST:PORT WHAT: both answer WHAT
from() {
	ask "$1" get "$2"
	says "$3"
	ask "$1" send "$2"
	says "$3"
}

@test "pods reach each other, themselves, and the world outside" {
	a=$(address a) b=$(address b)
	from b "$a:8080" "a from $b"
	from a "$b:8080" "b from $a"
	from a "127.0.0.1:8080" "a from 127.0.0.1"
	from a "192.0.2.2:8080" "outside from 192.0.2.1"
}

@test "that the machine forwards packets now is said once" {
	run cat "$dir/up"
	says "net.ipv4.ip_forward"
	[ "$(grep -c ip_forward "$dir/up")" = 1 ]
}

@test "hostPort (NET-7): from the machine, by 127.0.0.1 and by its addresses" {
	from machine 127.0.0.1:18080 "a from 10.83.0.1"
	from machine 192.0.2.1:18080 "a from"
	from machine 10.83.0.1:18080 "a from 10.83.0.1"
}

@test "hostPort: from outside, with the client's address" {
	from outside 192.0.2.1:18080 "a from 192.0.2.2"
}

@test "hostPort: from another pod and from the pod itself" {
	from b 192.0.2.1:18080 "a from"
	from a 192.0.2.1:18080 "a from"
}

@test "hostIP: on that address alone" {
	ask outside get 192.0.2.1:18090
	says "b from 192.0.2.2"
	ask machine get 127.0.0.1:18090
	says "Connection refused"
}

@test "--publish, and a port that another pod has" {
	server c ''
	machine timeout 120 "$SIDEPOD" up "$dir/c.yaml" --wait -p 127.0.0.1:18070:8080 -p 18071:8080/udp
	ask machine get 127.0.0.1:18070
	says "c from 10.83.0.1"
	ask machine send 127.0.0.1:18071
	says "c from 10.83.0.1"
	server d '{containerPort: 8080, hostPort: 18070}'
	machine timeout 120 "$SIDEPOD" up "$dir/d.yaml" -d
	run machine timeout 120 bash -c "until '$SIDEPOD' events d | grep FailedCreatePodSandBox; do sleep 0.05; done"
	says "hostPort 18070/TCP is taken by pod default/c"
	machine timeout 120 "$SIDEPOD" down c d --now
}

@test "a port that a program of the machine has" {
	nsenter -t "$machine" -n /usr/bin/python3 "$dir/pod-server" http=18060 3>&- &
	echo "$!" >>"$dir/pids"
	until ask machine get 127.0.0.1:18060 && says "server from"; do sleep 0.02; done
	server e '{containerPort: 8080, hostPort: 18060}'
	machine timeout 120 "$SIDEPOD" up "$dir/e.yaml" -d
	run machine timeout 120 bash -c "until '$SIDEPOD' events e | grep FailedCreatePodSandBox; do sleep 0.05; done"
	says "hostPort 18060/TCP is in use by a program of this machine"
	machine timeout 120 "$SIDEPOD" down e --now
}

@test "probes: gRPC, HTTPS, HTTP with headers, redirects" {
	manifest probes "    command: [/usr/bin/python3, /srv/pod-server, http=8080, https=8443, grpc=9000]
    startupProbe: {grpc: {port: 9000}, periodSeconds: 1, failureThreshold: 60}
    readinessProbe: {httpGet: {scheme: HTTPS, port: 8443, path: /secret, httpHeaders: [{name: X-Ask, value: ready}, {name: Host, value: pod.example}]}, periodSeconds: 1}
    livenessProbe: {httpGet: {port: 8080, path: '/to?/landed'}, periodSeconds: 1, timeoutSeconds: 10, failureThreshold: 10}"
	machine timeout 120 "$SIDEPOD" up "$dir/probes.yaml" --wait
	run machine timeout 120 bash -c "until '$SIDEPOD' logs probes | grep /landed; do sleep 0.05; done; '$SIDEPOD' logs probes"
	says "/secret"
	says "X-Ask: ready;"
	says "Host: pod.example;"
	says "User-Agent: kube-probe/1."
	run machine "$SIDEPOD" get pod probes -o 'jsonpath={.status.containerStatuses[0].restartCount}'
	[ "$output" = 0 ]
	machine timeout 120 "$SIDEPOD" down probes --now
}

@test "probes that fail say why" {
	manifest sick "    command: [/usr/bin/python3, /srv/pod-server, http=8080, grpc=9000]
    readinessProbe: {grpc: {port: 9000, service: bad}, periodSeconds: 1}
    livenessProbe: {httpGet: {port: 8080, path: '/status?503'}, periodSeconds: 1, initialDelaySeconds: 1, failureThreshold: 100}"
	machine timeout 120 "$SIDEPOD" up "$dir/sick.yaml" -d
	run machine timeout 120 bash -c "until '$SIDEPOD' events sick >'$dir/sick'; grep -q NOT_SERVING '$dir/sick' && grep -q 503 '$dir/sick'; do sleep 0.05; done; cat '$dir/sick'"
	says 'service unhealthy (responded with "NOT_SERVING")'
	says "Liveness probe failed: HTTP probe failed with statuscode: 503"
	machine timeout 120 "$SIDEPOD" down sick --now
}

@test "hostNetwork: the machine's addresses, ports and name" {
	manifest host "    command: [/usr/bin/python3, /srv/pod-server, name=host, http=18050, udp=18050]
    startupProbe: {tcpSocket: {port: 18050}, periodSeconds: 1, failureThreshold: 60}" "  hostNetwork: true"
	machine timeout 120 "$SIDEPOD" up "$dir/host.yaml" --wait
	from machine 127.0.0.1:18050 "host from 127.0.0.1"
	from outside 192.0.2.1:18050 "host from 192.0.2.2"
	run pod host /usr/bin/hostname
	[ "$output" = "$(hostname)" ]
	run machine timeout 120 "$SIDEPOD" up "$dir/host.yaml" --replace -d -p 1:1
	[ "$status" = 2 ]
	says "is on the machine's network"
	machine timeout 120 "$SIDEPOD" down host --now
}

@test "names: hosts, hostname, resolv.conf" {
	manifest names "    command: [/bin/demo, sleep, '100']" "  hostname: db
  subdomain: data
  hostAliases: [{ip: 192.0.2.2, hostnames: [outside, far]}]
  dnsPolicy: None
  dnsConfig: {nameservers: [192.0.2.2], searches: [example.org], options: [{name: ndots, value: '2'}, {name: edns0}]}"
	machine timeout 120 "$SIDEPOD" up "$dir/names.yaml" -d
	machine timeout 120 "$SIDEPOD" wait names --for condition=Ready --timeout 60s
	run pod names /usr/bin/cat /etc/resolv.conf
	says "nameserver 192.0.2.2"
	says "search example.org"
	says "options ndots:2 edns0"
	run pod names /usr/bin/bash -c 'PATH=/usr/bin; hostname; getent hosts far; getent hosts db; exec 9<>/dev/tcp/outside/8080 && echo connected'
	[ "${lines[0]}" = db ]
	says "192.0.2.2       outside far"
	says "$(address names)"
	says "db.data.default.svc.cluster.local"
	says "connected"
	machine timeout 120 "$SIDEPOD" down names --now
}

@test "a firewall that drops what pods send: doctor names it, and what helps" {
	run machine "$SIDEPOD" doctor
	says "forwarding   on"
	machine nft 'add table inet fw; add chain inet fw forward { type filter hook forward priority 0; policy drop; }'
	run machine "$SIDEPOD" doctor
	machine nft delete table inet fw
	says "dropped by chain inet fw forward"
	says "nft insert rule inet fw forward iifname sidepod0 accept"
}

@test "a pod of 64 containers with a port each; one more is refused" {
	many() { # N
		echo "apiVersion: v1"
		echo "kind: Pod"
		echo "metadata: {name: many}"
		echo "spec:"
		echo "  restartPolicy: Never"
		echo "  initContainers:"
		for i in $(seq 16); do
			echo "  - {name: s$i, image: sidepod.local/demo, command: [demo, act, 'term=0:0'], restartPolicy: Always, ports: [{containerPort: 80, hostPort: $((21000 + i))}]}"
		done
		echo "  containers:"
		for i in $(seq 17 "$1"); do
			echo "  - {name: c$i, image: sidepod.local/demo, command: [demo, act, 'exit=0,say=here'], ports: [{containerPort: 80, hostPort: $((21000 + i))}]}"
		done
	}
	many 64 >"$dir/many.yaml"
	run machine timeout 120 "$SIDEPOD" run "$dir/many.yaml"
	[ "$status" = 0 ]
	[ "$(grep -c '| here' <<<"$output")" = 48 ]
	says "pod/many Succeeded"
	many 65 >"$dir/many.yaml"
	run machine timeout 120 "$SIDEPOD" run "$dir/many.yaml"
	[ "$status" = 4 ]
	says "pod 'many' has 65 containers; 64 is the most"
}
