/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod top`: what pods and containers use, measured over a moment. */
#include "base/json.h"
#include "cli/pods.h"
#include "cli/table.h"
#include "supervisor/spawn.h"
#include "sys/fd.h"

#include <jansson.h>
#include <time.h>

struct sample {
	json_t *answer;
	sp_time at;
};

static bool take(const struct sp_place *place, const char *uid, struct sample *ret)
{
	static const char request[] = "{\"op\":\"usage\"}";
	struct sp_error err;
	SP_CLEANUP(sp_closep) int fd = sp_supervisor_connect(place->engine.run_dir, uid, &err);

	*ret = (struct sample){0};
	ret->at = sp_now_mono();
	return fd >= 0 && sp_supervisor_call(fd, request, strlen(request), NULL, 0, NULL,
					     &ret->answer, &err) == 0;
}

static int64_t number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static int64_t milli_of(const json_t *before, const json_t *after, sp_time span)
{
	int64_t cpu = number(after, "cpuNs") - number(before, "cpuNs");

	return span > 0 ? (cpu * 1000 + span / 2) / span : 0;
}

static void add_row(struct sp_table *t, const char *pod, const char *ctr, const json_t *before,
		    const json_t *after, sp_time span)
{
	sp_table_add(t, pod);
	if (ctr)
		sp_table_add(t, ctr);
	sp_table_addf(t, "%lldm", (long long)milli_of(before, after, span));
	sp_table_addf(t, "%.1fMi", (double)number(after, "memoryBytes") / 1048576);
	sp_table_addf(t, "%.1fMi", (double)number(after, "memoryPeakBytes") / 1048576);
	sp_table_addf(t, "%lld", (long long)number(after, "pids"));
	sp_table_addf(t, "%lldms", (long long)(number(after, "throttledNs") / SP_MSEC));
}

static void add_pod(struct sp_table *t, const struct sp_pod_entry *p, bool containers,
		    const struct sample *a, const struct sample *b)
{
	const json_t *old = json_object_get(a->answer, "containers");

	if (!containers) {
		add_row(t, p->name, NULL, json_object_get(a->answer, "pod"),
			json_object_get(b->answer, "pod"), b->at - a->at);
		return;
	}
	for (uint32_t i = 0; i < p->header.n_ctrs; i++) {
		const char *name = p->header.ctrs[i].name;
		const json_t *now = json_object_get(json_object_get(b->answer, "containers"), name);

		if (now) /* only those that run */
			add_row(t, p->name, name, json_object_get(old, name), now, b->at - a->at);
	}
}

static void json_use(const json_t *before, const json_t *after, sp_time span, struct sp_buf *out)
{
	sp_json_int(out, "cpuMilli", milli_of(before, after, span));
	sp_json_int(out, "memoryBytes", number(after, "memoryBytes"));
	sp_json_int(out, "memoryPeakBytes", number(after, "memoryPeakBytes"));
	sp_json_int(out, "pids", number(after, "pids"));
	sp_json_int(out, "throttledNs", number(after, "throttledNs"));
}

static void json_pod(const struct sp_pod_entry *p, const struct sample *a, const struct sample *b,
		     struct sp_buf *out)
{
	const json_t *old = json_object_get(a->answer, "containers");
	const json_t *new = json_object_get(b->answer, "containers");

	sp_json_next(out);
	sp_buf_putc(out, '{');
	sp_json_str(out, "name", p->name);
	json_use(json_object_get(a->answer, "pod"), json_object_get(b->answer, "pod"),
		 b->at - a->at, out);
	sp_json_key(out, "containers");
	sp_buf_putc(out, '[');
	for (uint32_t i = 0; i < p->header.n_ctrs; i++) {
		const char *name = p->header.ctrs[i].name;
		const json_t *now = json_object_get(new, name);

		if (!now) /* only those that run */
			continue;
		sp_json_next(out);
		sp_buf_putc(out, '{');
		sp_json_str(out, "name", name);
		json_use(json_object_get(old, name), now, b->at - a->at, out);
		sp_buf_putc(out, '}');
	}
	sp_buf_puts(out, "]}");
}

static int run(struct sp_cli *cli, int argc, char **argv)
{
	static const char *const headers[] = {"POD",  "CONTAINER", "CPU",      "MEM",
					      "PEAK", "PIDS",      "THROTTLED"};
	static const char *const pod_headers[] = {"POD", "CPU", "MEM", "PEAK", "PIDS", "THROTTLED"};
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	bool containers = sp_flag_bool(cli, "containers"), json = sp_flag_is(cli, "output", "json");
	sp_time span = sp_flag_time(cli, "interval", SP_SEC);
	struct timespec wait = {span / SP_SEC, span % SP_SEC};
	struct sp_place place;
	struct sp_pod_entry *v;
	struct sample *before, *after;
	struct sp_table t;
	struct sp_error err;
	uint32_t n;

	if (sp_place_open(cli, &place, &err) < 0 ||
	    sp_pods_list(cli, &place, sp_flag_text(cli, "namespace"), &v, &n, &err) < 0)
		return sp_cli_fail(cli, &err);
	if (argc) {
		n = 1;
		v = sp_arena_array(&cli->arena, 1, sizeof(*v));
		if (!v || sp_pods_find(cli, &place, argv[0], v, &err) < 0)
			return sp_cli_fail(cli, &err);
	}
	before = sp_arena_array(&cli->arena, n + 1, sizeof(*before));
	after = sp_arena_array(&cli->arena, n + 1, sizeof(*after));
	if (!before || !after)
		return sp_cli_error(cli, SP_EXIT_ENVIRONMENT, "out of memory");
	for (uint32_t i = 0; i < n; i++)
		(void)take(&place, v[i].uid, &before[i]); /* over: left out below */
	nanosleep(&wait, NULL);                           /* a rate needs two moments */
	sp_table_init(&t, &cli->arena, containers ? headers : pod_headers, containers ? 7 : 6);
	if (json)
		sp_buf_puts(&out, "{\"schema\":\"sidepod.top/v1\",\"pods\":[");
	for (uint32_t i = 0; i < n; i++) {
		bool both = take(&place, v[i].uid, &after[i]) && before[i].answer;

		if (both && json)
			json_pod(&v[i], &before[i], &after[i], &out);
		else if (both)
			add_pod(&t, &v[i], containers, &before[i], &after[i]);
		json_decref(before[i].answer);
		json_decref(after[i].answer);
	}
	if (json)
		sp_buf_puts(&out, "]}\n");
	else if (t.n_cells == t.columns)
		sp_cli_hint(cli, "no pod runs");
	else
		sp_table_print(&t, !sp_flag_bool(cli, "no-headers"), &out);
	return sp_cli_print(cli, &out);
}

static const struct sp_flag flags[] = {
	{.name = "containers", .kind = SP_FLAG_BOOL, .help = "A line per container"},
	{.name = "interval",
	 .kind = SP_FLAG_DURATION,
	 .arg = "TIME",
	 .standard = "500ms",
	 .help = "Measure CPU over this time"},
	{.name = "output",
	 .letter = 'o',
	 .kind = SP_FLAG_CHOICE,
	 .arg = "FORMAT",
	 .choices = "table|json",
	 .standard = "table",
	 .help = "Print it as; JSON always has the containers"},
	SP_FLAG_NO_HEADERS,
	{0},
};

const struct sp_command sp_command_top = {
	.name = "top",
	.summary = "Show use of CPU and memory",
	.args = "[POD]",
	.about =
		"CPU in thousandths of a core, measured over the interval; memory without the page "
		"cache that could be given back; PEAK since the start.",
	.examples = {{"top", "all pods"}, {"top web --containers", "the containers of one"}},
	.flags = flags,
	.max_args = 1,
	.completes = SP_COMPLETE_POD,
	.run = run,
};
