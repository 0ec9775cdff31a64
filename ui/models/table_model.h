// Table models: rows of one type, columns as a table of Column rows. TableModel holds its rows; PagedModel fetches those that are looked
// at, for lists of any length. Neither asks the session: a panel fills them. Owned by their panels.
#pragma once

#include <QAbstractTableModel>
#include <QTimer>
#include <algorithm>
#include <functional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "ui/models/column.h"
#include "ui/widgets/column_fit.h"

namespace ui {

/// What the views of tables need to know of them; carries the signals that a template cannot.
class TableModelBase : public QAbstractTableModel {
    Q_OBJECT

public:
    using QAbstractTableModel::QAbstractTableModel;
    virtual ColumnHint columnHint(int column) const = 0;

signals:
    void edited(int row, int column, const QString& text);
    void toggled(int row, int column, bool on);
};

template <class Row>
class ColumnsModel : public TableModelBase {
public:
    ColumnsModel(std::vector<Column<Row>> columns, QObject* parent)
        : TableModelBase(parent), m_columns(std::move(columns)) {}

    /// nullptr: not there (yet).
    virtual const Row* rowAt(int row) const = 0;
    const Row* rowAt(const QModelIndex& index) const {
        return index.isValid() ? rowAt(index.row()) : nullptr;
    }

    int columnCount(const QModelIndex& parent = {}) const final {
        return parent.isValid() ? 0 : static_cast<int>(m_columns.size());
    }
    ColumnHint columnHint(int column) const final {
        const Column<Row>& row = m_columns[static_cast<size_t>(column)];
        return {row.width, row.rank, row.wanted};
    }
    QVariant headerData(int section, Qt::Orientation orientation, int role) const final {
        return columnHeader(m_columns, section, orientation, role);
    }
    QVariant data(const QModelIndex& index, int role) const final {
        if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid)) return {};
        const Column<Row>& column = m_columns[static_cast<size_t>(index.column())];
        if (const Row* row = rowAt(index.row())) return cellData(column, *row, role);
        if (role == Qt::DisplayRole && index.column() == 0) return QStringLiteral("…");
        return role == KindRole ? QVariant(static_cast<int>(column.kind)) : QVariant();
    }
    Qt::ItemFlags flags(const QModelIndex& index) const final {
        const Row* row = index.isValid() ? rowAt(index.row()) : nullptr;
        if (!row) return index.isValid() ? Qt::ItemIsEnabled | Qt::ItemIsSelectable : Qt::NoItemFlags;
        return cellFlags(m_columns[static_cast<size_t>(index.column())], *row);
    }
    bool setData(const QModelIndex& index, const QVariant& value, int role) final {
        if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return false;
        // Only asks; the row changes when the session says so.
        if (role == Qt::CheckStateRole)
            emit toggled(index.row(), index.column(), value.toInt() == Qt::Checked);
        else if (role == Qt::EditRole)
            emit edited(index.row(), index.column(), value.toString());
        else
            return false;
        return true;
    }

private:
    std::vector<Column<Row>> m_columns;
};

template <class Row>
class TableModel : public ColumnsModel<Row> {
public:
    using ColumnsModel<Row>::ColumnsModel;

    const std::vector<Row>& rows() const { return m_rows; }
    /// Replaces the rows in place, so that selection and scroll position stay.
    void setRows(std::vector<Row> rows) {
        const int before = static_cast<int>(m_rows.size()), after = static_cast<int>(rows.size());
        if (after > before) {
            this->beginInsertRows({}, before, after - 1);
            m_rows.insert(m_rows.end(), rows.begin() + before, rows.end());
            this->endInsertRows();
        } else if (after < before) {
            this->beginRemoveRows({}, after, before - 1);
            m_rows.erase(m_rows.begin() + after, m_rows.end());
            this->endRemoveRows();
        }
        m_rows = std::move(rows);
        const int common = std::min(before, after);
        if (common > 0)
            emit this->dataChanged(this->index(0, 0), this->index(common - 1, this->columnCount() - 1));
    }
    /// The same rows look different now.
    void refresh() {
        if (!m_rows.empty())
            emit this->dataChanged(this->index(0, 0),
                                   this->index(static_cast<int>(m_rows.size()) - 1, this->columnCount() - 1));
    }
    int rowCount(const QModelIndex& parent = {}) const final {
        return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
    }
    const Row* rowAt(int row) const final {
        return row >= 0 && row < static_cast<int>(m_rows.size()) ? &m_rows[static_cast<size_t>(row)]
                                                                 : nullptr;
    }
    using ColumnsModel<Row>::rowAt;

private:
    std::vector<Row> m_rows;
};

/// Rows [0, count) of which only pages around those looked at are held. `fetch` must answer with setPage, now or later.
template <class Row>
class PagedModel : public ColumnsModel<Row> {
public:
    static constexpr int kPage = 128, kMaxPages = 256;
    using Fetch = std::function<void(int first, int count)>;

    PagedModel(std::vector<Column<Row>> columns, Fetch fetch, QObject* parent)
        : ColumnsModel<Row>(std::move(columns), parent), m_fetch(std::move(fetch)) {}

    /// Rows were appended (or, if fewer, taken away at the end); those held stay but for the last page.
    void setCount(int count) {
        if (count > m_count) {
            // The page that was cut by the old end is fetched again when it is looked at.
            if (m_count % kPage != 0) m_wanted.erase(m_count / kPage), m_partial.insert(m_count / kPage);
            this->beginInsertRows({}, m_count, count - 1);
            m_count = count;
            this->endInsertRows();
        } else if (count < m_count) {
            this->beginRemoveRows({}, count, m_count - 1);
            m_count = count;
            std::erase_if(m_pages, [&](const auto& page) { return page.first * kPage >= count; });
            this->endRemoveRows();
        }
    }
    /// Everything is different: another filter, another module.
    void reset(int count) {
        this->beginResetModel();
        m_pages.clear();
        m_wanted.clear();
        m_partial.clear();
        m_count = count;
        this->endResetModel();
    }
    /// What is held may be old (for example a pending call has ended): fetched again when looked at.
    void invalidate() {
        m_wanted.clear();
        for (const auto& page : m_pages)
            m_partial.insert(page.first);
        if (m_count > 0)
            emit this->dataChanged(this->index(0, 0), this->index(m_count - 1, this->columnCount() - 1));
    }
    void setPage(int first, std::vector<Row> rows) {
        const int page = first / kPage;
        m_wanted.erase(page);
        if (rows.empty() || first >= m_count) return;
        if (static_cast<int>(m_pages.size()) >= kMaxPages && !m_pages.contains(page)) m_pages.clear();
        const int last = std::min(m_count, first + static_cast<int>(rows.size())) - 1;
        if (static_cast<int>(rows.size()) >= std::min(kPage, m_count - first)) m_partial.erase(page);
        m_pages[page] = std::move(rows);
        emit this->dataChanged(this->index(first, 0), this->index(last, this->columnCount() - 1));
    }
    int rowCount(const QModelIndex& parent = {}) const final { return parent.isValid() ? 0 : m_count; }
    const Row* rowAt(int row) const final {
        if (row < 0 || row >= m_count) return nullptr;
        const int page = row / kPage;
        const auto found = m_pages.find(page);
        const bool held = found != m_pages.end() && row % kPage < static_cast<int>(found->second.size());
        if (!held || m_partial.contains(page)) want(page);
        return held ? &found->second[static_cast<size_t>(row % kPage)] : nullptr;
    }
    using ColumnsModel<Row>::rowAt;

private:
    // Called while painting: asked for later, once per page.
    void want(int page) const {
        m_partial.erase(page);
        if (!m_wanted.insert(page).second) return;
        QTimer::singleShot(0, this, [this, page] {
            if (m_wanted.contains(page)) m_fetch(page * kPage, std::min(kPage, m_count - page * kPage));
        });
    }

    Fetch m_fetch;
    int m_count = 0;
    std::unordered_map<int, std::vector<Row>> m_pages;
    mutable std::unordered_set<int> m_wanted;   // asked for
    mutable std::unordered_set<int> m_partial;  // held, but to be asked for again
};

}  // namespace ui
