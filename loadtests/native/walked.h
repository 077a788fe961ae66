/* The spans of updates, remembered: everybody in a room gets the same bytes, and they are walked once for all. */
#ifndef WALKED_H
#define WALKED_H

#include "bytes.h"

struct span {
    uint64_t client, clock, len;
};

/* Valid until the next call. */
struct walked {
    const struct span *spans;
    size_t count;
    bool is_known; /* false when the update holds something that the walk does not know */
};

struct walked update_spans(struct reader update);

#endif
