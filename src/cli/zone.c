/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/zone.h"

#include "cli/files.h"

#include <stdlib.h>
#include <sys/stat.h>

#define ZONES "/usr/share/zoneinfo"

struct sp_zone_entry {
	struct sp_zone_entry *next;
	char *name;
	bool there;
	struct sp_zone zone;
};

int sp_cli_zone(struct sp_cli *cli, const char *name, struct sp_zone *ret, struct sp_error *err)
{
	const char *path = "/etc/localtime";
	struct sp_source src;

	*ret = (struct sp_zone){0};
	if (name)
		path = sp_arena_printf(&cli->arena, ZONES "/%s", name);
	if (!path)
		return sp_fail(err, SP_E_NO_MEMORY, "time zone");
	if (name && (*name == '/' || strstr(name, "..")))
		return sp_fail(err, SP_E_INVALID, "time zone '%s' is not known", name);
	if (sp_cli_read(cli, path, &src, err) == 0)
		return sp_zone_read(src.bytes, src.len, ret, err);
	if (!name || sp_streq(name, "UTC") || sp_streq(name, "Etc/UTC"))
		return 0; /* a machine without zones keeps UTC */
	return sp_fail(err, SP_E_INVALID, "time zone '%s' is not known on this machine", name);
}

bool sp_zone_known(void *arg, const char *name)
{
	char path[256];
	struct stat st;
	int n = snprintf(path, sizeof(path), ZONES "/%s", name);

	if (stat(ZONES, &st) < 0 || sp_streq(name, "UTC") || sp_streq(name, "Etc/UTC"))
		return true;
	return n > 0 && (size_t)n < sizeof(path) && *name != '/' && !strstr(name, "..") &&
	       stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

const struct sp_zone *sp_zones_get(void *arg, const char *name)
{
	struct sp_zones *z = arg;
	const char *key = name ? name : "";
	struct sp_zone_entry *e;
	struct sp_error err;

	for (e = z->first; e; e = e->next)
		if (sp_streq(e->name, key))
			return e->there ? &e->zone : NULL;
	e = calloc(1, sizeof(*e));
	if (e)
		e->name = strdup(key);
	if (!e || !e->name) {
		free(e);
		return NULL;
	}
	e->there = sp_cli_zone(z->cli, name, &e->zone, &err) == 0;
	e->next = z->first;
	z->first = e;
	return e->there ? &e->zone : NULL;
}

void sp_zones_done(struct sp_zones *z)
{
	while (z->first) {
		struct sp_zone_entry *next = z->first->next;

		free(z->first->name);
		free(z->first);
		z->first = next;
	}
}
