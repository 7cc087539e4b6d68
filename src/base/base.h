/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small words used everywhere: array length, cleanup attributes, units of time.
 * Memory only; nothing here calls the system.
 */
#ifndef SP_BASE_H
#define SP_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SP_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define SP_CLEANUP(fn)  __attribute__((cleanup(fn)))
#define SP_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define SP_MIN(a, b)    ((a) < (b) ? (a) : (b))
#define SP_MAX(a, b)    ((a) > (b) ? (a) : (b))

/* Built with AddressSanitizer: its shadow memory is larger than any limit we would set. */
#if defined(__SANITIZE_ADDRESS__)
#define SP_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SP_SANITIZED 1
#endif
#endif
#ifndef SP_SANITIZED
#define SP_SANITIZED 0
#endif

/* Nanoseconds, monotonic unless a name says wall. */
typedef int64_t sp_time;

#define SP_USEC  ((sp_time)1000)
#define SP_MSEC  ((sp_time)1000000)
#define SP_SEC   ((sp_time)1000000000)
#define SP_NEVER INT64_MAX

/* Hand a pointer or descriptor to another owner; the local forgets it. */
#define sp_take_ptr(p)                                                                             \
	({                                                                                         \
		__typeof__(p) sp_taken_from_ = (p);                                                \
		__typeof__(*sp_taken_from_) sp_taken_ = *sp_taken_from_;                           \
		*sp_taken_from_ = NULL;                                                            \
		sp_taken_;                                                                         \
	})
static inline int sp_take_fd(int *fd)
{
	int r = *fd;

	*fd = -9; /* -EBADF, without <errno.h> */
	return r;
}

/* Saturating arithmetic for times: SP_NEVER stays SP_NEVER. */
static inline sp_time sp_time_add(sp_time a, sp_time b)
{
	sp_time r;

	if (__builtin_add_overflow(a, b, &r))
		return b > 0 ? SP_NEVER : INT64_MIN;
	return r;
}

static inline sp_time sp_seconds(int64_t s)
{
	sp_time t;

	return __builtin_mul_overflow(s, SP_SEC, &t) ? (s > 0 ? SP_NEVER : INT64_MIN) : t;
}

static inline bool sp_streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

#endif
