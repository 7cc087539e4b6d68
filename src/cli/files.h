/* SPDX-License-Identifier: Apache-2.0 */
/* Files that commands are given: manifests and everything else that is read whole. */
#ifndef SP_CLI_FILES_H
#define SP_CLI_FILES_H

#include "cli/cli.h"
#include "spec/load.h"

/**
 * sp_cli_read() - The bytes of one file, or of stdin for "-"
 * @ret: in cli->arena; named as the user did, "<stdin>" for "-"
 * @err: SP_E_NO_SPACE when it is larger than SP_SOURCE_MAX_BYTES
 */
int sp_cli_read(struct sp_cli *cli, const char *path, struct sp_source *ret, struct sp_error *err);

/* What is done with one file; @path as it can be opened, "-" for stdin. One that is too large comes
 * with more than SP_SOURCE_MAX_BYTES, for its reader to say so. Return: 0, or -1 and *err */
typedef int (*sp_cli_visit)(void *arg, const char *path, const struct sp_source *src,
			    struct sp_error *err);

/** sp_cli_visit_files() - Read files, directories and stdin, in the order of sp_cli_load() */
int sp_cli_visit_files(struct sp_cli *cli, const char *const *paths, uint32_t n, sp_cli_visit fn,
		       void *arg, struct sp_error *err);

/**
 * sp_cli_load() - Add the manifests of files, directories and stdin to @m
 * @paths: of a directory the *.yaml, *.yml and *.json files, in order of their names
 *
 * Findings are left in m->diags.
 */
int sp_cli_load(struct sp_cli *cli, const char *const *paths, uint32_t n, struct sp_manifest *m,
		struct sp_error *err);

/** sp_cli_fail_input() - sp_cli_fail() for what was named to be read: a file that is not there is
 * SP_EXIT_MANIFEST, whatever the command */
int sp_cli_fail_input(struct sp_cli *cli, const struct sp_error *err);

/**
 * sp_cli_write() - Replace the content of an existing file, whole or not at all
 *
 * Mode stays; a symbolic link keeps pointing where it does.
 */
int sp_cli_write(const char *path, const char *bytes, size_t len, struct sp_error *err);

/** sp_cli_pod_spec() - The pod specification inside any kind that has one; NULL for the others */
const struct sp_k_pod_spec *sp_cli_pod_spec(const struct sp_object *o);

/** sp_cli_pods_of() - How many pods such an object runs at once. @ret_by: may be NULL; what says
 * so: "replicas", "parallelism", "one per node", "one pod" */
int64_t sp_cli_pods_of(const struct sp_object *o, const char **ret_by);

/** sp_cli_tell_findings() - Print the findings of @m to stderr, each with its line */
void sp_cli_tell_findings(struct sp_cli *cli, const struct sp_manifest *m);

/** sp_cli_kube_minor() - Value of --kube-version: 36 for "1.36". Return: -1 and *err
 * @oldest: the first that the command knows */
int sp_cli_kube_minor(struct sp_cli *cli, int oldest, int *ret, struct sp_error *err);

#endif
