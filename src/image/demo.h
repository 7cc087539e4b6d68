/* SPDX-License-Identifier: Apache-2.0 */
/* The built-in image sidepod.local/demo: carried inside the command, so a first run needs no
 * network. */
#ifndef SP_IMAGE_DEMO_H
#define SP_IMAGE_DEMO_H

#include "image/store.h"

#define SP_DEMO_IMAGE "sidepod.local/demo:latest"

/** sp_image_demo_ensure() - Put it into the store unless this version of it is there already */
int sp_image_demo_ensure(struct sp_image_store *s, struct sp_error *err);

/** sp_image_demo_current() - Is it that image, of this very version? */
bool sp_image_demo_current(const struct sp_image *img);

#endif
