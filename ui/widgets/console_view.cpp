#include "ui/widgets/console_view.h"

#include <QApplication>
#include <QClipboard>
#include <QKeyEvent>
#include <QMimeData>
#include <QPainter>
#include <QScopedValueRollback>
#include <QScrollBar>
#include <algorithm>
#include <cmath>

#include "ui/plain_text.h"
#include "ui/theme.h"
#include "ui/widgets/views.h"

namespace ui {
namespace {

constexpr int kMargin = 4, kGutter = 2;  // the gutter in characters: marks of wrapped lines
constexpr uint64_t kMaxCopy = uint64_t{64} << 20;

// The tone of a terminal colour; black and white are the text's.
Tone ansiTone(uint8_t color) {
    static constexpr Tone kTones[] = {Tone::Text,   Tone::Dim,  Tone::Error,   Tone::Good, Tone::Clocks,
                                      Tone::Accent, Tone::Mock, Tone::Network, Tone::Text};
    return color == 0 ? Tone::Text : kTones[(color - 1) % 8 + 1];
}

Tone toneOf(const ConsoleLines::Style& style) {
    if (style.ansi.color != 0) return ansiTone(style.ansi.color);
    switch (style.source) {
    case ConsoleLines::Source::Error: return Tone::Error;
    case ConsoleLines::Source::Input: return Tone::Accent;
    case ConsoleLines::Source::Note: return Tone::Dim;
    case ConsoleLines::Source::Output: break;
    }
    return Tone::Text;
}

}  // namespace

ConsoleView::ConsoleView(Theme& theme, const ConsoleLines& lines, QWidget* parent)
    : QAbstractScrollArea(parent), m_theme(theme), m_lines(lines) {
    installSpoken();
    setFocusPolicy(Qt::StrongFocus);
    setFrameShape(NoFrame);
    viewport()->setBackgroundRole(QPalette::Base);
    viewport()->setCursor(Qt::IBeamCursor);
    setAccessibleName(tr("Output of the program"));
    setContextMenuPolicy(Qt::CustomContextMenu);
    connect(&theme, &Theme::changed, viewport(), qOverload<>(&QWidget::update));
    connect(&theme, &Theme::codeFontChanged, this, &ConsoleView::measure);
    measure();
}

void ConsoleView::measure() {
    const QFontMetricsF metrics(m_theme.codeFont());
    m_charWidth = metrics.horizontalAdvance(QString(64, u'0')) / 64;
    m_rowHeight = static_cast<int>(std::ceil(metrics.height()));
    m_ascent = static_cast<int>(std::ceil(metrics.ascent()));
    refresh();
}

int ConsoleView::visibleRows() const { return qMax(1, (viewport()->height() - kMargin) / m_rowHeight); }
qreal ConsoleView::textX() const { return kMargin + kGutter * m_charWidth; }

bool ConsoleView::isAtEnd() const {
    return m_topRow + static_cast<uint64_t>(visibleRows()) >= m_lines.endRow();
}

void ConsoleView::refresh() {
    const uint64_t visible = static_cast<uint64_t>(visibleRows());
    const uint64_t rows = m_lines.endRow() - m_lines.firstRow();
    if (rows == 0) m_widest = 0, m_anchor = m_cursor = 0, m_followsEnd = true;
    m_anchor = std::max(m_anchor, m_lines.begin());
    m_cursor = std::max(m_cursor, m_lines.begin());
    const QScopedValueRollback guard(m_isSetting, true);
    verticalScrollBar()->setRange(0, static_cast<int>(rows > visible ? rows - visible : 0));
    verticalScrollBar()->setPageStep(static_cast<int>(visible));
    const int width = static_cast<int>(textX() + m_widest * m_charWidth + kMargin);
    horizontalScrollBar()->setRange(0, qMax(0, width - viewport()->width()));
    horizontalScrollBar()->setPageStep(viewport()->width());
    horizontalScrollBar()->setSingleStep(static_cast<int>(4 * m_charWidth));
    setTopRow(m_followsEnd ? m_lines.endRow() : m_topRow);
}

void ConsoleView::setTopRow(uint64_t row) {
    const uint64_t visible = static_cast<uint64_t>(visibleRows()), first = m_lines.firstRow(),
                   end = m_lines.endRow();
    m_topRow = std::clamp(row, first, std::max(first, end > visible ? end - visible : 0));
    const QScopedValueRollback guard(m_isSetting, true);
    verticalScrollBar()->setValue(static_cast<int>(m_topRow - first));
    viewport()->update();
}

void ConsoleView::scrollToEnd() {
    m_followsEnd = true;
    setTopRow(m_lines.endRow());
}

void ConsoleView::scrollContentsBy(int, int dy) {
    if (m_isSetting) return;
    if (dy != 0) {
        setTopRow(m_lines.firstRow() + static_cast<uint64_t>(verticalScrollBar()->value()));
        m_followsEnd = isAtEnd();
    }
    viewport()->update();
}

void ConsoleView::resizeEvent(QResizeEvent*) { refresh(); }

void ConsoleView::wheelEvent(QWheelEvent* event) {
    if (!zoomByWheel(m_theme, *event)) QAbstractScrollArea::wheelEvent(event);
}

// --------------------------------------------------------------------------------------------------------------- selection

void ConsoleView::select(uint64_t offset, uint64_t length) {
    m_anchor = offset;
    moveCursor(offset + length, true);
    const uint64_t row = m_lines.rowAt(offset), visible = static_cast<uint64_t>(visibleRows());
    if (row < m_topRow || row >= m_topRow + visible) setTopRow(row > visible / 2 ? row - visible / 2 : 0);
    m_followsEnd = isAtEnd();
    showCursor();
}

void ConsoleView::selectAll() {
    m_anchor = m_lines.begin();
    moveCursor(m_lines.end(), true);
}

void ConsoleView::copy() const {
    const auto [first, last] = selection();
    if (first == last) return;
    const uint64_t length = std::min(last - first, kMaxCopy);
    const std::string bytes = m_lines.bytes(first, length);
    auto* data = new QMimeData;
    data->setText(m_lines.text(first, length));
    data->setData(QStringLiteral("application/octet-stream"),
                  QByteArray(bytes.data(), static_cast<qsizetype>(bytes.size())));
    QApplication::clipboard()->setMimeData(data);
}

void ConsoleView::moveCursor(uint64_t offset, bool select) {
    m_cursor = std::clamp(offset, m_lines.begin(), m_lines.end());
    if (!select) m_anchor = m_cursor;
    viewport()->update();
    announceSpoken(this);
}

void ConsoleView::showCursor() {
    if (m_lines.firstRow() == m_lines.endRow()) return;
    const uint64_t row = m_lines.rowAt(m_cursor), visible = static_cast<uint64_t>(visibleRows());
    if (row < m_topRow)
        setTopRow(row);
    else if (row >= m_topRow + visible)
        setTopRow(row - visible + 1);
    m_followsEnd = isAtEnd();
    const ConsoleLines::Cells cells = m_lines.cells(row);
    int column = cells.columns;
    for (const ConsoleLines::Cell& cell : cells.cells) {
        if (m_lines.row(row).offset + cell.byte >= m_cursor) {
            column = cell.column;
            break;
        }
    }
    const int x = static_cast<int>(textX() + column * m_charWidth);
    QScrollBar* bar = horizontalScrollBar();
    if (x < bar->value() + textX())
        bar->setValue(x - viewport()->width() / 3);
    else if (x + 2 * m_charWidth > bar->value() + viewport()->width())
        bar->setValue(x - viewport()->width() / 2);
}

void ConsoleView::moveRows(int64_t rows, bool select) {
    const auto first = static_cast<int64_t>(m_lines.firstRow()), end = static_cast<int64_t>(m_lines.endRow());
    if (first == end) return;
    const auto row = static_cast<int64_t>(m_lines.rowAt(m_cursor));
    const uint64_t to = static_cast<uint64_t>(std::clamp(row + rows, first, end - 1));
    moveCursor(row + rows >= end && select ? m_lines.end() : m_lines.row(to).offset, select);
    showCursor();
}

void ConsoleView::moveCells(int count, bool select) {
    if (m_lines.firstRow() == m_lines.endRow()) return;
    const uint64_t number = m_lines.rowAt(m_cursor);
    const ConsoleLines::Row& row = m_lines.row(number);
    const ConsoleLines::Cells cells = m_lines.cells(number);
    // Where the cursor may stand in this row, and the neighbours of the place where it does.
    std::vector<uint64_t> places;
    for (const ConsoleLines::Cell& cell : cells.cells)
        places.push_back(row.offset + cell.byte);
    places.push_back(row.offset + row.length);
    const auto at = std::lower_bound(places.begin(), places.end(), m_cursor) - places.begin() + count;
    if (at < 0)
        return moveCursor(number > m_lines.firstRow() ? row.offset - 1 : row.offset, select), showCursor();
    if (at >= static_cast<ptrdiff_t>(places.size())) return moveRows(1, select);
    moveCursor(places[static_cast<size_t>(at)], select);
    showCursor();
}

std::optional<uint64_t> ConsoleView::hit(const QPointF& at, bool nearest) const {
    if (m_lines.firstRow() == m_lines.endRow()) return std::nullopt;
    const auto line = static_cast<int64_t>(std::floor((at.y() - kMargin) / m_rowHeight));
    const auto wanted = static_cast<int64_t>(m_topRow) + line;
    const auto last = static_cast<int64_t>(m_lines.endRow()) - 1;
    if (!nearest && (line < 0 || wanted > last)) return std::nullopt;
    if (nearest && wanted > last) return m_lines.end();
    const auto number =
        static_cast<uint64_t>(std::clamp(wanted, static_cast<int64_t>(m_lines.firstRow()), last));
    const ConsoleLines::Row& row = m_lines.row(number);
    const qreal column = (at.x() + horizontalScrollBar()->value() - textX()) / m_charWidth;
    for (const ConsoleLines::Cell& cell : m_lines.cells(number).cells) {
        const qreal right = nearest ? cell.column + cell.width / 2.0 : cell.column + cell.width;
        if (column < right) return row.offset + cell.byte;
    }
    return row.offset + row.length;
}

void ConsoleView::choose(uint64_t offset) {
    const uint64_t call = m_lines.callAt(offset);
    if (call != ConsoleLines::kNoCall) emit callChosen(call);
}

void ConsoleView::mousePressEvent(QMouseEvent* event) {
    const std::optional<uint64_t> at = hit(event->position(), true);
    if (!at) return;
    const auto [first, last] = selection();
    if (event->button() == Qt::RightButton && *at >= first && *at < last) return;
    moveCursor(*at, event->modifiers() & Qt::ShiftModifier);
}

void ConsoleView::mouseMoveEvent(QMouseEvent* event) {
    if (!(event->buttons() & Qt::LeftButton)) return;
    const std::optional<uint64_t> at = hit(event->position(), true);
    if (!at || *at == m_cursor) return;
    moveCursor(*at, true);
    const qreal y = event->position().y();
    if (y < 0)
        setTopRow(m_topRow > 0 ? m_topRow - 1 : 0);
    else if (y > viewport()->height())
        setTopRow(m_topRow + 1);
    m_followsEnd = isAtEnd();
}

void ConsoleView::mouseDoubleClickEvent(QMouseEvent* event) {
    const std::optional<uint64_t> at = hit(event->position(), false);
    if (at && event->button() == Qt::LeftButton) choose(*at);
}

// -------------------------------------------------------------------------------------------------------------------- keys

bool ConsoleView::event(QEvent* event) {
    if (event->type() == QEvent::ShortcutOverride) {
        const auto* key = static_cast<QKeyEvent*>(event);
        if (key->matches(QKeySequence::Copy) || key->matches(QKeySequence::SelectAll)) event->accept();
    }
    return QAbstractScrollArea::event(event);
}

void ConsoleView::keyPressEvent(QKeyEvent* event) {
    if (event->matches(QKeySequence::Copy)) return copy();
    if (event->matches(QKeySequence::SelectAll)) return selectAll();
    const bool select = event->modifiers() & Qt::ShiftModifier,
               whole = event->modifiers() & Qt::ControlModifier;
    switch (event->key()) {
    case Qt::Key_Up: return moveRows(-1, select);
    case Qt::Key_Down: return moveRows(1, select);
    case Qt::Key_PageUp: return moveRows(-visibleRows(), select);
    case Qt::Key_PageDown: return moveRows(visibleRows(), select);
    case Qt::Key_Left: return moveCells(-1, select);
    case Qt::Key_Right: return moveCells(1, select);
    case Qt::Key_Home: return whole ? moveRows(std::numeric_limits<int>::min(), select) : moveRows(0, select);
    case Qt::Key_End:
        if (whole) return moveCursor(m_lines.end(), select), scrollToEnd();
        if (m_lines.firstRow() == m_lines.endRow()) return;
        moveCursor(m_lines.row(m_lines.rowAt(m_cursor)).offset + m_lines.row(m_lines.rowAt(m_cursor)).length,
                   select);
        return showCursor();
    case Qt::Key_Return:
    case Qt::Key_Enter: return choose(m_cursor);
    default: QAbstractScrollArea::keyPressEvent(event);
    }
}

QString ConsoleView::spoken() const {
    if (m_lines.firstRow() == m_lines.endRow()) return tr("empty");
    const ConsoleLines::Row& row = m_lines.row(m_lines.rowAt(m_cursor));
    return oneLine(m_lines.text(row.offset, row.length));
}

void ConsoleView::focusInEvent(QFocusEvent*) { viewport()->update(); }
void ConsoleView::focusOutEvent(QFocusEvent*) { viewport()->update(); }

// ------------------------------------------------------------------------------------------------------------------- paint

void ConsoleView::paintEvent(QPaintEvent*) {
    QPainter painter(viewport());
    painter.translate(-horizontalScrollBar()->value(), 0);
    const int widest = m_widest;
    qreal y = kMargin;
    for (uint64_t row = m_topRow; row < m_lines.endRow() && y < viewport()->height(); ++row, y += m_rowHeight)
        paintRow(painter, row, y);
    if (m_lines.endRow() == m_lines.firstRow() && !m_placeholder.isEmpty()) {
        painter.setPen(m_theme.color(Tone::Dim));
        painter.drawText(viewport()->rect().adjusted(16, 8, -16, -8), Qt::AlignCenter | Qt::TextWordWrap,
                         m_placeholder);
    }
    if (m_widest != widest) QMetaObject::invokeMethod(this, &ConsoleView::refresh, Qt::QueuedConnection);
}

void ConsoleView::setPlaceholder(const QString& text) {
    if (m_placeholder == text) return;
    m_placeholder = text;
    viewport()->update();
}

void ConsoleView::paintSelection(QPainter& painter, const ConsoleLines::Row& row,
                                 const ConsoleLines::Cells& cells, qreal y) const {
    const auto [first, last] = selection();
    if (first == last || row.offset >= last || row.offset + row.length < first) return;
    int from = cells.columns, to = 0;
    for (const ConsoleLines::Cell& cell : cells.cells) {
        const uint64_t offset = row.offset + cell.byte;
        if (offset < first || offset >= last) continue;
        from = std::min<int>(from, cell.column);
        to = std::max<int>(to, cell.column + cell.width);
    }
    // Half a character stands for the end of the line.
    const qreal end = last > row.offset + row.length ? cells.columns + 0.5 : to;
    from = std::min<int>(from, static_cast<int>(end));
    painter.fillRect(QRectF(textX() + from * m_charWidth, y, (end - from) * m_charWidth, m_rowHeight),
                     m_theme.color(hasFocus() ? Tone::Selection : Tone::SelectionInactive));
}

// Plain characters of one style are drawn at once; others each in its own cell, for their width may differ.
size_t ConsoleView::runEnd(const ConsoleLines::Cells& cells, size_t begin) {
    const auto isPlain = [&](const ConsoleLines::Cell& cell) {
        return cell.textLength == 1 && cell.width == 1 && cells.text[cell.text].unicode() < 0x7F;
    };
    size_t end = begin + 1;
    if (!isPlain(cells.cells[begin])) return end;
    while (end < cells.cells.size() && isPlain(cells.cells[end]) &&
           cells.cells[end].style == cells.cells[begin].style)
        ++end;
    return end;
}

void ConsoleView::paintRow(QPainter& painter, uint64_t number, qreal y) {
    const ConsoleLines::Row& row = m_lines.row(number);
    const ConsoleLines::Cells cells = m_lines.cells(number);
    m_widest = std::max(m_widest, cells.columns);
    paintSelection(painter, row, cells, y);
    // In the gutter: what goes on from the row above, and what came by stderr.
    const bool isError =
        !cells.cells.empty() && cells.cells.front().style.source == ConsoleLines::Source::Error;
    painter.setFont(m_theme.codeFont());
    painter.setPen(m_theme.color(row.continues ? Tone::Dim : Tone::Error));
    if (row.continues || isError)
        painter.drawText(QPointF(kMargin, y + m_ascent),
                         row.continues ? QStringLiteral("↪") : QStringLiteral("!"));
    for (size_t i = 0; i < cells.cells.size();) {
        const ConsoleLines::Cell& cell = cells.cells[i];
        const size_t end = runEnd(cells, i);
        const ConsoleLines::Cell& last = cells.cells[end - 1];
        QFont font = m_theme.codeFont();
        font.setBold(cell.style.ansi.bold);
        font.setItalic(cell.style.source == ConsoleLines::Source::Note);
        painter.setFont(font);
        painter.setPen(m_theme.color(cell.isEscaped ? Tone::Dim : toneOf(cell.style)));
        painter.drawText(QPointF(textX() + cell.column * m_charWidth, y + m_ascent),
                         cells.text.mid(cell.text, last.text + last.textLength - cell.text));
        i = end;
    }
    if (!hasFocus() || m_lines.rowAt(m_cursor) != number) return;
    const auto at = std::find_if(cells.cells.begin(), cells.cells.end(), [&](const ConsoleLines::Cell& cell) {
        return row.offset + cell.byte >= m_cursor;
    });
    const int column = at == cells.cells.end() ? cells.columns : at->column;
    painter.fillRect(QRectF(textX() + column * m_charWidth - 0.5, y, 1.5, m_rowHeight),
                     m_theme.color(Tone::Accent));
}

}  // namespace ui
