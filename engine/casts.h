// Casts of references (standard, section 3.3.8): what ref.test, ref.cast, br_on_cast and an inspector that writes a reference ask.
#pragma once

#include "engine/code.h"
#include "engine/gc_heap.h"
#include "engine/store_state.h"

namespace engine {

/// castSucceeds() for what is not an object cast to a defined type. The reference is not null.
bool castSucceedsSlow(const StoreState& store, Slot reference, HeapType canonical);

/// Whether a reference, which belongs to the hierarchy of the target, is of its type. Objects take the same time for every type.
[[gnu::always_inline]] inline bool castSucceeds(const StoreState& store, Slot reference,
                                                const CastTarget& target) {
    if (reference == 0) return target.takesNull;
    if (reference::isObject(reference) && !target.heap.isAbstract())
        return store.heap->layoutAt(reference).isSubtypeOf(target.heap.defined().value, target.depth);
    return castSucceedsSlow(store, reference, target.heap);
}

/// What a cast to the canonical type asks for.
CastTarget castTarget(ValType canonical);

}  // namespace engine
