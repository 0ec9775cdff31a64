#include "ui/panels/watches_panel.h"

#include <QDragEnterEvent>
#include <QJsonArray>

#include <QMimeData>
#include <QRegularExpression>

#include "ui/panels/variables_panel.h"
#include "ui/widgets/menu.h"
#include "ui/widgets/views.h"

namespace ui {
namespace {

constexpr auto kRoot = "watch";  // group of the roots
constexpr qsizetype kMaxExpression = 2000;
// Where in the expression the mistake is takes the place of what it is.
const QRegularExpression kColumnPrefix(QStringLiteral("^column \\d+: "));

}  // namespace

WatchesPanel::WatchesPanel(Context& context) : Panel(context), m_model(ValueModel::Of::Watches, this) {
    m_view = new TreeView(theme(), tr("Watches"));
    m_view->setModel(&m_model);
    m_view->setDragEnabled(true);
    m_view->setAcceptDrops(true);
    m_view->viewport()->setAcceptDrops(true);
    m_view->viewport()->installEventFilter(this);
    setContent(m_view);
    showContent();

    connect(&m_model, &TreeModelBase::childrenWanted, this, [this](const QModelIndex& parent, int first) {
        fetchValueChildren(this->context(), this, m_model, parent, first);
    });
    connect(&m_model, &TreeModelBase::edited, this, &WatchesPanel::edit);
    connect(m_view, &TreeView::chosen, this, [this](const QModelIndex& index) {
        if (m_model.node(index)->isPlaceholder)
            startTyping();
        else if (m_model.hasChildren(index))
            m_view->setExpanded(index.siblingAtColumn(0), !m_view->isExpanded(index.siblingAtColumn(0)));
    });
    connect(m_view, &TreeView::removeRequested, this, &WatchesPanel::removeSelected);
    connect(m_view, &QWidget::customContextMenuRequested, this, &WatchesPanel::showMenu);
    connect(&context, &Context::frameSelected, this, &WatchesPanel::evaluate);
    connect(&context, &Context::dataEdited, this, &WatchesPanel::evaluate);
    connect(&context, &Context::watchRequested, this, [this](const QString& expression) {
        add(expression);
        emit this->context().panelRequested(QStringLiteral("watches"));
    });
    connect(&context, &Context::stateChanged, this, [this] {
        if (this->context().hasEnded()) forgetValues();
    });
    rebuild();
}

QJsonObject WatchesPanel::save() const {
    return {{"expressions", QJsonArray::fromStringList(m_expressions)}};
}

void WatchesPanel::restore(const QJsonObject& json) {
    m_expressions.clear();
    for (const QJsonValue text : json[QLatin1String("expressions")].toArray())
        m_expressions << text.toString().left(kMaxExpression);
    rebuild();
}

ValueNode WatchesPanel::rootFor(const QString& expression) {
    ValueNode node;
    node.value.name = node.value.path = toUtf8(expression);
    node.value.group = kRoot;
    return node;
}

void WatchesPanel::rebuild() {
    std::vector<ValueNode> roots;
    for (const QString& expression : std::as_const(m_expressions))
        roots.push_back(rootFor(expression));
    ValueNode placeholder;
    placeholder.value.name = toUtf8(tr("Type an expression, or drop a variable here"));
    placeholder.value.group = kRoot;
    placeholder.isPlaceholder = true;
    roots.push_back(placeholder);
    m_model.setChildren({}, std::move(roots));
    m_view->setFirstColumnSpanned(m_model.rowCount() - 1, {}, true);
    for (int row = 0; row + 1 < m_model.rowCount(); ++row)
        m_view->setFirstColumnSpanned(row, {}, false);
    evaluate();
}

void WatchesPanel::evaluate() {
    if (!context().isStopped()) return;
    for (const QString& expression : std::as_const(m_expressions)) {
        context().ask<debugger::Evaluate>(
            this, {context().frame(), toUtf8(expression)},
            [=, this](const debugger::VariableNode& value) { onValue(expression, {.value = value}); },
            [=, this](const engine::Error& error) {
                ValueNode node;
                node.error = oneLine(error.message, 300).remove(kColumnPrefix);
                node.value.available = false;
                onValue(expression, node);
            });
    }
}

/// Of a program that has ended there are none.
void WatchesPanel::forgetValues() {
    for (int row = 0; row < m_expressions.size(); ++row) {
        const QModelIndex index = m_model.index(row, 0);
        m_model.setNode(index, rootFor(m_expressions[row]));
        m_model.setChildren(index, {});
    }
}

void WatchesPanel::onValue(const QString& expression, ValueNode node) {
    const int row = static_cast<int>(m_expressions.indexOf(expression));
    if (row < 0) return;
    const QModelIndex index = m_model.index(row, 0);
    const std::string before = m_model.node(index)->value.value;
    node.value.name = node.value.path = toUtf8(expression);
    node.value.group = kRoot;
    node.value.changed = node.value.changed || (!before.empty() && before != node.value.value);
    m_model.setNode(index, node);
    if (node.value.handle != 0 && m_model.rowCount(index) > 0)
        fetchValueChildren(context(), this, m_model, index, 0);
    else if (node.value.handle == 0)
        m_model.setChildren(index, {});
}

void WatchesPanel::add(const QString& expression) {
    const QString text = expression.trimmed().left(kMaxExpression);
    if (text.isEmpty() || m_expressions.contains(text)) return;
    m_expressions << text;
    rebuild();
}

void WatchesPanel::startTyping() {
    const QModelIndex last = m_model.index(m_model.rowCount() - 1, 0);
    m_view->setCurrentIndex(last);
    m_view->edit(last);
}

void WatchesPanel::edit(const QModelIndex& index, const QString& text) {
    const ValueNode* node = m_model.node(index);
    if (!node) return;
    if (index.column() == ValueModel::Value) return assignValue(context(), this, node->value, text);
    const QString expression = text.trimmed().left(kMaxExpression);
    if (node->isPlaceholder) {
        if (text != fromUtf8(node->value.name))
            QMetaObject::invokeMethod(
                this, [=, this] { add(expression); }, Qt::QueuedConnection);
        return;
    }
    if (expression == m_expressions[index.row()]) return;
    if (expression.isEmpty() || m_expressions.contains(expression))
        m_expressions.removeAt(index.row());
    else
        m_expressions[index.row()] = expression;
    QMetaObject::invokeMethod(
        this, [this] { rebuild(); }, Qt::QueuedConnection);  // the editor is still open
}

void WatchesPanel::removeSelected() {
    std::vector<int> rows;
    for (const QModelIndex& index : m_view->selectionModel()->selectedRows()) {
        if (!index.parent().isValid() && index.row() < m_expressions.size()) rows.push_back(index.row());
    }
    std::sort(rows.rbegin(), rows.rend());
    for (const int row : rows)
        m_expressions.removeAt(row);
    if (!rows.empty()) rebuild();
}

bool WatchesPanel::eventFilter(QObject* watched, QEvent* event) {
    const bool isDrag = event->type() == QEvent::DragEnter || event->type() == QEvent::DragMove ||
                        event->type() == QEvent::Drop;
    if (watched != m_view->viewport() || !isDrag) return Panel::eventFilter(watched, event);
    auto* drop = static_cast<QDropEvent*>(event);
    if (!drop->mimeData()->hasText() || drop->mimeData()->hasUrls() || drop->source() == m_view) return true;
    drop->setDropAction(Qt::CopyAction);
    drop->accept();
    if (event->type() != QEvent::Drop) return true;
    const QStringList lines = drop->mimeData()->text().split(u'\n').mid(0, 50);
    for (const QString& line : lines)
        add(line);
    return true;
}

void WatchesPanel::showMenu(const QPoint& at) {
    const QModelIndex index = m_view->indexAt(at);
    const ValueNode* node = m_model.node(index);
    QMenu& menu = newMenu(this);
    menu.addAction(theme().icon(QStringLiteral("add")), tr("Add Watch"), this, &WatchesPanel::startTyping);
    if (node && !node->isPlaceholder) {
        if (!index.parent().isValid()) {
            menu.addAction(
                theme().icon(QStringLiteral("edit")), tr("Edit Expression"), this,
                [=, this, at = QPersistentModelIndex(index.siblingAtColumn(0))] { m_view->edit(at); });
            menu.addAction(theme().icon(QStringLiteral("delete")), tr("Remove"), this,
                           &WatchesPanel::removeSelected);
        }
        addValueActions(menu, context(), node->value);
    }
    menu.popup(m_view->viewport()->mapToGlobal(at));
}

}  // namespace ui
