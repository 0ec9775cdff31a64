// Session, the part that runs the program: what each stop of the machine means, and how the program's state is told.

#include "debugger/session.h"
#include "wasi/host_function.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::StopKind;

namespace {
constexpr int64_t kTrapStatus = 134;
constexpr std::chrono::milliseconds kLogPause{16};  // between two lots of log texts
}  // namespace

// --------------------------------------------------------------------------------------------------------------- requests

engine::Result<Done> Session::handle(const Resume&) {
    if (running()) return Done{};
    TRY(needStopped());
    TRY(needRunnable());
    go();
    return Done{};
}

engine::Result<Done> Session::handle(const Pause&) {
    if (!running()) return Done{};
    stop(StopReason::Pause, m_state == SessionState::Waiting
                                ? "paused while waiting for " + m_stateDetail + " at "
                                : "paused at ");
    return Done{};
}

engine::Result<Done> Session::handle(const Step& request) {
    TRY(needStopped());
    TRY(needRunnable());
    if (request.kind == StepKind::Into && m_hidden > 0 && entersInlined()) return Done{};
    Stepper::Origin origin{0, m_hidden};
    if (request.kind == StepKind::Out) {
        const StackFrame frame = TRY(m_frames.at(request.frame));
        origin = {frame.wasmFrame, frame.inlineLevel};
    }
    m_stepper.begin(request.kind, origin);
    go();
    return Done{};
}

engine::Result<Done> Session::handle(const RunTo& request) {
    if (running()) return Error{ErrorCode::State, "the program runs; pause first"};
    if (!m_debuggee) return Error{ErrorCode::State, "no program is loaded"};
    std::map<uint32_t, uint32_t> offsets;
    if (request.offset) {
        if (!m_places->isInstruction(*request.offset)) {
            return Error{ErrorCode::NotFound, "no instruction begins at " + hexText(*request.offset)};
        }
        offsets.emplace(*request.offset, Places::kInnermost);
    } else {
        LineCode code = codeOfLine(*m_places, request.file, request.line);
        if (code.offsets.empty()) return Error{ErrorCode::NotFound, code.why};
        offsets = std::move(code.offsets);
    }
    if (m_state == SessionState::Stopped)
        TRY(needRunnable());
    else
        TRY(handle(Start{.arguments = {}, .stopAtEntry = false}));
    setRunTo(std::move(offsets), StopReason::RunToHere);
    if (!running()) go();
    return Done{};
}

engine::Result<> Session::needRunnable() const {
    if (m_state != SessionState::Stopped)
        return Error{ErrorCode::State, "the program is not running; start it again"};
    if (m_stop.reason == StopReason::Trap)
        return Error{ErrorCode::State, "the program has trapped; restart, or quit"};
    return {};
}

/// Breaks where a run is to end: code offsets, and for each the level of the inlined calls there at which it stops.
void Session::setRunTo(std::map<uint32_t, uint32_t> places, StopReason reason) {
    m_runTo = std::move(places);
    m_runToReason = reason;
    std::set<uint32_t> offsets;
    for (const auto& [offset, depth] : m_runTo)
        offsets.insert(offset);
    m_breaks.setInternal(std::move(offsets));
}

/// A step into an inlined call that begins here moves nothing; false if its source is not here while that of its caller is.
bool Session::entersInlined() {
    const auto hidden = m_stepper.entersInlined(m_hidden);
    if (!hidden) return false;
    m_hidden = *hidden;
    m_wentAt = Clock::now();
    stop(StopReason::Step, "step to ");
    return true;
}

// -------------------------------------------------------------------------------------------------------------- the machine

void Session::go() {
    m_wentAt = Clock::now();
    m_hidden = 0;
    m_inHostCall = false;
    m_stop = {};
    std::optional<Clock::time_point> deadline;
    const uint64_t limitMs = m_debuggee->options().capabilities.budgets.timeoutMs;
    if (limitMs > 0) deadline = m_wentAt + std::chrono::milliseconds(limitMs) - m_ranFor;
    m_mailbox.setRunning(true, deadline);
    setState(SessionState::Running);
}

/// One stretch of running, up to the next thing that the session must look at.
void Session::slice() {
    engine::Machine& machine = m_debuggee->machine();
    if (std::exchange(m_atPhaseBegin, false)) {
        // The machine passes over a break where it stands; here nobody has seen it yet.
        const uint32_t offset = machine.location().offset;
        if (m_breaks.isUser(offset) || m_breaks.isInternal(offset)) {
            landed(StopKind::Breakpoint);
            return;
        }
    }
    const Stepper::Move move = m_stepper.active() ? m_stepper.next() : Stepper::Move{};
    const StopKind kind = move.instruction ? machine.step() : machine.run(move.limits);
    m_inHostCall = kind == StopKind::HostInterrupted;
    switch (kind) {
    case StopKind::Yielded: break;
    case StopKind::HostInterrupted:
        if (!m_gateCall.empty()) callStopped();
        if (m_refusal) callDenied();
        if (!m_stoppedItself.empty()) stop(StopReason::Pause, std::exchange(m_stoppedItself, {}) + " at ");
        break;
    case StopKind::Breakpoint:
    case StopKind::Stepped:
    case StopKind::DepthReached: landed(kind); break;
    case StopKind::Finished: phaseFinished(); break;
    case StopKind::Exited:
        exited(machine.exitCode(), "exited with status " + std::to_string(machine.exitCode()));
        break;
    case StopKind::Exception: exceptionThrown(); break;
    case StopKind::Watchpoint:
        // The instruction is done all the same.
        if (!watchHit() && move.instruction) landed(StopKind::Stepped);
        break;
    case StopKind::Trapped: stop(StopReason::Trap, machine.trap().text() + " at "); break;
    }
}

/// The machine stands at an instruction that carries a break, where a step's move ended, or behind a call whose watched frame has returned.
void Session::landed(StopKind kind) {
    if (kind == StopKind::DepthReached) leaveScopes();
    const engine::Moment moment = m_debuggee->machine().moment();
    const uint32_t offset = moment.offset;
    const bool isNew = m_seen != moment;
    m_seen = moment;
    if (isNew && m_breaks.isUser(offset) &&
        judged(m_breakpoints.hitCode(offset, *m_debuggee), StopReason::Breakpoint, " at "))
        return;
    if (const auto end = m_runTo.find(offset); end != m_runTo.end()) {
        m_hidden = m_places->levelsBelow(offset, end->second);
        return stop(m_runToReason, m_runToReason == StopReason::Entry ? "entry at " : "reached ");
    }
    if (!m_stepper.active() || !m_stepper.arrived(kind)) {
        if (!m_left.empty()) stop(StopReason::Watchpoint, std::exchange(m_left, {}) + "; at ");
        return;
    }
    std::string returned =
        kind == StopKind::DepthReached && !m_debuggee->machine().unwound() ? returnedText() : "";
    m_hidden = m_stepper.hidden();
    stop(StopReason::Step, "step to ", {}, std::move(returned));
}

/// What the function that a step out just left has returned: its results are the caller's youngest operands.
std::string Session::returnedText() {
    const auto left = m_stepper.leftByStepOut();
    if (!left) return {};
    const engine::Module& module = m_places->module();
    const size_t count = module.typeOf(left->function).results.size();
    const auto operands = m_debuggee->machine().operands(0);
    if (!operands || count == 0 || operands->size() < count) return {};
    FrameContext context(*m_debuggee, 0, 0);
    const auto type = m_places->symbols().returnType(left->offset);
    if (count == 1 && type && *type != kNoType) {
        if (const auto value = valueOfResult(*type, operands->back(), context))
            return render(*value, context);
    }
    std::string text;
    for (size_t i = operands->size() - count; i < operands->size(); i++) {
        const engine::Value& result = (*operands)[i];
        text += (text.empty() ? "" : " ") + toText(result.type) + " ";
        const auto object = debugger::evaluate("$stack" + std::to_string(i), context);
        text += result.type.isRef() && object ? render(*object, context) : toText(result);
    }
    return text;
}

void Session::exceptionThrown() {
    const auto exception = m_debuggee->machine().exception();
    CHECK(exception);
    std::string fate = "uncaught";
    if (exception->catcher) {
        const Location at = m_places->location(exception->catcher->location.offset);
        fate = "caught in " + (at.line != 0 ? at.functionName + " at " : "") + m_places->text(at);
    }
    FrameContext context = knownContext();
    judged(m_breakpoints.hitThrow(exception->catcher.has_value(), context), StopReason::Exception,
           ": exception " + exception->text() + " thrown, " + fate + "; at ");
}

/// Watched memory was touched; true if that stops.
bool Session::watchHit() {
    BreakpointTable::Verdict verdict = m_breakpoints.hitWatch(m_debuggee->machine().watchHits(), *m_debuggee);
    std::string what;
    for (const WatchChange& change : verdict.changes)
        what += (what.empty() ? "" : "; ") + toText(change);
    if (!verdict.problem.empty()) what = verdict.problem + "; " + what;
    m_changes = std::move(verdict.changes);
    verdict.problem = std::move(what);
    leaveScopes();  // a tail call of the host returns as well
    if (!judged(verdict, StopReason::Watchpoint, "; at ")) {
        if (m_left.empty()) return false;
        stop(StopReason::Watchpoint, std::exchange(m_left, {}) + "; at ");
    }
    if (m_breaks.isUser(m_debuggee->machine().location().offset)) m_seen.reset();  // it is still to come
    return true;
}

/// Frames have returned: ends the watches of what lived in them. The stop that follows says so.
void Session::leaveScopes() {
    for (BreakpointInfo& ended : m_breakpoints.endScopes(m_debuggee->machine().depth())) {
        m_left += (m_left.empty() ? "" : "; ") + ("watchpoint " + std::to_string(ended.id)) +
                  " deleted: " + ended.message;
        m_emit(BreakpointChanged{std::move(ended), true});
    }
}

void Session::callStopped() {
    const std::string call = std::exchange(m_gateCall, {});
    FrameContext context = knownContext();
    judged(m_breakpoints.hitCall(call, context), StopReason::HostCall, " before " + call + " at ");
}

/// The call has had no effect, and is made again when the program goes on.
void Session::callDenied() {
    FrameContext context = knownContext();
    judged(m_breakpoints.hitDenied(context), StopReason::Denied,
           ": " + m_refusal->call + " was denied, " + m_refusal->why + "; at ");
    m_refusal.reset();
}

/// Tells the logs of a hit; true if it stopped. `where` follows the numbers of the breakpoints.
bool Session::judged(const BreakpointTable::Verdict& verdict, StopReason reason, const std::string& where) {
    for (LogMessage log : verdict.logs) {
        log.output = m_debuggee->host().output().end();
        m_logs.push(std::move(log));
    }
    // At once, or else with what comes in the next few milliseconds: a front end must keep pace with them.
    if (!m_logs.empty()) Clock::now() - m_logsToldAt > kLogPause ? tellLogs() : m_mailbox.wantTick();
    if (verdict.hit.empty()) return false;
    std::string text = verdict.problem;
    if (text.empty()) {
        text = verdict.hit.size() == 1 ? "breakpoint " : "breakpoints ";
        for (size_t i = 0; i < verdict.hit.size(); i++)
            text += (i > 0 ? ", " : "") + std::to_string(verdict.hit[i]);
    }
    m_hidden = verdict.hidden;
    stop(reason, text + where, verdict.hit);
    return true;
}

void Session::phaseFinished() {
    for (BreakpointInfo& ended : m_breakpoints.endScopes(0))
        m_emit(BreakpointChanged{std::move(ended), true});
    const std::string results = m_debuggee->resultsText();
    const auto more = m_debuggee->nextPhase();
    if (!more) {
        m_emit(ErrorRaised{more.error()});
        exited(kTrapStatus, more.error().message);
    } else if (!*more) {
        const bool invoked = !m_debuggee->options().invoke.empty();
        exited(0, invoked ? m_debuggee->entryName() + " returned" + (results.empty() ? "" : " " + results)
                          : "exited with status 0");
    } else if (m_stepper.active()) {
        stop(StopReason::Step, "step to ");
    } else {
        m_atPhaseBegin = true;
    }
}

/// What the host cannot give: memory that ran out.
void Session::endWithProblem(const std::string& why) {
    const std::string text = "the program cannot go on: " + why;
    m_emit(ErrorRaised{Error{ErrorCode::Limit, text}});
    m_debuggee->machine().abandon();
    exited(kTrapStatus, text);
}

/// The guest does not run any more: whatever a run was to reach is off.
void Session::halt() {
    m_mailbox.setRunning(false);
    m_ranFor += Clock::now() - m_wentAt;
    m_stepper.cancel();
    m_breaks.clearInternal();
    m_runTo.clear();
    m_generation++;
    m_frames.invalidate(m_hidden);
    m_variables.nextStop();
    m_stop = {};
    m_stop.generation = m_generation;
    m_stop.tick = m_debuggee->machine().tick();
    m_stop.depth = m_debuggee->machine().depth();
}

void Session::stop(StopReason reason, std::string text, std::vector<BreakpointId> breakpoints,
                   std::string returned) {
    halt();
    engine::Machine& machine = m_debuggee->machine();
    m_seen = machine.moment();
    m_stop.reason = reason;
    m_stop.returned = std::move(returned);
    if (reason == StopReason::Denied) m_stop.refusal = m_refusal;
    m_stop.changes = std::exchange(m_changes, {});
    const bool isInRuntime = reason == StopReason::HostCall || reason == StopReason::Exception ||
                             reason == StopReason::Watchpoint || reason == StopReason::Denied ||
                             (reason == StopReason::Pause && m_inHostCall);
    m_stop.location = m_places->location(machine.location().offset, m_hidden);
    // Behind an access there may be code of no line, which belongs to that of the access.
    const bool isOfAccess = !m_stop.changes.empty() && m_stop.location.line == 0 &&
                            m_stop.changes[0].by.function == m_stop.location.function &&
                            m_sources.has(m_stop.changes[0].by.file);
    m_stop.frame = isInRuntime && !isOfAccess ? knownFrame() : 0;
    if (isOfAccess)
        m_stop.location = m_stop.changes[0].by;
    else if (const auto frame = m_frames.at(m_stop.frame))
        m_stop.location = frame->location;
    if (reason == StopReason::Trap) m_stop.trapText = machine.trap().text();
    m_stop.text = std::move(text) + (machine.depth() == 0 ? "its end" : m_places->text(m_stop.location));
    if (!m_left.empty()) m_stop.text += "; " + std::exchange(m_left, {});
    flush();
    for (BreakpointInfo& dropped : m_breakpoints.dropTemporary(breakpoints))
        m_emit(BreakpointChanged{std::move(dropped), true});
    applyGate();
    m_stop.breakpoints = std::move(breakpoints);
    setState(SessionState::Stopped);
    m_emit(Stopped{m_stop});
}

void Session::exited(int64_t code, std::string text) {
    halt();
    m_breakpoints.endRun();
    m_stop.reason = StopReason::Exited;
    m_stop.exitCode = code;
    m_stop.text = text;
    flush();
    setState(SessionState::Exited, text);
    m_emit(Exited{code, std::move(text)});
}

/// The first frame whose source is here: in a host call, the youngest ones are those of a library that was compiled elsewhere; at a throw,
/// those of the language's runtime wherever it was compiled.
uint32_t Session::knownFrame() {
    constexpr uint32_t kLookedAt = 64;
    std::optional<uint32_t> runtime;
    for (const StackFrame& frame : m_frames.slice(0, kLookedAt)) {
        if (frame.location.line == 0 || !m_sources.has(frame.location.file)) continue;
        const std::string& name = frame.location.functionName;
        if (!name.starts_with("__cxa_") && !name.starts_with("_Unwind_")) return frame.index;
        if (!runtime) runtime = frame.index;
    }
    return runtime.value_or(0);
}

/// The frame that a stop now would select, for conditions.
FrameContext Session::knownContext() {
    m_frames.invalidate();
    const auto frame = m_frames.at(knownFrame());
    return frame ? FrameContext(*m_debuggee, frame->wasmFrame, frame->inlineLevel)
                 : FrameContext(*m_debuggee, 0, 0);
}

// ------------------------------------------------------------------------------------------------------------ what is told

void Session::setState(SessionState state, std::string detail) {
    if (state == m_state && detail == m_stateDetail) return;
    m_state = state;
    m_stateDetail = detail;
    m_emit(StateChanged{state, std::move(detail)});
}

/// Breakpoints on host calls and exceptions cost nothing where none is set: the gate is there only for them.
void Session::applyGate() {
    if (!m_debuggee || !m_debuggee->started()) return;
    m_debuggee->machine().breakOnThrow(m_breakpoints.throwBreak());
    m_debuggee->host().setStopRequest([this](const std::string& why) { m_stoppedItself = why; });
    m_debuggee->host().setMockProblem([this](uint32_t id, const std::string& problem) {
        if (!m_toldProblems.insert(problem).second) return;
        tellLogs();
        m_emit(LogMessage{"mock " + std::to_string(id) + ": " + problem + "; the call passed", 0,
                          m_debuggee->host().output().end()});
    });
    if (m_breakpoints.hasDenied())
        m_debuggee->host().setDenied([this](const wasi::Refusal& refusal) {
            m_refusal = refusal;
            return true;
        });
    else
        m_debuggee->host().setDenied({});
    if (!m_breakpoints.hasHostCalls()) {
        m_debuggee->host().setGate({});
        return;
    }
    m_debuggee->host().setGate([this](uint16_t function, engine::HostCall&) {
        const std::string_view name = wasi::allHostFunctions()[function].name;
        if (!m_breakpoints.stopsAtCall(name)) return wasi::GateDecision::Pass;
        m_gateCall = name;
        return wasi::GateDecision::Stop;
    });
}

bool Session::outOfTime() {
    const uint64_t limitMs = m_debuggee->options().capabilities.budgets.timeoutMs;
    if (limitMs == 0 || m_ranFor + (Clock::now() - m_wentAt) < std::chrono::milliseconds(limitMs))
        return false;
    stop(StopReason::Pause, "time limit of " + std::to_string(limitMs) + " ms reached at ");
    m_ranFor = {};  // who continues gets the same time again
    return true;
}

/// The ticker saw something to tell.
void Session::tick() {
    const Mailbox::Tick tick = m_mailbox.takeTick();
    if (outOfTime()) return;
    const SessionState before = m_state;
    setState(tick.waitingFor.empty() ? SessionState::Running : SessionState::Waiting, tick.waitingFor);
    if (m_state != before) m_toldCalls = ~uint64_t{0};  // the row of the waiting call looks different now
    flush();
}

void Session::tellLogs() {
    for (LogMessage& log : m_logs.take())
        m_emit(std::move(log));
    m_logsToldAt = Clock::now();
}

void Session::flush() {
    tellLogs();
    if (m_debuggee && m_debuggee->started()) {
        const uint64_t calls = m_debuggee->host().log().count();
        const uint64_t output = m_debuggee->host().output().end();
        if (calls != m_toldCalls) m_emit(SyscallsAppended{calls});
        if (output != m_toldOutput) m_emit(OutputAppended{output});
        m_toldCalls = calls;
        m_toldOutput = output;
        const uint64_t mocks = m_debuggee->host().mockActivity();
        if (std::exchange(m_toldMocks, mocks) != mocks) m_emit(MocksChanged{m_debuggee->mocks()});
    }
    for (BreakpointInfo& info : m_breakpoints.takeEnded())
        m_emit(BreakpointChanged{std::move(info), true});
    for (BreakpointInfo& info : m_breakpoints.takeChanged())
        m_emit(BreakpointChanged{std::move(info)});
}

}  // namespace debugger
