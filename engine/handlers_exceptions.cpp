// throw, throw_ref, rethrow; the constructs around them cost nothing.
#include "engine/exceptions.h"
#include "engine/handlers.h"

namespace engine {

namespace {

/// throw: a = first argument, b = tag. rethrow: b = region of its catch block.
const Insn* raiseHere(HANDLER_PARAMETERS) {
    x->frame->ip = ip;
    const Insn* next = raise(x);
    if (!next) return nullptr;
    return goOn(next, x->frame->fp, x, x->mem0, x->mem0Size, table);
}
/// a = exnref.
const Insn* throwRef(HANDLER_PARAMETERS) {
    if (fp[ip->a] == 0) return trapAt(ip, x, TrapKind::NullException);
    return raiseHere(ip, HANDLER_REST);
}
const Insn* nop(HANDLER_PARAMETERS) { return dispatch(ip + 1, HANDLER_REST); }
/// A legacy catch reached from above: the block is over.
const Insn* skipCatches(HANDLER_PARAMETERS) {
    return dispatch(ip + static_cast<int32_t>(ip->b), HANDLER_REST);
}

}  // namespace

void addExceptionHandlers(HandlerTable& table) {
    for (Op op : {Op::Throw, Op::Rethrow})
        table[number(op)].run = raiseHere;
    table[number(Op::ThrowRef)].run = throwRef;
    for (Op op : {Op::TryTable, Op::Try, Op::Delegate})
        table[number(op)].run = nop;
    for (Op op : {Op::Catch, Op::CatchAll})
        table[number(op)].run = skipCatches;
}

}  // namespace engine
