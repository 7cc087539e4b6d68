/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Validation, the general part: how a problem is worded and placed, metadata, ConfigMap, Secret,
 * and the entry points. Everything reads the typed structs after defaulting; the wording is that of
 * an API server, so that what a user sees here can be searched for.
 */
#include "spec/validate_internal.h"

/* ---- places ---------------------------------------------------------------------------------- */

static const struct sp_node *place_node(const struct sp_vp *p)
{
	const struct sp_node *up;

	if (!p || p->node)
		return p ? p->node : NULL;
	up = place_node(p->up);
	if (!up)
		return NULL;
	if (p->field || p->key)
		return sp_node_get(up, p->field ? p->field : p->key);
	return up->kind == SP_NODE_LIST && p->idx < up->n ? up->items[p->idx] : NULL;
}

static void place_print(const struct sp_vp *p, struct sp_buf *out)
{
	if (p->up)
		place_print(p->up, out);
	if (p->field)
		sp_buf_printf(out, "%s%s", p->up ? "." : "", p->field);
	else if (p->key)
		sp_buf_printf(out, "[%s]", p->key);
	else
		sp_buf_printf(out, "[%u]", p->idx);
}

/* The value itself when it was read from the file, else the nearest thing around it that was. */
static struct sp_mark place_mark(const struct sp_vp *p, uint32_t *ret_len)
{
	*ret_len = 1;
	if (p->entry && p->entry->at.line) {
		*ret_len = (uint32_t)sp_utf8_columns(p->entry->key);
		return p->entry->at;
	}
	for (; p; p = p->up) {
		const struct sp_node *n = place_node(p);
		const char *name = p->field ? p->field : p->key;
		const struct sp_pair *pair =
			p->up && name ? sp_node_pair(place_node(p->up), name) : NULL;

		/* A structure is shown by its key: its first line says little about it. */
		if (n && pair && pair->at.line &&
		    (n->kind == SP_NODE_MAP || n->kind == SP_NODE_LIST)) {
			*ret_len = (uint32_t)sp_utf8_columns(pair->key);
			return pair->at;
		}
		if (!n || n->at.line == 0)
			continue;
		if (n->end.line == n->at.line && n->end.col > n->at.col)
			*ret_len = n->end.col - n->at.col;
		return n->at;
	}
	return (struct sp_mark){0, 0};
}

/* ---- problems -------------------------------------------------------------------------------- */

/*
 * What could not be decoded (rules SP…) is absent in the typed structs; its absence is not a second
 * problem.
 */
static bool told_already(const struct sp_v *v, const char *path, struct sp_mark at)
{
	size_t n = strlen(path);

	for (uint32_t i = v->first; i < v->diags->n; i++) {
		const struct sp_diag *d = &v->diags->v[i];

		if (d->severity != SP_SEV_ERROR || !d->path)
			continue;
		if (d->rule && strncmp(d->rule, "SP", 2) != 0)
			continue;
		if (d->at.line && (d->at.line < v->line_from || d->at.line > v->line_to))
			continue;
		if (strncmp(d->path, path, n) == 0 && (!d->path[n] || strchr(".[", d->path[n])))
			return true;
	}
	return false;
}

static struct sp_diag *report(struct sp_v *v, const struct sp_vp *p, const char *rule,
			      const char *type, const char *bad, const char *detail)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf path = {0};
	struct sp_mark at;
	uint32_t len;
	struct sp_diag *d;

	place_print(p, &path);
	at = place_mark(p, &len);
	if (at.line == 0)
		at = v->at;
	if (path.failed || told_already(v, path.ptr, at)) {
		v->spare = (struct sp_diag){0};
		return &v->spare;
	}
	d = sp_diag_add(v->diags, SP_SEV_ERROR, v->file, at, "%s: %s%s%s%s%s", path.ptr, type,
			bad ? ": " : "", bad ? bad : "", detail ? ": " : "", detail ? detail : "");
	d->path = sp_arena_strdup(v->a, path.ptr);
	d->rule = rule;
	d->len = len;
	return d;
}

static const char *format(struct sp_v *v, const char *fmt, va_list ap) SP_PRINTF(2, 0);
static const char *format(struct sp_v *v, const char *fmt, va_list ap)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	sp_buf_vprintf(&b, fmt, ap);
	return b.failed ? NULL : sp_arena_strdup(v->a, b.ptr);
}

static struct sp_diag *report_quoted(struct sp_v *v, const struct sp_vp *p, const char *rule,
				     const char *type, const char *bad, const char *detail)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	sp_buf_quote(&b, bad ? bad : "");
	return report(v, p, rule, type, b.failed ? "" : b.ptr, detail);
}

struct sp_diag *v_required(struct sp_v *v, const struct sp_vp *p, const char *rule,
			   const char *detail)
{
	return report(v, p, rule, "Required value", NULL, detail);
}

struct sp_diag *v_forbidden(struct sp_v *v, const struct sp_vp *p, const char *rule,
			    const char *fmt, ...)
{
	const char *detail;
	va_list ap;

	va_start(ap, fmt);
	detail = format(v, fmt, ap);
	va_end(ap);
	return report(v, p, rule, "Forbidden", NULL, detail);
}

struct sp_diag *v_invalid(struct sp_v *v, const struct sp_vp *p, const char *rule, const char *bad,
			  const char *fmt, ...)
{
	const char *detail;
	va_list ap;

	va_start(ap, fmt);
	detail = format(v, fmt, ap);
	va_end(ap);
	return report_quoted(v, p, rule, "Invalid value", bad, detail);
}

struct sp_diag *v_invalid_int(struct sp_v *v, const struct sp_vp *p, const char *rule, int64_t bad,
			      const char *fmt, ...)
{
	const char *detail;
	va_list ap;

	va_start(ap, fmt);
	detail = format(v, fmt, ap);
	va_end(ap);
	return report(v, p, rule, "Invalid value", sp_arena_printf(v->a, "%lld", (long long)bad),
		      detail);
}

struct sp_diag *v_invalid_node(struct sp_v *v, const struct sp_vp *p, const char *rule,
			       const struct sp_node *bad, const char *fmt, ...)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	const char *detail;
	va_list ap;

	va_start(ap, fmt);
	detail = format(v, fmt, ap);
	va_end(ap);
	if (bad)
		sp_node_json(bad, -1, &b);
	else
		sp_buf_puts(&b, "null");
	return report(v, p, rule, "Invalid value", b.failed ? "" : b.ptr, detail);
}

struct sp_diag *v_duplicate(struct sp_v *v, const struct sp_vp *p, const char *rule,
			    const char *bad)
{
	return report_quoted(v, p, rule, "Duplicate value", bad, NULL);
}

struct sp_diag *v_duplicate_int(struct sp_v *v, const struct sp_vp *p, const char *rule,
				int64_t bad)
{
	return report(v, p, rule, "Duplicate value", sp_arena_printf(v->a, "%lld", (long long)bad),
		      NULL);
}

struct sp_diag *v_not_found(struct sp_v *v, const struct sp_vp *p, const char *rule,
			    const char *bad)
{
	return report_quoted(v, p, rule, "Not found", bad, NULL);
}

struct sp_diag *v_too_long(struct sp_v *v, const struct sp_vp *p, const char *rule, uint64_t max)
{
	return report(
		v, p, rule, "Too long", NULL,
		sp_arena_printf(v->a, "may not be more than %llu bytes", (unsigned long long)max));
}

struct sp_diag *v_too_many(struct sp_v *v, const struct sp_vp *p, const char *rule, uint64_t n,
			   uint64_t max)
{
	return report(
		v, p, rule, "Too many", sp_arena_printf(v->a, "%llu", (unsigned long long)n),
		sp_arena_printf(v->a, "must have at most %llu items", (unsigned long long)max));
}

struct sp_diag *v_unsupported(struct sp_v *v, const struct sp_vp *p, const char *rule,
			      const char *bad, const char *const *set)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	struct sp_diag *d;
	const char *near;
	size_t n = 0;

	sp_buf_puts(&b, "supported values: ");
	for (; set[n]; n++) {
		if (n > 0)
			sp_buf_puts(&b, ", ");
		sp_buf_quote(&b, set[n]);
	}
	d = report_quoted(v, p, rule, "Unsupported value", bad, b.failed ? NULL : b.ptr);
	/* Two typing errors in a short word make another word. */
	near = v_empty(bad) ? NULL : sp_nearest(bad, set, n, strlen(bad) > 4 ? 2 : 1);
	if (near && *near)
		d->fix = sp_arena_printf(v->a, "write \"%s\"", near);
	return d;
}

bool v_one_of(struct sp_v *v, const struct sp_vp *p, const char *rule, const char *s,
	      const char *const *set)
{
	if (!s)
		return true;
	for (size_t i = 0; set[i]; i++)
		if (sp_streq(s, set[i]))
			return true;
	v_unsupported(v, p, rule, s, set);
	return false;
}

struct sp_diag *v_too_new(struct sp_v *v, const struct sp_vp *p, const char *rule, const char *what,
			  int minor)
{
	struct sp_diag *d =
		v_forbidden(v, p, rule, "%s needs Kubernetes 1.%d or later", what, minor);

	d->why = sp_arena_printf(v->a, "the manifest is checked by the rules of Kubernetes 1.%d",
				 v->minor);
	return d;
}

void v_msgs(struct sp_v *v, const struct sp_vp *p, const char *rule, const char *s,
	    const struct sp_name_msgs *m)
{
	for (uint32_t i = 0; i < m->n; i++)
		v_invalid(v, p, rule, s, "%s", m->v[i]);
}

/* A DNS name near @s: lower case, hyphens for what is not allowed; NULL when there is none. */
static const char *dns_name_like(struct sp_v *v, const char *s,
				 void (*check)(const char *, struct sp_name_msgs *))
{
	char *name = sp_arena_strdup(v->a, s);
	struct sp_name_msgs msgs;
	size_t n = 0;

	for (const char *p = s; name && *p; p++) {
		char c = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;

		if (c == '_' || c == ' ' || c == '/' || (c == '.' && check == sp_name_label))
			c = '-';
		name[n++] = c;
	}
	if (!name)
		return NULL;
	name[n] = '\0';
	check(name, &msgs);
	return msgs.n == 0 ? name : NULL;
}

void v_name(struct sp_v *v, const struct sp_vp *p, const char *rule, const char *s,
	    void (*check)(const char *, struct sp_name_msgs *))
{
	struct sp_name_msgs m;
	const char *like;

	check(s, &m);
	for (uint32_t i = 0; i < m.n; i++) {
		struct sp_diag *d = v_invalid(v, p, rule, s, "%s", m.v[i]);

		if (check != sp_name_label && check != sp_name_subdomain)
			continue;
		like = dns_name_like(v, s, check);
		if (like)
			d->fix = sp_arena_printf(v->a, "write %s", like);
	}
}

void v_non_negative(struct sp_v *v, const struct sp_vp *p, const char *rule,
		    const struct sp_opt_int *i)
{
	if (i->set && i->v < 0)
		v_invalid_int(v, p, rule, i->v, "must be greater than or equal to 0");
}

void v_range(struct sp_v *v, const struct sp_vp *p, const char *rule, const struct sp_opt_int *i,
	     int64_t min, int64_t max)
{
	if (i->set && (i->v < min || i->v > max))
		v_invalid_int(v, p, rule, i->v, "must be between %lld and %lld, inclusive",
			      (long long)min, (long long)max);
}

/* ---- what sidepod does not have ---------------------------------------------------------------
 */

#define NO_VOLUME_FIX                                                                              \
	"mount the data on this machine and use hostPath, or use a persistentVolumeClaim"

const struct sp_refused sp_refused_fields[] = {
	{"OPT-1", SP_REFUSED_POD, "hostnameOverride", "hostname override",
	 "set hostname, and subdomain if needed"},
	{"OPT-2", SP_REFUSED_LIFECYCLE, "stopSignal", "container stop signals",
	 "set STOPSIGNAL in the image, or send the signal from a preStop hook"},
	{"OPT-3", SP_REFUSED_ENV_SOURCE, "fileKeyRef", "environment variables from files",
	 "put the variables into a ConfigMap or Secret, or read the file in the command"},
	{"OPT-4", SP_REFUSED_VOLUME, "image", "image volumes",
	 "copy the files in an init container that runs the image"},
	{"OPT-5", SP_REFUSED_CONTAINER, "volumeDevices", "raw block devices",
	 "mount a file system with volumeMounts"},
	{"OPT-6", SP_REFUSED_POD, "resourceClaims", "dynamic resource claims",
	 "give the container the device through a hostPath volume"},
	{"OPT-8", SP_REFUSED_VOLUME, "ephemeral", "ephemeral claim volumes",
	 "use emptyDir, or a persistentVolumeClaim"},
	{"OPT-8", SP_REFUSED_VOLUME, "gitRepo", "gitRepo volumes",
	 "clone in an init container, into an emptyDir"},
	{"OPT-8", SP_REFUSED_VOLUME, "nfs", "nfs volumes", NO_VOLUME_FIX},
	{"OPT-8", SP_REFUSED_VOLUME, "csi", "csi volumes", NO_VOLUME_FIX},
	{"OPT-8", SP_REFUSED_VOLUME, "iscsi", "iscsi volumes", NO_VOLUME_FIX},
	{"OPT-8", SP_REFUSED_VOLUME, "fc", "fc volumes", NO_VOLUME_FIX},
	{"OPT-8", SP_REFUSED_VOLUME, "cephfs", "cephfs volumes", NO_VOLUME_FIX},
	{"OPT-8", SP_REFUSED_VOLUME, "rbd", "rbd volumes", NO_VOLUME_FIX},
	{"OPT-8", SP_REFUSED_VOLUME, "flexVolume", "flexVolume volumes", NO_VOLUME_FIX},
	{"OPT-8", SP_REFUSED_VOLUME, "glusterfs", "glusterfs volumes", NO_VOLUME_FIX},
	{"OPT-8", SP_REFUSED_VOLUME, "cinder", "cinder volumes", NO_VOLUME_FIX},
	{"OPT-8", SP_REFUSED_VOLUME, "awsElasticBlockStore", "awsElasticBlockStore volumes",
	 NO_VOLUME_FIX},
	{"OPT-8", SP_REFUSED_VOLUME, "gcePersistentDisk", "gcePersistentDisk volumes",
	 NO_VOLUME_FIX},
	{"OPT-8", SP_REFUSED_VOLUME, "azureDisk", "azureDisk volumes", NO_VOLUME_FIX},
	{"OPT-8", SP_REFUSED_VOLUME, "azureFile", "azureFile volumes", NO_VOLUME_FIX},
	{"OPT-8", SP_REFUSED_VOLUME, "vsphereVolume", "vsphereVolume volumes", NO_VOLUME_FIX},
	{"OPT-8", SP_REFUSED_VOLUME, "photonPersistentDisk", "photonPersistentDisk volumes",
	 NO_VOLUME_FIX},
	{"OPT-8", SP_REFUSED_VOLUME, "portworxVolume", "portworxVolume volumes", NO_VOLUME_FIX},
	{"OPT-8", SP_REFUSED_VOLUME, "quobyte", "quobyte volumes", NO_VOLUME_FIX},
	{"OPT-8", SP_REFUSED_VOLUME, "scaleIO", "scaleIO volumes", NO_VOLUME_FIX},
	{"OPT-8", SP_REFUSED_VOLUME, "storageos", "storageos volumes", NO_VOLUME_FIX},
	{"OPT-8", SP_REFUSED_VOLUME, "flocker", "flocker volumes", NO_VOLUME_FIX},
};
const size_t sp_refused_fields_n = SP_ARRAY_LEN(sp_refused_fields);

const char *sp_refused_where(enum sp_refused_place place)
{
	static const char *const names[] = {"pod", "container", "lifecycle", "env valueFrom",
					    "volume"};

	_Static_assert(SP_ARRAY_LEN(names) == SP_REFUSED_PLACES, "a name per place");
	return names[place];
}

void v_refuse(struct sp_v *v, const struct sp_vp *p, enum sp_refused_place place,
	      const struct sp_node *map)
{
	for (size_t i = 0; !v->for_cluster && i < sp_refused_fields_n; i++) {
		const struct sp_refused *r = &sp_refused_fields[i];
		struct sp_diag *d;

		if (r->place != place || !v_has(map, r->field))
			continue;
		d = v_forbidden(v, VP_FIELD(p, r->field), r->rule, "sidepod does not have %s",
				r->feature);
		d->why = "without it the pod would be another one than the manifest describes";
		d->fix = r->fix;
	}
}

/* ---- metadata, ConfigMap, Secret --------------------------------------------------------------
 */

#define LABELS_TOTAL_MAX_BYTES (256u * 1024)
#define DATA_MAX_BYTES         (1024u * 1024)

void v_label_map(struct sp_v *v, const struct sp_vp *p, const struct sp_map *m)
{
	for (uint32_t i = 0; i < m->n; i++) {
		const struct sp_kv *kv = &m->v[i];
		const struct sp_pair *entry = sp_node_pair(place_node(p), kv->key);
		/* The path names the map, the place is the key or the value. */
		const struct sp_vp key = {.up = p->up, .field = p->field, .entry = entry};
		const struct sp_vp value = {
			.up = p->up, .field = p->field, .node = entry ? entry->value : NULL};

		v_name(v, &key, "VAL-20", kv->key, sp_name_qualified);
		v_name(v, &value, "VAL-20", kv->value ? kv->value : "", sp_name_label_value);
	}
}

static void annotations(struct sp_v *v, const struct sp_vp *p, const struct sp_map *m)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < m->n; i++) {
		const struct sp_kv *kv = &m->v[i];
		const struct sp_vp at = {.up = p->up,
					 .field = p->field,
					 .entry = sp_node_pair(place_node(p), kv->key)};

		total += strlen(kv->key) + kv->len;
		v_name(v, &at, "VAL-20", kv->key, sp_name_qualified);
	}
	if (total > LABELS_TOTAL_MAX_BYTES)
		v_too_long(v, p, "VAL-20", LABELS_TOTAL_MAX_BYTES);
}

void v_meta(struct sp_v *v, const struct sp_vp *p, const struct sp_k_meta *m, bool named,
	    void (*name_rule)(const char *, struct sp_name_msgs *))
{
	if (named && (!m || (v_empty(m->name) && v_empty(m->generate_name))))
		v_required(v, VP_FIELD(p, "name"), "VAL-20", "name or generateName is required");
	if (!m)
		return;
	if (!v_empty(m->generate_name) && named) {
		/* The generated ending makes a trailing hyphen or dot fine. */
		size_t n = strlen(m->generate_name);
		char *probe = sp_arena_strndup(v->a, m->generate_name, n);
		struct sp_name_msgs msgs;

		if (probe && strchr("-.", probe[n - 1]))
			probe[n - 1] = 'a';
		if (probe) {
			name_rule(probe, &msgs);
			v_msgs(v, VP_FIELD(p, "generateName"), "VAL-20", m->generate_name, &msgs);
		}
	}
	/* A name made from generateName has the problems of that one. */
	if (!v_empty(m->name) && named &&
	    (v_empty(m->generate_name) ||
	     strncmp(m->name, m->generate_name, strlen(m->generate_name)) != 0))
		v_name(v, VP_FIELD(p, "name"), "VAL-20", m->name, name_rule);
	if (!v_empty(m->ns) && named)
		v_name(v, VP_FIELD(p, "namespace"), "VAL-20", m->ns, sp_name_label);
	v_label_map(v, VP_FIELD(p, "labels"), &m->labels);
	annotations(v, VP_FIELD(p, "annotations"), &m->annotations);
}

static uint64_t data_keys(struct sp_v *v, const struct sp_vp *p, const struct sp_map *m)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < m->n; i++) {
		const char *key = m->v[i].key;
		const struct sp_vp at = {
			.up = p, .key = key, .entry = sp_node_pair(place_node(p), key)};

		v_name(v, &at, "VAL-20", key, sp_name_config_key);
		total += m->v[i].len;
	}
	return total;
}

static void config_map(struct sp_v *v, const struct sp_k_config_map *c)
{
	const struct sp_vp *data = VP_ROOT("data", sp_node_get(c->node, "data"));
	const struct sp_vp *binary = VP_ROOT("binaryData", sp_node_get(c->node, "binaryData"));
	uint64_t total;

	for (uint32_t i = 0; i < c->binary_data.n; i++) {
		const char *key = c->binary_data.v[i].key;

		if (sp_map_get(&c->data, key))
			v_invalid(v, VP_KEY(data, key), "VAL-20", key,
				  "duplicate of key present in binaryData");
	}
	total = data_keys(v, data, &c->data);
	total += data_keys(v, binary, &c->binary_data);
	if (total > DATA_MAX_BYTES)
		v_too_long(v, data, "VAL-20", DATA_MAX_BYTES);
}

static void secret_needs(struct sp_v *v, const struct sp_k_secret *s, const struct sp_vp *data,
			 const char *key)
{
	struct sp_diag *d;

	if (sp_map_get(&s->data, key))
		return;
	d = v_required(v, VP_KEY(data, key), "VAL-20", NULL);
	d->why = sp_arena_printf(v->a, "secrets of type %s hold it", s->type);
}

static void secret(struct sp_v *v, const struct sp_k_secret *s)
{
	const struct sp_vp *data = VP_ROOT("data", sp_node_get(s->node, "data"));
	const char *type = s->type ? s->type : "Opaque";

	if (data_keys(v, data, &s->data) > DATA_MAX_BYTES)
		v_too_long(v, data, "VAL-20", DATA_MAX_BYTES);
	if (sp_streq(type, "kubernetes.io/dockerconfigjson")) {
		secret_needs(v, s, data, ".dockerconfigjson");
	} else if (sp_streq(type, "kubernetes.io/dockercfg")) {
		secret_needs(v, s, data, ".dockercfg");
	} else if (sp_streq(type, "kubernetes.io/ssh-auth")) {
		secret_needs(v, s, data, "ssh-privatekey");
	} else if (sp_streq(type, "kubernetes.io/tls")) {
		secret_needs(v, s, data, "tls.crt");
		secret_needs(v, s, data, "tls.key");
	} else if (sp_streq(type, "kubernetes.io/basic-auth") &&
		   !sp_map_get(&s->data, "username") && !sp_map_get(&s->data, "password")) {
		v_required(v, VP_KEY(data, "username"), "VAL-20", NULL);
		v_required(v, VP_KEY(data, "password"), "VAL-20", NULL);
	}
}

/* Of a Service that stands for another name. */
static void external_name(struct sp_v *v, const struct sp_node *spec)
{
	const char *name = sp_node_str(sp_node_get(spec, "externalName"), "");
	const struct sp_vp *p = VP_FIELD(VP_ROOT("spec", spec), "externalName");
	struct sp_name_msgs msgs;

	if (!sp_streq(sp_node_str(sp_node_get(spec, "type"), ""), "ExternalName"))
		return;
	if (!*name) {
		v_required(v, p, "VAL-20", NULL);
		return;
	}
	if (name[strlen(name) - 1] == '.') /* at the end of a name it is allowed */
		name = sp_arena_strndup(v->a, name, strlen(name) - 1);
	if (!name)
		return; /* nothing can be told any more */
	sp_name_subdomain(name, &msgs);
	v_msgs(v, p, "VAL-20", name, &msgs);
}

static void cron_job(struct sp_v *v, const struct sp_object *o)
{
	const struct sp_k_cron_job_spec *s = o->cron_job->spec;
	const struct sp_k_job_template *t = s ? s->job_template : NULL;
	const struct sp_k_job_spec *job = t ? t->spec : NULL;

	if (!s)
		v_required(v, VP_FIELD(VP_ROOT("spec", o->node), "schedule"), "CRON-1", NULL);
	else
		v_cron_job_spec(v, VP_ROOT("spec", s->node), o->meta ? o->meta->name : NULL,
				s->node, job ? job->template : NULL);
}

/* ---- entry points -----------------------------------------------------------------------------
 */

void sp_object_validate(struct sp_arena *a, const struct sp_object *o,
			const struct sp_load_options *opt, struct sp_diags *diags)
{
	struct sp_v v = {.a = a, .diags = diags, .minor = SP_KUBE_MINOR};
	const struct sp_vp *meta = VP_ROOT("metadata", sp_node_get(o->node, "metadata"));

	if (!o->any)
		return;
	if (opt && opt->kube_minor)
		v.minor = opt->kube_minor;
	v.for_cluster = opt && opt->for_cluster;
	v.opt = opt;
	v.file = o->source ? o->source->name : NULL;
	if (o->node) {
		v.at = o->node->at;
		v.line_from = o->node->at.line;
		v.line_to = o->node->end.line;
	}
	switch (o->kind) {
	case SP_KIND_POD:
		v_meta(&v, meta, o->meta, true, sp_name_subdomain);
		if (o->pod->spec)
			v_pod_spec(&v, VP_ROOT("spec", o->pod->spec->node), o->pod->spec);
		else
			v_required(&v, VP_FIELD(VP_ROOT("spec", o->node), "containers"), "VAL-10",
				   NULL);
		break;
	case SP_KIND_CONFIG_MAP:
		v_meta(&v, meta, o->meta, true, sp_name_subdomain);
		config_map(&v, o->config_map);
		break;
	case SP_KIND_SECRET:
		v_meta(&v, meta, o->meta, true, sp_name_subdomain);
		secret(&v, o->secret);
		break;
	case SP_KIND_JOB:
		v_meta(&v, meta, o->meta, true, sp_name_subdomain);
		if (o->job->spec)
			v_job_spec(&v, VP_ROOT("spec", o->job->spec->node), o->job->spec->node,
				   o->job->spec->template);
		else
			v_required(&v, VP_FIELD(VP_ROOT("spec", o->node), "template"), "JOB-10",
				   NULL);
		break;
	case SP_KIND_CRON_JOB:
		v_meta(&v, meta, o->meta, true, sp_name_subdomain);
		cron_job(&v, o);
		break;
	case SP_KIND_DEPLOYMENT:
	case SP_KIND_REPLICA_SET:
	case SP_KIND_STATEFUL_SET:
	case SP_KIND_DAEMON_SET:
		v_meta(&v, meta, o->meta, true, sp_name_subdomain);
		if (o->workload->spec)
			v_replicated_spec(&v, VP_ROOT("spec", o->workload->spec->node), o->kind,
					  o->workload->spec->node, o->workload->spec->template);
		else
			v_required(&v, VP_FIELD(VP_ROOT("spec", o->node), "selector"), "DEPLOY-1",
				   NULL);
		break;
	case SP_KIND_SERVICE:
		external_name(&v, sp_node_get(o->node, "spec"));
		break;
	case SP_KIND_UNKNOWN:
	case SP_KIND_PVC:
	case SP_KIND_NAMESPACE:
	case SP_KINDS:
		break;
	}
}

void sp_validation_text(const struct sp_object *o, const struct sp_diags *diags, uint32_t from,
			struct sp_buf *out)
{
	uint32_t n = 0;

	for (uint32_t i = from; i < diags->n; i++)
		n += diags->v[i].severity == SP_SEV_ERROR;
	sp_buf_printf(out, "The %s ", sp_kind_name(o->kind));
	sp_buf_quote(out, o->meta && o->meta->name ? o->meta->name : "");
	sp_buf_puts(out, " is invalid: ");
	for (uint32_t i = from; i < diags->n; i++) {
		if (diags->v[i].severity != SP_SEV_ERROR)
			continue;
		if (n > 1)
			sp_buf_puts(out, "\n* ");
		sp_buf_puts(out, diags->v[i].message);
	}
}
