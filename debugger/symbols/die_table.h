// DieTable: the DIEs of one unit as flat, validated records in the order of the file. Made by the symbol child (libdwarf) or by our own
// reader; consumers cannot tell which. Immutable and shared. Also its encoding for the way from the child to us.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "debugger/symbols/units.h"
#include "engine/base/result.h"

namespace debugger::dwarf {

struct Die {
    uint32_t offset = 0;  // in the common DIE space
    uint16_t tag = 0;
    int32_t parent = -1;
    uint32_t end = 0;  // index behind its last descendant
    uint32_t firstAttribute = 0, attributeCount = 0;
};

struct DieAttribute {
    uint64_t value = 0;   // String, Block, Expression: offset into the pool
    uint32_t length = 0;  // of these; a String has a NUL behind it
    uint16_t name = 0;
    ValueClass cls = ValueClass::None;
};

class DieTable {
public:
    static constexpr size_t kMaxDies = 2 << 20, kMaxAttributes = 8 << 20, kMaxPool = 64 << 20;

    const std::vector<Die>& dies() const { return m_dies; }
    std::span<const DieAttribute> attributes(uint32_t die) const {
        return std::span(m_attributes).subspan(m_dies[die].firstAttribute, m_dies[die].attributeCount);
    }
    /// None if absent.
    AttributeValue attribute(uint32_t die, uint16_t name) const;
    AttributeValue valueOf(const DieAttribute& attribute) const;
    std::optional<uint32_t> find(uint32_t offset) const;
    size_t bytes() const {
        return m_dies.size() * sizeof(Die) + m_attributes.size() * sizeof(DieAttribute) + m_pool.size();
    }

    /// Visits the indices of the children of a DIE.
    template <class Visit>
    void forEachChild(uint32_t die, Visit&& visit) const {
        for (uint32_t child = die + 1; child < m_dies[die].end; child = m_dies[child].end)
            visit(child);
    }

    // Building: DIEs in file order, each followed by its attributes, then finish().
    /// False when a limit is reached.
    bool addDie(uint32_t offset, uint16_t tag, int32_t parent);
    bool addAttribute(uint16_t name, const AttributeValue& value);
    void finish();
    void replace(uint32_t die, uint32_t attribute, const AttributeValue& value);

    std::vector<uint8_t> encode() const;
    /// Checks everything that the accessors rely on; `unit` bounds the offsets. Error: Malformed.
    static engine::Result<std::shared_ptr<DieTable>> decode(std::span<const uint8_t> bytes, const Unit& unit);

private:
    bool setValue(DieAttribute& attribute, const AttributeValue& value);
    std::vector<Die> m_dies;
    std::vector<DieAttribute> m_attributes;
    std::vector<uint8_t> m_pool;
    std::unordered_map<const char*, uint64_t> m_strings;  // while building: strings already in the pool
};

/// Our own reader: units that libdwarf misreads, and all of them when there is no child. Malformed: where and why it ended.
engine::Result<std::shared_ptr<DieTable>> readDieTable(const Unit& unit);

/// Reads again what libdwarf could not (ValueClass::Unreadable), from the bytes of the unit.
void repairUnreadable(DieTable& table, const Unit& unit);

}  // namespace debugger::dwarf
