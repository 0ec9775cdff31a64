#include "ui/models/wasm_values.h"

namespace ui {
namespace {

Look valueLook(const WasmValueRow& row) {
    return row.value.changed ? Look{.tone = Tone::Changed, .bold = true} : Look{};
}
Look dim(const WasmValueRow&) { return {.tone = Tone::Dim}; }

QString valueTip(const WasmValueRow& row) {
    QString text = QStringLiteral("%1 = %2 (%3)")
                       .arg(fromUtf8(row.value.type), fromUtf8(row.value.value), fromUtf8(row.value.hex));
    for (const debugger::Lanes& lanes : row.value.lanes)
        text += QLatin1Char('\n') + fromUtf8(lanes.text());
    return row.value.changed ? text + QObject::tr("\nChanged since the last stop") : text;
}

Column<WasmValueRow> typeColumn() {
    return {.title = "Type",
            .text = [](const WasmValueRow& row) { return fromUtf8(row.value.type); },
            .kind = ColumnKind::Code,
            .width = 9,
            .look = [](const WasmValueRow&) { return Look{.tone = Tone::Type}; }};
}
Column<WasmValueRow> valueColumn() {
    return {.title = "Value",
            .text = [](const WasmValueRow& row) { return fromUtf8(row.value.value); },
            .kind = ColumnKind::Number,
            .look = valueLook,
            .tip = valueTip};
}
Column<WasmValueRow> hexColumn() {
    return {.title = "Hex",
            .text = [](const WasmValueRow& row) { return fromUtf8(row.value.hex); },
            .kind = ColumnKind::Number,
            .width = 20,
            .rank = 1,
            .look = dim};
}

}  // namespace

std::vector<Column<WasmValueRow>> operandColumns() {
    return {
        {.title = "#",
         .text = [](const WasmValueRow& row) { return QString::number(row.value.index); },
         .kind = ColumnKind::Number,
         .width = 4,
         .look = dim,
         .tip =
             [](const WasmValueRow& row) {
                 return QObject::tr("Operand %1, counted from the bottom").arg(row.value.index);
             }},
        {.title = "Next",
         .text = [](const WasmValueRow& row) { return row.isTaken ? QStringLiteral("↑ taken") : QString(); },
         .width = 8,
         .look = [](const WasmValueRow&) { return Look{.tone = Tone::Accent}; },
         .tip =
             [](const WasmValueRow& row) {
                 return row.isTaken ? QObject::tr("The next instruction takes it")
                                    : QObject::tr("Stays where it is");
             }},
        typeColumn(),
        valueColumn(),
        hexColumn()};
}

std::vector<WasmValueRow> operandRows(const debugger::OperandStack& stack) {
    std::vector<WasmValueRow> rows;
    for (size_t i = stack.operands.size(); i-- > 0;)
        rows.push_back({stack.operands[i], stack.operands.size() - i <= stack.takes});
    return rows;
}

}  // namespace ui
