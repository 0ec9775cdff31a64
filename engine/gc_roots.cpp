// The roots of the GC heap (gc_heap.h): every reference that a store and the machines on it hold, by its type.
#include <algorithm>
#include <unordered_map>

#include "engine/exceptions.h"
#include "engine/function_walker.h"
#include "engine/gc_heap.h"

namespace engine {

namespace {

/// Places in one function whose operand types are asked for one by one, and then kept by its code. For more of them the function is
/// walked once.
constexpr size_t kAskedSingly = 4;

/// Values of the types, side by side from `slot` on, as far as `end`. Slots of a frame may be left over from anything.
void markSlots(GcHeap& heap, std::span<const ValType> types, const Slot* slot, const Slot* end) {
    for (const ValType type : types) {
        if (slot + type.slots() > end) return;
        if (type.isRef()) heap.markUnsure(*slot);
        slot += type.slots();
    }
}

/// The frames of one function: where their operands are, by the cell that they stand at.
struct Activation {
    uint32_t cell;
    const Slot *operands, *end;
    bool operator<(const Activation& other) const { return cell < other.cell; }
};

/// Marks operands in ascending order of cells.
class OperandMarker final : public InstructionSink {
public:
    OperandMarker(GcHeap& heap, std::span<const Activation> activations)
        : m_heap(heap), m_activations(activations) {}
    void onInstruction(const Instruction&, const FunctionWalker& walker) override {
        for (; m_next < m_activations.size() && m_activations[m_next].cell == m_cell; ++m_next)
            markSlots(m_heap, walker.operands(), m_activations[m_next].operands, m_activations[m_next].end);
        ++m_cell;
    }

private:
    GcHeap& m_heap;
    std::span<const Activation> m_activations;
    size_t m_next = 0;
    uint32_t m_cell = 0;
};

void markOperands(GcHeap& heap, const Code& code, std::vector<Activation>& activations) {
    if (!code.context->instance) return;
    std::sort(activations.begin(), activations.end());
    size_t places = 1;
    for (size_t i = 1; i < activations.size(); ++i)
        places += activations[i - 1] < activations[i];
    if (places <= kAskedSingly) {
        for (const Activation& a : activations)
            markSlots(heap, code.operandTypes(a.cell), a.operands, a.end);
        return;
    }
    OperandMarker marker(heap, activations);
    CHECK(FunctionWalker(*code.context->instance->module).walk(code.function->index, &marker).ok());
}

void markExecution(GcHeap& heap, const Execution& x) {
    std::unordered_map<const Code*, std::vector<Activation>> functions;
    for (const Frame* f = x.frames + 1; f <= x.frame; ++f) {
        const Slot* operands = f->fp + f->code->localSlots;
        markSlots(heap, f->code->locals, f->fp, operands);
        // A caller's arguments have become its callee's locals.
        const Slot* end = f < x.frame ? f[1].fp : f->fp + f->code->maxSlots;
        functions[f->code].push_back({f->code->cellOf(f->ip), operands, end});
    }
    for (auto& [code, activations] : functions)
        markOperands(heap, *code, activations);
    for (const CaughtException& caught : x.caught)
        heap.mark(caught.object);
    heap.mark(x.hostThrown);
    heap.mark(x.unfinished.array);
    for (const Value& result : x.results)
        if (result.type.isRef()) heap.markUnsure(result.low);
}

}  // namespace

void markRoots(const StoreState& store, GcHeap& heap) {
    for (const auto& global : store.globals)
        if (global->type.type.isRef()) heap.mark(global->low);
    for (const auto& table : store.tables)
        if (mayNameObject(table->type.element))
            for (const Slot element : table->elements)
                heap.mark(element);
    for (const auto& instance : store.instances)
        for (size_t i = 0; i < instance->elementSegments.size(); ++i)
            if (!instance->droppedElements[i] && instance->module->elements[i].usesExpressions)
                for (const Slot element : instance->elementSegments[i])
                    heap.mark(element);
    for (Execution* x : store.executions) {
        forgetLeftBlocks(*x);
        markExecution(heap, *x);
    }
}

}  // namespace engine
