#include "ui/panels/disassembly_view.h"

#include <QHeaderView>

#include <QVBoxLayout>

#include "ui/breakpoint_dialog.h"
#include "ui/plain_text.h"
#include "ui/source/code_editor.h"
#include "ui/widgets/menu.h"
#include "ui/widgets/views.h"

namespace ui {
namespace {

constexpr const char* kBreakpointIcons[] = {"breakpoint-disabled", "breakpoint-unresolved", "breakpoint",
                                            "breakpoint-conditional", "breakpoint-log"};

Look codeLook(const CodeRow& row) {
    Look look;
    if (row.isSource()) look.tone = Tone::Comment;
    if (row.isMachine()) look.tone = Tone::Dim;
    look.italic = row.isSource();
    look.bold = row.isCurrent;
    if (row.isCurrent) look.back = row.isTop ? Tone::CurrentLine : Tone::FrameLine;
    return look;
}

Look dimLook(const CodeRow& row) {
    Look look = codeLook(row);
    look.tone = Tone::Dim;
    look.bold = false;
    return look;
}

}  // namespace

std::vector<Column<CodeRow>> disassemblyColumns() {
    return {
        {.title = "",
         .text = [](const CodeRow&) { return QString(); },
         .width = 4,
         .look =
             [](const CodeRow& row) {
                 Look look = codeLook(row);
                 look.icon = row.isCurrent ? (row.isTop ? "current" : "frame") : row.breakpoint;
                 if (row.isCurrent && row.breakpoint) look.icon = row.breakpoint;
                 return look;
             },
         .tip =
             [](const CodeRow& row) {
                 return !row.isInstruction() ? QString()
                        : row.breakpoint     ? QStringLiteral("Breakpoint; click removes it")
                                             : QStringLiteral("Click sets a breakpoint on this instruction");
             }},
        {.title = "Offset",
         .text =
             [](const CodeRow& row) {
                 return row.isSource()    ? QString()
                        : row.isMachine() ? QStringLiteral("+") + hex(row.machine.offset, 1)
                                          : hex(row.row.offset, 6);
             },
         .kind = ColumnKind::Code,
         .width = 9,
         .look = dimLook},
        {.title = "Bytes",
         .text =
             [](const CodeRow& row) {
                 return row.isSource() ? QString()
                                       : fromUtf8(row.isMachine() ? row.machine.bytes : row.row.bytes);
             },
         .kind = ColumnKind::Code,
         .width = 16,
         .look = dimLook},
        {.title = "Instruction",
         .text = [](const CodeRow& row) { return row.text; },
         .kind = ColumnKind::Code,
         .look = codeLook},
    };
}

DisassemblyView::DisassemblyView(Context& context, QWidget* parent)
    : QWidget(parent), m_context(context), m_model(disassemblyColumns(), this) {
    m_view = new TableView(context.theme(), tr("Disassembly"));
    m_view->setModel(&m_model, m_model);
    m_view->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_view->setColumnHidden(2, true);
    m_view->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Fixed);
    m_view->horizontalHeader()->resizeSection(0, 26);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_view, 1);
    setFocusProxy(m_view);

    connect(m_view, &TableView::clicked, this, [this](const QModelIndex& index) {
        if (const CodeRow* row = m_model.rowAt(index); row && index.column() == 0 && row->isInstruction())
            toggleAt(*row);
    });
    connect(m_view, &TableView::chosen, this, [this](const QModelIndex& index) {
        const CodeRow* row = m_model.rowAt(index);
        if (row && row->isSource()) emit m_context.sourceRequested(fromUtf8(row->row.file), row->row.line);
    });
    connect(m_view->selectionModel(), &QItemSelectionModel::selectionChanged, this, [this] {
        const QModelIndexList selected = m_view->selectionModel()->selectedRows();
        const CodeRow* row = selected.size() == 1 ? m_model.rowAt(selected.first()) : nullptr;
        emit m_context.instructionSelected(row && !row->isSource() ? std::optional(row->row.offset)
                                                                   : std::nullopt);
    });
    connect(m_view, &QWidget::customContextMenuRequested, this, &DisassemblyView::menu);
    connect(&context, &Context::frameSelected, this, &DisassemblyView::follow);
    connect(&context, &Context::staleChanged, this, &DisassemblyView::refresh);
    connect(&context, &Context::breakpointsChanged, this, &DisassemblyView::refresh);
    connect(&context, &Context::moduleLoaded, this, [this] { fill({}, 0); });
    follow();
}

uint32_t DisassemblyView::nextOffset() const { return m_context.location().offset; }

void DisassemblyView::follow() {
    if (!m_context.isStopped()) return;
    const uint32_t offset = nextOffset();
    // Within one function nothing is fetched: only the mark moves.
    if (!m_rows.empty() && offset >= m_rows.front().offset && offset <= m_rows.back().offset) {
        refresh();
        return show(offset);
    }
    goTo(offset);
}

void DisassemblyView::goTo(uint32_t offset) {
    const uint64_t request = ++m_request;
    m_context.post<debugger::Disassemble>(
        this, {.function = std::nullopt, .offset = offset, .machine = m_showsMachine},
        [=, this](const std::vector<debugger::DisassemblyRow>& rows) {
            if (request == m_request) fill(rows, offset);
        },
        [=, this](const engine::Error& error) {
            m_context.notify({Notice::Kind::Warning, tr("Disassembly"), oneLine(error.text(), 300)});
            // Without machine code there is the rest.
            if (request == m_request && std::exchange(m_showsMachine, false)) goTo(offset);
        });
}

void DisassemblyView::showMachineCode(bool on) {
    if (std::exchange(m_showsMachine, on) == on || m_rows.empty()) return;
    const CodeRow* row = m_model.rowAt(m_view->currentIndex());
    goTo(row ? row->row.offset : m_rows.front().offset);
}

void DisassemblyView::fill(const std::vector<debugger::DisassemblyRow>& rows, uint32_t offset) {
    m_rows = rows;
    refresh();
    show(offset);
    addSources();
    emit filled();
}

// The texts of the lines come when their files are there.
void DisassemblyView::addSources() {
    QSet<QString> files;
    for (const debugger::DisassemblyRow& row : m_rows) {
        if (!row.file.empty()) files.insert(fromUtf8(row.file));
    }
    for (const QString& file : std::as_const(files)) {
        if (!m_context.sources().held(file))
            m_context.sources().get(file, this, [this](const SourceCache::File&) { refresh(); });
    }
}

void DisassemblyView::refresh() {
    std::map<uint32_t, const char*> breakpoints;
    for (const auto& [id, breakpoint] : m_context.breakpoints()) {
        for (const debugger::Location& at : breakpoint.locations)
            breakpoints[at.offset] =
                kBreakpointIcons[CodeEditor::markerOf(breakpoint) - CodeEditor::BreakpointDisabled];
    }
    const bool stands = !m_context.isStale();
    std::vector<CodeRow> rows;
    for (const debugger::DisassemblyRow& row : m_rows) {
        if (!row.file.empty() && row.line > 0) {
            const SourceCache::File* file = m_context.sources().held(fromUtf8(row.file));
            const bool has = file && row.line <= file->lines.size();
            const QString text = has ? file->lines[row.line - 1].trimmed() : QString();
            rows.push_back(
                {.kind = CodeRow::Kind::Source,
                 .text =
                     QStringLiteral("%1:%2  %3").arg(fileName(fromUtf8(row.file))).arg(row.line).arg(text),
                 .row = row});
        }
        const auto breakpoint = breakpoints.find(row.offset);
        rows.push_back(
            {.text = QString(static_cast<qsizetype>(qMin(row.depth, 40u)) * 2, u' ') + fromUtf8(row.text),
             .row = row,
             .isCurrent = stands && row.offset == nextOffset(),
             .isTop = m_context.frame() == 0,
             .breakpoint = breakpoint == breakpoints.end() ? nullptr : breakpoint->second});
        for (const debugger::MachineRow& machine : row.machine) {
            const QString note =
                machine.note.empty() ? QString() : QStringLiteral("  ; ") + fromUtf8(machine.note);
            rows.push_back({.kind = CodeRow::Kind::Machine,
                            .text = QString(static_cast<qsizetype>(qMin(row.depth, 40u)) * 2 + 4, u' ') +
                                    fromUtf8(machine.text) + note,
                            .row = row,
                            .machine = machine});
        }
    }
    m_model.setRows(std::move(rows));
}

void DisassemblyView::show(uint32_t offset) {
    const auto& rows = m_model.rows();
    for (size_t i = 0; i < rows.size(); ++i) {
        if (!rows[i].isInstruction() || rows[i].row.offset != offset) continue;
        const QModelIndex index = m_model.index(static_cast<int>(i), 1);
        // Not selected: the mark of the current line would be covered.
        m_view->clearSelection();
        m_view->selectionModel()->setCurrentIndex(index, QItemSelectionModel::NoUpdate);
        const QRect seen = m_view->viewport()->rect().adjusted(0, 40, 0, -40);
        if (!seen.contains(m_view->visualRect(index)))
            m_view->scrollTo(index, QAbstractItemView::PositionAtCenter);
        return;
    }
}

void DisassemblyView::toggleAt(const CodeRow& row) {
    for (const auto& [id, breakpoint] : m_context.breakpoints()) {
        for (const debugger::Location& at : breakpoint.locations) {
            if (at.offset == row.row.offset) return m_context.removeBreakpoint(id);
        }
    }
    debugger::BreakpointSpec spec;
    spec.kind = debugger::BreakpointSpec::Kind::Offset;
    spec.offset = row.row.offset;
    m_context.addBreakpoint(spec);
}

void DisassemblyView::toggleBreakpoint() {
    if (const CodeRow* row = m_model.rowAt(m_view->currentIndex()); row && !row->isSource())
        toggleAt(CodeRow(*row));
}

void DisassemblyView::runToCursor() {
    if (const CodeRow* row = m_model.rowAt(m_view->currentIndex()))
        m_context.post<debugger::RunTo>(this, {.file = {}, .offset = row->row.offset});
}

void DisassemblyView::menu(const QPoint& at) {
    const CodeRow* found = m_model.rowAt(m_view->indexAt(at));
    if (!found) return;
    const CodeRow row = *found;
    QMenu& menu = newMenu(this);
    menu.addAction(m_context.theme().icon(QStringLiteral("breakpoint")),
                   row.breakpoint ? tr("Remove Breakpoint") : tr("Add Breakpoint"), this,
                   [=, this] { toggleAt(row); })
        ->setEnabled(!row.isSource());
    menu.addAction(
            m_context.theme().icon(QStringLiteral("run-to-cursor")), tr("Run to Here"), this,
            [=, this] { m_context.post<debugger::RunTo>(this, {.file = {}, .offset = row.row.offset}); })
        ->setEnabled(m_context.canGoOn());
    if (row.isSource()) {
        menu.addAction(tr("Go to Source"), this,
                       [=, this] { emit m_context.sourceRequested(fromUtf8(row.row.file), row.row.line); });
    }
    menu.addSeparator();
    menu.addAction(m_context.theme().icon(QStringLiteral("copy")), tr("Copy"), this,
                   [this] { copyRows(*m_view); });
    QAction* bytes = menu.addAction(tr("Show Bytes"));
    bytes->setCheckable(true);
    bytes->setChecked(!m_view->isColumnHidden(2));
    connect(bytes, &QAction::toggled, m_view, [this](bool on) { m_view->setColumnHidden(2, !on); });
    QAction* machine = menu.addAction(tr("Show Machine Code"));
    machine->setCheckable(true);
    machine->setChecked(m_showsMachine);
    connect(machine, &QAction::toggled, this, &DisassemblyView::showMachineCode);
    menu.popup(m_view->viewport()->mapToGlobal(at));
}

}  // namespace ui
