// TreeModel: a lazily filled tree whose nodes are values of one type; columns as in table_model.h. A new stop merges new values into
// the nodes that are there, so that what is expanded, selected and scrolled to stays. Owned by its panel, which fetches children.
#pragma once

#include <QAbstractItemModel>
#include <QMimeData>
#include <QTimer>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "engine/base/check.h"
#include "ui/models/column.h"
#include "ui/widgets/column_fit.h"

namespace ui {

class TreeModelBase : public QAbstractItemModel {
    Q_OBJECT

public:
    using QAbstractItemModel::QAbstractItemModel;
    virtual ColumnHint columnHint(int column) const = 0;

signals:
    void edited(const QModelIndex& index, const QString& text);
    void toggled(const QModelIndex& index, bool on);
    /// Answer with setChildren(parent, …, first), at once or later. Emitted once until then, from the event loop.
    void childrenWanted(const QModelIndex& parent, int first);
};

template <class Node>
class TreeModel : public TreeModelBase {
public:
    /// `childCount`: how many children a node has, fetched or not. `same`: whether a new value continues an old node.
    /// `mimeText`: what dragging a node carries; empty = cannot be dragged.
    struct Traits {
        std::function<int(const Node&)> childCount;
        std::function<bool(const Node&, const Node&)> same;
        std::function<QString(const Node&)> mimeText = nullptr;
    };

    TreeModel(std::vector<Column<Node>> columns, Traits traits, QObject* parent)
        : TreeModelBase(parent), m_columns(std::move(columns)), m_traits(std::move(traits)) {}

    const Node* node(const QModelIndex& index) const {
        return index.isValid() ? &item(index)->node : nullptr;
    }
    /// Children that were fetched; the index of one whose `matches` holds, else an invalid one.
    QModelIndex find(const QModelIndex& parent, const std::function<bool(const Node&)>& matches) const {
        for (int row = 0; row < rowCount(parent); ++row) {
            const QModelIndex child = index(row, 0, parent);
            if (matches(*node(child))) return child;
        }
        return {};
    }
    /// Changes a node without touching its children.
    void setNode(const QModelIndex& index, Node node) {
        item(index)->node = std::move(node);
        emit dataChanged(index.siblingAtColumn(0), index.siblingAtColumn(columnCount() - 1));
    }
    /// Children of a node (or the roots) from `first` on; those that were there from `first` on are replaced. Nodes that are the
    /// `same` keep their own children, which are asked for again.
    void setChildren(const QModelIndex& parent, std::vector<Node> nodes, int first = 0) {
        Item* owner = item(parent);
        owner->isWanted = false;
        const size_t begin = static_cast<size_t>(first);
        if (begin > owner->children.size()) return;
        const size_t before = owner->children.size() - begin, common = std::min(before, nodes.size());
        size_t kept = 0, keptAtEnd = 0;
        while (kept < common && m_traits.same(owner->children[begin + kept]->node, nodes[kept]))
            ++kept;
        while (kept + keptAtEnd < common &&
               m_traits.same(owner->children[owner->children.size() - 1 - keptAtEnd]->node,
                             nodes[nodes.size() - 1 - keptAtEnd]))
            ++keptAtEnd;
        remove(owner, begin + kept, before - kept - keptAtEnd, parent);
        insert(owner, begin + kept, nodes, kept, nodes.size() - kept - keptAtEnd, parent);
        for (size_t i = 0; i < nodes.size(); ++i)
            if (i < kept || i >= nodes.size() - keptAtEnd)
                replace(owner, begin + i, std::move(nodes[i]), parent);
    }
    void clear() {
        beginResetModel();
        m_root.children.clear();
        endResetModel();
    }
    bool isEmpty() const { return m_root.children.empty(); }

    QModelIndex index(int row, int column, const QModelIndex& parent = {}) const final {
        if (!hasIndex(row, column, parent)) return {};
        return createIndex(row, column, item(parent)->children[static_cast<size_t>(row)].get());
    }
    QModelIndex parent(const QModelIndex& child) const final {
        if (!child.isValid()) return {};
        return indexOf(item(child)->parent);
    }
    int rowCount(const QModelIndex& parent = {}) const final {
        return parent.column() > 0 ? 0 : static_cast<int>(item(parent)->children.size());
    }
    int columnCount(const QModelIndex& parent = {}) const final {
        return parent.column() > 0 ? 0 : static_cast<int>(m_columns.size());
    }
    ColumnHint columnHint(int column) const final {
        const Column<Node>& row = m_columns[static_cast<size_t>(column)];
        return {row.width, row.rank, row.wanted};
    }
    bool hasChildren(const QModelIndex& parent = {}) const final {
        if (parent.column() > 0) return false;
        const Item* owner = item(parent);
        return !owner->children.empty() || (parent.isValid() && m_traits.childCount(owner->node) > 0);
    }
    bool canFetchMore(const QModelIndex& parent) const final {
        if (!parent.isValid() || parent.column() > 0) return false;
        const Item* owner = item(parent);
        return !owner->isWanted &&
               static_cast<int>(owner->children.size()) < m_traits.childCount(owner->node);
    }
    void fetchMore(const QModelIndex& parent) final {
        if (!canFetchMore(parent)) return;
        want(parent, static_cast<int>(item(parent)->children.size()));
    }
    QVariant headerData(int section, Qt::Orientation orientation, int role) const final {
        return columnHeader(m_columns, section, orientation, role);
    }
    QVariant data(const QModelIndex& index, int role) const final {
        if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
        return cellData(m_columns[static_cast<size_t>(index.column())], item(index)->node, role);
    }
    Qt::ItemFlags flags(const QModelIndex& index) const final {
        if (!index.isValid()) return Qt::ItemIsDropEnabled;
        const Node& node = item(index)->node;
        Qt::ItemFlags flags = cellFlags(m_columns[static_cast<size_t>(index.column())], node);
        if (m_traits.mimeText && !m_traits.mimeText(node).isEmpty()) flags |= Qt::ItemIsDragEnabled;
        return flags;
    }
    bool setData(const QModelIndex& index, const QVariant& value, int role) final {
        if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return false;
        if (role == Qt::CheckStateRole)
            emit toggled(index, value.toInt() == Qt::Checked);
        else if (role == Qt::EditRole)
            emit edited(index, value.toString());
        else
            return false;
        return true;
    }
    QStringList mimeTypes() const final { return {QStringLiteral("text/plain")}; }
    QMimeData* mimeData(const QModelIndexList& indexes) const final {
        QStringList texts;
        for (const QModelIndex& index : indexes) {
            const QString text =
                index.column() == 0 && m_traits.mimeText ? m_traits.mimeText(*node(index)) : QString();
            if (!text.isEmpty()) texts << text;
        }
        auto* data = new QMimeData;
        data->setText(texts.join(u'\n'));
        return data;
    }

private:
    struct Item {
        Node node{};
        Item* parent = nullptr;
        int row = 0;
        std::vector<std::unique_ptr<Item>> children;
        bool isWanted = false;
        uint32_t request = 0;  // the newest; older ones are void
    };

    Item* item(const QModelIndex& index) const {
        return index.isValid() ? static_cast<Item*>(index.internalPointer()) : &m_root;
    }
    QModelIndex indexOf(Item* owner) const {
        if (owner == &m_root) return {};
        return createIndex(owner->row, 0, owner);
    }
    void replace(Item* owner, size_t row, Node node, const QModelIndex& parent) {
        Item* child = owner->children[row].get();
        child->node = std::move(node);
        child->isWanted = false;
        const QModelIndex at = createIndex(static_cast<int>(row), 0, child);
        emit dataChanged(at, at.siblingAtColumn(columnCount(parent) - 1));
        if (child->children.empty()) return;
        if (m_traits.childCount(child->node) == 0) return remove(child, 0, child->children.size(), at);
        want(at, 0);
    }
    // Views fetch in the midst of changes of the model, so it is asked for afterwards.
    void want(const QModelIndex& parent, int first) {
        item(parent)->isWanted = true;
        const uint32_t request = ++item(parent)->request;
        QTimer::singleShot(0, this, [this, first, request, at = QPersistentModelIndex(parent)] {
            if (at.isValid() && item(at)->isWanted && item(at)->request == request)
                emit childrenWanted(at, first);
        });
    }
    void remove(Item* owner, size_t row, size_t count, const QModelIndex& parent) {
        if (count == 0) return;
        beginRemoveRows(parent, static_cast<int>(row), static_cast<int>(row + count) - 1);
        const auto first = owner->children.begin() + static_cast<std::ptrdiff_t>(row);
        owner->children.erase(first, first + static_cast<std::ptrdiff_t>(count));
        renumber(*owner, row);
        endRemoveRows();
    }
    /// nodes[from, from + count) become children from `row` on.
    void insert(Item* owner, size_t row, std::vector<Node>& nodes, size_t from, size_t count,
                const QModelIndex& parent) {
        if (count == 0) return;
        std::vector<std::unique_ptr<Item>> items(count);
        for (size_t i = 0; i < count; ++i) {
            items[i] = std::make_unique<Item>();
            items[i]->node = std::move(nodes[from + i]);
            items[i]->parent = owner;
        }
        beginInsertRows(parent, static_cast<int>(row), static_cast<int>(row + count) - 1);
        owner->children.insert(owner->children.begin() + static_cast<std::ptrdiff_t>(row),
                               std::make_move_iterator(items.begin()), std::make_move_iterator(items.end()));
        renumber(*owner, row);
        endInsertRows();
    }
    static void renumber(Item& owner, size_t from) {
        for (size_t i = from; i < owner.children.size(); ++i)
            owner.children[i]->row = static_cast<int>(i);
    }

    std::vector<Column<Node>> m_columns;
    Traits m_traits;
    mutable Item m_root;
};

}  // namespace ui
