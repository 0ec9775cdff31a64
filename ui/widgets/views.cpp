#include "ui/widgets/views.h"

#include <QApplication>
#include <QClipboard>
#include <QHeaderView>
#include <QKeyEvent>
#include <QPainter>
#include <QScrollBar>
#include <QTimer>
#include <QWheelEvent>

#include "ui/theme.h"
#include "ui/widgets/cell_delegate.h"
#include "ui/widgets/menu.h"

namespace ui {
namespace {

constexpr qsizetype kMaxCopy = 64 << 20;

void setUp(QAbstractItemView& view, Theme& theme, const QString& name) {
    view.setAccessibleName(name);
    view.setItemDelegate(new CellDelegate(theme, &view));
    view.setSelectionBehavior(QAbstractItemView::SelectRows);
    view.setSelectionMode(QAbstractItemView::ExtendedSelection);
    view.setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    view.setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    view.setFrameShape(QFrame::NoFrame);
    view.setContextMenuPolicy(Qt::CustomContextMenu);
    QObject::connect(&theme, &Theme::changed, view.viewport(), [&view] { view.viewport()->update(); });
}

void setUpHeader(QHeaderView& header) {
    header.setHighlightSections(false);
    header.setMinimumSectionSize(24);
    header.setTextElideMode(Qt::ElideRight);
    header.setContextMenuPolicy(Qt::CustomContextMenu);
    QObject::connect(&header, &QHeaderView::customContextMenuRequested, &header, [&header](const QPoint& at) {
        QMenu& menu = newMenu(&header);
        for (int i = 0; i < header.count(); ++i) {
            const QString title = header.model()->headerData(i, Qt::Horizontal).toString();
            QAction* action = menu.addAction(title);
            action->setCheckable(true);
            action->setChecked(!header.isSectionHidden(i));
            action->setEnabled(header.isSectionHidden(i) || header.count() - header.hiddenSectionCount() > 1);
            QObject::connect(action, &QAction::toggled, &header,
                             [&header, i](bool on) { header.setSectionHidden(i, !on); });
        }
        menu.popup(header.mapToGlobal(at));
    });
}

void paintPlaceholder(const QAbstractItemView& view, const QString& text) {
    if (text.isEmpty() || !view.model() || view.model()->rowCount() > 0) return;
    QPainter painter(view.viewport());
    painter.setPen(view.palette().color(QPalette::PlaceholderText));
    painter.drawText(view.viewport()->rect().adjusted(16, 8, -16, -8), Qt::AlignCenter | Qt::TextWordWrap,
                     text);
}

template <class Model>
ColumnFit* fitterOf(QHeaderView& header, const Model& model, const Theme& theme) {
    std::vector<ColumnHint> hints;
    for (int i = 0; i < header.count(); ++i)
        hints.push_back(model.columnHint(i));
    return new ColumnFit(header, std::move(hints), theme);
}

}  // namespace

bool zoomByWheel(Theme& theme, const QWheelEvent& event) {
    if (!(event.modifiers() & Qt::ControlModifier)) return false;
    theme.setZoom(theme.zoom() + (event.angleDelta().y() > 0 ? 1 : -1));
    return true;
}

void copyRows(const QAbstractItemView& view) {
    if (!view.selectionModel()) return;
    QModelIndexList rows = view.selectionModel()->selectedRows();
    std::sort(rows.begin(), rows.end());
    QString text;
    for (const QModelIndex& row : rows) {
        for (int column = 0; column < view.model()->columnCount(row.parent()); ++column) {
            if (column > 0) text += u'\t';
            text += row.siblingAtColumn(column).data(CopyRole).toString();
        }
        text += u'\n';
        if (text.size() > kMaxCopy) break;
    }
    if (rows.size() == 1) text.chop(1);
    QApplication::clipboard()->setText(text);
}

TableView::TableView(Theme& theme, const QString& accessibleName, QWidget* parent)
    : QTableView(parent), m_theme(theme) {
    setUp(*this, theme, accessibleName);
    setUpHeader(*horizontalHeader());
    setShowGrid(false);
    setVerticalScrollMode(ScrollPerItem);  // the first row stands whole
    setWordWrap(false);
    setCornerButtonEnabled(false);
    setTabKeyNavigation(false);
    verticalHeader()->hide();
    verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    applyRowHeight();
    connect(&theme, &Theme::codeFontChanged, this, &TableView::applyRowHeight);
    connect(this, &QTableView::doubleClicked, this, &TableView::chosen);
}

void TableView::applyRowHeight() {
    const int height = qMax(QFontMetrics(m_theme.codeFont()).height(), fontMetrics().height()) + 4;
    verticalHeader()->setMinimumSectionSize(height);
    verticalHeader()->setDefaultSectionSize(height);
}

void TableView::setModel(QAbstractItemModel* model, const TableModelBase& hints) {
    QTableView::setModel(model);
    delete m_fit;
    m_fit = fitterOf(*horizontalHeader(), hints, m_theme);
}

void TableView::keyPressEvent(QKeyEvent* event) {
    if (event->matches(QKeySequence::Copy)) return copyRows(*this);
    if (event->key() == Qt::Key_Delete && state() != EditingState) {
        emit removeRequested();
        return;
    }
    const bool enter = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
    if (enter && currentIndex().isValid() && state() != EditingState) {
        emit chosen(currentIndex());
        return;
    }
    QTableView::keyPressEvent(event);
}

void TableView::wheelEvent(QWheelEvent* event) {
    if (!zoomByWheel(m_theme, *event)) QTableView::wheelEvent(event);
}

void TableView::resizeEvent(QResizeEvent* event) {
    QTableView::resizeEvent(event);
    // Not from within: the columns' new sizes would be overruled by the old ones.
    if (m_fit) QTimer::singleShot(0, m_fit, [this] { m_fit->fit(viewport()->width()); });
}

void TableView::setPlaceholder(const QString& text) {
    if (m_placeholder == text) return;
    m_placeholder = text;
    viewport()->update();
}

void TableView::paintEvent(QPaintEvent* event) {
    QTableView::paintEvent(event);
    paintPlaceholder(*this, m_placeholder);
}

void TableView::scrollContentsBy(int dx, int dy) {
    QTableView::scrollContentsBy(dx, dy);
    if (dy != 0) showFirstRowWhole();
}

void TableView::updateGeometries() {
    QTableView::updateGeometries();
    showFirstRowWhole();
}

// At the end Qt lines the last row up with the bottom, and cuts the first one.
void TableView::showFirstRowWhole() {
    if (!isAtEnd() || verticalScrollBar()->maximum() == 0) return;
    const int before = verticalHeader()->offset();
    verticalHeader()->setOffsetToSectionPosition(verticalScrollBar()->value());
    if (verticalHeader()->offset() != before) viewport()->update();
}

bool TableView::isAtEnd() const { return verticalScrollBar()->value() >= verticalScrollBar()->maximum(); }

void TableView::rowsInserted(const QModelIndex& parent, int start, int end) {
    const bool wasAtEnd = isAtEnd();
    QTableView::rowsInserted(parent, start, end);
    if (m_followsEnd && wasAtEnd)
        QMetaObject::invokeMethod(this, &QTableView::scrollToBottom, Qt::QueuedConnection);
}

TreeView::TreeView(Theme& theme, const QString& accessibleName, QWidget* parent)
    : QTreeView(parent), m_theme(theme) {
    setUp(*this, theme, accessibleName);
    setUpHeader(*header());
    setUniformRowHeights(true);
    setAllColumnsShowFocus(true);
    setIndentation(16);
    setEditTriggers(EditKeyPressed | DoubleClicked | SelectedClicked);
    setExpandsOnDoubleClick(false);
    header()->setStretchLastSection(false);
    connect(&theme, &Theme::codeFontChanged, this, [this] { scheduleDelayedItemsLayout(); });
    connect(this, &QTreeView::doubleClicked, this, [this](const QModelIndex& index) {
        if (!(index.flags() & Qt::ItemIsEditable)) emit chosen(index);
    });
}

void TreeView::setModel(TreeModelBase* model) {
    QTreeView::setModel(model);
    delete m_fit;
    m_fit = fitterOf(*header(), *model, m_theme);
}

void TreeView::setPlaceholder(const QString& text) {
    if (m_placeholder == text) return;
    m_placeholder = text;
    viewport()->update();
}

void TreeView::resizeEvent(QResizeEvent* event) {
    QTreeView::resizeEvent(event);
    if (m_fit) QTimer::singleShot(0, m_fit, [this] { m_fit->fit(viewport()->width()); });
}

void TreeView::keyPressEvent(QKeyEvent* event) {
    if (event->matches(QKeySequence::Copy)) return copyRows(*this);
    if (event->key() == Qt::Key_Delete && state() != EditingState) {
        emit removeRequested();
        return;
    }
    const bool enter = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
    if (enter && currentIndex().isValid() && state() != EditingState) {
        emit chosen(currentIndex());
        return;
    }
    QTreeView::keyPressEvent(event);
}

void TreeView::wheelEvent(QWheelEvent* event) {
    if (!zoomByWheel(m_theme, *event)) QTreeView::wheelEvent(event);
}

void TreeView::paintEvent(QPaintEvent* event) {
    QTreeView::paintEvent(event);
    paintPlaceholder(*this, m_placeholder);
    if (std::exchange(m_fetchPosted, true)) return;
    QMetaObject::invokeMethod(
        this, [this] { fetchWhatIsSeen(); }, Qt::QueuedConnection);
}

// Qt fetches more children when a node is expanded, but not when their end is scrolled to.
void TreeView::fetchWhatIsSeen() {
    m_fetchPosted = false;
    if (!model()) return;
    for (QModelIndex index = indexAt(QPoint(0, 0));
         index.isValid() && visualRect(index).top() < viewport()->height(); index = indexBelow(index)) {
        const QModelIndex parent = index.parent();
        const bool isLast = index.row() == model()->rowCount(parent) - 1;
        if (isLast && parent.isValid() && model()->canFetchMore(parent)) model()->fetchMore(parent);
    }
}

}  // namespace ui
