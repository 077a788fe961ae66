/* WebSocket frames (RFC 6455) of both sides, without extensions. */
#ifndef FRAMES_H
#define FRAMES_H

#include "bytes.h"

enum opcode { OP_MORE = 0, OP_TEXT = 1, OP_BINARY = 2, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10 };

/* One frame in somebody else's buffer; `size` counts its header too. */
struct frame {
    enum opcode opcode;
    bool is_last;
    uint8_t *payload;
    size_t len, size;
};

/* 1: `frame` is complete and unmasked in place. 0: bytes are missing; `size` is the whole, if known, else 0. */
int frame_parse(uint8_t *data, size_t len, struct frame *frame);
/* Append a whole frame whose payload is `head` and `body` together. A client's frames are masked. */
void frame_put(struct bytes *out, enum opcode opcode, bool masked, const void *head, size_t head_len, const void *body,
               size_t body_len);

#endif
