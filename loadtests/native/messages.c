/* Both dialects: what a client says at first, answers and hears. */
#include "driver.h"
#include "walked.h"

enum message { MESSAGE_SYNC, MESSAGE_AWARENESS, MESSAGE_AUTH, MESSAGE_QUERY, MESSAGE_REPLY, MESSAGE_STATELESS };
enum { MESSAGE_CLOSE = 7, MESSAGE_STATUS = 8, MESSAGE_PING = 9, SYNC_STEP1 = 0, SYNC_STEP2 = 1, AUTH_DENIED = 1 };

static const uint8_t AUTH[] = {2, 0, 0, 5, '4', '.', '8', '.', '0'};
static const uint8_t STEP1[] = {0, 0, 1, 0}, EMPTY_STEP2[] = {0, 1, 2, 0, 0};

/* A message type (or two) and the length of the body that follows. */
static void send_with_length(struct driver *d, uint32_t client, const uint8_t *types, size_t count,
                             const uint8_t *body, size_t len) {
    uint8_t room[16];
    struct bytes head = {.data = room, .cap = sizeof room};
    bytes_put(&head, types, count);
    bytes_put_uint(&head, len);
    link_send(d, client, head.data, head.len, body, len);
}

void message_hello(struct driver *d, uint32_t client) {
    const struct plan_client *plan = &d->plan.clients[client];
    if (d->options.document)
        link_send(d, client, AUTH, sizeof AUTH, NULL, 0);
    link_send(d, client, STEP1, sizeof STEP1, NULL, 0);
    if (plan->hello_len)
        send_with_length(d, client, (uint8_t[]){MESSAGE_AWARENESS}, 1, d->plan.blob + plan->hello_at, plan->hello_len);
}

void message_send_event(struct driver *d, const struct plan_event *event) {
    const uint8_t *body = d->plan.blob + event->body_at;
    if (event->kind == EVENT_CURSOR)
        send_with_length(d, event->client, (uint8_t[]){MESSAGE_AWARENESS}, 1, body, event->body_len);
    else
        send_with_length(d, event->client, (uint8_t[]){MESSAGE_SYNC, 2}, 2, body, event->body_len);
}

static void set_synced(struct driver *d, uint32_t client, uint64_t bytes, uint64_t now) {
    struct link *link = &d->links[client];
    link->sync_bytes += bytes;
    if (link->synced)
        return;
    link->synced = true;
    link->synced_at = now;
    link->tries = 0;
    d->synced_count++;
    if (d->order.kind == ORDER_OPEN && d->order.in_flight)
        d->order.in_flight--;
    tally_count(&d->tally, client, true);
}

static void take_sync(struct driver *d, uint32_t client, struct reader *in, uint64_t now) {
    uint64_t kind = read_uint(in);
    struct reader body = read_bytes(in);
    if (kind == SYNC_STEP1) {
        link_send(d, client, EMPTY_STEP2, sizeof EMPTY_STEP2, NULL, 0);
        return;
    }
    struct walked walked = update_spans(body);
    for (size_t i = 0; i < walked.count; i++) {
        const struct span *span = &walked.spans[i];
        tally_span(&d->tally, client, span->client, span->clock, span->len, kind == SYNC_STEP2, now);
    }
    d->tally.strange += !walked.is_known;
    if (kind == SYNC_STEP2)
        set_synced(d, client, body.end - body.pos, now);
}

static void take_awareness(struct driver *d, uint32_t client, struct reader in) {
    uint64_t states = read_uint(&in);
    while (states-- && read_more(&in)) {
        uint64_t author = read_uint(&in), clock = read_uint(&in);
        read_bytes(&in);
        tally_cursor(&d->tally, client, author, clock);
    }
}

/* One message; what is left of the frame is in `in`. */
static void take_message(struct driver *d, uint32_t client, struct reader *in, uint64_t now) {
    uint64_t type = read_uint(in);
    if (type == MESSAGE_SYNC || (type == MESSAGE_REPLY && d->options.document)) {
        take_sync(d, client, in, now);
    } else if (type == MESSAGE_AWARENESS) {
        take_awareness(d, client, read_bytes(in));
    } else if (type == MESSAGE_AUTH) {
        if (read_uint(in) == AUTH_DENIED)
            d->counters.denied++;
        read_bytes(in);
    } else if (type == MESSAGE_STATUS && d->options.document) {
        if (read_uint(in))
            d->counters.acknowledged++;
        else
            d->counters.refused++;
    } else if (d->options.document && (type == MESSAGE_STATELESS || type == MESSAGE_CLOSE)) {
        read_bytes(in);
    } else if (type != MESSAGE_QUERY) {
        in->bad = true;
    }
}

static void take_data(struct driver *d, uint32_t client, struct frame frame, uint64_t now) {
    struct reader in = {frame.payload, frame.payload + frame.len, false};
    if (d->options.document) {
        if (frame.len == 1 && frame.payload[0] == MESSAGE_PING)
            return;
        read_bytes(&in);
    }
    while (read_more(&in))
        take_message(d, client, &in, now);
    d->tally.strange += in.bad;
}

void message_received(struct driver *d, uint32_t client, struct frame frame, uint64_t now) {
    switch (frame.opcode) {
    case OP_BINARY:
        if (frame.is_last)
            take_data(d, client, frame, now);
        else
            d->tally.strange++;
        break;
    case OP_PING:
        link_pong(d, client, frame.payload, frame.len);
        break;
    case OP_CLOSE:
        d->counters.last_close = frame.len >= 2 ? frame.payload[0] << 8 | frame.payload[1] : 1005;
        link_lost(d, client);
        break;
    default:
        d->tally.strange++;
    }
}
