/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/place.h"

#include "sys/fd.h"
#include "sys/replace.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

int sp_state_root(struct sp_cli *cli, const char **ret, struct sp_error *err)
{
	const char *root = sp_flag_text(cli, "root"), *data;
	char cwd[PATH_MAX];

	*ret = NULL;
	if (root && root[0] == '/') {
		*ret = root;
		return 0;
	}
	/* nothing of ours is found by a relative path: the supervisor has another directory */
	if (root) {
		if (!getcwd(cwd, sizeof(cwd)))
			return sp_fail_errno(err, errno, "find the current directory");
		*ret = sp_arena_printf(&cli->arena, "%s/%s", cwd, root);
	} else if (geteuid() == 0) {
		return 0;
	} else {
		data = cli->env("XDG_DATA_HOME");
		if (data && data[0] == '/')
			*ret = sp_arena_printf(&cli->arena, "%s/sidepod", data);
		else if (cli->env("HOME"))
			*ret = sp_arena_printf(&cli->arena, "%s/.local/share/sidepod",
					       cli->env("HOME"));
		else
			return sp_fail(err, SP_E_INVALID, "no place for state: set HOME or --root");
	}
	return *ret ? 0 : sp_fail(err, SP_E_NO_MEMORY, "find the directories");
}

int sp_place_open(struct sp_cli *cli, struct sp_place *ret, struct sp_error *err)
{
	const char *root;

	*ret = (struct sp_place){0};
	if (sp_state_root(cli, &root, err) < 0)
		return -1;
	if (sp_engine_default(&cli->arena, root, &ret->engine) < 0)
		return sp_fail(err, SP_E_NO_MEMORY, "find the directories");
	ret->engine.rootless = geteuid() != 0;
	ret->runs_dir = sp_arena_printf(&cli->arena, "%s/runs", ret->engine.root);
	return ret->runs_dir ? 0 : sp_fail(err, SP_E_NO_MEMORY, "find the directories");
}

int sp_dirs_make(const char *path, struct sp_error *err)
{
	char mem[4096];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	sp_buf_puts(&b, path);
	for (char *p = strchr(mem + 1, '/');; p = strchr(p + 1, '/')) {
		if (p)
			*p = '\0';
		if (mkdir(mem, 0755) < 0 && errno != EEXIST)
			return sp_fail_errno(err, errno, "create '%s'", mem);
		if (!p)
			return 0;
		*p = '/';
	}
}

int sp_file_write(const char *path, const void *bytes, size_t n, struct sp_error *err)
{
	SP_CLEANUP(sp_replace_done)
	struct sp_replace to = {.fd = -EBADF, .dir_fd = -EBADF};
	bool out = sp_streq(path, "-");
	int r;

	if (!out && sp_replace_open(path, 0644, &to, err) < 0)
		return -1;
	r = sp_write_all(out ? STDOUT_FILENO : to.fd, bytes, n);
	if (r < 0)
		return sp_fail_errno(err, -r, "write '%s'", path);
	return out ? 0 : sp_replace_commit(&to, err);
}

static int64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * SP_SEC + t.tv_nsec;
}

int64_t sp_now_wall(void)
{
	return now(CLOCK_REALTIME);
}

sp_time sp_now_mono(void)
{
	return now(CLOCK_MONOTONIC);
}
