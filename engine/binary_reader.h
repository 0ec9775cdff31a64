// BinaryReader: reads the primitives of the binary format (standard, section 5.2) from a range of a file. Borrows the bytes.
// The first failure sticks: everything read after it is zero or empty, so a caller may look at ok() once per construct.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/module.h"
#include "engine/types.h"

namespace engine {

class BinaryReader {
public:
    /// Reads `range` of `file`; offsets count from the start of `file`.
    BinaryReader(std::span<const uint8_t> file, ByteRange range)
        : m_file(file.data()), m_at(file.data() + range.begin), m_end(file.data() + range.end) {}

    uint32_t offset() const { return static_cast<uint32_t>(m_at - m_file); }
    uint32_t end() const { return static_cast<uint32_t>(m_end - m_file); }
    uint32_t remaining() const { return static_cast<uint32_t>(m_end - m_at); }
    bool atEnd() const { return m_at == m_end; }
    bool ok() const { return !m_failed; }
    const Error& error() const { return m_error; }

    uint8_t u8() {
        if (m_at == m_end) return failEnd();
        return *m_at++;
    }
    /// The next byte without taking it; 0 at the end.
    uint8_t peek() const { return m_at == m_end ? 0 : *m_at; }

    uint32_t u32() {
        if (m_at != m_end && *m_at < 0x80) return *m_at++;
        return static_cast<uint32_t>(leb<32, false>());
    }
    uint64_t u64() {
        if (m_at != m_end && *m_at < 0x80) return *m_at++;
        return leb<64, false>();
    }
    int32_t s32() {
        if (m_at != m_end && *m_at < 0x80) return oneByte();
        return static_cast<int32_t>(leb<32, true>());
    }
    int64_t s33() { return static_cast<int64_t>(leb<33, true>()); }
    int64_t s64() {
        if (m_at != m_end && *m_at < 0x80) return oneByte();
        return static_cast<int64_t>(leb<64, true>());
    }
    /// Bits of an f32 / f64, little endian.
    uint32_t f32Bits();
    uint64_t f64Bits();

    std::span<const uint8_t> bytes(uint32_t count);
    void skip(uint32_t count) { bytes(count); }
    /// A vector's length. Fails with Malformed if fewer than count * minBytes bytes remain, and with Limit above `limit`: nothing needs
    /// to be allocated for a count that lies. `what` is plural: "types", "exports".
    uint32_t count(std::string_view what, uint32_t limit, uint32_t minBytes = 1);
    /// Length and UTF-8, checked (standard, section 5.2.4).
    std::string_view name();

    /// Heap, reference and value types (standard, section 5.3); type indices are not looked up here.
    HeapType heapType();
    ValType refType();
    ValType valType();
    /// True if the next byte begins a value type; else it is a type index of a block type or a mistake.
    static bool beginsValType(uint8_t byte);

    /// Fails at the present offset, or at `offset`.
    void fail(ErrorCode code, std::string message) { fail(code, std::move(message), offset()); }
    void fail(ErrorCode code, std::string message, uint32_t offset);

private:
    template <int kBits, bool kSigned>
    uint64_t leb();
    uint8_t failEnd();
    int32_t oneByte() { return static_cast<int32_t>(static_cast<uint32_t>(*m_at++) << 25) >> 25; }

    const uint8_t* m_file;
    const uint8_t* m_at;
    const uint8_t* m_end;
    bool m_failed = false;
    Error m_error;
};

/// Whether the bytes are well-formed UTF-8 (no surrogates, nothing overlong, at most U+10FFFF).
bool isUtf8(std::string_view text);

/// "0x1f".
std::string hex(uint64_t value);

}  // namespace engine
