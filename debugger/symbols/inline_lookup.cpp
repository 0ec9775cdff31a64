// Inlined calls of DwarfSymbols: where the copies of a function begin, and the calls that a line of source makes.
#include <algorithm>
#include <unordered_set>

#include "debugger/symbols/dwarf_symbols.h"

namespace debugger::dwarf {
namespace {
constexpr size_t kMaxInlinedCopies = 8 << 20, kMaxCopiesOfOne = 10'000, kMaxCallSites = 1 << 20;
}  // namespace

/// The inlined calls of each function of a unit that is wanted, until it returns false.
void DwarfSymbols::eachInlinedCall(
    const std::function<bool(const Unit&)>& wanted,
    const std::function<bool(const FunctionCode&, const InlineTree&, const InlineCall&)>& visit) const {
    std::unordered_set<uint32_t> seen;  // a function in several pieces has one tree
    const Unit* lastUnit = nullptr;
    bool isWanted = false;
    for (const FunctionCode& code : m_index.functions()) {
        const Unit& unit = m_units[code.ref.unit];
        if (&unit != lastUnit) isWanted = wanted(unit);
        lastUnit = &unit;
        const uint32_t die = m_index.entry(code.ref).offset;
        if (!isWanted || !seen.insert(die).second) continue;
        const InlineTree tree = readInlineTree(unit, die);
        for (const InlineCall& call : tree.calls) {
            if (call.hasCode() && !visit(code, tree, call)) return;
        }
    }
}

std::vector<LevelAddress> DwarfSymbols::inlinedCopies(std::string_view name) {
    std::vector<LevelAddress> result;
    const std::vector<EntryRef> named = m_index.lookUp(Index::Kind::Function, name);
    if (named.empty()) return result;
    if (!m_inlinedCopies) {
        // One pass for all names, when the first is asked for.
        m_inlinedCopies.emplace();
        eachInlinedCall([](const Unit&) { return true; },
                        [this](const FunctionCode&, const InlineTree&, const InlineCall& call) {
                            m_inlinedCopies->emplace(call.origin, LevelAddress{call.begin(), call.depth});
                            return m_inlinedCopies->size() < kMaxInlinedCopies;
                        });
    }
    for (const EntryRef ref : named) {
        const auto [begin, end] = m_inlinedCopies->equal_range(m_index.entry(ref).offset);
        for (auto it = begin; it != end && result.size() < kMaxCopiesOfOne; ++it)
            result.push_back(it->second);
    }
    std::sort(result.begin(), result.end(),
              [](const LevelAddress& a, const LevelAddress& b) { return a.address < b.address; });
    return result;
}

/// Calls inlined into lines of a file, by line.
const std::vector<DwarfSymbols::CallSite>& DwarfSymbols::callSites(FileId file) const {
    if (const auto known = m_callSites.find(file); known != m_callSites.end()) return known->second;
    std::vector<CallSite>& sites = m_callSites[file];
    const auto& naming = m_lines.tablesNaming(file);
    const std::unordered_set<int64_t> tables(naming.begin(), naming.end());
    const auto namesFile = [&](const Unit& unit) { return tables.contains(m_lines.tableOf(unit)); };
    eachInlinedCall(namesFile, [&](const FunctionCode& code, const InlineTree& tree, const InlineCall& call) {
        if (call.callLine == 0 || m_lines.fileOf(m_units[code.ref.unit], call.callFile) != file) return true;
        CodePlace place;
        if (call.parent < 0) {
            place.owner = place.declaration = m_index.entry(code.ref).offset;
        } else {
            const InlineCall& caller = tree.calls[static_cast<size_t>(call.parent)];
            place.owner = caller.die;
            place.declaration = caller.origin;
        }
        place.start = {call.begin(), call.depth - 1};
        place.isStatement = true;
        sites.push_back({call.callLine, place});
        return sites.size() < kMaxCallSites;
    });
    std::stable_sort(sites.begin(), sites.end(),
                     [](const CallSite& a, const CallSite& b) { return a.line < b.line; });
    return sites;
}

}  // namespace debugger::dwarf
