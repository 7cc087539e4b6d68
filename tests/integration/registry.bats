#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Pulls from a real registry on loopback, with and without TLS and passwords, and through one with faults.
# SIDEPOD names the program under test.

bats_require_minimum_version 1.5.0

load registry_world

setup_file() { world_setup; }
teardown_file() { world_teardown; }
setup() { world_each; }
teardown() { world_each_end; }

@test "pull by tag, once more, and by digest" {
	run pull "127.0.0.1:$plain/busybox:1.36"
	[ "$status" -eq 0 ]
	digest=$(tail -1 <<<"$output")
	run pull -q "127.0.0.1:$plain/busybox:1.36"
	[ "$output" = "127.0.0.1:$plain/busybox:1.36" ]
	run pull "127.0.0.1:$plain/busybox@$digest"
	[ "$status" -eq 0 ]
	[ -z "$(ls "$root/lib/images/partial")" ]
	[ "$("$SIDEPOD" image ls --root "$root" -o name | wc -l)" -eq 2 ]
}

@test "Docker schema 2" {
	run pull "127.0.0.1:$plain/busybox:docker"
	[ "$status" -eq 0 ]
}

@test "TLS and a password from a file; the password is never shown" {
	run pull "localhost:$tls/nginx:1.25"
	[ "$status" -eq 5 ]
	[[ $output == *"401"*"docker login"* ]]
	REGISTRY_AUTH_FILE=$dir/auth.json run pull "localhost:$tls/nginx:1.25"
	[ "$status" -eq 0 ]
	printf '{"auths":{"localhost:%s":{"auth":"%s"}}}' "$tls" "$(printf user:wr0ngword | base64)" >"$HOME/bad.json"
	REGISTRY_AUTH_FILE=$HOME/bad.json run pull "localhost:$tls/busybox:1.36"
	[ "$status" -eq 5 ]
	[[ $output == *"refuses the credentials"*bad.json* ]]
	[[ $output != *wr0ngword* ]]
}

@test "pull secrets through a descriptor, the second one fits" {
	python3 - "$tls" >"$HOME/secrets" <<-'END'
		import base64, json, sys
		def secret(name, user):
		    return {"name": name, "config": json.dumps({"auths": {"localhost:" + sys.argv[1]: {
		        "auth": base64.b64encode(user.encode()).decode()}}})}
		print(json.dumps([secret("old", "user:old"), {"name": "broken", "config": "no JSON"}, secret("new", "user:s3cretword")]))
	END
	run --separate-stderr ensure --auth-fd 7 "localhost:$tls/busybox:1.36" 7<"$HOME/secrets"
	[ "$status" -eq 0 ]
	[[ $output == *'"pulled":"Successfully pulled image \"localhost:'*'including waiting). Image size: '*' bytes."}' ]]
	[[ $stderr == *"warning: pull secret 'broken': not a JSON object"* ]]
}

@test "a credential helper" {
	mkdir "$HOME/bin"
	printf '#!/bin/sh\n[ "$1" = get ] && read -r host && echo "{\\"Username\\":\\"user\\",\\"Secret\\":\\"s3cretword\\"}"\n' >"$HOME/bin/docker-credential-ours"
	chmod +x "$HOME/bin/docker-credential-ours"
	echo '{"credsStore":"ours"}' >"$HOME/auth.json"
	PATH=$HOME/bin:$PATH REGISTRY_AUTH_FILE=$HOME/auth.json run pull "localhost:$tls/busybox:1.36"
	[ "$status" -eq 0 ]
}

@test "policies" {
	run ensure --policy Never "127.0.0.1:$plain/busybox:1.36"
	[[ $output == *'"fail":"never"'* ]]
	run ensure "127.0.0.1:$plain/busybox:1.36"
	[[ $output == *'"pulled":'* ]]
	run ensure "127.0.0.1:$plain/busybox:1.36"
	[[ $output != *'"pulled":'* && $output == *'"id":'* ]]
	run ensure --policy Always "127.0.0.1:$plain/busybox:1.36"
	[[ $output == *'"pulled":'* ]]
}

@test "causes: absent, nobody there, bad name" {
	run ensure "127.0.0.1:$plain/none:1"
	[[ $output == *'"fail":"pull"'*404* ]]
	run ensure "127.0.0.1:1/x:1"
	[[ $output == *'"fail":"unavailable"'*"cannot connect"* ]]
	run ensure "nosuch.invalid/x:1"
	[[ $output == *'"fail":"pull"'*DNS* ]]
	run ensure "Bad Name"
	[[ $output == *'"fail":"invalid-name"'* ]]
}

@test "mirrors and aliases of registries.conf" {
	cat >"$HOME/registries.conf" <<-END
		unqualified-search-registries = ["127.0.0.1:$plain"]
		[aliases]
		"short" = "far.invalid/nginx"
		[[registry]]
		prefix = "far.invalid"
		[[registry.mirror]]
		location = "127.0.0.1:$plain"
		[[registry]]
		prefix = "bad.invalid"
		blocked = true
	END
	export CONTAINERS_REGISTRIES_CONF=$HOME/registries.conf
	run pull -q far.invalid/nginx:1.25
	[ "$output" = far.invalid/nginx:1.25 ]
	run pull -q busybox:1.36
	[ "$status" -eq 0 ]
	run pull -q short:1.25
	[ "$status" -eq 0 ]
	run pull -q bad.invalid/x
	[[ $output == *blocks* ]]
}

@test "a download that is cut continues where it was" {
	fault cut
	run pull "127.0.0.1:$port/busybox:1.36"
	[ "$status" -eq 0 ]
	grep -q 'range=bytes=300000- ' "$log"
	grep -q 'range=bytes=600000- ' "$log"
}

@test "kill -9, and the next pull continues" {
	fault hang
	"$SIDEPOD" image pull --root "$root" "127.0.0.1:$port/busybox:1.36" >/dev/null 2>&1 3>&- &
	victim=$!
	until [ "$(find "$root" -path '*/partial/*' -size +290k 2>/dev/null | wc -l)" = 1 ]; do
		kill -0 $victim
	done
	kill -KILL $victim
	wait $victim || true
	kill "$FAULT_PID"
	fault none
	: >"$log"
	run pull "127.0.0.1:$port/busybox:1.36"
	[ "$status" -eq 0 ]
	grep -q 'range=bytes=300000- ' "$log"
	[ -z "$(ls "$root/lib/images/partial")" ]
}

@test "two pulls of one image download it once" {
	fault none
	pull "127.0.0.1:$port/nginx:1.25" >/dev/null 2>&1 3>&- &
	first=$!
	run pull "127.0.0.1:$port/nginx:1.25"
	[ "$status" -eq 0 ]
	wait $first
	[ "$(grep '^GET.*/blobs/' "$log" | cut -d' ' -f2 | sort | uniq -d | wc -l)" -eq 0 ]
}

@test "wrong, long and short blobs leave nothing" {
	for kind in wrong long short; do
		fault $kind
		run pull "127.0.0.1:$port/busybox:1.36"
		kill "$FAULT_PID"
		[ "$status" -ne 0 ]
		[[ $output == *sha256* || $output == *bytes* ]]
		[ -z "$(ls "$root/lib/images/partial")" ]
		[ -z "$("$SIDEPOD" image ls --root "$root" -o name)" ]
	done
}

@test "a manifest that is not what its digest says leaves nothing" {
	fault manifest
	run pull "127.0.0.1:$port/busybox:1.36"
	[ "$status" -ne 0 ]
	[[ $output == *"sent another manifest than sha256:"* ]]
	[ -z "$(find "$root/lib/images" -type f ! -name lock)" ]
}

@test "a slow registry is waited for, and its progress is seen" {
	fault slow
	run timeout 120 script -qec "stty cols 100; TERM=xterm $SIDEPOD image pull --root $root 127.0.0.1:$port/busybox:1.36" /dev/null
	[ "$status" -eq 0 ]
	[ "$(grep -o '\[=*> *\] [0-9.]* .B of' <<<"$output" | sort -u | wc -l)" -ge 2 ]
}

@test "a busy registry is asked again, a refusing one is not asked for ever" {
	fault busy
	run pull "127.0.0.1:$port/busybox:1.36"
	[ "$status" -eq 0 ]
	kill "$FAULT_PID"
	fault forbidden
	printf '{"auths":{"127.0.0.1:%s":{"auth":"%s"}}}' "$port" "$(printf a:b | base64)" >"$HOME/a.json"
	: >"$log"
	REGISTRY_AUTH_FILE=$HOME/a.json run pull "127.0.0.1:$port/busybox:1.36"
	[ "$status" -eq 5 ]
	[ "$(wc -l <"$log")" -le 3 ]
}

@test "a redirect to another host gets no credentials" {
	fault redirect
	printf '{"auths":{"127.0.0.1:%s":{"auth":"%s"}}}' "$port" "$(printf a:b | base64)" >"$HOME/a.json"
	REGISTRY_AUTH_FILE=$HOME/a.json run pull "127.0.0.1:$port/busybox:1.36"
	[ "$status" -eq 0 ]
	grep -q 'GET .*/blobs/.*auth=yes 307' "$log"
	grep -q 'GET .*/blobs/.*auth=no 200' "$log"
	! grep -q 'GET .*/blobs/.*auth=yes 200' "$log"
}

@test "a full disk is told as such" {
	mkdir -p "$root"
	mount -t tmpfs -o size=600k none "$root" || skip "cannot mount"
	run pull "127.0.0.1:$plain/busybox:1.36"
	umount "$root"
	[ "$status" -ne 0 ]
	[[ $output == *"No space left"* ]]
}

@test "who is not root: pulls on the machine's network, runs on loopback" {
	chmod 755 "$BATS_TEST_TMPDIR"
	mkdir -m 777 "$BATS_TEST_TMPDIR/home"
	cat >"$BATS_TEST_TMPDIR/pod.yaml" <<-END
		apiVersion: v1
		kind: Pod
		metadata: {name: pulled}
		spec:
		  restartPolicy: Never
		  containers:
		  - name: app
		    image: 127.0.0.1:$plain/busybox:1.36
		    command: [sh, -c, "ls /sys/class/net; wget -q -O- http://127.0.0.1:$plain/ || echo cannot reach it"]
	END
	path=$BATS_TEST_TMPDIR # the way there is open for others
	until [ "$path" = /tmp ] || [ "$path" = / ]; do chmod o+x "$path"; path=$(dirname "$path"); done
	sidepod_for_users "$BATS_TEST_TMPDIR/bin"
	run env HOME="$BATS_TEST_TMPDIR/home" timeout -k 5 120 setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$BATS_TEST_TMPDIR/bin/sidepod" --root "$BATS_TEST_TMPDIR/home/state" run "$BATS_TEST_TMPDIR/pod.yaml"
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"app | lo"* ]]
	[[ $output == *"app | cannot reach it"* ]]
	[[ $output == *"pod/pulled Succeeded"* ]]
}
