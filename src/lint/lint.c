/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From bytes to findings: documents are read and decoded as far as they go, pods are modelled,
 * rules are asked, ignores are honoured.
 *
 * A document is kept three times: as it was read (for edits), decoded without defaults (rules want
 * to know what was not written), and decoded with defaults (for the pod core).
 */
#include "lint/lint_internal.h"

#include "base/text.h"
#include "spec/tables.h"

#include <stdio.h>
#include <stdlib.h>

#define FINDINGS_MAX 20000
#define OPS_MAX      256
#define PATH_STEPS   128

const char *sp_fix_class_name(enum sp_fix_class c)
{
	static const char *const names[] = {"no", "suggest", "safe"};

	return names[c];
}

void sp_lint_init(struct sp_lint *l, const struct sp_lint_options *opt)
{
	*l = (struct sp_lint){.opt = {.node_milli = -1, .node_bytes = -1}};
	if (opt)
		l->opt = *opt;
	if (!l->opt.kube_minor)
		l->opt.kube_minor = SP_KUBE_MINOR;
}

void sp_lint_done(struct sp_lint *l)
{
	sp_arena_done(&l->arena);
	*l = (struct sp_lint){0};
}

const char *say(struct sp_lint *l, const char *fmt, ...)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	const char *text = NULL;
	va_list ap;

	sp_buf_puts(&b, "");
	va_start(ap, fmt);
	sp_buf_vprintf(&b, fmt, ap);
	va_end(ap);
	if (!b.failed)
		text = sp_arena_strdup(&l->arena, b.ptr);
	l->no_memory |= !text;
	return text ? text : "";
}

/* ---- places ---------------------------------------------------------------------------------- */

struct trail {
	uint32_t v[PATH_STEPS]; /* child numbers from the root */
	uint32_t n;
};

/* Where each node of a tree hangs, by its address: a document may have many findings. */
struct lint_index {
	struct lint_slot {
		const struct sp_node *node; /* NULL free */
		uint32_t parent, child;     /* slot of the parent; UINT32_MAX: the root */
	} * v;
	uint32_t mask;
};

static uint32_t slot_of(const struct lint_index *x, const struct sp_node *n)
{
	uint32_t i = (uint32_t)(((uintptr_t)n >> 4) * 2654435761u) & x->mask;

	while (x->v[i].node && x->v[i].node != n)
		i = (i + 1) & x->mask;
	return i;
}

static uint32_t count_nodes(const struct sp_node *n)
{
	uint32_t sum = 1;

	for (uint32_t i = 0; i < n->n && n->kind == SP_NODE_LIST; i++)
		sum += count_nodes(n->items[i]);
	for (uint32_t i = 0; i < n->n && n->kind == SP_NODE_MAP; i++)
		sum += count_nodes(n->pairs[i].value);
	return sum;
}

static void index_nodes(struct lint_index *x, const struct sp_node *n, uint32_t parent,
			uint32_t child)
{
	uint32_t at = slot_of(x, n);

	if (x->v[at].node) /* of a node that stands in two places the first one counts */
		return;
	x->v[at] = (struct lint_slot){n, parent, child};
	for (uint32_t i = 0; i < n->n && n->kind == SP_NODE_LIST; i++)
		index_nodes(x, n->items[i], at, i);
	for (uint32_t i = 0; i < n->n && n->kind == SP_NODE_MAP; i++)
		index_nodes(x, n->pairs[i].value, at, i);
}

static const struct lint_index *index_of(struct sp_lint *l, const struct sp_node *root,
					 struct lint_index **kept)
{
	uint32_t cap = 16, n = *kept ? 0 : count_nodes(root);
	struct lint_index *x;

	if (*kept)
		return *kept;
	while (cap < 2 * n)
		cap *= 2;
	x = sp_arena_alloc(&l->arena, sizeof(*x));
	if (x)
		x->v = sp_arena_array(&l->arena, cap, sizeof(*x->v));
	if (!x || !x->v) {
		l->no_memory = true;
		return NULL;
	}
	x->mask = cap - 1;
	index_nodes(x, root, UINT32_MAX, 0);
	*kept = x;
	return x;
}

enum which_tree { TREE_ROOT, TREE_READ };

static bool find_node(struct sp_lint *l, const struct sp_lint_object *obj, enum which_tree tree,
		      const struct sp_node *wanted, struct trail *t)
{
	/* objects are const to rules; the index is no part of what they are */
	struct lint_index **kept = &((struct sp_lint_object *)(uintptr_t)obj)->index[tree];
	const struct lint_index *x = index_of(l, tree == TREE_ROOT ? obj->root : obj->read, kept);
	uint32_t at;

	t->n = 0;
	if (!x || !wanted)
		return false;
	at = slot_of(x, wanted);
	if (!x->v[at].node)
		return false;
	for (; x->v[at].parent != UINT32_MAX; at = x->v[at].parent) {
		if (t->n == PATH_STEPS)
			return false;
		t->v[t->n++] = x->v[at].child;
	}
	for (uint32_t i = 0; i < t->n / 2; i++) {
		uint32_t swap = t->v[i];

		t->v[i] = t->v[t->n - 1 - i];
		t->v[t->n - 1 - i] = swap;
	}
	return true;
}

static bool plain_key(const char *key)
{
	return key[0] && !strpbrk(key, ".[]/ ");
}

static uint32_t width(const struct sp_node *n)
{
	if (n->end.line == n->at.line && n->end.col > n->at.col)
		return n->end.col - n->at.col;
	return 1;
}

/* Path, line and underlined width of what the trail leads to. */
static void place(struct sp_lint *l, const struct sp_node *root, const struct trail *t,
		  struct sp_finding *f)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf path = {0};
	const struct sp_pair *pair = NULL;
	const struct sp_node *n = root, *name;

	sp_buf_puts(&path, "");
	for (uint32_t i = 0; i < t->n; i++) {
		pair = NULL;
		if (n->kind == SP_NODE_LIST) {
			sp_buf_printf(&path, "[%u]", t->v[i]);
			n = n->items[t->v[i]];
			continue;
		}
		pair = &n->pairs[t->v[i]];
		if (plain_key(pair->key))
			sp_buf_printf(&path, "%s%s", path.len ? "." : "", pair->key);
		else
			sp_buf_printf(&path, "[\"%s\"]", pair->key);
		n = pair->value;
	}
	f->path = path.len && !path.failed ? say(l, "%s", path.ptr) : NULL;
	name = n->kind == SP_NODE_MAP ? sp_node_get(n, "name") : NULL;
	if (pair && (n->kind == SP_NODE_MAP || n->kind == SP_NODE_LIST || n->aliased ||
		     n->end.line != n->at.line)) {
		f->at = pair->at;
		f->len = (uint32_t)sp_utf8_columns(pair->key);
	} else if (name && name->at.line && t->n) {
		f->at = name->at;
		f->len = width(name);
	} else {
		f->at = n->at;
		f->len = width(n);
	}
}

const struct sp_node *node_of(const struct sp_node *n, const char *key)
{
	const struct sp_node *v = sp_node_get(n, key);

	return v ? v : n;
}

/* ---- findings -------------------------------------------------------------------------------- */

static bool names(const char *const *v, uint32_t n, const struct sp_lint_rule *r, const char *id)
{
	for (uint32_t i = 0; i < n; i++) {
		size_t len = strlen(v[i]);

		if (len && strlen(id) >= len && strncasecmp(v[i], id, len) == 0)
			return true;
		if (r && sp_streq(v[i], r->name))
			return true;
	}
	return false;
}

static struct sp_finding *spare(struct sp_lint *l)
{
	/* written to and never read; one for each so that callers may fill it in peace */
	struct sp_finding *f = sp_arena_alloc(&l->arena, sizeof(*f));
	static struct sp_finding last;

	l->no_memory |= !f;
	return f ? f : &last;
}

bool lint_wanted(const struct sp_lint *l, const char *id)
{
	const struct sp_lint_rule *r = sp_lint_rule_find(id);

	return (!l->opt.n_only || names(l->opt.only, l->opt.n_only, r, id)) &&
	       !names(l->opt.except, l->opt.n_except, r, id);
}

static struct sp_finding *new_finding(struct sp_lint *l, const char *id)
{
	const struct sp_lint_rule *r = sp_lint_rule_find(id);
	struct sp_finding *v;

	if (!lint_wanted(l, id))
		return NULL;
	if (l->n_findings == FINDINGS_MAX) {
		l->dropped++;
		return NULL;
	}
	if (l->n_findings == l->cap_findings) {
		uint32_t cap = l->cap_findings ? l->cap_findings * 2 : 32;

		v = sp_arena_array(&l->arena, cap, sizeof(*v));
		if (!v) {
			l->no_memory = true;
			return NULL;
		}
		if (l->n_findings)
			memcpy(v, l->findings, l->n_findings * sizeof(*v));
		l->findings = v;
		l->cap_findings = cap;
	}
	v = &l->findings[l->n_findings++];
	*v = (struct sp_finding){.rule = r, .id = r ? r->id : id, .len = 1};
	if (r) {
		v->severity = r->severity;
		v->why = r->why;
		v->fix = r->how;
	}
	return v;
}

void hit_severity(struct sp_finding *f, enum sp_severity s)
{
	f->severity = s == SP_SEV_ERROR && f->confidence != SP_CERTAIN ? SP_SEV_WARNING : s;
}

static void locate(struct sp_lint *l, const struct sp_lint_object *obj, const struct sp_node *node,
		   struct sp_finding *f)
{
	struct trail t = {.n = 0};

	f->object = obj;
	f->source = obj->o.source;
	f->kind = obj->o.kind_text;
	f->name = obj->name;
	if (!node)
		node = node_of(node_of(obj->root, "metadata"), "name");
	if (find_node(l, obj, TREE_ROOT, node, &t)) {
		place(l, obj->root, &t, f);
		return;
	}
	if (find_node(l, obj, TREE_READ, node, &t)) {
		place(l, obj->read, &t, f);
		return;
	}
	f->at = obj->read->at;
}

static struct sp_finding *vadd(struct sp_lint *l, const struct sp_lint_object *obj, const char *id,
			       enum sp_confidence conf, const struct sp_node *node, const char *fmt,
			       va_list ap) SP_PRINTF(6, 0);
static struct sp_finding *vadd(struct sp_lint *l, const struct sp_lint_object *obj, const char *id,
			       enum sp_confidence conf, const struct sp_node *node, const char *fmt,
			       va_list ap)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf text = {0};
	struct sp_finding *f = new_finding(l, id);

	if (!f)
		return spare(l);
	sp_buf_vprintf(&text, fmt, ap);
	f->message = say(l, "%s", text.ptr && !text.failed ? text.ptr : "");
	f->confidence = conf;
	hit_severity(f, f->severity);
	locate(l, obj, node, f);
	return f;
}

struct sp_finding *lint_add(struct sp_lint *l, const struct sp_lint_object *obj, const char *id,
			    enum sp_confidence conf, const struct sp_node *node, const char *fmt,
			    ...)
{
	struct sp_finding *f;
	va_list ap;

	va_start(ap, fmt);
	f = vadd(l, obj, id, conf, node, fmt, ap);
	va_end(ap);
	return f;
}

struct sp_finding *hit(const struct lpod *p, const char *id, enum sp_confidence conf,
		       const struct lctr *c, const struct sp_node *node, const char *fmt, ...)
{
	struct sp_finding *f;
	va_list ap;

	va_start(ap, fmt);
	f = vadd(p->l, p->obj, id, conf, node ? node : c ? c->k->node : NULL, fmt, ap);
	va_end(ap);
	f->container = c ? c->name : NULL;
	return f;
}

/* ---- what a finding proposes ------------------------------------------------------------------
 */

/* The same place in the document as it was read; keys tell, since decoding drops some. */
static const struct sp_node *twin(struct sp_lint *l, const struct sp_lint_object *obj,
				  const struct sp_node *n)
{
	const struct sp_node *root = obj->root, *read = obj->read;
	struct trail t = {.n = 0};

	if (!find_node(l, obj, TREE_ROOT, n, &t))
		return find_node(l, obj, TREE_READ, n, &t) ? n : NULL;
	for (uint32_t i = 0; read && i < t.n; i++) {
		if (root->kind == SP_NODE_LIST) {
			read = read->kind == SP_NODE_LIST && t.v[i] < read->n ? read->items[t.v[i]]
									      : NULL;
			root = root->items[t.v[i]];
		} else {
			read = sp_node_get(read, root->pairs[t.v[i]].key);
			root = root->pairs[t.v[i]].value;
		}
	}
	return read;
}

struct sp_lint_op *fix_op(const struct lpod *p, struct sp_finding *f, enum sp_lint_op_kind kind,
			  const struct sp_node *node)
{
	static struct sp_lint_op lost;

	if ((f->n_ops & (f->n_ops - 1)) == 0) { /* room for the next power of two */
		struct sp_lint_op *v =
			f->n_ops == OPS_MAX
				? NULL
				: sp_arena_array(&p->l->arena, f->n_ops ? f->n_ops * 2 : 1,
						 sizeof(*f->ops));

		if (!v) {
			f->n_ops = 0; /* half of a change is none */
			f->lost = true;
		} else if (f->n_ops) {
			memcpy(v, f->ops, f->n_ops * sizeof(*v));
		}
		f->ops = v;
	}
	if (f->lost)
		return &lost;
	f->ops[f->n_ops] = (struct sp_lint_op){.kind = kind, .node = twin(p->l, p->obj, node)};
	return &f->ops[f->n_ops++];
}

void fix_set(const struct lpod *p, struct sp_finding *f, const struct sp_node *map, const char *key,
	     const struct sp_node *value, const char *after)
{
	struct sp_lint_op *op;

	if (!value)
		return;
	op = fix_op(p, f, SP_OP_SET, map);
	op->key = key;
	op->value = value;
	op->after = after;
}

void fix_set_int(const struct lpod *p, struct sp_finding *f, const struct sp_node *map,
		 const char *key, int64_t value)
{
	fix_set(p, f, map, key, sp_node_new_int(&p->l->arena, value), NULL);
}

void fix_move(const struct lpod *p, struct sp_finding *f, const char *from, uint32_t index,
	      uint32_t to)
{
	struct sp_lint_op *op = fix_op(p, f, SP_OP_MOVE, p->spec->node);

	op->key = from;
	op->index = index;
	op->to = to;
}

void fix_arg(const struct lpod *p, struct sp_finding *f, const struct lctr *c, const char *arg)
{
	const struct sp_node *old = sp_node_get(c->k->node, "args");
	struct sp_node *value = arg ? sp_node_new_str(&p->l->arena, arg) : NULL;

	/* behind a command of the manifest nobody knows whose argument it would be, and without
	 * args the image's own would be gone */
	if (value && arg[0] == '-' && !c->k->command.n && old && old->kind == SP_NODE_LIST)
		fix_op(p, f, SP_OP_INSERT_ITEM, old)->value = value;
}

struct sp_node *fix_yaml(struct sp_lint *l, const char *text)
{
	const struct sp_source src = {"fix", text, strlen(text)};
	struct sp_diags diags;
	struct sp_node **docs;
	uint32_t n;

	sp_diags_init(&diags, &l->arena);
	return sp_yaml_parse(&l->arena, &src, &diags, &docs, &n) == 0 && n == 1 ? docs[0] : NULL;
}

/* ---- objects --------------------------------------------------------------------------------- */

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
	struct sp_finding *f = new_finding(l, quantity ? "SP412" : d->rule ? d->rule : "SP001");

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

/* ---- judging --------------------------------------------------------------------------------- */

static int compare(const void *x, const void *y)
{
	const struct sp_finding *a = x, *b = y;

	if (a->source != b->source)
		return strcmp(a->source->name, b->source->name);
	if (a->at.line != b->at.line)
		return a->at.line < b->at.line ? -1 : 1;
	if (a->at.col != b->at.col)
		return a->at.col < b->at.col ? -1 : 1;
	if (strcmp(a->id, b->id) != 0)
		return strcmp(a->id, b->id);
	return strcmp(a->message, b->message);
}

/* Rules of the API that a rule of lint says better. */
static bool same_cause(const struct sp_finding *val, const struct sp_finding *sp)
{
	size_t n;

	if (val->rule || !sp->rule || sp->severity != SP_SEV_ERROR || val->source != sp->source ||
	    !val->path || !sp->path || sp_streq(sp->id, "SP002"))
		return false;
	/* one points at the request, the other at the limit */
	if (sp_streq(sp->id, "SP408") && sp_streq(val->id, "VAL-65")) {
		const char *end = strstr(sp->path, ".limits");

		return end && strncmp(val->path, sp->path, (size_t)(end - sp->path)) == 0;
	}
	n = SP_MIN(strlen(val->path), strlen(sp->path));
	return val->at.line == sp->at.line || strncmp(val->path, sp->path, n) == 0;
}

static void drop_doubles(struct sp_lint *l)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < l->n_findings; i++) {
		bool twice = false;

		for (uint32_t k = 0; k < l->n_findings && !l->findings[i].rule && !twice; k++)
			twice = same_cause(&l->findings[i], &l->findings[k]);
		if (kept && !twice)
			twice = compare(&l->findings[kept - 1], &l->findings[i]) == 0;
		if (!twice)
			l->findings[kept++] = l->findings[i];
	}
	l->n_findings = kept;
}

int sp_lint_run(struct sp_lint *l, struct sp_error *err)
{
	static void (*const families[])(struct lpod *) = {
		rules_place, rules_start,   rules_probe,  rules_stop,     rules_resources,
		rules_ports, rules_process, rules_volume, rules_workload, rules_image};

	for (uint32_t i = 0; i < l->n_objects && !l->no_memory; i++) {
		struct lpod p;

		if (!l->objects[i].spec || !lint_model(l, &l->objects[i], &p))
			continue;
		lint_simulate(&p);
		for (size_t k = 0; k < SP_ARRAY_LEN(families); k++)
			families[k](&p);
	}
	if (l->n_findings)
		qsort(l->findings, l->n_findings, sizeof(*l->findings), compare);
	drop_doubles(l);
	lint_ignore(l);
	if (l->n_findings)
		qsort(l->findings, l->n_findings, sizeof(*l->findings), compare);
	return l->no_memory ? sp_fail(err, SP_E_NO_MEMORY, "lint") : 0;
}

bool sp_finding_shown(const struct sp_finding *f, enum sp_severity threshold, bool all)
{
	return !f->ignored && f->severity <= threshold && (all || f->confidence != SP_GUESS);
}
