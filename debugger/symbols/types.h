// TypePool: TypeInfo by TypeId, made from type DIEs when first looked at. Ids are given out for DIEs that nobody has read yet, so cyclic types
// are no problem. Owned by DwarfSymbols; the session's thread only.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <unordered_map>

#include "debugger/symbols/dies.h"

namespace debugger::dwarf {

class TypePool {
public:
    explicit TypePool(Dies& dies) : m_dies(dies) {}

    /// Id of a type DIE; qualifiers that TypeKind does not know (restrict, _Atomic) are seen through. kNoType for offset 0.
    TypeId idOf(uint32_t dieOffset);
    /// Stays valid as long as the pool.
    const TypeInfo& info(TypeId id);
    /// "T *", made up if need be.
    TypeId pointerTo(TypeId target);
    TypeId arrayOf(TypeId element, uint64_t count);

private:
    struct Slot {
        uint32_t die = 0;
        enum class State : uint8_t { Empty, Filling, Full } state = State::Empty;
        TypeInfo info;
    };
    TypeId add(uint32_t die);
    TypeId typeOf(const DieRef& die) { return idOf(m_dies.targetOffset(m_dies.inherited(die, DW_AT_type))); }
    void fill(Slot& slot);
    void fillNamed(const DieRef& die, TypeInfo& info);
    void fillDerived(const DieRef& die, TypeInfo& info);
    void fillMembers(const DieRef& die, TypeInfo& info);
    void fillVariants(const DieRef& part, TypeInfo& info);
    void fillEnumerators(const DieRef& die, TypeInfo& info);
    void fillDimensions(const DieRef& die, TypeInfo& info);
    void fillTemplateArgument(const DieRef& die, TypeInfo& info);
    std::optional<Member> member(const DieRef& die);
    bool findDefinition(const DieRef& declaration, TypeInfo& info);
    std::string tagName(const DieRef& die);

    // type_names.cpp
    std::string spell(const TypeInfo& info);
    std::string declare(TypeId id, std::string inner, int depth);
    std::string declareDerived(const TypeInfo& info, std::string inner, int depth);

    Dies& m_dies;
    std::deque<Slot> m_slots;
    std::unordered_map<uint32_t, TypeId> m_byDie;
    std::map<std::pair<TypeId, uint64_t>, TypeId> m_made;  // target, array length (or ~0 for a pointer)
    int m_depth = 0;
};

/// Object bytes of DW_AT_const_value for a type of that size.
std::vector<uint8_t> constantBytes(const AttributeValue& value, uint64_t byteSize);

}  // namespace debugger::dwarf
