#include "engine/binary_reader.h"

#include <array>
#include <cstdio>
#include <cstring>

#include "engine/limits.h"

namespace engine {

std::string hex(uint64_t value) {
    std::array<char, 24> text{};
    std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(value));
    return text.data();
}

void BinaryReader::fail(ErrorCode code, std::string message, uint32_t offset) {
    if (m_failed) return;
    m_failed = true;
    m_error = Error{code, std::move(message), {}};
    m_error.where.offset = offset;
    m_end = m_at;
}

uint8_t BinaryReader::failEnd() {
    fail(ErrorCode::Malformed, "unexpected end of section or function");
    return 0;
}

template <int kBits, bool kSigned>
uint64_t BinaryReader::leb() {
    constexpr int kMaxBytes = (kBits + 6) / 7;
    const uint32_t start = offset();
    uint64_t value = 0;
    for (int i = 0; i < kMaxBytes; ++i) {
        if (m_at == m_end) return failEnd();
        const uint8_t byte = *m_at++;
        const int shift = 7 * i;
        value |= static_cast<uint64_t>(byte & 0x7f) << shift;
        const bool last = i == kMaxBytes - 1;
        if (last && (byte & 0x80)) {
            fail(ErrorCode::Malformed, "integer representation too long", start);
            return 0;
        }
        if (byte & 0x80) continue;
        if (last) {
            // Bits above the type's own must repeat its sign, or be zero.
            constexpr int kUsed = kBits - 7 * (kMaxBytes - 1);
            constexpr uint8_t kUnused = static_cast<uint8_t>(0x7f & ~((1u << kUsed) - 1));
            const bool negative = kSigned && (byte >> (kUsed - 1) & 1);
            if ((byte & kUnused) != (negative ? kUnused : 0)) {
                fail(ErrorCode::Malformed, "integer too large", start);
                return 0;
            }
        }
        if (kSigned && (byte & 0x40) && shift + 7 < 64) value |= ~uint64_t{0} << (shift + 7);
        return value;
    }
    return 0;
}
template uint64_t BinaryReader::leb<32, false>();
template uint64_t BinaryReader::leb<64, false>();
template uint64_t BinaryReader::leb<32, true>();
template uint64_t BinaryReader::leb<33, true>();
template uint64_t BinaryReader::leb<64, true>();

uint32_t BinaryReader::f32Bits() {
    uint32_t bits = 0;
    if (remaining() < sizeof bits) return failEnd();
    std::memcpy(&bits, m_at, sizeof bits);
    m_at += sizeof bits;
    return bits;
}

uint64_t BinaryReader::f64Bits() {
    uint64_t bits = 0;
    if (remaining() < sizeof bits) return failEnd();
    std::memcpy(&bits, m_at, sizeof bits);
    m_at += sizeof bits;
    return bits;
}

std::span<const uint8_t> BinaryReader::bytes(uint32_t count) {
    if (remaining() < count) {
        fail(ErrorCode::Malformed, "length out of bounds: " + std::to_string(count) + " bytes wanted, " +
                                       std::to_string(remaining()) + " left");
        return {};
    }
    const std::span<const uint8_t> result(m_at, count);
    m_at += count;
    return result;
}

uint32_t BinaryReader::count(std::string_view what, uint32_t limit, uint32_t minBytes) {
    const uint32_t start = offset();
    const uint32_t n = u32();
    if (!ok()) return 0;
    if (n > limit) {
        fail(ErrorCode::Limit,
             "too many " + std::string(what) + ": " + std::to_string(n) + ", limit " + std::to_string(limit),
             start);
        return 0;
    }
    if (static_cast<uint64_t>(n) * minBytes > remaining()) {
        fail(ErrorCode::Malformed,
             "unexpected end of section or function: " + std::to_string(n) + " " + std::string(what) +
                 " announced, " + std::to_string(remaining()) + " bytes left",
             start);
        return 0;
    }
    return n;
}

std::string_view BinaryReader::name() {
    const uint32_t start = offset();
    const uint32_t length = u32();
    if (!ok()) return {};
    if (length > remaining()) {
        fail(ErrorCode::Malformed,
             "length out of bounds: name of " + std::to_string(length) + " bytes, " +
                 std::to_string(remaining()) + " left",
             start);
        return {};
    }
    if (length > limits::kNameBytes) {
        fail(ErrorCode::Limit,
             "name too long: " + std::to_string(length) + " bytes, limit " +
                 std::to_string(limits::kNameBytes),
             start);
        return {};
    }
    const std::string_view text(reinterpret_cast<const char*>(m_at), length);
    if (!isUtf8(text)) {
        fail(ErrorCode::Malformed, "malformed UTF-8 encoding");
        return {};
    }
    m_at += length;
    return text;
}

bool BinaryReader::beginsValType(uint8_t byte) {
    return (byte >= 0x7b && byte <= 0x7f) || (byte >= 0x69 && byte <= 0x74) || byte == 0x63 || byte == 0x64;
}

HeapType BinaryReader::heapType() {
    const uint32_t start = offset();
    if (const uint8_t byte = peek(); byte >= 0x69 && byte <= 0x74) {
        ++m_at;
        return static_cast<AbstractHeap>(byte - 0x69);
    }
    const int64_t index = s33();
    if (!ok()) return {};
    if (index < 0)
        fail(ErrorCode::Malformed, "malformed heap type", start);
    else if (index >= limits::kTypes)
        fail(ErrorCode::Invalid, "unknown type " + std::to_string(index), start);
    return ok() ? HeapType(TypeIdx(static_cast<uint32_t>(index))) : HeapType();
}

ValType BinaryReader::refType() {
    const uint8_t byte = peek();
    if (byte == 0x63 || byte == 0x64) {
        ++m_at;
        return ValType::ref(heapType(), byte == 0x63);
    }
    if (byte >= 0x69 && byte <= 0x74) return ValType::ref(heapType());
    if (atEnd())
        failEnd();
    else
        fail(ErrorCode::Malformed, "malformed reference type: " + hex(byte));
    return kFuncRef;
}

ValType BinaryReader::valType() {
    switch (const uint8_t byte = peek()) {
    case 0x7f: ++m_at; return kI32;
    case 0x7e: ++m_at; return kI64;
    case 0x7d: ++m_at; return kF32;
    case 0x7c: ++m_at; return kF64;
    case 0x7b: ++m_at; return kV128;
    default:
        if (beginsValType(byte)) return refType();
        if (atEnd())
            failEnd();
        else
            fail(ErrorCode::Malformed, "malformed value type: " + hex(byte));
        return kI32;
    }
}

bool isUtf8(std::string_view text) {
    const auto* p = reinterpret_cast<const uint8_t*>(text.data());
    const uint8_t* const end = p + text.size();
    while (p != end) {
        const uint8_t lead = *p++;
        if (lead < 0x80) continue;
        int more = 0;
        uint8_t low = 0x80, high = 0xbf;  // what the second byte may be
        if (lead >= 0xc2 && lead <= 0xdf)
            more = 1;
        else if (lead >= 0xe0 && lead <= 0xef)
            more = 2;
        else if (lead >= 0xf0 && lead <= 0xf4)
            more = 3;
        else
            return false;
        if (lead == 0xe0)
            low = 0xa0;  // overlong
        else if (lead == 0xed)
            high = 0x9f;  // surrogates
        else if (lead == 0xf0)
            low = 0x90;  // overlong
        else if (lead == 0xf4)
            high = 0x8f;  // above U+10FFFF
        for (; more > 0; --more, low = 0x80, high = 0xbf) {
            if (p == end || *p < low || *p > high) return false;
            ++p;
        }
    }
    return true;
}

}  // namespace engine
