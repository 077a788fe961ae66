#include "update.h"

enum content { GC = 0, DELETED = 1, BINARY = 3, STRING = 4, EMBED = 5, FORMAT = 6, TYPE = 7, SKIP = 10 };

static void skip_id(struct reader *in) {
    read_uint(in);
    read_uint(in);
}

/* Where an item stands: beside others, or in a parent (with a key if it is an entry of a map). */
static void skip_place(struct reader *in, uint8_t info) {
    if (info & 0x80)
        skip_id(in);
    if (info & 0x40)
        skip_id(in);
    if (info & 0xc0)
        return;
    if (read_uint(in) == 1)
        read_bytes(in);
    else
        skip_id(in);
    if (info & 0x20)
        read_bytes(in);
}

/* Clocks count UTF-16 code units. */
static uint64_t utf16_length(struct reader text) {
    uint64_t len = 0;
    for (; text.pos < text.end; text.pos++)
        len += (*text.pos & 0xc0) == 0x80 ? 0 : *text.pos >= 0xf0 ? 2 : 1;
    return len;
}

/* The length of the content in clock units; 0 for a kind that is not known here. */
static uint64_t content_length(struct reader *in, enum content kind) {
    switch (kind) {
    case DELETED:
        return read_uint(in);
    case STRING:
        return utf16_length(read_bytes(in));
    case FORMAT:
        read_bytes(in);
        read_bytes(in);
        return 1;
    case BINARY:
    case EMBED:
        read_bytes(in);
        return 1;
    case TYPE: {
        uint64_t kind_of_type = read_uint(in);
        if (kind_of_type == 3 || kind_of_type == 5)
            read_bytes(in);
        return 1;
    }
    default:
        return 0;
    }
}

bool update_walk(struct reader in, span_seen *seen, void *context) {
    uint64_t sections = read_uint(&in);
    while (sections-- && !in.bad) {
        uint64_t structs = read_uint(&in), client = read_uint(&in), clock = read_uint(&in);
        while (structs-- && !in.bad) {
            uint8_t info = read_byte(&in);
            enum content kind = info & 31;
            uint64_t len;
            if (kind == GC || kind == SKIP) {
                len = read_uint(&in);
            } else {
                skip_place(&in, info);
                len = content_length(&in, kind);
            }
            if (!len)
                return false;
            if (kind != SKIP && !in.bad)
                seen(context, client, clock, len);
            clock += len;
        }
    }
    return !in.bad;
}
