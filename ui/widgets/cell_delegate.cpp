#include "ui/widgets/cell_delegate.h"

#include <QLineEdit>

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
