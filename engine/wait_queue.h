// WaitQueue: the threads that are in memory.atomic.wait, in the order they came (threads proposal). One per store, used by its thread
// only: the machines of a store take turns.
#pragma once

#include <cstdint>
#include <vector>

namespace engine {

class LinearMemory;
struct Insn;

/// One thread's wait. Lives in its Execution, and stays queued while the machine is stopped in the wait: a notify then still counts.
struct Wait {
    const Insn* ip = nullptr;  // the wait instruction; null: none goes on
    uint32_t depth = 0;
    const LinearMemory* memory = nullptr;
    uint64_t address = 0;
    uint64_t deadlineNs = 0;  // of nowNs(); ~0 = never
    bool notified = false;
};

class WaitQueue {
public:
    void enter(Wait& wait) { m_waits.push_back(&wait); }
    /// Takes the wait out if it is queued, and ends it.
    void leave(Wait& wait);
    /// Wakes the `count` oldest waits at the address; how many there were.
    uint32_t notify(const LinearMemory* memory, uint64_t address, uint32_t count);

private:
    std::vector<Wait*> m_waits;
};

}  // namespace engine
