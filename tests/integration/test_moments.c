/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands and supervisors killed before each of their system calls. A process changes the world by
 * system calls alone, so these are all the states in which it can leave the machine; after `down`
 * nothing of any of them is left. Also: commands that meet others in each of these states.
 *
 * Of each a few moments are tried, other ones every time: SP_SEED repeats a run, SP_ROUNDS tells
 * how many of each, SP_ROUNDS=0 tries all; SP_TEST takes one test alone.
 */
#include "command_env.h"
#include "own_machine.h"

#include "../unit/cmocka_all.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STEP_MS   30  /* how long a system call takes while another command is under way */
#define LINGER_MS 200 /* how long a killed process goes on dying */

static unsigned seed;
static char doing[256]; /* told when a test fails */

/* ---- walking --------------------------------------------------------------------------------- */

enum blow {
	AT_STEP,    /* before a system call */
	WHEN_READY, /* when the command is over, which waits until the pod is ready */
	AT_FORK,    /* when it has a child that has not run yet */
};

struct walk {
	const char *program; /* whose steps: one that the command starts; NULL its own */
	enum blow blow;
	int stop_at;                  /* AT_STEP: which one, from 1; 0 none … */
	const char *const *meanwhile; /* … and while it stands there this begins; NULL nothing … */
	bool live;                    /* … then it goes on; else it is killed */

	int steps;             /* system calls that were begun */
	pid_t command, target; /* target: 0 not known yet */
	bool inside;           /* between the entry of a system call and its end */
	bool struck, command_over, target_over;
	pid_t child; /* AT_FORK: the one that has not run yet */
	pid_t other; /* of meanwhile */
	bool met;    /* it was begun */
	int out_fd, err_fd;
};

static pid_t start_stopped(const char *const *args)
{
	const char *argv[32] = {"sidepod"};
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		for (int n = 1; args[n - 1] && n < 31; n++)
			argv[n] = args[n - 1];
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		raise(SIGSTOP);
		execv(getenv("SIDEPOD"), (char **)(uintptr_t)argv);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	return pid;
}

static bool is_program(pid_t pid, const char *want)
{
	char path[64], name[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	f = fopen(path, "re");
	if (f && !fgets(name, sizeof(name), f))
		name[0] = '\0';
	if (f)
		fclose(f);
	name[strcspn(name, "\n")] = '\0';
	return strncmp(name, want, 15) == 0; /* all that the kernel keeps of it */
}

static void strike(struct walk *w)
{
	siginfo_t info;

	w->struck = true;
	kill(w->target, SIGKILL);
	if (w->blow == AT_FORK) /* whoever looks then sees it dead */
		(void)waitid(P_PID, (id_t)w->target, &info, WEXITED | WNOWAIT);
}

static void begin_other(struct walk *w, int ms)
{
	w->met = true;
	w->other = start(w->meanwhile, -1, &w->out_fd, &w->err_fd);
	usleep((useconds_t)ms * 1000); /* no wait: it is how long the other state lasts */
}

/* What it had to say is an error as well: whatever it met is ordinary. */
static void end_other(struct walk *w, int status)
{
	struct result r = {0};

	collect(w->out_fd, w->err_fd, &r);
	if (status != 0 || strstr(text(&r.err), "warning"))
		fail_msg("%s: '%s' ended with status %x\n%s", doing, w->meanwhile[0], status,
			 text(&r.err));
	result_done(&r);
	w->other = 0;
}

/* The target begins a system call, or ends one. Return: false, it was killed */
static bool step(struct walk *w)
{
	w->inside = !w->inside;
	if (!w->inside || ++w->steps != w->stop_at)
		return true;
	if (w->meanwhile)
		begin_other(w, STEP_MS);
	if (!w->live)
		strike(w);
	return w->live;
}

/* A process stopped: what it was, and what it does next. */
static void go_on(struct walk *w, pid_t pid, int status)
{
	int sig = WSTOPSIG(status), event = status >> 16;
	int how = pid == w->target && w->blow == AT_STEP ? PTRACE_SYSCALL : PTRACE_CONT;

	if (sig == (SIGTRAP | 0x80) && !step(w))
		return;
	if (event == PTRACE_EVENT_EXEC && !w->target &&
	    (w->program ? pid != w->command && is_program(pid, w->program) : pid == w->command)) {
		w->target = pid;
		how = w->blow == AT_STEP ? PTRACE_SYSCALL : PTRACE_CONT;
	}
	if (w->blow == AT_FORK && !w->struck) { /* the child and the news of it, in any order */
		if (event == PTRACE_EVENT_STOP && pid != w->command) {
			w->child = pid;
			return;
		}
		if (event == PTRACE_EVENT_FORK) {
			strike(w);
			if (!w->child)
				return;
			pid = w->child;
		}
	}
	/* a child that has not run yet, a container that has not died yet: the other one meets it
	 */
	if (w->struck && w->blow != AT_STEP && pid != w->target && !w->other &&
	    (event == PTRACE_EVENT_STOP || event == PTRACE_EVENT_FORK ||
	     event == PTRACE_EVENT_EXIT))
		begin_other(w, LINGER_MS);
	/* a child of the command may yet become that program; of others we need no more news */
	if (pid != w->target && pid != w->command &&
	    (w->blow == AT_STEP ? w->target != 0 : w->struck))
		how = PTRACE_DETACH;
	(void)ptrace(how, pid, NULL,
		     event || sig == (SIGTRAP | 0x80) ? 0 : sig); /* gone: so be it */
}

/* w->steps tells how many there were. */
static void walk(struct walk *w, const char *const *args)
{
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC;

	if (w->program || w->blow == AT_FORK)
		options |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
	if (w->blow == WHEN_READY)
		options |= PTRACE_O_TRACEEXIT;
	w->command = start_stopped(args);
	assert_int_equal(ptrace(PTRACE_SEIZE, w->command, NULL, options), 0);
	kill(w->command, SIGCONT);
	while (!w->command_over || (w->target && !w->target_over) || w->other ||
	       (w->blow == AT_FORK && !w->met)) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		assert_true(pid > 0);
		if (WIFSTOPPED(status)) {
			go_on(w, pid, status);
			continue;
		}
		if (pid == w->other)
			end_other(w, status);
		w->command_over |= pid == w->command;
		w->target_over |= pid == w->target;
		if (pid == w->command && w->blow == WHEN_READY)
			strike(w);
	}
}

/* ---- the ground ------------------------------------------------------------------------------ */

#define PARTS                                                                                      \
	"  terminationGracePeriodSeconds: 2\n"                                                     \
	"  volumes: [{name: d, emptyDir: {}}, {name: m, emptyDir: {medium: Memory}}]\n"            \
	"  initContainers:\n"                                                                      \
	"  - {name: proxy, " IMAGE ", restartPolicy: Always,\n"                                    \
	"     command: [demo, act, 'say=proxy up,term=0:0']}\n"                                    \
	"  - {name: setup, " IMAGE ", command: [demo, act, 'exit=0']}\n"                           \
	"  containers:\n"                                                                          \
	"  - {name: app, " IMAGE ", ports: [{containerPort: 80, hostPort: 18080}],\n"              \
	"     volumeMounts: [{name: d, mountPath: /d}, {name: m, mountPath: /m}],\n"
#define ENDS  "  restartPolicy: Never\n" PARTS "     command: [demo, act, 'exit=0']}\n"
#define STAYS PARTS "     command: [demo, act, 'term=0:0']}\n"

#define SUPERVISOR "sidepod-supervisor"
#define DOWN       ARGS("down", "--all", "--now")

static char ends[160], stays[160], job[160]; /* paths of manifests */

static void nothing(void)
{
}

static void live_pod(void)
{
	expect(0, ARGS("up", "--wait", stays));
}

static void lost_pod(void)
{
	live_pod();
	assert_int_equal(own_machine_kill_supervisors(), 1);
}

static void no_image(void)
{
	struct result r = run(ARGS("image", "rm", "sidepod.local/demo"));

	result_done(&r); /* it may not be there, or not yet */
	expect(0, ARGS("image", "prune"));
}

static void clean(void)
{
	struct result r = run(DOWN);

	if (r.code != 0 || strstr(text(&r.err), "warning"))
		fail_msg("%s: down ended with %d\n%s", doing, r.code, text(&r.err));
	result_done(&r);
	own_machine_clean(doing);
}

static int rounds(int otherwise)
{
	const char *s = getenv("SP_ROUNDS");

	return s ? atoi(s) : otherwise;
}

/* @like: stopped at @n moments spread over all there are, each time after @before. */
static void sweep(const char *what, int n, void (*before)(void), const struct walk *like,
		  const char *const *args)
{
	struct walk whole = {.program = like->program};
	unsigned chance = seed;
	int stride;

	snprintf(doing, sizeof(doing), "%s, whole", what);
	before();
	walk(&whole, args);
	assert_true(whole.steps > 0);
	clean();
	n = rounds(n);
	stride = n > 0 && n < whole.steps ? whole.steps / n : 1;
	printf("# %s: %d system calls\n", what, whole.steps);
	for (int at = 1 + rand_r(&chance) % stride; at <= whole.steps; at += stride) {
		struct walk w = *like;

		w.stop_at = at;
		snprintf(doing, sizeof(doing), "SP_SEED=%u, %s, system call %d of %d", seed, what,
			 at, whole.steps);
		before();
		walk(&w, args);
		clean();
	}
}

/* ---- killed ---------------------------------------------------------------------------------- */

static void test_run(void **state)
{
	sweep("run is killed", 10, nothing, &(struct walk){0}, ARGS("run", ends));
}

static void test_up(void **state)
{
	sweep("up is killed", 5, nothing, &(struct walk){0}, ARGS("up", "-d", ends));
}

static void test_job(void **state)
{
	sweep("run of a Job is killed", 6, nothing, &(struct walk){0}, ARGS("run", job));
}

static void test_supervisor(void **state)
{
	sweep("the supervisor is killed", 10, nothing, &(struct walk){.program = SUPERVISOR},
	      ARGS("run", ends));
}

static void test_worker(void **state)
{
	sweep("the worker is killed", 6, no_image, &(struct walk){.program = "sidepod-worker"},
	      ARGS("run", ends));
}

static void test_down(void **state)
{
	sweep("down is killed", 4, live_pod, &(struct walk){0}, ARGS("down", "stays"));
}

static void test_down_of_lost(void **state)
{
	sweep("down of a lost pod is killed", 4, lost_pod, &(struct walk){0},
	      ARGS("down", "stays"));
}

/* ---- met ------------------------------------------------------------------------------------- */

static void test_down_meets_supervisor(void **state)
{
	sweep("down meets a supervisor that is killed", 5, nothing,
	      &(struct walk){.program = SUPERVISOR, .meanwhile = DOWN}, ARGS("run", ends));
}

static void test_down_meets_run(void **state)
{
	sweep("down meets run", 5, nothing, &(struct walk){.meanwhile = DOWN, .live = true},
	      ARGS("run", ends));
}

static void test_down_meets_down(void **state)
{
	sweep("down meets down", 4, live_pod, &(struct walk){.meanwhile = DOWN, .live = true},
	      DOWN);
}

static void test_ps_meets_run(void **state)
{
	sweep("ps meets run", 4, nothing, &(struct walk){.meanwhile = ARGS("ps"), .live = true},
	      ARGS("run", ends));
}

/* What is killed needs the processor to end, and time to give back its memory. */
static void test_containers_die_slowly(void **state)
{
	snprintf(doing, sizeof(doing), "containers that die slowly");
	walk(&(struct walk){.program = SUPERVISOR, .blow = WHEN_READY, .meanwhile = DOWN},
	     ARGS("up", "--wait", stays));
	own_machine_clean(doing); /* by the one that met them */
}

/* The name server of a run that was killed before that one's first step. */
static void test_children_begin_late(void **state)
{
	snprintf(doing, sizeof(doing), "a name server that begins late");
	walk(&(struct walk){.blow = AT_FORK, .meanwhile = DOWN}, ARGS("run", job));
	own_machine_clean(doing);
}

/* ---- all ------------------------------------------------------------------------------------- */

static void write_job(void)
{
	FILE *f;

	snprintf(job, sizeof(job), "%s/job.yaml", root);
	f = fopen(job, "we");
	assert_non_null(f);
	fputs("apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec:\n  template:\n"
	      "    spec:\n      restartPolicy: Never\n"
	      "      containers: [{name: c, " IMAGE ", command: [demo, act, 'exit=0.01']}]\n"
	      "---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\n"
	      "spec: {selector: {job-name: j}, ports: [{port: 80}]}\n",
	      f);
	fclose(f);
}

/* What first pods make for good (the image, directories) belongs to the state before. */
static int set_up(void **state)
{
	const char *s = getenv("SP_SEED");

	seed = s ? (unsigned)strtoul(s, NULL, 10) : (unsigned)getpid() ^ (unsigned)time(NULL);
	printf("# SP_SEED=%u\n", seed);
	if (env_set_up(state) != 0)
		return -1;
	snprintf(ends, sizeof(ends), "%s", manifest("ends", ENDS));
	snprintf(stays, sizeof(stays), "%s", manifest("stays", STAYS));
	write_job();
	expect(0, ARGS("run", ends));
	expect(0, ARGS("run", job));
	own_machine_mark(root);
	return 0;
}

static int tests(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_up),
		cmocka_unit_test(test_job),
		cmocka_unit_test(test_supervisor),
		cmocka_unit_test(test_worker),
		cmocka_unit_test(test_down),
		cmocka_unit_test(test_down_of_lost),
		cmocka_unit_test(test_down_meets_supervisor),
		cmocka_unit_test(test_down_meets_run),
		cmocka_unit_test(test_down_meets_down),
		cmocka_unit_test(test_ps_meets_run),
		cmocka_unit_test(test_containers_die_slowly),
		cmocka_unit_test(test_children_begin_late),
	};

	if (getenv("SP_TEST"))
		cmocka_set_test_filter(getenv("SP_TEST"));
	return cmocka_run_group_tests(all, set_up, env_tear_down);
}

int main(void)
{
	return own_machine_run(tests);
}
