/* SPDX-License-Identifier: Apache-2.0 */
/* Fields that do not belong: the nearest name, the place where they belong, or what to write. */
#include "spec/decode_internal.h"

#include "base/text.h"

#define NAMES_MAX 64 /* fields of one type, with room */

/* Where fields of a pod are to be found. */
static const struct {
	enum sp_type_id type;
	const char *path;
} homes[] = {
	{SP_T_POD_SPEC, "spec"},
	{SP_T_CONTAINER, "spec.containers[]"},
	{SP_T_META, "metadata"},
	{SP_T_SECURITY, "spec.containers[].securityContext"},
	{SP_T_POD_SECURITY, "spec.securityContext"},
	{SP_T_PROBE, "spec.containers[].readinessProbe (or another probe)"},
	{SP_T_LIFECYCLE, "spec.containers[].lifecycle"},
	{SP_T_RESOURCES, "spec.containers[].resources"},
	{SP_T_MOUNT, "spec.containers[].volumeMounts[]"},
	{SP_T_PORT, "spec.containers[].ports[]"},
	{SP_T_HTTP_GET, "httpGet"},
	{SP_T_VOLUME, "spec.volumes[]"},
	{SP_T_ENV_SOURCE, "spec.containers[].env[].valueFrom"},
};

/* Path of the pod inside an object of this kind; NULL without a pod. */
static const char *pod_prefix(enum sp_kind kind)
{
	switch (kind) {
	case SP_KIND_POD:
		return "";
	case SP_KIND_JOB:
	case SP_KIND_DEPLOYMENT:
	case SP_KIND_REPLICA_SET:
	case SP_KIND_STATEFUL_SET:
	case SP_KIND_DAEMON_SET:
		return "spec.template.";
	case SP_KIND_CRON_JOB:
		return "spec.jobTemplate.spec.template.";
	case SP_KIND_UNKNOWN:
	case SP_KIND_CONFIG_MAP:
	case SP_KIND_SECRET:
	case SP_KIND_SERVICE:
	case SP_KIND_PVC:
	case SP_KIND_NAMESPACE:
	case SP_KINDS:
		break;
	}
	return NULL;
}

static const char *nearest(enum sp_type_id id, const char *name)
{
	const char *names[NAMES_MAX];
	size_t n = 0;

	for (const struct sp_field *f = sp_type_get(id)->fields; f->text && n < NAMES_MAX; f++)
		names[n++] = sp_field_name(f);
	if (id == SP_T_EPHEMERAL_CONTAINER)
		return nearest(SP_T_CONTAINER, name);
	return sp_nearest(name, names, n, strlen(name) > 4 ? 2 : 1);
}

static bool acts_on(enum sp_type_id id, const char *name)
{
	const struct sp_field *f = sp_type_field(id, name);

	return f && f->act == SP_ACT_YES;
}

/* "it belongs to spec.containers[]"; NULL when no type of the kind has such a field. */
static const char *belongs(struct decoder *d, enum sp_type_id id, const char *name)
{
	const char *prefix = pod_prefix(d->kind), *found[2] = {NULL, NULL};
	const struct sp_field *spec = sp_type_field(sp_kind_type(d->kind), "spec");
	size_t n = 0;

	if (d->kind != SP_KIND_POD && spec && spec->kind == SP_F_OBJ && spec->type != id &&
	    acts_on(spec->type, name))
		found[n++] = "spec";
	for (size_t i = 0; i < SP_ARRAY_LEN(homes) && n < 2; i++) {
		bool meta = homes[i].type == SP_T_META;

		if (homes[i].type == id || (!meta && !prefix) || !acts_on(homes[i].type, name))
			continue;
		found[n] = sp_arena_printf(d->arena, "%s%s", meta ? "" : prefix, homes[i].path);
		n += found[n] != NULL;
	}
	if (n == 0)
		return NULL;
	return sp_arena_printf(d->arena, "it belongs to %s%s%s", found[0], n > 1 ? " or " : "",
			       n > 1 ? found[1] : "");
}

static bool is_sidecar_list(enum sp_type_id id, const char *name)
{
	static const char *const names[] = {"sidecarContainers", "sidecarContainer", "sidecars",
					    "sidecar"};

	for (size_t i = 0; i < SP_ARRAY_LEN(names); i++)
		if (id == SP_T_POD_SPEC && sp_edit_distance(name, names[i], 0) == 0)
			return true;
	return false;
}

/* Which severity the options give; false: say nothing. */
static bool severity(struct decoder *d, enum sp_severity *ret)
{
	enum sp_validate v = d->opt ? d->opt->validate : SP_VALIDATE_STRICT;

	if (!d->diags || v == SP_VALIDATE_IGNORE)
		return false;
	*ret = v == SP_VALIDATE_WARN ? SP_SEV_WARNING : SP_SEV_ERROR;
	d->failed |= *ret == SP_SEV_ERROR;
	return true;
}

void sp_decode_unknown(struct decoder *d, enum sp_type_id id, const struct sp_pair *p,
		       const struct step *s)
{
	enum sp_severity sev;
	const char *path, *near;
	struct sp_diag *g;

	if (!severity(d, &sev))
		return;
	if (d->diags->n >= d->diags->max) { /* nobody will see it: no need to think about it */
		sp_diag_add(d->diags, sev, d->src->name, p->at, "unknown field");
		return;
	}
	path = sp_decode_path(d, s);
	g = sp_diag_add(d->diags, sev, d->src->name, p->at, "unknown field %s", path);
	g->rule = "SP003";
	g->path = path;
	g->len = (uint32_t)sp_utf8_columns(p->key);
	if (is_sidecar_list(id, p->key)) {
		g->why = "Kubernetes has no list of sidecars: a sidecar is an init container with "
			 "restartPolicy: Always";
		g->fix = sp_arena_printf(
			d->arena,
			"move the entries to %sspec.initContainers, in start order, "
			"and add restartPolicy: Always to each",
			pod_prefix(d->kind) ? pod_prefix(d->kind) : "");
		return;
	}
	g->why = sev == SP_SEV_ERROR ? "the API server would reject it"
				     : "the API server would drop it";
	near = nearest(id, p->key);
	g->fix =
		near ? sp_arena_printf(d->arena, "did you mean %s?", near) : belongs(d, id, p->key);
}

int sp_decode_minor(const struct decoder *d)
{
	return d->opt && d->opt->kube_minor ? d->opt->kube_minor : SP_KUBE_MINOR;
}

void sp_decode_too_new(struct decoder *d, const struct sp_field *f, const struct sp_pair *p,
		       const struct step *s)
{
	enum sp_severity sev;
	struct sp_diag *g;
	const char *path;

	if (!severity(d, &sev))
		return;
	path = sp_decode_path(d, s);
	g = sp_diag_add(d->diags, sev, d->src->name, p->at,
			"%s needs Kubernetes 1.%d, this run follows 1.%d", path, f->minor,
			sp_decode_minor(d));
	g->rule = "SP003";
	g->path = path;
	g->len = (uint32_t)sp_utf8_columns(p->key);
	g->why = "an older API server drops the field without a word";
}
