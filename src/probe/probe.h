/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One probe or network hook: a small non-blocking machine on one descriptor, driven by the
 * supervisor's loop. It runs in the pod's network namespace (the supervisor lives there).
 * exec handlers are not here: they are processes (container/exec.h).
 * Source: lifecycle rules, sections 8.4 and 9.
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
	const char *service;      /* grpc */
	sp_time timeout;          /* 0: none (hooks) */
	const char *https_helper; /* program that does HTTPS in a child of its own: `HELPER
				     https-check` */
	int kube_minor;           /* for the User-Agent */
};

struct sp_check; /* one running check */

/**
 * sp_check_start() - Begin; never blocks
 * @spec: kept until sp_check_free()
 *
 * Name lookups other than numeric addresses and "localhost" happen in a child process.
 * Return: NULL and *err only when memory or descriptors ran out.
 */
struct sp_check *sp_check_start(const struct sp_check_spec *spec, sp_time now,
				struct sp_error *err);

/** sp_check_fd() - What to poll, and for which EPOLL events; may change after each step */
int sp_check_fd(const struct sp_check *c, uint32_t *events);
/** sp_check_deadline() - When to step it even without an event; SP_NEVER without a time limit */
sp_time sp_check_deadline(const struct sp_check *c);
/** sp_check_step() - Go on. Return: true when it is over and outcome and text may be read */
bool sp_check_step(struct sp_check *c, sp_time now);
enum sp_outcome sp_check_outcome(const struct sp_check *c);
const char *
sp_check_text(const struct sp_check *c); /* event text: "HTTP probe failed with statuscode: 503" */
/** sp_check_free() - Also in the middle of it. Return: NULL */
struct sp_check *sp_check_free(struct sp_check *c);

#endif
