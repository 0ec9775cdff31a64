// InlineTree: the inlined calls of one function, read from its DIEs by our own scanner, so that backtraces need no symbol child.
#pragma once

#include <algorithm>
#include <vector>

#include "debugger/symbols/index.h"

namespace debugger::dwarf {

struct InlineCall {
    uint32_t die = 0;
    int32_t parent =
        -1;  // call that it is inlined in; -1 = the function itself, -2 = a function declared inside
    uint32_t depth = 1;     // calls that it is in, itself included
    uint32_t origin = 0;    // abstract DIE of the function that was inlined
    uint64_t callFile = 0;  // numbered by the unit
    uint32_t callLine = 0, callColumn = 0;
    std::vector<AddressRange> ranges;

    bool contains(uint32_t address) const {
        for (const AddressRange& range : ranges) {
            if (range.contains(address)) return true;
        }
        return false;
    }
    /// Lowest address; only of calls that have code.
    uint32_t begin() const {
        uint32_t first = ~uint32_t{0};
        for (const AddressRange& range : ranges)
            first = std::min(first, range.begin);
        return first;
    }
    bool hasCode() const { return !ranges.empty() && parent >= -1; }
};

struct InlineTree {
    std::vector<InlineCall> calls;  // each behind its parent

    /// Calls that the address is in, outermost first.
    std::vector<const InlineCall*> chainAt(uint32_t address) const;
};

InlineTree readInlineTree(const Unit& unit, uint32_t functionDie);

}  // namespace debugger::dwarf
