/* SPDX-License-Identifier: Apache-2.0 */
/* For golden tests: files read whole, and texts compared with kept ones or kept. */
#ifndef SP_TESTS_KEPT_H
#define SP_TESTS_KEPT_H

#include <stdbool.h>
#include <stddef.h>

/* "golden: <name>: <what>" to stderr, and the end of the program */
void fail(const char *what, const char *name) __attribute__((noreturn));

/* Return: the content, NUL-terminated, from the heap; NULL when there is no such file */
char *read_file(const char *path, size_t *ret_len);

/* Print as TAP comments */
void comment(const char *text);

/* Compare @got, NUL-terminated, with the text kept in @path; with SP_UPDATE_GOLDEN=1 keep it first.
 * Tells both when they differ. */
bool same_as_kept(const char *path, const char *got, size_t len);

#endif
