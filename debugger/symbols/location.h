// Evaluation of DWARF expressions (DWARF 5, section 2.5) with the extension for WebAssembly, DW_OP_WASM_location. The result is a place or
// the reason why there is none; hostile bytes cost at most 10,000 steps and 64 KiB.
//
// DW_OP_WASM_location pushes the value of a local, global or operand. With DW_OP_stack_value behind it that value is the object; without it
// it is the object's address: that is how LLVM writes an argument passed by pointer.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "debugger/symbols/symbols.h"
#include "debugger/symbols/value.h"

namespace debugger {

/// The place that the entry for the context's address gives.
ObjectPlace evaluateLocations(const std::vector<LocationEntry>& entries, EvaluationContext& context,
                              uint64_t byteSize);

}  // namespace debugger
