/* SPDX-License-Identifier: Apache-2.0 */
/* Event names; see names.h. */
#include "sim/names.h"

#include "base/text.h"
#include "sim/expect.h"

static const char *const ctr_events[] = {
	"start",
	"started",
	"ready",
	"notready",
	"exit",
	"kill",
	"sigterm",
	"sigkill",
	"prestop.begin",
	"prestop.end",
	"poststart.begin",
	"poststart.end",
	"backoff",
	"pullfail",
	"starterror",
	"probe.startup",
	"probe.readiness",
	"probe.liveness",
	"probe.startup.done",
	"probe.readiness.done",
	"probe.liveness.done",
};

static const char *const pod_events[] = {
	"pod.accepted",       "pod.delete",    "pod.deadline",    "pod.terminating",
	"pod.finished",       "pod.phase.*",   "pod.cond.*=True", "pod.cond.*=False",
	"pod.cond.*=Unknown", "sandbox.ready", "sandbox.lost",
};

static bool known_event(const char *event, const char *const *list, size_t n)
{
	if (strchr(event, '*'))
		return true;
	for (size_t i = 0; i < n; i++)
		if (sp_expect_glob(list[i], event))
			return true;
	return false;
}

bool sp_expect_glob(const char *pattern, const char *text)
{
	const char *star = NULL, *back = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			back = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++back;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == 0;
}

int sp_happened_read(struct sp_arena *a, const struct sp_sim *s, struct sp_happened *ret)
{
	char mem[128];

	ret->spec = sp_sim_spec(s);
	ret->lines = sp_sim_lines(s, &ret->n);
	ret->names = sp_arena_array(a, ret->n + 1, sizeof(*ret->names));
	if (!ret->names)
		return -1;
	for (size_t i = 0; i < ret->n; i++) {
		struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

		if (ret->lines[i].kind != SP_SIM_FACT)
			continue;
		sp_fact_print(&ret->lines[i].act, &b);
		ret->names[i] = sp_arena_strdup(a, mem);
		if (!ret->names[i])
			return -1;
	}
	return 0;
}

static int parse_number(const char *s, uint32_t *ret)
{
	int64_t v;

	if (sp_parse_i64(s, 0, 1000000, &v) < 0)
		return -1;
	*ret = (uint32_t)v;
	return 0;
}

static bool names_a_ctr(const struct sp_pod_spec *spec, const char *pattern)
{
	for (uint16_t i = 0; i < spec->n_ctrs; i++)
		if (sp_expect_glob(pattern, spec->ctrs[i].name))
			return true;
	return false;
}

int sp_name_parse(const struct sp_scn_reader *r, const struct sp_node *at, const char *text,
		  const struct sp_pod_spec *spec, struct sp_name *ret)
{
	char *copy = sp_arena_strdup(r->arena, text), *dot, *hash, *mark;

	if (!copy)
		return sp_fail(r->err, SP_E_NO_MEMORY, "%s: read event names", r->file);
	*ret = (struct sp_name){.text = text, .nth = 1};
	mark = strrchr(copy, '@');
	if (mark && (parse_number(mark + 1, &ret->nth) < 0 || ret->nth == 0))
		return sp_scn_fail(r, at, "'%s': a number above 0 is needed behind @", text);
	if (mark)
		*mark = 0;
	ret->event = copy;
	dot = strchr(copy, '.');
	if (!dot)
		return sp_scn_fail(r, at, "'%s' is no event name: <container>.<event>", text);
	*dot = 0;
	if ((sp_streq(copy, "pod") || sp_streq(copy, "sandbox")) && !names_a_ctr(spec, copy)) {
		*dot = '.';
		if (!known_event(copy, pod_events, SP_ARRAY_LEN(pod_events)))
			return sp_scn_fail(r, at, "there is no event '%s'", text);
		return 0;
	}
	ret->ctr = copy;
	ret->event = dot + 1;
	hash = strchr(copy, '#');
	if (hash) {
		*hash = 0;
		if (sp_streq(hash + 1, "*"))
			ret->attempt = SP_NAME_ANY;
		else if (parse_number(hash + 1, &ret->attempt) < 0)
			return sp_scn_fail(r, at, "'%s': a number is needed behind #", text);
	} else if (strchr(copy, '*')) {
		ret->attempt = SP_NAME_ANY;
	}
	if (!names_a_ctr(spec, copy))
		return sp_scn_fail(r, at, "'%s': the pod has no container '%s'", text, copy);
	if (!known_event(ret->event, ctr_events, SP_ARRAY_LEN(ctr_events)))
		return sp_scn_fail(r, at, "there is no event '%s' of a container", ret->event);
	return 0;
}

static bool matches(const struct sp_happened *h, size_t i, const struct sp_name *n)
{
	const struct sp_action *a = &h->lines[i].act;

	if (!h->names[i] || (n->ctr == NULL) != (a->ctr == SP_NO_CTR))
		return false;
	if (n->ctr && ((n->attempt != SP_NAME_ANY && n->attempt != a->attempt) ||
		       !sp_expect_glob(n->ctr, h->spec->ctrs[a->ctr].name)))
		return false;
	return sp_expect_glob(n->event, h->names[i]);
}

const struct sp_sim_line *sp_name_find(const struct sp_happened *h, const struct sp_name *n)
{
	uint32_t seen = 0;

	for (size_t i = 0; i < h->n; i++)
		if (matches(h, i, n) && ++seen == n->nth)
			return &h->lines[i];
	return NULL;
}

uint32_t sp_name_count(const struct sp_happened *h, const struct sp_name *n)
{
	uint32_t seen = 0;

	for (size_t i = 0; i < h->n; i++)
		seen += matches(h, i, n);
	return seen;
}
