/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time zones for schedules: offsets from UTC and when they change, as the tz database stores them
 * (RFC 9636, "TZif"). The shell reads the file, this understands its bytes.
 */
#ifndef SP_CONTROL_ZONE_H
#define SP_CONTROL_ZONE_H

#include "base/buf.h"
#include "base/error.h"

#define SP_ZONE_CHANGES_MAX 2000
#define SP_ZONE_RULE_MAX    64

/* A zone with a name; zero is UTC. */
struct sp_zone {
	uint32_t n;                          /* changes known from the table */
	int64_t at[SP_ZONE_CHANGES_MAX];     /* seconds since 1970, ascending */
	int32_t offset[SP_ZONE_CHANGES_MAX]; /* seconds east of UTC from then on */
	int32_t first_offset;                /* before the first change */
	char rule[SP_ZONE_RULE_MAX];         /* POSIX TZ text for the time after the last change */
};

/* One stretch of time with one offset. */
struct sp_zone_span {
	int64_t offset_s;
	int64_t until_s; /* first second after it; INT64_MAX: for ever */
};

/** sp_zone_at() - The stretch that @unix_s lies in */
struct sp_zone_span sp_zone_at(const struct sp_zone *z, int64_t unix_s);

/**
 * sp_zone_read() - Understand the bytes of a TZif file
 * @err: SP_E_CORRUPT
 *
 * Source: RFC 9636, sections 3 and 4; versions 1 to 4.
 */
int sp_zone_read(const void *bytes, size_t len, struct sp_zone *ret, struct sp_error *err);

/**
 * sp_zone_from_rule() - A zone from the text of POSIX TZ: "CET-1CEST,M3.5.0,M10.5.0/3"
 * @err: SP_E_INVALID
 */
int sp_zone_from_rule(const char *rule, struct sp_zone *ret, struct sp_error *err);

/** sp_zone_rfc3339() - @unix_s in the zone: "2026-03-01T10:05:00+01:00", "…Z" without an offset */
void sp_zone_rfc3339(const struct sp_zone *z, int64_t unix_s, struct sp_buf *b);

#endif
