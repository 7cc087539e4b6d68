/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/resource.h"

#include "base/text.h"

#include <strings.h>

const struct sp_resource sp_resources[] = {
	{"Pod", "", {"pods", "pod", "po"}, true, true},
	{"Service", "", {"services", "service", "svc"}, false, true},
	{"DaemonSet", "apps", {"daemonsets", "daemonset", "ds"}, true, true},
	{"Deployment", "apps", {"deployments", "deployment", "deploy"}, true, true},
	{"ReplicaSet", "apps", {"replicasets", "replicaset", "rs"}, true, true},
	{"StatefulSet", "apps", {"statefulsets", "statefulset", "sts"}, true, true},
	{"Job", "batch", {"jobs", "job"}, true, true},
	{"CronJob", "batch", {"cronjobs", "cronjob", "cj"}, true, true},
	{"PersistentVolumeClaim",
	 "",
	 {"persistentvolumeclaims", "persistentvolumeclaim", "pvc"},
	 false,
	 false},
	{"ConfigMap", "", {"configmaps", "configmap", "cm"}, false, false},
	{"Secret", "", {"secrets", "secret"}, false, false},
	{"Namespace", "", {"namespaces", "namespace", "ns"}, false, false},
	{"EndpointSlice", "discovery.k8s.io", {"endpointslices", "endpointslice"}, false, false},
	{"Event", "", {"events", "event", "ev"}, false, false},
	{0},
};

static bool is_word_of(const struct sp_resource *r, const char *word, size_t len)
{
	const char *dot = memchr(word, '.', len);
	size_t n = dot ? (size_t)(dot - word) : len, rest = dot ? len - n - 1 : 0;

	if (dot && (strlen(r->group) != rest || strncasecmp(dot + 1, r->group, rest) != 0))
		return false;
	for (size_t i = 0; i < SP_RESOURCE_WORDS_MAX && r->words[i]; i++)
		if (strlen(r->words[i]) == n && strncasecmp(word, r->words[i], n) == 0)
			return true;
	return false;
}

const struct sp_resource *sp_resource_find(const char *word, size_t len)
{
	for (const struct sp_resource *r = sp_resources; r->kind; r++)
		if (is_word_of(r, word, len))
			return r;
	return NULL;
}

const char *sp_resource_nearest(const char *word)
{
	const char *words[SP_RESOURCE_WORDS_MAX * 16];
	size_t n = 0;

	for (const struct sp_resource *r = sp_resources; r->kind; r++)
		for (size_t i = 0; i < SP_RESOURCE_WORDS_MAX && r->words[i]; i++) {
			assert(n < SP_ARRAY_LEN(words)); /* our own table */
			words[n++] = r->words[i];
		}
	return sp_nearest(word, words, n, 2);
}

const struct sp_resource *sp_resource_of_kind(const char *kind)
{
	for (const struct sp_resource *r = sp_resources; r->kind; r++)
		if (sp_streq(r->kind, kind))
			return r;
	return NULL;
}

const struct sp_resource *sp_resource_split(const char *text, const char **ret_name,
					    struct sp_error *err)
{
	const char *slash = strchr(text, '/');
	const struct sp_resource *r;

	err->code = SP_OK;
	*ret_name = slash ? slash + 1 : text;
	if (!slash)
		return NULL;
	r = sp_resource_find(text, (size_t)(slash - text));
	if (!r)
		sp_error_set(err, SP_E_INVALID, "'%.*s' is no kind of object", (int)(slash - text),
			     text);
	return r;
}
