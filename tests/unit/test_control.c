/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of indexes, time zones, ordered sets, and the objects that controllers make. */
#include "cmocka_all.h"

#include "control/indexes.h"
#include "control/job.h"
#include "control/make.h"
#include "control/schedule.h"
#include "control/set.h"

#include <stdlib.h>

/* ---- indexes -------------------------------------------------------------------------------- */

/* JOB-13, JOB-52: texts are read as they are written */
static void test_index_texts(void **state)
{
	static const struct {
		const char *text;
		int64_t sum; /* of all indexes, -1: it breaks off */
	} cases[] = {{"", 0},     {"3", 3},  {"0,2-4", 9}, {"1-1", 1},
		     {"4-2", -1}, {"a", -1}, {"1,,2", -1}, {"99999999999", -1}};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		const char *p = cases[i].text;
		int64_t first, last, sum = 0;

		while (sp_indexes_next(&p, &first, &last))
			for (int64_t k = first; k <= last; k++)
				sum += k;
		assert_int_equal(*p ? -1 : sum, cases[i].sum);
	}
}

static void test_index_limits(void **state)
{
	struct sp_indexes *s = calloc(1, sizeof(*s));
	struct sp_buf b = {0};

	assert_non_null(s);
	sp_indexes_add(s, -1);
	sp_indexes_add(s, SP_INDEXES_MAX);
	assert_int_equal(sp_indexes_count(s, SP_INDEXES_MAX), 0);
	sp_indexes_add(s, SP_INDEXES_MAX - 1);
	sp_indexes_add(s, 63);
	sp_indexes_add(s, 64);
	assert_int_equal(sp_indexes_count(s, 64), 1);
	assert_int_equal(sp_indexes_count(s, INT64_MAX), 3);
	sp_indexes_print(s, INT64_MAX, &b);
	assert_string_equal(b.ptr, "63,64,99999");
	sp_buf_done(&b);
	free(s);
}

/* ---- zones ---------------------------------------------------------------------------------- */

/* A file of version 2: one change to +1 h at 1000000000, then the rule. */
static size_t make_zone_file(uint8_t *p, const char *rule)
{
	static const uint8_t v1[44] = {'T', 'Z', 'i', 'f', '2', [39] = 1, [43] = 1};
	uint8_t *from = p;

	memcpy(p, v1, sizeof(v1)); /* one type, one character, no change */
	p += sizeof(v1);
	memset(p, 0, 7);
	p += 7;
	memcpy(p, v1, sizeof(v1));
	p[35] = 1;
	p[39] = 2;
	p += sizeof(v1);
	memcpy(p, (const uint8_t[8]){0, 0, 0, 0, 0x3b, 0x9a, 0xca, 0x00}, 8);
	p[8] = 1; /* the second type */
	memset(p + 9, 0, 6);
	memcpy(p + 15, (const uint8_t[6]){0, 0, 0x0e, 0x10, 0, 0}, 6);
	p[21] = 0;
	p += 22;
	*p++ = '\n';
	memcpy(p, rule, strlen(rule));
	p += strlen(rule);
	*p++ = '\n';
	return (size_t)(p - from);
}

static void test_zone_file(void **state)
{
	struct sp_zone *z = calloc(1, sizeof(*z));
	uint8_t file[256];
	struct sp_error err;
	size_t n = make_zone_file(file, "CET-1CEST,M3.5.0,M10.5.0/3");

	assert_non_null(z);
	assert_int_equal(sp_zone_read(file, n, z, &err), 0);
	assert_int_equal(sp_zone_at(z, 0).offset_s, 0);
	assert_int_equal(sp_zone_at(z, 0).until_s, 1000000000);
	assert_int_equal(sp_zone_at(z, 1774745999).offset_s, 3600); /* 2026-03-29T00:59:59Z */
	assert_int_equal(sp_zone_at(z, 1774745999).until_s, 1774746000);
	assert_int_equal(sp_zone_at(z, 1774746000).offset_s, 7200);
	for (size_t cut = 0; cut < n; cut++)
		assert_int_equal(sp_zone_read(file, cut, z, &err), -1);
	n = make_zone_file(file, "nonsense");
	assert_int_equal(sp_zone_read(file, n, z, &err), -1);
	free(z);
}

/* CRON-7: each found time matches, and none between two of them does. */
static void test_next_agrees_with_every_minute(void **state)
{
	static const char *const rules[] = {"UTC0", "CET-1CEST,M3.5.0,M10.5.0/3",
					    "LHST-10:30LHDT-11,M10.1.0,M4.1.0",
					    "EST5EDT,M3.2.0,M11.1.0"};
	static const char *const schedules[] = {"*/20 1-3 * * *", "30 2 * * *", "5 * 1-7 * 0",
						"15 0,23 * 3,10 mon"};
	struct sp_zone *z = calloc(1, sizeof(*z));
	struct sp_error err;

	assert_non_null(z);
	for (size_t k = 0; k < SP_ARRAY_LEN(rules); k++)
		for (size_t i = 0; i < SP_ARRAY_LEN(schedules); i++) {
			struct sp_schedule s = {.zone = z};
			int64_t t = 1774000000, found = 0, end = t + 20 * 86400, missed, n = 0;

			assert_int_equal(sp_zone_from_rule(rules[k], z, &err), 0);
			assert_int_equal(sp_cron_parse(schedules[i], &s.cron, &err), 0);
			for (int64_t m = (t / 60 + 1) * 60; m <= end; m += 60) {
				int64_t local = m + sp_zone_at(z, m).offset_s, day = local / 86400;
				int64_t next = sp_schedule_next(&s, m - 1);

				/* The minute fires, or the next time lies after it. */
				assert_true(next >= m);
				if (next != m)
					continue;
				found++;
				assert_true(s.cron.hour >> (local % 86400 / 3600) & 1);
				assert_true(s.cron.minute >> (local % 3600 / 60) & 1);
				assert_true(s.cron.dow_any || s.cron.dom_any ||
					    (s.cron.dow >> ((day + 4) % 7) & 1) || s.cron.dom != 0);
			}
			for (int64_t next = sp_schedule_next(&s, t); next <= end;
			     next = sp_schedule_next(&s, next))
				n++;
			assert_int_equal(n, found);
			if (n)
				assert_true(sp_schedule_last(&s, t, end, 5, &missed) <= end);
			else
				assert_true(sp_schedule_last(&s, t, end, 5, &missed) ==
					    SP_SCHEDULE_NEVER);
			assert_int_equal(missed, SP_MIN(n, 5));
		}
	free(z);
}

/* CRON-14: the latest of very many missed times is found in no time. */
static void test_last_of_many(void **state)
{
	struct sp_zone *z = calloc(1, sizeof(*z));
	struct sp_schedule s = {.zone = z};
	struct sp_error err;
	int64_t missed;

	assert_non_null(z);
	assert_int_equal(sp_cron_parse("* * * * *", &s.cron, &err), 0);
	assert_int_equal(sp_schedule_last(&s, 0, 1800000059, 101, &missed), 1800000000);
	assert_int_equal(missed, 101);
	assert_int_equal(sp_cron_parse("0 0 29 2 *", &s.cron, &err), 0);
	assert_int_equal(sp_schedule_last(&s, 0, 1800000000, 3, &missed), 1709164800);
	free(z);
}

/* ---- ordered sets --------------------------------------------------------------------------- */

struct rows {
	struct sp_child v[16];
	char names[16][40];
	uint32_t n;
};

static void perform(struct rows *r, const struct sp_ctl *ctl, sp_time now)
{
	for (uint32_t i = 0; i < ctl->n; i++) {
		const struct sp_ctl_action *a = &ctl->items[i];
		struct sp_buf b = sp_buf_fixed(r->names[r->n], sizeof(r->names[0]));

		if (a->kind == SP_CTL_DELETE)
			r->v[a->child].deleting = true;
		if (a->kind != SP_CTL_CREATE)
			continue;
		sp_buf_puts(&b, a->text);
		r->v[r->n] = (struct sp_child){
			.name = r->names[r->n], .created_at = now, .index = a->index};
		r->n++;
	}
}

/* One letter per existing pod: c created, r ready, d being deleted. */
static const char *shown(const struct rows *r)
{
	static char text[64];
	struct sp_buf b = sp_buf_fixed(text, sizeof(text));

	for (uint32_t i = 0; i < r->n; i++)
		if (!r->v[i].gone)
			sp_buf_printf(&b, "%s:%c ", r->v[i].name,
				      r->v[i].deleting ? 'd'
				      : r->v[i].ready  ? 'r'
						       : 'c');
	return text;
}

static void test_stateful_set(void **state)
{
	struct sp_ctl *ctl = calloc(1, sizeof(*ctl));
	struct rows *r = calloc(1, sizeof(*r));
	struct sp_k_meta meta = {.name = "db"};
	struct sp_k_workload_spec spec = {.replicas = {true, 2}};
	struct sp_k_workload set = {.meta = &meta, .spec = &spec};
	struct sp_set s;

	assert_non_null(ctl);
	assert_non_null(r);
	sp_set_init(&s, 1);
#define STEP(want)                                                                                 \
	do {                                                                                       \
		sp_stateful_set_step(&set, &s, r->v, r->n, 0, ctl);                                \
		perform(r, ctl, 0);                                                                \
		assert_string_equal(shown(r), want);                                               \
	} while (0)
	STEP("db-0:c ");
	STEP("db-0:c "); /* the second waits for the first */
	r->v[0].phase = SP_PHASE_RUNNING;
	r->v[0].ready = true;
	STEP("db-0:r db-1:c ");
	r->v[1].phase = SP_PHASE_RUNNING;
	r->v[1].ready = true;
	STEP("db-0:r db-1:r ");
	r->v[0].outdated = r->v[1].outdated = true; /* another template: from the top down */
	STEP("db-0:r db-1:d ");
	STEP("db-0:r db-1:d ");
	r->v[1].gone = true;
	STEP("db-0:r db-1:c ");
	r->v[2].phase = SP_PHASE_RUNNING;
	r->v[2].ready = true;
	STEP("db-0:d db-1:r ");
	r->v[0].gone = true;
	STEP("db-1:r db-0:c ");
	r->v[3].phase = SP_PHASE_RUNNING;
	r->v[3].ready = true;
	spec.replicas.v = 0; /* one at a time, the highest first */
	STEP("db-1:d db-0:r ");
	STEP("db-1:d db-0:r ");
	r->v[2].gone = true;
	STEP("db-0:d ");
	r->v[3].gone = true;
	spec.replicas.v = 3;
	spec.pod_management = "Parallel";
	STEP("db-0:c db-1:c db-2:c ");
	spec.replicas.v = 1;
	STEP("db-0:c db-1:d db-2:d ");
#undef STEP
	free(r);
	free(ctl);
}

static void test_daemon_set(void **state)
{
	struct sp_ctl *ctl = calloc(1, sizeof(*ctl));
	struct rows *r = calloc(1, sizeof(*r));
	struct sp_k_meta meta = {.name = "agent"};
	struct sp_k_workload_spec spec = {0};
	struct sp_k_workload set = {.meta = &meta, .spec = &spec};
	struct sp_set s;

	assert_non_null(ctl);
	assert_non_null(r);
	sp_set_init(&s, 1);
	for (int i = 0; i < 3; i++) {
		sp_daemon_set_step(&set, &s, r->v, r->n, 0, ctl);
		perform(r, ctl, 0);
	}
	assert_int_equal(r->n, 1);
	r->v[0].outdated = true;
	sp_daemon_set_step(&set, &s, r->v, r->n, 0, ctl);
	perform(r, ctl, 0);
	assert_true(r->v[0].deleting);
	assert_int_equal(r->n, 1);
	r->v[0].gone = true;
	sp_daemon_set_step(&set, &s, r->v, r->n, 0, ctl);
	perform(r, ctl, 0);
	assert_int_equal(r->n, 2);
	free(r);
	free(ctl);
}

/* ---- what is made --------------------------------------------------------------------------- */

static struct sp_node *json(struct sp_arena *a, const char *text)
{
	struct sp_node *n = NULL;
	struct sp_error err;

	assert_int_equal(sp_node_from_json(a, text, strlen(text), &n, &err), 0);
	return n;
}

/* DEPLOY-3: the order of keys and the label itself do not matter, everything else does. */
static void test_template_hash(void **state)
{
	static const char *const same[] = {
		"{\"metadata\":{\"labels\":{\"a\":\"1\",\"b\":\"2\"}},\"spec\":{\"x\":[1,2]}}",
		"{\"spec\":{\"x\":[1,2]},\"metadata\":{\"labels\":{\"b\":\"2\",\"a\":\"1\"}}}",
		("{\"spec\":{\"x\":[1,2]},\"metadata\":{\"labels\":{\"b\":\"2\",\"a\":\"1\","
		 "\"pod-template-hash\":\"zzz\"}}}")};
	static const char *const others[] = {
		"{\"metadata\":{\"labels\":{\"a\":\"1\",\"b\":\"2\"}},\"spec\":{\"x\":[2,1]}}",
		"{\"metadata\":{\"labels\":{\"a\":\"1\",\"b\":\"3\"}},\"spec\":{\"x\":[1,2]}}",
		"{\"metadata\":{\"labels\":{\"a\":\"1\"}},\"spec\":{\"x\":[1,2]}}"};
	struct sp_arena a = {0};
	char first[SP_HASH_MAX], other[SP_HASH_MAX];

	assert_int_equal(sp_make_hash(json(&a, same[0]), 0, first), 0);
	assert_int_equal(strspn(first, SP_NAME_ALPHABET), strlen(first));
	for (size_t i = 0; i < SP_ARRAY_LEN(same); i++) {
		assert_int_equal(sp_make_hash(json(&a, same[i]), 0, other), 0);
		assert_string_equal(first, other);
	}
	for (size_t i = 0; i < SP_ARRAY_LEN(others); i++) {
		assert_int_equal(sp_make_hash(json(&a, others[i]), 0, other), 0);
		assert_string_not_equal(first, other);
	}
	assert_int_equal(sp_make_hash(json(&a, same[0]), 1, other), 0);
	assert_string_not_equal(first, other);
	sp_arena_done(&a);
}

/* JOB-20: the base is cut so that the name stays a host name. */
static void test_long_names(void **state)
{
	struct sp_ctl *ctl = calloc(1, sizeof(*ctl));
	uint64_t chance = 7;
	char base[200];
	const char *name;

	assert_non_null(ctl);
	memset(base, 'a', sizeof(base) - 1);
	base[sizeof(base) - 1] = '\0';
	sp_ctl_begin(ctl);
	name = sp_ctl_name(ctl, &chance, base, NULL, 0);
	assert_int_equal(strlen(name), 64);
	assert_int_equal(strspn(name + 59, SP_NAME_ALPHABET), 5);
	free(ctl);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static const char indexed_job[] =
	"apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {completions: 3, parallelism: 3, "
	"completionMode: Indexed, template: {spec: {restartPolicy: Never, containers: [{name: c, "
	"image: 'x:1'}]}}}";
static const char guarded_job[] =
	"apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {podFailurePolicy: {rules: "
	"[{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}, {action: FailJob, "
	"onPodConditions: [{type: Broken, status: Unknown}]}]}, template: {spec: {restartPolicy: Never, "
	"containers: [{name: c, image: 'x:1'}]}}}";

/* One look at these pods, ten seconds after the beginning. */
static void look_at(const char *text, struct sp_child *pods, uint32_t n, struct sp_job *j,
		    struct sp_ctl *ctl)
{
	struct sp_manifest m;

	sp_manifest_init(&m, &(struct sp_load_options){0});
	assert_int_equal(sp_manifest_add(&m, "t", text, strlen(text)), 0);
	assert_int_equal(m.n_objects, 1);
	sp_job_init(j, 1);
	sp_job_step(m.objects[0].job, j, pods, n, 10 * SP_SEC, ctl);
	sp_manifest_done(&m);
}

/* JOB-24: the younger of two pods of one index goes, and is no failure */
static void test_pods_of_one_index(void **state)
{
	struct sp_child pods[] = {
		{.name = "a", .phase = SP_PHASE_RUNNING, .index = 0, .created_at = SP_SEC},
		{.name = "b", .phase = SP_PHASE_RUNNING, .index = 1, .created_at = 2 * SP_SEC},
		{.name = "c", .phase = SP_PHASE_RUNNING, .index = 0, .created_at = 3 * SP_SEC},
	};
	struct sp_job *j = calloc(1, sizeof(*j));
	struct sp_ctl *ctl = calloc(1, sizeof(*ctl));
	uint32_t deleted = SP_NO_CHILD, n = 0;

	assert_true(j && ctl);
	look_at(indexed_job, pods, SP_ARRAY_LEN(pods), j, ctl);
	for (uint32_t i = 0; i < ctl->n; i++)
		if (ctl->items[i].kind == SP_CTL_DELETE) {
			deleted = ctl->items[i].child;
			n++;
		}
	assert_int_equal(n, 1);
	assert_int_equal(deleted, 2);
	assert_true(pods[2].spared);
	assert_int_equal(j->failed, 0);
	free(ctl);
	free(j);
}

/* JOB-62: a rule matches a condition by type and status; True is meant where none is told */
static void test_conditions_of_failed_pods(void **state)
{
	static const struct {
		struct sp_child_cond cond;
		int64_t failed;
		bool ends;
	} cases[] = {
		{{"DisruptionTarget", "True"}, 0, false},
		{{"DisruptionTarget", "False"}, 1, false},
		{{"Broken", "Unknown"}, 1, true},
		{{"Broken", "True"}, 1, false},
		{{"Other", "True"}, 1, false},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_child pod = {.name = "a",
				       .phase = SP_PHASE_FAILED,
				       .index = -1,
				       .conds = &cases[i].cond,
				       .n_conds = 1};
		struct sp_job *j = calloc(1, sizeof(*j));
		struct sp_ctl *ctl = calloc(1, sizeof(*ctl));

		assert_true(j && ctl);
		look_at(guarded_job, &pod, 1, j, ctl);
		assert_int_equal(j->failed, cases[i].failed);
		assert_int_equal(sp_job_finished(j), cases[i].ends);
		if (cases[i].ends)
			assert_string_equal(j->conds[SP_JOB_FAILED].message,
					    "Pod default/a has condition Broken matching FailJob "
					    "rule at index 1");
		free(ctl);
		free(j);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pods_of_one_index),
		cmocka_unit_test(test_conditions_of_failed_pods),
		cmocka_unit_test(test_index_texts),
		cmocka_unit_test(test_index_limits),
		cmocka_unit_test(test_zone_file),
		cmocka_unit_test(test_next_agrees_with_every_minute),
		cmocka_unit_test(test_last_of_many),
		cmocka_unit_test(test_stateful_set),
		cmocka_unit_test(test_daemon_set),
		cmocka_unit_test(test_template_hash),
		cmocka_unit_test(test_long_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
