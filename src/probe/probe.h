/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One probe or network hook: a small non-blocking machine behind one descriptor, driven by the
 * supervisor's loop. It runs in the pod's network namespace (the supervisor lives there).
 * exec handlers are not here: they are processes (container/exec.h).
 * Source: lifecycle rules, sections 8.4 and 9; failure texts as Go words them.
 */
#ifndef SP_PROBE_PROBE_H
#define SP_PROBE_PROBE_H

#include "base/buf.h"
#include "base/error.h"
#include "core/pod.h"

enum sp_check_kind { SP_CHECK_HTTP, SP_CHECK_HTTPS, SP_CHECK_TCP, SP_CHECK_GRPC };

struct sp_check_header {
	const char *name, *value;
};

struct sp_check_spec {
	enum sp_check_kind kind;
	bool hook; /* lifecycle hook: any answer is a success, no time limit, other User-Agent */
	const char *host; /* address or name; the pod IP when the manifest has none */
	uint16_t port;
	const char *path; /* http: with query */
	const struct sp_check_header *headers;
	uint32_t n_headers;
	const char *service; /* grpc */
	sp_time timeout;     /* 0: none (hooks) */
	const char *helper;  /* program that does HTTPS in a child of its own: `HELPER
				      https-check` */
	int kube_minor;      /* for the User-Agent */
};

struct sp_check; /* one running check */

/**
 * sp_check_start() - Begin; never blocks
 * @spec: kept until sp_check_free(), with all it points to
 *
 * Name lookups other than numeric addresses and "localhost" happen in a child process, HTTPS in
 * `HELPER https-check`. Both are reaped here, by pidfd; whoever reaps for everyone may do so too.
 * Return: NULL and *err only when memory or descriptors ran out.
 */
struct sp_check *sp_check_start(const struct sp_check_spec *spec, sp_time now,
				struct sp_error *err);

/** sp_check_fd() - What to poll: the same epoll descriptor all the time; *events is EPOLLIN. Add it
 * once (level-triggered) and call sp_check_step() when it is readable */
int sp_check_fd(const struct sp_check *c, uint32_t *events);
/** sp_check_deadline() - When to step it even without an event; in the past when it is over
 * already, SP_NEVER without a time limit. May change with each step */
sp_time sp_check_deadline(const struct sp_check *c);
/** sp_check_step() - Go on, a bounded amount. Return: true when it is over and outcome and text may
 * be read */
bool sp_check_step(struct sp_check *c, sp_time now);
/**
 * sp_check_outcome() - Once it is over
 *
 * Probe: SUCCESS, FAILURE, or WARNING (success; the text goes into a ProbeWarning event). Hook:
 * SUCCESS, FAILURE, or WARNING (success; the text goes into a LifecycleHTTPFallback event).
 */
enum sp_outcome sp_check_outcome(const struct sp_check *c);
/** sp_check_text() - Event text of a failure or warning: "HTTP probe failed with statuscode: 503".
 * Empty on plain success */
const char *sp_check_text(const struct sp_check *c);
/** sp_check_free() - Also in the middle of it. Return: NULL */
struct sp_check *sp_check_free(struct sp_check *c);

/**
 * sp_https_check_main() - The child for HTTPS: `sidepod https-check`, linked into the command only
 *
 * Reads one JSON document from descriptor 0, does the request with libcurl (certificate not
 * verified, no proxies), and writes "success", "failure", "warning" or "plain" (a TLS client met a
 * server that speaks plain HTTP), a line feed, and the text to descriptor 1. No time limit of its
 * own: whoever started it ends it. Return: exit status.
 */
int sp_https_check_main(int argc, char **argv);

#endif
