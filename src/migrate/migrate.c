/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A migration in passes over the text: first fields that do not exist become real ones (M3), then
 * everything else, and at last the grace period, when stopping in order needs a longer one (M16).
 * Each pass reads what the one before wrote, so its edits are made in a manifest that is whole.
 */
#include "migrate/migrate_internal.h"

#include "core/resources.h"

#include <stdlib.h>

#define ROOM 8

static void *room(struct sp_migration *m, void *v, uint32_t n, uint32_t *cap, size_t size)
{
	void *p;

	if (n < *cap)
		return v;
	p = sp_arena_array(&m->arena, *cap ? *cap * 2 : ROOM, size);
	if (!p) {
		m->no_memory = true;
		return NULL;
	}
	if (n)
		memcpy(p, v, n * size);
	*cap = *cap ? *cap * 2 : ROOM;
	return p;
}

SP_PRINTF(2, 0)
static const char *vsay(struct sp_migration *m, const char *fmt, va_list ap)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	const char *s;

	sp_buf_vprintf(&b, fmt, ap);
	s = sp_arena_strdup(&m->arena, b.ptr && !b.failed ? b.ptr : "");
	if (!s)
		m->no_memory = true;
	return s ? s : "";
}

const char *mig_say(struct sp_migration *m, const char *fmt, ...)
{
	const char *s;
	va_list ap;

	va_start(ap, fmt);
	s = vsay(m, fmt, ap);
	va_end(ap);
	return s;
}

static void add_step(struct mpod *p, const char *rule, const struct mctr *c, struct sp_mark at,
		     bool manual, const char *text)
{
	struct sp_migration *m = p->m;
	struct sp_mig_step *v = room(m, m->steps, m->n_steps, &m->cap_steps, sizeof(*v));

	if (!v)
		return;
	m->steps = v;
	v[m->n_steps++] = (struct sp_mig_step){
		rule, p->object, c ? mig_say(m, "%s", c->k->name) : NULL, text, at, manual};
	m->n_manual += manual;
}

void mig_step(struct mpod *p, const char *rule, const struct mctr *c, struct sp_mark at,
	      const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_step(p, rule, c, at, false, vsay(p->m, fmt, ap));
	va_end(ap);
}

void mig_manual(struct mpod *p, const char *rule, const struct mctr *c, struct sp_mark at,
		const char *fmt, ...)
{
	const char *text, *comment;
	struct sp_error err;
	va_list ap;

	va_start(ap, fmt);
	text = vsay(p->m, fmt, ap);
	va_end(ap);
	for (uint32_t i = 0; i < p->m->n_steps; i++)
		if (p->m->steps[i].manual && sp_streq(p->m->steps[i].text, text) &&
		    sp_streq(p->m->steps[i].object, p->object))
			return; /* told already */
	add_step(p, rule, c, at, true, text);
	comment = mig_say(p->m, "sidepod: %s: %s", rule, text);
	/* it stands there since the last time */
	if (memmem(p->o->source->bytes, p->o->source->len, comment, strlen(comment)))
		return;
	(void)sp_edit_line_comment(p->edits, at, comment,
				   &err); /* JSON has none: told, not noted */
}

void mig_hazard(struct mpod *p, const char *rule, const struct mctr *c, const char *fmt, ...)
{
	struct sp_migration *m = p->m;
	struct sp_mig_hazard *v = room(m, m->hazards, m->n_hazards, &m->cap_hazards, sizeof(*v));
	va_list ap;

	if (!v)
		return;
	m->hazards = v;
	va_start(ap, fmt);
	v[m->n_hazards++] = (struct sp_mig_hazard){
		rule, p->object, c ? mig_say(m, "%s", c->k->name) : NULL, vsay(m, fmt, ap)};
	va_end(ap);
}

void mig_row(struct sp_migration *m, const char *object, const char *what, const char *before,
	     const char *after)
{
	struct sp_mig_row *v = room(m, m->rows, m->n_rows, &m->cap_rows, sizeof(*v));

	if (!v)
		return;
	m->rows = v;
	v[m->n_rows++] = (struct sp_mig_row){object, what, before, after};
}

bool mig_done(struct mpod *p, int r, const char *rule, const struct mctr *c, struct sp_mark at,
	      const char *what)
{
	if (r == 0)
		return true;
	mig_manual(p, rule, c, at, "%s by hand: the layout of the file does not allow it here",
		   what);
	return false;
}

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

static int apply(struct sp_migration *m, const struct sp_edits *edits, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};

	if (!edits->n)
		return 0;
	if (sp_edits_apply(edits, &out, err) < 0)
		return -1;
	sp_buf_done(&m->text);
	m->text = out;
	out = (struct sp_buf){0};
	return 0;
}

static int pass_fields(struct sp_migration *m, const char *name, const struct sp_mig_options *opt,
		       struct sp_error *err)
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
	for (uint32_t i = 0; i < n && !opt->only; i++) {
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
	mig_commands(p);
	mig_hooks(p);
	mig_move(p);
	mig_gates(p);
}

static int load(struct sp_manifest *m, const struct sp_mig_options *opt, const char *name,
		const char *bytes, size_t len, struct sp_error *err)
{
	const struct sp_load_options o = {.validate = SP_VALIDATE_IGNORE,
					  .kube_minor = opt->kube_minor};

	sp_manifest_init(m, &o);
	if (sp_manifest_add(m, name, bytes, len) < 0)
		return sp_fail(err, SP_E_NO_MEMORY, "read '%s'", name);
	return 0;
}

static int pass_all(struct sp_migration *m, const char *name, const struct sp_mig_options *opt,
		    struct sp_error *err)
{
	SP_CLEANUP(sp_manifest_done) struct sp_manifest all;
	struct sp_edits edits;

	if (load(&all, opt, name, m->text.ptr ? m->text.ptr : "", m->text.len, err) < 0)
		return -1;
	if (!all.n_sources)
		return 0;
	sp_edits_init(&edits, &all.arena, all.sources[0]);
	for (uint32_t i = 0; i < all.n_objects; i++) {
		struct mpod p = {
			.m = m, .opt = opt, .all = &all, .o = &all.objects[i], .edits = &edits};

		if (model(&p))
			pass_main(&p);
	}
	if (m->no_memory)
		return sp_fail(err, SP_E_NO_MEMORY, "migrate '%s'", name);
	return apply(m, &edits, err);
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
	}
	if (sp_res_qos(&x) != sp_res_qos(&y))
		mig_row(m, object, "QoS class", sp_qos_name(sp_res_qos(&x)),
			sp_qos_name(sp_res_qos(&y)));
}

/* Did something end the companions when the app had ended? */
static bool were_told(const struct sp_migration *m, const char *object)
{
	for (uint32_t i = 0; i < m->n_steps; i++)
		if (sp_streq(m->steps[i].object, object) &&
		    (sp_streq(m->steps[i].rule, "M5") || sp_streq(m->steps[i].rule, "M6") ||
		     sp_streq(m->steps[i].rule, "M9")))
			return true;
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
							were_told(m, p.object),
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

static int set_grace(struct sp_migration *m, const struct sp_mig_options *opt,
		     const struct sp_object *o, struct sp_edits *edits, const char *object,
		     int64_t seconds, struct sp_error *err)
{
	const struct sp_k_meta *meta;
	const struct sp_k_pod_spec *spec = mig_pod_spec(o, &meta);
	struct mpod p = {.m = m, .opt = opt, .o = o, .object = object, .edits = edits};

	if (sp_edit_set(edits, spec->node, "terminationGracePeriodSeconds",
			sp_node_new_int(&m->arena, seconds), NULL, err) < 0)
		return -1;
	mig_step(&p, "M16", NULL, spec->node->at,
		 "terminationGracePeriodSeconds: %lld, since stopping one after the other takes "
		 "longer than it had",
		 (long long)seconds);
	mig_hazard(&p, "M16", NULL,
		   "draining a node and the notice of a spot machine may be shorter than that");
	return 0;
}

/* Objects keep their order and number, so that they are compared by it. */
static int finish(struct sp_migration *m, const struct sp_source *src,
		  const struct sp_mig_options *opt, struct sp_diags *diags, bool grace, bool *again,
		  struct sp_error *err)
{
	SP_CLEANUP(sp_manifest_done) struct sp_manifest old;
	SP_CLEANUP(sp_manifest_done) struct sp_manifest new;
	struct sp_edits edits;

	*again = false;
	new = (struct sp_manifest){0};
	if (load(&old, opt, src->name, src->bytes, src->len, err) < 0 ||
	    load(&new, opt, src->name, m->text.ptr ? m->text.ptr : "", m->text.len, err) < 0)
		return -1;
	if (new.diags.n_errors || new.n_objects != old.n_objects) {
		copy_diags(&new.diags, diags, src->name);
		return sp_fail(err, SP_E_INTERNAL, "'%s': what would come out is not valid: %s",
			       src->name,
			       new.diags.n ? new.diags.v[0].message : "an object is missing");
	}
	sp_edits_init(&edits, &new.arena, new.sources[0]);
	for (uint32_t i = 0; i < new.n_objects; i++) {
		const struct sp_object *o = &new.objects[i];
		const struct sp_k_meta *meta;
		const char *object;
		int64_t raise;

		if (!mig_pod_spec(o, &meta) || !o->meta || !o->meta->name)
			continue;
		object = mig_say(m, "%s/%s", sp_kind_name(o->kind), o->meta->name);
		if (!has_steps(m, object))
			continue;
		if (compare(m, &old.objects[i], o, opt, object, &raise, err) < 0)
			return -1;
		if (grace && raise && set_grace(m, opt, o, &edits, object, raise, err) < 0)
			return -1;
	}
	if (m->no_memory)
		return sp_fail(err, SP_E_NO_MEMORY, "migrate '%s'", src->name);
	if (!edits.n)
		return 0;
	if (apply(m, &edits, err) < 0)
		return -1;
	m->n_rows = 0; /* told again, with the new grace period */
	*again = true;
	return 0;
}

void sp_migration_done(struct sp_migration *m)
{
	sp_buf_done(&m->text);
	sp_arena_done(&m->arena);
	*m = (struct sp_migration){0};
}

static int check_input(const struct sp_source *src, const struct sp_mig_options *opt,
		       struct sp_diags *diags, struct sp_error *err)
{
	SP_CLEANUP(sp_manifest_done) struct sp_manifest m;

	if (load(&m, opt, src->name, src->bytes, src->len, err) < 0)
		return -1;
	if (!m.diags.n_errors)
		return 0;
	copy_diags(&m.diags, diags, src->name);
	return sp_fail(err, SP_E_INVALID, "'%s' is not valid", src->name);
}

int sp_migrate(const struct sp_source *src, const struct sp_mig_options *opt,
	       struct sp_diags *diags, struct sp_migration *ret, struct sp_error *err)
{
	bool again;

	*ret = (struct sp_migration){0};
	if (check_input(src, opt, diags, err) < 0)
		return -1;
	sp_buf_puts(&ret->text, "");
	sp_buf_add(&ret->text, src->bytes, src->len);
	if (ret->text.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "migrate '%s'", src->name);
	if (pass_fields(ret, src->name, opt, err) < 0 || pass_all(ret, src->name, opt, err) < 0 ||
	    finish(ret, src, opt, diags, true, &again, err) < 0 ||
	    (again && finish(ret, src, opt, diags, false, &again, err) < 0))
		return -1;
	ret->changed =
		ret->text.len != src->len || memcmp(ret->text.ptr, src->bytes, src->len) != 0;
	return 0;
}
