/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket of a pod: SOCK_SEQPACKET, one JSON object per message, at most
 * SP_CONTROL_MAX bytes. One request per message, answered by one message {"ok":true,…} or
 * {"ok":false,"code":"not-found","error":"…"}; codes are those of sp_code_name().
 *
 *   {"op":"status"}                              →
 * {"ok":true,"pid":P,"pod":{metadata,spec?,status}} (spec is left out when the answer gets too big)
 *   {"op":"delete","graceSeconds":N}             N absent: the spec's (TERM-30: again = shorten)
 *   {"op":"setImage","container":C,"image":I}
 *   {"op":"exec","container":C,"argv":[…],"env":[…]?}  with SCM_RIGHTS: stdin, stdout, stderr
 *                                                → {"ok":true,"exec":K}, later
 * {"exec":K,"exitCode":N}
 *   {"op":"exec",…,"tty":true,"rows":R?,"cols":C?}  no descriptors are sent; the answer
 *                                                  {"ok":true,"exec":K} carries the terminal's
 * master with SCM_RIGHTS: the client copies bytes and sets sizes by itself
 *   {"op":"attach","container":C}                → {"ok":true,"tty":bool} with SCM_RIGHTS: the
 * write end of the container's stdin, or its terminal's master. Containers with stdin: true only;
 * output is read from the log
 *   {"op":"resize","container":C,"rows":R,"cols":C}  the terminal of a container
 *   {"op":"usage"}                               → {"ok":true,"pod":{…},"containers":{C:{…}}}, each
 *                                                  {"cpuNs","memoryBytes","memoryPeakBytes","pids",
 *                                                  "oomKills","throttledNs"}
 *   {"op":"objects","configMaps":[…],"secrets":[…]}  objects that appeared or changed
 *   {"op":"gate","type":T,"status":"True|False|Unknown"}
 *   {"op":"restarted","forgetRecords":bool}      take over what runs, as an engine that was away
 *                                                (SBX-6); forget finished init containers
 *
 * A client that hangs up ends nothing but its own execs' answers; an exec whose client has gone is
 * killed. When the pod is over the supervisor exits and every client sees the end of the stream.
 */
#ifndef SP_SUPERVISOR_CONTROL_H
#define SP_SUPERVISOR_CONTROL_H

#define SP_CONTROL_MAX (256 * 1024)

#endif
