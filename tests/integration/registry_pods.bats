#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Pods whose images come from a registry: pull secrets, failures as a cluster shows them, policies, pruning, and the
# same for an ordinary user.

bats_require_minimum_version 1.5.0

load registry_world

setup_file() { world_setup; }
teardown_file() { world_teardown; }

setup() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	world_each
	export SIDEPOD_ROOT=$root
	cd "$HOME"
}

teardown() {
	timeout 120 "$SIDEPOD" down --all --now --root "$root" >/dev/null 2>&1 || true
	world_each_end
}

# pod NAME SPEC: NAME.yaml; SPEC are lines of YAML, indented as in the file
pod() {
	printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec:\n  restartPolicy: Never\n  terminationGracePeriodSeconds: 1\n%s\n' \
		"$1" "$2" >"$1.yaml"
}

# secret NAME USER:PASSWORD: a document for the TLS registry
secret() {
	printf -- '---\napiVersion: v1\nkind: Secret\nmetadata: {name: %s}\ntype: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: %s\n' \
		"$1" "$(printf '{"auths":{"localhost:%s":{"auth":"%s"}}}' "$tls" "$(printf %s "$2" | base64 -w0)" | base64 -w0)"
}

run_pod() { # FILE ARG…
	timeout 120 "$SIDEPOD" run "$@" --root "$root" --net lo --events events --progress plain >out 2>err
}

# reasons CONTAINER: its events, one per line: REASON MESSAGE
reasons() {
	python3 - "$1" <<-'END'
		import json, sys
		for line in open("events"):
		    f = json.loads(line)
		    if f.get("event") == "event" and f.get("container") == sys.argv[1]:
		        print(f["reason"], f["message"])
	END
}

# start_pod FILE: `run` in the background, its number in $victim
start_pod() {
	"$SIDEPOD" run "$@" --root "$root" --net lo --events events --progress plain >out 2>err 3>&- &
	victim=$!
}

# until_says TEXT FILE: a line of FILE has it
until_says() {
	timeout 120 tail -n +1 -F "$2" 2>/dev/null 3>&- | grep -q -m1 -e "$1"
}

end_pod() {
	kill -TERM "$victim"
	wait "$victim" || true
}

# IMG-20
@test "images of one run are fetched side by side, and every line says which one it is" {
	fault together
	for name in busybox:1.36 nginx:1.25; do
		pod "${name%%:*}" "  containers:
  - {name: c, image: '127.0.0.1:$port/$name', command: [/bin/true]}"
		echo ---
		cat "${name%%:*}.yaml"
	done >both.yaml
	run timeout 120 "$SIDEPOD" run both.yaml --net lo --no-logs
	[ "$status" -eq 0 ]
	grep -q "^127.0.0.1:$port/busybox:1.36  layer 1/" <<<"$output"
	grep -q "^127.0.0.1:$port/nginx:1.25  layer 1/" <<<"$output"
}

@test "pull secrets of the files, the second fits; nothing shows them" {
	pod p "  imagePullSecrets: [{name: old}, {name: gone}, {name: new}]
  containers:
  - {name: app, image: 'localhost:$tls/busybox:1.36', command: [/bin/echo, pulled it]}"
	secret old user:outd4ted >>p.yaml
	secret new user:s3cretword >>p.yaml
	run_pod p.yaml
	grep -q 'pulled it' out
	grep -q "no credentials for registries in imagePullSecrets: gone" err
	[ "$(reasons app | head -2 | cut -c1-60)" = "$(printf 'Pulling Pulling image "localhost:%s/busybox:1.36"\nPulled Successfully pulled image "localhost:%s/busybox:1.3' "$tls" "$tls" | cut -c1-60)" ]
	! grep -rqe s3cretword -e outd4ted -e "$(printf user:s3cretword | base64 -w0)" out err events "$root/run" "$root/log"
}

@test "run shows a pull: layers on a terminal, steps in a pipe, objects as JSON" {
	pod p "  containers:
  - {name: app, image: '127.0.0.1:$plain/nginx:1.25', imagePullPolicy: Always, command: [/bin/echo, done]}"
	if command -v script >/dev/null; then
		run timeout 120 script -qec "stty cols 100; TERM=xterm $SIDEPOD run p.yaml --net lo --root $root" /dev/null
		[ "$status" -eq 0 ]
		[[ $output == *"pulling 127.0.0.1:$plain/nginx:1.25"*$'\033[1A\033[J'* ]]
		rm -rf "$root/lib/images"
	fi
	run_pod p.yaml
	grep -q '^layer 1/1  .* downloaded' err
	rm -rf "$root/lib/images"
	timeout 120 "$SIDEPOD" run p.yaml --root "$root" --net lo --progress json >out 2>err
	grep -q "^{\"image\":\"127.0.0.1:$plain/nginx:1.25\",\"layer\":1,\"layers\":1,.*\"state\":\"done\"" err
	python3 -c 'import json; [json.loads(l) for l in open("err")]'
}

@test "a full disk is what the pod waits for" {
	mkdir -p "$root/lib/images"
	mount -t tmpfs -o size=600k none "$root/lib/images" || skip "cannot mount"
	pod p "  containers:
  - {name: app, image: '127.0.0.1:$plain/busybox:1.36', command: [/bin/echo, room now]}"
	start_pod p.yaml
	until_says 'Failed to pull image.*No space left on device' err
	mount -o remount,size=64m "$root/lib/images"
	until_says 'room now' out
	wait $victim
	umount "$root/lib/images"
}

@test "while a pull runs, no argument and no environment has the secret" {
	fault hang
	pod p "  imagePullSecrets: [{name: new}]
  containers:
  - {name: app, image: '127.0.0.1:$port/busybox:1.36'}"
	secret new user:s3cretword | sed "s/localhost:$tls/127.0.0.1:$port/" >>p.yaml
	start_pod p.yaml
	until [ "$(find "$root" -path '*/partial/*' -size +290k 2>/dev/null | wc -l)" = 1 ]; do kill -0 $victim; done
	worker=$(pgrep -P $victim)
	tr '\0' ' ' <"/proc/$worker/cmdline" | grep -q -- '--auth-fd'
	[ "$(cat "/proc/$worker/cmdline" "/proc/$worker/environ" "/proc/$victim/cmdline" | tr '\0' '\n' |
		grep -ce s3cretword -e "$(printf user:s3cretword | base64 -w0)")" = 0 ]
	# what it was given has been read and closed: no helper of its own has it
	[ "$(readlink "/proc/$worker/fd/"* | grep -c 'memfd:sidepod-pull-secrets')" = 0 ]
	kill -TERM $victim
	status=0
	wait $victim || status=$?
	[ "$status" -eq 143 ]
	[ -z "$(pgrep -f "$root" || true)" ]
}

@test "pull secrets of the pod's ServiceAccount; a Job's pods pull by themselves" {
	cat >job.yaml <<-END
		apiVersion: batch/v1
		kind: Job
		metadata: {name: j}
		spec:
		  template:
		    spec:
		      restartPolicy: Never
		      serviceAccountName: robot
		      containers:
		      - {name: app, image: "localhost:$tls/busybox:1.36", command: [/bin/echo, pulled it]}
		---
		apiVersion: v1
		kind: ServiceAccount
		metadata: {name: robot}
		imagePullSecrets: [{name: new}]
	END
	secret new user:s3cretword >>job.yaml
	run_pod job.yaml
	grep -q 'pulled it' out
	! grep -q 'not acted on' err
}

@test "a pull that fails is told, waited for and tried again; the pod starts when the image is there" {
	pod p "  containers:
  - {name: app, image: '127.0.0.1:$plain/late:1', command: [/bin/echo, here at last]}"
	start_pod p.yaml
	until_says 'ImagePullBackOff' err
	until "$SIDEPOD" get pod p --root "$root" -o json >pod.json && grep -q Back-off pod.json; do # its file lags
		kill -0 $victim
	done
	skopeo copy -q --dest-tls-verify=false "oci-archive:$dir/images/busybox.tar" "docker://127.0.0.1:$plain/late:1"
	wait $victim
	grep -q 'here at last' out
	python3 - "$plain" <<-'END'
		import json, sys
		image = "127.0.0.1:%s/late:1" % sys.argv[1]
		waiting = json.load(open("pod.json"))["status"]["containerStatuses"][0]["state"]["waiting"]
		assert waiting["reason"] == "ImagePullBackOff", waiting
		assert waiting["message"].startswith('Back-off pulling image "%s": ErrImagePull: ' % image), waiting
		assert "404" in waiting["message"], waiting
		facts = [json.loads(l) for l in open("events")]
		events = [f for f in facts if f.get("event") == "event"]
		got = [(f["type"], f["reason"], f["message"]) for f in events]
		assert got[0] == ("Normal", "Pulling", 'Pulling image "%s"' % image), got
		assert got[1][:2] == ("Warning", "Failed") and got[1][2].startswith('Failed to pull image "%s": ' % image), got
		assert got[2] == ("Warning", "Failed", "Error: ErrImagePull"), got
		assert got[3] == ("Normal", "BackOff", 'Back-off pulling image "%s"' % image), got
		assert got[4] == ("Warning", "Failed", "Error: ImagePullBackOff"), got
		assert [g[1] for g in got[5:9]] == ["Pulling", "Pulled", "Created", "Started"], got
		assert 10e9 <= events[5]["tNs"] - events[1]["tNs"] < 20e9 # not yet the second wait
		assert events[3]["tNs"] - events[1]["tNs"] < 10e9 # a second, on a busy machine
	END
}

@test "a name that is none, a policy of Never: their reasons, and no start" {
	pod p "  initContainers:
  - {name: side, image: '127.0.0.1:$plain/none:1', imagePullPolicy: Never, restartPolicy: Always}
  containers:
  - {name: app, image: '127.0.0.1:$plain/busybox:1.36', command: [/bin/true]}"
	start_pod p.yaml
	until_says ErrImageNeverPull err
	end_pod
	[ "$(reasons side | head -2)" = "$(printf 'ErrImageNeverPull Container image "127.0.0.1:%s/none:1" is not present with pull policy of Never\nFailed Error: ErrImageNeverPull' "$plain")" ]
	[ "$(grep -c '"event":"start"' events)" = 0 ]
	pod q "  containers:
  - {name: bad, image: 'Not a Name'}
  - {name: good, image: '127.0.0.1:$plain/busybox:1.36', command: [/bin/echo, I run all the same]}"
	start_pod q.yaml
	until_says 'I run all the same' out
	end_pod
	reasons bad | grep -q '^Failed Error: InvalidImageName$'
	reasons bad | grep -q '^InspectFailed Failed to apply default image tag "Not a Name": '
}

@test "Always: the registry is asked before every start" {
	fault none
	printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  restartPolicy: OnFailure\n  containers:\n  - {name: app, image: "127.0.0.1:%s/busybox:1.36", imagePullPolicy: Always, command: [sh, -c, "[ -e /d/x ] || { touch /d/x; exit 1; }"], volumeMounts: [{name: d, mountPath: /d}]}\n  volumes: [{name: d, emptyDir: {}}]\n' "$port" >p.yaml
	run_pod p.yaml
	[ "$(grep -c '^HEAD .*/manifests/1.36 .* 200' "$log")" -eq 2 ]
	[ "$(grep -c '^GET .*/blobs/.* 200' "$log")" -eq 2 ]
	[ "$(reasons app | grep -c '^Pulled Successfully')" -eq 2 ]
}

@test "Always, two containers of one image: asked once ahead, for both" {
	fault none
	pod p "  initContainers:
  - {name: first, image: '127.0.0.1:$port/busybox:1.36', imagePullPolicy: Always, command: [/bin/true]}
  containers:
  - {name: app, image: '127.0.0.1:$port/busybox:1.36', imagePullPolicy: Always, command: [/bin/true]}"
	run_pod p.yaml
	[ "$(grep -c '^HEAD .*/manifests/1.36 .* 200' "$log")" -eq 1 ]
	for c in first app; do
		[ "$(reasons $c | cut -d' ' -f1 | tr '\n' ' ')" = 'Pulling Pulled Created Started ' ]
	done
}

@test "prune keeps what a pod uses" {
	pod p "  containers:
  - {name: app, image: '127.0.0.1:$plain/busybox:1.36', command: [/bin/sleep, '60']}"
	timeout 120 "$SIDEPOD" up p.yaml --root "$root" --net lo --wait >/dev/null 2>&1
	"$SIDEPOD" image rm "127.0.0.1:$plain/busybox:1.36" --root "$root"
	run "$SIDEPOD" image prune --root "$root"
	[ "$status" -eq 0 ]
	[[ $output == *"still used by pods"* ]]
	run timeout 120 "$SIDEPOD" exec p --root "$root" -- /bin/busybox echo alive
	[[ $output == *alive* ]]
	timeout 120 "$SIDEPOD" down p --now --root "$root" >/dev/null 2>&1
	run "$SIDEPOD" image prune --root "$root"
	[[ $output != *"still used"* ]]
	[ -z "$(ls "$root/lib/images/layers" "$root/lib/images/blobs/sha256" | grep -v -e : -e '^$')" ]
}

@test "as an ordinary user: pull, load and run below a folder of one's own" {
	command -v setpriv >/dev/null || skip "needs setpriv"
	chmod 755 "$BATS_FILE_TMPDIR/.." "$BATS_FILE_TMPDIR" "$HOME" 2>/dev/null || true
	mine=$(mktemp -d /tmp/sidepod-user.XXXXXX)
	sidepod_for_users "$mine/bin"
	chown 65534:65534 "$mine"
	as_user() { (cd "$mine" && HOME=$mine timeout -k 5 120 setpriv --reuid 65534 --regid 65534 --clear-groups "$mine/bin/sidepod" "$@" --root "$mine/state" </dev/null 2>&1); }
	pod p "  imagePullSecrets: [{name: new}]
  containers:
  - {name: app, image: 'localhost:$tls/busybox:1.36', imagePullPolicy: Always, command: [/bin/echo, as a user]}"
	secret new user:s3cretword >>p.yaml
	cp p.yaml "$dir/images/nginx.tar" "$mine/"
	chmod 644 "$mine"/*.*
	run as_user image pull "127.0.0.1:$plain/busybox:1.36"
	[ "$status" -eq 0 ]
	run as_user image load nginx.tar
	[ "$status" -eq 0 ]
	run as_user run p.yaml --net lo
	[ "$status" -eq 0 ]
	[[ $output == *"as a user"* ]]
	[ "$(as_user image ls -o name | wc -l)" -eq 3 ]
	sed -e 's/Never/OnFailure/' -e 's|command: .*|command: [sh, -c, "[ -e /d/x ] \&\& echo once more; echo >/d/x; test -e /d/y \|\| { echo >/d/y; exit 1; }"], volumeMounts: [{name: d, mountPath: /d}]}\n  volumes: [{name: d, emptyDir: {}}]|' p.yaml >"$mine/r.yaml"
	chmod 644 "$mine/r.yaml"
	run as_user run r.yaml --net lo --replace
	[ "$status" -eq 0 ]
	[[ $output == *"once more"* ]]
	rm -rf "$mine"
}
