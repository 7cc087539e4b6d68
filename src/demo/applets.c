/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program inside the built-in image: one static binary, no shell, that plays the part it is
 * told to. Demos and conformance runs give it start delays, exit codes, reactions to signals, probe
 * results and hooks as words on its command line.
 *
 * - act PLAN…: run as an instance of a container; the k-th PLAN is for the k-th instance (the last
 *   one repeats; needs count=FILE on a volume when there are several)
 * - check PLAN…: an exec probe, succeeds or fails by the time since the container's start
 * - hook PLAN: a lifecycle hook, takes its time, then succeeds or fails
 * - tell WORD: to act in the same container; crash=CODE ends it now, oom lets it eat memory
 * - image …: the image program of a supervisor, which asks files instead of a registry
 * - sleep S, echo TEXT…, cat FILE…, write FILE TEXT, get URL [within=S], env, true, false
 * - lookup NAME: its addresses, one a line; lookup NAME srv: port and name of each server
 *
 * PLAN is a comma list: exit=S|never  code=N  oom  term=S:CODE|ignore  say=TEXT  every=S:TEXT
 * listen=PORT (HTTP; /ready answers 200 between after= and until=, /hook?takes=S&fail as hook does,
 * /name tells the hostname)
 * after=S  until=S  window=A-B (may repeat)  always  never  slack=S (how early counts as in time)
 * takes=S|forever  fail  count=FILE  write=FILE:TEXT  touch=FILE.  Seconds may have fractions.
 */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <resolv.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SEC         1000000000ll
#define NEVER       INT64_MAX
#define WINDOWS_MAX 16

struct plan {
	int64_t exit_after, every, after, until, takes, term_after, slack;
	int code, term_code, port, n_windows;
	bool term_ignore, oom, fail, always, never, window_given;
	const char *say, *every_text, *count, *write_path, *write_text, *touch;
	struct {
		int64_t from, to;
	} windows[WINDOWS_MAX];
};

static void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
static void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fputs("demo: ", stderr);
	(void)vfprintf(stderr, fmt, ap);
	(void)fputc('\n', stderr);
	va_end(ap);
	exit(2);
}

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * SEC + t.tv_nsec;
}

static int64_t seconds(const char *s, char **end)
{
	double v;

	if (strcmp(s, "never") == 0 || strcmp(s, "forever") == 0)
		return NEVER;
	v = strtod(s, end);
	if (*end == s || v < 0 || v > 1e9)
		die("'%s' is not a number of seconds", s);
	return (int64_t)(v * 1e9);
}

static int64_t all_seconds(const char *s)
{
	char *end = NULL;
	int64_t t = seconds(s, &end);

	if (end && *end)
		die("'%s' is not a number of seconds", s);
	return t;
}

static int integer(const char *s)
{
	char *end;
	long v = strtol(s, &end, 10);

	if (end == s || *end || v < 0 || v > 65535)
		die("'%s' is not a number from 0 to 65535", s);
	return (int)v;
}

static void read_window(struct plan *p, const char *s)
{
	char *end = NULL;

	if (p->n_windows == WINDOWS_MAX)
		die("more than %d windows", WINDOWS_MAX);
	p->windows[p->n_windows].from = seconds(s, &end);
	if (!end || *end != '-')
		die("window=%s: write window=FROM-TO", s);
	p->windows[p->n_windows++].to = all_seconds(end + 1);
}

static void read_word(struct plan *p, char *word)
{
	char *v = strchr(word, '=');

	if (v)
		*v++ = '\0';
	else
		v = word + strlen(word);
	if (strcmp(word, "exit") == 0)
		p->exit_after = all_seconds(v);
	else if (strcmp(word, "code") == 0)
		p->code = integer(v);
	else if (strcmp(word, "oom") == 0)
		p->oom = true;
	else if (strcmp(word, "fail") == 0)
		p->fail = true;
	else if (strcmp(word, "always") == 0)
		p->always = true;
	else if (strcmp(word, "never") == 0)
		p->never = true;
	else if (strcmp(word, "say") == 0)
		p->say = v;
	else if (strcmp(word, "count") == 0)
		p->count = v;
	else if (strcmp(word, "touch") == 0)
		p->touch = v;
	else if (strcmp(word, "listen") == 0)
		p->port = integer(v);
	else if (strcmp(word, "after") == 0)
		p->after = all_seconds(v);
	else if (strcmp(word, "until") == 0)
		p->until = all_seconds(v);
	else if (strcmp(word, "takes") == 0)
		p->takes = all_seconds(v);
	else if (strcmp(word, "slack") == 0)
		p->slack = all_seconds(v);
	else if (strcmp(word, "window") == 0)
		read_window(p, v);
	else if (strcmp(word, "write") == 0) {
		p->write_path = v;
		v = strchr(v, ':');
		if (!v)
			die("write=FILE:TEXT");
		*v++ = '\0';
		p->write_text = v;
	} else if (strcmp(word, "every") == 0) {
		p->every_text = strchr(v, ':');
		if (!p->every_text)
			die("every=SECONDS:TEXT");
		v[p->every_text - v] = '\0';
		p->every_text++;
		p->every = all_seconds(v);
	} else if (strcmp(word, "term") == 0) {
		char *colon = strchr(v, ':');

		p->term_ignore = strcmp(v, "ignore") == 0;
		if (colon) {
			*colon = '\0';
			p->term_code = integer(colon + 1);
		}
		if (!p->term_ignore)
			p->term_after = all_seconds(v);
	} else {
		die("unknown word '%s'", word);
	}
}

static void read_plan(struct plan *p, char *text)
{
	char *save, *word;

	*p = (struct plan){.exit_after = NEVER, .until = NEVER, .term_code = 143};
	for (word = strtok_r(text, ",", &save); word; word = strtok_r(NULL, ",", &save))
		read_word(p, word);
}

static void append(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	char line[1024];
	int n = snprintf(line, sizeof(line), "%s\n", text);

	/* one write: lines of several containers do not mix */
	if (fd < 0 || n < 0 || (size_t)n >= sizeof(line) || write(fd, line, (size_t)n) != n)
		die("write '%s': %s", path, strerror(errno));
	close(fd);
}

/* How many instances came before this one: the size of a file that each makes a byte longer. */
static int instance(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	off_t n;

	if (fd < 0 || (n = lseek(fd, 0, SEEK_END)) < 0 || write(fd, "+", 1) != 1)
		die("count '%s': %s", path, strerror(errno));
	close(fd);
	return (int)n;
}

/* The newest instance's number, without being one. */
static int instance_now(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t n = fd < 0 ? 1 : lseek(fd, 0, SEEK_END);

	if (fd >= 0)
		close(fd);
	return n > 0 ? (int)n - 1 : 0;
}

#define ACT_NAME "act@" /* what act is called while it runs, followed by its launch in ms */

/* act tells its launch by its name: nothing has to be written anywhere, and the process may have
 * been waiting before its execve for long. */
static void tell_launch(int64_t t)
{
	char name[16];

	(void)snprintf(name, sizeof(name), ACT_NAME "%llx", (long long)(t / 1000000));
	(void)prctl(PR_SET_NAME, name); /* fails for no name */
}

static ssize_t read_text(const char *path, char *mem, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, mem, size - 1);

	if (fd >= 0)
		close(fd);
	mem[n > 0 ? n : 0] = '\0';
	return n;
}

/* Launch of the container: what act says, else the start of PID 1 in clock ticks since boot. */
static int64_t launch_time(void)
{
	char text[1024], *p;
	unsigned long long ticks = 0;
	int field;

	if (read_text("/proc/1/comm", text, sizeof(text)) > 0) {
		if (strncmp(text, ACT_NAME, strlen(ACT_NAME)) == 0)
			return (int64_t)strtoull(text + strlen(ACT_NAME), NULL, 16) * 1000000;
		if (strcmp(text, "act\n") == 0) /* launched this very moment */
			return now();
	}
	if (read_text("/proc/1/stat", text, sizeof(text)) <= 0)
		die("read /proc/1/stat: %s", strerror(errno));
	p = strrchr(text, ')'); /* the name may hold blanks */
	for (field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	if (!p)
		die("/proc/1/stat is not understood");
	ticks = strtoull(p, NULL, 10);
	return (int64_t)ticks * (SEC / sysconf(_SC_CLK_TCK));
}

static bool passes(const struct plan *p, int64_t t)
{
	if (p->never)
		return false;
	if (p->always)
		return true;
	if (p->n_windows == 0)
		return t >= p->after && t < p->until;
	for (int i = 0; i < p->n_windows; i++)
		if (t >= p->windows[i].from && t < p->windows[i].to)
			return true;
	return false;
}

static void wait_for(int64_t t)
{
	struct timespec ts = {t / SEC, t % SEC};

	if (t == NEVER)
		for (;;)
			pause();
	while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
		;
}

/* ---- act ---- */

static int listen_on(int port)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int one = 1, fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool v6 = fd >= 0;

	if (!v6)
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		die("socket: %s", strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one,
			 sizeof(one)); /* only matters for quick restarts */
	if ((v6 ? bind(fd, (struct sockaddr *)&a, sizeof(a))
		: bind(fd, (struct sockaddr *)&a4, sizeof(a4))) < 0 ||
	    listen(fd, 64) < 0)
		die("listen on %d: %s", port, strerror(errno));
	return fd;
}

/* A hook over HTTP waits in a process of its own: others are served meanwhile. */
static bool answer_hook(const char *query)
{
	const char *takes = strstr(query, "takes=");
	char text[32];

	if (takes) {
		(void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(takes + 6, "& "),
			       takes + 6);
		wait_for(all_seconds(text));
	}
	return !strstr(query, "fail");
}

/* To its end, though it comes in pieces: who closes with something unread takes the answer back. */
static bool read_request(int fd, char *req, size_t size)
{
	struct pollfd pf = {.fd = fd, .events = POLLIN};
	size_t have = 0;
	ssize_t n = 1;

	req[0] = '\0';
	while (n > 0 && have < size - 1 && !strstr(req, "\r\n\r\n")) {
		n = poll(&pf, 1, 1000) > 0 ? read(fd, req + have, size - 1 - have) : 0;
		have += n > 0 ? (size_t)n : 0;
		req[have] = '\0';
	}
	return have > 0;
}

static void serve_one(int fd, const struct plan *p, int64_t age)
{
	char req[2048], res[512], host[128] = "ok";
	bool hook, ok;
	int len;

	if (!read_request(fd, req, sizeof(req)))
		return;
	req[strcspn(req, "\r\n")] = '\0';
	hook = strncmp(req, "GET /hook", 9) == 0;
	if (hook && fork() != 0)
		return; /* the child answers; without one the connection closes: a failed hook */
	ok = hook ? answer_hook(req + 9) : strncmp(req, "GET /ready", 10) != 0 || passes(p, age);
	if (strncmp(req, "GET /name", 9) == 0)
		(void)gethostname(host, sizeof(host) - 1); /* shorter than that, always there */
	if (!ok)
		(void)snprintf(host, sizeof(host), "not ready"); /* fits */
	len = snprintf(
		res, sizeof(res),
		"HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s\n",
		ok ? "200 OK" : "503 Service Unavailable", strlen(host) + 1, host);
	(void)!write(fd, res, (size_t)len); /* the peer may be gone: its business */
	if (hook)
		_exit(0);
}

static void eat_memory(void)
{
	for (;;) {
		char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);

		if (p == MAP_FAILED)
			die("no memory left, and nobody killed us");
		memset(p, 1, 1 << 20);
	}
}

static int64_t min64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* What tell sends; the value that comes with the first is an exit code. */
#define SIG_CRASH (SIGRTMIN)
#define SIG_EAT   (SIGRTMIN + 1)

/* As PID 1 a signal that nobody waits for is lost: done before the first word is said. */
static void block_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGQUIT);
	sigaddset(set, SIGCHLD);
	sigaddset(set, SIG_CRASH);
	sigaddset(set, SIG_EAT);
	sigprocmask(SIG_BLOCK, set, NULL);
}

static int act(struct plan *p)
{
	int64_t start = now(), exit_at, say_at = NEVER, t = start;
	struct pollfd pf[2];
	int code = p->code;
	sigset_t set;

	exit_at = p->exit_after == NEVER ? NEVER : start + p->exit_after;
	block_signals(&set);
	tell_launch(start);
	pf[0] = (struct pollfd){.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
				.events = POLLIN};
	pf[1] = (struct pollfd){.fd = p->port ? listen_on(p->port) : -1, .events = POLLIN};
	if (p->every)
		say_at = t + p->every;
	for (;;) {
		int64_t next = min64(exit_at, say_at);
		struct timespec ts;
		struct signalfd_siginfo si;

		t = now();
		if (t >= exit_at) {
			if (p->oom)
				eat_memory();
			return code;
		}
		if (t >= say_at) {
			puts(p->every_text);
			say_at += p->every;
			continue;
		}
		ts = (struct timespec){(next - t) / SEC, (next - t) % SEC};
		if (ppoll(pf, 2, next == NEVER ? NULL : &ts, NULL) < 0 && errno != EINTR)
			die("poll: %s", strerror(errno));
		while (read(pf[0].fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
			if (si.ssi_signo == SIGCHLD) {
				while (waitpid(-1, NULL, WNOHANG) > 0)
					;
			} else if ((int)si.ssi_signo == SIG_CRASH) {
				return si.ssi_int;
			} else if ((int)si.ssi_signo == SIG_EAT) {
				eat_memory();
			} else if (!p->term_ignore && now() + p->term_after < exit_at) {
				exit_at = now() + p->term_after;
				code = p->term_code;
				p->oom = false;
			}
		}
		if (pf[1].fd >= 0 && (pf[1].revents & POLLIN)) {
			int c = accept4(pf[1].fd, NULL, NULL, SOCK_CLOEXEC);

			if (c >= 0) {
				serve_one(c, p, now() - start);
				close(c);
			}
		}
	}
}

static int run_act(int argc, char **argv)
{
	sigset_t set;
	struct plan p;
	int k = 0;

	if (argc > 1) {
		const char *count = NULL;

		for (int i = 0; i < argc; i++)
			if ((count = strstr(argv[i], "count=")) != NULL)
				break;
		if (!count)
			die("several plans need count=FILE");
		char path[256];
		(void)snprintf(path, sizeof(path), "%.*s", (int)strcspn(count + 6, ","), count + 6);
		k = instance(path);
		if (k >= argc)
			k = argc - 1;
	} else if (argc == 0) {
		die("act needs a plan, such as exit=5,code=0");
	}
	block_signals(&set);
	read_plan(&p, argv[k]);
	if (argc == 1 && p.count)
		(void)instance(p.count);
	if (p.say)
		puts(p.say);
	if (p.write_path)
		append(p.write_path, p.write_text);
	if (p.touch)
		append(p.touch, "");
	return act(&p);
}

static int run_check(int argc, char **argv)
{
	struct plan p;
	int64_t t = now() - launch_time();
	int k = 0;

	if (argc == 0)
		die("check needs a plan, such as after=3");
	if (argc > 1) {
		const char *count = strstr(argv[0], "count=");
		char path[256];

		if (!count)
			die("several plans need count=FILE in the first");
		(void)snprintf(path, sizeof(path), "%.*s", (int)strcspn(count + 6, ","), count + 6);
		k = instance_now(path);
		if (k >= argc)
			k = argc - 1;
	}
	read_plan(&p, argv[k]);
	/* /proc/1/stat counts in ticks: do not fail for the last one */
	t += p.slack ? p.slack : SEC / sysconf(_SC_CLK_TCK);
	if (p.takes)
		wait_for(p.takes);
	if (passes(&p, t)) {
		puts("ok");
		return 0;
	}
	printf("not yet, %.2f s after the start\n", (double)t / 1e9);
	return 1;
}

static int run_hook(int argc, char **argv)
{
	struct plan p;

	if (argc != 1)
		die("hook needs one plan, such as takes=2");
	read_plan(&p, argv[0]);
	if (p.write_path)
		append(p.write_path, p.write_text);
	if (p.takes)
		wait_for(p.takes);
	return p.fail ? 1 : 0;
}

static int run_tell(int argc, char **argv)
{
	bool crash = argc == 1 && strncmp(argv[0], "crash=", 6) == 0;
	union sigval value = {.sival_int = crash ? integer(argv[0] + 6) : 0};

	if (!crash && (argc != 1 || strcmp(argv[0], "oom") != 0))
		die("tell crash=CODE or tell oom");
	if (sigqueue(1, crash ? SIG_CRASH : SIG_EAT, value) < 0)
		die("tell: %s", strerror(errno));
	return 0;
}

/*
 * image ensure --store DIR --policy POLICY --json REFERENCE: plays the program that gets images for
 * supervisors. DIR/registry/<reference, / as %> holds two lines: a plan (takes=S), and the answer.
 */
static int run_image(int argc, char **argv)
{
	const char *dir = NULL, *policy = "", *ref = NULL;
	char path[4096], text[16384], *nl;
	struct plan p;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--store") == 0 && i + 1 < argc)
			dir = argv[++i];
		else if (strcmp(argv[i], "--policy") == 0 && i + 1 < argc)
			policy = argv[++i];
		else if (argv[i][0] != '-')
			ref = argv[i];
	}
	if (argc < 1 || strcmp(argv[0], "ensure") != 0 || !dir || !ref)
		die("image ensure --store DIR REFERENCE");
	if (strcmp(policy, "Never") == 0) {
		puts("{\"fail\":\"never\",\"text\":\"\"}");
		return 1;
	}
	(void)snprintf(path, sizeof(path), "%s/registry/%s", dir, ref);
	for (char *c = path + strlen(dir) + strlen("/registry/"); *c; c++)
		if (*c == '/')
			*c = '%';
	if (read_text(path, text, sizeof(text)) <= 0 || !(nl = strchr(text, '\n'))) {
		puts("{\"fail\":\"pull\",\"text\":\"the registry does not have this image\"}");
		return 1;
	}
	*nl = '\0';
	read_plan(&p, text);
	if (!p.fail)
		puts("{\"pulling\":true}");
	if (p.takes)
		wait_for(p.takes);
	fputs(nl + 1, stdout);
	return 0;
}

/* ---- the small ones ---- */

static int run_cat(int argc, char **argv)
{
	char buf[4096];

	for (int i = 0; i < argc; i++) {
		int fd = open(argv[i], O_RDONLY | O_CLOEXEC);
		ssize_t n;

		if (fd < 0)
			die("%s: %s", argv[i], strerror(errno));
		while ((n = read(fd, buf, sizeof(buf))) > 0)
			if (fwrite(buf, 1, (size_t)n, stdout) != (size_t)n)
				die("write: %s", strerror(errno));
		if (n < 0)
			die("%s: %s", argv[i], strerror(errno));
		close(fd);
	}
	return 0;
}

/* Ask the name servers of resolv.conf, its search list included; no files of the machine are read,
 * so that it works in a static program. Dies when there is no such name. */
static ns_msg ask_name(const char *name, int type)
{
	static unsigned char answer[NS_MAXMSG];
	int n = res_search(name, ns_c_in, type, answer, sizeof(answer));
	ns_msg m;

	if (n < 0)
		die("%s: %s", name, hstrerror(h_errno));
	if (ns_initparse(answer, n, &m) < 0)
		die("%s: an answer that cannot be read", name);
	return m;
}

static int run_lookup(int argc, char **argv)
{
	bool srv = argc == 2 && strcmp(argv[1], "srv") == 0;
	int n = 0;
	ns_msg m;

	if (argc != 1 && !srv)
		die("lookup NAME [srv]");
	m = ask_name(argv[0], srv ? ns_t_srv : ns_t_a);
	for (int i = 0; i < ns_msg_count(m, ns_s_an); i++) {
		char text[NS_MAXDNAME];
		ns_rr rr;

		if (ns_parserr(&m, ns_s_an, i, &rr) < 0)
			die("%s: an answer that cannot be read", argv[0]);
		if (!srv && ns_rr_type(rr) == ns_t_a && ns_rr_rdlen(rr) == 4)
			puts(inet_ntop(AF_INET, ns_rr_rdata(rr), text, sizeof(text)));
		else if (srv && ns_rr_type(rr) == ns_t_srv && ns_rr_rdlen(rr) > 6 &&
			 ns_name_uncompress(ns_msg_base(m), ns_msg_end(m), ns_rr_rdata(rr) + 6,
					    text, sizeof(text)) >= 0)
			printf("%d %s\n", ns_get16(ns_rr_rdata(rr) + 4), text);
		else
			continue;
		n++;
	}
	return n ? 0 : 1;
}

/* The first address of a host. */
static struct in_addr host_address(const char *host)
{
	struct in_addr a;
	ns_msg m;
	ns_rr rr;

	if (inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &a) == 1)
		return a;
	m = ask_name(host, ns_t_a);
	for (int i = 0; i < ns_msg_count(m, ns_s_an); i++)
		if (ns_parserr(&m, ns_s_an, i, &rr) == 0 && ns_rr_type(rr) == ns_t_a &&
		    ns_rr_rdlen(rr) == sizeof(a)) {
			memcpy(&a, ns_rr_rdata(rr), sizeof(a));
			return a;
		}
	die("%s has no address", host);
}

/* http://HOST:PORT/PATH: prints the body, exit 0 for a 2xx answer */
static int get(const char *url)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	char host[256], buf[4096];
	const char *p, *body;
	int fd, port = 80, n = 0, len = 0;
	ssize_t k;

	if (strncmp(url, "http://", 7) != 0)
		die("get http://HOST[:PORT]/PATH [within=S]");
	p = url + 7;
	if (sscanf(p, "%255[^:/]%n", host, &n) != 1)
		die("no host in '%s'", url);
	p += n;
	if (*p == ':') {
		port = (int)strtol(p + 1, NULL, 10) & 0xffff; /* nonsense fails in connect() */
		p += 1 + strspn(p + 1, "0123456789");
	}
	a.sin_port = htons((uint16_t)port);
	a.sin_addr = host_address(host);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		die("connect to %s:%d: %s", host, port, strerror(errno));
	n = snprintf(buf, sizeof(buf), "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n", *p ? p : "/", host);
	if (write(fd, buf, (size_t)n) != n)
		die("send: %s", strerror(errno));
	while (len < (int)sizeof(buf) - 1 &&
	       (k = read(fd, buf + len, sizeof(buf) - 1 - (size_t)len)) > 0)
		len += (int)k;
	buf[len] = '\0';
	close(fd);
	body = strstr(buf, "\r\n\r\n");
	fputs(body ? body + 4 : buf, stdout);
	return len > 9 && buf[9] == '2' ? 0 : 1;
}

/* With within=S again and again: for a server that is about to come. */
static int run_get(int argc, char **argv)
{
	bool again = argc == 2 && strncmp(argv[1], "within=", 7) == 0;
	int64_t end = now() + (again ? all_seconds(argv[1] + 7) : 0);
	int st = 0;

	if (argc < 1 || (argc > 1 && !again))
		die("get http://HOST[:PORT]/PATH [within=S]");
	while (again && now() < end) {
		pid_t pid = fork();

		if (pid == 0)
			exit(get(argv[0]));
		if (pid < 0 || waitpid(pid, &st, 0) < 0)
			die("try: %s", strerror(errno));
		if (WIFEXITED(st) && WEXITSTATUS(st) == 0)
			return 0;
		wait_for(SEC / 10);
	}
	return get(argv[0]);
}

/* As PID 1 nothing ends us by default. */
static void on_term(int sig)
{
	_exit(128 + sig);
}

extern char **environ;

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');

	setvbuf(stdout, NULL, _IOLBF, 0); /* a log is read line by line, also through a pipe */
	name = name ? name + 1 : argv[0];
	argc--;
	argv++;
	if (strcmp(name, "demo") == 0) {
		if (argc == 0)
			die("applets: act check hook tell image sleep echo cat write get lookup env true false");
		name = argv[0];
		argc--;
		argv++;
	}
	if (strcmp(name, "act") == 0)
		return run_act(argc, argv);
	if (strcmp(name, "check") == 0)
		return run_check(argc, argv);
	if (strcmp(name, "hook") == 0)
		return run_hook(argc, argv);
	if (strcmp(name, "tell") == 0)
		return run_tell(argc, argv);
	if (strcmp(name, "image") == 0)
		return run_image(argc, argv);
	if (strcmp(name, "sleep") == 0) {
		if (argc != 1)
			die("sleep SECONDS");
		(void)signal(SIGTERM, on_term);
		wait_for(strcmp(argv[0], "infinity") == 0 ? NEVER : all_seconds(argv[0]));
		return 0;
	}
	if (strcmp(name, "echo") == 0) {
		for (int i = 0; i < argc; i++)
			printf("%s%s", i ? " " : "", argv[i]);
		putchar('\n');
		return 0;
	}
	if (strcmp(name, "cat") == 0)
		return run_cat(argc, argv);
	if (strcmp(name, "write") == 0) {
		if (argc != 2)
			die("write FILE TEXT");
		append(argv[0], argv[1]);
		return 0;
	}
	if (strcmp(name, "get") == 0)
		return run_get(argc, argv);
	if (strcmp(name, "lookup") == 0)
		return run_lookup(argc, argv);
	if (strcmp(name, "env") == 0) {
		for (char **e = environ; *e; e++)
			puts(*e);
		return 0;
	}
	if (strcmp(name, "true") == 0)
		return 0;
	if (strcmp(name, "false") == 0)
		return 1;
	die("no applet '%s'", name);
}
