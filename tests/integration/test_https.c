/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTPS checks from end to end: check, helper child, libcurl, and a TLS server that sends prepared
 * responses from files (openssl s_server). $SIDEPOD is the program that does `https-check`.
 */
#include "probe/probe.h"

#include "../unit/cmocka_all.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *helper;
static char dir[] = "/tmp/sp-test-https.XXXXXX";
static uint16_t tls_port, plain_port, closed_port;
static pid_t tls_pid, plain_pid;

static int listen_any(uint16_t *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (void *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (void *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static void put_file(const char *name, const char *content)
{
	FILE *f = fopen(name, "we");

	assert_non_null(f);
	fputs(content, f);
	assert_int_equal(fclose(f), 0);
}

static pid_t start_tls(void)
{
	char accept_at[32], line[256];
	int fds[2];
	pid_t pid;
	FILE *f;

	snprintf(accept_at, sizeof(accept_at), "127.0.0.1:%d", tls_port);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(open("/dev/null", O_RDWR | O_CLOEXEC), 0);
		dup2(fds[1], 1);
		dup2(open("/dev/null", O_RDWR | O_CLOEXEC), 2);
		close(fds[0]);
		execlp("openssl", "openssl", "s_server", "-accept", accept_at, "-cert", "cert",
		       "-key", "key", "-HTTP", (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	f = fdopen(fds[0], "re");
	while (fgets(line, sizeof(line), f) && strncmp(line, "ACCEPT", 6) != 0)
		;
	/* stays open: the server goes on to print */
	return pid;
}

/* Answers whatever comes, TLS or not, in plain HTTP. */
static pid_t start_plain(void)
{
	static const char answer[] =
		"HTTP/1.1 418 x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
	int listener = listen_any(&plain_port);
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			int fd = accept(listener, NULL, NULL);
			char some[4096];
			struct pollfd p = {fd, POLLIN, 0};

			(void)!read(fd, some, sizeof(some));
			(void)!write(fd, answer, sizeof(answer) - 1);
			shutdown(fd, SHUT_WR);
			while (poll(&p, 1, 2000) > 0 && read(fd, some, sizeof(some)) > 0)
				;
			close(fd);
		}
	}
	close(listener);
	return pid;
}

static int set_up(void **state)
{
	if (!mkdtemp(dir) || chdir(dir) < 0)
		return -1;
	if (system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
		   "-subj /CN=wrong.example -days 2 -keyout key -out cert 2>/dev/null") != 0)
		return -1;
	put_file("ok", "HTTP/1.0 200 OK\r\n\r\nfine");
	put_file("bad", "HTTP/1.0 503 No\r\n\r\n");
	put_file("here", "HTTP/1.0 302 x\r\nLocation: /ok\r\n\r\n");
	put_file("there", "HTTP/1.0 302 x\r\nLocation: https://elsewhere.example/\r\n\r\nbody");
	put_file("loop", "HTTP/1.0 302 x\r\nLocation: loop\r\n\r\n");
	close(listen_any(&tls_port));
	close(listen_any(&closed_port));
	tls_pid = start_tls();
	plain_pid = start_plain();
	return 0;
}

static int tear_down(void **state)
{
	kill(tls_pid, SIGKILL);
	kill(plain_pid, SIGKILL);
	waitpid(tls_pid, NULL, 0);
	waitpid(plain_pid, NULL, 0);
	for (const char *const *f = (const char *const[]){"ok", "bad", "here", "there", "loop",
							  "key", "cert", NULL};
	     *f; f++)
		unlink(*f);
	return chdir("/") < 0 || rmdir(dir) < 0 ? -1 : 0;
}

static sp_time now_mono(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SP_SEC + t.tv_nsec;
}

static void expect(const struct sp_check_spec *spec, enum sp_outcome outcome, const char *text)
{
	struct sp_error err;
	struct sp_check *c = sp_check_start(spec, now_mono(), &err);
	uint32_t events;

	assert_non_null(c);
	do {
		sp_time left = SP_MIN(sp_check_deadline(c) - now_mono(), 20 * SP_SEC);
		struct pollfd p = {sp_check_fd(c, &events), POLLIN, 0};

		if (left > 0 && poll(&p, 1, (int)(left / SP_MSEC) + 1) == 0 &&
		    sp_check_deadline(c) == SP_NEVER)
			fail_msg("nothing happened for 20 s");
	} while (!sp_check_step(c, now_mono()));
	assert_string_equal(sp_check_text(c), text);
	assert_int_equal(sp_check_outcome(c), outcome);
	sp_check_free(c);
}

static const char *with_port(const char *fmt, uint16_t port)
{
	static char text[256];
	const char *at = strchrnul(fmt, '@');

	if (*at)
		snprintf(text, sizeof(text), "%.*s127.0.0.1:%d%s", (int)(at - fmt), fmt, port,
			 at + 1);
	else
		snprintf(text, sizeof(text), "%s", fmt);
	return text;
}

static void test_https(void **state)
{
	static const struct {
		const char *path;
		bool hook;
		const uint16_t *port;
		enum sp_outcome outcome;
		const char *text;
	} cases[] = {
		{"/ok", false, &tls_port, SP_OUT_SUCCESS, ""},
		{"/bad", false, &tls_port, SP_OUT_FAILURE,
		 "HTTP probe failed with statuscode: 503"},
		{"/bad", true, &tls_port, SP_OUT_SUCCESS, ""},
		{"/here", false, &tls_port, SP_OUT_SUCCESS, ""},
		{"/there", false, &tls_port, SP_OUT_WARNING,
		 "Probe terminated redirects, Response body: body"},
		{"/there", true, &tls_port, SP_OUT_SUCCESS, ""},
		{"/loop", false, &tls_port, SP_OUT_FAILURE,
		 "Get \"https://@/loop\": stopped after 10 redirects"},
		{"/x", false, &closed_port, SP_OUT_FAILURE,
		 "Get \"https://@/x\": dial tcp 127.0.0.1:*: connect: connection refused"},
		{"/x", false, &plain_port, SP_OUT_FAILURE,
		 "Get \"https://@/x\": http: server gave HTTP response to HTTPS client"},
		{"/x", true, &plain_port, SP_OUT_WARNING,
		 "request to HTTPS lifecycle hook @ got HTTP response, retry with HTTP succeeded"},
		{"/x", true, &closed_port, SP_OUT_FAILURE,
		 "Get \"https://@/x\": dial tcp 127.0.0.1:*: connect: connection refused"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_check_spec spec = {.kind = SP_CHECK_HTTPS,
					     .host = "127.0.0.1",
					     .port = *cases[i].port,
					     .path = cases[i].path,
					     .hook = cases[i].hook,
					     .kube_minor = 36,
					     .helper = helper,
					     .timeout = cases[i].hook ? 0 : 20 * SP_SEC};
		char want[512];
		const char *star;

		snprintf(want, sizeof(want), "%s", with_port(cases[i].text, spec.port));
		star = strchr(cases[i].text, '*');
		if (star)
			snprintf(strchr(want, '*'), 64, "%d%s", spec.port, star + 1);
		expect(&spec, cases[i].outcome, want);
	}
}

/* A server that accepts and says nothing: the check ends in time, and the child with it. */
static void test_silent(void **state)
{
	uint16_t port;
	int fd = listen_any(&port);
	struct sp_check_spec spec = {.kind = SP_CHECK_HTTPS,
				     .host = "127.0.0.1",
				     .port = port,
				     .path = "/",
				     .helper = helper,
				     .timeout = 100 * SP_MSEC};

	expect(&spec, SP_OUT_FAILURE,
	       with_port(
		       "Get \"https://@/\": context deadline exceeded (Client.Timeout exceeded while "
		       "awaiting headers)",
		       port));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_https),
					   cmocka_unit_test(test_silent)};

	helper = getenv("SIDEPOD");
	if (!helper || helper[0] != '/') {
		fputs("SIDEPOD is not set to an absolute path\n", stderr);
		return 2;
	}
	if (system("openssl version >/dev/null 2>&1") != 0) {
		if (getenv("SP_TESTS_MUST_RUN"))
			return 1;
		puts("1..0 # SKIP no openssl");
		return 0;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
