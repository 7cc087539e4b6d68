/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the pod shows: container states (section 14), condition texts (COND-10, COND-14), and the
 * complete status for those who print it. Nothing here changes the pod.
 */
#include "core/pod_internal.h"

#include "base/text.h"

/* ---- one container -------------------------------------------------------------------------- */

/* VOC-8: running to the outside only after postStart */
bool sp_visible(const struct sp_ctr *c)
{
	return c->rec == SP_REC_RUNNING &&
	       (c->post_start == SP_HOOK_IDLE || c->post_start == SP_HOOK_OK);
}

/* PROBE-40 */
bool sp_ctr_started(const struct sp_pod_spec *spec, const struct sp_pod *pod, uint16_t i)
{
	const struct sp_ctr *c = &pod->ctrs[i];
	const struct sp_ctr_spec *cs = &spec->ctrs[i];

	if (!sp_visible(c))
		return false;
	return cs->role == SP_ROLE_INIT || !cs->probes[SP_PROBE_STARTUP].set ||
	       c->workers[SP_PROBE_STARTUP].result == SP_RESULT_SUCCESS;
}

/* PROBE-41 */
bool sp_ctr_ready(const struct sp_pod_spec *spec, const struct sp_pod *pod, uint16_t i)
{
	const struct sp_ctr *c = &pod->ctrs[i];

	if (spec->ctrs[i].role == SP_ROLE_INIT)
		return c->rec == SP_REC_EXITED && !c->never_ran && !sp_init_failed(c);
	return sp_ctr_started(spec, pod, i) &&
	       (!spec->ctrs[i].probes[SP_PROBE_READINESS].set ||
		c->workers[SP_PROBE_READINESS].result == SP_RESULT_SUCCESS);
}

/* sp_view() - State of a container as everybody sees it (14.2) */
struct sp_view sp_view(const struct sp_pod_spec *spec, const struct sp_pod *pod, uint16_t i)
{
	const struct sp_ctr *c = &pod->ctrs[i];
	struct sp_view v = {.state = SP_CTR_WAITING, .last = c->prev.set};

	if (c->rec == SP_REC_NONE) {
		v.last = false; /* STAT-10, STAT-11; forgotten records do not count */
	} else if (c->rec == SP_REC_RUNNING) {
		if (sp_visible(c))
			v.state = SP_CTR_RUNNING;
	} else if (c->post_start != SP_HOOK_RUNNING) { /* else: as during the hook, HOOK-5 */
		bool waits = c->wait != SP_WAIT_NONE && !pod->terminal &&
			     !pod->delete_requested && /* STAT-18 */
			     sp_will_restart(spec, pod, i);

		if (waits)
			v.last = true; /* STAT-17 */
		else
			v.state = SP_CTR_TERMINATED;
	}
	v.started = sp_ctr_started(spec, pod, i);
	v.ready = sp_ctr_ready(spec, pod, i);
	return v;
}

/* ---- texts ---------------------------------------------------------------------------------- */

static const char *const cond_names[] = {
	"PodReadyToStartContainers", "Initialized",  "Ready",
	"ContainersReady",           "PodScheduled", "AllContainersRestarting",
};
_Static_assert(SP_ARRAY_LEN(cond_names) == SP_COND_TYPES, "a name for each condition");

const char *sp_cond_name(enum sp_cond_type type)
{
	return cond_names[type];
}

/* A text under construction at the end of ret->texts; the last byte there is always an end. */
static struct sp_buf text_begin(struct sp_pod_status *ret)
{
	return sp_buf_fixed(ret->texts + ret->n_text, sizeof(ret->texts) - ret->n_text);
}

static const char *text_end(struct sp_pod_status *ret, const struct sp_buf *b)
{
	ret->n_text = SP_MIN(ret->n_text + (uint32_t)b->len + 1, sizeof(ret->texts) - 1);
	return b->ptr;
}

static const char *wait_message(const struct sp_pod_spec *spec, const struct sp_pod *pod,
				uint16_t i, struct sp_pod_status *ret)
{
	const struct sp_ctr *c = &pod->ctrs[i];
	const char *detail = c->detail_len ? pod->details + i * sp_detail_slot(spec) : "";
	struct sp_buf b;

	switch ((enum sp_wait)c->wait) {
	case SP_WAIT_CRASH: /* BACK-9 */
		b = text_begin(ret);
		sp_buf_puts(&b, "back-off ");
		sp_format_go_duration(&b, c->backoff_delay);
		sp_buf_printf(&b, " restarting failed container=%s pod=%s_%s(%s)",
			      spec->ctrs[i].name, spec->name, spec->ns, spec->uid);
		return text_end(ret, &b);
	case SP_WAIT_IMAGE_BACKOFF: /* IMG-2 */
		b = text_begin(ret);
		sp_buf_printf(&b, "Back-off pulling image \"%s\"", sp_pod_image(spec, pod, i));
		if (c->detail_len)
			sp_buf_printf(&b, ": %s: %s",
				      sp_image_fail_name((enum sp_image_fail)c->image_fail),
				      detail);
		return text_end(ret, &b);
	case SP_WAIT_IMAGE:
	case SP_WAIT_CONFIG:
	case SP_WAIT_CREATE:
	case SP_WAIT_RUN:
		return detail;
	case SP_WAIT_NONE:
	case SP_WAIT_POST_START:
		break;
	}
	return "";
}

static const char *exit_message(const struct sp_pod_spec *spec, const struct sp_pod *pod,
				uint16_t i, bool prev)
{
	const struct sp_ctr *c = &pod->ctrs[i];
	const struct sp_instance *inst = prev ? &c->prev : &c->cur;

	if (inst->reason == SP_EXIT_UNKNOWN)
		return SP_UNKNOWN_TEXT;
	return inst->msg_len ? pod->messages + sp_message_at(spec, c, i, prev) : "";
}

static struct sp_terminated terminated(const struct sp_pod_spec *spec, const struct sp_pod *pod,
				       uint16_t i, bool prev)
{
	const struct sp_instance *inst = prev ? &pod->ctrs[i].prev : &pod->ctrs[i].cur;

	return (struct sp_terminated){
		.set = true,
		.code = inst->code,
		.reason = sp_exit_reason_name((enum sp_exit_reason)inst->reason),
		.message = exit_message(spec, pod, i, prev),
		.attempt = inst->attempt,
		.started_wall_ns = inst->started_wall_ns,
		.finished_wall_ns = inst->finished_wall_ns,
		.started_at = inst->started_at,
		.finished_at = inst->finished_at,
	};
}

static void ctr_status(const struct sp_pod_spec *spec, const struct sp_pod *pod, uint16_t i,
		       struct sp_pod_status *ret)
{
	const struct sp_ctr *c = &pod->ctrs[i];
	struct sp_view v = sp_view(spec, pod, i);
	struct sp_ctr_status *st = &ret->ctrs[i];

	*st = (struct sp_ctr_status){
		.ctr = i,
		.state = v.state,
		.reason = "",
		.message = "",
		.started = v.started,
		.ready = v.ready,
		.restart_count = c->next_attempt ? c->next_attempt - 1 : 0,
		.has_run = c->next_attempt > 0,
		.image = sp_pod_image(spec, pod, i),
	};
	if (c->prev.set)
		st->last = terminated(spec, pod, i, true); /* STAT-20 */
	switch (v.state) {
	case SP_CTR_WAITING:
		st->reason = sp_wait_reason(spec, c);
		st->message = wait_message(spec, pod, i, ret);
		if (c->rec == SP_REC_EXITED && v.last && c->post_start != SP_HOOK_RUNNING)
			st->last = terminated(spec, pod, i, false);
		break;
	case SP_CTR_RUNNING:
		st->started_wall_ns = c->cur.started_wall_ns;
		break;
	case SP_CTR_TERMINATED:
		st->term = terminated(spec, pod, i, false);
		break;
	case SP_CTR_STATES:
		break;
	}
}

/* ---- conditions ------------------------------------------------------------------------------ */

/* COND-10: "containers with unready status: [a b]", sidecars first */
static const char *incomplete(const struct sp_pod_spec *spec, const struct sp_pod *pod,
			      enum sp_cond_type type, struct sp_pod_status *ret)
{
	bool init = type == SP_COND_INITIALIZED, first = true;
	uint16_t n = init ? spec->n_init : spec->n_ctrs;
	struct sp_buf b = text_begin(ret);

	sp_buf_puts(&b, init ? "containers with incomplete status: ["
			     : "containers with unready status: [");
	for (uint16_t i = 0; i < n; i++) {
		bool fine;

		if (init)
			fine = spec->ctrs[i].role == SP_ROLE_SIDECAR ? sp_ctr_started(spec, pod, i)
								     : sp_ctr_ready(spec, pod, i);
		else
			fine = spec->ctrs[i].role == SP_ROLE_INIT || sp_ctr_ready(spec, pod, i);
		if (fine)
			continue;
		if (!first)
			sp_buf_putc(&b, ' ');
		sp_buf_puts(&b, spec->ctrs[i].name);
		first = false;
	}
	sp_buf_putc(&b, ']');
	return text_end(ret, &b);
}

/* COND-14 */
static const char *gate_message(const struct sp_pod_spec *spec, const struct sp_pod *pod,
				struct sp_pod_status *ret)
{
	static const char *const words[] = {"", "False", "True", "Unknown"};
	struct sp_buf b = text_begin(ret);

	for (uint16_t g = 0; g < spec->n_gates; g++) {
		if (pod->gates[g] == SP_COND_TRUE)
			continue;
		if (b.len)
			sp_buf_puts(&b, ", ");
		if (pod->gates[g] == SP_COND_ABSENT)
			sp_buf_printf(&b,
				      "corresponding condition of pod readiness gate \"%s\" does "
				      "not exist.",
				      spec->gates[g]);
		else
			sp_buf_printf(&b,
				      "the status of pod readiness gate \"%s\" is not \"True\", "
				      "but %s",
				      spec->gates[g], words[pod->gates[g]]);
	}
	return text_end(ret, &b);
}

static void condition(const struct sp_pod_spec *spec, const struct sp_pod *pod,
		      enum sp_cond_type type, struct sp_pod_status *ret)
{
	const struct sp_pod_cond *cond = &pod->conds[type];
	struct sp_condition *c = &ret->conds[ret->n_conds++];
	bool no = cond->status == SP_COND_FALSE;

	*c = (struct sp_condition){
		.type = type,
		.status = (enum sp_cond_status)cond->status,
		.reason = "",
		.message = "",
		.transition_wall_ns = cond->wall_ns,
		.transition_at = cond->at,
	};
	switch (type) {
	case SP_COND_INITIALIZED:
		if (no) {
			c->reason = "ContainersNotInitialized";
			c->message = incomplete(spec, pod, type, ret);
		} else if (pod->phase == SP_PHASE_SUCCEEDED) {
			c->reason = "PodCompleted";
		}
		break;
	case SP_COND_READY:
	case SP_COND_CONTAINERS_READY:
		if (!no)
			break;
		if (pod->phase >= SP_PHASE_SUCCEEDED) {
			c->reason = pod->phase == SP_PHASE_FAILED ? "PodFailed" : "PodCompleted";
		} else if (pod->conds[SP_COND_CONTAINERS_READY].status != SP_COND_TRUE) {
			c->reason = "ContainersNotReady";
			c->message = incomplete(spec, pod, type, ret);
		} else {
			c->reason = "ReadinessGatesNotReady";
			c->message = gate_message(spec, pod, ret);
		}
		break;
	case SP_COND_ALL_RESTARTING:
		if (!no) { /* RESTART-20 */
			c->reason = "RestartAllContainersStarted";
			c->message = "container exited with restart policy rule";
		}
		break;
	case SP_COND_READY_TO_START:
	case SP_COND_SCHEDULED:
	case SP_COND_TYPES:
		break;
	}
}

void sp_pod_status(const struct sp_pod_spec *spec, const struct sp_pod *pod, sp_time now,
		   struct sp_pod_status *ret)
{
	bool deadline = pod->deadline_hit && pod->terminal;

	(void)now; /* ages are for those who print */
	ret->n_text = 0;
	ret->n_conds = 0;
	ret->phase = (enum sp_phase)pod->phase;
	ret->reason = deadline ? "DeadlineExceeded" : ""; /* COND-15 */
	ret->message = deadline ? SP_DEADLINE_TEXT : "";
	ret->pod_ip = pod->ip;
	ret->start_wall_ns = pod->start_wall_ns;
	ret->deleting = pod->delete_requested;
	ret->deletion_wall_ns = pod->delete_wall_ns;
	ret->deletion_grace_s = pod->delete_grace_s;
	for (uint16_t i = 0; i < spec->n_ctrs; i++)
		ctr_status(spec, pod, i, ret);
	for (int t = 0; t < SP_COND_TYPES; t++)
		if (pod->conds[t].status != SP_COND_ABSENT)
			condition(spec, pod, (enum sp_cond_type)t, ret);
}
