/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of addresses and ports that all supervisors of the machine write: whatever is in it, it
 * is refused or what is read from it is within its limits. The bytes are pieces of the file: two
 * for the place, one for the length, then those.
 */
#include "net/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Places that are far apart in the file, by the upper three bits. */
static off_t place(unsigned at)
{
	static const off_t parts[] = {0, 0, 4096, 4096, 20480, 282624, 380928, 905216};

	return parts[at >> 13] + (off_t)(at & 0x1fff);
}

static void use(int fd)
{
	const struct sp_pool_port one = {.host_port = 80, .ctr_port = 8080, .slot = 1};
	const struct sp_pool_net net = {.bridge = "sidepod0", .prefix_len = 16};
	struct sp_pool_port *all = NULL;
	char uid[SP_POOL_UID], name[SP_POOL_NAME];
	int slot, n;

	(void)sp_pool_check_net(fd, &net);
	for (slot = sp_pool_next(fd, 0); slot >= 0; slot = sp_pool_next(fd, slot + 1)) {
		assert(slot < SP_POOL_SLOTS);
		if (sp_pool_uid(fd, slot, uid) < 0 || sp_pool_name(fd, slot, name) < 0)
			abort();
		assert(strlen(uid) < sizeof(uid) && strlen(name) < sizeof(name));
	}
	n = sp_pool_ports(fd, &all);
	assert(n <= SP_POOL_PORTS);
	for (int i = 0; i < n; i++)
		assert(all[i].slot <= SP_POOL_SLOTS);
	free(all);
	slot = sp_pool_claim(fd, SP_POOL_SLOTS, "11111111-2222-3333-4444-555555555555", "web");
	if (slot >= 0) {
		assert(sp_pool_find(fd, "11111111-2222-3333-4444-555555555555") >= 0);
		assert(sp_pool_add_ports(fd, &one, 1) <= 0);
		(void)sp_pool_drop_ports(fd, slot);
		assert(sp_pool_release(fd, slot) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("pool", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) < 0)
		abort();
	while (size > 3) {
		size_t n = SP_MIN(size - 3, (size_t)data[2] + 1);

		if (pwrite(fd, data + 3, n, place((unsigned)data[0] | (unsigned)data[1] << 8)) < 0)
			abort();
		data += 3 + n;
		size -= 3 + n;
	}
	use(fd);
	return 0;
}
