/* relay PORT [--drop-every N] [--twice-every N] [--delay-ms N]
 *
 * Forwards each frame to everybody else in the room (the path of the address) and knows no documents: what no server
 * can beat. Everything that one turn of the event loop brings for a recipient leaves in one write. A SyncStep1 is
 * answered with an empty SyncStep2. The flags are faults, for the tests of the benchmark: every N-th edit is forwarded
 * to nobody, or twice, or everything arrives N ms late.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frames.h"
#include "handshake.h"

enum { ROOM_SLOTS = 1 << 16, TURN_SOCKETS = 256, READ_BYTES = 1 << 20 };

struct room {
    char name[ROOM_NAME_BYTES];
    struct peer **peers;
    size_t count, cap;
    struct room *next;
};

struct peer {
    int fd;
    struct room *room; /* NULL until the upgrade */
    struct bytes in, out;
    bool dirty, wants_out, gone;
    struct peer *next_gone;
};

/* A frame that waits for its time (--delay-ms). The sender is only compared, never followed. */
struct late {
    uint64_t due;
    struct room *room;
    struct peer *sender;
    struct bytes frame;
    struct late *next;
};

static struct {
    int epoll, listener;
    struct room *rooms[ROOM_SLOTS];
    struct peer **dirty;
    size_t dirty_count, dirty_cap;
    struct peer *gone;
    struct late *late, **late_end;
    unsigned long drop_every, twice_every, delay_ms, edits;
} relay;

static void watch(struct peer *peer, int operation) {
    struct epoll_event event = {.events = EPOLLIN | (peer->wants_out ? EPOLLOUT : 0), .data.ptr = peer};
    epoll_ctl(relay.epoll, operation, peer->fd, &event);
}

static void mark_dirty(struct peer *peer) {
    if (peer->dirty)
        return;
    peer->dirty = true;
    if (relay.dirty_count == relay.dirty_cap) {
        relay.dirty_cap = relay.dirty_cap ? relay.dirty_cap * 2 : 1024;
        relay.dirty = realloc(relay.dirty, relay.dirty_cap * sizeof *relay.dirty);
        if (!relay.dirty)
            fail("out of memory");
    }
    relay.dirty[relay.dirty_count++] = peer;
}

static struct room *find_room(const char *name) {
    uint32_t hash = 2166136261u;
    for (const char *at = name; *at; at++)
        hash = (hash ^ (uint8_t)*at) * 16777619u;
    struct room **slot = &relay.rooms[hash % ROOM_SLOTS];
    for (struct room *room = *slot; room; room = room->next)
        if (!strcmp(room->name, name))
            return room;
    struct room *room = take_memory(1, sizeof *room);
    strcpy(room->name, name);
    room->next = *slot;
    return *slot = room;
}

static void enter(struct peer *peer, const char *name) {
    struct room *room = peer->room = find_room(name);
    if (room->count == room->cap) {
        room->cap = room->cap ? room->cap * 2 : 2;
        room->peers = realloc(room->peers, room->cap * sizeof *room->peers);
        if (!room->peers)
            fail("out of memory");
    }
    room->peers[room->count++] = peer;
}

/* The memory goes at the end of the turn: the list of dirty peers may still name it. */
static void leave(struct peer *peer) {
    if (peer->gone)
        return;
    peer->gone = true;
    close(peer->fd);
    for (size_t i = 0; peer->room && i < peer->room->count; i++)
        if (peer->room->peers[i] == peer)
            peer->room->peers[i] = peer->room->peers[--peer->room->count];
    peer->next_gone = relay.gone;
    relay.gone = peer;
}

static void bury(void) {
    while (relay.gone) {
        struct peer *peer = relay.gone;
        relay.gone = peer->next_gone;
        bytes_free(&peer->in);
        bytes_free(&peer->out);
        free(peer);
    }
}

static void to_others(struct room *room, const struct peer *sender, const struct bytes *frame) {
    for (size_t i = 0; i < room->count; i++)
        if (room->peers[i] != sender) {
            bytes_put(&room->peers[i]->out, frame->data, frame->len);
            mark_dirty(room->peers[i]);
        }
}

static void put_late(struct peer *peer, const struct bytes *frame) {
    struct late *late = take_memory(1, sizeof *late);
    *late = (struct late){.due = now_us() + relay.delay_ms * 1000, .room = peer->room, .sender = peer};
    bytes_put(&late->frame, frame->data, frame->len);
    *relay.late_end = late;
    relay.late_end = &late->next;
}

static void send_late(void) {
    uint64_t now = now_us();
    while (relay.late && relay.late->due <= now) {
        struct late *late = relay.late;
        relay.late = late->next;
        if (!relay.late)
            relay.late_end = &relay.late;
        to_others(late->room, late->sender, &late->frame);
        bytes_free(&late->frame);
        free(late);
    }
}

/* How often this frame is forwarded: once, but for the faults that were asked for. */
static int copies(const struct frame *frame) {
    bool is_edit = frame->len > 2 && frame->payload[0] == 0 && frame->payload[1] == 2;
    if (!is_edit)
        return 1;
    relay.edits++;
    if (relay.drop_every && relay.edits % relay.drop_every == 0)
        return 0;
    return relay.twice_every && relay.edits % relay.twice_every == 0 ? 2 : 1;
}

static void take_data(struct peer *peer, const struct frame *frame) {
    static struct bytes whole;
    static const uint8_t empty_step2[] = {0, 1, 2, 0, 0};
    if (frame->len >= 2 && frame->payload[0] == 0 && frame->payload[1] == 0) {
        frame_put(&peer->out, OP_BINARY, false, empty_step2, sizeof empty_step2, NULL, 0);
        mark_dirty(peer);
        return;
    }
    whole.len = 0;
    frame_put(&whole, OP_BINARY, false, frame->payload, frame->len, NULL, 0);
    for (int i = copies(frame); i > 0; i--) {
        if (relay.delay_ms)
            put_late(peer, &whole);
        else
            to_others(peer->room, peer, &whole);
    }
}

/* The bytes that were used, or -1 when the peer says goodbye. */
static ssize_t take_frames(struct peer *peer, uint8_t *data, size_t len) {
    size_t used = 0;
    struct frame frame;
    while (frame_parse(data + used, len - used, &frame)) {
        used += frame.size;
        if (frame.opcode == OP_BINARY)
            take_data(peer, &frame);
        else if (frame.opcode == OP_CLOSE)
            return -1;
    }
    return used;
}

/* False when the connection is over. */
static bool take_bytes(struct peer *peer, uint8_t *data, size_t len) {
    if (peer->room && !peer->in.len) {
        ssize_t used = take_frames(peer, data, len);
        if (used >= 0)
            bytes_put(&peer->in, data + used, len - used);
        return used >= 0;
    }
    bytes_put(&peer->in, data, len);
    if (!peer->room) {
        char room[ROOM_NAME_BYTES];
        int result = handshake(&peer->in, &peer->out, room);
        if (result <= 0)
            return result == 0;
        enter(peer, room);
        mark_dirty(peer);
    }
    ssize_t used = take_frames(peer, peer->in.data, peer->in.len);
    if (used < 0)
        return false;
    bytes_drop(&peer->in, used);
    if (!peer->in.len)
        bytes_free(&peer->in);
    return true;
}

static void flush(struct peer *peer) {
    peer->dirty = false;
    if (peer->gone || !peer->out.len)
        return;
    ssize_t written = send(peer->fd, peer->out.data, peer->out.len, MSG_NOSIGNAL);
    if (written < 0 && errno != EAGAIN) {
        leave(peer);
        return;
    }
    bytes_drop(&peer->out, written > 0 ? written : 0);
    if (peer->wants_out != (peer->out.len > 0)) {
        peer->wants_out = peer->out.len > 0;
        watch(peer, EPOLL_CTL_MOD);
    }
    if (!peer->out.len && peer->out.cap > 4096)
        bytes_free(&peer->out);
}

static void greet(void) {
    int fd, yes = 1;
    while ((fd = accept4(relay.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        struct peer *peer = take_memory(1, sizeof *peer);
        peer->fd = fd;
        watch(peer, EPOLL_CTL_ADD);
    }
}

static void peer_ready(struct peer *peer, uint32_t events) {
    static uint8_t shared[READ_BYTES];
    if (peer->gone)
        return;
    if (events & EPOLLOUT)
        mark_dirty(peer);
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        return;
    ssize_t got = recv(peer->fd, shared, sizeof shared, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN) || (got > 0 && !take_bytes(peer, shared, got)))
        leave(peer);
}

static void turn(void) {
    struct epoll_event ready[TURN_SOCKETS];
    int count = epoll_wait(relay.epoll, ready, TURN_SOCKETS, relay.delay_ms ? 1 : -1);
    for (int i = 0; i < count; i++) {
        if (ready[i].data.ptr)
            peer_ready(ready[i].data.ptr, ready[i].events);
        else
            greet();
    }
    send_late();
    for (size_t i = 0; i < relay.dirty_count; i++)
        flush(relay.dirty[i]);
    relay.dirty_count = 0;
    bury();
}

static void listen_on(int port) {
    int yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    relay.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(relay.listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(relay.listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(relay.listener, 4096) < 0)
        fail("cannot listen on port %d: %s", port, strerror(errno));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(relay.epoll, EPOLL_CTL_ADD, relay.listener, &event);
}

int main(int count, char **words) {
    struct rlimit files;
    if (count < 2)
        fail("usage: relay PORT [--drop-every N] [--twice-every N] [--delay-ms N]");
    for (int i = 2; i + 1 < count; i += 2) {
        unsigned long value = strtoul(words[i + 1], NULL, 10);
        *(!strcmp(words[i], "--drop-every") ? &relay.drop_every
          : !strcmp(words[i], "--twice-every") ? &relay.twice_every
                                               : &relay.delay_ms) = value;
    }
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    relay.late_end = &relay.late;
    relay.epoll = epoll_create1(EPOLL_CLOEXEC);
    listen_on(atoi(words[1]));
    for (;;)
        turn();
}
