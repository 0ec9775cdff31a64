// How an instruction makes an object of the GC heap.
#pragma once

#include <atomic>

#include "engine/gc_heap.h"
#include "engine/handlers.h"

namespace engine {

/// The object that `allocate` makes for the instruction at frame->ip. 0: the machine has stopped there, without room or at a yield that was
/// heard inside a collection. Counts the work.
template <class Allocate>
Slot allocateFor(Execution* x, const ObjectLayout& layout, uint32_t length, const Allocate& allocate) {
    GcHeap& heap = *x->store->heap;
    const Insn* ip = x->frame->ip;
    const uint64_t collections = heap.collections();
    heap.setInterrupt(&x->yield);
    const Slot object = allocate(heap);
    heap.setInterrupt(nullptr);
    if (object == 0 && heap.wasInterrupted()) {
        x->yield.store(false, std::memory_order_relaxed);
        x->collecting = {x->tick(), ip};
        x->stopAt(ip, StopKind::Yielded);
    } else if (object == 0) {
        trapAt(ip, x, heap.exhausted(layout, length));
    }
    x->spendBytes(layout.bytes(length));
    if (heap.collections() != collections) x->spendAll();
    return object;
}

}  // namespace engine
