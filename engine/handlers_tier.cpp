// Where a function counts how often it runs, and compiled code may be entered: its first cell and its loops.
#include "engine/fusion.h"
#include "engine/handlers.h"
#include "engine/jit/jit.h"

namespace engine {

namespace {

[[gnu::noinline]] const Insn* arrive(const Insn* ip, Execution* x) {
    Code& code = *x->frame->code;
    if (!code.hasGroups && ++code.arrivals == kArrivalsBeforeGroups) fuse(code);
    return code.tier.managed ? x->store->jit->arrived(ip, x) : ip;
}

/// The function was entered, its tick counted.
const Insn* tierEntry(HANDLER_PARAMETERS) {
    const Insn* next = arrive(ip, x);
    if (!next) return nullptr;
    // Machine code may have been here meanwhile, in deeper frames.
    if (next == ip) return x->handlers[ip->plain].run(ip, x->frame->fp, x, x->mem0, x->mem0Size, table);
    return dispatch(next, x->frame->fp, x, x->mem0, x->mem0Size, table);
}

[[gnu::noinline]] const Insn* behindLoop(HANDLER_PARAMETERS) {
    const Insn* next = arrive(ip + 1, x);
    if (!next) return nullptr;
    return dispatch(next, x->frame->fp, x, x->mem0, x->mem0Size, table);
}

const Insn* tierLoop(HANDLER_PARAMETERS) {
    if (__builtin_expect(--x->ticksLeft <= 0, 0)) return lookAround(ip + 1, HANDLER_REST);
    return behindLoop(ip, HANDLER_REST);
}

}  // namespace

void addTierHandlers(HandlerTable& table) {
    table[number(InternalOp::TierEntry)].run = tierEntry;
    table[number(InternalOp::TierLoop)].run = tierLoop;
}

}  // namespace engine
