/* SPDX-License-Identifier: Apache-2.0 */
#include "net/pool.h"

#include "sys/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

/* The last letter is the layout's version: an older file is refused, not misread. */
static const char magic[16] = "sidepod net v1";

struct head {
	char magic[16];
	struct sp_pool_net net; /* all zero: for none yet */
	int32_t n_slots;        /* highest slot ever used, plus 1 */
	int32_t n_ports;        /* entries ever used */
};

#define INDEX_AT   4096
#define UIDS_AT    (INDEX_AT + SP_POOL_SLOTS * 4)
#define PORTS_AT   (UIDS_AT + SP_POOL_SLOTS * SP_POOL_UID)
#define NAMES_AT   (PORTS_AT + SP_POOL_PORTS * (int)sizeof(struct sp_pool_port))
#define LOCK_AT    ((off_t)1 << 40)
#define HOLD_AT(i) (LOCK_AT + 1 + (i))

static int read_at(int fd, void *buf, size_t len, off_t at)
{
	ssize_t r;

	do
		r = pread(fd, buf, len, at);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	memset((uint8_t *)buf + r, 0, len - (size_t)r); /* beyond the end is what was never used */
	return 0;
}

static int write_at(int fd, const void *buf, size_t len, off_t at)
{
	ssize_t r;

	do
		r = pwrite(fd, buf, len, at);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	return (size_t)r == len ? 0 : -ENOSPC;
}

/* The folders of @dir, then @dir itself. */
static int make_dirs(const char *dir)
{
	char path[PATH_MAX];
	size_t n = strlen(dir);

	if (n >= sizeof(path))
		return -ENAMETOOLONG;
	memcpy(path, dir, n + 1);
	for (char *p = path + 1; *p; p++)
		if (*p == '/') {
			*p = '\0';
			if (mkdir(path, 0755) < 0 && errno != EEXIST)
				return -errno;
			*p = '/';
		}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int open_file(const char *dir, const char *name)
{
	SP_CLEANUP(sp_closep) int dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (dir_fd < 0)
		return -errno;
	fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

int sp_pool_open(const char *dir, const char *name)
{
	int fd = open_file(dir, name), r;

	if (fd != -ENOENT)
		return fd;
	r = make_dirs(dir);
	return r < 0 ? r : open_file(dir, name);
}

static int lock_byte(int fd, int cmd, short type, off_t at)
{
	struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
	int r;

	do
		r = fcntl(fd, cmd, &l);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	return l.l_type != F_UNLCK;
}

int sp_pool_lock(int fd)
{
	int r = lock_byte(fd, F_OFD_SETLKW, F_WRLCK, LOCK_AT);

	return r < 0 ? r : 0;
}

void sp_pool_unlock(int fd)
{
	(void)lock_byte(fd, F_OFD_SETLK, F_UNLCK, LOCK_AT); /* giving a lock back cannot fail */
}

int sp_pool_hold(int fd, int slot)
{
	int r = lock_byte(fd, F_OFD_SETLK, F_WRLCK, HOLD_AT(slot));

	return r < 0 ? r : 0;
}

int sp_pool_held(int fd, int slot)
{
	return lock_byte(fd, F_OFD_GETLK, F_WRLCK, HOLD_AT(slot));
}

static int read_head(int fd, struct head *h)
{
	int r = read_at(fd, h, sizeof(*h), 0);

	if (r < 0)
		return r;
	if (!h->magic[0]) {
		*h = (struct head){0};
		memcpy(h->magic, magic, sizeof(magic));
		return 0;
	}
	if (memcmp(h->magic, magic, sizeof(magic)) != 0 || h->n_slots < 0 ||
	    h->n_slots > SP_POOL_SLOTS || h->n_ports < 0 || h->n_ports > SP_POOL_PORTS)
		return -EBADMSG;
	return 0;
}

int sp_pool_check_net(int fd, const struct sp_pool_net *net)
{
	static const struct sp_pool_net none;
	struct head h;
	int r = read_head(fd, &h);

	if (r < 0)
		return r;
	if (memcmp(&h.net, net, sizeof(*net)) == 0)
		return 1;
	if (memcmp(&h.net, &none, sizeof(none)) != 0)
		return 0;
	h.net = *net;
	r = write_at(fd, &h, sizeof(h), 0);
	return r < 0 ? r : 1;
}

int sp_pool_forget_net(int fd)
{
	struct head h = {0};

	memcpy(h.magic, magic, sizeof(magic));
	return write_at(fd, &h, sizeof(h), 0);
}

/* FNV-1a; never 0, which means free */
static uint32_t hash_uid(const char *uid)
{
	uint32_t h = 2166136261u;

	for (; *uid; uid++)
		h = (h ^ (uint8_t)*uid) * 16777619u;
	return h ? h : 1;
}

/* The head and the used part of the index. */
static int read_index(int fd, struct head *h, uint32_t index[SP_POOL_SLOTS])
{
	int r = read_head(fd, h);

	if (r < 0)
		return r;
	return read_at(fd, index, (size_t)h->n_slots * sizeof(index[0]), INDEX_AT);
}

int sp_pool_uid(int fd, int slot, char ret[SP_POOL_UID])
{
	int r = read_at(fd, ret, SP_POOL_UID, UIDS_AT + (off_t)slot * SP_POOL_UID);

	ret[SP_POOL_UID - 1] = '\0';
	return r;
}

int sp_pool_name(int fd, int slot, char ret[SP_POOL_NAME])
{
	int r = read_at(fd, ret, SP_POOL_NAME, NAMES_AT + (off_t)slot * SP_POOL_NAME);

	ret[SP_POOL_NAME - 1] = '\0';
	return r < 0 || ret[0] ? r : sp_pool_uid(fd, slot, ret);
}

int sp_pool_find(int fd, const char *uid)
{
	uint32_t index[SP_POOL_SLOTS], want = hash_uid(uid);
	char have[SP_POOL_UID];
	struct head h;
	int r = read_index(fd, &h, index);

	for (int i = 0; r >= 0 && i < h.n_slots; i++) {
		if (index[i] != want)
			continue;
		r = sp_pool_uid(fd, i, have);
		if (r >= 0 && sp_streq(have, uid))
			return i;
	}
	return r < 0 ? r : -ENOENT;
}

int sp_pool_claim(int fd, int n_slots, const char *uid, const char *name)
{
	uint32_t index[SP_POOL_SLOTS], hash = hash_uid(uid);
	char text[SP_POOL_UID] = "", label[SP_POOL_NAME] = "";
	size_t len = strlen(uid);
	struct head h;
	int r, slot;

	if (!len || len >= sizeof(text))
		return -EINVAL;
	r = read_index(fd, &h, index);
	if (r < 0)
		return r;
	for (slot = 0; slot < h.n_slots && index[slot]; slot++)
		;
	if (slot >= SP_MIN(n_slots, SP_POOL_SLOTS))
		return -ENOSPC;
	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): a field of fixed width */
	memcpy(text, uid, len);
	memcpy(label, name, strnlen(name, sizeof(label) - 1));
	r = write_at(fd, text, sizeof(text), UIDS_AT + (off_t)slot * SP_POOL_UID);
	if (r >= 0)
		r = write_at(fd, label, sizeof(label), NAMES_AT + (off_t)slot * SP_POOL_NAME);
	if (r >= 0)
		r = write_at(fd, &hash, sizeof(hash), INDEX_AT + (off_t)slot * 4);
	if (r >= 0 && slot == h.n_slots) {
		h.n_slots++;
		r = write_at(fd, &h, sizeof(h), 0);
	}
	return r < 0 ? r : slot;
}

int sp_pool_release(int fd, int slot)
{
	uint32_t zero = 0;
	int r = write_at(fd, &zero, sizeof(zero), INDEX_AT + (off_t)slot * 4);

	(void)lock_byte(fd, F_OFD_SETLK, F_UNLCK, HOLD_AT(slot)); /* no-op unless it is ours */
	return r;
}

int sp_pool_next(int fd, int slot)
{
	uint32_t index[SP_POOL_SLOTS];
	struct head h;
	int r = read_index(fd, &h, index);

	if (r < 0)
		return r;
	for (; slot < h.n_slots; slot++)
		if (index[slot])
			return slot;
	return -ENOENT;
}

int sp_pool_ports(int fd, struct sp_pool_port **ret)
{
	struct sp_pool_port *all;
	struct head h;
	int r = read_head(fd, &h);

	if (r < 0)
		return r;
	if (!h.n_ports) {
		*ret = NULL;
		return 0;
	}
	all = calloc((size_t)h.n_ports, sizeof(*all));
	if (!all)
		return -ENOMEM;
	r = read_at(fd, all, (size_t)h.n_ports * sizeof(*all), PORTS_AT);
	for (int i = 0; r >= 0 && i < h.n_ports; i++)
		if (all[i].slot > SP_POOL_SLOTS)
			r = -EBADMSG;
	if (r < 0) {
		free(all);
		return r;
	}
	*ret = all;
	return h.n_ports;
}

static void free_portsp(struct sp_pool_port **p)
{
	free(*p);
}

static int write_port(int fd, int i, const struct sp_pool_port *port)
{
	return write_at(fd, port, sizeof(*port), PORTS_AT + (off_t)i * (off_t)sizeof(*port));
}

int sp_pool_add_ports(int fd, const struct sp_pool_port *ports, int n)
{
	SP_CLEANUP(free_portsp) struct sp_pool_port *all = NULL;
	int have = sp_pool_ports(fd, &all), at = 0, r = have;
	struct head h;

	for (int i = 0; r >= 0 && i < n; i++, at++) {
		while (at < have && all[at].slot)
			at++;
		if (at >= SP_POOL_PORTS)
			return -ENOSPC;
		r = write_port(fd, at, &ports[i]);
	}
	if (r < 0 || at <= have)
		return r < 0 ? r : 0;
	r = read_head(fd, &h);
	h.n_ports = at;
	return r < 0 ? r : write_at(fd, &h, sizeof(h), 0);
}

int sp_pool_drop_ports(int fd, int slot)
{
	static const struct sp_pool_port none;
	SP_CLEANUP(free_portsp) struct sp_pool_port *all = NULL;
	int n = sp_pool_ports(fd, &all), r = 0;

	for (int i = 0; r >= 0 && i < n; i++)
		if (all[i].slot == slot + 1)
			r = write_port(fd, i, &none);
	return n < 0 ? n : r;
}
