/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pictures of runs against golden files: tests/golden/draw/<run>.jsonl → <run>.<kind>. With
 * SP_UPDATE_GOLDEN=1 the files are rewritten, and review reads the difference.
 */
#include "base/text.h"
#include "draw/draw.h"
#include "draw/scale.h"

#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const runs[] = {"order", "killed",  "crashloop", "long",
				   "short", "pending", "thirty"};

static void path_of(const char *run, const char *kind, char *path, size_t size)
{
	snprintf(path, size, "%s/%s.%s", GOLDEN_DIR, run, kind);
}

static void read_file(const char *path, struct sp_buf *out)
{
	FILE *f = fopen(path, "re");
	char mem[4096];
	size_t n;

	if (!f)
		fail_msg("cannot read %s; SP_UPDATE_GOLDEN=1 writes it", path);
	while ((n = fread(mem, 1, sizeof(mem), f)) > 0)
		sp_buf_add(out, mem, n);
	fclose(f);
}

static void load(const char *name, struct sp_run *r)
{
	struct sp_buf b = {0};
	struct sp_error err;
	char path[256];

	path_of(name, "jsonl", path, sizeof(path));
	read_file(path, &b);
	sp_run_init(r);
	if (sp_run_read(r, b.ptr, b.len, &err) < 0)
		fail_msg("%s: %s", name, err.text);
	sp_buf_done(&b);
}

static void compare(const char *run, const char *kind, const struct sp_buf *got)
{
	struct sp_buf want = {0};
	char path[256];

	assert_false(got->failed);
	path_of(run, kind, path, sizeof(path));
	if (getenv("SP_UPDATE_GOLDEN")) {
		FILE *f = fopen(path, "we");

		assert_non_null(f);
		assert_int_equal(fwrite(got->ptr, 1, got->len, f), got->len);
		fclose(f);
		return;
	}
	read_file(path, &want);
	if (got->len != want.len || memcmp(got->ptr, want.ptr, got->len) != 0)
		fail_msg("%s differs from the picture drawn now:\n%s", path, got->ptr);
	sp_buf_done(&want);
}

/* No line of a text picture is wider than the terminal. */
static void check_width(const struct sp_buf *b, size_t columns)
{
	const char *p = b->ptr;

	while (p && *p) {
		size_t n = strcspn(p, "\n");
		char line[2048];

		assert_true(n < sizeof(line));
		memcpy(line, p, n);
		line[n] = '\0';
		if (sp_utf8_columns(line) > columns)
			fail_msg("wider than %zu columns: %s", columns, line);
		p += n + (p[n] == '\n');
	}
}

static void draw_text(const struct sp_run *r, const struct sp_draw *d, struct sp_buf *b)
{
	struct sp_order_box boxes[SP_CONTAINERS_MAX];

	sp_draw_gantt_text(r, d, b);
	sp_buf_putc(b, '\n');
	sp_draw_path_text(r, d, b);
	if (sp_run_why(r, b))
		sp_buf_putc(b, '\n');
	sp_buf_putc(b, '\n');
	sp_draw_waterfall_text(r, d, b);
	sp_buf_putc(b, '\n');
	sp_order_of_header(&r->header, boxes);
	sp_draw_order_text(boxes, r->header.n_ctrs, d, b);
}

static void test_pictures(void **state)
{
	static const struct sp_draw utf8 = {.columns = 80, .version = "0"};
	static const struct sp_draw ascii = {.columns = 80, .version = "0", .ascii = true};
	static const struct sp_draw narrow = {.columns = 72, .version = "0"};

	for (size_t i = 0; i < SP_ARRAY_LEN(runs); i++) {
		struct sp_order_box boxes[SP_CONTAINERS_MAX];
		struct sp_run r;
		struct sp_buf b = {0};

		load(runs[i], &r);
		draw_text(&r, &utf8, &b);
		check_width(&b, 80);
		compare(runs[i], "txt", &b);
		sp_buf_clear(&b);
		draw_text(&r, &ascii, &b);
		check_width(&b, 80);
		for (size_t k = 0; k < b.len; k++)
			assert_true((unsigned char)b.ptr[k] < 0x80);
		compare(runs[i], "ascii.txt", &b);
		sp_buf_clear(&b);
		draw_text(&r, &narrow, &b);
		check_width(&b, 72);
		sp_buf_clear(&b);
		sp_draw_svg(&r, &utf8, &b);
		assert_non_null(strstr(b.ptr, "<title id=\"t\">"));
		assert_non_null(strstr(b.ptr, "prefers-color-scheme:dark"));
		compare(runs[i], "svg", &b);
		sp_buf_clear(&b);
		sp_draw_gantt_mermaid(&r, &b);
		sp_order_of_header(&r.header, boxes);
		sp_draw_order_mermaid(boxes, r.header.n_ctrs, &b);
		compare(runs[i], "mmd", &b);
		sp_buf_done(&b);
		sp_run_done(&r);
	}
}

static void test_order_svg(void **state)
{
	static const struct sp_draw d = {.columns = 80, .version = "0"};
	struct sp_order_box boxes[SP_CONTAINERS_MAX];
	struct sp_run r;
	struct sp_buf b = {0};

	load("order", &r);
	sp_order_of_header(&r.header, boxes);
	sp_draw_order_svg(boxes, r.header.n_ctrs, "a <b> & \"c\"", &d, &b);
	assert_non_null(strstr(b.ptr, "a &lt;b&gt; &amp; &quot;c&quot;</title>"));
	compare("order", "boxes.svg", &b);
	sp_buf_done(&b);
	sp_run_done(&r);
}

static void test_overlay(void **state)
{
	static const struct sp_draw d = {.columns = 80, .version = "0"};
	struct sp_run a, b;
	struct sp_buf out = {0};

	load("order-sim", &a);
	load("order", &b);
	sp_draw_overlay_text(&a, &b, &d, &out);
	check_width(&out, 80);
	compare("overlay", "txt", &out);
	sp_buf_clear(&out);
	sp_draw_overlay_svg(&a, &b, &d, &out);
	compare("overlay", "svg", &out);
	sp_buf_clear(&out);
	sp_draw_overlay_text(&b, &b, &d, &out);
	assert_null(strstr(out.ptr, "start +"));
	assert_non_null(strstr(out.ptr, "same\n"));
	sp_buf_done(&out);
	sp_run_done(&a);
	sp_run_done(&b);
}

static void test_model(void **state)
{
	struct sp_link links[32];
	struct sp_run r;
	const struct sp_row *row;
	sp_time sum = 0;
	uint32_t n;

	load("order", &r);
	assert_true(r.finished);
	assert_string_equal(r.phase, "Succeeded");
	assert_true(r.ready_at == 1700 * SP_MSEC);
	assert_true(r.stop_at == 3 * SP_SEC);
	row = sp_run_row(&r, "vault-agent");
	assert_int_equal(row->n_spans,
			 7); /* waiting, gate, ready, preStop, ready, stopping, done */
	assert_int_equal(row->spans[3].band, SP_BAND_PRESTOP);
	for (uint32_t i = 1; i < row->n_spans; i++)
		assert_true(row->spans[i].from == row->spans[i - 1].to);
	/* the waits add up to the time of Ready */
	n = sp_run_start_path(&r, links, SP_ARRAY_LEN(links));
	for (uint32_t i = 0; i < n; i++)
		sum += links[i].cost;
	assert_true(sum == r.ready_at);
	sp_run_done(&r);

	load("killed", &r);
	n = sp_run_stop_path(&r, links, SP_ARRAY_LEN(links));
	assert_int_equal(n, 3);
	assert_string_equal(links[0].row->name, "web");
	assert_string_equal(links[1].row->name, "proxy");
	assert_string_equal(links[1].what, "killed");
	assert_string_equal(links[2].row->name, "log-shipper");
	assert_true(sp_run_row(&r, "proxy")->exits[0].killed);
	sp_run_done(&r);

	load("crashloop", &r);
	assert_int_equal(sp_run_row(&r, "app")->n_exits, 4);
	assert_int_equal(sp_run_row(&r, "app")->attempt, 3);
	assert_false(r.finished);
	sp_run_done(&r);
}

static void test_bad_records(void **state)
{
	static const char two_headers[] = "{\"format\":\"sidepod.run/v1\",\"containers\":[]}\n"
					  "{\"format\":\"sidepod.run/v1\",\"containers\":[]}\n";
	static const char *const bad[] = {
		"",          "{\"tNs\":1,\"event\":\"start\"}\n",
		"no json\n", "{\"format\":\"sidepod.run/v9\"}\n",
		two_headers,
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(bad); i++) {
		struct sp_run r;
		struct sp_error err;

		sp_run_init(&r);
		assert_int_equal(sp_run_read(&r, bad[i], strlen(bad[i]), &err), -1);
		sp_run_done(&r);
	}
}

/* A record that ends anywhere, as a killed supervisor leaves it: what is whole is read and drawn.
 */
static void test_torn_records(void **state)
{
	static const char *const names[] = {"killed", "crashloop"};
	const struct sp_draw d = {.columns = 80, .version = "test"};

	for (size_t i = 0; i < SP_ARRAY_LEN(names); i++) {
		struct sp_buf b = {0};
		char path[256];
		size_t header;

		path_of(names[i], "jsonl", path, sizeof(path));
		read_file(path, &b);
		header = (size_t)((const char *)memchr(b.ptr, '\n', b.len) - b.ptr);
		for (size_t n = 0; n <= b.len; n++) {
			struct sp_buf out = {0};
			struct sp_error err;
			struct sp_run r;

			sp_run_init(&r);
			assert_int_equal(sp_run_read(&r, b.ptr, n, &err), n > header ? 0 : -1);
			if (n > header) {
				sp_draw_gantt_text(&r, &d, &out);
				sp_draw_path_text(&r, &d, &out);
				if (r.stop_at >= 0)
					sp_draw_waterfall_text(&r, &d, &out);
				if (n % 16 == 0)
					sp_draw_svg(&r, &d, &out);
				assert_false(out.failed);
				assert_true(out.len > 0);
			}
			sp_buf_done(&out);
			sp_run_done(&r);
		}
		sp_buf_done(&b);
	}
}

static void test_scale(void **state)
{
	static const struct sp_idle spread[] = {{0, SP_SEC}, {SP_SEC, 3 * SP_SEC}};
	static const struct sp_idle idle[] = {{0, SP_SEC}, {SP_SEC, 3601 * SP_SEC}};
	struct sp_scale s;
	sp_time t;
	uint32_t n = 0;

	sp_scale_init(&s, 0, 4 * SP_SEC, spread, 2, 80, 5, 9);
	assert_int_equal(s.n_cuts, 0);
	assert_true(s.step == 500 * SP_MSEC);
	assert_true(sp_scale_at(&s, 2 * SP_SEC) > 39.9 && sp_scale_at(&s, 2 * SP_SEC) < 40.1);

	sp_scale_init(&s, 0, 3602 * SP_SEC, idle, 2, 80, 5, 9);
	assert_int_equal(s.n_cuts, 1);
	assert_true(s.cuts[0].from > SP_SEC && s.cuts[0].to < 3601 * SP_SEC);
	/* places never go back, and the whole width is used */
	for (sp_time at = 0, step = SP_SEC / 4; at < 3602 * SP_SEC; at += step)
		assert_true(sp_scale_at(&s, at) <= sp_scale_at(&s, at + step));
	assert_true(sp_scale_at(&s, 3602 * SP_SEC) > 79.9);
	while (sp_scale_tick(&s, n, &t)) {
		assert_true(t <= s.cuts[0].from || t >= s.cuts[0].to);
		n++;
	}
	assert_true(n >= 2 && n < 12);
}

static void test_labels(void **state)
{
	static const struct {
		sp_time t, step;
		const char *text;
	} cases[] = {
		{0, SP_SEC, "0"},
		{1500 * SP_MSEC, 500 * SP_MSEC, "1.5s"},
		{2 * SP_SEC, 500 * SP_MSEC, "2s"},
		{250 * SP_MSEC, 50 * SP_MSEC, "250ms"},
		{90 * SP_SEC, 30 * SP_SEC, "1m30s"},
		{60 * SP_SEC, 60 * SP_SEC, "1m"},
		{7200 * SP_SEC, 3600 * SP_SEC, "2h"},
		{3604 * SP_SEC, SP_SEC, "1h00m04s"},
		{200 * SP_USEC, 100 * SP_USEC, "200us"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_scale s = {.step = cases[i].step};
		char mem[32];
		struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

		sp_scale_label(&s, cases[i].t, &b);
		assert_string_equal(mem, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pictures),    cmocka_unit_test(test_order_svg),
		cmocka_unit_test(test_overlay),     cmocka_unit_test(test_model),
		cmocka_unit_test(test_bad_records), cmocka_unit_test(test_torn_records),
		cmocka_unit_test(test_scale),       cmocka_unit_test(test_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
