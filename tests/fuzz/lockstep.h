// Lockstep: a module interpreted and compiled, side by side: stopped at the same random ticks, depths, breakpoints and steps, all state
// must be the same.
#pragma once

#include <memory>
#include <string>

#include "engine/module.h"
#include "engine/store.h"

namespace fuzz {

struct LockstepCounts {
    uint64_t stops = 0, functions = 0;
};

/// Calls each exported function with fuel in global 0, as the other drives of the differential program do. What differs first, or nothing.
std::string lockstep(const std::shared_ptr<const engine::Module>& module, engine::Tier tier, uint64_t seed,
                     LockstepCounts& counts);

}  // namespace fuzz
