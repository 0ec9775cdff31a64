#include <time.h>

#include <algorithm>
#include <array>
#include <limits>

#include "wasi/world.h"
#include "wasi/world/host_errno.h"

namespace wasi {

namespace {

std::optional<clockid_t> toHost(Clockid id) {
    switch (id) {
    case Clockid::Realtime: return CLOCK_REALTIME;
    case Clockid::Monotonic: return CLOCK_MONOTONIC;
    case Clockid::ProcessCputime: return CLOCK_PROCESS_CPUTIME_ID;
    case Clockid::ThreadCputime: return CLOCK_THREAD_CPUTIME_ID;
    }
    return std::nullopt;
}

uint64_t ns(const timespec& t) {
    return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(t.tv_nsec);
}

class RealClock : public Clock {
public:
    OrErrno<uint64_t> now(Clockid id) override { return ask(id, clock_gettime); }
    OrErrno<uint64_t> resolution(Clockid id) override { return ask(id, clock_getres); }

private:
    static OrErrno<uint64_t> ask(Clockid id, int (*question)(clockid_t, timespec*)) {
        const auto host = toHost(id);
        timespec t{};
        if (!host) return Errno::Inval;
        if (question(*host, &t) != 0) return lastErrno();
        return ns(t);
    }
};

/// The host's clocks, but for what time of day it is.
class OffsetClock : public RealClock {
public:
    explicit OffsetClock(int64_t offsetNs) : m_offsetNs(offsetNs) {}
    OrErrno<uint64_t> now(Clockid id) override {
        const auto real = RealClock::now(id);
        if (!real || id != Clockid::Realtime) return real;
        int64_t moved = 0;
        if (__builtin_add_overflow(static_cast<int64_t>(*real), m_offsetNs, &moved))
            moved = std::numeric_limits<int64_t>::max();  // it cannot fall below the least
        return static_cast<uint64_t>(std::max<int64_t>(moved, 0));
    }

private:
    int64_t m_offsetNs;
};

/// Time stands still but for one microsecond at each reading, and for what a guest sleeps: that passes at once. At its end it stops.
class FixedClock : public Clock {
public:
    explicit FixedClock(uint64_t start) : m_start(start), m_now(start) {}
    OrErrno<uint64_t> now(Clockid id) override {
        if (!toHost(id)) return Errno::Inval;
        const uint64_t now = m_now;
        skip(1000);
        // CPU time counts from the start of the program.
        return id == Clockid::Realtime || id == Clockid::Monotonic ? now : now - m_start;
    }
    OrErrno<uint64_t> resolution(Clockid id) override {
        if (!toHost(id)) return Errno::Inval;
        return uint64_t{1000};
    }
    uint64_t hostNs(uint64_t) const override { return 0; }
    void skip(uint64_t guestNs) override { m_now += std::min(guestNs, ~uint64_t{0} - m_now); }

private:
    uint64_t m_start, m_now;
};

/// The real clocks, running `scale` times as fast from the start of the session on.
class ScaledClock : public RealClock {
public:
    explicit ScaledClock(double scale) : m_scale(scale) {
        for (size_t i = 0; i < m_start.size(); i++)
            m_start[i] = *RealClock::now(static_cast<Clockid>(i));
    }
    OrErrno<uint64_t> now(Clockid id) override {
        const auto real = RealClock::now(id);
        if (!real) return real;
        const uint64_t start = m_start[static_cast<size_t>(id)];
        if (*real < start) return start;  // the host's clock was set back
        const double passed = static_cast<double>(*real - start) * m_scale;
        return start + static_cast<uint64_t>(std::min(passed, kMostNs - static_cast<double>(start)));
    }
    uint64_t hostNs(uint64_t guestNs) const override {
        // Never 0: this time has to be waited for.
        return static_cast<uint64_t>(std::clamp(static_cast<double>(guestNs) / m_scale, 1.0, kMostNs));
    }

private:
    static constexpr double kMostNs = 9e18;  // signed 64-bit nanoseconds, which guests make of it
    double m_scale;
    std::array<uint64_t, 4> m_start{};
};

}  // namespace

std::unique_ptr<Clock> makeClock(const ClockGrant& grant) {
    switch (grant.kind) {
    case ClockGrant::Kind::Fixed: return std::make_unique<FixedClock>(grant.fixedNs);
    case ClockGrant::Kind::Scaled: return std::make_unique<ScaledClock>(grant.scale > 0 ? grant.scale : 1.0);
    case ClockGrant::Kind::Offset: return std::make_unique<OffsetClock>(grant.offsetNs);
    case ClockGrant::Kind::Real: break;
    }
    return std::make_unique<RealClock>();
}

}  // namespace wasi
