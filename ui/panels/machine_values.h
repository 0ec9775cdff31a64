// MachineValues: values of the machine (operands, locals, globals) as a tree: what a reference refers to, the shapes of a vector and their
// lanes are below it, and are asked for when they are opened. A panel fills it.
#pragma once

#include "ui/context.h"
#include "ui/panels/variables_model.h"
#include "ui/widgets/views.h"

namespace ui {

/// Roots in the order of `values`. `kind`: "$local", "$global" or "$stack", by which expressions name them.
std::vector<ValueNode> machineNodes(const std::vector<debugger::WasmValue>& values, const std::string& kind);
/// Newest on top; those that the next instruction takes are marked, and vectors among them shown in its shape.
std::vector<ValueNode> operandNodes(const debugger::OperandStack& stack);

class MachineValues final : public TreeView {
    Q_OBJECT

public:
    MachineValues(Context& context, ValueModel::Of roots, const QString& accessibleName);
    void setValues(std::vector<ValueNode> nodes) { m_model.setChildren({}, std::move(nodes)); }
    void clear() { m_model.clear(); }

private:
    void fetchParts(const QModelIndex& parent, int first);
    void showMenu(const QPoint& at);

    Context& m_context;
    ValueModel m_model;
};

}  // namespace ui
