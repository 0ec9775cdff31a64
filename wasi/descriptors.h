// DescriptorTable: the guest's open files by number. Owns them: what is dropped is closed on the host too. Session thread only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "wasi/ledger.h"
#include "wasi/world.h"

namespace wasi {

struct Descriptor {
    std::unique_ptr<File> file;
    Rights base = Rights::None;        // what this descriptor may do
    Rights inheriting = Rights::None;  // … and at most those opened through it
    Fdflags flags = Fdflags::None;
    std::string guestPath;
    bool isPreopen = false;
    bool isCatchAll = false;  // the root of what is not granted, see WasiHost::showDenied()
    bool isRevoked = false;
    GrantIndex grant = kNoGrant;  // that it comes from
    bool isOutput = false;        // stdout or stderr: counts for the output budget
    uint32_t subject = 0;         // guestPath, interned in the log
    uint64_t bytesRead = 0, bytesWritten = 0;
    uint64_t openedBySequence = ~uint64_t{0};
    std::vector<DirectoryEntry>
        listing;  // of the directory when it was last read from the start; cookies index it
};

class DescriptorTable {
public:
    void setLimit(uint64_t maxOpen) { m_limit = maxOpen; }
    uint64_t limit() const { return m_limit; }
    bool isFull() const { return m_limit != 0 && m_open >= m_limit; }
    Descriptor* find(Fd fd) const { return fd < m_entries.size() ? m_entries[fd].get() : nullptr; }
    /// At the lowest free number. The caller has looked at isFull().
    Fd insert(Descriptor descriptor);
    void close(Fd fd);
    /// `to`, which is open, becomes what `from` is; `from` is then free.
    void renumber(Fd from, Fd to);
    const std::vector<std::unique_ptr<Descriptor>>& entries() const { return m_entries; }

private:
    std::vector<std::unique_ptr<Descriptor>> m_entries;
    size_t m_firstFree = 0;  // nothing is free below it
    uint64_t m_open = 0;
    uint64_t m_limit = 0;
};

}  // namespace wasi
