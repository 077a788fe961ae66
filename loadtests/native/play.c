/* The edits and cursors of a plan, at their times. */
#include <stdio.h>

#include "driver.h"

enum { CHECK_EVERY_US = 2000, TURN_EVENTS = 256 };

void play_start(struct driver *d, uint64_t now) {
    d->next_event = 0;
    d->play_started = d->last_sent = now;
}

void play_turn(struct driver *d, uint64_t now) {
    if (d->order.kind != ORDER_PLAY)
        return;
    for (int i = 0; i < TURN_EVENTS && d->next_event < d->plan.header->events; i++) {
        const struct plan_event *event = &d->plan.events[d->next_event];
        uint64_t due = d->play_started + event->at_us;
        if (due > now)
            return;
        d->next_event++;
        if (d->links[event->client].state != LINK_OPEN)
            continue;
        message_send_event(d, event);
        tally_sent(&d->tally, event, now);
        histogram_add(&d->tally.lateness, now - due);
        d->last_sent = now;
    }
}

bool play_is_over(struct driver *d, uint64_t now) {
    const struct tally *tally = &d->tally;
    if (!d->open_count)
        return true;
    if (d->next_event < d->plan.header->events)
        return false;
    if (tally->edits_delivered < tally->edits_expected || now < d->last_sent + d->order.lingering)
        return false;
    if (now < d->stale_checked + CHECK_EVERY_US)
        return false;
    d->stale_checked = now;
    return tally_stale(tally) == 0;
}

uint64_t play_wait(const struct driver *d, uint64_t now) {
    if (d->order.kind != ORDER_PLAY)
        return UINT64_MAX;
    if (d->next_event == d->plan.header->events)
        return CHECK_EVERY_US;
    uint64_t due = d->play_started + d->plan.events[d->next_event].at_us;
    return due > now ? due - now : 0;
}

void play_report(const struct driver *d, uint64_t now) {
    const struct tally *t = &d->tally;
    const struct counters *c = &d->counters;
    printf("{\"seconds\":%.4f,\"edits_expected\":%lu,\"edits_delivered\":%lu,\"duplicates\":%lu,\"echoes\":%lu,"
           "\"by_sync\":%lu,\"cursors_expected\":%lu,\"cursors_delivered\":%lu,\"cursors_stale\":%lu,\"strange\":%lu,",
           (now - d->play_started) / 1e6, t->edits_expected, t->edits_delivered, t->duplicates, t->echoes, t->by_sync,
           t->cursors_expected, t->cursors_delivered, tally_stale(t), t->strange);
    printf("\"p50_us\":%lu,\"p99_us\":%lu,\"largest_us\":%lu,\"late_p50_us\":%lu,\"late_p99_us\":%lu,",
           histogram_at(&t->latency, 0.5), histogram_at(&t->latency, 0.99), t->latency.largest,
           histogram_at(&t->lateness, 0.5), histogram_at(&t->lateness, 0.99));
    printf("\"cross_p50_us\":%lu,\"cross_p99_us\":%lu,", histogram_at(&t->crossing, 0.5),
           histogram_at(&t->crossing, 0.99));
    printf("\"frames\":%lu,\"acknowledged\":%lu,\"refused\":%lu,\"dropped\":%lu,\"last_close\":%lu,", c->frames,
           c->acknowledged, c->refused, c->dropped, c->last_close);
}
