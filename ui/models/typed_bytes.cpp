#include "ui/models/typed_bytes.h"

#include <QRegularExpression>
#include <cstring>
#include <limits>

namespace ui {
namespace {

template <class T>
T valueOf(std::string_view bytes) {
    T value;
    std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
}

template <class T>
QString shown(std::string_view bytes) {
    const T value = valueOf<T>(bytes);
    if constexpr (std::is_floating_point_v<T>)
        return QString::number(static_cast<double>(value), 'g', std::numeric_limits<T>::max_digits10);
    else if constexpr (std::is_signed_v<T>)
        return QString::number(static_cast<qlonglong>(value));
    else
        return QString::number(static_cast<qulonglong>(value));
}

template <class T>
std::optional<std::string> parsed(const QString& text) {
    bool ok = false;
    T value{};
    if constexpr (std::is_floating_point_v<T>) {
        value = static_cast<T>(text.toDouble(&ok));
    } else if constexpr (std::is_signed_v<T>) {
        const qlonglong wide = text.toLongLong(&ok, 0);
        ok = ok && wide >= std::numeric_limits<T>::min() && wide <= std::numeric_limits<T>::max();
        value = static_cast<T>(wide);
    } else {
        const qulonglong wide = text.toULongLong(&ok, 0);
        ok = ok && wide <= std::numeric_limits<T>::max();
        value = static_cast<T>(wide);
    }
    if (!ok) return std::nullopt;
    return std::string(reinterpret_cast<const char*>(&value), sizeof(T));
}

struct Type {
    const char* name;
    uint32_t size;
    QString (*show)(std::string_view);
    std::optional<std::string> (*parse)(const QString&);
};
constexpr Type kTypes[] = {
    {"u8", 1, shown<uint8_t>, parsed<uint8_t>},    {"i8", 1, shown<int8_t>, parsed<int8_t>},
    {"u16", 2, shown<uint16_t>, parsed<uint16_t>}, {"i16", 2, shown<int16_t>, parsed<int16_t>},
    {"u32", 4, shown<uint32_t>, parsed<uint32_t>}, {"i32", 4, shown<int32_t>, parsed<int32_t>},
    {"u64", 8, shown<uint64_t>, parsed<uint64_t>}, {"i64", 8, shown<int64_t>, parsed<int64_t>},
    {"f32", 4, shown<float>, parsed<float>},       {"f64", 8, shown<double>, parsed<double>},
};

QString hexOf(std::string_view bytes) {
    QString text = QStringLiteral("0x");
    for (auto at = bytes.rbegin(); at != bytes.rend(); ++at)
        text += QString::number(static_cast<uint8_t>(*at), 16).rightJustified(2, u'0');
    return text;
}

}  // namespace

std::vector<Column<TypedRow>> typedColumns() {
    return {
        {.title = "As",
         .text = [](const TypedRow& row) { return QString::fromLatin1(row.type); },
         .kind = ColumnKind::Code,
         .width = 5,
         .look = [](const TypedRow&) { return Look{.tone = Tone::Type}; },
         .tip =
             [](const TypedRow& row) {
                 return QStringLiteral("The %1 byte(s) from the cursor on as %2, little endian")
                     .arg(row.size)
                     .arg(QLatin1String(row.type));
             }},
        {.title = "Value",
         .text = [](const TypedRow& row) { return row.value; },
         .kind = ColumnKind::Number,
         .tip = [](const TypedRow& row) { return row.value + u'\n' + row.hex; },
         .editable = [](const TypedRow& row) { return row.isEditable; }},
    };
}

std::vector<TypedRow> typedRows(std::string_view bytes, bool editable) {
    std::vector<TypedRow> rows;
    for (const Type& type : kTypes) {
        TypedRow row{.type = type.name, .size = type.size, .value = {}, .hex = {}};
        if (bytes.size() >= type.size) {
            row.value = type.show(bytes.substr(0, type.size));
            row.hex = hexOf(bytes.substr(0, type.size));
            row.isEditable = editable;
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

std::optional<std::string> typedBytes(std::string_view type, const QString& text) {
    for (const Type& row : kTypes) {
        if (row.name == type) return row.parse(text.trimmed());
    }
    return std::nullopt;
}

std::optional<std::string> bytesOfHex(const QString& text) {
    static const QRegularExpression kNoise(QStringLiteral("0x|[\\s,]"),
                                           QRegularExpression::CaseInsensitiveOption);
    QString digits = text;
    digits.remove(kNoise);
    if (digits.isEmpty() || digits.size() % 2 != 0) return std::nullopt;
    std::string bytes;
    for (qsizetype i = 0; i < digits.size(); i += 2) {
        bool ok = false;
        const uint byte = digits.mid(i, 2).toUInt(&ok, 16);
        if (!ok) return std::nullopt;
        bytes += static_cast<char>(byte);
    }
    return bytes;
}

}  // namespace ui
