#include "debugger/symbols/dies.h"

namespace debugger::dwarf {
namespace {

constexpr size_t kMaxKeptBytes = 128 << 20;
constexpr int kMaxHops = 8;

/// Forms that libdwarf 20210528 takes the wrong number of bytes for.
bool isMisread(const Unit& unit) {
    return unit.abbreviations->usesForm(DW_FORM_strx3) || unit.abbreviations->usesForm(DW_FORM_addrx3);
}

}  // namespace

Dies::Dies(const DebugSections& sections, const Index& index, const SymbolOptions& options,
           std::string moduleName)
    : m_index(index), m_child(sections, options.childProgram), m_moduleName(std::move(moduleName)) {}

/// libdwarf first, in its child. Split units and what it misreads are ours; so is everything when it fails, and the user is told.
engine::Result<std::shared_ptr<DieTable>> Dies::load(const Unit& unit) {
    if (unit.isSplit() || isMisread(unit)) return readDieTable(unit);
    const bool wasUsable = m_child.isUsable();
    auto table = m_child.dieTable(unit);
    if (table.ok()) return table;
    if (wasUsable && m_problems.size() < 20) {
        m_problems.insert("debug info of " + m_moduleName + " is unreadable in " +
                          (unit.isTypes ? ".debug_types" : ".debug_info") + " for libdwarf (" +
                          table.error().message + "); read by our own reader instead");
    }
    return readDieTable(unit);
}

void Dies::keep(uint32_t unit, std::shared_ptr<const DieTable> table) {
    m_bytes += table->bytes();
    m_uses.push_front(unit);
    m_tables[unit] = {std::move(table), m_uses.begin()};
    while (m_bytes > kMaxKeptBytes && m_uses.size() > 1) {
        const auto oldest = m_tables.find(m_uses.back());
        m_bytes -= oldest->second.table->bytes();
        m_tables.erase(oldest);
        m_uses.pop_back();
    }
}

engine::Result<std::shared_ptr<const DieTable>> Dies::tableOf(const Unit& unit) {
    if (const auto it = m_tables.find(unit.index); it != m_tables.end()) {
        m_uses.splice(m_uses.begin(), m_uses, it->second.use);
        return it->second.table;
    }
    if (const auto it = m_unreadable.find(unit.index); it != m_unreadable.end()) return it->second;
    auto table = load(unit);
    if (!table.ok()) {
        table.error().where.file = m_moduleName;
        m_unreadable.emplace(unit.index, table.error());
        if (m_problems.size() < 20) m_problems.insert("debug info is unreadable: " + table.error().text());
        return table.error();
    }
    const std::shared_ptr<const DieTable> result = *table;
    keep(unit.index, result);
    return result;
}

DieRef Dies::at(uint32_t offset) {
    const Unit* unit = m_index.unitOf(offset);
    if (!unit) return {};
    auto table = tableOf(*unit);
    if (!table.ok()) return {};
    const auto index = (*table)->find(offset);
    return index ? DieRef{*table, unit, *index} : DieRef();
}

uint32_t Dies::targetOffset(const AttributeValue& reference) const {
    if (reference.cls == ValueClass::Reference) return static_cast<uint32_t>(reference.value);
    if (reference.cls != ValueClass::Signature) return 0;
    const Unit* unit = m_index.typeUnit(reference.value);
    return unit ? unit->typeDie : 0;
}

DieRef Dies::target(const AttributeValue& reference) {
    const uint32_t offset = targetOffset(reference);
    return offset ? at(offset) : DieRef();
}

AttributeValue Dies::inherited(const DieRef& die, uint16_t name, const Unit** owner) {
    DieRef current = die;
    for (int hops = 0; current && hops < kMaxHops; ++hops) {
        const AttributeValue value = current.attribute(name);
        if (value) {
            if (owner) *owner = current.unit;
            return value;
        }
        AttributeValue origin = current.attribute(DW_AT_abstract_origin);
        if (!origin) origin = current.attribute(DW_AT_specification);
        current = target(origin);
    }
    return {};
}

}  // namespace debugger::dwarf
