/* SPDX-License-Identifier: Apache-2.0 */
/* Judging: pods are modelled, rules are asked, doubles are dropped, ignores are honoured. */
#include "lint/lint_internal.h"

#include <stdlib.h>

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
