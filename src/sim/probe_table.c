/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `probe` scenarios: answers of a server, in words, and what a probe makes of each (PROBE-21). The
 * words are understood here; a server that gives the answer, and the probe, are the caller's.
 */
#include "sim/expect.h"
#include "sim/tables.h"

#include <stdlib.h>

#define BODY_BIG ((size_t)12 << 10) /* more than a probe reads */

static bool skip_word(const char **p, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*p, word, n) != 0)
		return false;
	*p += n;
	return true;
}

static bool skip_status(const char **p, int *ret)
{
	const char *s = *p;

	if (*s < '1' || *s > '9' || s[1] < '0' || s[1] > '9' || s[2] < '0' || s[2] > '9' ||
	    (s[3] >= '0' && s[3] <= '9'))
		return false;
	*ret = (s[0] - '0') * 100 + (s[1] - '0') * 10 + (s[2] - '0');
	*p += 3;
	return true;
}

static bool skip_count(const char **p, uint32_t *ret)
{
	char *end;
	unsigned long n = strtoul(*p, &end, 10);

	if (end == *p || **p < '1' || **p > '9' || n > SP_TABLE_REDIRECTS_MAX)
		return false;
	*ret = (uint32_t)n;
	*p = end;
	return true;
}

/* "302 to the same host name, target answers 500", … Return: false when not understood. */
static bool read_answer(const char *p, struct sp_table_answer *ret)
{
	*ret = (struct sp_table_answer){0};
	if (sp_streq(p, "connection refused")) {
		ret->refuses = true;
		return true;
	}
	if (skip_word(&p, "HTTPS with self-signed certificate, "))
		ret->https = true;
	if (!skip_status(&p, &ret->status))
		return false;
	if (skip_word(&p, " to another host name"))
		ret->elsewhere = true;
	else if (skip_word(&p, " to the same host name, target answers "))
		return (ret->redirects = 1) && skip_status(&p, &ret->target) && !*p;
	else if (skip_word(&p, ", "))
		if (skip_count(&p, &ret->redirects)) {
			if (!skip_word(&p, " times to the same host name, target answers "))
				return false;
			return skip_status(&p, &ret->target) && !*p;
		} else {
			if (!skip_word(&p, "body larger than 10 KiB"))
				return false;
			ret->body = BODY_BIG;
		}
	else if (skip_word(&p, " after timeoutSeconds"))
		ret->late = true;
	else
		(void)skip_word(&p, " without Location"); /* as any answer, unless it says so */
	return !*p;
}

static const char *outcome_name(enum sp_outcome o)
{
	return o == SP_OUT_FAILURE ? "failure" : o == SP_OUT_ERROR ? "error" : "success";
}

/* The event that the supervisor emits for it. */
static const char *event_name(enum sp_outcome o)
{
	return o == SP_OUT_SUCCESS ? "none" : o == SP_OUT_WARNING ? "ProbeWarning" : "Unhealthy";
}

static bool is_outcome(const char *s)
{
	return sp_streq(s, "success") || sp_streq(s, "failure") || sp_streq(s, "error");
}

static bool is_event(const char *s)
{
	return sp_streq(s, "none") || sp_streq(s, "ProbeWarning") || sp_streq(s, "Unhealthy");
}

static int check_case(const struct sp_scn_reader *r, const struct sp_node *c, uint32_t row,
		      const struct sp_table_prober *prober, struct sp_diff *diff)
{
	static const char *const keys[] = {"response", "scheme", "outcome", "text",
					   "event",    "note",   NULL};
	SP_CLEANUP(sp_buf_done) struct sp_buf text = {0};
	struct sp_table_answer answer;
	enum sp_outcome got;
	const char *what, *scheme, *outcome, *event, *want;

	if (sp_scn_keys(r, c, "case of a probe table", keys, NULL) < 0)
		return -1;
	what = sp_node_str(sp_node_get(c, "response"), "");
	scheme = sp_node_str(sp_node_get(c, "scheme"), "HTTP");
	outcome = sp_node_str(sp_node_get(c, "outcome"), "");
	event = sp_node_str(sp_node_get(c, "event"), NULL);
	want = sp_node_str(sp_node_get(c, "text"), NULL);
	if (!read_answer(what, &answer))
		return sp_scn_fail(
			r, c,
			"response '%s' is not understood; it is 'connection refused', or a status "
			"and ' without Location', ' after timeoutSeconds', ', body larger than 10 "
			"KiB', ' to another host name', ' to the same host name, target answers N' "
			"or ', K times to the same host name, target answers N'; before it may "
			"stand 'HTTPS with self-signed certificate, '",
			what);
	if (!sp_streq(scheme, "HTTP") && !sp_streq(scheme, "HTTPS"))
		return sp_scn_fail(r, c, "scheme '%s': HTTP or HTTPS", scheme);
	if (!is_outcome(outcome))
		return sp_scn_fail(r, c, "outcome '%s': success, failure or error", outcome);
	if (event && !is_event(event))
		return sp_scn_fail(r, c, "event '%s': ProbeWarning, Unhealthy or none", event);
	if (prober->probe(prober->arg, &answer, sp_streq(scheme, "HTTPS"), &got, &text, r->err) < 0)
		return -1;
	if (!sp_streq(outcome, outcome_name(got)))
		sp_diff_add(diff, "case %u: %s: expected %s, got %s%s%s", row, what, outcome,
			    outcome_name(got), text.len ? ": " : "", text.len ? text.ptr : "");
	if (event && !sp_streq(event, event_name(got)))
		sp_diff_add(diff, "case %u: %s: expected event %s, got %s", row, what, event,
			    event_name(got));
	if (want && !sp_expect_text(want, text.len ? text.ptr : ""))
		sp_diff_add(diff, "case %u: %s: expected text '%s', got '%s'", row, what, want,
			    text.len ? text.ptr : "");
	return 0;
}

int sp_table_probe(const struct sp_scn_reader *r, const struct sp_scenario *s,
		   const struct sp_table_prober *prober, struct sp_diff *diff)
{
	static const char *const keys[] = {"id",   "title",    "source", "upstream_test", "rules",
					   "kind", "optional", "note",   "cases",         NULL};
	const struct sp_node *cases = sp_node_get(s->node, "cases");

	if (sp_scn_keys(r, s->node, "scenario", keys, NULL) < 0)
		return -1;
	if (!cases || cases->kind != SP_NODE_LIST || cases->n == 0)
		return sp_scn_fail(r, s->node, "a probe scenario needs 'cases'");
	for (uint32_t i = 0; i < cases->n; i++)
		if (check_case(r, cases->items[i], i + 1, prober, diff) < 0)
			return -1;
	return 0;
}
