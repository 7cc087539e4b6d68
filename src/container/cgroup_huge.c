/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits of huge pages (CG-7).
 *
 * The kernel charges a page to the nearest directory that has the controller, and to all above it.
 * So the zeros of a pod that names no huge pages stand at the pod alone: its containers have
 * neither the controller nor files for it, and cannot get a page either. That spares most pods a
 * write for each container and size. The containers of a pod that names some have every limit of
 * their own.
 */
#include "container/cgroup.h"
#include "sys/sys.h"

#include <errno.h>
#include <stdio.h>

int sp_cgroup_huge_init(struct sp_cgroup *cg, const struct sp_cg_values *pod)
{
	bool limited = false;

	for (uint32_t i = 0; i < cg->layout.n; i++)
		limited |= (cg->layout.mounts[i].ctls & SP_CG_HUGETLB) != 0;
	cg->huge_named = pod->n_huge > 0;
	cg->n_huge = limited ? sys_huge_sizes(cg->huge) : 0;
	return SP_MIN(cg->n_huge, 0);
}

/* One file. Kernels before 5.7 have none for reservations. */
static int write_limit(struct sp_cgroup *cg, int fd, int64_t page_bytes, const char *suffix,
		       int64_t bytes)
{
	char size[16], text[24];

	sp_cg_huge_name(page_bytes, size, sizeof(size));
	(void)snprintf(cg->huge_file, sizeof(cg->huge_file), "hugetlb.%s.%s", size, suffix);
	(void)snprintf(text, sizeof(text), "%lld", (long long)bytes);
	return sys_write_file(fd, cg->huge_file, text);
}

int sp_cgroup_huge_write(struct sp_cgroup *cg, const struct sp_cg_tree *t, int fd,
			 const struct sp_cg_values *v)
{
	int64_t bytes;
	int r = 0;

	for (int i = 0; (t->ctls & SP_CG_HUGETLB) && i < cg->n_huge; i++) {
		bytes = sp_cg_huge_bytes(v, cg->huge[i]);
		/* what is not reserved cannot be mapped, so a program is told by mmap, not killed
		 * at its first access */
		r = write_limit(cg, fd, cg->huge[i], t->v2 ? "rsvd.max" : "rsvd.limit_in_bytes",
				bytes);
		if (r >= 0 || r == -ENOENT)
			r = write_limit(cg, fd, cg->huge[i], t->v2 ? "max" : "limit_in_bytes",
					bytes);
		if (r < 0)
			return r;
	}
	return r;
}
