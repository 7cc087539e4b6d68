/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Syntax errors for people: what libyaml found, the place where a person would look, and a guess
 * at what was meant. The guesses come from the line itself.
 */
#include "spec/yaml_internal.h"

#include "base/text.h"

#define RULE_SYNTAX   "SP001"
#define RULE_TEMPLATE "SP005"

static struct sp_str line_at(struct sp_str text, uint32_t line)
{
	const char *p = text.ptr, *end = text.ptr + text.len, *nl;
	struct sp_str r;

	for (uint32_t i = 1; i < line; i++) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl)
			return (struct sp_str){end, 0};
		p = nl + 1;
	}
	nl = memchr(p, '\n', (size_t)(end - p));
	r = (struct sp_str){p, (size_t)((nl ? nl : end) - p)};
	if (r.len && r.ptr[r.len - 1] == '\r')
		r.len--;
	return r;
}

static bool holds(struct sp_str s, const char *what)
{
	return s.ptr && s.len && memmem(s.ptr, s.len, what, strlen(what)) != NULL;
}

static size_t indent_of(struct sp_str s)
{
	size_t n = 0;

	while (n < s.len && s.ptr[n] == ' ')
		n++;
	return n;
}

static bool tab_in_indent(struct sp_str s)
{
	size_t n = indent_of(s);

	return n < s.len && s.ptr[n] == '\t';
}

static bool is_template(struct sp_str s)
{
	return holds(s, "{{") || holds(s, "{%");
}

static void say_template(struct sp_diag *d)
{
	d->rule = RULE_TEMPLATE;
	d->why = "{{ … }} belongs to a template language; this is no YAML before it is rendered";
	d->fix = "render the template first and give the result, for example: helm template . | "
		 "sidepod run -";
}

void sp_yaml_complex_key(struct sp_diags *diags, const char *file, struct sp_str text,
			 struct sp_mark at)
{
	bool template = is_template(line_at(text, at.line));
	struct sp_diag *d = sp_diag_add(diags, SP_SEV_ERROR, file, at,
					template ? "this is a template, not YAML"
						 : "a key must be a text, not a list or a map");

	d->rule = RULE_SYNTAX;
	if (template)
		say_template(d);
}

/* "key:value" without a blank: where the colon is, 0 when it is not that. */
static size_t tight_colon(struct sp_str s)
{
	size_t n = indent_of(s);

	if (n + 1 < s.len && s.ptr[n] == '-' && s.ptr[n + 1] == ' ')
		n += 2;
	for (size_t i = n; i + 1 < s.len; i++) {
		char c = s.ptr[i];
		bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' || c == '/';

		if (c == ':')
			return i > n && s.ptr[i + 1] != ' ' ? i : 0;
		if (!word)
			return 0;
	}
	return 0;
}

/* What libyaml may say, what it means, and what helps in general. */
struct problem {
	const char *says;    /* libyaml's problem */
	const char *context; /* part of libyaml's context; NULL any */
	bool at_context;     /* the place to look at is where the construct began */
	const char *message;
	const char *fix;
};

static const struct problem problems[] = {
	{"found unexpected end of stream", "quoted scalar", true, "this quote is never closed",
	 "close it, or remove it"},
	{"found unexpected document indicator", "quoted scalar", true, "this quote is never closed",
	 "close it before the next ---"},
	{"did not find expected ',' or ']'", NULL, true,
	 "this list [ … is not closed, or a comma is missing in it", "write [a, b]"},
	{"did not find expected ',' or '}'", NULL, true,
	 "this map { … is not closed, or a comma is missing in it", "write {a: 1, b: 2}"},
	{"mapping values are not allowed in this context", NULL, false,
	 "a colon is not expected here",
	 "indent keys of one map alike; quote a value that holds \": \""},
	{"could not find expected ':'", NULL, true, "this line has no \"key: value\"",
	 "put a colon and a blank behind the key"},
	{"did not find expected key", NULL, false, "this does not belong to the map around it",
	 "indent the line like the other keys of its map; quote values that hold special "
	 "characters"},
	{"did not find expected '-' indicator", NULL, false,
	 "this is no item of the list around it",
	 "begin the line with \"- \", or indent it like the key that it belongs to"},
	{"block sequence entries are not allowed in this context", NULL, false,
	 "a list item is not expected here", "begin the list on the line below its key"},
	{"found character that cannot start any token", NULL, false,
	 "a value cannot begin with this character", "quote the value"},
	{"found a tab character that violates indentation", NULL, false,
	 "a tab cannot indent a line", "indent with blanks"},
	{"found a tab character where an indentation space is expected", NULL, false,
	 "a tab cannot indent a line", "indent with blanks"},
	{"did not find expected alphabetic or numeric character", "alias", true,
	 "a value cannot begin with * unless it names an alias", "quote the value"},
	{"did not find expected alphabetic or numeric character", "anchor", true,
	 "a value cannot begin with & unless it names an anchor", "quote the value"},
	{"found unknown escape character", NULL, false,
	 "this escape is not known inside double quotes",
	 "write \\\\ for a backslash, or use single quotes"},
	{"did not find expected hexdecimal number", NULL, false,
	 "the escape needs hexadecimal digits", "write \\\\ for a backslash, or use single quotes"},
	{"found invalid Unicode character escape code", NULL, false,
	 "the escape is no Unicode character", NULL},
	{"did not find expected comment or line break", NULL, false,
	 "only a comment may follow here", "put the text on the next line"},
	{"found undefined tag handle", NULL, true, "this tag is not defined",
	 "if the ! belongs to the text, quote the value"},
	{"did not find expected <document start>", NULL, false,
	 "the document ended before this line",
	 "indent the line, or put --- in front of a new "
	 "document"},
	{"did not find expected node content", NULL, false, "a value is missing here", NULL},
	{"control characters are not allowed", NULL, false,
	 "the file holds a control character, which YAML does not allow", "remove it"},
	{"invalid leading UTF-8 octet", NULL, false, "the file is not UTF-8 text",
	 "save it as UTF-8"},
	{"invalid trailing UTF-8 octet", NULL, false, "the file is not UTF-8 text",
	 "save it as UTF-8"},
	{"incomplete UTF-8 octet sequence", NULL, false, "the file is not UTF-8 text",
	 "save it as UTF-8"},
	{"found incompatible YAML document", NULL, false, "this version of YAML is not known",
	 "write %YAML 1.1 or leave the line out"},
};

static const struct problem *find_problem(const yaml_parser_t *p)
{
	for (size_t i = 0; i < SP_ARRAY_LEN(problems); i++) {
		const struct problem *t = &problems[i];

		if (!sp_streq(t->says, p->problem ? p->problem : ""))
			continue;
		if (!t->context || (p->context && strstr(p->context, t->context)))
			return t;
	}
	return NULL;
}

static struct sp_mark mark_of(const yaml_mark_t *m)
{
	return (struct sp_mark){(uint32_t)m->line + 1, (uint32_t)m->column + 1};
}

/* Reader errors come with a byte offset alone. */
static struct sp_mark mark_of_offset(struct sp_str text, size_t offset)
{
	struct sp_mark at = {1, 1};

	for (size_t i = 0; i < offset && i < text.len; i++) {
		if (text.ptr[i] == '\n') {
			at.line++;
			at.col = 1;
		} else if (((unsigned char)text.ptr[i] & 0xc0) != 0x80) {
			at.col++;
		}
	}
	return at;
}

/* Text behind a closed quote: "a" b */
static bool text_after_quote(struct sp_str line, uint32_t col)
{
	size_t i = SP_MIN((size_t)col - 1, line.len);

	while (i > 0 && line.ptr[i - 1] == ' ')
		i--;
	return i > 0 && (line.ptr[i - 1] == '"' || line.ptr[i - 1] == '\'');
}

/* A shell is named, but not -c: the script would be a file's name. */
static bool shell_without_c(struct sp_str line)
{
	return (holds(line, "'sh'") || holds(line, "\"sh\"") || holds(line, "/sh'") ||
		holds(line, "/sh\"") || holds(line, "[sh,")) &&
	       !holds(line, "-c") && !holds(line, "-ec");
}

/* A better guess than the table's, from the text around the place. */
static void guess(struct sp_diag *d, struct sp_arena *a, struct sp_str text, const char *says)
{
	struct sp_str line = line_at(text, d->at.line);
	struct sp_str before =
		d->at.line > 1 ? line_at(text, d->at.line - 1) : (struct sp_str){text.ptr, 0};
	size_t colon;

	if (is_template(line)) {
		say_template(d);
	} else if (tab_in_indent(line) || tab_in_indent(before)) {
		if (!tab_in_indent(line)) {
			d->at.line--;
			line = before;
		}
		d->at.col = (uint32_t)indent_of(line) + 1;
		d->message = "a tab cannot indent a line";
		d->fix = "indent with blanks";
	} else if ((colon = tight_colon(line)) > 0 ||
		   (strstr(says, "not allowed") && (colon = tight_colon(before)) > 0)) {
		if (tight_colon(line) == 0) {
			d->at.line--;
			line = before;
		}
		d->at.col = (uint32_t)colon + 1;
		d->message = "a blank is missing behind the colon";
		d->fix = sp_arena_printf(
			a, "write \"%.*s: %.*s\"", (int)SP_MIN(colon - indent_of(line), (size_t)60),
			line.ptr + indent_of(line), (int)SP_MIN(line.len - colon - 1, (size_t)60),
			line.ptr + colon + 1);
	} else if (strstr(says, "mapping values")) {
		struct sp_str left = {line.ptr, SP_MIN((size_t)d->at.col - 1, line.len)};

		if (holds(left, ": "))
			d->fix = "quote the value: a text that holds \": \" needs quotes";
	} else if (strstr(says, "',' or ']'") && shell_without_c(line)) {
		d->fix = "did you mean [\"sh\", \"-c\", \"…\"]? A shell takes its script after -c, "
			 "in one text with quotes that do not occur in it";
	} else if (strstr(says, "expected key") && text_after_quote(line, d->at.col)) {
		d->message = "text stands behind the closing quote";
		d->fix = "quote the whole value";
	}
}

void sp_yaml_syntax_error(struct sp_diags *diags, const char *file, struct sp_str text,
			  const yaml_parser_t *parser)
{
	const struct problem *p = find_problem(parser);
	const char *says = parser->problem ? parser->problem : "this is not YAML";
	struct sp_mark at;
	struct sp_diag *d;

	if (parser->error == YAML_READER_ERROR)
		at = mark_of_offset(text, parser->problem_offset);
	else if (p && p->at_context && parser->context)
		at = mark_of(&parser->context_mark);
	else
		at = mark_of(&parser->problem_mark);
	if (at.line > 1 && line_at(text, at.line).len == 0 && parser->context &&
	    parser->error != YAML_READER_ERROR)
		at = mark_of(&parser->context_mark); /* the end of the file explains nothing */
	d = sp_diag_add(diags, SP_SEV_ERROR, file, at, "%s", p ? p->message : says);
	d->rule = RULE_SYNTAX;
	d->fix = p ? p->fix : NULL;
	if (parser->error != YAML_READER_ERROR)
		guess(d, diags->arena, text, says);
}
