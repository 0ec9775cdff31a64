// Machine: runs guest code in a Store and holds the canonical state: frames and one value stack. One per guest thread; used by the
// session thread only, but for requestYield(). Guest calls never recurse on the host stack.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/store.h"

namespace engine {

/// A place in code: instance, function and the file offset of an instruction (Module's offsets).
struct CodeLocation {
    InstanceId instance;
    FuncIdx function;
    uint32_t offset = 0;
    auto operator<=>(const CodeLocation&) const = default;
};

/// The youngest frames, the youngest first.
struct Backtrace {
    static constexpr size_t kMost = 16;
    uint64_t id = 0;  // not of two that differ, in this process; 0 = it was given none
    uint32_t depth = 0;
    std::array<CodeLocation, kMost> frames;
    bool operator==(const Backtrace& o) const {
        return depth == o.depth && std::equal(frames.begin(), frames.begin() + depth, o.frames.begin());
    }
};

/// A moment of a run, exact and the same in every tier (architecture, section 3): ticks count executed function entries and `loop`
/// instructions, and within one tick control only moves forward.
struct Moment {
    uint64_t tick = 0;
    uint32_t offset = 0;
    uint32_t depth = 0;
    auto operator<=>(const Moment&) const = default;
};

enum class StopKind : uint8_t {
    Finished,  // the call that start() began has returned; results() holds what it left
    Trapped,  // trap() says why; the machine stands at the faulting instruction and everything can be inspected
    Exited,           // a host function ended the program; exitCode()
    Breakpoint,       // stands before an instruction that has a breakpoint
    Stepped,          // step() did one instruction
    Yielded,          // requestYield() was heard; go on with run()
    HostInterrupted,  // a waiting host call (see HostOutcome) or memory.atomic.wait gave up; run() goes on with it
    DepthReached,  // run() with a depth limit: the frame count fell below it
    Exception,  // breakOnThrow(): stands at the throw, exception() says what and where it is caught; run() goes on with it
    Watchpoint,  // stands behind an instruction or host call that touched watched memory; watchHits() says what happened
};

using WatchId = Index<struct WatchTag>;
/// Which accesses stop: those that leave other bytes than were there, any write, any read, both.
enum class WatchKind : uint8_t { Change, Write, Read, Access };
/// Bytes of a memory; those behind its end are watched as soon as it has grown.
struct WatchSpec {
    MemAddr memory;
    uint64_t address = 0, length = 0;
    WatchKind kind = WatchKind::Change;
};
struct WatchHit {
    WatchId watch;
    bool isRead = false, isWrite = false, isChange = false;
    uint64_t address = 0, length = 0;  // of the (first) access
    CodeLocation location;             // of the instruction that did it, or of the call …
    std::string host;                  // … of this host function
    /// The watched bytes; of more than 4096 those from `shownFrom` on, around the access.
    uint64_t shownFrom = 0;
    std::vector<uint8_t> before, after;
};

/// Which exceptions stop a run before they are caught.
enum class ThrowBreak : uint8_t { Never, Uncaught, Always };

/// An exception that the present instruction throws.
struct ExceptionView {
    TagAddr tag;
    std::string
        name;  // of the tag: from the name section, else as imported or exported, else "tag 3"; escaped
    std::vector<Value> arguments;
    /// Where it is caught: the frame (0 = youngest) and the instruction that executes next there; nothing if nobody catches it.
    struct Catcher {
        uint32_t frame = 0;
        CodeLocation location;
    };
    std::optional<Catcher> catcher;
    /// False: there is so much to search for a catcher that this was not done to its end; asked again, it goes on. Never so at a stop
    /// with StopKind::Exception.
    bool isSearched = true;
    std::string text() const;  // "name(1, 2)"
};

/// How far run() goes, beyond the stops that always apply.
struct RunLimits {
    /// Stop with DepthReached as soon as fewer than this many frames are left (0 = never): step out, step over.
    uint32_t minDepth = 0;
    /// Stop with Yielded when the tick counter reaches this (for replay); ~0 = never.
    uint64_t tick = ~uint64_t{0};
};

/// One activation, as an inspector sees it. `location.offset` is the instruction that executes next in the youngest frame, and the
/// call instruction in the others.
struct FrameView {
    CodeLocation location;
    FuncAddr function;
    uint32_t depth = 0;      // 0 = oldest
    std::span<Slot> locals;  // slots of the locals
    std::span<Slot>
        stack;  // operand slots in use; in a caller: without the arguments that its call has taken
};

/// How a thread sleeps in memory.atomic.wait: for `timeoutNs` of the host's time at most (nothing: for ever), or until something may
/// have changed; it is asked again until the wait is over. False: the session wants the thread, run() then stops with HostInterrupted.
/// `what` says what is waited for.
using WaitFunction = std::function<bool(std::optional<uint64_t> timeoutNs, const std::string& what)>;

class Machine {
public:
    /// Error: Limit (value stack could not be reserved).
    static Result<std::unique_ptr<Machine>> create(Store& store);
    ~Machine();
    Machine(const Machine&) = delete;

    Store& store() const;

    /// Begins a call of a function (Wasm or host); the machine then stands before its first instruction. Arguments must fit its type (CHECK).
    /// Error: Malformed/Invalid if lowering fails.
    Result<> start(FuncAddr function, std::span<const Value> arguments);
    /// Runs until something stops it. A breakpoint at the present instruction is passed over.
    StopKind run(const RunLimits& limits = {});
    /// Executes exactly one instruction (a host call counts as part of its call instruction). Stepped, or why it could not.
    StopKind step();
    /// Drops all frames; the store keeps its state.
    void abandon();

    /// From any thread: run() returns Yielded soon (well under 10 ms of guest time), also out of long bulk operations.
    void requestYield();
    /// Replaces the sleep of memory.atomic.wait, which otherwise looks for a yield and for notifications each millisecond.
    void setWait(WaitFunction wait);
    /// Heard and cleared by run(); host functions that wait must poll it.
    bool yieldRequested() const;

    bool running() const { return depth() > 0; }
    const Trap& trap() const;
    uint32_t exitCode() const;
    std::vector<Value> results() const;
    uint64_t tick() const;
    Moment moment() const;

    // Inspection; valid while not running. Frame 0 is the youngest.
    uint32_t depth() const;
    FrameView frame(uint32_t fromYoungest) const;
    /// Present instruction of the youngest frame.
    CodeLocation location() const;
    /// Value of local / operand with its type, v128 included. NotFound if there is no such thing.
    Result<Value> local(uint32_t frame, uint32_t index) const;
    Result<std::vector<Value>> locals(uint32_t frame) const;
    Result<std::vector<Value>> operands(uint32_t frame) const;
    /// Errors: NotFound; BadArgument if the value has another type, or is no such reference.
    Result<> setLocal(uint32_t frame, uint32_t index, const Value& value);
    Result<> setOperand(uint32_t frame, uint32_t index, const Value& value);
    /// Where all frames stand, youngest first, as many as there is room for; how many.
    uint32_t backtrace(std::span<CodeLocation> out) const;
    /// … as each host call of a log asks: cheap, most were told before and have the same id again. Valid until the next.
    const Backtrace& backtrace();

    // Breakpoints: cost nothing where none is set. Set before a function was lowered, they wait for it.
    /// Error: NotFound if no instruction begins at the offset.
    Result<> setBreakpoint(const CodeLocation& location);
    void clearBreakpoint(const CodeLocation& location);
    void clearBreakpoints();
    /// Stops with StopKind::Exception at a throw, before anything is unwound; once per throw.
    void breakOnThrow(ThrowBreak which);
    // Watched memory, of the whole store: every machine on it stops at a hit. Costs nothing where none is set.
    /// Errors: NotFound (memory), BadArgument (no bytes, or more than an address can name).
    Result<WatchId> watch(const WatchSpec& spec);
    void unwatch(WatchId id);
    /// What the last stop with StopKind::Watchpoint was for, by WatchId.
    const std::vector<WatchHit>& watchHits() const;
    /// From now on run() stops with DepthReached when the frame at that depth (FrameView::depth) returns or is unwound; once.
    void stopOnReturn(uint32_t depth, bool on);
    /// Whether the last run ended with DepthReached because an exception unwound the frames, and not by a return.
    bool unwound() const;
    /// What the present instruction is about to throw, or its host call has thrown; nothing if it does not throw. Valid while stopped.
    std::optional<ExceptionView> exception() const;
    /// File offsets of all instructions of a function, in order. Errors as Store::code().
    Result<std::vector<uint32_t>> instructionOffsets(FuncAddr function);

private:
    Machine();
    struct Impl;
    std::unique_ptr<Impl> m;
};

}  // namespace engine
