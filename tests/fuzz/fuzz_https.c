/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an HTTPS server says to the helper of probes and hooks, first byte odd: of hooks. Whatever
 * it is, the helper ends soon and says one of its words. libcurl is played here (curl_script.h).
 */
#include "curl_script.h"
#include "probe/probe.h"

#include <stdarg.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sp_str script;
static struct curl_listener listener;
static char location[64];
static unsigned asked;
static long status;

CURLcode curl_global_init(long flags)
{
	return CURLE_OK;
}

CURL *curl_easy_init(void)
{
	return &listener;
}

void curl_easy_reset(CURL *easy)
{
	listener = (struct curl_listener){.body = true,
					  .status = &status,
					  .location = location,
					  .location_size = sizeof(location)};
	status = 0;
}

void curl_easy_cleanup(CURL *easy)
{
}

CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
	va_list ap;

	va_start(ap, option);
	switch ((int)option) {
	case CURLOPT_WRITEFUNCTION:
		listener.write = va_arg(ap, curl_write_callback);
		break;
	case CURLOPT_HEADERFUNCTION:
		listener.header = va_arg(ap, curl_write_callback);
		break;
	case CURLOPT_WRITEDATA:
		listener.write_arg = va_arg(ap, void *);
		break;
	case CURLOPT_HEADERDATA:
		listener.header_arg = va_arg(ap, void *);
		break;
	case CURLOPT_HTTPHEADER:
		for (const struct curl_slist *l = va_arg(ap, struct curl_slist *); l; l = l->next)
			assert(!strpbrk(l->data, "\r\n"));
		break;
	default:
		break;
	}
	va_end(ap);
	return CURLE_OK;
}

CURLcode curl_easy_getinfo(CURL *easy, CURLINFO info, ...)
{
	va_list ap;

	va_start(ap, info);
	*va_arg(ap, long *) = info == CURLINFO_RESPONSE_CODE ? status : 0;
	va_end(ap);
	return CURLE_OK;
}

CURLcode curl_easy_perform(CURL *easy)
{
	asked++;
	return curl_script_play(&script, &listener);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char job[] =
		"{\"host\":\"10.0.0.2\",\"port\":8443,\"portGiven\":true,\"target\":\"/healthz?a=b\","
		"\"hook\":%s,\"kubeMinor\":36,\"redirects\":0,\"dropHost\":false,\"referer\":\"\","
		"\"headers\":[[\"X-A\",\"b\"],[\"Empty\",\"\"]]}";
	FILE *old_in = stdin, *old_out = stdout;
	char text[512], *said = NULL;
	size_t len = 0;
	int n, r;

	if (size < 1)
		return 0;
	script = (struct sp_str){(const char *)data + 1, size - 1};
	asked = 0;
	n = snprintf(text, sizeof(text), job, data[0] & 1 ? "true" : "false");
	stdin = fmemopen(text, (size_t)n, "r");
	stdout = open_memstream(&said, &len);
	assert(stdin && stdout);
	r = sp_https_check_main(0, NULL);
	(void)fclose(stdin);
	(void)fclose(stdout);
	stdin = old_in;
	stdout = old_out;
	assert(asked <= 11);
	assert(r == 0 || r == 1);
	assert(strncmp(said, "success\n", 8) == 0 || strncmp(said, "failure\n", 8) == 0 ||
	       strncmp(said, "warning\n", 8) == 0 || strncmp(said, "plain\n", 6) == 0);
	free(said);
	return 0;
}
