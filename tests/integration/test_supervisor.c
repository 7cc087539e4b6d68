/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods for real: the supervisor, its sandbox and containers of busybox. Order is proved by the run
 * record and by what the containers wrote; times are asserted only where the contract has a wait.
 */
#include "pod_world.h"

#include "../unit/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

static struct pod_world world;

#define POD(name, spec) "apiVersion: v1\nkind: Pod\nmetadata: {name: " name "}\nspec:\n" spec

static void test_start_order(void **state)
{
	struct pod_run p;

	pod_start(
		&world, &p,
		POD("order",
		    "  restartPolicy: Never\n"
		    "  terminationGracePeriodSeconds: 5\n"
		    "  volumes: [{name: v}]\n"
		    "  initContainers:\n"
		    "  - name: s1\n"
		    "    image: busybox\n"
		    "    restartPolicy: Always\n"
		    "    imagePullPolicy: IfNotPresent\n"
		    "    command: [sh, -c, 'trap \"echo s1 end >>/v/o; exit 0\" TERM; echo s1 >>/v/o; sleep 100 & wait']\n"
		    "    startupProbe: {exec: {command: [test, -e, /v/o]}, periodSeconds: 1}\n"
		    "    volumeMounts: [{name: v, mountPath: /v}]\n"
		    "  - name: i1\n"
		    "    image: busybox\n"
		    "    imagePullPolicy: IfNotPresent\n"
		    "    command: [sh, -c, 'echo i1 >>/v/o']\n"
		    "    volumeMounts: [{name: v, mountPath: /v}]\n"
		    "  - name: s2\n"
		    "    image: busybox\n"
		    "    imagePullPolicy: IfNotPresent\n"
		    "    restartPolicy: Always\n"
		    "    command: [sh, -c, 'trap \"echo s2 end >>/v/o; exit 0\" TERM; echo s2 >>/v/o; touch /tmp/up; sleep 100 & wait']\n"
		    "    startupProbe: {exec: {command: [test, -e, /tmp/up]}, periodSeconds: 1}\n"
		    "    volumeMounts: [{name: v, mountPath: /v}]\n"
		    "  containers:\n"
		    "  - name: app\n"
		    "    image: busybox\n"
		    "    imagePullPolicy: IfNotPresent\n"
		    "    command: [sh, -c, 'echo app >>/v/o; cat /v/o; while ! test \"$(tail -n 1 /v/o)\" = done; do echo done >>/v/o; done']\n"
		    "    volumeMounts: [{name: v, mountPath: /v}]\n"));
	pod_wait(&p);
	assert_int_equal(p.exit_code, 0);
	assert_order(&p, "pod.accepted", "sandbox.ready", "start s1", "started s1", "start i1",
		     "exit i1", "start s2", "started s2", "start app", "exit app",
		     "pod.terminating", "sigterm s2", "exit s2", "sigterm s1", "exit s1",
		     "pod.phase.Succeeded", NULL);
	assert_string_equal(pod_log(&p, "app", 0), "s1\ni1\ns2\napp\n");
	pod_end(&p);
}

static int open_world(void **state)
{
	if (!world_open(&world))
		exit(77);
	return 0;
}

static int close_world(void **state)
{
	world_close(&world);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_order),
	};

	return cmocka_run_group_tests(tests, open_world, close_world);
}
