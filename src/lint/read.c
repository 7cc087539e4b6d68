/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From bytes to objects: documents are read and decoded as far as they go, and what the decoder and
 * the API say of them becomes findings.
 *
 * A document is kept three times: as it was read (for edits), decoded without defaults (rules want
 * to know what was not written), and decoded with defaults (for the pod core).
 */
#include "lint/lint_internal.h"

#include "base/text.h"
#include "spec/tables.h"

static struct sp_lint_object *new_object(struct sp_lint *l)
{
	if (l->n_objects == l->cap_objects) {
		uint32_t cap = l->cap_objects ? l->cap_objects * 2 : 16;
		struct sp_lint_object *v = sp_arena_array(&l->arena, cap, sizeof(*v));

		if (!v) {
			l->no_memory = true;
			return NULL;
		}
		if (l->n_objects)
			memcpy(v, l->objects, l->n_objects * sizeof(*v));
		l->objects = v;
		l->cap_objects = cap;
	}
	l->objects[l->n_objects] = (struct sp_lint_object){0};
	return &l->objects[l->n_objects++];
}

/* The pod inside a typed object of any kind. */
static void find_pod(const struct sp_object *o, const struct sp_k_meta **meta,
		     const struct sp_k_pod_spec **spec, const struct sp_k_job_spec **job)
{
	const struct sp_k_pod_template *t = NULL;

	*meta = o->meta;
	*spec = NULL;
	*job = NULL;
	if (!o->any)
		return;
	if (o->kind == SP_KIND_POD) {
		*spec = o->pod->spec;
		return;
	}
	if (o->kind == SP_KIND_JOB)
		*job = o->job->spec;
	else if (o->kind == SP_KIND_CRON_JOB && o->cron_job->spec &&
		 o->cron_job->spec->job_template)
		*job = o->cron_job->spec->job_template->spec;
	else if (o->kind >= SP_KIND_DEPLOYMENT && o->kind <= SP_KIND_DAEMON_SET)
		t = o->workload->spec ? o->workload->spec->template : NULL;
	if (*job)
		t = (*job)->template;
	if (t) {
		*meta = t->meta;
		*spec = t->spec;
	}
}

/* "did you mean X?" → the key of the last part of the path gets that name. */
static void propose_name(struct sp_lint *l, struct sp_finding *f, const struct sp_diag *d,
			 const struct sp_lint_object *obj)
{
	static const char start[] = "did you mean ";
	const char *last = d->path ? strrchr(d->path, '.') : NULL;
	const struct lpod p = {.l = l, .obj = obj};
	const struct sp_node *map;
	struct sp_lint_op *op;
	size_t n;

	if (!last || !d->fix || strncmp(d->fix, start, sizeof(start) - 1) != 0)
		return;
	n = strcspn(d->fix + sizeof(start) - 1, "?");
	map = sp_node_at(obj->read, say(l, "%.*s", (int)(last - d->path), d->path));
	if (!map || !sp_node_get(map, last + 1) ||
	    sp_node_get(map, say(l, "%.*s", (int)n, d->fix + sizeof(start) - 1)))
		return;
	op = fix_op(&p, f, SP_OP_RENAME, map);
	op->key = last + 1;
	op->text = say(l, "%.*s", (int)n, d->fix + sizeof(start) - 1);
}

/* The decoder's words for a number with a wrong unit, which has a rule of its own. */
static bool is_bad_quantity(const struct sp_diag *d)
{
	static const char end[] = " is not a quantity";
	size_t n = strlen(d->message);

	return d->rule && sp_streq(d->rule, "SP004") && n >= sizeof(end) - 1 &&
	       sp_streq(d->message + n - (sizeof(end) - 1), end);
}

/* "write 64Mi": as its value. */
static void propose_quantity(struct sp_lint *l, struct sp_finding *f, const struct sp_diag *d,
			     const struct sp_lint_object *obj)
{
	const struct sp_node *n = d->path ? sp_node_at(obj->read, d->path) : NULL;
	const struct lpod p = {.l = l, .obj = obj};
	struct sp_quantity q;

	if (n && d->fix && strncmp(d->fix, "write ", 6) == 0 &&
	    sp_quantity_parse(d->fix + 6, &q) == 0)
		fix_op(&p, f, SP_OP_SCALAR, n)->value = sp_node_new_str(&l->arena, d->fix + 6);
}

static void add_diag(struct sp_lint *l, const struct sp_diag *d, const struct sp_source *src,
		     const struct sp_lint_object *obj)
{
	bool quantity = is_bad_quantity(d);
	struct sp_finding *f = lint_new_finding(l, quantity  ? "SP412"
						   : d->rule ? d->rule
							     : "SP001");

	if (!f)
		return;
	f->severity = d->severity;
	f->source = src;
	f->at = d->at;
	f->len = SP_MAX(d->len, 1u);
	f->path = d->path;
	f->message = d->message;
	if (d->why)
		f->why = d->why;
	if (d->fix)
		f->fix = d->fix;
	f->object = obj;
	if (obj) {
		f->kind = obj->o.kind_text;
		f->name = obj->name;
	}
	if (obj && quantity)
		propose_quantity(l, f, d, obj);
	if (obj && sp_streq(f->id, "SP003"))
		propose_name(l, f, d, obj);
	if (obj && sp_streq(f->id, "SP004") && d->fix && strncmp(d->fix, "quote it", 8) == 0) {
		const struct sp_node *n = d->path ? sp_node_at(obj->read, d->path) : NULL;
		const struct lpod p = {.l = l, .obj = obj};
		struct sp_lint_op *op;

		if (n && n->at.line == d->at.line && n->at.col == d->at.col) {
			op = fix_op(&p, f, SP_OP_SCALAR, n);
			op->value = sp_node_new_str(&l->arena, n->text);
		}
	}
}

/* Lists of sidecars are told by SP101, policies of containers by SP106 to SP108. */
static bool told_elsewhere(const struct sp_diag *d)
{
	const char *last = d->path ? strrchr(d->path, '.') : NULL;

	if (last && last > d->path && last[-1] == ']' && sp_streq(last, ".restartPolicy"))
		return d->rule && sp_streq(d->rule, "SP003");
	return d->rule && sp_streq(d->rule, "SP003") && last &&
	       (strcasecmp(last, ".sidecarContainers") == 0 || strcasecmp(last, ".sidecars") == 0);
}

static void add_diags(struct sp_lint *l, const struct sp_diags *d, const struct sp_source *src,
		      const struct sp_lint_object *obj)
{
	for (uint32_t i = 0; i < d->n; i++)
		if (!told_elsewhere(&d->v[i]))
			add_diag(l, &d->v[i], src, obj);
}

/* What the decoder and the API say by the rules of the target release; with defaults for the core.
 */
static void validate(struct sp_lint *l, struct sp_lint_object *obj, const struct sp_source *src,
		     const struct sp_node *doc)
{
	const struct sp_load_options opt = {.kube_minor = l->opt.kube_minor, .for_cluster = true};
	struct sp_object *o = sp_arena_alloc(&l->arena, sizeof(*o));
	struct sp_node *copy = sp_node_clone(&l->arena, doc);
	const struct sp_k_meta *meta;
	const struct sp_k_job_spec *job;
	struct sp_diags diags;

	sp_diags_init(&diags, &l->arena);
	if (!o || !copy) {
		l->no_memory = true;
		return;
	}
	if (sp_object_check(&l->arena, copy, src, &opt, &diags, NULL, o) < 0) {
		l->no_memory = true;
		return;
	}
	find_pod(o, &meta, &obj->defaulted, &job);
	obj->defaulted_meta = o->meta;
	add_diags(l, &diags, src, obj);
	/* the core takes valid pods alone; a sleep beyond the grace period does it no harm */
	for (uint32_t i = 0; i < diags.n; i++)
		if (diags.v[i].severity == SP_SEV_ERROR &&
		    !(diags.v[i].rule && sp_streq(diags.v[i].rule, "VAL-51")))
			obj->defaulted = NULL;
	if (diags.dropped)
		obj->defaulted = NULL;
}

static bool looks_like_pod_spec(const struct sp_node *n)
{
	const struct sp_node *list = sp_node_get(n, "containers");

	if (!list || list->kind != SP_NODE_LIST || list->n == 0)
		return false;
	for (uint32_t i = 0; i < list->n; i++)
		if (list->items[i]->kind != SP_NODE_MAP || !sp_node_get(list->items[i], "name") ||
		    sp_node_get(list->items[i], "openAPIV3Schema"))
			return false;
	return true;
}

static void add_typed(struct sp_lint *l, const struct sp_source *src, struct sp_node *doc);

/* A pod template inside something that is not known: judged as if it were a Pod of its own. */
static void add_hidden(struct sp_lint *l, const struct sp_source *src, const struct sp_node *read,
		       struct sp_node *root, struct sp_node *spec)
{
	const struct sp_load_options opt = {
		.validate = SP_VALIDATE_IGNORE, .kube_minor = l->opt.kube_minor, .partial = true};
	struct sp_node *pod = sp_node_new(&l->arena, SP_NODE_MAP);
	struct sp_lint_object *obj = new_object(l);
	const struct sp_k_job_spec *job;

	if (!obj || !pod ||
	    sp_node_set(&l->arena, pod, "apiVersion", sp_node_new_str(&l->arena, "v1")) < 0 ||
	    sp_node_set(&l->arena, pod, "kind", sp_node_new_str(&l->arena, "Pod")) < 0 ||
	    sp_node_set(&l->arena, pod, "spec", spec) < 0) {
		l->no_memory = true;
		return;
	}
	(void)sp_object_decode(&l->arena, pod, src, &opt, NULL, NULL,
			       &obj->o); /* partial is fine */
	obj->read = read;
	obj->root = root;
	obj->spec_read = sp_node_at(read, "spec.template.spec");
	obj->o.kind_text = sp_node_str(sp_node_get(read, "kind"), "Pod");
	obj->name = sp_node_str(sp_node_at(read, "metadata.name"), NULL);
	find_pod(&obj->o, &obj->meta, &obj->spec, &job);
	obj->o.kind = SP_KIND_UNKNOWN;
}

static void find_hidden(struct sp_lint *l, const struct sp_source *src, const struct sp_node *read,
			struct sp_node *root, struct sp_node *at, int depth)
{
	if (depth > 12)
		return;
	if (at->kind == SP_NODE_MAP && looks_like_pod_spec(at)) {
		add_hidden(l, src, read, root, at);
		return;
	}
	for (uint32_t i = 0; (at->kind == SP_NODE_MAP || at->kind == SP_NODE_LIST) && i < at->n;
	     i++)
		find_hidden(l, src, read, root,
			    at->kind == SP_NODE_MAP ? at->pairs[i].value : at->items[i], depth + 1);
}

static const char *const spec_paths[] = {"spec", "spec.template.spec",
					 "spec.jobTemplate.spec.template.spec"};

static void add_typed(struct sp_lint *l, const struct sp_source *src, struct sp_node *doc)
{
	/* by the newest release, so that rules see what an older one does not know */
	const struct sp_load_options opt = {.validate = SP_VALIDATE_IGNORE,
					    .kube_minor = SP_KUBE_MINOR_NEWEST,
					    .partial = true};
	struct sp_lint_object *obj = new_object(l);
	struct sp_node *root = sp_node_clone(&l->arena, doc);

	if (!obj || !root) {
		l->no_memory = true;
		return;
	}
	(void)sp_object_decode(&l->arena, root, src, &opt, NULL, NULL, &obj->o); /* told below */
	obj->read = doc;
	obj->root = root;
	obj->name = obj->o.meta ? obj->o.meta->name : NULL;
	if (!obj->name && obj->o.meta)
		obj->name = obj->o.meta->generate_name;
	find_pod(&obj->o, &obj->meta, &obj->spec, &obj->job);
	obj->spec_read = sp_node_at(doc, spec_paths[obj->o.kind == SP_KIND_POD        ? 0
						    : obj->o.kind == SP_KIND_CRON_JOB ? 2
										      : 1]);
	validate(l, obj, src, doc);
}

/* A kind of Kubernetes in a version that it never had or has no more, or a misspelt one. */
static bool is_mistaken(struct sp_lint *l, const struct sp_source *src, const struct sp_node *doc)
{
	const struct sp_load_options opt = {.kube_minor = l->opt.kube_minor, .for_cluster = true};
	struct sp_object o;

	return sp_node_get(doc, "kind") && sp_node_get(doc, "apiVersion") &&
	       sp_object_decode(&l->arena, doc, src, &opt, NULL, NULL, &o) < 0;
}

static void add_document(struct sp_lint *l, const struct sp_source *src, struct sp_node *doc,
			 int depth)
{
	const char *kind = sp_node_str(sp_node_get(doc, "kind"), NULL);
	const char *version = sp_node_str(sp_node_get(doc, "apiVersion"), NULL);
	const struct sp_node *items = sp_node_get(doc, "items");
	struct sp_node *root;

	if (l->no_memory || l->n_objects >= SP_OBJECTS_MAX || doc->kind != SP_NODE_MAP)
		return;
	if (kind && items && items->kind == SP_NODE_LIST && strlen(kind) >= 4 &&
	    sp_streq(kind + strlen(kind) - 4, "List") && depth < 4) {
		for (uint32_t i = 0; i < items->n; i++)
			add_document(l, src, items->items[i], depth + 1);
		return;
	}
	if (kind && version && sp_kind_find(version, kind)) {
		add_typed(l, src, doc);
		return;
	}
	if (kind && sp_streq(kind, "ServiceAccount"))
		lint_add_account(l, doc);
	/* kinds that are not known are none of our business, but pods in them are */
	root = sp_node_clone(&l->arena, doc);
	if (!root)
		l->no_memory = true;
	else if (!kind || !sp_streq(kind, "CustomResourceDefinition"))
		find_hidden(l, src, doc, root, root, 0);
	/* half of its head is missing or mistaken: the decoder says which */
	if (!l->no_memory && (!kind != !version || is_mistaken(l, src, doc)) &&
	    sp_node_get(doc, "metadata"))
		add_typed(l, src, doc);
}

static struct sp_source *add_source(struct sp_lint *l, const char *name, const char *bytes,
				    size_t len)
{
	struct sp_source **v = l->sources, *s = sp_arena_alloc(&l->arena, sizeof(*s));

	if ((l->n_sources & (l->n_sources - 1)) == 0) {
		v = sp_arena_array(&l->arena, l->n_sources ? (size_t)l->n_sources * 2 : 1,
				   sizeof(struct sp_source *));
		if (v && l->n_sources)
			memcpy(v, l->sources, l->n_sources * sizeof(struct sp_source *));
	}
	if (!v || !s)
		return NULL;
	s->name = sp_arena_strdup(&l->arena, name);
	s->len = len > SP_SOURCE_MAX_BYTES ? 0 : len; /* too large ones are refused below */
	s->bytes = sp_arena_strndup(&l->arena, bytes, s->len);
	if (!s->name || !s->bytes)
		return NULL;
	l->sources = v;
	l->sources[l->n_sources++] = s;
	return s;
}

int sp_lint_add(struct sp_lint *l, const char *name, const char *bytes, size_t len)
{
	struct sp_source *src = add_source(l, name, bytes, len), whole;
	struct sp_node **docs;
	struct sp_diags diags;
	uint32_t n;

	if (!src)
		return -1;
	whole = (struct sp_source){src->name, src->len == len ? src->bytes : bytes, len};
	sp_diags_init(&diags, &l->arena);
	if (sp_yaml_parse(&l->arena, &whole, &diags, &docs, &n) < 0)
		l->n_broken++;
	add_diags(l, &diags, src, NULL);
	for (uint32_t i = 0; i < n; i++)
		add_document(l, src, docs[i], 0);
	return l->no_memory ? -1 : 0;
}
