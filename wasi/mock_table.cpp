#include "wasi/mock_table.h"

#include <algorithm>

#include "wasi/glob.h"
#include "wasi/mock_reply.h"

namespace wasi {

using engine::Error, engine::ErrorCode, engine::Result;

namespace {

Error wrong(const std::string& what) { return Error{ErrorCode::BadArgument, what}; }

Result<> checkNumbers(const MockRule& rule) {
    if (rule.from == 0) return wrong("from: calls are counted from 1");
    if (rule.to != 0 && rule.to < rule.from) return wrong("to: it is less than from");
    if (rule.every == 0) return wrong("every: it must be at least 1");
    if (!(rule.probability >= 0 && rule.probability <= 1)) return wrong("probability: it is from 0 to 1");
    constexpr uint64_t kMostDelay = uint64_t{24} * 3600 * 1'000'000'000;
    if (rule.delayNs > kMostDelay) return wrong("delay: it is at most 24 hours");
    if (rule.action == MockAction::Errno && rule.errno_ == 0)
        return wrong("errno: success says nothing of the results; use reply");
    constexpr size_t kMostBytes = 16 << 20;
    if (rule.bytes.size() > kMostBytes) return wrong("reply.bytes: they are at most 16 MiB");
    if (rule.action == MockAction::Script && rule.script.empty()) return wrong("script: which file?");
    constexpr uint64_t kMostBits = 1 << 20;
    if (rule.action == MockAction::Corrupt && rule.count > kMostBits)
        return wrong("corrupt: it is at most " + std::to_string(kMostBits) + " bits");
    return {};
}

}  // namespace

Result<std::vector<uint16_t>> functionsOf(const MockRule& rule) {
    std::vector<uint16_t> functions;
    std::string why;
    bool isKnown = false;
    const auto all = allHostFunctions();
    for (size_t f = 0; f < all.size(); f++) {
        const std::string name(all[f].name);
        if (!matchesGlob(rule.call, name) && !matchesGlob(rule.call, std::string(all[f].module) + "." + name))
            continue;
        isKnown = true;
        const std::string refused = refusal(rule, all[f]);
        if (refused.empty())
            functions.push_back(static_cast<uint16_t>(f));
        else if (why.empty())
            why = refused;
    }
    if (!functions.empty()) return functions;
    if (isKnown) return wrong(why);
    return wrong("call: there is no host call \"" + rule.call +
                 "\"; write a name such as fd_write, or a pattern, fd_*");
}

Result<> checkMock(const MockRule& rule) {
    MockTable table;
    const auto ok = table.set({{1, rule}});
    if (ok) return {};
    // Without the place in a list.
    return wrong(ok.error().message.substr(ok.error().message.find('.') + 1));
}

Result<> checkAnswer(const MockRule& rule, uint16_t function) {
    const std::string why = refusal(rule, allHostFunctions()[function]);
    return why.empty() ? checkNumbers(rule) : wrong(why);
}

Result<> MockTable::set(const std::vector<MockEntry>& entries) {
    std::vector<Compiled> rules;
    std::vector<std::vector<uint32_t>> byFunction(entries.empty() ? 0 : allHostFunctions().size());
    for (size_t i = 0; i < entries.size(); i++) {
        const MockRule& rule = entries[i].rule;
        const auto in = [&](const Error& error, const std::string& part = "") {
            return wrong("rules[" + std::to_string(i) + "]." + part + error.message);
        };
        auto functions = functionsOf(rule);
        if (!functions) return in(functions.error());
        if (const auto ok = checkNumbers(rule); !ok) return in(ok.error());
        auto when = CallFilter::parse(rule.when, CallFilter::Moment::Before);
        if (!when) return in(when.error(), "when: ");
        Compiled made{entries[i].id, std::make_shared<const MockRule>(rule), std::move(*when), 0, 0};
        const auto known = std::find_if(m_rules.begin(), m_rules.end(),
                                        [&](const Compiled& c) { return c.id != 0 && c.id == made.id; });
        if (known != m_rules.end()) made.seen = known->seen, made.hits = known->hits;
        for (const uint16_t f : rule.enabled ? *functions : std::vector<uint16_t>())
            byFunction[f].push_back(static_cast<uint32_t>(i));
        rules.push_back(std::move(made));
    }
    m_rules = std::move(rules);
    m_byFunction = std::move(byFunction);
    m_activity++;
    return {};
}

std::vector<MockInfo> MockTable::list() const {
    std::vector<MockInfo> infos;
    for (const Compiled& rule : m_rules)
        infos.push_back({rule.id, *rule.rule, rule.seen, rule.hits, rule.problem});
    return infos;
}

std::shared_ptr<const MockRule> MockTable::find(uint32_t id) const {
    const auto known =
        std::find_if(m_rules.begin(), m_rules.end(), [&](const Compiled& c) { return c.id == id; });
    return known != m_rules.end() && known->rule->enabled ? known->rule : nullptr;
}

bool MockTable::note(uint32_t id, const std::string& problem) {
    bool isFirst = false;
    for (Compiled& entry : m_rules) {
        if (entry.id != id || !entry.problem.empty()) continue;
        entry.problem = problem;
        isFirst = true;
    }
    m_activity++;
    return isFirst;
}

std::optional<MockDecision> MockTable::decide(const FilteredCall& call) {
    for (const uint32_t index : m_byFunction[call.function()]) {
        Compiled& entry = m_rules[index];
        if (!entry.when.matches(call)) continue;
        const MockRule& rule = *entry.rule;
        const uint64_t number = ++entry.seen;
        m_activity++;
        if (number < rule.from || (rule.to != 0 && number > rule.to) || number % rule.every != 0) continue;
        if (rule.probability < 1 && mockChance(rule.seed, number) >= rule.probability) continue;
        entry.hits++;
        return MockDecision{entry.id, entry.rule, number, {}, false, false};
    }
    return std::nullopt;
}

}  // namespace wasi
