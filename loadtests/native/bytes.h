/* Growing byte buffers, lib0 numbers and the clock: what the relay and the driver share. */
#ifndef BYTES_H
#define BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Owned bytes; all zero is an empty buffer. */
struct bytes {
    uint8_t *data;
    size_t len, cap;
};

void bytes_reserve(struct bytes *self, size_t more);
void bytes_put(struct bytes *self, const void *data, size_t len);
void bytes_put_uint(struct bytes *self, uint64_t value);
/* Forget the first `len` bytes. */
void bytes_drop(struct bytes *self, size_t len);
void bytes_free(struct bytes *self);

/* A view that is read from the front. `bad` is set, and stays, once a read passed the end. */
struct reader {
    const uint8_t *pos, *end;
    bool bad;
};

uint8_t read_byte(struct reader *self);
uint64_t read_uint(struct reader *self);
void read_skip(struct reader *self, uint64_t len);
/* A length and that many bytes, as a view of its own. */
struct reader read_bytes(struct reader *self);
bool read_more(const struct reader *self);

/* Microseconds of the monotonic clock. */
uint64_t now_us(void);
/* Zeroed memory; the program ends when there is none. */
void *take_memory(size_t count, size_t size);
/* Print a sentence to stderr and exit with status 1. */
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
