/* SPDX-License-Identifier: Apache-2.0 */
#include "draw/scale.h"

#include "base/text.h"

/* A stretch is cut when it is so many times longer than all that stays, and long at all. */
#define CUT_FACTOR 6
#define CUT_LEAST  (2 * SP_SEC)

static void choose_cuts(struct sp_scale *s, const struct sp_idle *idle, uint32_t n)
{
	struct sp_idle best[SP_SCALE_CUTS_MAX];
	sp_time rest = s->to - s->from;
	uint32_t n_best = 0;

	/* the longest ones, longest first */
	for (uint32_t i = 0; i < n; i++) {
		struct sp_idle now = {SP_MAX(idle[i].from, s->from), SP_MIN(idle[i].to, s->to)};
		uint32_t k = n_best;

		if (now.to - now.from < CUT_LEAST)
			continue;
		while (k > 0 && now.to - now.from > best[k - 1].to - best[k - 1].from)
			k--;
		if (k == SP_SCALE_CUTS_MAX)
			continue;
		for (uint32_t j = SP_MIN(n_best, SP_SCALE_CUTS_MAX - 1u); j > k; j--)
			best[j] = best[j - 1];
		best[k] = now;
		n_best = SP_MIN(n_best + 1, (uint32_t)SP_SCALE_CUTS_MAX);
	}
	for (uint32_t k = 0; k < n_best; k++) {
		sp_time len = best[k].to - best[k].from;

		rest -= len;
		if (rest <= 0 || len / CUT_FACTOR < rest)
			continue;
		/* keep a little on both sides, so that a band is seen to go on */
		for (uint32_t j = 0; j <= k; j++) {
			sp_time margin = SP_MIN((best[j].to - best[j].from) / 4, rest / 10);

			s->cuts[j].from = best[j].from + margin;
			s->cuts[j].to = best[j].to - margin;
		}
		s->n_cuts = k + 1;
		break;
	}
	for (uint32_t i = 1; i < s->n_cuts; i++) /* by time */
		for (uint32_t j = i; j > 0 && s->cuts[j].from < s->cuts[j - 1].from; j--) {
			struct sp_idle t = s->cuts[j];

			s->cuts[j] = s->cuts[j - 1];
			s->cuts[j - 1] = t;
		}
}

static void choose_step(struct sp_scale *s, double tick_gap)
{
	static const sp_time from_a_second[] = {1,    2,    5,     10,    15,    30,
						60,   120,  300,   600,   900,   1800,
						3600, 7200, 14400, 21600, 43200, 86400};
	sp_time unit;

	for (unit = 1; unit < SP_SEC; unit *= 10)
		for (int k = 1; k <= 5; k += k == 1 ? 1 : 3) { /* 1, 2, 5 */
			s->step = unit * k;
			if ((double)s->step * s->per_ns >= tick_gap)
				return;
		}
	for (size_t i = 0; i < SP_ARRAY_LEN(from_a_second); i++) {
		s->step = from_a_second[i] * SP_SEC;
		if ((double)s->step * s->per_ns >= tick_gap)
			return;
	}
	while ((double)s->step * s->per_ns < tick_gap && s->step < SP_NEVER / 2)
		s->step *= 2;
}

void sp_scale_init(struct sp_scale *s, sp_time from, sp_time to, const struct sp_idle *idle,
		   uint32_t n_idle, double size, double cut_size, double tick_gap)
{
	sp_time shown;

	*s = (struct sp_scale){.from = from, .to = SP_MAX(to, from + 1), .size = size};
	choose_cuts(s, idle, n_idle);
	/* cuts never take more than half of the picture */
	s->cut_size = s->n_cuts ? SP_MIN(cut_size, size / 2 / s->n_cuts) : 0;
	shown = s->to - s->from;
	for (uint32_t i = 0; i < s->n_cuts; i++)
		shown -= s->cuts[i].to - s->cuts[i].from;
	s->per_ns = (size - s->cut_size * s->n_cuts) / (double)SP_MAX(shown, 1);
	choose_step(s, tick_gap);
}

double sp_scale_at(const struct sp_scale *s, sp_time t)
{
	double x = 0;
	sp_time at = s->from;

	t = SP_MAX(s->from, SP_MIN(t, s->to));
	for (uint32_t i = 0; i < s->n_cuts; i++) {
		if (t <= s->cuts[i].from)
			break;
		x += (double)(s->cuts[i].from - at) * s->per_ns;
		if (t < s->cuts[i].to)
			return x + s->cut_size * (double)(t - s->cuts[i].from) /
					   (double)(s->cuts[i].to - s->cuts[i].from);
		x += s->cut_size;
		at = s->cuts[i].to;
	}
	return x + (double)(t - at) * s->per_ns;
}

static bool in_cut(const struct sp_scale *s, sp_time t, sp_time *end)
{
	for (uint32_t i = 0; i < s->n_cuts; i++)
		if (t > s->cuts[i].from && t < s->cuts[i].to) {
			*end = s->cuts[i].to;
			return true;
		}
	return false;
}

bool sp_scale_tick(const struct sp_scale *s, uint32_t i, sp_time *ret)
{
	sp_time t = (s->from + s->step - 1) / s->step * s->step, end;

	for (;;) {
		while (in_cut(s, t, &end))
			t = (end + s->step - 1) / s->step * s->step;
		if (t > s->to)
			return false;
		if (i-- == 0) {
			*ret = t;
			return true;
		}
		t += s->step;
	}
}

/* A fraction of a second with as many digits as the step needs. */
static void put_decimal(struct sp_buf *out, sp_time t, sp_time unit, sp_time step, const char *name)
{
	int64_t part = t % unit, digit = unit;

	sp_buf_printf(out, "%lld", (long long)(t / unit));
	if (step < unit && part) {
		sp_buf_putc(out, '.');
		while (part && digit > 1) {
			digit /= 10;
			sp_buf_printf(out, "%lld", (long long)(part / digit));
			part %= digit;
		}
	}
	sp_buf_puts(out, name);
}

void sp_scale_label(const struct sp_scale *s, sp_time t, struct sp_buf *out)
{
	if (t == 0) {
		sp_buf_puts(out, "0");
		return;
	}
	if (t < SP_MSEC) {
		put_decimal(out, t, SP_USEC, s->step, "us");
	} else if (t < SP_SEC) {
		put_decimal(out, t, SP_MSEC, s->step, "ms");
	} else if (t < 60 * SP_SEC) {
		put_decimal(out, t, SP_SEC, s->step, "s");
	} else if (t < 3600 * SP_SEC) {
		sp_buf_printf(out, "%lldm", (long long)(t / (60 * SP_SEC)));
		if (s->step % (60 * SP_SEC) || t % (60 * SP_SEC)) {
			sp_buf_puts(out, t % (60 * SP_SEC) < 10 * SP_SEC ? "0" : "");
			put_decimal(out, t % (60 * SP_SEC), SP_SEC, s->step, "s");
		}
	} else {
		sp_buf_printf(out, "%lldh", (long long)(t / (3600 * SP_SEC)));
		if (t % (3600 * SP_SEC)) /* minutes too when only seconds follow */
			sp_buf_printf(out, "%02lldm", (long long)(t / (60 * SP_SEC) % 60));
		if (t % (60 * SP_SEC)) {
			sp_buf_puts(out, t % (60 * SP_SEC) < 10 * SP_SEC ? "0" : "");
			put_decimal(out, t % (60 * SP_SEC), SP_SEC, s->step, "s");
		}
	}
}
