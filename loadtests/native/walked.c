#include "walked.h"

#include <stdlib.h>
#include <string.h>

#include "update.h"

/* Longer ones are walked each time: the bytes of a document's text are no news to many at once. */
enum { SLOTS = 4096, LONGEST = 65536 };

struct slot {
    uint8_t *update;
    size_t len;
    struct span *spans;
    size_t count, cap;
    bool is_known;
};

static void add_span(void *context, uint64_t client, uint64_t clock, uint64_t len) {
    struct slot *slot = context;
    if (slot->count == slot->cap) {
        slot->cap = slot->cap ? slot->cap * 2 : 4;
        slot->spans = realloc(slot->spans, slot->cap * sizeof *slot->spans);
        if (!slot->spans)
            fail("out of memory");
    }
    slot->spans[slot->count++] = (struct span){client, clock, len};
}

static void walk(struct slot *slot, struct reader update) {
    slot->count = 0;
    slot->is_known = update_walk(update, add_span, slot);
}

static uint64_t word_at(const uint8_t *bytes) {
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* Its head has the author and the clock, its end the text: that tells updates apart well enough. */
static size_t slot_of(const uint8_t *update, size_t len) {
    uint64_t mixed = len;
    if (len >= 8) {
        mixed = (mixed ^ word_at(update)) * 0x9e3779b97f4a7c15u;
        mixed = (mixed ^ word_at(update + len / 2 - 4)) * 0x9e3779b97f4a7c15u;
        mixed = (mixed ^ word_at(update + len - 8)) * 0x9e3779b97f4a7c15u;
    }
    return mixed >> 52;
}

struct walked update_spans(struct reader update) {
    static struct slot slots[SLOTS], alone;
    size_t len = update.end - update.pos;
    struct slot *slot = len <= LONGEST ? &slots[slot_of(update.pos, len)] : &alone;
    if (slot == &alone || !slot->update || slot->len != len || memcmp(slot->update, update.pos, len)) {
        if (slot != &alone) {
            slot->update = realloc(slot->update, len + 1);
            if (!slot->update)
                fail("out of memory");
            memcpy(slot->update, update.pos, len);
            slot->len = len;
        }
        walk(slot, update);
    }
    return (struct walked){slot->spans, slot->count, slot->is_known};
}
