/* SPDX-License-Identifier: Apache-2.0 */
/* A measure of how long processes take to start and end while pods run. */
#ifndef SP_CONFORM_PACE_H
#define SP_CONFORM_PACE_H

#include "base/base.h"

struct conform_pace {
	int pidfd; /* of the one under way: readable when it has ended; -EBADF none */
	sp_time since, next;
};
#define CONFORM_PACE_NONE                                                                          \
	{                                                                                          \
		.pidfd = -EBADF                                                                    \
	}

/** conform_pace_go() - Start the next measurement when it is due and none is under way */
void conform_pace_go(struct conform_pace *p, const char *program, sp_time now);
/** conform_pace_took() - Of the one under way, up to @now; 0 when there is none */
sp_time conform_pace_took(const struct conform_pace *p, sp_time now);
/** conform_pace_end() - It has ended, or is not waited for */
void conform_pace_end(struct conform_pace *p);
/**
 * conform_pace_pressure() - How long some process has waited for a processor, since the start
 *
 * A process that computes loses its turn more often than one with nothing to do.
 *
 * Return: time; 0 where the kernel does not count it.
 * Source: Linux, accounting/psi, "Pressure interface".
 */
sp_time conform_pace_pressure(void);

#endif
