// TableView and TreeView: Qt's views as every panel wants them: dense rows of one line, columns by their hints, copying (Ctrl+C) of whole
// texts, zoom with Ctrl+wheel for all, header menu to hide columns.
#pragma once

#include <QTableView>
#include <QTreeView>

#include "ui/models/table_model.h"
#include "ui/models/tree_model.h"

namespace ui {

class Theme;

class TableView final : public QTableView {
    Q_OBJECT

public:
    TableView(Theme& theme, const QString& accessibleName, QWidget* parent = nullptr);
    /// Takes the widths from `hints` (the model itself, or the source model of a proxy).
    void setModel(QAbstractItemModel* model, const TableModelBase& hints);
    using QTableView::setModel;
    /// Keeps the last row in sight while new ones come, but only while the user is at the end.
    void setFollowsEnd(bool follows) { m_followsEnd = follows; }
    bool isAtEnd() const;
    /// What stands in an empty table.
    void setPlaceholder(const QString& text);
    QString placeholder() const { return m_placeholder; }

signals:
    void chosen(const QModelIndex& index);  // double click or Enter
    void removeRequested();                 // Delete

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void scrollContentsBy(int dx, int dy) override;
    void updateGeometries() override;
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void rowsInserted(const QModelIndex& parent, int start, int end) override;

private:
    void applyRowHeight();
    void showFirstRowWhole();

    Theme& m_theme;
    ColumnFit* m_fit = nullptr;  // owned by the header
    QString m_placeholder;
    bool m_followsEnd = false;
};

class TreeView : public QTreeView {
    Q_OBJECT

public:
    TreeView(Theme& theme, const QString& accessibleName, QWidget* parent = nullptr);
    void setModel(TreeModelBase* model);
    /// What stands in an empty tree.
    void setPlaceholder(const QString& text);

signals:
    void chosen(const QModelIndex& index);  // double click or Enter, where nothing can be edited
    void removeRequested();                 // Delete

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void fetchWhatIsSeen();

    Theme& m_theme;
    ColumnFit* m_fit = nullptr;  // owned by the header
    QString m_placeholder;
    bool m_fetchPosted = false;
};

/// Selected rows as lines, columns separated by tabs, into the clipboard; whole texts, not the elided ones.
void copyRows(const QAbstractItemView& view);
/// Handles Ctrl+wheel for every code view; false if it is not for the zoom.
bool zoomByWheel(Theme& theme, const QWheelEvent& event);

}  // namespace ui
