/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What old companions left in command lines: calls that tell them to quit (M5), wrappers (M6),
 * loops that wait for their ports (M7) or for files (M8).
 */
#include "lint/script.h"
#include "lint/shell.h"
#include "migrate/migrate_internal.h"

#include <stdio.h>
#include <stdlib.h>

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_shell(const char *word)
{
	static const char *const shells[] = {"sh", "bash", "ash", "dash", "zsh"};

	for (size_t i = 0; i < SP_ARRAY_LEN(shells); i++)
		if (sp_streq(base_name(word), shells[i]))
			return true;
	return false;
}

/* Word @i of command and args together, as it stands in the manifest. */
static const struct sp_node *word_node(const struct mctr *c, uint32_t i)
{
	const struct sp_node *command = sp_node_get(c->k->node, "command");
	const struct sp_node *args = sp_node_get(c->k->node, "args");

	if (i < c->k->command.n)
		return command && i < command->n ? command->items[i] : NULL;
	i -= c->k->command.n;
	return args && i < args->n ? args->items[i] : NULL;
}

static const char *word(const struct mctr *c, uint32_t i)
{
	if (i < c->k->command.n)
		return c->k->command.v[i];
	i -= c->k->command.n;
	return i < c->k->args.n ? c->k->args.v[i] : NULL;
}

bool mig_find_script(const struct mctr *c, struct mig_script *ret)
{
	uint32_t i = 1;

	ret->node = NULL;
	if (!c->k->command.n || !is_shell(word(c, 0)))
		return false;
	while (word(c, i) && word(c, i)[0] == '-') {
		bool last = strchr(word(c, i), 'c') != NULL;

		i++;
		if (last)
			break;
	}
	if (!word(c, i) || strchr(word(c, i - 1), 'c') == NULL || word(c, i - 1)[0] != '-')
		return false;
	ret->node = word_node(c, i);
	if (!ret->node || word(c, i + 1))
		return false;
	sp_script_read(ret->node->text, ret->node->len, &ret->s);
	return true;
}

/* A port behind "localhost" or "127.0.0.1" in @text; 0 none. */
static int64_t local_port(const char *text)
{
	static const char *const hosts[] = {"localhost", "127.0.0.1", "[::1]"};

	for (size_t i = 0; i < SP_ARRAY_LEN(hosts); i++)
		for (const char *p = text; (p = strstr(p, hosts[i])) != NULL;) {
			p += strlen(hosts[i]);
			if (*p == ':' || *p == ' ' || *p == '/')
				if (strtol(p + 1, NULL, 10) > 0)
					return strtol(p + 1, NULL, 10);
		}
	return 0;
}

static bool begins(const char *text, const char *w)
{
	size_t n = strlen(w);

	return strncmp(text, w, n) == 0 && (!text[n] || strchr(" \t\n", text[n]));
}

static bool is_loop(const char *text)
{
	return begins(text, "while") || begins(text, "until") || begins(text, "for");
}

/* Does the statement wait and do nothing else? */
static bool only_waits(struct mpod *p, const char *text)
{
	const char *const argv[] = {"sh", "-c", text};
	struct sh sh;

	sh_parse(&p->m->arena, argv, SP_ARRAY_LEN(argv), &sh);
	return sh_only_waits(&sh);
}

static bool is_wait_tool(const char *text)
{
	const char *name = base_name(text);
	size_t len = strcspn(text, " \t\n");

	while (name > text + len)
		name = text;
	for (const char *p = text; p < text + len; p++)
		if (*p == '/')
			name = p + 1;
	return begins(name, "wait-for-it") || begins(name, "wait-for-it.sh") ||
	       begins(name, "wait-for") || begins(name, "dockerize");
}

static struct mctr *owner_of(struct mpod *p, const struct mctr *self, int64_t port)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (&p->c[i] != self && mig_is_sidecar(&p->c[i]) && mig_serves(&p->c[i], port))
			return &p->c[i];
	return NULL;
}

/* Is there a sidecar, as it is or as it becomes? An injected one cannot be seen. */
static bool has_companion(const struct mpod *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (!p->c[i].removed && mig_is_sidecar(&p->c[i]))
			return true;
	return false;
}

/* Return: rule by which a statement goes, NULL when it stays. */
static const char *verdict(struct mpod *p, struct mctr *c, const struct sp_statement *st,
			   const char *text)
{
	int64_t port = local_port(text);
	struct mctr *owner;

	if (c->role == SP_ROLE_APP && !c->moves && mig_is_done_call(p, text))
		return "M8";
	if (c->role == SP_ROLE_APP && !c->moves && mig_quits(p, text)) {
		if (!has_companion(p)) {
			mig_manual(p, "M5", c, c->k->node->at,
				   "a call ends a companion that is not in this manifest: take it "
				   "out when that one is a native sidecar, injected as such");
			return NULL;
		}
		if (begins(text, "trap") || !st->compound)
			return "M5";
		mig_manual(p, "M5", c, c->k->node->at,
			   "a call that ends a companion stands inside another command: take it "
			   "out by hand");
		return NULL;
	}
	if (!(st->compound && is_loop(text)) && !is_wait_tool(text))
		return NULL;
	if (!port)
		return is_loop(text) && mig_file_loop(p, c, text) ? "M8" : NULL;
	if (!only_waits(p, text) && !begins(text, "until") && !begins(text, "while !"))
		return NULL; /* it works with the port */
	owner = owner_of(p, c, port);
	if (owner && only_waits(p, text) && !strstr(text, " -- ") &&
	    !(begins(base_name(text), "dockerize") && st->to - st->from > 80)) {
		owner->gate_rule = "M7";
		return "M7";
	}
	mig_manual(p, "M7", c, c->k->node->at,
		   owner ? "it waits for localhost:%lld in its own way; the start gate of the "
			   "sidecar makes that unnecessary"
			 : "it waits for localhost:%lld, and no sidecar of this pod is known to "
			   "serve that",
		   (long long)port);
	return NULL;
}

/* Put the script that is left into the manifest; one plain command needs no shell. */
static int replace_script(struct mpod *p, struct mctr *c, const struct mig_script *f,
			  const struct sp_buf *left, struct sp_error *err)
{
	struct sp_arena *a = &p->m->arena;
	const struct sp_node *command = sp_node_get(c->k->node, "command");
	const char *w[64];
	uint32_t n = sp_script_words(a, left->ptr, left->len, w, SP_ARRAY_LEN(w));
	struct sp_node *list, *text;

	if (n == 0) {
		text = sp_node_new(a, SP_NODE_STR);
		if (!text)
			return sp_fail(err, SP_E_NO_MEMORY, "migrate");
		text->text = sp_arena_strndup(a, left->ptr, left->len);
		text->len = (uint32_t)left->len;
		return sp_edit_scalar(p->edits, f->node, text, err);
	}
	list = sp_node_new(a, SP_NODE_LIST);
	for (uint32_t i = 0; list && i < n; i++)
		if (sp_node_push(a, list, sp_node_new_str(a, w[i])) < 0)
			return sp_fail(err, SP_E_NO_MEMORY, "migrate");
	/* the words of the list take the place of the shell's, in the list's own style */
	for (uint32_t i = 0; command && i < command->n; i++)
		if (sp_edit_remove_item(p->edits, command, i, err) < 0)
			return -1;
	for (uint32_t i = 0; list && command && i < n; i++)
		if (sp_edit_insert_item(p->edits, command, command->n, list->items[i], err) < 0)
			return -1;
	return sp_edit_remove(p->edits, c->k->node, "args", err);
}

/* M8: what ran beside a loop that waited for a file runs alone. */
static void only_program(struct mpod *p, struct mctr *c, const struct mig_script *f)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf left = {0};
	struct sp_error err = {0};
	const char *w[64];

	/* without a shell, or in its place, so that SIGTERM reaches it */
	sp_buf_printf(
		&left, "%s%s",
		sp_script_words(&p->m->arena, c->program, strlen(c->program), w, SP_ARRAY_LEN(w))
			? ""
			: "exec ",
		c->program);
	if (left.failed || !mig_done(p, replace_script(p, c, f, &left, &err), "M8", c, f->node->at,
				     "run the program alone"))
		return;
	mig_step(p, "M8", c, f->node->at,
		 "no longer waits for %s: it is stopped when the apps have ended", c->done);
	if (!p->m->no_memory)
		p->m->steps[p->m->n_steps - 1].ends = true;
}

/* What was told of @c since step @from does not happen. */
static void take_back(struct mpod *p, const struct mctr *c, uint32_t from)
{
	struct sp_migration *m = p->m;
	uint32_t kept = from;

	for (uint32_t i = from; i < m->n_steps; i++) {
		const struct sp_mig_step *s = &m->steps[i];

		if (s->manual || !s->container || !sp_streq(s->container, c->k->name))
			m->steps[kept++] = *s;
	}
	m->n_steps = kept;
}

static void clean_script(struct mpod *p, struct mctr *c)
{
	bool gone[SP_STATEMENTS_MAX] = {0}, saved = false, done_call = false;
	SP_CLEANUP(sp_buf_done) struct sp_buf left = {0};
	struct mig_script f;
	const char *first = NULL;
	struct sp_error err = {0};
	uint32_t n_gone = 0, last_quit = 0, told = p->m->n_steps;

	if (!mig_find_script(c, &f))
		return;
	if (c->program) {
		only_program(p, c, &f);
		return;
	}
	for (uint32_t i = 0; i < f.s.n; i++) {
		const struct sp_statement *st = &f.s.v[i];
		const char *text =
			sp_arena_strndup(&p->m->arena, f.s.text + st->from, st->to - st->from);
		const char *rule = text ? verdict(p, c, st, text) : NULL;

		saved |= text && strstr(text, "$?");
		if (!rule)
			continue;
		gone[i] = true;
		done_call |= sp_streq(rule, "M8") && !st->compound;
		n_gone++;
		if (!first || sp_streq(rule, "M5"))
			first = rule;
		if (sp_streq(rule, "M5"))
			last_quit = i + 1;
		if (sp_streq(rule, "M7"))
			mig_step(p, "M7", c, f.node->at,
				 "the loop that waits for localhost:%lld goes; the sidecar's start "
				 "gate does that",
				 (long long)local_port(text));
	}
	if (!n_gone)
		return;
	if (!sp_script_without(&f.s, gone, &left) || left.failed) {
		take_back(p, c, told);
		mig_manual(p, first, c, f.node->at,
			   "the script is too involved to take the call or the loop out of it "
			   "safely: do it by hand");
		return;
	}
	if (!mig_done(p, replace_script(p, c, &f, &left, &err), first, c, f.node->at,
		      "take the call out of the script"))
		return;
	if (done_call)
		mig_step(
			p, "M8", c, f.node->at,
			"what told a companion by a file that the work is done goes: the companion "
			"is stopped when the apps have ended");
	if (!last_quit)
		return;
	mig_step(p, "M5", c, f.node->at, "the call that ended a companion goes");
	if (!saved && last_quit == f.s.n)
		mig_hazard(p, "M5", c,
			   "the exit code is now that of the real command, not of the call; if the "
			   "manifest must also run before Kubernetes 1.29, keep the old form");
}

/* ---- wrappers ---------------------------------------------------------------------------------
 */

static bool is_under(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	while (n && dir[n - 1] == '/')
		n--;
	return strncmp(path, dir, n) == 0 && (path[n] == '/' || !path[n]);
}

static bool is_volume_used(const struct mpod *p, const char *name, const char *const *dirs)
{
	for (uint32_t i = 0; i < p->n; i++)
		for (uint32_t k = 0; !p->c[i].removed && k < p->c[i].k->mounts.n; k++) {
			const struct sp_k_mount *m = &p->c[i].k->mounts.v[k];

			if (sp_streq(m->name, name) &&
			    !(dirs[0] && is_under(dirs[0], m->mount_path)) &&
			    !(dirs[1] && is_under(dirs[1], m->mount_path)))
				return true;
		}
	return false;
}

/* Take the items out that @gone names, and the key when none is left. */
static int remove_items(struct mpod *p, const struct sp_node *map, const char *key,
			const bool *gone, uint32_t n, struct sp_error *err)
{
	const struct sp_node *list = sp_node_get(map, key);
	uint32_t n_gone = 0;

	for (uint32_t i = 0; i < n; i++)
		n_gone += gone[i];
	if (n_gone == n)
		return n ? sp_edit_remove(p->edits, map, key, err) : 0;
	for (uint32_t i = 0; i < n; i++)
		if (gone[i] && sp_edit_remove_item(p->edits, list, i, err) < 0)
			return -1;
	return 0;
}

/* The volumes that a wrapper needed: its program and its tombstones. */
static int drop_volumes(struct mpod *p, const char *const *dirs, struct sp_error *err)
{
	bool *gone = sp_arena_array(&p->m->arena, p->spec->volumes.n + 1, sizeof(*gone));

	if (!gone)
		return sp_fail(err, SP_E_NO_MEMORY, "migrate");
	for (uint32_t i = 0; i < p->spec->volumes.n; i++) {
		const char *name = p->spec->volumes.v[i].name;

		for (uint32_t c = 0; c < p->n; c++)
			for (uint32_t k = 0; k < p->c[c].k->mounts.n; k++) {
				const struct sp_k_mount *m = &p->c[c].k->mounts.v[k];

				gone[i] |= sp_streq(m->name, name) &&
					   ((dirs[0] && is_under(dirs[0], m->mount_path)) ||
					    (dirs[1] && is_under(dirs[1], m->mount_path)));
			}
		gone[i] = gone[i] && !is_volume_used(p, name, dirs);
	}
	for (uint32_t c = 0; c < p->n; c++) {
		const struct sp_k_container *k = p->c[c].k;
		bool *mounts = sp_arena_array(&p->m->arena, k->mounts.n + 1, sizeof(*mounts));

		if (!mounts)
			return sp_fail(err, SP_E_NO_MEMORY, "migrate");
		for (uint32_t i = 0; i < k->mounts.n; i++)
			for (uint32_t v = 0; v < p->spec->volumes.n; v++)
				mounts[i] |= gone[v] && sp_streq(p->spec->volumes.v[v].name,
								 k->mounts.v[i].name);
		if (!p->c[c].removed &&
		    remove_items(p, k->node, "volumeMounts", mounts, k->mounts.n, err) < 0)
			return -1;
	}
	return remove_items(p, p->spec->node, "volumes", gone, p->spec->volumes.n, err);
}

/* An init container that only copies the wrapper into place. */
static int drop_copier(struct mpod *p, const char *name, struct sp_error *err)
{
	for (uint32_t i = 0; i < p->n_init; i++) {
		struct mctr *c = &p->c[i];

		if (c->role != SP_ROLE_INIT || c->removed || !strstr(c->words, name) ||
		    (!strstr(c->words, "cp ") && !strstr(c->words, "install")))
			continue;
		if (sp_edit_remove_item(p->edits, c->list, c->index, err) < 0)
			return -1;
		c->removed = true;
		mig_step(p, "M6", c, c->k->node->at, "it only copied %s into place and goes", name);
	}
	return 0;
}

static int unwrap(struct mpod *p, struct mctr *c, const struct sp_wrapper *w, struct sp_error *err)
{
	const struct sp_node *command = sp_node_get(c->k->node, "command");
	bool *gone = sp_arena_array(&p->m->arena, c->k->env.n + 1, sizeof(*gone));
	uint32_t n = 1;

	if (!gone)
		return sp_fail(err, SP_E_NO_MEMORY, "migrate");
	for (uint32_t i = 0; i < c->k->env.n; i++)
		gone[i] = c->k->env.v[i].name && sp_has_prefix(w->env, c->k->env.v[i].name);

	if (sp_streq(w->name, "linkerd-await")) {
		while (word(c, n) && word(c, n)[0] == '-' && !sp_streq(word(c, n), "--"))
			n++;
		n += word(c, n) && sp_streq(word(c, n), "--");
	}
	if (n > c->k->command.n || (n == c->k->command.n && !c->k->args.n))
		return sp_fail(err, SP_E_UNSUPPORTED, "nothing is left behind %s", w->name);
	if (remove_items(p, c->k->node, "env", gone, c->k->env.n, err) < 0)
		return -1;
	if (n == c->k->command.n) /* what it ran stands in args */
		return sp_edit_remove(p->edits, c->k->node, "command", err) < 0
			       ? -1
			       : sp_edit_rename(p->edits, c->k->node, "args", "command", err);
	for (uint32_t i = 0; i < n; i++)
		if (sp_edit_remove_item(p->edits, command, i, err) < 0)
			return -1;
	return 0;
}

static const char *env_value(const struct mctr *c, const char *name)
{
	for (uint32_t i = 0; i < c->k->env.n; i++)
		if (c->k->env.v[i].name && sp_streq(c->k->env.v[i].name, name))
			return c->k->env.v[i].value;
	return NULL;
}

static const char *dir_of(struct mpod *p, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash > path ? sp_arena_strndup(&p->m->arena, path, (size_t)(slash - path))
				     : NULL;
}

static void clean_wrapper(struct mpod *p, struct mctr *c, const char **dirs,
			  const struct sp_wrapper **seen)
{
	const char *first = word(c, 0);
	struct sp_error err = {0};

	for (size_t i = 0; first && c->k->command.n && i < sp_wrappers_n; i++) {
		const struct sp_wrapper *w = &sp_wrappers[i];

		if (!sp_streq(base_name(first), w->name))
			continue;
		if (!has_companion(p)) {
			mig_manual(p, "M6", c, c->k->node->at,
				   "%s waits for a companion that is not in this manifest: take it "
				   "off when that one is a native sidecar, injected as such",
				   w->name);
			return;
		}
		if (!mig_done(p, unwrap(p, c, w, &err), "M6", c, c->k->node->at,
			      "take the wrapper off"))
			return;
		mig_step(p, "M6", c, c->k->node->at,
			 "%s goes: containers are ordered by themselves", w->name);
		mig_hazard(p, "M6", c, "timeouts that %s had are now those of startup probes",
			   w->name);
		*seen = w;
		for (uint32_t k = 0; k < p->n; k++)
			if (env_value(c, "KUBEXIT_BIRTH_DEPS") && mig_is_sidecar(&p->c[k]) &&
			    strstr(env_value(c, "KUBEXIT_BIRTH_DEPS"), p->c[k].k->name))
				p->c[k].gate_rule = "M6";
		if (!dirs[0])
			dirs[0] = dir_of(p, first);
		if (!dirs[1])
			dirs[1] = env_value(c, "KUBEXIT_GRAVEYARD");
		return;
	}
}

void mig_commands(struct mpod *p)
{
	const char *dirs[2] = {NULL, NULL};
	const struct sp_wrapper *w = NULL;
	struct sp_error err = {0};

	mig_done_files(p);
	for (uint32_t i = 0; i < p->n; i++)
		if (!p->c[i].removed && mig_here(p, &p->c[i]))
			clean_script(p, &p->c[i]);
	for (uint32_t i = 0; i < p->n; i++)
		if (!p->c[i].removed && mig_here(p, &p->c[i]))
			clean_wrapper(p, &p->c[i], dirs, &w);
	if (w && (drop_copier(p, w->name, &err) < 0 || drop_volumes(p, dirs, &err) < 0))
		mig_manual(p, "M6", NULL, p->spec->node->at, "volumes of %s are left: %s", w->name,
			   err.text);
}
