/* SPDX-License-Identifier: Apache-2.0 */
/* Small pods that show one thing each, in about a second. */
#include "cli/demo_scenes.h"

#define HEAD(name)                                                                                 \
	"apiVersion: v1\n"                                                                         \
	"kind: Pod\n"                                                                              \
	"metadata:\n"                                                                              \
	"  name: " name "\n"                                                                       \
	"  labels: {app: demo}\n"                                                                  \
	"spec:\n"

#define CTR(name, plan)                                                                            \
	"  - name: " name "\n"                                                                     \
	"    image: sidepod.local/demo\n"                                                          \
	"    command: [demo, act, \"" plan "\"]\n"

#define SIDECAR "    restartPolicy: Always\n"

static const char order[] =
	HEAD("demo-order") "  restartPolicy: Never\n"
			   "  terminationGracePeriodSeconds: 5\n"
			   "  initContainers:\n" CTR("vault-agent", "say=secrets ready,term=0.06:0")
				   SIDECAR
	"    lifecycle: {postStart: {exec: {command: [demo, hook, takes=0.12]}}}\n" CTR(
		"schema-check", "exit=0.15,say=schema is current")
		CTR("envoy", "say=proxy ready,term=0.1:0") SIDECAR
	"    lifecycle: {postStart: {exec: {command: [demo, hook, takes=0.08]}}}\n"
	"  containers:\n" CTR("app", "exit=0.35,say=hello from the app,every=0.1:working");

static const char gate[] = HEAD(
	"demo-gate") "  restartPolicy: Never\n"
		     "  terminationGracePeriodSeconds: 5\n"
		     "  initContainers:\n" CTR(
			     "proxy",
			     "listen=9901,after=0.3,say=listening but not ready yet,term=0.05:0")
			     SIDECAR
	"    startupProbe:\n"
	"      httpGet: {path: /ready, port: 9901}\n"
	"      periodSeconds: 1\n"
	"      failureThreshold: 30\n"
	"  containers:\n" CTR("app", "exit=0.3,say=the proxy was ready before me");

static const char job[] =
	HEAD("demo-job") "  restartPolicy: Never\n"
			 "  terminationGracePeriodSeconds: 5\n"
			 "  initContainers:\n" CTR("log-shipper", "say=shipping logs,term=0.1:143")
				 SIDECAR
	"  containers:\n" CTR("worker", "exit=0.5,say=work begins,every=0.1:step done");

static const char shutdown[] =
	HEAD("demo-shutdown") "  terminationGracePeriodSeconds: 4\n"
			      "  initContainers:\n" CTR("log-shipper", "say=last to go,term=0.15:0")
				      SIDECAR CTR("proxy", "say=drains before it goes,term=0.3:0")
					      SIDECAR
	"  containers:\n" CTR("app", "say=serving,term=0.2:0") "    lifecycle: {preStop: {exec: {command: [demo, hook, takes=0.3]}}}\n" CTR(
		"stubborn", "say=I ignore SIGTERM,term=ignore");

static const char oom[] =
	HEAD("demo-oom") "  restartPolicy: Never\n"
			 "  terminationGracePeriodSeconds: 5\n"
			 "  initContainers:\n" CTR("metrics", "say=watching,term=0.05:0") SIDECAR
	"  containers:\n" CTR(
		"leaky",
		"exit=0.2,oom,say=allocating without end") "    resources: {limits: {memory: 16Mi}}\n";

static const char legacy[] = HEAD(
	"demo-legacy") "  restartPolicy: Never\n"
		       "  terminationGracePeriodSeconds: 2\n"
		       "  containers:\n" CTR("worker", "exit=0.4,say=done but the pod goes on") CTR(
			       "log-shipper",
			       "say=nobody tells me to stop,every=0.4:still shipping,term=0.05:143");

const struct sp_demo_scene sp_demo_scenes[] = {
	{"order", "sidecars and init containers start one after another, in list order", order,
	 "Each container starts when the gate of the one above it opens. The stop goes the other way: "
	 "first the app, then the sidecars from last to first.",
	 "sidepod timeline -o svg > order.svg", 0},
	{"gate", "a startup probe holds the app back until its proxy is ready", gate,
	 "The app starts only after the proxy's startup probe has passed; periodSeconds decides how "
	 "long that takes at least.",
	 "sidepod explain START-1", 0},
	{"job", "a job with a sidecar finishes", job,
	 "The pod succeeds although the sidecar never ends by itself: it is stopped when the worker is "
	 "done, and its exit code does not count.",
	 "sidepod demo legacy", 0},
	{"shutdown", "who uses the grace period, and who is killed", shutdown,
	 "preStop hooks of all containers begin at once. The proxy waits for its turn, but one "
	 "container ignores SIGTERM, so everybody else runs out of grace.",
	 "sidepod explain TERM-12", 900},
	{"oom", "a container meets its memory limit", oom,
	 "The kernel killed the container in its own cgroup: OOMKilled, exit code 137. Sidecar and "
	 "machine live on.",
	 "sidepod explain OOMKilled", 0},
	{"legacy", "the same job without native sidecars never ends", legacy,
	 "As a regular container the log shipper keeps the pod Running after the work is done; here it "
	 "was stopped from outside. `sidepod demo job` is the same pod with a native sidecar.",
	 "sidepod demo job", 1500},
	{0},
};
