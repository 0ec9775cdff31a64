// CodeEditor: one read-only source text with margins for breakpoints and line numbers, the current line, and values under the mouse.
// Knows nothing of the session: SourceView tells it what to mark. Built on QScintilla.
#pragma once

#include <Qsci/qsciscintilla.h>

#include <vector>

#include "debugger/protocol.h"
#include "ui/theme.h"

namespace ui {

class CodeEditor final : public QsciScintilla {
    Q_OBJECT

public:
    /// What a line can carry in the margin, and how lines are coloured. Higher ones are drawn over lower ones.
    enum Marker : int {
        CodeLine,
        FrameLine,
        CurrentLine,
        BreakpointDisabled,
        BreakpointUnresolved,
        BreakpointSet,
        BreakpointConditional,
        BreakpointLog,
        FrameArrow,
        CurrentArrow,
        MarkerCount
    };

    CodeEditor(Theme& theme, const QString& fileName, QWidget* parent = nullptr);

    void setSource(const QString& text, const std::vector<uint32_t>& linesWithCode);
    /// Lines count from 1; 0 = none.
    void setCurrent(uint line, bool isTop);
    void setBreakpoints(const std::vector<std::pair<uint, Marker>>& marks);
    void showLine(uint line);
    void goToLine(uint line);
    uint cursorLine() const;
    uint lineAt(const QPoint& viewportPosition) const;
    /// The selected text if it is on one line, else the expression at a position in the text; empty if there is none.
    QString expressionAtPosition(long position) const;
    QString expressionAtCursor() const;

    /// The marker for a breakpoint's state.
    static Marker markerOf(const debugger::BreakpointInfo& breakpoint);

signals:
    void marginClicked(uint line, Qt::KeyboardModifiers modifiers);
    void hovered(const QString& expression, const QPoint& globalPosition);
    void hoverEnded();
    void menuRequested(uint line, const QPoint& globalPosition);

protected:
    void resizeEvent(QResizeEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;

private:
    void applyTheme();
    void sizeMargins();
    void unmark(Marker marker) { markerDeleteAll(marker); }

    Theme& m_theme;
    QString m_fileName;
    uint m_lineToShow = 0;
};

}  // namespace ui
