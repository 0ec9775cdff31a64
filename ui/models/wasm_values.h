// Columns of operands of the machine.
#pragma once

#include "debugger/protocol.h"
#include "ui/models/column.h"

namespace ui {

struct WasmValueRow {
    debugger::WasmValue value;
    bool isTaken = false;  // the next instruction takes it
};

/// With a mark of what the next instruction takes.
std::vector<Column<WasmValueRow>> operandColumns();
/// Newest on top, the `takes` on top marked.
std::vector<WasmValueRow> operandRows(const debugger::OperandStack& stack);

}  // namespace ui
