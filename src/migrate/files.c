/* SPDX-License-Identifier: Apache-2.0 */
/* M8: containers that wait for each other's files on a shared volume; order takes their place. */
#include "migrate/migrate_internal.h"

#include <stdlib.h>

static bool begins(const char *text, const char *w)
{
	size_t n = strlen(w);

	return strncmp(text, w, n) == 0 && (!text[n] || strchr(" \t\n", text[n]));
}

/* The path of "-f PATH", "-e PATH" or "-s PATH" in a test; NULL none. */
static const char *tested_file(struct mpod *p, const char *text)
{
	static const char *const tests[] = {" -f ", " -e ", " -s "};

	for (size_t i = 0; i < SP_ARRAY_LEN(tests); i++) {
		const char *at = strstr(text, tests[i]);
		size_t n;

		if (!at)
			continue;
		at += 4;
		at += strspn(at, "\"'");
		n = strcspn(at, " \t\n;]\"'");
		if (n && *at == '/')
			return sp_arena_strndup(&p->m->arena, at, n);
	}
	return NULL;
}

static bool writes_file(const struct mctr *c, const char *path)
{
	const char *at = c->words;
	size_t n = strlen(path);

	while ((at = strstr(at, path)) != NULL) {
		const char *before = at;

		while (before > c->words && strchr(" \"'", before[-1]))
			before--;
		if (strchr(" \t\n;\"'&|", at[n]) &&
		    ((before > c->words && before[-1] == '>') ||
		     (before - c->words >= 5 && memcmp(before - 5, "touch", 5) == 0)))
			return true;
		at += n;
	}
	return false;
}

static const char *text_of(struct mpod *p, const struct mig_script *s, uint32_t i)
{
	const struct sp_statement *st = &s->s.v[i];
	const char *text = sp_arena_strndup(&p->m->arena, s->s.text + st->from, st->to - st->from);

	p->m->no_memory |= !text;
	return text ? text : "";
}

/* ---- a file that says: it is up ---------------------------------------------------------------
 */

/* Is writing @path the last thing that a script does, one statement after the other? */
static bool ends_with(struct mpod *p, const struct mctr *c, const char *path)
{
	struct mig_script f;
	const char *last;

	if (!mig_find_script(c, &f) || f.s.odd || f.s.n == 0)
		return false;
	for (uint32_t i = 0; i < f.s.n; i++)
		if (sp_streq(f.s.v[i].joined, "&") || begins(text_of(p, &f, i), "trap"))
			return false;
	last = text_of(p, &f, f.s.n - 1);
	return !f.s.v[f.s.n - 1].compound && strstr(last, path) &&
	       (begins(last, "touch") || strchr(last, '>'));
}

/*
 * May @c run alone, before the apps? Not when it waits for a file that another container writes,
 * nor when it calls a port of the pod that no sidecar serves: an app may well be there.
 */
static bool stands_alone(struct mpod *p, const struct mctr *c)
{
	static const char *const hosts[] = {"localhost:", "127.0.0.1:", "localhost ", "127.0.0.1 "};
	struct mig_script f;

	for (uint32_t i = 0; mig_find_script(c, &f) && i < f.s.n; i++) {
		const char *file = tested_file(p, text_of(p, &f, i));

		for (uint32_t k = 0; file && k < p->n; k++)
			if (&p->c[k] != c && writes_file(&p->c[k], file))
				return false;
	}
	for (size_t i = 0; i < SP_ARRAY_LEN(hosts); i++)
		for (const char *at = c->words; (at = strstr(at, hosts[i])) != NULL;) {
			bool served = false;

			at += strlen(hosts[i]);
			for (uint32_t k = 0; k < p->n; k++)
				served |= &p->c[k] != c && mig_is_sidecar(&p->c[k]) &&
					  mig_serves(&p->c[k], strtol(at, NULL, 10));
			if (!served)
				return false;
		}
	return true;
}

bool mig_file_loop(struct mpod *p, struct mctr *c, const char *text)
{
	const char *path = tested_file(p, text);

	for (uint32_t i = 0; path && i < p->n; i++) {
		struct mctr *other = &p->c[i];

		if (other == c || !writes_file(other, path))
			continue;
		if (mig_is_sidecar(other) && c->role == SP_ROLE_APP && !c->moves &&
		    other->n_files < MIG_FILES_MAX) {
			other->gate_rule = "M8";
			other->files[other->n_files++] = path;
			mig_step(p, "M8", c, c->k->node->at,
				 "no longer waits for %s: %s starts first, and is up when it has "
				 "written it",
				 path, other->k->name);
			mig_hazard(p, "M8", other,
				   "%s survives a restart of the container, so the gate passes at "
				   "once the second time; the image needs test(1)",
				   path);
			return true;
		}
		if (p->job_like && other->role == SP_ROLE_APP && !other->moves &&
		    c->role == SP_ROLE_APP && !c->moves && mig_wanted(p, other) &&
		    ends_with(p, other, path) && !mig_needs(other, c) && stands_alone(p, other)) {
			other->moves = other->ends = true;
			other->why = "M8";
			mig_step(p, "M8", other, other->k->node->at,
				 "becomes a plain init container: it ends when it has written %s, "
				 "and %s starts then",
				 path, c->k->name);
			mig_hazard(p, "M8", other,
				   "it now runs before the apps, not beside them; its failure "
				   "keeps them from starting");
			return true;
		}
		/* an init container has ended when an app starts */
		if (other->role == SP_ROLE_INIT && !other->moves && c->role == SP_ROLE_APP &&
		    !c->moves) {
			mig_step(p, "M8", c, c->k->node->at,
				 "no longer waits for %s: %s has ended before it starts", path,
				 other->k->name);
			return true;
		}
		mig_manual(p, "M8", c, c->k->node->at,
			   "the file %s couples %s and %s: replace it by the order of containers",
			   path, c->k->name, other->k->name);
		return false;
	}
	return false;
}

/* ---- a file that says: the work is done -------------------------------------------------------
 */

/* Nothing but waiting between "do" and "done"? */
static bool only_waits(const char *loop)
{
	static const char marks[] = " \t\n;";
	const char *at = loop;

	while ((at = strstr(at, "do")) != NULL && (!strchr(marks, at[-1]) || !begins(at, "do")))
		at += 2;
	if (!at)
		return false;
	for (at += 2; *at; at += strcspn(at, marks)) {
		at += strspn(at, marks);
		if (begins(at, "done") || sp_streq(at, "done"))
			return true;
		if (strncmp(at, "sleep ", 6) == 0) {
			at += 6;
			at += strspn(at, "0123456789.");
		} else if (strcspn(at, marks) != 1 || *at != ':') {
			return false;
		}
	}
	return false;
}

static bool is_end(const char *text)
{
	return begins(text, "kill") || begins(text, "wait") || begins(text, "exit");
}

/* "program & PID=$!; while [ ! -f FILE ]; do sleep 1; done; kill $PID": which program and file. */
static bool waits_to_end(struct mpod *p, const struct mig_script *f, const char **program,
			 const char **path)
{
	uint32_t i = 1;
	const char *loop;

	if (f->s.odd || f->s.n < 2 || f->s.v[0].compound || !sp_streq(f->s.v[0].joined, "&"))
		return false;
	*program = text_of(p, f, 0);
	if (strstr(text_of(p, f, i), "=$!"))
		i++;
	if (i >= f->s.n || !f->s.v[i].compound)
		return false;
	loop = text_of(p, f, i++);
	*path = begins(loop, "while") || begins(loop, "until") ? tested_file(p, loop) : NULL;
	if (!*path || !only_waits(loop))
		return false;
	while (i < f->s.n && is_end(text_of(p, f, i)))
		i++;
	return i == f->s.n;
}

void mig_done_files(struct mpod *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		struct mctr *c = &p->c[i];
		const char *program, *path;
		struct mig_script f;

		if (!mig_is_sidecar(c) || !mig_find_script(c, &f) ||
		    !waits_to_end(p, &f, &program, &path))
			continue;
		for (uint32_t k = 0; k < p->n; k++)
			if (k != i && writes_file(&p->c[k], path)) {
				c->done = path;
				c->program = program;
			}
	}
}

bool mig_is_done_call(const struct mpod *p, const char *text)
{
	if (!begins(text, "touch") && !begins(text, "trap") && !strchr(text, '>'))
		return false;
	for (uint32_t i = 0; i < p->n; i++) {
		const char *done = p->c[i].done, *at = done ? strstr(text, done) : NULL;

		/* a trap that does more than that is not understood */
		if (at && (begins(text, "touch") || begins(text, ":") || begins(text, "echo") ||
			   (begins(text, "trap") && !strpbrk(text, ";&|"))))
			return true;
	}
	return false;
}
