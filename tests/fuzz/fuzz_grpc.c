/* SPDX-License-Identifier: Apache-2.0 */
/* A server's side of an HTTP/2 connection into the gRPC health call, whole and byte by byte. */
#include "probe/grpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool talk(const uint8_t *data, size_t size, size_t piece, char text[1024])
{
	static const struct sp_grpc_call call = {
		.authority = "h:1", .user_agent = "ua", .service = "s", .timeout_ms = 1000};
	static struct sp_grpc g;
	struct sp_buf b = sp_buf_fixed(text, 1024);
	bool healthy;

	sp_grpc_init(&g, &call);
	for (size_t i = 0; i < size; i += piece)
		sp_grpc_feed(&g, data + i, SP_MIN(piece, size - i));
	sp_grpc_broke(&g, "EOF");
	assert(g.state == SP_GRPC_OVER || g.state == SP_GRPC_BROKEN);
	assert(g.out.len < 256 * 1024);
	healthy = sp_grpc_verdict(&g, SP_SEC, &b);
	assert(text[0]);
	sp_grpc_done(&g);
	return healthy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char whole[1024], pieces[1024];

	assert(talk(data, size, size ? size : 1, whole) == talk(data, size, 1, pieces));
	assert(strcmp(whole, pieces) == 0);
	return 0;
}
