/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

int sp_parse_i64(const char *s, int64_t min, int64_t max, int64_t *ret)
{
	bool neg = *s == '-';
	int64_t v = 0;
	int range = 0;

	if (*s == '-' || *s == '+')
		s++;
	if (*s < '0' || *s > '9')
		return -1;
	for (; *s >= '0' && *s <= '9'; s++) {
		int d = *s - '0';

		if (__builtin_mul_overflow(v, (int64_t)10, &v) ||
		    __builtin_add_overflow(v, neg ? -(int64_t)d : (int64_t)d, &v)) {
			range = -2;
			v = 0;
		}
	}
	if (*s)
		return -1;
	if (range || v < min || v > max)
		return -2;
	*ret = v;
	return 0;
}

int sp_parse_go_duration(const char *s, sp_time *ret)
{
	static const struct {
		const char *unit;
		sp_time ns;
	} units[] = {{"ns", 1},     {"us", SP_USEC},    {"ms", SP_MSEC},
		     {"s", SP_SEC}, {"m", 60 * SP_SEC}, {"h", 3600 * SP_SEC}};
	bool neg = *s == '-';
	sp_time total = 0;

	if (*s == '-' || *s == '+')
		s++;
	if (sp_streq(s, "0")) {
		*ret = 0;
		return 0;
	}
	if (!*s)
		return -1;
	while (*s) {
		int64_t whole = 0, frac = 0, scale = 1;
		bool digits = false;
		size_t u;

		for (; *s >= '0' && *s <= '9'; s++, digits = true)
			if (__builtin_mul_overflow(whole, (int64_t)10, &whole) ||
			    __builtin_add_overflow(whole, (int64_t)(*s - '0'), &whole))
				return -1;
		if (*s == '.')
			for (s++; *s >= '0' && *s <= '9'; s++, digits = true)
				if (scale < 1000000000) {
					frac = frac * 10 + (*s - '0');
					scale *= 10;
				}
		if (!digits)
			return -1;
		/* two-letter units stand first, so "ms" is not taken for "m" */
		for (u = 0; u < SP_ARRAY_LEN(units); u++)
			if (strncmp(s, units[u].unit, strlen(units[u].unit)) == 0)
				break;
		if (u == SP_ARRAY_LEN(units))
			return -1;
		s += strlen(units[u].unit);
		if (__builtin_mul_overflow(whole, units[u].ns, &whole) ||
		    __builtin_add_overflow(total, whole, &total) ||
		    __builtin_add_overflow(total, (sp_time)((__int128)frac * units[u].ns / scale),
					   &total))
			return -1;
	}
	*ret = neg ? -total : total;
	return 0;
}

size_t sp_utf8_len(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t k, i;

	if (n == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		k = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		k = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		k = 4;
	else
		return 0;
	if (n < k)
		return 0;
	for (i = 1; i < k; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* overlong forms, surrogates, beyond U+10FFFF */
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return k;
}

static uint32_t code_point(const char *s, size_t k)
{
	const unsigned char *p = (const unsigned char *)s;

	switch (k) {
	case 2:
		return (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
	case 3:
		return (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
	case 4:
		return (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3f) << 12 |
		       (uint32_t)(p[2] & 0x3f) << 6 | (p[3] & 0x3f);
	default:
		return p[0];
	}
}

size_t sp_utf8_columns(const char *s)
{
	size_t n = strlen(s), cols = 0, k;

	while (n > 0) {
		uint32_t c;

		k = sp_utf8_len(s, n);
		c = k ? code_point(s, k) : 0xfffd;
		k = k ? k : 1;
		if ((c >= 0x300 && c <= 0x36f) || c == 0x200d || (c >= 0xfe00 && c <= 0xfe0f))
			; /* combining: no width of its own */
		else if ((c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) ||
			 (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
			 (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
			 (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd))
			cols += 2;
		else
			cols += 1;
		s += k;
		n -= k;
	}
	return cols;
}

/* One character and its width. Return: its bytes. */
static size_t step_over(const char *s, size_t *ret_cols)
{
	size_t k = sp_utf8_len(s, strlen(s));
	char one[8] = {0};

	k = k ? k : 1;
	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): zeroed, and longer than any */
	memcpy(one, s, k);
	*ret_cols = sp_utf8_columns(one);
	return k;
}

size_t sp_cut_text(struct sp_buf *out, const char *text, size_t cols, const char *ellipsis)
{
	size_t have = sp_utf8_columns(text), used = 0, tail, w, k;

	if (have <= cols) {
		sp_buf_puts(out, text);
		return have;
	}
	if (cols == 0)
		return 0;
	tail = (cols - 1) / 3;
	for (;; text += k, used += w, have -= w) {
		k = step_over(text, &w);
		if (used + w > cols - 1 - tail)
			break;
		sp_buf_add(out, text, k);
	}
	sp_buf_puts(out, ellipsis);
	for (; have > tail; text += k, have -= w)
		k = step_over(text, &w);
	sp_buf_puts(out, text);
	return used + 1 + have;
}

static int lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

unsigned sp_edit_distance(const char *a, const char *b, unsigned cap)
{
	enum { MAX = 64 };
	unsigned rows[3][MAX + 1];
	unsigned *two = rows[0], *prev = rows[1], *cur = rows[2], *t;
	size_t na = strlen(a), nb = strlen(b), i, j;

	if (na > MAX || nb > MAX || (na > nb ? na - nb : nb - na) > cap)
		return cap + 1;
	for (j = 0; j <= nb; j++)
		prev[j] = (unsigned)j;
	for (i = 1; i <= na; i++) {
		unsigned best = cap + 1;

		cur[0] = (unsigned)i;
		for (j = 1; j <= nb; j++) {
			unsigned cost = lower(a[i - 1]) != lower(b[j - 1]);
			unsigned d = SP_MIN(prev[j] + 1, cur[j - 1] + 1);

			d = SP_MIN(d, prev[j - 1] + cost);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]))
				d = SP_MIN(d, two[j - 2] + 1);
			cur[j] = d;
			best = SP_MIN(best, d);
		}
		if (best > cap && cur[0] > cap)
			return cap + 1;
		t = two;
		two = prev;
		prev = cur;
		cur = t;
	}
	return SP_MIN(prev[nb], cap + 1);
}

const char *sp_nearest(const char *word, const char *const *words, size_t n, unsigned cap)
{
	const char *best = NULL;
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned d = sp_edit_distance(word, words[i], cap);

		if (d <= cap) {
			best = words[i];
			if (d == 0)
				break;
			cap = d - 1;
		}
	}
	return best;
}

/* Seconds with up to nine decimals, trailing zeros dropped. */
static void put_fraction(struct sp_buf *b, int64_t whole, int64_t frac, int digits)
{
	char text[16];
	int n;

	sp_buf_printf(b, "%lld", (long long)whole);
	if (!frac)
		return;
	for (n = digits; n > 0; n--) {
		text[n - 1] = (char)('0' + frac % 10);
		frac /= 10;
	}
	for (n = digits; n > 0 && text[n - 1] == '0'; n--)
		;
	sp_buf_putc(b, '.');
	sp_buf_add(b, text, (size_t)n);
}

void sp_format_uid(const uint8_t chance[16], char ret[SP_UID_SIZE])
{
	struct sp_buf b = sp_buf_fixed(ret, SP_UID_SIZE);

	for (int i = 0; i < 16; i++) {
		uint8_t v = chance[i];

		if (i == 6)
			v = (uint8_t)((v & 0x0f) | 0x40); /* version */
		if (i == 8)
			v = (uint8_t)((v & 0x3f) | 0x80); /* variant */
		sp_buf_printf(&b, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", v);
	}
}

void sp_format_go_duration(struct sp_buf *b, sp_time t)
{
	int64_t h, m;

	if (t < 0) {
		sp_buf_putc(b, '-');
		t = t == INT64_MIN ? INT64_MAX : -t;
	}
	if (t == 0) {
		sp_buf_puts(b, "0s");
		return;
	}
	if (t < SP_USEC) {
		sp_buf_printf(b, "%lldns", (long long)t);
		return;
	}
	if (t < SP_MSEC) {
		put_fraction(b, t / SP_USEC, t % SP_USEC, 3);
		sp_buf_puts(b, "us");
		return;
	}
	if (t < SP_SEC) {
		put_fraction(b, t / SP_MSEC, t % SP_MSEC, 6);
		sp_buf_puts(b, "ms");
		return;
	}
	h = t / (3600 * SP_SEC);
	m = t / (60 * SP_SEC) % 60;
	if (h)
		sp_buf_printf(b, "%lldh", (long long)h);
	if (h || m)
		sp_buf_printf(b, "%lldm", (long long)m);
	put_fraction(b, t % (60 * SP_SEC) / SP_SEC, t % SP_SEC, 9);
	sp_buf_putc(b, 's');
}

void sp_format_age(struct sp_buf *b, sp_time t)
{
	int64_t s = t < 0 ? 0 : t / SP_SEC, m = s / 60, h = m / 60, d = h / 24;

	if (s < 120)
		sp_buf_printf(b, "%llds", (long long)s);
	else if (m < 10)
		sp_buf_printf(b, s % 60 ? "%lldm%llds" : "%lldm", (long long)m,
			      (long long)(s % 60));
	else if (h < 3)
		sp_buf_printf(b, "%lldm", (long long)m);
	else if (h < 8)
		sp_buf_printf(b, m % 60 ? "%lldh%lldm" : "%lldh", (long long)h,
			      (long long)(m % 60));
	else if (h < 48)
		sp_buf_printf(b, "%lldh", (long long)h);
	else if (d < 8)
		sp_buf_printf(b, h % 24 ? "%lldd%lldh" : "%lldd", (long long)d,
			      (long long)(h % 24));
	else
		sp_buf_printf(b, "%lldd", (long long)d);
}

void sp_format_elapsed(struct sp_buf *b, sp_time t)
{
	if (t < 0)
		t = 0;
	if (t < SP_SEC)
		sp_buf_printf(b, "%lldms", (long long)((t + SP_MSEC / 2) / SP_MSEC));
	else if (t < 10 * SP_SEC)
		sp_buf_printf(b, "%.2fs", (double)t / 1e9);
	else if (t < 60 * SP_SEC)
		sp_buf_printf(b, "%.1fs", (double)t / 1e9);
	else if (t < 3600 * SP_SEC)
		sp_buf_printf(b, "%lldm%02llds", (long long)(t / (60 * SP_SEC)),
			      (long long)(t / SP_SEC % 60));
	else
		sp_buf_printf(b, "%lldh%02lldm", (long long)(t / (3600 * SP_SEC)),
			      (long long)(t / (60 * SP_SEC) % 60));
}

/* Proleptic Gregorian calendar, days since 1970-01-01 (era arithmetic, 400-year cycles). */
static int64_t days_of_date(int64_t y, int m, int d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void date_of_days(int64_t z, int64_t *y, int *m, int *d)
{
	int64_t era, doe, yoe, doy, mp;

	z += 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = z - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = (int)(doy - (153 * mp + 2) / 5 + 1);
	*m = (int)(mp < 10 ? mp + 3 : mp - 9);
	*y = yoe + era * 400 + (*m <= 2);
}

void sp_format_rfc3339(struct sp_buf *b, int64_t wall_ns, int digits)
{
	int64_t secs = wall_ns / SP_SEC, frac = wall_ns % SP_SEC, days, rem, y;
	int m, d, i;

	if (frac < 0) {
		frac += SP_SEC;
		secs--;
	}
	days = secs / 86400;
	rem = secs % 86400;
	if (rem < 0) {
		rem += 86400;
		days--;
	}
	date_of_days(days, &y, &m, &d);
	sp_buf_printf(b, "%04lld-%02d-%02dT%02d:%02d:%02d", (long long)y, m, d, (int)(rem / 3600),
		      (int)(rem / 60 % 60), (int)(rem % 60));
	if (digits > 0) {
		for (i = digits; i < 9; i++)
			frac /= 10;
		sp_buf_printf(b, ".%0*lld", digits, (long long)frac);
	}
	sp_buf_putc(b, 'Z');
}

/* Exactly n digits at *s, moved past them; -1 when there are fewer. */
static int take_digits(const char **s, int n)
{
	int v = 0;

	for (; n > 0; n--, (*s)++) {
		if (**s < '0' || **s > '9')
			return -1;
		v = v * 10 + (**s - '0');
	}
	return v;
}

int sp_parse_rfc3339(const char *s, int64_t *ret_wall_ns)
{
	static const int mdays[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int y, mo, d, h, mi, sec, oh = 0, om = 0, sign = 0;
	int64_t frac = 0, scale = SP_SEC, t;

	if ((y = take_digits(&s, 4)) < 0 || *s++ != '-' || (mo = take_digits(&s, 2)) < 1 ||
	    mo > 12 || *s++ != '-' || (d = take_digits(&s, 2)) < 1 || d > mdays[mo - 1])
		return -1;
	if (*s != 'T' && *s != 't' && *s != ' ')
		return -1;
	s++;
	if ((h = take_digits(&s, 2)) < 0 || h > 23 || *s++ != ':' ||
	    (mi = take_digits(&s, 2)) < 0 || mi > 59 || *s++ != ':' ||
	    (sec = take_digits(&s, 2)) < 0 || sec > 60)
		return -1;
	if (*s == '.') {
		s++;
		if (*s < '0' || *s > '9')
			return -1;
		for (; *s >= '0' && *s <= '9'; s++)
			if (scale > 1) {
				scale /= 10;
				frac += (*s - '0') * scale;
			}
	}
	if (*s == 'Z' || *s == 'z') {
		s++;
	} else if (*s == '+' || *s == '-') {
		sign = *s++ == '-' ? -1 : 1;
		if ((oh = take_digits(&s, 2)) < 0 || oh > 23 || *s++ != ':' ||
		    (om = take_digits(&s, 2)) < 0 || om > 59)
			return -1;
	} else {
		return -1;
	}
	if (*s)
		return -1;
	t = days_of_date(y, mo, d) * 86400 + h * 3600 + mi * 60 + sec -
	    sign * (oh * 3600 + om * 60);
	if (__builtin_mul_overflow(t, SP_SEC, &t) || __builtin_add_overflow(t, frac, &t))
		return -1;
	*ret_wall_ns = t;
	return 0;
}

void sp_base64_encode(const char *bytes, size_t len, struct sp_buf *b)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *s = (const unsigned char *)bytes;

	for (size_t i = 0; i < len; i += 3) {
		size_t n = SP_MIN(len - i, (size_t)3);
		uint32_t v = (uint32_t)s[i] << 16;
		char out[4];

		if (n > 1)
			v |= (uint32_t)s[i + 1] << 8;
		if (n > 2)
			v |= s[i + 2];
		out[0] = alphabet[v >> 18];
		out[1] = alphabet[v >> 12 & 63];
		out[2] = n > 1 ? alphabet[v >> 6 & 63] : '=';
		out[3] = n > 2 ? alphabet[v & 63] : '=';
		sp_buf_add(b, out, sizeof(out));
	}
}

size_t sp_base64_size(size_t len)
{
	return len / 4 * 3 + 3;
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int sp_base64_decode(const char *s, size_t len, char *ret, size_t *ret_len)
{
	uint32_t bits = 0;
	unsigned n_chars = 0, n_pads = 0;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int v = base64_value(s[i]);

		if (s[i] == '\n' || s[i] == '\r')
			continue;
		if (s[i] == '=') {
			n_pads++;
			continue;
		}
		if (v < 0 || n_pads)
			return -1;
		bits = bits << 6 | (uint32_t)v;
		if (++n_chars % 4 == 0) {
			ret[n++] = (char)(bits >> 16);
			ret[n++] = (char)(bits >> 8);
			ret[n++] = (char)bits;
		}
	}
	if ((n_chars + n_pads) % 4 != 0 || n_pads > 2 || n_chars % 4 == 1)
		return -1;
	if (n_chars % 4 == 2) {
		ret[n++] = (char)(bits >> 4);
	} else if (n_chars % 4 == 3) {
		ret[n++] = (char)(bits >> 10);
		ret[n++] = (char)(bits >> 2);
	}
	*ret_len = n;
	return 0;
}

void sp_hex_encode(const void *bytes, size_t len, struct sp_buf *b)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = bytes;

	for (size_t i = 0; i < len; i++) {
		sp_buf_putc(b, digits[p[i] >> 4]);
		sp_buf_putc(b, digits[p[i] & 15]);
	}
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int sp_hex_decode(const char *s, size_t len, void *ret)
{
	uint8_t *out = ret;

	if (len % 2)
		return -1;
	for (size_t i = 0; i < len / 2; i++) {
		int hi = hex_digit(s[2 * i]), lo = hex_digit(s[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return -1;
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	return 0;
}
