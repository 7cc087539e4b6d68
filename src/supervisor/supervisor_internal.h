/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor of one pod, as its files share it: main.c (start, loop, record and status),
 * sandbox.c (volumes, namespaces, network), instance.c (containers), image.c (images), job.c (image
 * pulls, probes, hooks, execs), control.c (the socket).
 *
 * Every file turns what the kernel tells into facts (sup_tell) and does what the core wishes
 * (sup_do_*). Nothing but the core decides.
 */
#ifndef SP_SUPERVISOR_INTERNAL_H
#define SP_SUPERVISOR_INTERNAL_H

#include "container/container.h"
#include "core/pod.h"
#include "loop/loop.h"
#include "net/net.h"
#include "probe/probe.h"
#include "supervisor/bundle.h"
#include "supervisor/env.h"
#include "supervisor/logs.h"

enum sup_source { /* kinds of loop sources; owners are slots of the tables below */
		  SUP_CONTROL = 1,
		  SUP_CLIENT,
		  SUP_INST_PID,
		  SUP_INST_REPORT,
		  SUP_INST_OUT,
		  SUP_INST_ERR,
		  SUP_JOB,
};

/* ---- facts on their way to the core ---------------------------------------------------------- */

struct sup_fact {
	struct sp_event ev; /* ev.text is owned */
	uint8_t rank;       /* LAT-22: among facts of one wakeup, lower ones first */
};

/* ---- instances of containers ----------------------------------------------------------------- */

/*
 * PREPARED  the process waits before execve; the core has not asked for it yet
 * STARTING  released; report_fd tells whether execve worked
 * RUNNING   told as STARTED
 * DYING     the main process was reaped; the rest of it is being killed; wait for retry_at
 */
enum sup_inst_state { SUP_PREPARED, SUP_STARTING, SUP_RUNNING, SUP_DYING };

struct sup_inst {
	enum sup_inst_state state;
	uint16_t ctr;
	uint32_t attempt;
	struct sp_ctr *c;
	struct sp_ctr_fds fds;
	sp_source pid_src, report_src, out_src, err_src;
	bool dropped;      /* prepared in vain: nobody is to hear of it */
	bool start_failed; /* start_err tells why */
	bool log_touch;    /* the log file is still to be made */
	struct sp_error start_err;
	struct sp_exit exit;
	sp_time retry_at, retry_step; /* real time */
	int stdin_fd;                 /* write end; -EBADF none */
	int term_fd;                  /* termination message file */
	char term_name[96];           /* below the pod's directory */
	struct sp_log log;
};

/* What is kept per container, whether it runs or not. */
struct sup_ctr {
	const struct sp_k_container *k;
	const struct sp_bundle_image *image;       /* of the newest instance */
	const struct sp_bundle_image *image_shown; /* of which image_id is */
	const char *image_id;                      /* as the status shows it */
	bool image_asked;   /* what was fetched ahead has served its first start */
	bool launched;      /* some instance was asked for: prepare none ahead */
	bool start_waiting; /* asked for, while a dropped one is still dying */
	uint32_t start_attempt;
};

/* ---- jobs ------------------------------------------------------------------------------------ */

enum sup_job_kind { SUP_JOB_IMAGE, SUP_JOB_PROBE, SUP_JOB_HOOK, SUP_JOB_EXEC, SUP_JOB_COMPRESS };

struct sup_job {
	enum sup_job_kind kind;
	uint16_t ctr;
	uint32_t attempt;
	enum sp_hook hook;
	enum sp_probe_kind probe;
	sp_time deadline; /* real time; SP_NEVER none */
	struct sp_arena arena;

	/* a network check … */
	struct sp_check *check;
	struct sp_check_spec check_spec;
	int check_fd;
	uint32_t check_events;

	/* … or a process */
	int pidfd, out_fd, err_fd, report_fd;
	sp_source check_src, pid_src, out_src, err_src;
	struct sp_buf out, err;
	const char *const *argv;
	int64_t timeout_s; /* as in the manifest, for the text */
	bool timed_out;
	bool lingers; /* killed; told when its container is known to be gone, or after a moment */
	int code;     /* … then: how it ended */

	const char *image; /* SUP_JOB_IMAGE: reference */
	bool pulling;      /* … the registry was contacted */
	uint32_t client;   /* SUP_JOB_EXEC: slot of the client, its serial, number of the exec */
	uint32_t client_serial, number;
};

struct sup_client {
	int fd;
	uint32_t serial;
	sp_source src;
};

#define SUP_CLIENTS_MAX  64
#define SUP_JOBS_MAX     (SP_CONTAINERS_MAX * 8)
#define SUP_EXEC_OUTPUT  (10 * 1024) /* PROBE-20 */
#define SUP_IMAGE_OUTPUT (1024 * 1024)

/* ---- the supervisor -------------------------------------------------------------------------- */

/* In the run directory, mapped shared: outlives the process. struct sp_pod follows. */
struct sup_state {
	uint64_t magic;
	uint32_t size;        /* of the whole file */
	uint32_t had_sandbox; /* sandbox_attempt was started */
	uint32_t sandbox_attempt;
	sp_time accepted_mono; /* real time of acceptance: the core's clock starts there */
	int64_t accepted_wall_ns;
};
#define SUP_STATE_MAGIC 0x5350535550303100 /* "SPSUP01" */

struct sup {
	struct sp_bundle bundle;
	struct sp_arena arena; /* the core's spec, images that were pulled, objects that changed */
	struct sp_pod_spec spec;
	struct sp_res_pod res;
	struct sp_world world;
	struct sp_net_config net_config;

	struct sup_state *state;
	struct sp_pod *pod; /* behind *state */
	struct sp_actions *acts;
	struct sp_loop loop;
	sp_time real, now; /* of this wakeup: CLOCK_MONOTONIC, and the core's scaled clock */
	int64_t wall;
	sp_time tick_at; /* the deadline that has been told to the core, SP_NEVER none */

	struct sup_fact *facts;
	uint32_t n_facts, cap_facts;

	int control_fd, run_fd, record_fd, pod_dir_fd;
	pid_t host_pid; /* our number outside */
	struct sp_buf record;
	bool status_dirty, finished;
	bool told_secrets; /* that pull secrets are missing */
	const char **held; /* directories of layers that are locked */
	uint32_t n_held;
	bool status_full, record_full; /* could not be written; told */
	sp_time status_at;             /* real time at which status.json is to be written */
	bool orphans;                  /* SIGCHLD came: a zombie that is nobody's may be there */
	pid_t orphan;
	sp_time orphan_at;
	enum sp_cond_status gates[SP_GATES_MAX];

	/* sandbox */
	struct sp_sandbox *sandbox;
	uint32_t sandbox_attempt;
	bool sandbox_stopping, net_opened, net_up;
	bool limits_told, net_told, oom_told; /* one warning per pod */
	struct sp_net_host net_host;
	struct sp_volume *volumes; /* parallel to the manifest's */
	int hosts_fd, hostname_fd, resolv_fd;
	char pod_ips[64], host_ips[64], hostname[72];
	const char *pods_dir, *pod_dir, *run_dir, *log_pod_path;

	struct sp_log_place logs;
	uint64_t logs_dropped_told; /* one warning per pod */

	struct sup_ctr *ctrs;
	struct sup_inst **insts; /* slots; NULL free */
	uint32_t n_insts;
	struct sup_job **jobs;
	uint32_t n_jobs;
	struct sup_client clients[SUP_CLIENTS_MAX];
	uint32_t client_serial, exec_number;
	uint16_t ahead; /* container to prepare when there is time; SP_NO_CTR none */
};

/* main.c */

/** sup_tell() - A fact for the core; the text is copied. Facts of one wakeup are sorted (LAT-22) */
void sup_tell(struct sup *s, const struct sp_event *ev);
/** sup_log() - One line for people, on stderr */
void sup_log(const struct sup *s, const char *what, const struct sp_error *err);
/** sup_warn() - A warning event in the run record that is not the core's */
void sup_warn(struct sup *s, const char *reason, const char *text);
/** sup_note() - The same, an ordinary event */
void sup_note(struct sup *s, const char *reason, const char *text);
/** sup_scaled() - A wait of the lifecycle in real time */
sp_time sup_scaled(const struct sup *s, sp_time t);
/** sup_status_print() - {"metadata","status"}; @spec: also "spec" */
void sup_status_print(struct sup *s, bool spec, struct sp_buf *out);

/* sandbox.c */

/** sup_world_init() - Facts about the machine that containers may be told */
void sup_world_init(struct sup *s);
void sup_do_sandbox_start(struct sup *s, uint32_t attempt);
void sup_do_sandbox_stop(struct sup *s, uint32_t attempt);
/** sup_sandbox_progress() - After an instance has gone: go on with a stop */
void sup_sandbox_progress(struct sup *s);
/** sup_sandbox_end() - Give address, namespaces, layers back */
void sup_sandbox_end(struct sup *s);
/** sup_volumes_update() - ConfigMaps or Secrets changed: VOL-3 */
void sup_volumes_update(struct sup *s);

/* instance.c */
void sup_do_start(struct sup *s, uint16_t ctr, uint32_t attempt);
void sup_do_signal(struct sup *s, uint16_t ctr, uint32_t attempt);
void sup_do_kill(struct sup *s, uint16_t ctr, uint32_t attempt);
/** sup_inst_find() - The instance, when it exists and was not dropped */
struct sup_inst *sup_inst_find(struct sup *s, uint16_t ctr, uint32_t attempt);
void sup_inst_event(struct sup *s, const struct sp_ready *r);
/** sup_inst_timers() - Continue what waits for time. Return: when next, SP_NEVER */
sp_time sup_inst_timers(struct sup *s);
/** sup_inst_idle() - Before sleeping: prepare ahead, write logs */
void sup_inst_idle(struct sup *s);
/** sup_inst_drop_prepared() - What was prepared ahead is out of date */
void sup_inst_drop_prepared(struct sup *s);
void sup_inst_kill_all(struct sup *s);
/** sup_nonblock() - Reads of it never wait; -EBADF is fine */
bool sup_nonblock(int fd);

/* image.c */
void sup_do_image(struct sup *s, uint16_t ctr, const char *image);
/** sup_images_hold() - Keep the layers of the bundle's images from being pruned. Those that are
 * gone already are forgotten */
void sup_images_hold(struct sup *s);
/** sup_image_asked() - Was the registry asked ahead, for the coming first start of @ctr? */
bool sup_image_asked(const struct sup *s, uint16_t ctr, const struct sp_bundle_image *image);
/** sup_image_end() - The image program of a SUP_JOB_IMAGE ended */
void sup_image_end(struct sup *s, struct sup_job *j);
void sup_image_tell(struct sup *s, uint16_t ctr, enum sp_ev_kind kind, const char *text);
void sup_image_tell_failed(struct sup *s, uint16_t ctr, enum sp_image_fail fail, const char *text);
/** sup_image_find() - An image that is known by this reference; NULL none */
struct sp_bundle_image *sup_image_find(struct sup *s, const char *reference);

/* job.c */
struct sup_job *sup_job_new(struct sup *s, enum sup_job_kind kind, uint16_t ctr, uint32_t attempt);
void sup_job_free(struct sup *s, struct sup_job *j);
/** sup_job_fail() - It could not even begin: tell its outcome and free it */
void sup_job_fail(struct sup *s, struct sup_job *j, const char *text);
/**
 * sup_job_helper() - Start a program of the machine as the process of a job
 * @out_fd:   its standard output; -EBADF: nobody reads its answer
 * @dir_fd:   where it works; -EBADF: anywhere
 * @extra_fd: it gets this one too, under its number; -EBADF: none
 */
int sup_job_helper(struct sup *s, struct sup_job *j, int out_fd, int dir_fd, int extra_fd,
		   const char *const *argv, struct sp_error *err);
void sup_do_probe(struct sup *s, uint16_t ctr, uint32_t attempt, enum sp_probe_kind probe);
void sup_do_hook(struct sup *s, uint16_t ctr, uint32_t attempt, enum sp_hook hook);
/** sup_do_compress() - A log was rotated: compress what is to be compressed, LOG-3 */
void sup_do_compress(struct sup *s);
void sup_job_event(struct sup *s, const struct sp_ready *r);
sp_time sup_job_timers(struct sup *s);
/** sup_job_end_all() - The pod is over */
void sup_job_end_all(struct sup *s);
/** sup_job_inst_gone() - The exit of an instance was told: now what died with it */
void sup_job_inst_gone(struct sup *s, uint16_t ctr, uint32_t attempt);
/** sup_job_client_gone() - Its execs are killed */
void sup_job_client_gone(struct sup *s, uint32_t client);
/** sup_exec() - For a client. @fds: stdin, stdout, stderr, not used with @tty. *ret_master: a
 * descriptor to hand over (the caller's), with @tty. Return: number of the exec, or -1 */
int64_t sup_exec(struct sup *s, uint16_t ctr, const char *const *argv, const char *const *env,
		 bool tty, const int fds[3], uint32_t client, int *ret_master,
		 struct sp_error *err);

/* control.c */
void sup_control_event(struct sup *s);
void sup_client_event(struct sup *s, const struct sp_ready *r);
/** sup_exec_done() - Tell the client of an exec how it ended. @error: it could not be executed;
 * else NULL */
void sup_exec_done(struct sup *s, const struct sup_job *j, int code, const char *error);

#endif
