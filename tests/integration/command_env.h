/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command as a user types it, for tests: a state directory of its own, processes with pipes or
 * a terminal, what they said. Every wait has an end and fails the test.
 */
#ifndef SP_TESTS_COMMAND_ENV_H
#define SP_TESTS_COMMAND_ENV_H

#include "base/buf.h"

#include <sys/types.h>

extern char root[64]; /* SIDEPOD_ROOT of all commands */

/** env_set_up() - For cmocka's group; SIDEPOD names the program. env_tear_down() stops all pods */
int env_set_up(void **state);
int env_tear_down(void **state);

struct result {
	int code; /* exit code; 1000 + n: killed by signal n */
	struct sp_buf out, err;
};

void result_done(struct result *r);

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

/** text() - What is in a buffer, "" when it is empty */
const char *text(const struct sp_buf *b);

/** start() - Start with pipes for both streams; @in: standard input, -1 none */
pid_t start(const char *const *args, int in, int *out_fd, int *err_fd);
/** collect() - All output until both streams end, which are closed */
void collect(int out_fd, int err_fd, struct result *r);
/** reap() - Return: the exit code as in struct result */
int reap(pid_t pid);

/** run() - start(), collect() and reap() */
struct result run(const char *const *args);
/** expect() - Run, check the exit code, forget the output */
void expect(int code, const char *const *args);
/** expect_at_last() - Run again and again until @needle stands in the output */
void expect_at_last(const char *needle, const char *const *args);
void expect_text(const char *needle, const struct sp_buf *b);
/** read_until() - Read from @fd until @needle stands in @b */
void read_until(int fd, const char *needle, struct sp_buf *b);

/** start_on_terminal() - Start on a terminal of 80 x 24; @fd: what it writes there */
pid_t start_on_terminal(const char *const *args, int *fd);
/** collect_terminal() - The rest of it; closes @fd. Return: exit code */
int collect_terminal(pid_t pid, int fd, struct sp_buf *out);
/** on_terminal() - Both. Return: exit code; @out: all that was written */
int on_terminal(const char *const *args, struct sp_buf *out);

/** manifest() - Write a Pod; @body: lines of its spec. Return: path, until the next call */
const char *manifest(const char *name, const char *body);

#define IMAGE "image: sidepod.local/demo"
#define SERVING                                                                                    \
	"  terminationGracePeriodSeconds: 5\n"                                                     \
	"  initContainers:\n"                                                                      \
	"  - {name: proxy, " IMAGE ", restartPolicy: Always,\n"                                    \
	"     command: [demo, act, 'say=proxy up,term=0:0']}\n"                                    \
	"  containers:\n"                                                                          \
	"  - {name: app, " IMAGE ", command: [demo, act, 'say=serving,term=0:0']}\n"

/** count_dir() - Entries of a directory below root; 0 when it is not there */
int count_dir(const char *below);

#endif
