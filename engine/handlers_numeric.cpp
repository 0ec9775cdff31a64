// Constants and numeric instructions: a handler per row of numeric.def.
#include "engine/handlers.h"

namespace engine {

namespace {

template <class Operation>
const Insn* unary(HANDLER_PARAMETERS) {
    Slot& slot = fp[ip->a];
    write(slot, Operation::apply(read<typename Operation::Operand>(slot)));
    return dispatch(ip + 1, HANDLER_REST);
}

template <class Operation>
const Insn* binary(HANDLER_PARAMETERS) {
    Slot* slots = &fp[ip->a];
    using Operand = typename Operation::Operand;
    write(slots[0], Operation::apply(read<Operand>(slots[0]), read<Operand>(slots[1])));
    return dispatch(ip + 1, HANDLER_REST);
}

template <class Operation>
const Insn* trappingUnary(HANDLER_PARAMETERS) {
    Slot& slot = fp[ip->a];
    const auto operand = read<typename Operation::Operand>(slot);
    const TrapKind kind = Operation::trap(operand);
    if (__builtin_expect(kind != TrapKind::None, 0)) return trapAt(ip, x, kind);
    write(slot, Operation::apply(operand));
    return dispatch(ip + 1, HANDLER_REST);
}

template <class Operation>
const Insn* trappingBinary(HANDLER_PARAMETERS) {
    Slot* slots = &fp[ip->a];
    using Operand = typename Operation::Operand;
    const auto left = read<Operand>(slots[0]), right = read<Operand>(slots[1]);
    const TrapKind kind = Operation::trap(left, right);
    if (__builtin_expect(kind != TrapKind::None, 0)) return trapAt(ip, x, kind);
    write(slots[0], Operation::apply(left, right));
    return dispatch(ip + 1, HANDLER_REST);
}

/// a = result slot, imm = the bits.
const Insn* constant(HANDLER_PARAMETERS) {
    fp[ip->a] = ip->imm;
    return dispatch(ip + 1, HANDLER_REST);
}

template <numeric::Pair (*function)(numeric::Pair, numeric::Pair)>
const Insn* wide(HANDLER_PARAMETERS) {
    Slot* slots = &fp[ip->a];
    const numeric::Pair result = function({slots[0], slots[1]}, {slots[2], slots[3]});
    slots[0] = result.low;
    slots[1] = result.high;
    return dispatch(ip + 1, HANDLER_REST);
}

template <bool isSigned>
const Insn* multiplyWide(HANDLER_PARAMETERS) {
    Slot* slots = &fp[ip->a];
    const numeric::Pair result = numeric::multiplyWide(slots[0], slots[1], isSigned);
    slots[0] = result.low;
    slots[1] = result.high;
    return dispatch(ip + 1, HANDLER_REST);
}

}  // namespace

void addNumericHandlers(HandlerTable& table) {
#define UNARY(id, ...) table[number(Op::id)].run = unary<numeric::id>;
#define BINARY(id, ...) table[number(Op::id)].run = binary<numeric::id>;
#define COMPARE(id, ...) table[number(Op::id)].run = binary<numeric::id>;
#define TRAPPING_UNARY(id, ...) table[number(Op::id)].run = trappingUnary<numeric::id>;
#define TRAPPING_BINARY(id, ...) table[number(Op::id)].run = trappingBinary<numeric::id>;
#include "engine/numeric.def"
    for (Op op : {Op::I32Const, Op::I64Const, Op::F32Const, Op::F64Const})
        table[number(op)].run = constant;
    table[number(Op::I64Add128)].run = wide<numeric::addWide>;
    table[number(Op::I64Sub128)].run = wide<numeric::subtractWide>;
    table[number(Op::I64MulWideS)].run = multiplyWide<true>;
    table[number(Op::I64MulWideU)].run = multiplyWide<false>;
}

}  // namespace engine
