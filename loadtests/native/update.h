/* Walks a CRDT update (Yjs encoding V1) to learn which insertions it holds, however they were merged. */
#ifndef UPDATE_H
#define UPDATE_H

#include "bytes.h"

/* Units `clock` to `clock + len - 1` of CRDT client `client` are in the update. */
typedef void span_seen(void *context, uint64_t client, uint64_t clock, uint64_t len);

/* Call `seen` for each struct; false when the update holds something that this walk does not know. */
bool update_walk(struct reader update, span_seen *seen, void *context);

#endif
