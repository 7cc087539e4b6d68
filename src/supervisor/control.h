/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket of a pod: SOCK_SEQPACKET, one JSON object per message, at most
 * SP_CONTROL_MAX bytes. One request per message, answered by one message {"ok":true,…} or
 * {"ok":false,"code":"not-found","error":"…"}.
 *
 *   {"op":"status"}                              → {"ok":true,"pod":{metadata,spec?,status}}
 *   {"op":"delete","graceSeconds":N}             N absent: the spec's (TERM-30: again = shorten)
 *   {"op":"setImage","container":C,"image":I}
 *   {"op":"exec","container":C,"argv":[…],"tty":bool,"env":[…]?}  with SCM_RIGHTS: stdin, stdout,
 * stderr → {"ok":true,"exec":K}, later {"exec":K,"exitCode":N}
 *   {"op":"resize","exec":K|"container":C,"rows":R,"cols":C}
 *   {"op":"attach","container":C}                with SCM_RIGHTS: the client's stdin (stdin: true
 * containers)
 *   {"op":"usage"}                               → {"ok":true,"pod":{…},"containers":{C:{…}}}
 *   {"op":"objects","configMaps":[…],"secrets":[…]}  objects that appeared or changed
 *   {"op":"gate","type":T,"status":"True|False"}
 */
#ifndef SP_SUPERVISOR_CONTROL_H
#define SP_SUPERVISOR_CONTROL_H

#define SP_CONTROL_MAX (256 * 1024)

#endif
