/* SPDX-License-Identifier: Apache-2.0 */
/* Identity files as exact bytes (NET-1 to NET-6), the address pool, netlink messages. */
#include "net/link.h"
#include "net/net.h"
#include "net/netlink.h"
#include "net/pool.h"
#include "sys/fd.h"

#include "cmocka_all.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

static void test_hostname(void **state)
{
	static const char long_name[] =
		"a23456789012345678901234567890123456789012345678901234567890a-.-b-more";
	static const struct {
		const char *spec, *name, *want;
	} cases[] = {
		{NULL, "web", "web"},
		{"", "web", "web"},
		{"given", "web", "given"},
		/* cut to 63, then what must not stand at the end */
		{NULL, long_name, "a23456789012345678901234567890123456789012345678901234567890a"},
		{"x-.", "web", "x"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		char mem[128];
		struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

		sp_pod_hostname(cases[i].spec, cases[i].name, &b);
		assert_string_equal(mem, cases[i].want);
	}
}

#define MANAGED                                                                                    \
	"# Kubernetes-managed hosts file.\n"                                                       \
	"127.0.0.1\tlocalhost\n"                                                                   \
	"::1\tlocalhost ip6-localhost ip6-loopback\n"                                              \
	"fe00::0\tip6-localnet\n"                                                                  \
	"fe00::0\tip6-mcastprefix\n"                                                               \
	"fe00::1\tip6-allnodes\n"                                                                  \
	"fe00::2\tip6-allrouters\n"

/* NET-2 */
static void test_hosts(void **state)
{
	static const char *const names[] = {"foo.local", "bar.local"}, *const one[] = {"x"};
	static const struct sp_hosts_alias aliases[] = {
		{"10.1.2.3", names, 2},
		{"fd00::1", one, 1},
	};
	static const struct {
		struct sp_hosts h;
		const char *want;
	} cases[] = {
		{{.ip = "10.83.0.2", .hostname = "web"}, MANAGED "10.83.0.2\tweb\n"},
		{{.ip = "10.83.0.2",
		  .hostname = "web",
		  .subdomain = "sub",
		  .ns = "prod",
		  .domain = "cluster.local"},
		 MANAGED "10.83.0.2\tweb.sub.prod.svc.cluster.local\tweb\n"},
		{{.hostname = "web"}, MANAGED},
		{{.ip = "10.83.0.2", .hostname = "web", .aliases = aliases, .n_aliases = 2},
		 MANAGED "10.83.0.2\tweb\n"
			 "\n"
			 "# Entries added by HostAliases.\n"
			 "10.1.2.3\tfoo.local\tbar.local\n"
			 "fd00::1\tx\n"},
		{{.host_network = true,
		  .host_file = "127.0.0.1 localhost\n",
		  .aliases = aliases,
		  .n_aliases = 1},
		 "# Kubernetes-managed hosts file (host network).\n"
		 "127.0.0.1 localhost\n"
		 "\n"
		 "# Entries added by HostAliases.\n"
		 "10.1.2.3\tfoo.local\tbar.local\n"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_buf b = {0};

		sp_hosts_print(&cases[i].h, &b);
		assert_false(b.failed);
		assert_string_equal(b.ptr, cases[i].want);
		sp_buf_done(&b);
	}
}

/* NET-3, NET-4, NET-5 */
static void test_resolv(void **state)
{
	static const char machine[] = "# a comment\n"
				      "; nameserver 9.9.9.9\n"
				      "search old.example\n"
				      "nameserver 127.0.0.53\n"
				      "nameserver 192.0.2.53 trailing\n"
				      "search  corp.example\tlab.example \n"
				      "options timeout:1 edns0";
	static const char *const servers[] = {"1.1.1.1", "192.0.2.53", "2.2.2.2", "3.3.3.3"};
	static const char *const searches[] = {"corp.example", "extra.example"};
	static const char *const names[] = {"ndots", "edns0", "rotate"};
	static const char *const values[] = {"2", NULL, NULL};
	static const struct {
		struct sp_dns d;
		const char *want;
		bool missing;
	} cases[] = {
		{{.policy = "Default", .machine_conf = machine},
		 "search corp.example lab.example\n"
		 "nameserver 192.0.2.53\n"
		 "options timeout:1 edns0\n",
		 false},
		{{.policy = "Default", .machine_conf = machine, .host_network = true},
		 "search corp.example lab.example\n"
		 "nameserver 127.0.0.53\n"
		 "nameserver 192.0.2.53\n"
		 "options timeout:1 edns0\n",
		 false},
		{{.policy = "ClusterFirst",
		  .machine_conf = machine,
		  .cluster_ip = "10.96.0.10",
		  .ns = "prod",
		  .domain = "cluster.local"},
		 "search prod.svc.cluster.local svc.cluster.local cluster.local corp.example "
		 "lab.example\n"
		 "nameserver 10.96.0.10\n"
		 "options ndots:5\n",
		 false},
		{{.policy = "ClusterFirst",
		  .machine_conf = "nameserver 192.0.2.53\n",
		  .host_network = true,
		  .cluster_ip = "10.96.0.10",
		  .ns = "prod",
		  .domain = "cluster.local"},
		 "nameserver 192.0.2.53\n",
		 false},
		{{.policy = "ClusterFirstWithHostNet",
		  .machine_conf = "nameserver 192.0.2.53\n",
		  .host_network = true,
		  .cluster_ip = "10.96.0.10",
		  .ns = "prod",
		  .domain = "c.l"},
		 "search prod.svc.c.l svc.c.l c.l\n"
		 "nameserver 10.96.0.10\n"
		 "options ndots:5\n",
		 false},
		{{.policy = "ClusterFirst", .machine_conf = "nameserver 192.0.2.53\n"},
		 "nameserver 192.0.2.53\n",
		 true},
		{{.policy = "None",
		  .machine_conf = machine,
		  .nameservers = servers,
		  .n_nameservers = 4,
		  .searches = searches,
		  .n_searches = 2,
		  .option_names = names,
		  .option_values = values,
		  .n_options = 3},
		 "search corp.example extra.example\n"
		 "nameserver 1.1.1.1\n"
		 "nameserver 192.0.2.53\n"
		 "nameserver 2.2.2.2\n"
		 "options ndots:2 edns0 rotate\n",
		 false},
		/* merged: no duplicates, the pod's option wins */
		{{.policy = "ClusterFirst",
		  .machine_conf = machine,
		  .cluster_ip = "10.96.0.10",
		  .ns = "n",
		  .domain = "d",
		  .nameservers = servers,
		  .n_nameservers = 2,
		  .searches = searches,
		  .n_searches = 2,
		  .option_names = names,
		  .option_values = values,
		  .n_options = 1},
		 "search n.svc.d svc.d d corp.example lab.example extra.example\n"
		 "nameserver 10.96.0.10\n"
		 "nameserver 1.1.1.1\n"
		 "nameserver 192.0.2.53\n"
		 "options ndots:2\n",
		 false},
		{{.policy = "None"}, "", false},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		char mem[1024];
		struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

		assert_int_equal(sp_resolv_print(&cases[i].d, &b), cases[i].missing);
		assert_string_equal(mem, cases[i].want);
	}
}

static void test_pool(void **state)
{
	char dir[] = "/tmp/sp-test-pool.XXXXXX", path[64], uid[SP_POOL_UID], name[SP_POOL_NAME];
	struct sp_pool_net net = {.bridge = "b0", .prefix_len = 16}, other = {.bridge = "b1"};
	struct sp_pool_port p[3] = {{.slot = 2, .host_port = 80},
				    {.slot = 1, .host_port = 81},
				    {.slot = 2, .host_port = 82}},
			    *all = NULL;
	int fd, fd2;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x/y", dir);
	fd = sp_pool_open(path, "pool");
	fd2 = sp_pool_open(path, "pool");
	assert_true(fd >= 0 && fd2 >= 0);
	assert_int_equal(sp_pool_lock(fd), 0);
	assert_int_equal(sp_pool_check_net(fd, &net), 1);
	assert_int_equal(sp_pool_check_net(fd, &net), 1);
	assert_int_equal(sp_pool_check_net(fd, &other), 0);

	assert_int_equal(sp_pool_find(fd, "a"), -ENOENT);
	assert_int_equal(sp_pool_next(fd, 0), -ENOENT);
	assert_int_equal(sp_pool_claim(fd, 3, "a", "default/a"), 0);
	assert_int_equal(sp_pool_claim(fd, 3, "b", ""), 1);
	assert_int_equal(sp_pool_claim(fd, 3, "c", ""), 2);
	assert_int_equal(sp_pool_claim(fd, 3, "d", ""), -ENOSPC);
	assert_int_equal(sp_pool_claim(fd, 3, "", ""), -EINVAL);
	assert_int_equal(sp_pool_release(fd, 1), 0);
	assert_int_equal(sp_pool_find(fd, "b"), -ENOENT);
	assert_int_equal(sp_pool_next(fd, 1), 2);
	assert_int_equal(sp_pool_claim(fd, 3, "e", ""), 1); /* the lowest free */
	assert_int_equal(sp_pool_find(fd2, "e"), 1);
	assert_int_equal(sp_pool_uid(fd2, 2, uid), 0);
	assert_string_equal(uid, "c");
	assert_int_equal(sp_pool_name(fd2, 0, name), 0);
	assert_string_equal(name, "default/a");
	assert_int_equal(sp_pool_name(fd2, 2, name), 0);
	assert_string_equal(name, "c"); /* it has no other */

	/* an owner is seen by others, not by itself, and is gone with its descriptor */
	assert_int_equal(sp_pool_hold(fd, 1), 0);
	assert_int_equal(sp_pool_held(fd, 1), 0);
	assert_int_equal(sp_pool_held(fd2, 1), 1);
	assert_int_equal(sp_pool_held(fd2, 2), 0);

	assert_int_equal(sp_pool_ports(fd, &all), 0);
	assert_int_equal(sp_pool_add_ports(fd, p, 3), 0);
	assert_int_equal(sp_pool_drop_ports(fd, 1), 0);
	p[0].slot = 3;
	assert_int_equal(sp_pool_add_ports(fd, p, 2), 0);
	assert_int_equal(sp_pool_ports(fd, &all), 3); /* freed places are used again */
	assert_int_equal(all[0].slot, 3);
	assert_int_equal(all[1].host_port, 81);
	assert_int_equal(all[2].slot, 1);
	free(all);

	sp_pool_unlock(fd);
	fd = sp_close(fd);
	assert_int_equal(sp_pool_held(fd2, 1), 0);
	assert_int_equal(sp_pool_lock(fd2), 0);
	assert_int_equal(sp_pool_forget_net(fd2), 0);
	assert_int_equal(sp_pool_check_net(fd2, &other), 1);
	assert_int_equal(sp_pool_next(fd2, 0), -ENOENT);

	/* not ours, or of another layout: refused */
	assert_int_equal(pwrite(fd2, "something", 9, 0), 9);
	assert_int_equal(sp_pool_check_net(fd2, &net), -EBADMSG);
	assert_int_equal(sp_pool_find(fd2, "e"), -EBADMSG);
	sp_close(fd2);
	snprintf(path, sizeof(path), "%s/x/y/pool", dir);
	assert_int_equal(unlink(path), 0);
	for (const char *const *d = (const char *const[]){"/x/y", "/x", "", NULL}; *d; d++) {
		snprintf(path, sizeof(path), "%s%s", dir, *d);
		assert_int_equal(rmdir(path), 0);
	}
}

static void test_messages(void **state)
{
	static const uint8_t want[] = {
		/* length, type, flags, sequence, port id */
		44, 0, 0, 0,    0x10, 0,   0x05, 0,    1, 0,
		0,  0, 0, 0,    0,    0,   0xaa, 0xbb, 0, 0, /* header, padded */
		7,  0, 3, 0,    'l',  'o', 0,    0,          /* string, padded */
		16, 0, 9, 0x80,                              /* nest */
		6,  0, 1, 0,    1,    2,   0,    0,          /* in it */
		1,  2, 3, 4,                                 /* raw */
		20, 0, 0, 0,    0x11, 0,   0x01, 0,    2, 0,
		0,  0, 0, 0,    0,    0,   7,    0,    0, 0,
	};
	_Alignas(8) uint8_t mem[128];
	const struct nlattr *a;
	struct sp_nl n;
	size_t nest;

	sp_nl_init(&n, mem, sizeof(mem));
	sp_nl_begin(&n, 0x10, NLM_F_ACK, (uint8_t[]){0xaa, 0xbb}, 2);
	sp_nl_str(&n, 3, "lo");
	nest = sp_nl_nest(&n, 9);
	sp_nl_attr(&n, 1, (uint8_t[]){1, 2}, 2);
	sp_nl_raw(&n, (uint8_t[]){1, 2, 3, 4}, 4);
	sp_nl_nest_end(&n, nest);
	sp_nl_begin(&n, 0x11, 0, (uint8_t[]){7}, 1);
	assert_false(n.failed);
	assert_int_equal(n.len, sizeof(want));
	assert_memory_equal(mem, want, sizeof(want));
	a = sp_nl_find((void *)mem, 2, 9);
	assert_non_null(a);
	assert_int_equal(a->nla_len, 16);
	assert_null(sp_nl_find((void *)mem, 2, 4));

	sp_nl_init(&n, mem, 40);
	sp_nl_begin(&n, 0x10, 0, "abcd", 4);
	sp_nl_str(&n, 3, "does not fit in what is left");
	sp_nl_u32(&n, 1, 1); /* would fit: but a message with a hole is not sent */
	assert_true(n.failed);
	assert_int_equal(sp_nl_talk(-EBADF, &n, NULL, NULL, NULL), -ENOBUFS);
}

static void test_mac(void **state)
{
	uint8_t mac[SP_MAC_LEN];

	sp_link_mac((struct in_addr){inet_addr("10.83.1.2")}, mac);
	assert_memory_equal(mac, ((uint8_t[]){0x02, 0x5d, 10, 83, 1, 2}), sizeof(mac));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostname), cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_resolv),   cmocka_unit_test(test_pool),
		cmocka_unit_test(test_messages), cmocka_unit_test(test_mac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
