#include "engine/casts.h"

#include "engine/type_registry.h"

namespace engine {

namespace {

bool isOf(Slot reference, AbstractHeap heap) {
    const auto isKind = [&](ObjectKind kind) {
        return reference::isObject(reference) && reference::kind(reference) == kind;
    };
    switch (heap) {
    case AbstractHeap::Any:
    case AbstractHeap::Extern:
    case AbstractHeap::Func:
    case AbstractHeap::Exn: return true;
    case AbstractHeap::Eq: return !reference::isHost(reference);
    case AbstractHeap::I31: return reference::isI31(reference);
    case AbstractHeap::Struct: return isKind(ObjectKind::Struct);
    case AbstractHeap::Array: return isKind(ObjectKind::Array);
    case AbstractHeap::None:
    case AbstractHeap::NoExtern:
    case AbstractHeap::NoFunc:
    case AbstractHeap::NoExn: return false;
    }
    return false;
}

/// Whether a reference from outside is one at all, in the hierarchy of the type.
bool exists(const StoreState& store, Slot reference, ValType canonical) {
    if (!mayNameObject(canonical)) return reference <= store.functions.size();
    const HeapType heap = canonical.heap();
    const bool isException =
        heap.isAbstract() && (heap.abstract() == AbstractHeap::Exn || heap.abstract() == AbstractHeap::NoExn);
    if (reference::isObject(reference))
        return store.heap->contains(reference) &&
               (reference::kind(reference) == ObjectKind::Exception) == isException;
    if (reference::isI31(reference))
        return reference == reference::i31(reference::i31Unsigned(reference)) && !isException;
    return reference::isHost(reference) && !isException;
}

}  // namespace

bool castSucceedsSlow(const StoreState& store, Slot reference, HeapType canonical) {
    if (canonical.isAbstract()) return isOf(reference, canonical.abstract());
    const uint32_t type = canonical.defined().value;
    if (!reference::isHost(reference) || canonicalKind(type) != CompositeKind::Func) return false;
    return isCanonicalSubtype(store.functions[reference - 1]->canonicalType, type);
}

CastTarget castTarget(ValType canonical) {
    CastTarget target{canonical.heap(), 0, canonical.nullable()};
    if (!target.heap.isAbstract())
        target.depth =
            static_cast<uint32_t>(canonicalSupertypes(target.heap.defined().value).size() - 1) & 0x7fffffff;
    return target;
}

bool Store::isReference(Slot reference, ValType canonical) const {
    if (!canonical.isRef()) return false;
    m->heap->finishCollection();  // else garbage would still look alive
    if (reference == 0) return canonical.nullable();
    return exists(*m, reference, canonical) && castSucceeds(*m, reference, castTarget(canonical));
}

}  // namespace engine
