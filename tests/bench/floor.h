/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor: what the kernel charges for a pod of two containers, and nothing else. The same
 * namespaces, network, cgroups, root file system and devices as the product gives, made by one
 * process with as few system calls as we know how; no manifest, no supervisor, no record.
 */
#ifndef SP_BENCH_FLOOR_H
#define SP_BENCH_FLOOR_H

#include "base/error.h"

#include <stdint.h>
#include <sys/types.h>

struct floor_config {
	const char *dir;   /* scratch folder, on the disk where the product keeps its layers */
	const char *layer; /* root file system: one overlay lower directory */
	char *const *argv; /* what both containers run */
	bool bridge;       /* veth into a bridge of our own; else loopback only */
	const void *bpf;   /* seccomp filter, NULL none */
	uint32_t n_bpf;
};

/* One pod in flight or running. */
struct floor_pod {
	uint32_t id;
	pid_t pid[2];
	int pidfd[2],
		exec_fd[2]; /* exec_fd: end of file when that container's execve has happened */
	int64_t t0;         /* monotonic ns, admission */
	int64_t t_app;      /* the app's execve was seen; 0 not yet */
};

struct floor;

/** floor_open() - Scratch cgroups, bridge, folders */
int floor_open(const struct floor_config *c, struct floor **ret, struct sp_error *err);
/** floor_begin() - Admit pod @id: starts its first container; watch exec_fd[0] */
int floor_begin(struct floor *f, uint32_t id, struct floor_pod *ret, struct sp_error *err);
/** floor_next() - exec_fd[@k] became readable. Return: 1 the pod is up, 0 the second was started
 * (watch exec_fd[1]), -1 */
int floor_next(struct floor *f, struct floor_pod *p, int k, struct sp_error *err);
/** floor_end() - Kill, reap, remove */
void floor_end(struct floor *f, struct floor_pod *p);
void floor_close(struct floor *f);
/** floor_sweep() - What a floor left whose process @owner died; the pods' processes are gone */
void floor_sweep(pid_t owner);

#endif
