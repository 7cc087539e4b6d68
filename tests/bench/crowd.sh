#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Deployments of 10, 100 and 500 pods with a sidecar each: milliseconds per pod until all are ready,
# and from Ctrl-C until the last is gone.
#   crowd.sh SIDEPOD [NET] [COUNT…]     prints a line a size, the ratios to the first size last
set -euo pipefail
sidepod=$1 net=${2:-lo}
shift $(($# > 2 ? 2 : $#))
[ $# -gt 0 ] || set -- 10 100 500
work=$(mktemp -d /tmp/sp-bench-crowd-XXXXXX)
export SIDEPOD_ROOT=$work/root
trap '"$sidepod" down --all --now >/dev/null 2>&1 || true; rm -rf "$work"' EXIT

now() { date +%s%N; }
per_pod() { awk "BEGIN { printf \"%.1f\", ($2 - $1) / 1e6 / $3 }"; }
first=
"$sidepod" image ls >/dev/null 2>&1
for n in "$@"; do
	cat >"$work/web.yaml" <<-END
		apiVersion: apps/v1
		kind: Deployment
		metadata: {name: web}
		spec:
		  replicas: $n
		  selector: {matchLabels: {app: web}}
		  template:
		    metadata: {labels: {app: web}}
		    spec:
		      initContainers:
		      - {name: helper, image: sidepod.local/demo, command: [demo, act, 'term=0:0'], restartPolicy: Always}
		      containers:
		      - {name: app, image: sidepod.local/demo, command: [demo, act, 'term=0:0']}
	END
	mkfifo "$work/said"
	t0=$(now)
	env --default-signal=INT "$sidepod" run "$work/web.yaml" --net "$net" --progress plain >"$work/out" 2>"$work/said" &
	pid=$!
	while read -r line; do
		[ "$line" != "deployment/web  $n/$n ready" ] || break
		echo "$line" >>"$work/err"
	done <"$work/said" 3<>"$work/said"
	t1=$(now)
	kill -INT "$pid"
	cat "$work/said" >>"$work/err" &
	wait "$pid" || true
	t2=$(now)
	wait
	rm "$work/said"
	start=$(per_pod "$t0" "$t1" "$n") stop=$(per_pod "$t1" "$t2" "$n")
	first=${first:-$start $stop}
	echo "pods=$n start_ms_per_pod=$start stop_ms_per_pod=$stop"
	awk "BEGIN { split(\"$first\", f, \" \"); printf \"  to the first: start %.2f stop %.2f\n\", $start / f[1], $stop / f[2] }"
done
