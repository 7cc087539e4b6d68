/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever a registry and its token server say, pulling an image comes to an end soon, asks nobody
 * without TLS, and shows a bearer token to the registry alone. The bytes are answers
 * (curl_script.h); libcurl itself is played here.
 */
#include "registry/pull.h"

#include "curl_script.h"
#include "image/confine.h"
#include "registry/http.h"
#include "sys/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define HANDLES_MAX 8
#define HOST        "registry.test"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Linked in the place of the product's, and of the C library's: waits take no time. */
int __wrap_sp_confine_run(const struct sp_confine *c, struct sp_error *err);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret);

/* ---- libcurl ----------------------------------------------------------------------------------
 */

struct handle {
	curl_write_callback write, header;
	void *write_arg, *header_arg, *owner;
	char *url, location[8192];
	long status;
	bool no_body, added, done;
	struct CURLMsg msg;
};

static struct handle *handles[HANDLES_MAX];
static struct sp_str script; /* answers that are still to come */
static unsigned asked;
static int64_t clock_ns;

int __wrap_clock_gettime(clockid_t id, struct timespec *ret)
{
	clock_ns += SP_MSEC;
	*ret = (struct timespec){.tv_sec = clock_ns / SP_SEC, .tv_nsec = clock_ns % SP_SEC};
	return 0;
}

CURLcode curl_global_init(long flags)
{
	return CURLE_OK;
}

CURL *curl_easy_init(void)
{
	return calloc(1, sizeof(struct handle));
}

void curl_easy_cleanup(CURL *easy)
{
	struct handle *h = easy;

	for (size_t i = 0; i < HANDLES_MAX; i++)
		assert(handles[i] != h);
	free(h->url);
	free(h);
}

CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
	struct handle *h = easy;
	const char *text;
	va_list ap;

	va_start(ap, option);
	switch ((int)option) {
	case CURLOPT_URL:
		text = va_arg(ap, const char *);
		assert(strncmp(text, "https://", 8) == 0);
		h->url = strdup(text);
		break;
	case CURLOPT_WRITEFUNCTION:
		h->write = va_arg(ap, curl_write_callback);
		break;
	case CURLOPT_HEADERFUNCTION:
		h->header = va_arg(ap, curl_write_callback);
		break;
	case CURLOPT_WRITEDATA:
		h->write_arg = va_arg(ap, void *);
		break;
	case CURLOPT_HEADERDATA:
		h->header_arg = va_arg(ap, void *);
		break;
	case CURLOPT_PRIVATE:
		h->owner = va_arg(ap, void *);
		break;
	case CURLOPT_NOBODY:
		h->no_body = true;
		break;
	case CURLOPT_HTTPHEADER:
		for (const struct curl_slist *l = va_arg(ap, struct curl_slist *); l; l = l->next)
			assert(!strpbrk(l->data, "\r\n") &&
			       (!strstr(l->data, "Bearer") ||
				strncmp(h->url, "https://" HOST "/", 9 + strlen(HOST)) == 0));
		break;
	default:
		break;
	}
	va_end(ap);
	return CURLE_OK;
}

CURLcode curl_easy_getinfo(CURL *easy, CURLINFO info, ...)
{
	struct handle *h = easy;
	va_list ap;

	va_start(ap, info);
	if (info == CURLINFO_RESPONSE_CODE)
		*va_arg(ap, long *) = h->status;
	else if (info == CURLINFO_PRIVATE)
		*va_arg(ap, void **) = h->owner;
	else if (info == CURLINFO_REDIRECT_URL)
		*va_arg(ap, char **) = h->location[0] ? h->location : NULL;
	else if (info == CURLINFO_HTTP_CONNECTCODE)
		*va_arg(ap, long *) = h->status;
	va_end(ap);
	return CURLE_OK;
}

CURLM *curl_multi_init(void)
{
	return &handles;
}

CURLMcode curl_multi_cleanup(CURLM *multi)
{
	return CURLM_OK;
}

CURLMcode curl_multi_add_handle(CURLM *multi, CURL *easy)
{
	size_t i = 0;

	while (i < HANDLES_MAX && handles[i])
		i++;
	assert(i < HANDLES_MAX); /* so many at a time, no more */
	handles[i] = easy;
	return CURLM_OK;
}

CURLMcode curl_multi_remove_handle(CURLM *multi, CURL *easy)
{
	for (size_t i = 0; i < HANDLES_MAX; i++)
		if (handles[i] == easy)
			handles[i] = NULL;
	return CURLM_OK;
}

CURLMcode curl_multi_perform(CURLM *multi, int *running)
{
	for (size_t i = 0; i < HANDLES_MAX; i++) {
		struct handle *h = handles[i];

		if (!h || h->done)
			continue;
		asked++;
		h->done = true;
		h->msg = (struct CURLMsg){.msg = CURLMSG_DONE, .easy_handle = h};
		h->msg.data.result = curl_script_play(
			&script, &(struct curl_listener){h->header, h->header_arg, h->write,
							 h->write_arg, !h->no_body, &h->status,
							 h->location, sizeof(h->location)});
	}
	*running = 0;
	return CURLM_OK;
}

CURLMsg *curl_multi_info_read(CURLM *multi, int *left)
{
	*left = 0;
	for (size_t i = 0; i < HANDLES_MAX; i++)
		if (handles[i] && handles[i]->done)
			return &handles[i]->msg;
	return NULL;
}

CURLMcode curl_multi_poll(CURLM *multi, struct curl_waitfd *fds, unsigned n, int timeout_ms,
			  int *ret)
{
	clock_ns += timeout_ms * SP_MSEC;
	return CURLM_OK;
}

/* ---- the pull ---------------------------------------------------------------------------------
 */

static char dir[] = "/dev/shm/sidepod-fuzz-pull-XXXXXX";
static struct sp_image_store *store;

int __wrap_sp_confine_run(const struct sp_confine *c, struct sp_error *err)
{
	return sp_fail(err, SP_E_UNAVAILABLE, "nothing is unpacked here");
}

static void empty(const char *name)
{
	char path[64];
	struct dirent *e;
	DIR *d;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	d = opendir(path);
	while (d && (e = readdir(d)))
		(void)unlinkat(dirfd(d), e->d_name, 0); /* folders stay */
	if (d)
		closedir(d);
}

/* Of the store, inner ones first. */
static const char *const folders[] = {"partial", "blobs/sha256", "blobs",  "tmp",
				      "refs",    "locks",        "layers", ""};

static void empty_store(void)
{
	for (size_t i = 0; i < SP_ARRAY_LEN(folders); i++)
		empty(folders[i]);
}

static void remove_store(void)
{
	char path[64];

	empty_store();
	store = sp_image_store_close(store);
	for (size_t i = 0; i < SP_ARRAY_LEN(folders); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, folders[i]);
		(void)rmdir(path);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct sp_error err;

	if (!mkdtemp(dir) || sp_image_store_open(dir, &store, &err) < 0 ||
	    atexit(remove_store) != 0)
		abort();
	return 0;
}

static const char *no_env(const char *name)
{
	return NULL;
}

static void show(void *arg, const struct sp_pull_layer *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		assert(v[i].state < SP_LAYER_STATES && v[i].done_bytes <= v[i].size_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sp_auth_secret secrets[] = {
		{"one", "{\"auths\":{\"" HOST "\":{\"auth\":\"dXNlcjpwYXNz\"}}}"},
		{"two", "{\"auths\":{\"" HOST "/team\":{\"identitytoken\":\"t\"}}}"},
	};
	const struct sp_pull pull = {.auth = {.env = no_env, .secrets = secrets, .n_secrets = 2},
				     .progress = show};
	struct sp_arena a = {.limit_bytes = 64u << 20};
	struct sp_pulled pulled;
	struct sp_error err = {0};

	script = (struct sp_str){(const char *)data, size};
	asked = 0;
	clock_ns = SP_SEC;
	if (sp_image_pull(store, &a, HOST "/team/app:1", &pull, &pulled, &err) < 0)
		assert(err.code != SP_OK && err.text[0]);
	assert(asked < size + 2000); /* each layer has its tries, and there are layers */
	for (size_t i = 0; i < HANDLES_MAX; i++)
		assert(!handles[i]);
	empty_store();
	sp_arena_done(&a);
	return 0;
}
