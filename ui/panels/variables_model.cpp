#include "ui/panels/variables_model.h"

#include <bit>
#include <cmath>

namespace ui {
namespace {

Look nameLook(const ValueNode& node) {
    if (node.isGroup) return {.tone = Tone::Dim, .bold = true};
    if (node.isPlaceholder) return {.tone = Tone::Dim, .italic = true};
    if (!node.value.available && node.error.isEmpty()) return {.tone = Tone::Dim};
    return {};
}

// Weight and colour say that a value is new; the word in the tool tip says it too.
Look valueLook(const ValueNode& node) {
    if (!node.error.isEmpty()) return {.tone = Tone::Error, .italic = true};
    if (!node.value.available) return {.tone = Tone::Dim, .italic = true};
    if (node.value.changed) return {.tone = Tone::Changed, .bold = true};
    return {};
}

QString valueText(const ValueNode& node) {
    return node.error.isEmpty() ? fromUtf8(node.value.value) : node.error;
}

QString valueTip(const ValueNode& node) {
    if (node.isGroup || node.isPlaceholder) return {};
    const debugger::VariableNode& value = node.value;
    QString tip = QStringLiteral("%1 = %2").arg(fromUtf8(value.name), valueText(node));
    if (!value.type.empty()) tip += u'\n' + fromUtf8(value.type);
    if (!value.type.empty() && value.byteSize > 0) tip += QStringLiteral(", ") + byteSize(value.byteSize);
    if (!node.hex.isEmpty()) tip += u'\n' + node.hex;
    if (!value.placeText.empty()) tip += u'\n' + fromUtf8(value.placeText);
    if (value.changed) tip += QStringLiteral("\nchanged since the last stop");
    return tip;
}

/// The bits of a lane, field or element of WebAssembly, as "0x3f800000"; empty for what has no number as its text (a NaN may have any bits).
QString bitsText(const debugger::VariableNode& value) {
    const std::string& type = value.type;
    const unsigned width = type.size() > 1 ? QString::fromLatin1(type.data() + 1).toUInt() : 0;
    if (type.find_first_of("iuf") != 0 || width < 8 || width > 64 || type.size() > 3) return {};
    const QString text = fromUtf8(value.value);
    bool isNumber = false;
    quint64 bits = 0;
    if (type[0] == 'f') {
        const double number = text.toDouble(&isNumber);
        if (std::isnan(number)) return {};
        bits = width == 32 ? std::bit_cast<quint32>(text.toFloat()) : std::bit_cast<quint64>(number);
    } else {
        bits =
            type[0] == 'u' ? text.toULongLong(&isNumber) : static_cast<quint64>(text.toLongLong(&isNumber));
    }
    if (width < 64) bits &= (quint64{1} << width) - 1;
    return isNumber ? QStringLiteral("0x%1").arg(bits, static_cast<int>(width / 4), 16, QLatin1Char('0'))
                    : QString();
}

std::vector<Column<ValueNode>> columns(ValueModel::Of roots) {
    std::vector<Column<ValueNode>> rows = {
        {.title = "Name",
         .text = [](const ValueNode& node) { return fromUtf8(node.value.name); },
         .kind = ColumnKind::Code,
         .width = 18,
         .look = nameLook,
         .tip = valueTip},
        {.title = "Value",
         .text = valueText,
         .kind = ColumnKind::Code,
         .look = valueLook,
         .tip = valueTip,
         .editable = [](const ValueNode& node) { return node.value.editable && node.value.available; }},
        {.title = "Type",
         .text = [](const ValueNode& node) { return fromUtf8(node.value.type); },
         .kind = ColumnKind::Code,
         .width = 14,
         .rank = 1,
         .look = [](const ValueNode&) { return Look{.tone = Tone::Dim}; }},
    };
    if (roots == ValueModel::Of::Machine || roots == ValueModel::Of::Operands) {
        rows[ValueModel::Value].kind = ColumnKind::Number;
        rows.push_back(
            {.title = "Hex",
             .text =
                 [](const ValueNode& node) { return node.hex.isEmpty() ? bitsText(node.value) : node.hex; },
             .kind = ColumnKind::Number,
             .width = 20,
             .rank = 2,
             .look = [](const ValueNode&) { return Look{.tone = Tone::Dim}; }});
    }
    if (roots == ValueModel::Of::Operands) {
        rows[ValueModel::Name].title = "#";
        rows.push_back(
            {.title = "Next",
             .text =
                 [](const ValueNode& node) { return node.isTaken ? QStringLiteral("↑ taken") : QString(); },
             .width = 8,
             .look = [](const ValueNode&) { return Look{.tone = Tone::Accent}; },
             .tip =
                 [](const ValueNode& node) {
                     return node.isTaken ? QObject::tr("The next instruction takes it") : QString();
                 }});
    }
    if (roots == ValueModel::Of::Watches) {
        rows[ValueModel::Name].title = "Expression";
        // Children have no path of their own to type over.
        rows[ValueModel::Name].editable = [](const ValueNode& node) { return node.value.group == "watch"; };
    }
    return rows;
}

}  // namespace

ValueModel::ValueModel(Of roots, QObject* parent)
    : TreeModel<ValueNode>(columns(roots),
                           {.childCount =
                                [](const ValueNode& node) {
                                    return static_cast<int>(qMin<uint64_t>(node.value.childCount, INT_MAX));
                                },
                            .same =
                                [](const ValueNode& a, const ValueNode& b) {
                                    return a.isGroup == b.isGroup && a.value.name == b.value.name &&
                                           a.value.type == b.value.type;
                                },
                            .mimeText =
                                [](const ValueNode& node) {
                                    return node.isGroup || node.isPlaceholder ? QString()
                                                                              : fromUtf8(node.value.path);
                                }},
                           parent) {}

}  // namespace ui
