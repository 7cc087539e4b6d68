/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bundle: everything a supervisor needs to run one pod, as one JSON document
 * (`sidepod.bundle/v1`) in a sealed memory file that it inherits as descriptor 3. Secrets are in
 * it, so it is never written to disk.
 *
 * {
 *   "format": "sidepod.bundle/v1",
 *   "pod": { …a complete Pod with defaults, uid and creationTimestamp… },
 *   "configMaps": [ … ], "secrets": [ … ],   objects of the pod's namespace that it names
 *   "services": [{"name","ip","ports":[{"name","udp","port"}]}],   those with an address
 *   "images": {                              those already present
 *     "<reference as in the manifest>": { "ref", "id", "digest", "sizeBytes", "layers": [dirs],
 *       "entrypoint", "cmd", "env", "workingDir", "user", "stopSignal", "fresh", "pulled" }
 *   },
 *   "engine": { "root", "runDir", "logDir", "net": "bridge|lo|host", "bridge", "subnet", "ipv6",
 *     "publish": [{"udp","hostIP","hostPort","port"}], "cgroupRoot", "podPidsLimit", "kubeMinor",
 *     "seccomp": [{"caps","profile","flags","bpf": "<hex of struct sock_filter[]>"}],
 * "seccompDefault", "command", "rootless", "clusterDNS", "clusterDomain", "timeScale",
 * "restartSidecarsDuringTermination", "backoffInitialMs", "backoffMaxMs" }, "resume": true the
 * pod's state file exists: continue after a dead supervisor (SBX-2)
 * }
 *
 * A supervisor's run directory, <runDir>/pods/<uid>/ (mode 0700):
 *   control       SOCK_SEQPACKET socket (supervisor/control.h)
 *   record.jsonl  run record (docs/record.md), appended while the pod lives
 *   status.json   {"pid":…, "pod": {metadata, status}} written beside and renamed, when it changed
 *   state         struct sp_pod, mapped shared, so it survives kill -9
 *   lock          held with flock while the supervisor lives
 *   supervisor.log  what the supervisor had to say on stderr; usually empty
 */
#ifndef SP_SUPERVISOR_BUNDLE_H
#define SP_SUPERVISOR_BUNDLE_H

#include "base/arena.h"
#include "base/error.h"
#include "image/image.h"
#include "net/net.h"
#include "spec/types.h"

#define SP_BUNDLE_FORMAT "sidepod.bundle/v1"

struct sp_seccomp; /* container/container.h */

/* Descriptors that a supervisor inherits, besides /dev/null as 0 and 1 and a file as 2. */
#define SP_BUNDLE_FD  3
#define SP_CONTROL_FD 4 /* the control socket, listening already: clients need not wait */
#define SP_LOCK_FD    5 /* the lock file, locked already */

#define SP_BUNDLE_MAX_BYTES (64u * 1024 * 1024)

/* Below a root directory R everything has its place; a run with the machine's paths sets each. */
struct sp_engine {
	const char *root;    /* images, volumes, pods' layers: /var/lib/sidepod */
	const char *run_dir; /* /run/sidepod */
	const char *log_dir; /* /var/log: <log_dir>/pods, <log_dir>/containers */
	enum sp_net_mode net;
	const char *bridge; /* NULL: the default of sp_net_config_default() */
	const char *subnet; /* "10.83.0.0/16"; NULL: the default */
	bool ipv6;
	struct sp_net_port publish[SP_NET_PORTS_MAX]; /* besides the manifest's hostPorts */
	uint32_t n_publish;
	const char *cgroup_root;          /* NULL: "sidepod" */
	int64_t pids_limit;               /* -1 none (CG-6) */
	int kube_minor;                   /* 0: 36 */
	const struct sp_seccomp *seccomp; /* as sp_sandbox_params has them */
	uint32_t n_seccomp;
	bool seccomp_default; /* SEC-6: containers without a profile get it too */
	const char *command;  /* path of sidepod, for image pulls and HTTPS probes; NULL none */
	bool rootless;
	const char *cluster_dns;    /* NULL none (NET-6) */
	const char *cluster_domain; /* NULL: "cluster.local" */
	int32_t time_scale;         /* n > 1: all waits of the lifecycle are n times shorter */
	bool restart_sidecars_on_termination; /* REL-1 */
	sp_time backoff_initial, backoff_max; /* 0: the defaults (BACK-11) */
	/* Path of the supervisor; NULL: the one of this installation (sys/self.h). Not in the
	 * bundle. */
	const char *supervisor;
};

/** sp_engine_default() - The machine's paths; @root not NULL: everything below it. Strings are in
 * @a. Return: 0, -1 out of memory */
int sp_engine_default(struct sp_arena *a, const char *root, struct sp_engine *ret);

/** sp_engine_net_config() - The network's view of the options; strings are borrowed from @e and @a
 */
int sp_engine_net_config(struct sp_arena *a, const struct sp_engine *e, struct sp_net_config *ret,
			 struct sp_error *err);

struct sp_bundle_image {
	const char *reference; /* as in the manifest */
	struct sp_image image;
	/* Asked for by its policy a moment ago: the first start of each container needs no contact
	 * with a registry, even with pull policy Always (START-5). */
	bool fresh;
	const char *pulled; /* with fresh: complete Pulled message of the pull that was made; NULL:
			       none was needed */
	/* Fetching it ahead failed (START-5): the outcome of the first attempt, as `image ensure`
	 * tells it, and nothing else is set; NULL: it is there. */
	const char *fail, *fail_text;
};

/* A Service of the pod's namespace that has an address when the pod starts: its variables (ENV-1).
 */
struct sp_bundle_service_port {
	const char *name; /* NULL: unnamed */
	bool udp;
	uint16_t port;
};
struct sp_bundle_service {
	const char *name, *ip;
	const struct sp_bundle_service_port *ports;
	uint32_t n_ports;
};

/* What a bundle is made of; everything is borrowed. */
struct sp_bundle_params {
	const struct sp_node *pod; /* complete document */
	const struct sp_node *const *config_maps;
	uint32_t n_config_maps;
	const struct sp_node *const *secrets; /* data as base64, as in the API */
	uint32_t n_secrets;
	const struct sp_bundle_service *services;
	uint32_t n_services;
	const struct sp_bundle_image *images;
	uint32_t n_images;
	const struct sp_engine *engine;
	bool resume;
};

/** sp_bundle_print() - The document as text */
void sp_bundle_print(const struct sp_bundle_params *p, struct sp_buf *out);

/**
 * sp_bundle_write() - The document in a sealed memory file
 *
 * Return: a close-on-exec descriptor, or -1. SP_E_INVALID when it is over SP_BUNDLE_MAX_BYTES.
 */
int sp_bundle_write(const struct sp_bundle_params *p, struct sp_error *err);

/** sp_image_print() - One value of "images"; also the last line of `sidepod image ensure --json` */
void sp_image_print(const struct sp_bundle_image *i, struct sp_buf *out);

/* A bundle that was read: what the supervisor works with. */
struct sp_bundle {
	struct sp_arena arena; /* all below lives here */
	struct sp_k_pod *pod;
	struct sp_k_config_map **config_maps;
	uint32_t n_config_maps;
	struct sp_k_secret **secrets;
	uint32_t n_secrets;
	struct sp_bundle_service *services;
	uint32_t n_services;
	struct sp_bundle_image *images;
	uint32_t n_images;
	struct sp_engine engine;
	bool resume;
};

/** sp_bundle_parse() - Inverse of sp_bundle_print(). On failure *ret needs no sp_bundle_done() */
int sp_bundle_parse(const char *bytes, size_t len, struct sp_bundle *ret, struct sp_error *err);
/** sp_bundle_read() - From a descriptor */
int sp_bundle_read(int fd, struct sp_bundle *ret, struct sp_error *err);
void sp_bundle_done(struct sp_bundle *b);

/** sp_bundle_objects() - Read "configMaps" and "secrets" of @doc into @b, replacing both lists
 * @a: holds the objects; texts are borrowed from the tree */
int sp_bundle_objects(struct sp_arena *a, const struct sp_node *doc, struct sp_bundle *b,
		      struct sp_error *err);

/** sp_image_parse() - Inverse of sp_image_print(); texts are borrowed from the tree, arrays are in
 * @a. ret->reference is left alone */
int sp_image_parse(struct sp_arena *a, const struct sp_node *n, struct sp_bundle_image *ret,
		   struct sp_error *err);

#endif
