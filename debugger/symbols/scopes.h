// Scopes: variables of functions, blocks and units, and types by name, read from DIE tables. Owned by DwarfSymbols; the session's thread only.
#pragma once

#include "debugger/symbols/dies.h"
#include "debugger/symbols/lines.h"
#include "debugger/symbols/types.h"

namespace debugger::dwarf {

class Scopes {
public:
    Scopes(const DebugSections& sections, const Index& index, const LineTables& lines,
           const SymbolOptions& options, std::string moduleName);

    /// Scopes inside one function or inlined call (its DIE) that hold at the address, innermost first.
    engine::Result<std::vector<Scope>> scopesIn(uint32_t die, uint32_t address, const std::string& name,
                                                AddressRange range);
    engine::Result<std::vector<Variable>> globals(const Unit* near);
    engine::Result<Variable> findGlobal(std::string_view name, const Unit* near);
    engine::Result<TypeId> returnType(uint32_t functionDie);
    std::vector<LocationEntry> frameBase(uint32_t functionDie) const;
    engine::Result<TypeId> findType(std::string_view name, const Unit* near);

    TypePool& types() { return m_types; }
    const std::set<std::string>& problems() const { return m_dies.problems(); }

private:
    Variable variable(const DieRef& die);
    Variable global(EntryRef ref);
    SourcePlace declaration(const DieRef& die);
    void collect(const DieRef& block, Scope& scope);
    std::optional<TypeId> findNamed(std::string_view name, const Unit* near);
    uint64_t sizeOf(TypeId type);

    const Index& m_index;
    const LineTables& m_lines;
    Dies m_dies;
    TypePool m_types;
};

}  // namespace debugger::dwarf
