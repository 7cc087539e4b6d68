/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods for real: the supervisor, its sandbox and containers of busybox. Order is proved by the run
 * record and by what the containers wrote; times are asserted only where the contract has a wait.
 */
#include "pod_world.h"

#include "../unit/cmocka_all.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct pod_world world;

static void test_start_order(void **state)
{
	const char *log;
	struct pod_run p;

	pod_start(&world, &p, "order");
	pod_wait(&p);
	assert_int_equal(p.exit_code, 0);
	assert_order(&p, "pod.accepted", "sandbox.ready", "start s1", "started s1", "start i1",
		     "exit i1", "start s2", "started s2", "start app", "exit app",
		     "pod.terminating", "sigterm s2", "exit s2", "sigterm s1", "exit s1",
		     "pod.phase.Succeeded", NULL);
	/* Sidecars without a gate only have to be launched: what they write may come later. */
	log = strstr(pod_log(&p, "app", 0), "i1\n");
	assert_true(log && strstr(log, "app\n"));
	assert_non_null(strstr(pod_file(&p, "status.json"), "\"phase\":\"Succeeded\""));
	pod_end(&p);
}

/* The gate of a startup probe: nothing behind it exists before the probe has succeeded. */
static void test_startup_gate(void **state)
{
	struct pod_run p;

	pod_start(&world, &p, "gate");
	pod_wait(&p);
	assert_order(&p, "start s", "probe.startup s", "probe.startup.done s", "probe.startup s",
		     "started s", "start app", "exit app", NULL);
	assert_string_equal(fact(&p, "probe.startup.done", "s", 0)->reason, "failure");
	assert_string_equal(pod_log(&p, "app", 0), "saw it\n");
	assert_int_equal(fact(&p, "exit", "app", 0)->code, 0);
	assert_true(event_at(&p, "Unhealthy", "Startup probe failed: ") >= 0);
	pod_end(&p);
}

/* A sidecar that dies: before it is done, while init containers run, beside the app, at the end. */
static void test_sidecar_crashes(void **state)
{
	struct pod_run p;

	/* before the gate opens: restarted, and only then the next one */
	pod_start(&world, &p, "crash1");
	pod_wait(&p);
	assert_order(&p, "start s", "exit s", "start s", "started s", "start app", "exit app",
		     NULL);
	assert_int_equal(fact(&p, "exit", "s", 0)->code, 3);
	assert_int_equal(fact(&p, "start", "s", 1)->attempt, 1);
	assert_non_null(strstr(pod_file(&p, "status.json"), "\"phase\":\"Succeeded\""));
	pod_end(&p);

	/* while an init container runs */
	pod_start(&world, &p, "crash2");
	pod_wait(&p);
	assert_order(&p, "start s", "exit s", "start s", "exit i", "start app", NULL);
	assert_int_equal(fact(&p, "exit", "i", 0)->code, 0);
	pod_end(&p);

	/* beside the app: restarted, the app is not touched */
	pod_start(&world, &p, "crash3");
	pod_wait(&p);
	assert_order(&p, "start s", "start app", "exit s", "start s", "exit app", NULL);
	assert_int_equal(fact_at(&p, "start", "app", 1), -1);
	pod_end(&p);

	/* its code never counts */
	pod_start(&world, &p, "crash4");
	pod_wait(&p);
	assert_int_equal(fact(&p, "exit", "s", 0)->code, 9);
	assert_non_null(strstr(pod_file(&p, "status.json"), "\"phase\":\"Succeeded\""));
	pod_end(&p);
}

/* NS-1, NS-2, NS-4, VOL-1: what containers of a pod share, and what each instance has alone. */
static void test_shared_and_apart(void **state)
{
	struct pod_run p;

	pod_start(&world, &p, "apart");
	pod_wait(&p);
	assert_string_equal(pod_log(&p, "app", 0), "run\nrun\nsame net\nsame ipc\nsame uts\n"
						   "other pid\nother mnt\nclean\n");
	pod_end(&p);
}

static void test_ordered_stop(void **state)
{
	struct pod_run p;

	pod_start(&world, &p, "stop");
	for (size_t i = 0; i < 3; i++)
		pod_wait_log(&p, (const char *const[]){"s1", "s2", "app"}[i], "up\n");
	json_decref(pod_call(&p, "{\"op\":\"delete\"}"));
	pod_wait(&p);
	assert_int_equal(p.exit_code, 0);
	assert_order(&p, "pod.delete", "pod.terminating", "sigterm app", "exit app", "sigterm s2",
		     "exit s2", "sigterm s1", "exit s1", "pod.finished", NULL);
	assert_int_equal(fact_at(&p, "sigkill", "s1", -1), -1);
	assert_int_equal(fact(&p, "pod.terminating", NULL, -1)->grace_s, 30);
	assert_true(event_at(&p, "Killing", "Stopping container app") >= 0);
	assert_null(strstr(pod_log(&p, "app", 0), "end")); /* no sidecar had ended before it */
	pod_end(&p);
}

/* Nobody listens to the stop signal: everything is over two seconds behind the grace period. */
static void test_grace_exhausted(void **state)
{
	struct pod_run p;
	sp_time t0, gone;

	pod_start(&world, &p, "grace");
	pod_wait_fact(&p, "pod.phase.Running", NULL, -1);
	json_decref(pod_call(&p, "{\"op\":\"delete\"}"));
	pod_wait(&p);
	t0 = fact(&p, "pod.terminating", NULL, -1)->t_ns;
	gone = fact(&p, "pod.finished", NULL, -1)->t_ns;
	assert_int_equal(fact(&p, "exit", "app", 0)->code, 137);
	assert_int_equal(fact(&p, "exit", "s", 0)->code, 137);
	assert_true(fact(&p, "sigterm", "s", 0)->t_ns - t0 >= 1 * SP_SEC); /* TERM-16 */
	assert_true(gone - t0 >= 3 * SP_SEC);
	pod_end(&p);
}

static void test_hooks(void **state)
{
	struct pod_run p;

	pod_start(&world, &p, "hooks");
	pod_wait_log(&p, "app", "post\n");
	json_decref(pod_call(&p, "{\"op\":\"delete\"}"));
	pod_wait(&p);
	assert_order(&p, "start s", "poststart.begin s", "poststart.end s", "started s",
		     "start app", "pod.terminating", "prestop.begin app", "prestop.end app",
		     "sigterm app", "exit app", NULL);
	assert_string_equal(pod_log(&p, "app", 0), "post\npost\npre\n");
	pod_end(&p);

	/* a postStart that fails ends its container, preStop included */
	pod_start(&world, &p, "hookfail");
	pod_wait(&p);
	assert_true(event_at(&p, "FailedPostStartHook", "PostStartHook failed") >= 0);
	assert_order(&p, "poststart.begin app", "kill app", "prestop.begin app", "sigterm app",
		     "exit app", NULL);
	assert_string_equal(pod_log(&p, "app", 0), "pre\n");
	pod_end(&p);
}

static void test_liveness(void **state)
{
	struct pod_run p;

	pod_start(&world, &p, "live");
	pod_wait_fact(&p, "started", "app", 1);
	json_decref(pod_call(&p, "{\"op\":\"delete\",\"graceSeconds\":1}"));
	pod_wait(&p);
	assert_order(&p, "started app", "probe.liveness.done app", "probe.liveness.done app",
		     "kill app", "sigterm app", "exit app", "start app", "started app", NULL);
	assert_string_equal(fact(&p, "kill", "app", 0)->message,
			    "Container app failed liveness probe, will be restarted");
	pod_end(&p);
}

static void test_out_of_memory(void **state)
{
	struct pod_run p;

	if (world.engine.rootless)
		return; /* limits need cgroups, which are root's on most machines */

	pod_start(&world, &p, "oom");
	pod_wait(&p);
	assert_int_equal(fact(&p, "exit", "app", 0)->code, 137);
	assert_string_equal(fact(&p, "exit", "app", 0)->reason, "OOMKilled");
	assert_non_null(strstr(pod_file(&p, "status.json"), "\"phase\":\"Failed\""));
	pod_end(&p);
}

/* VOL-6 */
static void test_objects(void **state)
{
	struct pod_run p;

	pod_start(&world, &p, "objects");
	pod_wait(&p);
	assert_string_equal(pod_log(&p, "app", 0), "hi\n400\nsecretobjects\n"
						   "green secret objects objects\nobjects\n");
	assert_int_equal(fact(&p, "exit", "app", 0)->code, 0);
	pod_end(&p);
}

/* A ConfigMap that comes later: FailedMount, then at once when it is there; VOL-3 updates it. */
static void test_objects_appear(void **state)
{
	static const char first[] =
		"{\"op\":\"objects\",\"secrets\":[],\"configMaps\":[{\"apiVersion\":"
		"\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"late\"},"
		"\"data\":{\"k\":\"one\"}}]}";
	static const char second[] =
		"{\"op\":\"objects\",\"secrets\":[],\"configMaps\":[{\"apiVersion\":"
		"\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"late\"},"
		"\"data\":{\"k\":\"two\"}}]}";
	struct pod_run p;

	pod_start(&world, &p, "late");
	pod_wait_fact(&p, "event", NULL, -1);
	assert_true(
		event_at(
			&p, "FailedMount",
			"MountVolume.SetUp failed for volume \"c\" : configmap \"late\" not found") >=
		0);
	json_decref(pod_call(&p, first));
	pod_wait_fact(&p, "started", "app", 0); /* it has read the first one */
	json_decref(pod_call(&p, second));
	pod_wait(&p);
	assert_string_equal(pod_log(&p, "app", 0), "oneone\n"); /* variables are not updated */
	pod_end(&p);
}

static void test_create_errors(void **state)
{
	struct pod_run p;

	/* a key that does not exist; as root against the rules; a program that does not exist */
	pod_start(&world, &p, "errors");
	pod_wait_fact(&p, "starterror", "dir", 0);

	json_t *status = pod_call(&p, "{\"op\":\"status\"}");
	char *text = json_dumps(status, JSON_COMPACT);

	assert_non_null(strstr(text, "\"reason\":\"CreateContainerConfigError\""));
	assert_non_null(strstr(text, "configmap \\\"nope\\\" not found"));
	assert_non_null(
		strstr(text, "container has runAsNonRoot and image will run as root (pod: "));
	assert_non_null(strstr(text, "No such file or directory"));
	free(text);
	json_decref(status);
	json_decref(pod_call(&p, "{\"op\":\"delete\",\"graceSeconds\":0}"));
	pod_wait(&p);
	assert_true(event_at(&p, "Failed", "Error: configmap \"nope\" not found") >= 0);
	pod_end(&p);
}

/* Three runs of a failing container: at once, then back-off; a clock that runs faster. */
static void test_back_off(void **state)
{
	struct pod_run p;

	world.engine.time_scale = 20;
	pod_start(&world, &p, "backoff");
	pod_wait(&p);
	world.engine.time_scale = 1;
	assert_order(&p, "exit app", "start app", "exit app", "backoff app", "start app",
		     "exit app", "pod.phase.Succeeded", NULL);
	assert_true(fact(&p, "start", "app", 2)->t_ns - fact(&p, "exit", "app", 1)->t_ns >=
		    10 * SP_SEC);
	assert_true(fact_at(&p, "backoff", "app", -1) > fact_at(&p, "start", "app", 1));
	pod_end(&p);
}

/* TMSG-2, TMSG-3 */
static void test_termination_messages(void **state)
{
	struct pod_run p;
	const char *status;

	pod_start(&world, &p, "message");
	pod_wait(&p);
	status = pod_file(&p, "status.json");
	assert_non_null(strstr(status, "\"message\":\"said\\n\""));
	assert_non_null(strstr(status, "\"message\":\"one\\ntwo\\n\""));
	assert_null(strstr(status, "three"));
	pod_end(&p);

	/* the end of what was written, at most 4096 bytes */
	pod_start(&world, &p, "longmessage");
	pod_wait(&p);
	status = pod_file(&p, "status.json");
	assert_non_null(strstr(status, "1999\\n2000\\n\""));
	assert_null(strstr(status, "\\n1000\\n"));
	pod_end(&p);
}

/* PROBE-23 */
static void test_probes_over_the_network(void **state)
{
	struct pod_run p;

	pod_start(&world, &p, "http");
	pod_wait_fact(&p, "ready", "s", 0);
	pod_wait_fact(&p, "started", "app", 0);
	json_decref(pod_call(&p, "{\"op\":\"delete\"}"));
	pod_wait(&p);
	assert_order(&p, "probe.startup s", "started s", "probe.readiness s", "ready s", NULL);
	/* a port that does not exist is an error, which kills nobody (PROBE-9) */
	assert_int_equal(fact_at(&p, "kill", "s", 0), -1);
	pod_end(&p);
}

static void test_exec_and_usage(void **state)
{
	static const char request[] =
		"{\"op\":\"exec\",\"container\":\"app\",\"argv\":[\"sh\",\"-c\",\"cat; echo $X; exit 7\"],"
		"\"env\":[\"PATH=/bin\",\"X=y\"]}";
	int in[2], out[2], err_fd[2], fd = -1;
	struct sp_error err = {0};
	json_t *answer = NULL;
	struct pod_run p;
	char mem[256] = "";
	ssize_t n;

	pod_start(&world, &p, "exec");
	pod_wait_fact(&p, "started", "app", 0);
	assert_int_equal(pipe(in) | pipe(out) | pipe(err_fd), 0);
	const int fds[] = {in[0], out[1], err_fd[1]};

	if (sp_supervisor_call(p.sup.control_fd, request, strlen(request), fds, 3, NULL, &answer,
			       &err) < 0)
		fail_msg("%s", err.text);
	close(in[0]);
	close(out[1]);
	close(err_fd[1]);
	assert_int_equal(write(in[1], "hello\n", 6), 6);
	close(in[1]);
	for (size_t at = 0; (n = read(out[0], mem + at, sizeof(mem) - 1 - at)) > 0; at += (size_t)n)
		;
	assert_string_equal(mem, "hello\ny\n");
	n = recv(p.sup.control_fd, mem, sizeof(mem) - 1, 0);
	assert_true(n > 0);
	mem[n] = '\0';
	assert_string_equal(mem, "{\"exec\":1,\"exitCode\":7}");
	json_decref(answer);
	close(out[0]);
	close(err_fd[0]);

	/* a terminal: its master comes with the answer */
	static const char tty[] = "{\"op\":\"exec\",\"container\":\"app\",\"argv\":[\"sh\",\"-c\","
				  "\"test -t 0 && stty size 2>/dev/null; echo tty\"],\"tty\":true,"
				  "\"rows\":33,\"cols\":111}";

	if (sp_supervisor_call(p.sup.control_fd, tty, strlen(tty), NULL, 0, &fd, &answer, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(fd >= 0);
	json_decref(answer);
	memset(mem, 0, sizeof(mem));
	for (size_t at = 0; (n = read(fd, mem + at, sizeof(mem) - 1 - at)) > 0; at += (size_t)n)
		;
	assert_non_null(strstr(mem, "tty"));
	close(fd);
	assert_true(recv(p.sup.control_fd, mem, sizeof(mem), 0) > 0);

	answer = pod_call(&p, "{\"op\":\"usage\"}");
	assert_true(world.engine.rootless ||
		    json_integer_value(json_object_get(
			    json_object_get(json_object_get(answer, "containers"), "app"),
			    "memoryBytes")) > 0);
	json_decref(answer);

	static const char bad[] = "{\"op\":\"exec\",\"container\":\"nobody\",\"argv\":[\"x\"]}";

	assert_int_equal(
		sp_supervisor_call(p.sup.control_fd, bad, strlen(bad), NULL, 0, NULL, NULL, &err),
		-1);
	assert_int_equal(err.code, SP_E_NOT_FOUND);
	json_decref(pod_call(&p, "{\"op\":\"delete\"}"));
	pod_wait(&p);
	pod_end(&p);
}

static int open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* Killed at any moment, a supervisor takes its pod along; the sweep leaves nothing. */
static void test_killed_supervisor(void **state)
{
	struct pod_run p;
	unsigned seed = (unsigned)getpid();
	int descriptors = open_descriptors();

	for (int i = 0; i < 25; i++) {
		struct sp_error err = {0};

		pod_start(&world, &p, "killed");
		usleep((useconds_t)(rand_r(&seed) % 12000)); /* no wait: the moment of the blow */
		assert_int_equal(kill(p.sup.pid, SIGKILL), 0);
		pod_wait(&p);
		assert_int_equal(sp_supervisor_alive(world.engine.run_dir, p.uid, &err), 0);
		pod_end(&p);
		assert_int_equal(open_descriptors(), descriptors);
	}
}

/* SBX-2: after a dead supervisor the next one goes on: everything starts again, in order. */
static void test_resume(void **state)
{
	char path[192], mem[8];
	FILE *f;
	struct pod_run p;
	struct sp_error err = {0};

	pod_start(&world, &p, "resume");
	pod_wait_log(&p, "app", "up\n");
	assert_int_equal(kill(p.sup.pid, SIGKILL), 0);
	pod_wait(&p);
	if (sp_pod_sweep(&world.engine, p.uid, false, NULL, &err) < 0)
		fail_msg("%s", err.text);
	/* killed in the middle of a line */
	snprintf(path, sizeof(path), "%s/pods/%s/record.jsonl", world.engine.run_dir, p.uid);
	f = fopen(path, "ae");
	assert_non_null(f);
	fputs("{\"tNs\":12345,\"event\":\"st", f);
	fclose(f);
	pod_spawn(&p, true);
	pod_wait_fact(&p, "started", "app", 1);
	/* VOL-1: what was in the emptyDir is there still */
	snprintf(path, sizeof(path), "%s/pods/%s/volumes/v/o", world.engine.root, p.uid);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_int_equal(fread(mem, 1, 6, f), 6);
	assert_memory_equal(mem, "s\napp\n", 6);
	fclose(f);
	json_decref(pod_call(&p, "{\"op\":\"delete\"}"));
	pod_wait(&p);
	assert_int_equal(p.exit_code, 0);
	assert_order(&p, "start app", "sandbox.lost", "sandbox.ready", "start s", "start i",
		     "start app", "pod.terminating", "pod.finished", NULL);
	assert_true(event_at(&p, "SandboxChanged", "") >= 0);
	pod_end(&p);
}

/* A state that is none is not gone on with. */
static void test_resume_damaged(void **state)
{
	struct sp_error err = {0};
	struct pod_run p;
	char path[192];
	FILE *f;

	pod_start(&world, &p, "resume");
	pod_wait_fact(&p, "pod.phase.Running", NULL, -1);
	assert_int_equal(kill(p.sup.pid, SIGKILL), 0);
	pod_wait(&p);
	if (sp_pod_sweep(&world.engine, p.uid, false, NULL, &err) < 0)
		fail_msg("%s", err.text);
	snprintf(path, sizeof(path), "%s/pods/%s/state", world.engine.run_dir, p.uid);
	f = fopen(path, "r+e");
	assert_non_null(f);
	assert_int_equal(fseek(f, 64, SEEK_SET), 0); /* behind what tells its version */
	for (int i = 0; i < 8192; i++)
		assert_int_equal(fputc(0xee, f), 0xee);
	assert_int_equal(fclose(f), 0);
	pod_spawn(&p, true);
	pod_wait(&p);
	assert_int_equal(p.exit_code, 1);
	assert_non_null(strstr(pod_file(&p, "supervisor.log"), "'state' is damaged"));
	snprintf(path, sizeof(path), "%s/pods/%s/supervisor.log", world.engine.run_dir, p.uid);
	assert_int_equal(truncate(path, 0), 0); /* it was to say so, and nothing else */
	pod_end(&p);
}

/* Output of every kind goes through: much of it, without newline, from processes left behind; it
 * is found where LOG-1 says. */
static void test_output(void **state)
{
	struct pod_run p;
	const char *log;
	int n = 0;

	pod_start(&world, &p, "output");
	pod_wait(&p);
	log = pod_log(&p, "app", 0);
	assert_memory_equal(log, "1\n2\n3\n", 6);
	assert_non_null(strstr(log, "\n19999\n20000\n"));
	assert_non_null(strstr(log, "err\n"));
	assert_null(strstr(log, "no\n"));
	for (; *log; log++) /* the other stream may stand between its pieces */
		n += *log == 'x';
	assert_int_equal(n, 20000);
	pod_end(&p);
}

/* A bridge and a pool of addresses of its own: the pod has an address, says so, gives it back. */
static void test_bridge(void **state)
{
	const struct sp_engine plain = world.engine;
	struct sp_net_config config;
	struct sp_error err = {0};
	struct sp_net_host host;
	struct pod_run p;
	struct stat st;
	char path[128];
	int net;

	if (world.engine.rootless)
		return; /* links of the machine are root's */
	net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	/* a network namespace that plays the machine: nobody else's addresses are in the way */
	assert_true(net >= 0);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	world.engine.net = SP_NET_BRIDGE;
	world.engine.subnet = "10.219.0.0/24";
	pod_start(&world, &p, "address");
	pod_wait(&p);
	assert_string_equal(pod_log(&p, "app", 0), "10.219.0.2\n1\n");
	assert_non_null(strstr(pod_file(&p, "record.jsonl"), "\"pod.phase.Succeeded\""));
	pod_end(&p);

	/* and one whose supervisor is killed: the sweep gives it back */
	pod_start(&world, &p, "pair");
	pod_wait_fact(&p, "started", "app", 0);
	assert_int_equal(kill(p.sup.pid, SIGKILL), 0);
	pod_wait(&p);
	pod_end(&p);
	assert_int_equal(sp_engine_net_config(&world.arena, &world.engine, &config, &err), 0);
	assert_int_equal(sp_net_host_open(&config, &host, &err), 0);
	assert_int_equal(sp_net_machine_down(&config, &host, &err), 1); /* no lease is left */
	sp_net_host_close(&host);
	/* the empty pool of a machine that is gone */
	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	snprintf(path, sizeof(path), "%s/pool.%llu", config.state_dir,
		 (unsigned long long)st.st_ino);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(setns(net, CLONE_NEWNET), 0);
	close(net);
	world.engine = plain;
}

/* An image that changes restarts its container, whatever the policy; a gate makes it ready. */
static void test_requests(void **state)
{
	struct pod_run p;
	const char *status;

	pod_start(&world, &p, "requests");
	pod_wait_log(&p, "app", "up\n"); /* from here on it listens to signals */
	json_decref(
		pod_call(&p, "{\"op\":\"gate\",\"type\":\"example.com/go\",\"status\":\"True\"}"));
	pod_wait_fact(&p, "pod.cond.Ready=True", NULL, -1);
	json_decref(pod_call(
		&p, "{\"op\":\"setImage\",\"container\":\"app\",\"image\":\"busybox:2\"}"));
	/* nobody can fetch that one here: the old one is stopped, the new one waits */
	pod_wait_fact(&p, "pullfail", "app", -1);
	json_decref(pod_call(&p, "{\"op\":\"delete\",\"graceSeconds\":1}"));
	pod_wait(&p);
	status = pod_file(&p, "status.json");
	assert_true(event_at(&p, "Killing",
			     "Container app definition changed, will be restarted") >= 0);
	assert_non_null(strstr(status, "\"type\":\"example.com/go\",\"status\":\"True\""));
	assert_non_null(strstr(status, "\"deletionGracePeriodSeconds\":1"));
	pod_end(&p);
}

/* Standard input is handed to the client: the container reads from it directly. */
static void test_attach(void **state)
{
	static const char app[] = "{\"op\":\"attach\",\"container\":\"app\"}";
	static const char tty[] = "{\"op\":\"attach\",\"container\":\"tty\"}";
	struct sp_error err = {0};
	struct pod_run p;
	int fd = -1;

	pod_start(&world, &p, "attach");
	pod_wait_fact(&p, "started", "tty", 0);
	if (sp_supervisor_call(p.sup.control_fd, app, strlen(app), NULL, 0, &fd, NULL, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(write(fd, "hello\n", 6), 6);
	close(fd); /* stdinOnce: the end of its input */
	if (sp_supervisor_call(p.sup.control_fd, tty, strlen(tty), NULL, 0, &fd, NULL, &err) < 0)
		fail_msg("%s", err.text);
	json_decref(
		pod_call(&p, "{\"op\":\"resize\",\"container\":\"tty\",\"rows\":20,\"cols\":70}"));
	assert_int_equal(write(fd, "there\n", 6), 6);
	close(fd);
	pod_wait(&p);
	assert_string_equal(pod_log(&p, "app", 0), "hello\n");
	assert_non_null(strstr(pod_log(&p, "tty", 0), "got there"));
	pod_end(&p);
}

/* One PID namespace for all; orphans are reaped; the machine's namespaces. */
static void test_namespaces(void **state)
{
	struct pod_run p;

	pod_start(&world, &p, "shared");
	pod_wait(&p);
	assert_string_equal(pod_log(&p, "app", 0), "sees it\n");
	pod_end(&p);

	if (world.engine.rootless)
		return; /* the machine's /proc cannot be mounted in a user namespace */
	pod_start(&world, &p, "hostnet");
	pod_wait(&p);
	assert_non_null(strstr(pod_log(&p, "app", 0), "sees it\n"));
	pod_end(&p);
}

/* A Job-like pod: runs until it succeeds, then its sidecar is stopped; a claim outlives the pod. */
static void test_job(void **state)
{
	char path[192];
	struct pod_run p;
	struct stat st;

	pod_start(&world, &p, "job");
	pod_wait(&p);
	assert_order(&p, "start s", "start app", "exit app", "start app", "exit app",
		     "pod.terminating", "sigterm s", "exit s", "pod.phase.Succeeded", NULL);
	assert_string_equal(fact(&p, "pod.terminating", NULL, -1)->reason, "FINISHED");
	assert_int_equal(fact(&p, "exit", "app", 0)->code, 1);
	assert_int_equal(fact(&p, "exit", "app", 1)->code, 0);
	pod_end(&p);
	snprintf(path, sizeof(path), "%s/volumes/default/data/job/deep/runs", world.engine.root);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 8);
}

/* The last one. */
static void test_nothing_is_left(void **state)
{
	world_close(&world);
}

static int after_test(void **state)
{
	world_after_test(&world);
	return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, after_test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_start_order),
		TEST(test_startup_gate),
		TEST(test_sidecar_crashes),
		TEST(test_shared_and_apart),
		TEST(test_ordered_stop),
		TEST(test_grace_exhausted),
		TEST(test_hooks),
		TEST(test_liveness),
		TEST(test_out_of_memory),
		TEST(test_objects),
		TEST(test_objects_appear),
		TEST(test_create_errors),
		TEST(test_back_off),
		TEST(test_termination_messages),
		TEST(test_probes_over_the_network),
		TEST(test_exec_and_usage),
		TEST(test_output),
		TEST(test_requests),
		TEST(test_bridge),
		TEST(test_attach),
		TEST(test_namespaces),
		TEST(test_job),
		TEST(test_resume),
		TEST(test_resume_damaged),
		TEST(test_killed_supervisor),
		cmocka_unit_test(test_nothing_is_left),
	};

	if (!world_open(&world))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
