/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/runs.h"

#include "base/text.h"
#include "cli/files.h"
#include "cli/pods.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int is_record(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 6 && sp_streq(d->d_name + n - 6, ".jsonl");
}

static int newest_first(const void *a, const void *b)
{
	const struct sp_kept_run *x = a, *y = b;

	return (x->wall_ns < y->wall_ns) - (x->wall_ns > y->wall_ns);
}

int sp_runs_list(struct sp_cli *cli, const struct sp_place *place, struct sp_kept_run **ret,
		 uint32_t *ret_n, struct sp_error *err)
{
	struct dirent **names;
	int n = scandir(place->runs_dir, &names, is_record, NULL);
	struct sp_kept_run *v;

	*ret = NULL;
	*ret_n = 0;
	if (n < 0)
		return errno == ENOENT ? 0
				       : sp_fail_errno(err, errno, "open '%s'", place->runs_dir);
	v = sp_arena_array(&cli->arena, (size_t)n + 1, sizeof(*v));
	for (int i = 0; i < n; i++) {
		struct stat st;
		struct sp_kept_run *k = v ? &v[*ret_n] : NULL;

		if (k) {
			k->path = sp_arena_printf(&cli->arena, "%s/%s", place->runs_dir,
						  names[i]->d_name);
			k->name = sp_arena_strndup(&cli->arena, names[i]->d_name,
						   strlen(names[i]->d_name) - 6);
			if (k->path && k->name && stat(k->path, &st) == 0) {
				k->wall_ns =
					(int64_t)st.st_mtim.tv_sec * SP_SEC + st.st_mtim.tv_nsec;
				(*ret_n)++;
			}
		}
		free(names[i]);
	}
	free(names);
	if (!v)
		return sp_fail(err, SP_E_NO_MEMORY, "list runs");
	qsort(v, *ret_n, sizeof(*v), newest_first);
	*ret = v;
	return 0;
}

/* "web-20260102-030405", with "-2" … behind it when there is one of that second already. */
static const char *free_path(struct sp_cli *cli, const struct sp_place *place, const char *pod,
			     const char **ret_name)
{
	char mem[32], digits[20];
	struct sp_buf t = sp_buf_fixed(mem, sizeof(mem)), d = sp_buf_fixed(digits, sizeof(digits));

	sp_format_rfc3339(&t, sp_now_wall(), 0); /* 2026-01-02T03:04:05Z */
	for (const char *p = mem; *p; p++)
		if (*p >= '0' && *p <= '9')
			sp_buf_putc(&d, *p);
		else if (*p == 'T')
			sp_buf_putc(&d, '-');
	for (int i = 1; i < 1000; i++) {
		const char *name =
			i == 1 ? sp_arena_printf(&cli->arena, "%s-%s", pod, digits)
			       : sp_arena_printf(&cli->arena, "%s-%s-%d", pod, digits, i);
		const char *path =
			name ? sp_arena_printf(&cli->arena, "%s/%s.jsonl", place->runs_dir, name)
			     : NULL;

		if (!path)
			return NULL;
		if (access(path, F_OK) < 0) {
			*ret_name = name;
			return path;
		}
	}
	return NULL;
}

int sp_runs_keep(struct sp_cli *cli, const struct sp_place *place, const char *pod,
		 const char *record_path, const char **ret_name, struct sp_error *err)
{
	struct sp_kept_run *v;
	struct sp_source src;
	const char *path, *name = NULL;
	uint32_t n;

	if (sp_cli_read(cli, record_path, &src, err) < 0 || sp_dirs_make(place->runs_dir, err) < 0)
		return -1;
	path = free_path(cli, place, pod, &name);
	if (!path)
		return sp_fail(err, SP_E_NO_MEMORY, "keep the run of pod '%s'", pod);
	if (sp_file_write(path, src.bytes, src.len, err) < 0 ||
	    sp_runs_list(cli, place, &v, &n, err) < 0)
		return -1;
	for (uint32_t i = SP_RUNS_KEPT; i < n; i++)
		(void)unlink(v[i].path); /* somebody else may have been faster */
	if (ret_name)
		*ret_name = name;
	return 0;
}

int sp_runs_find(struct sp_cli *cli, const struct sp_place *place, const char *name,
		 const char **ret_path, struct sp_error *err)
{
	struct sp_kept_run *v;
	struct sp_pod_entry pod;
	size_t len = name ? strlen(name) : 0;
	uint32_t n;

	if (name && (sp_streq(name, "-") || access(name, F_OK) == 0)) {
		*ret_path = name;
		return 0;
	}
	if (sp_runs_list(cli, place, &v, &n, err) < 0)
		return -1;
	if (!name) {
		if (n == 0)
			return sp_fail(err, SP_E_NOT_FOUND, "no run was kept yet");
		*ret_path = v[0].path;
		return 0;
	}
	if (sp_pods_find(cli, place, name, &pod, err) == 0) {
		*ret_path = sp_arena_printf(&cli->arena, "%s/record.jsonl", pod.dir);
		return *ret_path ? 0 : sp_fail(err, SP_E_NO_MEMORY, "find a run");
	}
	/* a run's whole name, or the newest run of a pod of that name */
	for (uint32_t i = 0; i < n; i++)
		if (strncmp(v[i].name, name, len) == 0 &&
		    (v[i].name[len] == '\0' || v[i].name[len] == '-')) {
			*ret_path = v[i].path;
			return 0;
		}
	return sp_fail(err, SP_E_NOT_FOUND, "no run, pod or file '%s'", name);
}
