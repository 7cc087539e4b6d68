/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words of the command line → command, flags, positional arguments, by the tables of cli.h.
 * Flags may stand before and after positional arguments; `--` ends them. A flag that is not given
 * may come from its environment twin. Wrong words are answered with the nearest right one.
 */
#include "cli/cli_internal.h"

#include "base/text.h"

const struct sp_flag sp_flags_text_or_json[] = {
	SP_FLAG_TEXT_OR_JSON,
	{0},
};

const struct sp_flag sp_global_flags[] = {
	{.name = "namespace",
	 .letter = 'n',
	 .kind = SP_FLAG_TEXT,
	 .arg = "NAME",
	 .standard = "default",
	 .help = "Namespace of the objects",
	 .completes = SP_COMPLETE_NAMESPACE},
	{.name = "root",
	 .kind = SP_FLAG_TEXT,
	 .arg = "DIR",
	 .help = "Keep all state below this directory",
	 .completes = SP_COMPLETE_DIR},
	{.name = "color",
	 .kind = SP_FLAG_CHOICE,
	 .arg = "WHEN",
	 .choices = "auto|always|never",
	 .standard = "auto",
	 .help = "Use colour"},
	{.name = "ascii", .kind = SP_FLAG_BOOL, .help = "Use no character beyond ASCII"},
	{.name = "help", .letter = 'h', .kind = SP_FLAG_BOOL, .help = "Show this help"},
	{0},
};

const struct sp_command *sp_command_find(const struct sp_command *const *list, const char *name)
{
	for (; *list; list++)
		if (sp_streq((*list)->name, name))
			return *list;
	return NULL;
}

void sp_flag_env_name(const char *name, struct sp_buf *out)
{
	sp_buf_puts(out, "SIDEPOD_");
	for (; *name; name++) {
		char c = *name;

		if (c == '-')
			c = '_';
		else if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		sp_buf_putc(out, c);
	}
}

/* Is @value one of the words of "a|b|c"? */
static bool choice_has(const char *choices, const char *value)
{
	size_t n = strlen(value);

	while (*choices) {
		size_t k = strcspn(choices, "|");

		if (k == n && memcmp(choices, value, n) == 0)
			return true;
		choices += k + (choices[k] == '|');
	}
	return false;
}

static const char *nearest_choice(struct sp_arena *a, const char *choices, const char *value)
{
	const char *words[16];
	size_t n = 0;

	while (*choices && n < SP_ARRAY_LEN(words)) {
		size_t k = strcspn(choices, "|");

		words[n] = sp_arena_strndup(a, choices, k);
		if (!words[n++])
			return NULL;
		choices += k + (choices[k] == '|');
	}
	return sp_nearest(value, words, n, 2);
}

/* "true" → 1, "false" → 0, anything else → -1 */
static int parse_bool(const char *s)
{
	static const char *const yes[] = {"true", "1", "yes", "on"};
	static const char *const no[] = {"false", "0", "no", "off", ""};

	for (size_t i = 0; i < SP_ARRAY_LEN(yes); i++)
		if (sp_streq(s, yes[i]))
			return 1;
	for (size_t i = 0; i < SP_ARRAY_LEN(no); i++)
		if (sp_streq(s, no[i]))
			return 0;
	return -1;
}

static int parse_duration(const char *s, sp_time *ret)
{
	int64_t whole;

	if (sp_parse_i64(s, 0, SP_NEVER / SP_SEC, &whole) == 0) {
		*ret = whole * SP_SEC;
		return 0;
	}
	return sp_parse_go_duration(s, ret) == 0 && *ret >= 0 ? 0 : -1;
}

/* Check @text by the flag's kind and keep it. @shown: "--grace" or "SIDEPOD_GRACE". */
static int set_value(struct sp_cli *cli, struct sp_flag_value *val, const char *text,
		     const char *shown, struct sp_error *err)
{
	const struct sp_flag *f = val->flag;
	const char **more;
	int64_t num = 0;
	int r;

	switch (f->kind) {
	case SP_FLAG_BOOL:
		num = parse_bool(text);
		if (num < 0)
			return sp_fail(err, SP_E_INVALID, "%s: '%s' is neither true nor false",
				       shown, text);
		break;
	case SP_FLAG_CHOICE:
		if (!choice_has(f->choices, text)) {
			const char *near = nearest_choice(&cli->arena, f->choices, text);

			return near ? sp_fail(err, SP_E_INVALID,
					      "%s: '%s' is not one of %s (did you mean '%s'?)",
					      shown, text, f->choices, near)
				    : sp_fail(err, SP_E_INVALID, "%s: '%s' is not one of %s", shown,
					      text, f->choices);
		}
		break;
	case SP_FLAG_INT:
		r = f->min || f->max ? sp_parse_i64(text, f->min, f->max, &num)
				     : sp_parse_i64(text, INT64_MIN, INT64_MAX, &num);
		if (r == -2)
			return sp_fail(err, SP_E_INVALID, "%s: %s is outside %lld to %lld", shown,
				       text, (long long)f->min, (long long)f->max);
		if (r < 0)
			return sp_fail(err, SP_E_INVALID, "%s: '%s' is not a whole number", shown,
				       text);
		break;
	case SP_FLAG_DURATION:
		if (parse_duration(text, &num) < 0)
			return sp_fail(err, SP_E_INVALID,
				       "%s: '%s' is not a duration such as 30s, 500ms or 1m20s",
				       shown, text);
		break;
	case SP_FLAG_TEXT:
	case SP_FLAG_LIST:
		break;
	}
	more = sp_arena_array(&cli->arena, val->n + 1, sizeof(*more));
	if (!more)
		return sp_fail(err, SP_E_NO_MEMORY, "%s", shown);
	if (val->n)
		memcpy(more, val->v, val->n * sizeof(*more));
	more[val->n++] = text;
	val->v = more;
	val->num = num;
	val->given = true;
	return 0;
}

static struct sp_flag_value *find_long(struct sp_cli *cli, const char *name, size_t n)
{
	for (uint32_t i = 0; i < cli->n_values; i++) {
		const char *have = cli->values[i].flag->name;

		if (strlen(have) == n && memcmp(have, name, n) == 0)
			return &cli->values[i];
	}
	return NULL;
}

static struct sp_flag_value *find_letter(struct sp_cli *cli, char letter)
{
	for (uint32_t i = 0; i < cli->n_values; i++)
		if (cli->values[i].flag->letter == letter)
			return &cli->values[i];
	return NULL;
}

static int unknown_flag(struct sp_cli *cli, const char *word, size_t n, struct sp_error *err)
{
	const char *names[128], *near;
	const char *name = sp_arena_strndup(&cli->arena, word + 2, n - 2);
	size_t k = 0;

	for (uint32_t i = 0; i < cli->n_values && k < SP_ARRAY_LEN(names); i++)
		names[k++] = cli->values[i].flag->name;
	near = name ? sp_nearest(name, names, k, 2) : NULL;
	if (near)
		return sp_fail(err, SP_E_INVALID, "unknown flag '%.*s' (did you mean '--%s'?)",
			       (int)n, word, near);
	return sp_fail(err, SP_E_INVALID, "unknown flag '%.*s'", (int)n, word);
}

/* One "--name[=value]"; *i moves on when the next word is the value. */
static int parse_long(struct sp_cli *cli, int n, char **args, int *i, struct sp_error *err)
{
	const char *word = args[*i], *eq = strchr(word, '=');
	size_t len = eq ? (size_t)(eq - word) : strlen(word);
	struct sp_flag_value *val = find_long(cli, word + 2, len - 2);
	const char *shown;

	if (!val)
		return unknown_flag(cli, word, len, err);
	shown = sp_arena_strndup(&cli->arena, word, len);
	if (!shown)
		return sp_fail(err, SP_E_NO_MEMORY, "%s", word);
	if (eq)
		return set_value(cli, val, eq + 1, shown, err);
	if (val->flag->kind == SP_FLAG_BOOL)
		return set_value(cli, val, "true", shown, err);
	if (val->flag->if_bare)
		return set_value(cli, val, val->flag->if_bare, shown, err);
	if (*i + 1 >= n)
		return sp_fail(err, SP_E_INVALID, "%s needs a value (%s)", shown, val->flag->arg);
	return set_value(cli, val, args[++*i], shown, err);
}

/* A cluster of letters: "-it", "-ojson", "-o=json", "-o json". */
static int parse_letters(struct sp_cli *cli, int n, char **args, int *i, struct sp_error *err)
{
	const char *p = args[*i] + 1;

	for (; *p; p++) {
		struct sp_flag_value *val = find_letter(cli, *p);
		char shown[3] = {'-', *p, '\0'};
		const char *name = sp_arena_strdup(&cli->arena, shown);

		if (!val)
			return sp_fail(err, SP_E_INVALID, "unknown flag '-%c'%s", *p,
				       p[1] || p != args[*i] + 1 ? " (long flags start with --)"
								 : "");
		if (!name)
			return sp_fail(err, SP_E_NO_MEMORY, "%s", args[*i]);
		if (val->flag->kind == SP_FLAG_BOOL) {
			if (set_value(cli, val, "true", name, err) < 0)
				return -1;
			continue;
		}
		if (p[1])
			return set_value(cli, val, p[1] == '=' ? p + 2 : p + 1, name, err);
		if (val->flag->if_bare)
			return set_value(cli, val, val->flag->if_bare, name, err);
		if (*i + 1 >= n)
			return sp_fail(err, SP_E_INVALID, "%s needs a value (%s)", name,
				       val->flag->arg);
		return set_value(cli, val, args[++*i], name, err);
	}
	return 0;
}

/* Lay out one value per flag: the command's first, then the global ones it does not redefine. */
static int open_values(struct sp_cli *cli, const struct sp_command *c, struct sp_error *err)
{
	const struct sp_flag *own = c ? c->flags : NULL, *f;
	uint32_t n = 0;

	for (f = own; f && f->name; f++)
		n++;
	for (f = sp_global_flags; f->name; f++)
		n++;
	cli->values = sp_arena_array(&cli->arena, n, sizeof(*cli->values));
	cli->n_values = 0;
	if (!cli->values)
		return sp_fail(err, SP_E_NO_MEMORY, "read the command line");
	for (f = own; f && f->name; f++)
		cli->values[cli->n_values++].flag = f;
	for (f = sp_global_flags; f->name; f++)
		if (!find_long(cli, f->name, strlen(f->name)))
			cli->values[cli->n_values++].flag = f;
	return 0;
}

static int take_environment(struct sp_cli *cli, struct sp_error *err)
{
	for (uint32_t i = 0; i < cli->n_values; i++) {
		struct sp_flag_value *val = &cli->values[i];
		char mem[64];
		struct sp_buf name = sp_buf_fixed(mem, sizeof(mem));
		const char *text;

		if (val->given || sp_streq(val->flag->name, "help"))
			continue;
		sp_flag_env_name(val->flag->name, &name);
		text = cli->env(mem);
		if (!text || !*text)
			continue;
		text = sp_arena_strdup(&cli->arena, text);
		if (!text)
			return sp_fail(err, SP_E_NO_MEMORY, "%s", mem);
		if (set_value(cli, val, text, mem, err) < 0)
			return -1;
	}
	return 0;
}

static int unknown_command(const struct sp_command *const *list, const char *path, const char *word,
			   struct sp_error *err)
{
	const char *names[64], *near;
	size_t n = 0;

	for (; *list && n < SP_ARRAY_LEN(names); list++)
		if (!(*list)->hidden)
			names[n++] = (*list)->name;
	near = sp_nearest(word, names, n, 2);
	return near ? sp_fail(err, SP_E_INVALID, "unknown command '%s%s%s' (did you mean '%s'?)",
			      path, *path ? " " : "", word, near)
		    : sp_fail(err, SP_E_INVALID, "unknown command '%s%s%s'", path, *path ? " " : "",
			      word);
}

int sp_cli_parse(struct sp_cli *cli, const struct sp_command *const *commands, int n, char **args,
		 struct sp_parsed *ret, struct sp_error *err)
{
	const struct sp_command *const *list = commands;
	const struct sp_command *c = NULL;
	struct sp_parsed res = {0};
	bool raw = false, to_name = true;

	cli->command = NULL;
	cli->path = "";
	res.argv = sp_arena_array(&cli->arena, (size_t)n + 1, sizeof(*res.argv));
	if (!res.argv)
		return sp_fail(err, SP_E_NO_MEMORY, "read the command line");
	/* flags before the command's name can only be global ones */
	if (open_values(cli, NULL, err) < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		char *word = args[i];

		if (!raw && sp_streq(word, "--")) {
			raw = true;
			continue;
		}
		if (!raw && word[0] == '-' && word[1]) {
			int r = word[1] == '-' ? parse_long(cli, n, args, &i, err)
					       : parse_letters(cli, n, args, &i, err);

			if (r < 0)
				return -1;
			continue;
		}
		if (!raw && to_name) {
			const struct sp_flag_value *old = cli->values;
			uint32_t n_old = cli->n_values;

			c = sp_command_find(list, word);
			if (!c)
				return unknown_command(list, cli->path, word, err);
			cli->command = c;
			cli->path = *cli->path ? sp_arena_printf(&cli->arena, "%s %s", cli->path,
								 c->name)
					       : c->name;
			if (!cli->path || open_values(cli, c, err) < 0)
				return sp_fail(err, SP_E_NO_MEMORY, "read the command line");
			for (uint32_t k = 0; k < n_old; k++) {
				struct sp_flag_value *now = find_long(cli, old[k].flag->name,
								      strlen(old[k].flag->name));

				if (old[k].given) {
					const struct sp_flag *flag = now->flag;

					*now = old[k];
					now->flag = flag;
				}
			}
			to_name = c->subs != NULL;
			if (c->subs)
				list = c->subs;
			continue;
		}
		res.argv[res.argc++] = word;
		if (c && c->raw_after && res.argc >= c->raw_after)
			raw = true;
	}
	res.command = c;
	for (uint32_t k = 0; k < cli->n_values; k++)
		if (sp_streq(cli->values[k].flag->name, "help") && cli->values[k].num)
			res.help = true;
	if (!res.help && c) {
		if (c->subs && !c->run)
			return sp_fail(err, SP_E_INVALID, "%s: which one? (%s)", cli->path,
				       c->args ? c->args : "a subcommand is needed");
		if (res.argc < c->min_args)
			return sp_fail(err, SP_E_INVALID, "%s: %s missing", cli->path,
				       c->args ? c->args : "argument");
		if (c->max_args >= 0 && res.argc > c->max_args)
			return sp_fail(err, SP_E_INVALID, "%s: '%s' is one argument too many",
				       cli->path, res.argv[c->max_args]);
		if (take_environment(cli, err) < 0)
			return -1;
	}
	*ret = res;
	return 0;
}

/* ---- values ---------------------------------------------------------------------------------- */

static const struct sp_flag_value *value_of(const struct sp_cli *cli, const char *name)
{
	for (uint32_t i = 0; i < cli->n_values; i++)
		if (sp_streq(cli->values[i].flag->name, name))
			return &cli->values[i];
	assert(!"a flag that the command does not have");
	return NULL;
}

bool sp_flag_given(const struct sp_cli *cli, const char *name)
{
	return value_of(cli, name)->given;
}

bool sp_flag_bool(const struct sp_cli *cli, const char *name)
{
	const struct sp_flag_value *val = value_of(cli, name);

	assert(val->flag->kind == SP_FLAG_BOOL);
	return val->given ? val->num != 0 : val->flag->standard && parse_bool(val->flag->standard);
}

const char *sp_flag_text(const struct sp_cli *cli, const char *name)
{
	const struct sp_flag_value *val = value_of(cli, name);

	return val->n ? val->v[val->n - 1] : val->flag->standard;
}

bool sp_flag_is(const struct sp_cli *cli, const char *name, const char *value)
{
	const char *have = sp_flag_text(cli, name);

	return have && sp_streq(have, value);
}

const char *const *sp_flag_list(const struct sp_cli *cli, const char *name, uint32_t *ret_n)
{
	const struct sp_flag_value *val = value_of(cli, name);

	*ret_n = val->n;
	return val->v;
}

int64_t sp_flag_int(const struct sp_cli *cli, const char *name, int64_t otherwise)
{
	const struct sp_flag_value *val = value_of(cli, name);
	int64_t num;

	assert(val->flag->kind == SP_FLAG_INT);
	if (val->given)
		return val->num;
	return val->flag->standard &&
			       sp_parse_i64(val->flag->standard, INT64_MIN, INT64_MAX, &num) == 0
		       ? num
		       : otherwise;
}

sp_time sp_flag_time(const struct sp_cli *cli, const char *name, sp_time otherwise)
{
	const struct sp_flag_value *val = value_of(cli, name);
	sp_time t;

	assert(val->flag->kind == SP_FLAG_DURATION);
	if (val->given)
		return val->num;
	return val->flag->standard && parse_duration(val->flag->standard, &t) == 0 ? t : otherwise;
}
