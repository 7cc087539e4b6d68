/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Record lines from the core's actions. Which keys a fact carries is said in one table, so that a
 * new fact is one row here and one in docs/record.md.
 */
#include "record/record.h"

#include "base/json.h"
#include "base/text.h"

const char *sp_record_mode_name(enum sp_record_mode mode)
{
	static const char *const names[] = {
		[SP_RECORD_REAL] = "real",
		[SP_RECORD_SIMULATED] = "simulated",
	};

	_Static_assert(SP_ARRAY_LEN(names) == SP_RECORD_MODES, "a name per mode");
	return names[mode];
}

const char *sp_record_outcome_name(enum sp_outcome outcome)
{
	static const char *const names[] = {
		[SP_OUT_SUCCESS] = "success",
		[SP_OUT_FAILURE] = "failure",
		[SP_OUT_ERROR] = "error",
		[SP_OUT_WARNING] = "warning",
	};

	_Static_assert(SP_ARRAY_LEN(names) == SP_OUT_WARNING + 1, "a name per outcome");
	return names[outcome];
}

const char *sp_record_policy_name(enum sp_restart_policy policy)
{
	static const char *const names[] = {
		[SP_RESTART_UNSET] = "",
		[SP_RESTART_ALWAYS] = "Always",
		[SP_RESTART_ON_FAILURE] = "OnFailure",
		[SP_RESTART_NEVER] = "Never",
	};

	_Static_assert(SP_ARRAY_LEN(names) == SP_RESTART_NEVER + 1, "a name per policy");
	return names[policy];
}

const char *sp_record_gate(const struct sp_ctr_spec *ctr)
{
	bool hook = ctr->post_start.kind != SP_HOOK_NONE;

	if (ctr->role == SP_ROLE_INIT)
		return "exit";
	/* Nobody waits for the startup probe of a regular container (START-4). */
	if (ctr->role == SP_ROLE_SIDECAR && ctr->probes[SP_PROBE_STARTUP].set)
		return hook ? "startupProbe+postStart" : "startupProbe";
	return hook ? "postStart" : "";
}

void sp_record_header_print(struct sp_buf *b, const struct sp_pod_spec *spec,
			    enum sp_record_mode mode, int64_t start_wall_ns)
{
	sp_buf_putc(b, '{');
	sp_json_str(b, "format", SP_RECORD_FORMAT);
	sp_json_str(b, "mode", sp_record_mode_name(mode));
	sp_json_str(b, "pod", spec->name);
	sp_json_str(b, "namespace", spec->ns);
	sp_json_str(b, "uid", spec->uid);
	if (start_wall_ns) {
		sp_buf_puts(b, ",\"startTime\":\"");
		sp_format_rfc3339(b, start_wall_ns, 9);
		sp_buf_putc(b, '"');
	}
	sp_buf_printf(b, ",\"kubeVersion\":\"1.%d\"", (int)spec->kube_minor);
	sp_json_str(b, "restartPolicy", sp_record_policy_name(spec->restart_policy));
	sp_json_int(b, "graceSeconds", spec->grace_s);
	sp_buf_puts(b, ",\"containers\":[");
	for (uint16_t i = 0; i < spec->n_ctrs; i++) {
		const struct sp_ctr_spec *c = &spec->ctrs[i];

		sp_json_next(b);
		sp_buf_putc(b, '{');
		sp_json_str(b, "name", c->name);
		sp_json_str(b, "role", sp_role_name(c->role));
		sp_json_str(b, "gate", sp_record_gate(c));
		sp_json_str(b, "image", c->image ? c->image : "");
		sp_buf_putc(b, '}');
	}
	sp_buf_puts(b, "]}\n");
}

/* What the text and the number of a fact mean in its line. */
enum text_key { TEXT_NONE, TEXT_REASON, TEXT_MESSAGE };
enum code_key { CODE_NONE, CODE_EXIT, CODE_GRACE };

static const struct {
	uint8_t text, code;
	bool attempt; /* pod facts that carry one: the sandbox's */
} shapes[SP_FACTS] = {
	[SP_FACT_EXIT] = {TEXT_REASON, CODE_EXIT},
	[SP_FACT_KILL] = {TEXT_MESSAGE},
	[SP_FACT_BACKOFF] = {TEXT_MESSAGE},
	[SP_FACT_PULLFAIL] = {TEXT_MESSAGE},
	[SP_FACT_STARTERROR] = {TEXT_MESSAGE},
	[SP_FACT_PROBE_DONE] = {TEXT_MESSAGE},
	[SP_FACT_SANDBOX_READY] = {.attempt = true},
	[SP_FACT_SANDBOX_LOST] = {.attempt = true},
	[SP_FACT_POD_DELETE] = {.code = CODE_GRACE},
	[SP_FACT_POD_TERMINATING] = {TEXT_REASON, CODE_GRACE},
	[SP_FACT_POD_FINISHED] = {TEXT_REASON},
};

static void put_ctr(struct sp_buf *b, const struct sp_pod_spec *spec, uint16_t ctr)
{
	sp_json_str(b, "container", spec->ctrs[ctr].name);
	sp_json_str(b, "role", sp_role_name(spec->ctrs[ctr].role));
}

static void put_fact(struct sp_buf *b, const struct sp_pod_spec *spec, const struct sp_action *a)
{
	sp_buf_puts(b, ",\"event\":\"");
	sp_fact_print(a, b); /* words of ours: nothing in them needs escaping */
	sp_buf_putc(b, '"');
	if (a->ctr != SP_NO_CTR && a->ctr < spec->n_ctrs && !shapes[a->fact].attempt &&
	    a->fact < SP_FACT_SANDBOX_READY) {
		put_ctr(b, spec, a->ctr);
		sp_json_int(b, "attempt", a->attempt);
	} else if (shapes[a->fact].attempt) {
		sp_json_int(b, "attempt", a->attempt);
	}
	if (shapes[a->fact].code == CODE_EXIT)
		sp_json_int(b, "exitCode", a->code);
	if (a->fact == SP_FACT_PROBE_DONE)
		sp_json_str(b, "reason", sp_record_outcome_name(a->outcome));
	if (shapes[a->fact].text == TEXT_REASON && a->text)
		sp_json_str(b, "reason", a->text);
	if (shapes[a->fact].text == TEXT_MESSAGE && a->text && a->text[0])
		sp_json_str(b, "message", a->text);
	if (shapes[a->fact].code == CODE_GRACE)
		sp_json_int(b, "graceSeconds", a->code);
}

static void put_time(struct sp_buf *b, sp_time t_ns, int64_t wall_ns)
{
	sp_buf_putc(b, '{');
	sp_json_int(b, "tNs", t_ns);
	if (!wall_ns)
		return;
	sp_buf_puts(b, ",\"time\":\"");
	sp_format_rfc3339(b, wall_ns, 9);
	sp_buf_putc(b, '"');
}

void sp_record_usage_print(struct sp_buf *b, const struct sp_pod_spec *spec, uint16_t ctr,
			   int64_t attempt, sp_time t_ns, int64_t wall_ns,
			   const struct sp_record_usage *u)
{
	put_time(b, t_ns, wall_ns);
	sp_json_str(b, "event", "usage");
	put_ctr(b, spec, ctr);
	sp_json_int(b, "attempt", attempt);
	sp_json_int(b, "cpuNs", u->cpu_ns);
	sp_json_int(b, "memoryPeakBytes", u->memory_peak_bytes);
	sp_buf_puts(b, "}\n");
}

bool sp_record_fact_print(struct sp_buf *b, const struct sp_pod_spec *spec,
			  const struct sp_action *a, sp_time t_ns, int64_t wall_ns)
{
	if (a->kind != SP_ACT_FACT && a->kind != SP_ACT_EVENT)
		return false;
	put_time(b, t_ns, wall_ns);
	if (a->kind == SP_ACT_FACT) {
		put_fact(b, spec, a);
	} else {
		sp_json_str(b, "event", "event");
		if (a->ctr != SP_NO_CTR && a->ctr < spec->n_ctrs)
			put_ctr(b, spec, a->ctr);
		sp_json_str(b, "type", a->warning ? "Warning" : "Normal");
		sp_json_str(b, "reason", a->reason ? a->reason : "");
		sp_json_str(b, "message", a->text ? a->text : "");
	}
	sp_buf_puts(b, "}\n");
	return true;
}
