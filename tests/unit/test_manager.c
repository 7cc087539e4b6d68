/* SPDX-License-Identifier: Apache-2.0 */
/* The controller manager on a store, with pods that only pretend: stories per kind, then chance. */
#include "cmocka_all.h"

#include "manager_world.h"

#include <stdio.h>

static void expect(struct cluster *c, const char *kind, const char *name, const char *path,
		   const char *want)
{
	char mem[256];
	const char *got = cluster_get(c, kind, name, path, mem);

	if (strcmp(got, want) != 0)
		fail_msg("%s/%s %s: expected '%s', got '%s'", kind, name, path, want, got);
}

static void close_empty(struct cluster *c)
{
	assert_int_equal(cluster_count(c, "Pod"), 0);
	assert_int_equal(cluster_count(c, "ReplicaSet"), 0);
	assert_int_equal(c->n_pods, 0);
	cluster_close(c);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static void test_job(void **state)
{
	struct cluster c = {.plan = {.run_for = 5 * SP_SEC}};

	cluster_open(&c);
	cluster_apply(&c, "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\n"
			  "spec: {completions: 3, parallelism: 2, template: {spec: {restartPolicy: "
			  "Never, containers: [{name: app, image: a}]}}}\n");
	cluster_run(&c, 1 * SP_SEC);
	expect(&c, "Job", "j", "status.active", "2");
	expect(&c, "Job", "j", "status.ready", "2");
	cluster_run(&c, 20 * SP_SEC);
	expect(&c, "Job", "j", "status.succeeded", "3");
	expect(&c, "Job", "j", "status.conditions[0].type", "Complete");
	assert_int_equal(c.most_pods, 2);
	assert_int_equal(cluster_count(&c, "Pod"), 3); /* JOB-51 */
	assert_int_equal(cluster_events(&c, "SuccessfulCreate"), 3);
	assert_int_equal(cluster_events(&c, "Completed"), 1);
	cluster_delete(&c, "Job", "j");
	cluster_run(&c, 1 * SP_SEC);
	close_empty(&c);
}

static void test_job_fails(void **state)
{
	struct cluster c = {.plan = {.run_for = 2 * SP_SEC, .code = 3}};

	cluster_open(&c);
	cluster_apply(&c, "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\n"
			  "spec: {backoffLimit: 2, ttlSecondsAfterFinished: 5, template: {spec: "
			  "{restartPolicy: Never, containers: [{name: app, image: a}]}}}\n");
	cluster_run(&c, 11 * SP_SEC);
	assert_int_equal(cluster_count(&c, "Pod"), 1); /* the first delay is ten seconds */
	cluster_run(&c, 2 * SP_SEC);
	assert_int_equal(cluster_count(&c, "Pod"), 2);
	cluster_run(&c, 24 * SP_SEC);
	expect(&c, "Job", "j", "status.failed", "3");
	expect(&c, "Job", "j", "status.conditions[1].reason", "BackoffLimitExceeded");
	cluster_run(&c, 6 * SP_SEC); /* JOB-72 */
	assert_int_equal(cluster_count(&c, "Job"), 0);
	close_empty(&c);
}

/* What had ended when a manager started is not run again. */
static void test_job_restored(void **state)
{
	struct cluster c = {.plan = {.run_for = 1 * SP_SEC}};
	struct sp_error err;

	cluster_open(&c);
	cluster_apply(&c, "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\n"
			  "spec: {template: {spec: {restartPolicy: Never, containers: [{name: app, "
			  "image: a}]}}}\n");
	cluster_run(&c, 5 * SP_SEC);
	c.manager = sp_manager_close(c.manager);
	assert_int_equal(sp_manager_open(c.store, &c.env, &c.manager, &err), 0);
	cluster_run(&c, 60 * SP_SEC);
	expect(&c, "Job", "j", "status.succeeded", "1");
	assert_int_equal(cluster_count(&c, "Pod"), 1);
	cluster_delete(&c, "Job", "j");
	cluster_run(&c, 1 * SP_SEC);
	close_empty(&c);
}

static void test_cron_job(void **state)
{
	struct cluster c = {.plan = {.run_for = 5 * SP_SEC}};

	cluster_open(&c);
	cluster_apply(&c, "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c}\n"
			  "spec: {schedule: '* * * * *', successfulJobsHistoryLimit: 2, "
			  "jobTemplate: {spec: {template: {spec: {restartPolicy: Never, "
			  "containers: [{name: app, image: a}]}}}}}\n");
	cluster_run(&c, 210 * SP_SEC);
	assert_int_equal(cluster_events(&c, "SawCompletedJob"), 3);
	assert_int_equal(cluster_count(&c, "Job"), 2);
	cluster_delete(&c, "CronJob", "c");
	cluster_run(&c, 1 * SP_SEC);
	assert_int_equal(cluster_count(&c, "Job"), 0);
	close_empty(&c);
}

/* ---- deployments and sets -------------------------------------------------------------------- */

static void deploy(struct cluster *c, int replicas, const char *image)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
		 "spec: {replicas: %d, selector: {matchLabels: {app: web}}, template: {metadata: "
		 "{labels: {app: web}}, spec: {containers: [{name: app, image: %s}]}}}\n",
		 replicas, image);
	cluster_apply(c, text);
}

static void test_deployment(void **state)
{
	struct cluster c = {.plan = {.ready_after = 2 * SP_SEC, .stop_takes = 1 * SP_SEC}};

	cluster_open(&c);
	deploy(&c, 4, "a");
	cluster_run(&c, 1 * SP_SEC);
	expect(&c, "Deployment", "web", "status.conditions[0].reason",
	       "MinimumReplicasUnavailable");
	cluster_run(&c, 5 * SP_SEC);
	expect(&c, "Deployment", "web", "status.readyReplicas", "4");
	expect(&c, "Deployment", "web", "status.conditions[1].reason", "NewReplicaSetAvailable");
	deploy(&c, 4, "b");
	cluster_run(&c, 60 * SP_SEC);
	expect(&c, "Deployment", "web", "status.updatedReplicas", "4");
	assert_int_equal(cluster_count(&c, "ReplicaSet"), 2);
	assert_int_equal(cluster_count(&c, "Pod"), 4);
	assert_int_equal(c.most_pods, 5); /* one more than wanted: 25% */
	deploy(&c, 4, "a");               /* the first set again (DEPLOY-4) */
	cluster_run(&c, 60 * SP_SEC);
	assert_int_equal(cluster_count(&c, "ReplicaSet"), 2);
	assert_int_equal(cluster_count(&c, "Pod"), 4);
	cluster_delete(&c, "Deployment", "web");
	cluster_run(&c, 5 * SP_SEC);
	close_empty(&c);
}

static void test_scale(void **state)
{
	struct cluster c = {.plan = {.ready_after = 1 * SP_SEC}};

	cluster_open(&c);
	deploy(&c, 0, "a");
	cluster_run(&c, 1 * SP_SEC);
	assert_int_equal(cluster_count(&c, "Pod"), 0);
	deploy(&c, 500, "a");
	cluster_run(&c, 10 * SP_SEC);
	expect(&c, "Deployment", "web", "status.availableReplicas", "500");
	deploy(&c, 0, "a");
	cluster_run(&c, 10 * SP_SEC);
	expect(&c, "Deployment", "web", "status.replicas", "");
	assert_int_equal(cluster_count(&c, "Pod"), 0);
	cluster_delete(&c, "Deployment", "web");
	cluster_run(&c, 1 * SP_SEC);
	close_empty(&c);
}

static void stateful(struct cluster *c, int replicas, const char *image)
{
	char text[700];

	snprintf(text, sizeof(text),
		 "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\n"
		 "spec: {serviceName: db, replicas: %d, selector: {matchLabels: {app: db}}, "
		 "template: {metadata: {labels: {app: db}}, spec: {containers: [{name: app, image: "
		 "%s}]}}, volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: "
		 "[ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]}\n",
		 replicas, image);
	cluster_apply(c, text);
}

static void test_stateful_set(void **state)
{
	struct cluster c = {.plan = {.ready_after = 2 * SP_SEC}};

	cluster_open(&c);
	stateful(&c, 3, "a");
	cluster_run(&c, 1 * SP_SEC);
	assert_int_equal(cluster_count(&c, "Pod"), 1); /* in order */
	cluster_run(&c, 9 * SP_SEC);
	expect(&c, "StatefulSet", "db", "status.readyReplicas", "3");
	expect(&c, "Pod", "db-1", "spec.hostname", "db-1");
	expect(&c, "Pod", "db-1", "spec.volumes[0].persistentVolumeClaim.claimName", "data-db-1");
	expect(&c, "PersistentVolumeClaim", "data-db-2", "status.phase", "Bound");
	stateful(&c, 3, "b"); /* from the highest ordinal down */
	cluster_run(&c, 1 * SP_SEC);
	expect(&c, "Pod", "db-2", "spec.containers[0].image", "b");
	expect(&c, "Pod", "db-1", "spec.containers[0].image", "a");
	cluster_run(&c, 20 * SP_SEC);
	expect(&c, "Pod", "db-0", "spec.containers[0].image", "b");
	expect(&c, "StatefulSet", "db", "status.updatedReplicas", "3");
	stateful(&c, 1, "b");
	cluster_run(&c, 5 * SP_SEC);
	assert_int_equal(cluster_count(&c, "Pod"), 1);
	assert_int_equal(cluster_count(&c, "PersistentVolumeClaim"), 3); /* they stay */
	cluster_delete(&c, "StatefulSet", "db");
	cluster_run(&c, 1 * SP_SEC);
	close_empty(&c);
}

static void test_daemon_set(void **state)
{
	struct cluster c = {.plan = {.ready_after = 1 * SP_SEC}};
	static const char text[] =
		"apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: agent}\n"
		"spec: {selector: {matchLabels: {app: x}}, template: {metadata: {labels: {app: "
		"x}}, spec: {containers: [{name: app, image: a}]}}}\n";

	cluster_open(&c);
	cluster_apply(&c, text);
	cluster_run(&c, 3 * SP_SEC);
	assert_int_equal(cluster_count(&c, "Pod"), 1);
	expect(&c, "DaemonSet", "agent", "status.numberAvailable", "1");
	cluster_delete(&c, "DaemonSet", "agent");
	cluster_run(&c, 1 * SP_SEC);
	close_empty(&c);
}

/* ---- services -------------------------------------------------------------------------------- */

static void test_service(void **state)
{
	struct cluster c = {.plan = {.ready_after = 2 * SP_SEC, .stop_takes = 3 * SP_SEC}};

	cluster_open(&c);
	cluster_apply(&c, "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
			  "spec: {selector: {app: web}, ports: [{name: http, port: 80, "
			  "targetPort: 8080}]}\n"
			  "---\napiVersion: v1\nkind: Service\nmetadata: {name: all}\n"
			  "spec: {clusterIP: None, publishNotReadyAddresses: true, selector: {app: "
			  "web}, ports: [{port: 80}]}\n");
	deploy(&c, 2, "a");
	cluster_run(&c, 1 * SP_SEC);
	expect(&c, "Service", "web", "spec.clusterIP", "10.84.0.2");
	expect(&c, "Service", "all", "spec.clusterIP", "None");
	expect(&c, "EndpointSlice", "web-0", "ports[0].port", "8080");
	expect(&c, "EndpointSlice", "web-0", "endpoints[1].conditions.ready", "false");
	expect(&c, "EndpointSlice", "all-0", "endpoints[1].conditions.ready", "true");
	cluster_run(&c, 2 * SP_SEC);
	expect(&c, "EndpointSlice", "web-0", "endpoints[1].conditions.ready", "true");
	deploy(&c, 1, "a"); /* what is being stopped serves nobody new */
	cluster_run(&c, 1 * SP_SEC);
	expect(&c, "Deployment", "web", "status.readyReplicas", "1");
	cluster_run(&c, 5 * SP_SEC);
	expect(&c, "EndpointSlice", "web-0", "endpoints[1]", "");
	cluster_delete(&c, "Service", "web");
	cluster_delete(&c, "Deployment", "web");
	cluster_run(&c, 5 * SP_SEC);
	assert_int_equal(cluster_count(&c, "EndpointSlice"), 1);
	close_empty(&c);
}

/* ---- chance ---------------------------------------------------------------------------------- */

static void any_plan(struct cluster *c, const struct sp_stored *pod, struct fake_plan *p)
{
	p->ready_after = (sp_time)cluster_random(c, 5) * SP_SEC;
	p->stop_takes = (sp_time)cluster_random(c, 4) * SP_SEC;
	p->run_for = cluster_random(c, 4) ? SP_NEVER : (sp_time)cluster_random(c, 20) * SP_SEC;
	p->code = cluster_random(c, 3) ? 0 : 1;
}

static void steady_plan(struct cluster *c, const struct sp_stored *pod, struct fake_plan *p)
{
	p->run_for = strncmp(pod->name, "j", 1) == 0 ? 2 * SP_SEC : SP_NEVER;
	p->code = 0;
}

static void delete_any_pod(struct cluster *c)
{
	uint32_t n = cluster_count(c, "Pod");
	uint64_t k = cluster_random(c, n);
	const struct sp_stored *o = n ? sp_store_next(c->store, "Pod", NULL, NULL) : NULL;

	while (k-- > 0)
		o = sp_store_next(c->store, "Pod", NULL, o);
	if (o)
		cluster_delete(c, "Pod", o->name);
}

static void disturb(struct cluster *c)
{
	switch (cluster_random(c, 5)) {
	case 0:
		deploy(c, (int)cluster_random(c, 12), "a");
		break;
	case 1:
		deploy(c, (int)cluster_random(c, 12), "b");
		break;
	case 2:
		stateful(c, (int)cluster_random(c, 4), cluster_random(c, 2) ? "a" : "b");
		break;
	default:
		delete_any_pod(c);
		break;
	}
}

static void check_owners(struct cluster *c)
{
	const struct sp_stored *o = NULL;

	while ((o = sp_store_next(c->store, "Pod", NULL, o)) != NULL) {
		const struct sp_node *ref = sp_node_at(o->node, "metadata.ownerReferences[0]");
		struct sp_stored *owner =
			sp_store_get(c->store, sp_node_str(sp_node_get(ref, "kind"), ""), "default",
				     sp_node_str(sp_node_get(ref, "name"), ""));

		if (!owner || strcmp(owner->uid, sp_node_str(sp_node_get(ref, "uid"), "")) != 0)
			fail_msg("pod '%s' is an orphan", o->name);
		(void)sp_stored_unref(owner);
	}
}

static void test_chance(void **state)
{
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct cluster c = {.chance = seed * 0x9e3779b97f4a7c15, .choose = any_plan};
		cluster_open(&c);
		deploy(&c, 3, "a");
		stateful(&c, 2, "a");
		cluster_apply(&c,
			      "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\n"
			      "spec: {completions: 5, parallelism: 3, backoffLimit: 1000, "
			      "template: {spec: {restartPolicy: Never, containers: [{name: app, "
			      "image: a}]}}}\n");
		for (int i = 0; i < 30; i++) {
			cluster_run(&c, (sp_time)cluster_random(&c, 8 * SP_SEC));
			disturb(&c);
		}
		/* then nobody touches it any more: it becomes what was asked for */
		c.choose = steady_plan;
		for (uint32_t i = 0; i < c.n_pods; i++) {
			c.pods[i].plan.run_for =
				SP_MIN(c.pods[i].plan.run_for, c.now - c.pods[i].born + 1 * SP_SEC);
		}
		deploy(&c, 7, "b");
		stateful(&c, 3, "b");
		cluster_run(&c, 3000 * SP_SEC);
		expect(&c, "Deployment", "web", "status.availableReplicas", "7");
		expect(&c, "Deployment", "web", "status.updatedReplicas", "7");
		expect(&c, "Deployment", "web", "status.replicas", "7");
		expect(&c, "StatefulSet", "db", "status.readyReplicas", "3");
		expect(&c, "StatefulSet", "db", "status.updatedReplicas", "3");
		expect(&c, "Job", "j", "status.conditions[0].type", "Complete");
		assert_in_range(c.most_pods, 0, 12 + 3 + 4 + 3 + 3);
		check_owners(&c);
		cluster_delete(&c, "Deployment", "web");
		cluster_delete(&c, "StatefulSet", "db");
		cluster_delete(&c, "Job", "j");
		cluster_run(&c, 10 * SP_SEC);
		close_empty(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_job),          cmocka_unit_test(test_job_fails),
		cmocka_unit_test(test_job_restored), cmocka_unit_test(test_cron_job),
		cmocka_unit_test(test_deployment),   cmocka_unit_test(test_scale),
		cmocka_unit_test(test_stateful_set), cmocka_unit_test(test_daemon_set),
		cmocka_unit_test(test_service),      cmocka_unit_test(test_chance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
