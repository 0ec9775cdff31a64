// Session, the part that runs the program: what each stop of the machine means, and how the program's state is told.

#include "debugger/session.h"
#include "wasi/host_function.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::StopKind;

namespace {
constexpr int64_t kTrapStatus = 134;
}  // namespace

// --------------------------------------------------------------------------------------------------------------- requests

engine::Result<Done> Session::handle(const Resume&) {
    if (running()) return Done{};
    TRY(needStopped());
    if (m_state != SessionState::Stopped)
        return Error{ErrorCode::State, "the program has ended; start it again"};
    if (m_stop.reason == StopReason::Trap)
        endAfterTrap();
    else
        go();
    return Done{};
}

engine::Result<Done> Session::handle(const Pause&) {
    if (!running()) return Done{};
    const std::string waiting = m_state == SessionState::Waiting ? " while waiting for " + m_stateDetail : "";
    stop(StopReason::Pause, "paused at " + hereText() + waiting);
    return Done{};
}

engine::Result<Done> Session::handle(const Step& request) {
    TRY(needStopped());
    if (m_state != SessionState::Stopped)
        return Error{ErrorCode::State, "the program has ended; start it again"};
    if (m_stop.reason == StopReason::Trap) {
        endAfterTrap();
        return Done{};
    }
    m_stepper.begin(request.kind);
    go();
    return Done{};
}

engine::Result<Done> Session::handle(const RunTo& request) {
    if (running()) return Error{ErrorCode::State, "the program runs; pause first"};
    if (!m_debuggee) return Error{ErrorCode::State, "no program is loaded"};
    std::set<uint32_t> offsets;
    if (request.offset) {
        if (!m_places->isInstruction(*request.offset)) {
            return Error{ErrorCode::NotFound, "no instruction begins at " + hexText(*request.offset)};
        }
        offsets.insert(*request.offset);
    } else {
        LineCode code = codeOfLine(*m_places, request.file, request.line);
        if (code.offsets.empty()) return Error{ErrorCode::NotFound, code.why};
        offsets = std::move(code.offsets);
    }
    if (m_state == SessionState::Stopped && m_stop.reason == StopReason::Trap) {
        return Error{ErrorCode::State, "the program has trapped; start it again"};
    }
    if (m_state != SessionState::Stopped) TRY(handle(Start{}));
    m_runTo = std::move(offsets);
    m_runToIsEntry = false;
    m_breaks.setInternal(m_runTo);
    if (!running()) go();
    return Done{};
}

// -------------------------------------------------------------------------------------------------------------- the machine

void Session::go() {
    m_wentAt = Clock::now();
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
    switch (kind) {
    case StopKind::Yielded: break;
    case StopKind::HostInterrupted:
        if (!m_gateCall.empty()) callStopped();
        break;
    case StopKind::Breakpoint:
    case StopKind::Stepped:
    case StopKind::DepthReached: landed(kind); break;
    case StopKind::Finished: phaseFinished(); break;
    case StopKind::Exited:
        exited(machine.exitCode(), "exited with status " + std::to_string(machine.exitCode()));
        break;
    case StopKind::Trapped: stop(StopReason::Trap, machine.trap().text()); break;
    }
}

/// The machine stands at an instruction that carries a break, or where a step's move ended.
void Session::landed(StopKind kind) {
    const engine::Moment moment = m_debuggee->machine().moment();
    const uint32_t offset = moment.offset;
    const bool isNew = m_seen != moment;
    m_seen = moment;
    if (isNew && m_breaks.isUser(offset)) {
        FrameContext context(*m_debuggee, 0, 0);
        if (judged(m_breakpoints.hitCode(offset, context), StopReason::Breakpoint, "at " + hereText()))
            return;
    }
    if (m_runTo.contains(offset)) {
        if (m_runToIsEntry && m_stepper.beginToOwnLine()) {
            m_runTo.clear();
            return;
        }
        stop(m_runToIsEntry ? StopReason::Entry : StopReason::RunToHere,
             (m_runToIsEntry ? "entry at " : "reached ") + hereText());
        return;
    }
    if (!m_stepper.active() || !m_stepper.arrived(kind)) return;
    stop(m_runToIsEntry ? StopReason::Entry : StopReason::Step,
         (m_runToIsEntry ? "entry at " : "step to ") + hereText());
}

void Session::callStopped() {
    const std::string call = std::exchange(m_gateCall, {});
    FrameContext context(*m_debuggee, 0, 0);
    judged(m_breakpoints.hitCall(call, context), StopReason::HostCall,
           "before " + call + " at " + hereText());
}

/// Tells the logs of a hit; true if it stopped.
bool Session::judged(const BreakpointTable::Verdict& verdict, StopReason reason, const std::string& where) {
    for (LogMessage log : verdict.logs) {
        log.output = m_debuggee->host().output().end();
        m_emit(log);
    }
    if (verdict.hit.empty()) return false;
    std::string text = verdict.problem;
    if (text.empty()) {
        text = verdict.hit.size() == 1 ? "breakpoint " : "breakpoints ";
        for (size_t i = 0; i < verdict.hit.size(); i++)
            text += (i > 0 ? ", " : "") + std::to_string(verdict.hit[i]);
    }
    stop(reason, text + " " + where, verdict.hit);
    return true;
}

void Session::phaseFinished() {
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
        stop(StopReason::Step, "step to " + hereText());
    } else {
        m_atPhaseBegin = true;
    }
}

void Session::endAfterTrap() {
    const std::string why = m_stop.trapText;
    m_debuggee->machine().abandon();
    exited(kTrapStatus, "ended by a trap: " + why);
}

/// The guest does not run any more: whatever a run was to reach is off.
void Session::halt() {
    m_mailbox.setRunning(false);
    m_ranFor += Clock::now() - m_wentAt;
    m_stepper.cancel();
    m_breaks.clearInternal();
    m_runTo.clear();
    m_runToIsEntry = false;
    m_generation++;
    m_frames.invalidate();
    m_variables.nextStop();
    m_stop = {};
    m_stop.generation = m_generation;
    m_stop.tick = m_debuggee->machine().tick();
    m_stop.depth = m_debuggee->machine().depth();
}

void Session::stop(StopReason reason, std::string text, std::vector<BreakpointId> breakpoints) {
    halt();
    engine::Machine& machine = m_debuggee->machine();
    m_seen = machine.moment();
    m_stop.reason = reason;
    m_stop.location = m_places->location(machine.location().offset);
    m_stop.text = std::move(text);
    if (reason == StopReason::Trap) {
        m_stop.trapText = m_stop.text;
        m_stop.text += " at " + hereText();
    }
    flush();
    for (BreakpointInfo& dropped : m_breakpoints.dropTemporary(breakpoints))
        m_emit(BreakpointChanged{std::move(dropped), true});
    m_stop.breakpoints = std::move(breakpoints);
    setState(SessionState::Stopped);
    m_emit(Stopped{m_stop});
}

void Session::exited(int64_t code, std::string text) {
    halt();
    m_stop.reason = StopReason::Exited;
    m_stop.exitCode = code;
    m_stop.text = text;
    flush();
    setState(SessionState::Exited, text);
    m_emit(Exited{code, std::move(text)});
}

std::string Session::hereText() {
    if (m_debuggee->machine().depth() == 0) return "its end";
    return m_places->text(m_places->location(m_debuggee->machine().location().offset));
}

// ------------------------------------------------------------------------------------------------------------ what is told

void Session::setState(SessionState state, std::string detail) {
    if (state == m_state && detail == m_stateDetail) return;
    m_state = state;
    m_stateDetail = detail;
    m_emit(StateChanged{state, std::move(detail)});
}

/// Breakpoints on host calls cost nothing where none is set: the gate is there only for them.
void Session::applyGate() {
    if (!m_debuggee || !m_debuggee->started()) return;
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
    stop(StopReason::Pause, "time limit of " + std::to_string(limitMs) + " ms reached at " + hereText());
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

void Session::flush() {
    if (m_debuggee && m_debuggee->started()) {
        const uint64_t calls = m_debuggee->host().log().count();
        const uint64_t output = m_debuggee->host().output().end();
        if (calls != m_toldCalls) m_emit(SyscallsAppended{calls});
        if (output != m_toldOutput) m_emit(OutputAppended{output});
        m_toldCalls = calls;
        m_toldOutput = output;
    }
    for (BreakpointInfo& info : m_breakpoints.takeChanged())
        m_emit(BreakpointChanged{std::move(info)});
}

}  // namespace debugger
