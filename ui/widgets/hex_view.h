// HexView: memory as hexadecimal and ASCII columns, of any length: only what is on the screen is asked for. Edits bytes in place in either
// column. Shows a MemoryPages that it does not own; knows nothing of sessions.
#pragma once

#include <QAbstractScrollArea>
#include <optional>

#include "ui/widgets/spoken.h"

namespace ui {

class MemoryPages;
class Theme;

class HexView final : public QAbstractScrollArea, public Spoken {
    Q_OBJECT

public:
    enum class Side : uint8_t { Hex, Ascii };

    HexView(Theme& theme, MemoryPages& memory, QWidget* parent = nullptr);

    /// Puts the cursor there and shows it; with a length, selects.
    void goTo(uint64_t address, uint64_t length = 0);
    uint64_t cursor() const { return m_cursor; }
    /// First selected address and how many; the byte at the cursor if nothing more is selected.
    std::pair<uint64_t, uint64_t> selection() const;
    bool hasSelection() const { return m_anchor != m_cursor; }
    Side side() const { return m_side; }
    int bytesPerRow() const { return m_perRow; }
    uint64_t firstVisible() const { return m_topRow * static_cast<uint64_t>(m_perRow); }
    QString spoken() const override;
    QSize sizeHint() const override;

signals:
    void cursorMoved();    // cursor or selection
    void copyRequested();  // Ctrl+C
    void editRefused();    // a byte was typed where it cannot be written now

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void scrollContentsBy(int dx, int dy) override;
    void wheelEvent(QWheelEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    bool event(QEvent* event) override;
    bool viewportEvent(QEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    bool focusNextPrevChild(bool next) override;

private:
    struct Hit {
        uint64_t address = 0;
        Side side = Side::Hex;
    };
    uint64_t rows() const;
    int visibleRows() const;
    int digits() const;
    qreal hexX(int byte) const;
    qreal asciiX(int byte) const;
    qreal lineWidth(int perRow) const;
    int headerHeight() const;
    std::optional<Hit> hit(const QPointF& at, bool nearest) const;

    void layOut();
    void setTopRow(uint64_t row);
    void moveCursor(uint64_t address, bool select);
    void moveBy(int64_t bytes, bool select);
    void showCursor();
    bool navigate(const QKeyEvent& event);
    void typeCharacter(const QString& text);
    void typeDigit(int digit);
    void paintHeader(QPainter& painter) const;
    void paintRow(QPainter& painter, uint64_t row, qreal y) const;
    void paintByte(QPainter& painter, uint64_t address, int column, qreal y) const;

    Theme& m_theme;
    MemoryPages& m_memory;
    qreal m_charWidth = 8;
    int m_rowHeight = 16, m_ascent = 12;
    int m_perRow = 16;
    uint64_t m_topRow = 0;
    bool m_isSetting = false;    // the scroll bars follow, not lead
    uint64_t m_rowsPerStep = 1;  // of the scroll bar, which has 31 bits only
    uint64_t m_cursor = 0, m_anchor = 0;
    Side m_side = Side::Hex;
    bool m_secondDigit = false;  // the cursor is within the byte
};

}  // namespace ui
