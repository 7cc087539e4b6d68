/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a layer, plain or compressed: what its entries are about never leads out of the
 * image, and all of it has one digest.
 */
#include "image/layer.h"
#include "image/reference.h"

#include <locale.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define CONTENT_MAX (8u << 20) /* of one input: a bomb proves nothing here */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : 1; /* as the one who unpacks has it */
}

/* Relative, of plain components; "" only where @root is allowed. */
static void check_path(const char *path, bool root)
{
	assert(strlen(path) < SP_ENTRY_PATH_MAX && (root || *path));
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");

		assert(n > 0 && !(n == 1 && p[0] == '.') && !(n == 2 && memcmp(p, "..", 2) == 0));
		p += n;
		assert(*p != '/' || p[1]);
		p += *p == '/';
	}
}

static void check(const struct sp_entry *e)
{
	const char *base = strrchr(e->path, '/');

	check_path(e->path, e->kind == SP_ENTRY_FILE || e->kind == SP_ENTRY_OPAQUE);
	base = base ? base + 1 : e->path;
	if (e->kind == SP_ENTRY_FILE) {
		assert(strncmp(base, ".wh.", 4) != 0);
		if (e->hard_link)
			check_path(e->target, false);
	}
}

static int read_all(struct sp_layer_reader *r)
{
	static struct sp_entry what;
	char digest[SP_DIGEST_SIZE];
	struct archive_entry *e;
	struct sp_error err;
	size_t all = 0, size;
	const void *block;
	int64_t at;
	int k, d = 0;

	while ((k = sp_layer_next(r, &e, &err)) > 0) {
		if (sp_entry_judge(e, &what, &err) < 0)
			return -1;
		check(&what);
		while (all < CONTENT_MAX &&
		       (d = sp_layer_data(r, what.path, &block, &size, &at, &err)) > 0)
			all += size;
		if (d < 0 || all >= CONTENT_MAX)
			return -1;
	}
	if (k == 0 && sp_layer_digest(r, digest, &err) == 0)
		assert(sp_digest_valid(digest));
	return k;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_layer_reader r;
	struct sp_error err;
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("layer", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size ||
	    lseek(fd, 0, SEEK_SET) < 0)
		abort();
	if (sp_layer_open(&r, fd, &err) == 0)
		(void)read_all(&r);
	sp_layer_close(&r);
	return 0;
}
