/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod: what it is told (spec), what happened (events), what it wants (actions), what it shows
 * (status). One pure function drives it, the same in the supervisor, in `simulate` and in the
 * fuzzers: no I/O, no clock, no allocation.
 *
 * Source: the lifecycle rules; rule ids such as START-3 stand beside the code.
 */
#ifndef SP_CORE_POD_H
#define SP_CORE_POD_H

#include "base/base.h"
#include "base/buf.h"

#define SP_CONTAINERS_MAX  64 /* init + sidecar + regular */
#define SP_RULES_MAX       20 /* restartPolicyRules of one container (VAL-17) */
#define SP_GATES_MAX       16 /* readinessGates of a pod */
#define SP_ACTIONS_MAX     1024
#define SP_ACTION_TEXT_MAX (96 * 1024)
#define SP_MESSAGE_MAX     4096 /* termination message kept per instance (TMSG-1) */
#define SP_DETAIL_MAX      512  /* waiting message kept per container */

/* ---- spec: borrowed, constant for the life of the pod ------------------------------------- */

enum sp_role { SP_ROLE_INIT, SP_ROLE_SIDECAR, SP_ROLE_APP, SP_ROLES };
const char *sp_role_name(enum sp_role role); /* "init", "sidecar", "app" */

enum sp_restart_policy {
	SP_RESTART_UNSET,
	SP_RESTART_ALWAYS,
	SP_RESTART_ON_FAILURE,
	SP_RESTART_NEVER
};

enum sp_probe_kind { SP_PROBE_STARTUP, SP_PROBE_READINESS, SP_PROBE_LIVENESS, SP_PROBES };
const char *sp_probe_name(enum sp_probe_kind kind); /* "startup", … */

/* Seconds and counts as in the API, defaults applied (DEF-10). */
struct sp_probe_spec {
	bool set;
	int32_t initial_delay_s, period_s, timeout_s, success_threshold, failure_threshold;
	int64_t grace_s; /* probe-level terminationGracePeriodSeconds, -1 unset */
};

enum sp_hook_kind { SP_HOOK_NONE, SP_HOOK_EXEC, SP_HOOK_HTTP, SP_HOOK_TCP, SP_HOOK_SLEEP };

struct sp_hook_spec {
	enum sp_hook_kind kind;
	int64_t sleep_s; /* SP_HOOK_SLEEP: the core waits by itself, no action is sent */
};

enum sp_rule_action { SP_RULE_RESTART, SP_RULE_RESTART_ALL };

struct sp_restart_rule {
	enum sp_rule_action action;
	bool not_in;          /* operator NotIn */
	const int32_t *codes; /* borrowed */
	uint16_t n_codes;
};

struct sp_ctr_spec {
	const char *name;
	const char *image; /* as written; the start value of the changeable image */
	enum sp_role role;
	enum sp_restart_policy restart_policy; /* container level; sidecars have ALWAYS */
	const struct sp_restart_rule *rules;
	uint8_t n_rules;
	struct sp_probe_spec probes[SP_PROBES];
	struct sp_hook_spec post_start, pre_stop;
};

/* Containers stand in one array: the init list first, in order, then the regular ones, in order. */
struct sp_pod_spec {
	const char *name, *ns, *uid;
	enum sp_restart_policy restart_policy; /* never UNSET */
	int64_t grace_s;                       /* terminationGracePeriodSeconds */
	int64_t active_deadline_s;             /* -1 none */
	const struct sp_ctr_spec *ctrs;
	uint16_t n_init; /* length of the init list: init and sidecar containers */
	uint16_t n_ctrs;
	const char *const *gates; /* readinessGates condition types */
	uint16_t n_gates;

	/* engine options */
	int32_t kube_minor; /* 28 … 37: behaviour of that release; 36 is the reference */
	sp_time backoff_initial, backoff_max; /* 0: 10 s and 300 s (BACK-1, BACK-11) */
	bool restart_sidecars_on_termination; /* REL-1, off */
};

/* ---- events: facts that happened ------------------------------------------------------------ */

enum sp_ev_kind {
	SP_EV_TICK, /* only time passed */

	SP_EV_SANDBOX_READY,  /* attempt; text = pod IP(s), comma separated, or "" */
	SP_EV_SANDBOX_FAILED, /* attempt; fail_step; text = error */
	SP_EV_SANDBOX_LOST,   /* attempt; everything in it is dead; EXITED events need not follow.
				 Also by a new process, whatever the state of the sandbox was:
				 pending wishes of the old one are forgotten, or told again */
	SP_EV_SANDBOX_GONE,   /* attempt; answer to SP_ACT_SANDBOX_STOP */

	SP_EV_IMAGE_PRESENT, /* ctr; no pull was needed */
	SP_EV_IMAGE_PULLING, /* ctr; the registry is contacted */
	SP_EV_IMAGE_PULLED,  /* ctr; text = the complete Pulled message of the event */
	SP_EV_IMAGE_FAILED,  /* ctr; image_fail; text = error */

	SP_EV_CREATE_FAILED, /* ctr, attempt; config = CreateContainerConfigError; text */
	SP_EV_STARTED,       /* ctr, attempt; the process was launched */
	SP_EV_START_FAILED,  /* ctr, attempt; StartError, code 128; text */
	SP_EV_EXITED, /* ctr, attempt; code, oom; text = termination message; the container is gone
		       */
	SP_EV_HOOK_DONE,    /* ctr, attempt, hook; ok; text */
	SP_EV_PROBE_RESULT, /* ctr, attempt, probe; outcome; text = output */

	SP_EV_DELETE,           /* grace_s, -1 absent */
	SP_EV_SET_IMAGE,        /* ctr; text = image */
	SP_EV_OBJECTS_CHANGED,  /* a ConfigMap or Secret appeared or changed: retry at once */
	SP_EV_SET_GATE,         /* gate index; gate_status */
	SP_EV_ENGINE_RESTARTED, /* SBX-6; forget_records: records of completed init containers were
				   lost */
	SP_EVS,
};

enum sp_hook { SP_HOOK_POST_START, SP_HOOK_PRE_STOP };
enum sp_outcome {
	SP_OUT_SUCCESS,
	SP_OUT_FAILURE,
	SP_OUT_ERROR,
	SP_OUT_WARNING /* success with ProbeWarning */
};
enum sp_image_fail {
	SP_IMG_PULL_FAILED,  /* ErrImagePull, then ImagePullBackOff */
	SP_IMG_NEVER_PULL,   /* ErrImageNeverPull */
	SP_IMG_INVALID_NAME, /* InvalidImageName */
	SP_IMG_INSPECT,      /* ImageInspectError */
	SP_IMG_UNAVAILABLE,  /* RegistryUnavailable */
	SP_IMG_SIGNATURE,    /* SignatureValidationFailed */
};
enum sp_sandbox_step { SP_SBX_STEP_SANDBOX, SP_SBX_STEP_MOUNT, SP_SBX_STEP_CGROUP };
enum sp_cond_status { SP_COND_ABSENT, SP_COND_FALSE, SP_COND_TRUE, SP_COND_UNKNOWN };

/* Borrowed for the call. A stale or unknown (ctr, attempt) is ignored. */
struct sp_event {
	enum sp_ev_kind kind;
	uint16_t ctr;     /* index into spec->ctrs */
	uint32_t attempt; /* of the container, or of the sandbox */
	enum sp_hook hook;
	enum sp_probe_kind probe;
	enum sp_outcome outcome;
	enum sp_image_fail image_fail;
	enum sp_sandbox_step step;
	enum sp_cond_status gate_status;
	bool ok, oom, config, forget_records;
	int32_t code;
	uint16_t gate;
	int64_t grace_s;
	const char *text; /* may be NULL */
	int64_t wall_ns;  /* wall time of `now`, for show; 0 in tests */
};

/* ---- actions: wishes ------------------------------------------------------------------------ */

enum sp_act_kind {
	SP_ACT_SANDBOX_START, /* attempt; set up volumes and cgroup first (SBX-1) */
	SP_ACT_SANDBOX_STOP,  /* attempt; everything in it is gone or to be killed; answer
				 SANDBOX_GONE */
	SP_ACT_IMAGE_ENSURE,  /* ctr; text = image; answer IMAGE_* by its imagePullPolicy */
	SP_ACT_CTR_START,     /* ctr, attempt; answer STARTED, START_FAILED or CREATE_FAILED */
	SP_ACT_CTR_SIGNAL,    /* ctr, attempt; the container's stop signal to its main process */
	SP_ACT_CTR_KILL,      /* ctr, attempt; SIGKILL to every process of it */
	SP_ACT_HOOK_RUN,      /* ctr, attempt, hook; exec and http only; answer HOOK_DONE */
	SP_ACT_PROBE_RUN,     /* ctr, attempt, probe; answer PROBE_RESULT */
	SP_ACT_EVENT,         /* API event: warning, reason, text; ctr or SP_NO_CTR */
	SP_ACT_FACT,          /* line for the run record: fact, ctr, attempt, code, text */
	SP_ACT_STATUS,        /* the visible status changed */
	SP_ACT_FINISHED, /* containers and sandbox are gone, the final status stands: clean up */
	SP_ACTS,
};

#define SP_NO_CTR UINT16_MAX

/*
 * Facts, as they are called in records and scenarios (sp_fact_name). Container facts carry
 * ctr and attempt (= instance number = restartCount).
 */
enum sp_fact {
	SP_FACT_START,    /* "start": process launched */
	SP_FACT_STARTED,  /* "started": PROBE-40 */
	SP_FACT_READY,    /* "ready" */
	SP_FACT_NOTREADY, /* "notready": was ready */
	SP_FACT_EXIT, /* "exit": process gone; code; text = reason (Completed, Error, OOMKilled, …)
		       */
	SP_FACT_KILL, /* "kill": decided to stop it for probe, hook or image reasons; text = KILL-1
			 text */
	SP_FACT_SIGTERM, /* "sigterm": stop signal sent */
	SP_FACT_SIGKILL, /* "sigkill" */
	SP_FACT_PRESTOP_BEGIN,
	SP_FACT_PRESTOP_END, /* "prestop.begin", "prestop.end" */
	SP_FACT_POSTSTART_BEGIN,
	SP_FACT_POSTSTART_END, /* "poststart.begin", "poststart.end" */
	SP_FACT_BACKOFF,       /* "backoff": enters CrashLoopBackOff; text = the waiting message */
	SP_FACT_PULLFAIL,      /* "pullfail"; text = error */
	SP_FACT_STARTERROR,    /* "starterror"; text = error */
	SP_FACT_PROBE,         /* "probe.<kind>": a probe begins; probe */
	SP_FACT_PROBE_DONE,    /* "probe.<kind>.done": its outcome; probe, outcome, text */
	SP_FACT_SANDBOX_READY,
	SP_FACT_SANDBOX_LOST,    /* "sandbox.ready", "sandbox.lost"; attempt */
	SP_FACT_POD_ACCEPTED,    /* "pod.accepted": the first of all */
	SP_FACT_POD_DELETE,      /* "pod.delete"; code = grace in seconds */
	SP_FACT_POD_DEADLINE,    /* "pod.deadline" */
	SP_FACT_POD_TERMINATING, /* "pod.terminating": T0; text = DELETE, FINISHED or DEADLINE; code
				    = grace */
	SP_FACT_POD_FINISHED,    /* "pod.finished": all containers gone, final phase in text */
	SP_FACT_PHASE,           /* "pod.phase.<Phase>"; text = phase */
	SP_FACT_COND,            /* "pod.cond.<Type>=<True|False>"; text = "<Type>=<Status>" */
	SP_FACTS,
};

struct sp_action {
	enum sp_act_kind kind;
	uint16_t ctr;
	uint32_t attempt;
	enum sp_hook hook;
	enum sp_probe_kind probe;
	enum sp_outcome outcome;
	enum sp_fact fact;
	bool warning;
	int32_t code;
	const char *reason; /* static */
	const char *
		text; /* in sp_actions.texts, or static, or the spec's; valid until the next step */
};

/* The caller's memory; sp_pod_step() overwrites it. Big: keep one, not on a small stack. */
struct sp_actions {
	uint32_t n;
	uint32_t n_text;
	struct sp_action items[SP_ACTIONS_MAX];
	char texts[SP_ACTION_TEXT_MAX];
};

/* ---- the state and the functions ------------------------------------------------------------ */

struct sp_pod; /* fixed size; defined in core/pod_state.h for those who lay it out */

/** sp_pod_size() - Bytes of a struct sp_pod */
size_t sp_pod_size(void);

/**
 * sp_pod_init() - A pod accepted at @now; nothing runs yet
 * @pod:  sp_pod_size() bytes, any content
 * @wall_ns: wall time of @now, for show
 *
 * The first sp_pod_step() (a TICK will do) gives the first actions.
 */
void sp_pod_init(const struct sp_pod_spec *spec, struct sp_pod *pod, sp_time now, int64_t wall_ns);

/**
 * sp_pod_valid() - May the bytes of an earlier process be trusted as the state of this pod?
 *
 * Checks layout and ranges. A process that goes on with them tells SP_EV_SANDBOX_LOST first, which
 * settles everything that was under way.
 */
bool sp_pod_valid(const struct sp_pod_spec *spec, const struct sp_pod *pod);

/**
 * sp_pod_step() - Take one fact, decide everything that follows from it
 * @ev:  borrowed
 * @now: monotonic, never smaller than at the call before
 * @ret: overwritten
 *
 * Total: every event is legal in every state. Events of one instant are to be given in the order
 * of LAT-22: launches before exits of the same instance, exits before probe results, deletions
 * before restarts.
 */
void sp_pod_step(const struct sp_pod_spec *spec, struct sp_pod *pod, const struct sp_event *ev,
		 sp_time now, struct sp_actions *ret);

/** sp_pod_deadline() - When the next TICK is due; SP_NEVER when nothing waits for time */
sp_time sp_pod_deadline(const struct sp_pod_spec *spec, const struct sp_pod *pod);

/** sp_pod_finished() - True once SP_ACT_FINISHED was sent */
bool sp_pod_finished(const struct sp_pod *pod);

/** sp_pod_image() - The image container @ctr is to run now (changed by SP_EV_SET_IMAGE) */
const char *sp_pod_image(const struct sp_pod_spec *spec, const struct sp_pod *pod, uint16_t ctr);

const char *sp_fact_name(enum sp_fact fact); /* "probe.*" and "pod.phase.*" without the last part */

/** sp_fact_print() - The complete event name without the container: "probe.startup",
 * "pod.phase.Running", "exit" */
void sp_fact_print(const struct sp_action *fact, struct sp_buf *b);

/* ---- status --------------------------------------------------------------------------------- */

enum sp_phase {
	SP_PHASE_PENDING,
	SP_PHASE_RUNNING,
	SP_PHASE_SUCCEEDED,
	SP_PHASE_FAILED,
	SP_PHASES
};
const char *sp_phase_name(enum sp_phase phase);

enum sp_ctr_state { SP_CTR_WAITING, SP_CTR_RUNNING, SP_CTR_TERMINATED, SP_CTR_STATES };

struct sp_terminated {
	bool set;
	int32_t code;
	const char *reason;
	const char *message;
	uint32_t attempt;
	int64_t started_wall_ns, finished_wall_ns; /* 0 unknown */
	sp_time started_at, finished_at;
};

struct sp_ctr_status {
	uint16_t ctr; /* index into spec->ctrs */
	enum sp_ctr_state state;
	const char *reason, *message; /* waiting; "" when empty */
	int64_t started_wall_ns;      /* running */
	struct sp_terminated term;    /* terminated */
	struct sp_terminated last;    /* lastState */
	bool ready, started;
	uint32_t restart_count;
	bool has_run; /* some instance was created: containerID and imageID exist */
	const char *image;
};

enum sp_cond_type {
	SP_COND_READY_TO_START, /* PodReadyToStartContainers */
	SP_COND_INITIALIZED,
	SP_COND_READY,
	SP_COND_CONTAINERS_READY,
	SP_COND_SCHEDULED,
	SP_COND_ALL_RESTARTING, /* only with a RestartAllContainers rule */
	SP_COND_TYPES,
};
const char *sp_cond_name(enum sp_cond_type type);

struct sp_condition {
	enum sp_cond_type type;
	enum sp_cond_status status;
	const char *reason, *message;
	int64_t transition_wall_ns;
	sp_time transition_at;
};

struct sp_pod_status {
	enum sp_phase phase;
	const char *reason, *message;
	const char *pod_ip; /* "" none */
	int64_t start_wall_ns;
	bool deleting;
	int64_t deletion_wall_ns, deletion_grace_s;
	struct sp_condition conds[SP_COND_TYPES]; /* in the order of section 13 */
	uint16_t n_conds;
	struct sp_ctr_status ctrs[SP_CONTAINERS_MAX]; /* in spec order; the API list of regular ones
							 is by name */
	char texts[16 * 1024];                        /* composed messages */
	uint32_t n_text;
};

/** sp_pod_status() - The visible status at this moment; strings live in @ret, @pod or @spec */
void sp_pod_status(const struct sp_pod_spec *spec, const struct sp_pod *pod, sp_time now,
		   struct sp_pod_status *ret);

/** sp_pod_column() - STATUS, READY and RESTARTS columns of `get pods` (COL-1, COL-2, COL-3) */
void sp_pod_column(const struct sp_pod_spec *spec, const struct sp_pod_status *st,
		   struct sp_buf *status, struct sp_buf *ready, uint32_t *restarts);

#endif
