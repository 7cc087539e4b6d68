/* SPDX-License-Identifier: Apache-2.0 */
#include "container/caps.h"

#include "spec/types.h"

#include <linux/capability.h>

static const char *const cap_names[] = {
	[CAP_CHOWN] = "CHOWN",
	[CAP_DAC_OVERRIDE] = "DAC_OVERRIDE",
	[CAP_DAC_READ_SEARCH] = "DAC_READ_SEARCH",
	[CAP_FOWNER] = "FOWNER",
	[CAP_FSETID] = "FSETID",
	[CAP_KILL] = "KILL",
	[CAP_SETGID] = "SETGID",
	[CAP_SETUID] = "SETUID",
	[CAP_SETPCAP] = "SETPCAP",
	[CAP_LINUX_IMMUTABLE] = "LINUX_IMMUTABLE",
	[CAP_NET_BIND_SERVICE] = "NET_BIND_SERVICE",
	[CAP_NET_BROADCAST] = "NET_BROADCAST",
	[CAP_NET_ADMIN] = "NET_ADMIN",
	[CAP_NET_RAW] = "NET_RAW",
	[CAP_IPC_LOCK] = "IPC_LOCK",
	[CAP_IPC_OWNER] = "IPC_OWNER",
	[CAP_SYS_MODULE] = "SYS_MODULE",
	[CAP_SYS_RAWIO] = "SYS_RAWIO",
	[CAP_SYS_CHROOT] = "SYS_CHROOT",
	[CAP_SYS_PTRACE] = "SYS_PTRACE",
	[CAP_SYS_PACCT] = "SYS_PACCT",
	[CAP_SYS_ADMIN] = "SYS_ADMIN",
	[CAP_SYS_BOOT] = "SYS_BOOT",
	[CAP_SYS_NICE] = "SYS_NICE",
	[CAP_SYS_RESOURCE] = "SYS_RESOURCE",
	[CAP_SYS_TIME] = "SYS_TIME",
	[CAP_SYS_TTY_CONFIG] = "SYS_TTY_CONFIG",
	[CAP_MKNOD] = "MKNOD",
	[CAP_LEASE] = "LEASE",
	[CAP_AUDIT_WRITE] = "AUDIT_WRITE",
	[CAP_AUDIT_CONTROL] = "AUDIT_CONTROL",
	[CAP_SETFCAP] = "SETFCAP",
	[CAP_MAC_OVERRIDE] = "MAC_OVERRIDE",
	[CAP_MAC_ADMIN] = "MAC_ADMIN",
	[CAP_SYSLOG] = "SYSLOG",
	[CAP_WAKE_ALARM] = "WAKE_ALARM",
	[CAP_BLOCK_SUSPEND] = "BLOCK_SUSPEND",
	[CAP_AUDIT_READ] = "AUDIT_READ",
	[CAP_PERFMON] = "PERFMON",
	[CAP_BPF] = "BPF",
	[CAP_CHECKPOINT_RESTORE] = "CHECKPOINT_RESTORE",
};
_Static_assert(SP_ARRAY_LEN(cap_names) == SP_CAPS_COUNT, "a name for each capability");

const uint64_t sp_caps_default =
	SP_CAP(CAP_CHOWN) | SP_CAP(CAP_DAC_OVERRIDE) | SP_CAP(CAP_FSETID) | SP_CAP(CAP_FOWNER) |
	SP_CAP(CAP_MKNOD) | SP_CAP(CAP_NET_RAW) | SP_CAP(CAP_SETGID) | SP_CAP(CAP_SETUID) |
	SP_CAP(CAP_SETFCAP) | SP_CAP(CAP_SETPCAP) | SP_CAP(CAP_NET_BIND_SERVICE) |
	SP_CAP(CAP_SYS_CHROOT) | SP_CAP(CAP_KILL) | SP_CAP(CAP_AUDIT_WRITE);

const uint64_t sp_caps_seccomp =
	SP_CAP(CAP_DAC_READ_SEARCH) | SP_CAP(CAP_SYS_ADMIN) | SP_CAP(CAP_SYS_BOOT) |
	SP_CAP(CAP_SYS_CHROOT) | SP_CAP(CAP_SYS_MODULE) | SP_CAP(CAP_SYS_PACCT) |
	SP_CAP(CAP_SYS_PTRACE) | SP_CAP(CAP_SYS_RAWIO) | SP_CAP(CAP_SYS_TIME) |
	SP_CAP(CAP_SYS_TTY_CONFIG) | SP_CAP(CAP_SYS_NICE) | SP_CAP(CAP_SYSLOG) | SP_CAP(CAP_BPF) |
	SP_CAP(CAP_PERFMON);

int sp_cap_find(const char *name)
{
	if (strncmp(name, "CAP_", 4) == 0)
		name += 4;
	for (int i = 0; i < SP_CAPS_COUNT; i++)
		if (sp_streq(cap_names[i], name))
			return i;
	return -1;
}

static bool has_all(const char *const *names, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (sp_streq(names[i], "ALL"))
			return true;
	return false;
}

static int mask_of(const char *const *names, uint32_t n, uint64_t *ret, struct sp_error *err)
{
	*ret = 0;
	for (uint32_t i = 0; i < n; i++) {
		int cap = sp_cap_find(names[i]);

		if (cap >= 0)
			*ret |= SP_CAP(cap);
		else if (!sp_streq(names[i], "ALL"))
			return sp_fail(err, SP_E_INVALID, "unknown capability '%s'", names[i]);
	}
	return 0;
}

int sp_caps_resolve(const char *const *add, uint32_t n_add, const char *const *drop,
		    uint32_t n_drop, bool privileged, uint64_t have, uint64_t *ret,
		    struct sp_error *err)
{
	uint64_t plus, minus, caps = sp_caps_default;

	if (mask_of(add, n_add, &plus, err) < 0 || mask_of(drop, n_drop, &minus, err) < 0)
		return -1;
	if (has_all(add, n_add))
		caps = SP_CAPS_ALL;
	if (has_all(drop, n_drop))
		caps = 0;
	caps = (caps | plus) & ~minus;
	*ret = (privileged ? SP_CAPS_ALL : caps) & have;
	return 0;
}

int sp_caps_declared(const struct sp_k_security *s, uint64_t *ret, struct sp_error *err)
{
	const struct sp_k_caps *k = s ? s->caps : NULL;

	return sp_caps_resolve(k ? k->add.v : NULL, k ? k->add.n : 0, k ? k->drop.v : NULL,
			       k ? k->drop.n : 0, s && s->privileged.set && s->privileged.v,
			       SP_CAPS_ALL, ret, err);
}
