/* SPDX-License-Identifier: Apache-2.0 */
/* An image as JSON, the same wherever it is shown. */
#include "image/image.h"

#include "base/json.h"

void sp_image_json_members(const struct sp_image *img, struct sp_buf *out)
{
	sp_json_str(out, "ref", img->ref);
	sp_json_str(out, "id", img->id);
	sp_json_str(out, "digest", img->digest);
	sp_json_int(out, "sizeBytes", (int64_t)img->size_bytes);
	sp_json_strs(out, "layers", img->layers, img->n_layers);
	sp_json_strs(out, "entrypoint", img->entrypoint, img->n_entrypoint);
	sp_json_strs(out, "cmd", img->cmd, img->n_cmd);
	sp_json_strs(out, "env", img->env, img->n_env);
	sp_json_str(out, "workingDir", img->working_dir);
	sp_json_str(out, "user", img->user);
	sp_json_str(out, "stopSignal", img->stop_signal);
}

void sp_image_json(const struct sp_image *img, struct sp_buf *out)
{
	sp_buf_putc(out, '{');
	sp_image_json_members(img, out);
	sp_buf_putc(out, '}');
}
