// Lowering of structures, arrays and casts. Operands and results stand from slot a on; what else a cell holds is said per instruction.
#include "engine/casts.h"
#include "engine/lowering.h"
#include "engine/type_registry.h"

namespace engine {

namespace {

/// How a field is written and read back: 1 or 2 slots, or the 8 or 16 bits of a packed one.
uint32_t fieldForm(const FieldType& field) {
    if (field.packed != PackedKind::None) return field.packed == PackedKind::I8 ? 8 : 16;
    return field.type.slots();
}

}  // namespace

void lowerGc(GcHeap& heap, const Module& module, const Instruction& i, uint32_t top, Insn& cell) {
    const bool isCast = row(i.op).imm == Imm::Heap;
    const bool hasType = !isCast && row(i.op).imm != Imm::None;
    const ObjectLayout none;
    const ObjectLayout& layout = hasType ? heap.layoutOf(module, TypeIdx(i.index)) : none;
    const uint32_t element = layout.kind == ObjectKind::Array ? layout.fields[0].type.slots() : 0;
    switch (i.op) {
    case Op::StructNew:  // b = layout
        cell.a = top - layout.slots;
        cell.b = layout.number;
        return;
    case Op::StructNewDefault:
        cell.a = top;
        cell.b = layout.number;
        return;
    case Op::StructGet:  // b = slot of the field, c = its form
    case Op::StructGetS:
    case Op::StructGetU:
        cell.a = top - 1;
        cell.b = layout.slotOf[i.index2];
        cell.c = fieldForm(layout.fields[i.index2]);
        return;
    case Op::StructSet:
        cell.a = top - 1 - layout.fields[i.index2].type.slots();
        cell.b = layout.slotOf[i.index2];
        cell.c = fieldForm(layout.fields[i.index2]);
        return;
    case Op::ArrayNew:  // b = layout, c = number of elements or segment
        cell.a = top - 1 - element;
        cell.b = layout.number;
        return;
    case Op::ArrayNewDefault:
        cell.a = top - 1;
        cell.b = layout.number;
        return;
    case Op::ArrayNewFixed:
        cell.a = top - i.index2 * element;
        cell.b = layout.number;
        cell.c = i.index2;
        return;
    case Op::ArrayNewData:
    case Op::ArrayNewElem:
        cell.a = top - 2;
        cell.b = layout.number;
        cell.c = i.index2;
        return;
    case Op::ArrayGet:  // b = bytes of an element, c = segment
    case Op::ArrayGetS:
    case Op::ArrayGetU:
        cell.a = top - 2;
        cell.b = layout.elementBytes;
        return;
    case Op::ArraySet:
        cell.a = top - 2 - element;
        cell.b = layout.elementBytes;
        return;
    case Op::ArrayFill:
        cell.a = top - 3 - element;
        cell.b = layout.elementBytes;
        return;
    case Op::ArrayCopy:
        cell.a = top - 5;
        cell.b = layout.elementBytes;
        return;
    case Op::ArrayInitData:
    case Op::ArrayInitElem:
        cell.a = top - 4;
        cell.b = layout.elementBytes;
        cell.c = i.index2;
        return;
    default:
        cell.a = top - 1;
        if (isCast) {  // b = heap type, c = CastTarget's other members
            const CastTarget target = castTarget(toCanonical(module, i.type));
            cell.b = target.heap.bits();
            cell.c = target.depth << 1 | target.takesNull;
        }
        return;
    }
}

}  // namespace engine
