#include "engine/const_expr.h"

#include <functional>

#include "engine/gc_elements.h"
#include "engine/gc_heap.h"

namespace engine {

Slot ConstEvaluator::pop() {
    CHECK(!m_stack.empty());
    const Slot top = m_stack.back();
    m_stack.pop_back();
    return top;
}

template <class T, class Operation>
void ConstEvaluator::binary(Operation operation) {
    const auto right = static_cast<T>(pop()), left = static_cast<T>(pop());
    m_stack.push_back(operation(left, right));
}

void ConstEvaluator::push(Slot object, const ObjectLayout& layout, uint32_t length) {
    if (object == 0) m_trap = m_state.heap->exhausted(layout, length);
    m_stack.push_back(object);
}

/// Replaces the topmost `slots` by an object made of them.
void ConstEvaluator::make(const ObjectLayout& layout, uint32_t slots, uint32_t length) {
    CHECK(m_stack.size() >= slots);
    const Slot object = m_state.heap->make(layout, m_stack.data() + m_stack.size() - slots, length);
    m_stack.resize(m_stack.size() - slots);
    push(object, layout, length);
}

void ConstEvaluator::applyGc(const Instruction& i) {
    GcHeap& heap = *m_state.heap;
    switch (i.op) {
    case Op::RefI31: m_stack.back() = reference::i31(static_cast<uint32_t>(m_stack.back())); return;
    case Op::AnyConvertExtern:
    case Op::ExternConvertAny: return;
    default: break;
    }
    const ObjectLayout& layout = heap.layoutOf(m_module, TypeIdx(i.index));
    const uint32_t elementSlots = layout.elementBytes == 16 ? 2 : 1;
    switch (i.op) {
    case Op::StructNew: return make(layout, layout.slots, 0);
    case Op::StructNewDefault: return push(heap.allocateZeroed(layout), layout, 0);
    case Op::ArrayNewFixed: return make(layout, i.index2 * elementSlots, i.index2);
    default: break;
    }
    const auto length = static_cast<uint32_t>(pop());
    const Slot array = heap.allocateZeroed(layout, length);
    if (i.op == Op::ArrayNew) {
        CHECK(m_stack.size() >= elementSlots);
        const Slot* value = m_stack.data() + m_stack.size() - elementSlots;
        if (array) fillElements(heap.elements(array), value, length, layout.elementBytes);
        m_stack.resize(m_stack.size() - elementSlots);
    } else {
        CHECK(i.op == Op::ArrayNewDefault);
    }
    push(array, layout, length);
}

void ConstEvaluator::apply(const Instruction& i) {
    switch (i.op) {
    case Op::I32Const:
    case Op::F32Const:
    case Op::I64Const:
    case Op::F64Const: m_stack.push_back(i.value); return;
    case Op::V128Const: m_stack.insert(m_stack.end(), {i.value, i.value2}); return;
    case Op::RefNull: m_stack.push_back(0); return;
    case Op::RefFunc: m_stack.push_back(uint64_t{m_instance.functions[i.index].value} + 1); return;
    case Op::GlobalGet: {
        const GlobalInstance& global = *m_state.globals[m_instance.globals[i.index].value];
        m_stack.push_back(global.low);
        if (global.type.type == kV128) m_stack.push_back(global.high);
        return;
    }
    case Op::I32Add: return binary<uint32_t>(std::plus<uint32_t>());
    case Op::I32Sub: return binary<uint32_t>(std::minus<uint32_t>());
    case Op::I32Mul: return binary<uint32_t>(std::multiplies<uint32_t>());
    case Op::I64Add: return binary<uint64_t>(std::plus<uint64_t>());
    case Op::I64Sub: return binary<uint64_t>(std::minus<uint64_t>());
    case Op::I64Mul: return binary<uint64_t>(std::multiplies<uint64_t>());
    case Op::End: return;
    default: return applyGc(i);
    }
}

Result<Value> ConstEvaluator::evaluate(const ConstExpr& expression, ValType type) {
    m_stack.clear();
    m_reader.start(expression.bytes);
    for (Instruction i; m_reader.next(i);) {
        apply(i);
        if (m_trap)
            return Error{ErrorCode::Limit, m_trap->text(), {.file = m_module.fileName, .offset = i.offset}};
    }
    CHECK(m_reader.ok() && m_stack.size() == type.slots());
    return Value{type, m_stack[0], type.slots() == 2 ? m_stack[1] : 0};
}

}  // namespace engine
