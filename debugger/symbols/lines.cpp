#include "debugger/symbols/lines.h"

#include <algorithm>

namespace debugger::dwarf {
namespace {

constexpr int64_t kMaxRows = 16 << 20;  // of all tables
constexpr size_t kMaxRowsOfTable = 8 << 20;
constexpr int64_t kMaxPathBytes = 256 << 20;  // of all headers
constexpr size_t kMaxPath = 4096;

/// Length of what makes a path absolute: "/", "C:\", or a scheme that a toolchain mapped its own folders to ("wasisdk://"); else 0.
size_t rootLength(std::string_view path) {
    if (path.starts_with('/')) return 1;
    if (path.size() > 2 && path[1] == ':' && (path[2] == '\\' || path[2] == '/')) return 3;
    const size_t scheme = path.substr(0, 64).find("://");
    return scheme == path.npos || scheme == 0 || path.find('/') < scheme ? 0 : scheme + 3;
}

/// One pass of the line number state machine (DWARF 5, section 6.2).
class Program {
public:
    Program(const DebugSections& sections, const LineHeader& header, LineRows& out,
            std::atomic<int64_t>& budget)
        : m_sections(sections), m_header(header), m_out(out), m_budget(budget), m_reader(header.program) {
        reset();
    }

    void run() {
        while (m_reader.ok() && !m_reader.atEnd() && !m_out.isCut) {
            const uint8_t opcode = m_reader.u8();
            if (opcode >= m_header.opcodeBase)
                special(opcode);
            else if (opcode)
                standard(opcode);
            else
                extended();
        }
        if (!m_reader.ok()) m_out.isMalformed = true;
        m_out.rows.resize(m_begin);  // a sequence without end
    }

private:
    void reset() {
        m_address = 0;
        m_row = Row{};
        m_row.line = 1;
        m_file = 1;
        m_row.isStatement = m_header.defaultIsStatement;
        m_begin = m_out.rows.size();
        m_isDead = false;
    }
    void advance(uint64_t operations) { m_address += operations * m_header.minimumInstructionLength; }
    void special(uint8_t opcode) {
        const uint8_t adjusted = static_cast<uint8_t>(opcode - m_header.opcodeBase);
        advance(adjusted / m_header.lineRange);
        m_row.line += static_cast<uint32_t>(m_header.lineBase + adjusted % m_header.lineRange);
        emit();
    }
    void standard(uint8_t opcode) {
        switch (opcode) {
        case DW_LNS_copy: emit(); break;
        case DW_LNS_advance_pc: advance(m_reader.uleb()); break;
        case DW_LNS_advance_line: m_row.line += static_cast<uint32_t>(m_reader.sleb()); break;
        case DW_LNS_set_file: m_file = m_reader.uleb(); break;
        case DW_LNS_set_column: {
            const uint64_t column = m_reader.uleb();
            m_row.column = static_cast<uint16_t>(column > 0xffff ? 0 : column);
            break;
        }
        case DW_LNS_negate_stmt: m_row.isStatement = !m_row.isStatement; break;
        case DW_LNS_const_add_pc: advance((255 - m_header.opcodeBase) / m_header.lineRange); break;
        case DW_LNS_fixed_advance_pc: m_address += m_reader.u16(); break;
        case DW_LNS_set_prologue_end: m_row.prologueEnd = true; break;
        case DW_LNS_set_basic_block:
        case DW_LNS_set_epilogue_begin: break;
        default:
            for (int i = m_header.operandCounts[opcode - 1u]; i > 0; --i)
                m_reader.uleb();
        }
    }
    void extended() {
        const uint64_t length = m_reader.uleb();
        ByteReader operands(m_reader.bytes(length));
        if (!length || !m_reader.ok()) return;
        switch (operands.u8()) {
        case DW_LNE_end_sequence: endSequence(); break;
        case DW_LNE_set_address: {
            const uint64_t size = length - 1;
            m_address = operands.unsignedOf(size == 8 ? 8 : 4);
            // Tombstones of what the linker threw away: 0, -1, -2.
            m_isDead = m_isDead || !operands.ok() || m_address == 0 || m_address >= m_sections.codeSize;
            break;
        }
        default:
            break;  // define_file is not written by anyone who knows Wasm; discriminators do not matter here
        }
    }
    void emit() {
        if (!m_isDead) {
            m_isDead = !m_sections.toFile(m_address, m_row.address);
            m_row.file = m_file < m_header.files.size() ? m_header.files[m_file] : kNoFile;
            if (!m_isDead) m_out.rows.push_back(m_row);
            if (m_out.rows.size() >= kMaxRowsOfTable) m_out.isCut = true;
        }
        m_row.prologueEnd = false;
    }
    void endSequence() {
        auto& rows = m_out.rows;
        uint32_t end = 0;
        const auto first = rows.begin() + static_cast<ptrdiff_t>(m_begin);
        if (!m_isDead && m_sections.toFile(m_address, end) && rows.size() > m_begin) {
            const auto byAddress = [](const Row& a, const Row& b) { return a.address < b.address; };
            if (!std::is_sorted(first, rows.end(), byAddress)) std::stable_sort(first, rows.end(), byAddress);
            const auto count = static_cast<int64_t>(rows.size() - m_begin);
            if (end > rows.back().address && m_budget.fetch_sub(count) >= count) {
                m_out.sequences.push_back({first->address, end, static_cast<uint32_t>(m_begin),
                                           static_cast<uint32_t>(rows.size())});
                return reset();
            }
            m_out.isCut = m_out.isCut || m_budget.load() <= 0;
        }
        rows.resize(m_begin);
        reset();
    }

    const DebugSections& m_sections;
    const LineHeader& m_header;
    LineRows& m_out;
    std::atomic<int64_t>& m_budget;
    ByteReader m_reader;
    uint64_t m_address = 0, m_file = 1;
    Row m_row;
    size_t m_begin = 0;
    bool m_isDead = false;
};

}  // namespace

std::string joinPath(std::string_view folder, std::string_view path) {
    path = path.substr(0, kMaxPath);
    std::string joined;
    if (!rootLength(path) && !folder.empty()) joined.append(folder.substr(0, kMaxPath)).push_back('/');
    joined += path;
    if (joined.size() > 1 && joined[1] == ':') return joined;  // another system's: not ours to clean

    std::vector<std::string_view> parts;
    const std::string_view all = joined;
    const size_t rooted = rootLength(all);
    for (size_t begin = rooted; begin < all.size();) {
        const size_t end = std::min(all.find('/', begin), all.size());
        const std::string_view part = all.substr(begin, end - begin);
        begin = end + 1;
        if (part.empty() || part == ".") continue;
        if (part == ".." && !parts.empty() && parts.back() != "..")
            parts.pop_back();
        else if (part != ".." || !rooted)
            parts.push_back(part);
    }
    std::string result(all.substr(0, rooted));
    for (size_t i = 0; i < parts.size(); ++i) {
        if (i) result += '/';
        result += parts[i];
    }
    return result;
}

const Sequence* LineRows::sequenceAt(uint32_t address) const {
    auto it = std::upper_bound(sequences.begin(), sequences.end(), address,
                               [](uint32_t a, const Sequence& s) { return a < s.begin; });
    return it != sequences.begin() && (--it)->end > address ? &*it : nullptr;
}

int64_t LineRows::rowAt(uint32_t address) const {
    const Sequence* sequence = sequenceAt(address);
    if (!sequence) return -1;
    const auto begin = rows.begin() + sequence->firstRow, end = rows.begin() + sequence->lastRow;
    return std::upper_bound(begin, end, address, [](uint32_t a, const Row& row) { return a < row.address; }) -
           rows.begin() - 1;
}

uint32_t LineRows::endOf(const Sequence& sequence, uint32_t index) const {
    for (uint32_t next = index + 1; next < sequence.lastRow; ++next) {
        if (rows[next].address != rows[index].address) return rows[next].address;
    }
    return sequence.end;
}

LineRows LineTables::decodeRows(const LineHeader& header) const {
    LineRows out;
    if (!header.isGood) return out;
    Program(m_sections, header, out, m_rowBudget).run();
    std::sort(out.sequences.begin(), out.sequences.end(),
              [](const Sequence& a, const Sequence& b) { return a.begin < b.begin; });
    out.rows.shrink_to_fit();
    return out;
}

LineTables::LineTables(const DebugSections& sections, const std::vector<Unit>& units)
    : m_sections(sections), m_rowBudget(kMaxRows), m_pathBudget(kMaxPathBytes) {
    readHeaders(units);
    m_rows.resize(m_headers.size());
}

void LineTables::readHeaders(const std::vector<Unit>& units) {
    std::vector<const Unit*> owners;
    const auto collect =
        [&](bool typeUnits) {  // the unit of a table is the compile unit: it knows the folder
            for (const Unit& unit : units) {
                if (!unit.isGood || !unit.lineOffset || unit.isTypeUnit() != typeUnits ||
                    (unit.isSplit() && !unit.isTypeUnit()))
                    continue;
                const auto table = static_cast<uint32_t>(owners.size());
                if (m_byOffset.emplace(std::pair(unit.sections->line.data(), *unit.lineOffset), table).second)
                    owners.push_back(&unit);
            }
        };
    collect(false);
    collect(true);

    std::vector<std::vector<NamedFile>> names(owners.size());
    m_headers.resize(owners.size());
    parallelFor(owners.size(), [&](size_t i) { m_headers[i] = readHeader(*owners[i], names[i]); });

    std::unordered_map<std::string, FileId> byPath;
    for (uint32_t table = 0; table < m_headers.size(); ++table) {
        LineHeader& header = m_headers[table];
        m_badHeaders += !header.isGood;
        for (NamedFile& file : names[table]) {
            const auto [it, isNew] =
                byPath.emplace(std::move(file.path), static_cast<FileId>(m_files.size()));
            if (isNew) {
                m_files.push_back({it->first, std::move(file.md5)});
                m_tablesNaming.emplace_back();
            }
            if (it->first.empty()) {
                header.files.push_back(kNoFile);
                continue;
            }
            header.files.push_back(it->second);
            auto& tables = m_tablesNaming[it->second];
            if (tables.empty() || tables.back() != table) tables.push_back(table);
        }
        names[table] = {};
    }
}

int64_t LineTables::tableOf(const Unit& unit) const {
    if (!unit.lineOffset) return -1;
    const bool inMain = unit.isSplit() && !unit.isTypeUnit();
    const auto it =
        m_byOffset.find({(inMain ? m_sections.sets[0] : *unit.sections).line.data(), *unit.lineOffset});
    return it == m_byOffset.end() ? -1 : static_cast<int64_t>(it->second);
}

const std::vector<uint32_t>& LineTables::tablesNaming(FileId file) const {
    static const std::vector<uint32_t> none;
    return file < m_tablesNaming.size() ? m_tablesNaming[file] : none;
}

FileId LineTables::fileOf(const Unit& unit, uint64_t number) const {
    const int64_t table = tableOf(unit);
    if (table < 0) return kNoFile;
    const auto& files = m_headers[static_cast<size_t>(table)].files;
    return number < files.size() ? files[number] : kNoFile;
}

const LineRows& LineTables::rows(uint32_t table) const {
    if (!m_rows[table]) m_rows[table] = std::make_unique<const LineRows>(decodeRows(m_headers[table]));
    return *m_rows[table];
}

void LineTables::decode(std::span<const uint32_t> tables) const {
    std::vector<uint32_t> wanted;
    for (const uint32_t table : tables) {
        if (!m_rows[table]) wanted.push_back(table);
    }
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    parallelFor(wanted.size(), [&](size_t i) {
        m_rows[wanted[i]] = std::make_unique<const LineRows>(decodeRows(m_headers[wanted[i]]));
    });
}

uint64_t LineTables::countRows() const {
    std::vector<uint32_t> all(m_headers.size());
    for (uint32_t i = 0; i < all.size(); ++i)
        all[i] = i;
    decode(all);
    uint64_t count = 0;
    for (const auto& rows : m_rows)
        count += rows->rows.size();
    return count;
}

std::vector<std::string> LineTables::problems() const {
    std::vector<std::string> problems;
    const auto report = [&](size_t count, const char* what) {
        if (count)
            problems.push_back("debug info: .debug_line: " + std::to_string(count) + " of " +
                               std::to_string(m_headers.size()) + " tables " + what);
    };
    size_t malformed = 0, cut = 0;
    for (const auto& rows : m_rows) {
        malformed += rows && rows->isMalformed;
        cut += rows && rows->isCut;
    }
    report(m_badHeaders, "have an unreadable header");
    report(malformed, "end in the middle of an instruction");
    report(cut, "are cut off at the limit of rows");
    return problems;
}

}  // namespace debugger::dwarf
