/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the tar of an image archive, taken apart here instead of in a confined child; first
 * byte odd: as what such a child writes, should somebody have taken it over. Every name that comes
 * of it can be looked for, and what is found is a file.
 */
#include "image/confine.h"
#include "image/outer.h"
#include "image/unpack.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Linked in the place of the product's. */
int __wrap_sp_confine_run(const struct sp_confine *c, struct sp_error *err);

static const uint8_t *told; /* by a child that is not itself any more; NULL: run it here */
static size_t n_told;
static int old_dir = -EBADF, dir = -EBADF, in_fd = -EBADF, out_fd = -EBADF;
static char dir_name[] = "/tmp/sidepod-fuzz-outer-XXXXXX";

static void remove_dir(void)
{
	(void)rmdir(dir_name);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	old_dir = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (!setlocale(LC_CTYPE, "C.UTF-8") || !mkdtemp(dir_name) || atexit(remove_dir) != 0)
		abort();
	dir = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	in_fd = memfd_create("in", MFD_CLOEXEC);
	out_fd = memfd_create("out", MFD_CLOEXEC);
	if (old_dir < 0 || dir < 0 || in_fd < 0 || out_fd < 0)
		abort();
	return 0;
}

static int run_here(const struct sp_confine *c, struct sp_error *err)
{
	int r;

	if (fchdir(dir) < 0 || ftruncate(out_fd, 0) < 0 || lseek(out_fd, 0, SEEK_SET) < 0)
		abort();
	r = c->fn(c->arg, out_fd, err);
	if (fchdir(old_dir) < 0)
		abort();
	return r;
}

int __wrap_sp_confine_run(const struct sp_confine *c, struct sp_error *err)
{
	char piece[512];
	ssize_t n;
	int r = 0;

	if (told) {
		for (size_t at = 0, k; r == 0 && at < n_told; at += k) {
			k = SP_MIN((size_t)1 + told[at] % 97, n_told - at);
			r = c->on_output(c->arg, (const char *)told + at, k, err);
		}
		return r;
	}
	r = run_here(c, err);
	for (off_t at = 0; r == 0 && (n = pread(out_fd, piece, sizeof(piece), at)) > 0; at += n)
		r = c->on_output(c->arg, piece, (size_t)n, err);
	return r;
}

static void look(const struct sp_outer *o)
{
	for (uint32_t i = 0; i < SP_MIN(o->n, 64u); i++) {
		const struct sp_outer_file *f = sp_outer_find(o, o->v[i].name);

		assert(!f || !f->target);
		f = o->v[i].target ? sp_outer_find(o, o->v[i].target) : NULL;
		assert(!f || !f->target);
	}
}

static void empty_dir(void)
{
	for (uint32_t i = 0; i < SP_OUTER_FILES_MAX; i++) {
		char name[12];

		(void)snprintf(name, sizeof(name), "%u", i);
		if (unlinkat(dir, name, 0) < 0 && i > 64)
			break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_arena a = {.limit_bytes = 64u << 20};
	struct sp_unpack_stats stats;
	char digest[SP_DIGEST_SIZE];
	struct sp_outer o;
	struct sp_error err;

	if (size == 0)
		return 0;
	told = data[0] & 1 ? data + 1 : NULL;
	n_told = size - 1;
	if (ftruncate(in_fd, 0) < 0 || pwrite(in_fd, data + 1, size - 1, 0) != (ssize_t)size - 1 ||
	    lseek(in_fd, 0, SEEK_SET) < 0)
		abort();
	if (sp_outer_unpack(&a, dir, in_fd, &o, &err) == 0)
		look(&o);
	if (told && sp_layer_unpack(dir, in_fd, NULL, digest, &stats, &err) == 0)
		assert(strlen(digest) < sizeof(digest));
	if (!told)
		empty_dir();
	sp_arena_done(&a);
	return 0;
}
