/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles in both dialects, compiled and asked. */
#include "worker/seccomp_profile.h"

#include "container/caps.h"

#include "cmocka_all.h"
#include "seccomp_interpret.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static const struct sp_seccomp_machine machine = {.arch = "amd64", .major = 6, .minor = 1};

struct filter {
	void *bpf;
	uint32_t n, flags;
};

static struct filter compile(const char *json, uint64_t caps)
{
	struct filter f = {0};
	struct sp_error err;

	if (sp_seccomp_profile_compile(json, strlen(json), caps, &machine, &f.bpf, &f.n, &f.flags,
				       &err) < 0)
		fail_msg("%s", err.text);
	return f;
}

#ifdef ARCH
static uint32_t ask(const struct filter *f, int nr, uint64_t first, uint64_t second)
{
	struct seccomp_data d = {.nr = nr, .arch = ARCH, .args = {first, second}};

	return interpret(f->bpf, f->n, &d);
}

static void test_actions(void **state)
{
	static const char json[] =
		"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 38,"
		" \"flags\": [\"SECCOMP_FILTER_FLAG_LOG\", \"SECCOMP_FILTER_FLAG_TSYNC\"],"
		" \"listenerMetadata\": \"what engines pass over\","
		" \"syscalls\": ["
		"  {\"names\": [\"read\", \"write\", \"no_such_call\"], \"action\": \"SCMP_ACT_ALLOW\"},"
		"  {\"name\": \"close\", \"action\": \"SCMP_ACT_ALLOW\", \"args\": null},"
		"  {\"names\": [\"mount\"], \"action\": \"SCMP_ACT_ERRNO\"},"
		"  {\"names\": [\"bpf\"], \"action\": \"SCMP_ACT_KILL_PROCESS\"},"
		"  {\"names\": [\"ptrace\"], \"action\": \"SCMP_ACT_TRAP\"},"
		"  {\"names\": [\"acct\"], \"action\": \"SCMP_ACT_LOG\"},"
		"  {\"names\": [\"sync\"], \"action\": \"SCMP_ACT_TRACE\", \"errnoRet\": 7}]}";
	struct filter f = compile(json, 0);

	assert_int_equal(f.flags, SECCOMP_FILTER_FLAG_LOG);
	assert_int_equal(ask(&f, SYS_read, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&f, SYS_close, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&f, SYS_openat, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(ask(&f, SYS_mount, 0, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(ask(&f, SYS_bpf, 0, 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(ask(&f, SYS_ptrace, 0, 0), SECCOMP_RET_TRAP);
	assert_int_equal(ask(&f, SYS_acct, 0, 0), SECCOMP_RET_LOG);
	assert_int_equal(ask(&f, SYS_sync, 0, 0), SECCOMP_RET_TRACE | 7);
	free(f.bpf);
}

static void test_arguments(void **state)
{
	static const char json[] =
		"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": ["
		" {\"names\": [\"socket\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 97, \"args\": ["
		"  {\"index\": 0, \"op\": \"SCMP_CMP_EQ\", \"value\": 16},"
		"  {\"index\": 1, \"op\": \"SCMP_CMP_NE\", \"value\": 3}]},"
		" {\"names\": [\"personality\"], \"action\": \"SCMP_ACT_ERRNO\", \"args\": ["
		"  {\"index\": 0, \"op\": \"SCMP_CMP_EQ\", \"value\": 5},"
		"  {\"index\": 0, \"op\": \"SCMP_CMP_GE\", \"value\": 4294967295}]},"
		" {\"names\": [\"clone\"], \"action\": \"SCMP_ACT_ERRNO\", \"args\": ["
		"  {\"index\": 0, \"op\": \"SCMP_CMP_MASKED_EQ\", \"value\": 268435456, \"valueTwo\": "
		"268435456}]}]}";
	struct filter f = compile(json, 0);

	assert_int_equal(ask(&f, SYS_socket, AF_NETLINK, SOCK_DGRAM), SECCOMP_RET_ERRNO | 97);
	assert_int_equal(ask(&f, SYS_socket, AF_NETLINK, SOCK_RAW), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&f, SYS_socket, AF_INET, SOCK_DGRAM), SECCOMP_RET_ALLOW);
	/* the same argument twice: either */
	assert_int_equal(ask(&f, SYS_personality, 5, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(ask(&f, SYS_personality, 0xffffffff, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(ask(&f, SYS_personality, 6, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&f, SYS_clone, 0x10000011, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(ask(&f, SYS_clone, 0x11, 0), SECCOMP_RET_ALLOW);
	free(f.bpf);
}

static void test_conditions(void **state)
{
	static const char json[] =
		"{\"defaultAction\": \"SCMP_ACT_ERRNO\","
		" \"archMap\": [{\"architecture\": \"SCMP_ARCH_X86_64\", \"subArchitectures\": "
		"[\"SCMP_ARCH_X86\"]}, {\"architecture\": \"SCMP_ARCH_AARCH64\", \"subArchitectures\": "
		"[\"SCMP_ARCH_ARM\"]}],"
		" \"syscalls\": ["
		" {\"names\": [\"mount\"], \"action\": \"SCMP_ACT_ALLOW\", \"includes\": {\"caps\": "
		"[\"CAP_SYS_ADMIN\"]}},"
		" {\"names\": [\"umount2\"], \"action\": \"SCMP_ACT_ALLOW\", \"excludes\": {\"caps\": "
		"[\"CAP_SYS_ADMIN\"]}},"
		" {\"names\": [\"acct\"], \"action\": \"SCMP_ACT_ALLOW\", \"includes\": {\"arches\": "
		"[\"amd64\"]}},"
		" {\"names\": [\"bpf\"], \"action\": \"SCMP_ACT_ALLOW\", \"includes\": {\"arches\": "
		"[\"s390x\"]}},"
		" {\"names\": [\"ptrace\"], \"action\": \"SCMP_ACT_ALLOW\", \"includes\": {\"minKernel\": "
		"\"4.8\"}},"
		" {\"names\": [\"setns\"], \"action\": \"SCMP_ACT_ALLOW\", \"includes\": {\"minKernel\": "
		"\"6.2\"}},"
		" {\"names\": [\"sync\"], \"action\": \"SCMP_ACT_ALLOW\", \"excludes\": {\"arches\": "
		"[\"amd64\"]}}]}";
	const uint32_t ok = SECCOMP_RET_ALLOW, no = SECCOMP_RET_ERRNO | EPERM;
	struct filter plain = compile(json, 0), admin = compile(json, SP_CAP(CAP_SYS_ADMIN));

	assert_int_equal(ask(&plain, SYS_mount, 0, 0), no);
	assert_int_equal(ask(&admin, SYS_mount, 0, 0), ok);
	assert_int_equal(ask(&plain, SYS_umount2, 0, 0), ok);
	assert_int_equal(ask(&admin, SYS_umount2, 0, 0), no);
	assert_int_equal(ask(&plain, SYS_acct, 0, 0), ok);
	assert_int_equal(ask(&plain, SYS_bpf, 0, 0), no);
	assert_int_equal(ask(&plain, SYS_ptrace, 0, 0), ok);
	assert_int_equal(ask(&plain, SYS_setns, 0, 0), no);
	assert_int_equal(ask(&plain, SYS_sync, 0, 0), no);
#if defined(__x86_64__)
	{
		struct seccomp_data d = {.nr = 26, .arch = AUDIT_ARCH_I386}; /* ptrace */

		assert_int_equal(interpret(plain.bpf, plain.n, &d), ok);
		d.nr = 21; /* mount */
		assert_int_equal(interpret(plain.bpf, plain.n, &d), no);
	}
#endif
	free(plain.bpf);
	free(admin.bpf);
}
#endif

static void test_errors(void **state)
{
	static const struct {
		const char *json, *text;
	} cases[] = {
		{"[]", "not a JSON object"},
		{"{}", "defaultAction is missing"},
		{"{\"defaultAction\": \"ALLOW\"}", "defaultAction: 'ALLOW' is no action"},
		{"{\"defaultAction\": \"SCMP_ACT_NOTIFY\"}",
		 "defaultAction: SCMP_ACT_NOTIFY needs an agent that answers, and there is none"},
		{"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": -1}",
		 "defaultErrnoRet: not a whole number from 0 to 65535"},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"flags\": [\"X\"]}",
		 "flags[0]: 'X' is not supported"},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"x86_64\"]}",
		 "architectures[0]: 'x86_64' is no architecture"},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"read\"]}]}",
		 "syscalls[0]: action is missing"},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"action\": \"SCMP_ACT_LOG\"}]}",
		 "syscalls[0]: names is missing"},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"action\": \"SCMP_ACT_LOG\", "
		 "\"names\": [3]}]}",
		 "syscalls[0]: names[0]: not a text"},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"action\": \"SCMP_ACT_LOG\", "
		 "\"names\": [\"read\"], \"args\": [{\"index\": 6}]}]}",
		 "syscalls[0]: 'read': args[0]: index: not a whole number from 0 to 5"},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"action\": \"SCMP_ACT_LOG\", "
		 "\"names\": [\"read\"], \"args\": [{\"op\": \"EQ\"}]}]}",
		 "syscalls[0]: 'read': args[0]: op: 'EQ' is no comparison"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		const char *json = cases[i].json;
		struct filter f = {0};
		struct sp_error err;

		assert_int_equal(sp_seccomp_profile_compile(json, strlen(json), 0, &machine, &f.bpf,
							    &f.n, &f.flags, &err),
				 -1);
		assert_string_equal(err.text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef ARCH
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_conditions),
#endif
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
