#include "debugger/symbols/dwarf_symbols.h"

#include <algorithm>
#include <set>
#include <unordered_set>

namespace debugger {
namespace dwarf {
namespace {

constexpr uint32_t kPlainFunction = 0x80000000;  // FunctionSymbol::id of functions that only Wasm knows
constexpr size_t kMaxInlineTrees = 4096;

}  // namespace

DwarfSymbols::DwarfSymbols(std::shared_ptr<const engine::Module> module, const SymbolOptions& options)
    : m_module(std::move(module)),
      m_sections(gatherSections(*m_module, options)),
      m_units(readUnits(m_sections, m_module->fileName)),
      m_index(m_sections, m_units, options),
      m_lines(m_sections, m_units),
      m_problems(m_sections.problems),
      m_scopes(std::make_unique<Scopes>(m_sections, m_index, m_lines, options, m_module->fileName)) {
    const auto more = m_index.problems();
    m_problems.insert(m_problems.end(), more.begin(), more.end());
    findStaleness();
}

/// Tools that change code without its debug info leave function addresses that are no function's.
void DwarfSymbols::findStaleness() {
    size_t wrong = 0, total = 0;
    for (const FunctionCode& function : m_index.functions()) {
        const engine::Function* body = bodyAt(function.range.begin);
        wrong += !body || body->body.begin != function.range.begin;
        ++total;
    }
    if (wrong * 4 > total) {
        m_problems.push_back(
            "debug info does not match the code: " + std::to_string(wrong) + " of " + std::to_string(total) +
            " functions do not begin where a function begins; the module was changed after it was compiled");
    }
}

SymbolSummary DwarfSymbols::summary() const {
    SymbolSummary summary;
    std::set<uint16_t> versions;
    std::set<std::string> producers, languages;
    for (const Unit& unit : m_units) {
        if (!unit.isGood) continue;
        versions.insert(unit.version);
        if (unit.isTypeUnit()) continue;
        summary.units += !unit.isSplit() || unit.partner == ~uint32_t{0};
        if (*unit.producer && producers.size() < 100) producers.insert(nameOf(unit.producer));
        if (unit.language && languages.size() < 100) languages.insert(languageName(unit.language));
    }
    for (const uint16_t version : versions)
        summary.format += (summary.format.empty() ? "DWARF " : ", ") + std::to_string(version);
    if (versions.empty()) summary.format = "none";
    summary.functions = static_cast<uint32_t>(m_index.functions().size());
    summary.files = static_cast<uint32_t>(files().size());
    summary.lineRows = m_lines.countRows();
    summary.producers.assign(producers.begin(), producers.end());
    summary.languages.assign(languages.begin(), languages.end());
    summary.hasLines = m_lines.tableCount() > 0 && !files().empty();
    summary.hasVariables = !m_index.functions().empty();
    std::set<std::string> seen;
    const auto add = [&](const std::vector<std::string>& problems) {
        for (const std::string& problem : problems) {
            if (seen.insert(problem).second) summary.problems.push_back(problem);
        }
    };
    add(m_problems);
    add(m_lines.problems());
    add({m_scopes->problems().begin(), m_scopes->problems().end()});
    return summary;
}

const engine::Function* DwarfSymbols::bodyAt(uint32_t address) const {
    const auto index = m_module->functionAt(address);
    return index ? &m_module->functions[index->value] : nullptr;
}

SourcePlace DwarfSymbols::declarationOf(EntryRef ref) const {
    SourcePlace place;
    for (int hops = 0; hops < 8; ++hops) {
        const Unit& unit = m_units[ref.unit];
        const Entry& entry = m_index.entry(ref);
        readDie(unit, entry.offset, [&](const AttributeSpec& spec, const AttributeValue& value) {
            if (spec.name == DW_AT_decl_file && place.file == kNoFile)
                place.file = m_lines.fileOf(unit, value.value);
            if (spec.name == DW_AT_decl_line && !place.line) place.line = static_cast<uint32_t>(value.value);
            if (spec.name == DW_AT_decl_column && !place.column)
                place.column = static_cast<uint32_t>(value.value);
        });
        const auto next = entry.origin && !place.line ? m_index.find(entry.origin) : std::nullopt;
        if (!next) break;
        ref = *next;
    }
    return place;
}

FunctionSymbol DwarfSymbols::functionSymbol(const FunctionCode& code) const {
    FunctionSymbol symbol;
    symbol.id = static_cast<uint32_t>(&code - m_index.functions().data());
    symbol.name = m_index.name(code.ref);
    symbol.qualifiedName = m_index.qualifiedName(code.ref);
    symbol.linkageName = m_index.linkageName(code.ref);
    symbol.range = code.range;
    symbol.declaration = declarationOf(code.ref);
    symbol.language = languageName(m_units[code.ref.unit].language);
    if (symbol.name.empty()) {
        const auto function = m_module->functionAt(code.range.begin);
        symbol.name = function ? m_module->functionName(*function) : "function";
        symbol.qualifiedName = symbol.name;
    }
    return symbol;
}

FunctionSymbol DwarfSymbols::plainFunction(engine::FuncIdx function) const {
    FunctionSymbol symbol;
    symbol.id = kPlainFunction | function.value;
    symbol.name = symbol.qualifiedName = m_module->functionName(function);
    const auto body = m_module->functions[function.value].body;
    symbol.range = {body.begin, body.end};
    return symbol;
}

std::optional<FunctionSymbol> DwarfSymbols::functionAt(uint32_t address) const {
    if (const FunctionCode* code = m_index.functionAt(address)) return functionSymbol(*code);
    if (const auto function = m_module->functionAt(address)) return plainFunction(*function);
    return std::nullopt;
}

std::vector<FunctionSymbol> DwarfSymbols::functions() const {
    std::vector<FunctionSymbol> result;
    for (const FunctionCode& code : m_index.functions())
        result.push_back(functionSymbol(code));
    for (uint32_t i = m_module->importedFunctions; i < m_module->functions.size(); ++i) {
        if (!m_index.functionAt(m_module->functions[i].body.begin))
            result.push_back(plainFunction(engine::FuncIdx{i}));
    }
    std::stable_sort(result.begin(), result.end(),
                     [](const auto& a, const auto& b) { return a.range.begin < b.range.begin; });
    return result;
}

std::vector<FunctionSymbol> DwarfSymbols::findFunctions(std::string_view name) const {
    std::vector<FunctionSymbol> result;
    std::set<std::pair<uint32_t, uint32_t>> wanted;
    for (const EntryRef ref : m_index.lookUp(Index::Kind::Function, name))
        wanted.emplace(ref.unit, ref.entry);
    if (!wanted.empty()) {
        for (const FunctionCode& code : m_index.functions()) {
            if (wanted.contains({code.ref.unit, code.ref.entry})) result.push_back(functionSymbol(code));
        }
    }
    if (!result.empty()) return result;
    for (uint32_t i = m_module->importedFunctions; i < m_module->functions.size(); ++i) {
        const engine::FuncIdx function{i};
        if (m_module->functionName(function) != name) continue;
        const FunctionCode* code = m_index.functionAt(m_module->functions[i].body.begin);
        result.push_back(code ? functionSymbol(*code) : plainFunction(function));
    }
    return result;
}

const InlineTree& DwarfSymbols::inlineTree(const FunctionCode& function) const {
    const Unit& unit = m_units[function.ref.unit];
    const uint32_t die = m_index.entry(function.ref).offset;
    const auto it = m_inlineTrees.find(die);
    if (it != m_inlineTrees.end()) return it->second;
    if (m_inlineTrees.size() >= kMaxInlineTrees) m_inlineTrees.clear();
    return m_inlineTrees.emplace(die, readInlineTree(unit, die)).first->second;
}

std::vector<InlineFrame> DwarfSymbols::inlineFrames(uint32_t address) {
    std::vector<InlineFrame> frames;
    SourcePlace place;
    if (const auto row = rowAt(address)) place = row->place;
    const FunctionCode* function = m_index.functionAt(address);
    if (!function) {
        if (place.file == kNoFile) return {};
        InlineFrame frame;
        frame.place = place;
        if (const auto plain = m_module->functionAt(address)) frame.name = m_module->functionName(*plain);
        return {frame};
    }
    const Unit& unit = m_units[function->ref.unit];
    const auto chain = inlineTree(*function).chainAt(address);
    for (auto it = chain.rbegin(); it != chain.rend(); ++it) {
        const InlineCall& call = **it;
        frames.push_back({m_index.qualifiedName(call.origin), place, true, call.die});
        place = {m_lines.fileOf(unit, call.callFile), call.callLine, call.callColumn};
    }
    frames.push_back(
        {functionSymbol(*function).qualifiedName, place, false, m_index.entry(function->ref).offset});
    return frames;
}

}  // namespace dwarf

std::unique_ptr<Symbols> openSymbols(std::shared_ptr<const engine::Module> module,
                                     const SymbolOptions& options) {
    return std::make_unique<dwarf::DwarfSymbols>(std::move(module), options);
}

}  // namespace debugger
