// Random valid modules, for comparing engines: every instruction with a fixed signature (opcodes.def), structured control, calls,
// globals, locals, a table and two data segments. A module ends by itself: fuel, an exported global, is taken at each function
// entry and loop and traps at zero. What the standard leaves open is avoided: NaNs are replaced where they could arise, and memory
// has a maximum. The same seed gives the same bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/opcode.h"

namespace fuzz {

/// What a generated module may use.
struct Profile {
    bool simd = true, bulkMemory = true, referenceTypes = true, tailCalls = false, atomics = false,
         legacyExceptions = false, exceptions = false;
};

/// A binary module. Its exports: "memory", "fuel" (a mutable i32), "g0" … (numeric globals), "f0" … (functions with numeric types).
std::vector<uint8_t> generateModule(uint64_t seed, const Profile& profile);

/// The same bytes with a few of them changed, cut or doubled: valid or not.
std::vector<uint8_t> mutateModule(std::vector<uint8_t> bytes, uint64_t seed);

}  // namespace fuzz
