// Typed bytes: what a few bytes of memory mean as numbers of each type, and back. Little endian, as linear memory is.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ui/models/column.h"

namespace ui {

struct TypedRow {
    const char* type = "";  // "u8" … "f64"
    uint32_t size = 0;
    QString value;  // empty: not enough bytes
    QString hex;
    bool isEditable = false;
};
std::vector<Column<TypedRow>> typedColumns();

/// One row per type, of the bytes at the start.
std::vector<TypedRow> typedRows(std::string_view bytes, bool editable);
/// The bytes that such a value has; nothing if the text is none, or does not fit.
std::optional<std::string> typedBytes(std::string_view type, const QString& text);
/// "48 65 6c", "48656c" or "0x48 0x65" as bytes.
std::optional<std::string> bytesOfHex(const QString& text);

}  // namespace ui
