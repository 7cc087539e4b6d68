/* SPDX-License-Identifier: Apache-2.0 */
/* The decision of a cron job, in the order of CRON-12. */
#include "control/cronjob.h"

#include "base/text.h"
#include "control/schedule.h"

#define MISSED_MAX 100 /* more are worth a warning (CRON-14) */

struct look {
	const struct sp_k_cron_job_spec *spec;
	const char *name;
	struct sp_cron_job *c;
	struct sp_schedule schedule;
	struct sp_cron_child *jobs;
	uint32_t n;
	sp_time now;
	int64_t now_s;
	struct sp_ctl *ctl;
	bool changed;
};

void sp_cron_job_init(struct sp_cron_job *c, sp_time created_at)
{
	*c = (struct sp_cron_job){.created_at = created_at,
				  .scheduled_at = -1,
				  .succeeded_at = -1,
				  .told_many_at = -1,
				  .told_missed_at = -1,
				  .told_active_at = -1};
}

/* ---- the jobs there are --------------------------------------------------------------------- */

static void delete_job(struct look *l, uint32_t i)
{
	l->jobs[i].deleting = true;
	sp_ctl_add(l->ctl, SP_CTL_DELETE)->child = i;
	sp_ctl_event(l->ctl, false, "SuccessfulDelete", "Deleted job %s", l->jobs[i].name);
}

static void note_end(struct look *l, struct sp_cron_child *j)
{
	if (j->complete && j->completed_at > l->c->succeeded_at) {
		l->c->succeeded_at = j->completed_at;
		l->changed = true;
	}
	if (j->told)
		return;
	j->told = true;
	sp_ctl_event(l->ctl, false, "SawCompletedJob", "Saw completed job: %s, condition: %s",
		     j->name, j->complete ? "Complete" : "Failed");
}

/* Room for what one look says: a few events and actions for each job. */
static bool room(const struct look *l)
{
	return l->ctl->n + 16 < SP_CTL_ACTIONS_MAX;
}

static void look_at_jobs(struct look *l)
{
	int64_t active = 0;

	for (uint32_t i = 0; i < l->n; i++) {
		struct sp_cron_child *j = &l->jobs[i];

		active += sp_cron_child_active(j);
		if (!room(l)) {
			sp_ctl_wake(l->ctl, l->now);
		} else if (j->finished) {
			note_end(l, j);
		} else if (!j->told && j->gone && !j->deleting) {
			j->told = true;
			sp_ctl_event(l->ctl, true, "MissingJob", "Active job went missing: %s",
				     j->name);
		} else if (!j->told && !j->ours && !j->gone) {
			j->ours = true;
			sp_ctl_event(l->ctl, true, "UnexpectedJob",
				     "Saw a job that the controller did not create or forgot: %s",
				     j->name);
		}
	}
	l->changed |= active != l->c->active;
	l->c->active = active;
}

static bool is_history(const struct sp_cron_child *j, bool complete)
{
	return j->finished && !j->deleting && !j->gone && j->complete == complete;
}

static bool older(const struct sp_cron_child *a, const struct sp_cron_child *b)
{
	sp_time at = a->started_at >= 0 ? a->started_at : a->created_at;
	sp_time bt = b->started_at >= 0 ? b->started_at : b->created_at;

	return at != bt ? at < bt : strcmp(a->name, b->name) < 0;
}

/* CRON-19 */
static void prune(struct look *l, bool complete, int64_t limit)
{
	int64_t kept = 0;

	for (uint32_t i = 0; i < l->n; i++)
		kept += is_history(&l->jobs[i], complete);
	for (; kept > limit; kept--) {
		uint32_t oldest = SP_NO_CHILD;

		if (!room(l)) {
			sp_ctl_wake(l->ctl, l->now);
			return;
		}
		for (uint32_t i = 0; i < l->n; i++)
			if (is_history(&l->jobs[i], complete) &&
			    (oldest == SP_NO_CHILD || older(&l->jobs[i], &l->jobs[oldest])))
				oldest = i;
		delete_job(l, oldest);
	}
}

/* ---- the schedule --------------------------------------------------------------------------- */

static bool understand(struct look *l, const struct sp_zone *zone)
{
	struct sp_error err;
	bool ok = zone && sp_cron_parse(l->spec->schedule, &l->schedule.cron, &err) == 0;

	l->schedule.zone = zone;
	if (!ok && !l->c->told_bad) {
		if (!zone)
			sp_ctl_event(l->ctl, true, "UnknownTimeZone", "invalid timeZone: \"%s\"",
				     l->spec->time_zone ? l->spec->time_zone : "Local");
		else
			sp_ctl_event(l->ctl, true, "UnparseableSchedule",
				     "unparseable schedule: \"%s\" : %s", l->spec->schedule,
				     err.text);
	}
	l->c->told_bad = !ok;
	return ok;
}

static int64_t base_of(const struct look *l)
{
	return (l->c->scheduled_at >= 0 ? l->c->scheduled_at : l->c->created_at) / SP_SEC;
}

static void sleep_until_next(struct look *l)
{
	int64_t from = l->now_s, next;

	if (l->schedule.cron.every) { /* counted from the reference, whatever was missed */
		int64_t every = l->schedule.cron.every / SP_SEC;

		from = base_of(l);
		if (l->now_s > from)
			from += (l->now_s - from) / every * every;
	}
	next = sp_schedule_next(&l->schedule, from);
	if (next != SP_SCHEDULE_NEVER) {
		sp_ctl_wake(l->ctl, next * SP_SEC);
	} else if (!l->c->told_never) {
		l->c->told_never = true;
		sp_ctl_event(l->ctl, true, "InvalidSchedule",
			     "invalid schedule: \"%s\" has no time within five years",
			     l->spec->schedule);
	}
}

/* Return: true the first time that one kind of thing is told about schedule time @t */
static bool first_word(sp_time *told_at, int64_t t)
{
	if (*told_at == t * SP_SEC)
		return false;
	*told_at = t * SP_SEC;
	return true;
}

static void tell_missed(struct look *l, int64_t t)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	char text[32];
	struct sp_buf b = sp_buf_fixed(text, sizeof(text));

	sp_format_rfc3339(&b, t * SP_SEC, 0); /* 2026-03-01T10:05:00Z */
	sp_ctl_event(l->ctl, true, "MissSchedule",
		     "Missed scheduled time to start a job: %s, %.2s %s %.4s %.8s +0000",
		     days[(t / 86400 + 4) % 7], text + 8,
		     months[((text[5] - '0') * 10 + text[6] - '0' - 1) % 12], text, text + 11);
}

/* The latest time that is due; SP_SCHEDULE_NEVER when nothing is to be started. */
static int64_t due(struct look *l)
{
	int64_t base = base_of(l), earliest = base, missed, t;

	if (l->spec->starting_deadline_s.set)
		earliest = SP_MAX(base, l->now_s - l->spec->starting_deadline_s.v);
	t = sp_schedule_last(&l->schedule, earliest, l->now_s, MISSED_MAX + 1, &missed);
	if (t != SP_SCHEDULE_NEVER) {
		if (missed > MISSED_MAX && first_word(&l->c->told_many_at, t))
			sp_ctl_event(l->ctl, true, "TooManyMissedTimes",
				     "too many missed start times. Set or decrease "
				     ".spec.startingDeadlineSeconds or check clock skew");
		return t;
	}
	if (earliest > base) { /* the deadline hides a time that would have been due */
		t = sp_schedule_last(&l->schedule, base, earliest, MISSED_MAX + 1, &missed);
		if (t != SP_SCHEDULE_NEVER && first_word(&l->c->told_missed_at, t))
			tell_missed(l, t);
	}
	return SP_SCHEDULE_NEVER;
}

/* ---- starting ------------------------------------------------------------------------------- */

static bool is_policy(const struct look *l, const char *policy)
{
	return l->spec->concurrency_policy && sp_streq(l->spec->concurrency_policy, policy);
}

static void delete_active(struct look *l)
{
	for (uint32_t i = 0; i < l->n; i++) {
		if (!sp_cron_child_active(&l->jobs[i]))
			continue;
		if (!room(l)) {
			sp_ctl_wake(l->ctl, l->now);
			return;
		}
		delete_job(l, i);
		l->c->active--;
		l->changed = true;
	}
}

static bool exists(const struct look *l, const char *name)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (sp_streq(l->jobs[i].name, name))
			return true;
	return false;
}

static void start(struct look *l, int64_t t)
{
	const char *name = sp_ctl_text(l->ctl, "%s-%lld", l->name, (long long)(t / 60));
	struct sp_ctl_action *a;

	if (exists(l, name))
		return;
	if (is_policy(l, "Forbid") && l->c->active > 0) {
		if (first_word(&l->c->told_active_at, t))
			sp_ctl_event(l->ctl, false, "JobAlreadyActive",
				     "Not starting job because prior execution is running and "
				     "concurrency policy is Forbid");
		return;
	}
	if (is_policy(l, "Replace"))
		delete_active(l);
	a = sp_ctl_add(l->ctl, SP_CTL_CREATE);
	a->text = name;
	a->time = t * SP_SEC;
	sp_ctl_event(l->ctl, false, "SuccessfulCreate", "Created job %s", name);
	l->c->scheduled_at = t * SP_SEC;
	l->c->active++;
	l->changed = true;
}

/* CRON-21 */
static void go_away(struct look *l)
{
	delete_active(l);
	for (uint32_t i = 0; i < l->n; i++)
		if (!l->jobs[i].gone && !l->jobs[i].deleting && room(l))
			delete_job(l, i);
	for (uint32_t i = 0; i < l->n; i++)
		if (!l->jobs[i].gone)
			return;
	if (!l->c->removed)
		sp_ctl_add(l->ctl, SP_CTL_REMOVE);
	l->c->removed = true;
}

void sp_cron_job_step(const struct sp_k_cron_job *cron, struct sp_cron_job *c,
		      const struct sp_zone *zone, struct sp_cron_child *jobs, uint32_t n_jobs,
		      sp_time now, struct sp_ctl *ret)
{
	struct look l = {.spec = cron->spec,
			 .name = cron->meta->name,
			 .c = c,
			 .jobs = jobs,
			 .n = n_jobs,
			 .now = now,
			 .now_s = now / SP_SEC,
			 .ctl = ret};
	int64_t t;

	sp_ctl_begin(ret);
	if (c->deleting) {
		go_away(&l);
	} else {
		look_at_jobs(&l);
		prune(&l, true, l.spec->successful_history.v);
		prune(&l, false, l.spec->failed_history.v);
		if (!l.spec->suspend.v && understand(&l, zone)) {
			t = due(&l);
			if (t != SP_SCHEDULE_NEVER)
				start(&l, t);
			sleep_until_next(&l);
		}
	}
	if (l.changed)
		sp_ctl_add(ret, SP_CTL_STATUS);
}
