/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which devices a container may use: the memory devices (null, zero, full, random, urandom), its
 * terminals, and nothing else; it may make any node, as archives and package managers do. The
 * rules exist twice, as an eBPF program for cgroup v2 and as lines for the v1 controller.
 *
 * The list is the one of the OCI runtime specification, config-linux.md, "Default Devices".
 */
#include "container/cgroup.h"
#include "sys/sys.h"

#include <errno.h>
#include <linux/bpf.h>

#define MEM_MAJOR 1   /* null 3, zero 5, full 7, random 8, urandom 9 */
#define TTY_MAJOR 5   /* tty 0, console 1, ptmx 2 */
#define PTS_MAJOR 136 /* every pty */

#define LOAD(dst, at)                                                                              \
	{                                                                                          \
		.code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = (dst), .src_reg = BPF_REG_1,         \
		.off = (at)                                                                        \
	}
#define OP(op, dst, value)                                                                         \
	{                                                                                          \
		.code = BPF_ALU64 | (op) | BPF_K, .dst_reg = (dst), .imm = (value)                 \
	}
/* skip @n instructions when the condition holds */
#define SKIP(op, reg, value, n)                                                                    \
	{                                                                                          \
		.code = BPF_JMP | (op) | BPF_K, .dst_reg = (reg), .imm = (value), .off = (n)       \
	}
#define EXIT                                                                                       \
	{                                                                                          \
		.code = BPF_JMP | BPF_EXIT                                                         \
	}
#define TYPE   BPF_REG_2
#define ACCESS BPF_REG_3
#define MAJOR  BPF_REG_4
#define MINOR  BPF_REG_5

int sp_device_prog_load(void)
{
	/* context: access << 16 | type, major, minor */
	static const struct bpf_insn prog[] = {
		LOAD(TYPE, 0),
		LOAD(ACCESS, 0),
		LOAD(MAJOR, 4),
		LOAD(MINOR, 8),
		OP(BPF_AND, TYPE, 0xffff),
		OP(BPF_RSH, ACCESS, 16),
		SKIP(BPF_JEQ, ACCESS, BPF_DEVCG_ACC_MKNOD, 13), /* making a node: allow */
		SKIP(BPF_JNE, TYPE, BPF_DEVCG_DEV_CHAR, 10),    /* block devices: deny */
		SKIP(BPF_JEQ, MAJOR, PTS_MAJOR, 11),
		SKIP(BPF_JEQ, MAJOR, MEM_MAJOR, 3),
		SKIP(BPF_JNE, MAJOR, TTY_MAJOR, 7),
		SKIP(BPF_JLE, MINOR, 2, 8),
		SKIP(BPF_JA, 0, 0, 5),
		SKIP(BPF_JEQ, MINOR, 3, 6),
		SKIP(BPF_JEQ, MINOR, 5, 5),
		SKIP(BPF_JEQ, MINOR, 7, 4),
		SKIP(BPF_JEQ, MINOR, 8, 3),
		SKIP(BPF_JEQ, MINOR, 9, 2),
		OP(BPF_MOV, BPF_REG_0, 0), /* deny */
		EXIT,
		OP(BPF_MOV, BPF_REG_0, 1), /* allow */
		EXIT,
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insn_cnt = SP_ARRAY_LEN(prog),
		.insns = (uintptr_t)prog,
		.license = (uintptr_t) "Apache-2.0",
	};

	return sys_bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
}

int sp_device_prog_attach(int prog_fd, int cgroup_fd)
{
	union bpf_attr attr = {
		.target_fd = (uint32_t)cgroup_fd,
		.attach_bpf_fd = (uint32_t)prog_fd,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI,
	};

	return sys_bpf(BPF_PROG_ATTACH, &attr, sizeof(attr));
}

int sp_device_rules_v1(int fd)
{
	static const char *const allow[] = {"c *:* m",   "b *:* m",   "c 1:3 rwm",  "c 1:5 rwm",
					    "c 1:7 rwm", "c 1:8 rwm", "c 1:9 rwm",  "c 5:0 rwm",
					    "c 5:1 rwm", "c 5:2 rwm", "c 136:* rwm"};
	int r = sys_write_file(fd, "devices.deny", "a");

	for (size_t i = 0; r >= 0 && i < SP_ARRAY_LEN(allow); i++)
		r = sys_write_file(fd, "devices.allow", allow[i]);
	return r;
}
