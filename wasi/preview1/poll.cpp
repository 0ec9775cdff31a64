#include <algorithm>

#include "wasi/abi.h"
#include "wasi/preview1/preview1.h"
#include "wasi/preview1/rights.h"

namespace wasi {

namespace {

/// Told of what can be written to: a pipe takes so much without blocking.
constexpr uint64_t kWritableBytes = 4096;

/// One subscription on its way to an event.
struct Watched {
    const Subscription* subscription = nullptr;
    const Descriptor* descriptor = nullptr;  // of an fd that has to be waited for
    std::optional<uint64_t> deadline;        // of a clock
    std::optional<Event> event;              // it has occurred
};

Clockid clockOf(const Watched& w) { return std::get<0>(w.subscription->u.content).id; }

Event eventOf(const Subscription& subscription, Errno error) {
    Event event;
    event.userdata = subscription.userdata;
    event.error = error;
    event.type = static_cast<Eventtype>(subscription.u.content.index());
    return event;
}

std::string seconds(uint64_t ns) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3g s", static_cast<double>(ns) / 1e9);
    return text;
}

}  // namespace

/// Of a call that can be answered in `out`.
template <class S>
Errno Preview1::readSubscriptions(Pointer<S> in, uint32_t out, Size count, std::vector<S>& all) {
    if (count == 0) return Errno::Inval;
    const uint8_t* bytes = m_call.memory.read(in.address, uint64_t{count} * Abi<S>::size());
    if (!bytes || !m_call.memory.contains(out, uint64_t{count} * Abi<Event>::size())) return Errno::Fault;
    if (count > kMaxSubscriptions) {
        m_call.detail = "more than " + decimal(kMaxSubscriptions) + " subscriptions";
        return Errno::Inval;
    }
    all.resize(count);
    for (size_t i = 0; i < all.size(); i++)
        if (!Abi<S>::load(bytes + i * Abi<S>::size(), all[i])) return Errno::Inval;
    return Errno::Success;
}

Answer Preview1::poll_oneoff(Pointer<Subscription> in, Pointer<Event> out, Size nsubscriptions,
                             Size& nevents) {
    std::vector<Subscription> subscriptions;
    const Errno error = readSubscriptions(in, out.address, nsubscriptions, subscriptions);
    return error == Errno::Success ? pollOneoff(std::move(subscriptions), out.address, nevents) : error;
}

Answer Unstable::poll_oneoff(Pointer<unstable::Subscription> in, Pointer<Event> out, Size nsubscriptions,
                             Size& nevents) {
    std::vector<unstable::Subscription> before;
    const Errno error = readSubscriptions(in, out.address, nsubscriptions, before);
    if (error != Errno::Success) return error;
    std::vector<Subscription> subscriptions(before.size());
    for (size_t i = 0; i < before.size(); i++) {
        const auto& content = before[i].u.content;
        auto& now = subscriptions[i];
        now.userdata = before[i].userdata;
        if (const auto* clock = std::get_if<0>(&content))
            now.u.content.emplace<0>(
                SubscriptionClock{clock->id, clock->timeout, clock->precision, clock->flags});
        else if (const auto* reading = std::get_if<1>(&content))
            now.u.content.emplace<1>(*reading);
        else
            now.u.content.emplace<2>(std::get<2>(content));
    }
    return pollOneoff(std::move(subscriptions), out.address, nevents);
}

Answer Preview1::pollOneoff(std::vector<Subscription> subscriptions, uint32_t out, Size& nevents) {
    Clock& clock = *m_state.clock;
    std::vector<Watched> watched(subscriptions.size());
    // Relative times count from when the call was first made, also if it was interrupted since. All clocks of a call are read anew, so
    // what is kept is how much of the monotonic clock had passed: the moment of the first try.
    const auto now = clock.now(Clockid::Monotonic);
    if (!now) return now.error();
    if (!m_call.wait.deadline) m_call.wait.deadline = *now;
    const uint64_t passed = *now - std::min(*m_call.wait.deadline, *now);

    for (size_t i = 0; i < subscriptions.size(); i++) {
        auto& w = watched[i];
        w.subscription = &subscriptions[i];
        const auto& content = subscriptions[i].u.content;
        if (const auto* timer = std::get_if<0>(&content)) {
            m_call.use.add(kClock);
            const auto time = clock.now(timer->id);
            if (!time) {
                w.event = eventOf(subscriptions[i], time.error());
            } else if (timer->id == Clockid::ProcessCputime || timer->id == Clockid::ThreadCputime) {
                w.event = eventOf(subscriptions[i], Errno::Notsup);  // it stands still while one waits
            } else if (has(timer->flags, Subclockflags::SubscriptionClockAbstime)) {
                w.deadline = timer->timeout;
            } else {
                const uint64_t left = timer->timeout - std::min<uint64_t>(timer->timeout, passed);
                w.deadline = *time > ~uint64_t{0} - left ? ~uint64_t{0} : *time + left;
            }
            continue;
        }
        const bool isRead = content.index() == 1;
        const Fd fd = isRead ? std::get<1>(content).file_descriptor : std::get<2>(content).file_descriptor;
        const auto d = open(fd, Rights::PollFdReadwrite);
        if (!d) {
            w.event = eventOf(subscriptions[i], d.error());
        } else if (!has((*d)->base, isRead ? Rights::FdRead : Rights::FdWrite) &&
                   (*d)->file->type() != Filetype::Directory) {
            w.event = eventOf(subscriptions[i], Errno::Notcapable);
        } else if ((*d)->file->readiness().hostFd < 0) {
            w.event = eventOf(subscriptions[i], Errno::Success);
            w.event->fd_readwrite.nbytes = isRead ? (*d)->file->available() : kWritableBytes;
        } else {
            w.descriptor = *d;
        }
    }

    // Rounds of waiting, until something occurred.
    std::vector<pollfd> what;
    for (const auto& w : watched)
        if (w.descriptor)
            what.push_back({w.descriptor->file->readiness().hostFd,
                            static_cast<short>(w.subscription->u.content.index() == 1 ? POLLIN : POLLOUT),
                            0});
    const auto anyOccurred = [&] {
        return std::any_of(watched.begin(), watched.end(), [](const auto& w) { return w.event.has_value(); });
    };
    for (bool firstRound = true;; firstRound = false) {
        std::optional<uint64_t> nearest;  // in time of the guest, from now
        for (auto& w : watched) {
            if (!w.deadline || w.event) continue;
            const auto time = clock.now(clockOf(w));
            if (!time || *time >= *w.deadline) {
                w.event = eventOf(*w.subscription, time.error());
            } else if (!nearest || *w.deadline - *time < *nearest) {
                nearest = *w.deadline - *time;
            }
        }
        const bool isDone = anyOccurred();
        if (isDone && !firstRound) break;
        std::optional<uint64_t> timeout;
        if (nearest) timeout = clock.hostNs(*nearest);
        if (isDone) timeout = 0;
        if (!firstRound && m_call.yieldRequested()) return Answer::interrupted();
        if (timeout == uint64_t{0}) {
            // Nothing to wait for: descriptors are only looked at.
            constexpr timespec kNow{};
            if (!what.empty()) (void)pollEach(what, &kNow);
        } else {
            // Not longer than a second at once: a clock may be set meanwhile.
            if (nearest) timeout = std::min(*timeout, uint64_t{1'000'000'000});
            std::string text = "poll_oneoff:";
            if (nearest) text += " clock for " + seconds(*nearest);
            for (const auto& w : watched)
                if (w.descriptor) text += (text.back() == ':' ? " " : ", ") + w.descriptor->guestPath;
            if (!wait(what, timeout, text)) return Answer::interrupted();
        }
        size_t at = 0;
        for (auto& w : watched) {
            if (!w.descriptor) continue;
            const short revents = what[at++].revents;
            if (revents == 0 || w.event) continue;
            w.event = eventOf(*w.subscription, Errno::Success);
            w.event->fd_readwrite.nbytes =
                w.event->type == Eventtype::FdRead ? w.descriptor->file->available() : kWritableBytes;
            if (w.descriptor->file->readiness().isSocketLike && (revents & POLLHUP))
                w.event->fd_readwrite.flags = Eventrwflags::FdReadwriteHangup;
        }
        if (anyOccurred()) break;
        // A clock that need not be waited for: the time passes now.
        if (nearest && clock.hostNs(*nearest) == 0) clock.skip(*nearest);
    }

    uint32_t count = 0;
    for (const auto& w : watched) {
        if (!w.event) continue;
        uint8_t bytes[64];
        Abi<Event>::store(bytes, *w.event);
        std::memcpy(m_call.memory.writable(out + count * static_cast<uint32_t>(Abi<Event>::size()),
                                           Abi<Event>::size()),
                    bytes, Abi<Event>::size());
        count++;
    }
    m_call.memory.wrote(out, uint64_t{count} * Abi<Event>::size());
    nevents = count;
    return Errno::Success;
}

}  // namespace wasi
