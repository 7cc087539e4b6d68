/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enough of the shell's grammar to find where top-level statements begin and end: quotes,
 * substitutions, comments, and the words that open and close compound commands. What it does not
 * understand makes the script `odd`, and odd scripts are not changed.
 */
#include "lint/script.h"

#include <ctype.h>

const struct sp_wrapper sp_wrappers[] = {
	{"kubexit", "KUBEXIT_"},
	{"scuttle", "ENVOY_ADMIN_API|ISTIO_QUIT_API|START_WITHOUT_ENVOY|WAIT_FOR_ENVOY_TIMEOUT|"
		    "NEVER_KILL_ISTIO|GENERIC_QUIT_ENDPOINTS|QUIT_REQUEST_TIMEOUT|"
		    "QUIT_WITHOUT_ENVOY_TIMEOUT|SCUTTLE_"},
	{"envoy-preflight", "ENVOY_ADMIN_API|START_WITHOUT_ENVOY"},
	{"linkerd-await", "LINKERD_AWAIT_|LINKERD_DISABLED"},
};
const size_t sp_wrappers_n = SP_ARRAY_LEN(sp_wrappers);

bool sp_has_prefix(const char *prefixes, const char *name)
{
	while (*prefixes) {
		size_t n = strcspn(prefixes, "|");

		if (strncmp(name, prefixes, n) == 0)
			return true;
		prefixes += n + (prefixes[n] == '|');
	}
	return false;
}

struct cursor {
	struct sp_script *s;
	size_t i;
	int deep;     /* open compound commands */
	bool command; /* the next word is the name of a command */
	bool first_compound;
};

static bool is_at(const struct cursor *c, const char *word)
{
	size_t n = strlen(word);

	return c->s->len - c->i >= n && memcmp(c->s->text + c->i, word, n) == 0;
}

/* Behind a quoted part that begins here; the end of the text when it is not closed. */
static size_t skip_quoted(const struct sp_script *s, size_t i, bool *odd)
{
	char q = s->text[i++];

	while (i < s->len && s->text[i] != q) {
		if (s->text[i] == '\\' && q != '\'')
			i++;
		i++;
	}
	if (i >= s->len)
		*odd = true;
	return SP_MIN(i + 1, s->len);
}

/* Behind "$( … )" or "${ … }". */
static size_t skip_substitution(const struct sp_script *s, size_t i, bool *odd)
{
	char open = s->text[i + 1], close = open == '(' ? ')' : '}';
	int deep = 0;

	for (i++; i < s->len;) {
		char ch = s->text[i];

		if (ch == '\\') {
			i += 2;
		} else if (ch == '"' || ch == '\'' || ch == '`') {
			i = skip_quoted(s, i, odd);
		} else {
			i++;
			deep += (ch == open) - (ch == close);
			if (deep == 0)
				return i;
		}
	}
	*odd = true;
	return s->len;
}

static size_t word_end(const struct sp_script *s, size_t i, bool *odd)
{
	while (i < s->len && !strchr(" \t\n;&|()<>", s->text[i])) {
		if (s->text[i] == '\\')
			i = SP_MIN(i + 2, s->len);
		else if (s->text[i] == '"' || s->text[i] == '\'' || s->text[i] == '`')
			i = skip_quoted(s, i, odd);
		else if (s->text[i] == '$' && i + 1 < s->len && strchr("({", s->text[i + 1]))
			i = skip_substitution(s, i, odd);
		else
			i++;
	}
	return i;
}

static bool is_one_of(const char *word, size_t len, const char *const *list)
{
	for (; *list; list++)
		if (strlen(*list) == len && memcmp(*list, word, len) == 0)
			return true;
	return false;
}

static void take_word(struct cursor *c, struct sp_statement *st)
{
	static const char *const open[] = {"if", "while", "until", "for", "{", NULL};
	static const char *const close[] = {"fi", "done", "}", NULL};
	static const char *const again[] = {"then",  "do",    "else", "elif", "!", "if",
					    "while", "until", "{",    "time", NULL};
	struct sp_script *s = c->s;
	size_t end = word_end(s, c->i, &s->odd), len = end - c->i;
	const char *w = s->text + c->i;

	if (c->command && len == 4 && memcmp(w, "case", 4) == 0)
		s->odd = true; /* its patterns look like other things */
	if (c->command && is_one_of(w, len, open)) {
		c->deep++;
		st->compound = true;
	} else if (c->command && is_one_of(w, len, close)) {
		c->deep--;
	}
	/* behind an assignment the name of the command is still to come */
	c->command =
		c->command && (is_one_of(w, len, again) ||
			       (memchr(w, '=', len) && (isalpha((unsigned char)*w) || *w == '_')));
	st->to = end;
	c->i = end;
}

/* Return: what joins the statement to the next, NULL while it goes on. */
static const char *take_operator(struct cursor *c, struct sp_statement *st)
{
	static const char *const two[] = {"&&", "||", ";;"};
	static const char *const texts[] = {";", "\n", "|", "&"};

	for (size_t k = 0; k < SP_ARRAY_LEN(two); k++)
		if (is_at(c, two[k])) {
			c->i += 2;
			c->command = true;
			return c->deep > 0 ? NULL : two[k];
		}
	for (size_t k = 0; k < SP_ARRAY_LEN(texts); k++)
		if (is_at(c, texts[k])) {
			c->i++;
			c->command = true;
			if (c->deep > 0 || (st->from == st->to && *texts[k] == '\n'))
				return NULL;
			return texts[k];
		}
	return NULL;
}

static void take_rest(struct cursor *c, struct sp_statement *st)
{
	struct sp_script *s = c->s;
	char ch = s->text[c->i];

	if (ch == '(') {
		c->deep++;
		c->command = st->compound = true;
	} else if (ch == ')') {
		c->deep--;
	} else if (is_at(c, "<<")) {
		s->odd = true;
	} else if ((ch == '>' || ch == '<') && c->i + 1 < s->len && s->text[c->i + 1] == '&') {
		c->i++; /* ">&2" */
	} else if (ch == '>' && c->i + 1 < s->len && s->text[c->i + 1] == '>') {
		c->i++;
	}
	c->i++;
	st->to = c->i;
}

void sp_script_read(const char *text, size_t len, struct sp_script *ret)
{
	struct cursor c = {.s = ret, .command = true};

	*ret = (struct sp_script){.text = text, .len = len};
	while (c.i < len) {
		struct sp_statement st = {.joined = NULL};
		bool begun = false;

		while (c.i < len && !st.joined) {
			char ch = text[c.i];

			if (ch == ' ' || ch == '\t' || (ch == '\\' && is_at(&c, "\\\n"))) {
				c.i += ch == '\\' ? 2 : 1;
				continue;
			}
			if (ch == '#') {
				while (c.i < len && text[c.i] != '\n')
					c.i++;
				continue;
			}
			if (!begun && ch != '\n') {
				st.from = st.to = c.i;
				begun = true;
				c.command = true;
			}
			if (strchr(";&|\n", ch))
				st.joined = take_operator(&c, &st);
			else if (strchr("()<>", ch))
				take_rest(&c, &st);
			else
				take_word(&c, &st);
		}
		if (!begun)
			continue;
		while (c.i < len && strchr(" \t\n", text[c.i]))
			c.i++;
		if (!st.joined)
			st.joined = "";
		st.next = c.i;
		if (ret->n == SP_STATEMENTS_MAX || st.to == st.from) {
			ret->odd = true;
			return;
		}
		ret->v[ret->n++] = st;
	}
	ret->odd |= c.deep != 0;
}

static bool hides(const struct sp_script *s, uint32_t i)
{
	static const char *const words[] = {"true", ":", "/bin/true", "exit 0", NULL};
	const struct sp_statement *st = &s->v[i];

	return is_one_of(s->text + st->from, st->to - st->from, words);
}

bool sp_script_without(const struct sp_script *s, const bool *gone, struct sp_buf *out)
{
	bool drop[SP_STATEMENTS_MAX] = {0};
	size_t at = 0;
	int64_t last = -1; /* statement that stays */

	if (s->odd)
		return false;
	for (uint32_t i = 0; i < s->n; i++) {
		const char *before = i ? s->v[i - 1].joined : "";

		if (!gone[i])
			continue;
		if (sp_streq(before, "|") || sp_streq(s->v[i].joined, "|") ||
		    sp_streq(s->v[i].joined, "&"))
			return false;
		drop[i] = true;
		if (sp_streq(s->v[i].joined, "||") && i + 1 < s->n && !gone[i + 1]) {
			if (!hides(s, i + 1))
				return false;
			drop[i + 1] = true;
		}
	}
	for (uint32_t i = 0; i < s->n; i++) {
		if (drop[i]) {
			/* what is in front of the first one stays: comments, blank lines */
			if (last >= 0 && at < s->v[last].to)
				at = s->v[last].to;
			continue;
		}
		if (i && drop[i - 1]) {
			/* joined to the last that stays as that one was */
			if (last >= 0) {
				sp_buf_add(out, s->text + s->v[last].to,
					   s->v[last].next - s->v[last].to);
			} else {
				sp_buf_add(out, s->text, s->v[0].from);
			}
			at = s->v[i].from;
		}
		sp_buf_add(out, s->text + at, s->v[i].to - at);
		at = s->v[i].to;
		last = i;
	}
	if (s->n && !drop[s->n - 1]) {
		sp_buf_add(out, s->text + at, s->len - at);
	} else if (s->len && s->text[s->len - 1] == '\n') {
		sp_buf_putc(out, '\n');
	}
	return last >= 0;
}

/* Commands that are the shell itself: without it there is nothing to run. */
static bool is_builtin(const char *word)
{
	static const char *const names[] = {
		".",        "alias",  "break", "case",    "cd",     "command", "continue", "eval",
		"exit",     "export", "for",   "getopts", "hash",   "if",      "local",    "read",
		"readonly", "return", "set",   "shift",   "source", "times",   "trap",     "type",
		"ulimit",   "umask",  "unset", "until",   "wait",   "while",   NULL};

	return is_one_of(word, strlen(word), names);
}

uint32_t sp_script_words(struct sp_arena *a, const char *text, size_t len, const char **w,
			 uint32_t max)
{
	uint32_t n = 0;

	while (len && strchr(" \t\n", text[len - 1]))
		len--;
	for (size_t i = 0; i < len;) {
		size_t k = i;

		if (text[i] == '\n' && n > 0)
			return 0; /* one command after the other */
		if (strchr(" \t\n", text[i])) {
			i++;
			continue;
		}
		while (k < len && !strchr(" \t\n", text[k])) {
			if (!isalnum((unsigned char)text[k]) && !strchr("_-./:,@%+=", text[k]))
				return 0;
			k++;
		}
		if (n == max)
			return 0;
		w[n] = sp_arena_strndup(a, text + i, k - i);
		/* NAME=value in front needs the shell, too */
		if (!w[n] || (n == 0 && (memchr(text + i, '=', k - i) || is_builtin(w[n]))))
			return 0;
		/* without the shell in between there is nothing for exec to replace */
		if (!(n == 0 && sp_streq(w[0], "exec")))
			n++;
		else if (k + 1 < len && text[k + 1] == '-')
			return 0;
		i = k;
	}
	return n;
}
