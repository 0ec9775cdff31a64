// Stopwatch: nanoseconds since it was made, for the times of the log. Where the kernel itself keeps its time by the processor's time stamp
// counter, that is read, which costs a third of asking the kernel; it is set right by the kernel's clock every 10 ms, and never goes back.
// Owned by the gate; session thread only.
#pragma once

#include <cstdint>

namespace wasi {

class Stopwatch {
public:
    Stopwatch();
    int64_t nowNs() {
        const uint64_t passed = ticks() - m_ticks;
        if (passed >= m_span) return ask();
        // Below 2^64: a span is some 10 ms, and a tick at least a sixteenth of a nanosecond.
        const int64_t now = m_ns + static_cast<int64_t>(passed * m_nsPerTick >> kShift);
        return m_last = now > m_last ? now : m_last;
    }

private:
    static constexpr int kShift = 32;
    static uint64_t ticks() {
#if defined(__x86_64__)
        return __builtin_ia32_rdtsc();
#else
        return 0;
#endif
    }
    int64_t ask();

    bool m_usesTicks = false, m_isSet = false;
    int64_t m_launchNs = 0;
    int64_t m_last = 0;        // that was told
    uint64_t m_ticks = 0;      // when it was last set right …
    int64_t m_ns = 0;          // … and what time that was
    uint64_t m_span = 0;       // ticks until it is to be set right again; 0 = the kernel is always asked
    uint64_t m_nsPerTick = 0;  // << kShift
};

}  // namespace wasi
