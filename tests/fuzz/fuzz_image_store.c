/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind a name in the image store: it is whole, or damaged, and then it says so. */
#include "image/store.h"

#include "sys/sys.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Linked in the place of the product's. */
ssize_t __wrap_sys_read_file(int dir_fd, const char *path, char *buf, size_t size);

static const uint8_t *content;
static size_t n_content;
static char dir[] = "/dev/shm/sidepod-fuzz-store-XXXXXX";
static struct sp_image_store *store;

ssize_t __wrap_sys_read_file(int dir_fd, const char *path, char *buf, size_t size)
{
	size_t n = SP_MIN(n_content, size - 1);

	memcpy(buf, content, n);
	buf[n] = '\0';
	return (ssize_t)n;
}

static void remove_store(void)
{
	store = sp_image_store_close(store);
	(void)sys_remove_tree(AT_FDCWD, dir);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct sp_error err;

	if (!mkdtemp(dir) || sp_image_store_open(dir, &store, &err) < 0 ||
	    atexit(remove_store) != 0)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_arena a = {.limit_bytes = 16u << 20};
	struct sp_image image;
	struct sp_error err;

	content = data;
	n_content = size;
	/* no blob is there, so that at most its absence is what is wrong */
	if (sp_image_store_get(store, &a, "web:1", &image, &err) == 0)
		abort();
	assert(err.code != SP_OK && err.text[0]);
	sp_arena_done(&a);
	return 0;
}
