/* SPDX-License-Identifier: Apache-2.0 */
/* Looks words up in the tables; see explain.h. */
#include "explain/explain_internal.h"

#include "base/text.h"

static const struct sp_explained *const rule_tables[] = {
	sp_rules_model,  sp_rules_start, sp_rules_probe, sp_rules_term,
	sp_rules_status, sp_rules_env,   sp_rules_work,  sp_rules_control,
};

static bool same(const char *a, const char *b)
{
	return strlen(a) == strlen(b) && sp_edit_distance(a, b, 1) == 0;
}

const struct sp_explained *sp_explain_rule(const char *id)
{
	for (size_t t = 0; t < SP_ARRAY_LEN(rule_tables); t++)
		for (const struct sp_explained *e = rule_tables[t]; e->key; e++)
			if (same(e->key, id))
				return e;
	return NULL;
}

const struct sp_explained *sp_explain_reason(const char *reason)
{
	for (const struct sp_explained *e = sp_reasons; e->key; e++)
		if (same(e->key, reason))
			return e;
	return NULL;
}

size_t sp_explain_group(const char *group, const struct sp_explained **ret, size_t max)
{
	char name[16];
	size_t n = 0, len;

	for (size_t t = 0; t < SP_ARRAY_LEN(rule_tables); t++)
		for (const struct sp_explained *e = rule_tables[t]; e->key; e++) {
			len = strcspn(e->key, "-");
			if (len >= sizeof(name))
				continue;
			memcpy(name, e->key, len);
			name[len] = 0;
			if (!same(name, group))
				continue;
			if (n < max)
				ret[n] = e;
			n++;
		}
	return n;
}

void sp_explain_rules(struct sp_buf *out)
{
	for (size_t t = 0; t < SP_ARRAY_LEN(rule_tables); t++)
		for (const struct sp_explained *e = rule_tables[t]; e->key; e++)
			sp_buf_printf(out, "%s\t%s\n", e->key, e->text);
}

static void add_words(const struct sp_explained *table, struct sp_buf *out)
{
	for (const struct sp_explained *e = table; e->key; e++) {
		size_t n = strcspn(e->text, ".:;");

		sp_buf_printf(out, "%s\t%.*s\n", e->key, (int)SP_MIN(n, (size_t)60), e->text);
	}
}

void sp_explain_words(struct sp_buf *out)
{
	for (size_t t = 0; t < SP_ARRAY_LEN(rule_tables); t++)
		add_words(rule_tables[t], out);
	add_words(sp_reasons, out);
}

const char *sp_explain_nearest(const char *word)
{
	const char *best = NULL;
	unsigned best_distance = 4;

	for (size_t t = 0; t <= SP_ARRAY_LEN(rule_tables); t++) {
		const struct sp_explained *e =
			t < SP_ARRAY_LEN(rule_tables) ? rule_tables[t] : sp_reasons;

		for (; e->key; e++) {
			unsigned d = sp_edit_distance(word, e->key, best_distance);

			if (d < best_distance) {
				best_distance = d;
				best = e->key;
			}
		}
	}
	return best;
}
