/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the registry client reads: WWW-Authenticate, credential files, registries.conf. And which
 * hosts count as this machine.
 */
#include "registry/auth.h"
#include "registry/challenge.h"
#include "registry/conf.h"
#include "registry/http.h"
#include "registry/toml.h"

#include "cmocka_all.h"

static void test_challenge(void **state)
{
	static const struct {
		const char *value;
		int result;
		bool basic, bearer;
		const char *realm, *service, *scope;
	} cases[] = {
		{"Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
		 "scope=\"repository:library/nginx:pull\"",
		 0, false, true, "https://auth.docker.io/token", "registry.docker.io",
		 "repository:library/nginx:pull"},
		{"Basic realm=\"Registry Realm\"", 0, true, false, NULL, NULL, NULL},
		{"bearer REALM=https", 0, false, true, "https", NULL, NULL},
		{"Basic realm=\"a, b\", Bearer realm=\"x\"", 0, true, true, "x", NULL, NULL},
		{"Bearer realm=\"a\\\"b\"", 0, false, true, "a\"b", NULL, NULL},
		{"Negotiate, Bearer service=s", 0, false, true, NULL, "s", NULL},
		{"Bearer realm=\"x\",scope=\"a:b:pull,push\"", 0, false, true, "x", NULL,
		 "a:b:pull,push"},
		{"Bearer realm=\"open", -1, false, true, NULL, NULL, NULL},
		{"Bearer realm=", -1, false, true, NULL, NULL, NULL},
		{"=x", -1, false, false, NULL, NULL, NULL},
		{"", 0, false, false, NULL, NULL, NULL},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
		struct sp_challenge c = {0};

		assert_int_equal(sp_challenge_parse(&a, cases[i].value, &c), cases[i].result);
		assert_int_equal(c.basic, cases[i].basic);
		assert_int_equal(c.bearer, cases[i].bearer);
		assert_string_equal(c.realm ? c.realm : "-", cases[i].realm ? cases[i].realm : "-");
		assert_string_equal(c.service ? c.service : "-",
				    cases[i].service ? cases[i].service : "-");
		assert_string_equal(c.scope ? c.scope : "-", cases[i].scope ? cases[i].scope : "-");
	}
}

/* dTpw is u:p, djpx is v:q */
static void test_auth_files(void **state)
{
	static const struct {
		const char *json, *host, *repo;
		int result;
		const char *user, *password, *token, *helper; /* NULL absent */
	} cases[] = {
		{"{\"auths\":{\"q.io\":{\"auth\":\"dTpw\"}}}", "q.io", "a/b", 0, "u", "p", NULL,
		 NULL},
		{"{\"auths\":{\"q.io\":{\"auth\":\"dTpw\"}}}", "other.io", "a/b", 0, NULL, NULL,
		 NULL, NULL},
		{"{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"dTpw\"}}}", "docker.io",
		 "library/x", 0, "u", "p", NULL, NULL},
		{"{\"auths\":{\"q.io\":{\"auth\":\"dTpw\"},\"q.io/a\":{\"auth\":\"djpx\"}}}",
		 "q.io", "a/b", 0, "v", "q", NULL, NULL},
		{"{\"auths\":{\"q.io/a\":{\"auth\":\"dTpw\"}}}", "q.io", "ab/c", 0, NULL, NULL,
		 NULL, NULL},
		{"{\"auths\":{\"*.azurecr.io\":{\"auth\":\"dTpw\"}}}", "x.azurecr.io", "c", 0, "u",
		 "p", NULL, NULL},
		{"{\"auths\":{\"*.azurecr.io\":{\"auth\":\"dTpw\"}}}", "y.x.azurecr.io", "c", 0,
		 NULL, NULL, NULL, NULL},
		{"{\"auths\":{\"q.io\":{\"auth\":\"dTpw\",\"identitytoken\":\"T\"}}}", "q.io", "a",
		 0, "u", "p", "T", NULL},
		{"{\"auths\":{\"q.io\":{\"username\":\"u\",\"password\":\"p\"}}}", "q.io", "a", 0,
		 "u", "p", NULL, NULL},
		{"{\"q.io\":{\"auth\":\"dTpw\",\"email\":\"x\"}}", "q.io", "a", 0, "u", "p", NULL,
		 NULL}, /* .dockercfg */
		{"{\"auths\":{\"q.io\":{}},\"credsStore\":\"pass\"}", "q.io", "a", 0, NULL, NULL,
		 NULL, "pass"},
		{"{\"auths\":{\"q.io\":{\"auth\":\"dTpw\"}},\"credHelpers\":{\"q.io\":\"gcr\"}}",
		 "q.io", "a", 0, NULL, NULL, NULL, "gcr"},
		{"{\"credsStore\":\"../../bin/sh\"}", "q.io", "a", -1, NULL, NULL, NULL, NULL},
		{"{\"auths\":{\"q.io\":{\"auth\":\"!\"}}}", "q.io", "a", -1, NULL, NULL, NULL,
		 NULL},
		{"{\"auths\":{\"q.io\":{\"auth\":\"dXA=\"}}}", "q.io", "a", -1, NULL, NULL, NULL,
		 NULL},
		{"[]", "q.io", "a", -1, NULL, NULL, NULL, NULL},
		{"{\"auths\":{\"q.io\":{\"auth\":\"secret", "q.io", "a", -1, NULL, NULL, NULL,
		 NULL},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
		struct sp_error err = {0};
		struct sp_auth_entry e;

		assert_int_equal(sp_auth_parse(&a, cases[i].json, strlen(cases[i].json),
					       cases[i].host, cases[i].repo, &e, &err),
				 cases[i].result);
		assert_null(strstr(err.text, "secret"));
		if (cases[i].result < 0)
			continue;
		assert_int_equal(e.found, cases[i].user != NULL);
		assert_string_equal(e.helper ? e.helper : "-",
				    cases[i].helper ? cases[i].helper : "-");
		if (!e.found)
			continue;
		assert_string_equal(e.credential.user, cases[i].user);
		assert_string_equal(e.credential.password, cases[i].password);
		assert_string_equal(e.credential.identity_token ? e.credential.identity_token : "-",
				    cases[i].token ? cases[i].token : "-");
	}
}

static const char *no_env(const char *name)
{
	return sp_streq(name, "REGISTRY_AUTH_FILE") ? "/nonexistent" : NULL;
}

static void count_warning(void *arg, const char *text)
{
	int *n = arg;

	assert_null(strstr(text, "word"));
	(*n)++;
}

/* As the kubelet: all that match, the more specific first, of one key in the secrets' order. */
static void test_auth_secrets(void **state)
{
	static const struct sp_auth_secret secrets[] = {
		{"one", "{\"auths\":{\"q.io\":{\"username\":\"wide1\",\"password\":\"p\"},"
			"\"q.io/team\":{\"username\":\"team\",\"password\":\"p\"},"
			"\"q.io/other\":{\"username\":\"other\",\"password\":\"p\"}}}"},
		{"two", "password in no JSON"},
		{"three", "{\"https://q.io/v1/\":{\"username\":\"wide2\",\"password\":\"p\"},"
			  "\"*.io\":{\"username\":\"star\",\"password\":\"p\"},"
			  "\"q.io/team/app\":{\"auth\":\"YXBwOnA=\"}}"},
	};
	static const char *const want[] = {"app", "team", "wide1", "wide2", "star"};
	const struct sp_auth_sources src = {.env = no_env, .secrets = secrets, .n_secrets = 3};
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_credentials got;
	struct sp_error err = {0};
	int warnings = 0;

	assert_int_equal(
		sp_auth_find(&a, &src, "q.io", "team/app", &got, count_warning, &warnings, &err),
		0);
	assert_int_equal(warnings, 1);
	assert_int_equal(got.n, SP_ARRAY_LEN(want));
	for (uint32_t i = 0; i < got.n; i++)
		assert_string_equal(got.v[i].user, want[i]);
	assert_string_equal(got.v[0].from, "three");
	assert_string_equal(got.v[2].from, "one");
}

static int count_events(void *arg, const struct sp_toml_event *ev, struct sp_error *err)
{
	unsigned *n = arg;

	(void)err;
	n[ev->kind]++;
	return 0;
}

static void test_toml(void **state)
{
	static const struct {
		const char *text;
		const char *error; /* NULL: it is fine */
	} cases[] = {
		{"", NULL},
		{"# only words", NULL},
		{"a = 1\nb = \"x\" # y\r\n[t.u]\n'c d' = true\n[[v]]\ne = [ \"f\",\n \"g\", ]\n",
		 NULL},
		{"a = \"\\u00e9\\t\"", NULL},
		{"a = ", "line 1"},
		{"\n\na = \"x", "line 3: a string does not end"},
		{"a = 1 b = 2", "line 1: unexpected text"},
		{"[t", "']' is expected"},
		{"[[t]", "']' is expected"},
		{"a = \"\\x\"", "unknown escape"},
		{"a = \"\"\"x\"\"\"", "several lines"},
		{"a = [[[[[1]]]]]", "nested too deeply"},
		{"a = 1.5", "unexpected text"},
		{"a = 2020-01-01", "no value"},
		{"a", "'=' is expected"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
		struct sp_error err = {0};
		unsigned n[8] = {0};
		int r = sp_toml_read(&a, cases[i].text, strlen(cases[i].text), count_events, n,
				     &err);

		assert_int_equal(r, cases[i].error ? -1 : 0);
		if (cases[i].error && !strstr(err.text, cases[i].error))
			fail_msg("'%s': %s", cases[i].text, err.text);
		if (i == 2) {
			assert_int_equal(n[SP_TOML_TABLE], 2);
			assert_int_equal(n[SP_TOML_STRING], 3);
			assert_int_equal(n[SP_TOML_ARRAY], 1);
		}
	}
}

static const char conf_text[] = "unqualified-search-registries = [\"first.io\", \"docker.io\"]\n"
				"[aliases]\n"
				"\"fedora\" = \"registry.fedoraproject.org/fedora\"\n"
				"[[registry]]\n"
				"prefix = \"q.io/team\"\n"
				"location = \"inner.example:5000/mirror/team\"\n"
				"insecure = true\n"
				"[[registry.mirror]]\n"
				"location = \"near.example\"\n"
				"[[registry.mirror]]\n"
				"location = \"pinned.example\"\n"
				"pull-from-mirror = \"digest-only\"\n"
				"[[registry]]\n"
				"location = \"bad.io\"\n"
				"blocked = true\n"
				"[[registry]]\n"
				"prefix = \"*.wild.io\"\n"
				"location = \"w.io\"\n";

#define DIGEST "@sha256:0000000000000000000000000000000000000000000000000000000000000000"

static void test_sources(void **state)
{
	static const struct {
		const char *ref;
		const char *sources; /* "host/repo[!insecure][+mirror] …"; NULL: blocked */
	} cases[] = {
		{"nginx", "first.io/nginx docker.io/library/nginx"},
		{"a/b", "first.io/a/b docker.io/a/b"},
		{"docker.io/library/nginx", "docker.io/library/nginx"},
		{"fedora:40", "registry.fedoraproject.org/fedora"},
		{"q.io/team/app", "near.example/app+ inner.example:5000/mirror/team/app!"},
		{"q.io/team/app" DIGEST,
		 "near.example/app+ pinned.example/app+ inner.example:5000/mirror/team/app!"},
		{"q.io/teams/app", "q.io/teams/app"},
		{"x.wild.io/app", "w.io/app"},
		{"bad.io/x", NULL},
	};
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_registries conf = {0};
	struct sp_error err = {0};

	assert_int_equal(sp_registries_parse(&a, conf_text, strlen(conf_text), &conf, &err), 0);
	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
		struct sp_reference ref;
		struct sp_source *v;
		uint32_t n;
		int r;

		assert_int_equal(sp_reference_parse(&a, cases[i].ref, &ref, &err), 0);
		r = sp_registries_sources(&a, &conf, &ref, &v, &n, &err);
		assert_int_equal(r, cases[i].sources ? 0 : -1);
		for (uint32_t k = 0; r == 0 && k < n; k++)
			sp_buf_printf(&b, "%s%s/%s%s%s", k ? " " : "", v[k].host, v[k].repo,
				      v[k].insecure ? "!" : "", v[k].mirror ? "+" : "");
		if (r == 0)
			assert_string_equal(b.ptr, cases[i].sources);
		else
			assert_int_equal(err.code, SP_E_DENIED);
	}
}

static void test_bad_conf(void **state)
{
	static const char *const texts[] = {
		"[[registry]]\ninsecure = true\n",
		"[[registry.mirror]]\nlocation = \"x\"\n",
		"[[registry]]\nprefix = \"a\"\n[[registry.mirror]]\n",
		"[[registry]]\nprefix = 1\n",
		"[[registry]]\nprefix = \"a\"\nblocked = \"yes\"\n",
		"[registries.search]\nregistries = [\"x\"]\n",
		"unqualified-search-registries = \"x\"\n",
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(texts); i++) {
		SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
		struct sp_registries conf = {0};
		struct sp_error err = {0};

		assert_int_equal(sp_registries_parse(&a, texts[i], strlen(texts[i]), &conf, &err),
				 -1);
		assert_true(err.text[0]);
	}
}

static void test_hosts(void **state)
{
	static const struct {
		const char *host;
		bool loopback;
	} cases[] = {{"localhost", true},      {"localhost:5000", true},  {"127.0.0.1:5000", true},
		     {"127.9.9.9", true},      {"[::1]:5000", true},      {"128.0.0.1", false},
		     {"127.evil.com", false},  {"localhost.evil", false}, {"", false},
		     {"127.0.0.1.x.y", false}, {"[::2]", false}};
	char host[64];

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++)
		assert_int_equal(sp_host_is_loopback(cases[i].host), cases[i].loopback);
	sp_url_host("https://user:word@a.b:5000/v2/?x=@y", host, sizeof(host));
	assert_string_equal(host, "a.b:5000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_challenge),    cmocka_unit_test(test_auth_files),
		cmocka_unit_test(test_toml),         cmocka_unit_test(test_sources),
		cmocka_unit_test(test_bad_conf),     cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_auth_secrets),
	};

	return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
