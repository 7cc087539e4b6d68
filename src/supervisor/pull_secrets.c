/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/pull_secrets.h"

#include "base/json.h"
#include "sys/fd.h"

#include <sys/mman.h>

/* The document of a secret; NULL when it holds no credentials for registries. */
static const struct sp_kv *config_of(const struct sp_k_secret *s)
{
	const char *key = sp_streq(s->type, "kubernetes.io/dockerconfigjson") ? ".dockerconfigjson"
			  : sp_streq(s->type, "kubernetes.io/dockercfg")      ? ".dockercfg"
									      : NULL;

	for (uint32_t i = 0; key && i < s->data.n; i++)
		if (sp_streq(s->data.v[i].key, key))
			return &s->data.v[i];
	return NULL;
}

static const struct sp_kv *find(const char *name, struct sp_k_secret *const *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (sp_streq(v[i]->meta->name, name))
			return config_of(v[i]);
	return NULL;
}

uint32_t sp_pull_secrets_print(const struct sp_k_pod_spec *pod, struct sp_k_secret *const *v,
			       uint32_t n, struct sp_buf *missing, struct sp_buf *out)
{
	uint32_t found = 0;

	sp_buf_putc(out, '[');
	for (uint32_t i = 0; i < pod->image_pull_secrets.n; i++) {
		const char *name = pod->image_pull_secrets.v[i].name;
		const struct sp_kv *kv = name ? find(name, v, n) : NULL;

		if (!kv) {
			sp_buf_printf(missing, "%s%s", missing->len ? ", " : "", name ? name : "");
			continue;
		}
		found++;
		sp_json_next(out);
		sp_buf_putc(out, '{');
		sp_json_str(out, "name", name);
		sp_json_str(out, "config", kv->value);
		sp_buf_putc(out, '}');
	}
	sp_buf_putc(out, ']');
	return found;
}

int sp_pull_secrets_open(const struct sp_k_pod_spec *pod, struct sp_k_secret *const *v, uint32_t n,
			 struct sp_buf *missing, int *ret_fd, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf text = {0};
	uint32_t found = sp_pull_secrets_print(pod, v, n, missing, &text);
	SP_CLEANUP(sp_closep) int fd = -EBADF;
	int r = 0;

	*ret_fd = -EBADF;
	if (text.failed || missing->failed)
		return sp_fail(err, SP_E_NO_MEMORY, "pull secrets");
	if (found) {
		fd = memfd_create("sidepod-pull-secrets", MFD_CLOEXEC);
		r = fd < 0 ? -errno : sp_write_all(fd, text.ptr, text.len);
		if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
			r = -errno;
	}
	explicit_bzero(text.ptr, text.len);
	if (r < 0)
		return sp_fail_errno(err, -r, "pull secrets");
	*ret_fd = sp_take_fd(&fd);
	return 0;
}
