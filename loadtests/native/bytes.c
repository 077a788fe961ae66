#include "bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void bytes_reserve(struct bytes *self, size_t more) {
    if (self->len + more <= self->cap)
        return;
    size_t cap = self->cap ? self->cap * 2 : 256;
    while (cap < self->len + more)
        cap *= 2;
    self->data = realloc(self->data, cap);
    if (!self->data)
        fail("out of memory");
    self->cap = cap;
}

void bytes_put(struct bytes *self, const void *data, size_t len) {
    if (!len)
        return;
    bytes_reserve(self, len);
    memcpy(self->data + self->len, data, len);
    self->len += len;
}

void bytes_put_uint(struct bytes *self, uint64_t value) {
    uint8_t out[10];
    size_t len = 0;
    for (; value > 127; value >>= 7)
        out[len++] = 0x80 | (value & 127);
    out[len++] = value;
    bytes_put(self, out, len);
}

void bytes_drop(struct bytes *self, size_t len) {
    self->len -= len;
    if (self->len)
        memmove(self->data, self->data + len, self->len);
}

void bytes_free(struct bytes *self) {
    free(self->data);
    *self = (struct bytes){0};
}

uint8_t read_byte(struct reader *self) {
    if (self->pos >= self->end) {
        self->bad = true;
        return 0;
    }
    return *self->pos++;
}

uint64_t read_uint(struct reader *self) {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        uint8_t byte = read_byte(self);
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return value;
    }
    self->bad = true;
    return 0;
}

void read_skip(struct reader *self, uint64_t len) {
    if (len > (uint64_t)(self->end - self->pos)) {
        self->bad = true;
        self->pos = self->end;
    } else {
        self->pos += len;
    }
}

struct reader read_bytes(struct reader *self) {
    uint64_t len = read_uint(self);
    const uint8_t *start = self->pos;
    read_skip(self, len);
    return (struct reader){start, self->pos, self->bad};
}

bool read_more(const struct reader *self) { return !self->bad && self->pos < self->end; }

uint64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void *take_memory(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size);
    if (!memory)
        fail("out of memory");
    return memory;
}

void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}
