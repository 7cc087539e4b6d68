/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"

#include "base/text.h"
#include "cli/jsonpath.h"

void sp_table_init(struct sp_table *t, struct sp_arena *a, const char *const *headers,
		   uint32_t columns)
{
	assert(columns > 0 && columns <= SP_COLUMNS_MAX);
	*t = (struct sp_table){.arena = a, .columns = columns};
	for (uint32_t i = 0; i < columns; i++)
		sp_table_add(t, headers[i]);
}

static void add_owned(struct sp_table *t, const char *text)
{
	if (t->n_cells == t->cap) {
		uint32_t cap = t->cap ? t->cap * 2 : 64;
		const char **v = sp_arena_array(t->arena, cap, sizeof(*v));

		if (!v) {
			t->failed = true;
			return;
		}
		if (t->n_cells)
			memcpy(v, t->cells, t->n_cells * sizeof(*v));
		t->cells = v;
		t->cap = cap;
	}
	if (!text)
		t->failed = true;
	else
		t->cells[t->n_cells++] = text;
}

void sp_table_add(struct sp_table *t, const char *text)
{
	add_owned(t, sp_arena_strdup(t->arena, *text ? text : "-"));
}

void sp_table_addf(struct sp_table *t, const char *fmt, ...)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	va_list ap;

	va_start(ap, fmt);
	sp_buf_vprintf(&b, fmt, ap);
	va_end(ap);
	sp_table_add(t, b.ptr ? b.ptr : "");
}

void sp_table_print(const struct sp_table *t, bool headers, struct sp_buf *out)
{
	size_t width[SP_COLUMNS_MAX] = {0};
	uint32_t first = headers ? 0 : t->columns;

	if (t->failed) {
		out->failed = true;
		return;
	}
	assert(t->n_cells % t->columns == 0);
	for (uint32_t i = first; i < t->n_cells; i++)
		width[i % t->columns] = SP_MAX(width[i % t->columns], sp_utf8_columns(t->cells[i]));
	for (uint32_t i = first; i < t->n_cells; i++) {
		bool last = i % t->columns == t->columns - 1;

		sp_buf_puts(out, t->cells[i]);
		if (last)
			sp_buf_putc(out, '\n');
		else
			sp_buf_fill(out, ' ',
				    width[i % t->columns] - sp_utf8_columns(t->cells[i]) + 2);
	}
}

int sp_format_flag(const struct sp_cli *cli, enum sp_format *ret, const char **ret_template,
		   struct sp_error *err)
{
	static const char *const names[] = {
		[SP_FORMAT_TABLE] = "table", [SP_FORMAT_WIDE] = "wide", [SP_FORMAT_NAME] = "name",
		[SP_FORMAT_JSON] = "json",   [SP_FORMAT_YAML] = "yaml",
	};
	const char *text = sp_flag_text(cli, "output"), *near;

	*ret_template = NULL;
	if (strncmp(text, "jsonpath=", 9) == 0) {
		*ret = SP_FORMAT_JSONPATH;
		*ret_template = text + 9;
		return 0;
	}
	for (size_t i = 0; i < SP_ARRAY_LEN(names); i++)
		if (sp_streq(text, names[i])) {
			*ret = (enum sp_format)i;
			return 0;
		}
	near = sp_nearest(text, names, SP_ARRAY_LEN(names), 2);
	return near ? sp_fail(err, SP_E_INVALID, "--output: '%s' is no format (did you mean '%s'?)",
			      text, near)
		    : sp_fail(err, SP_E_INVALID,
			      "--output: '%s' is no format; there are table, wide, name, json, yaml "
			      "and jsonpath=TEMPLATE",
			      text);
}

int sp_format_node(enum sp_format f, const char *template, const struct sp_node *n,
		   struct sp_buf *out, struct sp_error *err)
{
	if (f == SP_FORMAT_JSONPATH)
		return sp_jsonpath(template, n, out, err);
	if (f == SP_FORMAT_YAML) {
		sp_node_yaml(n, out);
		return 0;
	}
	sp_node_json(n, 4, out);
	sp_buf_putc(out, '\n');
	return 0;
}
