#include "engine/wait_queue.h"

namespace engine {

void WaitQueue::leave(Wait& wait) {
    std::erase(m_waits, &wait);
    wait.ip = nullptr;
}

uint32_t WaitQueue::notify(const LinearMemory* memory, uint64_t address, uint32_t count) {
    uint32_t woken = 0;
    std::erase_if(m_waits, [&](Wait* wait) {
        if (woken == count || wait->memory != memory || wait->address != address) return false;
        ++woken;
        return wait->notified = true;
    });
    return woken;
}

}  // namespace engine
