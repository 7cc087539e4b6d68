/* SPDX-License-Identifier: Apache-2.0 */
/* The built-in scenes of `sidepod demo`. */
#ifndef SP_CLI_DEMO_SCENES_H
#define SP_CLI_DEMO_SCENES_H

struct sp_demo_scene {
	const char *name, *what; /* one line */
	const char *manifest;    /* YAML, with the image sidepod.local/demo */
	const char *look_at;     /* what to see in the picture; a sentence or two */
	const char *next;        /* a command to try */
	int stop_after_ms; /* pods that do not end by themselves are stopped then; 0: they do */
};

extern const struct sp_demo_scene sp_demo_scenes[]; /* ended by a zero entry */

#endif
