#include "ui/models/console_lines.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "ui/plain_text.h"

namespace ui {
namespace {

constexpr int kTab = 8, kMaxMarks = 4;
constexpr uint64_t kWindow = 1 << 20;  // searched at once
constexpr uint8_t kEscape = 0x1B;

constexpr std::array<bool, 256> specialBytes() {
    std::array<bool, 256> special{};
    special['\n'] = special['\r'] = special[kEscape] = true;
    return special;
}
constexpr std::array<bool, 256> kSpecial = specialBytes();

/// Length of the valid UTF-8 sequence at the start, or 0.
int sequenceLength(std::string_view s, char32_t& character) {
    const auto byte = [&](size_t i) { return static_cast<uint8_t>(s[i]); };
    const uint8_t lead = byte(0);
    const int length = lead < 0x80                   ? 1
                       : lead >= 0xC2 && lead < 0xE0 ? 2
                       : lead >= 0xE0 && lead < 0xF0 ? 3
                       : lead >= 0xF0 && lead < 0xF5 ? 4
                                                     : 0;
    if (length == 0 || s.size() < static_cast<size_t>(length)) return 0;
    if (length == 1) return character = lead, 1;
    character = lead & (0x7F >> length);
    for (int i = 1; i < length; ++i) {
        if ((byte(static_cast<size_t>(i)) & 0xC0) != 0x80) return 0;
        character = character << 6 | (byte(static_cast<size_t>(i)) & 0x3F);
    }
    const bool tooLong = (length == 3 && character < 0x800) || (length == 4 && character < 0x10000);
    return tooLong || character > 0x10FFFF || (character >= 0xD800 && character < 0xE000) ? 0 : length;
}

bool isWide(char32_t c) {
    return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
           (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x1F300 && c <= 0x1FAFF) || (c >= 0x20000 && c <= 0x3FFFD);
}

/// How a character is shown that has no picture of its own or would change the others'; empty = as it is.
QString escapedPicture(char32_t c) {
    // As terminals do; fonts that have the control pictures are rare.
    if (c < 0x20 || c == 0x7F) return QString(u'^') + QChar(static_cast<char16_t>(c ^ 0x40));
    const QChar::Category category = QChar::category(c);
    const bool hidden = category == QChar::Other_Control || category == QChar::Other_Format ||
                        category == QChar::Separator_Line || category == QChar::Separator_Paragraph ||
                        category == QChar::Other_NotAssigned;
    return hidden ? QStringLiteral("\\u{%1}").arg(static_cast<uint>(c), 0, 16) : QString();
}

char lowered(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

// ------------------------------------------------------------------------------------------------------------------ append

void ConsoleLines::append(Source source, std::string_view bytes, uint64_t call) {
    if (bytes.empty()) return;
    m_source = source;
    m_call = call;
    beginRun({source, m_parser.style()}, call);
    for (size_t at = 0; at < bytes.size();) {
        const std::string_view piece = bytes.substr(at, kBlock);
        const uint64_t offset = m_end;
        store(piece);
        for (size_t i = 0; i < piece.size();) {
            size_t next = i;
            if (m_parser.isInText() && !m_sawReturn) {
                while (next < piece.size() && !kSpecial[static_cast<uint8_t>(piece[next])])
                    ++next;
            }
            if (next > i)
                extend(offset + i, static_cast<uint32_t>(next - i));
            else
                control(static_cast<uint8_t>(piece[next++]), offset + i);
            i = next;
        }
        at += piece.size();
        drop();
    }
}

void ConsoleLines::appendNote(std::string_view text) {
    m_isOpen = m_sawReturn = false;
    const AnsiStyle style = m_parser.style();
    m_parser = {};
    append(Source::Note, std::string(text) + '\n');
    m_parser.setStyle(style);
}

void ConsoleLines::clear() { *this = ConsoleLines(); }

void ConsoleLines::store(std::string_view bytes) {
    while (!bytes.empty()) {
        const size_t used = static_cast<size_t>((m_end - m_begin) % kBlock);
        if (used == 0 && m_end - m_begin == m_blocks.size() * kBlock)
            m_blocks.push_back(std::make_unique<char[]>(kBlock));
        const size_t count = std::min(bytes.size(), kBlock - used);
        std::memcpy(m_blocks.back().get() + used, bytes.data(), count);
        m_end += count;
        bytes.remove_prefix(count);
    }
}

void ConsoleLines::beginRun(Style style, uint64_t call) {
    if (!m_runs.empty() && m_runs.back().style == style && m_runs.back().call == call) return;
    if (!m_runs.empty() && m_runs.back().offset == m_end) m_runs.pop_back();
    m_runs.push_back({m_end, call, style});
}

bool ConsoleLines::isContinuation(uint64_t offset) const {
    const uint64_t at = offset - m_begin;
    return (static_cast<uint8_t>(m_blocks[at / kBlock][at % kBlock]) & 0xC0) == 0x80;
}

void ConsoleLines::extend(uint64_t offset, uint32_t length) {
    if (!m_isOpen) m_rows.push_back({offset, 0, false});
    m_isOpen = true;
    while (length > 0) {
        Row& row = m_rows.back();
        uint32_t count = std::min(length, row.length < kRowBytes ? kRowBytes - row.length : 0);
        // Not within a character.
        for (int i = 0; i < 3 && count < length && isContinuation(offset + count); ++i)
            ++count;
        row.length += count;
        offset += count;
        length -= count;
        if (length > 0) m_rows.push_back({offset, 0, true});
    }
}

void ConsoleLines::control(uint8_t byte, uint64_t offset) {
    if (m_sawReturn) {
        if (byte == '\r') return;
        m_sawReturn = false;
        if (byte != '\n') restartLine(offset);
    }
    if (m_parser.isInText() && byte == '\n') {
        if (!m_isOpen) m_rows.push_back({offset, 0, false});
        m_isOpen = false;
        return;
    }
    if (m_parser.isInText() && byte == '\r') {
        m_sawReturn = true;
        return;
    }
    const AnsiStyle before = m_parser.style();
    if (m_parser.feed(byte)) return extend(offset, 1);
    // Sequences are not cut: a row is drawn from the state of text.
    if (!m_isOpen) m_rows.push_back({offset, 0, false});
    m_isOpen = true;
    ++m_rows.back().length;
    if (m_parser.style() == before) return;
    if (!m_runs.empty() && m_runs.back().offset == offset + 1) m_runs.pop_back();
    m_runs.push_back({offset + 1, m_call, {m_source, m_parser.style()}});
}

// A bare carriage return: what follows is written over the line.
void ConsoleLines::restartLine(uint64_t offset) {
    if (!m_isOpen) return;
    while (m_rows.size() > 1 && m_rows.back().continues)
        m_rows.pop_back();
    m_rows.back() = {offset, 0, false};
}

void ConsoleLines::drop() {
    while (m_end - m_begin > kMaxBytes) {
        m_blocks.pop_front();
        m_begin += kBlock;
    }
    const size_t extraRuns = m_runs.size() > kMaxRuns ? m_runs.size() - kMaxRuns : 0;
    const uint64_t floor = std::max(m_begin, extraRuns > 0 ? m_runs[extraRuns].offset : 0);
    const uint64_t before = begin();
    while (m_rows.size() > 1 && (m_rows.front().offset < floor || m_rows.size() > kMaxRows)) {
        m_rows.pop_front();
        ++m_firstRow;
    }
    m_dropped += begin() - before;
    while (m_runs.size() > 1 && m_runs[1].offset <= begin())
        m_runs.pop_front();
}

// -------------------------------------------------------------------------------------------------------------------- read

uint64_t ConsoleLines::rowAt(uint64_t offset) const {
    const auto after = std::upper_bound(m_rows.begin(), m_rows.end(), offset,
                                        [](uint64_t o, const Row& row) { return o < row.offset; });
    return m_firstRow + static_cast<uint64_t>(std::max<ptrdiff_t>(0, after - m_rows.begin() - 1));
}

size_t ConsoleLines::runAt(uint64_t offset) const {
    const auto after = std::upper_bound(m_runs.begin(), m_runs.end(), offset,
                                        [](uint64_t o, const Run& run) { return o < run.offset; });
    return static_cast<size_t>(std::max<ptrdiff_t>(0, after - m_runs.begin() - 1));
}

uint64_t ConsoleLines::callAt(uint64_t offset) const {
    return m_runs.empty() ? kNoCall : m_runs[runAt(offset)].call;
}

std::string ConsoleLines::bytes(uint64_t offset, uint64_t length) const {
    const uint64_t last = std::min(m_end, offset + std::min(length, m_end));
    offset = std::max(offset, m_begin);
    std::string out;
    while (offset < last) {
        const uint64_t at = offset - m_begin;
        const uint64_t count = std::min(last - offset, kBlock - at % kBlock);
        out.append(m_blocks[at / kBlock].get() + at % kBlock, count);
        offset += count;
    }
    return out;
}

QString ConsoleLines::text(uint64_t offset, uint64_t length) const {
    std::string plain;
    AnsiParser parser;
    for (char byte : bytes(offset, length)) {
        if (parser.feed(static_cast<uint8_t>(byte))) plain += byte;
    }
    return fromUtf8(plain);
}

ConsoleLines::Cells ConsoleLines::cells(uint64_t number) const {
    const Row& row = this->row(number);
    const std::string bytes = this->bytes(row.offset, row.length);
    Cells out;
    AnsiParser parser;
    size_t run = runAt(row.offset);
    int marks = 0;
    for (size_t i = 0; i < bytes.size();) {
        while (run + 1 < m_runs.size() && m_runs[run + 1].offset <= row.offset + i)
            ++run;
        if (!parser.feed(static_cast<uint8_t>(bytes[i]))) {
            ++i;
            continue;
        }
        char32_t character = 0;
        const int length = sequenceLength(std::string_view(bytes).substr(i), character);
        Cell cell{.byte = static_cast<uint32_t>(i),
                  .column = static_cast<uint16_t>(out.columns),
                  .style = m_runs[run].style};
        QString picture;
        if (length == 0)
            picture = QStringLiteral("\\x%1").arg(static_cast<uint8_t>(bytes[i]), 2, 16, QChar(u'0'));
        else if (character != '\t')
            picture = escapedPicture(character);
        cell.isEscaped = !picture.isEmpty();
        i += static_cast<size_t>(std::max(1, length));
        const bool isMark = !cell.isEscaped && QChar::isMark(character);
        marks = isMark ? marks + 1 : 0;
        if (isMark && !out.cells.empty()) {
            if (marks > kMaxMarks) continue;
            out.text += QString::fromUcs4(&character, 1);
            out.cells.back().textLength = static_cast<uint16_t>(out.text.size() - out.cells.back().text);
            continue;
        }
        int width = isWide(character) ? 2 : 1;
        if (character == '\t' && length == 1)
            picture = QStringLiteral(" "), width = kTab - out.columns % kTab;
        else if (cell.isEscaped)
            width = static_cast<int>(picture.size());
        else
            picture = QString::fromUcs4(&character, 1);
        cell.text = static_cast<uint16_t>(out.text.size());
        cell.textLength = static_cast<uint16_t>(picture.size());
        cell.width = static_cast<uint8_t>(width);
        out.text += picture;
        out.columns += width;
        out.cells.push_back(cell);
    }
    return out;
}

// -------------------------------------------------------------------------------------------------------------------- find

std::optional<uint64_t> ConsoleLines::find(const std::string& text, uint64_t from) const {
    const bool exact = std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    if (text.empty()) return std::nullopt;
    for (from = std::max(from, begin()); from < m_end; from += kWindow) {
        std::string window = bytes(from, kWindow + text.size() - 1);
        if (!exact) std::transform(window.begin(), window.end(), window.begin(), lowered);
        if (const size_t at = window.find(text); at != std::string::npos) return from + at;
    }
    return std::nullopt;
}

std::optional<uint64_t> ConsoleLines::findBackwards(const std::string& text, uint64_t from) const {
    const bool exact = std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    if (text.empty()) return std::nullopt;
    for (uint64_t last = std::min(from, m_end); last > begin();) {
        const uint64_t first = std::max(begin(), last > kWindow ? last - kWindow : 0);
        std::string window = bytes(first, last - first + text.size() - 1);
        if (!exact) std::transform(window.begin(), window.end(), window.begin(), lowered);
        const size_t at = window.rfind(text, static_cast<size_t>(last - first) - 1);
        if (at != std::string::npos) return first + at;
        last = first;
    }
    return std::nullopt;
}

}  // namespace ui
