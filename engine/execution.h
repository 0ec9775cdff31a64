// Execution: the canonical state of a Machine as the handlers see it: frames, value stack, ticks, and how the last run ended. Owned by
// Machine; the fields on top are the ones every call and loop touches.
#pragma once

#include <atomic>
#include <cstdint>

#include "engine/code.h"
#include "engine/machine.h"
#include "engine/store_state.h"

namespace engine {

struct Execution;
namespace jit {
struct NativeContext;
}

/// Executes the cell at `ip` and what follows. Everything hot travels in registers: the frame base, memory 0 of the current instance,
/// and the table by which the next cell is dispatched (a table of its own makes single steps and plain replays).
struct Handler {
    using Function = const Insn* (*)(const Insn* ip, Slot* fp, Execution* x, uint8_t* mem, uint64_t memSize,
                                     const Handler* table);
    Function run = nullptr;
};

namespace frame_flag {
inline constexpr uint32_t kBottom = 1;          // begun by start(): its return ends the run
inline constexpr uint32_t kCrossInstance = 2;   // the caller belongs to another instance
inline constexpr uint32_t kStopOnReturn = 4;    // RunLimits::minDepth
inline constexpr uint32_t kCalledNatively = 8;  // the caller may go on in machine code
inline constexpr uint32_t kEndsScope = 16;      // Machine::stopOnReturn()
}  // namespace frame_flag

/// One activation. ip: in the youngest frame, while stopped, the instruction that executes next; in the others their call.
struct Frame {
    Code* code;
    const Insn* ip;
    Slot* fp;
    uint32_t flags;
    uint32_t reserved;

    CodeLocation location() const { return {code->context->id(), code->function->index, code->offsetOf(ip)}; }
};

/// An exception in a legacy catch block, for the rethrows in it. May outlive its block until the next catch or collection.
struct CaughtException {
    uint32_t depth = 0;
    uint32_t region = 0;
    uint32_t target = 0;  // cell at which the block begins
    const Code* code = nullptr;
    Slot object = 0;
};

/// An array.new that stopped at a yield: which execution of it, with which operands, its array, and how far that is filled. Made anew
/// if another execution takes its place, or the operands were edited.
struct UnfinishedArray {
    const Insn* ip = nullptr;
    const Slot* slots = nullptr;
    uint64_t tick = 0;
    Slot operands[3] = {};  // value and count
    Slot array = 0;
    uint64_t filled = 0;
};

/// How far the search for who catches a throw has come: `clause` of `region` of `frame` is looked at next. Holds for one tag at one
/// moment, while no frame can change.
struct CatchSearch {
    uint64_t tick = 0;
    const Insn* ip = nullptr;
    uint32_t depth = 0;
    TagAddr tag;
    Frame* frame = nullptr;  // null: no search
    uint32_t region = CatchTable::kNone, clause = CatchTable::kNone;
    enum class State : uint8_t { Searching, Found, Nobody } state = State::Searching;
};

/// Host addresses among which the watched ones lie; `span` 0: none.
struct WatchFilter {
    static constexpr uintptr_t kPage = 4096, kWidest = 16;
    uintptr_t from = 0, span = 0;
    uint64_t pages = 0;  // a bit for each page that holds some, by its number modulo 64
    bool any() const { return span > 0; }
    /// The first of the watched addresses, and how many there are up to the last; accesses of kWidest bytes may begin before them.
    uintptr_t begin() const { return from + (kWidest - 1); }
    uintptr_t length() const { return any() ? span - (kWidest - 1) : 0; }
    /// May an access there, of kWidest bytes at most, touch one?
    bool mayTouch(const uint8_t* at) const {
        const auto address = reinterpret_cast<uintptr_t>(at);
        return address - from < span && pages >> address / kPage % 64 & 1;
    }
};

struct Execution {
    static constexpr uint64_t kMaxQuantum =
        1 << 13;  // a look costs 30 ns, some µs of the fastest loops are enough
    static constexpr uint64_t kBytesPerTick = 128;  // of bulk operations: a look per MiB at most

    int64_t ticksLeft = 0;   // until somebody looks at yield and limits
    Frame* frame = nullptr;  // the youngest; frames[0] is a sentinel
    Frame* frameLimit = nullptr;
    Slot* stackLimit = nullptr;
    InstanceContext* context = nullptr;
    uint8_t* mem0 = nullptr;
    uint64_t mem0Size = 0;
    const Handler* handlers = nullptr;  // by op: the real ones; watchingHandlers() while memory is watched
    const Handler* unwatched = nullptr;
    WatchFilter watchedReads, watchedWrites;

    uint64_t tickEnd = 0;  // tick at which ticksLeft becomes 0
    uint64_t tickLimit = ~uint64_t{0};
    uint64_t quantum = 1024;  // ticks between two looks, adapted so that they are a millisecond apart at most
    uint64_t lookedAtNs = 0;
    bool stepping = false;
    std::atomic<bool> yield{false};

    StopKind stop = StopKind::Finished;
    bool unseen =
        false;  // stopped at a tick: the present instruction was not reported yet, a Break there counts
    Trap trap;
    uint32_t exitCode = 0;
    std::vector<Value> results;
    std::vector<CaughtException> caught;  // by depth
    Slot hostThrown = 0;                  // an exception that a host call has thrown, until it is caught
    bool unwound = false;                 // stopped where an exception is caught
    uint32_t hostThrownDepth = 0;         // of the frame that called
    ThrowBreak throwBreak = ThrowBreak::Never;
    Moment throwSeen;  // of the throw that was reported last
    CatchSearch search;
    UnfinishedArray unfinished;
    struct {
        uint64_t tick = 0;
        const Insn* ip = nullptr;
    } collecting;  // where a yield was heard inside a collection: it goes on when the instruction is tried again
    Wait wait;
    WaitFunction sleep;

    jit::NativeContext* native = nullptr;  // of the compiler; null until machine code runs
    StoreState* store = nullptr;
    Machine* machine = nullptr;
    Frame* frames = nullptr;
    Slot* stack = nullptr;

    uint32_t depth() const { return static_cast<uint32_t>(frame - frames); }
    bool hostThrows() const { return hostThrown != 0 && hostThrownDepth == depth(); }
    /// Forgets what a host threw in a frame deeper than this.
    void forgetHostThrown(uint32_t below) {
        if (hostThrownDepth > below) hostThrown = 0;
    }
    uint64_t tick() const { return tickEnd - static_cast<uint64_t>(ticksLeft); }
    /// Makes the instance of the youngest frame the current one, and looks up its memory 0 anew.
    void enterContext(InstanceContext* c) {
        context = c;
        reloadMemory();
    }
    void reloadMemory() {
        const bool has = context && !context->memories.empty();
        mem0 = has ? context->memories[0]->base() : nullptr;
        mem0Size = has ? context->memories[0]->size() : 0;
    }
    /// Makes tick() go on from `tick` with the next look at most a quantum away.
    void refill(uint64_t tick) {
        const uint64_t room = tickLimit - tick;
        const uint64_t ticks = tickLimit > tick ? (room < quantum ? room : quantum) : 0;
        tickEnd = tick + ticks;
        ticksLeft = static_cast<int64_t>(ticks);
    }
    /// Brings the next look nearer, by work that took about as long as `ticks` ticks and is none itself: the tick stays the same.
    void spend(uint64_t ticks) {
        if (ticksLeft <= 1) return;
        const auto most = static_cast<uint64_t>(ticksLeft - 1);
        const uint64_t spent = ticks < most ? ticks : most;
        ticksLeft -= static_cast<int64_t>(spent);
        tickEnd -= spent;
    }
    void spendBytes(uint64_t bytes) { spend(bytes / kBytesPerTick); }
    /// The look is due now.
    void spendAll() { spend(~uint64_t{0}); }
    const Insn* stopAt(const Insn* ip, StopKind kind) {
        frame->ip = ip;
        stop = kind;
        return nullptr;
    }
};

/// Monotonic clock.
uint64_t nowNs();

/// Begins the activation of `code` whose arguments stand at `base`. False: no stack left, nothing was changed.
bool pushFrame(Execution* x, Code* code, Slot* base, uint32_t flags);

}  // namespace engine
