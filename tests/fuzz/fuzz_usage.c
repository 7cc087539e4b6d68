/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a cgroup, in which the kernel counts: every file that is read holds the same bytes,
 * of which the first says which kind of cgroup they are.
 */
#include "container/cgroup.h"
#include "sys/sys.h"

#include <errno.h>
#include <sanitizer/asan_interface.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Linked in the place of the product's. */
ssize_t __wrap_sys_read_file(int dir_fd, const char *path, char *buf, size_t size);

static const uint8_t *content;
static size_t n_content;

ssize_t __wrap_sys_read_file(int dir_fd, const char *path, char *buf, size_t size)
{
	size_t n = SP_MIN(n_content, size - 1);

	memcpy(buf, content, n);
	buf[n] = '\0';
	ASAN_POISON_MEMORY_REGION(buf + n + 1, size - n - 1);
	return (ssize_t)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sp_cgroup cg;
	struct sp_cgroup_ctr c = {.cg = &cg, .name = "app"};
	struct sp_usage u, pod;

	if (size < 1)
		return 0;
	content = data + 1;
	n_content = size - 1;
	cg.n = 1;
	cg.trees[0] = (struct sp_cg_tree){
		.v2 = data[0] & 1, .ctls = SP_CG_CPU | SP_CG_CPUACCT | SP_CG_MEMORY | SP_CG_PIDS};
	sp_cgroup_ctr_usage(&c, &u);
	sp_cgroup_usage(&cg, &pod);
	assert(memcmp(&u, &pod, sizeof(u)) == 0);
	assert(sp_cgroup_ctr_oom_kills(&c) == u.oom_kills);
	(void)sp_cgroup_ctr_populated(&c); /* any answer is right */
	return 0;
}
