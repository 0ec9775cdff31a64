// Subtyping of heap, value and external types (standard, sections 3.3 and 3.4), within a module or between modules.
#pragma once

#include "engine/module.h"
#include "engine/types.h"

namespace engine {

/// Heap type below every other, of operands that unreachable code leaves unknown but for being references.
inline constexpr HeapType kBottomHeap = HeapType::fromBits(1u << 24 | 0xff);

/// Types of one module: `sub` may stand where `super` is expected.
bool isSubtype(const Module& module, HeapType sub, HeapType super);
bool isSubtypeSlow(const Module& module, ValType sub, ValType super);
inline bool isSubtype(const Module& module, ValType sub, ValType super) {
    return sub == super || isSubtypeSlow(module, sub, super);
}

/// The same for canonical types (type_registry.h), of whatever modules.
bool isCanonicalSubtype(HeapType sub, HeapType super);
bool isCanonicalSubtype(ValType sub, ValType super);

/// The top of a heap type's hierarchy: any, func, extern or exn.
AbstractHeap topOf(const Module& module, HeapType type);

/// Whether a local of the type has a default value (section 3.2.4).
constexpr bool isDefaultable(ValType type) { return !type.isRef() || type.nullable(); }

/// What an import of type `wanted` may be linked to (section 3.4). All types canonical.
bool matchesImport(const GlobalType& given, const GlobalType& wanted);
/// With the present size of the memory or table, which counts as its minimum.
bool matchesImport(const MemoryType& given, uint64_t givenPages, const MemoryType& wanted);
bool matchesImport(const TableType& given, uint64_t givenElements, const TableType& wanted);

}  // namespace engine
