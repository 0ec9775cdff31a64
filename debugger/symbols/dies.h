// Dies: access to DIEs by their offset in the common space, from the tables of the symbol child (kept while memory allows), or from our own
// reader where the child cannot answer. Owned by DwarfSymbols; the session's thread only.
#pragma once

#include <list>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "debugger/symbols/child_client.h"
#include "debugger/symbols/die_table.h"
#include "debugger/symbols/index.h"

namespace debugger::dwarf {

/// One DIE of a table; false if there is none.
struct DieRef {
    std::shared_ptr<const DieTable> table;
    const Unit* unit = nullptr;
    uint32_t index = 0;

    explicit operator bool() const { return table != nullptr; }
    const Die& die() const { return table->dies()[index]; }
    uint16_t tag() const { return die().tag; }
    AttributeValue attribute(uint16_t name) const { return table->attribute(index, name); }
    bool flag(uint16_t name) const { return attribute(name).value != 0; }
    std::string name() const { return nameOf(attribute(DW_AT_name).string); }

    template <class Visit>
    void forEachChild(Visit&& visit) const {
        table->forEachChild(index, [&](uint32_t child) { visit(DieRef{table, unit, child}); });
    }
};

class Dies {
public:
    Dies(const DebugSections& sections, const Index& index, const SymbolOptions& options,
         std::string moduleName);

    /// Error: why the unit cannot be read.
    engine::Result<std::shared_ptr<const DieTable>> tableOf(const Unit& unit);
    /// The DIE at an offset; nothing if there is none or its unit is unreadable.
    DieRef at(uint32_t offset);
    /// What an attribute refers to (Reference or Signature).
    DieRef target(const AttributeValue& reference);
    /// Offset of what it refers to; 0 if nothing.
    uint32_t targetOffset(const AttributeValue& reference) const;
    /// An attribute of the DIE, or of those that it is a concrete form of (DW_AT_abstract_origin, DW_AT_specification). `owner` gets the unit.
    AttributeValue inherited(const DieRef& die, uint16_t name, const Unit** owner = nullptr);

    const Index& index() const { return m_index; }
    const std::set<std::string>& problems() const { return m_problems; }

private:
    struct Slot {
        std::shared_ptr<const DieTable> table;
        std::list<uint32_t>::iterator use;
    };
    engine::Result<std::shared_ptr<DieTable>> load(const Unit& unit);
    void keep(uint32_t unit, std::shared_ptr<const DieTable> table);

    const Index& m_index;
    ChildClient m_child;
    std::string m_moduleName;
    std::unordered_map<uint32_t, Slot> m_tables;
    std::list<uint32_t> m_uses;  // latest first
    size_t m_bytes = 0;
    std::unordered_map<uint32_t, engine::Error> m_unreadable;
    std::set<std::string> m_problems;
};

}  // namespace debugger::dwarf
