// The prompt's verbs that run the program, and what is shown when it stops.

#include <algorithm>

#include "debugger/interpreter.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {

/// Words of a command line; quotes group, a backslash takes the next character as it is.
std::vector<std::string> splitArguments(std::string_view text) {
    std::vector<std::string> words;
    std::string word;
    bool inWord = false;
    char quote = 0;
    for (size_t i = 0; i < text.size(); i++) {
        const char c = text[i];
        if (c == '\\' && i + 1 < text.size() && quote != '\'') {
            word += text[++i];
            inWord = true;
        } else if (quote != 0) {
            if (c == quote)
                quote = 0;
            else
                word += c;
        } else if (c == '\'' || c == '"') {
            quote = c;
            inWord = true;
        } else if (c == ' ' || c == '\t') {
            if (inWord) words.push_back(std::exchange(word, {}));
            inWord = false;
        } else {
            word += c;
            inWord = true;
        }
    }
    if (inWord) words.push_back(word);
    return words;
}

/// Reads and executes until the guest needs input that only the prompt can give.
bool waitsForInput(const std::string& detail) { return detail.starts_with("stdin"); }

}  // namespace

// ------------------------------------------------------------------------------------------------------------------ verbs

Result<> CommandInterpreter::Impl::run(std::string_view arguments) {
    Start request;
    request.stopAtEntry = false;
    if (!arguments.empty()) request.arguments = splitArguments(arguments);
    return runWith(request);
}

Result<> CommandInterpreter::Impl::start(std::string_view arguments) {
    Start request;
    request.stopAtEntry = true;
    if (!arguments.empty()) request.arguments = splitArguments(arguments);
    return runWith(request);
}

Result<> CommandInterpreter::Impl::restart(std::string_view) {
    Start request;
    request.stopAtEntry = false;
    return runWith(request);
}

Result<> CommandInterpreter::Impl::goOn(std::string_view count) {
    if (state() == SessionState::Running || state() == SessionState::Waiting) return waitAndShow();
    if (state() != SessionState::Stopped)
        return Error{ErrorCode::State, "the program does not run; use run or start"};
    if (!count.empty()) {
        const uint64_t passes = TRY(parseNumber(count));
        const std::vector<BreakpointInfo> all = TRY(client.call(ListBreakpoints{}));
        for (const BreakpointInfo& info : all) {
            const std::vector<BreakpointId> hit =
                shownStop ? shownStop->breakpoints : std::vector<BreakpointId>();
            if (passes == 0 || std::find(hit.begin(), hit.end(), info.id) == hit.end()) continue;
            TRY(client.call(PassHits{info.id, info.passing + passes - 1}));
        }
    }
    return runWith(Resume{});
}

Result<> CommandInterpreter::Impl::pause(std::string_view) {
    if (state() != SessionState::Running && state() != SessionState::Waiting)
        return Error{ErrorCode::State, "the program does not run"};
    return runWith(Pause{});
}

Result<> CommandInterpreter::Impl::kill(std::string_view) {
    if (!isLive()) return Error{ErrorCode::State, "the program is not running"};
    TRY(client.call(Terminate{}));
    showOutput(true);
    tellEndedWatches();
    line("[killed]");
    return {};
}

Result<> CommandInterpreter::Impl::stepMany(StepKind kind, std::string_view count) {
    TRY(needStopped());
    uint64_t steps = 1;
    if (!count.empty()) steps = TRY(parseNumber(count));
    for (uint64_t i = 0; i < steps; i++) {
        TRY(runWith(Step{kind}));
        // Another kind of stop on the way ends the series.
        if (state() != SessionState::Stopped || !shownStop || shownStop->reason != StopReason::Step ||
            finished)
            break;
        if (!interrupted || i + 1 == steps) continue;
        line("[interrupted after " + std::to_string(i + 1) + " of " + std::to_string(steps) + " steps]");
        break;
    }
    return {};
}

Result<> CommandInterpreter::Impl::next(std::string_view count) { return stepMany(StepKind::Over, count); }
Result<> CommandInterpreter::Impl::step(std::string_view count) { return stepMany(StepKind::Into, count); }
Result<> CommandInterpreter::Impl::finish(std::string_view) {
    TRY(needStopped());
    const std::vector<StackFrame> frames = TRY(client.call(GetFrames{frame, 1}));
    if (!frames.empty()) line("Run till exit from " + frameText(frames[0]));
    return runWith(Step{StepKind::Out, frame});
}
Result<> CommandInterpreter::Impl::stepInstruction(std::string_view count) {
    return stepMany(StepKind::Instruction, count);
}
Result<> CommandInterpreter::Impl::nextInstruction(std::string_view count) {
    return stepMany(StepKind::InstructionOver, count);
}

Result<> CommandInterpreter::Impl::until(std::string_view place) {
    if (place.empty()) return stepMany(StepKind::Over, {});
    const BreakpointSpec spec = TRY(parsePlace(place));
    RunTo request;
    if (spec.kind == BreakpointSpec::Kind::Line) {
        request.file = spec.file;
        request.line = spec.line;
    } else if (spec.kind == BreakpointSpec::Kind::Offset) {
        request.offset = spec.offset;
    } else {
        return Error{ErrorCode::BadArgument,
                     "until takes FILE:LINE, LINE or *OFFSET; for a function use tbreak"};
    }
    return runWith(request);
}

Result<> CommandInterpreter::Impl::input(std::string_view text) {
    SendInput request;
    if (text == "--end") {
        request.end = true;
    } else {
        const bool newline = !text.starts_with("-n ");
        if (!newline) text.remove_prefix(3);
        request.bytes = std::string(text) + (newline ? "\n" : "");
    }
    const bool waits = state() == SessionState::Waiting;
    if (waits) return runWith(request);
    TRY(client.call(request));
    return {};
}

Result<> CommandInterpreter::Impl::quit(std::string_view) {
    finished = true;
    return {};
}

// ---------------------------------------------------------------------------------------------------------------- waiting

template <class R>
Result<> CommandInterpreter::Impl::runWith(R request) {
    {
        std::lock_guard lock(mutex);
        noted.stop.reset();
        noted.exit.reset();
        noted.ended = false;
    }
    TRY(client.call(std::move(request)));
    if (interrupted)
        client.ask(
            Pause{});  // the one that came with the interrupt may have come before there was anything to pause
    return waitAndShow();
}

/// Waits until the program stops, ends or waits for input; shows its output and the texts of log points meanwhile.
Result<> CommandInterpreter::Impl::waitAndShow() {
    std::unique_lock lock(mutex);
    if (std::exchange(noted.begins, false)) {
        outputAt = 0;
        shownStop.reset();
    }
    const auto waits = [this] { return noted.state == SessionState::Waiting && waitsForInput(noted.detail); };
    while (true) {
        changed.wait(lock, [&] {
            return noted.stop || noted.exit || noted.ended || waits() || finished ||
                   (!interrupted && (noted.hasOutput || !noted.logs.empty()));
        });
        noted.hasOutput = false;
        lock.unlock();
        showOutput(false);
        lock.lock();
        if (finished) return {};
        if (noted.stop || noted.exit || noted.ended || waits()) break;
    }
    const Noted now = noted;
    noted.stop.reset();
    noted.exit.reset();
    lock.unlock();
    showOutput(true);
    tellEndedWatches();
    frame = now.stop ? now.stop->frame : 0;
    listFile.clear();
    if (now.stop) {
        showStop(*now.stop);
    } else if (now.exit) {
        shownStop.reset();
        answer["exited"] = {{"code", now.exit->code}, {"text", now.exit->text}};
        line("[" + now.exit->text + "]");
    } else if (now.ended) {
        shownStop.reset();
        line("[ended]");
    } else {
        answer["waiting"] = now.detail;
        line("[the program waits for input: use input TEXT, or input --end]");
    }
    return {};
}

// ------------------------------------------------------------------------------------------------------------------ stops

void CommandInterpreter::Impl::showStop(const StopInfo& stop) {
    Json info = {{"reason", toText(stop.reason)},
                 {"text", stop.text},
                 {"location", toJson(stop.location)},
                 {"depth", stop.depth}};
    if (!stop.breakpoints.empty()) info["breakpoints"] = stop.breakpoints;
    for (const WatchChange& change : stop.changes) {
        info["changes"].push_back({{"watchpoint", change.watch},
                                   {"what", change.what},
                                   {"before", change.before},
                                   {"after", change.after},
                                   {"read", change.isRead},
                                   {"written", change.isWrite},
                                   {"changed", change.isChange},
                                   {"address", change.address},
                                   {"length", change.length},
                                   {"by", toJson(change.by)}});
        if (!change.host.empty()) info["changes"].back()["host"] = change.host;
    }
    if (!stop.trapText.empty()) info["trap"] = stop.trapText;
    if (!stop.returned.empty()) info["returned"] = stop.returned;
    if (stop.refusal && stop.refusal->grant) info["grant"] = wasi::toText(*stop.refusal->grant);
    answer["stop"] = std::move(info);
    showWhere(stop);
    if (!stop.returned.empty()) line("Value returned: " + stop.returned);
    shownStop = stop;
    showDisplays();
}

void CommandInterpreter::Impl::tellEndedWatches() {
    std::vector<BreakpointInfo> ended;
    {
        std::lock_guard lock(mutex);
        ended.swap(noted.endedWatches);
    }
    for (const BreakpointInfo& info : ended) {
        answer["deleted"].push_back(info.id);
        line("Watchpoint " + std::to_string(info.id) + " deleted: " + info.message);
    }
}

/// What happened while no verb waited for it, before the next one builds upon it.
void CommandInterpreter::Impl::tellMissed() {
    {
        std::lock_guard lock(mutex);
        if (!noted.stop && !noted.exit) return;
    }
    word.clear();
    answer = Json::object();
    lines.clear();
    (void)waitAndShow();
    if (!json) return;
    Json whole = {{"event", "changed"}};
    whole.update(answer);
    print(dumpJson(whole));
}

void CommandInterpreter::Impl::showChanges(const StopInfo& stop) {
    if (!stop.text.starts_with("watchpoint"))
        line(stop.text.substr(0, stop.text.find("; ")));  // why a condition failed
    for (const WatchChange& change : stop.changes) {
        line("Watchpoint " + std::to_string(change.watch) + ": " + change.what +
             (change.isChange  ? " changed"
              : change.isWrite ? " written again"
                               : " read") +
             ", by " + doneBy(change));
        if (change.isChange) line("Old value = " + change.before);
        line(change.isChange ? "New value = " + change.after : "Value = " + change.before);
    }
}

void CommandInterpreter::Impl::showWhere(const StopInfo& stop) {
    const std::optional<StopInfo> before = shownStop;
    std::string lead;
    if (stop.reason == StopReason::Breakpoint || stop.reason == StopReason::HostCall ||
        stop.reason == StopReason::Pause) {
        // "breakpoint 1 at …", "breakpoint 1 before fd_write at …", "paused while waiting for stdin at …", or why a condition failed
        lead = stop.text.substr(0, stop.text.rfind(" at ")) + ", ";
        if (lead.starts_with('b') || lead.starts_with('p')) lead[0] = static_cast<char>(lead[0] - 'a' + 'A');
    } else if (stop.reason == StopReason::Exception || stop.reason == StopReason::Denied) {
        // "breakpoint 1: exception … thrown, uncaught; at …", "breakpoint 1: path_open was denied, …; at …"
        std::string text = stop.text.substr(0, stop.text.rfind("; at "));
        if (text.starts_with('b')) text[0] = 'B';
        line(text);
        if (stop.refusal && stop.refusal->grant)
            line("Allowed by: grant " + wasi::toText(*stop.refusal->grant));
        if (stop.refusal) line("The next continue makes the call again.");
    } else if (stop.reason == StopReason::Watchpoint) {
        showChanges(stop);
    } else if (stop.reason == StopReason::Trap) {
        line("Trap: " + stop.trapText);
    }
    const Location& here = stop.location;
    const bool sameFunction =
        before && before->location.functionName == here.functionName && before->depth == stop.depth;
    const auto frames = client.call(GetFrames{stop.frame, 1});
    const bool isSudden = stop.reason == StopReason::Trap || stop.reason == StopReason::Watchpoint;
    if (frames && !frames->empty() && (!lead.empty() || !sameFunction || isSudden))
        line(lead + frameText((*frames)[0]));
    const bool byInstruction = word == "stepi" || word == "si" || word == "nexti" || word == "ni";
    if (here.line != 0 && !byInstruction) {
        if (!showSourceLine(here)) line(std::to_string(here.line) + "\tin " + printable(here.file));
        return;
    }
    const auto rows = client.call(Disassemble{.function = {}, .offset = here.offset});
    if (!rows) return;
    for (const DisassemblyRow& row : *rows) {
        if (row.offset == here.offset) line(hexText(row.offset) + "\t" + row.text);
    }
}

void CommandInterpreter::Impl::showDisplays() {
    for (const auto& [number, expression] : displays) {
        const auto value = client.call(Evaluate{frame, expression});
        line(std::to_string(number) + ": " + expression + " = " +
             (value ? value->value : "<" + value.error().message + ">"));
    }
}

}  // namespace debugger
