// Limits of this implementation (standard, appendix 7.2), the same as wasmparser's, so that what other tools take we take too.
// An error that comes from one of them has the code Limit and names it.
#pragma once

#include <cstdint>

namespace engine::limits {

inline constexpr uint64_t kFileBytes = uint64_t{1} << 30;
inline constexpr uint32_t kTypes = 1'000'000;
inline constexpr uint32_t kFunctions = 1'000'000;
inline constexpr uint32_t kImports = 1'000'000;
inline constexpr uint32_t kExports = 1'000'000;
inline constexpr uint32_t kGlobals = 1'000'000;
inline constexpr uint32_t kTags = 1'000'000;
inline constexpr uint32_t kTables = 100;
inline constexpr uint32_t kMemories = 100;
inline constexpr uint32_t kElementSegments = 100'000;
inline constexpr uint32_t kDataSegments = 100'000;
inline constexpr uint32_t kTableElements = 10'000'000;
inline constexpr uint32_t kNameBytes = 100'000;
inline constexpr uint32_t kBodyBytes = 7'654'321;
inline constexpr uint32_t kLocals = 50'000;
inline constexpr uint32_t kParams = 1'000;
inline constexpr uint32_t kResults = 1'000;
inline constexpr uint32_t kFields = 10'000;
inline constexpr uint32_t kSubtypingDepth = 63;
inline constexpr uint32_t kCatchClauses = 10'000;
inline constexpr uint32_t kArrayNewFixed = 10'000;

}  // namespace engine::limits
