// MemoryView: reads, writes and searches the guest's linear memories for front ends, and tells which bytes of a window changed since the last
// stop. Keeps copies of the windows that were read last. Owned by the session.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "debugger/debuggee.h"
#include "debugger/protocol.h"

namespace debugger {

class MemoryView {
public:
    void attach(Debuggee* debuggee);
    void newRun() { m_windows.clear(); }

    std::vector<MemoryInfo> memories() const;
    engine::Result<MemoryBytes> read(const ReadMemory& request, Generation generation);
    engine::Result<> write(const WriteMemory& request);
    engine::Result<std::optional<uint64_t>> find(const FindInMemory& request) const;

private:
    struct Window {
        Generation generation = 0;
        uint32_t memory = 0;
        uint64_t address = 0;
        std::string bytes;
    };
    engine::Result<engine::LinearMemory*> memory(uint32_t index) const;
    void markChanges(MemoryBytes& answer, uint32_t memory, Generation generation) const;

    Debuggee* m_debuggee = nullptr;
    std::deque<Window> m_windows;  // newest first
};

}  // namespace debugger
