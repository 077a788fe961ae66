/* Sockets: connect, upgrade, read frames, write what is queued. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "driver.h"

enum { READ_BYTES = 1 << 20, LARGEST_RETRY_MS = 2500 };

static void watch(struct driver *d, uint32_t client, int operation) {
    struct link *link = &d->links[client];
    bool writes = link->wants_out || link->state == LINK_CONNECTING;
    struct epoll_event event = {.events = (link->stalled ? 0 : EPOLLIN) | (writes ? EPOLLOUT : 0), .data.u32 = client};
    if (epoll_ctl(d->epoll, operation, link->fd, &event) < 0)
        fail("epoll_ctl: %s", strerror(errno));
}

/* Put the name of the client's room in place of `{room}`. */
static int with_room(const struct driver *d, uint32_t client, const char *pattern, char *out, size_t size) {
    const char *mark = strstr(pattern, "{room}");
    int before = mark ? (int)(mark - pattern) : (int)strlen(pattern);
    return mark ? snprintf(out, size, "%.*s%s-%u%s", before, pattern, d->options.rooms, d->plan.clients[client].room,
                           mark + strlen("{room}"))
                : snprintf(out, size, "%s", pattern);
}

void link_open(struct driver *d, uint32_t client) {
    struct link *link = &d->links[client];
    int yes = 1;
    *link = (struct link){
        .state = LINK_CONNECTING, .opened_at = now_us(), .tries = link->tries + 1, .dirty = link->dirty};
    link->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (link->fd < 0)
        fail("socket: %s", strerror(errno));
    setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (d->options.document) {
        char name[256];
        int len = with_room(d, client, d->options.document, name, sizeof name);
        bytes_put_uint(&link->prefix, len);
        bytes_put(&link->prefix, name, len);
    }
    watch(d, client, EPOLL_CTL_ADD);
    const struct sockaddr_in *address = client & 1 ? &d->options.odd_address : &d->options.address;
    connect(link->fd, (const struct sockaddr *)address, sizeof *address);
}

void link_close(struct driver *d, uint32_t client) {
    struct link *link = &d->links[client];
    if (link->state == LINK_IDLE)
        return;
    d->open_count -= link->state == LINK_OPEN;
    d->synced_count -= link->synced;
    tally_count(&d->tally, client, false);
    close(link->fd);
    bytes_free(&link->in);
    bytes_free(&link->out);
    bytes_free(&link->prefix);
    *link = (struct link){.tries = link->tries, .dirty = link->dirty};
}

void link_lost(struct driver *d, uint32_t client) {
    struct link *link = &d->links[client];
    if (link->synced)
        d->counters.dropped++;
    else
        d->counters.failed++;
    if (d->order.kind == ORDER_OPEN && !link->synced && d->order.in_flight)
        d->order.in_flight--;
    link_close(d, client);
    if (d->retries) {
        uint64_t most = 200ull << (link->tries < 4 ? link->tries : 4);
        most = most < LARGEST_RETRY_MS ? most : LARGEST_RETRY_MS;
        link->retry_at = now_us() + 1000 * (most / 2 + rand() % (most / 2));
    }
}

void links_retry(struct driver *d, uint64_t now) {
    if (!d->retries || now < d->retries_checked + 5000)
        return;
    d->retries_checked = now;
    for (uint32_t i = 0; i < d->plan.header->clients; i++)
        if (d->links[i].retry_at && d->links[i].retry_at <= now)
            link_open(d, i);
}

void link_stall(struct driver *d, uint32_t client, bool stalled) {
    d->links[client].stalled = stalled;
    watch(d, client, EPOLL_CTL_MOD);
}

static void mark_dirty(struct driver *d, uint32_t client) {
    if (!d->links[client].dirty) {
        d->links[client].dirty = true;
        d->dirty[d->dirty_count++] = client;
    }
}

void link_send(struct driver *d, uint32_t client, const void *head, size_t head_len, const void *body, size_t len) {
    struct link *link = &d->links[client];
    uint8_t before[320];
    if (link->prefix.len + head_len > sizeof before)
        fail("a message head is too long");
    memcpy(before, link->prefix.data, link->prefix.len);
    memcpy(before + link->prefix.len, head, head_len);
    frame_put(&link->out, OP_BINARY, true, before, link->prefix.len + head_len, body, len);
    mark_dirty(d, client);
}

void link_pong(struct driver *d, uint32_t client, const void *payload, size_t len) {
    frame_put(&d->links[client].out, OP_PONG, true, NULL, 0, payload, len);
    mark_dirty(d, client);
}

static void flush(struct driver *d, uint32_t client) {
    struct link *link = &d->links[client];
    if (link->state < LINK_UPGRADING || !link->out.len)
        return;
    ssize_t written = send(link->fd, link->out.data, link->out.len, MSG_NOSIGNAL);
    if (written < 0 && errno != EAGAIN) {
        link_lost(d, client);
        return;
    }
    bytes_drop(&link->out, written > 0 ? written : 0);
    bool waits = link->out.len > 0;
    if (waits != link->wants_out) {
        link->wants_out = waits;
        watch(d, client, EPOLL_CTL_MOD);
    }
    if (!waits && link->out.cap > 65536)
        bytes_free(&link->out);
}

void links_flush(struct driver *d) {
    for (uint32_t i = 0; i < d->dirty_count; i++) {
        d->links[d->dirty[i]].dirty = false;
        flush(d, d->dirty[i]);
    }
    d->dirty_count = 0;
}

static void connected(struct driver *d, uint32_t client) {
    struct link *link = &d->links[client];
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        link_lost(d, client);
        return;
    }
    char path[256], request[640];
    with_room(d, client, d->options.path, path, sizeof path);
    int len = snprintf(request, sizeof request,
                       "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       "Sec-WebSocket-Key: c2FuZ2FtLWxvYWQtdGVzdA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                       path, ntohs(d->options.address.sin_port));
    bytes_put(&link->out, request, len);
    link->state = LINK_UPGRADING;
    watch(d, client, EPOLL_CTL_MOD);
    mark_dirty(d, client);
}

/* Consume the answer to the upgrade; false while it is incomplete or when it is a refusal. */
static bool upgraded(struct driver *d, uint32_t client) {
    struct link *link = &d->links[client];
    uint8_t *end = memmem(link->in.data, link->in.len, "\r\n\r\n", 4);
    if (!end)
        return false;
    int status = 0;
    bytes_put(&link->in, "", 1); /* for sscanf; taken away again below */
    sscanf((char *)link->in.data, "HTTP/1.1 %d", &status);
    link->in.len--;
    if (status != 101) {
        d->counters.last_status = status;
        link_lost(d, client);
        return false;
    }
    end = memmem(link->in.data, link->in.len, "\r\n\r\n", 4);
    bytes_drop(&link->in, end + 4 - link->in.data);
    link->state = LINK_OPEN;
    d->open_count++;
    message_hello(d, client);
    return true;
}

/* Handle each complete frame of `in`; how many bytes that were. */
static size_t take_frames(struct driver *d, uint32_t client, uint8_t *data, size_t len, uint64_t now) {
    size_t used = 0;
    struct frame frame;
    while (d->links[client].state == LINK_OPEN && frame_parse(data + used, len - used, &frame)) {
        used += frame.size;
        d->counters.frames++;
        message_received(d, client, frame, now);
    }
    return used;
}

static void readable(struct driver *d, uint32_t client) {
    static uint8_t shared[READ_BYTES];
    struct link *link = &d->links[client];
    ssize_t got = recv(link->fd, shared, sizeof shared, 0);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN)
            link_lost(d, client);
        return;
    }
    uint64_t now = now_us();
    if (link->state == LINK_OPEN && !link->in.len) {
        size_t used = take_frames(d, client, shared, got, now);
        if (link->state == LINK_OPEN)
            bytes_put(&link->in, shared + used, got - used);
        return;
    }
    bytes_put(&link->in, shared, got);
    if (link->state == LINK_UPGRADING && !upgraded(d, client))
        return;
    size_t used = take_frames(d, client, link->in.data, link->in.len, now);
    if (link->state == LINK_IDLE)
        return;
    bytes_drop(&link->in, used);
    if (!link->in.len)
        bytes_free(&link->in);
}

void link_ready(struct driver *d, uint32_t client, uint32_t events) {
    struct link *link = &d->links[client];
    if (link->state == LINK_CONNECTING)
        connected(d, client);
    else if (link->state != LINK_IDLE && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        readable(d, client);
    if (link->state != LINK_IDLE && events & EPOLLOUT)
        mark_dirty(d, client);
}
