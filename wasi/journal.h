// Journal: the arguments of one call, and what it read and wrote in linear memory, kept as the log tells them (call_packing.h): one row of
// numbers, in which each access is a number and the bytes of a small one are words behind it. What does not fit there stands in the tail.
// Filled by the gate and GuestMemory, used again for the next call.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "wasi/syscall_record.h"

namespace wasi {

/// One access, borrowed.
struct CallAccess {
    uint32_t address = 0;
    bool isWrite = false;
    std::span<const uint8_t> bytes;
    uint64_t length = 0;  // the true number
};

class Journal {
public:
    /// All payloads of one call together are cut here, whatever lists of buffers a guest makes up.
    static constexpr size_t kMaxCallBytes = 64 << 10;
    static constexpr size_t kHead = 4;  // numbers at the beginning, for who keeps the journal
    static constexpr size_t kMostArguments = 10;
    static constexpr size_t kMost = 64;        // numbers
    static constexpr size_t kMostInWords = 8;  // of one access

    /// Of a call with these arguments, kMostArguments at most.
    void begin(std::span<const uint64_t> arguments) {
        m_arguments = static_cast<uint32_t>(arguments.size());
        for (size_t i = 0; i < arguments.size(); i++)
            m_numbers[kHead + i] = arguments.data()[i];
        m_used = kHead + m_arguments;
        m_count = 0;
        m_kept = 0;
        m_tail.clear();
    }
    void add(uint32_t address, bool isWrite, const uint8_t* bytes, uint64_t length) {
        add(address, isWrite, std::span(bytes, std::min<uint64_t>(length, kMaxPayloadBytes)), length);
    }
    /// … of which only `bytes` are at hand.
    [[gnu::hot]] void add(uint32_t address, bool isWrite, std::span<const uint8_t> bytes, uint64_t length) {
        const size_t kept = bytes.size();
        if (kept != length || !fitsInWords(kept, m_used + 1) || kept > kMaxCallBytes - m_kept) {
            addToTail(address, isWrite, bytes, length);
            return;
        }
        m_numbers[m_used] = numberOf(address, isWrite, kept, length);
        copy(&m_numbers[m_used + 1], bytes.data(), kept);
        m_used += 1 + wordsOf(kept);
        m_count++;
        m_kept += kept;
    }
    /// A byte that was written has changed since.
    void patch(uint32_t address, uint8_t value);

    std::span<const uint64_t> arguments() const { return {m_numbers + kHead, m_arguments}; }
    /// Of accesses.
    uint32_t count() const { return m_count; }
    /// The head, the arguments, and for each access (address | is a write << 32 | was cut << 33 | bytes kept << 34) and words: used() of them.
    const uint64_t* numbers() const { return m_numbers; }
    uint32_t used() const { return m_used; }
    uint64_t* head() { return m_numbers; }
    /// Of each access in order: its number, if there was no room; its length, if it was cut; its bytes, if they are no words.
    std::span<const uint8_t> tail() const { return m_tail; }
    void read(std::vector<CallAccess>& to) const { read(m_numbers, m_arguments, m_tail.data(), m_count, to); }
    /// … of numbers and a tail like these.
    static void read(const uint64_t* numbers, size_t arguments, const uint8_t* tail, size_t count,
                     std::vector<CallAccess>& to);

private:
    static constexpr size_t kWord = sizeof(uint64_t);
    static constexpr uint64_t kIsWrite = uint64_t{1} << 32, kIsCut = uint64_t{1} << 33;
    static constexpr int kKept = 34;

    static uint64_t numberOf(uint32_t address, bool isWrite, uint64_t kept, uint64_t length) {
        return address | (isWrite ? kIsWrite : 0) | (kept != length ? kIsCut : 0) | kept << kKept;
    }
    static uint32_t wordsOf(uint64_t bytes) { return static_cast<uint32_t>((bytes + kWord - 1) / kWord); }
    /// … as words from numbers[at] on.
    static bool fitsInWords(uint64_t bytes, size_t at) {
        return bytes <= kMostInWords * kWord && at + wordsOf(bytes) <= kMost;
    }
    template <class Word>
    static Word load(const uint8_t* from) {
        Word word;
        std::memcpy(&word, from, sizeof(Word));
        return word;
    }
    /// In words; what is left of the last one is 0.
    static void copy(uint64_t* to, const uint8_t* from, size_t length) {
        size_t left = length;
        for (; left >= kWord; left -= kWord, from += kWord)
            *to++ = load<uint64_t>(from);
        if (left >= 4)
            *to = load<uint32_t>(from) | uint64_t{load<uint32_t>(from + left - 4)} << 8 * (left - 4);
        else if (left > 0)
            *to = from[0] | uint64_t{from[left / 2]} << 8 * (left / 2) |
                  uint64_t{from[left - 1]} << 8 * (left - 1);
    }
    void addToTail(uint32_t address, bool isWrite, std::span<const uint8_t> bytes, uint64_t length);

    uint32_t m_arguments = 0, m_used = kHead, m_count = 0;
    uint64_t m_kept = 0;  // kMaxCallBytes at most
    std::vector<uint8_t> m_tail;
    uint64_t m_numbers[kMost] = {};
};

}  // namespace wasi
