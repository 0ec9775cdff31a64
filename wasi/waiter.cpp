#include "wasi/waiter.h"

#include <sys/eventfd.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <unordered_map>
#include <vector>

#include "engine/base/check.h"

namespace wasi {

int pollEach(std::span<pollfd> what, const timespec* timeout) {
    std::vector<pollfd> distinct;
    std::unordered_map<int, size_t> places;
    for (const pollfd& one : what) {
        const auto [place, isNew] = places.try_emplace(one.fd, distinct.size());
        if (isNew) distinct.push_back({one.fd, 0, 0});
        distinct[place->second].events |= one.events;
    }
    const int ready = ppoll(distinct.data(), distinct.size(), timeout, nullptr);
    for (pollfd& one : what) {
        const short revents = ready > 0 ? distinct[places[one.fd]].revents : short{0};
        one.revents = static_cast<short>(revents & (one.events | POLLERR | POLLHUP | POLLNVAL));
    }
    return ready;
}

Waiter::Waiter() : m_event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { CHECK(m_event); }

void Waiter::wake() {
    const uint64_t one = 1;
    (void)!::write(m_event.get(), &one, sizeof one);
}

void Waiter::forget() {
    uint64_t count = 0;
    (void)!::read(m_event.get(), &count, sizeof count);
}

std::string Waiter::waitingFor() const {
    const std::lock_guard lock(m_mutex);
    return m_text;
}

Waiter::Woken Waiter::wait(std::span<pollfd> what, std::optional<uint64_t> timeoutNs,
                           const std::string& text) {
    {
        const std::lock_guard lock(m_mutex);
        m_text = text;
    }
    std::vector<pollfd> all(what.begin(), what.end());
    all.push_back({m_event.get(), POLLIN, 0});
    timespec timeout{};
    if (timeoutNs) {
        timeout.tv_sec = static_cast<time_t>(std::min<uint64_t>(*timeoutNs / 1'000'000'000, 1u << 30));
        timeout.tv_nsec = static_cast<long>(*timeoutNs % 1'000'000'000);
    }
    const int ready = pollEach(all, timeoutNs ? &timeout : nullptr);
    const bool signalled = ready < 0 && errno == EINTR;
    const bool woken = ready > 0 && all.back().revents != 0;
    if (woken) forget();
    std::copy(all.begin(), all.end() - 1, what.begin());
    {
        const std::lock_guard lock(m_mutex);
        m_text.clear();
    }
    if (woken) return Woken::Interrupted;
    return ready > 0 || signalled ? Woken::Ready : Woken::TimedOut;
}

}  // namespace wasi
