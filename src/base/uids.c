/* SPDX-License-Identifier: Apache-2.0 */
#include "base/uids.h"

#include <stdlib.h>

void sp_uids_done(struct sp_uids *t)
{
	free(t->slots);
	*t = (struct sp_uids){0};
}

static uint32_t hash(const char *uid)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (int i = 0; i < SP_UID_MAX - 1 && uid[i]; i++)
		h = (h ^ (uint8_t)uid[i]) * 16777619u;
	return h;
}

/* Where @uid is, or the free slot where it would be; the table is never full. */
static struct sp_uids_slot *find(const struct sp_uids *t, const char *uid)
{
	uint32_t i = hash(uid) & (t->cap - 1);

	while (t->slots[i].value && strncmp(t->slots[i].uid, uid, SP_UID_MAX - 1) != 0)
		i = (i + 1) & (t->cap - 1);
	return &t->slots[i];
}

void *sp_uids_get(const struct sp_uids *t, const char *uid)
{
	return t->cap ? find(t, uid)->value : NULL;
}

static void put(struct sp_uids *t, const char *uid, void *value)
{
	struct sp_uids_slot *s = find(t, uid);
	size_t n = strnlen(uid, SP_UID_MAX - 1);

	t->n += !s->value;
	memcpy(s->uid, uid, n);
	s->uid[n] = '\0';
	s->value = value;
}

int sp_uids_set(struct sp_uids *t, const char *uid, void *value)
{
	struct sp_uids bigger = {.cap = t->cap ? t->cap * 2 : 64};

	if (!sp_uids_get(t, uid) && (t->n + 1) * 2 > t->cap) {
		bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
		if (!bigger.slots)
			return -1;
		for (uint32_t i = 0; i < t->cap; i++)
			if (t->slots[i].value)
				put(&bigger, t->slots[i].uid, t->slots[i].value);
		free(t->slots);
		*t = bigger;
	}
	put(t, uid, value);
	return 0;
}

void sp_uids_remove(struct sp_uids *t, const char *uid)
{
	struct sp_uids_slot *s = t->cap ? find(t, uid) : NULL;
	uint32_t i;

	if (!s || !s->value)
		return;
	s->value = NULL;
	t->n--;
	/* those behind it may have been pushed on by it */
	for (i = (uint32_t)(s - t->slots + 1) & (t->cap - 1); t->slots[i].value;
	     i = (i + 1) & (t->cap - 1)) {
		struct sp_uids_slot moved = t->slots[i];

		t->slots[i].value = NULL;
		t->n--;
		put(t, moved.uid, moved.value);
	}
}
