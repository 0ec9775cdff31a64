// Sizes of the cells that small objects of the GC heap stand in (gc_heap.h).
#pragma once

#include <cstdint>

namespace engine::gc_cells {

inline constexpr uint64_t kChunk = 64 << 10;  // a run of the region with cells of one size
inline constexpr uint64_t kLargestCell = 2048;

/// Cell sizes: 16 to 256 by 8, then four to each power of two.
constexpr uint32_t sizeClassOf(uint64_t bytes) {
    if (bytes <= 256) return bytes <= 16 ? 0 : static_cast<uint32_t>((bytes + 7) / 8 - 2);
    uint32_t index = 31;
    for (uint64_t base = 256;; base *= 2)
        for (uint64_t quarter = 1; quarter <= 4; ++quarter, ++index)
            if (bytes <= base + base / 4 * quarter) return index;
}
constexpr uint32_t cellBytesOf(uint32_t sizeClass) {
    if (sizeClass < 31) return (sizeClass + 2) * 8;
    const uint32_t base = 256u << (sizeClass - 31) / 4;
    return base + base / 4 * ((sizeClass - 31) % 4 + 1);
}
static_assert(cellBytesOf(sizeClassOf(kLargestCell)) == kLargestCell);
static_assert(cellBytesOf(sizeClassOf(257)) == 320 && cellBytesOf(sizeClassOf(250)) == 256);

}  // namespace engine::gc_cells
