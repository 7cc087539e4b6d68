/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a pod that a dead supervisor left: a good one with pieces of it changed, each two
 * bytes of where, one of how many, then those. One that is taken for valid is gone on with, shown
 * and stopped, whatever it says.
 */
#include "core/pod_state.h"
#include "core/resources.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const gates[] = {"ready"};
static const struct sp_ctr_spec ctrs[] = {
	{.name = "init", .image = "a", .role = SP_ROLE_INIT},
	{.name = "proxy",
	 .image = "b",
	 .role = SP_ROLE_SIDECAR,
	 .restart_policy = SP_RESTART_ALWAYS,
	 .probes = {[SP_PROBE_STARTUP] = {.set = true,
					  .period_s = 1,
					  .timeout_s = 1,
					  .success_threshold = 1,
					  .failure_threshold = 3,
					  .grace_s = -1}}},
	{.name = "app",
	 .image = "c",
	 .role = SP_ROLE_APP,
	 .pre_stop = {.kind = SP_HOOK_SLEEP, .sleep_s = 1}},
};
static const struct sp_pod_spec spec = {.name = "p",
					.ns = "n",
					.uid = "u",
					.restart_policy = SP_RESTART_ALWAYS,
					.grace_s = 3,
					.active_deadline_s = -1,
					.ctrs = ctrs,
					.n_ctrs = SP_ARRAY_LEN(ctrs),
					.n_init = 2,
					.gates = gates,
					.n_gates = 1,
					.kube_minor = 36};
static struct sp_actions out;

static void step(struct sp_pod *pod, sp_time now, struct sp_event ev)
{
	sp_pod_step(&spec, pod, &ev, now, &out);
}

/* A pod in the middle of its life. */
static void begin(struct sp_pod *pod)
{
	sp_pod_init(&spec, pod, 0, 0);
	step(pod, 0, (struct sp_event){.kind = SP_EV_TICK});
	step(pod, 1, (struct sp_event){.kind = SP_EV_SANDBOX_READY, .text = "10.0.0.2"});
	for (uint16_t i = 0; i < 2; i++) {
		step(pod, 2, (struct sp_event){.kind = SP_EV_IMAGE_PRESENT, .ctr = i});
		step(pod, 3, (struct sp_event){.kind = SP_EV_STARTED, .ctr = i});
		if (i == 0)
			step(pod, 4, (struct sp_event){.kind = SP_EV_EXITED, .text = "done"});
	}
	step(pod, 5, (struct sp_event){.kind = SP_EV_SET_IMAGE, .ctr = 2, .text = "d:2"});
}

static void go_on(struct sp_pod *pod)
{
	static struct sp_pod_status st;
	sp_time now = SP_MAX(pod->last_now, (sp_time)SP_SEC);

	step(pod, now,
	     (struct sp_event){.kind = SP_EV_SANDBOX_LOST, .attempt = pod->sandbox_attempt});
	for (int i = 0; i < 8; i++) {
		sp_time due = sp_pod_deadline(&spec, pod);

		now = due == SP_NEVER ? now : SP_MAX(now, due);
		step(pod, now, (struct sp_event){.kind = SP_EV_TICK});
		if (i == 2)
			step(pod, now,
			     (struct sp_event){.kind = SP_EV_SANDBOX_GONE,
					       .attempt = pod->sandbox_attempt});
		if (i == 3)
			step(pod, now,
			     (struct sp_event){.kind = SP_EV_SANDBOX_READY,
					       .attempt = pod->sandbox_attempt});
		if (i == 5)
			step(pod, now, (struct sp_event){.kind = SP_EV_DELETE, .grace_s = -1});
		sp_pod_status(&spec, pod, now, &st);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sp_pod good, pod;

	if (!good.magic)
		begin(&good);
	assert(sp_pod_valid(&spec, &good));
	pod = good;
	while (size > 3) {
		size_t at = ((size_t)data[0] | (size_t)data[1] << 8) % sizeof(pod);
		size_t n = SP_MIN((size_t)data[2] + 1, SP_MIN(size - 3, sizeof(pod) - at));

		memcpy((uint8_t *)&pod + at, data + 3, n);
		data += 3 + n;
		size -= 3 + n;
	}
	if (sp_pod_valid(&spec, &pod))
		go_on(&pod);
	return 0;
}
