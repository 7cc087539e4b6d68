/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor's pure parts: environment, volume content, bundle, status. */
#include "container/container.h"
#include "spec/load.h"
#include "supervisor/bundle.h"
#include "supervisor/env.h"
#include "supervisor/pull_secrets.h"
#include "supervisor/spawn.h"
#include "supervisor/status_json.h"
#include "sys/fd.h"

#include "cmocka_all.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>

/* ---- expansion ------------------------------------------------------------------------------ */

static const char *lookup(const void *ctx, const char *name, size_t len)
{
	if (len == 1 && *name == 'A')
		return "1";
	if (len == 3 && memcmp(name, "B_2", 3) == 0)
		return "$(A)";
	if (len == 0)
		return "nothing";
	return NULL;
}

static void test_expand(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"", ""},
		{"plain", "plain"},
		{"$(A)", "1"},
		{"x$(A)y$(A)", "x1y1"},
		{"$$(A)", "$(A)"},
		{"$$$(A)", "$1"},
		{"$$$$(A)", "$$(A)"},
		{"$(B_2)", "$(A)"}, /* no second pass */
		{"$(C)", "$(C)"},
		{"$(A", "$(A"},
		{"$(A$(A)", "$(A$(A)"}, /* the name is everything up to the first ')' */
		{"$A", "$A"},
		{"a$", "a$"},
		{"$$", "$"},
		{"$()", "nothing"},
		{"$(A)$", "1$"},
		{"$( A)", "$( A)"},
		{"$)(A)", "$)(A)"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_buf b = {0};

		sp_expand(cases[i].in, lookup, NULL, &b);
		assert_string_equal(b.ptr ? b.ptr : "", cases[i].out);
		sp_buf_done(&b);
	}
}

/* ---- a pod in a bundle ----------------------------------------------------------------------- */

static const char pod_text[] =
	"{\"format\":\"sidepod.bundle/v1\",\"pod\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\","
	"\"metadata\":{\"name\":\"web\",\"namespace\":\"prod\",\"uid\":\"u-1\",\"generation\":3,"
	"\"labels\":{\"b\":\"two \\\"x\\\"\",\"a\":\"one\"},\"annotations\":{\"n/k\":\"v\"}},"
	"\"spec\":{\"restartPolicy\":\"Always\",\"terminationGracePeriodSeconds\":30,"
	"\"nodeName\":\"node-1\",\"serviceAccountName\":\"robot\","
	"\"readinessGates\":[{\"conditionType\":\"example.com/gate\"}],"
	"\"initContainers\":[{\"name\":\"side\",\"image\":\"s:1\",\"restartPolicy\":\"Always\"}],"
	"\"containers\":["
	"{\"name\":\"web\",\"image\":\"w:1\",\"command\":[\"$(GREETING)\",\"$(LATER)\",\"$$(X)\"],"
	"\"args\":[\"$(PATH)\"],"
	"\"resources\":{\"requests\":{\"cpu\":\"250m\",\"memory\":\"64Mi\"},"
	"\"limits\":{\"memory\":\"128Mi\",\"hugepages-2Mi\":\"4Mi\"}},"
	"\"envFrom\":[{\"configMapRef\":{\"name\":\"conf\"}},"
	"{\"prefix\":\"S_\",\"secretRef\":{\"name\":\"keys\"}},"
	"{\"configMapRef\":{\"name\":\"absent\",\"optional\":true}}],"
	"\"env\":[{\"name\":\"GREETING\",\"value\":\"hello $(color) $(LATER)\"},"
	"{\"name\":\"LATER\",\"value\":\"x\"},{\"name\":\"EMPTY\",\"value\":\"\"},"
	"{\"name\":\"POD\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"metadata.name\"}}},"
	"{\"name\":\"LABEL\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"metadata.labels['a']\"}}},"
	"{\"name\":\"NOLABEL\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"metadata.labels['z']\"}}},"
	"{\"name\":\"IP\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"status.podIP\"}}},"
	"{\"name\":\"IPS\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"status.podIPs\"}}},"
	"{\"name\":\"NODE\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"spec.nodeName\"}}},"
	"{\"name\":\"CPU\",\"valueFrom\":{\"resourceFieldRef\":{\"resource\":\"requests.cpu\"}}},"
	"{\"name\":\"CPUM\",\"valueFrom\":{\"resourceFieldRef\":{\"resource\":\"requests.cpu\","
	"\"divisor\":\"1m\"}}},"
	"{\"name\":\"CPULIM\",\"valueFrom\":{\"resourceFieldRef\":{\"resource\":\"limits.cpu\"}}},"
	"{\"name\":\"MEM\",\"valueFrom\":{\"resourceFieldRef\":{\"resource\":\"limits.memory\","
	"\"divisor\":\"1Mi\"}}},"
	"{\"name\":\"HUGE\",\"valueFrom\":{\"resourceFieldRef\":{"
	"\"resource\":\"limits.hugepages-2Mi\",\"divisor\":\"1Mi\"}}},"
	"{\"name\":\"NOHUGE\",\"valueFrom\":{\"resourceFieldRef\":{"
	"\"resource\":\"limits.hugepages-1Gi\"}}},"
	"{\"name\":\"KEY\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"keys\",\"key\":\"token\"}}},"
	"{\"name\":\"NOKEY\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"conf\",\"key\":\"no\","
	"\"optional\":true}}},"
	"{\"name\":\"LATER\",\"value\":\"last wins\"}]},"
	"{\"name\":\"alpha\",\"image\":\"a:1\"}]}},"
	"\"configMaps\":[{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"conf\"},"
	"\"data\":{\"color\":\"green\",\"GREETING\":\"from map\"},"
	"\"binaryData\":{\"blob\":\"AAEC\"}}],"
	"\"secrets\":[{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"keys\"},"
	"\"data\":{\"token\":\"c2VjcmV0\"}}],"
	"\"images\":{\"w:1\":{\"ref\":\"docker.io/library/w:1\",\"id\":\"sha256:1\",\"layers\":[\"/l\"],"
	"\"entrypoint\":[\"/entry\"],\"cmd\":[\"-c\"],\"env\":[\"PATH=/bin\",\"GREETING=image\","
	"\"junk\"],\"fresh\":true,\"pulled\":\"Successfully pulled\"}},"
	"\"engine\":{\"root\":\"/r\",\"runDir\":\"/run/r\",\"logDir\":\"/log\",\"net\":\"lo\"}}";

static struct sp_bundle bundle;
static struct sp_world world;

static int read_pod(void **state)
{
	struct sp_error err = {0};

	if (sp_bundle_parse(pod_text, sizeof(pod_text) - 1, &bundle, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	world = (struct sp_world){
		.bundle = &bundle,
		.pod_ips = "10.1.2.3,fd00::3",
		.host_ips = "192.168.0.1",
		.hostname = "web",
		.machine_cpu_milli = 4000,
		.machine_memory_bytes = 8ll << 30,
		.machine_storage_bytes = 100ll << 30,
	};
	return 0;
}

static int forget_pod(void **state)
{
	sp_bundle_done(&bundle);
	return 0;
}

static const char *value_of(const char *const *env, const char *name)
{
	size_t n = strlen(name);

	for (; *env; env++)
		if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
			return *env + n + 1;
	return NULL;
}

/* ENV-1, ENV-2, DAPI-1 */
static void test_env(void **state)
{
	static const struct {
		const char *name, *value; /* NULL: not set at all */
	} want[] = {
		{"color", "green"},
		{"GREETING", "hello green $(LATER)"}, /* over the map's and the image's; ENV-10 */
		{"S_token", "secret"},
		{"EMPTY", ""},
		{"POD", "web"},
		{"LABEL", "one"},
		{"NOLABEL", ""},
		{"IP", "10.1.2.3"},
		{"IPS", "10.1.2.3,fd00::3"},
		{"NODE", "node-1"},
		{"CPU", "1"},
		{"CPUM", "250"},
		{"CPULIM", "4"},
		{"MEM", "128"},
		{"HUGE", "4"},
		{"NOHUGE", "0"}, /* a machine's pages are nobody's unless asked for */
		{"KEY", "secret"},
		{"NOKEY", NULL},
		{"LATER", "last wins"},
		{"PATH", "/bin"},
		{"HOSTNAME", "web"},
		{"junk", NULL},
	};
	const struct sp_k_container *c = sp_pod_container(bundle.pod->spec, "web");
	const struct sp_image *image = &bundle.images[0].image;
	struct sp_arena a = {0};
	struct sp_error err = {0};
	struct sp_env env;
	const char *const *list, *const *argv;

	assert_int_equal(sp_env_build(&a, &world, c, &env, &err), 0);
	list = sp_env_list(&a, &world, c, image, &env);
	for (size_t i = 0; i < SP_ARRAY_LEN(want); i++) {
		const char *v = value_of(list, want[i].name);

		if (want[i].value)
			assert_string_equal(v, want[i].value);
		else
			assert_null(v);
	}
	/* CMD-1, and the table of 18.1 */
	argv = sp_argv_build(&a, c, image, &env);
	assert_string_equal(argv[0], "hello green $(LATER)");
	assert_string_equal(argv[1], "last wins");
	assert_string_equal(argv[2], "$(X)");
	assert_string_equal(argv[3], "$(PATH)"); /* the image's variables are not known here */
	assert_null(argv[4]);

	/* Probes know literal values alone, as they are written (PROBE-20). */
	argv = sp_probe_argv(
		&a, c,
		&(struct sp_strs){
			(const char *[]){"$(EMPTY)", "$(color)", "$(GREETING)", "$(LATER)"}, 4});
	assert_string_equal(argv[0], "");
	assert_string_equal(argv[1], "$(color)");
	assert_string_equal(argv[2], "hello $(color) $(LATER)");
	assert_string_equal(argv[3], "last wins");
	assert_null(argv[4]);
	sp_arena_done(&a);
}

/* ENV-1, ENV-10: the variables of Services, and enableServiceLinks. */
static void test_env_services(void **state)
{
	static const struct sp_bundle_service_port web_ports[] = {{"http", false, 80},
								  {"dns-alt", true, 5353}},
						   db_ports[] = {{NULL, false, 5432}};
	static struct sp_bundle_service services[] = {{"my-web", "10.84.0.2", web_ports, 2},
						      {"db", "10.84.0.3", db_ports, 1}};
	static const struct sp_env_var want[] = {
		{"MINE", "db is 10.84.0.3, $(OTHER_SERVICE_HOST)"},
		{"MY_WEB_SERVICE_PORT", "mine"}, /* the manifest's wins */
		{"MY_WEB_SERVICE_HOST", "10.84.0.2"},
		{"MY_WEB_SERVICE_PORT_HTTP", "80"},
		{"MY_WEB_PORT", "tcp://10.84.0.2:80"},
		{"MY_WEB_PORT_80_TCP", "tcp://10.84.0.2:80"},
		{"MY_WEB_PORT_80_TCP_PROTO", "tcp"},
		{"MY_WEB_PORT_80_TCP_PORT", "80"},
		{"MY_WEB_PORT_80_TCP_ADDR", "10.84.0.2"},
		{"MY_WEB_SERVICE_PORT_DNS_ALT", "5353"},
		{"MY_WEB_PORT_5353_UDP", "udp://10.84.0.2:5353"},
		{"MY_WEB_PORT_5353_UDP_PROTO", "udp"},
		{"MY_WEB_PORT_5353_UDP_PORT", "5353"},
		{"MY_WEB_PORT_5353_UDP_ADDR", "10.84.0.2"},
		{"DB_SERVICE_HOST", "10.84.0.3"},
		{"DB_SERVICE_PORT", "5432"},
		{"DB_PORT", "tcp://10.84.0.3:5432"},
		{"DB_PORT_5432_TCP", "tcp://10.84.0.3:5432"},
		{"DB_PORT_5432_TCP_PROTO", "tcp"},
		{"DB_PORT_5432_TCP_PORT", "5432"},
		{"DB_PORT_5432_TCP_ADDR", "10.84.0.3"},
	};
	struct sp_k_env vars[] = {
		{.name = "MINE", .value = "db is $(DB_SERVICE_HOST), $(OTHER_SERVICE_HOST)"},
		{.name = "MY_WEB_SERVICE_PORT", .value = "mine"}};
	const struct sp_k_container c = {.name = "c", .env = {vars, SP_ARRAY_LEN(vars)}};
	struct sp_k_pod_spec spec = *bundle.pod->spec;
	struct sp_k_pod pod = *bundle.pod;
	struct sp_bundle b = bundle;
	struct sp_world w = world;
	struct sp_arena a = {0};
	struct sp_error err = {0};
	struct sp_env env;

	b.services = services;
	b.n_services = SP_ARRAY_LEN(services);
	b.pod = &pod;
	pod.spec = &spec;
	w.bundle = &b;
	assert_int_equal(sp_env_build(&a, &w, &c, &env, &err), 0);
	assert_int_equal(env.n, SP_ARRAY_LEN(want));
	for (size_t i = 0; i < SP_ARRAY_LEN(want); i++) {
		size_t k = 0;

		while (k < env.n && !sp_streq(env.v[k].name, want[i].name))
			k++;
		if (k == env.n)
			fail_msg("%s is not set", want[i].name);
		assert_string_equal(env.v[k].value, want[i].value);
	}

	spec.enable_service_links = (struct sp_opt_bool){.set = true, .v = false};
	assert_int_equal(sp_env_build(&a, &w, &c, &env, &err), 0);
	assert_int_equal(env.n, 2);
	assert_string_equal(env.v[0].value, "db is $(DB_SERVICE_HOST), $(OTHER_SERVICE_HOST)");
	sp_arena_done(&a);
}

static void test_argv(void **state)
{
	static const char *e[] = {"e"}, *d[] = {"d"}, *c[] = {"c"}, *a[] = {"a"};
	static const struct {
		bool command, args;
		const char *want[3];
	} cases[] = {
		{false, false, {"e", "d"}},
		{true, false, {"c"}},
		{false, true, {"e", "a"}},
		{true, true, {"c", "a"}},
	};
	const struct sp_image image = {.entrypoint = e, .n_entrypoint = 1, .cmd = d, .n_cmd = 1};
	const struct sp_env env = {0};
	struct sp_arena arena = {0};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_k_container k = {0};
		const char *const *argv;
		size_t n;

		if (cases[i].command)
			k.command = (struct sp_strs){c, 1};
		if (cases[i].args)
			k.args = (struct sp_strs){a, 1};
		argv = sp_argv_build(&arena, &k, &image, &env);
		for (n = 0; n < 3 && cases[i].want[n]; n++)
			assert_string_equal(argv[n], cases[i].want[n]);
		assert_null(argv[n]);
	}
	sp_arena_done(&arena);
}

/* IMG-6, VOL-4, ENV-3 */
static void test_env_errors(void **state)
{
	struct sp_k_key_ref ref = {.name = "nope", .key = "k"};
	struct sp_k_key_ref there = {.name = "conf", .key = "k"},
			    secret = {.name = "keys", .key = "k"};
	const struct {
		struct sp_k_env_source from;
		const char *text;
	} cases[] = {
		{{.config_map = &ref}, "configmap \"nope\" not found"},
		{{.secret = &ref}, "secret \"nope\" not found"},
		{{.config_map = &there}, "couldn't find key k in ConfigMap prod/conf"},
		{{.secret = &secret}, "couldn't find key k in Secret prod/keys"},
	};
	struct sp_arena a = {0};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_k_env_source from = cases[i].from;
		struct sp_k_env var = {.name = "V", .from = &from};
		struct sp_k_container c = {.name = "c", .env = {&var, 1}};
		struct sp_error err = {0};
		struct sp_env env;

		assert_int_equal(sp_env_build(&a, &world, &c, &env, &err), -1);
		assert_int_equal(err.code, SP_E_INVALID);
		assert_string_equal(err.text, cases[i].text);
	}

	struct sp_env_var vars[] = {{"A", "a/b"}, {"E", ""}, {"UP", "../x"}};
	const struct sp_env env = {vars, 3, 3};
	static const struct {
		const char *path, *expr, *want, *error;
	} subs[] = {
		{"x/y", NULL, "x/y", NULL},
		{NULL, "$(A)/c", "a/b/c", NULL},
		{NULL, NULL, NULL, NULL},
		{"$(A)", NULL, "$(A)", NULL},
		{NULL, "$(E)", NULL, "missing value for E"},
		{NULL, "$(NONE)-$(E)", NULL, "missing value for NONE"},
		{NULL, "$(UP)", NULL, "unable to provision SubPath `../x`"},
		{NULL, "/$(A)", NULL, "unable to provision SubPath `/a/b`"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(subs); i++) {
		struct sp_k_mount m = {.sub_path = subs[i].path, .sub_path_expr = subs[i].expr};
		struct sp_error err = {0};
		const char *got = "unset";
		int r = sp_sub_path(&a, &m, &env, &got, &err);

		assert_int_equal(r, subs[i].error ? -1 : 0);
		if (subs[i].error)
			assert_memory_equal(err.text, subs[i].error, strlen(subs[i].error));
		else if (subs[i].want)
			assert_string_equal(got, subs[i].want);
		else
			assert_null(got);
	}
	sp_arena_done(&a);
}

/* DAPI-3 */
static void test_volume_content(void **state)
{
	struct sp_k_item items[] = {{.key = "color", .path = "c/olor", .mode = {true, 0400}},
				    {.key = "blob", .path = "b"}};
	struct sp_k_object_volume all = {.name = "conf"};
	struct sp_k_object_volume some = {
		.name = "conf", .items = {items, 2}, .default_mode = {true, 0600}};
	struct sp_k_object_volume gone = {.name = "nope"};
	struct sp_k_object_volume maybe = {.name = "nope", .optional = {true, true}};
	struct sp_k_object_volume keys = {.name = "keys"};
	struct sp_k_field_ref labels = {.field_path = "metadata.labels"};
	struct sp_k_downward_item di = {.path = "labels", .field = &labels};
	struct sp_k_downward down = {.items = {&di, 1}};
	struct sp_k_projection sources[] = {
		{.config_map = &some}, {.secret = &keys}, {.downward = &down}};
	struct sp_k_projected projected = {.sources = {sources, 3}, .default_mode = {true, 0440}};
	const struct {
		struct sp_k_volume v;
		int n; /* -1: fails */
		bool secret;
	} cases[] = {
		{{.name = "v", .config_map = &all}, 3, false},
		{{.name = "v", .config_map = &some}, 2, false},
		{{.name = "v", .config_map = &gone}, -1, false},
		{{.name = "v", .config_map = &maybe}, 0, false},
		{{.name = "v", .secret = &keys}, 1, true},
		{{.name = "v", .projected = &projected}, 4, true},
	};
	struct sp_arena a = {0};
	struct sp_volume_file *f = NULL;

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_error err = {0};
		bool secret = false;
		uint32_t n = 0;
		int r = sp_volume_content(&a, &world, &cases[i].v, &f, &n, &secret, &err);

		assert_int_equal(r, cases[i].n < 0 ? -1 : 0);
		if (r == 0) {
			assert_int_equal(n, cases[i].n);
			assert_int_equal(secret, cases[i].secret);
		} else {
			assert_string_equal(err.text, "configmap \"nope\" not found");
		}
	}
	/* the last one: modes by item, by source, by volume; binary data; sorted, quoted labels */
	assert_string_equal(f[0].path, "c/olor");
	assert_int_equal(f[0].mode, 0400);
	assert_int_equal(f[1].mode, 0600);
	assert_int_equal(f[1].len, 3);
	assert_memory_equal(f[1].data, "\0\1\2", 3);
	assert_string_equal(f[2].path, "token");
	assert_int_equal(f[2].mode, 0440);
	assert_string_equal(f[3].data, "a=\"one\"\nb=\"two \\\"x\\\"\"");
	sp_arena_done(&a);
}

/* ---- bundle ---------------------------------------------------------------------------------- */

static void test_pull_secrets(void **state)
{
	char plain[] = "Opaque", json[] = "kubernetes.io/dockerconfigjson",
	     cfg[] = "kubernetes.io/dockercfg";
	struct sp_kv keys[] = {{.key = ".dockercfg", .value = "{\"old\":1}"},
			       {.key = ".dockerconfigjson", .value = "{\"auths\":{}}"}};
	struct sp_k_meta metas[] = {{.name = "a"}, {.name = "b"}, {.name = "c"}};
	struct sp_k_secret s[] = {
		{.meta = &metas[0], .type = json, .data = {keys, 2}},
		{.meta = &metas[1], .type = cfg, .data = {keys, 2}},
		{.meta = &metas[2], .type = plain, .data = {keys, 2}},
	};
	struct sp_k_secret *const all[] = {&s[0], &s[1], &s[2]};
	struct sp_k_name_ref refs[] = {{.name = "b"}, {.name = "c"}, {.name = "a"}, {.name = "no"}};
	struct sp_k_pod_spec pod = {.image_pull_secrets = {.v = refs, .n = 4}};
	struct sp_buf missing = {0}, out = {0};
	struct sp_error err = {0};
	char mem[256];
	int fd;

	/* in the pod's order; what has another type is of no use */
	assert_int_equal(sp_pull_secrets_print(&pod, all, 3, &missing, &out), 2);
	assert_string_equal(out.ptr, "[{\"name\":\"b\",\"config\":\"{\\\"old\\\":1}\"},"
				     "{\"name\":\"a\",\"config\":\"{\\\"auths\\\":{}}\"}]");
	assert_string_equal(missing.ptr, "c, no");
	sp_buf_clear(&missing);
	assert_int_equal(sp_pull_secrets_open(&pod, all, 3, &missing, &fd, &err), 0);
	assert_int_equal(read(fd, mem, sizeof(mem)), (int)out.len);
	assert_memory_equal(mem, out.ptr, out.len);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	pod.image_pull_secrets.n = 0;
	assert_int_equal(sp_pull_secrets_open(&pod, all, 3, &missing, &fd, &err), 0);
	assert_int_equal(fd, -EBADF);
	sp_buf_done(&missing);
	sp_buf_done(&out);
}

static void test_bundle(void **state)
{
	static const struct sock_filter code[] = {{0x06, 0, 0, 0x7fff0000},
						  {0x15, 1, 2, 0xc000003e}};
	const struct sp_seccomp filters[] = {{.caps = 0x20, .bpf = code, .n = 2}};
	const char *layers[] = {"/a", "/b \"q\""}, *env[] = {"A=1"};
	struct sp_bundle_image images[] = {
		{.reference = "img:1",
		 .image = {.ref = "docker.io/library/img:1",
			   .id = "sha256:aa",
			   .digest = "sha256:bb",
			   .size_bytes = 5000000000,
			   .layers = layers,
			   .n_layers = 2,
			   .env = env,
			   .n_env = 1,
			   .working_dir = "/w",
			   .user = "7:8",
			   .stop_signal = "SIGINT"},
		 .fresh = true,
		 .pulled = "msg"},
		{.reference = "gone:1", .fail = "pull", .fail_text = "no \"such\""}};
	struct sp_engine engine;
	struct sp_arena a = {0};
	struct sp_error err = {0};
	struct sp_bundle got;
	struct sp_node *doc;
	struct sp_buf b = {0};
	const struct sp_node *maps[1];
	int fd;

	assert_int_equal(sp_engine_default(&a, "/top", &engine), 0);
	assert_string_equal(engine.run_dir, "/top/run");
	engine.net = SP_NET_LO;
	engine.subnet = "10.9.0.0/16";
	engine.publish[0] = (struct sp_net_port){.udp = true, .host_port = 53, .ctr_port = 5353};
	engine.n_publish = 1;
	engine.seccomp = filters;
	engine.n_seccomp = 1;
	engine.command = "/bin/sidepod";
	engine.time_scale = 20;
	engine.backoff_initial = 1500 * SP_MSEC;
	assert_int_equal(sp_node_from_json(&a, pod_text, sizeof(pod_text) - 1, &doc, &err), 0);
	maps[0] = sp_node_at(doc, "configMaps[0]");
	const struct sp_bundle_service_port ports[] = {{NULL, false, 80}, {"d\"ns", true, 53}};
	const struct sp_bundle_service services[] = {{"web", "10.84.1.2", ports, 2}};
	const struct sp_bundle_params p = {
		.pod = sp_node_get(doc, "pod"),
		.config_maps = maps,
		.n_config_maps = 1,
		.services = services,
		.n_services = 1,
		.images = images,
		.n_images = 2,
		.engine = &engine,
		.resume = true,
	};

	fd = sp_bundle_write(&p, &err);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), -1); /* sealed */
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(sp_bundle_read(fd, &got, &err), 0);
	close(fd);
	assert_string_equal(got.pod->meta->name, "web");
	assert_int_equal(got.pod->spec->containers.n, 2);
	assert_int_equal(got.n_config_maps, 1);
	assert_int_equal(got.n_secrets, 0);
	assert_true(got.resume);
	assert_int_equal(got.n_services, 1);
	assert_string_equal(got.services[0].name, "web");
	assert_string_equal(got.services[0].ip, "10.84.1.2");
	assert_int_equal(got.services[0].n_ports, 2);
	assert_null(got.services[0].ports[0].name);
	assert_int_equal(got.services[0].ports[0].port, 80);
	assert_string_equal(got.services[0].ports[1].name, "d\"ns");
	assert_true(got.services[0].ports[1].udp);
	assert_int_equal(got.n_images, 2);
	assert_string_equal(got.images[1].reference, "gone:1");
	assert_string_equal(got.images[1].fail, "pull");
	assert_string_equal(got.images[1].fail_text, "no \"such\"");
	assert_null(got.images[0].fail);
	assert_string_equal(got.images[0].reference, "img:1");
	assert_true(got.images[0].fresh);
	assert_string_equal(got.images[0].pulled, "msg");
	assert_true(got.images[0].image.size_bytes == 5000000000);
	assert_string_equal(got.images[0].image.layers[1], "/b \"q\"");
	assert_string_equal(got.images[0].image.stop_signal, "SIGINT");
	assert_int_equal(got.engine.net, SP_NET_LO);
	assert_int_equal(got.engine.time_scale, 20);
	assert_true(got.engine.backoff_initial == 1500 * SP_MSEC);
	assert_true(got.engine.pids_limit == -1);
	assert_int_equal(got.engine.n_publish, 1);
	assert_true(got.engine.publish[0].udp && got.engine.publish[0].ctr_port == 5353);
	assert_int_equal(got.engine.n_seccomp, 1);
	assert_true(got.engine.seccomp[0].caps == 0x20 && got.engine.seccomp[0].n == 2);
	assert_memory_equal(got.engine.seccomp[0].bpf, code, sizeof(code));

	struct sp_net_config nc;

	assert_int_equal(sp_engine_net_config(&a, &got.engine, &nc, &err), 0);
	assert_int_equal(nc.prefix_len, 16);
	assert_string_equal(nc.state_dir, "/run/sidepod/net"); /* the machine's */
	got.engine.rootless = true;
	assert_int_equal(sp_engine_net_config(&a, &got.engine, &nc, &err), 0);
	assert_string_equal(nc.state_dir, "/top/run/net");
	sp_bundle_done(&got);
	sp_buf_done(&b);
	sp_arena_done(&a);
}

static void test_bad_bundles(void **state)
{
	static const char *const cases[] = {
		"",
		"[]",
		"{}",
		"{\"format\":\"sidepod.bundle/v2\"}",
		"{\"format\":\"sidepod.bundle/v1\"}",
		"{\"format\":\"sidepod.bundle/v1\",\"pod\":{\"apiVersion\":\"v1\",\"kind\":\"Secret\"}}",
		("{\"format\":\"sidepod.bundle/v1\",\"pod\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\","
		 "\"metadata\":{\"name\":\"a\"},\"spec\":{\"containers\":[]}}}"),
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_error err = {0};
		struct sp_bundle b;

		assert_int_equal(sp_bundle_parse(cases[i], strlen(cases[i]), &b, &err), -1);
		assert_true(err.code != SP_OK);
	}
}

/* ---- status ---------------------------------------------------------------------------------- */

#define WALL(s) ((1767323045ll + (s)) * SP_SEC) /* 2026-01-02T03:04:05Z */

static void test_status(void **state)
{
	static const char want[] =
		"{\"observedGeneration\":3,\"phase\":\"Running\",\"conditions\":["
		"{\"type\":\"Ready\",\"status\":\"False\",\"observedGeneration\":3,"
		"\"lastProbeTime\":null,\"lastTransitionTime\":\"2026-01-02T03:04:05Z\","
		"\"reason\":\"ContainersNotReady\",\"message\":\"containers with unready status: "
		"[web]\"},{\"type\":\"example.com/gate\",\"status\":\"True\",\"observedGeneration\":3,"
		"\"lastProbeTime\":null}],\"hostIP\":\"192.168.0.1\",\"hostIPs\":[{\"ip\":"
		"\"192.168.0.1\"}],\"podIP\":\"10.1.2.3\",\"podIPs\":[{\"ip\":\"10.1.2.3\"},"
		"{\"ip\":\"fd00::3\"}],\"startTime\":\"2026-01-02T03:04:05Z\","
		"\"initContainerStatuses\":[{\"name\":\"side\",\"state\":{\"running\":{\"startedAt\":"
		"\"2026-01-02T03:04:06Z\"}},\"lastState\":{},\"ready\":true,\"restartCount\":0,"
		"\"image\":\"s:1\",\"imageID\":\"sha256:5\",\"containerID\":\"sidepod://ID0\","
		"\"started\":true}],\"containerStatuses\":["
		"{\"name\":\"alpha\",\"state\":{\"waiting\":{\"reason\":\"PodInitializing\"}},"
		"\"lastState\":{},\"ready\":false,\"restartCount\":0,\"image\":\"a:1\",\"imageID\":\"\","
		"\"started\":false},"
		"{\"name\":\"web\",\"state\":{\"waiting\":{\"reason\":\"CrashLoopBackOff\",\"message\":"
		"\"back-off 10s\"}},\"lastState\":{\"terminated\":{\"exitCode\":137,\"reason\":"
		"\"OOMKilled\",\"message\":\"bye\",\"startedAt\":\"2026-01-02T03:04:07Z\","
		"\"finishedAt\":null,\"containerID\":\"sidepod://ID1\"}},\"ready\":false,"
		"\"restartCount\":2,\"image\":\"w:1\",\"imageID\":\"sha256:7\",\"containerID\":"
		"\"sidepod://ID1\",\"started\":false}],\"qosClass\":\"Burstable\"}";
	static const struct sp_ctr_spec ctrs[] = {
		{.name = "side"}, {.name = "web"}, {.name = "alpha"}};
	static const char *const gates[] = {"example.com/gate"};
	static const struct sp_pod_spec spec = {.name = "web",
						.ns = "prod",
						.uid = "u-1",
						.ctrs = ctrs,
						.n_init = 1,
						.n_ctrs = 3,
						.gates = gates,
						.n_gates = 1,
						.kube_minor = 36};
	static const enum sp_cond_status gate_status[] = {SP_COND_TRUE};
	static const char *const ids[] = {"sha256:5", "sha256:7", NULL};
	static struct sp_pod_status st = {
		.phase = SP_PHASE_RUNNING,
		.reason = "",
		.message = "",
		.pod_ip = "10.1.2.3,fd00::3",
		.start_wall_ns = WALL(0),
		.n_conds = 1,
		.conds = {{.type = SP_COND_READY,
			   .status = SP_COND_FALSE,
			   .reason = "ContainersNotReady",
			   .message = "containers with unready status: [web]",
			   .transition_wall_ns = WALL(0)}},
		.ctrs = {{.ctr = 0,
			  .state = SP_CTR_RUNNING,
			  .started_wall_ns = WALL(1),
			  .ready = true,
			  .started = true,
			  .has_run = true,
			  .image = "s:1"},
			 {.ctr = 1,
			  .state = SP_CTR_WAITING,
			  .reason = "CrashLoopBackOff",
			  .message = "back-off 10s",
			  .last = {.set = true,
				   .code = 137,
				   .reason = "OOMKilled",
				   .message = "bye",
				   .attempt = 2,
				   .started_wall_ns = WALL(2)},
			  .restart_count = 2,
			  .has_run = true,
			  .image = "w:1"},
			 {.ctr = 2,
			  .state = SP_CTR_WAITING,
			  .reason = "PodInitializing",
			  .message = "",
			  .image = "a:1"}},
	};
	const struct sp_status_view v = {.meta = bundle.pod->meta,
					 .spec = &spec,
					 .st = &st,
					 .qos = SP_QOS_BURSTABLE,
					 .host_ip = "192.168.0.1",
					 .image_ids = ids,
					 .gates = gate_status};
	char id[2][SP_CONTAINER_ID_LEN + 1];
	struct sp_buf b = {0}, w = {0};

	sp_container_id("u-1", "side", 0, id[0]);
	sp_container_id("u-1", "web", 2, id[1]);
	for (const char *p = want; *p;) {
		if (strncmp(p, "ID0", 3) == 0 || strncmp(p, "ID1", 3) == 0) {
			sp_buf_puts(&w, id[p[2] - '0']);
			p += 3;
		} else {
			sp_buf_putc(&w, *p++);
		}
	}
	sp_pod_status_print(&v, &b);
	assert_string_equal(b.ptr, w.ptr);

	sp_buf_clear(&b);
	st.deleting = true;
	st.deletion_wall_ns = WALL(9);
	st.deletion_grace_s = 30;
	sp_metadata_print(&v, &b);
	assert_non_null(strstr(b.ptr, "\"uid\":\"u-1\""));
	assert_non_null(strstr(b.ptr, ",\"deletionTimestamp\":\"2026-01-02T03:04:14Z\","
				      "\"deletionGracePeriodSeconds\":30}"));
	sp_buf_done(&b);
	sp_buf_done(&w);
}

static void test_container_id(void **state)
{
	char a[SP_CONTAINER_ID_LEN + 1], b[SP_CONTAINER_ID_LEN + 1];

	sp_container_id("u", "c", 0, a);
	assert_int_equal(strlen(a), SP_CONTAINER_ID_LEN);
	assert_int_equal(strspn(a, "0123456789abcdef"), SP_CONTAINER_ID_LEN);
	sp_container_id("u", "c", 0, b);
	assert_string_equal(a, b);
	sp_container_id("u", "c", 1, b);
	assert_string_not_equal(a, b);
	sp_container_id("uc", "", 0, b);
	assert_string_not_equal(a, b);
}

/* Who only looks whether it is held is waited for; who keeps it is told. */
static void test_lock(void **state)
{
	char path[] = "/tmp/sidepod-lock.XXXXXX", byte;
	int fd = mkostemp(path, O_CLOEXEC), status, ready[2];
	struct sp_error err;
	pid_t pid;

	assert_true(fd >= 0);
	for (int keeps = 0; keeps < 2; keeps++) {
		assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
		pid = fork();
		if (pid == 0) {
			int own = open(path, O_RDONLY | O_CLOEXEC);

			if (flock(own, LOCK_SH) < 0 || write(ready[1], "", 1) != 1)
				_exit(1);
			if (keeps)
				pause();
			usleep(20000); /* longer than any look */
			_exit(0);
		}
		assert_int_equal(read(ready[0], &byte, 1), 1);
		assert_int_equal(sp_pod_lock(fd, &err), keeps ? -1 : 0);
		if (keeps)
			assert_int_equal(err.code, SP_E_EXISTS);
		assert_int_equal(flock(fd, LOCK_UN), 0);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		close(ready[0]);
		close(ready[1]);
	}
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expand),       cmocka_unit_test(test_env),
		cmocka_unit_test(test_env_services), cmocka_unit_test(test_argv),
		cmocka_unit_test(test_env_errors),   cmocka_unit_test(test_volume_content),
		cmocka_unit_test(test_bundle),       cmocka_unit_test(test_bad_bundles),
		cmocka_unit_test(test_status),       cmocka_unit_test(test_container_id),
		cmocka_unit_test(test_pull_secrets), cmocka_unit_test(test_lock),
	};

	return cmocka_run_group_tests(tests, read_pod, forget_pod);
}
