// Columns of locals, globals and operands of the machine, as three panels show them.
#pragma once

#include "debugger/protocol.h"
#include "ui/models/column.h"

namespace ui {

struct WasmValueRow {
    debugger::WasmValue value;
    bool isTaken = false;  // operand: the next instruction takes it
};

std::vector<Column<WasmValueRow>> wasmValueColumns();
/// Without a name; with a mark of what the next instruction takes.
std::vector<Column<WasmValueRow>> operandColumns();
/// Newest on top, the `takes` on top marked.
std::vector<WasmValueRow> operandRows(const debugger::OperandStack& stack);

}  // namespace ui
