#include "ui/widgets/cell_delegate.h"

#include <QApplication>
#include <QLineEdit>
#include <QPainter>
#include <QStyle>

#include "ui/models/column.h"

namespace ui {

void CellDelegate::initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const {
    QStyledItemDelegate::initStyleOption(option, index);
    const auto kind = static_cast<ColumnKind>(index.data(KindRole).toInt());
    if (kind == ColumnKind::Code || kind == ColumnKind::Number) option->font = m_theme.codeFont();
    option->textElideMode = kind == ColumnKind::Path ? Qt::ElideMiddle : Qt::ElideRight;
    option->features &= ~QStyleOptionViewItem::WrapText;

    const QVariant said = index.data(LookRole);
    if (!said.isValid()) return;
    const Look look = said.value<Look>();
    option->font.setBold(look.bold);
    option->font.setItalic(look.italic);
    option->fontMetrics = QFontMetrics(option->font);
    const QColor color = m_theme.color(look.tone);
    option->palette.setColor(QPalette::Text, color);
    option->palette.setColor(QPalette::HighlightedText, color);
    if (look.back) option->backgroundBrush = m_theme.color(*look.back);
    if (!look.icon) return;
    option->features |= QStyleOptionViewItem::HasDecoration;
    option->icon = m_theme.icon(QString::fromLatin1(look.icon));
    option->decorationSize = QSize(16, 16);
}

void CellDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                         const QModelIndex& index) const {
    QStyledItemDelegate::paint(painter, option, index);
    const Look look = index.data(LookRole).value<Look>();
    if (look.marks == Look().marks) return;
    const QRect cell = option.rect;
    painter->save();
    painter->setClipRect(cell);
    painter->setPen(m_theme.color(Tone::Accent));
    for (const Look::Mark& mark : look.marks) {
        if (mark.length == 0) continue;
        const qreal left = characterX(cell, mark.begin), right = characterX(cell, mark.begin + mark.length);
        painter->drawRect(QRectF(left - 1.5, cell.top() + 0.5, right - left + 2, cell.height() - 2.0));
    }
    painter->restore();
}

qreal CellDelegate::characterX(const QRect& cell, int character) const {
    const int margin = QApplication::style()->pixelMetric(QStyle::PM_FocusFrameHMargin) + 1;
    const qreal width = QFontMetricsF(m_theme.codeFont()).horizontalAdvance(QString(64, u'0')) / 64;
    return cell.left() + margin + character * width;
}

QWidget* CellDelegate::createEditor(QWidget* parent, const QStyleOptionViewItem& option,
                                    const QModelIndex& index) const {
    QWidget* editor = QStyledItemDelegate::createEditor(parent, option, index);
    if (auto* line = qobject_cast<QLineEdit*>(editor)) {
        line->setFont(m_theme.codeFont());
        line->setAccessibleName(index.model()->headerData(index.column(), Qt::Horizontal).toString());
    }
    return editor;
}

void CellDelegate::setEditorData(QWidget* editor, const QModelIndex& index) const {
    QStyledItemDelegate::setEditorData(editor, index);
    if (auto* line = qobject_cast<QLineEdit*>(editor)) line->selectAll();
}

QSize CellDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const {
    // All rows of a view are equally high, whatever the guest's strings hold.
    QSize size = QStyledItemDelegate::sizeHint(option, index);
    size.setHeight(qMax(QFontMetrics(m_theme.codeFont()).height(), option.fontMetrics.height()) + 4);
    return size;
}

}  // namespace ui
