#include "wasi/call_gate.h"

#include <algorithm>

#include "wasi/buffer_parameters.h"

namespace wasi {

namespace {

/// Which address that the call names is the bad one; empty if it is none of texts, bytes, lists of buffers, results, and what is in lists.
/// Calls look at them in this order too, so that a storm of such calls walks only lists that were walked already.
std::string whyFault(const HostFunction& function, std::span<const uint64_t> arguments,
                     const GuestMemory& memory) {
    using Shape = HostParameter::Shape;
    if (!memory.contains(0, 0)) return "the program exports no memory named \"memory\"";
    std::string why;
    const auto isBad = [&](uint32_t address, uint64_t length) {
        if (memory.contains(address, length)) return false;
        why = "out of bounds: " + decimal(length) + (length == 1 ? " byte at " : " bytes at ") +
              hexAddress(address);
        return true;
    };
    const auto number = [&](size_t slot) { return static_cast<uint32_t>(arguments[slot]); };
    const auto isList = [](const HostParameter& p) {
        return p.shape == Shape::Source || p.shape == Shape::Target;
    };
    for (const HostParameter& p : function.parameters) {
        const HostParameter* length = p.shape == Shape::Bytes ? lengthOf(function, p) : nullptr;
        const uint64_t bytes = length                   ? number(length->slot)
                               : p.shape == Shape::Text ? number(p.slot + 1)
                               : isList(p)              ? uint64_t{number(p.slot + 1)} * Abi<Iovec>::size()
                                                        : 0;
        if ((length || p.shape == Shape::Text || isList(p)) && isBad(number(p.slot), bytes)) return why;
    }
    for (const HostParameter& p : function.results)
        if (isBad(number(p.slot), p.size)) return why;
    for (const HostParameter& p : function.parameters) {
        if (!isList(p)) continue;
        const uint32_t count = std::min(number(p.slot + 1), kMaxBuffers);
        const uint8_t* list = memory.peek(number(p.slot), uint64_t{count} * Abi<Iovec>::size());
        for (uint32_t i = 0; i < count; i++, list += Abi<Iovec>::size()) {
            Iovec buffer;
            Abi<Iovec>::load(list, buffer);
            if (isBad(buffer.buf, buffer.buf_len)) return why;
        }
    }
    return why;
}

SyscallRecord toRecord(const CallDraft& draft, std::string_view subject) {
    SyscallRecord r;
    r.tick = draft.tick;
    r.thread = draft.thread;
    r.function = draft.function;
    const auto arguments = draft.journal.arguments();
    r.argumentCount = static_cast<uint8_t>(arguments.size());
    std::ranges::copy(arguments, r.arguments.begin());
    r.startNs = draft.startNs;
    r.subject = subject;
    r.detail = draft.detail;
    if (const auto* b = draft.backtrace) r.backtrace.assign(b->frames.begin(), b->frames.begin() + b->depth);
    std::vector<CallAccess> accesses;
    draft.journal.read(accesses);
    for (const CallAccess& a : accesses)
        r.accesses.push_back({a.address, a.isWrite, {a.bytes.begin(), a.bytes.end()}, a.length});
    return r;
}

}  // namespace

CallGate::CallGate(SyscallLog& log, MockPlayer& mocks) : m_log(log), m_mocks(mocks) {}

void CallGate::setLogging(bool on) {
    m_logging = on;
    m_context.memory.setJournal(nullptr);
    if (!m_isUnlogged) m_draft.journal.begin({});
    m_context.sequence = m_log.nextSequence();
}

[[gnu::noinline]] CallGate::Key CallGate::keyOf(uint16_t function, size_t argumentCount,
                                                std::span<const engine::Slot> slots,
                                                engine::Machine* machine) const {
    Key key;
    key.machine = machine;
    key.function = function;
    std::copy_n(slots.begin(), argumentCount, key.arguments.begin());
    if (machine) {
        key.tick = machine->tick();
        key.depth = machine->depth();
        machine->backtrace({&key.location, 1});
    }
    return key;
}

std::optional<CallGate::Suspended> CallGate::takeSuspended(const Key& key) {
    std::optional<Suspended> taken;
    const auto mine = std::find_if(m_suspended.begin(), m_suspended.end(),
                                   [&](const Suspended& s) { return s.key.machine == key.machine; });
    if (mine == m_suspended.end()) return taken;
    if (mine->key == key) {
        taken = std::move(*mine);
    } else if (mine->sequence) {
        // The guest was moved elsewhere (restarted, frames dropped): that call never ended.
        auto record = m_log.slice(*mine->sequence, 1);
        if (!record.empty() && record[0].outcome == Outcome::Pending) {
            record[0].outcome = Outcome::Interrupted;
            m_log.amend(*mine->sequence, std::move(record[0]));
        }
    }
    m_suspended.erase(mine);
    settle();
    return taken;
}

void CallGate::begin(std::span<engine::Slot> slots, engine::Machine* machine) {
    m_context.machine = machine;
    m_context.slots = slots;
    m_context.error = Errno::Success;
    m_context.subject = 0;
    m_context.hasWaited = false;
    m_context.use = {};
    m_context.origin = Origin::Host;
    m_context.mostBytes = ~uint64_t{0};
    m_context.detail.clear();
}

/// Pending, and what finish() does not set.
[[gnu::hot]] void CallGate::beginDraft(uint16_t function, size_t argumentCount, int64_t startNs) {
    m_draft.tick = m_context.machine ? m_context.machine->tick() : 0;
    m_draft.function = function;
    m_draft.outcome = Outcome::Pending;
    m_draft.startNs = startNs;
    // A call that goes on adds to what it has done already, if that was logged.
    if (!m_context.wait.progress || m_draft.journal.arguments().size() != argumentCount)
        m_draft.journal.begin({m_context.slots.data(), argumentCount});
    m_draft.backtrace = m_context.machine ? &m_context.machine->backtrace() : nullptr;
}

[[gnu::always_inline]] inline bool CallGate::make(const HostRow& row, FrontEnd& front,
                                                  engine::Slot* slots) noexcept {
    try {
        return row.direct(front, m_context, slots);
    } catch (const std::bad_alloc&) {
        // Not made again: it may have made a file, or taken a name away.
        slots[0] = static_cast<engine::Slot>(Errno::Nomem);
        return true;
    }
}

bool CallGate::invokeDirectly(const HostRow& row, uint16_t function, FrontEnd& front, engine::Slot* slots,
                              engine::Machine& machine) noexcept {
    if (!m_mayBeShort || m_context.memory.isObserved() || m_mocks.table().concerns(function)) return false;
    m_context.mayWait = false;
    // Of a call that declined a moment ago: the machine may ask again before it calls invoke().
    m_context.wait = std::exchange(m_declined, {});
    m_context.machine = &machine;
    m_context.mostBytes = ~uint64_t{0};
    const bool isMade =
        m_logging ? makeLogged(row, function, front, slots, machine) : make(row, front, slots);
    m_context.mayWait = true;
    if (!isMade) m_declined = m_context.wait;  // for invoke(), which comes next
    return isMade;
}

[[gnu::hot]] bool CallGate::makeLogged(const HostRow& row, uint16_t function, FrontEnd& front,
                                       engine::Slot* slots, engine::Machine& machine) noexcept {
    const size_t argumentCount = row.function.type.params.size();
    begin({slots, std::max<size_t>(argumentCount, 1)}, &machine);
    m_published = false;
    m_context.sequence = m_log.nextSequence();
    m_context.memory.setJournal(&m_draft.journal);
    try {
        beginDraft(function, argumentCount, m_watch.nowNs());
        if (!make(row, front, slots)) return false;
        m_context.error = static_cast<Errno>(slots[0]);
        finish(Outcome::Returned, slots[0]);
    } catch (const std::bad_alloc&) {
        // Before the call, it is made the other way, and fails there; behind it, the next one tells.
        m_isUnlogged = m_draft.outcome != Outcome::Pending;
        if (m_isUnlogged) m_unloggedFrom = *m_draft.backtrace, m_draft.backtrace = &m_unloggedFrom;
        settle();
        return m_isUnlogged;
    }
    return true;
}

engine::HostOutcome CallGate::invoke(uint16_t function, FrontEnd& front, std::span<engine::Slot> slots,
                                     engine::HostCall* call) {
    engine::Machine* const machine = call ? &call->machine : nullptr;
    if (m_isUnlogged) {
        m_log.append(m_draft);
        m_isUnlogged = false;
        settle();
    }
    begin(slots, machine);
    m_context.wait = std::exchange(m_declined, {});
    const HostRow& row = hostRow(function);
    if (m_question || m_denied || !m_suspended.empty() || m_mocks.table().concerns(function))
        return invokeAsked(row, function, front, slots, call);
    m_published = false;
    m_context.sequence = m_log.nextSequence();
    if (m_logging) beginDraft(function, row.function.type.params.size(), m_watch.nowNs());
    m_context.memory.setJournal(m_logging ? &m_draft.journal : nullptr);
    auto outcome = row.call(front, m_context);
    if (outcome.kind == engine::HostOutcome::Kind::Interrupted)
        suspend(keyOf(function, row.function.type.params.size(), slots, machine), std::nullopt);
    else if (m_logging)
        finish(outcome);
    return outcome;
}

/// … where somebody asks before calls or after refusals, one was interrupted, or there are rules for this one. Apart, as what this needs
/// would cost every call.
engine::HostOutcome CallGate::invokeAsked(const HostRow& row, uint16_t function, FrontEnd& front,
                                          std::span<engine::Slot> slots, engine::HostCall* call) {
    engine::Machine* const machine = m_context.machine;
    // What tells this call from others is worth its cost only where somebody stops before calls, or one was interrupted.
    const size_t argumentCount = row.function.type.params.size();
    std::optional<Key> key;
    std::optional<Suspended> resumed;
    if (m_question || m_denied || !m_suspended.empty()) {
        key = keyOf(function, argumentCount, slots, machine);
        resumed = takeSuspended(*key);
        if (resumed && m_ledger && m_deniedAt == key) m_ledger->takeBackRefusal();
        if (m_question && call && !resumed) {
            const bool passed = m_stoppedAt == key;
            m_stoppedAt.reset();
            if (!passed && m_question(function, *call) == GateDecision::Stop) {
                m_stoppedAt = key;
                return engine::HostOutcome::interrupted();
            }
        }
    }
    m_published = resumed && resumed->sequence;
    m_context.sequence = m_published ? *resumed->sequence : m_log.nextSequence();
    if (resumed) m_context.wait = resumed->wait;
    if (m_logging || m_published) {
        if (resumed && resumed->wait.progress) m_draft.journal = std::move(resumed->journal);
        beginDraft(function, argumentCount, resumed ? resumed->startNs : m_watch.nowNs());
    }
    m_context.memory.setJournal(m_logging ? &m_draft.journal : nullptr);
    std::optional<MockDecision> mock;
    if (resumed)
        mock = std::move(resumed->mock);
    else if (m_mocks.table().concerns(function))
        mock = m_mocks.decide(function, m_context);
    auto outcome = !mock
                       ? row.call(front, m_context)
                       : m_mocks.play(*mock, function, m_context, [&] { return row.call(front, m_context); });
    if (m_context.use.isRefused && m_denied && call && stopsAsDenied(*key)) {
        slots[0] = key->arguments[0];
        outcome = engine::HostOutcome::interrupted();
    }
    if (outcome.kind == engine::HostOutcome::Kind::Interrupted) {
        // It has left its slots as they were.
        suspend(key ? *key : keyOf(function, argumentCount, slots, machine), std::move(mock));
    } else if (m_logging || m_published) {
        finish(outcome);
    }
    return outcome;
}

/// The ledger knows of it at once: that is where people look now. What becomes of it is known when the call is made again.
bool CallGate::stopsAsDenied(const Key& key) {
    const bool isAgain = m_deniedAt == key && m_deniedWhy == m_context.detail;
    m_deniedAt.reset();
    if (isAgain || !m_denied(key.function)) return false;
    if (m_ledger) m_ledger->noteStopped(key.function, m_context.sequence);
    m_deniedAt = key;
    m_deniedWhy = m_context.detail;
    return true;
}

void CallGate::beginWait() {
    if (!m_logging || m_published) return;
    m_draft.detail = m_context.detail;
    m_log.begin(toRecord(m_draft, m_log.name(m_context.subject)));
    m_published = true;
}

[[gnu::noinline]] void CallGate::suspend(const Key& key, std::optional<MockDecision> mock) {
    beginWait();
    const int64_t startNs = m_logging ? m_draft.startNs : m_watch.nowNs();
    Suspended s{key, m_context.wait, std::nullopt, startNs, {}, std::move(mock)};
    if (m_published) s.sequence = m_context.sequence;
    if (m_logging && m_context.wait.progress) s.journal = std::move(m_draft.journal);
    m_suspended.push_back(std::move(s));
    settle();
    // What is waited for is used, also if the run ends before it.
    const CallUse& use = m_context.use;
    for (uint8_t i = 0; m_ledger && i < use.count && !use.isRefused; i++)
        m_ledger->at(use.grants[i]).isUsed = true;
}

void CallGate::finish(const engine::HostOutcome& outcome) {
    using Kind = engine::HostOutcome::Kind;
    finish(outcome.kind == Kind::Return ? Outcome::Returned
           : outcome.kind == Kind::Exit ? Outcome::Exited
                                        : Outcome::Trapped,
           outcome.kind == Kind::Return ? m_context.slots[0] : outcome.exitCode);
}

[[gnu::noinline]] void CallGate::explainFault() {
    const HostFunction& function = allHostFunctions()[m_draft.function];
    m_context.detail = whyFault(function, m_draft.journal.arguments(), m_context.memory);
}

[[gnu::hot]] void CallGate::finish(Outcome outcome, uint64_t result) {
    m_draft.outcome = outcome;
    m_draft.detail = {};  // until what may lack memory is over
    m_draft.errno_ = static_cast<uint16_t>(m_context.error);
    m_draft.result = result;
    m_draft.origin = m_context.origin;
    m_draft.subject = m_context.subject;
    m_draft.durationNs = m_watch.nowNs() - m_draft.startNs;
    if (m_ledger) m_ledger->note(m_draft.function, m_context.sequence, m_context.use);
    // Results are not shown of calls that failed: without this nobody would see which address was the bad one.
    if (m_context.error == Errno::Fault && m_context.origin == Origin::Host && m_context.detail.empty())
        explainFault();
    m_draft.detail = m_context.detail;
    if (m_published)
        m_log.amend(m_context.sequence, m_draft);
    else
        m_log.append(m_draft);
}

}  // namespace wasi
