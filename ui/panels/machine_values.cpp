#include "ui/panels/machine_values.h"

#include "ui/panels/variables_panel.h"
#include "ui/widgets/menu.h"

namespace ui {
namespace {

bool isReference(const debugger::WasmValue& value) { return value.type.find("ref") != std::string::npos; }

/// How many there are is known when they are asked for.
bool mayHaveParts(const debugger::WasmValue& value) {
    return isReference(value) ? !value.hex.empty() : value.type.find("v128") != std::string::npos;
}

ValueNode nodeOf(const debugger::WasmValue& value, const std::string& kind) {
    const std::string index = std::to_string(value.index);
    ValueNode node;
    node.value.name = value.name.empty() ? index : index + "  " + value.name;
    node.value.type = value.type;
    node.value.value = value.value;
    node.hex = fromUtf8(value.hex);
    node.value.path = kind + index;
    node.value.childCount = mayHaveParts(value) ? 1 : 0;
    node.value.changed = value.changed;
    const bool isVariable = kind == "$local" || value.type.starts_with("(mut");
    node.value.editable = isVariable && !isReference(value);
    return node;
}

}  // namespace

std::vector<ValueNode> machineNodes(const std::vector<debugger::WasmValue>& values, const std::string& kind) {
    std::vector<ValueNode> nodes;
    for (const debugger::WasmValue& value : values)
        nodes.push_back(nodeOf(value, kind));
    return nodes;
}

std::vector<ValueNode> operandNodes(const debugger::OperandStack& stack) {
    const std::string shape = debugger::shapesOf(stack.nextText).operands;
    std::vector<ValueNode> nodes;
    for (size_t i = stack.operands.size(); i-- > 0;) {
        const debugger::WasmValue& operand = stack.operands[i];
        ValueNode& node = nodes.emplace_back(nodeOf(operand, "$stack"));
        node.isTaken = stack.operands.size() - i <= stack.takes;
        const std::string lanes = node.isTaken ? textInShape(operand.lanes, shape) : std::string();
        if (!lanes.empty()) node.value.value = lanes;
    }
    return nodes;
}

MachineValues::MachineValues(Context& context, ValueModel::Of roots, const QString& accessibleName)
    : TreeView(context.theme(), accessibleName), m_context(context), m_model(roots, this) {
    setModel(&m_model);
    connect(&m_model, &TreeModelBase::childrenWanted, this, &MachineValues::fetchParts);
    connect(&m_model, &TreeModelBase::edited, this, [this](const QModelIndex& index, const QString& text) {
        if (const ValueNode* node = m_model.node(index)) assignValue(m_context, this, node->value, text);
    });
    connect(this, &TreeView::chosen, this, [this](const QModelIndex& index) {
        const QModelIndex first = index.siblingAtColumn(0);
        if (m_model.hasChildren(first)) setExpanded(first, !isExpanded(first));
    });
    connect(this, &QWidget::customContextMenuRequested, this, &MachineValues::showMenu);
}

void MachineValues::fetchParts(const QModelIndex& parent, int first) {
    const ValueNode* node = m_model.node(parent);
    if (!node) return;
    if (node->value.handle != 0) return fetchValueChildren(m_context, this, m_model, parent, first);
    const auto none = [this, at = QPersistentModelIndex(parent)] {
        if (!at.isValid()) return;
        ValueNode whole = *m_model.node(at);
        whole.value.childCount = 0;
        m_model.setNode(at, std::move(whole));
        m_model.setChildren(at, {});
    };
    m_context.ask<debugger::Evaluate>(
        this, {m_context.frame(), node->value.path},
        [this, none, at = QPersistentModelIndex(parent)](const debugger::VariableNode& object) {
            if (!at.isValid()) return;
            if (object.handle == 0) return none();
            ValueNode known = *m_model.node(at);
            known.value.handle = object.handle;
            known.value.childCount = object.childCount;
            m_model.setNode(at, std::move(known));
            fetchValueChildren(m_context, this, m_model, at, 0);
        },
        [none](const engine::Error&) { none(); });
}

void MachineValues::showMenu(const QPoint& at) {
    const QModelIndex index = indexAt(at);
    const ValueNode* node = m_model.node(index);
    if (!node) return;
    const QModelIndex value = index.siblingAtColumn(ValueModel::Value);
    QMenu& menu = newMenu(this);
    addEditAction(menu, m_context, *this, value);
    addValueActions(menu, m_context, node->value);
    menu.popup(viewport()->mapToGlobal(at));
}

}  // namespace ui
