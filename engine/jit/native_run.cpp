// The ways into machine code and back.
#include <algorithm>
#include <utility>

#include "engine/handlers.h"
#include "engine/jit/jit.h"
#include "engine/watch.h"

namespace engine::jit {

namespace {

/// Executes the cell at `ip` by its handler. False: the machine has stopped.
bool executeOne(const Insn* ip, Execution* x) {
    const Frame* before = x->frame;
    if (!completed(x->handlers[ip->plain].run(ip, before->fp, x, x->mem0, x->mem0Size, stopHandlers()), x))
        return false;
    if (x->frame == before + 1) x->frame->flags |= frame_flag::kCalledNatively;
    return true;
}

void writeHome(const NativeContext& context, const CompiledFunction& function, const Exit& exit, Slot* fp) {
    const auto places = std::span(function.places).subspan(exit.firstPlace, exit.places);
    for (size_t i = 0; i < function.locals.size(); ++i) {
        if (!(exit.validLocals >> i & 1)) continue;
        const LocalPlace& local = function.locals[i];
        fp[local.slot] = local.isFloat ? context.vector[local.reg][0] : context.general[local.reg];
        if (local.isVector) fp[local.slot + 1] = context.vector[local.reg][1];
    }
    for (const ValuePlace& place : places) {
        switch (place.kind) {
        case ValuePlace::Kind::General: fp[place.slot] = context.general[place.reg]; break;
        case ValuePlace::Kind::Float: fp[place.slot] = context.vector[place.reg][0]; break;
        case ValuePlace::Kind::Vector:
            fp[place.slot] = context.vector[place.reg][0];
            fp[place.slot + 1] = context.vector[place.reg][1];
            break;
        case ValuePlace::Kind::Constant: fp[place.slot] = place.value; break;
        case ValuePlace::Kind::Slot: fp[place.slot] = fp[place.value]; break;
        }
    }
}

void setMemory(NativeContext& context, const Execution& x) {
    context.memory = x.mem0;
    context.memorySize = x.mem0Size;
    context.bulkSize = x.store->watches->any() ? 0 : x.mem0Size;
}

}  // namespace

bool executeCell(NativeContext* context, const Insn* ip, Slot* fp, Code* code) {
    // The youngest frame record belongs to the outermost native frame; handlers may look at its code, and write its ip, which is made
    // anew when the native frames turn into records.
    Execution* x = context->execution;
    Code* outermost = std::exchange(x->frame->code, code);
    if (wouldFault(ip, fp, *x)) {
        x->frame->code = outermost;
        return false;
    }
    // What the cell spends brings the next look of the machine code nearer; as in a step, no yield is heard behind the cell.
    x->ticksLeft = context->ticksLeft;
    const bool stepping = std::exchange(x->stepping, true);
    const bool isDone =
        completed(x->handlers[ip->plain].run(ip, fp, x, x->mem0, x->mem0Size, stopHandlers()), x);
    x->stepping = stepping;
    context->ticksLeft = x->ticksLeft;
    x->frame->code = outermost;
    setMemory(*context, *x);
    if (isDone) return true;
    // A yield heard halfway will be heard again.
    if (x->stop == StopKind::Yielded) x->yield.store(true, std::memory_order_relaxed);
    return false;
}

void Jit::enter(NativeContext& context, Execution* x, const Entry& entry) {
    const Frame& frame = *x->frame;
    context.ticksLeft = x->ticksLeft;
    context.stackLimit = x->stackLimit;
    const auto framesLeft = static_cast<size_t>(x->frameLimit - x->frame);
    context.nativeLimit = context.nativeTop - framesLeft * sizeof(void*);
    setMemory(context, *x);
    m_backend->enter(context, frame.fp + entry.base, frame.code->tier.compiled->code.data() + entry.offset);
    x->ticksLeft = context.ticksLeft;
}

const Exit* Jit::materialise(const NativeContext& context, Execution* x) {
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
    // Return addresses stand from just below the top (the outermost call) downwards.
    const auto* from = reinterpret_cast<const void* const*>(context.nativeTop) - 1;
    const auto* to = reinterpret_cast<const void* const*>(context.nativeStack);
    Frame* frame = x->frame;
    const auto callFrom = [&](const void* returnAddress) -> const CallSite& {
        const CompiledFunction& caller = functionAt(returnAddress);
        frame->code = caller.owner;
        const CallSite& site = caller.callSiteAt(returnAddress);
        frame->ip = &caller.owner->cells[site.cell];
        return site;
    };
    for (const auto* at = from; at >= to; --at) {
        const CallSite& site = callFrom(*at);
        Slot* base = frame->fp + site.base;
        ++frame;
        frame->fp = base;
        frame->flags = frame_flag::kCalledNatively;
    }
    if (exit) {
        frame->code = youngest->owner;
        frame->ip = &youngest->owner->cells[exit->cell];
        writeHome(context, *youngest, *exit, frame->fp);
    } else {
        callFrom(context.exitAddress);
    }
    x->frame = frame;
    return exit;
}

bool Jit::mayEnter(Execution* x) {
    WatchSet& watches = *x->store->watches;
    const auto progress = [x] { return WatchGovernor::Progress{x->tick(), nowNs()}; };
    if (!m_governor.mayEnter(progress)) return false;
    if (watches.isProtected()) return true;
    m_governor.entersAgain(progress);
    return watches.protect();
}

const Insn* Jit::run(Execution* x) {
    NativeContext& context = contextOf(x);
    while (true) {
        const Insn* ip = x->frame->ip;
        const Code& code = *x->frame->code;
        if (!code.tier.active) return ip;
        const Entry* entry = code.tier.compiled->entryAt(code.cellOf(ip));
        if (!entry || (x->store->watches->any() && !mayEnter(x))) return ip;
        enter(context, x, *entry);
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
        if (!executeOne(x->frame->ip, x)) return nullptr;
    }
}

const Insn* Jit::arrived(const Insn* ip, Execution* x) {
    Code& code = *x->frame->code;
    if (!code.tier.active) {
        if (--code.tier.countdown > 0 || code.tier.compiled || !compile(code)) return ip;
    }
    x->frame->ip = ip;
    return run(x);
}

const Insn* Jit::resumed(const Insn* ip, Execution* x) {
    x->frame->ip = ip;
    return run(x);
}

}  // namespace engine::jit
