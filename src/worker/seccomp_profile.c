/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/seccomp_profile.h"

#include "base/text.h"
#include "container/caps.h"
#include "spec/node.h"
#include "sys/fd.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define ARGS_MAX 6 /* a system call has no more */

struct profile {
	const struct sp_node *root;
	const struct sp_seccomp_machine *machine;
	uint64_t caps;
	uint32_t standard; /* action of calls that nobody names */
	scmp_filter_ctx ctx;
	struct sp_error *err;
};

static void release_ctxp(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
}

/* "6.1.0-18" → 6 and 1. Return: how many of both are there */
static int read_release(const char *text, int *major, int *minor)
{
	int *const to[] = {major, minor};
	int n = 0;

	while (n < 2) {
		char *end;
		long v = strtol(text, &end, 10);

		if (end == text)
			break;
		*to[n++] = (int)SP_MIN(SP_MAX(v, -1L), 1000000L);
		if (*end != '.')
			break;
		text = end + 1;
	}
	return n;
}

void sp_seccomp_machine_here(struct sp_seccomp_machine *ret)
{
	static const struct {
		uint32_t token;
		const char *name;
	} names[] = {
		{SCMP_ARCH_X86_64, "amd64"},    {SCMP_ARCH_AARCH64, "arm64"},
		{SCMP_ARCH_X86, "x86"},         {SCMP_ARCH_ARM, "arm"},
		{SCMP_ARCH_S390X, "s390x"},     {SCMP_ARCH_PPC64LE, "ppc64le"},
#ifdef SCMP_ARCH_RISCV64
		{SCMP_ARCH_RISCV64, "riscv64"},
#endif
	};
	struct utsname u;

	*ret = (struct sp_seccomp_machine){.arch = ""};
	for (size_t i = 0; i < SP_ARRAY_LEN(names); i++)
		if (names[i].token == seccomp_arch_native())
			ret->arch = names[i].name;
	if (uname(&u) == 0 && read_release(u.release, &ret->major, &ret->minor) != 2)
		ret->major = ret->minor = 0;
}

/* ---- pieces ---------------------------------------------------------------------------------- */

static const char *text_of(const struct sp_node *n, const char *key)
{
	return sp_node_str(sp_node_get(n, key), NULL);
}

/* A whole number, or @otherwise when it is not there. */
static int number_of(struct profile *p, const struct sp_node *n, const char *key, int64_t max,
		     int64_t otherwise, uint64_t *ret)
{
	const struct sp_node *v = sp_node_get(n, key);

	*ret = (uint64_t)otherwise;
	if (!v || v->kind == SP_NODE_NULL)
		return 0;
	if (v->kind == SP_NODE_INT && v->i >= 0 && v->i <= max) {
		*ret = (uint64_t)v->i;
		return 0;
	}
	return sp_fail(p->err, SP_E_INVALID, "%s: not a whole number from 0 to %lld", key,
		       (long long)max);
}

static uint32_t items_of(const struct sp_node *n, const char *key, const struct sp_node **ret)
{
	const struct sp_node *l = sp_node_get(n, key);

	*ret = l;
	return l && l->kind == SP_NODE_LIST ? l->n : 0;
}

static int read_action(struct profile *p, const struct sp_node *n, const char *key,
		       const char *errno_key, uint32_t *ret)
{
	static const struct {
		const char *name;
		uint32_t action;
		bool with_number;
	} actions[] = {
		{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW, false},
		{"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0), true},
		{"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD, false},
		{"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD, false},
		{"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS, false},
		{"SCMP_ACT_TRAP", SCMP_ACT_TRAP, false},
		{"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0), true},
		{"SCMP_ACT_LOG", SCMP_ACT_LOG, false},
	};
	const char *name = text_of(n, key);
	uint64_t number;

	if (!name)
		return sp_fail(p->err, SP_E_INVALID, "%s is missing", key);
	if (sp_streq(name, "SCMP_ACT_NOTIFY"))
		return sp_fail(p->err, SP_E_UNSUPPORTED,
			       "%s: SCMP_ACT_NOTIFY needs an agent that answers, and there is none",
			       key);
	if (number_of(p, n, errno_key, 0xffff, EPERM, &number) < 0)
		return -1;
	for (size_t i = 0; i < SP_ARRAY_LEN(actions); i++)
		if (sp_streq(name, actions[i].name)) {
			*ret = actions[i].action | (actions[i].with_number ? (uint32_t)number : 0);
			return 0;
		}
	return sp_fail(p->err, SP_E_INVALID, "%s: '%s' is no action", key, name);
}

static int read_op(struct profile *p, const struct sp_node *a, struct scmp_arg_cmp *ret)
{
	static const struct {
		const char *name;
		enum scmp_compare op;
	} ops[] = {
		{"SCMP_CMP_NE", SCMP_CMP_NE},
		{"SCMP_CMP_LT", SCMP_CMP_LT},
		{"SCMP_CMP_LE", SCMP_CMP_LE},
		{"SCMP_CMP_EQ", SCMP_CMP_EQ},
		{"SCMP_CMP_GE", SCMP_CMP_GE},
		{"SCMP_CMP_GT", SCMP_CMP_GT},
		{"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
	};
	const char *name = text_of(a, "op");
	uint64_t index, value, second;

	if (number_of(p, a, "index", ARGS_MAX - 1, 0, &index) < 0 ||
	    number_of(p, a, "value", INT64_MAX, 0, &value) < 0 ||
	    number_of(p, a, "valueTwo", INT64_MAX, 0, &second) < 0)
		return -1;
	for (size_t i = 0; i < SP_ARRAY_LEN(ops); i++)
		if (name && sp_streq(name, ops[i].name)) {
			*ret = (struct scmp_arg_cmp){.arg = (unsigned)index,
						     .op = ops[i].op,
						     .datum_a = value,
						     .datum_b = second};
			return 0;
		}
	return sp_fail(p->err, SP_E_INVALID, "op: '%s' is no comparison", name ? name : "");
}

/* ---- conditions ------------------------------------------------------------------------------ */

static bool has_arch(const struct profile *p, const struct sp_node *list)
{
	for (uint32_t i = 0; list && list->kind == SP_NODE_LIST && i < list->n; i++)
		if (sp_streq(sp_node_str(list->items[i], ""), p->machine->arch))
			return true;
	return false;
}

static bool has_cap(const struct profile *p, const struct sp_node *name)
{
	int cap = sp_cap_find(sp_node_str(name, ""));

	return cap >= 0 && (p->caps & SP_CAP(cap));
}

/* All of the capabilities (any: @any) are the container's. */
static bool has_caps(const struct profile *p, const struct sp_node *list, bool any)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (has_cap(p, list->items[i]) == any)
			return any;
	return !any;
}

static bool kernel_is(const struct profile *p, const char *min)
{
	int major = 0, minor = 0;

	return read_release(min, &major, &minor) < 1 || p->machine->major > major ||
	       (p->machine->major == major && p->machine->minor >= minor);
}

static bool applies(const struct profile *p, const struct sp_node *rule)
{
	const struct sp_node *in = sp_node_get(rule, "includes"),
			     *ex = sp_node_get(rule, "excludes"), *list;
	const char *min = text_of(in, "minKernel"), *ex_min = text_of(ex, "minKernel");

	if (items_of(in, "arches", &list) && !has_arch(p, list))
		return false;
	if (items_of(in, "caps", &list) && !has_caps(p, list, false))
		return false;
	if (min && !kernel_is(p, min))
		return false;
	if (items_of(ex, "arches", &list) && has_arch(p, list))
		return false;
	if (items_of(ex, "caps", &list) && has_caps(p, list, true))
		return false;
	return !ex_min || !kernel_is(p, ex_min);
}

/* ---- rules ----------------------------------------------------------------------------------- */

static int add_rule(struct profile *p, const char *name, uint32_t action,
		    const struct scmp_arg_cmp *args, uint32_t n_args)
{
	int nr = seccomp_syscall_resolve_name(name), r;

	if (nr == __NR_SCMP_ERROR)
		return 0; /* newer than libseccomp, or of another machine */
	r = seccomp_rule_add_array(p->ctx, action, nr, n_args, args);
	/* it exists, or cannot be told from others on an architecture where calls are multiplexed
	 */
	if (r < 0 && r != -EEXIST && r != -EOPNOTSUPP)
		return sp_fail_errno(p->err, -r, "'%s'", name);
	return 0;
}

static int add_call(struct profile *p, const char *name, uint32_t action,
		    const struct sp_node *args, uint32_t n_args)
{
	struct scmp_arg_cmp cmp[ARGS_MAX];
	bool seen[ARGS_MAX] = {false}, twice = false;

	if (n_args > ARGS_MAX)
		return sp_fail(p->err, SP_E_INVALID, "'%s': more than %d args", name, ARGS_MAX);
	for (uint32_t i = 0; i < n_args; i++) {
		if (read_op(p, args->items[i], &cmp[i]) < 0)
			return sp_wrap(p->err, "'%s': args[%u]", name, i);
		twice |= seen[cmp[i].arg];
		seen[cmp[i].arg] = true;
	}
	if (!twice)
		return add_rule(p, name, action, cmp, n_args);
	/* One argument compared twice: either may hold, as other engines read it. */
	for (uint32_t i = 0; i < n_args; i++)
		if (add_rule(p, name, action, &cmp[i], 1) < 0)
			return -1;
	return 0;
}

static int add_group(struct profile *p, const struct sp_node *rule)
{
	const struct sp_node *names, *args;
	uint32_t n = items_of(rule, "names", &names), n_args = items_of(rule, "args", &args),
		 action;
	const char *old = text_of(rule, "name"); /* of profiles from before there were names */

	if (read_action(p, rule, "action", "errnoRet", &action) < 0)
		return -1;
	if (!n && !old)
		return sp_fail(p->err, SP_E_INVALID, "names is missing");
	if (action == p->standard || !applies(p, rule))
		return 0;
	if (old && add_call(p, old, action, args, n_args) < 0)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		const char *name = sp_node_str(names->items[i], NULL);

		if (!name)
			return sp_fail(p->err, SP_E_INVALID, "names[%u]: not a text", i);
		if (add_call(p, name, action, args, n_args) < 0)
			return -1;
	}
	return 0;
}

/* "SCMP_ARCH_X86_64" → libseccomp's token; 0 unknown */
static uint32_t arch_token(const char *name)
{
	char lower[32];
	size_t n = 0;

	if (strncmp(name, "SCMP_ARCH_", 10) != 0)
		return 0;
	for (name += 10; *name && n + 1 < sizeof(lower); name++)
		lower[n++] = (char)(*name >= 'A' && *name <= 'Z' ? *name - 'A' + 'a' : *name);
	lower[n] = '\0';
	return *name ? 0 : seccomp_arch_resolve_name(lower);
}

static int add_arch(struct profile *p, const struct sp_node *name)
{
	uint32_t token = arch_token(sp_node_str(name, ""));
	int r;

	if (!token)
		return sp_fail(p->err, SP_E_INVALID, "'%s' is no architecture",
			       sp_node_str(name, ""));
	r = seccomp_arch_add(p->ctx, token);
	/* EDOM: bytes in the other order; no program of it runs here */
	return r < 0 && r != -EEXIST && r != -EDOM ? sp_fail_errno(p->err, -r, "architecture") : 0;
}

static int add_archs(struct profile *p)
{
	const struct sp_node *list, *sub;
	uint32_t n = items_of(p->root, "architectures", &list);

	for (uint32_t i = 0; i < n; i++)
		if (add_arch(p, list->items[i]) < 0)
			return sp_wrap(p->err, "architectures[%u]", i);
	n = items_of(p->root, "archMap", &list);
	for (uint32_t i = 0; i < n; i++) {
		const struct sp_node *main = sp_node_get(list->items[i], "architecture");

		if (arch_token(sp_node_str(main, "")) != seccomp_arch_native())
			continue;
		for (uint32_t k = 0; k < items_of(list->items[i], "subArchitectures", &sub); k++)
			if (add_arch(p, sub->items[k]) < 0)
				return sp_wrap(p->err, "archMap[%u]", i);
	}
	return 0;
}

static int read_flags(struct profile *p, uint32_t *ret)
{
	const struct sp_node *list;
	uint32_t n = items_of(p->root, "flags", &list);

	*ret = 0;
	for (uint32_t i = 0; i < n; i++) {
		const char *flag = sp_node_str(list->items[i], "");

		if (sp_streq(flag, "SECCOMP_FILTER_FLAG_LOG"))
			*ret |= SECCOMP_FILTER_FLAG_LOG;
		else if (sp_streq(flag, "SECCOMP_FILTER_FLAG_SPEC_ALLOW"))
			*ret |= SECCOMP_FILTER_FLAG_SPEC_ALLOW;
		else if (!sp_streq(flag, "SECCOMP_FILTER_FLAG_TSYNC")) /* there is one thread */
			return sp_fail(p->err, SP_E_INVALID, "flags[%u]: '%s' is not supported", i,
				       flag);
	}
	return 0;
}

/* libseccomp writes to descriptors alone. */
static int export(struct profile *p, void **ret_bpf, uint32_t *ret_n)
{
	SP_CLEANUP(sp_closep) int fd = memfd_create("seccomp", MFD_CLOEXEC);
	struct stat st;
	void *bpf;
	int r = fd < 0 ? -errno : seccomp_export_bpf(p->ctx, fd);

	if (r < 0 || fstat(fd, &st) < 0)
		return sp_fail_errno(p->err, r < 0 ? -r : errno, "compile");
	if (st.st_size <= 0 || st.st_size > (off_t)(BPF_MAXINSNS * sizeof(struct sock_filter)))
		return sp_fail(p->err, SP_E_INVALID,
			       "the filter has %lld instructions; the kernel takes %d",
			       (long long)st.st_size / (long long)sizeof(struct sock_filter),
			       BPF_MAXINSNS);
	bpf = malloc((size_t)st.st_size);
	if (!bpf)
		return sp_fail(p->err, SP_E_NO_MEMORY, "compile");
	if (pread(fd, bpf, (size_t)st.st_size, 0) != st.st_size) {
		free(bpf);
		return sp_fail(p->err, SP_E_IO, "compile");
	}
	*ret_bpf = bpf;
	*ret_n = (uint32_t)((size_t)st.st_size / sizeof(struct sock_filter));
	return 0;
}

int sp_seccomp_profile_compile(const char *json, size_t len, uint64_t caps,
			       const struct sp_seccomp_machine *machine, void **ret_bpf,
			       uint32_t *ret_n, uint32_t *ret_flags, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	SP_CLEANUP(release_ctxp) scmp_filter_ctx ctx = NULL;
	struct profile p = {.machine = machine, .caps = caps, .err = err};
	const struct sp_node *calls;
	struct sp_node *root = NULL;
	uint32_t n;
	int r;

	if (len > SP_SECCOMP_PROFILE_MAX)
		return sp_fail(err, SP_E_INVALID, "more than %u bytes", SP_SECCOMP_PROFILE_MAX);
	if (sp_node_from_json(&a, json, len, &root, err) < 0)
		return -1;
	p.root = root;
	if (!root || root->kind != SP_NODE_MAP)
		return sp_fail(err, SP_E_INVALID, "not a JSON object");
	if (read_action(&p, root, "defaultAction", "defaultErrnoRet", &p.standard) < 0 ||
	    read_flags(&p, ret_flags) < 0)
		return -1;
	ctx = seccomp_init(p.standard);
	if (!ctx)
		return sp_fail(err, SP_E_INVALID, "defaultAction: not known to libseccomp");
	p.ctx = ctx;
	/* a search tree: the filter is asked about every call */
	r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r < 0 && r != -EINVAL && r != -EEXIST) /* older libseccomps have no such thing */
		return sp_fail_errno(err, -r, "compile");
	if (add_archs(&p) < 0)
		return -1;
	n = items_of(root, "syscalls", &calls);
	for (uint32_t i = 0; i < n; i++)
		if (add_group(&p, calls->items[i]) < 0)
			return sp_wrap(err, "syscalls[%u]", i);
	return export(&p, ret_bpf, ret_n);
}
