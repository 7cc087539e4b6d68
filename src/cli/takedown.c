/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/takedown.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/files.h"
#include "cli/resource.h"
#include "spec/tree.h"

/* Something that was named: an object by its kind and name, or all with some labels. */
struct wanted {
	const char *kind, *ns, *name;
};

struct search {
	struct sp_cli *cli;
	struct sp_takedown *t;
	struct sp_pod_entry *all; /* pods of the machine */
	uint32_t n_all;
	bool *taken; /* of them */
	struct sp_session_object *objects;
	uint32_t n_objects;
	bool *asked; /* of them */
};

static const char *text_at(const struct sp_node *n, const char *path)
{
	return sp_node_str(sp_node_at(n, path), "");
}

/* ---- pods whose session is gone -------------------------------------------------------------- */

/* "web-5d9c7" of "web": does the rest begin with a dash and hold nothing but these? */
static bool is_child_name(const char *name, const char *parent, const char *letters)
{
	size_t n = strlen(parent);

	return strncmp(name, parent, n) == 0 && name[n] == '-' && name[n + 1] &&
	       name[n + 1 + strspn(name + n + 1, letters)] == '\0';
}

/* By its owner's name: what made it can be seen from that, without what was in between. */
static bool is_made_by(const struct sp_pod_entry *p, const struct wanted *w)
{
	const struct sp_node *ref = sp_node_at(p->doc, "metadata.ownerReferences[0]");
	const char *kind = text_at(ref, "kind"), *name = text_at(ref, "name");

	if (!ref || !sp_streq(p->ns, w->ns))
		return false;
	if (sp_streq(kind, w->kind))
		return sp_streq(name, w->name);
	if (sp_streq(w->kind, "Deployment"))
		return sp_streq(kind, "ReplicaSet") &&
		       is_child_name(name, w->name, SP_NAME_ALPHABET);
	return sp_streq(w->kind, "CronJob") && sp_streq(kind, "Job") &&
	       is_child_name(name, w->name, "0123456789");
}

/* ---- marking --------------------------------------------------------------------------------- */

static bool is(const struct sp_session_object *o, const struct wanted *w)
{
	return sp_streq(o->kind, w->kind) && sp_streq(o->name, w->name) &&
	       (!*o->ns || sp_streq(o->ns, w->ns));
}

/* Return: whether there is such an object, or a pod of one */
static bool want(struct search *s, const struct wanted *w)
{
	bool pod = sp_streq(w->kind, "Pod"), any = false;

	for (uint32_t i = 0; i < s->n_objects; i++)
		if (is(&s->objects[i], w))
			any = s->asked[i] = true;
	for (uint32_t i = 0; i < s->n_all; i++) {
		const struct sp_pod_entry *p = &s->all[i];

		if (pod ? sp_streq(p->name, w->name) && sp_streq(p->ns, w->ns) : is_made_by(p, w))
			any = s->taken[i] = true;
	}
	return any;
}

static int want_files(struct search *s, struct sp_error *err)
{
	struct sp_load_options opt = {.validate = SP_VALIDATE_IGNORE,
				      .default_ns = sp_flag_text(s->cli, "namespace")};
	struct sp_manifest m;
	uint32_t n_files;
	const char *const *files = sp_flag_list(s->cli, "filename", &n_files);
	int r;

	if (n_files == 0)
		return 0;
	sp_manifest_init(&m, &opt);
	r = sp_cli_load(s->cli, files, n_files, &m, err);
	for (uint32_t i = 0; r == 0 && i < m.n_objects; i++) {
		const struct sp_k_meta *meta = m.objects[i].meta;

		if (meta && meta->name)
			(void)want(s, &(struct wanted){sp_kind_name(m.objects[i].kind),
						       meta->ns ? meta->ns : "", meta->name});
	}
	sp_manifest_done(&m);
	return r;
}

/* "web", "pod/web", "deploy/web" */
static int want_word(struct search *s, const struct sp_place *place, const char *word,
		     struct sp_error *err)
{
	const char *name;
	const struct sp_resource *kind = sp_resource_split(word, &name, err);
	struct wanted w = {"Pod", sp_flag_text(s->cli, "namespace"), name};
	struct sp_pod_entry p;

	if (!kind && err->code != SP_OK)
		return -1;
	if (kind)
		w.kind = kind->kind;
	if (!sp_streq(w.kind, "Pod"))
		return want(s, &w) ? 0
				   : sp_fail(err, SP_E_NOT_FOUND,
					     "no %s '%s' in namespace '%s' of a running session",
					     kind->words[1], name, w.ns);
	/* also by uid, and with the nearest name when there is none */
	if (sp_pods_find(s->cli, place, name, &p, err) < 0)
		return -1;
	w.name = p.name;
	w.ns = p.ns;
	(void)want(s, &w);
	return 0;
}

/* What nobody else owns; the rest goes with its owner. */
static bool is_root(const struct sp_session_object *o)
{
	return !sp_node_at(o->node, "metadata.ownerReferences[0]");
}

static int want_selected(struct search *s, struct sp_error *err)
{
	const char *selector = sp_flag_text(s->cli, "selector");
	const char *ns = sp_flag_text(s->cli, "namespace");
	bool all = sp_flag_bool(s->cli, "all");

	if (!all && !selector)
		return 0;
	for (uint32_t i = 0; i < s->n_objects; i++) {
		const struct sp_session_object *o = &s->objects[i];
		int match = all;

		if (!all)
			match = sp_labels_match(selector, sp_node_at(o->node, "metadata.labels"),
						err);
		if (match < 0)
			return -1;
		s->asked[i] |= match && is_root(o) && sp_streq(o->ns, ns);
	}
	for (uint32_t i = 0; i < s->n_all; i++) {
		int match = all;

		if (!all)
			match = sp_labels_match(selector,
						sp_node_at(s->all[i].doc, "metadata.labels"), err);
		if (match < 0)
			return -1;
		s->taken[i] |= match && sp_streq(s->all[i].ns, ns);
	}
	return 0;
}

/* ---- asking the sessions --------------------------------------------------------------------- */

static void print_request(const struct sp_takedown *t, const struct sp_session_link *of, bool dry,
			  struct sp_buf *out)
{
	sp_buf_puts(out, "{\"op\":\"delete\",\"objects\":[");
	for (uint32_t i = 0; i < t->n_objects; i++) {
		if (t->objects[i].of != of)
			continue;
		sp_json_next(out);
		sp_buf_putc(out, '{');
		sp_json_str(out, "kind", t->objects[i].kind);
		sp_json_str(out, "namespace", t->objects[i].ns);
		sp_json_str(out, "name", t->objects[i].name);
		sp_buf_putc(out, '}');
	}
	sp_buf_putc(out, ']');
	if (t->grace_s >= 0)
		sp_json_int(out, "graceSeconds", t->grace_s);
	sp_json_bool(out, "dryRun", dry);
	sp_buf_putc(out, '}');
}

static bool has_objects(const struct sp_takedown *t, const struct sp_session_link *of)
{
	for (uint32_t i = 0; i < t->n_objects; i++)
		if (t->objects[i].of == of)
			return true;
	return false;
}

/* Pods of the machine that the sessions would end. */
static int find_their_pods(struct search *s, bool *theirs, struct sp_error *err)
{
	for (uint32_t k = 0; k < s->t->n_links; k++) {
		SP_CLEANUP(sp_buf_done) struct sp_buf request = {0};
		const struct sp_node *pods;
		struct sp_node *answer;

		if (!has_objects(s->t, &s->t->links[k]))
			continue;
		print_request(s->t, &s->t->links[k], true, &request);
		if (sp_session_call(s->cli, &s->t->links[k], &request, &answer, NULL, err) < 0) {
			if (err->code == SP_E_NOT_FOUND)
				continue; /* it has ended meanwhile */
			return -1;
		}
		pods = sp_node_get(answer, "pods");
		for (uint32_t i = 0; pods && i < pods->n; i++)
			for (uint32_t p = 0; p < s->n_all; p++)
				if (sp_streq(s->all[p].uid, sp_node_str(pods->items[i], "")))
					theirs[p] = true;
	}
	return 0;
}

static int gather(struct search *s, struct sp_error *err)
{
	struct sp_takedown *t = s->t;
	bool *theirs = sp_arena_array(&s->cli->arena, s->n_all + 1u, sizeof(*theirs));

	t->objects = sp_arena_array(&s->cli->arena, s->n_objects + 1u, sizeof(*t->objects));
	t->pods = sp_arena_array(&s->cli->arena, s->n_all + 1u, sizeof(*t->pods));
	t->of_session = sp_arena_array(&s->cli->arena, s->n_all + 1u, sizeof(*t->of_session));
	if (!theirs || !t->objects || !t->pods || !t->of_session)
		return sp_fail(err, SP_E_NO_MEMORY, "find pods");
	for (uint32_t i = 0; i < s->n_objects; i++)
		if (s->asked[i])
			t->objects[t->n_objects++] = s->objects[i];
	if (find_their_pods(s, theirs, err) < 0)
		return -1;
	for (uint32_t i = 0; i < s->n_all; i++) {
		if (!s->taken[i] && !theirs[i])
			continue;
		t->of_session[t->n_pods] = theirs[i];
		t->pods[t->n_pods++] = s->all[i];
	}
	return 0;
}

static int begin(struct search *s, const struct sp_place *place, struct sp_error *err)
{
	struct sp_takedown *t = s->t;

	if (sp_sessions_connect(s->cli, place, &t->links, &t->n_links, err) < 0 ||
	    sp_sessions_list(s->cli, t->links, t->n_links, NULL, NULL, &s->objects, &s->n_objects,
			     err) < 0 ||
	    sp_pods_list(s->cli, place, NULL, &s->all, &s->n_all, err) < 0)
		return -1;
	s->taken = sp_arena_array(&s->cli->arena, s->n_all + 1u, sizeof(*s->taken));
	s->asked = sp_arena_array(&s->cli->arena, s->n_objects + 1u, sizeof(*s->asked));
	return s->taken && s->asked ? 0 : sp_fail(err, SP_E_NO_MEMORY, "find pods");
}

int sp_takedown_find(struct sp_cli *cli, const struct sp_place *place, int argc, char **argv,
		     struct sp_takedown *ret, struct sp_error *err)
{
	struct search s = {.cli = cli, .t = ret};

	*ret = (struct sp_takedown){
		.grace_s = sp_flag_bool(cli, "now") ? 0 : sp_flag_int(cli, "grace", -1)};
	if (begin(&s, place, err) < 0)
		return -1;
	for (int i = 0; i < argc; i++)
		if (want_word(&s, place, argv[i], err) < 0)
			return -1;
	if (want_selected(&s, err) < 0 || want_files(&s, err) < 0)
		return -1;
	return gather(&s, err);
}

int sp_takedown_manifest(struct sp_cli *cli, const struct sp_place *place,
			 const struct sp_manifest *m, struct sp_takedown *ret, struct sp_error *err)
{
	struct search s = {.cli = cli, .t = ret};

	*ret = (struct sp_takedown){.grace_s = -1};
	if (begin(&s, place, err) < 0)
		return -1;
	for (uint32_t i = 0; i < m->n_objects; i++) {
		const struct sp_object *o = &m->objects[i];
		const struct wanted w = {sp_kind_name(o->kind), o->meta->ns ? o->meta->ns : "",
					 o->meta->name};

		if (o->kind == SP_KIND_POD || o->kind == SP_KIND_NAMESPACE ||
		    o->kind == SP_KIND_CONFIG_MAP || o->kind == SP_KIND_SECRET)
			continue;
		for (uint32_t k = 0; k < s.n_objects; k++)
			s.asked[k] |= is(&s.objects[k], &w);
	}
	return gather(&s, err);
}

void sp_takedown_done(struct sp_takedown *t)
{
	sp_sessions_hang_up(t->links, t->n_links);
}

int sp_takedown_ask(struct sp_cli *cli, struct sp_takedown *t, struct sp_error *err)
{
	for (uint32_t k = 0; k < t->n_links; k++) {
		SP_CLEANUP(sp_buf_done) struct sp_buf request = {0};
		struct sp_node *answer;

		if (!has_objects(t, &t->links[k]))
			continue;
		print_request(t, &t->links[k], false, &request);
		if (sp_session_call(cli, &t->links[k], &request, &answer, NULL, err) < 0 &&
		    err->code != SP_E_NOT_FOUND)
			return -1;
	}
	return 0;
}

int sp_takedown_wait(struct sp_cli *cli, struct sp_takedown *t, struct sp_error *err)
{
	for (uint32_t k = 0; k < t->n_links; k++) {
		struct sp_node *news;
		int r = has_objects(t, &t->links[k]) ? 1 : 0;

		/* a session that is over is waited for: what it held on the machine goes with it */
		while (r > 0 && (r = sp_session_news(cli, &t->links[k], &news, err)) > 0)
			if (sp_node_bool(sp_node_get(news, "done"), false) &&
			    !sp_node_bool(sp_node_get(news, "over"), false))
				break;
		if (r < 0)
			return -1;
	}
	return 0;
}
