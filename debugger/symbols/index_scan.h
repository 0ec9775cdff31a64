// scanUnit: one pass over the DIEs of a unit for the index. Iterative, depth and entries capped.
#pragma once

#include "debugger/symbols/index.h"

namespace debugger::dwarf {

struct ScanBudget {
    std::atomic<int64_t> entries{6 << 20};
    std::atomic<int64_t> ranges{20 << 20};
    std::atomic<bool> isCancelled{false};
};

struct UnitScan {
    std::vector<Entry> entries;
    std::vector<FunctionCode> functions;
    const char* problem = nullptr;  // why the pass ended early
};

UnitScan scanUnit(const Unit& unit, ScanBudget& budget);

}  // namespace debugger::dwarf
