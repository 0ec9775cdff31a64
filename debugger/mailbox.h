// Mailbox: how other threads reach a session's thread: a queue of jobs, and the means to get the guest to a safepoint soon. Owned by
// the session and its transport together.
//
//   front end's thread                 ticker thread (60 Hz, only while a guest runs)        session thread
//   ──────────────────                 ──────────────────────────────────────────────        ──────────────
//   send(request)                                                                            Machine::run()
//     post(job) ─► queue                 log or output grew, or the guest began or             │
//       └─ requestYield(), wake() ──────  ended to wait: tick pending ─ requestYield() ─────►  returns Yielded or
//                                                                                              HostInterrupted
//                                                                                            take() ─► handle, reply ─┐
//     reply, events  ◄─────────────── (no lock held) ────────────────────────────────────────── emit ◄────────────────┘
//                                                                                            Machine::run() …
//
// m_queueMutex guards the queue; m_guestMutex guards the pointers to the running guest, so that it is never destroyed while another
// thread wakes it. Neither is ever held during a callback, and they are never held together.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "engine/machine.h"
#include "wasi/host.h"

namespace debugger {

class Mailbox {
public:
    using Clock = std::chrono::steady_clock;
    /// Told whether the session is closing: then it only refuses its request.
    using Job = std::function<void(bool closing)>;

    Mailbox();
    ~Mailbox();
    Mailbox(const Mailbox&) = delete;

    // Any thread.
    /// Queues a job and gets a running guest to a safepoint. False if the session is closing: the job was not taken.
    bool post(Job job);
    /// Gets a running guest to a safepoint.
    void wakeGuest();
    /// Long work on what was posted until now should give up; what is posted later is not meant.
    void interrupt();
    /// The session is to end: nothing more is taken, the guest is stopped.
    void close();
    bool closing() const { return m_closing.load(std::memory_order_acquire); }

    // Session thread.
    /// Jobs in order of arrival; empty if there are none.
    std::deque<Job> take();
    /// The next of the jobs taken begins; and whether somebody wants it to give up.
    void beginJob() { m_begun++; }
    bool interrupted() const {
        return closing() || m_begun <= m_interruptedUpTo.load(std::memory_order_acquire);
    }
    bool hasMail() const { return m_hasMail.load(std::memory_order_acquire) || closing(); }
    /// Waits for a job, close(), or the time limit.
    void wait(std::chrono::milliseconds limit);
    /// The guest that runs now; null before it is destroyed.
    void setGuest(engine::Machine* machine, wasi::WasiHost* host);
    /// While true, the ticker looks after the guest; a tick is due at the deadline at the latest.
    void setRunning(bool running, std::optional<Clock::time_point> deadline = {});

    /// What the ticker saw, cleared by reading: something to report, and whether the guest waits (and for what).
    struct Tick {
        bool due = false;
        std::string waitingFor;
    };
    Tick takeTick();
    /// What the guest waits for is to be told anew.
    void forgetWaiting();
    /// The ticker is to give one within its period.
    void wantTick() { m_tickWanted.store(true, std::memory_order_release); }
    bool tickDue() const { return m_tickDue.load(std::memory_order_acquire); }

private:
    void tickerLoop();
    std::chrono::milliseconds tick();

    mutable std::mutex m_queueMutex;
    std::condition_variable m_queueChanged;
    std::deque<Job> m_queue;
    uint64_t m_posted = 0;                       // jobs so far; guarded by m_queueMutex
    uint64_t m_begun = 0;                        // jobs so far; session thread only
    std::atomic<uint64_t> m_interruptedUpTo{0};  // number of the last job that is to give up
    std::atomic<bool> m_hasMail{false}, m_closing{false}, m_tickDue{false}, m_tickWanted{false};

    std::mutex m_guestMutex;
    engine::Machine* m_machine = nullptr;
    wasi::WasiHost* m_host = nullptr;
    std::string m_waitingFor;  // as last told to the session
    int m_notWaitingTicks =
        0;  // a waiting call that was interrupted by a job is made again at once: not the end of waiting
    uint64_t m_calls = 0, m_output = 0;
    std::optional<Clock::time_point> m_deadline;

    std::mutex m_tickerMutex;
    std::condition_variable m_tickerChanged;
    bool m_running = false, m_tickerEnds = false;
    std::thread m_ticker;
};

}  // namespace debugger
