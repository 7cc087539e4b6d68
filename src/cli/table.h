/* SPDX-License-Identifier: Apache-2.0 */
/* Results as tables and in the other formats of -o: name, json, yaml, jsonpath. */
#ifndef SP_CLI_TABLE_H
#define SP_CLI_TABLE_H

#include "cli/cli.h"
#include "spec/node.h"

#define SP_COLUMNS_MAX 16

/* Columns are as wide as their widest text, two blanks stand between them. */
struct sp_table {
	struct sp_arena *arena;
	const char **cells; /* rows after one another; the first row are the headers */
	uint32_t n_cells, cap;
	uint32_t columns;
	bool failed;
};

/** sp_table_init() - @headers: @columns texts, upper case; borrowed */
void sp_table_init(struct sp_table *t, struct sp_arena *a, const char *const *headers,
		   uint32_t columns);
/** sp_table_add() - The next cell; copied. Rows are full or they are a mistake of ours */
void sp_table_add(struct sp_table *t, const char *text);
void sp_table_addf(struct sp_table *t, const char *fmt, ...) SP_PRINTF(2, 3);
void sp_table_print(const struct sp_table *t, bool headers, struct sp_buf *out);

/* The flag -o of commands that list objects. */
#define SP_FLAG_OUTPUT                                                                             \
	{                                                                                          \
		.name = "output", .letter = 'o', .kind = SP_FLAG_TEXT, .arg = "FORMAT",            \
		.standard = "table", .choices = "table|wide|name|json|yaml|jsonpath=",             \
		.help = "Print as table, wide, name, json, yaml or jsonpath=TEMPLATE"              \
	}
#define SP_FLAG_NO_HEADERS                                                                         \
	{                                                                                          \
		.name = "no-headers", .kind = SP_FLAG_BOOL, .help = "Leave the header line out"    \
	}

enum sp_format {
	SP_FORMAT_TABLE,
	SP_FORMAT_WIDE,
	SP_FORMAT_NAME,
	SP_FORMAT_JSON,
	SP_FORMAT_YAML,
	SP_FORMAT_JSONPATH,
};

/** sp_format_flag() - What --output asks for; *ret_template for jsonpath. Return: 0, or -1 */
int sp_format_flag(const struct sp_cli *cli, enum sp_format *ret, const char **ret_template,
		   struct sp_error *err);

/** sp_format_node() - Print a tree as JSON, YAML or by a template */
int sp_format_node(enum sp_format f, const char *template, const struct sp_node *n,
		   struct sp_buf *out, struct sp_error *err);

#endif
