/* SPDX-License-Identifier: Apache-2.0 */
/* Reads whole files, and manifests from files, directories and stdin. */
#include "cli/files.h"

#include "base/text.h"
#include "sys/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_file(FILE **f)
{
	if (*f && *f != stdin)
		(void)fclose(*f); /* only read from */
}

/* All bytes, or a few more than a source may have. */
static int read_all(FILE *f, struct sp_buf *b, const char *name, struct sp_error *err)
{
	char chunk[65536];
	size_t n;

	while (b->len <= SP_SOURCE_MAX_BYTES && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		sp_buf_add(b, chunk, n);
	if (ferror(f))
		return sp_fail_errno(err, errno, "read '%s'", name);
	return b->failed ? sp_fail(err, SP_E_NO_MEMORY, "read '%s'", name) : 0;
}

/* The bytes of one file; of one that is too large only that it is. */
static int read_source(struct sp_cli *cli, const char *path, struct sp_source *ret,
		       struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	SP_CLEANUP(close_file) FILE *f = sp_streq(path, "-") ? stdin : fopen(path, "re");
	const char *name = f == stdin ? "<stdin>" : path;

	if (!f)
		return sp_fail_errno(err, errno, "open '%s'", path);
	if (read_all(f, &b, name, err) < 0)
		return -1;
	ret->name = sp_arena_strdup(&cli->arena, name);
	ret->bytes = sp_arena_strndup(&cli->arena, b.ptr ? b.ptr : "", b.len);
	ret->len = b.len;
	if (!ret->name || !ret->bytes)
		return sp_fail(err, SP_E_NO_MEMORY, "read '%s'", name);
	return 0;
}

int sp_cli_read(struct sp_cli *cli, const char *path, struct sp_source *ret, struct sp_error *err)
{
	if (read_source(cli, path, ret, err) < 0)
		return -1;
	if (ret->len > SP_SOURCE_MAX_BYTES)
		return sp_fail(err, SP_E_NO_SPACE, "'%s' is larger than %u MiB", ret->name,
			       SP_SOURCE_MAX_BYTES >> 20);
	return 0;
}

static int is_manifest(const struct dirent *e)
{
	const char *dot = strrchr(e->d_name, '.');

	return e->d_name[0] != '.' && dot &&
	       (sp_streq(dot, ".yaml") || sp_streq(dot, ".yml") || sp_streq(dot, ".json"));
}

struct visit {
	struct sp_cli *cli;
	sp_cli_visit fn;
	void *arg;
};

static int visit_file(const struct visit *v, const char *path, struct sp_error *err)
{
	struct sp_source src;

	return read_source(v->cli, path, &src, err) < 0 ? -1 : v->fn(v->arg, path, &src, err);
}

static int visit_directory(const struct visit *v, const char *path, struct sp_error *err)
{
	struct dirent **names;
	int n = scandir(path, &names, is_manifest, alphasort), r = 0;

	if (n < 0)
		return sp_fail_errno(err, errno, "read directory '%s'", path);
	if (n == 0)
		r = sp_fail(err, SP_E_NOT_FOUND, "directory '%s' holds no manifest", path);
	for (int i = 0; i < n; i++) {
		const char *file = sp_arena_printf(&v->cli->arena, "%s/%s", path, names[i]->d_name);

		if (r == 0)
			r = file ? visit_file(v, file, err)
				 : sp_fail(err, SP_E_NO_MEMORY, "read '%s'", path);
		free(names[i]);
	}
	free(names);
	return r;
}

int sp_cli_visit_files(struct sp_cli *cli, const char *const *paths, uint32_t n, sp_cli_visit fn,
		       void *arg, struct sp_error *err)
{
	const struct visit v = {cli, fn, arg};

	for (uint32_t i = 0; i < n; i++) {
		struct stat st;
		int r;

		if (!sp_streq(paths[i], "-") && stat(paths[i], &st) == 0 && S_ISDIR(st.st_mode))
			r = visit_directory(&v, paths[i], err);
		else
			r = visit_file(&v, paths[i], err);
		if (r < 0)
			return -1;
	}
	return 0;
}

static int load(void *arg, const char *path, const struct sp_source *src, struct sp_error *err)
{
	if (sp_manifest_add(arg, src->name, src->bytes, src->len) < 0)
		return sp_fail(err, SP_E_NO_MEMORY, "read '%s'", path);
	return 0;
}

int sp_cli_load(struct sp_cli *cli, const char *const *paths, uint32_t n, struct sp_manifest *m,
		struct sp_error *err)
{
	return sp_cli_visit_files(cli, paths, n, load, m, err);
}

int sp_cli_fail_input(struct sp_cli *cli, const struct sp_error *err)
{
	int code = sp_cli_fail(cli, err);

	return err->code == SP_E_NOT_FOUND || err->code == SP_E_INVALID ? SP_EXIT_MANIFEST : code;
}

static void free_text(char **s)
{
	free(*s);
}

int sp_cli_write(const char *path, const char *bytes, size_t len, struct sp_error *err)
{
	SP_CLEANUP(free_text) char *real = realpath(path, NULL);
	SP_CLEANUP(free_text) char *beside = NULL;
	SP_CLEANUP(sp_closep) int fd = -EBADF;
	struct stat st;
	int r;

	if (!real || stat(real, &st) < 0)
		return sp_fail_errno(err, errno, "write '%s'", path);
	if (asprintf(&beside, "%s.XXXXXX", real) < 0) {
		beside = NULL;
		return sp_fail(err, SP_E_NO_MEMORY, "write '%s'", path);
	}
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return sp_fail_errno(err, errno, "write beside '%s'", path);
	r = sp_write_all(fd, bytes, len);
	if (r == 0 && (fchmod(fd, st.st_mode & 07777) < 0 || fsync(fd) < 0))
		r = -errno;
	/* root keeps the owner; for others it is their own file, or cannot be changed */
	if (r == 0 && geteuid() == 0 && fchown(fd, st.st_uid, st.st_gid) < 0)
		r = -errno;
	if (r == 0 && rename(beside, real) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlink(beside); /* nothing more can be done about it */
		return sp_fail_errno(err, -r, "write '%s'", path);
	}
	return 0;
}

void sp_cli_tell_findings(struct sp_cli *cli, const struct sp_manifest *m)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	for (uint32_t i = 0; i < m->diags.n; i++) {
		const struct sp_diag *d = &m->diags.v[i];
		const struct sp_source *src = NULL;

		for (uint32_t k = 0; k < m->n_sources; k++)
			if (d->file && sp_streq(m->sources[k]->name, d->file))
				src = m->sources[k];
		sp_diag_print(d, src ? src->bytes : NULL, src ? src->len : 0, cli->err_look.color,
			      cli->err_look.ascii, &b);
	}
	if (m->diags.dropped)
		sp_buf_printf(&b, "and %u more\n", m->diags.dropped);
	if (b.ptr)
		(void)fputs(b.ptr, cli->err); /* nowhere else to tell it */
}

int sp_cli_kube_minor(struct sp_cli *cli, int oldest, int *ret, struct sp_error *err)
{
	const char *text = sp_flag_text(cli, "kube-version");
	int64_t minor;

	if (strncmp(text, "1.", 2) != 0 ||
	    sp_parse_i64(text + 2, oldest, SP_KUBE_MINOR_NEWEST, &minor) < 0)
		return sp_fail(err, SP_E_INVALID, "--kube-version '%s': 1.%d to 1.%d are known",
			       text, oldest, SP_KUBE_MINOR_NEWEST);
	*ret = (int)minor;
	return 0;
}

const struct sp_k_pod_spec *sp_cli_pod_spec(const struct sp_object *o)
{
	const struct sp_k_pod_template *t = NULL;

	if (!o->any)
		return NULL;
	switch (o->kind) {
	case SP_KIND_POD:
		return o->pod->spec;
	case SP_KIND_JOB:
		t = o->job->spec ? o->job->spec->template : NULL;
		break;
	case SP_KIND_CRON_JOB:
		if (o->cron_job->spec && o->cron_job->spec->job_template &&
		    o->cron_job->spec->job_template->spec)
			t = o->cron_job->spec->job_template->spec->template;
		break;
	case SP_KIND_DEPLOYMENT:
	case SP_KIND_REPLICA_SET:
	case SP_KIND_STATEFUL_SET:
	case SP_KIND_DAEMON_SET:
		t = o->workload->spec ? o->workload->spec->template : NULL;
		break;
	case SP_KIND_UNKNOWN:
	case SP_KIND_CONFIG_MAP:
	case SP_KIND_SECRET:
	case SP_KIND_SERVICE:
	case SP_KIND_PVC:
	case SP_KIND_NAMESPACE:
	case SP_KINDS:
		return NULL;
	}
	return t ? t->spec : NULL;
}

int64_t sp_cli_pods_of(const struct sp_object *o, const char **ret_by)
{
	const struct sp_opt_int *n = NULL;
	const char *by = "one pod";

	if (o->kind == SP_KIND_DAEMON_SET) {
		by = "one per node";
	} else if (o->kind == SP_KIND_JOB) {
		n = &o->job->spec->parallelism;
		by = "parallelism";
	} else if (o->kind == SP_KIND_CRON_JOB) {
		n = &o->cron_job->spec->job_template->spec->parallelism;
		by = "parallelism";
	} else if (o->kind == SP_KIND_DEPLOYMENT || o->kind == SP_KIND_REPLICA_SET ||
		   o->kind == SP_KIND_STATEFUL_SET) {
		n = &o->workload->spec->replicas;
		by = "replicas";
	}
	if (n && !n->set)
		by = "one pod";
	if (ret_by)
		*ret_by = by;
	return n && n->set ? n->v : 1;
}
