/* SPDX-License-Identifier: Apache-2.0 */
/* What all controllers share: their children, their actions, names and conditions. */
#include "control/control.h"

/* ---- children ------------------------------------------------------------------------------- */

static void observe_ctr(const struct sp_ctr_spec *spec, const struct sp_ctr_status *st,
			sp_time offset, struct sp_child_ctr *ret)
{
	*ret = (struct sp_child_ctr){.name = spec->name, .role = spec->role};
	if (st->state != SP_CTR_TERMINATED)
		return;
	ret->terminated = true;
	ret->code = st->term.code;
	ret->finished_at = sp_time_add(st->term.finished_at, offset);
}

void sp_child_observe(const struct sp_pod_spec *spec, const struct sp_pod_status *st,
		      sp_time offset, struct sp_child_ctr *ctrs, struct sp_child *c)
{
	c->phase = st->phase;
	c->restarts = 0;
	c->ctrs = ctrs;
	c->n_ctrs = spec->n_ctrs;
	for (uint16_t i = 0; i < spec->n_ctrs; i++) {
		observe_ctr(&spec->ctrs[i], &st->ctrs[i], offset, &ctrs[i]);
		c->restarts += st->ctrs[i].restart_count;
	}
	for (uint16_t i = 0; i < st->n_conds; i++)
		if (st->conds[i].type == SP_COND_READY) {
			c->ready = st->conds[i].status == SP_COND_TRUE;
			c->ready_changed_at = sp_time_add(st->conds[i].transition_at, offset);
		}
}

sp_time sp_child_finished_at(const struct sp_child *c)
{
	sp_time latest = c->created_at;
	bool unknown = c->n_ctrs == 0;

	for (uint16_t i = 0; i < c->n_ctrs; i++) {
		if (c->ctrs[i].role == SP_ROLE_INIT)
			continue;
		if (!c->ctrs[i].terminated)
			unknown = true;
		else
			latest = SP_MAX(latest, c->ctrs[i].finished_at);
	}
	if (!unknown)
		return latest;
	if (c->n_ctrs && !c->ready)
		return SP_MAX(c->ready_changed_at, c->created_at);
	return c->deleting ? c->deleted_at : c->created_at;
}

static int order(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

int sp_child_rank(const struct sp_child *a, const struct sp_child *b)
{
	int r = order(a->phase != SP_PHASE_PENDING, b->phase != SP_PHASE_PENDING);

	if (r == 0)
		r = order(a->ready, b->ready);
	if (r == 0)
		r = order(a->deletion_cost, b->deletion_cost);
	if (r == 0 && a->ready) /* the one that became ready later */
		r = order(b->ready_changed_at, a->ready_changed_at);
	if (r == 0)
		r = order(b->restarts, a->restarts);
	return r ? r : order(b->created_at, a->created_at);
}

/* ---- actions -------------------------------------------------------------------------------- */

void sp_ctl_begin(struct sp_ctl *ctl)
{
	ctl->wake = SP_NEVER;
	ctl->n = 0;
	ctl->texts = sp_buf_fixed(ctl->mem, sizeof(ctl->mem));
}

struct sp_ctl_action *sp_ctl_add(struct sp_ctl *ctl, enum sp_ctl_kind kind)
{
	struct sp_ctl_action *a;

	assert(ctl->n < SP_CTL_ACTIONS_MAX);
	a = &ctl->items[ctl->n++];
	*a = (struct sp_ctl_action){.kind = kind, .child = SP_NO_CHILD, .index = -1, .text = ""};
	return a;
}

SP_PRINTF(2, 0)
static const char *add_text(struct sp_ctl *ctl, const char *fmt, va_list ap)
{
	size_t from = ctl->texts.len;

	sp_buf_vprintf(&ctl->texts, fmt, ap);
	sp_buf_putc(&ctl->texts, '\0');
	assert(!ctl->texts.failed); /* the batch limit bounds what a step can say */
	return ctl->mem + from;
}

const char *sp_ctl_text(struct sp_ctl *ctl, const char *fmt, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = add_text(ctl, fmt, ap);
	va_end(ap);
	return text;
}

void sp_ctl_event(struct sp_ctl *ctl, bool warning, const char *reason, const char *fmt, ...)
{
	struct sp_ctl_action *a = sp_ctl_add(ctl, SP_CTL_EVENT);
	va_list ap;

	a->warning = warning;
	a->reason = reason;
	va_start(ap, fmt);
	a->text = add_text(ctl, fmt, ap);
	va_end(ap);
}

void sp_ctl_wake(struct sp_ctl *ctl, sp_time at)
{
	ctl->wake = SP_MIN(ctl->wake, at);
}

/* ---- names ---------------------------------------------------------------------------------- */

uint64_t sp_ctl_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15; /* splitmix64 */

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

#define BASE_MAX 58

static bool taken(const struct sp_ctl *ctl, const char *name, const struct sp_child *pods,
		  uint32_t n)
{
	for (uint32_t i = 0; i < ctl->n; i++)
		if (ctl->items[i].kind == SP_CTL_CREATE && sp_streq(ctl->items[i].text, name))
			return true;
	for (uint32_t i = 0; i < n; i++)
		if (sp_streq(pods[i].name, name))
			return true;
	return false;
}

const char *sp_ctl_name(struct sp_ctl *ctl, uint64_t *chance, const char *base,
			const struct sp_child *pods, uint32_t n_pods)
{
	char *name;
	size_t len;

	name = ctl->mem + ctl->texts.len;
	(void)sp_ctl_text(ctl, "%.*s-00000", BASE_MAX, base);
	len = strlen(name);
	do {
		uint64_t r = sp_ctl_random(chance);

		for (size_t i = 0; i < 5; i++, r /= 27)
			name[len - 5 + i] = SP_NAME_ALPHABET[r % 27];
	} while (taken(ctl, name, pods, n_pods));
	return name;
}

/* ---- conditions ----------------------------------------------------------------------------- */

bool sp_ctl_cond_set(struct sp_ctl_cond *c, bool value, const char *reason, const char *message,
		     sp_time now)
{
	enum sp_cond_status status = value ? SP_COND_TRUE : SP_COND_FALSE;
	struct sp_buf b;

	if (c->status == status && sp_streq(c->reason, reason) &&
	    strncmp(c->message, message, sizeof(c->message) - 1) == 0)
		return false;
	if (c->status != status)
		c->changed_at = now;
	c->status = status;
	c->reason = reason;
	b = sp_buf_fixed(c->message, sizeof(c->message));
	sp_buf_puts(&b, message); /* a longer one is cut */
	return true;
}
