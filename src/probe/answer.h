/* SPDX-License-Identifier: Apache-2.0 */
/* A server for rehearsals: it gives each client the answer it was told, over HTTP or HTTPS. */
#ifndef SP_PROBE_ANSWER_H
#define SP_PROBE_ANSWER_H

#define SP_ANSWER_TARGET "/target" /* the second answer's path */
#define SP_ANSWER_HOPS   "/hop/"   /* a number follows: redirects to the next smaller, then there */

/**
 * sp_answer_main() - `sidepod-worker answer SCHEME FIRST TARGET`
 * @scheme: "http" or "https"; the latter with a certificate that it makes for itself
 * @first: the bytes to say; empty: nothing, until the client gives up
 * @target: said instead to requests for SP_ANSWER_TARGET
 *
 * Clients come one after the other through the listening socket on descriptor 0. It goes on until
 * it is killed; its parent's death does so too. Return: exit status, when it could not begin.
 */
int sp_answer_main(const char *scheme, const char *first, const char *target);

#endif
