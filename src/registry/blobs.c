/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/blobs.h"

#include "sys/fd.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

#define BLOCK_BYTES (256 * 1024)
#define WAIT_MS     100 /* between looks at a lock that another process holds */

struct blob {
	const struct sp_descriptor *want;
	struct sp_pull_layer *shown;
	struct sp_exchange x;
	struct sp_sha256 *hash;        /* of what the file holds */
	int fd;                        /* partial file, locked; -EBADF none */
	uint64_t have, received, kept; /* bytes; kept: from an earlier attempt */
	bool active, again;
	bool retried; /* once from the beginning, after kept bytes turned out wrong */
	char path[16 + SP_DIGEST_SIZE];
};

struct fetching {
	struct sp_image_store *store;
	struct sp_endpoint *endpoint;
	struct blob *v;
	uint32_t n;
	int partial_fd;
};

static const char *file_of(const struct blob *b)
{
	return b->want->digest + strlen("sha256:");
}

/* ---- the partial file ---- */

static int restart_hash(struct blob *b, struct sp_error *err)
{
	b->hash = sp_sha256_free(b->hash);
	b->hash = sp_sha256_new();
	return b->hash ? 0 : sp_fail(err, SP_E_NO_MEMORY, "blob %s", b->want->digest);
}

static int empty_file(struct blob *b, struct sp_error *err)
{
	if (ftruncate(b->fd, 0) < 0 || lseek(b->fd, 0, SEEK_SET) < 0)
		return sp_fail_errno(err, errno, "blob %s", b->want->digest);
	b->have = b->kept = 0;
	return restart_hash(b, err);
}

/* What an earlier attempt left is hashed once; the rest is hashed as it comes. */
static int read_kept(struct blob *b, struct sp_error *err)
{
	char *block;
	ssize_t n;

	if (restart_hash(b, err) < 0)
		return -1;
	block = malloc(BLOCK_BYTES);
	if (!block)
		return sp_fail(err, SP_E_NO_MEMORY, "blob %s", b->want->digest);
	b->have = 0;
	while ((n = read(b->fd, block, BLOCK_BYTES)) > 0) {
		sp_sha256_add(b->hash, block, (size_t)n);
		b->have += (uint64_t)n;
	}
	free(block);
	if (n < 0)
		return sp_fail_errno(err, errno, "blob %s", b->want->digest);
	b->kept = b->have;
	if (b->have > (uint64_t)b->want->size)
		return empty_file(b, err);
	return 0;
}

/* Return: 1 somebody else has it, 0 it is ours, -1 */
static int lock_file(struct fetching *f, struct blob *b, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = -EBADF;
	struct stat st;

	fd = openat(f->partial_fd, file_of(b), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return sp_fail_errno(err, errno, "blob %s", b->want->digest);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK || errno == EINTR
			       ? 1
			       : sp_fail_errno(err, errno, "blob %s: lock", b->want->digest);
	/* whoever had it may have finished between our open and our lock */
	if (fstat(fd, &st) < 0 || st.st_nlink == 0)
		return 1;
	b->fd = sp_take_fd(&fd);
	return 0;
}

static void drop_file(struct fetching *f, struct blob *b)
{
	if (b->fd >= 0)
		(void)unlinkat(f->partial_fd, file_of(b), 0); /* ours, as we hold its lock */
	b->fd = sp_close(b->fd);
}

/* Everything is there: check, and make it a blob. */
static int keep_file(struct fetching *f, struct blob *b, struct sp_error *err)
{
	char digest[SP_DIGEST_SIZE];
	int r;

	sp_sha256_text(b->hash, digest);
	b->hash = sp_sha256_free(b->hash);
	if (!sp_streq(digest, b->want->digest)) {
		drop_file(f, b);
		return sp_fail(err, SP_E_CORRUPT,
			       "registry '%s' sent other bytes than %s: their digest is %s",
			       f->endpoint->source.host, b->want->digest, digest);
	}
	r = sp_image_store_adopt(f->store, f->partial_fd, file_of(b), digest, err);
	drop_file(f, b);
	if (r == 0) {
		b->shown->done_bytes = b->have;
		b->shown->state = SP_LAYER_DOWNLOADED;
	}
	return r;
}

/* ---- the stream ---- */

static int take_bytes(void *arg, struct sp_request *r, const char *bytes, size_t n)
{
	struct blob *b = arg;
	int k;

	if (b->again) { /* first bytes of this answer */
		b->again = false;
		if (r->status != 206 || r->range_start < 0 || (uint64_t)r->range_start != b->have) {
			if (r->status == 206)
				return sp_fail(&r->fault, SP_E_CORRUPT,
					       "blob %s: the registry sent another part than asked",
					       b->want->digest);
			if (empty_file(b, &r->fault) < 0) /* it knows no ranges */
				return -1;
		}
	}
	if (n > (uint64_t)b->want->size - b->have)
		return sp_fail(&r->fault, SP_E_CORRUPT,
			       "blob %s is longer than the %lld bytes of its descriptor",
			       b->want->digest, (long long)b->want->size);
	k = sp_write_all(b->fd, bytes, n);
	if (k < 0)
		return sp_fail_errno(&r->fault, -k, "write %s to the image store", b->want->digest);
	sp_sha256_add(b->hash, bytes, n);
	b->have += n;
	b->received += n;
	b->shown->done_bytes = b->have;
	return 0;
}

static int send_request(struct fetching *f, struct blob *b, struct sp_error *err)
{
	b->x.request.range_from = b->have;
	b->again = b->have > 0;
	b->shown->state = SP_LAYER_DOWNLOADING;
	b->shown->done_bytes = b->have;
	return sp_exchange_start(f->endpoint, &b->x, err);
}

/* Return: 1 nothing to do now, 0 it runs or is there, -1 */
static int begin(struct fetching *f, struct blob *b, struct sp_error *err)
{
	int r;

	if (sp_image_store_has_blob(f->store, b->want->digest)) {
		b->shown->state = SP_LAYER_DOWNLOADED;
		b->shown->done_bytes = b->shown->size_bytes;
		return 0;
	}
	r = lock_file(f, b, err);
	if (r != 0) {
		if (r > 0)
			b->shown->state = SP_LAYER_ELSEWHERE;
		return r;
	}
	if (sp_image_store_has_blob(f->store, b->want->digest)) {
		drop_file(f, b);
		b->shown->state = SP_LAYER_DOWNLOADED;
		return 0;
	}
	if (read_kept(b, err) < 0)
		return -1;
	if (b->have == (uint64_t)b->want->size && b->have > 0) {
		if (keep_file(f, b, err) == 0)
			return 0;
		if (err->code != SP_E_CORRUPT)
			return -1;
		return 1; /* the kept bytes were wrong and are gone; from the beginning */
	}
	(void)snprintf(b->path, sizeof(b->path), "blobs/%s", b->want->digest);
	b->x.path = b->path;
	b->x.request.sink = take_bytes;
	b->x.request.arg = b;
	b->active = true;
	return send_request(f, b, err);
}

static int end_corrupt(struct fetching *f, struct blob *b, struct sp_error *err)
{
	bool blame_kept = b->kept > 0 && !b->retried;

	drop_file(f, b);
	if (!blame_kept)
		return -1;
	b->retried = true;
	b->kept = 0;
	b->shown->state = SP_LAYER_WAITING;
	return 0;
}

static int judge(struct fetching *f, struct blob *b, struct sp_error *err)
{
	enum sp_verdict verdict;

	/* nothing in the line: the range began where the blob ends */
	if (b->x.request.fault.code == SP_OK && b->x.request.status == 416) {
		b->active = false;
		return end_corrupt(f, b, err);
	}
	verdict = sp_exchange_judge(f->endpoint, &b->x, err);
	if (verdict == SP_VERDICT_OK && b->have < (uint64_t)b->want->size) {
		/* a complete answer that is too short: no fault of the line */
		b->active = false;
		(void)sp_fail(err, SP_E_CORRUPT, "blob %s has %llu bytes, its descriptor says %lld",
			      b->want->digest, (unsigned long long)b->have,
			      (long long)b->want->size);
		return end_corrupt(f, b, err);
	}
	switch (verdict) {
	case SP_VERDICT_OK:
		b->active = false;
		sp_exchange_end(f->endpoint, &b->x);
		if (keep_file(f, b, err) == 0)
			return 0;
		return err->code == SP_E_CORRUPT ? end_corrupt(f, b, err) : -1;
	case SP_VERDICT_AGAIN:
		return send_request(f, b, err);
	case SP_VERDICT_LATER:
		b->shown->state = SP_LAYER_RETRYING;
		return 0;
	case SP_VERDICT_FAIL:
		b->active = false;
		if (err->code == SP_E_CORRUPT)
			return end_corrupt(f, b, err);
		if (err->code == SP_E_NO_SPACE)
			drop_file(f, b); /* on a full disk half a blob is in the way */
		return sp_wrap(err, "blob %.19s", b->want->digest);
	}
	return 0;
}

/* ---- all of them ---- */

/* One turn of every blob. Return: how many are not done yet, -1 */
static int turn(struct fetching *f, int *timeout_ms, struct sp_error *err)
{
	uint32_t active = 0;
	int left = 0;

	*timeout_ms = 1000;
	for (uint32_t i = 0; i < f->n; i++)
		active += f->v[i].active;
	for (uint32_t i = 0; i < f->n; i++) {
		struct blob *b = &f->v[i];
		bool was = b->active;

		if (b->shown->state == SP_LAYER_DOWNLOADED)
			continue;
		left++;
		if (b->active && b->shown->state == SP_LAYER_RETRYING) {
			sp_time t = b->x.not_before - sp_http_now();

			if (t > 0)
				*timeout_ms = (int)SP_MIN(*timeout_ms, t / SP_MSEC + 1);
			else if (send_request(f, b, err) < 0)
				return -1;
		} else if (b->active && b->x.request.done) {
			if (judge(f, b, err) < 0)
				return -1;
			*timeout_ms = 0;
		} else if (!b->active && active < SP_PULL_PARALLEL) {
			int r = begin(f, b, err);

			if (r < 0)
				return -1;
			*timeout_ms = SP_MIN(*timeout_ms, r ? WAIT_MS : 0);
		}
		active = active + b->active - was;
	}
	return left;
}

static int run(struct fetching *f, const struct sp_pull *p, struct sp_pull_layer *layers,
	       struct sp_error *err)
{
	for (;;) {
		int timeout_ms, left = turn(f, &timeout_ms, err);

		if (left < 0)
			return -1;
		if (p->progress)
			p->progress(p->arg, layers, f->n);
		if (left == 0)
			return 0;
		if (sp_http_pump(f->endpoint->http, timeout_ms, err) < 0)
			return -1;
	}
}

int sp_blobs_fetch(struct sp_image_store *s, struct sp_endpoint *e,
		   const struct sp_descriptor *blobs, uint32_t n, struct sp_pull_layer *layers,
		   const struct sp_pull *p, uint64_t *received_bytes, struct sp_error *err)
{
	struct fetching f = {.store = s, .endpoint = e, .n = n, .partial_fd = -EBADF};
	int r = -1;

	if (mkdirat(s->dir_fd, "partial", 0700) < 0 && errno != EEXIST)
		return sp_fail_errno(err, errno, "image store: make 'partial'");
	f.partial_fd =
		openat(s->dir_fd, "partial", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (f.partial_fd < 0)
		return sp_fail_errno(err, errno, "image store: open 'partial'");
	f.v = calloc(n ? n : 1, sizeof(*f.v));
	if (!f.v) {
		(void)sp_close(f.partial_fd);
		return sp_fail(err, SP_E_NO_MEMORY, "pull");
	}
	for (uint32_t i = 0; i < n; i++) {
		f.v[i].want = &blobs[i];
		f.v[i].shown = &layers[i];
		f.v[i].fd = -EBADF;
		layers[i] = (struct sp_pull_layer){.digest = blobs[i].digest,
						   .size_bytes = (uint64_t)blobs[i].size};
	}
	r = run(&f, p, layers, err);
	for (uint32_t i = 0; i < n; i++) {
		struct blob *b = &f.v[i];

		*received_bytes += b->received;
		sp_exchange_end(e, &b->x);
		sp_sha256_free(b->hash);
		if (b->have == 0)
			drop_file(&f, b); /* nothing in it to continue */
		(void)sp_close(b->fd);
	}
	free(f.v);
	(void)sp_close(f.partial_fd);
	return r;
}
