/* SPDX-License-Identifier: Apache-2.0 */
/* Which hierarchies of control groups there are, and which a pod uses: from the kernel's texts.
 * Pure. */
#include "container/cgroup.h"

#include <stdio.h>

static const struct {
	const char *name;
	uint32_t ctl;
} ctl_names[] = {
	{"cpu", SP_CG_CPU},         {"cpuacct", SP_CG_CPUACCT}, {"memory", SP_CG_MEMORY},
	{"pids", SP_CG_PIDS},       {"devices", SP_CG_DEVICES}, {"freezer", SP_CG_FREEZER},
	{"hugetlb", SP_CG_HUGETLB},
};

uint32_t sp_cg_ctls_parse(const char *names, size_t len)
{
	uint32_t ctls = 0;
	size_t i = 0, n;

	while (i < len) {
		for (n = 0; i + n < len && !strchr(" ,\n", names[i + n]);)
			n++;
		for (size_t k = 0; k < SP_ARRAY_LEN(ctl_names); k++)
			if (n == strlen(ctl_names[k].name) &&
			    memcmp(names + i, ctl_names[k].name, n) == 0)
				ctls |= ctl_names[k].ctl;
		i += n + 1;
	}
	return ctls;
}

const char *sp_cg_ctl_name(uint32_t ctl)
{
	for (size_t i = 0; i < SP_ARRAY_LEN(ctl_names); i++)
		if (ctl_names[i].ctl == ctl)
			return ctl_names[i].name;
	return "";
}

/* Copy a mountinfo field; blanks in it are written as \040 and the like. False: does not fit. */
static bool copy_field(const char *s, size_t n, char *ret, size_t size)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (c == '\\' && i + 3 < n && s[i + 1] >= '0' && s[i + 1] <= '3') {
			c = (char)((s[i + 1] - '0') * 64 + (s[i + 2] - '0') * 8 + (s[i + 3] - '0'));
			i += 3;
		}
		if (k + 1 >= size)
			return false;
		ret[k++] = c;
	}
	ret[k] = '\0';
	return true;
}

/* The controllers among the options of a v1 hierarchy: "rw,xattr,cpu,cpuacct" → "cpu,cpuacct". */
static bool copy_controllers(struct sp_str opts, char *ret, size_t size)
{
	static const char *const other[] = {"rw", "ro", "xattr", "noprefix", "clone_children"};
	struct sp_buf b = sp_buf_fixed(ret, size);
	size_t n;

	for (size_t i = 0; i < opts.len; i += n + 1) {
		const char *word = opts.ptr + i, *comma = memchr(word, ',', opts.len - i);
		bool skip;

		n = comma ? (size_t)(comma - word) : opts.len - i;
		skip = memchr(word, '=', n) != NULL;
		for (size_t k = 0; k < SP_ARRAY_LEN(other); k++)
			skip |= n == strlen(other[k]) && memcmp(word, other[k], n) == 0;
		if (!skip)
			sp_buf_printf(&b, "%s" SP_STR_FMT, b.len ? "," : "", (int)n, word);
	}
	return !b.failed;
}

/* "id parent maj:min root mountpoint options optional… - fstype source superoptions" */
static void parse_mount(const char *line, size_t len, struct sp_cg_layout *ret)
{
	struct sp_str f[64];
	struct sp_cg_mount m = {.ctls = 0};
	size_t n = 0, i = 0, dash = 0;

	while (i < len && n < SP_ARRAY_LEN(f)) {
		size_t k = i;

		while (k < len && line[k] != ' ')
			k++;
		f[n++] = (struct sp_str){line + i, k - i};
		i = k + 1;
	}
	for (i = 6; i < n; i++)
		if (f[i].len == 1 && f[i].ptr[0] == '-') {
			dash = i;
			break;
		}
	if (dash == 0 || dash + 3 >= n || ret->n == SP_CG_TREES_MAX)
		return;
	if (f[dash + 1].len == 7 && memcmp(f[dash + 1].ptr, "cgroup2", 7) == 0)
		m.v2 = true;
	else if (f[dash + 1].len == 6 && memcmp(f[dash + 1].ptr, "cgroup", 6) == 0 &&
		 copy_controllers(f[dash + 3], m.data, sizeof(m.data)))
		m.ctls = sp_cg_ctls_parse(m.data, strlen(m.data));
	else
		return;
	if (!m.v2 && m.ctls == 0) /* named hierarchies and controllers that we do not use */
		return;
	for (i = 0; i < ret->n; i++) /* mounted twice */
		if (ret->mounts[i].v2 == m.v2 && (m.v2 || (ret->mounts[i].ctls & m.ctls)))
			return;
	if (!copy_field(f[3].ptr, f[3].len, m.root, sizeof(m.root)) ||
	    !copy_field(f[4].ptr, f[4].len, m.path, sizeof(m.path)))
		return;
	ret->mounts[ret->n++] = m;
}

void sp_cg_layout_parse(const char *mountinfo, struct sp_cg_layout *ret)
{
	const char *line = mountinfo, *end;

	ret->n = 0;
	for (; *line; line = *end ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		parse_mount(line, (size_t)(end - line), ret);
	}
}

void sp_cg_layout_select(struct sp_cg_layout *l, bool pids)
{
	uint32_t want =
		SP_CG_CPU | SP_CG_MEMORY | SP_CG_HUGETLB | (pids ? (uint32_t)SP_CG_PIDS : 0);
	uint32_t n = 0, seen = 0;
	bool v2 = false;

	for (uint32_t i = 0; i < l->n; i++)
		v2 |= l->mounts[i].v2;
	/* the v2 tree counts cpu time, freezes, kills and filters devices by itself */
	if (!v2)
		want |= SP_CG_CPUACCT | SP_CG_DEVICES | SP_CG_FREEZER;
	for (int pass = 0; pass < 2; pass++) /* v2 first */
		for (uint32_t i = pass ? n : 0; i < l->n; i++) {
			struct sp_cg_mount m = l->mounts[i];

			if (m.v2 != (pass == 0))
				continue;
			m.ctls &= want & ~seen;
			if (!m.v2 && m.ctls == 0)
				continue;
			seen |= m.ctls;
			memmove(&l->mounts[n + 1], &l->mounts[n], (i - n) * sizeof(m));
			l->mounts[n++] = m;
		}
	l->n = n;
}

struct sp_str sp_cg_self_path(const char *self_cgroup, uint32_t ctls)
{
	const char *line = self_cgroup, *end, *names, *path;

	for (; *line; line = *end ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		names = memchr(line, ':', (size_t)(end - line));
		path = names ? memchr(names + 1, ':', (size_t)(end - names - 1)) : NULL;
		if (!path)
			continue;
		if (ctls == 0 ? names + 1 == path
			      : (sp_cg_ctls_parse(names + 1, (size_t)(path - names - 1)) & ctls))
			return (struct sp_str){path + 1, (size_t)(end - path - 1)};
	}
	return (struct sp_str){"", 0};
}

void sp_cg_huge_name(int64_t page_bytes, char *ret, size_t size)
{
	int unit = page_bytes >= 1 << 30 ? 30 : page_bytes >= 1 << 20 ? 20 : 10;

	(void)snprintf(ret, size, "%lld%cB", (long long)(page_bytes >> unit),
		       unit == 30   ? 'G'
		       : unit == 20 ? 'M'
				    : 'K');
}
