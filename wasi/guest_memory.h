// GuestMemory: the only door from a host function to linear memory. Checks bounds, and tells the journal of the call, and who watches the
// memory, every byte that the host read or wrote. One per host, used by the session thread. With the journal off, an access costs a comparison.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "engine/store.h"
#include "wasi/syscall_record.h"
#include "wasi/types.h"

namespace wasi {

/// The accesses of one call, in two buffers that are used again for the next.
class Journal {
public:
    struct Entry {
        uint32_t address = 0;
        bool isWrite = false;
        uint32_t kept = 0;    // bytes of it in bytes()
        uint64_t length = 0;  // true length
    };
    /// All payloads of one call together are cut here, whatever lists of buffers a guest makes up.
    static constexpr size_t kMaxCallBytes = 64 << 10;

    void clear() {
        m_entries.clear();
        m_used = 0;
    }
    void add(uint32_t address, bool isWrite, const uint8_t* bytes, uint64_t length) {
        add(address, isWrite, std::span(bytes, std::min<uint64_t>(length, kMaxPayloadBytes)), length);
    }
    /// … of which only `bytes` are at hand.
    void add(uint32_t address, bool isWrite, std::span<const uint8_t> bytes, uint64_t length) {
        if (!m_bytes) {  // or they were moved away
            m_bytes = std::make_unique_for_overwrite<uint8_t[]>(kMaxCallBytes + kReadBehind);
            m_used = 0;
        }
        const size_t kept = std::min<uint64_t>({bytes.size(), kMaxPayloadBytes, kMaxCallBytes - m_used});
        m_entries.push_back({address, isWrite, static_cast<uint32_t>(kept), length});
        copy(m_bytes.get() + m_used, bytes.data(), kept);
        m_used += kept;
    }
    /// A byte that was written has changed since.
    void patch(uint32_t address, uint8_t value) {
        size_t at = 0;
        for (const Entry& entry : m_entries) {
            if (entry.isWrite && address >= entry.address && address - entry.address < entry.kept)
                m_bytes[at + (address - entry.address)] = value;
            at += entry.kept;
        }
    }
    const std::vector<Entry>& entries() const { return m_entries; }
    /// kReadBehind more can be read, of no meaning.
    std::span<const uint8_t> bytes() const { return {m_bytes.get(), m_bytes ? m_used : 0}; }
    static constexpr size_t kReadBehind = 8;

private:
    /// What most accesses have is few bytes: without a call, which costs more behind a system call.
    static void copy(uint8_t* to, const uint8_t* from, size_t length) {
        const auto bothEnds = [&]<class Word>(Word) {
            Word first, last;
            std::memcpy(&first, from, sizeof(Word));
            std::memcpy(&last, from + length - sizeof(Word), sizeof(Word));
            std::memcpy(to, &first, sizeof(Word));
            std::memcpy(to + length - sizeof(Word), &last, sizeof(Word));
        };
        if (length > 16)
            std::memcpy(to, from, length);
        else if (length >= 8)
            bothEnds(uint64_t{});
        else if (length >= 4)
            bothEnds(uint32_t{});
        else if (length >= 2)
            bothEnds(uint16_t{});
        else if (length == 1)
            *to = *from;
    }
    std::vector<Entry> m_entries;
    std::unique_ptr<uint8_t[]> m_bytes;  // of kMaxCallBytes, or null
    size_t m_used = 0;                   // of it
};

class GuestMemory {
public:
    /// Null: no memory, every access fails.
    void attach(engine::LinearMemory* memory) { m_memory = memory; }
    /// Null: nothing is journalled.
    void setJournal(Journal* journal) { m_journal = journal; }
    bool isObserved() const { return m_memory && m_memory->observer(); }
    bool journals() const { return m_journal != nullptr; }

    bool contains(uint32_t address, uint64_t length) const {
        return m_memory && m_memory->contains(address, length);
    }

    /// `length` bytes that the host is about to use, journalled; null if they are out of bounds.
    const uint8_t* read(uint32_t address, uint64_t length) {
        if (!contains(address, length)) return nullptr;
        const uint8_t* bytes = m_memory->base() + address;
        if (auto* observer = m_memory->observer()) observer->reads(*m_memory, address, length);
        if (m_journal) m_journal->add(address, false, bytes, length);
        return bytes;
    }
    /// The same without being journalled: to look at, not to use.
    const uint8_t* peek(uint32_t address, uint64_t length) const {
        return contains(address, length) ? m_memory->base() + address : nullptr;
    }
    /// Room that the host may fill; null if out of bounds. What was filled must be told by wrote().
    uint8_t* writable(uint32_t address, uint64_t length) {
        if (!contains(address, length)) return nullptr;
        if (auto* observer = m_memory->observer()) observer->mayWrite(*m_memory, address, length);
        return m_memory->base() + address;
    }
    [[gnu::always_inline]] void wrote(uint32_t address, uint64_t length) {
        if (auto* observer = m_memory->observer()) observer->wrote(*m_memory, address, length);
        if (m_journal) m_journal->add(address, true, m_memory->base() + address, length);
    }
    /// A byte that wrote() told of has been changed since.
    void changed(uint32_t address) {
        if (m_journal) m_journal->patch(address, m_memory->base()[address]);
    }
    bool write(uint32_t address, const void* bytes, uint64_t length) {
        uint8_t* room = writable(address, length);
        if (!room) return false;
        if (length) std::memcpy(room, bytes, length);
        wrote(address, length);
        return true;
    }

private:
    engine::LinearMemory* m_memory = nullptr;
    Journal* m_journal = nullptr;
};

}  // namespace wasi
