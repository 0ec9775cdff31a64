// LineTables: all line number programs of a module (.debug_line, DWARF 2 to 5). Headers are read at once, because they name the files; the
// rows of a table are decoded on first use. Used by the session's thread; decode() runs on two.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "debugger/symbols/units.h"

namespace debugger::dwarf {

struct Row {
    uint32_t address = 0;  // file offset
    uint32_t line = 0;
    FileId file = kNoFile;
    uint16_t column = 0;
    bool isStatement = false;
    bool prologueEnd = false;
};

/// Rows of one run of code, by address; the code ends at `end`.
struct Sequence {
    uint32_t begin = 0, end = 0;
    uint32_t firstRow = 0, lastRow = 0;  // [firstRow, lastRow) of LineRows::rows
};

/// The decoded rows of one table; sequences by address.
struct LineRows {
    std::vector<Row> rows;
    std::vector<Sequence> sequences;
    bool isCut = false;  // a limit was reached
    bool isMalformed = false;

    const Sequence* sequenceAt(uint32_t address) const;
    /// Index of the row that holds for the address (the last of several at one address), or -1.
    int64_t rowAt(uint32_t address) const;
    /// Where row `index` of `sequence` ends.
    uint32_t endOf(const Sequence& sequence, uint32_t index) const;
};

/// Header of one table (DWARF 5, section 6.2.4).
struct LineHeader {
    uint64_t offset = 0;
    uint16_t version = 0;
    uint8_t minimumInstructionLength = 1, lineRange = 0, opcodeBase = 0;
    int8_t lineBase = 0;
    bool defaultIsStatement = true;
    Bytes operandCounts;  // of opcodes 1 … opcodeBase - 1
    Bytes program;
    std::vector<FileId> files;  // by the number that the program uses
    bool isGood = false;
};

class LineTables {
public:
    LineTables(const DebugSections& sections, const std::vector<Unit>& units);

    const std::vector<SourceFile>& files() const { return m_files; }
    size_t tableCount() const { return m_headers.size(); }
    /// Table of a unit, or -1.
    int64_t tableOf(const Unit& unit) const;
    /// Tables that name the file.
    const std::vector<uint32_t>& tablesNaming(FileId file) const;
    /// File with the unit's own numbering (DW_AT_decl_file, DW_AT_call_file).
    FileId fileOf(const Unit& unit, uint64_t number) const;

    const LineRows& rows(uint32_t table) const;
    /// Decodes several at once.
    void decode(std::span<const uint32_t> tables) const;
    /// Rows of all tables; decodes them.
    uint64_t countRows() const;
    /// What went wrong so far.
    std::vector<std::string> problems() const;

private:
    struct NamedFile {
        std::string path;
        std::vector<uint8_t> md5;
    };
    void readHeaders(const std::vector<Unit>& units);
    LineHeader readHeader(const Unit& unit, std::vector<NamedFile>& names) const;
    LineRows decodeRows(const LineHeader& header) const;

    const DebugSections& m_sections;
    std::vector<SourceFile> m_files;
    std::vector<LineHeader> m_headers;
    std::map<std::pair<const uint8_t*, uint64_t>, uint32_t> m_byOffset;
    std::vector<std::vector<uint32_t>> m_tablesNaming;  // by file
    mutable std::vector<std::unique_ptr<const LineRows>> m_rows;
    mutable std::atomic<int64_t> m_rowBudget, m_pathBudget;
    size_t m_badHeaders = 0;
};

/// Joins a path to a folder (unless it is absolute) and cleans it lexically: "./a/../b.c" → "b.c".
std::string joinPath(std::string_view folder, std::string_view path);

}  // namespace debugger::dwarf
