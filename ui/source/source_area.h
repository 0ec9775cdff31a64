// SourceArea: the middle of the window: source files as tabs, a tab with the disassembly where there is no source, and the find bar.
#pragma once

#include <QTabWidget>
#include <QWidget>

#include "ui/context.h"

namespace ui {

class DisassemblyView;
class EmptyState;
class FindBar;
class SourceView;

class SourceArea final : public QWidget {
    Q_OBJECT

public:
    explicit SourceArea(Context& context, QWidget* parent = nullptr);

    /// Opens a file of the program (as the debug information names it) and goes to a line, 0 = where it was.
    SourceView* open(const QString& path, uint line = 0, bool placeCursor = true);
    SourceView* current() const;
    QStringList openFiles() const;
    void closeAll();

    // Verbs that mean the tab in front
    void toggleBreakpoint();
    void runToCursor();
    void goToLineDialog();
    void find();
    void findAgain(bool forward);
    void showCurrent();

signals:
    void mapRequested(const QString& from, const QString& to);

private:
    void followStop();
    void showDisassembly(std::optional<uint32_t> offset);
    void closeTab(int index);
    void showEmptyOrTabs();
    void tabMenu(const QPoint& at);
    void goToPlace(const QString& text);

    Context& m_context;
    QTabWidget* m_tabs;
    DisassemblyView* m_disassembly = nullptr;  // owned by its tab
    FindBar* m_find;
    EmptyState* m_empty;
};

}  // namespace ui
