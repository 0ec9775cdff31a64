// CellDelegate: draws the cells of our models: Look and ColumnKind become colours, weights, fonts and icons of the theme. One per view.
#pragma once

#include <QStyledItemDelegate>

namespace ui {

class Theme;

class CellDelegate final : public QStyledItemDelegate {
    Q_OBJECT

public:
    CellDelegate(const Theme& theme, QObject* parent) : QStyledItemDelegate(parent), m_theme(theme) {}

    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override;
    /// Where a character of a cell of code begins, if it has no icon: in pixels from where `cell` is measured.
    qreal characterX(const QRect& cell, int character) const;
    QWidget* createEditor(QWidget* parent, const QStyleOptionViewItem& option,
                          const QModelIndex& index) const override;
    void setEditorData(QWidget* editor, const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;

protected:
    void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override;

private:
    const Theme& m_theme;
};

}  // namespace ui
