// WatchGovernor: whether the pages that hold watched bytes are hot. Machine code that runs while they are protected faults at each use of
// them, and a fault takes as long as thousands of instructions. Owned by the Jit.
#pragma once

#include <cstdint>

namespace engine::jit {

class WatchGovernor {
public:
    static constexpr uint32_t kFaults = 64;                 // that are looked at together
    static constexpr uint64_t kRareNs = kFaults * 100'000;  // so rare that they do not matter

    /// Other memory is watched now.
    void reset() { *this = {}; }
    /// Machine code had to leave because of what is watched. `nowNs` is asked for the time now and then.
    template <class Ask>
    bool isHot(const Ask& nowNs) {
        if (++m_faults < kFaults) return false;
        const uint64_t now = nowNs(), since = m_sinceNs;
        m_faults = 0;
        m_sinceNs = now;
        return since != 0 && now - since < kRareNs;
    }

private:
    uint32_t m_faults = 0;
    uint64_t m_sinceNs = 0;  // when the last lot was full
};

}  // namespace engine::jit
