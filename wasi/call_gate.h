// CallGate: the one way into a host function: asks whether to stop here, calls the row's method, and records what happened. Owned by
// the host; session thread only.
//
//   guest call → invoke ─ question says Stop ──────────────────────────► Interrupted, nothing recorded, not asked again on resume
//                  ├────► a rule of the mocks decides: MockPlayer waits, answers, stops, or makes the call below
//                  └────► row.call ─ waits: beginWait() shows it as Pending ─ woken ► Interrupted, kept as suspended, Pending stays
//                             │                                               └─ made again: same sequence, same WaitState
//                             └► returned, exited, trapped ► SyscallLog
//
// A decision of a mock belongs to the call: it is kept when the call is suspended, whatever becomes of the rule. A replayer belongs
// where the mocks are.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "wasi/call_context.h"
#include "wasi/call_draft.h"
#include "wasi/host.h"
#include "wasi/host_row.h"
#include "wasi/mock_player.h"
#include "wasi/stopwatch.h"
#include "wasi/syscall_log.h"

namespace wasi {

class CallGate {
public:
    CallGate(SyscallLog& log, MockPlayer& mocks);

    /// `call` is null only where a single function is tested without a machine.
    engine::HostOutcome invoke(uint16_t function, FrontEnd& front, std::span<engine::Slot> slots,
                               engine::HostCall* call);
    /// The short way: true if the call is made, which takes that there is nothing to ask, nobody who looks, and nothing to wait for.
    /// False: invoke() makes it at once, or goes on with it.
    bool invokeDirectly(const HostRow& row, uint16_t function, FrontEnd& front, engine::Slot* slots,
                        engine::Machine& machine) noexcept;
    /// The call that runs, for the methods of front ends.
    CallContext& context() { return m_context; }

    void setLogging(bool on);
    void setQuestion(std::function<GateDecision(uint16_t, engine::HostCall&)> question) {
        m_question = std::move(question);
        settle();
    }
    /// Told of every call that is over, while calls are logged.
    void setLedger(Ledger* ledger) { m_ledger = ledger; }
    /// Asked when a call was refused; true: it ends as Interrupted, with no effect, and is made again when it is resumed. Not asked again if
    /// it is then refused for the same reason.
    void setDenied(std::function<bool(uint16_t function)> denied) {
        m_denied = std::move(denied);
        settle();
    }
    /// Told by a method that is about to wait: readers now see the call as Pending.
    void beginWait();

private:
    /// Names one call of a run: nothing has happened between two that are equal.
    struct Key {
        const engine::Machine* machine = nullptr;
        uint64_t tick = 0;
        uint32_t depth = 0;
        engine::CodeLocation location;
        uint16_t function = 0;
        std::array<uint64_t, 10> arguments{};
        bool operator==(const Key&) const = default;
    };
    struct Suspended {
        Key key;
        WaitState wait;
        std::optional<uint64_t> sequence;  // in the log, if logging was on
        int64_t startNs = 0;
        Journal journal;  // of what is done already
        std::optional<MockDecision> mock;
    };

    engine::HostOutcome invokeAsked(const HostRow& row, uint16_t function, FrontEnd& front,
                                    std::span<engine::Slot> slots, engine::HostCall* call);
    Key keyOf(uint16_t function, size_t argumentCount, std::span<const engine::Slot> slots,
              engine::Machine* machine) const;
    std::optional<Suspended> takeSuspended(const Key& key);
    /// Finds out whether calls may take the short way, after what that depends on has changed.
    void settle() { m_mayBeShort = !m_question && !m_denied && m_suspended.empty() && !m_isUnlogged; }
    bool makeLogged(const HostRow& row, uint16_t function, FrontEnd& front, engine::Slot* slots,
                    engine::Machine& machine) noexcept;
    bool make(const HostRow& row, FrontEnd& front, engine::Slot* slots) noexcept;
    void begin(std::span<engine::Slot> slots, engine::Machine* machine);
    void beginDraft(uint16_t function, size_t argumentCount, int64_t startNs);
    void suspend(const Key& key, std::optional<MockDecision> mock);
    bool stopsAsDenied(const Key& key);
    void finish(const engine::HostOutcome& outcome);
    void finish(Outcome outcome, uint64_t result);
    void explainFault();

    SyscallLog& m_log;
    MockPlayer& m_mocks;
    CallContext m_context;
    Ledger* m_ledger = nullptr;
    Stopwatch m_watch;  // since launch
    CallDraft m_draft;
    WaitState m_declined;  // of the call that the short way has begun, and is made the other way next
    bool m_logging = true;
    bool m_mayBeShort = true;
    bool m_isUnlogged = false;  // the draft is of a call that was made, and had no memory to be logged
    engine::Backtrace m_unloggedFrom;
    bool m_published = false;  // the running call stands in the log as Pending
    std::function<GateDecision(uint16_t, engine::HostCall&)> m_question;
    std::optional<Key> m_stoppedAt;
    std::function<bool(uint16_t)> m_denied;
    std::optional<Key> m_deniedAt;
    std::string m_deniedWhy;
    std::vector<Suspended> m_suspended;  // one per machine at most
};

}  // namespace wasi
