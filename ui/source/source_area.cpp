#include "ui/source/source_area.h"

#include <QTabBar>
#include <QVBoxLayout>

#include "ui/panels/disassembly_view.h"
#include "ui/plain_text.h"
#include "ui/source/code_editor.h"
#include "ui/source/find_bar.h"
#include "ui/source/source_view.h"
#include "ui/widgets/ask_for.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/menu.h"

namespace ui {

SourceArea::SourceArea(Context& context, QWidget* parent) : QWidget(parent), m_context(context) {
    m_tabs = new QTabWidget;
    m_tabs->setDocumentMode(true);
    m_tabs->setTabsClosable(true);
    m_tabs->setMovable(true);
    m_tabs->setElideMode(Qt::ElideMiddle);
    m_tabs->setUsesScrollButtons(true);
    m_tabs->tabBar()->setContextMenuPolicy(Qt::CustomContextMenu);
    m_tabs->tabBar()->setExpanding(false);
    m_tabs->setAccessibleName(tr("Source files"));
    m_find = new FindBar(context.theme());
    m_find->hide();
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_tabs, 1);
    layout->addWidget(m_find);
    m_empty = new EmptyState(context);
    layout->addWidget(m_empty, 1);
    setFocusProxy(m_tabs);
    connect(&context, &Context::moduleLoaded, this, &SourceArea::showEmptyOrTabs);
    showEmptyOrTabs();

    connect(m_tabs, &QTabWidget::tabCloseRequested, this, &SourceArea::closeTab);
    connect(m_tabs->tabBar(), &QWidget::customContextMenuRequested, this, &SourceArea::tabMenu);
    connect(m_tabs, &QTabWidget::currentChanged, this, [this] {
        SourceView* view = current();
        m_find->setEditor(view ? &view->editor() : nullptr);
    });
    connect(m_find, &FindBar::closed, this, [this] {
        m_find->hide();
        if (SourceView* view = current()) view->setFocus();
    });
    connect(&context, &Context::frameSelected, this, &SourceArea::followStop);
    connect(&context, &Context::sourceRequested, this,
            [this](const QString& file, uint line) { open(file, line)->setFocus(); });
    connect(&context, &Context::moduleUnloaded, this, &SourceArea::closeAll);
}

SourceView* SourceArea::open(const QString& path, uint line, bool placeCursor) {
    for (int i = 0; i < m_tabs->count(); ++i) {
        auto* view = qobject_cast<SourceView*>(m_tabs->widget(i));
        if (!view || view->path() != path) continue;
        m_tabs->setCurrentIndex(i);
        view->goToLine(line, placeCursor);
        return view;
    }
    auto* view = new SourceView(m_context, path);
    connect(view, &SourceView::mapRequested, this, &SourceArea::mapRequested);
    const int index = m_tabs->addTab(view, oneLine(fileName(path), 60).replace(u'&', QStringLiteral("&&")));
    m_tabs->setTabToolTip(index, plainTip(path));
    m_tabs->setCurrentIndex(index);
    showEmptyOrTabs();
    view->goToLine(line, placeCursor);
    return view;
}

SourceView* SourceArea::current() const { return qobject_cast<SourceView*>(m_tabs->currentWidget()); }

QStringList SourceArea::openFiles() const {
    QStringList files;
    for (int i = 0; i < m_tabs->count(); ++i) {
        if (const auto* view = qobject_cast<SourceView*>(m_tabs->widget(i))) files << view->path();
    }
    return files;
}

void SourceArea::closeAll() {
    while (m_tabs->count() > 0)
        closeTab(0);
}

void SourceArea::closeTab(int index) {
    QWidget* page = m_tabs->widget(index);
    m_tabs->removeTab(index);
    if (page == m_disassembly) m_disassembly = nullptr;
    page->deleteLater();
    showEmptyOrTabs();
}

void SourceArea::showEmptyOrTabs() {
    const bool isEmpty = m_tabs->count() == 0;
    m_empty->setVisible(isEmpty);
    m_tabs->setVisible(!isEmpty);
    if (!isEmpty || !m_context.module()) return;
    const bool hasSources = !m_context.module()->mainSource.empty();
    m_empty->set(hasSources ? tr("No source file is open. Where the program stops, its source is shown here.")
                            : tr("No source is known for this program's main. Where it stops, its source or "
                                 "its instructions are shown here."),
                 QStringLiteral("go-to-file"));
}

void SourceArea::followStop() {
    if (!m_context.isStopped()) return;
    const debugger::Location& at = m_context.location();
    if (at.file.empty())
        showDisassembly(std::nullopt);
    else
        open(fromUtf8(at.file), at.line);
}

// Where there is no source, the instructions stand in its place; where there is, the panel shows them.
void SourceArea::showDisassembly(std::optional<uint32_t> offset) {
    if (!m_disassembly) {
        m_disassembly = new DisassemblyView(m_context);
        const int index = m_tabs->addTab(
            m_disassembly, m_context.theme().icon(QStringLiteral("panel-disassembly")), tr("Disassembly"));
        m_tabs->setTabToolTip(index, tr("There is no source here: the program's instructions"));
        showEmptyOrTabs();
    }
    m_tabs->setCurrentWidget(m_disassembly);
    if (offset) m_disassembly->goTo(*offset);
}

void SourceArea::showCurrent() {
    followStop();
    if (m_tabs->currentWidget()) m_tabs->currentWidget()->setFocus();
}

void SourceArea::toggleBreakpoint() {
    if (SourceView* view = current())
        view->toggleBreakpoint(view->editor().cursorLine());
    else if (m_disassembly && m_tabs->currentWidget() == m_disassembly)
        m_disassembly->toggleBreakpoint();
}

void SourceArea::runToCursor() {
    if (SourceView* view = current())
        view->runTo(view->editor().cursorLine());
    else if (m_disassembly && m_tabs->currentWidget() == m_disassembly)
        m_disassembly->runToCursor();
}

void SourceArea::goToLineDialog() {
    askForLine(this, tr("Go to Line or Address"),
               tr("Line of this file, or 0x… for an offset of the program:"),
               [this](const QString& text) { goToPlace(text); });
}

void SourceArea::goToPlace(const QString& text) {
    bool isNumber = false;
    const uint number = text.toUInt(&isNumber, 0);
    SourceView* view = current();
    if (isNumber && text.startsWith(QStringLiteral("0x"))) return emit m_context.offsetRequested(number);
    if (isNumber && number > 0 && view) {
        view->goToLine(number);
        return view->setFocus();
    }
    m_context.notify({Notice::Kind::Warning, tr("Go to"),
                      tr("\"%1\" is no line number and no offset such as 0x1f3.").arg(oneLine(text, 60))});
}

void SourceArea::find() {
    SourceView* view = current();
    if (!view) return;
    m_find->setEditor(&view->editor());
    const QString selected = view->editor().selectedText();
    m_find->open(selected.contains(u'\n') ? QString() : selected);
}

void SourceArea::findAgain(bool forward) {
    if (m_find->isVisible())
        m_find->find(forward);
    else
        find();
}

void SourceArea::tabMenu(const QPoint& at) {
    const int index = m_tabs->tabBar()->tabAt(at);
    if (index < 0) return;
    QMenu& menu = newMenu(this);
    QWidget* page = m_tabs->widget(index);
    menu.addAction(tr("Close"), this, [=, this] { closeTab(m_tabs->indexOf(page)); });
    menu.addAction(tr("Close Others"), this, [=, this] {
        for (int i = m_tabs->count() - 1; i >= 0; --i) {
            if (m_tabs->widget(i) != page) closeTab(i);
        }
    });
    menu.addAction(tr("Close All"), this, &SourceArea::closeAll);
    menu.popup(m_tabs->tabBar()->mapToGlobal(at));
}

}  // namespace ui
