#include "tally.h"

#include <string.h>

/* Values below 32 are exact; above, five bits after the leading one choose the bucket. */
static unsigned bucket_of(uint64_t value) {
    if (value < 32)
        return value;
    unsigned width = 63 - __builtin_clzll(value);
    return (width - 4) * 32 + ((value >> (width - 5)) & 31);
}

static uint64_t bucket_top(unsigned bucket) {
    if (bucket < 32)
        return bucket;
    unsigned width = bucket / 32 + 4;
    return ((uint64_t)(32 | (bucket & 31)) + 1) << (width - 5);
}

void histogram_add(struct histogram *self, uint64_t value) {
    self->counts[bucket_of(value)]++;
    self->total++;
    if (value > self->largest)
        self->largest = value;
}

uint64_t histogram_at(const struct histogram *self, double share) {
    uint64_t wanted = (uint64_t)(self->total * share), passed = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        passed += self->counts[i];
        if (passed > wanted)
            return bucket_top(i) < self->largest ? bucket_top(i) : self->largest;
    }
    return self->largest;
}

void tally_init(struct tally *self, struct plan plan) {
    uint32_t clients = plan.header->clients, rooms = plan.header->rooms;
    *self = (struct tally){.plan = plan};
    self->known = take_memory(clients, sizeof *self->known);
    self->position = take_memory(clients, sizeof *self->position);
    self->edit_base = take_memory(clients, sizeof *self->edit_base);
    self->sent_at = take_memory(clients, sizeof *self->sent_at);
    self->cursors_sent = take_memory(clients, sizeof *self->cursors_sent);
    self->room_clients = take_memory(rooms, sizeof *self->room_clients);
    self->room_counted = take_memory(rooms, sizeof *self->room_counted);
    self->room_edits = take_memory(rooms, sizeof *self->room_edits);
    for (uint32_t i = 0; i < clients; i++) {
        const struct plan_client *client = &plan.clients[i];
        self->position[i] = self->room_clients[client->room]++;
        self->edit_base[i] = self->room_edits[client->room];
        self->room_edits[client->room] += client->edits;
        self->sent_at[i] = take_memory(client->edits, sizeof **self->sent_at);
    }
}

void tally_count(struct tally *self, uint32_t client, bool counts) {
    struct known *known = &self->known[client];
    if (known->counts == counts)
        return;
    known->counts = counts;
    self->room_counted[self->plan.clients[client].room] += counts ? 1 : -1;
}

void tally_sent(struct tally *self, const struct plan_event *event, uint64_t now) {
    const struct plan_client *client = &self->plan.clients[event->client];
    uint64_t others = self->room_counted[client->room] - self->known[event->client].counts;
    if (event->kind == EVENT_EDIT) {
        self->sent_at[event->client][event->index] = now;
        self->edits_expected += others;
    } else if (event->kind == EVENT_CURSOR) {
        self->cursors_sent[event->client]++;
        self->cursors_expected += others;
    }
}

/* The index of an author in the plan; false for one that is no client of this room. */
static bool find_author(struct tally *self, uint32_t client, uint64_t id, uint32_t *author) {
    uint64_t index = id - self->plan.header->client_base;
    if (index >= self->plan.header->clients || self->plan.clients[index].room != self->plan.clients[client].room)
        return false;
    *author = index;
    return true;
}

static void learn_edit(struct tally *self, uint32_t client, uint32_t author, uint64_t edit, bool is_sync,
                       uint64_t now) {
    struct known *known = &self->known[client];
    uint64_t bit = self->edit_base[author] + edit, flag = 1ull << (bit & 63);
    if (known->edits[bit >> 6] & flag) {
        self->duplicates += !is_sync;
        return;
    }
    known->edits[bit >> 6] |= flag;
    known->edits_known++;
    uint64_t sent = self->sent_at[author][edit];
    if (!known->counts || !sent)
        return;
    self->edits_delivered++;
    if (is_sync)
        self->by_sync++;
    else {
        histogram_add(&self->latency, now - sent);
        if ((client ^ author) & 1)
            histogram_add(&self->crossing, now - sent);
    }
}

void tally_span(struct tally *self, uint32_t client, uint64_t id, uint64_t clock, uint64_t len, bool is_sync,
                uint64_t now) {
    uint32_t author;
    if (!find_author(self, client, id, &author)) {
        self->strange++;
        return;
    }
    if (author == client) {
        self->echoes++;
        return;
    }
    const struct plan_client *plan = &self->plan.clients[author];
    uint64_t units = self->plan.header->edit_units;
    if (!self->known[client].edits)
        self->known[client].edits = take_memory(self->room_edits[plan->room] / 64 + 1, 8);
    /* An edit is delivered by the piece that holds its last unit. */
    for (uint64_t edit = clock / units; edit * units + units <= clock + len && edit < plan->edits; edit++)
        learn_edit(self, client, author, edit, is_sync, now);
}

void tally_cursor(struct tally *self, uint32_t client, uint64_t id, uint64_t clock) {
    uint32_t author;
    if (!find_author(self, client, id, &author) || author == client)
        return;
    struct known *known = &self->known[client];
    if (!known->clocks)
        known->clocks = take_memory(self->room_clients[self->plan.clients[client].room], sizeof *known->clocks);
    uint32_t *newest = &known->clocks[self->position[author]];
    if (clock <= *newest)
        return;
    *newest = clock;
    if (known->counts && clock >= 2)
        self->cursors_delivered++;
}

uint64_t tally_stale(const struct tally *self) {
    uint64_t stale = 0;
    uint32_t clients = self->plan.header->clients;
    /* Clients of one room stand together in a plan. */
    for (uint32_t author = 0; author < clients; author++) {
        uint32_t first = author - self->position[author], room = self->plan.clients[author].room;
        if (!self->cursors_sent[author])
            continue;
        for (uint32_t other = first; other < first + self->room_clients[room]; other++) {
            const struct known *known = &self->known[other];
            uint32_t newest = known->clocks ? known->clocks[self->position[author]] : 0;
            stale += other != author && known->counts && newest < self->cursors_sent[author] + 1;
        }
    }
    return stale;
}

uint64_t tally_audit(const struct tally *self, uint32_t auditor, uint64_t *shown) {
    uint32_t room = self->plan.clients[auditor].room, first = auditor - self->position[auditor];
    uint64_t words = self->room_edits[room] / 64 + 1, lost = 0;
    const uint64_t *kept = self->known[auditor].edits;
    for (uint64_t word = 0; word < words; word++) {
        uint64_t seen = 0;
        for (uint32_t other = first; other < first + self->room_clients[room]; other++)
            if (other != auditor && self->known[other].edits)
                seen |= self->known[other].edits[word];
        *shown += __builtin_popcountll(seen);
        lost += __builtin_popcountll(seen & ~(kept ? kept[word] : 0));
    }
    return lost;
}
