/* Orders come as lines on the standard input, and each is answered by one line of JSON. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "driver.h"

static uint64_t own_cpu_us(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000ull + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

static int by_size(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

/* When the clients of the order were in, counted from its start. */
static void report_open(struct driver *d) {
    struct order *order = &d->order;
    uint32_t count = (order->end - order->first + order->stride - 1) / order->stride, synced = 0;
    uint64_t *times = take_memory(count, sizeof *times), fewest = UINT64_MAX;
    for (uint32_t i = order->first; i < order->end; i += order->stride) {
        const struct link *link = &d->links[i];
        if (!link->synced)
            continue;
        times[synced++] = link->synced_at - order->started;
        fewest = link->sync_bytes < fewest ? link->sync_bytes : fewest;
    }
    qsort(times, synced, sizeof *times, by_size);
    printf("{\"synced\":%u,\"asked\":%u,\"failed\":%lu,\"denied\":%lu,\"last_status\":%lu,\"least_bytes\":%lu,"
           "\"first_us\":%lu,\"median_us\":%lu,\"last_us\":%lu,\"driver_cpu_us\":%lu}\n",
           synced, count, d->counters.failed, d->counters.denied, d->counters.last_status, synced ? fewest : 0,
           synced ? times[0] : 0, synced ? times[synced / 2] : 0, synced ? times[synced - 1] : 0,
           own_cpu_us() - order->cpu_started);
    free(times);
}

static void open_turn(struct driver *d, uint64_t now) {
    struct order *order = &d->order;
    for (; order->next < order->end && order->in_flight < order->window;
         order->next += order->stride)
        if (d->links[order->next].state == LINK_IDLE) {
            order->in_flight++;
            link_open(d, order->next);
        }
    bool is_done = order->next >= order->end && !order->in_flight;
    if (is_done || now >= order->deadline) {
        order->kind = ORDER_NONE;
        report_open(d);
    }
}

void orders_turn(struct driver *d, uint64_t now) {
    if (d->order.kind == ORDER_OPEN) {
        open_turn(d, now);
    } else if (d->order.kind == ORDER_PLAY && (now >= d->order.deadline || play_is_over(d, now))) {
        play_report(d, now);
        printf("\"driver_cpu_us\":%lu}\n", own_cpu_us() - d->order.cpu_started);
        d->order.kind = ORDER_NONE;
    }
}

static void report_status(const struct driver *d) {
    uint64_t newest = 0;
    for (uint32_t i = 0; i < d->plan.header->clients; i++)
        if (d->links[i].synced && d->links[i].synced_at > newest)
            newest = d->links[i].synced_at;
    printf("{\"open\":%u,\"synced\":%u,\"newest_sync_us\":%lu,\"now_us\":%lu,\"dropped\":%lu,\"failed\":%lu,"
           "\"last_close\":%lu}\n",
           d->open_count, d->synced_count, newest, now_us(), d->counters.dropped, d->counters.failed,
           d->counters.last_close);
}

static void report_audit(const struct driver *d, uint32_t first, uint32_t count) {
    uint64_t shown = 0, lost = 0;
    for (uint32_t i = first; i < first + count; i++)
        lost += tally_audit(&d->tally, i, &shown);
    printf("{\"shown\":%lu,\"lost\":%lu}\n", shown, lost);
}

static void begin(struct driver *d, int kind, uint32_t first, uint32_t count, uint64_t timeout_ms) {
    uint64_t now = now_us();
    d->order = (struct order){
        .kind = kind,
        .first = first,
        .next = first,
        .end = first + count,
        .stride = 1,
        .started = now,
        .deadline = now + timeout_ms * 1000,
        .cpu_started = own_cpu_us(),
    };
}

/* The orders that act on some clients at once. */
static bool obey_at_once(struct driver *d, const char *word, uint32_t first, uint32_t count) {
    for (uint32_t i = first; i < first + count; i++) {
        if (!strcmp(word, "close")) {
            link_close(d, i);
            d->links[i].retry_at = 0;
        } else if (!strcmp(word, "stall") || !strcmp(word, "resume")) {
            tally_count(&d->tally, i, false);
            if (d->links[i].state == LINK_OPEN)
                link_stall(d, i, !strcmp(word, "stall"));
        } else if (!strcmp(word, "known")) {
            printf("{\"edits\":%lu,\"open\":%d}\n", d->tally.known[i].edits_known, d->links[i].state == LINK_OPEN);
            return true;
        } else {
            return false;
        }
    }
    printf("{}\n");
    return true;
}

/*  open FIRST COUNT TIMEOUT_MS WINDOW STRIDE   connect every STRIDE-th; WINDOW are on their way at the same time
 *  play TIMEOUT_MS LINGER_MS                   send all events; wait until all that is expected has arrived
 *  close|stall|resume|known FIRST COUNT
 *  audit FIRST COUNT                           what these lack of what others were shown
 *  rooms NAME, retry 0|1, status, quit
 */
static void obey(struct driver *d, const char *line) {
    char word[16] = "", name[64] = "";
    unsigned long a = 0, b = 0, c = 0, window = 0, stride = 0;
    sscanf(line, "%15s %lu %lu %lu %lu %lu", word, &a, &b, &c, &window, &stride);
    uint32_t clients = d->plan.header->clients;
    if (!strcmp(word, "open") && a + b <= clients) {
        begin(d, ORDER_OPEN, a, b, c);
        d->order.window = window ? window : 1;
        d->order.stride = stride ? stride : 1;
    } else if (!strcmp(word, "play")) {
        begin(d, ORDER_PLAY, 0, 0, a);
        d->order.lingering = b * 1000;
        play_start(d, d->order.started);
    } else if (!strcmp(word, "audit") && a + b <= clients) {
        report_audit(d, a, b);
    } else if (!strcmp(word, "rooms") && sscanf(line, "%*s %63s", name) == 1) {
        d->options.rooms = strdup(name);
        printf("{}\n");
    } else if (!strcmp(word, "retry")) {
        d->retries = a;
        printf("{}\n");
    } else if (!strcmp(word, "status")) {
        report_status(d);
    } else if (!strcmp(word, "quit")) {
        d->quits = true;
    } else if (a + b > clients || !obey_at_once(d, word, a, b)) {
        printf("{\"error\":\"not understood\"}\n");
    }
}

void orders_read(struct driver *d) {
    char data[4096];
    ssize_t got = read(STDIN_FILENO, data, sizeof data);
    if (got <= 0) {
        d->quits = got == 0 || errno != EAGAIN;
        return;
    }
    bytes_put(&d->commands, data, got);
    uint8_t *end;
    while ((end = memchr(d->commands.data, '\n', d->commands.len))) {
        *end = 0;
        obey(d, (char *)d->commands.data);
        bytes_drop(&d->commands, end + 1 - d->commands.data);
    }
}
