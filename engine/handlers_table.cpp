// Tables and references. Indices are read as 64 bits everywhere, because i32 slots are kept zero-extended.
#include <algorithm>

#include "engine/handlers.h"

namespace engine {

namespace {

constexpr uint64_t kChunkElements = 1 << 17;

[[gnu::noinline, gnu::cold]] const Insn* outOfBounds(const Insn* ip, Execution* x, uint64_t at,
                                                     uint64_t count, uint32_t table) {
    Trap trap;
    trap.kind = TrapKind::OutOfBoundsTable;
    trap.address = at;
    trap.size = count;
    trap.limit = x->context->tables[table]->elements.size();
    trap.index = table;
    return trapAt(ip, x, std::move(trap));
}

bool contains(uint64_t size, uint64_t at, uint64_t count) { return count <= size && at <= size - count; }

/// table.get, table.set: a = index, (value); b = table.
const Insn* tableGet(HANDLER_PARAMETERS) {
    const TableInstance& t = *x->context->tables[ip->b];
    Slot& slot = fp[ip->a];
    if (slot >= t.elements.size()) return outOfBounds(ip, x, slot, 1, ip->b);
    slot = t.elements[slot];
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* tableSet(HANDLER_PARAMETERS) {
    TableInstance& t = *x->context->tables[ip->b];
    const Slot* slots = &fp[ip->a];
    if (slots[0] >= t.elements.size()) return outOfBounds(ip, x, slots[0], 1, ip->b);
    t.elements[slots[0]] = slots[1];
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* tableSize(HANDLER_PARAMETERS) {
    fp[ip->a] = x->context->tables[ip->b]->elements.size();
    return dispatch(ip + 1, HANDLER_REST);
}
/// a = value, count.
const Insn* tableGrow(HANDLER_PARAMETERS) {
    TableInstance& t = *x->context->tables[ip->b];
    Slot* slots = &fp[ip->a];
    const std::optional<uint64_t> old = t.grow(slots[1], slots[0]);
    if (old) x->spendBytes(slots[1] * sizeof(Slot));
    slots[0] = old ? *old : t.type.limits.is64 ? ~uint64_t{0} : 0xffffffff;
    return goOn(ip + 1, HANDLER_REST);
}
/// a = index, value, count.
const Insn* tableFill(HANDLER_PARAMETERS) {
    TableInstance& t = *x->context->tables[ip->b];
    Slot* slots = &fp[ip->a];
    if (!contains(t.elements.size(), slots[0], slots[2]))
        return outOfBounds(ip, x, slots[0], slots[2], ip->b);
    while (true) {
        const uint64_t count = std::min(slots[2], kChunkElements);
        std::fill_n(t.elements.begin() + static_cast<ptrdiff_t>(slots[0]), count, slots[1]);
        x->spendBytes(count * sizeof(Slot));
        if (count == slots[2]) return goOn(ip + 1, HANDLER_REST);
        slots[0] += count;
        slots[2] -= count;
        if (yieldInside(ip, x)) return nullptr;
    }
}
/// a = destination, source, count; b = destination table, c = source table.
const Insn* tableCopy(HANDLER_PARAMETERS) {
    TableInstance& to = *x->context->tables[ip->b];
    TableInstance& from = *x->context->tables[ip->c];
    Slot* slots = &fp[ip->a];
    if (!contains(from.elements.size(), slots[1], slots[2]))
        return outOfBounds(ip, x, slots[1], slots[2], ip->c);
    if (!contains(to.elements.size(), slots[0], slots[2]))
        return outOfBounds(ip, x, slots[0], slots[2], ip->b);
    const bool backwards = &to == &from && slots[0] > slots[1];
    while (true) {
        const uint64_t count = std::min(slots[2], kChunkElements);
        const uint64_t skip = backwards ? slots[2] - count : 0;
        if (count)
            std::memmove(to.elements.data() + slots[0] + skip, from.elements.data() + slots[1] + skip,
                         count * sizeof(Slot));
        x->spendBytes(count * sizeof(Slot));
        if (count == slots[2]) return goOn(ip + 1, HANDLER_REST);
        slots[2] -= count;
        if (!backwards) slots[0] += count, slots[1] += count;
        if (yieldInside(ip, x)) return nullptr;
    }
}
/// a = destination, source, count; b = table, c = element segment.
const Insn* tableInit(HANDLER_PARAMETERS) {
    TableInstance& t = *x->context->tables[ip->b];
    const Instance& instance = *x->context->instance;
    const Slot* slots = &fp[ip->a];
    const auto& segment = instance.elementSegments[ip->c];
    const uint64_t size = instance.droppedElements[ip->c] ? 0 : segment.size();
    if (!contains(size, slots[1], slots[2]))
        return outsideSegment(ip, x, TrapKind::OutOfBoundsTable, slots[1], size);
    if (!contains(t.elements.size(), slots[0], slots[2]))
        return outOfBounds(ip, x, slots[0], slots[2], ip->b);
    if (slots[2])
        std::memcpy(t.elements.data() + slots[0], segment.data() + slots[1], slots[2] * sizeof(Slot));
    x->spendBytes(slots[2] * sizeof(Slot));
    return goOn(ip + 1, HANDLER_REST);
}
const Insn* elemDrop(HANDLER_PARAMETERS) {
    x->context->instance->droppedElements[ip->b] = true;
    return dispatch(ip + 1, HANDLER_REST);
}

/// ref.null, ref.func: a = result, imm = the reference.
const Insn* reference(HANDLER_PARAMETERS) {
    fp[ip->a] = ip->imm;
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* refIsNull(HANDLER_PARAMETERS) {
    fp[ip->a] = fp[ip->a] == 0;
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* refEq(HANDLER_PARAMETERS) {
    fp[ip->a] = fp[ip->a] == fp[ip->a + 1];
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* refAsNonNull(HANDLER_PARAMETERS) {
    if (fp[ip->a] == 0) return trapAt(ip, x, TrapKind::NullReference);
    return dispatch(ip + 1, HANDLER_REST);
}

}  // namespace

void addTableHandlers(HandlerTable& table) {
    table[number(Op::TableGet)].run = tableGet;
    table[number(Op::TableSet)].run = tableSet;
    table[number(Op::TableSize)].run = tableSize;
    table[number(Op::TableGrow)].run = tableGrow;
    table[number(Op::TableFill)].run = tableFill;
    table[number(Op::TableCopy)].run = tableCopy;
    table[number(Op::TableInit)].run = tableInit;
    table[number(Op::ElemDrop)].run = elemDrop;
    table[number(Op::RefNull)].run = reference;
    table[number(Op::RefFunc)].run = reference;
    table[number(Op::RefIsNull)].run = refIsNull;
    table[number(Op::RefEq)].run = refEq;
    table[number(Op::RefAsNonNull)].run = refAsNonNull;
}

}  // namespace engine
