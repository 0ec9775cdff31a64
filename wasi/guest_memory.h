// GuestMemory: the only door from a host function to linear memory. Checks bounds, and tells the journal of the call, and who watches the
// memory, every byte that the host read or wrote. One per host, used by the session thread. With the journal off, an access costs a comparison.
#pragma once

#include <cstdint>
#include <cstring>

#include "engine/store.h"
#include "wasi/journal.h"
#include "wasi/types.h"

namespace wasi {

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
