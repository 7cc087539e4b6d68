/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds of objects by the words that users have for them: "deploy", "deployments.apps". */
#ifndef SP_CLI_RESOURCE_H
#define SP_CLI_RESOURCE_H

#include "base/error.h"

#define SP_RESOURCE_WORDS_MAX 4

struct sp_resource {
	const char *kind;                         /* "Deployment" */
	const char *group;                        /* "apps"; "" the core's */
	const char *words[SP_RESOURCE_WORDS_MAX]; /* plural, singular, short ones; NULL-ended */
	bool makes_pods;
	bool in_all; /* listed by `get all` */
};

/* In the order of `get all`; ended by a zero entry. */
extern const struct sp_resource sp_resources[];

/** sp_resource_find() - By a word, upper and lower case alike, with or without ".group".
 * @len: of it. NULL: there is none */
const struct sp_resource *sp_resource_find(const char *word, size_t len);
/** sp_resource_nearest() - A word for what was meant; NULL when nothing is near */
const char *sp_resource_nearest(const char *word);
/** sp_resource_of_kind() - By "Deployment"; NULL: there is none */
const struct sp_resource *sp_resource_of_kind(const char *kind);

/**
 * sp_resource_split() - "deploy/web" into kind and name
 * @ret_name: into @text; all of it when there is no slash
 *
 * Return: the kind, NULL without a slash, or with @err for a word that is no kind.
 */
const struct sp_resource *sp_resource_split(const char *text, const char **ret_name,
					    struct sp_error *err);

#endif
