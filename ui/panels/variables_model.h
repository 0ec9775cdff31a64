// Columns and behaviour shared by Variables and Watches: trees of values of the program.
#pragma once

#include "debugger/protocol.h"
#include "ui/models/tree_model.h"

namespace ui {

struct ValueNode {
    debugger::VariableNode value;
    bool isGroup = false;
    QString error = {};          // why there is no value
    bool isPlaceholder = false;  // the line in which a new watch is typed
};

class ValueModel final : public TreeModel<ValueNode> {
    Q_OBJECT

public:
    enum Columns : int { Name, Value, Type };
    /// `namesAreEdited`: roots are expressions that the user types (Watches).
    explicit ValueModel(bool namesAreEdited, QObject* parent);
};

}  // namespace ui
