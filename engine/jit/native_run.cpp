// The ways into machine code and back.
#include <algorithm>
#include <utility>

#include "engine/handlers.h"
#include "engine/jit/jit.h"
#include "engine/watch.h"

namespace engine::jit {

namespace {

constexpr uint32_t kMaxRuns = 1000;  // within each other: the native stack has some words to spare for each

/// A run of machine code may begin in a host function that another one calls: below that one's part of the native stack.
class RunScope {
public:
    explicit RunScope(NativeContext& c)
        : context(c),
          nativeTop(c.nativeTop),
          nativeLimit(c.nativeLimit),
          hostStack(c.hostStack),
          calling(c.calling) {
        ++context.runs;
        if (calling) context.nativeTop = static_cast<uint8_t*>(calling) - 2 * sizeof(void*);
        context.calling = nullptr;
    }
    ~RunScope() {
        --context.runs;
        context.nativeTop = nativeTop;
        context.nativeLimit = nativeLimit;
        context.hostStack = hostStack;
        context.calling = calling;
        context.recordedCount = 0;
    }

private:
    NativeContext& context;
    uint8_t *nativeTop, *nativeLimit;
    void *hostStack, *calling;
};

/// Executes the cell at `ip` by its handler. False: the machine has stopped.
[[gnu::always_inline]] inline bool executeOne(const Insn* ip, Execution* x) {
    if (ip->plain == number(InternalOp::CallHost)) return completeHostCall(ip, x);
    const Frame* before = x->frame;
    if (!completed(x->handlers[ip->plain].run(ip, before->fp, x, x->mem0, x->mem0Size, stopHandlers()), x))
        return false;
    if (x->frame == before + 1) x->frame->flags |= frame_flag::kCalledNatively;
    return true;
}

bool isBreak(const Insn& cell) { return cell.op == number(InternalOp::Break); }

void writeHome(const NativeContext& context, const CompiledFunction& function, const Exit& exit, Slot* fp) {
    for (size_t i = 0; i < function.locals.size(); ++i) {
        if (!(exit.validLocals >> i & 1)) continue;
        const LocalPlace& local = function.locals[i];
        fp[local.slot] = local.isFloat ? context.vector[local.reg][0] : context.general[local.reg];
        if (local.isVector) fp[local.slot + 1] = context.vector[local.reg][1];
    }
    for (const ValuePlace& place : function.placesOf(exit)) {
        switch (place.kind) {
        case ValuePlace::Kind::General: fp[place.slot] = context.general[place.reg]; break;
        case ValuePlace::Kind::Float: fp[place.slot] = context.vector[place.reg][0]; break;
        case ValuePlace::Kind::Vector:
            fp[place.slot] = context.vector[place.reg][0];
            fp[place.slot + 1] = context.vector[place.reg][1];
            break;
        case ValuePlace::Kind::Constant: fp[place.slot] = function.constants[place.value]; break;
        case ValuePlace::Kind::Slot: fp[place.slot] = fp[place.value]; break;
        }
    }
}

void setMemory(NativeContext& context, const Execution& x) {
    context.memory = x.mem0;
    context.memorySize = x.mem0Size;
    context.bulkSize = x.store->watches->isProtected() ? 0 : x.mem0Size;
}

}  // namespace

bool executeCell(NativeContext* context, const Insn* ip, Slot* fp, Code* code) {
    // The youngest frame record belongs to the outermost native frame; handlers may look at its code, and write its ip.
    Execution* x = context->execution;
    Frame& outermost = *x->frame;
    const Frame before = outermost;
    outermost.code = code;
    if (mustLook(ip, fp, *x)) {
        outermost = before;
        return false;
    }
    // What the cell spends brings the next look of the machine code nearer; as in a step, no yield is heard behind the cell.
    x->ticksLeft = context->ticksLeft;
    const bool stepping = std::exchange(x->stepping, true);
    const bool isDone =
        completed(x->handlers[ip->plain].run(ip, fp, x, x->mem0, x->mem0Size, stopHandlers()), x);
    x->stepping = stepping;
    context->ticksLeft = x->ticksLeft;
    outermost = before;
    setMemory(*context, *x);
    if (isDone) return true;
    // A yield heard halfway will be heard again.
    if (x->stop == StopKind::Yielded) x->yield.store(true, std::memory_order_relaxed);
    return false;
}

bool callHostDirectly(NativeContext* context, const FunctionInstance* function, Slot* slots) {
    Execution& x = *context->execution;
    // A yield is heard behind a call that is made the other way.
    if (x.yield.load(std::memory_order_relaxed)) return false;
    x.ticksLeft = context->ticksLeft;
    context->direct = static_cast<const void* const*>(context->pausedStack);
    const bool isMade = function->direct.call(function->direct.self, *x.machine, slots);
    context->direct = nullptr;
    return isMade;
}

bool executeInFrames(NativeContext* context, const Insn* ip, Slot*, Code* code) {
    Execution* x = context->execution;
    Frame* outermost = x->frame;
    const auto* youngest = static_cast<const void* const*>(context->pausedStack) + 1;
    Frame* frame = x->store->jit->record(*context, outermost, youngest);
    frame->code = code;
    frame->ip = ip;
    x->frame = frame;
    x->ticksLeft = context->ticksLeft;
    context->calling = context->pausedStack;
    context->hasStopped = true;
    try {
        context->hasStopped = !executeOne(ip, x);
    } catch (...) {
        context->problem = std::current_exception();  // there is no way through machine code for it
    }
    context->pausedStack = std::exchange(context->calling, nullptr);
    context->ticksLeft = x->ticksLeft;
    if (context->hasStopped || x->frame != frame || frame->ip != ip + 1 || x->store->watches->any() ||
        frame - outermost > static_cast<ptrdiff_t>(NativeContext::kMaxRecorded))
        return false;
    // Breakpoints, or somebody who waits for a return.
    for (const Frame* f = outermost; f <= frame; ++f)
        if (!f->code->tier.active || (f != outermost && f->flags != frame_flag::kCalledNatively))
            return false;
    x->frame = outermost;
    setMemory(*context, *x);
    return true;
}

void Jit::enter(NativeContext& context, Execution* x, const Entry& entry) {
    const Frame& frame = *x->frame;
    context.ticksLeft = x->ticksLeft;
    context.stackLimit = x->stackLimit;
    const auto framesLeft = static_cast<size_t>(x->frameLimit - x->frame);
    context.nativeLimit = context.nativeTop - framesLeft * sizeof(void*);
    context.recordedCount = 0;
    setMemory(context, *x);
    ++m_running;
    m_backend->enter(context, frame.fp + entry.base, frame.code->tier.compiled->code.data() + entry.offset);
    --m_running;
    x->ticksLeft = context.ticksLeft;
}

Frame* Jit::record(NativeContext& context, Frame* outermost, const void* const* youngest) const {
    // Return addresses stand from just below the top (the outermost call) downwards.
    const auto* top = reinterpret_cast<const void* const*>(context.nativeTop) - 1;
    const auto count = static_cast<size_t>(top + 1 - youngest);
    size_t i = 0;
    while (i < std::min(count, context.recordedCount) &&
           context.recorded[i] == top[-static_cast<ptrdiff_t>(i)])
        ++i;
    Frame* frame = outermost + i;
    for (; i < count; ++i) {
        const void* returnAddress = top[-static_cast<ptrdiff_t>(i)];
        if (i < NativeContext::kMaxRecorded) context.recorded[i] = returnAddress;
        const CallSite& site = callFrom(returnAddress, *frame);
        frame[1].fp = frame->fp + site.base;
        frame[1].flags = frame_flag::kCalledNatively;
        ++frame;
    }
    context.recordedCount = std::min(count, NativeContext::kMaxRecorded);
    return frame;
}

const CallSite& Jit::callFrom(const void* returnAddress, Frame& frame) const {
    const CompiledFunction& caller = functionAt(returnAddress);
    const CallSite& site = caller.callSiteAt(returnAddress);
    frame.code = caller.owner;
    frame.ip = &caller.owner->cells[site.cell];
    return site;
}

[[gnu::always_inline]] inline const CodeLocation& Jit::locationOf(const void* returnAddress) {
    Located& seen = m_located[reinterpret_cast<uintptr_t>(returnAddress) % m_located.size()];
    if (seen.returnAddress != returnAddress) {
        Frame frame;
        (void)callFrom(returnAddress, frame);
        seen = {returnAddress, frame.location()};
    }
    return seen.location;
}

uint32_t Jit::backtrace(const Execution& x, std::span<CodeLocation> out) {
    uint32_t count = 0;
    for (const void* returnAddress : x.native->directCalls()) {
        if (count == out.size()) break;
        out[count++] = locationOf(returnAddress);
    }
    for (const Frame* frame = x.frame - 1; frame > x.frames && count < out.size(); --frame)
        out[count++] = frame->location();
    return count;
}

const Exit* Jit::materialise(NativeContext& context, Execution* x) {
    const Exit* exit = nullptr;
    const CompiledFunction* youngest = nullptr;
    if (context.exit == leave::kFault) {
        youngest = &functionAt(context.exitAddress);
        exit = youngest->exitAt(context.exitAddress);
        CHECK(exit);
    } else if (context.exit != leave::kCall) {
        youngest = &functionOfExit(context.exit);
        exit = &youngest->exits[context.exit - youngest->firstExit];
    }
    x->frame = record(context, x->frame, reinterpret_cast<const void* const*>(context.nativeStack));
    if (exit) {
        x->frame->code = youngest->owner;
        x->frame->ip = &youngest->owner->cells[exit->cell];
        writeHome(context, *youngest, *exit, x->frame->fp);
    } else {
        callFrom(context.exitAddress, *x->frame);
    }
    return exit;
}

bool Jit::mayEnter(Execution* x) {
    WatchSet& watches = *x->store->watches;
    if (m_looks != Looks::Never) return m_looks >= neededLooks();
    if (watches.isProtected()) return true;
    if (m_governor.isHot(nowNs) && m_running == 0) {
        setLooks(neededLooks());
        return false;
    }
    return watches.protect();
}

const Insn* Jit::run(Execution* x) {
    NativeContext& context = contextOf(x);
    const RunScope scope(context);
    while (true) {
        const Insn* ip = x->frame->ip;
        const Code& code = *x->frame->code;
        if (!code.tier.active || isBreak(*ip)) return ip;
        const Entry* entry = code.tier.compiled->entryAt(code.cellOf(ip));
        if (!entry || context.runs > kMaxRuns || (x->store->watches->any() && !mayEnter(x))) return ip;
        enter(context, x, *entry);
        if (context.exit == leave::kInterpreted) {
            if (context.problem) std::rethrow_exception(std::exchange(context.problem, nullptr));
            if (context.hasStopped) return nullptr;
            continue;
        }
        if (context.exit == leave::kReturned) {
            static constexpr Insn kReturn{number(Op::Return), number(Op::Return), 0, {0}};
            if (!executeOne(&kReturn, x)) return nullptr;
            continue;
        }
        const Exit* exit = materialise(context, x);
        if (exit && exit->kind == Exit::Kind::Tick) {
            const Frame& frame = *x->frame;
            if (!completed(lookAround(frame.ip, frame.fp, x, x->mem0, x->mem0Size, stopHandlers()), x))
                return nullptr;
            continue;
        }
        if (isBreak(*x->frame->ip)) return x->frame->ip;
        if (!executeOne(x->frame->ip, x)) return nullptr;
    }
}

const Insn* Jit::arrived(const Insn* ip, Execution* x) {
    Code& code = *x->frame->code;
    if (!code.tier.active) {
        if (--code.tier.countdown > 0 || !compile(code)) return ip;
    }
    x->frame->ip = ip;
    return run(x);
}

const Insn* Jit::resumed(const Insn* ip, Execution* x) {
    x->frame->ip = ip;
    return run(x);
}

}  // namespace engine::jit
