/* SPDX-License-Identifier: Apache-2.0 */
/* Validation of volumes and of their mounts (VAL-60, VAL-61). */
#include "core/resources.h"
#include "spec/validate_internal.h"

#define MODE_MAX                    0777
#define RELEASE_RECURSIVE_READ_ONLY 31

static void mode(struct sp_v *v, const struct sp_vp *p, const struct sp_opt_int *m)
{
	if (m->set && (m->v < 0 || m->v > MODE_MAX))
		v_invalid_int(v, p, "VAL-60", m->v,
			      "must be a number between 0 and 0777 (octal), both inclusive");
}

static void items(struct sp_v *v, const struct sp_vp *list, const struct sp_k_object_volume *o)
{
	for (uint32_t i = 0; i < o->items.n; i++) {
		const struct sp_k_item *it = &o->items.v[i];
		const struct sp_vp *p = VP_ITEM(list, i, it->node);

		if (v_empty(it->key))
			v_required(v, VP_FIELD(p, "key"), "VAL-60", NULL);
		if (v_empty(it->path))
			v_required(v, VP_FIELD(p, "path"), "VAL-60", NULL);
		else
			v_name(v, VP_FIELD(p, "path"), "VAL-60", it->path, sp_name_file);
		mode(v, VP_FIELD(p, "mode"), &it->mode);
	}
}

static void object_volume(struct sp_v *v, const struct sp_vp *p, const char *name_field,
			  const struct sp_k_object_volume *o)
{
	if (v_empty(o->name))
		v_required(v, VP_FIELD(p, name_field), "VAL-60", NULL);
	mode(v, VP_FIELD(p, "defaultMode"), &o->default_mode);
	items(v, VP_FIELD(p, "items"), o);
}

static void downward(struct sp_v *v, const struct sp_vp *p, const struct sp_k_downward *d)
{
	const struct sp_vp *list = VP_FIELD(p, "items");

	mode(v, VP_FIELD(p, "defaultMode"), &d->default_mode);
	for (uint32_t i = 0; i < d->items.n; i++) {
		const struct sp_k_downward_item *it = &d->items.v[i];
		const struct sp_vp *at = VP_ITEM(list, i, it->node);

		if (v_empty(it->path))
			v_required(v, VP_FIELD(at, "path"), "VAL-60", NULL);
		else
			v_name(v, VP_FIELD(at, "path"), "VAL-60", it->path, sp_name_file);
		if (it->field)
			v_field_ref(v, VP_FIELD(at, "fieldRef"), it->field, false);
		if (it->field && it->resource)
			v_invalid(v, at, "VAL-60", "resource",
				  "fieldRef and resourceFieldRef can not be specified "
				  "simultaneously");
		else if (it->resource)
			v_resource_ref(v, VP_FIELD(at, "resourceFieldRef"), it->resource, false);
		else if (!it->field)
			v_required(v, at, "VAL-60",
				   "one of fieldRef and resourceFieldRef is required");
		mode(v, VP_FIELD(at, "mode"), &it->mode);
	}
}

static void extra_source(struct sp_v *v, const struct sp_vp *p, const char *field)
{
	v_forbidden(v, VP_FIELD(p, field), "VAL-60", "may not specify more than 1 volume type");
}

static void projected(struct sp_v *v, const struct sp_vp *p, const struct sp_k_projected *pr)
{
	const struct sp_vp *list = VP_FIELD(p, "sources");

	mode(v, VP_FIELD(p, "defaultMode"), &pr->default_mode);
	for (uint32_t i = 0; i < pr->sources.n; i++) {
		const struct sp_k_projection *s = &pr->sources.v[i];
		const struct sp_vp *at = VP_ITEM(list, i, s->node);
		int n = 0;

		if (s->secret && n++ == 0)
			object_volume(v, VP_FIELD(at, "secret"), "name", s->secret);
		if (s->config_map) {
			if (n++ == 0)
				object_volume(v, VP_FIELD(at, "configMap"), "name", s->config_map);
			else
				extra_source(v, at, "configMap");
		}
		if (s->downward) {
			if (n++ == 0)
				downward(v, VP_FIELD(at, "downwardAPI"), s->downward);
			else
				extra_source(v, at, "downwardAPI");
		}
	}
}

static void host_path(struct sp_v *v, const struct sp_vp *p, const struct sp_k_host_path *h)
{
	static const char *const types[] = {
		"",     "BlockDevice",  "CharDevice", "Directory", "DirectoryOrCreate",
		"File", "FileOrCreate", "Socket",     NULL};

	if (v_empty(h->path))
		v_required(v, VP_FIELD(p, "path"), "VAL-60", NULL);
	else if (sp_path_has_backstep(h->path))
		v_invalid(v, VP_FIELD(p, "path"), "VAL-60", h->path, "must not contain '..'");
	v_one_of(v, VP_FIELD(p, "type"), "VAL-60", h->type, types);
}

static void empty_dir(struct sp_v *v, const struct sp_vp *p, const struct sp_k_pod_spec *s,
		      const struct sp_k_empty_dir *e)
{
	struct sp_quantity q;
	struct sp_res_pod res;
	struct sp_error err;
	int64_t huge;

	if (!v_empty(e->size_limit) && (sp_quantity_parse(e->size_limit, &q) != 0 || q.nano < 0))
		v_forbidden(v, VP_FIELD(p, "sizeLimit"), "VAL-60",
			    "SizeLimit field must be a valid resource quantity");
	if (v_empty(e->medium) || sp_streq(e->medium, "Memory") || sp_pod_resources(s, &res) < 0)
		return;
	huge = sp_medium_huge(e->medium, &res, &err);
	if (huge > 0)
		return;
	v_invalid(v, VP_FIELD(p, "medium"), "VAL-60", e->medium, "%s",
		  huge < 0 ? err.text
			   : "must be empty, \"Memory\", \"HugePages\" or \"HugePages-<size>\"")
		->why = "the pod would be accepted and then wait for its volume for ever";
}

static void volume(struct sp_v *v, const struct sp_vp *p, const struct sp_k_pod_spec *s,
		   const struct sp_k_volume *vol)
{
	/* In the order in which an API server looks at them: the first one found is the volume's.
	 */
	const struct {
		const char *field;
		bool set;
	} sources[] = {
		{"emptyDir", vol->empty_dir != NULL},   {"hostPath", vol->host_path != NULL},
		{"secret", vol->secret != NULL},        {"persistentVolumeClaim", vol->pvc != NULL},
		{"configMap", vol->config_map != NULL}, {"downwardAPI", vol->downward != NULL},
		{"projected", vol->projected != NULL},
	};
	int n = 0;

	for (size_t i = 0; i < SP_ARRAY_LEN(sources); i++)
		if (sources[i].set && n++ > 0)
			extra_source(v, p, sources[i].field);
	if (vol->empty_dir)
		empty_dir(v, VP_FIELD(p, "emptyDir"), s, vol->empty_dir);
	if (vol->host_path)
		host_path(v, VP_FIELD(p, "hostPath"), vol->host_path);
	if (vol->secret)
		object_volume(v, VP_FIELD(p, "secret"), "secretName", vol->secret);
	if (vol->pvc && v_empty(vol->pvc->claim_name))
		v_required(v, VP_FIELD(VP_FIELD(p, "persistentVolumeClaim"), "claimName"), "VAL-60",
			   NULL);
	if (vol->config_map)
		object_volume(v, VP_FIELD(p, "configMap"), "name", vol->config_map);
	if (vol->downward)
		downward(v, VP_FIELD(p, "downwardAPI"), vol->downward);
	if (vol->projected)
		projected(v, VP_FIELD(p, "projected"), vol->projected);
	v_refuse(v, p, SP_REFUSED_VOLUME, vol->node);
}

void v_volumes(struct sp_v *v, const struct sp_vp *list, const struct sp_k_pod_spec *s)
{
	for (uint32_t i = 0; i < s->volumes.n; i++) {
		const struct sp_k_volume *vol = &s->volumes.v[i];
		const struct sp_vp *p = VP_ITEM(list, i, vol->node);

		volume(v, p, s, vol);
		if (v_empty(vol->name)) {
			v_required(v, VP_FIELD(p, "name"), "VAL-60", NULL);
			continue;
		}
		v_name(v, VP_FIELD(p, "name"), "VAL-60", vol->name, sp_name_label);
		for (uint32_t k = 0; k < i; k++)
			if (s->volumes.v[k].name && sp_streq(s->volumes.v[k].name, vol->name)) {
				v_duplicate(v, VP_FIELD(p, "name"), "VAL-60", vol->name);
				break;
			}
	}
}

/* ---- mounts -----------------------------------------------------------------------------------
 */

static void mount_name(struct sp_v *v, const struct sp_vp *p, const struct sp_k_pod_spec *s,
		       const char *name)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf names = {0};
	struct sp_diag *d;

	if (v_empty(name)) {
		v_required(v, p, "VAL-61", NULL);
		return;
	}
	for (uint32_t i = 0; i < s->volumes.n; i++)
		if (s->volumes.v[i].name && sp_streq(s->volumes.v[i].name, name))
			return;
	for (uint32_t i = 0; v->claims && v->claims->kind == SP_NODE_LIST && i < v->claims->n; i++)
		if (sp_streq(sp_node_str(sp_node_at(v->claims->items[i], "metadata.name"), ""),
			     name))
			return;
	d = v_not_found(v, p, "VAL-61", name);
	for (uint32_t i = 0; i < s->volumes.n; i++)
		if (!v_empty(s->volumes.v[i].name))
			sp_buf_printf(&names, "%s%s", names.len ? ", " : "", s->volumes.v[i].name);
	if (names.len && !names.failed)
		d->why = sp_arena_printf(v->a, "the volumes of this pod are: %s", names.ptr);
	else
		d->why = "this pod has no volumes";
	d->fix = sp_arena_printf(v->a, "add a volume named %s to the pod's volumes", name);
}

static void propagation(struct sp_v *v, const struct sp_vp *p, const struct sp_k_mount *m,
			const struct sp_k_container *c)
{
	static const char *const modes[] = {"Bidirectional", "HostToContainer", "None", NULL};
	bool privileged = c->security && c->security->privileged.set && c->security->privileged.v;

	if (v_one_of(v, p, "VAL-61", m->propagation, modes) && m->propagation &&
	    sp_streq(m->propagation, modes[0]) && !privileged)
		v_forbidden(
			v, p, "VAL-61",
			"Bidirectional mount propagation is available only to privileged containers");
}

static void recursive_read_only(struct sp_v *v, const struct sp_vp *p, const struct sp_k_mount *m)
{
	static const char *const modes[] = {"Disabled", "Enabled", "IfPossible", NULL};

	if (!m->recursive_read_only)
		return;
	if (v->minor < RELEASE_RECURSIVE_READ_ONLY) {
		v_too_new(v, p, "VAL-61", "recursiveReadOnly", RELEASE_RECURSIVE_READ_ONLY);
		return;
	}
	if (!v_one_of(v, p, "VAL-61", m->recursive_read_only, modes) ||
	    sp_streq(m->recursive_read_only, modes[0]))
		return;
	if (!m->read_only.set || !m->read_only.v)
		v_forbidden(v, p, "VAL-61", "may only be specified when readOnly is true");
	if (m->propagation && !sp_streq(m->propagation, "None"))
		v_forbidden(v, p, "VAL-61",
			    "may only be specified when mountPropagation is None or not specified");
}

void v_mounts(struct sp_v *v, const struct sp_vp *list, const struct sp_k_pod_spec *s,
	      const struct sp_k_container *c)
{
	for (uint32_t i = 0; i < c->mounts.n; i++) {
		const struct sp_k_mount *m = &c->mounts.v[i];
		const struct sp_vp *p = VP_ITEM(list, i, m->node);

		mount_name(v, VP_FIELD(p, "name"), s, m->name);
		if (v_empty(m->mount_path))
			v_required(v, VP_FIELD(p, "mountPath"), "VAL-61", NULL);
		for (uint32_t k = 0; k < i && !v_empty(m->mount_path); k++)
			if (c->mounts.v[k].mount_path &&
			    sp_streq(c->mounts.v[k].mount_path, m->mount_path)) {
				v_invalid(v, VP_FIELD(p, "mountPath"), "VAL-61", m->mount_path,
					  "must be unique");
				break;
			}
		if (!v_empty(m->sub_path))
			v_name(v, VP_FIELD(p, "subPath"), "VAL-61", m->sub_path, sp_name_relative);
		if (!v_empty(m->sub_path_expr)) {
			if (!v_empty(m->sub_path))
				v_invalid(v, VP_FIELD(p, "subPathExpr"), "VAL-61", m->sub_path_expr,
					  "subPathExpr and subPath are mutually exclusive");
			v_name(v, VP_FIELD(p, "subPathExpr"), "VAL-61", m->sub_path_expr,
			       sp_name_relative);
		}
		propagation(v, VP_FIELD(p, "mountPropagation"), m, c);
		recursive_read_only(v, VP_FIELD(p, "recursiveReadOnly"), m);
	}
}
