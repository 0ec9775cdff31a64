// Canonical type ids: two defined types of any modules have the same id exactly if they are equal as the standard has it (section 3.1.2:
// recursion groups, compared structurally). What links modules at run time (imports, call_indirect, casts) compares ids only.
// One table for the process, since modules are shared between debuggees; thread-safe, entries are never changed or dropped.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/result.h"
#include "engine/module.h"
#include "engine/types.h"

namespace engine {

/// Fills module.canonicalTypes from module.types, whose references must be in range. Error: Limit (2^24 different types in the process).
Result<> canonicalizeTypes(Module& module);

/// The id of a function type on its own (its own recursion group, final). References in it must be abstract or canonical.
uint32_t canonicalFuncType(const FuncType& type);

/// The type with the indices of `module` replaced by canonical ids: comparable with canonical types of other modules. Types kept in
/// the store (of globals, tables) should be canonical.
HeapType toCanonical(const Module& module, HeapType type);
ValType toCanonical(const Module& module, ValType type);
FuncType toCanonical(const Module& module, const FuncType& type);

/// Subtyping of canonical ids: equal, or a declared supertype. What ref.test, ref.cast and call_indirect ask at run time.
bool isCanonicalSubtype(uint32_t sub, uint32_t super);
CompositeKind canonicalKind(uint32_t id);
/// The type and its supertypes, root of the hierarchy first: at most 64. A type is a subtype of another exactly if it has that one at
/// the depth where the other has itself.
std::vector<uint32_t> canonicalSupertypes(uint32_t id);

}  // namespace engine
