// CallDetailView: one host call in full: what it is for, arguments and results as a tree, errno in words, what the host did, the bytes that
// were read and written, and who called. Part of System calls.
#pragma once

#include <QLabel>
#include <QWidget>
#include <optional>
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
    bool isLine = false;  // of bytes in hexadecimal
    // What belongs to what is chosen elsewhere in the tree: an argument to bytes, bytes (first, count) to an argument.
    bool isLinked = false;
    std::pair<uint64_t, uint64_t> linkedBytes = {};
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

    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    /// Shows what belongs to a row: of an argument its bytes, of bytes (one of the line, or all) the argument.
    void link(const QModelIndex& index, std::optional<uint64_t> byte = {});
    void showLinks(const QModelIndex& parent);
    void showFirstLine();
    void choose(const QModelIndex& index);
    void showMenu(const QPoint& at);

    Context& m_context;
    TreeModel<CallNode> m_model;
    ElidedLabel* m_title;
    ElidedLabel* m_summary;
    QLabel* m_why;
    TreeView* m_tree;
    std::vector<std::pair<uint64_t, uint64_t>> m_linked;  // address and size of what is chosen
    bool m_isLineChosen = false;
};

}  // namespace ui
