/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libseccomp knows the call numbers of every architecture; the instructions are ours. A search tree
 * over ranges of numbers with the same answer takes a third of what a rule per call takes, which
 * counts: the kernel translates the filter and asks it about every number when it is installed, and
 * that happens at each start of a container.
 */
#include "container/seccomp_default.h"

#include "container/caps.h"

#include <endian.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>

/* Names separated by blanks; those that this libseccomp or machine lacks are passed over. */
static const char always[] =
	"accept accept4 access adjtimex alarm arch_prctl arm_fadvise64_64 arm_sync_file_range bind "
	"breakpoint brk cachestat cacheflush capget capset chdir chmod chown chown32 clock_adjtime "
	"clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 "
	"clock_nanosleep clock_nanosleep_time64 close close_range connect copy_file_range creat "
	"dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 "
	"epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit exit_group faccessat "
	"faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 "
	"fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock fork "
	"fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate "
	"ftruncate64 futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake futimesat "
	"get_robust_list get_thread_area getcpu getcwd getdents getdents64 getegid getegid32 "
	"geteuid geteuid32 getgid getgid32 getgroups getgroups32 getitimer getpeername getpgid "
	"getpgrp getpid getppid getpriority getrandom getresgid getresgid32 getresuid getresuid32 "
	"getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday getuid getuid32 "
	"getxattr getxattrat inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel "
	"io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit ioctl "
	"ioprio_get ioprio_set ipc kill landlock_add_rule landlock_create_ruleset "
	"landlock_restrict_self lchown lchown32 lgetxattr link linkat listen listmount listxattr "
	"listxattrat llistxattr _llseek lremovexattr lseek lsetxattr lstat lstat64 madvise "
	"map_shadow_stack membarrier memfd_create memfd_secret mincore mkdir mkdirat mknod mknodat "
	"mlock mlock2 mlockall mmap mmap2 mprotect mq_getsetattr mq_notify mq_open mq_timedreceive "
	"mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink mremap mseal msgctl "
	"msgget msgrcv msgsnd msync munlock munlockall munmap name_to_handle_at nanosleep newfstatat "
	"_newselect open openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc "
	"pkey_free pkey_mprotect poll ppoll ppoll_time64 prctl pread64 preadv preadv2 prlimit64 "
	"process_mrelease process_vm_readv process_vm_writev pselect6 pselect6_time64 ptrace "
	"pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recv recvfrom recvmmsg "
	"recvmmsg_time64 recvmsg remap_file_pages removexattr removexattrat rename renameat "
	"renameat2 restart_syscall riscv_flush_icache riscv_hwprobe rmdir rseq rt_sigaction "
	"rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait "
	"rt_sigtimedwait_time64 rt_tgsigqueueinfo s390_pci_mmio_read s390_pci_mmio_write "
	"s390_runtime_instr sched_get_priority_max sched_get_priority_min sched_getaffinity "
	"sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval "
	"sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam "
	"sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop "
	"semtimedop_time64 send sendfile sendfile64 sendmmsg sendmsg sendto set_robust_list "
	"set_thread_area set_tid_address set_tls setfsgid setfsgid32 setfsuid setfsuid32 setgid "
	"setgid32 setgroups setgroups32 setitimer setpgid setpriority setregid setregid32 setresgid "
	"setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit setsid setsockopt setuid "
	"setuid32 setxattr setxattrat shmat shmctl shmdt shmget shutdown sigaltstack signal signalfd "
	"signalfd4 sigpending sigprocmask sigreturn sigsuspend socketcall socketpair splice stat "
	"stat64 statfs statfs64 statmount statx swapcontext symlink symlinkat sync sync_file_range "
	"sync_file_range2 syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun "
	"timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime "
	"timerfd_gettime64 timerfd_settime timerfd_settime64 times tkill truncate truncate64 "
	"ugetrlimit umask uname unlink unlinkat uretprobe utime utimensat utimensat_time64 utimes "
	"vfork vmsplice wait4 waitid waitpid write writev";

/* Useless without the capability anyway; the filter keeps their code out of reach, too. */
static const struct {
	int cap;
	const char *names;
} with_cap[] = {
	{CAP_DAC_READ_SEARCH, "open_by_handle_at"},
	{CAP_SYS_ADMIN,
	 "bpf fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie mount "
	 "mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname "
	 "sethostname setns syslog umount umount2 unshare"},
	{CAP_SYS_BOOT, "reboot"},
	{CAP_SYS_CHROOT, "chroot"},
	{CAP_SYS_MODULE, "delete_module finit_module init_module"},
	{CAP_SYS_PACCT, "acct"},
	{CAP_SYS_PTRACE, "kcmp pidfd_getfd process_madvise"},
	{CAP_SYS_RAWIO, "ioperm iopl"},
	{CAP_SYS_TIME, "clock_settime clock_settime64 settimeofday stime"},
	{CAP_SYS_TTY_CONFIG, "vhangup"},
	{CAP_SYS_NICE, "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"},
	{CAP_SYSLOG, "syslog"},
	{CAP_BPF, "bpf"},
	{CAP_PERFMON, "perf_event_open"},
};

/* Known and never allowed: EPERM like every other refusal, not "no such call". */
static const char never[] =
	"_sysctl add_key create_module get_kernel_syms io_uring_enter io_uring_register "
	"io_uring_setup kexec_file_load kexec_load keyctl migrate_pages modify_ldt move_pages "
	"nfsservctl pivot_root query_module request_key swapoff swapon sysfs userfaultfd uselib ustat "
	"vm86 vm86old";

enum answer { NEWER, ALLOW, REFUSE, BY_FAMILY, BY_FLAGS, BY_PERSONA };

#define CALLS_MAX 1024 /* numbers above are newer than the profile */
#define INSNS_MAX BPF_MAXINSNS
#define JUMP_MAX  255

#if __BYTE_ORDER == __BIG_ENDIAN
#define LOW_HALF 4
#else
#define LOW_HALF 0
#endif
#define ARG(n) (offsetof(struct seccomp_data, args) + (n) * sizeof(uint64_t) + LOW_HALF)
#if defined(__s390__) /* the stack comes first */
#define CLONE_FLAGS ARG(1)
#else
#define CLONE_FLAGS ARG(0)
#endif
#define CLONE_NEW_ANY                                                                              \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |             \
	 CLONE_NEWPID | CLONE_NEWNET)

#define NO_SUCH_CALL (SECCOMP_RET_ERRNO | ENOSYS)
#define NOT_ALLOWED  (SECCOMP_RET_ERRNO | EPERM)

struct prog {
	struct sock_filter *insns;
	uint32_t n;
	bool full;
};

/* Runs of numbers with the same answer. */
struct run {
	uint32_t first;
	enum answer answer;
};

static void set_names(uint32_t arch, const char *names, enum answer answer, enum answer *calls)
{
	char name[64];
	size_t n;
	int nr;

	for (; *names; names += n + (names[n] == ' ')) {
		n = strcspn(names, " ");
		assert(n < sizeof(name)); /* our own tables */
		memcpy(name, names, n);
		name[n] = '\0';
		nr = seccomp_syscall_resolve_name_arch(arch, name);
		/* negative: not on this architecture, or newer than libseccomp */
		if (nr >= 0 && nr < CALLS_MAX && calls[nr] != ALLOW)
			calls[nr] = answer;
	}
}

static void emit(struct prog *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	if (p->n == INSNS_MAX)
		p->full = true;
	else
		p->insns[p->n++] = (struct sock_filter){code, jt, jf, k};
}

static void emit_ret(struct prog *p, uint32_t k)
{
	emit(p, BPF_RET | BPF_K, k, 0, 0);
}

/* What the instructions for one answer are; they may overwrite the call number. */
static void emit_answer(struct prog *p, enum answer answer)
{
	static const uint32_t personas[] = {0x0, 0x8, 0x20000, 0x20008, 0xffffffff};

	switch (answer) {
	case NEWER:
		emit_ret(p, NO_SUCH_CALL);
		break;
	case ALLOW:
		emit_ret(p, SECCOMP_RET_ALLOW);
		break;
	case REFUSE:
		emit_ret(p, NOT_ALLOWED);
		break;
	case BY_FAMILY: /* vsock reaches the hypervisor, whatever the network namespace */
		emit(p, BPF_LD | BPF_W | BPF_ABS, ARG(0), 0, 0);
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, AF_VSOCK, 1, 0);
		emit_ret(p, SECCOMP_RET_ALLOW);
		emit_ret(p, NOT_ALLOWED);
		break;
	case BY_FLAGS: /* new namespaces need CAP_SYS_ADMIN */
		emit(p, BPF_LD | BPF_W | BPF_ABS, CLONE_FLAGS, 0, 0);
		emit(p, BPF_JMP | BPF_JSET | BPF_K, CLONE_NEW_ANY, 1, 0);
		emit_ret(p, SECCOMP_RET_ALLOW);
		emit_ret(p, NOT_ALLOWED);
		break;
	case BY_PERSONA:
		emit(p, BPF_LD | BPF_W | BPF_ABS, ARG(0), 0, 0);
		for (size_t i = 0; i < SP_ARRAY_LEN(personas); i++)
			emit(p, BPF_JMP | BPF_JEQ | BPF_K, personas[i],
			     (uint8_t)(SP_ARRAY_LEN(personas) - i), 0);
		emit_ret(p, NOT_ALLOWED);
		emit_ret(p, SECCOMP_RET_ALLOW);
		break;
	}
}

/* Search tree over runs[0..n): is the number at or above the middle one? */
static void emit_tree(struct prog *p, const struct run *runs, uint32_t n)
{
	uint32_t mid = n / 2, jump = p->n, left;

	if (n == 1) {
		emit_answer(p, runs[0].answer);
		return;
	}
	emit(p, BPF_JMP | BPF_JGE | BPF_K, runs[mid].first, 0, 0);
	emit(p, BPF_JMP | BPF_JA, 0, 0, 0); /* for halves out of reach; else removed below */
	emit_tree(p, runs, mid);
	left = p->n - jump - 2;
	if (p->full)
		return;
	if (left <= JUMP_MAX) {
		memmove(&p->insns[jump + 1], &p->insns[jump + 2], left * sizeof(*p->insns));
		p->n--;
		p->insns[jump].jt = (uint8_t)left;
	} else { /* true: the long jump; false: past it */
		p->insns[jump].jf = 1;
		p->insns[jump + 1].k = left;
	}
	emit_tree(p, runs + mid, n - mid);
}

static void emit_arch(struct prog *p, uint32_t arch, uint64_t caps)
{
	static enum answer calls[CALLS_MAX];
	static struct run runs[CALLS_MAX + 1];
	uint32_t n = 0;

	memset(calls, 0, sizeof(calls));
	set_names(arch, always, ALLOW, calls);
	for (size_t i = 0; i < SP_ARRAY_LEN(with_cap); i++)
		if (caps & SP_CAP(with_cap[i].cap))
			set_names(arch, with_cap[i].names, ALLOW, calls);
	for (size_t i = 0; i < SP_ARRAY_LEN(with_cap); i++)
		set_names(arch, with_cap[i].names, REFUSE, calls);
	set_names(arch, never, REFUSE, calls);
	set_names(arch, "socket", BY_FAMILY, calls);
	set_names(arch, "personality", BY_PERSONA, calls);
	/* clone3 has its flags behind a pointer, out of a filter's sight: "no such call" makes
	 * libraries use clone */
	set_names(arch, caps & SP_CAP(CAP_SYS_ADMIN) ? "clone clone3" : "", ALLOW, calls);
	set_names(arch, "clone", BY_FLAGS, calls);
	for (uint32_t i = 0; i < CALLS_MAX; i++)
		if (i == 0 || calls[i] != calls[i - 1])
			runs[n++] = (struct run){i, calls[i]};
	if (runs[n - 1].answer != NEWER)
		runs[n++] = (struct run){CALLS_MAX, NEWER};
	emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	emit_tree(p, runs, n);
}

int sp_seccomp_default_build(uint64_t caps, void **ret_bpf, uint32_t *ret_n, struct sp_error *err)
{
	/* 32-bit programs in images */
#if defined(__x86_64__)
	const uint32_t archs[] = {seccomp_arch_native(), SCMP_ARCH_X86};
#elif defined(__aarch64__)
	const uint32_t archs[] = {seccomp_arch_native(), SCMP_ARCH_ARM};
#else
	const uint32_t archs[] = {seccomp_arch_native()};
#endif
	struct prog p = {.insns = calloc(INSNS_MAX, sizeof(*p.insns))};
	uint32_t jump;

	if (!p.insns)
		return sp_fail(err, SP_E_NO_MEMORY, "system call filter");
	for (size_t i = 0; i < SP_ARRAY_LEN(archs); i++) {
		emit(&p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
		/* libseccomp's tokens are the kernel's AUDIT_ARCH_ numbers */
		emit(&p, BPF_JMP | BPF_JEQ | BPF_K, archs[i], 1, 0);
		jump = p.n;
		emit(&p, BPF_JMP | BPF_JA, 0, 0, 0);
		emit_arch(&p, archs[i], caps);
		p.insns[jump].k = p.n - jump - 1;
	}
	emit_ret(&p, NO_SUCH_CALL);
	if (p.full) {
		free(p.insns);
		return sp_fail(err, SP_E_INTERNAL, "system call filter: too long");
	}
	*ret_bpf = p.insns;
	*ret_n = p.n;
	return 0;
}
