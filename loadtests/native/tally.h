/* Who was shown which edit and which cursor, and how long it took. */
#ifndef TALLY_H
#define TALLY_H

#include "bytes.h"
#include "plan.h"

enum { HISTOGRAM_BUCKETS = 64 * 32 };

/* Microseconds in buckets of about 3 %. */
struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total, largest;
};

void histogram_add(struct histogram *self, uint64_t value);
/* The value that `share` (0 to 1) of all do not exceed. */
uint64_t histogram_at(const struct histogram *self, double share);

/* What one client knows; allocated when it first hears of something. */
struct known {
    uint64_t *edits;      /* a bit for each edit of its room */
    uint32_t *clocks;     /* the newest awareness clock of each client of its room */
    bool counts;          /* deliveries to it are expected and timed */
    uint64_t edits_known; /* by others, by any way */
};

struct tally {
    struct plan plan;
    struct known *known;
    uint32_t *position;     /* of a client in its room */
    uint32_t *room_clients; /* of a room */
    uint32_t *room_counted; /* of a room: clients whose deliveries count */
    uint64_t *room_edits;   /* of a room */
    uint64_t *edit_base;    /* of a client: its first bit */
    uint64_t **sent_at;     /* of a client: when each edit left, 0 while it has not */
    uint32_t *cursors_sent; /* of a client */
    struct histogram latency, crossing, lateness; /* crossing: between the even and the odd clients */
    uint64_t edits_expected, edits_delivered, duplicates, echoes, by_sync;
    uint64_t cursors_expected, cursors_delivered, strange;
};

void tally_init(struct tally *self, struct plan plan);
/* From now on deliveries to this client count, or no longer do. */
void tally_count(struct tally *self, uint32_t client, bool counts);
void tally_sent(struct tally *self, const struct plan_event *event, uint64_t now);
/* `client` received units of a CRDT client; `is_sync` when they came as an answer to a SyncStep1. */
void tally_span(struct tally *self, uint32_t client, uint64_t author, uint64_t clock, uint64_t len, bool is_sync,
                uint64_t now);
void tally_cursor(struct tally *self, uint32_t client, uint64_t author, uint64_t clock);
/* How many counted clients do not have the newest cursor of somebody. */
uint64_t tally_stale(const struct tally *self);
/* Edits of the auditor's room that somebody else was shown and the auditor was not; `shown` counts all shown. */
uint64_t tally_audit(const struct tally *self, uint32_t auditor, uint64_t *shown);

#endif
