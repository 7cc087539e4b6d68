/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bundle: everything a supervisor needs to run one pod, as one JSON document
 * (`sidepod.bundle/v1`) in a sealed memory file that it inherits as descriptor 3. Secrets are in
 * it, so it is never written to disk.
 *
 * {
 *   "format": "sidepod.bundle/v1",
 *   "pod": { …a complete Pod with defaults, uid and creationTimestamp… },
 *   "configMaps": [ … ], "secrets": [ … ],          objects of the pod's namespace that it names
 *   "images": { "<reference as in the manifest>": { "ref", "id", "digest", "sizeBytes", "layers":
 * [dirs], "entrypoint", "cmd", "env", "workingDir", "user", "stopSignal" } },   those already
 * present "engine": { "root", "runDir", "logDir", "net": "bridge|lo|host", "bridge", "subnet",
 * "publish": [..], "cgroupRoot", "podPidsLimit", "kubeMinor", "seccomp": "<base64 of struct
 * sock_filter[]>", "command": "<path of sidepod, for image pulls and HTTPS probes>", "rootless",
 * "clusterDNS", "timeScale" }, "resume": true    the pod's state file exists: continue after a dead
 * supervisor (SBX-2)
 * }
 *
 * A supervisor's run directory, <runDir>/pods/<uid>/ (mode 0700):
 *   control       SOCK_SEQPACKET socket (supervisor/control.h)
 *   record.jsonl  run record (docs/record.md), appended while the pod lives
 *   status.json   {"pid":…, "pod": {metadata, status}} written beside and renamed, when it changed
 *   state         struct sp_pod, mapped shared, so it survives kill -9
 *   lock          held with flock while the supervisor lives
 */
#ifndef SP_SUPERVISOR_BUNDLE_H
#define SP_SUPERVISOR_BUNDLE_H

#define SP_BUNDLE_FD     3
#define SP_BUNDLE_FORMAT "sidepod.bundle/v1"

#endif
