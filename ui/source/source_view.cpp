#include "ui/source/source_view.h"

#include <QToolTip>
#include <QVBoxLayout>

#include "ui/breakpoint_dialog.h"
#include "ui/panels/disassembly_view.h"
#include "ui/plain_text.h"
#include "ui/source/code_editor.h"
#include "ui/widgets/ask_for.h"
#include "ui/widgets/menu.h"

namespace ui {

std::vector<uint> linesOf(const debugger::BreakpointInfo& breakpoint, const QString& path) {
    std::vector<uint> lines;
    for (const debugger::Location& at : breakpoint.locations) {
        if (at.line > 0 && samePath(fromUtf8(at.file), path) &&
            std::find(lines.begin(), lines.end(), at.line) == lines.end())
            lines.push_back(at.line);
    }
    const debugger::BreakpointSpec& spec = breakpoint.spec;
    if (lines.empty() && breakpoint.locations.empty() && spec.kind == debugger::BreakpointSpec::Kind::Line &&
        samePath(fromUtf8(spec.file), path))
        lines.push_back(spec.line);
    return lines;
}

std::pair<QString, QString> pathPrefixes(const QString& asNamed, const QString& here) {
    QStringList a = asNamed.split(u'/'), b = here.split(u'/');
    while (a.size() > 1 && b.size() > 1 && a.last() == b.last()) {
        a.removeLast();
        b.removeLast();
    }
    return {a.join(u'/'), b.join(u'/')};
}

SourceView::SourceView(Context& context, QString path, QWidget* parent)
    : QWidget(parent), m_context(context), m_path(std::move(path)) {
    m_notices = new NoticeBar(context.theme());
    m_editor = new CodeEditor(context.theme(), fileName(m_path));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_notices);
    layout->addWidget(m_editor, 1);
    setFocusProxy(m_editor);

    connect(m_editor, &CodeEditor::marginClicked, this, [this](uint line, Qt::KeyboardModifiers modifiers) {
        if (modifiers & Qt::ControlModifier)
            editBreakpoint(line);
        else
            toggleBreakpoint(line);
    });
    connect(m_editor, &CodeEditor::hovered, this, &SourceView::evaluate);
    connect(m_editor, &CodeEditor::hoverEnded, this, [this] {
        ++m_hover;
        QToolTip::hideText();
    });
    connect(m_editor, &CodeEditor::menuRequested, this, &SourceView::showMenu);
    connect(&context, &Context::breakpointsChanged, this, &SourceView::markBreakpoints);
    connect(&context, &Context::frameSelected, this, &SourceView::markCurrent);
    connect(&context, &Context::framesChanged, this, &SourceView::markCurrent);
    connect(&context, &Context::staleChanged, this, &SourceView::markCurrent);
    connect(&context, &Context::moduleLoaded, this, &SourceView::load);
    load();
}

void SourceView::load() {
    m_isLoaded = false;
    m_context.sources().get(m_path, this, [this](const SourceCache::File& file) { onText(file); });
}

void SourceView::onText(const SourceCache::File& file) {
    m_notices->clear();
    m_isMissing = file.error.has_value();
    showInstructions(m_isMissing);
    if (m_isMissing) {
        m_editor->setSource({}, {});
        // How the command line is told where sources are is no use here.
        QString why = someLines(file.error->message);
        if (const qsizetype advice = why.lastIndexOf(QStringLiteral("\nGive its folder")); advice >= 0)
            why.truncate(advice);
        return showMissing(why);
    }
    m_isLoaded = true;
    m_editor->setSource(fromUtf8(file.source.text), file.source.linesWithCode);
    if (!file.source.warning.empty())
        m_notices->show({Notice::Kind::Warning, fileName(m_path), oneLine(file.source.warning, 500)});
    markBreakpoints();
    markCurrent();
    goToLine(m_wantedLine);
}

void SourceView::showMissing(const QString& why) {
    const QString help = tr("Locate… maps it to where it is now, and with it the other files of its folder.");
    m_notices->show({.kind = Notice::Kind::Warning,
                     .title = tr("No source here"),
                     .text = why.section(QStringLiteral("; looked for"), 0, 0) + u'\n' + help,
                     .choices = {{tr("Locate…"), [this] { locate(); }}},
                     .detail = why});
}

/// In place of a text that is not there.
void SourceView::showInstructions(bool shown) {
    if (shown && !m_instructions) {
        m_instructions = new DisassemblyView(m_context);
        layout()->addWidget(m_instructions);
    }
    if (m_instructions) m_instructions->setVisible(shown);
    m_editor->setVisible(!shown);
}

void SourceView::locate() {
    const QString name = oneLine(fileName(m_path), 80);
    pickFile(this, tr("Where is %1?").arg(name), tr("%1;;All files (*)").arg(name),
             [this](const QString& found) {
                 const auto [from, to] = pathPrefixes(m_path, found);
                 emit mapRequested(from, to);
             });
}

void SourceView::goToLine(uint line, bool placeCursor) {
    m_wantedLine = line;
    if (!m_isLoaded || line == 0) return;
    if (placeCursor)
        m_editor->goToLine(line);
    else
        m_editor->showLine(line);
    m_wantedLine = 0;
}

void SourceView::markCurrent() {
    const debugger::Location& at = m_context.location();
    const bool here = !m_context.isStale() && samePath(fromUtf8(at.file), m_path);
    m_editor->setCurrent(here ? at.line : 0, m_context.frame() == 0);
}

void SourceView::markBreakpoints() {
    std::vector<std::pair<uint, CodeEditor::Marker>> marks;
    for (const auto& [id, breakpoint] : m_context.breakpoints()) {
        for (const uint line : linesOf(breakpoint, m_path))
            marks.emplace_back(line, CodeEditor::markerOf(breakpoint));
    }
    m_editor->setBreakpoints(marks);
}

std::vector<debugger::BreakpointId> SourceView::breakpointsAt(uint line) const {
    std::vector<debugger::BreakpointId> ids;
    for (const auto& [id, breakpoint] : m_context.breakpoints()) {
        const std::vector<uint> lines = linesOf(breakpoint, m_path);
        if (std::find(lines.begin(), lines.end(), line) != lines.end()) ids.push_back(id);
    }
    return ids;
}

debugger::BreakpointSpec SourceView::specFor(uint line) const {
    debugger::BreakpointSpec spec;
    spec.file = toUtf8(m_path);
    spec.line = line;
    return spec;
}

void SourceView::toggleBreakpoint(uint line) {
    const auto ids = breakpointsAt(line);
    for (const debugger::BreakpointId id : ids)
        m_context.removeBreakpoint(id);
    if (ids.empty()) m_context.addBreakpoint(specFor(line));
}

void SourceView::runTo(uint line) {
    m_context.post<debugger::RunTo>(this, {.file = toUtf8(m_path), .line = line, .offset = {}});
}

void SourceView::editBreakpoint(uint line) {
    const auto ids = breakpointsAt(line);
    const debugger::BreakpointSpec before =
        ids.empty() ? specFor(line) : m_context.breakpoints().at(ids[0]).spec;
    ui::editBreakpoint(m_context, ids.empty() ? std::nullopt : std::optional(ids[0]), before, this);
}

void SourceView::evaluate(const QString& expression, const QPoint& at) {
    if (!m_context.isStopped()) return;
    const uint64_t hover = ++m_hover;
    m_context.ask<debugger::Evaluate>(
        this, {m_context.frame(), toUtf8(expression)}, [=, this](const debugger::VariableNode& node) {
            if (hover != m_hover) return;
            QString text = QStringLiteral("%1 = %2").arg(expression, fromUtf8(node.value));
            if (!node.type.empty()) text += u'\n' + fromUtf8(node.type);
            if (!node.placeText.empty()) text += u'\n' + fromUtf8(node.placeText);
            QToolTip::showText(at, plainTip(text), m_editor);
        });
}

void SourceView::showMenu(uint line, const QPoint& at) {
    Theme& theme = m_context.theme();
    const auto icon = [&](const char* name) { return theme.icon(QString::fromLatin1(name)); };
    const auto ids = breakpointsAt(line);
    const QString expression = m_editor->expressionAtCursor();
    QMenu& menu = newMenu(this);
    menu.addAction(icon("breakpoint"), ids.empty() ? tr("Add Breakpoint") : tr("Remove Breakpoint"), this,
                   [=, this] { toggleBreakpoint(line); });
    menu.addAction(ids.empty() ? tr("Add Conditional Breakpoint…") : tr("Edit Breakpoint…"), this,
                   [=, this] { editBreakpoint(line); });
    if (!ids.empty()) {
        debugger::BreakpointSpec spec = m_context.breakpoints().at(ids[0]).spec;
        spec.enabled = !spec.enabled;
        menu.addAction(spec.enabled ? tr("Enable Breakpoint") : tr("Disable Breakpoint"), this,
                       [=, this] { m_context.changeBreakpoint(ids[0], spec); });
    }
    menu.addSeparator();
    QAction* run = menu.addAction(icon("run-to-cursor"), tr("Run to Line %1").arg(line), this,
                                  [=, this] { runTo(line); });
    run->setEnabled(m_context.canGoOn() || m_context.state() == debugger::SessionState::Ready);
    if (!expression.isEmpty()) {
        const QString shown = oneLine(expression, 40).replace(u'&', QStringLiteral("&&"));
        menu.addAction(icon("panel-watches"), tr("Watch %1").arg(shown), this,
                       [=, this] { emit m_context.watchRequested(expression); });
    }
    menu.addAction(icon("panel-disassembly"), tr("Go to Disassembly"), this,
                   [=, this] {
                       for (const debugger::BreakpointId id : breakpointsAt(line)) {
                           const auto& locations = m_context.breakpoints().at(id).locations;
                           if (!locations.empty()) return emit m_context.offsetRequested(locations[0].offset);
                       }
                       emit m_context.offsetRequested(m_context.location().offset);
                   })
        ->setEnabled(m_context.isStopped());
    menu.addSeparator();
    QAction* copy = menu.addAction(icon("copy"), tr("Copy"), m_editor, &QsciScintilla::copy);
    copy->setEnabled(m_editor->hasSelectedText());
    menu.addAction(icon("find"), tr("Find…"), this, [this] { m_context.perform(QStringLiteral("find")); });
    menu.popup(at);
}

}  // namespace ui
