#include "engine/jit/watch_governor.h"

#include <algorithm>

namespace engine::jit {

namespace {

double rate(WatchGovernor::Progress from, WatchGovernor::Progress to) {
    return static_cast<double>(to.tick - from.tick) /
           static_cast<double>(std::max<uint64_t>(to.ns - from.ns, 1));
}

}  // namespace

void WatchGovernor::begin(Mode mode, Progress now, uint64_t forNs) {
    m_mode = mode;
    m_hasBegun = true;
    m_since = now;
    m_untilNs = now.ns + forNs;
    m_faults = 0;
    m_calls = kCalls;
}

void WatchGovernor::lookAtFaults(Progress now) {
    if (!m_hasBegun || now.ns < m_untilNs || now.ns - m_since.ns > kRareNs)
        return begin(Mode::Native, now, m_untilNs > now.ns ? m_untilNs - now.ns : 0);
    m_nativeRate = rate(m_since, now);
    begin(Mode::Probing, now, kProbeNs);
}

void WatchGovernor::lookAtInterpreter(Progress now) {
    m_calls = kCalls;
    if (now.ns < m_untilNs) return;
    // After a while interpreted, machine code gets another chance: the program may be elsewhere.
    if (m_mode == Mode::Interpreted) return begin(Mode::Native, now, 0);
    begin(rate(m_since, now) > m_nativeRate ? Mode::Interpreted : Mode::Native, now, m_stayNs);
    m_stayNs = std::min(m_stayNs * 2, kLongestStayNs);
}

}  // namespace engine::jit
