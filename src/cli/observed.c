/* SPDX-License-Identifier: Apache-2.0 */
/* Measured use of containers: run records, and what `sidepod top` printed. */
#include "cli/observed.h"

#include "base/text.h"
#include "cli/files.h"
#include "cli/runs.h"
#include "record/record.h"
#include "spec/quantity.h"

#include <jansson.h>
#include <unistd.h>

/* One container while its record is read. */
struct life {
	const char *ctr;
	int64_t cpu_ns, ran_ns, peak_bytes, started_ns; /* started_ns -1: does not run */
};

struct uses {
	struct sp_cli *cli;
	const char *name;
	struct sp_use *v;
	uint32_t n, cap;
};

static int add(struct uses *u, const char *ctr, int64_t cpu_milli, int64_t memory_bytes,
	       struct sp_error *err)
{
	struct sp_use *v = u->v;

	for (uint32_t i = 0; i < u->n; i++)
		if (sp_streq(u->v[i].ctr, ctr)) { /* the largest of several pods */
			u->v[i].cpu_milli = SP_MAX(u->v[i].cpu_milli, cpu_milli);
			u->v[i].memory_bytes = SP_MAX(u->v[i].memory_bytes, memory_bytes);
			return 0;
		}
	if (u->n == u->cap) {
		u->cap = SP_MAX(u->cap * 2, 16u);
		v = sp_arena_array(&u->cli->arena, u->cap, sizeof(*v));
		if (!v)
			return sp_fail(err, SP_E_NO_MEMORY, "read '%s'", u->name);
		if (u->n)
			memcpy(v, u->v, u->n * sizeof(*v));
		u->v = v;
	}
	v[u->n] = (struct sp_use){sp_arena_strdup(&u->cli->arena, ctr), cpu_milli, memory_bytes};
	if (!v[u->n].ctr)
		return sp_fail(err, SP_E_NO_MEMORY, "read '%s'", u->name);
	u->n++;
	return 0;
}

/* ---- a run record -----------------------------------------------------------------------------
 */

static void take_fact(struct life *v, uint32_t n, const struct sp_record_fact *f)
{
	for (uint32_t i = 0; i < n; i++) {
		if (!sp_streq(v[i].ctr, f->ctr))
			continue;
		if (f->known && f->fact == SP_FACT_START)
			v[i].started_ns = f->t_ns;
		if (!f->is_usage)
			return;
		if (v[i].started_ns >= 0 && f->t_ns > v[i].started_ns)
			v[i].ran_ns = sp_time_add(v[i].ran_ns, f->t_ns - v[i].started_ns);
		v[i].started_ns = -1;
		if (f->usage.cpu_ns > 0)
			v[i].cpu_ns = sp_time_add(v[i].cpu_ns, f->usage.cpu_ns);
		v[i].peak_bytes = SP_MAX(v[i].peak_bytes, f->usage.memory_peak_bytes);
		return;
	}
}

static int64_t average_milli(int64_t cpu_ns, int64_t ran_ns)
{
	return (int64_t)SP_MIN((__int128)cpu_ns * 1000 / ran_ns, (__int128)INT64_MAX);
}

static int read_record(struct uses *u, const struct sp_source *src, struct sp_error *err)
{
	struct life *v = NULL;
	uint32_t n = 0;

	for (const char *p = src->bytes, *end = p + src->len; p < end;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		struct sp_record_line l;

		if (!nl) /* a line that is still being written */
			break;
		if (sp_record_parse_line(&u->cli->arena, p, (size_t)(nl - p), &l, err) < 0)
			return sp_wrap(err, "%s", u->name);
		p = nl + 1;
		if (!l.is_header) {
			take_fact(v, n, &l.fact);
			continue;
		}
		n = l.header.n_ctrs;
		v = sp_arena_array(&u->cli->arena, (size_t)n + 1, sizeof(*v));
		if (!v)
			return sp_fail(err, SP_E_NO_MEMORY, "read '%s'", u->name);
		for (uint32_t i = 0; i < n; i++)
			v[i] = (struct life){.ctr = l.header.ctrs[i].name, .started_ns = -1};
	}
	for (uint32_t i = 0; i < n; i++)
		if ((v[i].cpu_ns || v[i].peak_bytes) &&
		    add(u, v[i].ctr, v[i].ran_ns > 0 ? average_milli(v[i].cpu_ns, v[i].ran_ns) : -1,
			v[i].peak_bytes ? v[i].peak_bytes : -1, err) < 0)
			return -1;
	return u->n ? 0
		    : sp_fail(err, SP_E_INVALID,
			      "'%s' tells of no use: it is simulated, or no container has ended yet",
			      u->name);
}

/* ---- top --------------------------------------------------------------------------------------
 */

static int64_t number(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? SP_MAX((int64_t)json_integer_value(v), (int64_t)-1) : -1;
}

static int read_json(struct uses *u, const json_t *root, struct sp_error *err)
{
	const json_t *pods = json_object_get(root, "pods");

	for (size_t i = 0; i < json_array_size(pods); i++) {
		const json_t *ctrs = json_object_get(json_array_get(pods, i), "containers");

		for (size_t k = 0; k < json_array_size(ctrs); k++) {
			const json_t *c = json_array_get(ctrs, k);
			const char *name = json_string_value(json_object_get(c, "name"));

			if (name && add(u, name, number(c, "cpuMilli"),
					number(c, "memoryPeakBytes"), err) < 0)
				return -1;
		}
	}
	return 0;
}

/* POD CONTAINER CPU MEM PEAK … */
static int read_text(struct uses *u, const struct sp_source *src, struct sp_error *err)
{
	char *text = sp_arena_strndup(&u->cli->arena, src->bytes, src->len), *save = NULL;

	if (!text)
		return sp_fail(err, SP_E_NO_MEMORY, "read '%s'", u->name);
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		char *words = NULL, *w[5];
		struct sp_quantity cpu, memory;
		uint32_t n = 0;

		for (char *p = strtok_r(l, " \t\r", &words); p && n < 5;
		     p = strtok_r(NULL, " \t\r", &words))
			w[n++] = p;
		if (n < 5 || sp_streq(w[0], "POD"))
			continue;
		if (sp_quantity_parse(w[2], &cpu) < 0 || cpu.nano < 0 ||
		    sp_quantity_parse(w[4], &memory) < 0 || memory.nano < 0)
			return sp_fail(err, SP_E_INVALID,
				       "'%s': neither a run record nor what `sidepod top "
				       "--containers` prints",
				       u->name);
		if (add(u, w[1], sp_quantity_milli(&cpu), sp_quantity_ceil(&memory), err) < 0)
			return -1;
	}
	return 0;
}

/* ---- which of them ----------------------------------------------------------------------------
 */

static int read_any(struct uses *u, const struct sp_source *src, struct sp_error *err)
{
	static const char record[] = "\"" SP_RECORD_FORMAT "\"";
	size_t line = strcspn(src->bytes, "\n");
	json_t *root;
	int r;

	if (src->len && *src->bytes == '{' && memmem(src->bytes, line, record, sizeof(record) - 1))
		return read_record(u, src, err);
	root = json_loadb(src->bytes, src->len, JSON_REJECT_DUPLICATES, NULL);
	r = json_is_object(root) ? read_json(u, root, err) : read_text(u, src, err);
	json_decref(root);
	if (r == 0 && !u->n)
		return sp_fail(err, SP_E_INVALID,
			       "'%s' holds no use of containers: give a run, its record, or what "
			       "`sidepod top --containers` prints",
			       u->name);
	return r;
}

int sp_observed_read(struct sp_cli *cli, const char *name, struct sp_use **ret, uint32_t *ret_n,
		     struct sp_error *err)
{
	struct uses u = {.cli = cli, .name = name};
	const char *path = name;
	struct sp_place place;
	struct sp_source src;

	if (!sp_streq(name, "-") && access(name, F_OK) < 0 &&
	    (sp_place_open(cli, &place, err) < 0 ||
	     sp_runs_find(cli, &place, name, &path, err) < 0))
		return -1;
	if (sp_cli_read(cli, path, &src, err) < 0 || read_any(&u, &src, err) < 0)
		return -1;
	*ret = u.v;
	*ret_n = u.n;
	return 0;
}
