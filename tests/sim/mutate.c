/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do scenarios prove anything? Each value that a scenario expects is changed, one at a time, and
 *the scenario must fail then; so must one with a key that nobody knows, anywhere below `expect`.
 *
 *	mutate FILE…
 */
#include "sim/check.h"
#include "spec/load.h"

#include <stdio.h>
#include <stdlib.h>

/* Keys of a calc table that are results; everything else is input. */
static const char *const results[] = {"cpu",         "qos",           "adj",
				      "shares",      "podWeight",     "quota",
				      "policy",      "text",          "argv",
				      "result",      "next",          "surge",
				      "message",     "unavailable",   "containerWeight",
				      "lines",       "errors",        "invalid",
				      "errorSuffix", "clientMessage", "clientMessageFirstLine"};
/* Not compared by themselves. */
static const char *const silent[] = {"horizon", "tolerance", "note", "until", "event"};
/* Texts that nothing can be compared with: any other reason would do. */
static const char *const any_text[] = {"neverEvents"};

struct mutator {
	const char *file;
	const struct sp_scenario *s;
	struct sp_arena *a;
	struct sp_node *entry; /* whole; changed and restored */
	bool calc;
	unsigned tried, survived;
};

static bool listed(const char *const *v, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (sp_streq(v[i], word))
			return true;
	return false;
}

/* Does it still pass? */
static bool passes(const struct mutator *m)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf text = {0}, out = {0};
	struct sp_tally tally = {0};
	struct sp_source src = {.name = m->file};
	struct sp_error err;

	sp_buf_puts(&text, "{\"scenarios\":[");
	sp_node_json(m->entry, -1, &text);
	sp_buf_puts(&text, "]}");
	src.bytes = text.ptr;
	src.len = text.len;
	if (text.failed ||
	    sp_check_source(&src, &(struct sp_scn_outside){36}, &out, &tally, &err) < 0)
		abort();
	return tally.failed == 0;
}

static void judge(struct mutator *m, const char *path, const struct sp_node *at, const char *how)
{
	m->tried++;
	if (!passes(m))
		return;
	m->survived++;
	printf("%s:%u: %s: %s%s passes all the same\n", m->file, at->at.line, m->s->id, path, how);
}

static bool is_range(const struct sp_node *n)
{
	return n->kind == SP_NODE_LIST && n->n == 2 &&
	       (n->items[0]->kind == SP_NODE_INT || n->items[0]->kind == SP_NODE_FLOAT) &&
	       (n->items[1]->kind == SP_NODE_INT || n->items[1]->kind == SP_NODE_FLOAT);
}

static void swap(struct sp_node *a, struct sp_node *b)
{
	struct sp_node t = *a;

	*a = *b;
	*b = t;
}

static void parse(struct mutator *m, const char *text, struct sp_node *ret)
{
	const struct sp_source src = {m->file, text, strlen(text)};
	struct sp_diags diags;
	struct sp_node **docs;
	uint32_t n;

	sp_diags_init(&diags, m->a);
	if (sp_yaml_parse(m->a, &src, &diags, &docs, &n) < 0 || n != 1)
		abort();
	*ret = *docs[0];
}

/* @n becomes @text for one look. */
static void try_as(struct mutator *m, const char *path, struct sp_node *n, const char *text)
{
	char how[96];
	struct sp_buf b = sp_buf_fixed(how, sizeof(how));
	struct sp_node other;

	parse(m, text, &other);
	other.at = n->at;
	swap(n, &other);
	sp_buf_printf(&b, " as %s", text);
	judge(m, path, n, how);
	swap(n, &other);
}

static void mutate(struct mutator *m, const char *path, const char *key, struct sp_node *n);

static void mutate_map(struct mutator *m, const char *path, struct sp_node *n)
{
	if (!m->calc) {
		struct sp_node *copy = sp_node_clone(m->a, n);

		if (!copy || sp_node_set(m->a, copy, "nobody-knows", sp_node_new_int(m->a, 1)) < 0)
			abort();
		swap(n, copy);
		judge(m, path, n, " with an unknown key");
		swap(n, copy);
	}
	for (uint32_t i = 0; i < n->n; i++) {
		const char *key = n->pairs[i].key;
		const char *down = sp_arena_printf(m->a, "%s.%s", path, key);

		if ((listed(silent, SP_ARRAY_LEN(silent), key) ||
		     listed(any_text, SP_ARRAY_LEN(any_text), key)) &&
		    !m->calc)
			continue;
		/* where an exit code stands the policy is input; so is the class beside a score */
		if (m->calc && ((sp_streq(key, "policy") && sp_node_get(n, "exitCode")) ||
				(sp_streq(key, "qos") && sp_node_get(n, "adj"))))
			continue;
		if (m->calc && !listed(results, SP_ARRAY_LEN(results), key))
			continue;
		mutate(m, down, key, n->pairs[i].value);
	}
}

static void mutate(struct mutator *m, const char *path, const char *key, struct sp_node *n)
{
	bool less = sp_streq(key, "max") || sp_streq(key, "maxPods"),
	     in_never = strstr(path, ".never[") != NULL;
	bool snapshot_time = sp_streq(key, "at") && strstr(path, ".status[");
	char text[256];
	struct sp_buf b = sp_buf_fixed(text, sizeof(text));

	if (is_range(n)) {
		sp_buf_printf(&b, "[%g, %g]", n->items[0]->f + 1000, n->items[1]->f + 1000);
		try_as(m, path, n, text);
		return;
	}
	switch (n->kind) {
	case SP_NODE_MAP:
		mutate_map(m, path, n);
		break;
	case SP_NODE_LIST:
		for (uint32_t i = 0; i < n->n; i++)
			mutate(m, sp_arena_printf(m->a, "%s[%u]", path, i), "", n->items[i]);
		break;
	case SP_NODE_INT:
	case SP_NODE_FLOAT:
		sp_buf_printf(&b, "%g", n->f + (less ? -1000 : 7));
		if (!snapshot_time) /* what holds then may hold later, too */
			try_as(m, path, n, text);
		if (!m->calc) /* of the wrong kind */
			try_as(m, path, n, "{}");
		break;
	case SP_NODE_BOOL:
		try_as(m, path, n, n->b ? "false" : "true");
		break;
	case SP_NODE_STR:
		if (in_never && m->s->kind == SP_SCN_POD) /* this happens to every pod */
			try_as(m, path, n, "sandbox.ready");
		if (in_never && m->s->kind == SP_SCN_CRON_JOB) /* of any job */
			break;
		if (m->calc && strncmp(path, "invalid", 7) == 0) { /* of schedules */
			try_as(m, path, n, "\"* * * * *\"");
			break;
		}
		sp_buf_json(&b, n->text);
		if (!b.failed && b.len > 1) {
			text[b.len - 1] = '\0';
			b.len--;
			sp_buf_puts(&b, " changed\"");
			if (!b.failed)
				try_as(m, path, n, text);
		}
		break;
	case SP_NODE_NULL:
		break;
	}
}

static void mutate_scenario(const char *file, const struct sp_scenario *s, struct mutator *total)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct mutator m = {.file = file, .s = s, .a = &a};
	struct sp_node *n;

	m.entry = sp_node_clone(&a, s->node);
	if (!m.entry)
		abort();
	if (s->kind == SP_SCN_PROBE)
		return; /* real servers: too slow for this */
	if (!passes(&m)) {
		printf("%s: %s does not pass by itself\n", file, s->id);
		total->survived++;
		return;
	}
	if (s->kind == SP_SCN_CALC || s->kind == SP_SCN_VALIDATION) {
		m.calc = true;
		n = (struct sp_node *)(uintptr_t)sp_node_get(m.entry, "cases");
		if (n)
			mutate(&m, "cases", "cases", n);
		for (size_t i = 0; i < SP_ARRAY_LEN(results); i++)
			if ((n = (struct sp_node *)(uintptr_t)sp_node_get(m.entry, results[i])))
				mutate(&m, results[i], results[i], n);
	} else {
		n = (struct sp_node *)(uintptr_t)sp_node_get(m.entry, "expect");
		if (n)
			mutate(&m, "expect", "expect", n);
	}
	total->tried += m.tried;
	total->survived += m.survived;
}

static void mutate_file(const char *path, struct mutator *total)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_source src = {.name = path};
	struct sp_scenario *v;
	struct sp_diags diags;
	char mem[4096];
	uint32_t n;
	size_t got;
	FILE *f = fopen(path, "re");

	while (f && (got = fread(mem, 1, sizeof(mem), f)) > 0)
		sp_buf_add(&b, mem, got);
	if (!f || fclose(f) != 0)
		abort();
	src.bytes = b.ptr;
	src.len = b.len;
	sp_diags_init(&diags, &a);
	if (sp_scenarios_read(&a, &src, &diags, &v, &n) < 0)
		abort();
	for (uint32_t i = 0; i < n; i++)
		mutate_scenario(path, &v[i], total);
}

int main(int argc, char **argv)
{
	struct mutator total = {0};

	for (int i = 1; i < argc; i++)
		mutate_file(argv[i], &total);
	printf("%u changes, %u unnoticed\n", total.tried, total.survived);
	return total.survived ? 1 : 0;
}
