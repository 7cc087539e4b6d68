/* SPDX-License-Identifier: Apache-2.0 */
/* What `get` and `describe` print of objects, and the socket of a session. */
#include "base/text.h"
#include "cli/channel.h"
#include "cli/describe_object.h"
#include "cli/object_table.h"
#include "cli/sessions.h"

#include "cmocka_all.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW 1767323045 /* 2026-01-02T03:04:05Z */

static struct sp_node *node(struct sp_arena *a, const char *json)
{
	struct sp_node *n;
	struct sp_error err;

	if (sp_node_from_json(a, json, strlen(json), &n, &err) < 0)
		fail_msg("%s", err.text);
	return n;
}

/* ---- rows ------------------------------------------------------------------------------------ */

#define META(name)                                                                                 \
	"\"metadata\":{\"name\":\"" name                                                           \
	"\",\"namespace\":\"n\",\"creationTimestamp\":\"2026-01-02T03:03:05Z\"}"
#define POD                                                                                        \
	"\"template\":{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"i:1\"},{\"name\":\"b\",\"image\":\"j\"}]}}"

static void test_rows(void **state)
{
	static const struct {
		const char *kind, *json, *want, *wide; /* NULL: as @want */
	} cases[] = {
		{"Deployment",
		 "{" META(
			 "web") ",\"spec\":{\"replicas\":3,\"selector\":{\"matchLabels\":{\"app\":\"web\",\"t\":\"x\"}}," POD
				"},\"status\":{\"readyReplicas\":2,\"updatedReplicas\":3,\"availableReplicas\":1}}",
		 "NAME|READY|UP-TO-DATE|AVAILABLE|AGE|web|2/3|3|1|60s",
		 "NAME|READY|UP-TO-DATE|AVAILABLE|AGE|CONTAINERS|IMAGES|SELECTOR|web|2/3|3|1|60s|a,b|i:1,j|app=web,t=x"},
		{"ReplicaSet", "{" META("web-1") ",\"spec\":{},\"status\":{\"replicas\":1}}",
		 "NAME|DESIRED|CURRENT|READY|AGE|web-1|1|1|0|60s", NULL},
		{"StatefulSet",
		 "{" META("db") ",\"spec\":{\"replicas\":2},\"status\":{\"readyReplicas\":1}}",
		 "NAME|READY|AGE|db|1/2|60s", NULL},
		{"DaemonSet",
		 "{" META("ds") ",\"status\":{\"desiredNumberScheduled\":1,\"numberReady\":1}}",
		 "NAME|DESIRED|CURRENT|READY|UP-TO-DATE|AVAILABLE|NODE SELECTOR|AGE|ds|1|0|1|0|0|<none>|60s",
		 NULL},
		{"Job",
		 "{" META(
			 "j") ",\"spec\":{\"completions\":2},\"status\":{\"succeeded\":1,\"startTime\":\"2026-01-02T03:03:35Z\"}}",
		 "NAME|STATUS|COMPLETIONS|DURATION|AGE|j|Running|1/2|30s|60s", NULL},
		{"Job",
		 "{" META(
			 "j") ",\"spec\":{\"parallelism\":3},\"status\":{\"startTime\":\"2026-01-02T03:03:35Z\","
			      "\"completionTime\":\"2026-01-02T03:03:40Z\",\"conditions\":[{\"type\":\"SuccessCriteriaMet\",\"status\":\"True\"},"
			      "{\"type\":\"Complete\",\"status\":\"True\"}]}}",
		 "NAME|STATUS|COMPLETIONS|DURATION|AGE|j|Complete|0/1 of 3|5s|60s", NULL},
		{"Job",
		 "{" META(
			 "j") ",\"status\":{\"conditions\":[{\"type\":\"Suspended\",\"status\":\"True\"}]}}",
		 "NAME|STATUS|COMPLETIONS|DURATION|AGE|j|Suspended|0/1|-|60s", NULL},
		{"CronJob",
		 "{" META(
			 "c") ",\"spec\":{\"schedule\":\"*/5 * * * *\",\"suspend\":true},\"status\":{\"active\":[{},{}],"
			      "\"lastScheduleTime\":\"2026-01-02T03:00:00Z\"}}",
		 "NAME|SCHEDULE|TIMEZONE|SUSPEND|ACTIVE|LAST SCHEDULE|AGE|c|*/5 * * * *|<none>|True|2|4m5s|60s",
		 NULL},
		{"Service",
		 "{" META(
			 "s") ",\"spec\":{\"type\":\"NodePort\",\"clusterIP\":\"10.84.0.2\",\"ports\":[{\"port\":80,"
			      "\"nodePort\":30080},{\"port\":53,\"protocol\":\"UDP\"}]}}",
		 "NAME|TYPE|CLUSTER-IP|EXTERNAL-IP|PORT(S)|AGE|s|NodePort|10.84.0.2|<none>|80:30080/TCP,53/UDP|60s",
		 NULL},
		{"Service",
		 "{" META("s") ",\"spec\":{\"type\":\"LoadBalancer\",\"clusterIP\":\"None\"}}",
		 "NAME|TYPE|CLUSTER-IP|EXTERNAL-IP|PORT(S)|AGE|s|LoadBalancer|None|<pending>|<none>|60s",
		 NULL},
		{"Service",
		 "{" META(
			 "s") ",\"spec\":{\"type\":\"ExternalName\",\"externalName\":\"a.example\"}}",
		 "NAME|TYPE|CLUSTER-IP|EXTERNAL-IP|PORT(S)|AGE|s|ExternalName|<none>|a.example|<none>|60s",
		 NULL},
		{"PersistentVolumeClaim",
		 "{" META(
			 "p") ",\"spec\":{\"volumeName\":\"pvc-1\",\"volumeMode\":\"Filesystem\"},\"status\":{\"phase\":\"Bound\","
			      "\"capacity\":{\"storage\":\"1Gi\"},\"accessModes\":[\"ReadWriteOnce\",\"ReadOnlyMany\"]}}",
		 "NAME|STATUS|VOLUME|CAPACITY|ACCESS MODES|STORAGECLASS|VOLUMEATTRIBUTESCLASS|AGE|p|Bound|pvc-1|1Gi|RWO,ROX|-|<none>|60s",
		 NULL},
		{"ConfigMap",
		 "{" META("m") ",\"data\":{\"a\":\"\",\"b\":\"\"},\"binaryData\":{\"c\":\"\"}}",
		 "NAME|DATA|AGE|m|3|60s", NULL},
		{"Secret", "{" META("s") ",\"type\":\"Opaque\",\"data\":{\"a\":\"\"}}",
		 "NAME|TYPE|DATA|AGE|s|Opaque|1|60s", NULL},
		{"EndpointSlice",
		 "{" META(
			 "s-0") ",\"addressType\":\"IPv4\",\"ports\":[{\"port\":80}],\"endpoints\":[{\"addresses\":[\"10.0.0.1\"]},"
				"{\"addresses\":[\"10.0.0.2\"]}]}",
		 "NAME|ADDRESSTYPE|PORTS|ENDPOINTS|AGE|s-0|IPv4|80|10.0.0.1,10.0.0.2|60s", NULL},
		{"Event",
		 "{" META(
			 "e") ",\"type\":\"Warning\",\"reason\":\"Why\",\"message\":\"so\",\"involvedObject\":{\"kind\":\"ReplicaSet\","
			      "\"name\":\"r\"},\"lastTimestamp\":\"2026-01-02T03:04:00Z\"}",
		 "LAST SEEN|TYPE|REASON|OBJECT|MESSAGE|5s|Warning|Why|replicaset/r|so", NULL},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++)
		for (int wide = 0; wide < (cases[i].wide ? 2 : 1); wide++) {
			const struct sp_resource *r = sp_resource_of_kind(cases[i].kind);
			const struct sp_object_rows o = {.wide = wide, .now_wall = NOW * SP_SEC};
			struct sp_arena a = {0};
			struct sp_buf b = {0};
			struct sp_table t;

			assert_true(sp_object_table(r, &o, &a, &t));
			sp_object_row(r, &o, node(&a, cases[i].json), &t);
			for (uint32_t k = 0; k < t.n_cells; k++)
				sp_buf_printf(&b, "%s%s", k ? "|" : "", t.cells[k]);
			assert_string_equal(b.ptr, wide ? cases[i].wide : cases[i].want);
			sp_buf_done(&b);
			sp_arena_done(&a);
		}
}

static void test_row_names(void **state)
{
	const struct sp_object_rows o = {
		.namespaces = true, .prefix = "configmap/", .now_wall = NOW * SP_SEC};
	const struct sp_resource *r = sp_resource_of_kind("ConfigMap");
	struct sp_arena a = {0};
	struct sp_table t;

	assert_false(sp_object_table(sp_resource_of_kind("Pod"), &o, &a, &t));
	assert_true(sp_object_table(r, &o, &a, &t));
	sp_object_row(r, &o, node(&a, "{" META("m") "}"), &t);
	assert_string_equal(t.cells[0], "NAMESPACE");
	assert_string_equal(t.cells[4], "n");
	assert_string_equal(t.cells[5], "configmap/m");
	sp_arena_done(&a);
}

static void test_selector(void **state)
{
	static const struct {
		const char *json, *want;
	} cases[] = {
		{"{}", "<none>"},
		{"{\"a\":\"b\"}", "a=b"},
		{"{\"matchLabels\":{\"a\":\"b\"},\"matchExpressions\":[{\"key\":\"k\",\"operator\":\"In\",\"values\":[\"x\","
		 "\"y\"]},{\"key\":\"l\",\"operator\":\"NotIn\",\"values\":[\"z\"]},{\"key\":\"m\",\"operator\":\"Exists\"},"
		 "{\"key\":\"o\",\"operator\":\"DoesNotExist\"}]}",
		 "a=b,k in (x,y),l notin (z),m,!o"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_arena a = {0};
		struct sp_buf b = {0};

		sp_object_selector(node(&a, cases[i].json), &b);
		assert_string_equal(b.ptr, cases[i].want);
		sp_buf_done(&b);
		sp_arena_done(&a);
	}
}

/* ---- describe -------------------------------------------------------------------------------- */

static void expect_part(const char *all, const char *part)
{
	if (!strstr(all, part))
		fail_msg("no \"%s\" in:\n%s", part, all);
}

static void test_describe(void **state)
{
	struct sp_arena a = {0};
	struct sp_buf b = {0};
	const struct sp_node *events[] = {
		node(&a,
		     "{\"involvedObject\":{\"uid\":\"u1\"},\"type\":\"Normal\",\"reason\":\"Made\",\"message\":\"it\","
		     "\"lastTimestamp\":\"2026-01-02T03:04:00Z\"}"),
		node(&a,
		     "{\"involvedObject\":{\"uid\":\"u2\"},\"type\":\"Normal\",\"reason\":\"Other\",\"message\":\"no\"}"),
	};
	const struct sp_node *slices[] = {
		node(&a,
		     "{\"metadata\":{\"labels\":{\"kubernetes.io/service-name\":\"web\"}},\"ports\":[{\"name\":\"http\","
		     "\"port\":8080}],\"endpoints\":[{\"addresses\":[\"10.0.0.1\"]},{\"addresses\":[\"10.0.0.2\"],"
		     "\"conditions\":{\"ready\":false}}]}"),
	};
	struct sp_described d = {.events = events,
				 .n_events = 2,
				 .slices = slices,
				 .n_slices = 1,
				 .now_wall = NOW * SP_SEC};

	d.object = node(
		&a,
		"{\"kind\":\"Service\",\"metadata\":{\"name\":\"web\",\"namespace\":\"n\",\"uid\":\"u1\","
		"\"labels\":{\"a\":\"b\",\"c\":\"d\"}},\"spec\":{\"type\":\"NodePort\",\"clusterIP\":\"10.84.0.2\","
		"\"selector\":{\"app\":\"web\"},\"ports\":[{\"name\":\"http\",\"port\":80,\"targetPort\":\"web\","
		"\"nodePort\":30080}]}}");
	sp_describe_object(&a, &d, &b);
	expect_part(b.ptr, "Name:                   web\n");
	expect_part(b.ptr, "Labels:                 a=b\n                        c=d\n");
	expect_part(b.ptr, "Selector:               app=web\n");
	expect_part(b.ptr, "http  80/TCP → web, node port 30080\n");
	expect_part(b.ptr, "endpoints:            10.0.0.1:8080\n");
	expect_part(b.ptr, "  5s   Normal  Made    it\n");
	assert_null(strstr(b.ptr, "Other"));
	sp_buf_clear(&b);

	d.object = node(
		&a,
		"{\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\",\"uid\":\"u3\"},\"data\":{\"key\":\"b3Blbg==\"}}");
	sp_describe_object(&a, &d, &b);
	expect_part(b.ptr, "  key: 4 bytes\n");
	assert_null(strstr(b.ptr, "b3B"));
	expect_part(b.ptr, "Events:                 <none>\n");
	sp_buf_clear(&b);

	d.object = node(
		&a,
		"{\"kind\":\"Deployment\",\"metadata\":{\"name\":\"w\",\"uid\":\"u4\"},\"spec\":{\"replicas\":3,\"template\":"
		"{\"spec\":{\"initContainers\":[{\"name\":\"p\",\"image\":\"x\",\"restartPolicy\":\"Always\"}],"
		"\"containers\":[{\"name\":\"c\",\"image\":\"y\",\"command\":[\"a\",\"b\"]}]}}},\"status\":{\"replicas\":2,"
		"\"conditions\":[{\"type\":\"Available\",\"status\":\"False\",\"reason\":\"R\",\"message\":\"m\"}]}}");
	sp_describe_object(&a, &d, &b);
	expect_part(b.ptr, "3 desired | 0 updated | 2 total | 0 available | 3 unavailable\n");
	expect_part(b.ptr, "    p (sidecar)\n");
	expect_part(b.ptr, "Command:          a b\n");
	expect_part(b.ptr, "Available  False");
	sp_buf_done(&b);
	sp_arena_done(&a);
}

/* ---- the channel ----------------------------------------------------------------------------- */

/* A client that says something; the session's side answers what it is told to. */
static void test_channel(void **state)
{
	char dir[] = "/tmp/test_cli_objects.XXXXXX", path[128];
	struct sp_channel *c = NULL, *other = NULL;
	struct sp_channel_client from;
	struct sp_session_address to;
	struct sp_arena a = {0};
	struct sp_buf b = {0};
	struct sp_node *doc;
	struct sp_error err;
	struct stat st;
	char answer[256];
	struct dirent *d;
	int fd, dir_fd, n_sockets = 0;
	DIR *list;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(sp_channel_open(dir, &c, &err), 0);
	assert_int_equal(sp_channel_open(dir, &other, &err), 0); /* several at once */
	other = sp_channel_close(other);
	snprintf(path, sizeof(path), "%s/sessions", dir);
	list = opendir(path);
	assert_non_null(list);
	dir_fd = dirfd(list);
	assert_int_equal(fstat(dir_fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	while ((d = readdir(list)) != NULL) {
		if (d->d_name[0] == '.')
			continue;
		n_sockets++;
		sp_session_address(dir_fd, d->d_name, &to);
	}
	assert_int_equal(n_sockets, 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&to.un, to.len), 0);
	assert_int_equal(sp_channel_next(c, &a, &from, &doc), 0);

	assert_int_equal(send(fd, "{\"op\":", 6, 0), 6); /* answered without us */
	assert_int_equal(sp_channel_next(c, &a, &from, &doc), 0);
	answer[recv(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT)] = '\0';
	expect_part(answer, "{\"ok\":false,\"code\":\"");

	assert_int_equal(send(fd, "{\"op\":\"x\"}", 10, 0), 10);
	assert_int_equal(sp_channel_next(c, &a, &from, &doc), 1);
	assert_string_equal(sp_node_str(sp_node_get(doc, "op"), ""), "x");
	sp_buf_puts(&b, "{\"ok\":true}");
	assert_false(sp_channel_unread(c, from));
	assert_int_equal(sp_channel_send(c, from, &b, -EBADF), 0);
	assert_true(sp_channel_unread(c, from));
	answer[recv(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT)] = '\0';
	assert_string_equal(answer, b.ptr);
	assert_false(sp_channel_unread(c, from));

	/* gone: the next one in its place is not mistaken for it */
	close(fd);
	assert_int_equal(sp_channel_next(c, &a, &from, &doc), 0);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to.un, to.len), 0);
	assert_int_equal(sp_channel_next(c, &a, &from, &doc), 0);
	assert_int_equal(sp_channel_send(c, from, &b, -EBADF), -1);
	assert_int_equal(recv(fd, answer, sizeof(answer), MSG_DONTWAIT), -1);
	c = sp_channel_close(c);
	assert_int_equal(recv(fd, answer, sizeof(answer), 0), 0); /* the end of the stream */
	close(fd);
	closedir(list);
	assert_int_equal(rmdir(path), 0); /* nothing is left in it */
	assert_int_equal(rmdir(dir), 0);
	sp_buf_done(&b);
	sp_arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),     cmocka_unit_test(test_row_names),
		cmocka_unit_test(test_selector), cmocka_unit_test(test_describe),
		cmocka_unit_test(test_channel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
