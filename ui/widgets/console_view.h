// ConsoleView: rows of ConsoleLines as a terminal shows them. Follows the end only while it is scrolled there; bytes can be selected and
// copied as they came. Borrows its lines from the Console panel, which tells when they changed.
#pragma once

#include <QAbstractScrollArea>
#include <optional>

#include "ui/models/console_lines.h"
#include "ui/widgets/spoken.h"

namespace ui {

class Theme;

class ConsoleView final : public QAbstractScrollArea, public Spoken {
    Q_OBJECT

public:
    ConsoleView(Theme& theme, const ConsoleLines& lines, QWidget* parent = nullptr);

    /// Rows came or went.
    void refresh();
    bool isAtEnd() const;
    /// What stands here while there are no lines.
    void setPlaceholder(const QString& text);
    void scrollToEnd();
    /// Selects and shows.
    void select(uint64_t offset, uint64_t length);
    void selectAll();
    bool hasSelection() const { return m_anchor != m_cursor; }
    std::pair<uint64_t, uint64_t> selection() const { return std::minmax(m_anchor, m_cursor); }
    uint64_t cursor() const { return m_cursor; }
    /// Text without escape sequences, and the exact bytes, into the clipboard.
    void copy() const;
    uint64_t topRow() const { return m_topRow; }
    QString spoken() const override;

signals:
    /// Double click or Enter on what a host call wrote.
    void callChosen(quint64 sequence);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void scrollContentsBy(int dx, int dy) override;
    void wheelEvent(QWheelEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    bool event(QEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    int visibleRows() const;
    void measure();
    void setTopRow(uint64_t row);
    void moveCursor(uint64_t offset, bool select);
    void moveRows(int64_t rows, bool select);
    void moveCells(int cells, bool select);
    void showCursor();
    qreal textX() const;
    /// Byte at a place; `nearest`: places between characters go to the nearer side, outside to the nearest row.
    std::optional<uint64_t> hit(const QPointF& at, bool nearest) const;
    void choose(uint64_t offset);
    static size_t runEnd(const ConsoleLines::Cells& cells, size_t begin);
    void paintRow(QPainter& painter, uint64_t number, qreal y);
    void paintSelection(QPainter& painter, const ConsoleLines::Row& row, const ConsoleLines::Cells& cells,
                        qreal y) const;

    Theme& m_theme;
    const ConsoleLines& m_lines;
    qreal m_charWidth = 8;
    int m_rowHeight = 16, m_ascent = 12;
    uint64_t m_topRow = 0;
    bool m_isSetting = false;  // the scroll bars follow, not lead
    bool m_followsEnd = true;
    QString m_placeholder;
    int m_widest = 0;                     // columns of the widest row seen
    uint64_t m_anchor = 0, m_cursor = 0;  // offsets of ConsoleLines
};

}  // namespace ui
