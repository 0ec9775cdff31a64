#include "debugger/mailbox.h"

#include <algorithm>

namespace debugger {

namespace {
constexpr std::chrono::milliseconds kTick{16};
constexpr std::chrono::milliseconds kWaitingTick{50};  // the guest waits and nothing else happens
}  // namespace

Mailbox::Mailbox() : m_ticker([this] { tickerLoop(); }) {}

Mailbox::~Mailbox() {
    {
        std::lock_guard lock(m_tickerMutex);
        m_tickerEnds = true;
    }
    m_tickerChanged.notify_all();
    m_ticker.join();
}

bool Mailbox::post(Job job) {
    {
        std::lock_guard lock(m_queueMutex);
        if (m_closing) return false;
        m_queue.push_back(std::move(job));
        m_posted++;
        m_hasMail.store(true, std::memory_order_release);
    }
    m_queueChanged.notify_one();
    wakeGuest();
    return true;
}

void Mailbox::wakeGuest() {
    std::lock_guard lock(m_guestMutex);
    if (m_machine) m_machine->requestYield();
    if (m_host) m_host->wake();
}

void Mailbox::interrupt() {
    {
        std::lock_guard lock(m_queueMutex);
        m_interruptedUpTo.store(m_posted, std::memory_order_release);
    }
    wakeGuest();
}

void Mailbox::close() {
    {
        std::lock_guard lock(m_queueMutex);
        m_closing.store(true, std::memory_order_release);
    }
    m_queueChanged.notify_one();
    wakeGuest();
}

std::deque<Mailbox::Job> Mailbox::take() {
    std::lock_guard lock(m_queueMutex);
    m_hasMail.store(false, std::memory_order_release);
    return std::exchange(m_queue, {});
}

void Mailbox::wait(std::chrono::milliseconds limit) {
    std::unique_lock lock(m_queueMutex);
    m_queueChanged.wait_for(lock, limit, [this] { return !m_queue.empty() || m_closing; });
}

void Mailbox::setGuest(engine::Machine* machine, wasi::WasiHost* host) {
    std::lock_guard lock(m_guestMutex);
    m_machine = machine;
    m_host = host;
    m_waitingFor.clear();
    m_notWaitingTicks = 0;
    m_calls = m_output = 0;
}

void Mailbox::setRunning(bool running, std::optional<Clock::time_point> deadline) {
    {
        std::lock_guard lock(m_guestMutex);
        m_deadline = running ? deadline : std::nullopt;
    }
    {
        std::lock_guard lock(m_tickerMutex);
        m_running = running;
    }
    if (running) {
        m_tickerChanged.notify_all();
        return;
    }
    std::lock_guard lock(m_guestMutex);
    m_waitingFor.clear();
    m_tickDue = false;
}

Mailbox::Tick Mailbox::takeTick() {
    std::lock_guard lock(m_guestMutex);
    return {m_tickDue.exchange(false), m_waitingFor};
}

void Mailbox::forgetWaiting() {
    std::lock_guard lock(m_guestMutex);
    m_waitingFor.clear();
}

void Mailbox::tickerLoop() {
    std::unique_lock lock(m_tickerMutex);
    std::chrono::milliseconds pause = kTick;
    while (!m_tickerEnds) {
        m_tickerChanged.wait(lock, [this] { return m_running || m_tickerEnds; });
        m_tickerChanged.wait_for(lock, pause, [this] { return m_tickerEnds; });
        if (m_tickerEnds || !m_running) continue;
        lock.unlock();
        pause = tick();
        lock.lock();
    }
}

std::chrono::milliseconds Mailbox::tick() {
    std::lock_guard lock(m_guestMutex);
    if (!m_machine || !m_host) return kTick;
    const uint64_t calls = m_host->log().count();
    const uint64_t output = m_host->output().end();
    bool due = calls != m_calls || output != m_output || m_tickWanted.exchange(false);
    m_calls = calls;
    m_output = output;

    std::string waiting = m_host->waitingFor();
    m_notWaitingTicks = waiting.empty() ? m_notWaitingTicks + 1 : 0;
    const bool waitChanged =
        waiting.empty() ? !m_waitingFor.empty() && m_notWaitingTicks >= 2 : waiting != m_waitingFor;
    if (waitChanged) {
        m_waitingFor = std::move(waiting);
        due = true;
    }
    const bool late = m_deadline && Clock::now() >= *m_deadline;
    if (late) m_deadline.reset();
    if (due || late) {
        m_tickDue.store(true, std::memory_order_release);
        m_machine->requestYield();
        if (!m_waitingFor.empty() || late) m_host->wake();
    }
    return due || m_waitingFor.empty() ? kTick : kWaitingTick;
}

}  // namespace debugger
