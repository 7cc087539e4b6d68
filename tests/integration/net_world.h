/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine with pods' networks, for tests: every test moves into a fresh network namespace that
 * plays the machine, pods are child processes with namespaces of their own, and one more is the
 * world outside.
 */
#ifndef NET_WORLD_H
#define NET_WORLD_H

#include "net/net.h"

#include "../unit/cmocka_all.h"

#include <sys/time.h>
#include <sys/types.h>

extern struct sp_net_config conf;

struct report { /* what a pod process says when it is up, or not */
	int r;
	struct sp_error err;
	struct sp_net_lease lease;
	int64_t ns;
};

struct pod {
	pid_t pid;
	struct report rep;
};

int64_t now_ns(void);
/** sh() - A command line that has to succeed */
void sh(const char *fmt, ...) SP_PRINTF(1, 2);

/** start_pod() - A pod on the bridge whose TCP and UDP port 8080 answer "<uid> <client's address>"
 */
struct pod start_pod(const char *uid, const struct sp_net_port *ports, uint32_t n_ports);
struct pod good_pod(const char *uid, const struct sp_net_port *ports, uint32_t n_ports);
/** run_pod() - The life of a pod process, with its report to @out; never returns */
void run_pod(const char *uid, enum sp_net_mode mode, const struct sp_net_port *ports,
	     uint32_t n_ports, int out);
void kill_pod(struct pod *p);
const char *ip_text(const struct pod *p);

/** start_outside() - 192.0.2.2 outside of the machine, which is 192.0.2.1, with the same server */
pid_t start_outside(void);

extern struct timeval patience; /* for an answer */

/** ask() - The server at ip:port, from the namespace of @pid (0: this one). @ret: "" no answer */
void ask(pid_t pid, int type, const char *ip, uint16_t port, char ret[64]);
void expect(pid_t pid, int type, const char *ip, uint16_t port, const char *want);

int net_world_setup(void **state);
int net_world_teardown(void **state);
/** expect_nothing_left() - No pod lives: bridge and tables can be removed, and then there are none
 */
void expect_nothing_left(void);

/** net_world_run() - main() of such tests; tells when this machine cannot */
int net_world_run(const char *name, const struct CMUnitTest *tests, size_t n);

#endif
