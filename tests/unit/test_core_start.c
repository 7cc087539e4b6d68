/* SPDX-License-Identifier: Apache-2.0 */
/* Start-up order (section 4), images and start errors (section 7), sandboxes (section 3.2). */
#include "cmocka_all.h"

#include "core_world.h"

/* START-1, START-3, PHASE-2, PHASE-12: init containers one after the other, then the regular one.
 */
static void test_serial_init(void **state)
{
	struct cw_story story = {
		.spec = {.restart_policy = SP_RESTART_NEVER},
		.ctrs = {CW_INIT("i1"), CW_INIT("i2"), CW_APP("r1")},
		.world = {CW_EXITS(1, 0), CW_EXITS(2, 0), CW_EXITS(1, 0)},
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] i1 start\n"
			  "[0] i1 started\n"
			  "[1] i1 exit 0 Completed\n"
			  "[1] i2 start\n"
			  "[1] i2 started\n"
			  "[3] i2 exit 0 Completed\n"
			  "[3] r1 start\n"
			  "[3] r1 started\n"
			  "[3] pod.phase.Running\n"
			  "[4] r1 exit 0 Completed\n"
			  "[4] pod.terminating FINISHED 30s\n"
			  "[4] pod.phase.Succeeded\n"
			  "[4] pod.finished Succeeded\n");
	assert_string_equal(cw_columns(&story), "Completed 0/1 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_serial_init),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
