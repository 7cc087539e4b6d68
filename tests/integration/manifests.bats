#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What judges manifests, where it is used: measured runs, the GitHub action, the pre-commit hook.
# SIDEPOD names the program under test; the tree is found beside this file.

setup() {
	tree=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export SIDEPOD_ROOT=$BATS_TEST_TMPDIR/root HOME=$BATS_TEST_TMPDIR
	cd "$BATS_TEST_TMPDIR"
	# the action and the hook find it on the path
	mkdir bin && ln -s "$SIDEPOD" bin/sidepod
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

teardown() {
	[ "$(id -u)" -eq 0 ] || return 0
	timeout 120 "$SIDEPOD" down --all --now >/dev/null 2>&1 || true
}

repository() { # a git repository with a manifest that lint warns about, and a good one
	git init -q repo && cd repo
	git config user.email a@example.com && git config user.name a
	mkdir 'k8s'
	cat >k8s/bad.yaml <<-END
		apiVersion: v1
		kind: Pod
		metadata: {name: p}
		spec:
		  initContainers:
		  - name: log
		    image: fluent/fluent-bit:3.2.4
		    restartPolicy: Always # stays
		    resources: {requests: {cpu: 50m, memory: 64Mi}, limits: {memory: 128Mi}}
		    startupProbe: {tcpSocket: {port: 2020}, periodSeconds: 5}
		  containers:
		  - {name: app, image: a/app:1}
	END
	cat >k8s/good.yaml <<-END
		apiVersion: v1
		kind: ConfigMap
		metadata: {name: c}
		data: {a: b}
	END
	git add . && git commit -qm one
}

step() { # NAME: the script of a step of the action
	awk -v name="$1" '
		/^  - name: / { on = $0 == "  - name: " name; body = 0 }
		on && /^    run: \|/ { body = 1; next }
		body && !/^      / && NF { exit }
		body { print substr($0, 7) }' "$tree/action.yml"
}

input() { # NAME: the default of an input
	awk -v name="$1" '
		/^  [a-z-]+:$/ { on = $1 == name ":" }
		on && $1 == "default:" { sub(/^[^:]*: */, ""); gsub(/"/, ""); print; exit }' "$tree/action.yml"
}

action() { # [FILES [SARIF]]: the steps, as the runner would start them
	export GITHUB_ACTION_PATH=$tree GITHUB_PATH=$BATS_TEST_TMPDIR/path
	export FILES=${1-$(input files)} SARIF=${2-$(input sarif)} ARGS
	ARGS=$(input args) SEVERITY=$(input severity) FAIL_ON=$(input fail-on) KUBE=$(input kube-version)
	export SEVERITY FAIL_ON KUBE
	step 'Build sidepod, unless it is there' >"$BATS_TEST_TMPDIR/build.sh"
	step Lint >"$BATS_TEST_TMPDIR/lint.sh"
	[ -s "$BATS_TEST_TMPDIR/build.sh" ] && [ -s "$BATS_TEST_TMPDIR/lint.sh" ] || return 99
	# as GitHub runs "shell: bash"
	bash --noprofile --norc -eo pipefail "$BATS_TEST_TMPDIR/build.sh" >"$BATS_TEST_TMPDIR/build.out" || return 98
	bash --noprofile --norc -eo pipefail "$BATS_TEST_TMPDIR/lint.sh" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
}

@test "the inputs of the action reach its steps" {
	# every variable of the Lint step comes from an input that exists
	for name in files severity fail-on kube-version sarif args; do
		grep -q "inputs.$name }}" "$tree/action.yml"
		grep -q "^  $name:" "$tree/action.yml"
	done
	[ "$(input severity)" = info ] && [ "$(input fail-on)" = warning ] && [ -z "$(input files)" ]
}

@test "the action annotates all manifests of a repository and fails" {
	repository
	run action
	[ "$status" -eq 1 ]
	grep -q '^::warning file=k8s/bad.yaml,line=10,col=.*,title=SP203' "$BATS_TEST_TMPDIR/out"
	[ ! -e "$BATS_TEST_TMPDIR/path" ] # it was there: nothing is built
}

@test "the action writes SARIF and takes files" {
	repository
	run action k8s/bad.yaml result.sarif
	[ "$status" -eq 1 ]
	grep -q '"version":"2.1.0"' result.sarif
	run action k8s/good.yaml result.sarif
	[ "$status" -eq 0 ]
	grep -q '"results":\[\]' result.sarif
}

@test "the action fails when lint itself cannot work" {
	repository
	run action k8s/absent.yaml
	[ "$status" -ne 0 ]
	echo 'a: [' >broken.yaml
	run action broken.yaml
	[ "$status" -eq 4 ]
}

entry() { # ID: the entry of a hook
	awk -v id="$1" '/^- id: / { on = $3 == id } on && $1 == "entry:" { sub(/^ *entry: */, ""); print; exit }' \
		"$tree/.pre-commit-hooks.yaml"
}

@test "the hooks, as their entries say" {
	repository
	# shellcheck disable=SC2046 # an entry is split into words
	run $(entry sidepod-lint) k8s/good.yaml
	[ "$status" -eq 0 ] && [ -z "$output" ]
	run $(entry sidepod-lint) k8s/bad.yaml k8s/good.yaml
	[ "$status" -eq 1 ]
	[[ $output == *SP203* ]]
	run $(entry sidepod-lint-fix) k8s/bad.yaml
	grep -q 'restartPolicy: Always # stays' k8s/bad.yaml
	grep -q 'periodSeconds: 1' k8s/bad.yaml
	run git diff --stat
	[[ $output == *"1 file changed"* ]]
}

@test "the hooks, by pre-commit" {
	command -v pre-commit >/dev/null || skip "pre-commit is not installed"
	# a repository of hooks, with the tree's own file
	git init -q hooks && cp "$tree/.pre-commit-hooks.yaml" hooks/
	(cd hooks && git add . && git -c user.email=a@example.com -c user.name=a commit -qm hooks)
	repository
	cat >.pre-commit-config.yaml <<-END
		repos:
		- repo: $BATS_TEST_TMPDIR/hooks
		  rev: $(git -C ../hooks rev-parse HEAD)
		  hooks:
		  - id: sidepod-lint
	END
	git add .
	run timeout 120 pre-commit run --files k8s/good.yaml
	[ "$status" -eq 0 ]
	run timeout 120 pre-commit run --files k8s/bad.yaml
	[ "$status" -eq 1 ]
	[[ $output == *SP203* ]]
}

@test "what a run used, compared with its requests" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	cat >pod.yaml <<-END
		apiVersion: v1
		kind: Pod
		metadata: {name: obs}
		spec:
		  restartPolicy: Never
		  terminationGracePeriodSeconds: 2
		  initContainers:
		  - name: side
		    image: sidepod.local/demo
		    restartPolicy: Always
		    command: [demo, act, 'term=0']
		    resources: {requests: {cpu: 50m, memory: 8Mi}, limits: {memory: 32Mi}}
		  containers:
		  - name: app
		    image: sidepod.local/demo
		    command: [demo, act, 'exit=0.3,code=0']
		    resources: {requests: {cpu: 100m, memory: 16Mi}}
	END
	run timeout 120 "$SIDEPOD" run pod.yaml --net lo
	[ "$status" -eq 0 ]
	run "$SIDEPOD" resources pod.yaml --observed obs
	[ "$status" -eq 0 ]
	[[ $output == *MEASURED* ]]
	[[ $output =~ side[[:space:]]+[0-9]+m[[:space:]] ]]
	# a record by its path
	record=$(ls "$SIDEPOD_ROOT"/lib/runs/*.jsonl | head -1)
	[ "$(grep -c '"event":"usage"' "$record")" -eq 2 ]
	run "$SIDEPOD" resources pod.yaml --observed "$record" -o json
	[ "$status" -eq 0 ]
	[[ $output == *measuredPeakBytes* ]]
}

@test "top as JSON" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	run "$SIDEPOD" top -o json
	[ "$status" -eq 0 ]
	[ "$output" = '{"schema":"sidepod.top/v1","pods":[]}' ]
}
