// The roots of the GC heap (gc_heap.h): every reference that a store and the machines on it hold, by its type.
#include "engine/execution.h"
#include "engine/gc_heap.h"

namespace engine {

namespace {

/// Values of the types, side by side from `slot` on, as far as `end`. Slots of a frame may be left over from anything.
void markSlots(GcHeap& heap, std::span<const ValType> types, const Slot* slot, const Slot* end) {
    for (const ValType type : types) {
        if (slot + type.slots() > end) return;
        if (type.isRef()) heap.markUnsure(*slot);
        slot += type.slots();
    }
}

/// Locals, and the operands at the frame's instruction; a caller's arguments have become its callee's locals.
void markFrame(GcHeap& heap, const Frame& frame, const Slot* end) {
    const Slot* operands = frame.fp + frame.code->localSlots;
    markSlots(heap, frame.code->locals, frame.fp, operands);
    markSlots(heap, frame.code->operandTypes(frame.code->cellOf(frame.ip)), operands, end);
}

void markExecution(GcHeap& heap, const Execution& x) {
    for (const Frame* f = x.frames + 1; f <= x.frame; ++f) {
        const bool isCaller = f < x.frame && !(f[1].flags & frame_flag::kBottom);
        markFrame(heap, *f, isCaller ? f[1].fp : f->fp + f->code->maxSlots);
    }
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
    for (const Execution* x : store.executions)
        markExecution(heap, *x);
}

}  // namespace engine
