/* SPDX-License-Identifier: Apache-2.0 */
/* DNS messages for tests: questions from text, answers as text. */
#ifndef DNS_TEXT_H
#define DNS_TEXT_H

#include "base/buf.h"

/** dns_query() - A query with one question and the number 0x1234
 * @edns: size that is offered, 0 none
 *
 * Return: how many bytes.
 */
size_t dns_query(const char *name, uint16_t type, uint16_t edns, uint8_t ret[512]);

/** dns_print() - "NOERROR A 10.84.0.2 | … | …": answers, authority, additional; with owners where
 * they are not @name, which was asked for. Fails on what is no answer to dns_query() */
void dns_print(const char *name, const uint8_t *bytes, size_t len, struct sp_buf *out);

#endif
