/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long it takes to judge a thousand manifests, on one core: the golden manifests over and over,
 * each in a file of its own. Prints the total and the slowest one.
 */
#include "lint/lint.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define FILES     1000
#define NAMES_MAX 256

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static char *read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *text = NULL;

	*len = 0;
	if (f && getdelim(&text, len, EOF, f) > 0)
		*len = strlen(text);
	if (f)
		(void)fclose(f); /* only read */
	return text;
}

static int manifests_only(const struct dirent *e)
{
	const char *end = strrchr(e->d_name, '.');

	return end && sp_streq(end, ".yaml");
}

int main(int argc, char **argv)
{
	char *texts[NAMES_MAX], *names[NAMES_MAX];
	size_t lens[NAMES_MAX], bytes = 0, n = 0, worst = 0;
	struct sp_lint_options o = {.node_milli = -1, .node_bytes = -1};
	double begin, slowest = 0, total;
	unsigned findings = 0;
	struct sp_error err;
	struct sp_catalogue *c = sp_catalogue_new(&err);

	for (int a = 1; a < argc; a++) {
		struct dirent **v;
		int k = scandir(argv[a], &v, manifests_only, alphasort);

		for (int i = 0; i < k; i++) {
			if (n < NAMES_MAX &&
			    asprintf(&names[n], "%s/%s", argv[a], v[i]->d_name) > 0 &&
			    (texts[n] = read_file(names[n], &lens[n])))
				n++;
			free(v[i]);
		}
		if (k > 0)
			free(v);
	}
	if (!c || n == 0) {
		fprintf(stderr, "name folders that hold manifests\n");
		return 1;
	}
	o.catalogue = c;
	begin = seconds();
	for (size_t i = 0; i < FILES; i++) {
		double t = seconds();
		struct sp_lint l;

		sp_lint_init(&l, &o);
		if (sp_lint_add(&l, names[i % n], texts[i % n], lens[i % n]) < 0 ||
		    sp_lint_run(&l, &err) < 0)
			return 1;
		findings += l.n_findings;
		bytes += lens[i % n];
		sp_lint_done(&l);
		t = seconds() - t;
		if (t > slowest) {
			slowest = t;
			worst = i % n;
		}
	}
	total = seconds() - begin;
	printf("%d manifests, %zu kB, %u findings: %.3f s, %.2f ms each\n", FILES, bytes / 1024,
	       findings, total, total * 1e3 / FILES);
	printf("slowest: %s %.2f ms\n", names[worst], slowest * 1e3);
	sp_catalogue_free(c);
	return total < 1 ? 0 : 1;
}
