#include "debugger/md5.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace debugger {

namespace {

struct Constants {
    std::array<uint32_t, 64> sines{};
    Constants() {
        // RFC 1321, section 3.4: the integer part of 2^32 * |sin(i)|.
        for (size_t i = 0; i < 64; i++) {
            sines[i] = static_cast<uint32_t>(
                std::floor(std::fabs(std::sin(static_cast<double>(i + 1))) * 4294967296.0));
        }
    }
};

constexpr int kShifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

void addBlock(std::array<uint32_t, 4>& state, const uint8_t* block) {
    static const Constants kConstants;
    uint32_t words[16];
    for (size_t i = 0; i < 16; i++) {
        words[i] = static_cast<uint32_t>(block[4 * i]) | static_cast<uint32_t>(block[4 * i + 1]) << 8 |
                   static_cast<uint32_t>(block[4 * i + 2]) << 16 |
                   static_cast<uint32_t>(block[4 * i + 3]) << 24;
    }
    auto [a, b, c, d] = state;
    for (uint32_t i = 0; i < 64; i++) {
        uint32_t mixed = 0, word = 0;
        switch (i / 16) {
        case 0: mixed = (b & c) | (~b & d), word = i; break;
        case 1: mixed = (d & b) | (~d & c), word = (5 * i + 1) % 16; break;
        case 2: mixed = b ^ c ^ d, word = (3 * i + 5) % 16; break;
        default: mixed = c ^ (b | ~d), word = 7 * i % 16; break;
        }
        const uint32_t sum = a + mixed + kConstants.sines[i] + words[word];
        a = d;
        d = c;
        c = b;
        b += std::rotl(sum, kShifts[i / 16][i % 4]);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

}  // namespace

std::array<uint8_t, 16> md5(std::span<const uint8_t> bytes) {
    std::array<uint32_t, 4> state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    size_t at = 0;
    for (; bytes.size() - at >= 64; at += 64)
        addBlock(state, bytes.data() + at);

    uint8_t tail[128] = {};
    const size_t rest = bytes.size() - at;
    if (rest > 0) std::memcpy(tail, bytes.data() + at, rest);
    tail[rest] = 0x80;
    const size_t length = rest < 56 ? 64 : 128;
    const uint64_t bits = static_cast<uint64_t>(bytes.size()) * 8;
    for (size_t i = 0; i < 8; i++)
        tail[length - 8 + i] = static_cast<uint8_t>(bits >> (8 * i));
    for (size_t i = 0; i < length; i += 64)
        addBlock(state, tail + i);

    std::array<uint8_t, 16> digest{};
    for (size_t i = 0; i < 16; i++)
        digest[i] = static_cast<uint8_t>(state[i / 4] >> (8 * (i % 4)));
    return digest;
}

}  // namespace debugger
