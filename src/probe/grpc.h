/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grpc.health.v1.Health/Check over cleartext HTTP/2, as a machine from bytes to bytes: no sockets,
 * no clock. One request on stream 1, everything else a server may send is answered or ignored.
 * Source: RFC 9113, RFC 7541, the gRPC over HTTP/2 protocol, PROBE-24.
 */
#ifndef SP_PROBE_GRPC_H
#define SP_PROBE_GRPC_H

#include "probe/hpack.h"

#define SP_GRPC_FRAME   16384 /* longest frame a server may send us unasked */
#define SP_GRPC_REPLY   4096  /* a health answer has 7 bytes */
#define SP_GRPC_SERVICE 8192  /* longest service name */

enum sp_grpc_state {
	SP_GRPC_OPENING, /* no SETTINGS yet: nobody knows if this is a server of ours */
	SP_GRPC_CALLING, /* request sent or waiting for its window */
	SP_GRPC_OVER,    /* the call ended; code and reply count */
	SP_GRPC_BROKEN,  /* the connection ended; error says why */
};

enum sp_grpc_code { /* those that matter here */
		    SP_GRPC_OK = 0,
		    SP_GRPC_CANCELED = 1,
		    SP_GRPC_UNKNOWN = 2,
		    SP_GRPC_DEADLINE_EXCEEDED = 4,
		    SP_GRPC_PERMISSION_DENIED = 7,
		    SP_GRPC_RESOURCE_EXHAUSTED = 8,
		    SP_GRPC_UNIMPLEMENTED = 12,
		    SP_GRPC_INTERNAL = 13,
		    SP_GRPC_UNAVAILABLE = 14,
		    SP_GRPC_UNAUTHENTICATED = 16,
};

struct sp_grpc_call {
	const char *authority;  /* "10.0.0.1:9000" */
	const char *user_agent; /* all three kept */
	const char *service;
	int64_t timeout_ms; /* told to the server; 0 none */
};

struct sp_grpc {
	enum sp_grpc_state state;
	bool opened; /* SETTINGS came: it is an HTTP/2 server */
	struct sp_grpc_call call;
	struct sp_buf out; /* to be sent; the owner takes from the front and clears it */

	/* frame being read */
	uint8_t head[9];
	size_t n_head, n_frame;
	uint8_t frame[SP_GRPC_FRAME];
	/* header block in pieces */
	uint8_t block[SP_HPACK_BLOCK];
	size_t n_block;
	bool in_block, block_ends_stream;
	struct sp_hpack hpack;

	/* what we may send */
	int64_t window, stream_window;
	int64_t initial_window;
	bool body_sent;

	/* the answer */
	int http_status; /* 0: none yet */
	bool content_type_seen, content_type_ok;
	char content_type[64];
	int code; /* -1: no grpc-status yet */
	char message[256];
	uint8_t reply[SP_GRPC_REPLY];
	size_t n_reply;
	bool reply_too_long;
	char error[256];
};

/** sp_grpc_init() - Ready to talk; preface, settings are in out. @call is kept */
void sp_grpc_init(struct sp_grpc *g, const struct sp_grpc_call *call);
void sp_grpc_done(struct sp_grpc *g);

void sp_grpc_feed(struct sp_grpc *g, const uint8_t *bytes, size_t n);
/** sp_grpc_broke() - The connection ended or failed; @why as in "EOF" */
void sp_grpc_broke(struct sp_grpc *g, const char *why);

/**
 * sp_grpc_verdict() - When over, or broken after the call began: what does the probe say
 * @timeout: for the text
 *
 * Return: true healthy.
 */
bool sp_grpc_verdict(const struct sp_grpc *g, sp_time timeout, struct sp_buf *text);

#endif
