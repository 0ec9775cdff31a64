#include "debugger/symbols/index.h"

#include <algorithm>

#include "debugger/symbols/index_scan.h"
#include "debugger/symbols/lists.h"

namespace debugger::dwarf {
namespace {

constexpr size_t kMaxName = 32 << 10;
constexpr int kMaxHops = 16;  // specification and origin chains
constexpr int kMaxParents = 64;
constexpr uint64_t kMaxHashedBytes = 1 << 30;

uint64_t hashOf(std::string_view text) {
    uint64_t hash = 0xcbf29ce484222325;
    for (const char c : text)
        hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
    return hash;
}

bool isNamedScope(uint16_t tag) { return tag != DW_TAG_subprogram; }

std::string_view anonymousName(uint16_t tag) {
    switch (tag) {
    case DW_TAG_namespace: return "(anonymous namespace)";
    case DW_TAG_union_type: return "(anonymous union)";
    case DW_TAG_enumeration_type: return "(anonymous enum)";
    default: return "(anonymous struct)";
    }
}

/// "push<int>" → "push"; operators stay whole.
std::string_view withoutTemplateArguments(std::string_view name) {
    const size_t at = name.find('<');
    return at == 0 || at == name.npos || !name.ends_with('>') || name.starts_with("operator")
               ? name
               : name.substr(0, at);
}

Index::Kind kindOf(uint16_t tag) {
    if (tag == DW_TAG_subprogram) return Index::Kind::Function;
    return tag == DW_TAG_variable ? Index::Kind::Variable : Index::Kind::Type;
}

bool isDefinition(const Entry& entry) {
    if (entry.tag == DW_TAG_subprogram) return entry.flags & (Entry::HasCode | Entry::Inlined);
    if (entry.tag == DW_TAG_variable) return entry.flags & Entry::HasLocation;
    return !(entry.flags & Entry::Declaration) && entry.tag != DW_TAG_namespace && entry.tag != DW_TAG_module;
}

}  // namespace

std::string nameOf(const char* name) { return {name, strnlen(name, kMaxName)}; }

Index::Index(const DebugSections& sections, const std::vector<Unit>& units, const SymbolOptions& options)
    : m_sections(sections), m_units(units), m_entries(units.size()) {
    for (const Unit& unit : units) {
        if (!unit.isGood) continue;
        if (unit.isTypeUnit()) m_typeUnits.emplace(unit.signature, unit.index);
    }
    scanAll(options);
}

void Index::scanAll(const SymbolOptions& options) {
    ScanBudget budget;
    std::vector<std::vector<FunctionCode>> pieces(m_units.size());
    std::vector<const char*> unitProblems(m_units.size());
    std::atomic<uint64_t> done{0};
    std::mutex progressMutex;
    parallelFor(m_units.size(), [&](size_t i) {
        const Unit& unit = m_units[i];
        const bool isDouble = !unit.isSplit() && unit.partner != ~uint32_t{0};  // its split unit has it all
        if (!unit.isGood || isDouble || budget.isCancelled) return;
        UnitScan scan = scanUnit(unit, budget);
        m_entries[i] = std::move(scan.entries);
        m_entries[i].shrink_to_fit();
        pieces[i] = std::move(scan.functions);
        unitProblems[i] = scan.problem;
        if (++done % 64 == 0 && options.progress) {
            const std::lock_guard lock(progressMutex);
            if (!options.progress(done, m_units.size())) budget.isCancelled = true;
        }
    });
    if (budget.isCancelled) m_problems.push_back("debug info: reading was cancelled; it is incomplete");
    size_t broken = 0;
    const char* why = nullptr;
    for (const char* problem : unitProblems) {
        if (!problem) continue;
        ++broken;
        if (!why) why = problem;
    }
    if (broken) {
        m_problems.push_back("debug info: .debug_info: " + std::to_string(broken) + " of " +
                             std::to_string(m_units.size()) + " units are incomplete (" + why + ")");
    }
    collectFunctions(pieces);
}

void Index::collectFunctions(std::vector<std::vector<FunctionCode>>& pieces) {
    for (auto& piece : pieces)
        m_functions.insert(m_functions.end(), piece.begin(), piece.end());
    std::stable_sort(
        m_functions.begin(), m_functions.end(), [](const FunctionCode& a, const FunctionCode& b) {
            return a.range.begin != b.range.begin ? a.range.begin < b.range.begin : a.range.end < b.range.end;
        });
    m_functions.erase(
        std::unique(m_functions.begin(), m_functions.end(),
                    [](const FunctionCode& a, const FunctionCode& b) { return a.range == b.range; }),
        m_functions.end());
    for (const Unit& unit : m_units) {
        if (!unit.isGood || (unit.partner != ~uint32_t{0} && unit.isSplit())) continue;
        AttributeValue low{ValueClass::Address, unit.lowPc, "", {}}, high;
        if (unit.highPc) high = {ValueClass::Address, *unit.highPc, "", {}};
        if (!unit.ranges && !unit.highPc) continue;
        for (const AddressRange& range : readRanges(unit, low, high, unit.ranges))
            m_unitRanges.emplace_back(range, unit.index);
        if (m_unitRanges.size() > 4 << 20) break;
    }
    std::stable_sort(m_unitRanges.begin(), m_unitRanges.end(),
                     [](const auto& a, const auto& b) { return a.first.begin < b.first.begin; });
}

const FunctionCode* Index::functionAt(uint32_t address) const {
    auto it = std::upper_bound(m_functions.begin(), m_functions.end(), address,
                               [](uint32_t a, const FunctionCode& f) { return a < f.range.begin; });
    for (int tries = 0; it != m_functions.begin() && tries < 16; ++tries) {
        if ((--it)->range.contains(address)) return &*it;
    }
    return nullptr;
}

const Unit* Index::unitOf(uint32_t dieOffset) const {
    const auto it = std::upper_bound(m_units.begin(), m_units.end(), dieOffset,
                                     [](uint32_t o, const Unit& unit) { return o < unit.offset; });
    if (it == m_units.begin()) return nullptr;
    const Unit& unit = *(it - 1);
    return dieOffset < unit.end && unit.isGood ? &unit : nullptr;
}

const Unit* Index::unitAt(uint32_t address) const {
    if (const FunctionCode* function = functionAt(address)) return &m_units[function->ref.unit];
    auto it = std::upper_bound(m_unitRanges.begin(), m_unitRanges.end(), address,
                               [](uint32_t a, const auto& r) { return a < r.first.begin; });
    for (int tries = 0; it != m_unitRanges.begin() && tries < 16; ++tries) {
        if ((--it)->first.contains(address)) return &m_units[it->second];
    }
    return nullptr;
}

const Unit* Index::typeUnit(uint64_t signature) const {
    const auto it = m_typeUnits.find(signature);
    return it == m_typeUnits.end() ? nullptr : &m_units[it->second];
}

std::optional<EntryRef> Index::find(uint32_t dieOffset) const {
    const Unit* unit = unitOf(dieOffset);
    if (!unit) return std::nullopt;
    const auto& entries = m_entries[unit->index];
    const auto it = std::lower_bound(entries.begin(), entries.end(), dieOffset,
                                     [](const Entry& e, uint32_t o) { return e.offset < o; });
    if (it == entries.end() || it->offset != dieOffset) return std::nullopt;
    return EntryRef{unit->index, static_cast<uint32_t>(it - entries.begin())};
}

std::optional<EntryRef> Index::next(EntryRef ref) const {
    const Entry& e = entry(ref);
    if (e.origin) return find(e.origin);
    if (!(e.flags & Entry::HasSignature)) return std::nullopt;
    uint64_t signature = 0;
    readDie(m_units[ref.unit], e.offset, [&](const AttributeSpec& spec, const AttributeValue& value) {
        if (spec.name == DW_AT_signature) signature = value.value;
    });
    const Unit* unit = typeUnit(signature);
    return unit ? find(unit->typeDie) : std::nullopt;
}

EntryRef Index::originOf(EntryRef ref) const {
    for (int hops = 0; hops < kMaxHops; ++hops) {
        const auto origin = next(ref);
        if (!origin) break;
        ref = *origin;
    }
    return ref;
}

std::string Index::name(EntryRef ref) const {
    for (int hops = 0; hops < kMaxHops; ++hops) {
        if (*entry(ref).name) return nameOf(entry(ref).name);
        const auto origin = next(ref);
        if (!origin) break;
        ref = *origin;
    }
    return {};
}

std::string Index::linkageName(EntryRef ref) const {
    for (int hops = 0; hops < kMaxHops; ++hops) {
        if (*entry(ref).linkage) return nameOf(entry(ref).linkage);
        const auto origin = next(ref);
        if (!origin) break;
        ref = *origin;
    }
    return {};
}

std::string Index::qualifiedName(EntryRef ref) const {
    const EntryRef origin = originOf(ref);
    std::string result = name(ref);
    if (result.empty()) {
        if (entry(ref).tag == DW_TAG_subprogram || entry(ref).tag == DW_TAG_variable) return {};
        result = anonymousName(entry(ref).tag);
    }
    uint32_t unit = origin.unit;
    int32_t parent = entry(origin).parent;
    for (int depth = 0; parent >= 0 && depth < kMaxParents && result.size() < kMaxName; ++depth) {
        // A class that is defined outside its namespace, or in a type unit, has its parents there.
        const EntryRef scope = originOf({unit, static_cast<uint32_t>(parent)});
        const Entry& e = entry(scope);
        if (isNamedScope(e.tag)) {
            std::string head = *e.name ? nameOf(e.name) : std::string(anonymousName(e.tag));
            result = head.append("::").append(result);
        }
        unit = scope.unit;
        parent = e.parent;
    }
    return result;
}

std::string Index::qualifiedName(uint32_t dieOffset) const {
    const auto ref = find(dieOffset);
    return ref ? qualifiedName(*ref) : std::string();
}

const std::vector<Index::Key>& Index::keys(Kind kind) const {
    auto& keys = m_keys[static_cast<size_t>(kind)];
    if (std::exchange(m_hasKeys[static_cast<size_t>(kind)], true)) return keys;
    uint64_t budget = kMaxHashedBytes;
    const auto add = [&](std::string_view name, EntryRef ref) {
        if (!name.empty()) keys.push_back({hashOf(name), ref});
        budget -= std::min<uint64_t>(budget, name.size() + 16);
    };
    for (uint32_t unit = 0; unit < m_entries.size(); ++unit) {
        for (uint32_t i = 0; i < m_entries[unit].size() && budget; ++i) {
            const EntryRef ref{unit, i};
            if (kindOf(entry(ref).tag) != kind || !isDefinition(entry(ref))) continue;
            const std::string plain = name(ref), qualified = qualifiedName(ref);
            if (plain.empty()) continue;
            add(plain, ref);
            if (qualified != plain) add(qualified, ref);
            if (kind == Kind::Type) continue;
            if (const std::string linkage = linkageName(ref); linkage != plain) add(linkage, ref);
            if (kind == Kind::Variable) continue;
            if (withoutTemplateArguments(plain) != plain) {
                add(withoutTemplateArguments(plain), ref);
                if (qualified != plain)
                    add(qualified.substr(0, qualified.size() - plain.size())
                            .append(withoutTemplateArguments(plain)),
                        ref);
            }
        }
    }
    std::sort(keys.begin(), keys.end(), [](const Key& a, const Key& b) {
        if (a.hash != b.hash) return a.hash < b.hash;
        return a.ref.unit != b.ref.unit ? a.ref.unit < b.ref.unit : a.ref.entry < b.ref.entry;
    });
    return keys;
}

std::vector<EntryRef> Index::lookUp(Kind kind, std::string_view wanted) const {
    const auto& all = keys(kind);
    const uint64_t hash = hashOf(wanted);
    std::vector<EntryRef> result;
    auto it = std::lower_bound(all.begin(), all.end(), hash,
                               [](const Key& key, uint64_t h) { return key.hash < h; });
    for (; it != all.end() && it->hash == hash && result.size() < 65536; ++it) {
        const std::string plain = name(it->ref), qualified = qualifiedName(it->ref);
        const bool matches =
            plain == wanted || qualified == wanted || linkageName(it->ref) == wanted ||
            withoutTemplateArguments(plain) == wanted ||
            (qualified.size() > plain.size() &&
             wanted.starts_with(std::string_view(qualified).substr(0, qualified.size() - plain.size())));
        if (matches && (result.empty() || !(result.back() == it->ref))) result.push_back(it->ref);
    }
    return result;
}

}  // namespace debugger::dwarf
