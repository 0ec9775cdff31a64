#include "ui/panels/call_stack_panel.h"

#include "ui/widgets/menu.h"
#include "ui/widgets/views.h"

namespace ui {
namespace {

Look frameLook(const FrameRow& row) {
    Look look;
    look.bold = row.isSelected;
    if (row.frame.location.file.empty()) look.tone = Tone::Dim;
    if (row.frame.isInlined) look.italic = true;
    return look;
}

QString place(const FrameRow& row) {
    const debugger::Location& at = row.frame.location;
    if (at.file.empty()) return QStringLiteral("no source");
    return QStringLiteral("%1:%2").arg(fileName(fromUtf8(at.file))).arg(at.line);
}

QString wholePlace(const FrameRow& row) {
    const debugger::Location& at = row.frame.location;
    const QString offset = QStringLiteral("function %1, offset %2").arg(at.function).arg(hex(at.offset));
    return at.file.empty() ? offset
                           : QStringLiteral("%1:%2\n%3").arg(fromUtf8(at.file)).arg(at.line).arg(offset);
}

}  // namespace

std::vector<Column<FrameRow>> callStackColumns() {
    return {
        {.title = "#",
         .text = [](const FrameRow& row) { return QString::number(row.frame.index); },
         .kind = ColumnKind::Number,
         .width = 5,
         .look =
             [](const FrameRow& row) {
                 return Look{.tone = Tone::Dim, .icon = row.isSelected ? "current" : "blank"};
             },
         .tip =
             [](const FrameRow& row) {
                 return row.isSelected ? QStringLiteral("The panels show this frame")
                                       : QStringLiteral("Double click to go there");
             }},
        {.title = "Function",
         .text =
             [](const FrameRow& row) {
                 return fromUtf8(row.frame.location.functionName) +
                        (row.frame.isInlined ? QStringLiteral("  [inlined]") : QString());
             },
         .kind = ColumnKind::Code,
         .look = frameLook},
        {.title = "Place", .text = place, .kind = ColumnKind::Code, .look = frameLook, .tip = wholePlace},
        {.title = "Offset",
         .text = [](const FrameRow& row) { return hex(row.frame.location.offset, 6); },
         .kind = ColumnKind::Number,
         .width = 9,
         .rank = 1,
         .look = [](const FrameRow&) { return Look{.tone = Tone::Dim}; }},
    };
}

CallStackPanel::CallStackPanel(Context& context) : Panel(context), m_model(callStackColumns(), this) {
    m_view = new TableView(theme(), tr("Call stack"));
    m_view->setModel(&m_model, m_model);
    m_view->setSelectionMode(QAbstractItemView::SingleSelection);
    setContent(m_view);

    connect(m_view, &TableView::clicked, this, [this](const QModelIndex& index) {
        this->context().selectFrame(static_cast<uint32_t>(index.row()));
    });
    connect(m_view, &TableView::chosen, this, [this](const QModelIndex& index) {
        this->context().selectFrame(static_cast<uint32_t>(index.row()));
    });
    connect(m_view, &QWidget::customContextMenuRequested, this, &CallStackPanel::showMenu);
    connect(&context, &Context::framesChanged, this, &CallStackPanel::fill);
    connect(&context, &Context::frameSelected, this, &CallStackPanel::fill);
    connect(&context, &Context::stateChanged, this, &CallStackPanel::showState);
    connect(&context, &Context::staleChanged, this, &CallStackPanel::showState);
    fill();
    showState();
}

void CallStackPanel::fill() {
    // Between a stop and its frames the old ones stay, so that stepping does not flicker.
    if (context().frames().empty() && context().isStopped()) return;
    std::vector<FrameRow> rows;
    for (const debugger::StackFrame& frame : context().frames())
        rows.push_back({frame, frame.index == context().frame()});
    m_model.setRows(std::move(rows));
    if (const int row = static_cast<int>(context().frame()); row < m_model.rowCount()) m_view->selectRow(row);
}

void CallStackPanel::showState() {
    m_view->setEnabled(!context().isStale());
    if (!context().module()) return showEmpty(tr("Shows who called whom while a program is stopped."));
    if (context().isStopped() ||
        (!m_model.rows().empty() && context().state() != debugger::SessionState::Ready))
        return showContent();
    if (context().state() == debugger::SessionState::Ready)
        return showEmpty(tr("Start the program; where it stops, its calls are listed here."), "start");
    if (context().state() == debugger::SessionState::Exited)
        return showEmpty(
            tr("The program has ended. Set a breakpoint (F9) and start it again to see who called whom."),
            "start");
    showEmpty(tr("Pause the program, or let it run into a breakpoint, to see who called whom."), "pause");
}

void CallStackPanel::showMenu(const QPoint& at) {
    const FrameRow* row = m_model.rowAt(m_view->indexAt(at));
    if (!row) return;
    const debugger::Location location = row->frame.location;
    QMenu& menu = newMenu(this);
    menu.addAction(tr("Go to Source"), this, [=, this] { context().goTo(location); })
        ->setEnabled(!location.file.empty());
    menu.addAction(tr("Go to Disassembly"), this,
                   [=, this] { emit context().offsetRequested(location.offset); });
    menu.addAction(
            tr("Run to Here"), this,
            [=, this] { context().post<debugger::RunTo>(this, {.file = {}, .offset = location.offset}); })
        ->setEnabled(context().canGoOn());
    menu.addSeparator();
    menu.addAction(tr("Copy All"), this, [this] {
        m_view->selectAll();
        copyRows(*m_view);
    });
    menu.popup(m_view->viewport()->mapToGlobal(at));
}

}  // namespace ui
