#include "frames.h"

#include <string.h>

/* XOR `len` bytes with the four of `key`, eight at a time. */
static void mask(uint8_t *data, size_t len, const uint8_t key[4]) {
    uint64_t wide;
    uint8_t twice[8] = {key[0], key[1], key[2], key[3], key[0], key[1], key[2], key[3]};
    memcpy(&wide, twice, 8);
    size_t at = 0;
    for (; at + 8 <= len; at += 8) {
        uint64_t word;
        memcpy(&word, data + at, 8);
        word ^= wide;
        memcpy(data + at, &word, 8);
    }
    for (; at < len; at++)
        data[at] ^= key[at & 3];
}

int frame_parse(uint8_t *data, size_t len, struct frame *frame) {
    frame->size = 0;
    if (len < 2)
        return 0;
    bool masked = data[1] & 0x80;
    uint64_t payload = data[1] & 0x7f;
    size_t header = 2;
    if (payload >= 126) {
        size_t wide = payload == 126 ? 2 : 8;
        if (len < 2 + wide)
            return 0;
        payload = 0;
        for (size_t i = 0; i < wide; i++)
            payload = payload << 8 | data[2 + i];
        header += wide;
    }
    const uint8_t *key = data + header;
    header += masked ? 4 : 0;
    frame->size = header + payload;
    if (len < frame->size)
        return 0;
    frame->opcode = data[0] & 15;
    frame->is_last = data[0] & 0x80;
    frame->payload = data + header;
    frame->len = payload;
    if (masked)
        mask(frame->payload, payload, key);
    return 1;
}

void frame_put(struct bytes *out, enum opcode opcode, bool masked, const void *head, size_t head_len, const void *body,
               size_t body_len) {
    static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};
    uint64_t payload = head_len + body_len;
    uint8_t header[14] = {0x80 | opcode, masked ? 0x80 : 0};
    size_t len = 2;
    if (payload < 126) {
        header[1] |= payload;
    } else {
        size_t wide = payload < 65536 ? 2 : 8;
        header[1] |= wide == 2 ? 126 : 127;
        for (size_t i = 0; i < wide; i++)
            header[len++] = payload >> 8 * (wide - 1 - i);
    }
    if (masked) {
        memcpy(header + len, key, 4);
        len += 4;
    }
    bytes_put(out, header, len);
    bytes_put(out, head, head_len);
    bytes_put(out, body, body_len);
    if (masked)
        mask(out->data + out->len - payload, payload, key);
}
