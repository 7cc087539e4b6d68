/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/huge.h"

#include "base/text.h"
#include "sys/sys.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#define DIR_NAME  "/sys/kernel/mm/hugepages"
#define SIZE_NAME "hugepages-" /* <n>kB, a directory for each size */

/* Insert into the @n sizes that are sorted. */
static void insert(int64_t v, int64_t *sizes, int n)
{
	for (; n > 0 && sizes[n - 1] > v; n--)
		sizes[n] = sizes[n - 1];
	sizes[n] = v;
}

int sys_huge_sizes(int64_t ret[SYS_HUGE_SIZES_MAX])
{
	const size_t skip = strlen(SIZE_NAME);
	DIR *d = opendir(DIR_NAME);
	struct dirent *e;
	int64_t kib;
	int n = 0;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while (n < SYS_HUGE_SIZES_MAX && (e = readdir(d))) {
		char *unit = strstr(e->d_name, "kB");

		if (strncmp(e->d_name, SIZE_NAME, skip) != 0 || !unit)
			continue;
		*unit = '\0';
		if (sp_parse_i64(e->d_name + skip, 1, INT64_MAX / 1024, &kib) == 0)
			insert(kib * 1024, ret, n++);
	}
	(void)closedir(d); /* read-only */
	return n;
}

static int64_t read_count(int64_t page_bytes, const char *file)
{
	char path[128], text[32];
	int64_t v;
	ssize_t n;

	(void)snprintf(path, sizeof(path), DIR_NAME "/" SIZE_NAME "%lldkB/%s",
		       (long long)(page_bytes / 1024), file); /* fits */
	n = sys_read_file(AT_FDCWD, path, text, sizeof(text));
	if (n < 0)
		return n;
	text[strcspn(text, "\n")] = '\0';
	return sp_parse_i64(text, 0, INT64_MAX / 2, &v) < 0 ? -EINVAL : v;
}

int64_t sys_huge_pages(int64_t page_bytes)
{
	int64_t n = page_bytes % 1024 ? -ENOENT : read_count(page_bytes, "nr_hugepages"), more;

	if (n < 0)
		return n;
	/* gigantic pages have no such file: they are only ever reserved */
	more = read_count(page_bytes, "nr_overcommit_hugepages");
	return more > 0 ? n + more : n;
}
