#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Pods that ask for huge pages, as a user starts them. The machine gets some for the time of a test;
# other tests that change their number wait for the same lock.
# SIDEPOD names the program under test.

pages=/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages

setup() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	[ -e $pages ] || skip "no huge pages of 2Mi on this machine"
	export SIDEPOD_ROOT=$BATS_TEST_TMPDIR/root
	cd "$BATS_TEST_TMPDIR" || return
	exec {lock}</sys/kernel/mm/hugepages
	flock "$lock"
	before=$(cat $pages)
}

teardown() {
	[ -n "${before:-}" ] || return 0
	timeout 20 "$SIDEPOD" down --all --now >/dev/null 2>&1 || true
	echo "$before" >$pages
}

# pod BYTES COMMAND…: one that has BYTES of huge pages, and a volume of them
pod() {
	cat <<-END
		apiVersion: v1
		kind: Pod
		metadata: {name: huge}
		spec:
		  restartPolicy: Never
		  containers:
		  - name: app
		    image: sidepod.local/demo
		    command: $2
		    env:
		    - name: HUGE_MB
		      valueFrom: {resourceFieldRef: {resource: limits.hugepages-2Mi, divisor: 1Mi}}
		    resources: {limits: {cpu: 1, memory: 32Mi, hugepages-2Mi: $1}}
		    volumeMounts: [{name: pages, mountPath: /pages}]
		  volumes:
		  - {name: pages, emptyDir: {medium: HugePages, sizeLimit: 2Mi}}
	END
}

@test "a pod with huge pages has its volume and its limits (CG-7, DAPI-2)" {
	echo $((before + 2)) >$pages
	[ "$(cat $pages)" -eq $((before + 2)) ] || skip "this machine has no memory for huge pages"
	pod 4Mi '[/bin/cat, /proc/self/mountinfo]' >mounts.yaml
	run timeout 20 "$SIDEPOD" run --net lo mounts.yaml
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" =~ " /pages rw,nosuid,nodev,"[^$'\n']*" - hugetlbfs "[^$'\n']*"pagesize=2M,size=2097152" ]]
	pod 4Mi '[/bin/env]' >env.yaml
	run timeout 20 "$SIDEPOD" run --net lo env.yaml
	echo "$output"
	[[ "$output" =~ HUGE_MB=4 ]]
}

@test "a pod that asks for more than there is does not start" {
	pod 1Ti '[/bin/true]' >pod.yaml
	run timeout 20 "$SIDEPOD" run --net lo pod.yaml
	echo "$output"
	[ "$status" -eq 5 ]
	[[ "$output" =~ "pod.yaml:1: 'huge' asks for 1Ti of hugepages-2Mi, this machine has "[0-9]+" such page" ]]
	[[ "$output" = *"echo 524288 > $pages"* ]]
	sed 's/hugepages-2Mi/hugepages-4Mi/' pod.yaml >size.yaml
	run timeout 20 "$SIDEPOD" run --net lo size.yaml
	echo "$output"
	[ "$status" -eq 5 ]
	[[ "$output" = *"'huge' asks for hugepages-4Mi; sizes of huge pages on this machine: 2Mi"* ]]
}

@test "pods that have too few huge pages together are warned of" {
	echo $((before + 2)) >$pages
	[ "$(cat $pages)" -eq $((before + 2)) ] || skip "this machine has no memory for huge pages"
	cat >job.yaml <<-END
		apiVersion: batch/v1
		kind: Job
		metadata: {name: both}
		spec:
		  parallelism: 2
		  completions: 2
		  template:
		    spec:
		      restartPolicy: Never
		      containers:
		      - name: app
		        image: sidepod.local/demo
		        command: [/bin/true]
		        resources: {limits: {cpu: 1, memory: 32Mi, hugepages-2Mi: $((before * 2 + 4))Mi}}
	END
	run timeout 20 "$SIDEPOD" run --net lo job.yaml
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" = *"all pods at once ask for $((before * 4 + 8))Mi of hugepages-2Mi, this machine has"* ]]
}
