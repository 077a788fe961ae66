/* driver PLAN PORT PATH ROOMS [DOCUMENT]: plays the clients of a plan against the server on PORT of 127.0.0.1.
 *
 * PATH and DOCUMENT hold `{room}`; with a DOCUMENT the clients speak the Hocuspocus dialect. Orders: see orders.c.
 */
#define _GNU_SOURCE
#include "driver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { TURN_SOCKETS = 256, LONGEST_WAIT_US = 5000 };
static const uint32_t STANDARD_INPUT = UINT32_MAX;

static void allow_many_files(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void driver_init(struct driver *d, char **words, int count) {
    *d = (struct driver){.plan = plan_open(words[1]), .epoll = epoll_create1(EPOLL_CLOEXEC)};
    d->options = (struct options){.path = words[3], .rooms = words[4], .document = count > 5 ? words[5] : NULL};
    d->options.address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(words[2]))};
    d->options.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    d->options.odd_address = d->options.address;
    const char *other = strchr(words[2], ',');
    if (other)
        d->options.odd_address.sin_port = htons(atoi(other + 1));
    tally_init(&d->tally, d->plan);
    d->links = take_memory(d->plan.header->clients, sizeof *d->links);
    d->dirty = take_memory(d->plan.header->clients, sizeof *d->dirty);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = STANDARD_INPUT};
    if (epoll_ctl(d->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) < 0)
        fail("the standard input must be a pipe: %s", strerror(errno));
}

/* Wait for sockets and orders, at most until the next event is due, and handle them. */
static void wait_and_handle(struct driver *d) {
    struct epoll_event ready[TURN_SOCKETS];
    uint64_t wait = play_wait(d, now_us());
    wait = wait < LONGEST_WAIT_US ? wait : LONGEST_WAIT_US;
    struct timespec timeout = {.tv_nsec = wait * 1000};
    int count = epoll_pwait2(d->epoll, ready, TURN_SOCKETS, &timeout, NULL);
    if (count < 0 && errno != EINTR)
        fail("epoll_pwait2: %s", strerror(errno));
    for (int i = 0; i < count; i++) {
        if (ready[i].data.u32 == STANDARD_INPUT)
            orders_read(d);
        else
            link_ready(d, ready[i].data.u32, ready[i].events);
    }
}

int main(int count, char **words) {
    static struct driver driver;
    if (count < 5)
        fail("usage: driver PLAN PORT[,PORT OF EVERY SECOND CLIENT] PATH ROOMS [DOCUMENT]");
    setvbuf(stdout, NULL, _IOLBF, 0);
    prctl(PR_SET_TIMERSLACK, 1000ul); /* nanoseconds; edits leave when they are due */
    allow_many_files();
    driver_init(&driver, words, count);
    while (!driver.quits) {
        uint64_t now = now_us();
        play_turn(&driver, now);
        orders_turn(&driver, now);
        links_retry(&driver, now);
        links_flush(&driver);
        wait_and_handle(&driver);
    }
    return 0;
}
