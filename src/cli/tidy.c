/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tidy.h"

#include "cli/image_commands.h"
#include "cli/pods.h"
#include "cli/sessions.h"
#include "image/store.h"
#include "supervisor/spawn.h"
#include "sys/fd.h"
#include "sys/replace.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>

/* Supervisors that died: cgroups, layers, addresses. */
static void sweep_lost(struct sp_cli *cli, const struct sp_place *place)
{
	struct sp_pod_entry *v;
	struct sp_error err;
	uint32_t n;

	if (sp_pods_list(cli, place, NULL, &v, &n, &err) < 0)
		return; /* housekeeping; the command's own work told whatever is wrong there */
	for (uint32_t i = 0; i < n; i++)
		if (!v[i].alive && sp_streq(v[i].status, "Lost") &&
		    sp_pod_sweep(&place->engine, v[i].uid, false, NULL, &err) < 0 &&
		    err.code != SP_E_EXISTS)
			sp_cli_warn(cli, "clean up after pod '%s': %s", v[i].name, err.text);
}

/* The log directory "<namespace>_<pod>_<uid>" of a pod of which nothing but the uid is known. */
static const char *find_log(struct sp_cli *cli, const struct sp_place *place, const char *uid)
{
	const char *path = sp_arena_printf(&cli->arena, "%s/pods", place->engine.log_dir);
	const char *found = NULL;
	size_t n_uid = strlen(uid);
	DIR *dir = path ? opendir(path) : NULL;
	struct dirent *d;

	while (dir && !found && (d = readdir(dir)) != NULL) {
		size_t n = strlen(d->d_name);

		if (n > n_uid && d->d_name[n - n_uid - 1] == '_' &&
		    sp_streq(d->d_name + n - n_uid, uid))
			found = sp_arena_strdup(&cli->arena, d->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

static void sweep_orphan(struct sp_cli *cli, const struct sp_place *place, const char *uid)
{
	struct sp_error err;

	if (sp_pod_sweep(&place->engine, uid, true, find_log(cli, place, uid), &err) < 0 &&
	    err.code != SP_E_EXISTS)
		sp_cli_warn(cli, "clean up: %s", err.text);
}

/* Did it ever become a pod that can be shown, or is it alive? */
static bool is_pod(const struct sp_place *place, const char *uid)
{
	struct sp_error err;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/pods/%s/status.json", place->engine.run_dir, uid);
	return access(path, F_OK) == 0 ||
	       sp_supervisor_alive(place->engine.run_dir, uid, &err) != 0;
}

/* In one of the directories that have an entry per uid. */
static void sweep_orphans_in(struct sp_cli *cli, const struct sp_place *place, const char *parent)
{
	const char *path = sp_arena_printf(&cli->arena, "%s/pods", parent);
	DIR *dir = path ? opendir(path) : NULL;
	struct dirent *d;

	while (dir && (d = readdir(dir)) != NULL)
		if (d->d_name[0] != '.' && !is_pod(place, d->d_name))
			sweep_orphan(cli, place, d->d_name);
	if (dir)
		closedir(dir);
}

/* Names of pods of which nothing else is left. */
static void free_names(const struct sp_place *place, int names_fd)
{
	int fd = openat(names_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	char uid[128], path[PATH_MAX];
	struct dirent *d;
	ssize_t n;

	if (!dir)
		sp_close(fd);
	while (dir && (d = readdir(dir)) != NULL) {
		n = readlinkat(names_fd, d->d_name, uid, sizeof(uid) - 1);
		if (n <= 0)
			continue;
		uid[n] = '\0';
		snprintf(path, sizeof(path), "%s/pods/%s", place->engine.run_dir, uid);
		if (access(path, F_OK) < 0)
			(void)unlinkat(names_fd, d->d_name, 0); /* gone is what we want */
	}
	if (dir)
		closedir(dir);
}

/* What workers had begun to unpack. */
static void sweep_images(struct sp_cli *cli)
{
	SP_CLEANUP(sp_image_store_closep) struct sp_image_store *s = NULL;
	struct sp_error err; /* housekeeping; who needs an image is told */
	const char *dir = sp_image_dir(cli, &err);

	if (dir && access(dir, F_OK) == 0 && sp_image_store_open(dir, &s, &err) == 0)
		sp_image_store_sweep(s);
}

void sp_tidy(struct sp_cli *cli, const struct sp_place *place)
{
	SP_CLEANUP(sp_closep)
	int runs_fd = open(place->runs_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	SP_CLEANUP(sp_closep) int names_fd = -EBADF;
	struct sp_error err;

	if (runs_fd >= 0)
		sp_replace_sweep(runs_fd);
	sweep_images(cli);
	sweep_lost(cli, place);
	sp_sessions_tidy(place);
	/* Pods are begun under this lock: whatever has no supervisor now was not begun just now. */
	names_fd = sp_names_lock(place, &err);
	if (names_fd >= 0) {
		sweep_orphans_in(cli, place, place->engine.run_dir);
		sweep_orphans_in(cli, place, place->engine.root);
		free_names(place, names_fd);
	}
	if (names_fd < 0 || sp_machine_tidy(&place->engine, &err) < 0)
		sp_cli_warn(cli, "clean up: %s", err.text);
}
