// ConsoleLines: what a program wrote, as rows to be shown: the newest bytes are kept exactly as they came, long lines are cut into rows of
// a fixed length, so that neither a flood nor a line without end costs more than its bytes. Owned by the Console panel.
#pragma once

#include <QString>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ui/models/ansi_parser.h"

namespace ui {

class ConsoleLines {
public:
    static constexpr uint64_t kMaxBytes = uint64_t{32} << 20;
    static constexpr size_t kMaxRows = size_t{1} << 20, kMaxRuns = size_t{1} << 20;
    static constexpr uint32_t kRowBytes = 512;
    static constexpr uint64_t kNoCall = std::numeric_limits<uint64_t>::max();

    enum class Source : uint8_t { Input, Output, Error, Note /* of the debugger */ };
    struct Style {
        Source source = Source::Output;
        AnsiStyle ansi;
        bool operator==(const Style&) const = default;
    };
    /// Offsets count all bytes ever appended.
    struct Row {
        uint64_t offset = 0;
        uint32_t length = 0;
        bool continues = false;  // the line of the row before
    };
    /// One character on the screen.
    struct Cell {
        uint32_t byte = 0;  // of the row
        uint16_t text = 0, textLength = 0;
        uint16_t column = 0;
        uint8_t width = 1;
        bool isEscaped = false;  // a picture of a control character or of an invalid byte
        Style style;
    };
    struct Cells {
        QString text;
        std::vector<Cell> cells;
        int columns = 0;
    };

    void append(Source source, std::string_view bytes, uint64_t call = kNoCall);
    /// On a line of its own.
    void appendNote(std::string_view text);
    /// Bytes that came and went unseen.
    void skip(uint64_t bytes) { m_skipped += bytes; }
    void clear();

    /// Rows are numbered from the first that ever was: [firstRow, endRow).
    uint64_t firstRow() const { return m_firstRow; }
    uint64_t endRow() const { return m_firstRow + m_rows.size(); }
    const Row& row(uint64_t number) const { return m_rows[number - m_firstRow]; }
    /// The row that holds the byte, or the nearest before it.
    uint64_t rowAt(uint64_t offset) const;
    Cells cells(uint64_t row) const;
    uint64_t callAt(uint64_t offset) const;

    uint64_t begin() const { return m_rows.empty() ? m_end : m_rows.front().offset; }
    uint64_t end() const { return m_end; }
    uint64_t droppedBytes() const { return m_skipped + m_dropped; }
    /// Exactly as they came; cut to what is kept.
    std::string bytes(uint64_t offset, uint64_t length) const;
    /// As text: without escape sequences.
    QString text(uint64_t offset, uint64_t length) const;

    /// First match at or behind `from`, or the last before it. Upper and lower case are the same unless the text has upper case.
    std::optional<uint64_t> find(const std::string& text, uint64_t from) const;
    std::optional<uint64_t> findBackwards(const std::string& text, uint64_t from) const;

private:
    static constexpr size_t kBlock = 1 << 16;
    struct Run {
        uint64_t offset = 0, call = kNoCall;
        Style style;
    };

    void store(std::string_view bytes);
    void beginRun(Style style, uint64_t call);
    void extend(uint64_t offset, uint32_t length);
    void control(uint8_t byte, uint64_t offset);
    void restartLine(uint64_t offset);
    void drop();
    size_t runAt(uint64_t offset) const;
    bool isContinuation(uint64_t offset) const;

    std::deque<std::unique_ptr<char[]>> m_blocks;
    uint64_t m_begin = 0, m_end = 0;  // offsets of the first and behind the last byte in the blocks
    std::deque<Row> m_rows;
    std::deque<Run> m_runs;
    uint64_t m_firstRow = 0;
    bool m_isOpen = false;  // the last row has not ended
    bool m_sawReturn = false;
    AnsiParser m_parser;
    Source m_source = Source::Output;  // of what is being appended
    uint64_t m_call = kNoCall;
    uint64_t m_dropped = 0, m_skipped = 0;
};

}  // namespace ui
