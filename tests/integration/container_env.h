/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pod for tests of src/container: a busybox root file system in a temporary directory, a process
 * that plays the supervisor (PID 1 of a new PID namespace, as the real one), and small helpers that
 * run a shell line in a container. Failures end that process with a message; the test sees its
 * exit status.
 */
#ifndef CONTAINER_ENV_H
#define CONTAINER_ENV_H

#include "container/container.h"

#include <stdio.h>

struct env {
	char base[64];  /* temporary directory */
	char layer[96]; /* root file system */
	char pod_dir[96], run_dir[96];
	char uid[48], cgroup_root[48];
	const char *layers[2];
	struct sp_image image;
	struct sp_res_pod res;
	struct sp_sandbox_params params;
	bool as_pid1;                  /* play the real supervisor; otherwise an ordinary process */
	bool rootless;                 /* as an ordinary user in a user namespace */
	void (*before)(struct env *e); /* in the supervisor, before the sandbox is opened */
	struct sp_sandbox *sandbox;
	uint32_t attempt;
};

/** env_missing() - Why these tests cannot run here; NULL when they can */
const char *env_missing(void);

/** cgroup_v2() - Does this machine have cgroup v2 alone? */
bool cgroup_v2(void);

void env_init(struct env *e);
/** env_done() - Remove the files; tells whether anything of ours is left on the machine */
void env_done(struct env *e);

/** env_run() - Run @body in a pod's supervisor; fails the test when it fails or leaves anything */
void env_run(struct env *e, void (*body)(struct env *e));

/* Run to its end. Texts are cut at the size of the arrays. */
struct result {
	char out[8192], err[2048];
	struct sp_error error; /* of the child's set-up; code SP_OK when it came to execve */
	struct sp_exit exit;
};
struct job {
	struct sp_ctr_params p;
	struct sp_k_security sec;
	struct sp_k_caps caps;
	struct sp_k_seccomp seccomp;
	struct sp_k_pod_security pod;
	const char *argv[8], *env[8];
};
/** job_sh() - A container named @name that runs `sh -c @script` */
void job_sh(struct env *e, struct job *j, const char *name, const char *script);
/** job_run() - From prepare to free. Return: 0, or -1 with prepare's error in ret->error */
int job_run(struct env *e, const struct job *j, struct result *ret);
/** sh() - job_run() of a default container that must set up fine. Return: exit code */
int sh(struct env *e, const char *script, struct result *ret);

void drain(int fd, char *buf, size_t size);
/** reap() - Wait for pidfd and collect; the last call that may use @c */
void reap(struct sp_ctr *c, int pidfd, struct sp_exit *ret);

/* A test that runs `body` in a pod; `setup` changes the pod before. Include cmocka first. */
#define BODY_TEST(body, setup)                                                                     \
	static void test_##body(void **state)                                                      \
	{                                                                                          \
		struct env e;                                                                      \
                                                                                                   \
		if (env_missing()) {                                                               \
			print_message("skip: %s\n", env_missing());                                \
			skip();                                                                    \
		}                                                                                  \
		env_init(&e);                                                                      \
		setup;                                                                             \
		env_run(&e, body);                                                                 \
		env_done(&e);                                                                      \
	}

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond))                                                                       \
			check_failed(__FILE__, __LINE__, #cond, "");                               \
	} while (0)
#define CHECK_ERR(cond, e)                                                                         \
	do {                                                                                       \
		if (!(cond))                                                                       \
			check_failed(__FILE__, __LINE__, #cond, (e).text);                         \
	} while (0)
#define CHECK_STR(a, b)                                                                            \
	do {                                                                                       \
		if (!sp_streq(a, b))                                                               \
			check_failed(__FILE__, __LINE__, #a " == " #b, a);                         \
	} while (0)
_Noreturn void check_failed(const char *file, int line, const char *what, const char *text);

#endif
