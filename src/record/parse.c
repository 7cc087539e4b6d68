/* SPDX-License-Identifier: Apache-2.0 */
/* Record lines back into structs. Records may come from other people: nothing in them is trusted.
 */
#include "record/record.h"

#include "base/text.h"

#include <jansson.h>

#define CTRS_MAX 4096 /* a header of ours has SP_CONTAINERS_MAX; a later version may have more */

bool sp_record_fact_of_name(const char *name, enum sp_fact *fact, enum sp_probe_kind *probe,
			    const char **value)
{
	static const char phase[] = "pod.phase.", cond[] = "pod.cond.", prefix[] = "probe.";

	if (probe)
		*probe = SP_PROBE_STARTUP;
	if (value)
		*value = "";
	if (strncmp(name, phase, sizeof(phase) - 1) == 0 ||
	    strncmp(name, cond, sizeof(cond) - 1) == 0) {
		bool is_phase = name[4] == 'p';

		*fact = is_phase ? SP_FACT_PHASE : SP_FACT_COND;
		if (value)
			*value = name + (is_phase ? sizeof(phase) : sizeof(cond)) - 1;
		return true;
	}
	if (strncmp(name, prefix, sizeof(prefix) - 1) == 0) {
		const char *kind = name + sizeof(prefix) - 1;

		for (int i = 0; i < SP_PROBES; i++) {
			const char *want = sp_probe_name((enum sp_probe_kind)i);
			size_t n = strlen(want);

			if (strncmp(kind, want, n) != 0)
				continue;
			if (probe)
				*probe = (enum sp_probe_kind)i;
			*fact = kind[n] ? SP_FACT_PROBE_DONE : SP_FACT_PROBE;
			return !kind[n] || sp_streq(kind + n, ".done");
		}
		return false;
	}
	for (int i = 0; i < SP_FACTS; i++) {
		if (sp_streq(name, sp_fact_name((enum sp_fact)i))) {
			*fact = (enum sp_fact)i;
			/* These have more parts, handled above: their bare names are no events. */
			return i != SP_FACT_PROBE && i != SP_FACT_PROBE_DONE &&
			       i != SP_FACT_PHASE && i != SP_FACT_COND;
		}
	}
	return false;
}

/* A string member in the arena; "" when absent or of another type. NULL: no memory. */
static const char *take_str(struct sp_arena *a, const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? sp_arena_strdup(a, s) : "";
}

static int64_t take_int(const json_t *o, const char *key, int64_t absent)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? (int64_t)json_integer_value(v) : absent;
}

static int64_t take_time(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	int64_t wall_ns = 0;

	if (s && sp_parse_rfc3339(s, &wall_ns) < 0)
		return 0;
	return wall_ns;
}

static enum sp_role take_role(const json_t *o)
{
	const char *s = json_string_value(json_object_get(o, "role"));

	for (int i = 0; s && i < SP_ROLES; i++)
		if (sp_streq(s, sp_role_name((enum sp_role)i)))
			return (enum sp_role)i;
	return SP_ROLE_APP;
}

static int parse_header(struct sp_arena *a, const json_t *o, struct sp_record_header *h,
			struct sp_error *err)
{
	const json_t *ctrs = json_object_get(o, "containers");
	const char *mode = json_string_value(json_object_get(o, "mode"));
	const char *format = json_string_value(json_object_get(o, "format"));
	size_t n = json_array_size(ctrs);

	if (!format || !sp_streq(format, SP_RECORD_FORMAT))
		return sp_fail(err, SP_E_UNSUPPORTED, "run record: format '%s' is not known",
			       format ? format : "");
	if (n > CTRS_MAX)
		return sp_fail(err, SP_E_INVALID, "run record: %zu containers in the header", n);
	*h = (struct sp_record_header){
		.mode = mode && sp_streq(mode, "simulated") ? SP_RECORD_SIMULATED : SP_RECORD_REAL,
		.pod = take_str(a, o, "pod"),
		.ns = take_str(a, o, "namespace"),
		.uid = take_str(a, o, "uid"),
		.kube_version = take_str(a, o, "kubeVersion"),
		.restart_policy = take_str(a, o, "restartPolicy"),
		.start_wall_ns = take_time(o, "startTime"),
		.grace_s = take_int(o, "graceSeconds", 0),
		.ctrs = sp_arena_array(a, SP_MAX(n, (size_t)1), sizeof(*h->ctrs)),
		.n_ctrs = (uint32_t)n,
	};
	if (!h->pod || !h->ns || !h->uid || !h->kube_version || !h->restart_policy || !h->ctrs)
		return sp_fail(err, SP_E_NO_MEMORY, "run record");
	for (size_t i = 0; i < n; i++) {
		const json_t *c = json_array_get(ctrs, i);

		h->ctrs[i] = (struct sp_record_ctr){
			.name = take_str(a, c, "name"),
			.image = take_str(a, c, "image"),
			.gate = take_str(a, c, "gate"),
			.role = take_role(c),
		};
		if (!h->ctrs[i].name || !h->ctrs[i].image || !h->ctrs[i].gate)
			return sp_fail(err, SP_E_NO_MEMORY, "run record");
	}
	return 0;
}

static int parse_fact(struct sp_arena *a, const json_t *o, struct sp_record_fact *f,
		      struct sp_error *err)
{
	const json_t *code = json_object_get(o, "exitCode");
	const char *type = json_string_value(json_object_get(o, "type"));

	if (!json_is_integer(json_object_get(o, "tNs")) ||
	    !json_is_string(json_object_get(o, "event")))
		return sp_fail(err, SP_E_INVALID, "run record: a line without 'tNs' or 'event'");
	*f = (struct sp_record_fact){
		.t_ns = take_int(o, "tNs", 0),
		.wall_ns = take_time(o, "time"),
		.event = take_str(a, o, "event"),
		.value = "",
		.ctr = take_str(a, o, "container"),
		.role = take_role(o),
		.attempt = take_int(o, "attempt", -1),
		.grace_s = take_int(o, "graceSeconds", -1),
		.reason = take_str(a, o, "reason"),
		.message = take_str(a, o, "message"),
		.has_code = json_is_integer(code),
		.warning = type && sp_streq(type, "Warning"),
	};
	if (!f->event || !f->ctr || !f->reason || !f->message)
		return sp_fail(err, SP_E_NO_MEMORY, "run record");
	if (f->has_code) {
		json_int_t v = json_integer_value(code);

		f->code = (int32_t)SP_MAX(SP_MIN(v, (json_int_t)INT32_MAX), (json_int_t)INT32_MIN);
	}
	f->is_event = sp_streq(f->event, "event");
	f->is_usage = sp_streq(f->event, "usage");
	if (f->is_usage)
		f->usage = (struct sp_record_usage){take_int(o, "cpuNs", 0),
						    take_int(o, "memoryPeakBytes", 0)};
	if (!f->is_event && !f->is_usage)
		f->known = sp_record_fact_of_name(f->event, &f->fact, &f->probe, &f->value);
	return 0;
}

int sp_record_parse_line(struct sp_arena *arena, const char *line, size_t len,
			 struct sp_record_line *ret, struct sp_error *err)
{
	SP_CLEANUP(json_decrefp) json_t *o = NULL;
	struct sp_record_line l = {0};
	json_error_t e;

	if (len > SP_RECORD_LINE_MAX)
		return sp_fail(err, SP_E_INVALID, "run record: a line of %zu bytes", len);
	o = json_loadb(line, len, JSON_REJECT_DUPLICATES, &e);
	if (!json_is_object(o))
		return sp_fail(err, SP_E_INVALID, "run record: %s",
			       o ? "a line is not an object" : e.text);
	l.is_header = json_object_get(o, "format");
	if ((l.is_header ? parse_header(arena, o, &l.header, err)
			 : parse_fact(arena, o, &l.fact, err)) < 0)
		return -1;
	*ret = l;
	return 0;
}
