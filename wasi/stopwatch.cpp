#include "wasi/stopwatch.h"

#include <time.h>

#include <fstream>
#include <string>

namespace wasi {

namespace {

constexpr int64_t kLeastNs = 1'000'000;  // between two readings that say how long a tick is
constexpr int64_t kSpanNs = 10'000'000;  // between settings
constexpr uint64_t kTogether = 20'000;   // ticks between two readings of the counter around one of the clock
constexpr double kSlowest = 1e8, kFastest = 1.6e10;  // ticks a second

int64_t kernelNs() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

bool kernelUsesTicks() {
#if defined(__x86_64__)
    std::string source;
    std::ifstream("/sys/devices/system/clocksource/clocksource0/current_clocksource") >> source;
    return source == "tsc";
#else
    return false;
#endif
}

}  // namespace

Stopwatch::Stopwatch() : m_usesTicks(kernelUsesTicks()), m_launchNs(kernelNs()) {}

/// The kernel's time; from time to time also how long a tick is.
int64_t Stopwatch::ask() {
    const uint64_t before = ticks();
    const int64_t now = kernelNs() - m_launchNs;
    const uint64_t after = ticks();
    m_span = 0;  // asked again, if this is no good
    // Not where another thread ran between the readings, nor where the counter is none.
    const bool isClose = m_usesTicks && after - before < kTogether;
    if (isClose && (!m_isSet || now - m_ns >= kLeastNs)) {
        const double frequency =
            static_cast<double>(before - m_ticks) / (static_cast<double>(now - m_ns) / 1e9);
        if (m_isSet && frequency > kSlowest && frequency < kFastest) {
            m_nsPerTick = static_cast<uint64_t>(1e9 / frequency * (uint64_t{1} << kShift));
            m_span = static_cast<uint64_t>(frequency * (static_cast<double>(kSpanNs) / 1e9));
        }
        m_isSet = true;
        m_ticks = before;
        m_ns = now;
    }
    return m_last = now > m_last ? now : m_last;
}

}  // namespace wasi
