/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue of known sidecars: products by their image, what they listen on, how they tell
 * that they are up, how long they take to stop. Facts are data (data/catalogue.yaml, built in);
 * users add their own with --catalogue FILE, and those are asked first.
 */
#ifndef SP_LINT_CATALOGUE_H
#define SP_LINT_CATALOGUE_H

#include "base/error.h"
#include "spec/load.h"

enum sp_cat_type {
	SP_CAT_MESH,
	SP_CAT_PROXY,
	SP_CAT_DB_PROXY,
	SP_CAT_SECRETS,
	SP_CAT_LOG,
	SP_CAT_TELEMETRY,
	SP_CAT_EXPORTER,
	SP_CAT_RELOADER,
	SP_CAT_SYNC,
	SP_CAT_AUTH,
	SP_CAT_VPN,
	SP_CAT_DEV, /* build and test companions: databases, browsers, docker */
	SP_CAT_TYPES
};
const char *sp_cat_type_name(enum sp_cat_type type); /* "db-proxy" */

enum sp_confidence { SP_CERTAIN, SP_LIKELY, SP_GUESS, SP_CONFIDENCES };
const char *sp_confidence_name(enum sp_confidence c); /* "certain" */

struct sp_cat_port {
	const char *what; /* "admin", "health", "metrics", "listener" */
	uint16_t port;
	bool udp;
	bool loopback; /* bound to 127.0.0.1 unless `bind_seen` is on the command line or in env */
	const char *bind_seen; /* "|"-separated texts; any of them is an override. NULL none */
	const char *bind_add;  /* argument to add so that it binds all addresses; NULL none */
};

/* One path or check that tells something about the product. */
struct sp_cat_health {
	const char *use;  /* "startup", "readiness", "liveness", "quit"; "other": served as well */
	const char *path; /* HTTP; NULL for tcp and exec */
	uint16_t port;
	bool https;                /* the path is served with TLS */
	struct sp_strs exec;       /* command; n = 0: http when path, else tcp */
	const char *switch_seen;   /* "|"-separated texts that turn it on; NULL: always served */
	struct sp_strs switch_add; /* arguments that turn it on */
	const char *switch_text;   /* for people: "http_server on and health_check on" */
	uint16_t from_major, from_minor; /* first release that serves it; 0.0: all */
};

/* Where some keys of a record were read, when not where the rest of it was. */
struct sp_cat_fact {
	struct sp_strs of; /* keys: "health", "drain_s" */
	const char *source, *checked;
};

/* One product. Absent: NULL, 0, false; numbers of seconds -1. All texts live with the catalogue. */
struct sp_cat_entry {
	const char *id, *product; /* "cloud-sql-proxy", "Cloud SQL Auth Proxy" */
	enum sp_cat_type type;
	int order;                     /* 10 secrets, 20 network, 30 telemetry, 40 other */
	const char *repo, *name, *tag; /* anchored patterns; tag: also needed to match */
	const char *need;              /* "|"-separated texts: one must be in command or args */
	const char *guard; /* "|"-separated texts: seen in command, args, env or name → an init */
	enum sp_confidence at_best; /* matches are never more certain than this */
	bool both;                  /* repo and name must match, not one of them */
	bool jobs_only;             /* only a sidecar beside another app in a Job; then likely */
	struct sp_cat_port *ports;
	uint32_t n_ports;
	struct sp_cat_health *health; /* the first "startup" one is the recommended gate */
	uint32_t n_health;
	bool probes_app;        /* its own readiness waits for the app: cannot be a start gate */
	bool stays;             /* cannot become a native sidecar at all */
	const char *args_seen;  /* "|"-separated: needed to run as a sidecar; NULL none */
	const char *args_text;  /* "proxy sidecar" */
	const char *quit_seen;  /* "|"-separated texts of its quit and drain calls */
	const char *reload;     /* not NULL: watches files for others */
	const char *exit_flag;  /* makes it exit 0 on SIGTERM; NULL none */
	const char *drain_flag; /* changes drain_s; "|"-separated, the first one is shown */
	const char *idle_exit;  /* when it may exit by itself while an app drains; NULL never */
	const char *idle_seen;  /* "|"-separated: only when one of them is seen; NULL always */
	const char *idle_off; /* "|"-separated: not when one of them is seen; NULL nothing helps */
	const char *retired_next;     /* not NULL: retired, use this */
	int start_s, stop_s, drain_s; /* typical start, stop; internal drain limit */
	int uid;                      /* traffic of this user bypasses it; -1 none */
	bool no_shell;                /* the image has no shell */
	const char *cpu, *memory, *memory_limit, *memory_min; /* typical quantities */
	const char *notes, *source, *checked;                 /* where read; month: "2026-06" */
	struct sp_cat_fact *facts; /* exceptions from source and checked */
	uint32_t n_facts;
	bool verified;             /* read in the product's source */
	struct sp_strs documented; /* keys of a verified record that the vendor only documents */
};

struct sp_catalogue;

/** sp_catalogue_new() - The built-in records. Return: NULL when memory ran out */
struct sp_catalogue *sp_catalogue_new(struct sp_error *err);
struct sp_catalogue *sp_catalogue_free(struct sp_catalogue *c); /* Return: NULL */

/** sp_catalogue_add() - Records of a user's file, asked before all others
 * @err: SP_E_INVALID with file and line */
int sp_catalogue_add(struct sp_catalogue *c, const struct sp_source *src, struct sp_error *err);

uint32_t sp_catalogue_size(const struct sp_catalogue *c);
const struct sp_cat_entry *sp_catalogue_at(const struct sp_catalogue *c, uint32_t i);

/** sp_cat_fact_of() - Where a key of a record was read, and when it was checked */
struct sp_cat_fact sp_cat_fact_of(const struct sp_cat_entry *e, const char *key);

/* What is known about a container. NULL texts are empty. */
struct sp_cat_query {
	const char *image, *name;
	const char *words; /* command and args, joined by blanks */
	const char *env;   /* NAME=value lines */
};
struct sp_cat_match {
	const struct sp_cat_entry *entry; /* NULL: not known */
	enum sp_confidence confidence;
	bool guarded; /* of that product, but one that ends: an init, no sidecar */
};
void sp_catalogue_find(const struct sp_catalogue *c, const struct sp_cat_query *q,
		       struct sp_cat_match *ret);

/**
 * sp_image_repo() - Repository of an image without registry host, tag, digest and "library/"
 * @tag: NULL, or where the tag goes; empty when there is none
 */
void sp_image_repo(const char *image, struct sp_buf *repo, struct sp_buf *tag);

/** sp_seen() - Is one of the "|"-separated texts in @text? NULL and "" are in nothing */
bool sp_seen(const char *texts, const char *text);
/** sp_switched() - The same, but not where "off", "false", "no" or "0" stands behind it */
bool sp_switched(const char *texts, const char *text);

#endif
