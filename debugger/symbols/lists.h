// Range lists (.debug_ranges, .debug_rnglists) and location lists (.debug_loc, .debug_loclists): DWARF 4, sections 2.17.3 and 2.6.2, and
// DWARF 5, sections 2.17.3 and 2.6.2. Decoded here because libdwarf 20210528 crashes on bad ones and rejects DW_OP_WASM_location.
#pragma once

#include <vector>

#include "debugger/symbols/units.h"

namespace debugger::dwarf {

/// Ranges of a DIE from its DW_AT_low_pc, DW_AT_high_pc and DW_AT_ranges, in file offsets; dead and empty ones are left out.
std::vector<AddressRange> readRanges(const Unit& unit, const AttributeValue& low, const AttributeValue& high,
                                     const AttributeValue& ranges);

/// DW_AT_location and its like: an expression, or a location list. Expressions come out with indexed addresses (DW_OP_addrx) resolved.
std::vector<LocationEntry> readLocation(const Unit& unit, const AttributeValue& value);

/// Expression bytes with DW_OP_addrx, DW_OP_constx and their GNU forerunners replaced by the constants that they stand for.
std::vector<uint8_t> resolveExpression(const Unit& unit, Bytes expression);

}  // namespace debugger::dwarf
