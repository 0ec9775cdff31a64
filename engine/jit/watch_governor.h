// WatchGovernor: whether machine code is worth entering while memory is watched. A page that holds watched bytes and is used much makes
// machine code fault again and again, and each fault costs as much as thousands of instructions; the interpreter then gets further. Which
// of the two does is measured in ticks, which both count alike. Owned by the Jit.
#pragma once

#include <cstdint>

namespace engine::jit {

class WatchGovernor {
public:
    /// How far the program is, and when.
    struct Progress {
        uint64_t tick = 0, ns = 0;
    };
    static constexpr uint32_t kFaults = 64;                 // that are looked at together
    static constexpr uint64_t kRareNs = kFaults * 100'000;  // so rare that they do not matter
    static constexpr uint64_t kProbeNs = 2'000'000, kFirstStayNs = 20'000'000, kLongestStayNs = 1'000'000'000;
    static constexpr uint32_t kCalls = 256;  // between two looks at the clock

    /// Other memory is watched now.
    void reset() { *this = {}; }
    /// Before machine code is entered. `progress` is asked for a Progress now and then.
    template <class Ask>
    bool mayEnter(const Ask& progress) {
        if (m_mode != Mode::Native && --m_calls == 0) lookAtInterpreter(progress());
        return m_mode == Mode::Native;
    }
    /// Machine code is entered, and had to leave before because of what is watched.
    template <class Ask>
    void entersAgain(const Ask& progress) {
        if (++m_faults == kFaults) lookAtFaults(progress());
    }

private:
    /// Probing: for a while interpreted, to compare. Interpreted: that was faster.
    enum class Mode : uint8_t { Native, Probing, Interpreted };
    void lookAtFaults(Progress now);
    void lookAtInterpreter(Progress now);
    void begin(Mode mode, Progress now, uint64_t forNs);

    Mode m_mode = Mode::Native;
    bool m_hasBegun = false;
    uint32_t m_faults = 0, m_calls = 0;
    Progress m_since;
    uint64_t m_untilNs = 0;  // Native: until then nothing is judged
    uint64_t m_stayNs = kFirstStayNs;
    double m_nativeRate = 0;  // ticks per nanosecond
};

}  // namespace engine::jit
