#define _GNU_SOURCE
#include "handshake.h"

#include <stdio.h>
#include <string.h>

static uint32_t rotate(uint32_t value, int bits) { return value << bits | value >> (32 - bits); }

static void sha1_block(uint32_t state[5], const uint8_t *block) {
    uint32_t w[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | block[4 * i + 1] << 16 | block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 80; i++)
        w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    for (int i = 0; i < 80; i++) {
        uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 || i >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
        uint32_t k = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
        uint32_t next = rotate(a, 5) + f + e + k + w[i];
        e = d, d = c, c = rotate(b, 30), b = a, a = next;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

/* Of a text of at most 119 bytes. */
static void sha1(const char *text, size_t len, uint8_t digest[20]) {
    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    uint8_t padded[128] = {0};
    size_t size = len < 56 ? 64 : 128;
    memcpy(padded, text, len);
    padded[len] = 0x80;
    padded[size - 2] = len * 8 >> 8;
    padded[size - 1] = len * 8;
    for (size_t at = 0; at < size; at += 64)
        sha1_block(state, padded + at);
    for (int i = 0; i < 20; i++)
        digest[i] = state[i / 4] >> (24 - i % 4 * 8);
}

/* 20 bytes are 27 characters and one `=`. */
static void base64(const uint8_t digest[20], char text[29]) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int i = 0; i < 27; i++) {
        int bit = i * 6, byte = bit / 8;
        unsigned pair = digest[byte] << 8 | (byte + 1 < 20 ? digest[byte + 1] : 0);
        text[i] = letters[pair >> (10 - bit % 8) & 63];
    }
    text[27] = '=';
    text[28] = 0;
}

int handshake(struct bytes *in, struct bytes *answer, char room[ROOM_NAME_BYTES]) {
    uint8_t *end = memmem(in->data, in->len, "\r\n\r\n", 4);
    if (!end)
        return in->len > 8192 ? -1 : 0;
    *end = 0;
    char key[64], joined[110], response[200], accepted[29], format[32];
    uint8_t digest[20];
    snprintf(format, sizeof format, "GET /%%%d[^ ?]", ROOM_NAME_BYTES - 1);
    const char *field = strcasestr((char *)in->data, "Sec-WebSocket-Key:");
    if (!field || sscanf(field + 18, " %63[^\r]", key) != 1 || sscanf((char *)in->data, format, room) != 1)
        return -1;
    int len = snprintf(joined, sizeof joined, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    sha1(joined, len, digest);
    base64(digest, accepted);
    len = snprintf(response, sizeof response,
                   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Accept: %s\r\n\r\n",
                   accepted);
    bytes_put(answer, response, len);
    bytes_drop(in, end + 4 - in->data);
    return 1;
}
