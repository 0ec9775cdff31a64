// Control, calls, locals, globals, and the loop that runs handlers.
#include <time.h>

#include <algorithm>

#include "engine/exceptions.h"
#include "engine/handlers.h"
#include "engine/jit/jit.h"
#include "engine/type_registry.h"
#include "engine/watch.h"

namespace engine {

void addGcHandlers(HandlerTable& table);  // not in handlers.h, which very much depends on

namespace {

constexpr uint64_t kCellsPerTick = 4;
constexpr uint32_t kManySlots = 64;  // to be zeroed: worth to be counted as work

[[gnu::always_inline]] inline void move(Slot* fp, const Move& m) {
    // Targets lie below sources, so upwards is right where they overlap.
    for (uint32_t i = 0; i < m.count; ++i) {
        fp[m.target + i] = fp[m.source + i];
        __asm__("" ::: "memory");  // keep it a loop: a call of memmove would cost the handler a stack frame
    }
}

[[gnu::always_inline]] inline void zeroLocals(Execution* x, Slot* base, const Code* code) {
    if (__builtin_expect(code->localSlots - code->paramSlots >= kManySlots, 0))
        x->spendBytes((code->localSlots - code->paramSlots) * sizeof(Slot));
    for (Slot *p = base + code->paramSlots, *end = base + code->localSlots; p < end; ++p) {
        *p = 0;
        __asm__("" ::: "memory");
    }
}

[[gnu::noinline, gnu::cold]] const Insn* stackExhausted(HANDLER_PARAMETERS) {
    Trap trap;
    trap.kind = TrapKind::StackExhausted;
    trap.limit = x->depth();
    return trapAt(ip, x, std::move(trap));
}

/// Enters `callee`, whose arguments stand at `base`; `ip` is the call.
[[gnu::always_inline]] inline const Insn* enter(const Insn* ip, Code* callee, Slot* base, uint32_t flags,
                                                HANDLER_PARAMETERS_REST) {
    Frame* f = x->frame;
    f->ip = ip;
    if (__builtin_expect(base + callee->maxSlots > x->stackLimit || f == x->frameLimit, 0))
        return stackExhausted(ip, HANDLER_REST);
    ++f;
    f->code = callee;
    f->fp = base;
    f->flags = flags;
    x->frame = f;
    zeroLocals(x, base, callee);
    const Insn* first = callee->cells.data();
    if (__builtin_expect(--x->ticksLeft <= 0, 0)) return lookAround(first, base, x, mem, memSize, table);
    return dispatch(first, base, x, mem, memSize, table);
}

/// Frames that are more than a plain return: the first of a run, one of another instance, one somebody waits for. Results are in place.
[[gnu::noinline]] const Insn* leaveFlagged(HANDLER_PARAMETERS) {
    Frame* f = x->frame;
    Frame* caller = f - 1;
    if (f->flags & frame_flag::kBottom) {
        x->results.clear();
        const Slot* slot = fp;
        for (ValType type : f->code->function->type->results) {
            x->results.push_back({type, slot[0], type.slots() == 2 ? slot[1] : 0});
            slot += type.slots();
        }
        x->frame = caller;
        x->enterContext(caller == x->frames ? nullptr : caller->code->context);
        x->stop = StopKind::Finished;
        return nullptr;
    }
    x->frame = caller;
    if (f->flags & frame_flag::kCrossInstance) x->enterContext(caller->code->context);
    if (f->flags & (frame_flag::kStopOnReturn | frame_flag::kEndsScope))
        return x->stopAt(caller->ip + 1, StopKind::DepthReached);
    if (f->flags & frame_flag::kCalledNatively && table == x->handlers && caller->code->tier.active) {
        const Insn* next = x->store->jit->resumed(caller->ip + 1, x);
        if (!next) return nullptr;
        return dispatch(next, x->frame->fp, x, x->mem0, x->mem0Size, table);
    }
    return dispatch(caller->ip + 1, caller->fp, x, x->mem0, x->mem0Size, table);
}

[[gnu::always_inline]] inline const Insn* leave(HANDLER_PARAMETERS) {
    Frame* f = x->frame;
    if (__builtin_expect(f->flags != 0, 0)) return leaveFlagged(ip, HANDLER_REST);
    --f;
    x->frame = f;
    return dispatch(f->ip + 1, f->fp, x, mem, memSize, table);
}

const Insn* breakpoint(HANDLER_PARAMETERS) { return x->stopAt(ip, StopKind::Breakpoint); }
/// In long functions, now and then: code without ticks takes its time too.
const Insn* look(HANDLER_PARAMETERS) {
    x->spend(kCellsBetweenLooks / kCellsPerTick);
    if (__builtin_expect(x->ticksLeft <= 1 && x->yield.load(std::memory_order_relaxed), 0))
        return hearYield(ip, HANDLER_REST);
    return x->handlers[ip->plain].run(ip, HANDLER_REST);
}
const Insn* stepped(HANDLER_PARAMETERS) { return x->stopAt(ip, StopKind::Stepped); }
const Insn* unreached(HANDLER_PARAMETERS) {
    CHECK(!"executed code that validation proved dead");
    return nullptr;
}
const Insn* unhandled(HANDLER_PARAMETERS) {
    CHECK(!"executed a cell that no handlers_*.cpp fills in");
    return nullptr;
}
const Insn* unreachable(HANDLER_PARAMETERS) { return trapAt(ip, x, TrapKind::Unreachable); }

const Insn* nop(HANDLER_PARAMETERS) { return dispatch(ip + 1, HANDLER_REST); }

const Insn* loop(HANDLER_PARAMETERS) {
    if (__builtin_expect(--x->ticksLeft <= 0, 0)) return lookAround(ip + 1, HANDLER_REST);
    return dispatch(ip + 1, HANDLER_REST);
}

const Insn* ifElse(HANDLER_PARAMETERS) {
    return dispatch(ip + (read<uint32_t>(fp[ip->a]) ? 1 : static_cast<int32_t>(ip->b)), HANDLER_REST);
}
const Insn* br(HANDLER_PARAMETERS) { return dispatch(ip + static_cast<int32_t>(ip->b), HANDLER_REST); }
const Insn* brMove1(HANDLER_PARAMETERS) {
    fp[ip->c] = fp[ip->a];
    return dispatch(ip + static_cast<int32_t>(ip->b), HANDLER_REST);
}
const Insn* brMoveN(HANDLER_PARAMETERS) {
    move(fp, x->frame->code->moves.data()[ip->a]);
    return dispatch(ip + static_cast<int32_t>(ip->b), HANDLER_REST);
}
const Insn* brIf(HANDLER_PARAMETERS) {
    if (read<uint32_t>(fp[ip->a])) return dispatch(ip + static_cast<int32_t>(ip->b), HANDLER_REST);
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* brIfMove1(HANDLER_PARAMETERS) {
    if (!read<uint32_t>(fp[ip->a])) return dispatch(ip + 1, HANDLER_REST);
    fp[ip->c] = fp[ip->a - 1];
    return dispatch(ip + static_cast<int32_t>(ip->b), HANDLER_REST);
}
const Insn* brIfMoveN(HANDLER_PARAMETERS) {
    if (!read<uint32_t>(fp[ip->a])) return dispatch(ip + 1, HANDLER_REST);
    move(fp, x->frame->code->moves.data()[ip->c]);
    return dispatch(ip + static_cast<int32_t>(ip->b), HANDLER_REST);
}
const Insn* brTable(HANDLER_PARAMETERS) {
    const auto* targets =
        reinterpret_cast<const BranchTarget*>(ip->imm);  // [0].move.count = index of the default
    const uint32_t index = std::min(read<uint32_t>(fp[ip->a]), targets[0].move.count);
    const BranchTarget& target = targets[index + 1];
    move(fp, target.move);
    return dispatch(ip + target.distance, HANDLER_REST);
}
/// br_on_null: the reference is at a; when taken, what the label wants below it is moved by moves[c] (~0: nothing to move).
const Insn* brOnNull(HANDLER_PARAMETERS) {
    if (fp[ip->a] != 0) return dispatch(ip + 1, HANDLER_REST);
    if (ip->c != ~0u) move(fp, x->frame->code->moves.data()[ip->c]);
    return dispatch(ip + static_cast<int32_t>(ip->b), HANDLER_REST);
}
const Insn* brOnNonNull(HANDLER_PARAMETERS) {
    if (fp[ip->a] == 0) return dispatch(ip + 1, HANDLER_REST);
    if (ip->c != ~0u) move(fp, x->frame->code->moves.data()[ip->c]);
    return dispatch(ip + static_cast<int32_t>(ip->b), HANDLER_REST);
}

const Insn* return0(HANDLER_PARAMETERS) { return leave(ip, HANDLER_REST); }
const Insn* return1(HANDLER_PARAMETERS) {
    fp[0] = fp[ip->a];
    return leave(ip, HANDLER_REST);
}
const Insn* returnN(HANDLER_PARAMETERS) {
    move(fp, {ip->a, 0, ip->b});
    return leave(ip, HANDLER_REST);
}

// Calls

/// Lowered code of a function, or null after a trap. Apart, since a handler with a local that has a destructor cannot end in a jump.
[[gnu::noinline]] Code* codeOf(const Insn* ip, Execution* x, FunctionInstance* function) {
    if (!function->code) x->spendAll();
    Result<Code*> code = x->store->lowered(*function);
    if (code) return *code;
    Trap trap;
    trap.kind = TrapKind::Host;
    trap.message = code.error().text();
    trapAt(ip, x, std::move(trap));
    return nullptr;
}

/// How a host call went. Stopped: the machine has, at the call or inside one that the host made. Watched: it returned, and has touched
/// what is watched.
enum class HostEnd : uint8_t { Returned, Watched, Stopped, Threw };

/// Calls a host function whose arguments stand at `slots`.
[[gnu::always_inline]] inline HostEnd invokeHostHere(const Insn* ip, Execution* x, FunctionInstance& function,
                                                     Slot* slots) {
    Frame* frame = x->frame;
    frame->ip = ip;
    HostCall call{
        *x->machine, x->context->id(), {slots, std::max(function.paramSlots, function.resultSlots)}};
    // The host may start() and run() calls of its own on top of this one.
    const bool stepping = x->stepping;
    const uint64_t tickLimit = x->tickLimit;
    x->forgetHostThrown(x->depth() - 1);
    WatchSet& watches = *x->store->watches;
    watches.open();
    const size_t touched = watches.touchedByHost();
    HostOutcome outcome = function.host(call);
    watches.update();
    x->stepping = stepping;
    x->tickLimit = tickLimit;
    x->refill(x->tick());
    const bool ends = outcome.kind == HostOutcome::Kind::Trap || outcome.kind == HostOutcome::Kind::Exit;
    if (x->frame != frame && !ends) x->frame = frame;  // it gave its call up
    x->forgetHostThrown(x->depth());
    x->enterContext(x->frame->code->context);
    const Insn* at = x->frame == frame ? ip : x->frame->ip;
    if (outcome.kind != HostOutcome::Kind::Return) watches.dropHostCall(touched);
    switch (outcome.kind) {
    case HostOutcome::Kind::Return: break;
    case HostOutcome::Kind::Trap: trapAt(at, x, std::move(outcome.trap)); return HostEnd::Stopped;
    case HostOutcome::Kind::Exit:
        x->exitCode = outcome.exitCode;
        x->stopAt(at, StopKind::Exited);
        return HostEnd::Stopped;
    case HostOutcome::Kind::Interrupted:
        x->yield.store(false, std::memory_order_relaxed);  // the host has heard it
        x->stopAt(ip, StopKind::HostInterrupted);
        return HostEnd::Stopped;
    case HostOutcome::Kind::Throw:
        x->hostThrown = outcome.exception;
        x->hostThrownDepth = x->depth();
        return HostEnd::Threw;
    }
    for (ValType type : function.type->results) {
        if (type == kI32 || type == kF32) *slots &= 0xffffffff;
        slots += type.slots();
    }
    return watches.finishHostCall(*x, ip, function.hostName, touched) ? HostEnd::Watched : HostEnd::Returned;
}

[[gnu::noinline]] HostEnd invokeHost(const Insn* ip, Execution* x, FunctionInstance& function, Slot* slots) {
    return invokeHostHere(ip, x, function, slots);
}

/// Stops before `ip`, behind what touched watched memory; a breakpoint there is still to come.
[[gnu::noinline, gnu::cold]] const Insn* stopAtWatch(const Insn* ip, Execution* x) {
    x->unseen = true;
    return x->stopAt(ip, StopKind::Watchpoint);
}

/// The exception of a host goes on where it is caught.
[[gnu::noinline, gnu::cold]] const Insn* hostThrew(HANDLER_PARAMETERS) {
    const Insn* next = raise(x);
    if (!next) return nullptr;
    return goOn(next, x->frame->fp, x, x->mem0, x->mem0Size, table);
}

/// What follows a host call: a yield that was asked for meanwhile is heard there.
[[gnu::always_inline]] inline const Insn* behindHost(HostEnd end, HANDLER_PARAMETERS) {
    if (__builtin_expect(end != HostEnd::Returned, 0)) {
        if (end == HostEnd::Watched) return stopAtWatch(ip + 1, x);
        return end == HostEnd::Threw ? hostThrew(ip, HANDLER_REST) : nullptr;
    }
    if (__builtin_expect(x->yield.load(std::memory_order_relaxed), 0))
        return hearYield(ip + 1, fp, x, x->mem0, x->mem0Size, table);
    return dispatch(ip + 1, fp, x, x->mem0, x->mem0Size, table);
}

[[gnu::always_inline]] inline const Insn* callOfHost(FunctionInstance* function, Slot* slots,
                                                     HANDLER_PARAMETERS) {
    return behindHost(invokeHost(ip, x, *function, slots), ip, HANDLER_REST);
}

const Insn* callHost(HANDLER_PARAMETERS) {
    auto* function = reinterpret_cast<FunctionInstance*>(ip->imm);
    const DirectHostFunction& direct = function->direct;
    x->frame->ip = ip;
    if (direct.call && !x->yield.load(std::memory_order_relaxed) &&
        direct.call(direct.self, *x->machine, fp + ip->a))
        return dispatch(ip + 1, HANDLER_REST);
    return callOfHost(function, fp + ip->a, ip, HANDLER_REST);
}
const Insn* callWasm(HANDLER_PARAMETERS) {
    return enter(ip, reinterpret_cast<Code*>(ip->imm), fp + ip->a, 0, HANDLER_REST);
}

[[gnu::noinline]] const Insn* enterCross(const Insn* ip, Code* callee, Slot* base, HANDLER_PARAMETERS_REST) {
    if (base + callee->maxSlots > x->stackLimit || x->frame == x->frameLimit)
        return stackExhausted(ip, HANDLER_REST);
    x->enterContext(callee->context);
    return enter(ip, callee, base, frame_flag::kCrossInstance, fp, x, x->mem0, x->mem0Size, table);
}
const Insn* callCross(HANDLER_PARAMETERS) {
    return enterCross(ip, reinterpret_cast<Code*>(ip->imm), fp + ip->a, HANDLER_REST);
}

/// The first execution of a call finds out what it calls and becomes that form of call. b = function index.
[[gnu::noinline]] const Insn* callUnresolved(HANDLER_PARAMETERS) {
    FunctionInstance* function = x->context->functions[ip->b];
    auto& cell = const_cast<Insn&>(*ip);
    InternalOp form = InternalOp::CallHost;
    uint64_t imm = reinterpret_cast<uint64_t>(function);
    if (function->instance) {
        Code* code = codeOf(ip, x, function);
        if (!code) return nullptr;
        form = code->context == x->context ? InternalOp::CallWasm : InternalOp::CallCross;
        imm = reinterpret_cast<uint64_t>(code);
    }
    cell.imm = imm;
    if (cell.op == cell.plain) cell.op = number(form);
    cell.plain = number(form);
    return x->handlers[cell.plain].run(ip, HANDLER_REST);
}

/// Calls what a reference or a table element named, whatever it is. `argumentsEnd` is where the arguments end.
[[gnu::noinline]] const Insn* callFunction(const Insn* ip, FunctionInstance* function, Slot* argumentsEnd,
                                           HANDLER_PARAMETERS_REST) {
    Slot* base = argumentsEnd - function->paramSlots;
    if (!function->instance) return callOfHost(function, base, ip, HANDLER_REST);
    Code* code = codeOf(ip, x, function);
    if (!code) return nullptr;
    return code->context == x->context ? enter(ip, code, base, 0, HANDLER_REST)
                                       : enterCross(ip, code, base, HANDLER_REST);
}

/// Replaces the current activation by a call of `function`.
const Insn* tailCall(const Insn* ip, FunctionInstance* function, Slot* argumentsEnd,
                     HANDLER_PARAMETERS_REST) {
    Frame* f = x->frame;
    const Slot* arguments = argumentsEnd - function->paramSlots;
    if (!function->instance) {
        // A host call, then a return of its results.
        Slot* slots = argumentsEnd - function->paramSlots;
        const HostEnd end = invokeHost(ip, x, *function, slots);
        if (end > HostEnd::Watched) return end == HostEnd::Threw ? hostThrew(ip, HANDLER_REST) : nullptr;
        if (x->yield.load(std::memory_order_relaxed)) x->spendAll();  // heard at the next tick
        std::memmove(fp, slots, function->resultSlots * sizeof(Slot));
        if (end == HostEnd::Watched) {
            const Insn* next = leave(ip, fp, x, x->mem0, x->mem0Size, stopHandlers());
            if (completed(next, x)) return stopAtWatch(x->frame->ip, x);
            if (x->stop == StopKind::DepthReached) stopAtWatch(x->frame->ip, x);
            return nullptr;
        }
        return leave(ip, fp, x, x->mem0, x->mem0Size, table);
    }
    Code* callee = codeOf(ip, x, function);
    if (!callee) return nullptr;
    if (fp + callee->maxSlots > x->stackLimit) return stackExhausted(ip, HANDLER_REST);
    std::memmove(fp, arguments, function->paramSlots * sizeof(Slot));
    f->code = callee;
    if (callee->context != x->context) {
        f->flags |= frame_flag::kCrossInstance;
        x->enterContext(callee->context);
    }
    zeroLocals(x, fp, callee);
    const Insn* first = callee->cells.data();
    if (--x->ticksLeft <= 0) return lookAround(first, fp, x, x->mem0, x->mem0Size, table);
    return dispatch(first, fp, x, x->mem0, x->mem0Size, table);
}
const Insn* returnCall(HANDLER_PARAMETERS) {
    FunctionInstance* function = x->context->functions[ip->b];
    return tailCall(ip, function, fp + ip->a + function->paramSlots, HANDLER_REST);
}

[[gnu::noinline, gnu::cold]] const Insn* indirectTrap(const Insn* ip, Slot* fp, Execution* x, TrapKind kind) {
    Trap trap;
    trap.kind = kind;
    trap.address = fp[ip->a];
    trap.index = ip->c;
    trap.limit = x->context->tables[ip->c]->elements.size();
    return trapAt(ip, x, std::move(trap));
}

/// call_indirect: a = slot of the index, b = canonical type id, c = table. Null: the machine has stopped.
[[gnu::noinline]] FunctionInstance* elementAt(const Insn* ip, Slot* fp, Execution* x) {
    const TableInstance* t = x->context->tables[ip->c];
    const uint64_t index = fp[ip->a];
    TrapKind kind = TrapKind::None;
    if (index >= t->elements.size())
        kind = TrapKind::UndefinedElement;
    else if (t->elements[index] == 0)
        kind = TrapKind::UninitializedElement;
    else {
        FunctionInstance* function = x->store->functions[t->elements[index] - 1];
        if (isCanonicalSubtype(function->canonicalType, ip->b)) return function;
        kind = TrapKind::IndirectCallTypeMismatch;
    }
    indirectTrap(ip, fp, x, kind);
    return nullptr;
}
/// What is not a plain call in the same instance, with the type exactly as asked for.
[[gnu::noinline]] const Insn* callIndirectSlow(HANDLER_PARAMETERS) {
    FunctionInstance* function = elementAt(ip, fp, x);
    if (!function) return nullptr;
    return callFunction(ip, function, fp + ip->a, HANDLER_REST);
}
const Insn* callIndirect(HANDLER_PARAMETERS) {
    const TableInstance* t = x->context->tables.data()[ip->c];
    const uint64_t index = fp[ip->a];
    if (__builtin_expect(index >= t->elements.size(), 0)) return callIndirectSlow(ip, HANDLER_REST);
    const Slot reference = t->elements.data()[index];
    if (__builtin_expect(reference == 0, 0)) return callIndirectSlow(ip, HANDLER_REST);
    const FunctionInstance* function = x->store->functions.data()[reference - 1];
    Code* code = function->code;
    if (__builtin_expect(function->canonicalType != ip->b || !code || code->context != x->context, 0))
        return callIndirectSlow(ip, HANDLER_REST);
    return enter(ip, code, fp + ip->a - code->paramSlots, 0, HANDLER_REST);
}
const Insn* returnCallIndirect(HANDLER_PARAMETERS) {
    FunctionInstance* function = elementAt(ip, fp, x);
    if (!function) return nullptr;
    return tailCall(ip, function, fp + ip->a, HANDLER_REST);
}
const Insn* callRef(HANDLER_PARAMETERS) {
    const Slot reference = fp[ip->a];
    if (__builtin_expect(reference == 0, 0)) return trapAt(ip, x, TrapKind::NullFunction);
    FunctionInstance* function = x->store->functions.data()[reference - 1];
    Code* code = function->code;
    if (__builtin_expect(!code || code->context != x->context, 0))
        return callFunction(ip, function, fp + ip->a, HANDLER_REST);
    return enter(ip, code, fp + ip->a - code->paramSlots, 0, HANDLER_REST);
}
const Insn* returnCallRef(HANDLER_PARAMETERS) {
    const Slot reference = fp[ip->a];
    if (reference == 0) return trapAt(ip, x, TrapKind::NullFunction);
    return tailCall(ip, x->store->functions[reference - 1], fp + ip->a, HANDLER_REST);
}

// Variables. a = operand slot, b = local slot, imm = address of the global.

const Insn* select(HANDLER_PARAMETERS) {
    const uint32_t a = ip->a;
    fp[a] = read<uint32_t>(fp[a + 2]) ? fp[a] : fp[a + 1];
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* selectWide(HANDLER_PARAMETERS) {
    const uint32_t a = ip->a;
    if (!read<uint32_t>(fp[a + 4])) {
        fp[a] = fp[a + 2];
        fp[a + 1] = fp[a + 3];
    }
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* localGet(HANDLER_PARAMETERS) {
    fp[ip->a] = fp[ip->b];
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* localSet(HANDLER_PARAMETERS) {
    fp[ip->b] = fp[ip->a];
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* localGetWide(HANDLER_PARAMETERS) {
    std::memcpy(&fp[ip->a], &fp[ip->b], 16);
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* localSetWide(HANDLER_PARAMETERS) {
    std::memcpy(&fp[ip->b], &fp[ip->a], 16);
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* globalGet(HANDLER_PARAMETERS) {
    fp[ip->a] = *reinterpret_cast<const Slot*>(ip->imm);
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* globalSet(HANDLER_PARAMETERS) {
    *reinterpret_cast<Slot*>(ip->imm) = fp[ip->a];
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* globalGetWide(HANDLER_PARAMETERS) {
    std::memcpy(&fp[ip->a], reinterpret_cast<const Slot*>(ip->imm), 16);
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* globalSetWide(HANDLER_PARAMETERS) {
    std::memcpy(reinterpret_cast<Slot*>(ip->imm), &fp[ip->a], 16);
    return dispatch(ip + 1, HANDLER_REST);
}

#if !ENGINE_TAIL_CALLS
void trampoline(Execution* x, const Insn* ip, const Handler* table) {
    while (ip)
        ip = table[ip->op].run(ip, x->frame->fp, x, x->mem0, x->mem0Size, table);
}
#endif

}  // namespace

/// Few calls deep: behind system calls processors mispredict every return.
bool completeHostCall(const Insn* ip, Execution* x) {
    Slot* fp = x->frame->fp;
    const HostEnd end = invokeHostHere(ip, x, *reinterpret_cast<FunctionInstance*>(ip->imm), fp + ip->a);
    if (__builtin_expect(end == HostEnd::Returned && !x->yield.load(std::memory_order_relaxed), 1)) {
        x->stopAt(ip + 1, StopKind::Stepped);
        return true;
    }
    return completed(behindHost(end, ip, fp, x, x->mem0, x->mem0Size, stopHandlers()), x);
}

const Insn* dispatchPlain(HANDLER_PARAMETERS) { return x->handlers[ip->plain].run(ip, HANDLER_REST); }

uint64_t nowNs() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(t.tv_nsec);
}

void runHandlers(Execution* x, const Handler* table) {
    const Insn* ip = x->frame->ip;
#if ENGINE_TAIL_CALLS
    table[ip->op].run(ip, x->frame->fp, x, x->mem0, x->mem0Size, table);
#else
    trampoline(x, ip, table);
#endif
}

void runPlain(Execution* x, const Handler* table) {
    const Insn* ip = x->frame->ip;
    const Insn* next = x->handlers[ip->plain].run(ip, x->frame->fp, x, x->mem0, x->mem0Size, table);
#if ENGINE_TAIL_CALLS
    CHECK(next == nullptr);
#else
    trampoline(x, next, table);
#endif
}

[[gnu::noinline, gnu::cold]] const Insn* replayPlain(HANDLER_PARAMETERS) {
#if ENGINE_TAIL_CALLS
    return x->handlers[ip->plain].run(ip, fp, x, mem, memSize, plainHandlers());
#else
    trampoline(x, x->handlers[ip->plain].run(ip, fp, x, mem, memSize, plainHandlers()), plainHandlers());
    return nullptr;
#endif
}

[[gnu::noinline]] const Insn* lookAround(HANDLER_PARAMETERS) {
    const uint64_t tick = x->tick();
    if (!x->stepping) {
        const bool asked = x->yield.exchange(false, std::memory_order_relaxed);
        if (asked || tick >= x->tickLimit) {
            x->refill(tick);
            x->unseen = true;
            return x->stopAt(ip, StopKind::Yielded);
        }
    }
    const uint64_t now = nowNs();
    const uint64_t elapsed = now - x->lookedAtNs;
    x->lookedAtNs = now;
    if (elapsed < 500'000)
        x->quantum = std::min(x->quantum * 2, Execution::kMaxQuantum);
    else if (elapsed > 2'000'000)
        x->quantum = std::max<uint64_t>(x->quantum / 4, 4);
    x->refill(tick);
    return dispatch(ip, HANDLER_REST);
}

[[gnu::noinline]] const Insn* hearYield(HANDLER_PARAMETERS) {
    if (x->stepping || !x->yield.exchange(false, std::memory_order_relaxed))
        return dispatch(ip, HANDLER_REST);
    x->unseen = true;
    return x->stopAt(ip, StopKind::Yielded);
}

bool yieldInside(const Insn* ip, Execution* x) {
    if (!x->yield.exchange(false, std::memory_order_relaxed)) return false;
    x->stopAt(ip, StopKind::Yielded);
    return true;
}

[[gnu::noinline, gnu::cold]] const Insn* trapAt(const Insn* ip, Execution* x, Trap trap) {
    x->trap = std::move(trap);
    return x->stopAt(ip, StopKind::Trapped);
}
[[gnu::noinline, gnu::cold]] const Insn* trapAt(const Insn* ip, Execution* x, TrapKind kind) {
    Trap trap;
    trap.kind = kind;
    return trapAt(ip, x, std::move(trap));
}

[[gnu::noinline, gnu::cold]] const Insn* outsideSegment(const Insn* ip, Execution* x, TrapKind kind,
                                                        uint64_t at, uint64_t size) {
    const bool isData = kind == TrapKind::OutOfBoundsMemory;
    Trap trap;
    trap.kind = kind;
    trap.address = at;
    trap.limit = size;
    trap.message = "reading from " + std::to_string(at) + " on, " +
                   (isData ? "data segment " : "element segment ") + std::to_string(ip->c) + " has " +
                   std::to_string(size) + (isData ? " bytes" : " elements");
    return trapAt(ip, x, std::move(trap));
}

bool pushFrame(Execution* x, Code* code, Slot* base, uint32_t flags) {
    if (base + code->maxSlots > x->stackLimit || x->frame == x->frameLimit) return false;
    Frame* f = ++x->frame;
    f->code = code;
    f->fp = base;
    f->flags = flags;
    f->ip = code->cells.data();
    zeroLocals(x, base, code);
    x->enterContext(code->context);
    --x->ticksLeft;
    return true;
}

void addControlHandlers(HandlerTable& table) {
    std::fill(table.begin(), table.end(), Handler{unhandled});
    auto set = [&](auto op, Handler::Function handler) { table[number(op)].run = handler; };
    set(InternalOp::Break, breakpoint);
    set(InternalOp::Look, look);
    set(InternalOp::Unreached, unreached);
    set(Op::Unreachable, unreachable);
    for (Op op : {Op::Nop, Op::Block, Op::End, Op::Drop})
        set(op, nop);
    set(Op::Loop, loop);
    set(Op::If, ifElse);
    set(Op::Else, br);
    set(Op::Br, br);
    set(InternalOp::BrMove1, brMove1);
    set(InternalOp::BrMoveN, brMoveN);
    set(Op::BrIf, brIf);
    set(InternalOp::BrIfMove1, brIfMove1);
    set(InternalOp::BrIfMoveN, brIfMoveN);
    set(Op::BrTable, brTable);
    set(Op::BrOnNull, brOnNull);
    set(Op::BrOnNonNull, brOnNonNull);
    set(Op::Return, return0);
    set(InternalOp::Return1, return1);
    set(InternalOp::ReturnN, returnN);
    set(Op::Call, callUnresolved);
    set(InternalOp::CallWasm, callWasm);
    set(InternalOp::CallCross, callCross);
    set(InternalOp::CallHost, callHost);
    set(Op::CallIndirect, callIndirect);
    set(Op::CallRef, callRef);
    set(Op::ReturnCall, returnCall);
    set(Op::ReturnCallIndirect, returnCallIndirect);
    set(Op::ReturnCallRef, returnCallRef);
    set(Op::Select, select);
    set(Op::SelectTyped, select);
    set(InternalOp::SelectWide, selectWide);
    set(Op::LocalGet, localGet);
    set(Op::LocalSet, localSet);
    set(Op::LocalTee, localSet);
    set(InternalOp::LocalGetWide, localGetWide);
    set(InternalOp::LocalSetWide, localSetWide);
    set(InternalOp::LocalTeeWide, localSetWide);
    set(Op::GlobalGet, globalGet);
    set(Op::GlobalSet, globalSet);
    set(InternalOp::GlobalGetWide, globalGetWide);
    set(InternalOp::GlobalSetWide, globalSetWide);
}

const Handler* allHandlers() {
    static const HandlerTable table = [] {
        HandlerTable t(fusedEnd());
        addControlHandlers(t);
        addNumericHandlers(t);
        addMemoryHandlers(t);
        addVectorHandlers(t);
        addTableHandlers(t);
        addGcHandlers(t);
        addAtomicHandlers(t);
        addExceptionHandlers(t);
        addTierHandlers(t);
        addFusedHandlers(t);
        for (uint16_t op = 0; op < kOpCount; ++op)
            CHECK(t[op].run != unhandled);
        return t;
    }();
    return table.data();
}
const Handler* stopHandlers() {
    static const HandlerTable table(fusedEnd(), Handler{stepped});
    return table.data();
}
const Handler* plainHandlers() {
    static const HandlerTable table(fusedEnd(), Handler{dispatchPlain});
    return table.data();
}

}  // namespace engine
