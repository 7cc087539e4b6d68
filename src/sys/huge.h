/* SPDX-License-Identifier: Apache-2.0 */
/* Huge pages of this machine: which sizes the kernel knows, and how many pages of each it has. */
#ifndef SP_SYS_HUGE_H
#define SP_SYS_HUGE_H

#include <stdint.h>

#define SYS_HUGE_SIZES_MAX 8 /* no kernel has more */

/** sys_huge_sizes() - Sizes in bytes, the smallest first. Return: how many, 0 where the kernel has
 * no huge pages; -errno */
int sys_huge_sizes(int64_t ret[SYS_HUGE_SIZES_MAX]);

/** sys_huge_pages() - Pages of one size that the kernel may hand out, in use or not: what was
 * reserved, and what it may make on demand. Return: -errno; -ENOENT for a size that it does not
 * know */
int64_t sys_huge_pages(int64_t page_bytes);

#endif
