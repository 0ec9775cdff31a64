// Columns and behaviour shared by Variables, Watches, Wasm state and Operand stack: trees of values of the program.
#pragma once

#include "debugger/protocol.h"
#include "ui/models/tree_model.h"

namespace ui {

struct ValueNode {
    debugger::VariableNode value;
    bool isGroup = false;
    QString error = {};          // why there is no value
    bool isPlaceholder = false;  // the line in which a new watch is typed
    QString hex = {};            // of a root of the machine
    bool isTaken = false;        // an operand that the next instruction takes
};

class ValueModel final : public TreeModel<ValueNode> {
    Q_OBJECT

public:
    enum Columns : int { Name, Value, Type, Hex, Next };
    /// What the roots are. Watches: expressions that the user types. Machine: its locals or globals, also in hex. Operands: these, and
    /// whether the next instruction takes them.
    enum class Of : uint8_t { Variables, Watches, Machine, Operands };
    ValueModel(Of roots, QObject* parent);
};

}  // namespace ui
