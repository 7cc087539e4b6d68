/* SPDX-License-Identifier: Apache-2.0 */
/* The table of uids, against a plain list: additions, changes and removals in any order. */
#include "base/uids.h"

#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

#define N_UIDS 300

static void uid_of(int k, char *ret, size_t size)
{
	snprintf(ret, size, "00000000-0000-4000-8000-%012d", k);
}

static void test_empty(void **state)
{
	struct sp_uids t = {0};

	assert_null(sp_uids_get(&t, "a"));
	sp_uids_remove(&t, "a");
	assert_int_equal(t.n, 0);
	sp_uids_done(&t);
}

static void test_as_a_list(void **state)
{
	static int values[2];
	void *list[N_UIDS] = {0};
	struct sp_uids t = {0};
	char uid[SP_UID_MAX];
	uint32_t n = 0;

	srandom(7);
	for (int round = 0; round < 20000; round++) {
		int k = (int)(random() % N_UIDS);

		uid_of(k, uid, sizeof(uid));
		if (random() % 3) {
			list[k] = &values[random() % 2];
			assert_int_equal(sp_uids_set(&t, uid, list[k]), 0);
		} else {
			list[k] = NULL;
			sp_uids_remove(&t, uid);
		}
		/* those that a removal moved are the ones to be lost */
		if (round % 50 == 0)
			for (int i = 0; i < N_UIDS; i++) {
				uid_of(i, uid, sizeof(uid));
				assert_ptr_equal(sp_uids_get(&t, uid), list[i]);
			}
	}
	for (int i = 0; i < N_UIDS; i++)
		n += list[i] != NULL;
	assert_int_equal(t.n, n);
	sp_uids_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_as_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
