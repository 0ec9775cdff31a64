// Casts of references (standard, section 3.3.8): what ref.test, ref.cast, br_on_cast and an inspector that writes a reference ask.
#pragma once

#include "engine/code.h"
#include "engine/gc_heap.h"
#include "engine/store_state.h"

namespace engine {

/// castSucceeds() for what is not an object cast to a defined type. The reference is not null.
bool castSucceedsSlow(const StoreState& store, Slot reference, HeapType canonical);

/// What casts mostly are: of an object to a defined type. They take the same time at every depth of the hierarchy.
constexpr bool isObjectCast(Slot reference, const CastTarget& target) {
    return reference::isObject(reference) && !target.heap.isAbstract();
}
[[gnu::always_inline]] inline bool objectCastSucceeds(const StoreState& store, Slot object,
                                                      const CastTarget& target) {
    return store.heap.get()->layoutAt(object).isSubtypeOf(target.heap.defined().value, target.depth);
}

/// Whether a reference, which belongs to the hierarchy of the target, is of its type.
[[gnu::always_inline]] inline bool castSucceeds(const StoreState& store, Slot reference,
                                                const CastTarget& target) {
    if (reference == 0) return target.takesNull;
    if (isObjectCast(reference, target)) return objectCastSucceeds(store, reference, target);
    return castSucceedsSlow(store, reference, target.heap);
}

/// What a cast to the canonical type asks for.
CastTarget castTarget(ValType canonical);

}  // namespace engine
