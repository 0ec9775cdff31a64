// SourceView: one source file of the program in a tab: the editor, its breakpoints and current line, values under the mouse, and, where the
// file is missing or another one, what was tried and a button to put it right.
#pragma once

#include <QWidget>

#include "ui/context.h"
#include "ui/widgets/notice_bar.h"

namespace ui {

class CodeEditor;
class DisassemblyView;

class SourceView final : public QWidget {
    Q_OBJECT

public:
    SourceView(Context& context, QString path, QWidget* parent = nullptr);

    const QString& path() const { return m_path; }
    CodeEditor& editor() { return *m_editor; }
    bool isMissing() const { return m_isMissing; }
    /// Scrolls to a line, once the text is there; 0 = nowhere.
    void goToLine(uint line, bool placeCursor = true);
    /// Sets a breakpoint on a line or removes what is there.
    void toggleBreakpoint(uint line);
    void runTo(uint line);

signals:
    /// The user said where the file (or one beside it) is.
    void mapRequested(const QString& from, const QString& to);

private:
    void load();
    void onText(const SourceCache::File& file);
    void showMissing(const QString& why);
    void showInstructions(bool shown);
    void locate();
    void markCurrent();
    void markBreakpoints();
    void evaluate(const QString& expression, const QPoint& at);
    void showMenu(uint line, const QPoint& at);
    /// Ids of the breakpoints that are shown on a line.
    std::vector<debugger::BreakpointId> breakpointsAt(uint line) const;
    debugger::BreakpointSpec specFor(uint line) const;
    void editBreakpoint(uint line);

    Context& m_context;
    QString m_path;
    NoticeBar* m_notices;
    CodeEditor* m_editor;
    DisassemblyView* m_instructions = nullptr;
    bool m_isMissing = false, m_isLoaded = false;
    uint m_wantedLine = 0;
    uint64_t m_hover = 0;  // counts, so that late values are not shown
};

/// Lines of a file at which a breakpoint is to be shown.
std::vector<uint> linesOf(const debugger::BreakpointInfo& breakpoint, const QString& path);
/// The prefixes that differ between the path of the debug information and one on this machine.
std::pair<QString, QString> pathPrefixes(const QString& asNamed, const QString& here);

}  // namespace ui
