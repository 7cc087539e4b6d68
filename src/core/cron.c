/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of cron schedules. */
#include "core/cron.h"

#include "base/text.h"

struct field {
	int min, max;
	const char *const *names; /* of min, min + 1, …; NULL none */
};

static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun",
					  "jul", "aug", "sep", "oct", "nov", "dec"};
static const char *const day_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

static const struct field fields[] = {
	{0, 59, NULL}, {0, 23, NULL}, {1, 31, NULL}, {1, 12, month_names}, {0, 6, day_names},
};

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool same_word(struct sp_str s, const char *word)
{
	if (s.len != strlen(word))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != word[i])
			return false;
	}
	return true;
}

/* Split at the first @c; false when there is none: all of it is in @head. */
static bool cut(struct sp_str s, char c, struct sp_str *head, struct sp_str *tail)
{
	const char *at = memchr(s.ptr, c, s.len);

	*head = at ? (struct sp_str){s.ptr, (size_t)(at - s.ptr)} : s;
	*tail = at ? (struct sp_str){at + 1, s.len - head->len - 1} : (struct sp_str){s.ptr, 0};
	return at != NULL;
}

static int number(struct sp_str s, int *ret, struct sp_error *err)
{
	char text[24];
	int64_t v;

	if (s.len < sizeof(text)) {
		memcpy(text, s.ptr, s.len);
		text[s.len] = '\0';
		if (sp_parse_i64(text, INT32_MIN, INT32_MAX, &v) == 0) {
			if (v < 0)
				return sp_fail(err, SP_E_INVALID,
					       "negative number (%d) not allowed: " SP_STR_FMT,
					       (int)v, SP_STR_ARG(s));
			*ret = (int)v;
			return 0;
		}
	}
	return sp_fail(err, SP_E_INVALID,
		       "failed to parse int from " SP_STR_FMT
		       ": strconv.Atoi: parsing \"" SP_STR_FMT "\": invalid syntax",
		       SP_STR_ARG(s), SP_STR_ARG(s));
}

static int number_or_name(struct sp_str s, const struct field *f, int *ret, struct sp_error *err)
{
	for (int i = 0; f->names && i <= f->max - f->min; i++)
		if (same_word(s, f->names[i])) {
			*ret = f->min + i;
			return 0;
		}
	return number(s, ret, err);
}

/* One member of a comma list: "*", "N", "N-M", each perhaps with "/step". */
static int member(struct sp_str s, const struct field *f, uint64_t *bits, bool *any,
		  struct sp_error *err)
{
	struct sp_str range, step_text, low, high, rest;
	int from, to, step = 1;
	bool stepped = cut(s, '/', &range, &step_text);

	if (stepped && memchr(step_text.ptr, '/', step_text.len))
		return sp_fail(err, SP_E_INVALID, "too many slashes: " SP_STR_FMT, SP_STR_ARG(s));
	if (range.len == 1 && (range.ptr[0] == '*' || range.ptr[0] == '?')) {
		from = f->min;
		to = f->max;
		*any = true;
	} else {
		bool two = cut(range, '-', &low, &high);

		if (two && cut(high, '-', &high, &rest))
			return sp_fail(err, SP_E_INVALID, "too many hyphens: " SP_STR_FMT,
				       SP_STR_ARG(s));
		if (number_or_name(low, f, &from, err) < 0)
			return -1;
		to = from;
		if (two && number_or_name(high, f, &to, err) < 0)
			return -1;
		if (stepped && !two)
			to = f->max;
	}
	if (stepped && number(step_text, &step, err) < 0)
		return -1;
	if (step > 1)
		*any = false;
	if (from < f->min)
		return sp_fail(err, SP_E_INVALID,
			       "beginning of range (%d) below minimum (%d): " SP_STR_FMT, from,
			       f->min, SP_STR_ARG(s));
	if (to > f->max)
		return sp_fail(err, SP_E_INVALID,
			       "end of range (%d) above maximum (%d): " SP_STR_FMT, to, f->max,
			       SP_STR_ARG(s));
	if (from > to)
		return sp_fail(err, SP_E_INVALID,
			       "beginning of range (%d) beyond end of range (%d): " SP_STR_FMT,
			       from, to, SP_STR_ARG(s));
	if (step == 0)
		return sp_fail(err, SP_E_INVALID,
			       "step of range should be a positive number: " SP_STR_FMT,
			       SP_STR_ARG(s));
	for (int64_t i = from; i <= to; i += step)
		*bits |= UINT64_C(1) << i;
	return 0;
}

static int field(struct sp_str s, const struct field *f, uint64_t *bits, bool *any,
		 struct sp_error *err)
{
	struct sp_str head, tail = s;
	bool more = true;

	*bits = 0;
	*any = false;
	while (more) {
		bool member_any = false;

		more = cut(tail, ',', &head, &tail);
		/* Empty members are dropped, as a list of words would be. */
		if (head.len == 0)
			continue;
		if (member(head, f, bits, &member_any, err) < 0)
			return -1;
		*any |= member_any;
	}
	return 0;
}

static int macro(const char *text, struct sp_cron *ret, struct sp_error *err)
{
	static const struct {
		const char *name, *schedule;
	} macros[] = {
		{"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
		{"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
		{"@hourly", "0 * * * *"},
	};
	sp_time every;

	for (size_t i = 0; i < SP_ARRAY_LEN(macros); i++)
		if (sp_streq(text, macros[i].name))
			return sp_cron_parse(macros[i].schedule, ret, err);
	if (strncmp(text, "@every ", 7) != 0)
		return sp_fail(err, SP_E_INVALID, "unrecognized descriptor: %s", text);
	if (sp_parse_go_duration(text + 7, &every) < 0)
		return sp_fail(err, SP_E_INVALID,
			       "failed to parse duration %s: time: invalid duration \"%s\"", text,
			       text + 7);
	ret->every = SP_MAX(every / SP_SEC, 1) * SP_SEC;
	return 0;
}

int sp_cron_parse(const char *text, struct sp_cron *ret, struct sp_error *err)
{
	struct sp_cron c = {0};
	struct sp_str words[SP_ARRAY_LEN(fields)];
	uint64_t *const bits[] = {&c.minute, &c.hour, &c.dom, &c.month, &c.dow};
	size_t n = 0, from = 0, len = strlen(text);
	bool any[SP_ARRAY_LEN(fields)];

	if (len == 0)
		return sp_fail(err, SP_E_INVALID, "empty spec string");
	if (text[0] == '@') {
		if (macro(text, &c, err) < 0)
			return -1;
		*ret = c;
		return 0;
	}
	for (size_t i = 0; i <= len; i++) {
		if (i < len && !is_blank(text[i]))
			continue;
		if (i > from && n++ < SP_ARRAY_LEN(words))
			words[n - 1] = (struct sp_str){text + from, i - from};
		from = i + 1;
	}
	if (n != SP_ARRAY_LEN(fields))
		return sp_fail(err, SP_E_INVALID, "expected exactly 5 fields, found %zu: [%s]", n,
			       text);
	for (size_t i = 0; i < n; i++)
		if (field(words[i], &fields[i], bits[i], &any[i], err) < 0)
			return -1;
	c.dom_any = any[2];
	c.dow_any = any[4];
	*ret = c;
	return 0;
}

bool sp_cron_day_matches(const struct sp_cron *c, int month, int dom, int dow)
{
	bool by_dom = c->dom >> dom & 1, by_dow = c->dow >> dow & 1;

	if (!(c->month >> month & 1))
		return false;
	return c->dom_any || c->dow_any ? by_dom && by_dow : by_dom || by_dow;
}
