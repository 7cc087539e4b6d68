# SPDX-License-Identifier: Apache-2.0
# Registries on loopback for bats tests: a plain one, one with TLS and a password, one that wants a certificate, and
# those with faults. SIDEPOD names the program under test.

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

serve() { # NAME: $dir/NAME.yml
	docker-registry serve "$dir/$1.yml" >"$dir/$1.log" 2>&1 3>&- &
	echo $! >>"$dir/pids"
}

wait_port() {
	python3 - "$1" <<-'END'
		import socket, sys, time
		end = time.monotonic() + 60
		while time.monotonic() < end:
		    try:
		        socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1).close()
		        sys.exit(0)
		    except OSError:
		        time.sleep(0.02)
		sys.exit("nobody listens")
	END
}

world_setup() {
	export dir=$BATS_FILE_TMPDIR
	export here=$BATS_TEST_DIRNAME
	export plain tls mutual
	plain=$(free_port)
	tls=$(free_port)
	mutual=$(free_port)
	"$here/make-images" "$dir/images" >/dev/null
	htpasswd -Bbn user s3cretword >"$dir/htpasswd"
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$dir/key.pem" -out "$dir/cert.pem" -days 2 \
		-subj /CN=localhost -addext subjectAltName=DNS:localhost,DNS:registry.test,IP:127.0.0.1 2>/dev/null
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$dir/client.key" -out "$dir/client.cert" -days 2 \
		-subj /CN=client -addext extendedKeyUsage=clientAuth 2>/dev/null
	cat >"$dir/plain.yml" <<-END
		version: 0.1
		log: {level: error}
		storage: {filesystem: {rootdirectory: $dir/registry}}
		http: {addr: "127.0.0.1:$plain"}
	END
	cat >"$dir/tls.yml" <<-END
		version: 0.1
		log: {level: error}
		storage: {filesystem: {rootdirectory: $dir/registry}}
		http: {addr: "127.0.0.1:$tls", tls: {certificate: $dir/cert.pem, key: $dir/key.pem}}
		auth: {htpasswd: {realm: test, path: $dir/htpasswd}}
	END
	cat >"$dir/mutual.yml" <<-END
		version: 0.1
		log: {level: error}
		storage: {filesystem: {rootdirectory: $dir/registry}}
		http: {addr: "127.0.0.1:$mutual", tls: {certificate: $dir/cert.pem, key: $dir/key.pem, clientcas: [$dir/client.cert]}}
	END
	serve plain
	serve tls
	serve mutual
	wait_port "$plain"
	wait_port "$tls"
	wait_port "$mutual"
	skopeo copy -q --dest-tls-verify=false "oci-archive:$dir/images/busybox.tar" "docker://127.0.0.1:$plain/busybox:1.36"
	skopeo copy -q --dest-tls-verify=false "oci-archive:$dir/images/nginx.tar" "docker://127.0.0.1:$plain/nginx:1.25"
	skopeo copy -q --format v2s2 --dest-tls-verify=false "oci-archive:$dir/images/busybox.tar" "docker://127.0.0.1:$plain/busybox:docker"
	printf '{"auths":{"localhost:%s":{"auth":"%s"}}}' "$tls" "$(printf user:s3cretword | base64)" >"$dir/auth.json"
}

world_teardown() {
	xargs -r kill <"$dir/pids" 2>/dev/null || true
}

world_each() {
	export HOME=$BATS_TEST_TMPDIR
	root=$BATS_TEST_TMPDIR/root
	unset REGISTRY_AUTH_FILE XDG_RUNTIME_DIR DOCKER_CONFIG HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy
}

world_each_end() {
	[ -z "${FAULT_PID:-}" ] || kill "$FAULT_PID" 2>/dev/null || true
}

pull() { timeout 120 "$SIDEPOD" image pull --root "$root" "$@"; }
ensure() { timeout 120 "$SIDEPOD" image ensure --json --root "$root" "$@"; }

# fault NAME: starts it; its port is in $port, its log in $log
fault() {
	log=$BATS_TEST_TMPDIR/requests
	coproc FAULT { exec "$here/fault-registry" "$plain" "$1" "$log" 3>&-; }
	read -r port <&"${FAULT[0]}"
}

# sidepod_for_users FOLDER: the programs where others may run them, whatever folder they were built in
sidepod_for_users() {
	mkdir -p "$1"
	cp "$(dirname "$SIDEPOD")"/sidepod "$(dirname "$SIDEPOD")"/sidepod-supervisor "$(dirname "$SIDEPOD")"/sidepod-worker "$1"
	chmod 755 "$1" "$1"/*
}
