#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Who we are to a registry and how we get there: tokens, helpers, files of the machine, certificates, proxies, mirrors,
# and what is in an image's index.

bats_require_minimum_version 1.5.0

load registry_world

setup_file() { world_setup; }
teardown_file() { world_teardown; }
setup() { world_each; }
teardown() { world_each_end; }

# auth FILE HOST JSON: credentials for one registry
auth() { printf '{"auths":{"%s":%s}}' "$2" "$3" >"$1"; }
basic() { printf '{"auth":"%s"}' "$(printf %s "$1" | base64)"; }

# machine FOLDER ARG…: sidepod where /etc/containers is FOLDER
machine() {
	local etc=$1
	shift
	timeout 120 unshare -m sh -c 'mount --bind "$0" /etc/containers && exec "$@"' "$etc" "$SIDEPOD" "$@"
}

@test "bearer tokens: for a password, again when one has expired, none for a wrong one" {
	fault token
	auth "$HOME/a.json" "127.0.0.1:$port" "$(basic user:s3cretword)"
	REGISTRY_AUTH_FILE=$HOME/a.json run pull "127.0.0.1:$port/busybox:1.36"
	[ "$status" -eq 0 ]
	grep -q 'GET /token?service=ours&scope=repository%3Abusybox%3Apull range=- auth=yes 200' "$log"
	[ "$(grep -c /token "$log")" -eq 1 ]
	auth "$HOME/b.json" "127.0.0.1:$port" "$(basic user:wr0ng)"
	root=$root.2 REGISTRY_AUTH_FILE=$HOME/b.json run pull "127.0.0.1:$port/busybox:1.36"
	[ "$status" -eq 5 ]
	[[ $output == *"refuses the credentials"*b.json* && $output != *wr0ng* ]]
	kill "$FAULT_PID"
	fault expiring
	auth "$HOME/a.json" "127.0.0.1:$port" "$(basic user:s3cretword)"
	root=$root.3 REGISTRY_AUTH_FILE=$HOME/a.json run pull "127.0.0.1:$port/busybox:1.36"
	[ "$status" -eq 0 ]
	[ "$(grep -c '/token.*200' "$log")" -ge 2 ]
}

@test "an identity token is exchanged" {
	fault token
	auth "$HOME/a.json" "127.0.0.1:$port" '{"identitytoken":"idt0ken"}'
	REGISTRY_AUTH_FILE=$HOME/a.json run pull "127.0.0.1:$port/busybox:1.36"
	[ "$status" -eq 0 ]
	grep -q '^POST /token ' "$log"
	! grep -q idt0ken "$log"
}

@test "without credentials a token is asked for all the same, and is not enough here" {
	fault token
	run pull "127.0.0.1:$port/busybox:1.36"
	[ "$status" -eq 5 ]
	[[ $output == *"wants credentials"*"imagePullSecrets"* ]]
	grep -q '/token.*auth=no 200' "$log"
	[ "$(wc -l <"$log")" -le 6 ]
}

@test "credHelpers: one registry's own program; it gets the name of the registry" {
	mkdir "$HOME/bin"
	cat >"$HOME/bin/docker-credential-mine" <<-'END'
		#!/bin/sh
		read -r host
		echo "$1 $host" >>"$HOME/asked"
		[ "$1" = get ] && echo '{"ServerURL":"x","Username":"user","Secret":"s3cretword"}'
	END
	chmod +x "$HOME/bin/docker-credential-mine"
	mkdir "$HOME/.docker"
	printf '{"credHelpers":{"localhost:%s":"mine","other.io":"none"}}' "$tls" >"$HOME/.docker/config.json"
	PATH=$HOME/bin:$PATH run pull "localhost:$tls/busybox:1.36"
	[ "$status" -eq 0 ]
	[ "$(sort -u "$HOME/asked")" = "get localhost:$tls" ]
	rm "$HOME/bin/docker-credential-mine"
	root=$root.2 run pull "localhost:$tls/busybox:1.36"
	[ "$status" -eq 5 ]
	[[ $output == *"docker-credential-mine: the program is not there"* ]]
}

@test "a helper does not get the descriptor of the pull secrets" {
	mkdir "$HOME/bin"
	printf '#!/bin/sh\nls /proc/$$/fd >"%s/fds"\necho "{\\"Username\\":\\"user\\",\\"Secret\\":\\"s3cretword\\"}"\n' "$HOME" >"$HOME/bin/docker-credential-mine"
	chmod +x "$HOME/bin/docker-credential-mine"
	echo '{"credsStore":"mine"}' >"$HOME/auth.json"
	echo '[{"name":"other","config":"{\"auths\":{}}"}]' >"$HOME/secrets"
	PATH=$HOME/bin:$PATH REGISTRY_AUTH_FILE=$HOME/auth.json run ensure --auth-fd 27 "localhost:$tls/busybox:1.36" 27<"$HOME/secrets"
	[ "$status" -eq 0 ]
	grep -qx 0 "$HOME/fds"
	! grep -qx 27 "$HOME/fds"
}

@test "the machine's files: auth.json, registries.conf, certs.d below /etc/containers" {
	[ -d /etc/containers ] && unshare -m true || skip "no /etc/containers to put something in the place of"
	mkdir -p "$HOME/etc/certs.d/localhost:$mutual"
	cp "$dir/auth.json" "$HOME/etc/auth.json"
	run machine "$HOME/etc" image pull -q "localhost:$tls/busybox:1.36" --root "$root"
	[ "$status" -eq 0 ]
	printf 'unqualified-search-registries = ["127.0.0.1:%s"]\n' "$plain" >"$HOME/etc/registries.conf"
	run machine "$HOME/etc" image pull -q nginx:1.25 --root "$root"
	[ "$status" -eq 0 ]
	run machine "$HOME/etc" image pull -q "localhost:$mutual/busybox:1.36" --root "$root"
	[ "$status" -ne 0 ]
	cp "$dir/client.cert" "$dir/client.key" "$HOME/etc/certs.d/localhost:$mutual/"
	run machine "$HOME/etc" image pull -q "localhost:$mutual/busybox:1.36" --root "$root"
	[ "$status" -eq 0 ]
}

@test "HTTPS_PROXY and a CA of one's own; NO_PROXY" {
	export TLS_PORT=$tls
	fault proxy
	auth "$HOME/a.json" registry.test "$(basic user:s3cretword)"
	export REGISTRY_AUTH_FILE=$HOME/a.json HTTPS_PROXY=http://127.0.0.1:$port
	run pull registry.test/busybox:1.36
	[ "$status" -eq 5 ]
	[[ $output == *"certificate is not trusted"*"/etc/containers/certs.d/registry.test/ca.crt"* ]]
	mkdir -p "$HOME/.config/containers/certs.d/registry.test"
	cp "$dir/cert.pem" "$HOME/.config/containers/certs.d/registry.test/ca.crt"
	run pull registry.test/busybox:1.36
	[ "$status" -eq 0 ]
	grep -q '^CONNECT registry.test:443 ' "$log"
	NO_PROXY=.test root=$root.2 run pull registry.test/busybox:1.36
	[ "$status" -ne 0 ]
	[[ $output == *DNS* ]]
}

@test "HTTP_PROXY to an insecure registry, loopback without it" {
	fault proxy # it has no TLS_PORT: no tunnels
	printf '[[registry]]\nprefix = "registry.test"\ninsecure = true\n' >"$HOME/registries.conf"
	export CONTAINERS_REGISTRIES_CONF=$HOME/registries.conf http_proxy=http://127.0.0.1:$port HTTPS_PROXY=http://127.0.0.1:$port
	run pull registry.test/busybox:1.36
	[ "$status" -eq 0 ]
	[ "$(grep -c ' 200$' "$log")" -ge 4 ]
	: >"$log"
	run pull "127.0.0.1:$plain/busybox:1.36"
	[ "$status" -eq 0 ]
	[ ! -s "$log" ]
}

@test "a mirror serves manifests and blobs; one that fails is passed over" {
	fault none
	cat >"$HOME/registries.conf" <<-END
		[[registry]]
		prefix = "far.invalid/team"
		location = "127.0.0.1:$plain"
		[[registry.mirror]]
		location = "127.0.0.1:1"
		[[registry.mirror]]
		location = "127.0.0.1:$port"
	END
	export CONTAINERS_REGISTRIES_CONF=$HOME/registries.conf
	run pull far.invalid/team/busybox:1.36
	[ "$status" -eq 0 ]
	[[ $output == *"warning: registry '127.0.0.1:1': cannot connect"* ]]
	[ "$(grep -c '^GET .*/blobs/.* 200' "$log")" -eq 2 ]
	kill "$FAULT_PID"
	fault wrong
	sed -i "s/location = \"127.0.0.1:[0-9]*\"\$/&/; \$ s/:[0-9]*\"/:$port\"/" "$HOME/registries.conf"
	root=$root.2 run pull far.invalid/team/busybox:1.36
	[ "$status" -eq 0 ]
	[[ $output == *"sent other bytes"* ]]
}

@test "429 with Retry-After is waited for, one that is too far away is not" {
	fault limited
	begin=$(date +%s%N)
	run pull "127.0.0.1:$port/busybox:1.36"
	[ "$status" -eq 0 ]
	[ $((($(date +%s%N) - begin) / 1000000)) -ge 2000 ]
	kill "$FAULT_PID"
	fault closed
	: >"$log"
	root=$root.2 run pull "127.0.0.1:$port/busybox:1.36"
	[ "$status" -ne 0 ]
	[[ $output == *"limits the rate of pulls (429)"* ]]
	[ "$(grep -c ' 429$' "$log")" -le 2 ]
}

@test "an index: the variant for this machine; none is said so" {
	command -v curl >/dev/null || skip "needs curl"
	skopeo copy -q --src-tls-verify=false --dest-tls-verify=false "docker://127.0.0.1:$plain/busybox:1.36" "docker://127.0.0.1:$plain/multi:ours"
	skopeo copy -q --src-tls-verify=false --dest-tls-verify=false "docker://127.0.0.1:$plain/nginx:1.25" "docker://127.0.0.1:$plain/multi:other"
	entry() { # TAG ARCH
		curl -sf -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://127.0.0.1:$plain/v2/multi/manifests/$1" >"$HOME/m"
		printf '{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%s","size":%s,"platform":{"os":"linux","architecture":"%s"}}' \
			"$(sha256sum "$HOME/m" | cut -d' ' -f1)" "$(stat -c %s "$HOME/m")" "$2"
	}
	put() { # TAG ENTRIES
		printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s]}' "$2" >"$HOME/i"
		curl -sf -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' --data-binary "@$HOME/i" "http://127.0.0.1:$plain/v2/multi/manifests/$1"
	}
	case $(uname -m) in x86_64) arch=amd64 ;; aarch64) arch=arm64 ;; *) arch=$(uname -m) ;; esac
	ours=$(entry ours $arch)
	other=$(entry other mips)
	put both "$other,$ours"
	put foreign "$other"
	run pull "127.0.0.1:$plain/multi:both"
	[ "$status" -eq 0 ]
	[[ $ours == *"$(tail -1 <<<"$output")"* ]]
	run pull "127.0.0.1:$plain/multi:foreign"
	[ "$status" -ne 0 ]
	[[ $output == *"has no variant for linux/$arch"* ]]
}

@test "zstd layers" {
	command -v zstd >/dev/null || skip "needs zstd"
	mkdir "$HOME/layout"
	tar -C "$HOME/layout" -xf "$dir/images/nginx.tar"
	python3 - "$HOME/layout" <<-'END'
		import gzip, hashlib, json, os, subprocess, sys
		os.chdir(sys.argv[1] + "/blobs/sha256")
		def put(b):
		    digest = hashlib.sha256(b).hexdigest()
		    open(digest, "wb").write(b)
		    return "sha256:" + digest, len(b)
		index = json.load(open("../../index.json"))
		m = json.load(open(index["manifests"][0]["digest"][7:]))
		layer = gzip.open(m["layers"][0]["digest"][7:]).read()
		digest, size = put(subprocess.run(["zstd", "-c"], input=layer, stdout=subprocess.PIPE, check=True).stdout)
		m["layers"][0] = {"mediaType": "application/vnd.oci.image.layer.v1.tar+zstd", "digest": digest, "size": size}
		digest, size = put(json.dumps(m).encode())
		index["manifests"][0].update(digest=digest, size=size)
		json.dump(index, open("../../index.json", "w"))
	END
	skopeo copy -q --dest-tls-verify=false "oci:$HOME/layout" "docker://127.0.0.1:$plain/zstd:1"
	skopeo inspect --raw --tls-verify=false "docker://127.0.0.1:$plain/zstd:1" | grep -q 'tar+zstd'
	run pull "127.0.0.1:$plain/zstd:1"
	[ "$status" -eq 0 ]
	find "$root/lib/images/layers" -path '*/usr/sbin/nginx' | grep -q .
}

@test "progress: text, JSON, none" {
	run --separate-stderr pull --progress plain "127.0.0.1:$plain/busybox:1.36"
	[[ $stderr == *"layer 1/1  "*"downloaded"*"layer 1/1  "*"done"* ]]
	root=$root.2 run --separate-stderr pull --progress json "127.0.0.1:$plain/busybox:1.36"
	python3 - <<-END
		import json
		steps = [json.loads(l) for l in """$stderr""".splitlines()]
		assert [s["state"] for s in steps] == ["downloaded", "done"], steps
		assert all(s["image"].endswith("busybox:1.36") and s["layer"] == s["layers"] == 1 for s in steps)
		assert steps[1]["bytes"] == steps[1]["size"] > 300000
	END
	root=$root.3 run --separate-stderr pull --progress quiet "127.0.0.1:$plain/busybox:1.36"
	[ -z "$stderr" ]
}

@test "progress on a terminal: a line per layer, painted over" {
	command -v script >/dev/null || skip "needs script"
	run timeout 120 script -qec "stty cols 100; TERM=xterm $SIDEPOD image pull --root $root 127.0.0.1:$plain/nginx:1.25" /dev/null
	[ "$status" -eq 0 ]
	[[ $output == *$'\033[1A\033[J'* ]]
	[[ $output == *"done"* ]]
}
