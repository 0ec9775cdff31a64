#include "ui/widgets/hex_view.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QPainter>
#include <QScopedValueRollback>
#include <QScrollBar>
#include <QToolTip>
#include <array>
#include <cmath>
#include <limits>

#include "ui/models/memory_pages.h"
#include "ui/plain_text.h"
#include "ui/theme.h"
#include "ui/widgets/views.h"

namespace ui {
namespace {

constexpr int kMargin = 8, kRowGap = 2;
constexpr int kGroup = 8;  // a wider gap after so many bytes
constexpr qreal kGap = 2;  // between the columns, in characters
constexpr std::array kPerRow = {32, 16, 8};
constexpr uint64_t kMaxSteps = std::numeric_limits<int>::max() / 2;

QString asciiOf(uint8_t byte) {
    return byte >= 0x20 && byte < 0x7F ? QString(QChar(byte)) : QStringLiteral(".");
}

QString hexOf(uint8_t byte) { return QString::number(byte, 16).rightJustified(2, u'0'); }

}  // namespace

HexView::HexView(Theme& theme, MemoryPages& memory, QWidget* parent)
    : QAbstractScrollArea(parent), m_theme(theme), m_memory(memory) {
    installSpoken();
    setFocusPolicy(Qt::StrongFocus);
    setFrameShape(NoFrame);
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOn);
    viewport()->setBackgroundRole(QPalette::Base);
    viewport()->setCursor(Qt::IBeamCursor);
    setAccessibleName(tr("Memory"));
    setContextMenuPolicy(Qt::CustomContextMenu);
    connect(&theme, &Theme::changed, viewport(), qOverload<>(&QWidget::update));
    connect(&theme, &Theme::codeFontChanged, this, &HexView::layOut);
    connect(&memory, &MemoryPages::changed, viewport(), qOverload<>(&QWidget::update));
    connect(&memory, &MemoryPages::sizeChanged, this, &HexView::layOut);
    layOut();
}

QSize HexView::sizeHint() const { return {static_cast<int>(lineWidth(16)) + 24, 12 * m_rowHeight}; }

// ---------------------------------------------------------------------------------------------------------------- geometry

uint64_t HexView::rows() const {
    const uint64_t perRow = static_cast<uint64_t>(m_perRow);
    return m_memory.size() / perRow + (m_memory.size() % perRow != 0);
}

int HexView::headerHeight() const { return m_rowHeight + kRowGap; }
int HexView::visibleRows() const { return qMax(1, (viewport()->height() - headerHeight()) / m_rowHeight); }
int HexView::digits() const { return m_memory.size() > (uint64_t{1} << 32) ? 16 : 8; }

qreal HexView::hexX(int byte) const {
    return kMargin + (digits() + kGap + 3 * byte + byte / kGroup) * m_charWidth;
}
qreal HexView::asciiX(int byte) const { return hexX(m_perRow - 1) + (2 + kGap + byte) * m_charWidth; }
qreal HexView::lineWidth(int perRow) const {
    return 2 * kMargin + (digits() + 2 * kGap + 4 * perRow + (perRow - 1) / kGroup) * m_charWidth;
}

std::optional<HexView::Hit> HexView::hit(const QPointF& at, bool nearest) const {
    if (m_memory.size() == 0) return std::nullopt;
    const qreal x = at.x() + horizontalScrollBar()->value(), y = at.y() - headerHeight();
    if (!nearest && y < 0) return std::nullopt;
    const int64_t line = static_cast<int64_t>(std::floor(y / m_rowHeight));
    const int64_t row =
        qBound<int64_t>(0, static_cast<int64_t>(m_topRow) + line, static_cast<int64_t>(rows()) - 1);
    if (!nearest && static_cast<int64_t>(m_topRow) + line != row) return std::nullopt;
    Hit found;
    int column = 0;
    const bool ascii = nearest ? m_side == Side::Ascii : x >= asciiX(0) - m_charWidth;
    found.side = ascii ? Side::Ascii : Side::Hex;
    while (column + 1 < m_perRow && x >= (ascii ? asciiX(column + 1) : hexX(column + 1) - m_charWidth / 2))
        ++column;
    if (!nearest && (x < hexX(0) - m_charWidth || x > asciiX(m_perRow))) return std::nullopt;
    found.address =
        static_cast<uint64_t>(row) * static_cast<uint64_t>(m_perRow) + static_cast<uint64_t>(column);
    found.address = std::min(found.address, m_memory.size() - 1);
    return found;
}

void HexView::layOut() {
    const QFontMetricsF metrics(m_theme.codeFont());
    m_charWidth = metrics.horizontalAdvance(QString(64, u'0')) / 64;
    m_rowHeight = static_cast<int>(std::ceil(metrics.height())) + kRowGap;
    m_ascent = static_cast<int>(std::ceil(metrics.ascent())) + kRowGap / 2;

    const uint64_t top = firstVisible();
    m_perRow = kPerRow.back();
    for (int perRow : kPerRow) {
        if (lineWidth(perRow) > viewport()->width()) continue;
        m_perRow = perRow;
        break;
    }
    const int wide = static_cast<int>(std::ceil(lineWidth(m_perRow)));
    horizontalScrollBar()->setRange(0, qMax(0, wide - viewport()->width()));
    horizontalScrollBar()->setPageStep(viewport()->width());
    horizontalScrollBar()->setSingleStep(static_cast<int>(m_charWidth * 3));

    const uint64_t hidden =
        rows() > static_cast<uint64_t>(visibleRows()) ? rows() - static_cast<uint64_t>(visibleRows()) : 0;
    m_rowsPerStep = hidden / kMaxSteps + 1;
    const QScopedValueRollback guard(m_isSetting, true);
    verticalScrollBar()->setRange(0, static_cast<int>((hidden + m_rowsPerStep - 1) / m_rowsPerStep));
    verticalScrollBar()->setPageStep(visibleRows());
    if (m_memory.size() > 0) {
        m_cursor = std::min(m_cursor, m_memory.size() - 1);
        m_anchor = std::min(m_anchor, m_memory.size() - 1);
    }
    setTopRow(top / static_cast<uint64_t>(m_perRow));
    viewport()->update();
}

void HexView::setTopRow(uint64_t row) {
    const uint64_t visible = static_cast<uint64_t>(visibleRows());
    m_topRow = std::min(row, rows() > visible ? rows() - visible : 0);
    const QScopedValueRollback guard(m_isSetting, true);
    verticalScrollBar()->setValue(static_cast<int>(m_topRow / m_rowsPerStep));
    viewport()->update();
}

void HexView::resizeEvent(QResizeEvent*) { layOut(); }

void HexView::scrollContentsBy(int, int dy) {
    if (m_isSetting) return;
    if (dy != 0) setTopRow(static_cast<uint64_t>(verticalScrollBar()->value()) * m_rowsPerStep);
    viewport()->update();
}

void HexView::wheelEvent(QWheelEvent* event) {
    if (zoomByWheel(m_theme, *event)) return;
    const int lines = event->angleDelta().y() / 40;
    if (lines == 0) return QAbstractScrollArea::wheelEvent(event);
    const int64_t row = static_cast<int64_t>(m_topRow) - lines;
    setTopRow(static_cast<uint64_t>(std::max<int64_t>(0, row)));
    event->accept();
}

// ------------------------------------------------------------------------------------------------------------------ cursor

std::pair<uint64_t, uint64_t> HexView::selection() const {
    const auto [first, last] = std::minmax(m_anchor, m_cursor);
    return {first, m_memory.size() == 0 ? 0 : last - first + 1};
}

void HexView::goTo(uint64_t address, uint64_t length) {
    if (m_memory.size() == 0) return;
    address = std::min(address, m_memory.size() - 1);
    moveCursor(address, false);
    if (length > 1) {
        m_anchor = std::min(address + (length - 1), m_memory.size() - 1);
        emit cursorMoved();
    }
    // A third from the top, so that what leads to it is seen too.
    const uint64_t row = address / static_cast<uint64_t>(m_perRow),
                   above = static_cast<uint64_t>(visibleRows()) / 3;
    setTopRow(row > above ? row - above : 0);
}

void HexView::moveCursor(uint64_t address, bool select) {
    m_cursor = address;
    if (!select) m_anchor = address;
    m_secondDigit = false;
    viewport()->update();
    emit cursorMoved();
    announceSpoken(this);
}

void HexView::moveBy(int64_t bytes, bool select) {
    if (m_memory.size() == 0) return;
    const uint64_t last = m_memory.size() - 1;
    uint64_t to = m_cursor;
    const uint64_t distance = static_cast<uint64_t>(bytes < 0 ? -bytes : bytes);
    if (bytes < 0)
        to = distance > to
                 ? (distance >= static_cast<uint64_t>(m_perRow) ? to % static_cast<uint64_t>(m_perRow) : 0)
                 : to - distance;
    else
        to = distance > last - to ? last : to + distance;
    moveCursor(to, select);
    showCursor();
}

void HexView::showCursor() {
    const uint64_t row = m_cursor / static_cast<uint64_t>(m_perRow),
                   visible = static_cast<uint64_t>(visibleRows());
    if (row < m_topRow)
        setTopRow(row);
    else if (row >= m_topRow + visible)
        setTopRow(row - visible + 1);
    const int column = static_cast<int>(m_cursor % static_cast<uint64_t>(m_perRow));
    const int x = static_cast<int>(m_side == Side::Hex ? hexX(column) : asciiX(column));
    QScrollBar* bar = horizontalScrollBar();
    if (x < bar->value())
        bar->setValue(column == 0 ? 0 : x);
    else if (x + 3 * m_charWidth > bar->value() + viewport()->width())
        bar->setValue(x + static_cast<int>(4 * m_charWidth) - viewport()->width());
}

QString HexView::spoken() const {
    const std::optional<uint8_t> byte = m_memory.at(m_cursor);
    if (!byte) return tr("%1: not read").arg(hex(m_cursor, digits()));
    QString text = QStringLiteral("%1: %2").arg(hex(m_cursor, digits()), hexOf(*byte));
    if (*byte > 0x20 && *byte < 0x7F) text += QStringLiteral(", ") + asciiOf(*byte);
    if (m_memory.isChanged(m_cursor)) text += tr(", changed");
    return text;
}

// -------------------------------------------------------------------------------------------------------------------- keys

// Keys that the window has its own use for, or that line editing in Qt expects to be claimed first.
bool HexView::event(QEvent* event) {
    if (event->type() == QEvent::ShortcutOverride) {
        const auto* key = static_cast<QKeyEvent*>(event);
        const bool ours = key->matches(QKeySequence::Copy) || key->matches(QKeySequence::SelectAll) ||
                          key->matches(QKeySequence::Undo) || key->matches(QKeySequence::Redo);
        const bool types = !key->text().isEmpty() && key->text()[0].isPrint() &&
                           !(key->modifiers() & (Qt::ControlModifier | Qt::AltModifier));
        if (ours || types) event->accept();
    }
    return QAbstractScrollArea::event(event);
}

bool HexView::navigate(const QKeyEvent& event) {
    const bool select = event.modifiers() & Qt::ShiftModifier,
               whole = event.modifiers() & Qt::ControlModifier;
    const int64_t column = static_cast<int64_t>(m_cursor % static_cast<uint64_t>(m_perRow));
    const int64_t page = static_cast<int64_t>(visibleRows()) * m_perRow;
    switch (event.key()) {
    case Qt::Key_Left:
    case Qt::Key_Backspace: moveBy(whole ? -4 : -1, select); return true;
    case Qt::Key_Right: moveBy(whole ? 4 : 1, select); return true;
    case Qt::Key_Up: moveBy(-m_perRow, select); return true;
    case Qt::Key_Down: moveBy(m_perRow, select); return true;
    case Qt::Key_PageUp: moveBy(-page, select); return true;
    case Qt::Key_PageDown: moveBy(page, select); return true;
    case Qt::Key_Home:
        if (whole)
            moveCursor(0, select), showCursor();
        else
            moveBy(-column, select);
        return true;
    case Qt::Key_End:
        if (whole)
            moveCursor(m_memory.size() - 1, select), showCursor();
        else
            moveBy(m_perRow - 1 - column, select);
        return true;
    default: return false;
    }
}

void HexView::keyPressEvent(QKeyEvent* event) {
    if (m_memory.size() == 0) return QAbstractScrollArea::keyPressEvent(event);
    if (event->matches(QKeySequence::Copy)) return emit copyRequested();
    if (event->matches(QKeySequence::Undo)) return m_memory.edits().undo();
    if (event->matches(QKeySequence::Redo)) return m_memory.edits().redo();
    if (event->matches(QKeySequence::SelectAll)) {
        m_anchor = m_memory.size() - 1;
        m_cursor = 0;
        viewport()->update();
        return emit cursorMoved();
    }
    if (navigate(*event)) return;
    const QString text = event->text();
    const bool plain = !(event->modifiers() & (Qt::ControlModifier | Qt::AltModifier | Qt::MetaModifier));
    if (plain && !text.isEmpty() && text[0].isPrint()) return typeCharacter(text);
    QAbstractScrollArea::keyPressEvent(event);
}

void HexView::typeCharacter(const QString& text) {
    if (m_side == Side::Hex) {
        bool isDigit = false;
        const int digit = text.left(1).toInt(&isDigit, 16);
        if (isDigit) typeDigit(digit);
        return;
    }
    const std::string bytes = toUtf8(text);
    const bool written = bytes.size() == 1 ? m_memory.type(m_cursor, static_cast<uint8_t>(bytes[0]))
                                           : m_memory.write(m_cursor, bytes);
    if (!written) return emit editRefused();
    moveBy(static_cast<int64_t>(bytes.size()), false);
}

void HexView::typeDigit(int digit) {
    const std::optional<uint8_t> old = m_memory.at(m_cursor);
    if (!old) return emit editRefused();
    const bool second = m_secondDigit;
    const uint8_t byte = static_cast<uint8_t>(second ? (*old & 0xF0) | digit : (*old & 0x0F) | digit << 4);
    if (!m_memory.type(m_cursor, byte)) return emit editRefused();
    if (second) return moveBy(1, false);
    moveCursor(m_cursor, false);
    m_secondDigit = true;
}

// Tab goes through both columns on its way.
bool HexView::focusNextPrevChild(bool next) {
    const Side last = next ? Side::Ascii : Side::Hex;
    if (m_side == last || m_memory.size() == 0) return QAbstractScrollArea::focusNextPrevChild(next);
    m_side = last;
    m_secondDigit = false;
    viewport()->update();
    return true;
}

void HexView::focusInEvent(QFocusEvent* event) {
    if (event->reason() == Qt::TabFocusReason) m_side = Side::Hex;
    if (event->reason() == Qt::BacktabFocusReason) m_side = Side::Ascii;
    viewport()->update();
}

void HexView::focusOutEvent(QFocusEvent*) {
    m_secondDigit = false;
    viewport()->update();
}

// ------------------------------------------------------------------------------------------------------------------- mouse

void HexView::mousePressEvent(QMouseEvent* event) {
    const std::optional<Hit> at = hit(event->position(), false);
    if (!at) return;
    const auto [first, length] = selection();
    // A right click within the selection is about the selection.
    if (event->button() == Qt::RightButton && at->address >= first && at->address - first < length) return;
    m_side = at->side;
    moveCursor(at->address, event->modifiers() & Qt::ShiftModifier);
}

void HexView::mouseMoveEvent(QMouseEvent* event) {
    if (!(event->buttons() & Qt::LeftButton)) return;
    const std::optional<Hit> at = hit(event->position(), true);
    if (!at || at->address == m_cursor) return;
    moveCursor(at->address, true);
    showCursor();
}

bool HexView::viewportEvent(QEvent* event) {
    if (event->type() != QEvent::ToolTip) return QAbstractScrollArea::viewportEvent(event);
    const auto* help = static_cast<QHelpEvent*>(event);
    const std::optional<Hit> at = hit(help->pos(), false);
    const std::optional<uint8_t> byte = at ? m_memory.at(at->address) : std::nullopt;
    if (!byte) {
        QToolTip::hideText();
        return true;
    }
    QString text = tr("%1: %2, decimal %3").arg(hex(at->address, digits())).arg(hexOf(*byte)).arg(*byte);
    if (m_memory.isChanged(at->address)) text += tr("\nChanged since the last stop");
    QToolTip::showText(help->globalPos(), plainTip(text), viewport());
    return true;
}

// ------------------------------------------------------------------------------------------------------------------- paint

void HexView::paintEvent(QPaintEvent*) {
    QPainter painter(viewport());
    painter.setFont(m_theme.codeFont());
    painter.translate(-horizontalScrollBar()->value(), 0);
    paintHeader(painter);
    const uint64_t all = rows();
    qreal y = headerHeight();
    for (uint64_t row = m_topRow; row < all && y < viewport()->height(); ++row, y += m_rowHeight)
        paintRow(painter, row, y);
}

void HexView::paintHeader(QPainter& painter) const {
    const QRectF band(0, 0, viewport()->width() + horizontalScrollBar()->value(), headerHeight() - 1);
    painter.fillRect(band, m_theme.color(Tone::Margin));
    painter.setPen(m_theme.color(Tone::Border));
    painter.drawLine(band.bottomLeft(), band.bottomRight());
    painter.setPen(m_theme.color(Tone::Dim));
    painter.drawText(QPointF(kMargin, m_ascent), tr("address"));
    for (int i = 0; i < m_perRow; ++i)
        painter.drawText(QPointF(hexX(i), m_ascent), QStringLiteral("+%1").arg(i, 0, 16).right(2));
    painter.drawText(QPointF(asciiX(0), m_ascent), tr("text"));
}

void HexView::paintRow(QPainter& painter, uint64_t row, qreal y) const {
    const uint64_t first = row * static_cast<uint64_t>(m_perRow);
    painter.setPen(m_theme.color(m_cursor / static_cast<uint64_t>(m_perRow) == row ? Tone::Text : Tone::Dim));
    painter.drawText(QPointF(kMargin, y + m_ascent),
                     QString::number(first, 16).rightJustified(digits(), u'0'));
    for (int i = 0; i < m_perRow && first + static_cast<uint64_t>(i) < m_memory.size(); ++i)
        paintByte(painter, first + static_cast<uint64_t>(i), i, y);
}

void HexView::paintByte(QPainter& painter, uint64_t address, int column, qreal y) const {
    const qreal hexAt = hexX(column), asciiAt = asciiX(column);
    const auto [first, length] = selection();
    const bool selected = hasSelection() && address >= first && address - first < length;
    if (selected) {
        const Tone tone = hasFocus() ? Tone::Selection : Tone::SelectionInactive;
        const bool joins = address + 1 - first < length && column + 1 < m_perRow;
        const qreal right = joins ? hexX(column + 1) : hexAt + 2 * m_charWidth;
        painter.fillRect(QRectF(hexAt, y, right - hexAt, m_rowHeight), m_theme.color(tone));
        painter.fillRect(QRectF(asciiAt, y, m_charWidth, m_rowHeight), m_theme.color(tone));
    }
    const std::optional<uint8_t> byte = m_memory.at(address);
    const bool isChanged = byte && m_memory.isChanged(address);
    const Tone tone = isChanged ? Tone::Changed : !byte || *byte == 0 ? Tone::Dim : Tone::Text;
    if (isChanged) {
        QFont bold = m_theme.codeFont();
        bold.setBold(true);
        painter.setFont(bold);
    }
    painter.setPen(m_theme.color(tone));
    painter.drawText(QPointF(hexAt, y + m_ascent), byte ? hexOf(*byte) : QStringLiteral("··"));
    if (byte && (*byte < 0x20 || *byte >= 0x7F)) painter.setPen(m_theme.color(isChanged ? tone : Tone::Dim));
    painter.drawText(QPointF(asciiAt, y + m_ascent), byte ? asciiOf(*byte) : QStringLiteral("·"));
    if (isChanged) painter.setFont(m_theme.codeFont());
    if (address != m_cursor) return;

    // Where typing goes: a filled underline of the digit; the same byte in the other column: a frame.
    const QRectF inHex(hexAt - 1, y, 2 * m_charWidth + 1, m_rowHeight - 1),
        inAscii(asciiAt - 0.5, y, m_charWidth, m_rowHeight - 1);
    const QRectF active = m_side == Side::Hex ? inHex : inAscii,
                 other = m_side == Side::Hex ? inAscii : inHex;
    painter.setPen(m_theme.color(hasFocus() ? Tone::Accent : Tone::Dim));
    painter.drawRect(active);
    painter.setPen(m_theme.color(Tone::Border));
    painter.drawRect(other);
    if (!hasFocus()) return;
    const qreal digitX = m_side == Side::Ascii ? asciiAt : hexAt + (m_secondDigit ? m_charWidth : 0);
    painter.fillRect(QRectF(digitX, y + m_rowHeight - 3, m_charWidth, 2), m_theme.color(Tone::Accent));
}

}  // namespace ui
