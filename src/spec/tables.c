/* SPDX-License-Identifier: Apache-2.0 */
/* The list of types and kinds, and reading of field descriptors. */
#include "spec/tables_internal.h"

#define SP_TYPE_ROW(id, api, array, bytes) [SP_T_##id] = {api, sp_fields_##array, bytes},
static const struct sp_type types[SP_TYPES] = {SP_TYPE_LIST(SP_TYPE_ROW)};
#undef SP_TYPE_ROW

static const struct {
	const char *name, *api_version;
	enum sp_type_id type;
} kinds[] = {
	[SP_KIND_UNKNOWN] = {"", "", SP_T_NONE},
	[SP_KIND_POD] = {"Pod", "v1", SP_T_POD},
	[SP_KIND_CONFIG_MAP] = {"ConfigMap", "v1", SP_T_CONFIG_MAP},
	[SP_KIND_SECRET] = {"Secret", "v1", SP_T_SECRET},
	[SP_KIND_JOB] = {"Job", "batch/v1", SP_T_JOB},
	[SP_KIND_CRON_JOB] = {"CronJob", "batch/v1", SP_T_CRON_JOB},
	[SP_KIND_DEPLOYMENT] = {"Deployment", "apps/v1", SP_T_DEPLOYMENT},
	[SP_KIND_REPLICA_SET] = {"ReplicaSet", "apps/v1", SP_T_REPLICA_SET},
	[SP_KIND_STATEFUL_SET] = {"StatefulSet", "apps/v1", SP_T_STATEFUL_SET},
	[SP_KIND_DAEMON_SET] = {"DaemonSet", "apps/v1", SP_T_DAEMON_SET},
	[SP_KIND_SERVICE] = {"Service", "v1", SP_T_SERVICE},
	[SP_KIND_PVC] = {"PersistentVolumeClaim", "v1", SP_T_PVC},
	[SP_KIND_NAMESPACE] = {"Namespace", "v1", SP_T_NAMESPACE},
};
_Static_assert(SP_ARRAY_LEN(kinds) == SP_KINDS, "one row per kind");

const char *sp_kind_name(enum sp_kind kind)
{
	return kinds[kind].name;
}

const char *sp_kind_api_version(enum sp_kind kind)
{
	return kinds[kind].api_version;
}

enum sp_kind sp_kind_find(const char *api_version, const char *name)
{
	for (int k = SP_KIND_UNKNOWN + 1; k < SP_KINDS; k++)
		if (sp_streq(kinds[k].name, name) && sp_streq(kinds[k].api_version, api_version))
			return (enum sp_kind)k;
	return SP_KIND_UNKNOWN;
}

enum sp_type_id sp_kind_type(enum sp_kind kind)
{
	return kinds[kind].type;
}

const struct sp_type *sp_type_get(enum sp_type_id id)
{
	assert(id > SP_T_NONE && id < SP_TYPES);
	return &types[id];
}

bool sp_type_is_object(enum sp_type_id id)
{
	for (size_t k = SP_KIND_UNKNOWN + 1; k < SP_KINDS; k++)
		if (kinds[k].type == id)
			return true;
	return false;
}

const struct sp_field *sp_type_field(enum sp_type_id id, const char *name)
{
	for (const struct sp_field *f = sp_type_get(id)->fields; f->text; f++)
		if (sp_streq(f->text, name))
			return f;
	/* the only type that is another one and a bit more */
	return id == SP_T_EPHEMERAL_CONTAINER ? sp_type_field(SP_T_CONTAINER, name) : NULL;
}

const char *sp_field_name(const struct sp_field *f)
{
	return f->text;
}

const char *sp_field_doc(const struct sp_field *f)
{
	return f->text + strlen(f->text) + 1;
}

static const char *part(const struct sp_field *f, char key)
{
	const char *p = sp_field_doc(f);

	for (p += strlen(p) + 1; *p; p += strlen(p) + 1)
		if (*p == key)
			return p + 1;
	return NULL;
}

const char *sp_field_default(const struct sp_field *f)
{
	return part(f, 'd');
}

const char *sp_field_values(const struct sp_field *f)
{
	return part(f, 'v');
}

const char *sp_field_where(const struct sp_field *f)
{
	return part(f, 'w');
}

const char *sp_field_kind_name(const struct sp_field *f)
{
	static const char *const names[] = {
		[SP_F_STR] = "string",
		[SP_F_INT32] = "integer",
		[SP_F_INT64] = "integer",
		[SP_F_BOOL] = "boolean",
		[SP_F_INT_OR_STR] = "integer or string",
		[SP_F_QUANTITY] = "quantity",
		[SP_F_TIME] = "time",
		[SP_F_STRS] = "list of strings",
		[SP_F_INTS] = "list of integers",
		[SP_F_MAP] = "map of strings",
		[SP_F_BYTES_MAP] = "map of base64 texts",
		[SP_F_RES] = "map of quantities",
		[SP_F_OBJ] = "map",
		[SP_F_OBJS] = "list of maps",
		[SP_F_ANY] = "anything",
	};

	_Static_assert(SP_ARRAY_LEN(names) == SP_F_KINDS, "one name per kind of field");
	return names[f->kind];
}
