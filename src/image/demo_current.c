/* SPDX-License-Identifier: Apache-2.0 */
/* Apart from the making of the built-in image: every command asks this, none but the worker makes.
 */
#include "image/demo.h"

#include "applets.h"

bool sp_image_demo_current(const struct sp_image *img)
{
	for (uint32_t i = 0; i < img->n_env; i++)
		if (sp_streq(img->env[i], "SIDEPOD_APPLETS=" SP_APPLETS_DIGEST))
			return sp_streq(img->ref, SP_DEMO_IMAGE);
	return false;
}
