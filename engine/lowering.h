// Lowering: turns one validated function body into cells (code.h). It follows the loop of the FunctionWalker; time and memory proportional to the body.
#pragma once

#include <memory>

#include "engine/function_walker.h"
#include "engine/store_state.h"

namespace engine {

/// Error: what validation would have said (Malformed, Invalid, Limit).
Result<std::unique_ptr<Code>> lower(StoreState& store, FunctionInstance& function);

/// Code of two cells that calls a host function and returns; what start() runs for one.
std::unique_ptr<Code> lowerHostEntry(StoreState& store, FunctionInstance& function);

// For the sink: what GC instructions (prefix 0xfb) but branches put into their cell, with `top` slots of the frame in use.
void lowerGc(GcHeap& heap, const Module& module, const Instruction& instruction, uint32_t top, Insn& cell);

}  // namespace engine
