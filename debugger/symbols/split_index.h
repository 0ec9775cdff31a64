// SplitIndex: .debug_cu_index and .debug_tu_index of a package (.dwp): which part of each section belongs to which unit. DWARF 5, section
// 7.3.5, and the GNU form of DWARF 4 before it.
#pragma once

#include "debugger/symbols/units.h"

namespace debugger::dwarf {

class SplitIndex {
public:
    SplitIndex(Bytes first, Bytes second) {
        read(first);
        read(second);
    }
    /// Sets the unit's bases to its contributions; nothing if the index does not know the unit (a plain .dwo).
    void apply(Unit& unit) const {
        const auto it = m_rows.find(unit.offset - unit.sectionBase);
        if (it == m_rows.end()) return;
        unit.abbrevBase = it->second.abbrev;
        unit.lineBase = it->second.line;
        unit.locBase = it->second.loc;
        unit.strOffsetsBase = it->second.strOffsets;
        unit.loclistsBase = it->second.loc;
        unit.rnglistsBase = it->second.rnglists;
        if (!unit.isTypeUnit() && !unit.signature) unit.signature = it->second.signature;
    }

private:
    struct Row {
        uint64_t signature = 0, abbrev = 0, line = 0, loc = 0, strOffsets = 0, rnglists = 0;
    };

    void read(Bytes bytes) {
        ByteReader reader(bytes);
        const uint32_t version = reader.u32() & 0xffff;
        const uint64_t columns = reader.u32(), rows = reader.u32(), slots = reader.u32();
        if (!reader.ok() || (version != 2 && version != 5) || columns > 16 || slots > bytes.size() / 12)
            return;
        std::unordered_map<uint32_t, uint64_t> signatures;  // by row, from 1
        ByteReader rowNumbers(bytes, 16 + slots * 8);
        for (uint64_t i = 0; i < slots; ++i) {
            const uint64_t signature = reader.u64();
            if (const uint32_t row = rowNumbers.u32()) signatures[row] = signature;
        }
        std::vector<uint32_t> ids;
        for (uint64_t i = 0; i < columns; ++i)
            ids.push_back(rowNumbers.u32());
        for (uint32_t row = 1; row <= rows && rowNumbers.ok(); ++row) {
            Row result;
            result.signature = signatures[row];
            uint64_t info = 0;
            for (const uint32_t id : ids) {
                const uint32_t offset = rowNumbers.u32();
                switch (id) {
                case 1:
                case 2: info = offset; break;
                case 3: result.abbrev = offset; break;
                case 4: result.line = offset; break;
                case 5: result.loc = offset; break;
                case 6: result.strOffsets = offset; break;
                case 8: result.rnglists = offset; break;
                default: break;
                }
            }
            if (rowNumbers.ok()) m_rows[info] = result;
        }
    }

    std::unordered_map<uint64_t, Row> m_rows;  // by offset in the section of units
};

}  // namespace debugger::dwarf
