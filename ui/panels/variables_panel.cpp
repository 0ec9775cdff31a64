#include "ui/panels/variables_panel.h"

#include <QApplication>
#include <QClipboard>

#include "ui/breakpoint_dialog.h"
#include "ui/widgets/menu.h"
#include "ui/widgets/views.h"

namespace ui {

constexpr uint64_t kSlice = 200;

void fetchValueChildren(Context& context, QObject* receiver, ValueModel& model, const QModelIndex& parent,
                        int first) {
    const ValueNode* node = model.node(parent);
    if (!node || node->value.handle == 0) return;
    context.ask<debugger::GetChildren>(
        receiver, {node->value.handle, static_cast<uint64_t>(first), kSlice},
        [&model, first,
         at = QPersistentModelIndex(parent)](const std::vector<debugger::VariableNode>& children) {
            if (!at.isValid()) return;
            std::vector<ValueNode> nodes;
            for (const debugger::VariableNode& child : children)
                nodes.push_back({.value = child});
            model.setChildren(at, std::move(nodes), first);
        },
        [&model, first, at = QPersistentModelIndex(parent)](const engine::Error& error) {
            if (!at.isValid()) return;
            ValueNode failed;
            failed.error = oneLine(error.message, 300);
            failed.value.available = false;
            model.setChildren(at, {failed}, first);
        });
}

void assignValue(Context& context, QObject* receiver, const debugger::VariableNode& node,
                 const QString& text) {
    if (text == fromUtf8(node.value)) return;
    context.post<debugger::Assign>(receiver, {context.frame(), node.path, toUtf8(text)},
                                   [&context](const debugger::VariableNode&) { context.announceEdit(); });
}

void addEditAction(QMenu& menu, Context& context, TreeView& view, const QModelIndex& value) {
    menu.addAction(context.theme().icon(QStringLiteral("edit")), QObject::tr("Edit Value"), &view,
                   [&view, at = QPersistentModelIndex(value)] {
                       if (at.isValid()) view.edit(at);
                   })
        ->setEnabled(value.flags() & Qt::ItemIsEditable);
}

void addValueActions(QMenu& menu, Context& context, const debugger::VariableNode& node) {
    Theme& theme = context.theme();
    const auto copy = [&](const QString& title, const std::string& text) {
        menu.addAction(title, &menu, [text = fromUtf8(text)] { QApplication::clipboard()->setText(text); })
            ->setEnabled(!text.empty());
    };
    menu.addAction(theme.icon(QStringLiteral("panel-watches")), QObject::tr("Watch"), &menu,
                   [&context, path = fromUtf8(node.path)] { emit context.watchRequested(path); })
        ->setEnabled(!node.path.empty());
    menu.addAction(theme.icon(QStringLiteral("panel-memory")), QObject::tr("Show in Memory"), &menu,
                   [&context, address = node.address.value_or(0), size = node.byteSize] {
                       emit context.panelRequested(QStringLiteral("memory"));
                       emit context.memoryRequested(address, size);
                   })
        ->setEnabled(node.address.has_value());
    debugger::BreakpointSpec spec;
    spec.expression = node.path;
    addWatchpointMenu(menu, context, spec)
        ->setEnabled(node.available && node.address.has_value() && !node.path.empty());
    menu.addSeparator();
    copy(QObject::tr("Copy Value"), node.value);
    copy(QObject::tr("Copy Expression"), node.path);
    copy(QObject::tr("Copy Type"), node.type);
}

VariablesPanel::VariablesPanel(Context& context) : Panel(context), m_model(ValueModel::Of::Variables, this) {
    m_view = new TreeView(theme(), tr("Variables"));
    m_view->setModel(&m_model);
    m_view->setDragEnabled(true);
    m_view->setDragDropMode(QAbstractItemView::DragOnly);
    setContent(m_view);

    connect(&m_model, &TreeModelBase::childrenWanted, this, &VariablesPanel::fetchChildren);
    connect(&m_model, &TreeModelBase::edited, this, &VariablesPanel::edit);
    connect(m_view, &TreeView::chosen, this, [this](const QModelIndex& index) {
        if (m_model.hasChildren(index))
            m_view->setExpanded(index.siblingAtColumn(0), !m_view->isExpanded(index.siblingAtColumn(0)));
        else if (index.siblingAtColumn(ValueModel::Value).flags() & Qt::ItemIsEditable)
            m_view->edit(index.siblingAtColumn(ValueModel::Value));
    });
    connect(m_view, &QWidget::customContextMenuRequested, this, &VariablesPanel::showMenu);
    connect(&context, &Context::frameSelected, this, &VariablesPanel::fetch);
    connect(&context, &Context::dataEdited, this, &VariablesPanel::fetch);
    connect(&context, &Context::stateChanged, this, &VariablesPanel::showState);
    connect(&context, &Context::staleChanged, this, &VariablesPanel::showState);
    connect(&context, &Context::moduleLoaded, this, [this] { m_model.clear(); });
    showState();
}

QJsonObject VariablesPanel::save() const { return {{"globals", m_showsGlobals}}; }

void VariablesPanel::restore(const QJsonObject& json) {
    m_showsGlobals = json[QLatin1String("globals")].toBool(true);
}

void VariablesPanel::fetch() {
    if (!context().isStopped()) return;
    context().ask<debugger::GetVariables>(
        this, {context().frame(), m_showsGlobals},
        [this, frame = context().frame()](const std::vector<debugger::VariableNode>& variables) {
            if (frame == context().frame()) fill(variables);
        });
}

void VariablesPanel::fill(const std::vector<debugger::VariableNode>& variables) {
    std::vector<std::string> names;
    m_groups.clear();
    for (const debugger::VariableNode& variable : variables) {
        if (!m_groups.contains(variable.group)) names.push_back(variable.group);
        m_groups[variable.group].push_back(variable);
    }
    std::vector<ValueNode> groups;
    for (const std::string& name : names) {
        ValueNode group{.value = {}, .isGroup = true};
        group.value.name = name.empty() ? "Variables" : name;
        group.value.childCount = m_groups[name].size();
        groups.push_back(group);
    }
    m_model.setChildren({}, std::move(groups));
    for (int row = 0; row < m_model.rowCount(); ++row) {
        const QModelIndex group = m_model.index(row, 0);
        m_view->setFirstColumnSpanned(row, {}, true);
        if (m_model.rowCount(group) > 0) continue;  // the merge has filled it
        fetchChildren(group, 0);
        if (names[static_cast<size_t>(row)] != "Globals") m_view->expand(group);
    }
    showState();
}

void VariablesPanel::fetchChildren(const QModelIndex& parent, int first) {
    const ValueNode* node = m_model.node(parent);
    if (!node) return;
    if (!node->isGroup) return fetchValueChildren(context(), this, m_model, parent, first);
    std::vector<ValueNode> nodes;
    for (const debugger::VariableNode& variable :
         m_groups[node->value.name == "Variables" ? "" : node->value.name])
        nodes.push_back({.value = variable});
    m_model.setChildren(parent, std::move(nodes));
}

void VariablesPanel::edit(const QModelIndex& index, const QString& text) {
    if (const ValueNode* node = m_model.node(index)) assignValue(context(), this, node->value, text);
}

void VariablesPanel::showState() {
    m_view->setEnabled(!context().isStale());
    if (!context().module())
        return showEmpty(tr("Shows parameters and variables while a program is stopped."));
    const bool stopped = context().isStopped();
    if (stopped && m_model.isEmpty())
        return showEmpty(tr("No variables here: the debug information has none for this place. Operand stack "
                            "shows the raw values."),
                         {});
    const bool isPast = context().state() == debugger::SessionState::Ready ||
                        context().state() == debugger::SessionState::Exited;
    if (stopped || (!m_model.isEmpty() && !isPast)) return showContent();
    if (context().state() == debugger::SessionState::Ready)
        return showEmpty(
            tr("Set a breakpoint (F9) and start the program; its variables appear where it stops."), "start");
    if (context().state() == debugger::SessionState::Exited)
        return showEmpty(
            tr("The program has ended. Set a breakpoint (F9) and start it again to see its variables."),
            "start");
    showEmpty(tr("Pause the program to see its variables."), "pause");
}

void VariablesPanel::showMenu(const QPoint& at) {
    const QModelIndex index = m_view->indexAt(at);
    const ValueNode* node = m_model.node(index);
    QMenu& menu = newMenu(this);
    if (node && !node->isGroup) {
        const QModelIndex value = index.siblingAtColumn(ValueModel::Value);
        addEditAction(menu, context(), *m_view, value);
        addValueActions(menu, context(), node->value);
        menu.addSeparator();
    }
    QAction* globals = menu.addAction(tr("Show Globals"));
    globals->setCheckable(true);
    globals->setChecked(m_showsGlobals);
    connect(globals, &QAction::toggled, this, [this](bool on) {
        m_showsGlobals = on;
        fetch();
    });
    menu.popup(m_view->viewport()->mapToGlobal(at));
}

}  // namespace ui
