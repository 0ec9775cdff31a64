#include "engine/catch_table.h"

#include <algorithm>

namespace engine {

uint32_t CatchTable::regionAt(uint32_t cell) const {
    const auto behind = std::upper_bound(starts.begin(), starts.end(), cell,
                                         [](uint32_t c, const Start& start) { return c < start.cell; });
    return behind == starts.begin() ? kNone : behind[-1].region;
}

uint32_t CatchTable::addRegion(uint32_t outer, uint32_t begin) {
    regions.push_back({.outer = outer, .begin = begin, .end = begin});
    return static_cast<uint32_t>(regions.size() - 1);
}

void CatchTable::addClause(uint32_t region, const Clause& clause) {
    const auto index = static_cast<uint32_t>(clauses.size());
    clauses.push_back(clause);
    Region& r = regions[region];
    (r.firstClause == kNone ? r.firstClause : clauses[r.lastClause].next) = index;
    r.lastClause = index;
}

uint64_t CatchTable::bytes() const {
    return starts.capacity() * sizeof(Start) + regions.capacity() * sizeof(Region) +
           clauses.capacity() * sizeof(Clause);
}

}  // namespace engine
