// MockTable: the rules of a run, indexed by function: a call that no rule speaks of costs one look into an array, however many there are.
// Owned by the host; session thread only.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/base/result.h"
#include "wasi/call_filter.h"
#include "wasi/mock_rule.h"

namespace wasi {

/// What a rule decided for one call, until that call has ended. Outlives the rule once the delay is over.
struct MockDecision {
    uint32_t id = 0;
    std::shared_ptr<const MockRule> rule;
    uint64_t number = 0;  // of the call among those that matched
    std::optional<int64_t> delayBeganNs;
    bool isDelayOver = false;
    bool hasStopped = false;
};

class MockTable {
public:
    /// Replaces all rules. Counts of ids that stay are kept. BadArgument: "rules[2].when: column 3: …"; then nothing has changed.
    engine::Result<> set(const std::vector<MockEntry>& entries);
    std::vector<MockInfo> list() const;
    /// A rule as it reads now; null if it is gone or off.
    std::shared_ptr<const MockRule> find(uint32_t id) const;
    /// The first problem of a rule is kept. True: this is it.
    bool note(uint32_t id, const std::string& problem);
    /// Changes whenever list() does by calls.
    uint64_t activity() const { return m_activity; }

    bool concerns(uint16_t function) const {
        return !m_byFunction.empty() && !m_byFunction[function].empty();
    }
    /// The first rule that fires for a call, if any; counts.
    std::optional<MockDecision> decide(const FilteredCall& call);

private:
    struct Compiled {
        uint32_t id = 0;
        std::shared_ptr<const MockRule> rule;
        CallFilter when;
        uint64_t seen = 0, hits = 0;
        std::string problem = {};
    };
    std::vector<Compiled> m_rules;
    std::vector<std::vector<uint32_t>> m_byFunction;  // indices in m_rules, in order; empty without rules
    uint64_t m_activity = 0;
};

/// Functions whose name, with or without its module, matches the pattern, and of which the rule can be true. BadArgument says why it is
/// true of none: "call: …", "reply.nread: …".
engine::Result<std::vector<uint16_t>> functionsOf(const MockRule& rule);

/// Is it a rule? BadArgument: "when: column 3: …", "errno: …".
engine::Result<> checkMock(const MockRule& rule);

/// Can a rule's answer be given to this function? BadArgument: "reply.nread: …".
engine::Result<> checkAnswer(const MockRule& rule, uint16_t function);

/// A number from 0 up to 1, the same for the same seed and number.
double mockChance(uint64_t seed, uint64_t number);

}  // namespace wasi
