#include "app/wscope/runner.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <iostream>

#include "app/wscope/end_signals.h"
#include "app/wscope/options.h"
#include "debugger/frames.h"
#include "debugger/symbols/sections.h"
#include "engine/base/sanitized.h"
#include "wasi/grant_warnings.h"
#include "wasi/script/trust_list.h"
#include "wasi/world/confinement.h"

namespace wscope {

using Clock = std::chrono::steady_clock;
using engine::StopKind;

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
    bool isBroad = false;
    for (const wasi::Preopen& preopen : debuggee.options().capabilities.preopens) {
        const std::string warning = wasi::warningOf(preopen);
        if (warning.empty()) continue;
        std::cerr << "wscope: warning: " << warning << "\n";
        isBroad = true;
    }
    if (isBroad && !wasi::canConfine(wasi::Landlock::version()))
        std::cerr << "wscope: warning: the kernel is no second layer here, as it has no Landlock (or its "
                     "first version): only the "
                     "resolver of paths holds this program back\n";
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

bool speaksOfCallers(const std::string& filter) { return filter.find("caller") != std::string::npos; }

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
    for (const wasi::FolderChanges& folder : *folders) {
        const std::string begin = "wscope: " + debugger::printable(folder.guestPath) + ": ";
        for (const wasi::FolderChange& change : folder.changes)
            std::cerr << begin << wasi::toText(change) << "\n";
        if (const uint64_t more = folder.total - folder.changes.size(); more > 0)
            std::cerr << begin << "and " << more << " more changes\n";
    }
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

using Deadline = std::optional<Clock::time_point>;
using Status = std::optional<int>;  // nothing: it trapped

bool isOver(const Deadline& deadline) { return deadline && Clock::now() >= *deadline; }

Status runPhases(debugger::Debuggee& debuggee, const std::function<bool()>& onYield,
                 const Deadline& deadline) {
    while (true) {
        const StopKind kind = debuggee.machine().run();
        if (onYield && !onYield()) return kOurError;
        const int signal = onYield ? EndSignals::caught() : 0;
        if (signal != 0 && kind != StopKind::Exited && kind != StopKind::Trapped) return 128 + signal;
        switch (kind) {
        case StopKind::Exited: return static_cast<int>(debuggee.machine().exitCode() & 0xff);
        case StopKind::Trapped: return std::nullopt;
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
        if (isOver(deadline)) {
            const uint64_t timeoutMs = debuggee.options().capabilities.budgets.timeoutMs;
            return fail("time limit of " + std::to_string(timeoutMs) + " ms reached (--timeout)");
        }
    }
}

/// Until the guest has ended, which another thread runs: wakes it at each period, at the deadline and after a signal.
void attend(const std::future<Status>& end, debugger::Debuggee& debuggee, bool periodic,
            const Deadline& deadline) {
    const auto hasEnded = [&](Clock::time_point until) {
        return end.wait_until(until) == std::future_status::ready;
    };
    while (periodic || deadline) {
        auto next = periodic ? Clock::now() + std::chrono::milliseconds(50) : *deadline;
        if (deadline) next = std::min(next, *deadline);
        if (hasEnded(next)) return;
        debuggee.machine().requestYield();
        const int signal = EndSignals::caught();
        if (!isOver(deadline) && signal == 0) continue;
        // Where nothing can wake it: in our own output, or in a disk of the host.
        if (EndSignals::isStuck()) EndSignals::dieOf(signal);
        debuggee.host().wake();
        if (hasEnded(Clock::now() + std::chrono::milliseconds(20))) return;
    }
    end.wait();
}

/// What the guest's thread still opens itself lies there: the list of folders whose scripts may run, which may change meanwhile.
std::vector<std::string> readWhileRunning(const debugger::Debuggee& debuggee) {
    const auto mocks = debuggee.mocks();
    const auto asksScript = [](const auto& info) { return !info.rule.script.empty(); };
    const auto list = wasi::trustListPath();
    if (!list || std::none_of(mocks.begin(), mocks.end(), asksScript)) return {};
    std::error_code ignored;  // the list may be a link
    return {list->parent_path().string(),
            std::filesystem::weakly_canonical(list.value(), ignored).parent_path().string()};
}

/// For good; where the kernel cannot, the resolver alone holds the program back, as it also does in a session.
void confineThread(const engine::Result<std::optional<wasi::Confinement>>& to) {
    const auto entered = !to ? to.error() : *to ? (*to)->enter() : engine::Result<>();
    if (!entered)
        std::cerr << "wscope: warning: only the resolver of paths holds this program back, as the kernel "
                     "refuses to: "
                  << entered.error().text() << "\n";
}

/// Symbols are read from files, so before the thread is confined that may ask for them.
void openSymbols(debugger::Debuggee& debuggee) {
    const auto mocks = debuggee.mocks();
    if (std::any_of(mocks.begin(), mocks.end(),
                    [](const auto& info) { return speaksOfCallers(info.rule.when); }))
        (void)debuggee.symbols();
}

}  // namespace

int runToEnd(debugger::Debuggee& debuggee, Afterwards afterwards, const std::function<bool()>& onYield) {
    openSymbols(debuggee);
    const wasi::Capabilities& granted = debuggee.options().capabilities;
    const auto confinement = wasi::Confinement::to(granted, readWhileRunning(debuggee));
    Deadline deadline;
    if (granted.budgets.timeoutMs)
        deadline = Clock::now() + std::chrono::milliseconds(granted.budgets.timeoutMs);
    Status status;
    // Threads that share descriptors make each call on one dearer, by a fifth where it is short.
    if (afterwards == Afterwards::ReadsFolders && !onYield && !deadline && !engine::kSanitized &&
        !debugger::dwarf::mayReadFiles(*debuggee.module())) {
        confineThread(confinement);
        status = runPhases(debuggee, onYield, deadline);
    } else {
        auto end = std::async(std::launch::async, [&] {
            confineThread(confinement);
            return runPhases(debuggee, onYield, deadline);
        });
        attend(end, debuggee, onYield != nullptr, deadline);
        status = end.get();
    }
    if (!status) fail(trapReport(debuggee));
    tellScriptProblems(debuggee);
    return status.value_or(kTrapStatus);
}

}  // namespace wscope
