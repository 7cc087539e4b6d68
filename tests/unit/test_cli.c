/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines, help, man pages, completion and what a stream may show: tables of cases. */
#include "cli/cli_internal.h"

#include "base/text.h"
#include "cli/resource.h"

#include "cmocka_all.h"

static const struct sp_flag run_flags[] = {
	{.name = "grace",
	 .letter = 'g',
	 .kind = SP_FLAG_DURATION,
	 .arg = "TIME",
	 .standard = "30s",
	 .help = "h"},
	{.name = "progress",
	 .kind = SP_FLAG_CHOICE,
	 .arg = "MODE",
	 .choices = "auto|tty|plain",
	 .standard = "auto",
	 .help = "How to show it"},
	{.name = "file", .letter = 'f', .kind = SP_FLAG_LIST, .arg = "FILE", .help = "h"},
	{.name = "tail", .kind = SP_FLAG_INT, .arg = "N", .min = 0, .max = 100, .help = "h"},
	{.name = "wait", .kind = SP_FLAG_TEXT, .arg = "FOR", .if_bare = "Ready", .help = "h"},
	{.name = "now", .kind = SP_FLAG_BOOL, .help = "h"},
	{.name = "tty", .letter = 't', .kind = SP_FLAG_BOOL, .help = "h"},
	{0},
};

static int do_nothing(struct sp_cli *cli, int argc, char **argv)
{
	return 0;
}

static const struct sp_command cmd_run = {
	.name = "run",
	.summary = "Start pods",
	.args = "FILE…",
	.flags = run_flags,
	.examples = {{"run a.yaml", "start"}},
	.max_args = -1,
	.completes = SP_COMPLETE_FILE,
	.run = do_nothing,
};
static const struct sp_command cmd_exec = {
	.name = "exec",
	.summary = "Run a command",
	.args = "POD COMMAND…",
	.flags = run_flags,
	.min_args = 2,
	.max_args = -1,
	.raw_after = 2,
	.run = do_nothing,
};
static const struct sp_command cmd_one = {.name = "one",
					  .summary = "s",
					  .args = "NAME",
					  .min_args = 1,
					  .max_args = 1,
					  .run = do_nothing};
static const struct sp_command cmd_load = {.name = "load",
					   .summary = "Load",
					   .args = "FILE",
					   .min_args = 1,
					   .max_args = 1,
					   .run = do_nothing};
static const struct sp_command *const image_subs[] = {&cmd_load, NULL};
static const struct sp_command cmd_image = {
	.name = "image", .summary = "Images", .args = "load|ls", .subs = image_subs};
static const struct sp_command *const table[] = {&cmd_run, &cmd_exec, &cmd_one, &cmd_image, NULL};

static const char *no_env(const char *name)
{
	return NULL;
}

static const char *some_env(const char *name)
{
	if (sp_streq(name, "SIDEPOD_GRACE"))
		return "7s";
	if (sp_streq(name, "SIDEPOD_NOW"))
		return "yes";
	return NULL;
}

static const char *bad_env(const char *name)
{
	return sp_streq(name, "SIDEPOD_PROGRESS") ? "loud" : NULL;
}

/* Words separated by blanks → argv. */
static int split(char *line, char **words, int max)
{
	int n = 0;

	for (char *save = NULL, *w = strtok_r(line, " ", &save); w && n < max;
	     w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	return n;
}

struct parse {
	struct sp_cli cli;
	struct sp_parsed parsed;
	struct sp_error err;
	char line[256];
	char *words[32];
	int r;
};

static void parse(struct parse *p, const char *line, const char *(*env)(const char *))
{
	*p = (struct parse){.cli = {.env = env}};
	assert_true(strlen(line) < sizeof(p->line));
	memcpy(p->line, line, strlen(line) + 1);
	p->r = sp_cli_parse(&p->cli, table, split(p->line, p->words, 32), p->words, &p->parsed,
			    &p->err);
}

static void done(struct parse *p)
{
	sp_arena_done(&p->cli.arena);
}

static void test_words(void **state)
{
	struct parse p;
	uint32_t n;
	const char *const *files;

	parse(&p, "run a.yaml --grace 90 -f x -fy -f=z --now b.yaml --tail=5 -n other", no_env);
	assert_int_equal(p.r, 0);
	assert_ptr_equal(p.parsed.command, &cmd_run);
	assert_int_equal(p.parsed.argc, 2);
	assert_string_equal(p.parsed.argv[0], "a.yaml");
	assert_string_equal(p.parsed.argv[1], "b.yaml");
	assert_true(sp_flag_time(&p.cli, "grace", 0) == 90 * SP_SEC);
	files = sp_flag_list(&p.cli, "file", &n);
	assert_int_equal(n, 3);
	assert_string_equal(files[0], "x");
	assert_string_equal(files[1], "y");
	assert_string_equal(files[2], "z");
	assert_true(sp_flag_bool(&p.cli, "now"));
	assert_false(sp_flag_bool(&p.cli, "tty"));
	assert_int_equal(sp_flag_int(&p.cli, "tail", -1), 5);
	assert_string_equal(sp_flag_text(&p.cli, "namespace"), "other");
	assert_true(sp_flag_is(&p.cli, "progress", "auto"));
	assert_false(sp_flag_given(&p.cli, "progress"));
	done(&p);

	/* global flags may stand before the command; `--` ends flags; a bare `-` is an argument */
	parse(&p, "-n ns run - -- --now", no_env);
	assert_int_equal(p.r, 0);
	assert_string_equal(sp_flag_text(&p.cli, "namespace"), "ns");
	assert_int_equal(p.parsed.argc, 2);
	assert_string_equal(p.parsed.argv[1], "--now");
	assert_false(sp_flag_bool(&p.cli, "now"));
	done(&p);

	parse(&p, "run --wait --now=false", no_env);
	assert_string_equal(sp_flag_text(&p.cli, "wait"), "Ready");
	assert_true(sp_flag_given(&p.cli, "now"));
	assert_false(sp_flag_bool(&p.cli, "now"));
	done(&p);
	parse(&p, "run --wait=Complete x", no_env);
	assert_string_equal(sp_flag_text(&p.cli, "wait"), "Complete");
	assert_int_equal(p.parsed.argc, 1);
	done(&p);

	/* after the second positional argument everything belongs to the command that is run */
	parse(&p, "exec -t pod ls -l --now", no_env);
	assert_int_equal(p.r, 0);
	assert_true(sp_flag_bool(&p.cli, "tty"));
	assert_int_equal(p.parsed.argc, 4);
	assert_string_equal(p.parsed.argv[2], "-l");
	done(&p);

	parse(&p, "image load x.tar", no_env);
	assert_int_equal(p.r, 0);
	assert_ptr_equal(p.parsed.command, &cmd_load);
	assert_string_equal(p.cli.path, "image load");
	done(&p);

	parse(&p, "", no_env);
	assert_int_equal(p.r, 0);
	assert_null(p.parsed.command);
	done(&p);

	/* help wins over missing arguments */
	parse(&p, "one --help", no_env);
	assert_int_equal(p.r, 0);
	assert_true(p.parsed.help);
	done(&p);
}

static void test_wrong_words(void **state)
{
	static const struct {
		const char *line, *text;
	} cases[] = {
		{"rnu", "unknown command 'rnu' (did you mean 'run'?)"},
		{"frobnicate", "unknown command 'frobnicate'"},
		{"image lod", "unknown command 'image lod' (did you mean 'load'?)"},
		{"image", "image: which one? (load|ls)"},
		{"run --grce 3", "unknown flag '--grce' (did you mean '--grace'?)"},
		{"run --grce=3", "unknown flag '--grce' (did you mean '--grace'?)"},
		{"run -q", "unknown flag '-q'"},
		{"run -now", "--namespace"},
		{"run --grace", "--grace needs a value (TIME)"},
		{"run -g", "-g needs a value (TIME)"},
		{"run --grace soon",
		 "--grace: 'soon' is not a duration such as 30s, 500ms or 1m20s"},
		{"run --grace=-1s", "--grace: '-1s' is not a duration such as 30s, 500ms or 1m20s"},
		{"run --tail 101", "--tail: 101 is outside 0 to 100"},
		{"run --tail x", "--tail: 'x' is not a whole number"},
		{"run --progress plan",
		 "--progress: 'plan' is not one of auto|tty|plain (did you mean 'plain'?)"},
		{"run --now=perhaps", "--now: 'perhaps' is neither true nor false"},
		{"one", "one: NAME missing"},
		{"one a b", "one: 'b' is one argument too many"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct parse p;

		parse(&p, cases[i].line, no_env);
		if (sp_streq(cases[i].line, "run -now")) { /* -n with the value "ow" */
			assert_int_equal(p.r, 0);
			assert_string_equal(sp_flag_text(&p.cli, "namespace"), "ow");
		} else {
			assert_int_equal(p.r, -1);
			assert_string_equal(p.err.text, cases[i].text);
			assert_int_equal(p.err.code, SP_E_INVALID);
		}
		done(&p);
	}
}

static void test_environment(void **state)
{
	struct parse p;
	char mem[64];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	parse(&p, "run", some_env);
	assert_int_equal(p.r, 0);
	assert_true(sp_flag_time(&p.cli, "grace", 0) == 7 * SP_SEC);
	assert_true(sp_flag_bool(&p.cli, "now"));
	done(&p);
	parse(&p, "run -g 3s --now=0", some_env);
	assert_true(sp_flag_time(&p.cli, "grace", 0) == 3 * SP_SEC);
	assert_false(sp_flag_bool(&p.cli, "now"));
	done(&p);
	parse(&p, "run", bad_env);
	assert_int_equal(p.r, -1);
	assert_string_equal(p.err.text, "SIDEPOD_PROGRESS: 'loud' is not one of auto|tty|plain");
	done(&p);
	sp_flag_env_name("dry-run", &b);
	assert_string_equal(mem, "SIDEPOD_DRY_RUN");
}

/* Every line of every help text fits 80 columns, every example is a command line that parses. */
static void check_help(const struct sp_command *c, const char *path)
{
	struct sp_buf b = {0};

	sp_help_command(c, path, &b);
	assert_false(b.failed);
	for (char *save = NULL, *line = strtok_r(b.ptr, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (sp_utf8_columns(line) > 80)
			fail_msg("%s: longer than 80 columns: %s", path, line);
	sp_buf_done(&b);
	for (size_t i = 0; i < SP_ARRAY_LEN(c->examples) && c->examples[i].line; i++) {
		struct sp_cli cli = {.env = no_env};
		struct sp_parsed parsed;
		struct sp_error err;
		char line[256];
		char *words[32];
		char *end;

		assert_true(strlen(c->examples[i].line) < sizeof(line));
		memcpy(line, c->examples[i].line, strlen(c->examples[i].line) + 1);
		end = strpbrk(line, "|><"); /* the shell's part */
		if (end)
			*end = '\0';
		if (sp_cli_parse(&cli, sp_commands, split(line, words, 32), words, &parsed, &err) <
		    0)
			fail_msg("example '%s': %s", c->examples[i].line, err.text);
		sp_arena_done(&cli.arena);
	}
	for (const struct sp_command *const *s = c->subs; s && *s; s++) {
		char sub[64];

		snprintf(sub, sizeof(sub), "%s %s", path, (*s)->name);
		check_help(*s, sub);
	}
}

static void test_help(void **state)
{
	struct sp_buf b = {0};

	for (const struct sp_command *const *c = sp_commands; *c; c++)
		check_help(*c, (*c)->name);
	sp_help_overview(sp_commands, &b);
	assert_memory_equal(b.ptr, "Examples:\n", 10);
	sp_buf_clear(&b);
	sp_help_command(&cmd_run, "run", &b);
	assert_memory_equal(b.ptr, "Examples:\n  sidepod run a.yaml  start\n", 37);
	assert_non_null(strstr(b.ptr, "  -g, --grace TIME          h (default 30s)\n"));
	assert_non_null(strstr(b.ptr,
			       "      --progress MODE       How to show it: auto, tty, plain "
			       "(default auto)\n"));
	assert_non_null(strstr(b.ptr, "      --wait[=FOR]          h\n"));
	sp_buf_done(&b);
}

static void test_man(void **state)
{
	struct sp_buf b = {0};

	sp_help_man(table, &cmd_run, "run", &b);
	assert_non_null(strstr(b.ptr, ".TH \"SIDEPOD-RUN\" 1"));
	assert_non_null(strstr(b.ptr, ".B \\-g, \\-\\-grace TIME\n"));
	assert_non_null(strstr(b.ptr, "SIDEPOD_GRACE"));
	sp_buf_clear(&b);
	sp_help_man(table, NULL, "", &b);
	assert_non_null(strstr(b.ptr, ".BR sidepod\\-run (1)\nStart pods.\n"));
	sp_buf_done(&b);
}

static void test_completion(void **state)
{
	static const struct {
		const char *line; /* the last word is the one being completed; "~" stands for "" */
		const char *want;
	} cases[] = {
		{"r", "run\tStart pods\n"},
		{"image ~", "load\tLoad\n"},
		{"run --pro", "--progress\tHow to show it\n"},
		{"run --progress ~", "auto\ntty\nplain\n"},
		{"run --progress=t", "--progress=tty\n"},
		{"run --color n", "never\n"},
		{"run --progress = t", "tty\n"}, /* as bash splits it */
		{"run --progress =", "auto\ntty\nplain\n"},
		{"run --progress plain --wait ~", ":file\n"},
		{"run --grace 5s ~", ":file\n"},
		{"run --root ~", ":dir\n"},
		{"nonsense ~", ""},
		{"exec pod -- -", ""},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_cli cli = {.env = no_env};
		struct sp_buf b = {0};
		char line[128], *words[16];
		int n;

		memcpy(line, cases[i].line, strlen(cases[i].line) + 1);
		n = split(line, words, 16);
		if (sp_streq(words[n - 1], "~"))
			words[n - 1][0] = '\0';
		sp_complete_words(&cli, table, n, words, &b);
		assert_string_equal(b.len ? b.ptr : "", cases[i].want);
		sp_buf_done(&b);
		sp_arena_done(&cli.arena);
	}
}

static const char *const *look_env;

static const char *env_of_look(const char *name)
{
	for (size_t i = 0; look_env[i]; i += 2)
		if (sp_streq(look_env[i], name))
			return look_env[i + 1];
	return NULL;
}

static void test_look(void **state)
{
	static const struct {
		bool tty;
		const char *color;
		const char *env[5];
		bool want;
	} cases[] = {
		{true, "auto", {"TERM", "xterm"}, true},
		{true, "auto", {"TERM", "dumb"}, false},
		{true, "auto", {NULL}, false},
		{false, "auto", {"TERM", "xterm"}, false},
		{true, "auto", {"TERM", "xterm", "NO_COLOR", "1"}, false},
		{true, "auto", {"TERM", "xterm", "NO_COLOR", ""}, true},
		{false, "auto", {"CLICOLOR_FORCE", "1"}, true},
		{false, "auto", {"CLICOLOR_FORCE", "0"}, false},
		{false, "auto", {"CLICOLOR_FORCE", "1", "NO_COLOR", "1"}, false},
		{false, "always", {"NO_COLOR", "1"}, true},
		{true, "never", {"TERM", "xterm"}, false},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		look_env = cases[i].env;
		assert_int_equal(
			sp_look_decide(cases[i].tty, cases[i].color, false, "C.UTF-8", env_of_look)
				.color,
			cases[i].want);
	}
	look_env = cases[2].env;
	assert_true(sp_look_decide(true, "auto", false, "C", env_of_look).ascii);
	assert_true(sp_look_decide(true, "auto", false, NULL, env_of_look).ascii);
	assert_true(sp_look_decide(true, "auto", true, "C.UTF-8", env_of_look).ascii);
	assert_false(sp_look_decide(true, "auto", false, "de_DE.utf8", env_of_look).ascii);
}

static void test_resources(void **state)
{
	static const struct {
		const char *text, *kind, *name;
	} cases[] = {
		{"deploy/web", "Deployment", "web"},
		{"Deployment.apps/web", "Deployment", "web"},
		{"deployments.batch/web", NULL, "web"},
		{"cj/a/b", "CronJob", "a/b"},
		{"svc/", "Service", ""},
		{"/x", NULL, "x"},
		{"deplo/web", NULL, "web"},
	};
	struct sp_error err;
	const char *name;

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		const struct sp_resource *r = sp_resource_split(cases[i].text, &name, &err);

		assert_string_equal(name, cases[i].name);
		if (cases[i].kind)
			assert_string_equal(r->kind, cases[i].kind);
		else
			assert_true(!r && err.code == SP_E_INVALID);
	}
	assert_null(sp_resource_split("web", &name, &err));
	assert_int_equal(err.code, SP_OK);
	assert_string_equal(sp_resource_nearest("deploymnts"), "deployments");
	assert_null(sp_resource_nearest("something"));
	assert_string_equal(sp_resource_of_kind("Job")->words[0], "jobs");
	assert_null(sp_resource_of_kind("job"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),       cmocka_unit_test(test_wrong_words),
		cmocka_unit_test(test_environment), cmocka_unit_test(test_help),
		cmocka_unit_test(test_man),         cmocka_unit_test(test_completion),
		cmocka_unit_test(test_look),        cmocka_unit_test(test_resources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
