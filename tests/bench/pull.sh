#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Pull and unpack of a 100 MB image from a registry on loopback, side by side with skopeo and umoci.
#   pull.sh SIDEPOD [ROUNDS]     prints the median of each in milliseconds, and their ratio
set -euo pipefail
sidepod=$1 rounds=${2:-3}
work=$(mktemp -d /tmp/sp-bench-pull-XXXXXX)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

# Two layers of programs and libraries as they come: content that compresses like an image does.
mkdir -p "$work/root/files"
collect() { # BYTES FROM…: copies files until there are so many bytes
	local want=$1 have=0 f size n=0
	shift
	while read -r size f && [ "$have" -lt "$want" ]; do
		mkdir -p "$work/root/files/$((n / 200))"
		cp "$f" "$work/root/files/$((n / 200))/$n"
		n=$((n + 1)) have=$((have + size))
	done < <(find "$@" -xdev -type f -size -20M -printf '%s %p\n' 2>/dev/null | sort -k2)
}
collect 250000000 /usr/lib /usr/bin
cat >"$work/server.yml" <<END
version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: $work/registry}}
http: {addr: "127.0.0.1:$port"}
END
docker-registry serve "$work/server.yml" >"$work/server.log" 2>&1 &
server=$!
until (echo >"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do kill -0 "$server"; done
umoci init --layout "$work/layout"
umoci new --image "$work/layout:big"
for half in 0 1; do
	find "$work/root/files" -mindepth 1 -maxdepth 1 -name "*[$half$((half + 2))$((half + 4))$((half + 6))$((half + 8))]" -printf '%P\n' |
		tar -C "$work/root/files" -cf "$work/layer.tar" -T -
	umoci raw add-layer --image "$work/layout:big" "$work/layer.tar"
done
rm -rf "$work/root" "$work/layer.tar"
skopeo copy -q --dest-tls-verify=false "oci:$work/layout:big" "docker://127.0.0.1:$port/big:1"
du -sm "$work/registry" | awk '{ print "image_mb=" $1 }'

now() { date +%s%N; }
median() { sort -n | awk '{ v[NR] = $1 } END { print int(v[int((NR + 1) / 2)] / 1000000) }'; }
: >"$work/ours" >"$work/theirs"
for _ in $(seq "$rounds"); do
	t=$(now)
	"$sidepod" image pull -q --root "$work/store" "127.0.0.1:$port/big:1" >/dev/null
	echo $(($(now) - t)) >>"$work/ours"
	rm -rf "$work/store"
	t=$(now)
	skopeo copy -q --src-tls-verify=false "docker://127.0.0.1:$port/big:1" "oci:$work/copy:big"
	umoci unpack --image "$work/copy:big" "$work/bundle" >/dev/null
	echo $(($(now) - t)) >>"$work/theirs"
	rm -rf "$work/copy" "$work/bundle"
done
ours=$(median <"$work/ours") theirs=$(median <"$work/theirs")
echo "sidepod_ms=$ours skopeo_umoci_ms=$theirs ratio=$(awk "BEGIN { printf \"%.2f\", $ours / $theirs }")"
