/* The driver: every client of a scenario in one process. Its parts: connections, messages, play, commands. */
#ifndef DRIVER_H
#define DRIVER_H

#include <netinet/in.h>

#include "bytes.h"
#include "frames.h"
#include "plan.h"
#include "tally.h"

enum link_state { LINK_IDLE, LINK_CONNECTING, LINK_UPGRADING, LINK_OPEN };

/* One client's socket. Everything but `tries` is forgotten when it closes. */
struct link {
    int fd;
    enum link_state state;
    bool synced;    /* has had a SyncStep2 */
    bool stalled;   /* does not read */
    bool dirty;     /* has something to write in this turn */
    bool wants_out; /* waits until the socket can be written */
    uint64_t opened_at, synced_at;
    uint64_t retry_at; /* 0: never */
    uint64_t sync_bytes;
    unsigned tries;
    struct bytes in, out, prefix;
};

/* `document` is NULL for the y-websocket dialect. `{room}` in both stands for the name of a client's room. */
struct options {
    const char *path, *document, *rooms;
    struct sockaddr_in address, odd_address; /* of every second client */
};

struct counters {
    uint64_t frames, acknowledged, refused, denied, dropped, failed, last_status, last_close;
};

/* An order that is being carried out; its answer is due when `kind` is satisfied or at `deadline`. */
struct order {
    enum { ORDER_NONE, ORDER_OPEN, ORDER_PLAY } kind;
    uint32_t first, end, next, stride, window, in_flight;
    uint64_t started, deadline, cpu_started, lingering;
};

struct driver {
    struct plan plan;
    struct tally tally;
    struct options options;
    struct link *links;
    uint32_t *dirty;
    uint32_t dirty_count, open_count, synced_count;
    int epoll;
    bool retries, quits;
    struct counters counters;
    struct order order;
    uint32_t next_event;
    uint64_t play_started, last_sent, stale_checked, retries_checked;
    struct bytes commands;
};

/* links.c */
void link_open(struct driver *d, uint32_t client);
void link_close(struct driver *d, uint32_t client);
/* Close after a failure of the other side; with `retries` it comes back later. */
void link_lost(struct driver *d, uint32_t client);
void link_ready(struct driver *d, uint32_t client, uint32_t events);
void link_stall(struct driver *d, uint32_t client, bool stalled);
/* Queue one message, with the client's prefix before it; it leaves at the end of the turn. */
void link_send(struct driver *d, uint32_t client, const void *head, size_t head_len, const void *body, size_t len);
void link_pong(struct driver *d, uint32_t client, const void *payload, size_t len);
void links_flush(struct driver *d);
void links_retry(struct driver *d, uint64_t now);

/* messages.c */
void message_hello(struct driver *d, uint32_t client);
void message_received(struct driver *d, uint32_t client, struct frame frame, uint64_t now);
void message_send_event(struct driver *d, const struct plan_event *event);

/* play.c */
void play_start(struct driver *d, uint64_t now);
/* Send what is due. */
void play_turn(struct driver *d, uint64_t now);
bool play_is_over(struct driver *d, uint64_t now);
/* Microseconds until the next event; a large number when there is none. */
uint64_t play_wait(const struct driver *d, uint64_t now);
void play_report(const struct driver *d, uint64_t now);

/* orders.c */
void orders_read(struct driver *d);
/* Carry the present order on, and answer it when it is done. */
void orders_turn(struct driver *d, uint64_t now);

#endif
