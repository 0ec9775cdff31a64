#include "app/wscope/runner.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <thread>

#include "app/wscope/end_signals.h"
#include "app/wscope/options.h"
#include "debugger/frames.h"
#include "wasi/grant_warnings.h"

namespace wscope {

using Clock = std::chrono::steady_clock;
using engine::StopKind;

namespace {

/// Wakes the guest at each period, at a deadline and after a signal, from a thread of its own; there is none if neither period nor deadline
/// is wanted.
class Alarm {
public:
    Alarm(debugger::Debuggee& debuggee, bool periodic, uint64_t timeoutMs) : m_debuggee(debuggee) {
        if (timeoutMs > 0)
            m_deadline = Clock::now() + std::chrono::milliseconds(timeoutMs);
        else if (!periodic)
            return;
        m_thread = std::thread([this, periodic] { loop(periodic); });
    }
    ~Alarm() {
        {
            std::lock_guard lock(m_mutex);
            m_ends = true;
        }
        m_changed.notify_all();
        if (m_thread.joinable()) m_thread.join();
    }
    bool isLate() const { return m_deadline && Clock::now() >= *m_deadline; }

private:
    void loop(bool periodic) {
        std::unique_lock lock(m_mutex);
        while (!m_ends) {
            auto next = periodic ? Clock::now() + std::chrono::milliseconds(50) : *m_deadline;
            if (m_deadline) next = std::min(next, *m_deadline);
            m_changed.wait_until(lock, next, [this] { return m_ends; });
            if (m_ends) break;
            m_debuggee.machine().requestYield();
            const int signal = EndSignals::caught();
            if (!isLate() && signal == 0) continue;
            // Where nothing can wake it: in our own output, or in a disk of the host.
            if (EndSignals::isStuck()) EndSignals::dieOf(signal);
            m_debuggee.host().wake();
            m_changed.wait_for(lock, std::chrono::milliseconds(20), [this] { return m_ends; });
        }
    }

    debugger::Debuggee& m_debuggee;
    std::optional<Clock::time_point> m_deadline;
    std::mutex m_mutex;
    std::condition_variable m_changed;
    bool m_ends = false;
    std::thread m_thread;
};

}  // namespace

std::string trapReport(debugger::Debuggee& debuggee) {
    constexpr uint32_t kMostFrames = 50;
    debugger::Places places(debuggee.module(), debuggee.symbols());
    debugger::Frames frames;
    frames.attach(&debuggee, &places);
    std::string report = "trap: " + debuggee.machine().trap().text();
    for (const debugger::StackFrame& frame : frames.slice(0, kMostFrames)) {
        const debugger::Location& at = frame.location;
        report += "\n  #" + std::to_string(frame.index) + (frame.index < 10 ? "  " : " ") +
                  debugger::printable(at.functionName) + " at ";
        report += at.line != 0 ? debugger::printable(at.file) + ":" + std::to_string(at.line)
                               : debugger::hexText(at.offset);
        if (frame.isInlined) report += " [inlined]";
    }
    const uint32_t depth = debuggee.machine().depth();
    if (depth > kMostFrames) report += "\n  … " + std::to_string(depth) + " calls in all";
    return report;
}

void tellWarnings(const debugger::Debuggee& debuggee) {
    for (const wasi::Preopen& preopen : debuggee.options().capabilities.preopens)
        if (const std::string warning = wasi::warningOf(preopen); !warning.empty())
            std::cerr << "wscope: warning: " << warning << "\n";
}

void tellPorts(debugger::Debuggee& debuggee) {
    const auto& listeners = debuggee.options().capabilities.listeners;
    if (std::none_of(listeners.begin(), listeners.end(), [](const auto& l) { return l.port == 0; })) return;
    for (const wasi::OpenFile& file : debuggee.host().openFiles())
        if (file.kind == "listener")
            std::cerr << "wscope: descriptor " << file.fd << " listens at " << file.guestPath << std::endl;
}

void addChangesOption(CLI::App& command, TypedOptions& typed) {
    command
        .add_option("--changes", typed.changes,
                    "At the end, discard the changes in overlays, list them on stderr, show them there as a "
                    "diff, or apply "
                    "them to the host")
        ->check(CLI::IsMember({"discard", "list", "diff", "apply"}));
}

int settleChanges(debugger::Debuggee& debuggee, const TypedOptions& typed, int status) {
    if (typed.changes == "discard") return status;
    if (typed.changes == "diff") {
        const auto diff = debuggee.host().folderDiff({});
        if (!diff) return fail(diff.error());
        std::cerr << *diff;
        return status;
    }
    const auto folders = debuggee.host().folderChanges();
    if (!folders) return fail(folders.error());
    for (const wasi::FolderChanges& folder : *folders)
        for (const wasi::FolderChange& change : folder.changes)
            std::cerr << "wscope: " << debugger::printable(folder.guestPath) << ": " << wasi::toText(change)
                      << "\n";
    if (typed.changes != "apply") return status;
    if (const auto applied = debuggee.host().applyChanges({}); !applied) return fail(applied.error());
    return status;
}

namespace {

/// Each problem of a script was kept from the first time on.
void tellScriptProblems(debugger::Debuggee& debuggee) {
    for (const wasi::MockInfo& info : debuggee.mocks())
        if (!info.problem.empty())
            fail("mock " + std::to_string(info.id) + ": " + info.problem + "; the call passed");
}

int runPhases(debugger::Debuggee& debuggee, const std::function<bool()>& onYield) {
    const uint64_t timeoutMs = debuggee.options().capabilities.budgets.timeoutMs;
    Alarm alarm(debuggee, onYield != nullptr, timeoutMs);
    while (true) {
        const StopKind kind = debuggee.machine().run();
        if (onYield && !onYield()) return kOurError;
        const int signal = onYield ? EndSignals::caught() : 0;
        if (signal != 0 && kind != StopKind::Exited && kind != StopKind::Trapped) return 128 + signal;
        switch (kind) {
        case StopKind::Exited: return static_cast<int>(debuggee.machine().exitCode() & 0xff);
        case StopKind::Trapped: fail(trapReport(debuggee)); return kTrapStatus;
        case StopKind::Finished: {
            const std::string results = debuggee.resultsText();
            const auto more = debuggee.nextPhase();
            if (!more) return fail(more.error());
            if (*more) break;
            if (!results.empty()) std::cout << results << std::endl;
            return 0;
        }
        default: break;
        }
        if (alarm.isLate())
            return fail("time limit of " + std::to_string(timeoutMs) + " ms reached (--timeout)");
    }
}

}  // namespace

int runToEnd(debugger::Debuggee& debuggee, const std::function<bool()>& onYield) {
    const int status = runPhases(debuggee, onYield);
    tellScriptProblems(debuggee);
    return status;
}

}  // namespace wscope
