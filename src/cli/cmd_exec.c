/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod exec`: run a command in a container of a running pod. */
#include "base/json.h"
#include "cli/interrupt.h"
#include "cli/pods.h"
#include "supervisor/control.h"
#include "supervisor/spawn.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <termios.h>

/* The terminal of the user in raw mode, and how it was. */
static struct termios old_mode;
static bool raw_mode;

static void leave_raw_mode(void)
{
	if (raw_mode)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &old_mode); /* nothing else to be done */
	raw_mode = false;
}

static void enter_raw_mode(void)
{
	struct termios t;

	if (tcgetattr(STDIN_FILENO, &old_mode) < 0)
		return;
	t = old_mode;
	cfmakeraw(&t);
	raw_mode = tcsetattr(STDIN_FILENO, TCSADRAIN, &t) == 0;
}

static void put_request(struct sp_cli *cli, const char *ctr, int argc, char **argv, bool tty,
			struct sp_buf *b)
{
	const char *term = cli->env("TERM");
	struct winsize ws;

	sp_buf_putc(b, '{');
	sp_json_str(b, "op", "exec");
	sp_json_str(b, "container", ctr);
	sp_json_strs(b, "argv", (const char *const *)argv, (uint32_t)argc);
	if (tty) {
		sp_json_bool(b, "tty", true);
		if (term) {
			sp_json_key(b, "env");
			sp_buf_puts(b, "[\"TERM=");
			for (; *term; term++) /* a name; anything else is not worth quoting */
				if (*term > ' ' && *term != '"' && *term != '\\' && *term < 0x7f)
					sp_buf_putc(b, *term);
			sp_buf_puts(b, "\"]");
		}
		if (ioctl(STDIN_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_row) {
			sp_json_int(b, "rows", ws.ws_row);
			sp_json_int(b, "cols", ws.ws_col);
		}
	}
	sp_buf_putc(b, '}');
}

/* {"exec":K,"exitCode":N}; -1: the pod is over. */
static int read_end(struct sp_cli *cli, int control_fd)
{
	static char mem[SP_CONTROL_MAX];
	json_t *o;
	const char *text;
	ssize_t n;
	int code = -1;

	do
		n = recv(control_fd, mem, sizeof(mem), 0);
	while (n < 0 && errno == EINTR);
	o = n > 0 ? json_loadb(mem, (size_t)n, 0, NULL) : NULL;
	if (!o)
		return sp_cli_error(cli, SP_EXIT_EXEC_ENGINE,
				    "the pod ended before the command did");
	if (json_is_integer(json_object_get(o, "exitCode")))
		code = (int)json_integer_value(json_object_get(o, "exitCode"));
	text = json_string_value(json_object_get(o, "error"));
	if (text)
		(void)sp_cli_error(cli, code, "%s", text);
	json_decref(o);
	return code >= 0 ? code : SP_EXIT_EXEC_ENGINE;
}

static int watch_signals(void)
{
	sigset_t set;

	sp_interrupt_set(&set);
	sigaddset(&set, SIGWINCH);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Some bytes from one descriptor to another. Return: false at the end. */
static bool copy(int from, int to)
{
	char mem[16384];
	ssize_t n = read(from, mem, sizeof(mem));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	return n > 0 && sp_write_all(to, mem, (size_t)n) == 0;
}

/* Bytes both ways until the other side of the terminal is closed. Return: 0, or the signal that
 * ended it: the terminal of the user must not stay raw */
static int copy_terminal(int master_fd, bool with_input)
{
	SP_CLEANUP(sp_closep) int signal_fd = watch_signals();
	struct pollfd v[3] = {{.fd = master_fd, .events = POLLIN},
			      {.fd = with_input ? STDIN_FILENO : -1, .events = POLLIN},
			      {.fd = signal_fd, .events = POLLIN}};

	for (;;) {
		if (poll(v, 3, -1) < 0) {
			if (errno == EINTR)
				continue;
			return 0;
		}
		if (v[2].revents & POLLIN) {
			struct signalfd_siginfo s;
			struct winsize ws;

			if (read(signal_fd, &s, sizeof(s)) != sizeof(s))
				continue;
			if (s.ssi_signo != SIGWINCH)
				return (int)s.ssi_signo;
			if (ioctl(STDIN_FILENO, TIOCGWINSZ, &ws) == 0)
				(void)ioctl(master_fd, TIOCSWINSZ,
					    &ws); /* the old size still works */
		}
		if (v[1].revents && !copy(STDIN_FILENO, master_fd))
			v[1].fd = -1;
		if (v[0].revents && !copy(master_fd, STDOUT_FILENO))
			return 0; /* EIO: the last process on it is gone */
	}
}

static int run_tty(struct sp_cli *cli, int control_fd, const struct sp_buf *request, bool input)
{
	SP_CLEANUP(sp_closep) int master_fd = -EBADF;
	struct sp_error err;
	int signal_number;

	if (sp_supervisor_call(control_fd, request->ptr, request->len, NULL, 0, &master_fd, NULL,
			       &err) < 0) {
		(void)sp_cli_fail(cli, &err);
		return SP_EXIT_EXEC_ENGINE;
	}
	if (input)
		enter_raw_mode();
	signal_number = copy_terminal(master_fd, input);
	leave_raw_mode();
	return signal_number ? SP_EXIT_SIGNAL + signal_number : read_end(cli, control_fd);
}

static int run_plain(struct sp_cli *cli, int control_fd, const struct sp_buf *request, bool input)
{
	SP_CLEANUP(sp_closep) int null_fd = -EBADF;
	int fds[3] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
	struct sp_error err;

	if (!input) {
		null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (null_fd < 0)
			return sp_cli_error(cli, SP_EXIT_EXEC_ENGINE, "open '/dev/null': %s",
					    strerrordesc_np(errno));
		fds[0] = null_fd;
	}
	if (sp_supervisor_call(control_fd, request->ptr, request->len, fds, 3, NULL, NULL, &err) <
	    0) {
		(void)sp_cli_fail(cli, &err);
		return SP_EXIT_EXEC_ENGINE;
	}
	return read_end(cli, control_fd);
}

/* Without -c: the first regular container. */
static const char *default_container(const struct sp_pod_entry *p)
{
	for (uint32_t i = 0; i < p->header.n_ctrs; i++)
		if (p->header.ctrs[i].role == SP_ROLE_APP)
			return p->header.ctrs[i].name;
	return "";
}

static int run(struct sp_cli *cli, int argc, char **argv)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf request = {0};
	SP_CLEANUP(sp_closep) int control_fd = -EBADF;
	const char *ctr = sp_flag_text(cli, "container");
	bool input = sp_flag_bool(cli, "stdin"), tty = sp_flag_bool(cli, "tty");
	struct sp_place place;
	struct sp_pod_entry p;
	struct sp_error err;

	if (tty && !isatty(STDIN_FILENO))
		return sp_cli_error(
			cli, SP_EXIT_EXEC_ENGINE,
			"-t needs a terminal as standard input; leave it out in scripts");
	if (sp_place_open(cli, &place, &err) < 0 ||
	    sp_pods_find(cli, &place, argv[0], &p, &err) < 0 ||
	    (control_fd = sp_supervisor_connect(place.engine.run_dir, p.uid, &err)) < 0) {
		(void)sp_cli_fail(cli, &err);
		return SP_EXIT_EXEC_ENGINE;
	}
	put_request(cli, ctr ? ctr : default_container(&p), argc - 1, argv + 1, tty, &request);
	if (request.failed || request.len > SP_CONTROL_MAX)
		return sp_cli_error(cli, SP_EXIT_EXEC_ENGINE, "the command line is too long");
	return tty ? run_tty(cli, control_fd, &request, input)
		   : run_plain(cli, control_fd, &request, input);
}

static const struct sp_flag flags[] = {
	SP_FLAG_CONTAINER,
	{.name = "stdin",
	 .letter = 'i',
	 .kind = SP_FLAG_BOOL,
	 .help = "Hand standard input to the command"},
	{.name = "tty", .letter = 't', .kind = SP_FLAG_BOOL, .help = "Give the command a terminal"},
	{0},
};

const struct sp_command sp_command_exec = {
	.name = "exec",
	.summary = "Run a command in a container",
	.args = "POD [--] COMMAND…",
	.about =
		"Run a command in a container of a running pod, by default the first regular one. "
		"The exit code is the command's; 125: it could not be started by the engine, 126: it "
		"is not executable, 127: it is not there.",
	.examples = {{"exec web -- ls -l /data", "in the first regular container"},
		     {"exec -it web -c proxy -- sh", "a shell in another one"},
		     {"exec -i db -- psql < dump.sql", "with input"}},
	.flags = flags,
	.min_args = 2,
	.max_args = -1,
	.raw_after = 2,
	.completes = SP_COMPLETE_POD,
	.run = run,
};
