/* SPDX-License-Identifier: Apache-2.0 */
#include "manager_world.h"

#include "base/text.h"
#include "spec/tree.h"

#include <stdio.h>
#include <stdlib.h>

#define STEPS_MAX 200000 /* more looks in one go: it does not come to rest */

static void die(const char *what, const struct sp_error *err)
{
	fprintf(stderr, "%s: %s\n", what, err ? err->text : "");
	abort();
}

/* ---- the world ------------------------------------------------------------------------------- */

uint64_t cluster_random(struct cluster *c, uint64_t below)
{
	c->chance ^= c->chance << 13;
	c->chance ^= c->chance >> 7;
	c->chance ^= c->chance << 17;
	return below ? c->chance % below : 0;
}

static int64_t now_wall(void *arg)
{
	return ((struct cluster *)arg)->now;
}

static void chance(void *arg, void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)bytes)[i] = (uint8_t)cluster_random(arg, 256);
}

static const struct sp_zone *zone(void *arg, const char *name)
{
	return name && !sp_streq(name, "UTC") ? NULL : &((struct cluster *)arg)->utc;
}

void cluster_open(struct cluster *c)
{
	struct sp_error err;

	if (!c->chance)
		c->chance = 88172645463325252u;
	if (!c->now)
		c->now = 1700000000 * SP_SEC + 250 * SP_MSEC;
	if (!c->plan.run_for)
		c->plan.run_for = SP_NEVER;
	c->store_env = (struct sp_store_env){.now_wall = now_wall, .random = chance, .arg = c};
	c->env = (struct sp_manager_env){.seed = c->chance,
					 .node_name = "here",
					 .service_first = 0x0a540002,
					 .service_last = 0x0a5400fe,
					 .zone = zone,
					 .arg = c};
	if (sp_store_open(&c->store_env, NULL, &c->store, &err) < 0 ||
	    sp_manager_open(c->store, &c->env, &c->manager, &err) < 0)
		die("open", &err);
	c->watch = (struct sp_store_watch){.kind = "Pod", .version = sp_store_version(c->store)};
}

void cluster_close(struct cluster *c)
{
	c->manager = sp_manager_close(c->manager);
	c->store = sp_store_close(c->store);
	free(c->pods);
}

void cluster_apply(struct cluster *c, const char *yaml)
{
	struct sp_manifest m;
	struct sp_error err;

	sp_manifest_init(&m, &(struct sp_load_options){0});
	if (sp_manifest_add(&m, "test", yaml, strlen(yaml)) < 0 || m.diags.n_errors)
		die(m.diags.n ? m.diags.v[0].message : "manifest", NULL);
	for (uint32_t i = 0; i < m.n_objects; i++) {
		const struct sp_node *n = m.objects[i].node;
		int r = sp_store_update(c->store, SP_STORE_OBJECT, n, NULL, &err);

		if (r < 0 && err.code == SP_E_NOT_FOUND)
			r = sp_store_create(c->store, n, NULL, &err);
		if (r < 0)
			die("apply", &err);
	}
	sp_manifest_done(&m);
}

void cluster_delete(struct cluster *c, const char *kind, const char *name)
{
	struct sp_error err;

	if (sp_store_delete(c->store, kind, "default", name, NULL, NULL, &err) < 0 &&
	    err.code != SP_E_NOT_FOUND)
		die("delete", &err);
}

/* ---- the node -------------------------------------------------------------------------------- */

static struct fake_pod *find(struct cluster *c, const char *uid)
{
	for (uint32_t i = 0; i < c->n_pods; i++)
		if (sp_streq(c->pods[i].uid, uid))
			return &c->pods[i];
	return NULL;
}

static void put_cond(struct sp_tree *t, struct sp_node *list, const char *type, bool is, sp_time at)
{
	struct sp_node *cond = sp_tree_push(t, list, sp_tree_map(t));

	sp_tree_text(t, cond, "type", type);
	sp_tree_text(t, cond, "status", is ? "True" : "False");
	sp_tree_time(t, cond, "lastTransitionTime", at);
}

static void put_ctrs(struct cluster *c, struct sp_tree *t, struct sp_node *st,
		     const struct sp_stored *o, const struct fake_pod *p)
{
	const struct sp_node *ctrs = sp_node_at(o->node, "spec.containers");
	struct sp_node *list = sp_tree_put(t, st, "containerStatuses", sp_tree_list(t)), *ctr, *s;

	for (uint32_t i = 0; ctrs && i < ctrs->n; i++) {
		ctr = sp_tree_push(t, list, sp_tree_map(t));
		sp_tree_copy(t, ctr, "name", sp_node_get(ctrs->items[i], "name"));
		sp_tree_int(t, ctr, "restartCount", 0);
		s = sp_tree_put(t, ctr, "state", sp_tree_map(t));
		s = sp_tree_put(t, s, p->shown == 3 ? "terminated" : "running", sp_tree_map(t));
		if (p->shown == 3) {
			sp_tree_int(t, s, "exitCode", p->plan.code);
			sp_tree_time(t, s, "finishedAt", c->now);
		}
	}
}

static void show(struct cluster *c, const struct sp_stored *o, struct fake_pod *p, int what)
{
	struct sp_arena a = {0};
	struct sp_tree t = {.a = &a};
	struct sp_node *root = sp_node_clone(&a, o->node), *st = sp_tree_map(&t), *list;
	struct sp_error err;

	p->shown = what;
	sp_tree_text(&t, st, "phase",
		     what < 3            ? "Running"
		     : p->plan.code == 0 ? "Succeeded"
					 : "Failed");
	list = sp_tree_put(&t, st, "conditions", sp_tree_list(&t));
	put_cond(&t, list, "Ready", what == 2, c->now);
	sp_tree_text(&t, st, "podIP",
		     sp_arena_printf(&a, "10.83.%u.%u", (unsigned)(p - c->pods) / 200,
				     (unsigned)(p - c->pods) % 200 + 2));
	put_ctrs(c, &t, st, o, p);
	sp_tree_put(&t, root, "status", st);
	if (t.failed || sp_store_update(c->store, SP_STORE_STATUS, root, NULL, &err) < 0)
		die("status", &err);
	sp_arena_done(&a);
}

static void add_pod(struct cluster *c, const struct sp_stored *o)
{
	struct fake_pod *p;

	if (c->n_pods == c->cap_pods) {
		c->cap_pods = c->cap_pods ? c->cap_pods * 2 : 64;
		c->pods = reallocarray(c->pods, c->cap_pods, sizeof(*c->pods));
		if (!c->pods)
			abort();
	}
	p = &c->pods[c->n_pods++];
	*p = (struct fake_pod){.plan = c->plan, .born = c->now, .stopped_at = SP_NEVER};
	snprintf(p->uid, sizeof(p->uid), "%s", o->uid);
	snprintf(p->name, sizeof(p->name), "%s", o->name);
	if (c->choose)
		c->choose(c, o, &p->plan);
}

static void read_watch(struct cluster *c)
{
	struct sp_store_event ev;
	struct sp_error err;
	int r;

	while ((r = sp_store_watch_next(c->store, &c->watch, &ev, &err)) > 0) {
		struct fake_pod *p = find(c, ev.object->uid);

		if (ev.type == SP_STORE_ADDED && !p)
			add_pod(c, ev.object);
		else if (p && (ev.object->deleting || ev.type == SP_STORE_DELETED) &&
			 p->stopped_at == SP_NEVER)
			p->stopped_at = c->now;
	}
	if (r < 0)
		die("the node's watch", &err);
}

static sp_time due(const struct fake_pod *p)
{
	sp_time end = sp_time_add(p->born, p->plan.run_for);

	if (p->stopped_at != SP_NEVER)
		return p->shown == 3 ? p->stopped_at : p->stopped_at + p->plan.stop_takes;
	if (p->shown == 3)
		return SP_NEVER;
	if (p->shown == 0)
		return p->born;
	return p->shown == 1 ? SP_MIN(end, sp_time_add(p->born, p->plan.ready_after)) : end;
}

/* One pod goes on. Return: false when it is gone */
static bool live(struct cluster *c, struct fake_pod *p)
{
	struct sp_stored *o = sp_store_get(c->store, "Pod", "default", p->name);
	bool here = o && sp_streq(o->uid, p->uid), stays = true;
	struct sp_error err;

	if (p->stopped_at != SP_NEVER) {
		if (here && p->shown != 3)
			show(c, o, p, 3);
		if (here && sp_store_remove(c->store, "Pod", "default", p->name, p->uid, &err) < 0)
			die("remove", &err);
		stays = false;
	} else if (!here) {
		p->stopped_at = c->now;
	} else if (p->shown == 0) {
		show(c, o, p, 1);
	} else if (c->now >= sp_time_add(p->born, p->plan.run_for)) {
		show(c, o, p, 3);
	} else {
		show(c, o, p, 2);
	}
	(void)sp_stored_unref(o);
	return stays;
}

static void note_most(struct cluster *c)
{
	const struct sp_stored *o = NULL;
	uint32_t n = 0;

	while ((o = sp_store_next(c->store, "Pod", NULL, o)) != NULL) {
		const char *phase = sp_node_str(sp_node_at(o->node, "status.phase"), "Pending");

		n += !o->deleting && !sp_streq(phase, "Succeeded") && !sp_streq(phase, "Failed");
	}
	c->most_pods = SP_MAX(c->most_pods, n);
}

void cluster_run(struct cluster *c, sp_time for_ns)
{
	sp_time until = c->now + for_ns, wake;
	struct sp_error err;

	for (int steps = 0;; steps++) {
		sp_time next;

		if (steps == STEPS_MAX)
			die("no rest", NULL);
		if (sp_manager_step(c->manager, c->now, &wake, &err) < 0)
			die("step", &err);
		note_most(c);
		read_watch(c);
		next = wake;
		for (uint32_t i = 0; i < c->n_pods; i++)
			next = SP_MIN(next, due(&c->pods[i]));
		if (next > until)
			break;
		c->now = SP_MAX(c->now, next);
		for (uint32_t i = c->n_pods; i-- > 0;)
			if (due(&c->pods[i]) <= c->now && !live(c, &c->pods[i]))
				c->pods[i] = c->pods[--c->n_pods];
	}
	c->now = until;
}

/* ---- looking --------------------------------------------------------------------------------- */

const char *cluster_get(struct cluster *c, const char *kind, const char *name, const char *path,
			char mem[256])
{
	struct sp_stored *o = sp_store_get(c->store, kind, "default", name);
	const struct sp_node *n = o ? sp_node_at(o->node, path) : NULL;
	struct sp_buf b = sp_buf_fixed(mem, 256);

	if (n && n->kind == SP_NODE_STR)
		sp_buf_puts(&b, n->text);
	else if (n)
		sp_node_json(n, -1, &b);
	(void)sp_stored_unref(o);
	return mem;
}

uint32_t cluster_count(struct cluster *c, const char *kind)
{
	const struct sp_stored *o = NULL;
	uint32_t n = 0;

	while ((o = sp_store_next(c->store, kind, NULL, o)) != NULL)
		n++;
	return n;
}

uint32_t cluster_events(struct cluster *c, const char *reason)
{
	const struct sp_stored *o = NULL;
	uint32_t n = 0;

	while ((o = sp_store_next(c->store, "Event", NULL, o)) != NULL)
		n += sp_streq(sp_node_str(sp_node_get(o->node, "reason"), ""), reason);
	return n;
}
