// Columns and behaviour shared by Variables, Watches and Wasm state: trees of values of the program.
#pragma once

#include "debugger/protocol.h"
#include "ui/models/tree_model.h"

namespace ui {

struct ValueNode {
    debugger::VariableNode value;
    bool isGroup = false;
    QString error = {};          // why there is no value
    bool isPlaceholder = false;  // the line in which a new watch is typed
    QString hex = {};            // of a local or global of the machine
};

class ValueModel final : public TreeModel<ValueNode> {
    Q_OBJECT

public:
    enum Columns : int { Name, Value, Type, Hex };
    /// What the roots are. Watches: expressions that the user types. Machine: its locals or globals, also in hex.
    enum class Of : uint8_t { Variables, Watches, Machine };
    ValueModel(Of roots, QObject* parent);
};

}  // namespace ui
