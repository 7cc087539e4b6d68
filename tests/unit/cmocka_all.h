/* SPDX-License-Identifier: Apache-2.0 */
/* The headers that cmocka wants first, in its order. */
#ifndef CMOCKA_ALL_H
#define CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
