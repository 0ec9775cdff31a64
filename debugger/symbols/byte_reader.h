// ByteReader: bounds-checked, little-endian reading of bytes that nobody vouches for. The first read past the end makes ok() false and every
// later read 0; nothing throws, and a loop over ok() ends.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

namespace debugger::dwarf {

using Bytes = std::span<const uint8_t>;

class ByteReader {
public:
    explicit ByteReader(Bytes bytes, uint64_t position = 0)
        : m_begin(bytes.data()), m_at(bytes.data()), m_end(bytes.data() + bytes.size()) {
        seek(position);
    }

    bool ok() const { return m_ok; }
    bool atEnd() const { return m_at == m_end; }
    uint64_t position() const { return static_cast<uint64_t>(m_at - m_begin); }
    uint64_t remaining() const { return static_cast<uint64_t>(m_end - m_at); }
    void fail() {
        m_ok = false;
        m_at = m_end;
    }
    void seek(uint64_t position) {
        if (position > static_cast<uint64_t>(m_end - m_begin)) return fail();
        m_at = m_begin + position;
    }
    void skip(uint64_t count) {
        if (count > remaining()) return fail();
        m_at += count;
    }

    uint8_t u8() { return take<uint8_t>(); }
    uint16_t u16() { return take<uint16_t>(); }
    uint32_t u32() { return take<uint32_t>(); }
    uint64_t u64() { return take<uint64_t>(); }
    uint32_t u24() {
        if (remaining() < 3) return fail(), 0;
        const uint32_t value = m_at[0] | m_at[1] << 8 | m_at[2] << 16;
        m_at += 3;
        return value;
    }
    /// Unsigned of 1, 2, 3, 4 or 8 bytes; any other size fails.
    uint64_t unsignedOf(unsigned size) {
        switch (size) {
        case 1: return u8();
        case 2: return u16();
        case 3: return u24();
        case 4: return u32();
        case 8: return u64();
        default: return fail(), 0;
        }
    }
    /// LEB128 of any length; bits above the 64th are dropped.
    uint64_t uleb() {
        if (m_at != m_end && *m_at < 0x80) return *m_at++;
        uint64_t value = 0;
        for (unsigned shift = 0; m_at != m_end; shift += 7) {
            const uint8_t byte = *m_at++;
            if (shift < 64) value |= uint64_t{byte & 0x7fu} << shift;
            if (byte < 0x80) return value;
            if (shift > 1000) break;
        }
        return fail(), 0;
    }
    int64_t sleb() {
        uint64_t value = 0;
        for (unsigned shift = 0; m_at != m_end;) {
            const uint8_t byte = *m_at++;
            if (shift < 64) value |= uint64_t{byte & 0x7fu} << shift;
            shift += 7;
            if (byte < 0x80) {
                if (shift < 64 && (byte & 0x40)) value |= ~uint64_t{0} << shift;
                return static_cast<int64_t>(value);
            }
            if (shift > 1000) break;
        }
        return fail(), 0;
    }
    /// The next `count` bytes, or none and a failure.
    Bytes bytes(uint64_t count) {
        if (count > remaining()) return fail(), Bytes();
        const Bytes result(m_at, static_cast<size_t>(count));
        m_at += count;
        return result;
    }
    /// A string that ends with a NUL inside the bytes; "" and a failure otherwise.
    const char* string() {
        const void* nul = remaining() ? std::memchr(m_at, 0, remaining()) : nullptr;
        if (!nul) return fail(), "";
        const char* result = reinterpret_cast<const char*>(m_at);
        m_at = static_cast<const uint8_t*>(nul) + 1;
        return result;
    }

private:
    template <class T>
    T take() {
        if (remaining() < sizeof(T)) return fail(), T{0};
        T value;
        std::memcpy(&value, m_at, sizeof(T));
        m_at += sizeof(T);
        return value;
    }

    const uint8_t* m_begin;
    const uint8_t* m_at;
    const uint8_t* m_end;
    bool m_ok = true;
};

}  // namespace debugger::dwarf
