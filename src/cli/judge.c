/* SPDX-License-Identifier: Apache-2.0 */
/* Flags of the commands that judge manifests without running them. */
#include "cli/judge.h"

#include <stdlib.h>

const char *sp_cli_res_name(enum sp_res r)
{
	static const char *const names[] = {"cpu", "memory", "ephemeral-storage"};

	_Static_assert(SP_ARRAY_LEN(names) == SP_RES_KINDS, "a name for each");
	return names[r];
}

struct sp_catalogue *sp_cli_catalogue(struct sp_cli *cli, struct sp_error *err)
{
	struct sp_catalogue *c = sp_catalogue_new(err);
	uint32_t n;
	const char *const *v = sp_flag_list(cli, "catalogue", &n);

	for (uint32_t i = 0; c && i < n; i++) {
		struct sp_source src;

		if (sp_cli_read(cli, v[i], &src, err) < 0 || sp_catalogue_add(c, &src, err) < 0)
			c = sp_catalogue_free(c);
	}
	return c;
}

/* "cpu=4,memory=16Gi": each value by @put. */
static int read_pairs(struct sp_cli *cli, const char *flag, void *ret,
		      int (*put)(void *ret, int r, const char *text, const char *flag,
				 struct sp_error *err),
		      struct sp_error *err)
{
	char *text = sp_flag_given(cli, flag)
			     ? sp_arena_strdup(&cli->arena, sp_flag_text(cli, flag))
			     : NULL;
	char *save = NULL;

	for (char *p = text ? strtok_r(text, ",", &save) : NULL; p;
	     p = strtok_r(NULL, ",", &save)) {
		char *eq = strchr(p, '=');
		int r = 0;

		if (eq)
			*eq = '\0';
		while (r < SP_RES_KINDS && !sp_streq(sp_cli_res_name((enum sp_res)r), p))
			r++;
		if (!eq || r == SP_RES_KINDS)
			return sp_fail(err, SP_E_INVALID,
				       "--%s: '%s' is none of cpu=…, memory=…, ephemeral-storage=…",
				       flag, p);
		if (put(ret, r, eq + 1, flag, err) < 0)
			return -1;
	}
	return 0;
}

static int put_amount(void *ret, int r, const char *text, const char *flag, struct sp_error *err)
{
	struct sp_quantity q;

	if (sp_quantity_parse(text, &q) < 0 || q.nano <= 0)
		return sp_fail(err, SP_E_INVALID, "--%s: '%s' is no quantity", flag, text);
	((int64_t *)ret)[r] = r == SP_RES_CPU ? sp_quantity_milli(&q) : sp_quantity_ceil(&q);
	return 0;
}

static int put_price(void *ret, int r, const char *text, const char *flag, struct sp_error *err)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || *end || !(v >= 0) || v > 1e9)
		return sp_fail(err, SP_E_INVALID, "--%s: '%s' is no price", flag, text);
	((double *)ret)[r] = v;
	return 0;
}

int sp_cli_amounts(struct sp_cli *cli, const char *flag, int64_t ret[SP_RES_KINDS],
		   struct sp_error *err)
{
	for (int r = 0; r < SP_RES_KINDS; r++)
		ret[r] = SP_RES_UNSET;
	return read_pairs(cli, flag, ret, put_amount, err);
}

int sp_cli_prices(struct sp_cli *cli, const char *flag, double ret[SP_RES_KINDS],
		  struct sp_error *err)
{
	for (int r = 0; r < SP_RES_KINDS; r++)
		ret[r] = -1;
	return read_pairs(cli, flag, ret, put_price, err);
}
