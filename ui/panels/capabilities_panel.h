// Capabilities: what the program is granted, what of it was used and what was refused, as a tree with counts; granted, widened and taken
// back while it runs, and written as flags of other runtimes.
#pragma once

#include <QTimer>

#include "ui/models/tree_model.h"
#include "ui/panel.h"
#include "wasi/command_line.h"
#include "wasi/least_grant.h"

class QToolButton;

namespace ui {

class TreeView;

/// A group, a grant, a refusal, or one kind of call of a grant.
struct GrantNode {
    enum class Kind : uint8_t { Group, Grant, Refusal, Call } kind = Kind::Group;
    QString title;                                      // Group; Call: its name
    uint64_t count = 0;                                 // Group: rows; Call: how often
    std::shared_ptr<const wasi::GrantUse> use = {};     // Grant
    std::shared_ptr<const wasi::Refusal> refusal = {};  // Refusal
};
std::vector<Column<GrantNode>> grantColumns();

class CapabilitiesPanel final : public Panel {
    Q_OBJECT

public:
    explicit CapabilitiesPanel(Context& context);
    /// Asks for a folder and grants it, read-only.
    void addFolder();
    void revokeSelected();

protected:
    void showEvent(QShowEvent* event) override;

private:
    QWidget* makeBar();
    void askSoon();
    void ask();
    void fill();
    void feed(const QModelIndex& parent, int first);
    void showState();
    void tellDenied();
    void grant(const wasi::Grant& grant, bool goesOn = false);
    void revoke(const std::string& name);
    void showMenu(const QPoint& at);
    void addExportActions(QMenu& menu, bool least);
    /// What is granted, or the least that the run needs.
    void gather(bool least, std::function<void(const wasi::Capabilities&)> then);
    void copyAs(std::optional<wasi::Runtime> runtime, bool least);
    void saveAs(bool least);
    const GrantNode* selected() const;

    TreeModel<GrantNode> m_model;
    wasi::LedgerView m_ledger;
    std::vector<std::vector<GrantNode>> m_groups;
    QTimer m_soon;
    TreeView* m_view = nullptr;
    QToolButton* m_stops = nullptr;
};

}  // namespace ui
