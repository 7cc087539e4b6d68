/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/jsonpath.h"

#include "base/text.h"

#define RESULTS_MAX 100000
#define NEST_MAX    8

struct set {
	const struct sp_node **v;
	uint32_t n, cap;
};

struct run {
	const char *template; /* for places in messages */
	const struct sp_node *root;
	struct sp_arena arena;
	struct sp_buf *out;
	struct sp_error *err;
};

static int bad(struct run *r, const char *at, const char *what)
{
	return sp_fail(r->err, SP_E_INVALID, "jsonpath: %s at character %d", what,
		       (int)(at - r->template) + 1);
}

static int push(struct run *r, struct set *s, const struct sp_node *n)
{
	if (!n)
		return 0;
	if (s->n >= RESULTS_MAX)
		return sp_fail(r->err, SP_E_INVALID, "jsonpath: more than %d results", RESULTS_MAX);
	if (s->n == s->cap) {
		uint32_t cap = s->cap ? s->cap * 2 : 8;
		const struct sp_node **v = sp_arena_array(&r->arena, cap, sizeof(*v));

		if (!v)
			return sp_fail(r->err, SP_E_NO_MEMORY, "jsonpath");
		if (s->n)
			memcpy(v, s->v, s->n * sizeof(*v));
		s->v = v;
		s->cap = cap;
	}
	s->v[s->n++] = n;
	return 0;
}

static bool name_char(char c)
{
	return c && !strchr(".[]{}()=!<>'\" \t\n", c);
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

static int step_name(struct run *r, const struct set *in, const char *name, struct set *out)
{
	for (uint32_t i = 0; i < in->n; i++) {
		const struct sp_node *n = in->v[i];

		if (sp_streq(name, "*")) {
			for (uint32_t k = 0; k < n->n; k++)
				if (push(r, out,
					 n->kind == SP_NODE_MAP    ? n->pairs[k].value
					 : n->kind == SP_NODE_LIST ? n->items[k]
								   : NULL) < 0)
					return -1;
		} else if (push(r, out, sp_node_get(n, name)) < 0) {
			return -1;
		}
	}
	return 0;
}

/* Elements @from … @to - 1 of each list; negative ones count from its end. */
static int step_slice(struct run *r, const struct set *in, int64_t from, int64_t to, bool open,
		      struct set *out)
{
	for (uint32_t i = 0; i < in->n; i++) {
		const struct sp_node *n = in->v[i];
		int64_t len = n->n, a = from < 0 ? from + len : from;
		int64_t z = open ? len : to < 0 ? to + len : to;

		if (n->kind != SP_NODE_LIST)
			continue;
		for (a = SP_MAX(a, 0); a < z && a < len; a++)
			if (push(r, out, n->items[a]) < 0)
				return -1;
	}
	return 0;
}

static int walk(struct run *r, const char *p, const char *end, const struct sp_node *here,
		struct set *ret, const char **stop);

/* Text of a scalar for comparing and printing. */
static void scalar_text(const struct sp_node *n, struct sp_buf *out)
{
	if (n->kind == SP_NODE_STR)
		sp_buf_add(out, n->text, n->len);
	else
		sp_node_json(n, -1, out);
}

/* "@.a.b", "@.a == 'x'", "@.n > 3": does @n match? */
static int matches(struct run *r, const char *p, const char *end, const struct sp_node *n,
		   bool *ret)
{
	static const char *const ops[] = {"==", "!=", ">=", "<=", ">", "<"};
	SP_CLEANUP(sp_buf_done) struct sp_buf left = {0}, right = {0};
	struct set s = {0};
	const char *rest;
	size_t op;
	int cmp;
	int64_t a, b;

	p = skip_blanks(p, end);
	if (p >= end || *p != '@')
		return bad(r, p, "a filter begins with @");
	if (walk(r, p + 1, end, n, &s, &rest) < 0)
		return -1;
	p = skip_blanks(rest, end);
	if (p == end) {
		*ret = s.n > 0;
		return 0;
	}
	for (op = 0; op < SP_ARRAY_LEN(ops); op++)
		if (strncmp(p, ops[op], strlen(ops[op])) == 0)
			break;
	if (op == SP_ARRAY_LEN(ops))
		return bad(r, p, "expected a comparison");
	p = skip_blanks(p + strlen(ops[op]), end);
	if (p < end && (*p == '"' || *p == '\'')) {
		const char *close = memchr(p + 1, *p, (size_t)(end - p - 1));

		if (!close)
			return bad(r, p, "quote without end");
		sp_buf_add(&right, p + 1, (size_t)(close - p - 1));
	} else {
		while (end > p && end[-1] == ' ')
			end--;
		sp_buf_add(&right, p, (size_t)(end - p));
	}
	*ret = false;
	if (s.n == 0)
		return 0;
	scalar_text(s.v[0], &left);
	sp_buf_puts(&left, ""); /* an empty text has a pointer too */
	cmp = sp_parse_i64(left.ptr, INT64_MIN, INT64_MAX, &a) == 0 &&
			      sp_parse_i64(right.ptr, INT64_MIN, INT64_MAX, &b) == 0
		      ? (a > b) - (a < b)
		      : strcmp(left.ptr, right.ptr);
	*ret = op == 0   ? cmp == 0
	       : op == 1 ? cmp != 0
	       : op == 2 ? cmp >= 0
	       : op == 3 ? cmp <= 0
	       : op == 4 ? cmp > 0
			 : cmp < 0;
	return 0;
}

static int step_filter(struct run *r, const struct set *in, const char *p, const char *end,
		       struct set *out)
{
	for (uint32_t i = 0; i < in->n; i++) {
		const struct sp_node *list = in->v[i];

		if (list->kind != SP_NODE_LIST)
			continue;
		for (uint32_t k = 0; k < list->n; k++) {
			bool yes = false;

			if (matches(r, p, end, list->items[k], &yes) < 0 ||
			    (yes && push(r, out, list->items[k]) < 0))
				return -1;
		}
	}
	return 0;
}

/* What stands between [ and ]; *p is behind the ]. */
static int step_bracket(struct run *r, const char **p, const char *end, const struct set *in,
			struct set *out)
{
	const char *q = *p, *close = q;
	char mem[256];
	char quote = 0;
	int depth = 0;

	for (; close < end; close++) {
		if (quote ? *close == quote : *close == '\'' || *close == '"')
			quote = quote ? 0 : *close;
		else if (!quote && (*close == '[' || *close == '('))
			depth++;
		else if (!quote && (*close == ')' || (*close == ']' && depth > 0)))
			depth--;
		else if (!quote && *close == ']')
			break;
	}
	if (close >= end)
		return bad(r, q - 1, "[ without ]");
	*p = close + 1;
	if (close - q >= (ptrdiff_t)sizeof(mem))
		return bad(r, q, "too long");
	if (*q == '?') {
		if (q[1] != '(' || close[-1] != ')')
			return bad(r, q, "a filter is written [?(…)]");
		return step_filter(r, in, q + 2, close - 1, out);
	}
	if (*q == '\'' || *q == '"') {
		if (close - q < 2 || close[-1] != *q)
			return bad(r, q, "quote without end");
		memcpy(mem, q + 1, (size_t)(close - q - 2));
		mem[close - q - 2] = '\0';
		return step_name(r, in, mem, out);
	}
	memcpy(mem, q, (size_t)(close - q));
	mem[close - q] = '\0';
	if (sp_streq(mem, "*"))
		return step_name(r, in, mem, out);
	{
		char *colon = strchr(mem, ':');
		int64_t from = 0, to = 0;

		if (colon)
			*colon = '\0';
		if ((*mem || !colon) && sp_parse_i64(mem, INT32_MIN, INT32_MAX, &from) < 0)
			return bad(r, q, "expected a number, * or a filter");
		if (!colon) /* one element: also from the end */
			return step_slice(r, in, from, from + 1, from == -1, out);
		if (colon[1] && sp_parse_i64(colon + 1, INT32_MIN, INT32_MAX, &to) < 0)
			return bad(r, q, "expected a number behind the colon");
		return step_slice(r, in, from, to, !colon[1], out);
	}
}

/* Follow ".a[0].b" from @here; *stop is where the path ends. */
static int walk(struct run *r, const char *p, const char *end, const struct sp_node *here,
		struct set *ret, const char **stop)
{
	struct set now = {0};

	if (push(r, &now, here) < 0)
		return -1;
	while (p < end && (*p == '.' || *p == '[' || name_char(*p))) {
		struct set next = {0};

		if (*p == '[') {
			p++;
			if (step_bracket(r, &p, end, &now, &next) < 0)
				return -1;
		} else {
			char name[256];
			size_t n = 0;

			p += *p == '.';
			while (p < end && name_char(*p) && n + 1 < sizeof(name)) {
				p += *p == '\\' && p + 1 < end; /* \. is a dot in a name */
				name[n++] = *p++;
			}
			name[n] = '\0';
			if (n == 0) {
				if (p < end && *p == '[')
					continue;
				if (p == end || *p == ' ')
					break; /* "." alone is the object itself */
				return bad(r, p, "expected a name");
			}
			if (step_name(r, &now, name, &next) < 0)
				return -1;
		}
		now = next;
	}
	*ret = now;
	*stop = p;
	return 0;
}

static int eval_path(struct run *r, const char *p, const char *end, const struct sp_node *here,
		     struct set *ret)
{
	const char *stop;

	p = skip_blanks(p, end);
	if (p < end && *p == '$') {
		here = r->root;
		p++;
	} else if (p < end && *p == '@') {
		p++;
	}
	if (walk(r, p, end, here, ret, &stop) < 0)
		return -1;
	stop = skip_blanks(stop, end);
	return stop == end ? 0 : bad(r, stop, "unexpected character");
}

/* {"text\n"} */
static int print_literal(struct run *r, const char *p, const char *end)
{
	char quote = *p;
	const char *q;

	for (q = p + 1; q < end && *q != quote; q++) {
		if (*q == '\\' && q + 1 < end) {
			q++;
			sp_buf_putc(r->out, *q == 'n' ? '\n' : *q == 't' ? '\t' : *q);
		} else {
			sp_buf_putc(r->out, *q);
		}
	}
	return q + 1 == end ? 0 : bad(r, p, "quote without end");
}

/* The end of {…} that begins at @p; braces in quotes do not count. NULL: there is none. */
static const char *closing(const char *p, const char *end)
{
	char quote = 0;

	for (p++; p < end; p++) {
		if (quote) {
			p += *p == '\\' && p + 1 < end;
			if (*p == quote)
				quote = 0;
		} else if (*p == '"' || *p == '\'') {
			quote = *p;
		} else if (*p == '}') {
			return p;
		}
	}
	return NULL;
}

static bool is_word(const char *p, const char *end, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(end - p) >= n && memcmp(p, word, n) == 0 &&
	       ((size_t)(end - p) == n || p[n] == ' ');
}

/* The {end} of the range whose body begins at @p. */
static const char *matching_end(const char *p, const char *end)
{
	int depth = 0;

	for (; p < end; p++) {
		const char *close;

		if (*p != '{')
			continue;
		close = closing(p, end);
		if (!close)
			return NULL;
		if (is_word(p + 1, close, "range"))
			depth++;
		else if (is_word(p + 1, close, "end") && depth-- == 0)
			return p;
		p = close;
	}
	return NULL;
}

static int eval(struct run *r, const char *p, const char *end, const struct sp_node *here,
		int depth)
{
	while (p < end) {
		struct set s;
		const char *close, *in, *body_end;

		if (*p != '{') {
			sp_buf_putc(r->out, *p++);
			continue;
		}
		close = closing(p, end);
		if (!close)
			return bad(r, p, "{ without }");
		in = skip_blanks(p + 1, close);
		if (in < close && (*in == '"' || *in == '\'')) {
			if (print_literal(r, in, close) < 0)
				return -1;
			p = close + 1;
			continue;
		}
		if (is_word(in, close, "end"))
			return bad(r, in, "{end} without {range}");
		if (!is_word(in, close, "range")) {
			if (eval_path(r, in, close, here, &s) < 0)
				return -1;
			for (uint32_t i = 0; i < s.n; i++) {
				sp_buf_puts(r->out, i ? " " : "");
				scalar_text(s.v[i], r->out);
			}
			p = close + 1;
			continue;
		}
		body_end = matching_end(close + 1, end);
		if (!body_end)
			return bad(r, in, "{range} without {end}");
		if (depth >= NEST_MAX)
			return bad(r, in, "nested too deeply");
		if (eval_path(r, in + strlen("range"), close, here, &s) < 0)
			return -1;
		for (uint32_t i = 0; i < s.n; i++)
			if (eval(r, close + 1, body_end, s.v[i], depth + 1) < 0)
				return -1;
		p = closing(body_end, end) + 1;
	}
	return 0;
}

int sp_jsonpath(const char *template, const struct sp_node *root, struct sp_buf *out,
		struct sp_error *err)
{
	struct run r = {.template = template, .root = root, .out = out, .err = err};
	SP_CLEANUP(sp_buf_done) struct sp_buf braced = {0};
	int ret;

	if (!strchr(template, '{')) {
		sp_buf_printf(&braced, "{%s}", template);
		if (braced.failed)
			return sp_fail(err, SP_E_NO_MEMORY, "jsonpath");
		r.template = braced.ptr;
	}
	ret = eval(&r, r.template, r.template + strlen(r.template), root, 0);
	sp_arena_done(&r.arena);
	return ret;
}
