/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/auth.h"

#include "base/text.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define HELPER_MAX_BYTES (64 * 1024)
#define HELPER_TIME_MS   10000
#define TEXT_MAX         4096 /* longest key */

/* ---- documents ---- */

/* "https://index.docker.io/v1/" → "docker.io"; scheme, version path and last slash go. */
static void clean_key(const char *key, char out[static TEXT_MAX])
{
	static const char *const hub[] = {"index.docker.io", "registry-1.docker.io"};
	size_t n;

	if (strncmp(key, "https://", 8) == 0)
		key += 8;
	else if (strncmp(key, "http://", 7) == 0)
		key += 7;
	n = SP_MIN(strlen(key), (size_t)TEXT_MAX - 1);
	while (n > 0 && key[n - 1] == '/')
		n--;
	if (n > 3 && (strncmp(key + n - 3, "/v1", 3) == 0 || strncmp(key + n - 3, "/v2", 3) == 0))
		n -= 3;
	memcpy(out, key, n);
	out[n] = '\0';
	for (size_t i = 0; i < SP_ARRAY_LEN(hub); i++) {
		size_t k = strlen(hub[i]);

		/* where the k bytes are the same, they and a NUL are there */
		/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
		if (strncmp(out, hub[i], k) == 0 && (out[k] == '\0' || out[k] == '/')) {
			memmove(out + strlen("docker.io"), out + k, n - k + 1);
			memcpy(out, "docker.io", strlen("docker.io"));
		}
	}
}

/* How much of host/repo the key covers; 0: not at all. "*" stands for one label of the host. */
static size_t key_covers(const char *key, const char *host, const char *repo)
{
	size_t n = strcspn(key, "/");
	const char *path = key + n;

	if (key[0] == '*' && key[1] == '.') {
		const char *dot = strchr(host, '.');

		if (!dot || strlen(dot) != n - 1 || strncmp(dot, key + 1, n - 1) != 0)
			return 0;
	} else if (strlen(host) != n || strncmp(host, key, n) != 0) {
		return 0;
	}
	if (!*path)
		return n;
	path++;
	n = strlen(path);
	if (strncmp(path, repo, n) != 0 || (repo[n] != '\0' && repo[n] != '/'))
		return 0;
	return strlen(key) + 1;
}

/* "auth" is base64 of user:password; both may also stand by themselves. */
static int read_entry(struct sp_arena *a, const json_t *e, struct sp_credential *ret,
		      struct sp_error *err)
{
	const char *auth = json_string_value(json_object_get(e, "auth"));
	const char *user = json_string_value(json_object_get(e, "username"));
	const char *password = json_string_value(json_object_get(e, "password"));
	const char *token = json_string_value(json_object_get(e, "identitytoken"));

	if (auth && *auth) {
		size_t len;
		char *text = sp_arena_alloc(a, sp_base64_size(strlen(auth)) + 1), *colon;

		if (!text)
			return sp_fail(err, SP_E_NO_MEMORY, "credentials");
		if (sp_base64_decode(auth, strlen(auth), text, &len) < 0)
			return sp_fail(err, SP_E_INVALID, "an 'auth' is not base64");
		while (len > 0 && text[len - 1] == '\0')
			len--; /* old clients pad */
		text[len] = '\0';
		colon = strchr(text, ':');
		if (!colon)
			return sp_fail(err, SP_E_INVALID, "an 'auth' is not user:password");
		*colon = '\0';
		user = text;
		password = colon + 1;
	}
	ret->user = user && *user ? sp_arena_strdup(a, user) : NULL;
	ret->password = password ? sp_arena_strdup(a, password) : NULL;
	ret->identity_token = token && *token ? sp_arena_strdup(a, token) : NULL;
	return 0;
}

static int read_auths(struct sp_arena *a, json_t *auths, const char *host, const char *repo,
		      struct sp_auth_entry *ret, struct sp_error *err)
{
	const json_t *best = NULL;
	char clean[TEXT_MAX];
	size_t most = 0;
	const char *key;
	json_t *e;

	json_object_foreach(auths, key, e)
	{
		size_t n;

		clean_key(key, clean);
		n = key_covers(clean, host, repo);
		if (n > most && json_object_size(e) > 0) { /* {}: the helper has it */
			most = n;
			best = e;
		}
	}
	if (!best)
		return 0;
	if (read_entry(a, best, &ret->credential, err) < 0)
		return -1;
	ret->found = ret->credential.identity_token || ret->credential.user;
	return 0;
}

static bool helper_name_valid(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return n > 0 && n < 100 && !s[n] && s[0] != '.';
}

int sp_auth_parse(struct sp_arena *a, const char *json, size_t len, const char *host,
		  const char *repo, struct sp_auth_entry *ret, struct sp_error *err)
{
	json_auto_t *doc = json_loadb(json, len, 0, NULL);
	const char *helper = NULL, *key;
	char clean[TEXT_MAX];
	json_t *helpers, *v;

	*ret = (struct sp_auth_entry){0};
	if (!json_is_object(doc)) /* jansson's text would quote from the document */
		return sp_fail(err, SP_E_INVALID, "not a JSON object");
	ret->server = sp_arena_strdup(a, sp_streq(host, "docker.io") ? "https://index.docker.io/v1/"
								     : host);
	helpers = json_object_get(doc, "credHelpers");
	json_object_foreach(helpers, key, v)
	{
		clean_key(key, clean);
		if (sp_streq(clean, host))
			helper = json_string_value(v);
	}
	if (!helper) {
		bool old = !json_object_get(doc, "auths") && !helpers &&
			   !json_object_get(doc, "credsStore");

		if (read_auths(a, old ? doc : json_object_get(doc, "auths"), host, repo, ret, err) <
		    0)
			return -1;
		if (!ret->found)
			helper = json_string_value(json_object_get(doc, "credsStore"));
	}
	if (helper && *helper) {
		if (!helper_name_valid(helper))
			return sp_fail(err, SP_E_INVALID, "bad name of a credential helper");
		ret->helper = sp_arena_strdup(a, helper);
		if (!ret->helper)
			return sp_fail(err, SP_E_NO_MEMORY, "credentials");
	}
	return 0;
}

/* ---- helpers ---- */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void helper_child(const char *program, int in_fd, int out_fd) __attribute__((noreturn));
static void helper_child(const char *program, int in_fd, int out_fd)
{
	char get[] = "get";
	char *argv[] = {(char *)(uintptr_t)program, get, NULL};
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)signal(SIGPIPE, SIG_DFL);
	(void)setpgid(0, 0); /* so that it and its children can be ended together */
	if (null_fd < 0 || dup2(in_fd, STDIN_FILENO) < 0 || dup2(out_fd, STDOUT_FILENO) < 0 ||
	    dup2(null_fd, STDERR_FILENO) < 0) /* its words could hold secrets */
		_exit(127);
	execvp(program, argv);
	_exit(127);
}

/* Collect its answer until it ends, is too long, or takes too long. */
static int read_helper(int fd, struct sp_buf *out, struct sp_error *err)
{
	int64_t end = now_ms() + HELPER_TIME_MS;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = end - now_ms();
		char mem[4096];
		ssize_t n;

		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return sp_fail(err, SP_E_TIMEOUT, "no answer within %d s",
				       HELPER_TIME_MS / 1000);
		n = read(fd, mem, sizeof(mem));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sp_fail_errno(err, errno, "read its answer");
		if (n == 0)
			return 0;
		sp_buf_add(out, mem, (size_t)n);
		if (out->len > HELPER_MAX_BYTES || out->failed)
			return sp_fail(err, SP_E_INVALID, "its answer is longer than %d bytes",
				       HELPER_MAX_BYTES);
	}
}

static int run_helper(const char *program, const char *server, struct sp_buf *out,
		      struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int in_r = -EBADF, in_w = -EBADF, out_r = -EBADF, out_w = -EBADF;
	int p[2], status = 0, r;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0)
		return sp_fail_errno(err, errno, "pipe");
	in_r = p[0];
	in_w = p[1];
	if (pipe2(p, O_CLOEXEC) < 0)
		return sp_fail_errno(err, errno, "pipe");
	out_r = p[0];
	out_w = p[1];
	pid = fork();
	if (pid < 0)
		return sp_fail_errno(err, errno, "fork");
	if (pid == 0)
		helper_child(program, in_r, out_w);
	(void)setpgid(pid, pid); /* whichever of the two comes first */
	in_r = sp_close(in_r);
	out_w = sp_close(out_w);
	(void)sp_write_all(in_w, server,
			   strlen(server)); /* less than a pipe holds; it may be gone */
	(void)sp_write_all(in_w, "\n", 1);
	in_w = sp_close(in_w);
	r = read_helper(out_r, out, err);
	if (r < 0)
		(void)kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return sp_fail_errno(err, errno, "wait for it");
	if (r < 0)
		return -1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return sp_fail(err, SP_E_NOT_FOUND, "the program is not there");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return 1; /* it has none for this registry */
	return 0;
}

int sp_auth_answer(struct sp_arena *a, const char *json, size_t len, struct sp_credential *ret,
		   struct sp_error *err)
{
	json_auto_t *doc = json_loadb(json, len, 0, NULL);
	const char *user = json_string_value(json_object_get(doc, "Username"));
	const char *secret = json_string_value(json_object_get(doc, "Secret"));
	bool token = user && sp_streq(user, "<token>");

	if (!user || !secret)
		return sp_fail(err, SP_E_INVALID, "its answer has no Username and Secret");
	*ret = (struct sp_credential){.identity_token = token ? sp_arena_strdup(a, secret) : NULL,
				      .user = token ? NULL : sp_arena_strdup(a, user),
				      .password = token ? NULL : sp_arena_strdup(a, secret)};
	return ret->identity_token || (ret->user && ret->password)
		       ? 0
		       : sp_fail(err, SP_E_NO_MEMORY, "credentials");
}

/* Return: 1 it has none, 0 found, -1 */
static int ask_helper(struct sp_arena *a, const struct sp_auth_entry *e, struct sp_credential *ret,
		      struct sp_error *err)
{
	const char *program = sp_arena_printf(a, "docker-credential-%s", e->helper);
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	int r;

	if (!program || !e->server)
		return sp_fail(err, SP_E_NO_MEMORY, "credentials");
	r = run_helper(program, e->server, &out, err);
	if (r != 0)
		return r < 0 ? sp_wrap(err, "%s", program) : r;
	r = sp_auth_answer(a, out.ptr ? out.ptr : "", out.len, ret, err);
	if (out.ptr)
		explicit_bzero(out.ptr, out.len);
	ret->from = program;
	return r < 0 ? sp_wrap(err, "%s", program) : 0;
}

/* ---- all sources ---- */

static int add(struct sp_arena *a, struct sp_credentials *c, const struct sp_credential *one,
	       struct sp_error *err)
{
	if (c->n == c->cap) {
		uint32_t cap = c->cap ? c->cap * 2 : 8;
		struct sp_credential *v = sp_arena_array(a, cap, sizeof(*v));

		if (!v)
			return sp_fail(err, SP_E_NO_MEMORY, "credentials");
		if (c->n)
			memcpy(v, c->v, c->n * sizeof(*v));
		c->v = v;
		c->cap = cap;
	}
	c->v[c->n++] = *one;
	return 0;
}

static int add_document(struct sp_arena *a, const char *json, size_t len, const char *from,
			const char *host, const char *repo, struct sp_credentials *ret,
			struct sp_error *err)
{
	struct sp_auth_entry e;
	int r = 0;

	if (sp_auth_parse(a, json, len, host, repo, &e, err) < 0)
		return sp_wrap(err, "%s", from);
	if (e.helper) {
		r = ask_helper(a, &e, &e.credential, err);
		e.found = r == 0;
	} else {
		e.credential.from = from;
	}
	if (r < 0)
		return sp_wrap(err, "%s", from);
	return e.found ? add(a, ret, &e.credential, err) : 0;
}

/* Every entry of a pull secret that matches, among those of other secrets. */
static int add_secret(struct sp_arena *a, const struct sp_auth_secret *secret, const char *host,
		      const char *repo, struct sp_credentials *ret, struct sp_error *err)
{
	json_auto_t *doc = json_loads(secret->config, 0, NULL);
	json_t *auths = json_object_get(doc, "auths"), *e;
	char clean[TEXT_MAX];
	const char *key;

	if (!json_is_object(doc))
		return sp_fail(err, SP_E_INVALID, "%s: not a JSON object", secret->name);
	json_object_foreach(auths ? auths : doc, key, e)
	{
		struct sp_credential c = {.from = secret->name};
		uint32_t at;

		clean_key(key, clean);
		c.covers = key_covers(clean, host, repo);
		if (!c.covers)
			continue;
		if (read_entry(a, e, &c, err) < 0)
			return sp_wrap(err, "%s", secret->name);
		if (!c.identity_token && !c.user)
			continue;
		if (add(a, ret, &c, err) < 0)
			return -1;
		for (at = ret->n - 1; at > 0 && ret->v[at - 1].covers < c.covers; at--)
			ret->v[at] = ret->v[at - 1];
		ret->v[at] = c;
	}
	return 0;
}

/* NULL: it is not there, or *err is filled in. */
static char *read_document(struct sp_arena *a, const char *path, size_t *len, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	ssize_t n;
	char *p;

	*err = (struct sp_error){0};
	if (fd < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			(void)sp_fail_errno(err, errno, "%s", path);
		return NULL;
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > (off_t)SP_AUTH_MAX_BYTES) {
		(void)sp_fail(err, SP_E_INVALID, "%s: not a file of at most %u bytes", path,
			      SP_AUTH_MAX_BYTES);
		return NULL;
	}
	p = sp_arena_alloc(a, (size_t)st.st_size + 1);
	n = p ? read(fd, p, (size_t)st.st_size) : -1;
	if (n < 0) {
		(void)sp_fail_errno(err, p ? errno : ENOMEM, "%s", path);
		return NULL;
	}
	*len = (size_t)n;
	return p;
}

int sp_auth_find(struct sp_arena *a, const struct sp_auth_sources *src, const char *host,
		 const char *repo, struct sp_credentials *ret, void (*warn)(void *, const char *),
		 void *arg, struct sp_error *err)
{
	const char *file = src->env("REGISTRY_AUTH_FILE"), *run = src->env("XDG_RUNTIME_DIR"),
		   *home = src->env("HOME"), *docker = src->env("DOCKER_CONFIG");
	const char *paths[3] = {NULL};
	struct sp_error one;

	if (file && *file) {
		paths[0] = file;
	} else {
		if (run && *run)
			paths[0] = sp_arena_printf(a, "%s/containers/auth.json", run);
		paths[1] = "/etc/containers/auth.json";
		if (docker && *docker)
			paths[2] = sp_arena_printf(a, "%s/config.json", docker);
		else if (home && *home)
			paths[2] = sp_arena_printf(a, "%s/.docker/config.json", home);
	}
	*ret = (struct sp_credentials){0};
	/* one bad document must not hide the others; the caller tells */
	for (uint32_t i = 0; i < src->n_secrets; i++)
		if (add_secret(a, &src->secrets[i], host, repo, ret, &one) < 0 && warn)
			warn(arg, one.text);
	for (size_t i = 0; i < SP_ARRAY_LEN(paths); i++) {
		size_t len;
		char *json = paths[i] ? read_document(a, paths[i], &len, &one) : NULL;

		if (!paths[i] || (!json && one.code == SP_OK))
			continue;
		if ((!json || add_document(a, json, len, paths[i], host, repo, ret, &one) < 0) &&
		    warn)
			warn(arg, one.text);
	}
	return 0;
}
