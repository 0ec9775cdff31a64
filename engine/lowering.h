// Lowering: turns one validated function body into cells (code.h). A sink of the FunctionWalker; time and memory proportional to the body.
#pragma once

#include <memory>

#include "engine/store_state.h"

namespace engine {

/// Error: what validation would have said (Malformed, Invalid, Limit).
Result<std::unique_ptr<Code>> lower(StoreState& store, FunctionInstance& function);

/// Code of two cells that calls a host function and returns; what start() runs for one.
std::unique_ptr<Code> lowerHostEntry(StoreState& store, FunctionInstance& function);

}  // namespace engine
