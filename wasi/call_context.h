// CallContext: what a host function's method may use beside its arguments; one per host, filled by the gate for each call.
// FrontEnd: base of the classes whose methods are host functions (preview1, and other versions of WASI beside it).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "engine/machine.h"
#include "wasi/guest_memory.h"
#include "wasi/ledger.h"

namespace wasi {

/// What a waiting call keeps when it is interrupted, for when it is made again.
struct WaitState {
    std::optional<uint64_t> deadline;  // absolute, of the clock that was asked for
    uint64_t progress = 0;             // bytes or steps already done for good
};

struct CallContext {
    GuestMemory memory;
    std::span<engine::Slot> slots;
    engine::Machine* machine = nullptr;  // null in tests of single calls
    uint64_t sequence = 0;               // of this call in the log
    WaitState wait;
    bool hasWaited = false;  // in this invocation
    bool mayWait = true;     // else what would wait ends as interrupted, and is made again
    Errno error = Errno::Success;
    uint32_t subject = 0;  // SyscallLog::intern()ed name of the descriptor it is about
    CallUse use;           // for the ledger; filled only if logging()
    Origin origin = Origin::Host;
    uint64_t mostBytes = ~uint64_t{0};  // that it may move through buffers
    std::string detail;                 // one line for people; only worth its cost if logging()
    bool logging() const { return memory.journals(); }
    bool yieldRequested() const { return machine && machine->yieldRequested(); }
};

/// How a method ended: with an errno, or not at all (exit, trap, interrupted).
class Answer {
public:
    Answer(Errno error) : m_error(error) {}
    Answer(engine::HostOutcome outcome) : m_outcome(std::move(outcome)) {}
    static Answer interrupted() { return engine::HostOutcome::interrupted(); }
    bool ended() const { return !m_outcome; }
    Errno error() const { return m_error; }
    engine::HostOutcome&& takeOutcome() { return std::move(*m_outcome); }

private:
    Errno m_error = Errno::Success;
    std::optional<engine::HostOutcome> m_outcome;
};
/// … of a call of which nothing but its WaitState is left where it was interrupted: nothing asked of anybody. It may be tried anew.
class FreshAnswer : public Answer {
public:
    using Answer::Answer;
    FreshAnswer(Answer answer) : Answer(std::move(answer)) {}
};
/// Return type of a function that the standard marks noreturn.
struct NoReturn {
    engine::HostOutcome outcome;
};

class FrontEnd {
public:
    virtual ~FrontEnd() = default;

protected:
    explicit FrontEnd(CallContext& call) : m_call(call) {}
    CallContext& m_call;
};

}  // namespace wasi
