/* SPDX-License-Identifier: Apache-2.0 */
/* Kubernetes quantities: a decimal number and a suffix of powers of 1000, of 1024, or of ten. */
#include "spec/quantity.h"

#define NANO 1000000000

/* Digits beyond this many significant ones only round. 10^19 · 2^60 still fits 127 bits. */
#define DIGITS_MAX 19

static __int128 max128(void)
{
	return (__int128)(~(unsigned __int128)0 >> 1);
}

static bool mul(__int128 *v, __int128 by)
{
	if (!__builtin_mul_overflow(*v, by, v))
		return true;
	*v = max128();
	return false;
}

struct number {
	__int128 digits;
	int exp10;   /* value = digits · 10^exp10 (and a bit more, if sticky) */
	bool sticky; /* dropped digits were not all zero */
};

/* digits [ . digits ]. Return: where it ends, NULL without a digit. */
static const char *read_number(const char *s, struct number *ret)
{
	bool point = false, any = false;
	int n = 0;

	*ret = (struct number){0};
	for (;; s++) {
		if (*s == '.' && !point) {
			point = true;
			continue;
		}
		if (*s < '0' || *s > '9')
			break;
		any = true;
		if (n < DIGITS_MAX) {
			ret->digits = ret->digits * 10 + (*s - '0');
			n += ret->digits != 0;
			ret->exp10 -= point;
		} else {
			ret->sticky |= *s != '0';
			ret->exp10 += !point;
		}
	}
	return any ? s : NULL;
}

/* The suffix as powers: of two in *exp2, of ten in *exp10. Return: 0 or -1. */
static int read_suffix(const char *s, int *exp2, int *exp10)
{
	static const char binary[] = "KMGTPE", decimal[] = "num kMGTPE";
	const char *p;
	int sign = 1, v = 0;

	*exp2 = *exp10 = 0;
	if (!*s)
		return 0;
	p = strchr(binary, s[0]);
	if (p && s[1] == 'i' && !s[2]) {
		*exp2 = 10 * (int)(p - binary + 1);
		return 0;
	}
	p = strchr(decimal, s[0]);
	if (p && *p != ' ' && !s[1]) {
		*exp10 = 3 * (int)(p - decimal) - 9;
		return 0;
	}
	if (s[0] != 'e' && s[0] != 'E')
		return -1;
	s++;
	if (*s == '-' || *s == '+')
		sign = *s++ == '-' ? -1 : 1;
	if (!*s)
		return -1;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -1;
		v = SP_MIN(v * 10 + (*s - '0'), 100000);
	}
	*exp10 = sign * v;
	return 0;
}

int sp_quantity_parse(const char *s, struct sp_quantity *ret)
{
	struct number num;
	const char *p = s;
	int exp2, exp10;
	bool neg = false;
	__int128 v;

	if (*p == '-' || *p == '+')
		neg = *p++ == '-';
	p = read_number(p, &num);
	if (!p || read_suffix(p, &exp2, &exp10) < 0)
		return -1;

	v = num.digits << exp2;
	exp10 += num.exp10 + 9;
	for (; exp10 > 0 && v && mul(&v, 10); exp10--)
		;
	for (; exp10 < 0 && v; exp10++) {
		num.sticky |= v % 10 != 0;
		v /= 10;
	}
	if (num.sticky && v < max128())
		v++; /* away from zero, as the API server rounds */
	ret->nano = neg ? -v : v;
	ret->text = s;
	return 0;
}

static int64_t saturate(__int128 v)
{
	return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

/* Division that rounds up, for negative values too. */
static int64_t ceil_div(__int128 v, int64_t by)
{
	__int128 q = v / by;

	return saturate(q + (v > 0 && v % by != 0));
}

int64_t sp_quantity_ceil(const struct sp_quantity *q)
{
	return ceil_div(q->nano, NANO);
}

int64_t sp_quantity_milli(const struct sp_quantity *q)
{
	return ceil_div(q->nano, NANO / 1000);
}

int sp_quantity_cmp(const struct sp_quantity *a, const struct sp_quantity *b)
{
	return a->nano < b->nano ? -1 : a->nano > b->nano;
}

static void print_i128(unsigned __int128 v, struct sp_buf *out)
{
	char mem[40];
	size_t n = sizeof(mem);

	do
		mem[--n] = (char)('0' + (int)(v % 10));
	while (v /= 10);
	sp_buf_add(out, mem + n, sizeof(mem) - n);
}

void sp_quantity_print(__int128 nano, bool binary, struct sp_buf *out)
{
	static const char *const decimal[] = {"n", "u", "m", "", "k", "M", "G", "T", "P", "E"};
	static const char *const powers[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
	unsigned __int128 v = nano < 0 ? -(unsigned __int128)nano : (unsigned __int128)nano;
	size_t i = 0;

	if (nano < 0)
		sp_buf_putc(out, '-');
	if (binary && v % NANO == 0 && v / NANO >= 1024) {
		v /= NANO;
		for (; v % 1024 == 0 && i + 1 < SP_ARRAY_LEN(powers); i++)
			v /= 1024;
		print_i128(v, out);
		sp_buf_puts(out, powers[i]);
		return;
	}
	for (; v && v % 1000 == 0 && i + 1 < SP_ARRAY_LEN(decimal); i++)
		v /= 1000;
	print_i128(v, out);
	sp_buf_puts(out, v ? decimal[i] : "");
}
