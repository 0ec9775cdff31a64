#include "engine/subtyping.h"

#include "engine/type_registry.h"

namespace engine {

namespace {

using enum AbstractHeap;

/// The hierarchy above an abstract heap type: `up` one step, itself at the top.
constexpr AbstractHeap up(AbstractHeap heap) {
    switch (heap) {
    case Array:
    case Struct:
    case I31: return Eq;
    case Eq: return Any;
    case Exn:
    case Any:
    case Extern:
    case Func:
    case None:
    case NoExtern:
    case NoFunc:
    case NoExn: return heap;
    }
    return heap;
}

constexpr AbstractHeap topOf(AbstractHeap heap) {
    switch (heap) {
    case Exn:
    case NoExn: return Exn;
    case Extern:
    case NoExtern: return Extern;
    case Func:
    case NoFunc: return Func;
    case Array:
    case Struct:
    case I31:
    case Eq:
    case Any:
    case None: return Any;
    }
    return Any;
}

constexpr bool isBottom(AbstractHeap heap) {
    return heap == None || heap == NoExtern || heap == NoFunc || heap == NoExn;
}

constexpr AbstractHeap abstractOf(CompositeKind kind) {
    switch (kind) {
    case CompositeKind::Func: return Func;
    case CompositeKind::Struct: return Struct;
    case CompositeKind::Array: return Array;
    }
    return Any;
}

AbstractHeap abstractOf(HeapType canonical) {
    return canonical.isAbstract() ? canonical.abstract()
                                  : abstractOf(canonicalKind(canonical.defined().value));
}

bool isAbstractSubtype(AbstractHeap sub, AbstractHeap super) {
    if (sub == super) return true;
    if (isBottom(sub)) return topOf(sub) == topOf(super);
    for (; up(sub) != sub; sub = up(sub))
        if (up(sub) == super) return true;
    return false;
}

bool limitsMatch(const Limits& given, uint64_t size, const Limits& wanted) {
    if (given.is64 != wanted.is64 || size < wanted.min) return false;
    return !wanted.max || (given.max && *given.max <= *wanted.max);
}

}  // namespace

bool isCanonicalSubtype(HeapType sub, HeapType super) {
    if (sub == super || sub == kBottomHeap) return true;
    if (super == kBottomHeap) return false;
    if (super.isAbstract()) return isAbstractSubtype(abstractOf(sub), super.abstract());
    if (sub.isAbstract())
        return isBottom(sub.abstract()) && topOf(sub.abstract()) == topOf(abstractOf(super));
    return isCanonicalSubtype(sub.defined().value, super.defined().value);
}

bool isCanonicalSubtype(ValType sub, ValType super) {
    if (sub == super || sub == kBottom) return true;
    if (!sub.isRef() || !super.isRef()) return false;
    return (super.nullable() || !sub.nullable()) && isCanonicalSubtype(sub.heap(), super.heap());
}

bool isSubtype(const Module& module, HeapType sub, HeapType super) {
    return sub == super || isCanonicalSubtype(toCanonical(module, sub), toCanonical(module, super));
}

bool isSubtypeSlow(const Module& module, ValType sub, ValType super) {
    if (sub == kBottom) return true;
    if (!sub.isRef() || !super.isRef()) return false;
    return (super.nullable() || !sub.nullable()) && isSubtype(module, sub.heap(), super.heap());
}

AbstractHeap topOf(const Module& module, HeapType type) {
    return topOf(abstractOf(toCanonical(module, type)));
}

bool matchesImport(const GlobalType& given, const GlobalType& wanted) {
    if (given.isMutable != wanted.isMutable) return false;
    if (!isCanonicalSubtype(given.type, wanted.type)) return false;
    return !wanted.isMutable || isCanonicalSubtype(wanted.type, given.type);
}

bool matchesImport(const MemoryType& given, uint64_t givenPages, const MemoryType& wanted) {
    return given.shared == wanted.shared && given.pageSizeLog2 == wanted.pageSizeLog2 &&
           limitsMatch(given.limits, givenPages, wanted.limits);
}

bool matchesImport(const TableType& given, uint64_t givenElements, const TableType& wanted) {
    return isCanonicalSubtype(given.element, wanted.element) &&
           isCanonicalSubtype(wanted.element, given.element) &&
           limitsMatch(given.limits, givenElements, wanted.limits);
}

}  // namespace engine
