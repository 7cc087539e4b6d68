/* SPDX-License-Identifier: Apache-2.0 */
/* Whole objects: which kind a document is, and what to say when it is none that runs here. */
#include "spec/decode_internal.h"

#include "base/text.h"

#define KINDS_THAT_RUN                                                                             \
	"sidepod runs Pod, Job, CronJob and Deployment, with ConfigMap, Secret and the like "      \
	"beside them"

/* Kinds of Kubernetes that only mean something in a cluster; by API group. */
static const struct {
	const char *group, *kinds;
} cluster_kinds[] = {
	{"v1", " ServiceAccount PersistentVolume LimitRange ResourceQuota Endpoints Node Event "
	       "PodTemplate ReplicationController "},
	{"apps/", " ControllerRevision "},
	{"autoscaling/", " HorizontalPodAutoscaler "},
	{"policy/", " PodDisruptionBudget PodSecurityPolicy "},
	{"rbac.authorization.k8s.io/", " Role RoleBinding ClusterRole ClusterRoleBinding "},
	{"networking.k8s.io/", " Ingress IngressClass NetworkPolicy "},
	{"storage.k8s.io/", " StorageClass CSIDriver VolumeAttachment CSINode "},
	{"scheduling.k8s.io/", " PriorityClass "},
	{"node.k8s.io/", " RuntimeClass "},
	{"coordination.k8s.io/", " Lease "},
	{"discovery.k8s.io/", " EndpointSlice "},
	{"certificates.k8s.io/", " CertificateSigningRequest "},
	{"apiextensions.k8s.io/", " CustomResourceDefinition "},
	{"apiregistration.k8s.io/", " APIService "},
	{"admissionregistration.k8s.io/",
	 " MutatingWebhookConfiguration ValidatingWebhookConfiguration "},
	{"resource.k8s.io/", " ResourceClaim ResourceClaimTemplate DeviceClass "},
};

static bool is_cluster_kind(const char *api_version, const char *kind)
{
	char word[80];
	struct sp_buf b = sp_buf_fixed(word, sizeof(word));

	sp_buf_printf(&b, " %s ", kind);
	for (size_t i = 0; i < SP_ARRAY_LEN(cluster_kinds); i++) {
		const char *group = cluster_kinds[i].group;

		if (!b.failed && strncmp(api_version, group, strlen(group)) == 0 &&
		    strstr(cluster_kinds[i].kinds, word))
			return true;
	}
	return false;
}

static enum sp_kind kind_by_name(const char *name)
{
	for (int k = SP_KIND_UNKNOWN + 1; k < SP_KINDS; k++)
		if (sp_edit_distance(sp_kind_name((enum sp_kind)k), name, 0) == 0)
			return (enum sp_kind)k;
	return SP_KIND_UNKNOWN;
}

/* A kind that runs here and that @kind may be a misspelling of; NULL none. */
static const char *nearest_kind(const char *kind)
{
	const char *names[SP_KINDS];

	for (int k = SP_KIND_UNKNOWN + 1; k < SP_KINDS; k++)
		names[k - 1] = sp_kind_name((enum sp_kind)k);
	return sp_nearest(kind, names, SP_KINDS - 1, 2);
}

static struct sp_diag *tell(struct decoder *d, struct sp_mark at, uint32_t len, const char *path,
			    const char *message, const char *fix)
{
	struct sp_diag *g;

	d->failed = true;
	if (!d->diags)
		return NULL;
	g = sp_diag_add(d->diags, SP_SEV_ERROR, d->src->name, at, "%s", message);
	g->rule = "SP004";
	g->len = len;
	g->path = path;
	g->fix = fix;
	return g;
}

/* apiVersion or kind: a text that is there. */
static const char *head_field(struct decoder *d, const struct sp_node *doc, const char *key,
			      const char *fix)
{
	const struct sp_node *n = sp_node_get(doc, key);

	if (!n || n->kind == SP_NODE_NULL || (n->kind == SP_NODE_STR && n->len == 0)) {
		const char *message = sp_arena_printf(d->arena, "%s is missing", key);

		tell(d, doc->at, 1, key, message ? message : "out of memory", fix);
		return NULL;
	}
	if (n->kind != SP_NODE_STR) {
		const char *message = sp_arena_printf(d->arena, "%s must be a string", key);

		tell(d, n->at, sp_decode_width(n), key, message ? message : "out of memory",
		     "quote it");
		return NULL;
	}
	return n->text;
}

static void unknown_kind(struct decoder *d, const struct sp_node *doc, const char *api_version,
			 const char *kind)
{
	const struct sp_node *kind_node = sp_node_get(doc, "kind");
	const struct sp_node *api_node = sp_node_get(doc, "apiVersion");
	enum sp_kind same = kind_by_name(kind);
	const char *near;
	struct sp_diag *g;

	if (same && sp_streq(sp_kind_name(same), kind)) {
		g = tell(d, api_node->at, sp_decode_width(api_node), "apiVersion",
			 sp_arena_printf(d->arena, "there is no kind %s in apiVersion %s", kind,
					 api_version),
			 sp_arena_printf(d->arena, "write apiVersion: %s",
					 sp_kind_api_version(same)));
		if (g && strstr(api_version, "beta"))
			g->why = "Kubernetes no longer serves this old version";
		return;
	}
	near = nearest_kind(kind);
	g = tell(d, kind_node->at, sp_decode_width(kind_node), "kind",
		 sp_arena_printf(d->arena,
				 near ? "there is no kind %s in apiVersion %s"
				      : "kind %s of %s does not run here",
				 kind, api_version),
		 near ? sp_arena_printf(d->arena, "did you mean %s?", near) : KINDS_THAT_RUN);
	if (g && !near)
		g->why = "custom resources need the controller of a cluster that knows them";
}

/* Return: 0 and the kind in *ret, 1 nothing to run, -1 told. */
static int find_kind(struct decoder *d, const struct sp_node *doc, struct sp_object *ret)
{
	const char *kind, *api_version;
	enum sp_kind same = SP_KIND_UNKNOWN;
	const struct sp_node *n;
	struct sp_diag *g;

	if (doc->kind != SP_NODE_MAP) {
		tell(d, doc->at, 1, NULL,
		     "a manifest must be a map with apiVersion, kind, metadata and spec",
		     "sidepod explain pod shows an example");
		return -1;
	}
	kind = head_field(d, doc, "kind", "add a line like kind: Pod");
	if (kind)
		same = kind_by_name(kind);
	api_version = head_field(
		d, doc, "apiVersion",
		same ? sp_arena_printf(d->arena, "add apiVersion: %s", sp_kind_api_version(same))
		     : "add a line like apiVersion: v1");
	ret->kind_text = kind;
	ret->api_version = api_version;
	if (!kind || !api_version)
		return -1;
	ret->kind = sp_kind_find(api_version, kind);
	if (ret->kind)
		return 0;
	/* a group with a domain is somebody else's, whatever its kinds are called */
	if (d->opt && d->opt->for_cluster &&
	    (memchr(api_version, '.', strcspn(api_version, "/")) || !nearest_kind(kind)))
		return 1;
	if (!is_cluster_kind(api_version, kind)) {
		unknown_kind(d, doc, api_version, kind);
		return -1;
	}
	/* who pulls images asks an account for its secrets */
	if (d->unacted &&
	    !(sp_streq(kind, "ServiceAccount") && sp_node_get(doc, "imagePullSecrets"))) {
		n = sp_node_get(doc, "kind");
		g = sp_diag_add(d->unacted, SP_SEV_INFO, d->src->name, n->at, "%s is not acted on",
				kind);
		g->len = sp_decode_width(n);
		g->path = "kind";
		g->why = "it only means something in a cluster";
	}
	return 1;
}

int sp_object_decode(struct sp_arena *a, const struct sp_node *doc, const struct sp_source *src,
		     const struct sp_load_options *opt, struct sp_diags *diags,
		     struct sp_diags *unacted, struct sp_object *ret)
{
	struct decoder d = {.arena = a, .diags = diags, .unacted = unacted, .src = src, .opt = opt};
	const struct sp_type *type;
	void *any;
	int r;

	*ret = (struct sp_object){.source = src, .node = doc};
	r = find_kind(&d, doc, ret);
	if (r)
		return r;
	d.kind = ret->kind;
	type = sp_type_get(sp_kind_type(ret->kind));
	any = sp_arena_alloc(a, type->size);
	if (!any)
		return -1;
	sp_decode_object(&d, sp_kind_type(ret->kind), doc, NULL, any);
	/* every kind begins like a pod: node, metadata */
	ret->meta = ((struct sp_k_pod *)any)->meta;
	if (!d.failed || (opt && opt->partial))
		ret->any = any;
	if (d.failed)
		return -1;
	return 0;
}
