/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a pod and a sequence of events, most of which make no sense: the core has an answer
 * to each, and the judge of the random lives finds nothing wrong with it.
 */
#include "../sim/pod_check.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size;
};

static uint8_t byte(struct input *in)
{
	if (!in->size)
		return 0;
	in->size--;
	return *in->data++;
}

static struct {
	struct sp_pod_spec spec;
	struct sp_ctr_spec ctrs[SP_CONTAINERS_MAX];
	struct sp_restart_rule rules[SP_CONTAINERS_MAX];
	char names[SP_CONTAINERS_MAX][4];
	struct sp_pod pod;
	struct sp_actions out;
	struct pod_check check;
	struct sp_pod_status status;
} f;

static const int32_t codes[] = {0, 3, 137};

static void read_ctr(struct input *in, uint16_t i)
{
	struct sp_ctr_spec *c = &f.ctrs[i];
	uint8_t a = byte(in), b = byte(in);

	f.names[i][0] = (char)('a' + i / 26);
	f.names[i][1] = (char)('a' + i % 26);
	*c = (struct sp_ctr_spec){.name = f.names[i], .image = a & 1 ? "one" : "two"};
	c->role = i >= f.spec.n_init ? SP_ROLE_APP : a & 2 ? SP_ROLE_SIDECAR : SP_ROLE_INIT;
	c->restart_policy = c->role == SP_ROLE_SIDECAR ? SP_RESTART_ALWAYS
						       : (enum sp_restart_policy)(a >> 2 & 3);
	f.rules[i] = (struct sp_restart_rule){
		.action = a & 16 ? SP_RULE_RESTART : SP_RULE_RESTART_ALL,
		.not_in = a & 32,
		.codes = codes,
		.n_codes = (uint16_t)(1 + (a >> 6) % 3),
	};
	c->rules = &f.rules[i];
	c->n_rules = c->restart_policy != SP_RESTART_UNSET && a >> 7;
	for (int k = 0; k < SP_PROBES; k++)
		c->probes[k] = (struct sp_probe_spec){.set = b >> k & 1,
						      .initial_delay_s = b >> 6,
						      .period_s = 1 + (b >> 3 & 3),
						      .timeout_s = 1,
						      .success_threshold = 1,
						      .failure_threshold = 1 + (b >> 5 & 1),
						      .grace_s = (b & 64) ? 1 : -1};
	b = byte(in);
	c->post_start = (struct sp_hook_spec){(enum sp_hook_kind)((b & 7) % 5), b >> 6};
	c->pre_stop = (struct sp_hook_spec){(enum sp_hook_kind)((b >> 3 & 7) % 5), b >> 6};
}

static void read_spec(struct input *in)
{
	static const char *const gates[] = {"g"};
	uint8_t a = byte(in), b = byte(in), n = byte(in);

	f.spec = (struct sp_pod_spec){
		.name = "p",
		.ns = "n",
		.uid = "u",
		.restart_policy = (enum sp_restart_policy)(SP_RESTART_ALWAYS + a % 3),
		.grace_s = (int8_t)byte(in),
		.active_deadline_s = b & 128 ? b & 31 : -1,
		.ctrs = f.ctrs,
		.gates = gates,
		.n_gates = b >> 6 & 1,
		.kube_minor = 28 + (a >> 2) % 10,
		.backoff_max = b & 32 ? 5 * SP_SEC : 0,
		.restart_sidecars_on_termination = b & 16,
	};
	f.spec.n_ctrs = (uint16_t)(1 + n % (n >= 250 ? SP_CONTAINERS_MAX : 6));
	f.spec.n_init = (uint16_t)(byte(in) % f.spec.n_ctrs);
	for (uint16_t i = 0; i < f.spec.n_ctrs; i++)
		read_ctr(in, i);
}

/* Half of the attempts are the ones that the core expects, so that the fuzzer gets somewhere. */
static uint32_t read_attempt(const struct sp_event *ev, uint8_t b)
{
	const struct sp_ctr *c = &f.pod.ctrs[ev->ctr % f.spec.n_ctrs];

	if (ev->kind < SP_EV_IMAGE_PRESENT)
		return b & 8 ? f.pod.sandbox_attempt : b & 7;
	if (b & 8)
		return c->stage == SP_STAGE_CREATE ? c->next_attempt : c->cur.attempt;
	return b & 7;
}

static struct sp_event read_event(struct input *in, sp_time *now)
{
	static const char *const texts[] = {NULL, "", "new", "some longer text to be kept"};
	uint8_t a = byte(in), b = byte(in), c = byte(in);
	struct sp_event ev = {
		.kind = (enum sp_ev_kind)(a % SP_EVS),
		.ctr = (uint16_t)(b >> 4),
		.hook = (enum sp_hook)(c & 1),
		.probe = (enum sp_probe_kind)((c >> 1) % SP_PROBES),
		.outcome = (enum sp_outcome)(c >> 3 & 3),
		.image_fail = (enum sp_image_fail)(c % (SP_IMG_SIGNATURE + 1)),
		.step = (enum sp_sandbox_step)(c % 3),
		.gate_status = (enum sp_cond_status)(c & 3),
		.ok = c & 32,
		.oom = c & 64,
		.config = c & 16,
		.forget_records = c & 128,
		.code = codes[c % 3],
		.gate = c & 1,
		.grace_s = (int8_t)c,
		.text = texts[c >> 6],
	};
	sp_time due = sp_pod_deadline(&f.spec, &f.pod);

	ev.attempt = read_attempt(&ev, b);
	if (a >= 240)
		*now += (c + 1) * SP_SEC;
	else if (ev.kind == SP_EV_TICK && due != SP_NEVER)
		*now = due;
	return ev;
}

static const char *play(const uint8_t *data, size_t size, bool tell)
{
	struct input in = {data, size};
	sp_time now = 0;
	const char *wrong = NULL;

	read_spec(&in);
	sp_pod_init(&f.spec, &f.pod, 0, 0);
	pod_check_init(&f.check, &f.spec);
	while (in.size && !wrong) {
		struct sp_event ev = read_event(&in, &now);

		sp_pod_step(&f.spec, &f.pod, &ev, now, &f.out);
		if (tell)
			pod_check_tell(&f.spec, &ev, now, &f.out);
		wrong = pod_check_step(&f.check, &f.pod, &ev, now, &f.out);
		if (!wrong)
			wrong = pod_check_status(&f.check, &f.pod, now, &f.status);
	}
	return wrong;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (play(data, size, false)) {
		printf("%s\n", play(data, size, true));
		(void)fflush(stdout); /* the fuzzer ends without */
		abort();
	}
	return 0;
}
