/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A migration in passes over the text: first fields that do not exist become real ones (M3), then
 * everything else, and at last the grace period, when stopping in order needs a longer one (M16).
 * Each pass reads what the one before wrote, so its edits are made in a manifest that is whole.
 */
#include "migrate/migrate_internal.h"

#include "core/resources.h"

#include <stdlib.h>

/* ---- the model --------------------------------------------------------------------------------
 */

static const char *join(struct mpod *p, const struct sp_k_container *k)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	for (uint32_t i = 0; i < k->command.n; i++)
		sp_buf_printf(&b, "%s%s", b.len ? " " : "", k->command.v[i]);
	for (uint32_t i = 0; i < k->args.n; i++)
		sp_buf_printf(&b, "%s%s", b.len ? " " : "", k->args.v[i]);
	return mig_say(p->m, "%s", b.ptr && !b.failed ? b.ptr : "");
}

static const char *join_env(struct mpod *p, const struct sp_k_container *k)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	for (uint32_t i = 0; i < k->env.n; i++)
		sp_buf_printf(&b, "%s=%s\n", k->env.v[i].name ? k->env.v[i].name : "",
			      k->env.v[i].value ? k->env.v[i].value : "");
	return mig_say(p->m, "%s", b.ptr && !b.failed ? b.ptr : "");
}

static void add_list(struct mpod *p, const char *key, const struct sp_k_container *v, uint32_t n,
		     bool init)
{
	for (uint32_t i = 0; i < n; i++) {
		struct mctr *c = &p->c[p->n++];

		c->k = &v[i];
		c->list = sp_node_get(p->spec->node, key);
		c->index = i;
		c->role = !init ? SP_ROLE_APP
			  : v[i].restart_policy && sp_streq(v[i].restart_policy, "Always")
				  ? SP_ROLE_SIDECAR
				  : SP_ROLE_INIT;
		c->words = join(p, &v[i]);
		c->env = join_env(p, &v[i]);
		sp_catalogue_find(p->opt->catalogue,
				  &(struct sp_cat_query){v[i].image, v[i].name, c->words, c->env},
				  &c->known);
	}
}

static bool model(struct mpod *p)
{
	uint32_t n;

	p->spec = mig_pod_spec(p->o, &p->meta);
	if (!p->spec || !p->o->meta || !p->o->meta->name)
		return false;
	n = p->spec->init_containers.n + p->spec->containers.n;
	p->c = sp_arena_array(&p->m->arena, n + 1, sizeof(*p->c));
	if (!p->c) {
		p->m->no_memory = true;
		return false;
	}
	p->object = mig_say(p->m, "%s/%s", sp_kind_name(p->o->kind), p->o->meta->name);
	p->job_like = p->o->kind == SP_KIND_JOB || p->o->kind == SP_KIND_CRON_JOB ||
		      (p->spec->restart_policy && !sp_streq(p->spec->restart_policy, "Always"));
	add_list(p, "initContainers", p->spec->init_containers.v, p->spec->init_containers.n, true);
	p->n_init = p->n;
	add_list(p, "containers", p->spec->containers.v, p->spec->containers.n, false);
	return true;
}

static const struct mctr *by_name(const struct mpod *p, const char *name)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (sp_streq(p->c[i].k->name, name))
			return &p->c[i];
	return NULL;
}

/* ---- before and after -------------------------------------------------------------------------
 */

static bool has_steps(const struct sp_migration *m, const char *object)
{
	for (uint32_t i = 0; i < m->n_steps; i++)
		if (sp_streq(m->steps[i].object, object) && !m->steps[i].manual)
			return true;
	return false;
}

static void resources(struct sp_migration *m, const char *object, const struct sp_k_pod_spec *a,
		      const struct sp_k_pod_spec *b)
{
	static const char *const names[] = {"cpu request", "memory request"};
	struct mpod p = {.m = m, .object = object};
	struct sp_res_pod x, y;

	if (sp_pod_resources(a, &x) < 0 || sp_pod_resources(b, &y) < 0)
		return;
	for (int r = SP_RES_CPU; r <= SP_RES_MEMORY; r++) {
		SP_CLEANUP(sp_buf_done) struct sp_buf old = {0};
		SP_CLEANUP(sp_buf_done) struct sp_buf new = {0};
		int64_t from = sp_res_request(&x, (enum sp_res)r, NULL, NULL);
		int64_t to = sp_res_request(&y, (enum sp_res)r, NULL, NULL);
		int64_t unit = r == SP_RES_CPU ? 1000000 : 1000000000;

		if (from == to)
			continue;
		sp_quantity_print((__int128)from * unit, r == SP_RES_MEMORY, &old);
		sp_quantity_print((__int128)to * unit, r == SP_RES_MEMORY, &new);
		mig_row(m, object, names[r], mig_say(m, "%s", old.ptr), mig_say(m, "%s", new.ptr));
		if (to > from && *object)
			mig_hazard(
				&p, "M19", NULL,
				"a plain init container now runs beside the sidecars before it: a "
				"quota may refuse the larger %s",
				names[r]);
	}
	if (sp_res_qos(&x) != sp_res_qos(&y))
		mig_row(m, object, "QoS class", sp_qos_name(sp_res_qos(&x)),
			sp_qos_name(sp_res_qos(&y)));
}

/* Did something end the companions when the app had ended? */
static bool were_told(const struct sp_migration *m, const char *object, const char *ctr)
{
	for (uint32_t i = 0; i < m->n_steps; i++) {
		const struct sp_mig_step *s = &m->steps[i];

		if (sp_streq(s->object, object) && !s->manual &&
		    (sp_streq(s->rule, "M5") || sp_streq(s->rule, "M6") ||
		     sp_streq(s->rule, "M9") ||
		     (sp_streq(s->rule, "M8") && s->ends && s->container &&
		      sp_streq(s->container, ctr))))
			return true;
	}
	return false;
}

static uint32_t facts_of(struct sp_migration *m, const struct sp_mig_options *opt,
			 const struct sp_object *after, struct mig_fact **ret)
{
	struct mpod p = {.m = m, .opt = opt, .o = after};
	uint32_t n = 0;

	if (!model(&p))
		return 0;
	*ret = sp_arena_array(&m->arena, p.n + 1, sizeof(**ret));
	for (uint32_t i = 0; *ret && i < p.n; i++) {
		const struct sp_cat_entry *e = p.c[i].known.entry;

		if (p.c[i].role == SP_ROLE_SIDECAR)
			(*ret)[n++] = (struct mig_fact){mig_say(m, "%s", p.c[i].k->name), true,
							were_told(m, p.object, p.c[i].k->name),
							e && e->stop_s >= 0 ? e->stop_s : 1};
	}
	return n;
}

/* Findings outlive the manifest that they were found in. */
static void copy_diags(const struct sp_diags *from, struct sp_diags *to, const char *file)
{
	for (uint32_t i = 0; i < from->n && to; i++) {
		const struct sp_diag *f = &from->v[i];
		struct sp_diag *d = sp_diag_add(to, f->severity, file, f->at, "%s", f->message);

		d->len = f->len;
		d->rule = sp_arena_strdup(to->arena, f->rule);
		d->why = sp_arena_strdup(to->arena, f->why);
		d->fix = sp_arena_strdup(to->arena, f->fix);
	}
}

/* Compare what both do; *raise: seconds of grace that the new one should have, 0: as it is. */
static int compare(struct sp_migration *m, const struct sp_object *a, const struct sp_object *b,
		   const struct sp_mig_options *opt, const char *object, int64_t *raise,
		   struct sp_error *err)
{
	const struct sp_k_meta *meta;
	const struct sp_k_pod_spec *old = mig_pod_spec(a, &meta), *new = mig_pod_spec(b, &meta);
	struct mig_fact *facts = NULL;
	uint32_t n = facts_of(m, opt, b, &facts);
	int64_t needed_s = -1, grace = new->grace_s.set ? new->grace_s.v : 30;

	if (mig_behaviour(m, object, a, b, opt->kube_minor, facts, n, &needed_s, err) < 0)
		return -1;
	resources(m, object, old, new);
	*raise = needed_s > grace ? (needed_s * 5 + 3) / 4 : 0;
	return 0;
}

/* ---- passes -----------------------------------------------------------------------------------
 */

static const char *const false_fields[] = {"sidecarContainers", "SidecarContainers", "sidecars"};

/* M3: a list under a name that Kubernetes does not know. */
static void move_false_list(struct mpod *p, const struct sp_node *spec, const char *key)
{
	const struct sp_node *list = sp_node_get(spec, key);
	const struct sp_node *inits = sp_node_get(spec, "initContainers"), *made = NULL;
	struct sp_node *always = sp_node_new_str(&p->m->arena, "Always");
	struct sp_error err = {0};
	int r = 0;

	if (!list || list->kind != SP_NODE_LIST || !always)
		return;
	always->quoted = false;
	if (inits && inits->kind == SP_NODE_LIST)
		made = inits;
	else
		r = sp_edit_rename(p->edits, spec, key, "initContainers", &err);
	for (uint32_t i = 0; i < list->n && r == 0; i++) {
		if (made)
			r = sp_edit_move_item(p->edits, list, i, made, made->n, &err);
		if (r == 0 && list->items[i]->kind == SP_NODE_MAP)
			r = sp_edit_set(p->edits, list->items[i], "restartPolicy", always, "image",
					&err);
	}
	if (r == 0 && made)
		r = sp_edit_remove(p->edits, spec, key, &err);
	if (mig_done(p, r, "M3", NULL, list->at, "move its items to initContainers"))
		mig_step(p, "M3", NULL, list->at,
			 "there is no field %s: its %u containers become native sidecars in "
			 "initContainers",
			 key, list->n);
}

/* Decoding drops what it does not know, so this looks at the document as it was read: a map with
 * containers is the specification of a pod. */
static void find_false_lists(struct mpod *p, const struct sp_node *n, int depth)
{
	if (depth > 8)
		return;
	for (size_t i = 0; sp_node_get(n, "containers") && i < SP_ARRAY_LEN(false_fields); i++)
		move_false_list(p, n, false_fields[i]);
	for (uint32_t i = 0; n->kind == SP_NODE_MAP && i < n->n; i++)
		find_false_lists(p, n->pairs[i].value, depth + 1);
	for (uint32_t i = 0; n->kind == SP_NODE_LIST && i < n->n; i++) {
		const struct sp_node *item = n->items[i];

		if (sp_node_get(item, "kind") && depth == 1)
			p->object =
				mig_say(p->m, "%s/%s", sp_node_str(sp_node_get(item, "kind"), ""),
					sp_node_str(sp_node_at(item, "metadata.name"), ""));
		find_false_lists(p, item, depth + 1);
	}
}

/* A part of a source that is migrated at once. */
struct part {
	uint32_t from, to; /* documents or objects */
	const char *just;  /* one container; NULL all */
};
typedef int (*pass_fn)(struct sp_migration *m, const char *name, const struct sp_mig_options *opt,
		       const struct part *part, struct sp_error *err);

/* How much was told before something was tried. */
struct told {
	uint32_t n_steps, n_hazards, n_manual;
};

static struct told told_now(const struct sp_migration *m)
{
	return (struct told){m->n_steps, m->n_hazards, m->n_manual};
}

static void untell(struct sp_migration *m, const struct told *t)
{
	m->n_steps = t->n_steps;
	m->n_hazards = t->n_hazards;
	m->n_manual = t->n_manual;
}

static void take(struct sp_migration *m, struct sp_buf *out)
{
	sp_buf_done(&m->text);
	m->text = *out;
	*out = (struct sp_buf){0};
}

static int apply(struct sp_migration *m, const struct sp_edits *edits, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};

	if (edits->n && sp_edits_apply(edits, &out, err) < 0)
		return -1;
	if (edits->n)
		take(m, &out);
	return 0;
}

static int pass_fields(struct sp_migration *m, const char *name, const struct sp_mig_options *opt,
		       const struct part *part, struct sp_error *err)
{
	const struct sp_source src = {name, sp_arena_strndup(&m->arena, m->text.ptr, m->text.len),
				      m->text.len};
	const struct sp_object o = {.source = &src};
	struct sp_edits edits;
	struct sp_diags diags;
	struct sp_node **docs;
	uint32_t n;

	sp_diags_init(&diags, &m->arena);
	if (!src.bytes || sp_yaml_parse(&m->arena, &src, &diags, &docs, &n) < 0)
		return sp_fail(err, SP_E_NO_MEMORY, "migrate '%s'", name);
	sp_edits_init(&edits, &m->arena, &src);
	for (uint32_t i = part->from; i < SP_MIN(n, part->to) && !opt->only; i++) {
		struct mpod p = {.m = m, .opt = opt, .o = &o, .edits = &edits};

		p.object = mig_say(m, "%s/%s", sp_node_str(sp_node_get(docs[i], "kind"), ""),
				   sp_node_str(sp_node_at(docs[i], "metadata.name"), ""));
		find_false_lists(&p, docs[i], 0);
	}
	return apply(m, &edits, err);
}

static void pass_main(struct mpod *p)
{
	mig_watchers(p);
	mig_choose(p);
	mig_pairs(p);
	mig_commands(p);
	mig_hooks(p);
	mig_move(p);
	mig_gates(p);
}

static int load(struct sp_manifest *m, const struct sp_mig_options *opt, const char *name,
		const char *bytes, size_t len, struct sp_error *err)
{
	const struct sp_load_options o = {
		.validate = SP_VALIDATE_IGNORE, .kube_minor = opt->kube_minor, .for_cluster = true};

	sp_manifest_init(m, &o);
	if (sp_manifest_add(m, name, bytes, len) < 0)
		return sp_fail(err, SP_E_NO_MEMORY, "read '%s'", name);
	return 0;
}

/* What is wrong within the lines of this object; NULL nothing. */
static const char *first_error(const struct sp_manifest *m, const struct sp_object *o)
{
	for (uint32_t i = 0; i < m->diags.n; i++) {
		const struct sp_diag *d = &m->diags.v[i];

		if (d->severity == SP_SEV_ERROR && d->at.line >= o->node->at.line &&
		    d->at.line <= o->node->end.line)
			return d->message;
	}
	return o->any && !m->diags.dropped ? NULL : "it cannot be read";
}

static bool is_sound(const struct sp_manifest *m, const struct sp_object *o)
{
	return !first_error(m, o);
}

/* What would come out is valid, and keeps what was promised; else the change is refused. */
static int verify(struct sp_migration *m, const char *name, const struct sp_mig_options *opt,
		  const struct sp_manifest *old, const struct sp_buf *text, struct sp_error *err)
{
	SP_CLEANUP(sp_manifest_done) struct sp_manifest new;
	uint32_t n_rows = m->n_rows;
	int r = 0;

	if (load(&new, opt, name, text->ptr, text->len, err) < 0)
		return -1;
	if (new.n_objects != old->n_objects)
		return sp_fail(err, SP_E_UNSUPPORTED, "an object would be lost");
	for (uint32_t i = 0; i < new.n_objects &&r == 0; i++) {
		const struct sp_object *a = &old->objects[i], *b = &new.objects[i];
		const struct sp_k_meta *meta;
		int64_t raise;

		if (!is_sound(old, a) || !mig_pod_spec(a, &meta) || sp_node_equal(a->node, b->node))
			continue;
		if (!is_sound(&new, b))
			return sp_fail(err, SP_E_UNSUPPORTED, "the result would not be valid: %s",
				       first_error(&new, b));
		r = compare(m, a, b, opt, "", &raise, err);
		if (r < 0 && err->code == SP_E_INTERNAL)
			err->code = SP_E_UNSUPPORTED;
	}
	m->n_rows = n_rows;
	return r;
}

static int pass_pods(struct sp_migration *m, const char *name, const struct sp_mig_options *opt,
		     const struct part *part, struct sp_error *err)
{
	SP_CLEANUP(sp_manifest_done) struct sp_manifest all;
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	struct sp_edits edits;

	if (load(&all, opt, name, m->text.ptr, m->text.len, err) < 0)
		return -1;
	sp_edits_init(&edits, &all.arena, all.sources[0]);
	for (uint32_t i = part->from; i < SP_MIN(all.n_objects, part->to); i++) {
		struct mpod p = {.m = m,
				 .opt = opt,
				 .all = &all,
				 .o = &all.objects[i],
				 .edits = &edits,
				 .just = part->just};

		if (is_sound(&all, p.o) && model(&p))
			pass_main(&p);
	}
	if (m->no_memory)
		return sp_fail(err, SP_E_NO_MEMORY, "migrate '%s'", name);
	if (!edits.n)
		return 0;
	if (sp_edits_apply(&edits, &out, err) < 0 || verify(m, name, opt, &all, &out, err) < 0)
		return -1;
	take(m, &out);
	return 0;
}

/* ---- what the layout of a file does not allow -------------------------------------------------
 */

/* Say what a part would have become, as something for a person to do. */
static void leave(struct sp_migration *m, const char *name, const struct sp_mig_options *opt,
		  const struct part *part, const struct told *before, const char *why)
{
	SP_CLEANUP(sp_manifest_done) struct sp_manifest all;
	struct sp_mig_step first = {.rule = "M1", .object = ""};
	struct mpod p = {.m = m, .opt = opt};
	const struct mctr *c = NULL;
	struct sp_edits edits;
	struct sp_error err;

	for (uint32_t i = m->n_steps; i-- > before->n_steps;)
		if (!m->steps[i].manual)
			first = m->steps[i];
	untell(m, before);
	if (load(&all, opt, name, m->text.ptr, m->text.len, &err) < 0 || !all.n_objects)
		return;
	sp_edits_init(&edits, &all.arena, all.sources[0]);
	p.edits = &edits;
	p.o = &all.objects[SP_MIN(part->from, all.n_objects - 1)];
	if (part->just && model(&p))
		c = by_name(&p, part->just);
	p.object = first.object;
	mig_manual(&p, first.rule, c,
		   c                   ? c->k->node->at
		   : first.at.line > 0 ? first.at
				       : p.o->node->at,
		   "%s: by hand, since %s", part->just ? part->just : first.object, why);
	(void)apply(m, &edits, &err); /* without a comment it is still told */
}

/* "'file': cannot do it" without the file, which the person knows. */
static const char *reason(struct sp_migration *m, const struct sp_error *err)
{
	const char *colon = err->text[0] == '\'' ? strstr(err->text, "': ") : NULL;

	return mig_say(m, "%s", colon ? colon + 3 : err->text);
}

static int each_container(struct sp_migration *m, const char *name,
			  const struct sp_mig_options *opt, const struct part *part, pass_fn pass,
			  struct sp_error *err);

/* Everything at once; where that is refused, in halves, and one container after the other. */
static int in_parts(struct sp_migration *m, const char *name, const struct sp_mig_options *opt,
		    const struct part *part, pass_fn pass, struct sp_error *err)
{
	const struct told before = told_now(m);
	struct part half = *part;

	if (pass(m, name, opt, part, err) == 0)
		return 0;
	if (err->code != SP_E_UNSUPPORTED)
		return -1;
	if (part->to - part->from > 1) {
		untell(m, &before);
		half.to = part->from + (part->to - part->from) / 2;
		if (in_parts(m, name, opt, &half, pass, err) < 0)
			return -1;
		half.from = half.to;
		half.to = part->to;
		return in_parts(m, name, opt, &half, pass, err);
	}
	if (!part->just && pass == pass_pods) {
		untell(m, &before);
		return each_container(m, name, opt, part, pass, err);
	}
	leave(m, name, opt, part, &before, reason(m, err));
	return 0;
}

/* Twice: what an app did for a companion goes when that one has become a sidecar. */
static int each_container(struct sp_migration *m, const char *name,
			  const struct sp_mig_options *opt, const struct part *part, pass_fn pass,
			  struct sp_error *err)
{
	SP_CLEANUP(sp_manifest_done) struct sp_manifest all;
	struct mpod p = {.m = m, .opt = opt};

	if (load(&all, opt, name, m->text.ptr, m->text.len, err) < 0)
		return -1;
	p.o = &all.objects[part->from];
	if (!model(&p))
		return 0;
	for (uint32_t i = 0; i < 2 * p.n; i++) {
		const struct part one = {part->from, part->to, p.c[i % p.n].k->name};

		if (in_parts(m, name, opt, &one, pass, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static void set_grace(struct sp_migration *m, const struct sp_mig_options *opt,
		      const struct sp_object *o, struct sp_edits *edits, const char *object,
		      int64_t seconds, bool by_hand)
{
	const struct sp_k_meta *meta;
	const struct sp_k_pod_spec *spec = mig_pod_spec(o, &meta);
	struct mpod p = {.m = m, .opt = opt, .o = o, .object = object, .edits = edits};
	struct sp_error err;

	if (by_hand || sp_edit_set(edits, spec->node, "terminationGracePeriodSeconds",
				   sp_node_new_int(&m->arena, seconds), NULL, &err) < 0)
		mig_manual(&p, "M16", NULL, o->node->at,
			   "terminationGracePeriodSeconds: %lld by hand, since stopping one after "
			   "the other takes longer than it has",
			   (long long)seconds);
	else
		mig_step(&p, "M16", NULL, spec->node->at,
			 "terminationGracePeriodSeconds: %lld, since stopping one after the other "
			 "takes longer than it had",
			 (long long)seconds);
	mig_hazard(&p, "M16", NULL,
		   "draining a node and the notice of a spot machine may be shorter than that");
}

enum grace { GRACE_AS_IT_IS, GRACE_SET, GRACE_BY_HAND };

/* Tell what changes, and give the time that stopping needs (M16). Objects keep their order and
 * number, so that they are compared by it. */
static int finish(struct sp_migration *m, const struct sp_source *src,
		  const struct sp_mig_options *opt, enum grace grace, bool *again,
		  struct sp_error *err)
{
	SP_CLEANUP(sp_manifest_done) struct sp_manifest old;
	SP_CLEANUP(sp_manifest_done) struct sp_manifest new;
	const struct told before = told_now(m);
	struct sp_edits edits;

	*again = false;
	m->n_rows = 0; /* told again, with the new grace period */
	new = (struct sp_manifest){0};
	if (load(&old, opt, src->name, src->bytes, src->len, err) < 0 ||
	    load(&new, opt, src->name, m->text.ptr, m->text.len, err) < 0)
		return -1;
	sp_edits_init(&edits, &new.arena, new.sources[0]);
	for (uint32_t i = 0; i < SP_MIN(new.n_objects, old.n_objects); i++) {
		const struct sp_object *o = &new.objects[i];
		const struct sp_k_meta *meta;
		const char *object;
		int64_t raise;

		if (!is_sound(&old, &old.objects[i]) || !is_sound(&new, o) ||
		    !mig_pod_spec(o, &meta) || !o->meta || !o->meta->name)
			continue;
		object = mig_say(m, "%s/%s", sp_kind_name(o->kind), o->meta->name);
		if (!has_steps(m, object))
			continue;
		if (compare(m, &old.objects[i], o, opt, object, &raise, err) < 0)
			return -1;
		if (grace && raise)
			set_grace(m, opt, o, &edits, object, raise, grace == GRACE_BY_HAND);
	}
	if (m->no_memory)
		return sp_fail(err, SP_E_NO_MEMORY, "migrate '%s'", src->name);
	*again = edits.n > 0;
	if (apply(m, &edits, err) == 0)
		return 0;
	if (err->code != SP_E_UNSUPPORTED || grace == GRACE_BY_HAND)
		return -1;
	untell(m, &before);
	return finish(m, src, opt, GRACE_BY_HAND, again, err);
}

void sp_migration_done(struct sp_migration *m)
{
	sp_buf_done(&m->text);
	sp_arena_done(&m->arena);
	*m = (struct sp_migration){0};
}

static bool mentions(const struct sp_source *src, const char *word)
{
	return memmem(src->bytes, src->len, word, strlen(word));
}

static uint32_t count_documents(const struct sp_source *src)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena arena = {0};
	struct sp_diags diags;
	struct sp_node **docs;
	uint32_t n = 0;

	sp_diags_init(&diags, &arena);
	return sp_yaml_parse(&arena, src, &diags, &docs, &n) < 0 ? 0 : n;
}

/* Faults are told, and objects with faults are left alone; but a file has to be YAML. */
static int check_input(const struct sp_source *src, const struct sp_mig_options *opt,
		       struct sp_diags *diags, uint32_t *n_objects, struct sp_error *err)
{
	SP_CLEANUP(sp_manifest_done) struct sp_manifest m;

	if (load(&m, opt, src->name, src->bytes, src->len, err) < 0)
		return -1;
	*n_objects = m.n_objects;
	copy_diags(&m.diags, diags, src->name);
	for (uint32_t i = 0; i < m.diags.n; i++)
		if (m.diags.v[i].rule &&
		    (sp_streq(m.diags.v[i].rule, "SP001") || sp_streq(m.diags.v[i].rule, "SP005")))
			return sp_fail(err, SP_E_INVALID, "'%s' cannot be read as YAML", src->name);
	return 0;
}

int sp_migrate(const struct sp_source *src, const struct sp_mig_options *opt,
	       struct sp_diags *diags, struct sp_migration *ret, struct sp_error *err)
{
	struct part docs = {.from = 0}, objects = {.from = 0};
	bool again = true;

	*ret = (struct sp_migration){0};
	sp_buf_puts(&ret->text, "");
	sp_buf_add(&ret->text, src->bytes, src->len);
	if (ret->text.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "migrate '%s'", src->name);
	if ((mentions(src, "network_mode") || mentions(src, "--net")) && mig_compose(ret, opt, src))
		return 0;
	if (check_input(src, opt, diags, &objects.to, err) < 0)
		return -1;
	if (mentions(src, "idecar")) /* as all of the false fields do */
		docs.to = count_documents(src);
	if ((docs.to && in_parts(ret, src->name, opt, &docs, pass_fields, err) < 0) ||
	    (objects.to && in_parts(ret, src->name, opt, &objects, pass_pods, err) < 0))
		return -1;
	if (ret->n_steps && (finish(ret, src, opt, GRACE_SET, &again, err) < 0 ||
			     (again && finish(ret, src, opt, GRACE_AS_IT_IS, &again, err) < 0)))
		return -1;
	ret->changed =
		ret->text.len != src->len || memcmp(ret->text.ptr, src->bytes, src->len) != 0;
	return 0;
}
