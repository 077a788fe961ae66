/* The play book of one scenario, written by `loadtests/peers/plans.py`: who sends which bytes when. */
#ifndef PLAN_H
#define PLAN_H

#include <stdint.h>

enum event_kind { EVENT_EDIT = 0, EVENT_CURSOR = 1, EVENT_PRELOAD = 2 };

/* All numbers little-endian; offsets count from the start of the blob, which follows the events. */
struct plan_header {
    char magic[8];
    uint32_t rooms, clients, edit_units, events;
    uint64_t client_base; /* CRDT and awareness id of client 0; the others follow */
    uint64_t blob_len;
};

struct plan_client {
    uint32_t room;
    uint32_t edits; /* how many edits it makes in all; edit n fills clocks n * edit_units and up */
    uint64_t hello_at;
    uint32_t hello_len; /* its awareness update with clock 1 */
    uint32_t unused;
};

struct plan_event {
    uint64_t at_us;
    uint64_t body_at;
    uint32_t body_len; /* a CRDT or awareness update */
    uint32_t client;
    uint32_t kind;
    uint32_t index; /* which of its edits, or cursors (of awareness clock index + 2) */
};

struct plan {
    const struct plan_header *header;
    const struct plan_client *clients;
    const struct plan_event *events;
    const uint8_t *blob;
};

/* Map the file; ends the program if it is no plan. */
struct plan plan_open(const char *path);

#endif
