// CatchTable: which exceptions a function catches where: its try_table, try and delegate regions, made while lowering. Code without a
// throw never looks at it. Owned by Code.
#pragma once

#include <cstdint>
#include <vector>

namespace engine {

struct CatchTable {
    static constexpr uint32_t kNone = ~0u;

    struct Clause {
        bool all = false;       // catch_all, catch_all_ref
        bool withRef = false;   // the exception itself follows its arguments
        uint32_t tag = 0;       // index in the instance; not if `all`
        uint32_t target = 0;    // cell that executes next
        uint32_t slot = 0;      // where the arguments go, from the frame base
        uint32_t next = kNone;  // clause of the same region
    };
    /// What one try_table or try encloses. A delegate has no clauses, and its outer region is the one it names.
    struct Region {
        uint32_t outer = kNone;  // where the search goes on
        uint32_t firstClause = kNone, lastClause = kNone;
        uint32_t begin = 0, end = 0;  // cells of the whole construct, legacy catch blocks included
        bool isRethrown = false;      // a rethrow names it: who catches here keeps the exception
    };
    /// From this cell on (up to the next entry) the innermost region is …
    struct Start {
        uint32_t cell, region;
    };

    std::vector<Start> starts;  // by cell
    std::vector<Region> regions;
    std::vector<Clause> clauses;

    /// The innermost region around a cell, or kNone.
    uint32_t regionAt(uint32_t cell) const;
    uint32_t addRegion(uint32_t outer, uint32_t begin);
    void addClause(uint32_t region, const Clause& clause);
    /// From `cell` on, `region` is the innermost one.
    void enter(uint32_t cell, uint32_t region) { starts.push_back({cell, region}); }
    uint64_t bytes() const;
};

}  // namespace engine
