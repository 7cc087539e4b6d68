/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time zones: the table of changes, then the rule for the years after it. The rule is the text of
 * POSIX TZ ("CET-1CEST,M3.5.0,M10.5.0/3") with the wider hours of RFC 9636.
 */
#include "control/zone.h"

#include "base/text.h"

#define DAY 86400

/* ---- the rule ------------------------------------------------------------------------------- */

struct change {   /* when the clock changes, in local time before the change */
	int kind; /* 'M': month, week, day; 'J': 1–365 without 29 February; 'n': 0–365 */
	int month, week, day;
	int32_t time_s;
};

struct rule {
	int32_t standard_s, summer_s; /* offsets east of UTC */
	bool has_summer;
	struct change begin, end;
};

static bool digits(const char **p, int max, int *ret)
{
	int v = 0;

	if (**p < '0' || **p > '9')
		return false;
	for (; **p >= '0' && **p <= '9'; (*p)++) {
		v = v * 10 + (**p - '0');
		if (v > max)
			return false;
	}
	*ret = v;
	return true;
}

/* [+-]hh[:mm[:ss]] */
static bool clock_time(const char **p, int32_t *ret)
{
	int sign = 1, h, m = 0, s = 0;

	if (**p == '-' || **p == '+')
		sign = *(*p)++ == '-' ? -1 : 1;
	if (!digits(p, 167, &h))
		return false;
	if (**p == ':') {
		(*p)++;
		if (!digits(p, 59, &m))
			return false;
		if (**p == ':') {
			(*p)++;
			if (!digits(p, 59, &s))
				return false;
		}
	}
	*ret = sign * (h * 3600 + m * 60 + s);
	return true;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool zone_name(const char **p)
{
	const char *from = *p;

	if (**p == '<') {
		const char *close = strchr(*p, '>');

		if (!close)
			return false;
		*p = close + 1;
		return true;
	}
	while (is_letter(**p))
		(*p)++;
	return *p > from;
}

static bool read_change(const char **p, struct change *c)
{
	*c = (struct change){.kind = 'n', .time_s = 2 * 3600};
	if (*(*p)++ != ',')
		return false;
	if (**p == 'M') {
		c->kind = (unsigned char)*(*p)++;
		if (!digits(p, 12, &c->month) || c->month < 1 || *(*p)++ != '.' ||
		    !digits(p, 5, &c->week) || c->week < 1 || *(*p)++ != '.' ||
		    !digits(p, 6, &c->day))
			return false;
	} else {
		if (**p == 'J')
			c->kind = (unsigned char)*(*p)++;
		if (!digits(p, 365, &c->day) || (c->kind == 'J' && c->day < 1))
			return false;
	}
	if (**p != '/')
		return true;
	(*p)++;
	return clock_time(p, &c->time_s);
}

static bool read_rule(const char *text, struct rule *r)
{
	const char *p = text;
	int32_t west;

	*r = (struct rule){0};
	if (!zone_name(&p) || !clock_time(&p, &west))
		return false;
	r->standard_s = -west;
	if (*p == 0)
		return true;
	r->has_summer = true;
	r->summer_s = r->standard_s + 3600;
	if (!zone_name(&p))
		return false;
	if (*p != ',' && *p != 0) {
		if (!clock_time(&p, &west))
			return false;
		r->summer_s = -west;
	}
	return read_change(&p, &r->begin) && read_change(&p, &r->end) && *p == 0;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Days since 1970 of the first of January. */
static int64_t year_begin(int64_t year)
{
	int64_t y = year - 1;

	return y * 365 + floor_div(y, 4) - floor_div(y, 100) + floor_div(y, 400) - 719162;
}

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t change_day(const struct change *c, int64_t year)
{
	static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
	int64_t day = year_begin(year), first, end;
	int leap = is_leap(year);

	if (c->kind == 'n')
		return day + c->day;
	if (c->kind == 'J')
		return day + c->day - 1 + (leap && c->day >= 60);
	end = day + before[c->month] + (c->month >= 2 && leap);
	day += before[c->month - 1] + (c->month > 2 && leap);
	first = (c->day - (day + 4) % 7 + 7) % 7; /* the first such weekday of the month */
	day += first + (c->week - 1) * 7;
	while (day >= end)
		day -= 7;
	return day;
}

static struct sp_zone_span rule_at(const struct rule *r, int64_t t)
{
	struct sp_zone_span span = {.offset_s = r->standard_s, .until_s = INT64_MAX};
	int64_t year, latest = INT64_MIN;

	if (!r->has_summer)
		return span;
	year = 1970 + floor_div(floor_div(t, DAY), 366); /* this year or one before it */
	while (year_begin(year + 1) * DAY <= t)
		year++;
	for (int64_t y = year - 1; y <= year + 1; y++) {
		const int64_t at[] = {change_day(&r->begin, y) * DAY + r->begin.time_s -
					      r->standard_s,
				      change_day(&r->end, y) * DAY + r->end.time_s - r->summer_s};

		for (int k = 0; k < 2; k++) {
			if (at[k] <= t && at[k] > latest) {
				latest = at[k];
				span.offset_s = k == 0 ? r->summer_s : r->standard_s;
			} else if (at[k] > t) {
				span.until_s = SP_MIN(span.until_s, at[k]);
			}
		}
	}
	return span;
}

struct sp_zone_span sp_zone_at(const struct sp_zone *z, int64_t t)
{
	struct sp_zone_span span = {.offset_s = z->first_offset, .until_s = INT64_MAX};
	uint32_t low = 0, high = z->n;
	struct rule r;

	while (low < high) { /* changes at or before t */
		uint32_t mid = low + (high - low) / 2;

		if (z->at[mid] <= t)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < z->n) {
		if (low > 0)
			span.offset_s = z->offset[low - 1];
		span.until_s = z->at[low];
		return span;
	}
	if (z->rule[0] && read_rule(z->rule, &r))
		return rule_at(&r, t);
	if (z->n)
		span.offset_s = z->offset[z->n - 1];
	return span;
}

/* ---- the file ------------------------------------------------------------------------------- */

struct header {
	char version;
	uint32_t n_isut, n_isstd, n_leap, n_time, n_type, n_char;
};

#define HEADER_SIZE 44

static int64_t big_endian(const uint8_t *p, int size)
{
	uint64_t v = 0;

	for (int i = 0; i < size; i++)
		v = v << 8 | p[i];
	return size == 4 ? (int32_t)(uint32_t)v : (int64_t)v;
}

static bool read_header(const uint8_t *p, size_t len, struct header *h)
{
	if (len < HEADER_SIZE || memcmp(p, "TZif", 4) != 0)
		return false;
	h->version = (char)p[4];
	h->n_isut = (uint32_t)big_endian(p + 20, 4);
	h->n_isstd = (uint32_t)big_endian(p + 24, 4);
	h->n_leap = (uint32_t)big_endian(p + 28, 4);
	h->n_time = (uint32_t)big_endian(p + 32, 4);
	h->n_type = (uint32_t)big_endian(p + 36, 4);
	h->n_char = (uint32_t)big_endian(p + 40, 4);
	return h->n_time <= SP_ZONE_CHANGES_MAX && h->n_type >= 1 && h->n_type <= 256 &&
	       h->n_char <= 4096 && h->n_leap <= 4096 && h->n_isut <= 256 && h->n_isstd <= 256;
}

static size_t block_size(const struct header *h, size_t time_size)
{
	return h->n_time * (time_size + 1) + h->n_type * (size_t)6 + h->n_char +
	       h->n_leap * (time_size + 4) + h->n_isstd + h->n_isut;
}

static bool read_block(const uint8_t *p, const struct header *h, int time_size, struct sp_zone *z)
{
	const uint8_t *kinds = p + (size_t)h->n_time * (size_t)time_size;
	const uint8_t *types = kinds + h->n_time;

	z->n = h->n_time;
	z->first_offset = (int32_t)big_endian(types, 4);
	for (uint32_t i = 0; i < h->n_time; i++) {
		z->at[i] = big_endian(p + (size_t)i * (size_t)time_size, time_size);
		if (kinds[i] >= h->n_type || (i && z->at[i] <= z->at[i - 1]))
			return false;
		z->offset[i] = (int32_t)big_endian(types + (size_t)kinds[i] * 6, 4);
	}
	for (uint32_t i = 0; i < h->n_time; i++)
		if (z->offset[i] < -2 * DAY || z->offset[i] > 2 * DAY)
			return false;
	return z->first_offset > -2 * DAY && z->first_offset < 2 * DAY;
}

static bool read_footer(const uint8_t *p, size_t len, struct sp_zone *z)
{
	const uint8_t *end = len ? memchr(p + 1, '\n', len - 1) : NULL;
	size_t n = end ? (size_t)(end - p - 1) : 0;
	struct rule r;

	if (!end || p[0] != '\n' || n >= sizeof(z->rule) || memchr(p + 1, 0, n))
		return false;
	memcpy(z->rule, p + 1, n);
	z->rule[n] = '\0';
	return n == 0 || read_rule(z->rule, &r);
}

static bool read_file(const uint8_t *p, size_t len, struct sp_zone *z)
{
	struct header h;
	size_t size;

	if (!read_header(p, len, &h))
		return false;
	size = block_size(&h, 4);
	if (len - HEADER_SIZE < size)
		return false;
	if (h.version == 0)
		return read_block(p + HEADER_SIZE, &h, 4, z);
	p += HEADER_SIZE + size; /* the same again, with times of 64 bits */
	len -= HEADER_SIZE + size;
	if (!read_header(p, len, &h))
		return false;
	size = block_size(&h, 8);
	if (len - HEADER_SIZE < size || !read_block(p + HEADER_SIZE, &h, 8, z))
		return false;
	return read_footer(p + HEADER_SIZE + size, len - HEADER_SIZE - size, z);
}

int sp_zone_read(const void *bytes, size_t len, struct sp_zone *ret, struct sp_error *err)
{
	memset(ret, 0, sizeof(*ret));
	if (!read_file(bytes, len, ret)) {
		memset(ret, 0, sizeof(*ret));
		return sp_fail(err, SP_E_CORRUPT, "this is no time zone file");
	}
	return 0;
}

int sp_zone_from_rule(const char *rule, struct sp_zone *ret, struct sp_error *err)
{
	struct rule r;
	size_t n = strlen(rule);

	memset(ret, 0, sizeof(*ret));
	if (n >= sizeof(ret->rule) || !read_rule(rule, &r))
		return sp_fail(err, SP_E_INVALID, "'%s' is no rule of a time zone", rule);
	memcpy(ret->rule, rule, n + 1);
	return 0;
}

void sp_zone_rfc3339(const struct sp_zone *z, int64_t unix_s, struct sp_buf *b)
{
	int64_t offset = sp_zone_at(z, unix_s).offset_s,
		minutes = (offset < 0 ? -offset : offset) / 60;

	sp_format_rfc3339(b, (unix_s + offset) * SP_SEC, 0);
	if (offset == 0 || b->failed)
		return;
	b->ptr[--b->len] = '\0'; /* the "Z" */
	sp_buf_printf(b, "%c%02lld:%02lld", offset < 0 ? '-' : '+', (long long)(minutes / 60),
		      (long long)(minutes % 60));
}
