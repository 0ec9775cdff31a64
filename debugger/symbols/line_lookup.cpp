// Lines of DwarfSymbols: address → row, line → addresses.
#include <algorithm>

#include "debugger/symbols/dwarf_symbols.h"

namespace debugger::dwarf {
namespace {

std::vector<std::string_view> components(std::string_view path) {
    std::vector<std::string_view> parts;
    for (size_t begin = 0; begin <= path.size();) {
        const size_t end = std::min(path.find_first_of("/\\", begin), path.size());
        if (end > begin) parts.push_back(path.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

}  // namespace

LineRow DwarfSymbols::lineRow(const LineRows& rows, const Sequence& sequence, uint32_t index) const {
    const Row& row = rows.rows[index];
    LineRow result;
    result.range = {row.address, rows.endOf(sequence, index)};
    result.place = {row.file, row.line, row.column};
    result.isStatement = row.isStatement;
    result.prologueEnd = row.prologueEnd;
    return result;
}

/// Tables whose units do not say which code is theirs.
const std::vector<uint32_t>& DwarfSymbols::tablesWithoutUnit() const {
    if (!m_tablesWithoutUnit) {
        std::vector<bool> known(m_lines.tableCount());
        for (const Unit& unit : m_units) {
            const int64_t table = m_lines.tableOf(unit);
            if (table >= 0 && (unit.ranges || unit.highPc)) known[static_cast<size_t>(table)] = true;
        }
        m_tablesWithoutUnit.emplace();
        for (uint32_t i = 0; i < known.size(); ++i) {
            if (!known[i]) m_tablesWithoutUnit->push_back(i);
        }
        m_lines.decode(*m_tablesWithoutUnit);
    }
    return *m_tablesWithoutUnit;
}

const LineRows* DwarfSymbols::rowsAround(uint32_t address) const {
    const Unit* unit = m_index.unitAt(address);
    const int64_t table = unit ? m_lines.tableOf(*unit) : -1;
    if (table >= 0) {
        const LineRows& rows = m_lines.rows(static_cast<uint32_t>(table));
        if (rows.sequenceAt(address)) return &rows;
    }
    for (const uint32_t other : tablesWithoutUnit()) {
        if (m_lines.rows(other).sequenceAt(address)) return &m_lines.rows(other);
    }
    return nullptr;
}

/// Where rows begin behind an address that has none (a function may begin without), at most `end`.
uint32_t DwarfSymbols::beginOfRows(uint32_t address, uint32_t end) const {
    const auto look = [&](const LineRows& rows) {
        const auto next = std::upper_bound(rows.sequences.begin(), rows.sequences.end(), address,
                                           [](uint32_t a, const Sequence& s) { return a < s.begin; });
        if (next != rows.sequences.end()) end = std::min(end, next->begin);
    };
    const Unit* unit = m_index.unitAt(address);
    const int64_t table = unit ? m_lines.tableOf(*unit) : -1;
    if (table >= 0) look(m_lines.rows(static_cast<uint32_t>(table)));
    for (const uint32_t other : tablesWithoutUnit())
        look(m_lines.rows(other));
    return end;
}

std::optional<LineRow> DwarfSymbols::rowAt(uint32_t address) const {
    const LineRows* rows = rowsAround(address);
    if (!rows) return std::nullopt;
    return lineRow(*rows, *rows->sequenceAt(address), static_cast<uint32_t>(rows->rowAt(address)));
}

std::vector<LineRow> DwarfSymbols::rowsIn(AddressRange range) const {
    std::vector<LineRow> result;
    uint32_t address = range.begin;
    while (address < range.end) {
        const LineRows* rows = rowsAround(address);
        if (!rows) {
            const engine::Function* body = bodyAt(address);
            if (!body || body->body.end <= address) break;
            address = beginOfRows(address, body->body.end);
            continue;
        }
        const Sequence& sequence = *rows->sequenceAt(address);
        auto index = static_cast<uint32_t>(rows->rowAt(address));
        while (index > sequence.firstRow && rows->rows[index - 1].address == rows->rows[index].address)
            --index;
        for (; index < sequence.lastRow && rows->rows[index].address < range.end; ++index)
            result.push_back(lineRow(*rows, sequence, index));
        address = sequence.end;
    }
    return result;
}

std::vector<uint32_t> DwarfSymbols::linesWithCode(FileId file) const {
    if (const auto it = m_codeLines.find(file); it != m_codeLines.end()) return it->second;
    const auto& tables = m_lines.tablesNaming(file);
    m_lines.decode(tables);
    std::vector<uint32_t> lines;
    for (const uint32_t table : tables) {
        for (const Row& row : m_lines.rows(table).rows) {
            if (row.file == file && row.line && row.isStatement) lines.push_back(row.line);
        }
    }
    for (const CallSite& site : callSites(file))
        lines.push_back(site.line);
    std::sort(lines.begin(), lines.end());
    lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
    return m_codeLines[file] = std::move(lines);
}

std::vector<FileId> DwarfSymbols::findFiles(std::string_view path) const {
    const std::string cleaned = joinPath("", path);
    const auto wanted = components(cleaned);
    std::vector<FileId> result;
    if (wanted.empty()) return result;
    for (FileId file = 0; file < files().size(); ++file) {
        const auto parts = components(files()[file].path);
        if (cleaned.starts_with('/') && parts.size() != wanted.size()) continue;
        if (parts.size() >= wanted.size() && std::equal(wanted.rbegin(), wanted.rend(), parts.rbegin()))
            result.push_back(file);
    }
    return result;
}

std::vector<DwarfSymbols::CodePlace> DwarfSymbols::placesOfLine(FileId file, uint32_t line) const {
    const auto& tables = m_lines.tablesNaming(file);
    m_lines.decode(tables);
    std::vector<CodePlace> places;
    bool anyStatement = false;
    for (const uint32_t table : tables) {
        for (const Row& row : m_lines.rows(table).rows) {
            if (row.file != file || row.line != line) continue;
            CodePlace place{0, 0, {row.address, 0}, row.isStatement};
            if (const FunctionCode* function = m_index.functionAt(row.address)) {
                place.owner = place.declaration = m_index.entry(function->ref).offset;
                const auto chain = inlineTree(*function).chainAt(row.address);
                if (!chain.empty()) place.owner = chain.back()->die, place.declaration = chain.back()->origin;
                place.start.depth = static_cast<uint32_t>(chain.size());
            } else if (const engine::Function* body = bodyAt(row.address)) {
                place.owner = body->body.begin;
            }
            anyStatement = anyStatement || row.isStatement;
            places.push_back(place);
        }
    }
    // A line that only calls what was inlined has no row of its own.
    const auto& sites = callSites(file);
    auto site = std::lower_bound(sites.begin(), sites.end(), line,
                                 [](const CallSite& s, uint32_t wanted) { return s.line < wanted; });
    for (; site != sites.end() && site->line == line; ++site)
        places.push_back(site->place), anyStatement = true;
    if (anyStatement) std::erase_if(places, [](const CodePlace& place) { return !place.isStatement; });
    return places;
}

/// Line where the function of a DIE is declared, if that is in the file; else 0.
uint32_t DwarfSymbols::declarationLine(uint32_t die, FileId file) const {
    const auto ref = m_index.find(die);
    const SourcePlace place = ref ? declarationOf(*ref) : SourcePlace();
    return place.file == file ? place.line : 0;
}

/// A breakpoint on the line where a function begins belongs behind its prologue, and never among its local declarations.
uint32_t DwarfSymbols::breakAddress(uint32_t address) const {
    const engine::Function* body = bodyAt(address);
    const FunctionCode* function = m_index.functionAt(address);
    if (function && function->range.begin == address) {
        FunctionSymbol symbol;
        symbol.range = function->range;
        return afterPrologue(symbol);
    }
    return body ? std::max(address, body->code.begin) : address;
}

engine::Result<ResolvedLine> DwarfSymbols::resolveLine(FileId file, uint32_t line) const {
    const auto error = [&](const std::string& message) {
        return engine::Error{engine::ErrorCode::NotFound,
                             message,
                             {file < files().size() ? files()[file].path : "", "", {}, {}}};
    };
    if (file >= files().size()) return error("no such source file");
    ResolvedLine resolved;
    resolved.line = line;
    std::vector<CodePlace> places = placesOfLine(file, line);
    if (places.empty()) {
        const auto lines = linesWithCode(file);
        if (lines.empty()) return error("no code comes from this file");
        const auto next = std::upper_bound(lines.begin(), lines.end(), line);
        const auto refuse = [&] {
            uint32_t nearest = next != lines.end() ? *next : lines.back();
            if (next != lines.begin() && next != lines.end() && line - *(next - 1) < *next - line)
                nearest = *(next - 1);
            return error("no code at line " + std::to_string(line) + "; nearest " + std::to_string(nearest));
        };
        if (next == lines.end()) return refuse();
        resolved.line = *next;
        places = placesOfLine(file, resolved.line);
        // Only code of a function that already began at or before the line that was asked for.
        std::erase_if(places, [&](const CodePlace& place) {
            const uint32_t declared = declarationLine(place.declaration, file);
            return !declared || declared > line;
        });
        if (places.empty()) return refuse();
    }
    std::sort(places.begin(), places.end(), [](const CodePlace& a, const CodePlace& b) {
        return a.owner != b.owner ? a.owner < b.owner : a.start.address < b.start.address;
    });
    for (size_t i = 0; i < places.size(); ++i) {
        const LevelAddress start = places[i].start;
        if (i == 0 || places[i].owner != places[i - 1].owner)
            resolved.places.push_back({breakAddress(start.address), start.depth});
    }
    std::sort(resolved.places.begin(), resolved.places.end(), [](const auto& a, const auto& b) {
        return a.address != b.address ? a.address < b.address : a.depth < b.depth;
    });
    resolved.places.erase(std::unique(resolved.places.begin(), resolved.places.end()), resolved.places.end());
    return resolved;
}

uint32_t DwarfSymbols::afterPrologue(const FunctionSymbol& function) const {
    const engine::Function* body = bodyAt(function.range.begin);
    const uint32_t start = body ? std::max(function.range.begin, body->code.begin) : function.range.begin;
    const auto rows = rowsIn(function.range);
    for (const LineRow& row : rows) {
        if (row.prologueEnd && row.range.begin > function.range.begin)
            return std::max(start, row.range.begin);
    }
    for (const LineRow& row : rows) {
        if (row.range.begin > rows.front().range.begin && row.place.line &&
            row.place.line != rows.front().place.line)
            return std::max(start, row.range.begin);
    }
    return rows.size() > 1 && rows[1].range.begin > start && rows[1].place.line ? rows[1].range.begin : start;
}

}  // namespace debugger::dwarf
