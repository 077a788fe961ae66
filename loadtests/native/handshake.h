/* The server's side of the WebSocket upgrade. */
#ifndef HANDSHAKE_H
#define HANDSHAKE_H

#include "bytes.h"

enum { ROOM_NAME_BYTES = 200 };

/* 1: `answer` holds the 101 response, `room` the path, and the request is dropped from `in`. 0: more is needed.
 * -1: this is no upgrade. */
int handshake(struct bytes *in, struct bytes *answer, char room[ROOM_NAME_BYTES]);

#endif
