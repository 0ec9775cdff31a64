#include "ui/panels/wasm_state_panel.h"

#include <QBoxLayout>
#include <QLabel>
#include <QSplitter>

#include "ui/panels/variables_panel.h"
#include "ui/widgets/menu.h"
#include "ui/widgets/views.h"

namespace ui {
namespace {

/// How many there are is known when they are asked for.
bool mayHaveParts(const debugger::WasmValue& value) {
    const bool isReference = value.type.find("ref") != std::string::npos;
    return isReference ? !value.hex.empty() : value.type.find("v128") != std::string::npos;
}

/// `kind`: "$local" or "$global", by which expressions name them.
std::vector<ValueNode> nodesOf(const std::vector<debugger::WasmValue>& values, const std::string& kind) {
    std::vector<ValueNode> nodes;
    for (const debugger::WasmValue& value : values) {
        const std::string index = std::to_string(value.index);
        ValueNode node{.value = {}, .hex = fromUtf8(value.hex)};
        node.value.name = value.name.empty() ? index : index + "  " + value.name;
        node.value.type = value.type;
        node.value.value = value.value;
        node.value.path = kind + index;
        node.value.childCount = mayHaveParts(value) ? 1 : 0;
        node.value.changed = value.changed;
        nodes.push_back(std::move(node));
    }
    return nodes;
}

QWidget* titled(const QString& title, QWidget* view) {
    auto* box = new QWidget;
    auto* layout = new QVBoxLayout(box);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    auto* label = new QLabel(title);
    label->setTextFormat(Qt::PlainText);
    label->setContentsMargins(8, 4, 8, 4);
    QFont font = label->font();
    font.setBold(true);
    label->setFont(font);
    label->setBuddy(view);
    layout->addWidget(label);
    layout->addWidget(view, 1);
    return box;
}

}  // namespace

WasmStatePanel::WasmStatePanel(Context& context)
    : Panel(context),
      m_locals(ValueModel::Of::Machine, this),
      m_globals(ValueModel::Of::Machine, this),
      m_localsView(new TreeView(theme(), tr("Locals of the function"))),
      m_globalsView(new TreeView(theme(), tr("Globals of the module"))) {
    for (const auto& [view, model] :
         {std::pair(m_localsView, &m_locals), std::pair(m_globalsView, &m_globals)}) {
        view->setModel(model);
        connect(model, &TreeModelBase::childrenWanted, this,
                [this, model = model](const QModelIndex& parent, int first) {
                    fetchParts(*model, parent, first);
                });
        connect(view, &QWidget::customContextMenuRequested, this,
                [this, view = view](const QPoint& at) { showMenu(*view, at); });
    }
    auto* splitter = new QSplitter(Qt::Vertical);
    splitter->addWidget(titled(tr("Wasm locals"), m_localsView));
    splitter->addWidget(titled(tr("Wasm globals"), m_globalsView));
    splitter->setStretchFactor(0, 2);
    splitter->setStretchFactor(1, 1);
    setContent(splitter, m_localsView);
    connect(&context, &Context::frameSelected, this, &WasmStatePanel::ask);
    connect(&context, &Context::dataEdited, this, &WasmStatePanel::ask);
    connect(&context, &Context::stateChanged, this, &WasmStatePanel::showState);
    connect(&context, &Context::staleChanged, this, &WasmStatePanel::showState);
    connect(&context, &Context::moduleUnloaded, this, [this] {
        m_isFilled = false;
        m_locals.clear();
        m_globals.clear();
    });
    ask();
    showState();
}

void WasmStatePanel::ask() {
    if (!context().isStopped()) return;
    context().ask<debugger::GetWasmLocals>(this, {context().frame()},
                                           [this](const std::vector<debugger::WasmValue>& values) {
                                               m_isFilled = true;
                                               m_locals.setChildren({}, nodesOf(values, "$local"));
                                           });
    context().ask<debugger::GetWasmGlobals>(this, {}, [this](const std::vector<debugger::WasmValue>& values) {
        m_globals.setChildren({}, nodesOf(values, "$global"));
    });
}

void WasmStatePanel::fetchParts(ValueModel& model, const QModelIndex& parent, int first) {
    const ValueNode* node = model.node(parent);
    if (!node) return;
    if (node->value.handle != 0) return fetchValueChildren(context(), this, model, parent, first);
    const auto none = [&model, at = QPersistentModelIndex(parent)] {
        if (!at.isValid()) return;
        ValueNode whole = *model.node(at);
        whole.value.childCount = 0;
        model.setNode(at, std::move(whole));
        model.setChildren(at, {});
    };
    context().ask<debugger::Evaluate>(
        this, {context().frame(), node->value.path},
        [this, &model, none, at = QPersistentModelIndex(parent)](const debugger::VariableNode& object) {
            if (!at.isValid()) return;
            if (object.handle == 0) return none();
            ValueNode known = *model.node(at);
            known.value.handle = object.handle;
            known.value.childCount = object.childCount;
            model.setNode(at, std::move(known));
            fetchValueChildren(context(), this, model, at, 0);
        },
        [none](const engine::Error&) { none(); });
}

void WasmStatePanel::showMenu(TreeView& view, const QPoint& at) {
    const ValueNode* node = static_cast<ValueModel*>(view.model())->node(view.indexAt(at));
    if (!node) return;
    QMenu& menu = newMenu(this);
    addValueActions(menu, context(), node->value);
    menu.popup(view.viewport()->mapToGlobal(at));
}

void WasmStatePanel::showState() {
    m_localsView->setEnabled(!context().isStale());
    m_globalsView->setEnabled(!context().isStale());
    if (!context().module())
        return showEmpty(
            tr("Shows the machine's own locals and globals: exact, whatever the compiler did to "
               "the source's variables."));
    if (context().hasEnded())
        return showEmpty(tr("The program has ended. Start it again: where it stops, the machine's locals and "
                            "globals are shown."),
                         "start");
    if (context().isStopped() || (m_isFilled && context().state() != debugger::SessionState::Ready))
        return showContent();
    if (context().state() == debugger::SessionState::Ready)
        return showEmpty(tr("Start the program; where it stops, the machine's locals and globals are shown."),
                         "start");
    showEmpty(tr("Pause the program to see the machine's locals and globals."), "pause");
}

}  // namespace ui
