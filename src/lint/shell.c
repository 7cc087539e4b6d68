/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines, read well enough to say what they do: simple commands, how they are joined, which
 * files they write. No expansion is done; what cannot be understood stays a word.
 */
#include "lint/shell.h"

#include "base/text.h"

#define CMDS_MAX  64
#define WORDS_MAX 64

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_one_of(const char *word, const char *names)
{
	size_t len = strlen(word);

	for (const char *p = names; *p; p += strcspn(p, "|"), p += *p == '|')
		if (strcspn(p, "|") == len && strncmp(p, word, len) == 0)
			return true;
	return false;
}

bool sh_is(const struct sh_cmd *c, const char *names)
{
	return c->n > 0 && is_one_of(base_name(c->w[0]), names);
}

bool sh_has_word(const struct sh_cmd *c, const char *word)
{
	for (uint32_t i = 1; i < c->n; i++)
		if (sp_streq(c->w[i], word))
			return true;
	return false;
}

struct reader {
	struct sp_arena *a;
	const char *p;
	struct sh *sh;
	struct sh_cmd *cmd;
	bool want_file; /* the next word is what > writes to */
	bool failed;
};

static void open_cmd(struct reader *r)
{
	if (r->cmd || r->failed)
		return;
	if (r->sh->n == CMDS_MAX) {
		r->failed = true;
		return;
	}
	r->cmd = &r->sh->v[r->sh->n];
	*r->cmd = (struct sh_cmd){.after = ""};
	r->cmd->w = sp_arena_array(r->a, WORDS_MAX, sizeof(*r->cmd->w));
	r->cmd->out = sp_arena_array(r->a, WORDS_MAX, sizeof(*r->cmd->out));
	r->failed = !r->cmd->w || !r->cmd->out;
	if (!r->failed)
		r->sh->n++;
}

static void close_cmd(struct reader *r, const char *after)
{
	if (r->cmd)
		r->cmd->after = after;
	r->cmd = NULL;
	r->want_file = false;
}

/* Words of the shell that stand in front of a command. */
static bool take_keyword(struct sh_cmd *c, const char *word)
{
	static const struct {
		const char *word;
		enum sh_lead lead;
	} leads[] = {{"while", SH_WHILE}, {"until", SH_UNTIL}, {"if", SH_IF},    {"elif", SH_IF},
		     {"do", SH_DO},       {"then", SH_DO},     {"else", SH_DO},  {"{", SH_OTHER},
		     {"(", SH_OTHER},     {"time", SH_NONE},   {"done", SH_END}, {"fi", SH_END},
		     {"esac", SH_END},    {"}", SH_END}};

	if (c->n > 0 || c->n_out > 0)
		return false;
	if (sp_streq(word, "!")) {
		c->negated = true;
		return true;
	}
	for (size_t i = 0; i < SP_ARRAY_LEN(leads); i++)
		if (sp_streq(word, leads[i].word)) {
			if (leads[i].lead)
				c->lead = leads[i].lead;
			return true;
		}
	return false;
}

static bool is_assignment(const char *w)
{
	const char *eq = strchr(w, '=');

	if (!eq || eq == w)
		return false;
	for (const char *p = w; p < eq; p++)
		if (!(*p == '_' || (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') ||
		      (*p >= '0' && *p <= '9')))
			return false;
	return true;
}

static void add_word(struct reader *r, const char *word, bool quoted)
{
	struct sh_cmd *c;

	open_cmd(r);
	c = r->cmd;
	if (!c || !word)
		return;
	if (r->want_file) {
		r->want_file = false;
		if (c->n_out < WORDS_MAX)
			c->out[c->n_out++] = word;
		return;
	}
	if (!quoted && (take_keyword(c, word) || (c->n == 0 && is_assignment(word))))
		return;
	if (c->n < WORDS_MAX)
		c->w[c->n++] = word;
}

/* $( … ) and ` … ` belong to the word, blanks and all. */
static void skip_substitution(const char **p, struct sp_buf *b)
{
	int depth = 0;

	if (**p == '`') {
		do
			sp_buf_putc(b, *(*p)++);
		while (**p && **p != '`');
		if (**p)
			sp_buf_putc(b, *(*p)++);
		return;
	}
	do {
		depth += **p == '(';
		depth -= **p == ')';
		sp_buf_putc(b, *(*p)++);
	} while (**p && (depth > 0 || (*p)[-1] == '$'));
}

static void read_word(struct reader *r)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	bool quoted = false;
	const char *p = r->p;

	sp_buf_puts(&b, "");
	while (*p && !strchr(" \t\r\n;&|<>()", *p)) {
		if (*p == '\\' && p[1]) {
			if (p[1] != '\n')
				sp_buf_putc(&b, p[1]);
			p += 2;
		} else if (*p == '\'') {
			quoted = true;
			for (p++; *p && *p != '\''; p++)
				sp_buf_putc(&b, *p);
			p += *p != '\0';
		} else if (*p == '"') {
			quoted = true;
			for (p++; *p && *p != '"'; p++) {
				if (*p == '\\' && p[1])
					p++;
				sp_buf_putc(&b, *p);
			}
			p += *p != '\0';
		} else if (*p == '`' || (*p == '$' && p[1] == '(')) {
			skip_substitution(&p, &b);
		} else {
			sp_buf_putc(&b, *p++);
		}
	}
	if (p == r->p) /* nothing was read: do not stand still */
		sp_buf_putc(&b, *p++);
	r->p = p;
	if (!b.failed)
		add_word(r, sp_arena_strdup(r->a, b.ptr), quoted);
}

/* Digits in front of > belong to it: 2>file. */
static void drop_fd_number(struct reader *r)
{
	struct sh_cmd *c = r->cmd;

	if (c && c->n > 0 && r->p[-1] >= '0' && r->p[-1] <= '9' && strlen(c->w[c->n - 1]) == 1)
		c->n--;
}

static void read_operator(struct reader *r)
{
	char c = *r->p;
	bool twice = r->p[1] == c;

	if (c == '>' || (c == '&' && r->p[1] == '>')) {
		if (c == '>' && r->cmd)
			drop_fd_number(r);
		r->p += c == '&' || twice ? 2 : 1;
		if (*r->p == '&') { /* 2>&1 */
			r->p += 1 + strcspn(r->p + 1, " \t\n;|");
			return;
		}
		open_cmd(r);
		r->want_file = true;
		return;
	}
	if (c == '<') {
		r->p += twice ? 2 : 1;
		return;
	}
	if (c == '(' || c == ')') {
		r->p++;
		if (c == ')')
			close_cmd(r, ";");
		return;
	}
	r->p += twice && c != ';' ? 2 : 1;
	close_cmd(r, c == '&' ? (twice ? "&&" : "&") : c == '|' ? (twice ? "||" : "|") : ";");
}

static void read_script(struct reader *r)
{
	while (*r->p && !r->failed) {
		if (*r->p == '\n') {
			r->p++;
			close_cmd(r, ";");
		} else if (strchr(" \t\r", *r->p)) {
			r->p++;
		} else if (*r->p == '\\' && r->p[1] == '\n') {
			r->p += 2;
		} else if (*r->p == '#') {
			r->p += strcspn(r->p, "\n");
		} else if (strchr(";&|<>()", *r->p)) {
			read_operator(r);
		} else {
			read_word(r);
		}
	}
	close_cmd(r, "");
}

static const char *script_of(const char *const *argv, uint32_t n)
{
	if (n < 2 || !is_one_of(base_name(argv[0]), "sh|bash|ash|dash|zsh|ksh"))
		return NULL;
	for (uint32_t i = 1; i + 1 < n; i++) {
		size_t len = strlen(argv[i]);

		if (argv[i][0] != '-' || len < 2)
			return NULL;
		if (argv[i][1] != '-' && argv[i][len - 1] == 'c')
			return argv[i + 1];
	}
	return NULL;
}

void sh_parse(struct sp_arena *a, const char *const *argv, uint32_t n, struct sh *ret)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf joined = {0};
	struct reader r = {.a = a, .sh = ret};
	const char *script;

	*ret = (struct sh){.text = ""};
	/* init programs in front change nothing of what runs */
	while (n > 1 && is_one_of(base_name(argv[0]), "tini|dumb-init|catatonit")) {
		argv++, n--;
		while (n > 1 && argv[0][0] == '-')
			argv++, n--;
	}
	if (n == 0)
		return;
	ret->v = sp_arena_array(a, CMDS_MAX, sizeof(*ret->v));
	if (!ret->v)
		return;
	script = script_of(argv, n);
	if (script) {
		ret->shell = true;
		ret->text = script;
		r.p = script;
		read_script(&r);
		return;
	}
	open_cmd(&r);
	for (uint32_t i = 0; i < n && r.cmd; i++) {
		sp_buf_printf(&joined, "%s%s", i ? " " : "", argv[i]);
		if (r.cmd->n < WORDS_MAX)
			r.cmd->w[r.cmd->n++] = argv[i];
	}
	ret->text = joined.failed || !joined.ptr ? "" : sp_arena_strdup(a, joined.ptr);
	if (!ret->text)
		ret->text = "";
}

static int64_t seconds(const char *word)
{
	size_t n = strlen(word);
	char number[24];
	int64_t v, unit = 1;

	if (is_one_of(word, "infinity|inf"))
		return -1;
	if (n == 0 || n >= sizeof(number))
		return 0;
	memcpy(number, word, n + 1);
	if (strchr("smhd", number[n - 1])) {
		unit = number[n - 1] == 'm' ? 60 : number[n - 1] == 'h' ? 3600 : 1;
		unit = number[n - 1] == 'd' ? 86400 : unit;
		number[n - 1] = '\0';
	}
	return sp_parse_i64(number, 0, 1000000, &v) == 0 ? v * unit : 0;
}

int64_t sh_sleep(const struct sh *s)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		int64_t v = 0;

		if (!sh_is(&s->v[i], "sleep") || s->v[i].n < 2 || sp_streq(s->v[i].after, "&"))
			continue;
		v = seconds(s->v[i].w[1]);
		if (v < 0)
			return -1;
		sum += v;
	}
	return sum;
}

bool sh_signal(const struct sh_cmd *c, bool *pid1)
{
	*pid1 = false;
	if (sh_is(c, "kill")) {
		*pid1 = sh_has_word(c, "1");
		return c->n > 1 && !sh_has_word(c, "-0");
	}
	return sh_is(c, "pkill|killall|killall5");
}

/* ---- waiting --------------------------------------------------------------------------------- */

#define WAIT_TOOLS                                                                                 \
	"wait-for-it|wait-for-it.sh|wait-for|wait4x|dockerize|linkerd-await|scuttle|kubexit|"      \
	"envoy-preflight"
#define ASK_TOOLS                                                                                  \
	"nc|ncat|curl|wget|telnet|grpcurl|pg_isready|psql|mysqladmin|mysql|redis-cli|"             \
	"grpc_health_probe|test|[|[[|timeout"

static bool is_wait_tool(const struct sh_cmd *c)
{
	return sh_is(c, WAIT_TOOLS) || (sh_is(c, "pilot-agent") && sh_has_word(c, "wait"));
}

static bool is_device(const char *word)
{
	return strncmp(word, "/dev/tcp/", 9) == 0;
}

/* A question and nothing else: a tool that asks, what a substitution gives, bash's own sockets. */
static bool asks(const struct sh_cmd *c)
{
	if (sh_is(c, ASK_TOOLS) ||
	    (c->n > 0 && (c->w[0][0] == '`' || strncmp(c->w[0], "$(", 2) == 0)))
		return true;
	for (uint32_t i = 0; i < c->n; i++)
		if (is_device(c->w[i]))
			return true;
	for (uint32_t i = 0; i < c->n_out; i++)
		if (is_device(c->out[i]))
			return true;
	return false;
}

static bool opens_loop(const struct sh_cmd *c)
{
	return sh_is(c, "for") || c->lead == SH_WHILE || c->lead == SH_UNTIL;
}

/* for i in …; do nc -z … && break; done: command @i asks, a later one of the loop leaves it. */
static bool leaves_loop(const struct sh *s, uint32_t i)
{
	bool inside = false;

	for (uint32_t k = 0; k < i; k++) {
		inside |= opens_loop(&s->v[k]);
		inside &= s->v[k].lead != SH_END;
	}
	for (uint32_t k = i + 1; inside && k < s->n && s->v[k].lead != SH_END; k++)
		if (sh_is(&s->v[k], "break|exit"))
			return true;
	return false;
}

bool sh_waits(const struct sh *s, uint32_t i)
{
	const struct sh_cmd *c = &s->v[i];

	if (is_wait_tool(c))
		return true;
	if (!asks(c))
		return false;
	if (c->lead == SH_UNTIL || (c->lead == SH_WHILE && c->negated))
		return true;
	/* while [ "$(curl …)" != 200 ] */
	if (c->lead == SH_WHILE && sh_is(c, "[|test|[["))
		return sh_has_word(c, "!=") || sh_has_word(c, "-ne") || sh_has_word(c, "!") ||
		       sh_has_word(c, "-z");
	return leaves_loop(s, i);
}

bool sh_only_waits(const struct sh *s)
{
	bool waits = false;

	if (s->n == 0 || !(opens_loop(&s->v[0]) || is_wait_tool(&s->v[0])))
		return false;
	for (uint32_t i = 0; i < s->n; i++) {
		const struct sh_cmd *c = &s->v[i];

		waits |= sh_waits(s, i);
		if (c->n && !is_wait_tool(c) && !asks(c) &&
		    !sh_is(c, "for|sleep|echo|printf|true|false|:|break|continue|exit|date"))
			return false;
	}
	return waits;
}
