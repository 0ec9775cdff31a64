#include "ui/panels/breakpoints_panel.h"

#include <QVBoxLayout>

#include "ui/breakpoint_dialog.h"
#include "ui/widgets/add_line.h"
#include "ui/widgets/menu.h"
#include "ui/widgets/views.h"

namespace ui {

using debugger::BreakpointInfo;
using debugger::BreakpointSpec;

namespace {

const char* iconOf(const BreakpointInfo& b) {
    if (!b.spec.enabled) return "breakpoint-disabled";
    if (!b.resolved) return "breakpoint-unresolved";
    if (!b.spec.logText.empty()) return "breakpoint-log";
    if (b.spec.kind == BreakpointSpec::Kind::Watch) return "watchpoint";
    return !b.spec.condition.empty() || b.spec.ignoreCount > 0 ? "breakpoint-conditional" : "breakpoint";
}

QString stateWord(const BreakpointInfo& b) {
    if (!b.spec.enabled) return QStringLiteral("off");
    return b.resolved ? QStringLiteral("set") : QStringLiteral("not resolved");
}

QString where(const BreakpointInfo& b) {
    QString text = placeOf(b.spec);
    if (b.spec.kind == BreakpointSpec::Kind::Function && b.locations.size() > 1)
        text += QStringLiteral("  (%1 places)").arg(b.locations.size());
    return text;
}

/// Of a watchpoint.
QString whatStops(const BreakpointInfo& b) {
    constexpr const char* kWhen[] = {"changes", "is written", "is read", "is read or written"};
    const QString where = b.resolved ? QStringLiteral(" at ") + hex(b.address) : QString();
    return QStringLiteral("when it %1%2%3")
        .arg(QLatin1String(kWhen[static_cast<size_t>(b.spec.access)]), where,
             b.scope.empty() ? QString() : QStringLiteral(", ") + fromUtf8(b.scope));
}

QString whereTip(const BreakpointInfo& b) {
    const bool isWatch = b.spec.kind == BreakpointSpec::Kind::Watch;
    QString tip = QStringLiteral("%1 %2: %3")
                      .arg(isWatch ? QStringLiteral("Watchpoint") : QStringLiteral("Breakpoint"))
                      .arg(b.id)
                      .arg(stateWord(b));
    if (isWatch) tip += u'\n' + whatStops(b);
    if (!b.spec.file.empty()) tip += QStringLiteral("\n%1:%2").arg(fromUtf8(b.spec.file)).arg(b.spec.line);
    if (!b.message.empty()) tip += u'\n' + fromUtf8(b.message);
    for (size_t i = 0; i < b.locations.size() && i < 8; ++i) {
        const debugger::Location& at = b.locations[i];
        tip += QStringLiteral("\n%1  %2").arg(hex(at.offset, 6), fromUtf8(at.functionName));
        if (!at.file.empty()) tip += QStringLiteral("  %1:%2").arg(fileName(fromUtf8(at.file))).arg(at.line);
    }
    return tip;
}

// What it does besides stopping, or why it does not.
QString about(const BreakpointInfo& b) {
    QStringList parts;
    if (!b.message.empty()) parts << fromUtf8(b.message);
    if (!b.spec.condition.empty()) parts << QStringLiteral("if ") + fromUtf8(b.spec.condition);
    if (b.spec.ignoreCount > 0) parts << QStringLiteral("after %1 hits").arg(b.spec.ignoreCount);
    if (!b.spec.logText.empty()) parts << QStringLiteral("prints \"%1\"").arg(fromUtf8(b.spec.logText));
    if (b.spec.temporary) parts << QStringLiteral("once");
    if (b.spec.kind == BreakpointSpec::Kind::Watch) parts << whatStops(b);
    return parts.join(QStringLiteral(", "));
}

}  // namespace

std::vector<Column<BreakpointInfo>> breakpointColumns() {
    return {
        {.title = "Where",
         .text = where,
         .kind = ColumnKind::Code,
         .width = 20,
         .look =
             [](const BreakpointInfo& b) {
                 return Look{.tone = b.spec.enabled ? Tone::Text : Tone::Dim, .icon = iconOf(b)};
             },
         .tip = whereTip,
         .checked = [](const BreakpointInfo& b) { return std::optional<bool>(b.spec.enabled); }},
        {.title = "Condition, message",
         .text = about,
         .look =
             [](const BreakpointInfo& b) {
                 return Look{.tone = !b.resolved && b.spec.enabled ? Tone::Denied : Tone::Dim};
             }},
        {.title = "Hits",
         .text = [](const BreakpointInfo& b) { return QString::number(b.hits); },
         .kind = ColumnKind::Number,
         .width = 5,
         .rank = 1,
         .look = [](const BreakpointInfo& b) { return Look{.tone = b.hits > 0 ? Tone::Text : Tone::Dim}; }},
    };
}

BreakpointsPanel::BreakpointsPanel(Context& context) : Panel(context), m_model(breakpointColumns(), this) {
    auto* content = new QWidget;
    m_view = new TableView(theme(), tr("Breakpoints"));
    m_view->setModel(&m_model, m_model);
    m_view->setPlaceholder(
        tr("No breakpoints: F9, a click beside a source line, or the line below sets one."));
    m_line = new AddLine(
        theme(),
        {tr("New breakpoint"), tr("Add: FILE:LINE, FUNCTION, *OFFSET, call NAME, throw, watch EXPR [if …]"),
         tr("Where to stop: main.c:12, addWord, *0x1f3, call fd_write, throw, throw uncaught; when memory "
            "changes, is written, read, or either: watch total, wwatch total, rwatch total, awatch 0x400,16; "
            "with a condition: main.c:12 if n > 3")});
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_view, 1);
    layout->addWidget(m_line);
    setContent(content, m_view);
    showContent();

    connect(&context, &Context::breakpointsChanged, this, &BreakpointsPanel::fill);
    connect(m_line, &AddLine::entered, this, &BreakpointsPanel::add);
    connect(m_view, &TableView::chosen, this, &BreakpointsPanel::goTo);
    connect(m_view, &QWidget::customContextMenuRequested, this, &BreakpointsPanel::showMenu);
    connect(&m_model, &TableModelBase::toggled, this, [this](int row, int, bool on) {
        const BreakpointInfo* b = m_model.rowAt(row);
        if (!b) return;
        BreakpointSpec spec = b->spec;
        spec.enabled = on;
        this->context().changeBreakpoint(b->id, spec);
    });
    connect(m_view, &TableView::removeRequested, this, &BreakpointsPanel::removeSelected);
    fill();
}

void BreakpointsPanel::fill() {
    std::vector<BreakpointInfo> rows;
    for (const auto& [id, breakpoint] : context().breakpoints())
        rows.push_back(breakpoint);
    m_model.setRows(std::move(rows));
}

void BreakpointsPanel::startTyping(const QString& begin) { m_line->startTyping(begin); }

void BreakpointsPanel::add(const QString& text) {
    const auto spec = breakpointFromText(text);
    if (!spec.ok()) return m_line->refuse(spec.error());
    context().addBreakpoint(spec.value(), [this, panel = QPointer(this), text](const engine::Error* error) {
        if (!panel) return;
        if (error) return m_line->refuse(*error);
        m_line->accept(text);
    });
}

void BreakpointsPanel::goTo(const QModelIndex& index) {
    const BreakpointInfo* b = m_model.rowAt(index);
    if (!b) return;
    if (!b->locations.empty()) return context().goTo(b->locations[0]);
    if (b->spec.kind == BreakpointSpec::Kind::Line)
        return emit context().sourceRequested(fromUtf8(b->spec.file), b->spec.line);
    if (b->spec.kind == BreakpointSpec::Kind::Watch && b->resolved) {
        emit context().panelRequested(QStringLiteral("memory"));
        return emit context().memoryRequested(b->address, b->length);
    }
    if (b->spec.kind == BreakpointSpec::Kind::Offset) emit context().offsetRequested(b->spec.offset);
}

void BreakpointsPanel::edit(const QModelIndex& index) {
    const BreakpointInfo* b = m_model.rowAt(index);
    if (!b) return;
    const BreakpointInfo chosen = *b;
    editBreakpoint(context(), chosen.id, chosen.spec, this);
}

void BreakpointsPanel::removeSelected() {
    std::vector<debugger::BreakpointId> ids;
    for (const QModelIndex& index : m_view->selectionModel()->selectedRows())
        ids.push_back(m_model.rowAt(index)->id);
    for (const debugger::BreakpointId id : ids)
        context().removeBreakpoint(id);
}

void BreakpointsPanel::showMenu(const QPoint& at) {
    const QModelIndex index = m_view->indexAt(at);
    QMenu& menu = newMenu(this);
    menu.addAction(theme().icon(QStringLiteral("add")), tr("Add Breakpoint…"), this,
                   [this] { startTyping(); });
    if (const BreakpointInfo* b = m_model.rowAt(index)) {
        const debugger::BreakpointId id = b->id;
        BreakpointSpec spec = b->spec;
        spec.enabled = !spec.enabled;
        menu.addAction(theme().icon(QStringLiteral("goto")), tr("Go There"), this,
                       [=, this, i = QPersistentModelIndex(index)] { goTo(i); });
        menu.addAction(theme().icon(QStringLiteral("edit")), tr("Edit…"), this,
                       [=, this, i = QPersistentModelIndex(index)] { edit(i); });
        menu.addAction(spec.enabled ? tr("Enable") : tr("Disable"), this,
                       [=, this] { context().changeBreakpoint(id, spec); });
        menu.addAction(theme().icon(QStringLiteral("delete")), tr("Delete"), this,
                       &BreakpointsPanel::removeSelected);
    }
    menu.addSeparator();
    menu.addAction(tr("Delete All"), this,
                   [this] {
                       for (const auto& [id, breakpoint] : std::map(context().breakpoints()))
                           context().removeBreakpoint(id);
                   })
        ->setEnabled(m_model.rowCount() > 0);
    menu.popup(m_view->viewport()->mapToGlobal(at));
}

}  // namespace ui
