/* SPDX-License-Identifier: Apache-2.0 */
/*
 * M22: companions that Docker joins to another container's network. Such files are not converted;
 * what they would be as a pod is said.
 */
#include "migrate/migrate_internal.h"

static void tell_mapping(struct mpod *p)
{
	mig_hazard(p, "M22", NULL,
		   "as a pod: containers that share a network are containers of one Pod; what must "
		   "be there first becomes an init container with restartPolicy: Always");
	mig_hazard(p, "M22", NULL,
		   "depends_on with service_healthy and a healthcheck become a startupProbe; "
		   "service_completed_successfully becomes a plain init container; restart is the "
		   "pod's restartPolicy; published ports are those of the Pod");
}

/* "service:web" and "container:web": web; NULL another mode. */
static const char *joined_to(const char *mode)
{
	if (strncmp(mode, "service:", 8) == 0)
		return mode + 8;
	return strncmp(mode, "container:", 10) == 0 ? mode + 10 : NULL;
}

static bool is_compose(const struct sp_node *doc)
{
	const struct sp_node *services = sp_node_get(doc, "services");

	return services && services->kind == SP_NODE_MAP && !sp_node_get(doc, "kind");
}

static void tell_services(struct mpod *p, const struct sp_node *services)
{
	for (uint32_t i = 0; i < services->n; i++) {
		const struct sp_node *mode = sp_node_get(services->pairs[i].value, "network_mode");
		const char *to = mode && mode->kind == SP_NODE_STR ? joined_to(mode->text) : NULL;

		if (!to)
			continue;
		p->object = mig_say(p->m, "service/%s", services->pairs[i].key);
		mig_manual(p, "M22", NULL, services->pairs[i].at,
			   "not converted: %s shares the network of %s; as a Pod they are two of "
			   "its containers",
			   services->pairs[i].key, to);
		tell_mapping(p);
	}
}

/* docker run … --network container:web */
static bool tell_script(struct mpod *p, const struct sp_source *src)
{
	static const char *const flags[] = {"--network container:", "--network=container:",
					    "--net container:", "--net=container:"};
	const char *text = src->bytes;
	uint32_t line = 1;
	bool any = false;

	for (size_t at = 0; at < src->len; line++) {
		const char *nl = memchr(text + at, '\n', src->len - at);
		size_t len = (nl ? (size_t)(nl - text) : src->len) - at;

		for (size_t i = 0; i < SP_ARRAY_LEN(flags); i++) {
			const char *found = memmem(text + at, len, flags[i], strlen(flags[i]));
			size_t n;

			if (!found)
				continue;
			found += strlen(flags[i]);
			for (n = 0; found + n < text + at + len && !strchr(" \t\r\"'\\", found[n]);)
				n++;
			any = true;
			p->object = mig_say(p->m, "line %u", line);
			mig_manual(p, "M22", NULL, (struct sp_mark){line, 1},
				   "not converted: this container shares the network of %.*s; as a "
				   "Pod they are two of its containers",
				   (int)n, found);
			tell_mapping(p);
		}
		at += len + 1;
	}
	return any;
}

bool mig_compose(struct sp_migration *m, const struct sp_mig_options *opt,
		 const struct sp_source *src)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena arena = {0};
	const struct sp_object o = {.source = src};
	struct mpod p = {.m = m, .opt = opt, .o = &o};
	struct sp_diags diags;
	struct sp_node **docs;
	uint32_t n, before = m->n_steps;
	int r;

	sp_diags_init(&diags, &arena);
	r = sp_yaml_parse(&arena, src, &diags, &docs, &n);
	if (r < 0 || (n == 1 && docs[0]->kind == SP_NODE_STR))
		return tell_script(&p, src);
	for (uint32_t i = 0; i < n; i++)
		if (is_compose(docs[i]))
			tell_services(&p, sp_node_get(docs[i], "services"));
	return m->n_steps > before;
}
