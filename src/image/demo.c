/* SPDX-License-Identifier: Apache-2.0 */
#include "image/demo.h"

#include "applets.h" /* made by the build: where the program is, and its digest */
#include "image/manifest.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <sys/stat.h>

/* The program's bytes, as read-only data of this object. */
__asm__(".section .rodata\n"
	".balign 16\n"
	"sp_applets_begin:\n"
	".incbin \"" SP_APPLETS_PATH "\"\n"
	"sp_applets_end:\n"
	".previous\n");
extern const char sp_applets_begin[], sp_applets_end[];

#define TAR_EXTRA (64 * 1024)

static const char *const dirs[] = {"bin", "dev", "etc", "proc", "run", "sys", "tmp", "var"};
static const char *const applets[] = {"act",   "check", "hook",   "tell", "sleep", "echo", "cat",
				      "write", "get",   "lookup", "env",  "true",  "false"};

static int add(struct archive *out, const char *path, unsigned type, unsigned mode,
	       const void *bytes, size_t n, const char *link)
{
	struct archive_entry *e = archive_entry_new();
	int r = -1;

	if (!e)
		return -1;
	archive_entry_set_pathname(e, path);
	archive_entry_set_filetype(e, type);
	archive_entry_set_perm(e, mode);
	archive_entry_set_size(e, (la_int64_t)n);
	archive_entry_set_mtime(e, 0, 0); /* the same program gives the same digest */
	if (link)
		archive_entry_set_symlink(e, link);
	if (archive_write_header(out, e) == ARCHIVE_OK &&
	    (n == 0 || archive_write_data(out, bytes, n) == (la_ssize_t)n))
		r = 0;
	archive_entry_free(e);
	return r;
}

static int fill(struct archive *out)
{
	static const char passwd[] = "root:x:0:0:root:/:/\nnobody:x:65534:65534:nobody:/:/\n";
	static const char group[] = "root:x:0:\nnobody:x:65534:\n";
	char path[32];
	int r = 0;

	for (size_t i = 0; i < SP_ARRAY_LEN(dirs); i++)
		r |= add(out, dirs[i], AE_IFDIR, sp_streq(dirs[i], "tmp") ? 01777 : 0755, NULL, 0,
			 NULL);
	r |= add(out, "etc/passwd", AE_IFREG, 0644, passwd, strlen(passwd), NULL);
	r |= add(out, "etc/group", AE_IFREG, 0644, group, strlen(group), NULL);
	/* every container gets its own bound over these; being there saves making them */
	r |= add(out, "etc/hosts", AE_IFREG, 0644, NULL, 0, NULL);
	r |= add(out, "etc/hostname", AE_IFREG, 0644, NULL, 0, NULL);
	r |= add(out, "etc/resolv.conf", AE_IFREG, 0644, NULL, 0, NULL);
	r |= add(out, "bin/demo", AE_IFREG, 0755, sp_applets_begin,
		 (size_t)(sp_applets_end - sp_applets_begin), NULL);
	for (size_t i = 0; i < SP_ARRAY_LEN(applets); i++) {
		struct sp_buf b = sp_buf_fixed(path, sizeof(path));

		sp_buf_printf(&b, "bin/%s", applets[i]);
		r |= add(out, path, AE_IFLNK, 0777, NULL, 0, "demo");
	}
	return r;
}

static int put_layer(struct sp_image_store *s, char digest[static SP_DIGEST_SIZE], size_t *size,
		     struct sp_error *err)
{
	size_t room = (size_t)(sp_applets_end - sp_applets_begin) + TAR_EXTRA;
	struct archive *out = archive_write_new();
	char *tar = malloc(room);
	int r = -1;

	*size = 0;
	if (!out || !tar) {
		(void)sp_fail(err, SP_E_NO_MEMORY, "demo image");
	} else {
		archive_write_set_format_ustar(out);
		if (archive_write_open_memory(out, tar, room, size) != ARCHIVE_OK ||
		    fill(out) < 0 || archive_write_close(out) != ARCHIVE_OK)
			(void)sp_fail(err, SP_E_INTERNAL, "demo image: %s",
				      archive_error_string(out));
		else
			r = sp_image_store_put_bytes(s, tar, *size, digest, err);
	}
	archive_write_free(out);
	free(tar);
	return r;
}

static bool is_current(struct sp_image_store *s)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_image img;

	if (sp_image_store_get(s, &a, SP_DEMO_IMAGE, &img, NULL) < 0)
		return false;
	return sp_image_demo_current(&img);
}

int sp_image_demo_ensure(struct sp_image_store *s, struct sp_error *err)
{
	static const char *const refs[] = {SP_DEMO_IMAGE};
	char layer[SP_DIGEST_SIZE], config[SP_DIGEST_SIZE], manifest[SP_DIGEST_SIZE];
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	size_t layer_size, config_size;

	if (is_current(s))
		return 0;
	if (put_layer(s, layer, &layer_size, err) < 0)
		return -1;
	sp_buf_printf(
		&b,
		"{\"architecture\":\"%s\",\"os\":\"linux\",\"config\":{\"Entrypoint\":[\"/bin/demo\"],"
		"\"Env\":[\"PATH=/bin\",\"SIDEPOD_APPLETS=" SP_APPLETS_DIGEST "\"]},"
		"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]}}",
		sp_platform_arch(), layer);
	config_size = b.len;
	if (b.failed || sp_image_store_put_bytes(s, b.ptr, b.len, config, err) < 0)
		return b.failed ? sp_fail(err, SP_E_NO_MEMORY, "demo image") : -1;
	sp_buf_clear(&b);
	sp_buf_printf(
		&b,
		"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":{"
		"\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"%s\",\"size\":%zu},"
		"\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"%s\","
		"\"size\":%zu}]}",
		config, config_size, layer, layer_size);
	if (b.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "demo image");
	if (sp_image_store_put_bytes(s, b.ptr, b.len, manifest, err) < 0)
		return -1;
	return sp_image_store_commit(s, manifest, refs, 1, NULL, NULL, err);
}
