// CallDetailView: one host call in full: what it is for, arguments and results as a tree, errno in words, what the host did, the bytes that
// were read and written, and who called. Part of System calls.
#pragma once

#include <QLabel>
#include <QWidget>
#include <vector>

#include "ui/context.h"
#include "ui/models/tree_model.h"

namespace ui {

class ElidedLabel;
class TreeView;

/// A row of the tree, with all that is below it.
struct CallNode {
    QString name, value, type;
    Look look = {};
    std::optional<debugger::Location> place;              // double click goes there
    std::optional<std::pair<uint64_t, uint64_t>> memory;  // or to these bytes
    std::vector<CallNode> children;
};
std::vector<CallNode> callNodes(const debugger::CallDetail& detail);
std::vector<Column<CallNode>> callNodeColumns();
/// "00000010  68 65 6c 6c 6f …  hello": 8 bytes a line.
std::vector<CallNode> hexLines(const std::string& bytes, uint64_t address);

class CallDetailView final : public QWidget {
    Q_OBJECT

public:
    explicit CallDetailView(Context& context, QWidget* parent = nullptr);
    void showCall(const debugger::CallDetail& detail);
    void clear();
    TreeView& tree() const { return *m_tree; }

signals:
    void closed();

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void choose(const QModelIndex& index);
    void showMenu(const QPoint& at);

    Context& m_context;
    TreeModel<CallNode> m_model;
    ElidedLabel* m_title;
    ElidedLabel* m_summary;
    QLabel* m_why;
    TreeView* m_tree;
};

}  // namespace ui
