// Waiter: the one place where a host call waits: on descriptors of the host, a deadline, and the session's wake-up. Owned by the host;
// wait() on the session thread, wake() and waitingFor() on any.
#pragma once

#include <poll.h>
#include <time.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "wasi/world/unique_fd.h"

namespace wasi {

/// ppoll(2) that asks for each descriptor once, however often it stands in `what`: the kernel refuses more entries than a process may have
/// descriptors. Number of ready descriptors, or -1 with errno.
int pollEach(std::span<pollfd> what, const timespec* timeout);

class Waiter {
public:
    Waiter();
    enum class Woken : uint8_t { Ready, TimedOut, Interrupted };
    /// Until one of `what` may be ready (its revents are set), `timeoutNs` of the host's time have passed, or wake() is called. May be
    /// Ready without cause: look again.
    Woken wait(std::span<pollfd> what, std::optional<uint64_t> timeoutNs, const std::string& text);
    /// A wait that goes on now ends as Interrupted, or the next one if `forget()` was not called before it.
    void wake();
    /// Forgets a wake() that came while nobody waited.
    void forget();
    std::string waitingFor() const;

private:
    UniqueFd m_event;
    mutable std::mutex m_mutex;
    std::string m_text;
};

}  // namespace wasi
