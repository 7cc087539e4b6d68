/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as what users and pods do to a Deployment, a StatefulSet, a Job and a CronJob: sizes,
 * templates, deletions, pods that start, fail and linger, time that passes. The manager comes to
 * rest each time, leaves no pod without its owner, and in the end nothing at all.
 */
#include "../unit/manager_world.h"

#include "spec/tree.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct input {
	const uint8_t *data;
	size_t size;
} in;

static uint8_t byte(void)
{
	if (!in.size)
		return 0;
	in.size--;
	return *in.data++;
}

static void choose(struct cluster *c, const struct sp_stored *pod, struct fake_plan *p)
{
	uint8_t b = byte();

	p->ready_after = (b & 3) * SP_SEC;
	p->run_for = b & 4 ? (b >> 4) * SP_SEC : SP_NEVER;
	p->code = b & 8 ? 1 : 0;
	p->stop_takes = (b >> 6) * SP_SEC;
}

static void apply(struct cluster *c, uint8_t kind, uint8_t b)
{
	char text[1024];
	static const char *const forms[] = {
		"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: %d, "
		"strategy: {type: %s}, selector: {matchLabels: {a: b}}, template: {metadata: {labels: "
		"{a: b}}, spec: {containers: [{name: app, image: i%d}]}}}\n",
		"apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec: {replicas: %d, "
		"serviceName: db, podManagementPolicy: %s, selector: {matchLabels: {a: b}}, template: "
		"{metadata: {labels: {a: b}}, spec: {containers: [{name: app, image: i%d}]}}}\n",
	};
	static const char *const words[][2] = {{"RollingUpdate", "Recreate"},
					       {"OrderedReady", "Parallel"}};

	kind &= 1;
	/* the words are forms of ours, not of the input */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof(text), forms[kind], b & 7, words[kind][b >> 3 & 1], b >> 4 & 3);
#pragma GCC diagnostic pop
	cluster_apply(c, text);
}

static void delete_pod(struct cluster *c, uint8_t k)
{
	const struct sp_stored *o = NULL;

	while ((o = sp_store_next(c->store, "Pod", NULL, o)) != NULL)
		if (k-- == 0) {
			cluster_delete(c, "Pod", o->name);
			return;
		}
}

static void check_owners(struct cluster *c)
{
	const struct sp_stored *o = NULL;

	while ((o = sp_store_next(c->store, "Pod", NULL, o)) != NULL) {
		const struct sp_node *ref = sp_node_at(o->node, "metadata.ownerReferences[0]");
		struct sp_stored *owner =
			sp_store_get(c->store, sp_node_str(sp_node_get(ref, "kind"), ""), o->ns,
				     sp_node_str(sp_node_get(ref, "name"), ""));

		if (!owner && !o->deleting)
			abort(); /* an orphan */
		(void)sp_stored_unref(owner);
	}
}

static void act(struct cluster *c)
{
	static const char *const names[][2] = {
		{"Deployment", "web"}, {"StatefulSet", "db"}, {"Job", "j"}, {"CronJob", "c"}};
	uint8_t op = byte(), b = byte();

	switch (op & 7) {
	case 0:
	case 1:
		apply(c, op, b);
		break;
	case 2:
		delete_pod(c, b);
		break;
	case 3:
		cluster_delete(c, names[b & 3][0], names[b & 3][1]);
		break;
	case 4:
		cluster_apply(c,
			      "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: "
			      "{completions: 3, parallelism: 2, backoffLimit: 2, template: {spec: "
			      "{restartPolicy: Never, containers: [{name: app, image: a}]}}}\n");
		break;
	case 5:
		cluster_apply(c,
			      "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c}\nspec: "
			      "{schedule: '* * * * *', concurrencyPolicy: Replace, jobTemplate: "
			      "{spec: {template: {spec: {restartPolicy: Never, containers: [{name: "
			      "app, image: a}]}}}}}\n");
		break;
	default:
		cluster_run(c, (b & 31) * SP_SEC);
		check_owners(c);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cluster c = {.choose = choose};

	in = (struct input){data, size};
	cluster_open(&c);
	for (int i = 0; i < 64 && in.size; i++)
		act(&c);
	cluster_run(&c, 1 * SP_SEC);
	cluster_delete(&c, "Deployment", "web");
	cluster_delete(&c, "StatefulSet", "db");
	cluster_delete(&c, "Job", "j");
	cluster_delete(&c, "CronJob", "c");
	cluster_run(&c, 10 * SP_SEC);
	if (cluster_count(&c, "Pod") || cluster_count(&c, "ReplicaSet") || cluster_count(&c, "Job"))
		abort();
	cluster_close(&c);
	return 0;
}
