// Strings of the guest, its module and its debug information are hostile. What shows them goes through here: one line, no
// control or direction-changing characters, bounded length; and never as rich text.
#pragma once

#include <QString>
#include <string_view>

namespace ui {

/// UTF-8 as one displayable line: control and bidirectional characters become visible escapes, stacked combining marks and
/// whatever is behind `limit` characters are cut ("…").
QString oneLine(std::string_view utf8, qsizetype limit = 2000);
QString oneLine(const QString& text, qsizetype limit = 2000);

/// Several lines, each as oneLine would show it; at most `lines` of them.
QString someLines(std::string_view utf8, int lines = 16);

/// UTF-8 of several lines, for copying and for read-only text boxes: exact but for invalid bytes.
QString fromUtf8(std::string_view utf8);
std::string toUtf8(const QString& text);

/// For setToolTip and the tool tip role, which would otherwise guess at HTML. Keeps line breaks; long texts are cut.
QString plainTip(const QString& text);

/// "0x0001f3", at least `digits` wide.
QString hex(uint64_t value, int digits = 0);
/// "512 B", "1.5 KiB", "40.2 MiB".
QString byteSize(uint64_t bytes);
/// Three significant digits and a unit: "1.23 ms".
QString duration(int64_t ns);
/// "1,234,567", whatever the desktop's language: numbers are compared with those of other tools.
QString grouped(uint64_t value);
/// The last component of a path of either slash.
QString fileName(const QString& path);

}  // namespace ui
