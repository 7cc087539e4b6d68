/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unquoted YAML scalars as the Kubernetes tools read them: YAML 1.1 words and numbers, the way of
 * the Go YAML library, version 2, under sigs.k8s.io/yaml. Timestamps stay strings there too.
 */
#include "spec/node.h"

#include <math.h>
#include <stdlib.h>

/* Longest number that is worth a look; strtod() wants a NUL-terminated copy. */
#define NUMBER_MAX 400

static bool in_list(const char *text, size_t len, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(list[i]) == len && memcmp(list[i], text, len) == 0)
			return true;
	return false;
}

static bool word(const char *s, size_t len, struct sp_node *ret)
{
	static const char *const yes[] = {"y",    "Y",    "yes", "Yes", "YES", "true",
					  "True", "TRUE", "on",  "On",  "ON"};
	static const char *const no[] = {"n",     "N",     "no",  "No",  "NO", "false",
					 "False", "FALSE", "off", "Off", "OFF"};
	static const char *const null[] = {"", "~", "null", "Null", "NULL"};
	static const char *const nan[] = {".nan", ".NaN", ".NAN"};
	static const char *const inf[] = {".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"};
	static const char *const ninf[] = {"-.inf", "-.Inf", "-.INF"};

	if (len > 5)
		return false;
	if (in_list(s, len, yes, SP_ARRAY_LEN(yes))) {
		ret->kind = SP_NODE_BOOL;
		ret->b = true;
	} else if (in_list(s, len, no, SP_ARRAY_LEN(no))) {
		ret->kind = SP_NODE_BOOL;
		ret->b = false;
	} else if (in_list(s, len, null, SP_ARRAY_LEN(null))) {
		ret->kind = SP_NODE_NULL;
	} else if (in_list(s, len, nan, SP_ARRAY_LEN(nan))) {
		ret->kind = SP_NODE_FLOAT;
		ret->f = (double)NAN;
	} else if (in_list(s, len, inf, SP_ARRAY_LEN(inf))) {
		ret->kind = SP_NODE_FLOAT;
		ret->f = (double)INFINITY;
	} else if (in_list(s, len, ninf, SP_ARRAY_LEN(ninf))) {
		ret->kind = SP_NODE_FLOAT;
		ret->f = -(double)INFINITY;
	} else {
		return false;
	}
	return true;
}

static unsigned digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 99;
}

/* An integer with Go's base prefixes. Return: 0, -1 no integer, -2 integer beyond int64. */
static int parse_int(const char *s, int64_t *ret)
{
	bool neg = *s == '-', over = false;
	unsigned base = 10;
	uint64_t v = 0;

	if (*s == '-' || *s == '+')
		s++;
	if (s[0] == '0' && s[1]) {
		char p = (char)(s[1] | 0x20);

		base = p == 'x' ? 16 : p == 'b' ? 2 : 8;
		s += p == 'x' || p == 'b' || p == 'o' ? 2 : 1;
	}
	if (!*s)
		return -1;
	for (; *s; s++) {
		unsigned d = digit(*s);

		if (d >= base)
			return -1;
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)d, &v))
			over = true;
	}
	if (over || v > (uint64_t)INT64_MAX + neg)
		return -2;
	*ret = neg ? (int64_t)(0 - v) : (int64_t)v;
	return 0;
}

/* [-+]? ( .d+ | d+ [.d*] ) ( [eE] [-+]? d+ )? */
static bool is_float(const char *s)
{
	size_t a, b = 0;

	if (*s == '-' || *s == '+')
		s++;
	a = strspn(s, "0123456789");
	s += a;
	if (*s == '.') {
		b = strspn(++s, "0123456789");
		s += b;
	}
	if (a + b == 0)
		return false;
	if (*s == 'e' || *s == 'E') {
		s++;
		if (*s == '-' || *s == '+')
			s++;
		a = strspn(s, "0123456789");
		if (a == 0)
			return false;
		s += a;
	}
	return !*s;
}

void sp_scalar_resolve(const char *text, size_t len, struct sp_node *ret)
{
	char plain[NUMBER_MAX + 1];
	size_t n = 0;
	int64_t i;
	int r;

	ret->b = false;
	ret->i = 0;
	ret->f = 0;
	if (word(text, len, ret))
		return;
	ret->kind = SP_NODE_STR;
	if (len > NUMBER_MAX || !strchr("0123456789+-.", text[0]))
		return;
	for (size_t k = 0; k < len; k++) {
		if (text[k] == '\0')
			return;
		if (text[k] != '_' || text[0] == '.')
			plain[n++] = text[k];
	}
	plain[n] = '\0';

	r = text[0] == '.' ? -1 : parse_int(plain, &i);
	if (r == 0) {
		ret->kind = SP_NODE_INT;
		ret->i = i;
		ret->f = (double)i;
	} else if (is_float(plain)) {
		double f = strtod(plain, NULL);

		if (!isfinite(f))
			return; /* out of range: not a number to the Go library either */
		ret->kind = SP_NODE_FLOAT;
		ret->f = f;
	}
}
