/* SPDX-License-Identifier: Apache-2.0 */
/* Every short sequence of events on pods of two containers, from several beginnings. */
#ifndef ENUMERATE_H
#define ENUMERATE_H

/** enumerate_pods() - Return: 0, or 1 after printing the sequence that breaks a rule */
int enumerate_pods(int depth);

#endif
