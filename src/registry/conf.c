/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/conf.h"

#include "registry/toml.h"
#include "sys/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#define FILE_MAX (1024u * 1024)

struct parsing {
	struct sp_arena *arena;
	struct sp_registries *conf;
	struct sp_registry_rule *rule; /* the [[registry]] being read */
};

/* Room for one more of @v; NULL over the limit or out of memory. */
static void *grow(struct sp_arena *a, void *v, uint32_t n, uint32_t *cap, size_t size)
{
	uint32_t more = *cap ? *cap * 2 : 8;
	void *w;

	if (n < *cap)
		return v;
	w = n >= SP_CONF_MAX ? NULL : sp_arena_array(a, more, size);
	if (!w)
		return NULL;
	if (n)
		memcpy(w, v, n * size);
	*cap = more;
	return w;
}

#define GROW(a, v, n, cap) ((v) = grow(a, v, n, &(cap), sizeof(*(v))))

static int too_many(struct sp_error *err, const char *what)
{
	return sp_fail(err, SP_E_INVALID, "more than %d %s", SP_CONF_MAX, what);
}

static int begin_table(struct parsing *p, const struct sp_toml_event *ev, struct sp_error *err)
{
	struct sp_registries *c = p->conf;

	if (sp_streq(ev->table, "registry")) {
		if (!GROW(p->arena, c->rules, c->n_rules, c->cap_rules))
			return too_many(err, "registries");
		p->rule = &c->rules[c->n_rules++];
		*p->rule = (struct sp_registry_rule){.prefix = "", .location = ""};
	} else if (sp_streq(ev->table, "registry.mirror")) {
		if (!p->rule)
			return sp_fail(err, SP_E_INVALID, "a mirror before the first [[registry]]");
		if (!GROW(p->arena, p->rule->mirrors, p->rule->n_mirrors, p->rule->cap_mirrors))
			return too_many(err, "mirrors");
		p->rule->mirrors[p->rule->n_mirrors++] = (struct sp_mirror){.location = ""};
	} else if (strncmp(ev->table, "registries", 10) == 0) {
		return sp_fail(err, SP_E_UNSUPPORTED,
			       "[%s] is version 1 of the format; version 2 is understood",
			       ev->table);
	}
	return 0;
}

static int want(const struct sp_toml_event *ev, enum sp_toml_kind kind, struct sp_error *err)
{
	if (ev->kind == kind)
		return 0;
	return sp_fail(err, SP_E_INVALID, "'%s' must be %s", ev->key,
		       kind == SP_TOML_BOOL ? "true or false" : "a string");
}

static int set_rule(struct sp_registry_rule *r, const struct sp_toml_event *ev,
		    struct sp_error *err)
{
	const struct {
		const char *key;
		bool *flag;
		const char **text;
	} table[] = {
		{"prefix", NULL, &r->prefix},
		{"location", NULL, &r->location},
		{"insecure", &r->insecure, NULL},
		{"blocked", &r->blocked, NULL},
		{"mirror-by-digest-only", &r->mirror_by_digest_only, NULL},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(table); i++) {
		if (!sp_streq(table[i].key, ev->key))
			continue;
		if (want(ev, table[i].flag ? SP_TOML_BOOL : SP_TOML_STRING, err) < 0)
			return -1;
		if (table[i].flag)
			*table[i].flag = ev->number;
		else if (table[i].text)
			*table[i].text = ev->text;
	}
	return 0;
}

static int set_mirror(struct sp_mirror *m, const struct sp_toml_event *ev, struct sp_error *err)
{
	if (sp_streq(ev->key, "location")) {
		if (want(ev, SP_TOML_STRING, err) < 0)
			return -1;
		m->location = ev->text;
	} else if (sp_streq(ev->key, "insecure")) {
		if (want(ev, SP_TOML_BOOL, err) < 0)
			return -1;
		m->insecure = ev->number;
	} else if (sp_streq(ev->key, "pull-from-mirror")) {
		if (want(ev, SP_TOML_STRING, err) < 0)
			return -1;
		if (sp_streq(ev->text, "all"))
			m->use = SP_MIRROR_ALL;
		else if (sp_streq(ev->text, "digest-only"))
			m->use = SP_MIRROR_DIGEST_ONLY;
		else if (sp_streq(ev->text, "tag-only"))
			m->use = SP_MIRROR_TAG_ONLY;
		else
			return sp_fail(err, SP_E_INVALID,
				       "'pull-from-mirror' must be all, digest-only or tag-only");
	}
	return 0;
}

static int set_search(struct parsing *p, const struct sp_toml_event *ev, struct sp_error *err)
{
	struct sp_registries *c = p->conf;

	if (ev->kind == SP_TOML_ARRAY && !ev->element) { /* a later file's list replaces */
		c->n_search = 0;
		return 0;
	}
	if (!ev->element || ev->kind != SP_TOML_STRING)
		return sp_fail(err, SP_E_INVALID, "'%s' must be a list of strings", ev->key);
	if (!GROW(p->arena, c->search, c->n_search, c->cap_search))
		return too_many(err, "search registries");
	c->search[c->n_search++] = ev->text;
	return 0;
}

static int set_alias(struct parsing *p, const struct sp_toml_event *ev, struct sp_error *err)
{
	struct sp_registries *c = p->conf;

	if (want(ev, SP_TOML_STRING, err) < 0)
		return -1;
	for (uint32_t i = 0; i < c->n_aliases; i++)
		if (sp_streq(c->aliases[i].name, ev->key)) {
			c->aliases[i].target = ev->text;
			return 0;
		}
	if (!GROW(p->arena, c->aliases, c->n_aliases, c->cap_aliases))
		return too_many(err, "aliases");
	c->aliases[c->n_aliases++] = (struct sp_alias){ev->key, ev->text};
	return 0;
}

static int on_event(void *arg, const struct sp_toml_event *ev, struct sp_error *err)
{
	struct parsing *p = arg;

	if (ev->kind == SP_TOML_TABLE)
		return begin_table(p, ev, err);
	if (sp_streq(ev->table, "registry"))
		return set_rule(p->rule, ev, err);
	if (sp_streq(ev->table, "registry.mirror"))
		return set_mirror(&p->rule->mirrors[p->rule->n_mirrors - 1], ev, err);
	if (sp_streq(ev->table, "aliases"))
		return set_alias(p, ev, err);
	if (!*ev->table && sp_streq(ev->key, "unqualified-search-registries"))
		return set_search(p, ev, err);
	return 0; /* other settings concern other programs */
}

int sp_registries_parse(struct sp_arena *a, const char *text, size_t len, struct sp_registries *ret,
			struct sp_error *err)
{
	struct parsing p = {.arena = a, .conf = ret};
	uint32_t before = ret->n_rules;

	if (sp_toml_read(a, text, len, on_event, &p, err) < 0)
		return -1;
	for (uint32_t i = before; i < ret->n_rules; i++) {
		struct sp_registry_rule *r = &ret->rules[i];

		if (!*r->prefix && !*r->location)
			return sp_fail(err, SP_E_INVALID,
				       "[[registry]] %u has neither prefix nor location",
				       i - before + 1);
		if (!*r->prefix)
			r->prefix = r->location;
		for (uint32_t k = 0; k < r->n_mirrors; k++)
			if (!*r->mirrors[k].location)
				return sp_fail(err, SP_E_INVALID,
					       "a mirror of '%s' has no location", r->prefix);
	}
	return 0;
}

/* ---- files ---- */

/* Return: 1 read, 0 not there, -1 */
static int load_file(struct sp_arena *a, const char *path, struct sp_registries *ret,
		     struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	ssize_t n;
	char *text;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return sp_fail_errno(err, errno, "%s", path);
	if (!S_ISREG(st.st_mode) || st.st_size > (off_t)FILE_MAX)
		return sp_fail(err, SP_E_INVALID, "%s: not a file of at most %u bytes", path,
			       FILE_MAX);
	text = sp_arena_alloc(a, (size_t)st.st_size + 1);
	if (!text)
		return sp_fail(err, SP_E_NO_MEMORY, "%s", path);
	n = read(fd, text, (size_t)st.st_size);
	if (n < 0)
		return sp_fail_errno(err, errno, "%s", path);
	return sp_registries_parse(a, text, (size_t)n, ret, err) < 0 ? sp_wrap(err, "%s", path) : 1;
}

static int is_conf(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 5 && e->d_name[0] != '.' && sp_streq(e->d_name + n - 5, ".conf");
}

static int load_dir(struct sp_arena *a, const char *dir, struct sp_registries *ret,
		    struct sp_error *err)
{
	struct dirent **v;
	int n = scandir(dir, &v, is_conf, alphasort), r = 0;

	if (n < 0)
		return 0; /* there is none */
	for (int i = 0; i < n; i++) {
		const char *path = sp_arena_printf(a, "%s/%s", dir, v[i]->d_name);

		if (r == 0 && !path)
			r = sp_fail(err, SP_E_NO_MEMORY, "%s", dir);
		else if (r == 0 && load_file(a, path, ret, err) < 0)
			r = -1;
		free(v[i]);
	}
	free(v);
	return r;
}

int sp_registries_load(struct sp_arena *a, const char *(*env)(const char *name),
		       struct sp_registries *ret, struct sp_error *err)
{
	const char *file = env("CONTAINERS_REGISTRIES_CONF"), *home = env("HOME"), *own = NULL;
	int r = 0;

	*ret = (struct sp_registries){0};
	if (file && *file) {
		r = load_file(a, file, ret, err);
		if (r == 0)
			return sp_fail(err, SP_E_NOT_FOUND, "%s: no such file", file);
		return r < 0 ? -1 : 0;
	}
	if (home && *home)
		own = sp_arena_printf(a, "%s/.config/containers", home);
	if (own)
		r = load_file(a, sp_arena_printf(a, "%s/registries.conf", own), ret, err);
	if (r == 0)
		r = load_file(a, "/etc/containers/registries.conf", ret, err);
	if (r < 0 || load_dir(a, "/etc/containers/registries.conf.d", ret, err) < 0)
		return -1;
	return own ? load_dir(a, sp_arena_printf(a, "%s/registries.conf.d", own), ret, err) : 0;
}

/* ---- sources ---- */

/* How much of host/repo the prefix covers: whole path elements, "*.host" for any name below. */
static size_t covers(const char *prefix, const char *host, const char *path)
{
	size_t n = strlen(prefix);

	if (prefix[0] == '*' && prefix[1] == '.') {
		size_t k = strlen(host);

		return !strchr(prefix, '/') && k > n - 1 && sp_streq(host + k - (n - 1), prefix + 1)
			       ? n
			       : 0;
	}
	return strncmp(path, prefix, n) == 0 && (path[n] == '\0' || path[n] == '/') ? n : 0;
}

static const struct sp_registry_rule *find_rule(const struct sp_registries *conf, const char *host,
						const char *path)
{
	const struct sp_registry_rule *best = NULL;
	size_t most = 0;

	for (uint32_t i = 0; i < conf->n_rules; i++) {
		size_t n = covers(conf->rules[i].prefix, host, path);

		if (n > most || (n && n == most)) { /* of two equal ones the later file's */
			most = n;
			best = &conf->rules[i];
		}
	}
	return best;
}

struct listing {
	struct sp_arena *arena;
	const struct sp_reference *ref;
	struct sp_source *v;
	uint32_t n, cap;
};

/* "host/some/path" of a configuration becomes a source, checked as any reference is. */
static int add_source(struct listing *l, const char *path, bool insecure, bool mirror,
		      struct sp_error *err)
{
	const struct sp_reference *ref = l->ref;
	const char *text = sp_arena_printf(l->arena, "%s%s%s%s%s", path ? path : "",
					   ref->tag ? ":" : "", ref->tag ? ref->tag : "",
					   ref->digest ? "@" : "", ref->digest ? ref->digest : "");
	struct sp_reference there;

	if (!path || !text || !GROW(l->arena, l->v, l->n, l->cap))
		return sp_fail(err, SP_E_NO_MEMORY, "image '%s'", ref->full);
	if (sp_reference_parse(l->arena, text, &there, err) < 0)
		return sp_wrap(err, "registries.conf: '%s'", path);
	l->v[l->n++] = (struct sp_source){.host = there.host,
					  .repo = there.repo,
					  .name = there.full,
					  .insecure = insecure,
					  .mirror = mirror};
	return 0;
}

static int add_place(struct listing *l, const struct sp_registries *conf, const char *path,
		     struct sp_error *err)
{
	const char *host = sp_arena_strndup(l->arena, path, strcspn(path, "/")), *rest;
	const struct sp_registry_rule *rule = host ? find_rule(conf, host, path) : NULL;
	bool pinned = l->ref->digest != NULL;

	if (!rule)
		return add_source(l, path, false, false, err);
	if (rule->blocked)
		return sp_fail(err, SP_E_DENIED, "registries.conf blocks '%s'", rule->prefix);
	rest = rule->prefix[0] == '*' ? path + strlen(host) : path + strlen(rule->prefix);
	for (uint32_t i = 0; i < rule->n_mirrors; i++) {
		const struct sp_mirror *m = &rule->mirrors[i];

		if ((m->use == SP_MIRROR_DIGEST_ONLY || rule->mirror_by_digest_only) && !pinned)
			continue;
		if (m->use == SP_MIRROR_TAG_ONLY && pinned)
			continue;
		if (add_source(l, sp_arena_printf(l->arena, "%s%s", m->location, rest), m->insecure,
			       true, err) < 0)
			return -1;
	}
	if (*rule->location)
		path = sp_arena_printf(l->arena, "%s%s", rule->location, rest);
	return path ? add_source(l, path, rule->insecure, false, err)
		    : sp_fail(err, SP_E_NO_MEMORY, "image '%s'", l->ref->full);
}

int sp_registries_sources(struct sp_arena *a, const struct sp_registries *conf,
			  const struct sp_reference *ref, struct sp_source **ret, uint32_t *n,
			  struct sp_error *err)
{
	struct listing l = {.arena = a, .ref = ref};
	const char *path = sp_arena_printf(a, "%s/%s", ref->host, ref->repo);

	if (!path)
		return sp_fail(err, SP_E_NO_MEMORY, "image '%s'", ref->full);
	if (ref->short_name) {
		const char *target = NULL;

		for (uint32_t i = 0; i < conf->n_aliases; i++)
			if (sp_streq(conf->aliases[i].name, ref->short_name))
				target = conf->aliases[i].target;
		if (target) {
			path = target;
		} else if (conf->n_search) {
			for (uint32_t i = 0; i < conf->n_search; i++) {
				bool hub = sp_streq(conf->search[i], "docker.io");
				const char *p = sp_arena_printf(a, "%s/%s", conf->search[i],
								hub ? ref->repo : ref->short_name);

				if (!p)
					return sp_fail(err, SP_E_NO_MEMORY, "image '%s'",
						       ref->full);
				if (add_place(&l, conf, p, err) < 0)
					return -1;
			}
			*ret = l.v;
			*n = l.n;
			return 0;
		}
	}
	if (add_place(&l, conf, path, err) < 0)
		return -1;
	*ret = l.v;
	*n = l.n;
	return 0;
}
