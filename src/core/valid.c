/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May the bytes of an earlier process be gone on with? Every value is one that the step could have
 * left there, as far as the step relies on it.
 */
#include "core/pod_internal.h"

/* Flags that stand side by side, as bytes: another value is no bool at all. */
static bool bytes_are_flags(const void *of, size_t first, size_t last)
{
	for (size_t i = first; i <= last; i++)
		if (((const uint8_t *)of)[i] > 1)
			return false;
	return true;
}

#define FLAGS_OK(of, first, last)                                                                  \
	bytes_are_flags(of, offsetof(__typeof__(*(of)), first), offsetof(__typeof__(*(of)), last))

static bool worker_ok(const struct sp_worker *w)
{
	return w->next >= 0 && w->run >= 0 && w->last <= SP_RESULT_FAILURE &&
	       w->result <= SP_RESULT_FAILURE && FLAGS_OK(w, on, in_flight);
}

static bool instance_ok(const struct sp_pod_spec *spec, const struct sp_instance *i)
{
	return i->started_at >= 0 && i->finished_at >= 0 && i->msg_len <= sp_message_room(spec) &&
	       i->reason <= SP_EXIT_RESTART_ALL && FLAGS_OK(i, set, set);
}

static bool ctr_times_ok(const struct sp_ctr *c)
{
	return c->kill_deadline >= 0 && c->signalled_at >= 0 && c->hook_until >= 0 &&
	       c->post_until >= 0 && c->backoff_delay >= 0 && c->backoff_updated >= 0 &&
	       c->retry_at >= 0 && c->switch_at >= 0;
}

static bool ctr_ok(const struct sp_pod_spec *spec, const struct sp_pod *pod, const struct sp_ctr *c)
{
	bool ok = instance_ok(spec, &c->cur) && instance_ok(spec, &c->prev) && ctr_times_ok(c) &&
		  FLAGS_OK(c, old_sandbox, never_ran);

	for (int p = 0; p < SP_PROBES; p++)
		ok = ok && worker_ok(&c->workers[p]);
	return ok && c->rec <= SP_REC_EXITED && c->stage <= SP_STAGE_CREATE &&
	       c->kill <= SP_KILL_ALL && c->wait <= SP_WAIT_POST_START &&
	       c->post_start <= SP_HOOK_ABANDONED && c->pre_stop <= SP_HOOK_ABANDONED &&
	       c->image_fail <= SP_IMG_SIGNATURE && c->msg_slot <= 1 &&
	       c->detail_len < sp_detail_slot(spec) && c->image_off <= pod->images_len;
}

static bool own_part_ok(const struct sp_pod *pod)
{
	return pod->sandbox <= SP_SBX_STOPPING && pod->cause <= SP_CAUSE_DEADLINE &&
	       pod->phase < SP_PHASES && pod->phase_told <= SP_PHASES &&
	       FLAGS_OK(pod, accepted, finished_told) && pod->start_at >= 0 && pod->last_now >= 0 &&
	       pod->term_at >= 0 && pod->term_deadline >= 0 && pod->sandbox_retry_at >= 0 &&
	       pod->images_len <= sizeof(pod->images) &&
	       (!pod->images_len || !pod->images[pod->images_len - 1]) &&
	       pod->n_pulls <= SP_PULL_ENTRIES && memchr(pod->ip, '\0', sizeof(pod->ip));
}

bool sp_pod_valid(const struct sp_pod_spec *spec, const struct sp_pod *pod)
{
	bool ok = pod->magic == SP_POD_MAGIC && pod->n_ctrs == spec->n_ctrs && own_part_ok(pod);

	for (int t = 0; t < SP_COND_TYPES; t++)
		ok = ok && pod->conds[t].status <= SP_COND_UNKNOWN && pod->conds[t].at >= 0;
	for (uint16_t g = 0; g < spec->n_gates; g++)
		ok = ok && pod->gates[g] <= SP_COND_UNKNOWN;
	for (uint16_t i = 0; ok && i < pod->n_pulls; i++)
		ok = pod->pulls[i].delay >= 0 && pod->pulls[i].updated_at >= 0;
	for (uint16_t i = 0; ok && i < spec->n_ctrs; i++)
		ok = ctr_ok(spec, pod, &pod->ctrs[i]);
	return ok;
}
